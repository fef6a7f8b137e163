//! Comparisons with what is live: the first version has none, a better one passes, a worse one is blocked, and a verdict
//! against a version that is live no longer grants nothing.

use gatewright_tests::{
    agent::{Answer, ScriptedAgent},
    shop::{BAD, BETTER, GOOD, Shop},
    world::World,
};
use serde_json::Value;

const GATE: &str = "gate: { no-regression: { metric: pass_rate, max_drop: 30%, against: live } }";
/// One more prompt whose agent passes every case.
const BRIEF: &str = "You are a help desk. Offer refunds in one line.\n";

/// A shop whose gate compares, with its first version live.
fn shop() -> Shop {
    let shop = Shop::open();
    shop.world.edit("gatewright.yaml", "gate: 90%", GATE);
    let first = shop.world.json(&["run"], 4);
    assert!(sentence(&first).contains("there is no live version to compare with"), "{first}");
    assert_eq!(first["specs"][0]["baseline"], Value::Null);
    let refused = shop.world.run(&["promote", "production", "--yes"]).ends(6);
    assert!(refused.err.contains("does not say pass"), "{}", refused.err);
    bootstrap(&shop.world);
    shop
}

fn bootstrap(world: &World) {
    let words = ["promote", "production", "--bootstrap", "it is the first", "--by", "Ada", "--yes"];
    world.run(&words).ends(0);
}

fn sentence(document: &Value) -> &str {
    document["specs"][0]["sentence"].as_str().expect("a sentence")
}

fn version(document: &Value) -> &Value {
    &document["specs"][0]["version"]["id"]
}

fn live(world: &World) -> Value {
    world.json(&["status"], 0)["environments"][0]["live"]["version"].clone()
}

#[test]
fn a_version_as_good_as_the_live_one_passes_and_both_are_asked_in_step() {
    let shop = shop();
    let first = live(&shop.world);
    let before = shop.agent.count();
    shop.world.write("prompt.md", BETTER);
    let document = shop.world.json(&["run"], 0);
    assert_eq!(
        (&document["specs"][0]["baseline"], &document["specs"][0]["standing"]),
        (&first, &"prospective".into())
    );
    assert!(sentence(&document).contains("0 better and 0 worse than the live version"), "{document}");
    let one = &document["specs"][0]["criteria"][0];
    assert_eq!((&one["rule"], &one["value"]), (&"max_drop".into(), &"0.000000000".into()));
    assert_eq!(one["standard_error"], "0.000000000");
    let low: f64 = one["low"].as_str().expect("a bound").parse().expect("a number");
    assert!((-0.3..0.0).contains(&low), "{one}");
    // As often with the sealed prompt of the live version as with the new one; a call may be under way at the end.
    let asked: Vec<String> =
        shop.agent.asked().into_iter().skip(before).map(|question| question.system).collect();
    let with = |prompt: &str| asked.iter().filter(|system| system.trim() == prompt.trim()).count();
    assert_eq!(with(BETTER) + with(GOOD), asked.len());
    let pairs = usize::try_from(one["heard"].as_u64().expect("pairs")).expect("a count");
    assert!(with(BETTER) >= pairs && with(GOOD) >= pairs && asked.len() <= 2 * pairs + 4, "{one}");
    assert_eq!(document["calls"]["asked"], asked.len());

    // Asking again asks nothing, also once it is live itself: then it stays compared with what was live before.
    let again = shop.world.json(&["run"], 0);
    assert_eq!((&again["calls"]["asked"], sentence(&again)), (&0.into(), sentence(&document)));
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
    assert_eq!(&live(&shop.world), version(&document));
    let known = shop.world.json(&["verdict"], 0);
    assert_eq!(known["specs"][0]["baseline"], first);
    assert_eq!(known["specs"][0]["standing"], "prospective");
    assert_eq!(shop.world.json(&["verify"], 0)["holds"], true);
}

#[test]
fn a_version_worse_than_the_live_one_is_blocked() {
    let shop = shop();
    shop.world.write("prompt.md", BAD);
    let document = shop.world.json(&["run"], 1);
    assert!(sentence(&document).starts_with("Blocked: of "), "{document}");
    assert_eq!(document["specs"][0]["criteria"][0]["outcome"], "not_met");
    shop.world.run(&["promote", "production", "--yes"]).ends(6);
}

#[test]
fn a_run_that_is_cut_off_goes_on_with_the_pairs_that_it_has() {
    let shop = shop();
    shop.world.write("prompt.md", BETTER);
    let cut = shop.world.json(&["run", "--calls", "9"], 4);
    assert!(cut["calls"]["asked"].as_u64() <= Some(9), "{cut}");
    let before = shop.agent.count();
    let whole = shop.world.json(&["run"], 0);
    let one = &whole["specs"][0];
    assert_eq!((&one["standing"], &one["attempt"]), (&"prospective".into(), &1.into()));
    let pairs = usize::try_from(one["criteria"][0]["heard"].as_u64().expect("pairs")).expect("a count");
    assert!(shop.agent.count() - before < 2 * pairs, "what was answered is not asked again");
}

#[test]
fn a_verdict_against_a_version_that_is_live_no_longer_grants_nothing() {
    let shop = shop();
    shop.world.write("prompt.md", BETTER);
    let better = shop.world.json(&["run"], 0);
    shop.world.write("prompt.md", BRIEF);
    shop.world.run(&["run"]).ends(0);
    let better = version(&better).as_str().expect("a digest").to_owned();
    shop.world.run(&["promote", "production", &better, "--yes"]).ends(0);

    let refused = shop.world.run(&["promote", "production", "--yes"]).ends(6);
    assert!(refused.err.contains("compared this version with one that is no longer live"), "{}", refused.err);
    let again = shop.world.json(&["run"], 0);
    assert_eq!(again["specs"][0]["standing"], "rescored", "its own answers were there before");
    let fresh = shop.world.json(&["run", "--new-attempt"], 0);
    assert_eq!(
        (&fresh["specs"][0]["baseline"], &fresh["specs"][0]["standing"]),
        (&better.into(), &"prospective".into())
    );
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
}

/// The agent has its own prompt at its address: the live version cannot be asked there, and no environment says where
/// else it answers.
#[test]
fn a_live_version_that_cannot_be_asked_stands_for_its_record() {
    let agent = ScriptedAgent::start(std::time::Duration::ZERO, |_| Answer::from("You get a refund."));
    let workspace = format!(
        "agents:
  desk: {{ type: openai-chat, url: {}, model: scripted-1, identity: {{ files: [bot.txt] }} }}
environments:
  production: {{ agent: desk, deploy: {{ adapter: folder, path: deploy/production }} }}
agent: desk
cases:
  - {{ input: The cup arrived broken., expect: refund }}
  - {{ input: Where is my money?, expect: refund }}
{GATE}
",
        agent.url()
    );
    let world = World::of(&[("gatewright.yaml", &workspace), ("bot.txt", "1")]);
    world.json(&["run"], 4);
    bootstrap(&world);
    let first = live(&world);
    world.write("bot.txt", "2");
    let document = world.json(&["run"], 0);
    assert_eq!(document["specs"][0]["baseline"], first);
    assert!(
        sentence(&document).contains("its recorded mean of 100 %, whose own error is not covered"),
        "{document}"
    );
    let one = &document["specs"][0]["criteria"][0];
    assert_eq!((&one["target"], &one["floor"]), (&0.99.into(), &0.7.into()));
    assert_eq!(one["standard_error"], Value::Null);
}
