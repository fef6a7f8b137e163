//! Flipped bytes, a full disk, a database that is none.

use std::{fmt::Write as _, fs, path::Path, sync::Arc};

use gatewright_core::{
    id::{BlobId, RunId},
    time::{Millis, Seq},
};

use super::{Ticking, answered, open, plan, slot, stream, verdict};
use crate::{
    event::Happened,
    store::{Durability, Folder, Store, StoreError},
};

/// A history with something of everything that evidence rests on, closed, so that all of it lies in one file.
fn history(workspace: &Path) {
    let store = open(workspace);
    let key = stream(&store, "be kind");
    store
        .write_blocking(Durability::Full, move |write| {
            write.register_plan(&plan(&key))?;
            for round in 0..20 {
                let trial = write.release_slots(&key, &[slot("a", round)])?[0].id;
                write.end_trial(
                    trial,
                    &answered(&format!("answer {round} {}", "and so on ".repeat(50)), true),
                )?;
            }
            let given = verdict::verdict(&key);
            write.give_verdict(&given, b"envelope")?;
            for run in 0..20 {
                write.append(Happened::RunStarted { run: RunId(run) })?;
            }
            Ok(())
        })
        .expect("written");
}

/// All that evidence rests on, as text: log, versions, plans, answers, verdicts.
fn told(store: &Store) -> Result<String, StoreError> {
    store.read(|read| {
        let mut text = String::new();
        for entry in read.log_entries(Seq(0), 1_000)? {
            let _ = writeln!(text, "{entry:?}");
        }
        for version in read.versions(&super::version("be kind").agent, 10, 0)? {
            let _ = writeln!(text, "{:?}", version.version.manifest);
        }
        let key = super::key(super::version("be kind").id, super::endpoint().id()?);
        let _ = writeln!(text, "{:?}", read.plans_of(&key)?.iter().map(|row| &row.plan).collect::<Vec<_>>());
        for row in read.trials_of(&key)? {
            for found in read.observations(row.trial.id)? {
                let bodies = (read.blob(found.request)?, read.blob(found.raw)?);
                let _ = writeln!(text, "{:?} {:?} {bodies:?}", found.reply, found.timing);
            }
        }
        for row in read.verdicts_of_spec(&key.spec, 10)? {
            let _ = writeln!(text, "{:?}", row.verdict.criteria);
        }
        Ok(text)
    })
}

#[test]
fn a_flipped_byte_is_harmless_or_noticed() {
    const FLIPS: usize = 300;
    let folder = tempfile::tempdir().expect("a folder");
    history(folder.path());
    let database = Folder::of(folder.path()).database();
    let sound = fs::read(&database).expect("one file");
    let expected = told(&Store::open_read_only(folder.path()).expect("opens")).expect("sound");
    let (mut noticed, mut harmless) = (0, 0);
    for flip in 0..FLIPS {
        // Spread over the file, each time another bit.
        let place = flip * (sound.len() / FLIPS) + flip % 97;
        let mut bytes = sound.clone();
        bytes[place % sound.len()] ^= 1 << (flip % 8);
        fs::write(&database, &bytes).expect("written");
        let opened = Store::open_read_only(folder.path());
        let Ok(store) = opened else {
            noticed += 1;
            continue;
        };
        match told(&store) {
            Err(_) => noticed += 1,
            Ok(text) if text == expected => harmless += 1,
            Ok(_) => {
                let state = store.read(|read| read.state()).expect("checked");
                assert!(!state.is_well(), "the flip at byte {place} changed what is told, unnoticed");
                noticed += 1;
            }
        }
    }
    assert!(noticed > FLIPS / 20, "{noticed} noticed, {harmless} harmless");
}

#[test]
fn what_is_no_database_is_set_aside_whole_and_a_backup_takes_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    history(folder.path());
    let backup = folder.path().join("backup.db");
    open(folder.path()).back_up(&backup).expect("backed up");
    let expected = told(&open(folder.path())).expect("sound");
    let database = Folder::of(folder.path()).database();
    fs::write(&database, "this was a database once ".repeat(400)).expect("overwritten");

    let clock = || Arc::new(Ticking::default());
    let error = Store::open(folder.path(), clock()).expect_err("damaged");
    let StoreError::Damaged { path, .. } = &error else { panic!("{error}") };
    assert_eq!(path, &database);
    let aside = Store::set_aside(folder.path(), Millis(42), Some(&backup)).expect("moved");
    assert!(fs::read(aside.join("history.db")).expect("kept").starts_with(b"this was"));
    assert_eq!(told(&open(folder.path())).expect("restored"), expected);

    Store::set_aside(folder.path(), Millis(43), None).expect("moved");
    assert!(open(folder.path()).read(|read| read.log_head()).expect("new").is_none());
}

#[test]
fn an_object_that_was_changed_or_removed_is_noticed_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (one, two): (BlobId, BlobId) = store
        .write_blocking(Durability::Full, |write| {
            Ok((write.put_body(&vec![1; 70_000], Seq(1))?, write.pin_object(b"a sealed prompt")?))
        })
        .expect("kept");
    assert!(store.read(|read| read.state()).expect("checked").is_well());
    fs::write(store.objects().path(one), vec![2; 70_000]).expect("changed");
    fs::remove_file(store.objects().path(two)).expect("removed");
    let mut expected = vec![one, two];
    expected.sort_unstable();
    assert_eq!(store.read(|read| read.state()).expect("checked").damaged_objects, expected);
    assert!(matches!(store.read(|read| read.blob(one)), Err(StoreError::DamagedContent { .. })));
    store.objects().put(b"a sealed prompt").expect("put back");
    assert_eq!(store.objects().get(two).expect("whole"), b"a sealed prompt");
}

#[test]
fn a_full_disk_is_said_frees_the_reserve_for_what_must_be_kept_and_ends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let reserve = store.folder().root().join("reserve");
    assert!(reserve.exists());
    let pages = |limit: i64| {
        store.write_blocking(Durability::Normal, move |write| {
            Ok(write
                .connection
                .pragma_update_and_check(None, "max_page_count", limit, |row| row.get::<_, i64>(0))?)
        })
    };
    pages(1).expect("no page more than now");
    let fill = |durability| {
        store.write_blocking(durability, |write| {
            for n in 0..2_000 {
                write.record_meaning(gatewright_core::id::InputId(super::tag(&n.to_string())), b"body")?;
            }
            Ok(())
        })
    };
    assert!(matches!(fill(Durability::Normal), Err(StoreError::DiskFull)));
    assert!(reserve.exists(), "rows of a run do not take the reserve");
    assert!(matches!(fill(Durability::Full), Err(StoreError::DiskFull)));
    assert!(!reserve.exists(), "the reserve was freed for what must be kept");
    pages(1_000_000).expect("space again");
    fill(Durability::Full).expect("written");
}
