//! A history that is found damaged: shown, gone on from its backup, and told of ever after.

use std::fs;

use gatewright_api::{
    command::Commands as _,
    dto::{
        Damage, Needs, Nothing, PromoteArgs, PromotePreviewArgs, ReleaseState, RestoreArgs, Word,
        WorkspaceOpenArgs,
    },
    error::Code,
};
use gatewright_engine::store::{Folder, Store};

use crate::{agent::Agent, world::World};

const GOOD: &str = "Offer a REFUND.\nBe kind.\n";
const BETTER: &str = "Offer a REFUND.\nBe brief.\n";

/// Flips a bit at the head of every page but the first, under the session that has it open. What waits in the WAL is
/// brought home first: it would stand before the pages.
fn damage(world: &World) -> Vec<u8> {
    let database = Folder::of(&world.root()).database();
    let whole = database.with_file_name("whole.db");
    Store::open_read_only(&world.root()).expect("sound").back_up(&whole).expect("copied");
    let mut bytes = fs::read(&whole).expect("a history");
    fs::remove_file(&whole).expect("removed");
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[0] ^= 0x40;
    }
    for name in ["history.db-wal", "history.db-shm"] {
        fs::remove_file(database.with_file_name(name)).expect("removed");
    }
    fs::write(&database, &bytes).expect("written");
    bytes
}

async fn damaged(world: &World) -> Damage {
    let path = world.root().display().to_string();
    let refused = world.session.workspace_open(WorkspaceOpenArgs { path }).await.expect_err("damaged");
    assert_eq!(refused.code, Code::Damaged, "{refused:?}");
    let state = world.session.workspace_state(Nothing {}).await.expect("a state");
    state.damaged.expect("what is known of it")
}

/// A version judged and live with a backup of that, and another one judged after it. The session has it open.
async fn world(agent: &Agent) -> World {
    let world = World::new(&agent.url, GOOD);
    world.open_trusted().await;
    world.run().await;
    let version = world.verdict().await.head.version.id;
    let environment = "production".to_owned();
    let preview = PromotePreviewArgs { environment: environment.clone(), version: Some(version.clone()) };
    let seen = world.session.promote_preview(preview).await.expect("a preview").seen;
    world.session.promote(PromoteArgs { environment, version, word: None, seen }).await.expect("live");
    world.backed_up(1).await;
    world.write("prompt.md", BETTER);
    world.run().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_history_is_shown_with_its_backup_and_goes_on_from_it() {
    let agent = Agent::start().await;
    let world = world(&agent).await;
    let session = &world.session;
    assert!(session.verify(Nothing {}).await.expect("checked").holds);
    let bytes = damage(&world);
    let found = damaged(&world).await;
    let backup = found.backup.as_ref().expect("a backup");
    assert_eq!((backup.verdicts, backup.releases), (1, 1), "{found:?}");
    assert!(
        backup.last_release_at >= backup.last_verdict_at && found.written_at >= Some(backup.at),
        "{found:?}"
    );
    let witness = found.witness.as_ref().expect("the second run's signed head");
    assert!(Some(witness.entry) > backup.entry && witness.heads == 1, "{found:?}");

    let args = |seen: &str| RestoreArgs { path: found.path.clone(), seen: seen.to_owned() };
    let stale = session.restore(args("another")).await.expect_err("not what was shown");
    assert_eq!(stale.code, Code::Stale);
    assert!(
        fs::read(world.root().join(".gatewright/history.db")).expect("there") == bytes,
        "nothing was touched"
    );

    let restored = session.restore(args(&found.seen)).await.expect("restored");
    let aside = fs::read(world.root().join(&restored.set_aside).join("history.db")).expect("whole");
    assert_eq!(aside.len(), bytes.len());
    let state = session.workspace_state(Nothing {}).await.expect("a state");
    assert!(state.damaged.is_none() && state.workspace.is_some());
    let said = restored.workspace.health.iter().find(|item| item.title.contains("goes on from its backup"));
    let said = said.and_then(|item| item.detail.clone()).expect("said on the first screen");
    assert!(said.contains(&restored.set_aside), "{said}");
    assert!(restored.workspace.environments[0].live.is_some(), "the release was in the backup");
    let again = session.restore(args(&found.seen)).await.expect_err("it is done");
    assert_eq!(again.code, Code::Refused);

    // What signed heads saw and the backup does not hold is told of for ever, and is the only thing that is.
    for _ in 0..2 {
        let verified = session.verify(Nothing {}).await.expect("checked");
        let lost = format!("saw entry {}, which the log no longer holds", witness.entry);
        assert!(!verified.holds && verified.sentence.contains("was set aside"), "{}", verified.sentence);
        assert!(verified.sentence.contains(&lost), "{}", verified.sentence);
        world.run().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backup_a_new_history_begins() {
    let agent = Agent::start().await;
    let world = world(&agent).await;
    damage(&world);
    fs::remove_dir_all(world.user().join("backups")).expect("no backups");
    let found = damaged(&world).await;
    assert_eq!(found.backup, None);
    let args = RestoreArgs { path: found.path.clone(), seen: found.seen.clone() };
    let restored = world.session.restore(args).await.expect("begun anew");
    assert!(restored.workspace.health.iter().any(|item| item.title == "The history began anew"));
    assert!(restored.workspace.environments[0].live.is_none(), "a new history knows nothing");
    let verified = world.session.verify(Nothing {}).await.expect("checked");
    assert!(!verified.holds && verified.sentence.contains("this one began anew"), "{}", verified.sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_target_names_and_a_new_history_does_not_know_is_shown_before_it_is_replaced() {
    let agent = Agent::start().await;
    let world = world(&agent).await;
    damage(&world);
    fs::remove_dir_all(world.user().join("backups")).expect("no backups");
    let found = damaged(&world).await;
    world.session.restore(RestoreArgs { path: found.path, seen: found.seen }).await.expect("begun anew");
    world.run().await;
    let version = world.verdict().await.head.version.id;
    let environment = "production".to_owned();
    let preview = async || {
        let args = PromotePreviewArgs { environment: environment.clone(), version: Some(version.clone()) };
        world.session.promote_preview(args).await.expect("a preview")
    };
    let promote = async |seen: String| {
        let word = Some(Word { by: "Ada".to_owned(), reason: "the history was lost".to_owned() });
        let (environment, version) = (environment.clone(), version.clone());
        world.session.promote(PromoteArgs { environment, version, word, seen }).await
    };
    let shown = preview().await;
    assert_eq!(shown.needs, Needs::Bootstrap, "{shown:?}");
    let live = shown.from.as_ref().expect("what the target names").short.clone();
    assert!(
        shown.detail.contains(&format!("takes the place of {live}, which the target names")),
        "{shown:?}"
    );
    assert!(shown.refusals.iter().any(|refusal| refusal.contains(&live)), "{shown:?}");

    // Somebody moves it before it is confirmed.
    let pointer = world.root().join("live/current.json");
    let before = fs::read_to_string(&pointer).expect("a pointer");
    let full = &shown.from.as_ref().expect("shown").id;
    fs::write(&pointer, before.replace(full, &version)).expect("moved");
    assert_eq!(promote(shown.seen).await.expect_err("not what was shown").code, Code::Stale);
    fs::write(&pointer, before).expect("moved back");
    let released = promote(preview().await.seen).await.expect("released");
    assert_eq!(released.state, ReleaseState::Live, "{released:?}");
    assert_eq!(released.from.map(|from| from.short), Some(live));
}
