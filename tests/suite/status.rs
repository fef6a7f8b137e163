//! What `status` says is live: what the target says too, and nothing that only the history still has.

use std::{fs, path::PathBuf};

use gatewright_tests::{
    shop::{BAD, Shop},
    world::World,
};
use serde_json::Value;

/// A shop where `good` was live, and `bad` is by somebody's word.
fn moved() -> (Shop, PathBuf) {
    let shop = Shop::open();
    shop.world.run(&["run", "--label", "good"]).ends(0);
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
    shop.world.write("prompt.md", BAD);
    shop.world.run(&["run", "--label", "bad"]).ends(1);
    let words = ["promote", "production", "--override", "a fair", "--by", "Ada", "--yes"];
    shop.world.run(&words).ends(0);
    let pointer = shop.world.root().join("deploy/production/current.json");
    (shop, pointer)
}

fn lane(world: &World) -> Value {
    world.json(&["status"], 0)["environments"][0].clone()
}

/// `status` does not know what is live, and says `why`, as text and in its document.
fn assert_unknown(world: &World, why: &str) {
    let lane = lane(world);
    assert_eq!(lane["live"], Value::Null, "{lane}");
    let unknown = lane["unknown"].as_str().expect("a sentence");
    assert!(unknown.starts_with(why), "{unknown}");
    let said = world.run(&["status"]).ends(0).out;
    assert!(said.contains(&format!("live       ■ {why}")), "{said}");
    assert!(!said.contains('●') || said.contains("way back"), "{said}");
}

#[test]
fn what_somebody_moved_is_not_called_live() {
    let (shop, pointer) = moved();
    let world = &shop.world;
    assert_eq!((&lane(world)["live"]["label"], &lane(world)["unknown"]), (&"bad".into(), &Value::Null));

    let held: Value = serde_json::from_slice(&fs::read(&pointer).expect("a pointer")).expect("JSON");
    let good = lane(world)["previous"].clone();
    let other = serde_json::json!({ "format": held["format"], "version": good, "sequence": 9 });
    fs::write(&pointer, other.to_string()).expect("moved");
    assert_unknown(world, "Moved outside: it names good");
    fs::write(&pointer, "garbage").expect("written");
    assert_unknown(world, "Moved outside: it is not ours");
    fs::remove_file(&pointer).expect("removed");
    assert_unknown(world, "Moved outside: it names nothing");
}

#[test]
fn the_way_back_to_a_target_that_is_gone_says_that_it_is_brought_there_anew() {
    let (shop, _) = moved();
    fs::remove_dir_all(shop.world.root().join("deploy")).expect("removed");
    assert_unknown(&shop.world, "Moved outside: it names nothing");
    let back = lane(&shop.world)["rollback"].clone();
    assert_eq!(back["ready"], false);
    let reason = back["reason"].as_str().expect("a reason");
    assert!(reason.ends_with("no longer at the target: a rollback brings it there anew first"), "{reason}");
    shop.world.run(&["rollback", "production", "--yes"]).ends(0);
    assert_eq!(lane(&shop.world)["live"]["label"], "good");
}

#[test]
fn what_was_rolled_back_from_is_named_where_it_could_be_gone_to_again() {
    let shop = Shop::open();
    shop.world.run(&["run", "--label", "good"]).ends(0);
    let first = shop.world.run(&["promote", "production", "--yes"]).ends(0);
    assert!(!first.err.contains("The way back"), "there is none yet: {}", first.err);
    let status = shop.world.run(&["status"]).ends(0).out;
    assert!(status.contains("way back   ○ nothing was live before"), "{status}");
    assert!(status.contains("candidate  ○ none: the present version is live"), "{status}");
    shop.world.write("prompt.md", BAD);
    shop.world.run(&["run", "--label", "bad"]).ends(1);
    let words = ["promote", "production", "--override", "a fair", "--by", "Ada", "--yes"];
    let second = shop.world.run(&words).ends(0);
    assert!(second.err.contains("The way back, to good ("), "{}", second.err);
    shop.world.run(&["rollback", "production", "--yes"]).ends(0);

    let reason = lane(&shop.world)["rollback"]["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.starts_with("bad (") && reason.contains("was rolled back from"), "{reason}");
    let status = shop.world.run(&["status"]).ends(0).out;
    assert!(status.contains(&format!("way back   ○ {reason}")), "{status}");
    let refused = shop.world.run(&["rollback", "production", "--yes"]).ends(6).err;
    let again = refused.split('`').find_map(|part| part.strip_prefix("gatewright ")).expect("a command");
    let again: Vec<&str> = again.split(' ').chain(["--yes"]).collect();
    shop.world.run(&again).ends(0);
    assert_eq!(lane(&shop.world)["live"]["label"], "bad");
}

#[test]
fn a_spec_that_was_weakened_is_refused_with_the_command_that_says_why() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
    shop.world.write("prompt.md", BAD);
    shop.world.run(&["run"]).ends(1);
    for _ in 0..2 {
        shop.world.edit("gatewright.yaml", "{ contains: refund }", "{ contains: sad }");
    }
    shop.world.run(&["run", "--new-attempt"]).ends(0);
    let refused = shop.world.run(&["promote", "production", "--yes"]).ends(6);
    assert!(refused.err.contains("by what it said then this version fails"), "{}", refused.err);
    let cure = "`gatewright promote production --override REASON --by NAME`";
    assert!(refused.err.contains(cure), "{}", refused.err);
    let again = shop.world.run(&["promote", "production", "--override", "so it is", "--by", "Ada", "--yes"]);
    again.ends(0);
    let live = shop.world.run(&["promote", "production", "--yes"]).ends(6);
    assert!(live.err.contains("`gatewright status`") && !live.err.contains("verdict"), "{}", live.err);
}
