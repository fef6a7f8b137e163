//! A history that was damaged: noticed when it is opened, never written over, and gone on from its last backup.

use std::{fs, path::PathBuf, sync::Arc};

use gatewright_engine::{clock::SystemClock, store::Store};
use gatewright_tests::{
    shop::{BETTER, GOOD, Shop},
    world::World,
};
use serde_json::Value;

fn database(world: &World) -> PathBuf {
    world.root().join(".gatewright/history.db")
}

/// Flips a bit at the head of every page but the first.
fn damage(world: &World) -> Vec<u8> {
    // What waits in the WAL would stand before the pages.
    let connection = rusqlite::Connection::open(database(world)).expect("opened");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all in one file");
    drop(connection);
    let mut bytes = fs::read(database(world)).expect("a history");
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[0] ^= 0x40;
    }
    fs::write(database(world), &bytes).expect("written");
    bytes
}

/// A shop with a version judged and live, and backups of that.
fn shop() -> Shop {
    let shop = Shop::open();
    shop.world.run(&["run", "--label", "good"]).ends(0);
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
    shop
}

/// The one thing that does not hold after a restore: signed heads saw more than the backup holds.
fn only_what_is_gone(world: &World) -> String {
    let verified = world.json(&["verify"], 7);
    let findings = verified["findings"].as_array().expect("findings");
    let [finding] = findings.as_slice() else { panic!("one finding: {verified}") };
    let said = finding.as_str().expect("a sentence").to_owned();
    assert!(
        said.contains("goes on from its backup of") && said.contains("the log no longer holds"),
        "{said}"
    );
    said
}

fn backups(world: &World) -> usize {
    world.json(&["doctor"], 0)["backups"].as_array().expect("backups").len()
}

#[test]
fn a_damaged_history_goes_on_from_the_backup_of_its_last_release() {
    let shop = shop();
    let world = &shop.world;
    assert_eq!(backups(world), 2, "the first run, and the release");
    let refused = world.run(&["doctor", "--restore"]).ends(6);
    assert!(refused.err.contains("holds together"), "{}", refused.err);
    let live = world.json(&["status"], 0)["environments"][0]["live"]["version"].clone();
    // Judged after the last backup: that much is lost.
    world.write("prompt.md", BETTER);
    world.run(&["run", "--label", "better"]).ends(0);

    let damaged = damage(world);
    for words in [&["status"][..], &["run"], &["verdict"], &["promote", "production", "--yes"], &["doctor"]] {
        let said = world.run(words).ends(7);
        assert!(said.err.contains("is damaged") && said.err.contains("doctor --restore"), "{}", said.err);
        assert!(fs::read(database(world)).expect("still there") == damaged, "nothing is written over it");
    }
    let restored = world.json(&["doctor", "--restore"], 0);
    let aside = PathBuf::from(restored["set_aside"].as_str().expect("a folder"));
    assert!(fs::read(aside.join("history.db")).expect("whole") == damaged);
    assert!(restored["from"].as_str().expect("a backup").contains("history-"), "{restored}");
    let lane = world.json(&["status"], 0)["environments"][0].clone();
    assert_eq!(lane["live"]["version"], live);
    let names: Vec<_> = world.json(&["versions"], 0)["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|row| row["version"]["label"].clone())
        .collect();
    assert_eq!(names, ["good"], "what came after the backup is asked again");
    let gone = only_what_is_gone(world);
    world.run(&["run", "--label", "better"]).ends(0);
    world.run(&["promote", "production", "--yes"]).ends(0);
    assert_eq!(backups(world), 3);
    assert_eq!(only_what_is_gone(world), gone, "what is lost does not come back, and nothing else is found");
}

#[test]
fn a_damaged_backup_is_passed_over_and_without_any_a_new_history_begins_by_word_only() {
    let shop = shop();
    let world = &shop.world;
    let files: Vec<PathBuf> = world.json(&["doctor"], 0)["backups"]
        .as_array()
        .expect("backups")
        .iter()
        .map(|backup| PathBuf::from(backup["file"].as_str().expect("a file")))
        .collect();
    let [newest, older] = files.as_slice() else { panic!("two backups: {files:?}") };
    let sound = fs::read(newest).expect("a backup");
    fs::write(newest, &sound[..sound.len() / 2]).expect("cut off");
    damage(world);
    let restored = world.json(&["doctor", "--restore"], 0);
    assert_eq!(restored["from"], older.display().to_string());
    damage(world);
    fs::write(older, "no database").expect("overwritten");
    let refused = world.run(&["doctor", "--restore"]).ends(6);
    assert!(
        refused.err.contains("no backup") && refused.err.contains("--restore=nothing"),
        "{}",
        refused.err
    );
    let named = format!("--restore={}", older.display());
    world.run(&["doctor", &named]).ends(2);
    fs::write(older, &sound).expect("put right");
    let wal = older.with_extension("db-wal");
    fs::write(&wal, "entries that only the WAL holds").expect("written");
    let part = world.run(&["doctor", &named]).ends(2);
    assert!(part.err.contains("stands in its WAL beside it"), "{}", part.err);
    fs::remove_file(&wal).expect("removed");
    world.run(&["doctor", &named]).ends(0);
    damage(world);
    world.run(&["doctor", "--restore=nothing"]).ends(0);
    let lane = world.json(&["status"], 0)["environments"][0].clone();
    assert!(lane["live"].is_null(), "a new history knows nothing: {lane}");
}

#[test]
fn a_history_that_somebody_has_open_is_not_exchanged_beneath_them() {
    let shop = shop();
    let world = &shop.world;
    let open = Store::open(world.root(), Arc::new(SystemClock::default())).expect("the history opens");
    let damaged = damage(world);
    let refused = world.run(&["doctor", "--restore"]).ends(6);
    let named = format!("in use by another window or command (process {})", std::process::id());
    assert!(refused.err.contains(&named), "{}", refused.err);
    assert!(fs::read(database(world)).expect("still there") == damaged, "nothing was touched");
    drop(open);
    world.run(&["doctor", "--restore"]).ends(0);
}

/// Judges a version with another prompt under a name; its digest.
fn judge(world: &World, prompt: &str, label: &str) -> String {
    world.write("prompt.md", prompt);
    let run = world.json(&["run", "--label", label], 0);
    run["specs"][0]["version"]["id"].as_str().expect("a digest").to_owned()
}

/// What the target of production names.
fn pointed(world: &World) -> String {
    let pointer: Value = serde_json::from_str(&world.read("deploy/production/current.json")).expect("whole");
    pointer["version"].as_str().expect("a digest").to_owned()
}

/// Makes a version live by these words.
fn goes_live(world: &World, words: &[&str], version: &str) {
    let released = world.json(&[words, &["--yes"]].concat(), 0);
    assert_eq!((&released["state"], released["to"].as_str()), (&"live".into(), Some(version)), "{released}");
    assert_eq!(pointed(world), version);
}

#[test]
fn a_history_that_goes_on_from_two_releases_ago_can_be_rolled_back_and_released_from_at_once() {
    let shop = shop();
    let world = &shop.world;
    let first = pointed(world);
    let oldest = world.json(&["doctor"], 0)["backups"][0]["file"].as_str().expect("a file").to_owned();
    for number in 2..=3 {
        let version = judge(world, &format!("{GOOD}Be brief {number}.\n"), &format!("v{number}"));
        goes_live(world, &["promote", "production"], &version);
    }
    damage(world);
    world.run(&["doctor", &format!("--restore={oldest}")]).ends(0);
    // Neither the target's memory of later releases nor a version that nobody here has seen is in the way.
    goes_live(world, &["rollback", "production", "--to", &first], &first);
    let fourth = judge(world, &format!("{GOOD}Be brief 4.\n"), "v4");
    goes_live(world, &["promote", "production"], &fourth);
    goes_live(world, &["rollback", "production"], &first);
}

#[test]
fn a_new_history_replaces_what_it_finds_live_by_a_persons_word_alone_and_rolls_back_from_then_on() {
    let shop = shop();
    let world = &shop.world;
    let found = pointed(world);
    damage(world);
    world.run(&["doctor", "--restore=nothing"]).ends(0);

    let second = judge(world, BETTER, "second");
    let refused = world.run(&["promote", "production", "--yes"]).ends(6);
    let short = &found["sha256:".len()..][..12];
    assert!(refused.err.contains(&format!("The target names {short}")), "{}", refused.err);
    assert_eq!(pointed(world), found);
    // Every spec passes: the word is for what is replaced, and stands where it is looked for.
    let word = ["--bootstrap", "the history was lost", "--by", "Ada"];
    goes_live(world, &[&["promote", "production"], &word[..]].concat(), &second);
    let lane = world.json(&["status"], 0)["environments"][0].clone();
    assert_eq!(lane["live"]["override"]["kind"], "bootstrap", "{lane}");

    let third = judge(world, &format!("{GOOD}Be brief.\n"), "third");
    goes_live(world, &["promote", "production"], &third);
    goes_live(world, &["rollback", "production"], &second);
}
