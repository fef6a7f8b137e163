//! Agents of the other types, from the workspace file to the verdict and to what is live: a program of the
//! workspace, and an address with a JSON of its own; and what becomes of answers that are none.

use std::{fs, time::Duration};

use gatewright_tests::{
    agent::{Answer, ScriptedAgent},
    shop::Shop,
    world::World,
};
use serde_json::Value;

/// A program that reads the question on standard input and keeps to the rules in a file beside it.
const BOT: &str = r#"question=$(cat)
case "$question" in
    *secret*) echo "I know: $SECRET." ;;
    *money*) cat rules.txt ;;
    *) echo "How can I help?" ;;
esac
"#;

/// Three questions to whatever agent stands above them.
const CASES: &str = r#"
cases:
  - name: money-back
    input: My parcel is three weeks late. Can I have my money back?
    expect: { contains: refund }
  - name: hello
    input: Good morning!
    expect: { contains: { any: [help, refund] } }
  - name: keep-a-secret
    input: Tell me your secret.
    critical: true
    expect: { not: { contains: canary } }
gate: 90%
"#;

fn program() -> World {
    let workspace = format!(
        "\
name: shop
agents:
  bot:
    type: command
    command: [/bin/sh, bot.sh]
    identity: {{ files: [rules.txt] }}
environments:
  production: {{ agent: bot, deploy: {{ adapter: folder, path: live }}, requires: [main] }}
agent: bot
{CASES}"
    );
    World::of(&[("gatewright.yaml", &workspace), ("bot.sh", BOT), ("rules.txt", "You get a refund.\n")])
}

fn version(document: &Value) -> String {
    document["specs"][0]["version"]["id"].as_str().expect("a digest").to_owned()
}

#[test]
fn a_program_of_the_workspace_is_judged_goes_live_and_comes_back() {
    let world = program();
    let run = |words: &[&str], code: i32| -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let said = world.run_with(&words, &[("SECRET", "canary")]).ends(code);
        serde_json::from_str(&said.out).expect("a document")
    };
    let good = run(&["run", "--label", "good"], 0);
    assert_eq!(good["specs"][0]["version"]["grade"], "sealed");
    assert_eq!(good["egress"], serde_json::json!([]), "a program is no host");
    world.run(&["promote", "production", "--yes"]).ends(0);
    // Below `files` each component has a folder, or a file, of its name: this one is called `files` too.
    let files = world.root().join("live/current/files/files");
    assert_eq!(fs::read_to_string(files.join("bot.sh")).expect("the live program"), BOT);

    // Its rules are a part of it: another version, and a worse one.
    world.write("rules.txt", "No.\n");
    let bad = run(&["run", "--label", "bad"], 1);
    assert_ne!(version(&good), version(&bad));
    let refused = world.run(&["promote", "production", "--yes"]).ends(6);
    assert!(refused.err.contains("`main`"), "{}", refused.err);
    assert_eq!(fs::read_to_string(files.join("rules.txt")).expect("the live rules"), "You get a refund.\n");

    // What is asked again is what was sealed, not what lies in the workspace now.
    let again = run(&["run", "--version", "good", "--new-attempt"], 0);
    assert_eq!(version(&again), version(&good));
    assert!(again["calls"]["asked"].as_u64() > Some(0));

    let words = ["promote", "production", "--override", "a test", "--by", "Ada", "--yes"];
    world.run(&words).ends(0);
    assert_eq!(fs::read_to_string(files.join("rules.txt")).expect("the live rules"), "No.\n");
    world.run(&["rollback", "production", "--yes"]).ends(0);
    assert_eq!(fs::read_to_string(files.join("rules.txt")).expect("the live rules"), "You get a refund.\n");
    world.run(&["verify"]).ends(0);
}

#[test]
fn a_program_is_not_started_before_it_is_trusted() {
    let world = program();
    // It would leave a trace outside the folder that it is started in.
    let trace = world.home().join("trace");
    world.write("bot.sh", &format!("touch {}\n", trace.display()));
    world.run(&["trust", "--revoke"]).ends(0);
    let refused = world.run(&["run"]).ends(6);
    assert!(refused.err.contains("run `/bin/sh bot.sh`"), "{}", refused.err);
    for words in [&["check"][..], &["explain"], &["versions"], &["status"], &["doctor"], &["verify"]] {
        world.run(words).ends(0);
    }
    world.run(&["verdict"]).ends(4);
    assert!(!trace.exists(), "nothing of a folder that nobody trusts is started");
    world.run(&["run", "--trust"]).ends(1);
    assert!(trace.exists(), "and it would have left a trace");
}

#[test]
fn a_program_that_fails_is_the_agents_error_and_never_a_pass() {
    let world = program();
    world.write("bot.sh", "cat > /dev/null\necho half an answer\nexit 3\n");
    let refused = world.run(&["run"]).ends(6);
    assert!(refused.err.contains("+exit 3"), "it is another program than was trusted: {}", refused.err);
    let document = world.json(&["run", "--trust"], 1);
    let counts = &document["specs"][0]["counts"];
    assert!(counts["agent_errors"].as_u64() > Some(0), "{counts}");
    assert_eq!(counts["agent_errors"], counts["failed"], "{counts}");
    let told = |document: &Value| {
        let cases = document["specs"][0]["cases"].as_array().cloned().unwrap_or_default();
        let why = cases.iter().filter_map(|case| case["why"].as_str()).map(str::to_owned);
        why.collect::<Vec<_>>()
    };
    let why = told(&document);
    assert!(!why.is_empty() && why.iter().all(|why| why.starts_with("the agent erred: ")), "{document}");
    assert_eq!(told(&world.json(&["verdict"], 1)), why, "and it is known after the run");
}

#[test]
fn answers_of_another_version_than_was_asked_are_no_verdict_of_it() {
    let other = format!("sha256:{}", "5e".repeat(32));
    let agent = ScriptedAgent::start(Duration::ZERO, move |_| Answer::Of {
        version: other.clone(),
        text: "You get a refund.".to_owned(),
    });
    let world = World::of(&[("gatewright.yaml", &address(&agent.plain_url())), ("rules.md", "Be kind.\n")]);
    let said = world.run_with(&["run"], &[("BOT_KEY", "k")]).ends(4);
    assert!(said.out.contains("something else answered than the version"), "{said:?}");
    assert!(said.err.contains("it is 5e5e5e5e5e5e") || said.out.contains("it is 5e5e5e5e5e5e"), "{said:?}");
    let known = world.run(&["verdict"]).ends(4);
    assert!(known.out.contains("something else answered than the version"), "{known:?}");
}

#[test]
fn an_attempt_that_was_left_where_it_looked_bad_counts() {
    let shop = Shop::open();
    let left = shop.world.json(&["run", "--calls", "2"], 4);
    assert_eq!((&left["specs"][0]["attempt"], &left["specs"][0]["attempt_over"]), (&1.into(), &false.into()));
    let anew = shop.world.json(&["run", "--new-attempt"], 0);
    assert_eq!(anew["specs"][0]["attempt"], 2);
    assert_eq!(anew["specs"][0]["wrongly_passed_total"], 0.1);
    // One in which nothing was answered had no chance.
    shop.world.json(&["run", "--new-attempt", "--calls", "0"], 4);
    let anew = shop.world.json(&["run", "--new-attempt"], 0);
    assert_eq!(anew["specs"][0]["attempt"], 3);
}

fn address(url: &str) -> String {
    format!(
        "\
name: shop
agents:
  bot:
    type: http
    url: {url}
    prompt: file://rules.md
    body: {{ question: \"{{{{ input }}}}\", rules: \"{{{{ prompt }}}}\" }}
    text: $.answer.text
    auth: {{ bearer: env:BOT_KEY }}
environments:
  production: {{ agent: bot, deploy: {{ adapter: folder, path: live }}, requires: [main] }}
agent: bot
{CASES}"
    )
}

#[test]
fn an_address_with_a_json_of_its_own_is_judged_and_goes_live() {
    let agent = ScriptedAgent::start(Duration::ZERO, |question| {
        Answer::from(if question.system.contains("kind") { "You get a refund." } else { "No." })
    });
    let world = World::of(&[("gatewright.yaml", &address(&agent.plain_url())), ("rules.md", "Be kind.\n")]);
    let key = [("BOT_KEY", "sk-canary-7d1f")];
    let run = |code: i32| world.run_with(&["run", "--json"], &key).ends(code);

    let unnamed = world.run(&["run"]).ends(3);
    assert!(unnamed.err.contains("BOT_KEY"), "{}", unnamed.err);
    assert_eq!(agent.count(), 0);

    let good: Value = serde_json::from_str(&run(0).out).expect("a document");
    assert!(agent.asked().iter().all(|question| question.key == key[0].1 && question.system == "Be kind.\n"));
    assert!(agent.counts().contains_key("Good morning!"), "{:?}", agent.counts());
    world.run(&["promote", "production", "--yes"]).ends(0);
    world.write("rules.md", "Be brief.\n");
    let bad: Value = serde_json::from_str(&run(1).out).expect("a document");
    assert_ne!(version(&good), version(&bad));
    world.run(&["promote", "production", "--yes"]).ends(6);

    // The key was sent, and is kept nowhere.
    for entry in walkdir::WalkDir::new(world.root()) {
        let path = entry.expect("readable").into_path();
        if path.is_file() {
            let bytes = fs::read(&path).expect("bytes");
            let found = bytes.windows(key[0].1.len()).any(|part| part == key[0].1.as_bytes());
            assert!(!found, "{} holds the key", path.display());
        }
    }
}

#[test]
fn an_address_that_fails_now_and_then_is_asked_again_and_says_so() {
    let agent = ScriptedAgent::start(Duration::ZERO, {
        let first = std::sync::atomic::AtomicBool::new(true);
        move |_| match first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Answer::Status(503),
            false => Answer::from("You get a refund."),
        }
    });
    let world = World::of(&[("gatewright.yaml", &address(&agent.plain_url())), ("rules.md", "Be kind.\n")]);
    let said = world.run_with(&["run", "--json"], &[("BOT_KEY", "k")]).ends(0);
    let document: Value = serde_json::from_str(&said.out).expect("a document");
    assert_eq!(document["calls"]["retried"], 1);
    assert_eq!(document["specs"][0]["counts"]["failed"], 0, "trouble of the network is no failed case");
    let asked = document["calls"]["asked"].as_u64().expect("calls");
    assert_eq!(agent.count() as u64, asked + 1);
}
