//! Flipped bytes, a full disk, a database that is none.

use std::{
    fmt::Write as _,
    fs, io,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
};

use gatewright_core::{
    id::{BlobId, RunId},
    time::{Millis, Seq},
};

use super::{Ticking, answered, open, plan, slot, stream, verdict};
use crate::{
    event::Happened,
    store::{
        Durability, Folder, Store, StoreError,
        aside::{self, Point},
        is_whole,
        migrate::{self, STEPS},
    },
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
    let aside = Store::set_aside(folder.path(), Millis(42), &backup).expect("moved");
    assert!(fs::read(aside.join("history.db")).expect("kept").starts_with(b"this was"));
    assert_eq!(told(&open(folder.path())).expect("restored"), expected);
}

#[test]
fn a_history_that_cannot_be_looked_at_or_that_an_older_build_wrote_is_not_taken_for_a_damaged_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = Folder::of(folder.path());
    let whole = || is_whole(&files);
    assert!(matches!(whole(), Ok(false)), "there is none");
    history(folder.path());
    assert!(matches!(whole(), Ok(true)));
    let sound = fs::read(files.database()).expect("one file");
    for damage in [&sound[..sound.len() / 2], b"no database, but some text instead", b""] {
        fs::write(files.database(), damage).expect("written");
        assert!(matches!(whole(), Ok(false)), "{} bytes", damage.len());
    }
    // No text where text was: pages and indexes hold.
    fs::write(files.database(), &sound).expect("written");
    let connection = rusqlite::Connection::open(files.database()).expect("opened");
    let edit = "DROP TRIGGER event_stays; UPDATE event SET body = CAST(x'ff' AS TEXT) WHERE seq = 1;";
    connection.execute_batch(edit).expect("edited");
    drop(connection);
    assert!(matches!(whole(), Ok(false)));

    fs::remove_file(files.database()).expect("removed");
    let mut older = rusqlite::Connection::open(files.database()).expect("made");
    migrate::migrate(&mut older, &STEPS[..1], None, Millis(1)).expect("as it was");
    drop(older);
    assert!(matches!(whole(), Ok(true)));
    // SQLite can open no folder: as little as a file that belongs to somebody else, or one too many.
    fs::remove_file(files.database()).expect("removed");
    fs::create_dir(files.database()).expect("made");
    assert!(matches!(whole(), Err(StoreError::Sqlite(_))), "{:?}", whole());
}

/// A workspace whose database is the first of these and waits for the WAL beside it, and another database, staged.
struct Exchanged {
    folder: tempfile::TempDir,
    former: [Vec<u8>; 2],
    staged: PathBuf,
    expected: String,
}

impl Exchanged {
    fn new() -> Self {
        let (folder, other) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        history(other.path());
        let expected = told(&open(other.path())).expect("sound");
        let files = Folder::of(folder.path());
        fs::create_dir_all(files.root()).expect("made");
        let former = {
            let store = open(other.path());
            let append = |write: &crate::store::Write<'_>| {
                write.append(Happened::RunStarted { run: RunId(99) }).map(|_| ())
            };
            store.write_blocking(Durability::Full, append).expect("in the WAL");
            let database = store.folder().database();
            [database.clone(), database.with_extension("db-wal")].map(|file| fs::read(file).expect("a file"))
        };
        assert!(!former[1].is_empty());
        fs::write(files.database(), &former[0]).expect("written");
        fs::write(files.database().with_extension("db-wal"), &former[1]).expect("written");
        let staged = files.root().join("staged.db");
        history(&folder.path().join("elsewhere"));
        fs::copy(Folder::of(&folder.path().join("elsewhere")).database(), &staged).expect("staged");
        Self { folder, former, staged, expected }
    }

    fn until(&self, now: i64, reached: &dyn Fn(Point) -> io::Result<()>) -> Result<PathBuf, StoreError> {
        let again = self.staged.with_extension("again");
        fs::copy(&self.staged, &again).expect("staged");
        aside::exchange(&Folder::of(self.folder.path()), Millis(now), &again, reached)
    }

    /// Whether the former database and its WAL lie in a folder.
    fn is_former(&self, folder: &Path) -> bool {
        let files = ["history.db", "history.db-wal"].map(|name| fs::read(folder.join(name)).ok());
        files == self.former.clone().map(Some)
    }
}

#[test]
fn a_crash_while_a_database_is_exchanged_leaves_the_former_one_or_is_noticed_and_done_again() {
    for point in [Point::Kept, Point::Between, Point::Cleared] {
        let world = Exchanged::new();
        let root = Folder::of(world.folder.path()).root().to_owned();
        let crash = |reached| if reached == point { panic!("a crash at {point:?}") } else { Ok(()) };
        let crashed = std::panic::catch_unwind(AssertUnwindSafe(|| world.until(42, &crash)));
        assert!(crashed.is_err());
        let aside = Folder::of(world.folder.path()).aside(Millis(42));
        assert!(world.is_former(&aside), "{point:?}: it lies aside, whole");
        if point == Point::Kept {
            assert!(world.is_former(&root), "{point:?}: it is where it was");
        } else {
            let opened = Store::open(world.folder.path(), Arc::new(Ticking::default()));
            assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{point:?}: {opened:?}");
        }
        assert!(world.is_former(&aside), "{point:?}: whoever looked changed nothing of it");
        world.until(43, &|_| Ok(())).expect("done again");
        assert_eq!(told(&open(world.folder.path())).expect("restored"), world.expected, "{point:?}");
        assert!(world.is_former(&aside), "{point:?}: nothing is deleted");
    }
}

#[test]
fn an_error_while_a_database_is_exchanged_leaves_everything_as_it_was() {
    for point in [Point::Kept, Point::Between, Point::Cleared] {
        let world = Exchanged::new();
        let full = |reached| if reached == point { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) };
        let error = world.until(42, &full).expect_err("refused");
        assert!(matches!(error, StoreError::DiskFull), "{error}");
        assert!(world.is_former(Folder::of(world.folder.path()).root()), "{point:?}");
        assert!(!Folder::of(world.folder.path()).aside(Millis(42)).exists(), "{point:?}");
        let aside = world.until(42, &|_| Ok(())).expect("done");
        assert!(world.is_former(&aside));
        assert_eq!(told(&open(world.folder.path())).expect("restored"), world.expected);
    }
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
