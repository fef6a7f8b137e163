//! Backups: taken when due, thinned out, and what a damaged history goes on with.

use std::fs;

use gatewright_core::{id::RunId, time::Millis};

use super::{Ticking, open};
use crate::{
    event::Happened,
    store::{BACKUP_EVERY_MS, Backups, Due, Durability, Folder, Store, StoreError, is_sound},
};

const NOON: i64 = 1_750_000_000_000;

fn happen(store: &Store, run: u128) {
    store
        .write_blocking(Durability::Full, move |write| {
            write.append(Happened::RunStarted { run: RunId(run) }).map(|_| ())
        })
        .expect("logged");
}

#[test]
fn a_backup_is_taken_hourly_when_something_changed_and_at_once_when_it_matters() {
    let (folder, kept) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, backups) = (open(folder.path()), Backups::at(kept.path().join("deep/shop")));
    let take = |at: i64, due| backups.take(&store, Millis(NOON + at), due).expect("copied");
    assert_eq!(backups.list().expect("listed"), []);
    happen(&store, 1);
    let first = take(0, Due::Hourly).expect("the first");
    assert_eq!(take(2 * BACKUP_EVERY_MS, Due::Now), None, "nothing changed");
    happen(&store, 2);
    assert_eq!(take(BACKUP_EVERY_MS - 1, Due::Hourly), None, "too soon");
    let second = take(BACKUP_EVERY_MS - 1, Due::Now).expect("it mattered");
    happen(&store, 3);
    let third = take(2 * BACKUP_EVERY_MS, Due::Hourly).expect("an hour later");
    assert_eq!(backups.list().expect("listed"), [third.clone(), second, first.clone()]);
    happen(&store, 4);
    assert!(take(-5 * BACKUP_EVERY_MS, Due::Hourly).is_some(), "the clock was put back");
    assert!(is_sound(&third.path) && third.place > first.place);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(kept.path().join("deep/shop")).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn the_newest_and_one_of_each_day_are_kept() {
    let (folder, kept) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, backups) = (open(folder.path()), Backups::at(kept.path().to_owned()));
    // Eight a day, for twelve days.
    for number in 0..96_i64 {
        happen(&store, number.unsigned_abs().into());
        let at = NOON.div_euclid(24 * BACKUP_EVERY_MS) * 24 * BACKUP_EVERY_MS + 3 * number * BACKUP_EVERY_MS;
        backups.take(&store, Millis(at), Due::Hourly).expect("copied").expect("due");
    }
    let all = backups.list().expect("listed");
    assert_eq!(all.len(), 6 + 7);
    let days: Vec<i64> = all[6..].iter().map(|backup| backup.at.0.div_euclid(24 * BACKUP_EVERY_MS)).collect();
    assert!(days.windows(2).all(|pair| pair[0] > pair[1]), "a day each: {days:?}");
}

#[test]
fn a_damaged_backup_is_passed_over() {
    let (folder, kept) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (store, backups) = (open(folder.path()), Backups::at(kept.path().to_owned()));
    happen(&store, 1);
    let good = backups.take(&store, Millis(NOON), Due::Now).expect("copied").expect("due");
    happen(&store, 2);
    let bad = backups.take(&store, Millis(NOON + 1), Due::Now).expect("copied").expect("due");
    let mut bytes = fs::read(&bad.path).expect("read");
    // The head of a page in the middle: what it is.
    let page = bytes.len() / 4_096 / 2 * 4_096;
    bytes[page..page + 8].fill(0xaa);
    fs::write(&bad.path, bytes).expect("damaged");
    assert_eq!(backups.newest_sound().expect("looked"), Some(good.clone()));
    fs::write(&good.path, "no database").expect("damaged");
    assert_eq!(backups.newest_sound().expect("looked"), None);
}

#[test]
fn a_history_goes_on_from_its_backup() {
    let (folder, kept) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let backups = Backups::at(kept.path().to_owned());
    let head = {
        let store = open(folder.path());
        happen(&store, 1);
        backups.take(&store, Millis(NOON), Due::Now).expect("copied");
        let head = store.read(|read| read.log_head()).expect("read");
        happen(&store, 2);
        head
    };
    let database = Folder::of(folder.path()).database();
    // What waits in the WAL would stand before the pages.
    let connection = rusqlite::Connection::open(&database).expect("opened");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all in one file");
    drop(connection);
    let mut bytes = fs::read(&database).expect("read");
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[0] ^= 0x40;
    }
    fs::write(&database, bytes).expect("damaged");
    let damaged = Store::open(folder.path(), std::sync::Arc::new(Ticking::default()));
    assert!(matches!(damaged, Err(StoreError::Damaged { .. })), "{damaged:?}");
    let sound = backups.newest_sound().expect("looked").expect("one");
    let aside = Store::set_aside(folder.path(), Millis(NOON + 1), &sound.path).expect("moved");
    assert!(aside.join("history.db").exists());
    let store = open(folder.path());
    assert_eq!(store.read(|read| read.log_head()).expect("read"), head);
    happen(&store, 3);
}
