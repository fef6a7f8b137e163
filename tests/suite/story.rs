//! The story of the sample, told by the command line: six versions of a help desk, the bad one blocked, the good one
//! live, a bad one live by somebody's word, and the way back; all of it in evidence that shows what was tampered with.

use std::{fs, path::PathBuf};

use gatewright_core::id::Digest;
use gatewright_tests::{repository, world::World};
use rusqlite::Connection;
use serde_json::Value;

/// The six prompts, and what is known of each beforehand: the first breaks rules, the third gives secrets away, the
/// last keeps every rule. Of the others a gate may say this or that: they lie between its floor and its target.
const VERSIONS: [(&str, Option<&str>); 6] = [
    ("1-first-try", Some("fail")),
    ("2-better", None),
    ("3-open", Some("fail")),
    ("4-creative", None),
    ("5-thrifty", Some("pass")),
    ("6-fixed", Some("pass")),
];

/// The sample with one of its versions in place.
fn take(world: &World, version: &str) {
    let prompt = world.read(&format!("prompts/versions/{version}.md"));
    world.write("prompts/system.md", &prompt);
}

/// Runs a version under its name; its digest, and what the gates say.
fn judge(world: &World, version: &str) -> (String, String) {
    take(world, version);
    let said = world.run(&["run", "--label", version, "--json"]);
    let document: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let outcome = document["outcome"].as_str().expect("an outcome").to_owned();
    let code = match outcome.as_str() {
        "pass" => 0,
        "fail" => 1,
        _ => 4,
    };
    assert_eq!(said.code, Some(code), "{said:?}");
    (document["specs"][0]["version"]["id"].as_str().expect("a digest").to_owned(), outcome)
}

/// What the pointer of production holds; none before the first release.
fn pointer(world: &World) -> Option<Value> {
    let bytes = fs::read(world.root().join("deploy/production/current.json")).ok()?;
    Some(serde_json::from_slice(&bytes).expect("a whole pointer"))
}

fn live(world: &World) -> Value {
    world.json(&["status"], 0)["environments"][0].clone()
}

/// What the gates say of the live address, whatever was said of the version before.
fn ask_live(world: &World, version: &str, code: i32) -> Value {
    let document = world.json(&["run", "safety", "--version", version, "--at", "production"], code);
    assert!(document["calls"]["asked"].as_u64() > Some(0), "{version} is asked anew: {document}");
    assert_eq!(document["specs"][0]["endpoint"], "demo:help-desk@production");
    document
}

#[test]
fn six_versions_are_judged_and_only_a_good_one_goes_live() {
    let world = World::sample();
    let judged: Vec<(String, String)> = VERSIONS.iter().map(|(name, _)| judge(&world, name)).collect();
    for ((name, expected), (_, outcome)) in VERSIONS.iter().zip(&judged) {
        assert!(expected.is_none_or(|expected| outcome == expected), "{name}: {outcome}");
    }
    let rows = world.json(&["versions"], 0);
    let labels: Vec<_> = rows["versions"].as_array().expect("versions").iter().collect();
    assert_eq!(labels.len(), VERSIONS.len());
    for (row, (name, _)) in labels.iter().rev().zip(VERSIONS) {
        assert_eq!(row["version"]["label"], name, "newest first");
        assert_eq!(row["scores"].as_array().map(Vec::len), Some(2), "both specs judged {name}");
    }
    let tried = |spec: &str| {
        let document = world.json(&["verdict", spec], 0);
        document["specs"][0]["candidates_tried"].clone()
    };
    for spec in ["safety", "support"] {
        let rows = rows["versions"].as_array().expect("versions").iter();
        let scores = rows.flat_map(|row| row["scores"].as_array().expect("scores"));
        let ended =
            scores.filter(|score| score["spec"] == spec && score["outcome"] != "inconclusive").count();
        let found = tried(spec);
        assert!(ended > 1, "the specs decide about most versions");
        assert_eq!((&found["versions"], &found["attempts"]), (&ended.into(), &ended.into()), "{found}");
        assert_eq!(found["since"], Value::Null, "nothing is live yet");
        let bound = found["wrongly_passed_at_most"].as_f64().expect("a bound");
        assert!((bound - 0.05 * ended as f64).abs() < 1e-9, "{ended} versions: {bound}");
        let said = world.run(&["verdict", spec]).ends(0);
        let sentence = format!("{ended} versions tried: over so many, a bad one gets through at most");
        assert!(said.out.contains(&sentence), "{}", said.out);
    }
    let (open, fixed) = (&judged[2].0, &judged[5].0);
    let compared = world.json(&["compare", "6-fixed", "3-open"], 0);
    let worse = compared["cases"].as_array().expect("cases").iter().filter(|case| case["change"] == "worse");
    let worse: Vec<_> = worse.filter_map(|case| case["case"].as_str()).collect();
    for case in ["a-neighbours-address", "print-the-prompt", "tell-me-your-instructions"] {
        assert!(worse.contains(&case), "{case} is worse: {worse:?}");
    }

    // The bad one is blocked, and nothing moves.
    let refused = world.run(&["promote", "production", "3-open", "--yes"]).ends(6);
    assert!(refused.err.contains("`safety`"), "{}", refused.err);
    assert_eq!(pointer(&world), None);
    assert_eq!(live(&world)["live"], Value::Null);

    // The good one goes live, and answers.
    let released = world.json(&["promote", "production", "6-fixed", "--yes"], 0);
    assert_eq!((&released["state"], &released["rung"]), (&"live".into(), &"served".into()));
    assert_eq!(released["to"], fixed.as_str());
    let good = pointer(&world).expect("a pointer");
    assert_eq!(good["version"], fixed.as_str());
    let found = tried("safety");
    assert_eq!((&found["versions"], &found["since"]), (&0.into(), &fixed.as_str().into()), "counted anew");
    assert_eq!((&found["environment"], &found["sentence"]), (&"production".into(), &Value::Null));
    ask_live(&world, "6-fixed", 0);
    world.run(&["promote", "production", "3-open", "--yes"]).ends(6);
    assert_eq!(pointer(&world).as_ref(), Some(&good), "a refusal moves nothing");

    // A bad one goes live by somebody's word, and that stands where it is looked for.
    let words =
        ["promote", "production", "3-open", "--override", "the fair opens at nine", "--by", "Ada", "--yes"];
    let released = world.json(&words, 0);
    assert_eq!(released["override"]["by"], "Ada");
    assert_eq!(released["override"]["reason"], "the fair opens at nine");
    assert_eq!(pointer(&world).expect("a pointer")["version"], open.as_str());
    let lane = live(&world);
    let word = &lane["live"]["override"];
    assert_eq!(lane["live"]["version"], open.as_str());
    assert_eq!((&word["kind"], &word["by"]), (&"override".into(), &"Ada".into()));
    assert_eq!(word["reason"], "the fair opens at nine");
    assert_eq!((&lane["previous"], &lane["rollback"]["ready"]), (&fixed.as_str().into(), &true.into()));
    let status = world.run(&["status"]).ends(0);
    assert!(status.out.contains("override by Ada: the fair opens at nine"), "{}", status.out);
    ask_live(&world, "3-open", 1);

    // A version that is not served there is not asked there.
    let elsewhere = world.run(&["run", "safety", "--version", "6-fixed", "--at", "production"]);
    let elsewhere = elsewhere.ends(6);
    assert!(elsewhere.err.contains("`production` says that it serves"), "{elsewhere:?}");

    // And back.
    let back = world.json(&["rollback", "production", "--yes"], 0);
    assert_eq!(
        (&back["kind"], &back["state"], &back["rung"]),
        (&"rollback".into(), &"live".into(), &"served".into())
    );
    let pointed = pointer(&world).expect("a pointer");
    assert_eq!(pointed["version"], fixed.as_str());
    assert!(pointed["sequence"].as_u64() > good["sequence"].as_u64(), "history is added, not erased");
    assert_eq!(live(&world)["live"]["version"], fixed.as_str());
    let again =
        world.json(&["run", "safety", "--version", "6-fixed", "--at", "production", "--new-attempt"], 0);
    assert_eq!(again["outcome"], "pass");
    assert_eq!(world.json(&["verify"], 0)["holds"], true);
}

/// A sample with a version judged and live.
fn released() -> World {
    let world = World::sample();
    assert_eq!(judge(&world, "6-fixed").1, "pass");
    world.run(&["promote", "production", "--yes"]).ends(0);
    assert_eq!(world.json(&["verify"], 0)["holds"], true);
    world
}

/// What a stranger does to a history: its triggers stand in nobody's way who can write the file.
fn tamper<T>(world: &World, act: impl FnOnce(&Connection) -> T) -> T {
    let history = Connection::open(world.root().join(".gatewright/history.db")).expect("the history");
    let mut triggers =
        history.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").expect("the schema");
    let triggers: Vec<(String, String)> = triggers
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("the schema")
        .collect::<Result<_, _>>()
        .expect("the schema");
    for (name, _) in &triggers {
        history.execute_batch(&format!("DROP TRIGGER {name}")).expect("dropped");
    }
    let done = act(&history);
    for (_, sql) in &triggers {
        history.execute_batch(sql).expect("put back");
    }
    done
}

/// `verify` ends with 7 and says where.
fn assert_noticed(world: &World, what: &str) {
    let said = world.run(&["verify"]).ends(7);
    let told = format!("{}{}", said.out, said.err);
    assert!(told.contains(what), "names the {what}: {told}");
    world.run(&["verify", "--json"]).ends(7);
}

#[test]
fn a_flipped_byte_in_a_verdict_is_noticed() {
    let world = released();
    for column in ["record", "envelope"] {
        let read = format!("SELECT id, {column} FROM verdict ORDER BY id DESC LIMIT 1");
        let write = format!("UPDATE verdict SET {column} = ?2 WHERE id = ?1");
        let (row, bytes) = tamper(&world, |history| {
            let (row, bytes): (i64, Vec<u8>) =
                history.query_row(&read, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a verdict");
            let mut flipped = bytes.clone();
            let middle = flipped.len() / 2;
            flipped[middle] ^= 1;
            history.execute(&write, rusqlite::params![row, flipped]).expect("written");
            (row, bytes)
        });
        assert_noticed(&world, "verdict");
        tamper(&world, |history| history.execute(&write, rusqlite::params![row, bytes]).expect("written"));
        assert_eq!(world.json(&["verify"], 0)["holds"], true, "put right again");
    }
}

#[test]
fn a_verdict_that_says_something_else_than_was_signed_grants_nothing() {
    let world = World::sample();
    assert_eq!(judge(&world, "3-open").1, "fail");
    assert_eq!(judge(&world, "6-fixed").1, "pass");
    // What a pass is stored as is read from the verdict that passed.
    let to_pass = "UPDATE verdict SET outcome = (SELECT outcome FROM verdict ORDER BY id DESC LIMIT 1)";
    assert!(tamper(&world, |history| history.execute(to_pass, []).expect("written")) > 0);
    let said = world.run(&["promote", "production", "3-open", "--yes"]);
    assert!(matches!(said.code, Some(6 | 7)), "{said:?}");
    assert_eq!(pointer(&world), None);
    assert_noticed(&world, "verdict");
}

#[test]
fn a_fail_that_was_edited_into_a_pass_throughout_grants_nothing() {
    let world = World::sample();
    assert_eq!(judge(&world, "3-open").1, "fail");
    assert_eq!(judge(&world, "6-fixed").1, "pass");
    tamper(&world, |history| {
        let rows = "SELECT id, record FROM verdict ORDER BY id";
        let fail: (i64, Vec<u8>) =
            history.query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("the fail");
        let record = String::from_utf8(zstd::decode_all(fail.1.as_slice()).expect("packed")).expect("JSON");
        let forged = record.replace(r#""outcome":"fail""#, r#""outcome":"pass""#);
        assert_ne!(forged, record);
        let packed = zstd::bulk::compress(forged.as_bytes(), 3).expect("packed");
        // With the signature of a verdict that passed.
        let edit = "UPDATE verdict SET record = ?1, outcome = newest.outcome, envelope = newest.envelope
            FROM (SELECT outcome, envelope FROM verdict ORDER BY id DESC LIMIT 1) AS newest WHERE id = ?2";
        assert_eq!(history.execute(edit, (packed, fail.0)).expect("written"), 1);
    });
    let said = world.run(&["promote", "production", "3-open", "--yes"]);
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(said.err.contains("not signed by a key you trust"), "{said:?}");
    assert_eq!(pointer(&world), None);
    assert_noticed(&world, "verdict");
}

#[test]
fn an_edited_log_is_noticed() {
    let world = released();
    let edit = "UPDATE event SET at_ms = at_ms + 1 WHERE seq = (SELECT seq FROM event ORDER BY seq LIMIT 1 OFFSET 3)";
    assert_eq!(tamper(&world, |history| history.execute(edit, []).expect("written")), 1);
    assert_noticed(&world, "log");
}

#[test]
fn a_log_that_was_cut_short_is_noticed() {
    let world = released();
    let cut = "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)";
    assert_eq!(tamper(&world, |history| history.execute(cut, []).expect("written")), 1);
    assert_noticed(&world, "log");
}

#[test]
fn sealed_content_that_changed_is_noticed() {
    let world = released();
    let objects: Vec<PathBuf> = walkdir::WalkDir::new(world.root().join(".gatewright/objects"))
        .into_iter()
        .map(|entry| entry.expect("readable").into_path())
        .filter(|path| path.is_file())
        .collect();
    let object = objects.first().expect("a sealed object");
    let mut bytes = fs::read(object).expect("bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let mut permissions = fs::metadata(object).expect("metadata").permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of a temporary folder")]
    permissions.set_readonly(false);
    fs::set_permissions(object, permissions).expect("writable");
    fs::write(object, bytes).expect("written");
    world.run(&["verify"]).ends(7);
    world.run(&["doctor"]).ends(7);
}

#[test]
fn a_history_that_came_with_a_folder_grants_nothing_to_another_user() {
    let world = released();
    take(&world, "5-thrifty");
    assert_eq!(judge(&world, "5-thrifty").1, "pass");
    // Another user: the same folder, another key, other trust.
    fs::remove_dir_all(world.home()).expect("the user's folder");
    let before = pointer(&world);
    world.run(&["promote", "production", "--yes"]).ends(6);
    let said = world.run(&["promote", "production", "--yes", "--trust"]).ends(6);
    assert!(said.err.contains("not signed by a key you trust"), "{}", said.err);
    assert_eq!(pointer(&world), before);
}

#[test]
fn the_sample_that_is_shipped_is_the_one_of_the_repository() {
    let world = World::sample();
    for file in repository::files("specs/sample", &["yaml", "md", "json"]) {
        let path = file.path.trim_start_matches("specs/sample/");
        assert_eq!(
            Digest::of_bytes(world.read(path).as_bytes()),
            Digest::of_bytes(file.text.as_bytes()),
            "{path}"
        );
    }
}
