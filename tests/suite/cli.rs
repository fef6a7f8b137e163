//! Every command of the command line, as it is typed: its words, its documents, how it ends.

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt as _, time::Duration};

use gatewright_tests::{
    agent::{Answer, ScriptedAgent},
    shop::{BAD, BETTER, Shop},
    transcript::Transcript,
    world::World,
};
use rustix::process::{Pid, Signal, kill_process};

/// Compares a conversation with its snapshot.
macro_rules! assert_said {
    ($transcript:expr) => {
        Transcript::settings().bind(|| insta::assert_snapshot!($transcript.text()))
    };
}

#[test]
fn an_empty_folder_becomes_a_workspace_in_eight_lines() {
    let world = World::empty();
    let mut said = Transcript::of(&world);
    said.say(&["status"]).ends(3);
    said.say(&["init"]).ends(0);
    said.say(&["init"]).ends(6);
    said.say(&["check"]).ends(0);
    said.say(&["explain"]).ends(0);
    said.say(&["verdict"]).ends(4);
    assert_said!(said);
    assert_eq!(world.read("gatewright.yaml").lines().count(), 8);
}

#[test]
fn the_sample_is_made_with_its_specs_and_is_trusted_as_made() {
    let world = World::empty();
    let mut said = Transcript::of(&world);
    said.say(&["init", "help", "--sample"]).ends(0);
    said.say(&["-C", "help", "trust"]).ends(0);
    said.say(&["-C", "help", "check", "--json"]).ends(0);
    said.say(&["init", "other", "--json"]).ends(0);
    assert_said!(said);
}

#[test]
fn a_mistake_is_shown_with_its_place_and_its_cure() {
    let world = World::empty();
    world.run(&["init"]).ends(0);
    world.edit("gatewright.yaml", "expect: { contains: refund }", "expects: { contains: refund }");
    world.edit("gatewright.yaml", "gate: 90%", "gate: 190%");
    let mut said = Transcript::of(&world);
    said.say(&["check"]).ends(3);
    said.say(&["check", "--json"]).ends(3);
    said.say(&["check", "--format", "sarif"]).ends(3);
    said.say(&["check", "nowhere.yaml"]).ends(2);
    said.say(&["run"]).ends(3);
    said.say(&["explain"]).ends(3);
    assert_said!(said);
}

#[test]
fn no_error_is_said_of_what_was_checked_and_of_nothing_else() {
    let shop = Shop::open();
    let good = "agent: desk\ncases: [{ input: a, expect: b }]\ngate: 90%\n";
    shop.world.write("specs/ok.yaml", good);
    shop.world.write("specs/bad.yaml", "agent: nobody\n");
    let said = shop.world.run(&["check", "specs/ok.yaml"]).ends(0);
    assert_eq!(said.out, "● specs/ok.yaml: no error.\n");
    let document = shop.world.json(&["check", "./specs/ok.yaml"], 0);
    assert_eq!(document["specs"], serde_json::json!(["ok"]));
    shop.world.run(&["check", "specs/bad.yaml"]).ends(3);
    shop.world.run(&["check"]).ends(3);
}

#[test]
fn the_eight_lines_and_an_address_give_a_verdict() {
    let agent = ScriptedAgent::start(Duration::ZERO, |_| Answer::from("You get a refund."));
    let world = World::empty();
    world.run(&["init"]).ends(0);
    world.edit("gatewright.yaml", "http://127.0.0.1:8000/v1", &agent.url());
    let mut said = Transcript::of(&world);
    said.say(&["run"]).ends(6);
    assert_eq!(agent.count(), 0, "nothing is asked before the new address is trusted");
    said.say(&["promote", "nowhere", "--yes"]).ends(2);
    said.say(&["rollback", "nowhere", "--yes"]).ends(2);
    said.say(&["trust"]).ends(6);
    said.say(&["trust", "--yes"]).ends(0);
    said.say(&["run", "--calls", "5"]).ends(4);
    assert_eq!(agent.count(), 5);
    let first = agent.count();
    let second = said.say(&["run", "--json"]).ends(0);
    assert_said!(said);

    let document: serde_json::Value = serde_json::from_str(&second.out).expect("a document");
    let asked = document["calls"]["asked"].as_u64().expect("calls");
    assert_eq!(agent.count() as u64, first as u64 + asked);
    assert_eq!(document["specs"][0]["attempt"], 1, "it went on where it stopped");
    assert_eq!(document["specs"][0]["version"]["grade"], "opaque");
    let cases = document["specs"][0]["cases"].as_array().expect("cases");
    let heard: u64 = cases.iter().filter_map(|case| case["trials"].as_u64()).sum();
    assert!(heard > 5 && heard <= agent.count() as u64, "{heard} heard of {} asked", agent.count());
    // What was asked beyond what was heard was in flight when the gate had its answer.
    assert!(agent.count() as u64 - heard < 16, "{heard} heard of {} asked", agent.count());
    assert_eq!(agent.counts().len(), 2);
}

#[test]
fn what_a_version_is_worth_is_said_in_words_and_in_documents() {
    let shop = Shop::open();
    let mut said = Transcript::of(&shop.world);
    said.say(&["versions"]).ends(0);
    said.say(&["verdict"]).ends(4);
    said.say(&["run", "--label", "good"]).ends(0);
    shop.world.write("prompt.md", BAD);
    said.say(&["run", "--label", "bad", "--json"]).ends(1);
    let asked = shop.agent.count();
    said.say(&["verdict", "--json"]).ends(1);
    said.say(&["run", "--version", "good", "--quiet"]).ends(0);
    assert_eq!(shop.agent.count(), asked, "what is known is not asked");
    said.say(&["versions"]).ends(0);
    said.say(&["versions", "--json"]).ends(0);
    said.say(&["show", "good"]).ends(0);
    said.say(&["show", "good", "--json"]).ends(0);
    said.say(&["compare", "good", "bad"]).ends(0);
    said.say(&["compare", "good", "bad", "--json"]).ends(0);
    assert_said!(said);
}

#[test]
fn what_a_gate_costs_and_errs_is_said_before_a_call_is_made() {
    let shop = Shop::open();
    let mut said = Transcript::of(&shop.world);
    said.say(&["plan", "main"]).ends(0);
    said.say(&["plan", "nowhere"]).ends(2);
    said.say(&["backtest", "main"]).ends(0);
    let tested = shop.world.json(&["selftest", "main"], 0);
    assert_eq!((&tested["kept"], &tested["assumed"]), (&true.into(), &true.into()), "{tested}");
    assert_eq!(shop.agent.count(), 0, "none of this asks");
    assert_said!(said);

    shop.world.run(&["run"]).ends(0);
    let asked = shop.agent.count();
    let plan = shop.world.json(&["plan", "main"], 0);
    assert!(plan["cost"]["at_most"].is_string(), "what calls cost is recorded now: {plan}");
    let tested = shop.world.json(&["selftest", "main"], 0);
    assert_eq!((&tested["kept"], &tested["assumed"]), (&true.into(), &false.into()), "{tested}");
    shop.world.edit("gatewright.yaml", "gate: 90%", "gate: 99%");
    let stricter = shop.world.json(&["backtest", "main"], 0);
    assert_eq!(stricter["versions"][0]["then"], "pass");
    assert_eq!(stricter["versions"][0]["change"], "not_enough", "{stricter}");
    assert_eq!(shop.agent.count(), asked, "none of this asks");
}

#[test]
fn going_live_and_back_is_said_in_words_and_in_documents() {
    let shop = Shop::open();
    shop.world.write("prompt.md", BAD);
    let mut said = Transcript::of(&shop.world);
    said.say(&["status"]).ends(0);
    said.say(&["promote", "production", "--yes"]).ends(6);
    shop.world.run(&["run", "--label", "bad"]).ends(1);
    said.say(&["promote", "production", "--yes"]).ends(6);
    said.say(&["promote", "production", "--bootstrap", "a first one", "--yes"]).ends(2);
    said.say(&["promote", "production", "--bootstrap", "a first one", "--by", "Ada", "--yes"]).ends(0);
    shop.world.write("prompt.md", BETTER);
    shop.world.run(&["run", "--label", "better"]).ends(0);
    said.say(&["status"]).ends(0);
    said.say(&["promote", "production"]).ends(6);
    said.say(&["promote", "production", "--yes", "--json"]).ends(0);
    said.say(&["promote", "production", "--yes"]).ends(6);
    said.say(&["status", "--json"]).ends(0);
    said.say(&["promote", "production", "bad", "--override", "the boss said so", "--by", "Bob", "--yes"])
        .ends(0);
    said.say(&["status"]).ends(0);
    said.say(&["rollback", "production"]).ends(6);
    said.say(&["rollback", "production", "--yes"]).ends(0);
    said.say(&["rollback", "production", "--to", "bad", "--yes", "--json"]).ends(0);
    said.say(&["settle"]).ends(0);
    said.say(&["settle", "--json"]).ends(0);
    said.say(&["promote", "nowhere", "--yes"]).ends(2);
    said.say(&["rollback", "nowhere", "--yes"]).ends(2);
    assert_said!(said);
}

#[test]
fn evidence_health_and_trust_are_said_in_words_and_in_documents() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    let mut said = Transcript::of(&shop.world);
    said.say(&["verify"]).ends(0);
    said.say(&["verify", "--json"]).ends(0);
    said.say(&["doctor"]).ends(0);
    said.say(&["doctor", "--json"]).ends(0);
    said.say(&["doctor", "--rebuild"]).ends(0);
    said.say(&["trust", "--json"]).ends(0);
    said.say(&["trust", "--revoke"]).ends(0);
    said.say(&["trust"]).ends(6);
    said.say(&["run"]).ends(6);
    said.say(&["run", "--json"]).ends(6);
    said.say(&["promote", "production", "--yes"]).ends(6);
    assert_said!(said);
}

#[test]
fn the_callers_word_trusts_a_folder_for_one_call_only() {
    let shop = Shop::open();
    let digest = shop.world.json(&["trust"], 0)["digest"].as_str().expect("a digest").to_owned();
    shop.world.run(&["trust", "--revoke"]).ends(0);
    let other = format!("--trust=sha256:{}", "0".repeat(64));
    shop.world.run(&["run", &other]).ends(6);
    assert_eq!(shop.agent.count(), 0);
    shop.world.run(&["run", &format!("--trust={digest}")]).ends(0);
    shop.world.run(&["run", "--new-attempt", "--trust"]).ends(0);
    shop.world.run(&["run", "--new-attempt"]).ends(6);
    shop.world.run(&["run", "--trust=yes"]).ends(2);
}

/// A workspace whose agent is a program in it.
const PROGRAM: &str = "\
agents:
  bot: { type: command, command: [/bin/sh, bot.sh] }
agent: bot
cases:
  - { input: My parcel is late., expect: refund }
gate: 90%
";

#[test]
fn a_program_that_changed_is_trusted_anew_and_the_question_shows_what_changed() {
    const BOT: &str = "cat > /dev/null\necho You get a refund.\n";
    let world = World::of(&[("gatewright.yaml", PROGRAM), ("bot.sh", BOT)]);
    world.run(&["run"]).ends(0);
    world.edit("bot.sh", "echo You", "touch ran\necho You");
    let mut said = Transcript::of(&world);
    said.say(&["run"]).ends(6);
    assert!(!world.root().join("ran").exists(), "nothing of it ran");
    said.say(&["trust"]).ends(6);
    world.edit("gatewright.yaml", "[/bin/sh, bot.sh]", "[/bin/sh, other.sh]");
    world.write("other.sh", BOT);
    said.say(&["trust"]).ends(6);
    said.say(&["trust", "--yes"]).ends(0);
    said.say(&["trust"]).ends(0);
    assert_said!(said);
}

#[test]
fn a_variable_that_a_program_would_be_given_is_asked_for() {
    let bot = "cat > /dev/null\necho You get a refund, $SHOP_TOKEN.\n";
    let world = World::of(&[("gatewright.yaml", PROGRAM), ("bot.sh", bot)]);
    world.run(&["run"]).ends(0);
    world.edit("gatewright.yaml", "bot.sh] }", "bot.sh], env: [SHOP_TOKEN] }");
    let mut said = Transcript::of(&world);
    said.say(&["run"]).ends(6);
    said.say(&["trust"]).ends(6);
    said.say(&["trust", "--yes"]).ends(0);
    world.run(&["run"]).ends(0);
    assert_said!(said);
}

#[test]
fn words_that_fit_nothing_end_with_two() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    let mut said = Transcript::of(&shop.world);
    said.say(&["frobnicate"]).ends(2);
    said.say(&["run", "nothing"]).ends(2);
    said.say(&["run", "--at", "nowhere"]).ends(2);
    said.say(&["run", "--time", "soon"]).ends(2);
    said.say(&["run", "--cost=-1"]).ends(2);
    said.say(&["show", "nothing"]).ends(2);
    said.say(&["show", "nothing", "--json"]).ends(2);
    said.say(&["compare", "nothing", "more"]).ends(2);
    assert_said!(said);
}

#[test]
fn every_document_is_one_json_value_and_says_its_format() {
    let shop = Shop::open();
    shop.world.json(&["run"], 0);
    for (words, code) in [
        (&["check"][..], 0),
        (&["explain"], 0),
        (&["verdict"], 0),
        (&["versions"], 0),
        (&["status"], 0),
        (&["promote", "production", "--yes"], 0),
        (&["rollback", "production", "--yes"], 6),
        (&["settle"], 0),
        (&["verify"], 0),
        (&["trust"], 0),
        (&["doctor"], 0),
        (&["doctor", "--rebuild"], 0),
        (&["init"], 6),
        (&["init", "another"], 0),
        (&["run", "nothing"], 2),
        (&["promote", "nowhere"], 2),
        (&["-C", "/", "run"], 3),
    ] {
        let document = shop.world.json(words, code);
        assert_eq!(document["format"], 1, "{words:?}: {document}");
    }
}

#[test]
fn schemas_completions_and_help_are_printed_for_others_to_read() {
    let world = World::empty();
    for (of, key) in [("workspace", "agents"), ("spec", "cases")] {
        let said = world.run(&["schema", of]).ends(0);
        let schema: serde_json::Value = serde_json::from_str(&said.out).expect("a schema");
        assert!(schema["properties"].get(key).is_some(), "{of} knows `{key}`");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = world.run(&["completions", shell]).ends(0);
        assert!(said.out.contains("rollback"), "{shell}");
    }
    let mut said = Transcript::of(&world);
    said.say(&["--help"]).ends(0);
    said.say(&["run", "--help"]).ends(0);
    said.say(&["promote", "--help"]).ends(0);
    assert_said!(said);
}

#[test]
fn quiet_leaves_the_remarks_out_and_colours_are_only_for_terminals() {
    let shop = Shop::open();
    let loud = shop.world.run(&["run"]).ends(0);
    assert!(loud.err.contains("Next: "), "{}", loud.err);
    let quiet = shop.world.run(&["run", "--quiet"]).ends(0);
    assert_eq!(quiet.err, "");
    assert!(quiet.out.contains("● passed"), "{}", quiet.out);
    for words in [&["status"][..], &["--no-color", "status"]] {
        let plain = shop.world.run(words).ends(0);
        assert!(!plain.out.contains('\u{1b}'), "{}", plain.out);
    }
    let coloured = shop.world.command(&["status"]).env("NO_COLOR", "1").output().expect("it starts");
    assert!(!coloured.stdout.contains(&0x1b));
}

#[test]
fn every_refusal_and_every_open_end_names_the_next_step() {
    let shop = Shop::open();
    let next = |words: &[&str], code: i32| {
        let said = shop.world.run(words).ends(code);
        let told = format!("{}{}", said.out, said.err);
        assert!(told.contains("gatewright ") || told.contains("--"), "{words:?} leaves one alone: {told}");
    };
    next(&["promote", "production", "--yes"], 6);
    next(&["run", "--calls", "2"], 4);
    next(&["promote", "production", "--yes"], 6);
    next(&["run"], 0);
    shop.world.write("prompt.md", BAD);
    next(&["run"], 1);
    next(&["promote", "production", "--yes"], 6);
    next(&["promote", "production"], 6);
    next(&["show", "nothing"], 2);
    shop.world.edit("gatewright.yaml", "gate: 90%", "gate: 190%");
    next(&["run"], 3);
    shop.world.edit("gatewright.yaml", "gate: 190%", "gate: 90%");
    shop.world.run(&["trust", "--revoke"]).ends(0);
    next(&["run"], 6);
}

#[test]
fn an_interrupted_run_ends_with_130_and_the_next_one_goes_on() {
    let shop = Shop::with_latency(Duration::from_millis(20));
    let mut run = shop.world.start(&["run"]);
    shop.agent.until_asked(6);
    let id = i32::try_from(run.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(id, Signal::INT).expect("it runs");
    let status = run.wait().expect("it ends");
    assert_eq!((status.code(), status.signal()), (Some(130), None));
    let before = shop.agent.count();
    let document = shop.world.json(&["run"], 0);
    assert_eq!(document["specs"][0]["attempt"], 1);
    let asked = document["calls"]["asked"].as_u64().expect("calls");
    assert_eq!((shop.agent.count() - before) as u64, asked);
    let ids: BTreeSet<_> = shop.world.json(&["versions"], 0)["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|version| version["version"]["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn a_second_run_waits_for_the_first_unless_it_is_told_not_to() {
    let shop = Shop::with_latency(Duration::from_millis(20));
    let mut first = shop.world.start(&["run"]);
    shop.agent.until_asked(4);
    let refused = shop.world.run(&["run", "--no-wait"]).ends(6);
    assert!(refused.err.contains("another run of this workspace is going on"), "{}", refused.err);
    let second = shop.world.json(&["run"], 0);
    assert!(first.wait().expect("it ends").success());
    assert_eq!(second["calls"]["asked"], 0, "the first had asked everything");
}

#[test]
fn an_agent_that_cannot_be_reached_is_no_failed_case() {
    let gone = ScriptedAgent::start(Duration::ZERO, |_| Answer::from(""));
    let url = gone.url();
    drop(gone);
    let world = World::empty();
    world.run(&["init"]).ends(0);
    world.edit("gatewright.yaml", "http://127.0.0.1:8000/v1", &url);
    let document = world.json(&["run", "--trust"], 4);
    assert_eq!(document["outcome"], "inconclusive");
    assert_eq!(document["specs"][0]["counts"]["failed"], 0);
    let sentence = document["specs"][0]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("no connection"), "{sentence}");
}

#[test]
fn a_refused_key_is_no_failed_case_and_the_sentence_names_where_the_key_comes_from() {
    let agent = ScriptedAgent::start(Duration::ZERO, |question| match question.key.as_str() {
        "canary-right" => Answer::from("You get a refund."),
        _ => Answer::Status(401),
    });
    let workspace = format!(
        "agents:\n  bot: {{ url: {}, auth: {{ bearer: env:SHOP_KEY }} }}\nagent: bot\n\
         cases:\n  - {{ input: My parcel is late., expect: refund }}\ngate: 90%\n",
        agent.url()
    );
    let world = World::of(&[("gatewright.yaml", &workspace)]);
    let said = world.run_with(&["run", "--json"], &[("SHOP_KEY", "canary-expired")]).ends(4);
    let document: serde_json::Value = serde_json::from_str(&said.out).expect("a document");
    let counts = &document["specs"][0]["counts"];
    assert_eq!((&counts["failed"], &counts["agent_errors"]), (&0.into(), &0.into()), "{document}");
    let sentence = document["specs"][0]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("refused the key from env:SHOP_KEY: put one there"), "{sentence}");
    assert!(!said.out.contains("canary"), "{}", said.out);
    assert!(agent.count() <= 5, "asked {} times with a key that was refused", agent.count());
    world.run_with(&["run"], &[("SHOP_KEY", "canary-right")]).ends(0);
}

#[test]
fn a_wrong_pointer_beside_the_adapter_is_no_success() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    // Nothing can be placed where a file lies.
    shop.world.write("deploy/production", "not a folder");
    let said = shop.world.run(&["promote", "production", "--yes"]).ends(5);
    assert!(said.out.contains("■"), "{}", said.out);
    assert_eq!(shop.world.read("deploy/production"), "not a folder");
}
