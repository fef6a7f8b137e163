//! The journal over a real history, where releases meet: what another one writes between a look and a write.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future;
use gatewright_core::{
    decision::{EnvironmentPolicy, Proposal, Statement, Weakening, decide},
    id::{ComponentName, Digest, EndpointId},
    release::{Kind, Release, Rung, State},
    time::Millis,
    version::{Component, Drive, Grade, MANIFEST_FORMAT, Manifest, Provenance},
};

use super::*;
use crate::{
    clock::SystemClock,
    port::release::{Intent, Journal as _, Opened},
    supervisor::{Open, TrustWord, user::UserFolder},
};

fn production() -> EnvironmentName {
    "production".into()
}

const WORKSPACE: &str = "\
agents:
  bot: { url: http://127.0.0.1:9/v1, model: m }
environments:
  production:
    agent: bot
    deploy: { adapter: folder, path: deploy/production }
";

/// A workspace with a history, until it is dropped.
struct World {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("gatewright.yaml"), WORKSPACE).expect("written");
        let engine = Engine::open(Open {
            root: folder.path().to_owned(),
            user: UserFolder::at(&folder.path().join("user")),
            clock: Arc::new(SystemClock::default()),
            demo: None,
            host: "test".to_owned(),
            trust: TrustWord::ThisCall,
        });
        Self { engine: engine.expect("opened"), _folder: folder }
    }

    /// Records a version whose prompt says `prompt`.
    async fn seal(&self, prompt: &str) -> Version {
        let prompt = Component::Value(serde_json::json!(prompt));
        let components = BTreeMap::from([(ComponentName::new("prompt"), prompt)]);
        let manifest = Manifest { format: MANIFEST_FORMAT, drive: Drive::Assembled, components };
        let id = manifest.id().expect("a canonical form");
        let (grade, provenance) = (Grade::Sent, Provenance::default());
        let version = Version { id, agent: "bot".into(), manifest, grade, provenance };
        let recorded = version.clone();
        let write = move |write: &Write<'_>| write.record_version(&recorded).map(|_| ());
        self.engine.store.write(Durability::Full, write).await.expect("recorded");
        version
    }

    /// A promotion of `version`, as far as being observed.
    async fn observed(&self, journal: &ReleaseJournal<'_>, from: Option<&Version>, to: &Version) -> Release {
        let intent = Intent { id: draw(), kind: Kind::Promotion, grant: grant(from, to) };
        let mut release = opened(journal.open(&intent).await);
        for state in [State::Staged, State::Switching, State::Switched, State::Observing] {
            release.state = state;
            journal.record(&release, "seen").await.expect("recorded");
        }
        release
    }

    /// The first version live; and the way back to it.
    async fn live(&self, journal: &ReleaseJournal<'_>) -> (Version, Intent) {
        let first = self.seal("Be kind.").await;
        let release = live(self.observed(journal, None, &first).await);
        journal.record(&release, "seen").await.expect("recorded");
        let target = release.was_live().expect("it is live");
        let here = Live { version: Some(first.id), ..Live::default() };
        let Decision::Granted(grant) =
            decision::decide_rollback(&production(), &target, &first.manifest, &here, Seq(90))
        else {
            panic!("a way back")
        };
        (first, Intent { id: draw(), kind: Kind::Rollback, grant: *grant })
    }

    fn state(&self, release: &Release) -> State {
        let row = self.engine.store.read(|read| read.release(release.id)).expect("read");
        row.expect("begun").release.state
    }
}

fn journal(engine: &Engine) -> ReleaseJournal<'_> {
    ReleaseJournal { engine, agent: "bot".into(), meanings: BTreeMap::new() }
}

fn draw() -> ReleaseId {
    ReleaseId(uuid::Uuid::now_v7().as_u128())
}

/// By a person's word.
fn grant(from: Option<&Version>, version: &Version) -> Grant {
    let policy = EnvironmentPolicy {
        environment: production(),
        requires: Vec::new(),
        weakening: Weakening::Ask,
        attempts_max: 3,
        max_age: None,
        allow_opaque: false,
    };
    let proposal = Proposal {
        version,
        endpoint: EndpointId(Digest::of_bytes(b"endpoint")),
        former: &[],
        word: Some(Word::Override(Statement::new("Ada", "A test.").expect("a statement"))),
        now: Millis(0),
        seq: Seq(1),
    };
    let here = Live { version: from.map(|version| version.id), ..Live::default() };
    match decide(&policy, &proposal, &[], &here) {
        Decision::Granted(grant) => *grant,
        Decision::Refused(refusals) => panic!("refused: {refusals:?}"),
    }
}

fn opened(opened: Result<Opened, JournalError>) -> Release {
    match opened.expect("opened") {
        Opened::New(release) => release,
        Opened::Known(release) => panic!("known: {release:?}"),
    }
}

fn live(release: Release) -> Release {
    Release { state: State::Live, rung: Rung::Pointer, ..release }
}

/// Keeps the history's writer busy while `first` and `second` are asked for, one after the other: both looked before
/// either wrote.
async fn at_once<A, B>(
    engine: &Engine,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let (go, going) = std::sync::mpsc::channel();
    let busy = engine.store.write(Durability::Full, move |_| {
        going.recv_timeout(Duration::from_secs(60)).map_err(|error| StoreError::Refused(error.to_string()))
    });
    let asked = future::lazy(move |_| go.send(()).expect("the writer waits"));
    let (busy, first, second, ()) = future::join4(busy, first, second, asked).await;
    busy.expect("the writer waited");
    (first, second)
}

#[tokio::test]
async fn a_release_that_ends_while_a_rollback_begins_stays_what_was_signed() {
    let world = World::new();
    let journal = journal(&world.engine);
    let (first, back) = world.live(&journal).await;
    let second = world.seal("Be brief.").await;
    let promotion = live(world.observed(&journal, Some(&first), &second).await);
    let (ended, began) =
        at_once(&world.engine, journal.record(&promotion, "proved"), journal.open(&back)).await;
    ended.expect("it ended first");
    assert_eq!(opened(began).supersedes, None, "there was nothing left to take over from");
    assert_eq!(world.state(&promotion), State::Live);
    let lives = world.engine.store.read(|read| read.lives(&production(), 9)).expect("read");
    assert_eq!(lives.iter().map(|row| row.release.to).collect::<Vec<_>>(), [second.id, first.id]);
    assert_eq!(world.engine.verify().expect("checked").findings, []);
}

#[tokio::test]
async fn a_release_that_begins_while_a_rollback_does_is_taken_over() {
    let world = World::new();
    let journal = journal(&world.engine);
    let (first, back) = world.live(&journal).await;
    let second = world.seal("Be brief.").await;
    let promotion = Intent { id: draw(), kind: Kind::Promotion, grant: grant(Some(&first), &second) };
    let (began, back) = at_once(&world.engine, journal.open(&promotion), journal.open(&back)).await;
    let promotion = opened(began);
    assert_eq!(opened(back).supersedes, Some(promotion.id));
    assert_eq!(world.state(&promotion), State::Superseded);
}

#[tokio::test]
async fn of_two_promotions_at_once_the_second_hears_of_the_first() {
    let world = World::new();
    let journal = journal(&world.engine);
    let [first, second] = [world.seal("Be kind.").await, world.seal("Be brief.").await].map(|to| Intent {
        id: draw(),
        kind: Kind::Promotion,
        grant: grant(None, &to),
    });
    let (began, late) = at_once(&world.engine, journal.open(&first), journal.open(&second)).await;
    let holder = format!("test {}", std::process::id());
    assert_eq!(late, Err(JournalError::Busy { release: opened(began).id, holder }));
}

#[tokio::test]
async fn what_somebody_is_at_is_no_trouble_at_a_start() {
    let world = World::new();
    let journal = journal(&world.engine);
    let first = world.seal("Be kind.").await;
    let release = world.observed(&journal, None, &first).await;
    let (reading, cancel) = (world.engine.read(), CancellationToken::new());
    let settled = world.engine.settle(&reading, None, &cancel).await.expect("asked for");
    assert!(
        matches!(&settled[..], [Settled::Left(left, EnactError::Journal(JournalError::Held { .. }))] if *left == release),
        "whoever asks is told: {settled:?}"
    );
    let settled = world.engine.settle_at_start(&reading, None, &cancel).await.expect("begun");
    assert!(settled.is_empty(), "{settled:?}");
    assert_eq!(world.state(&release), State::Observing);
}
