//! Words of the command line, at their edges: names, places, budgets, and what a terminal must not be told.

use std::time::Duration;

use gatewright_tests::{
    agent::{Answer, ScriptedAgent},
    shop::{BAD, Shop},
    world::World,
};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn what_strangers_wrote_reaches_no_terminal_as_it_is() {
    let shop = Shop::open();
    shop.world.edit("gatewright.yaml", "name: late-parcel", "name: \"late\\e[2K\\rparcel\"");
    shop.world.write("prompt.md", BAD);
    let said = shop.world.run(&["run"]).ends(1);
    assert!(said.out.contains(r"late\u{1b}[2K\u{d}parcel"), "{}", said.out);
    let echoed = shop.world.run(&["plan", "a\u{1b}[2Kb"]).ends(2);
    assert!(echoed.err.contains(r"`a\u{1b}[2Kb`"), "{}", echoed.err);
    for said in [said, echoed, shop.world.run(&["\u{1b}[2K"]).ends(2)] {
        let moves = |letter: char| letter.is_control() && letter != '\n';
        assert!(!said.out.contains(moves) && !said.err.contains(moves), "{said:?}");
    }
}

#[test]
fn a_label_is_a_name_and_one_that_means_two_versions_names_both() {
    let shop = Shop::open();
    for label in ["", " ", "a\nb"] {
        shop.world.run(&["run", "--label", label]).ends(2);
    }
    shop.world.run(&["run", "--label", "good"]).ends(0);
    shop.world.run(&["run", "--label", ""]).ends(2);
    shop.world.run(&["show", "good"]).ends(0);
    shop.world.write("prompt.md", BAD);
    let bad = shop.world.json(&["run", "--label", "good"], 1);
    let id = bad["specs"][0]["version"]["id"].as_str().expect("a digest");
    let digits = &id["sha256:".len()..][..12];
    let said = shop.world.run(&["show", "good"]).ends(2);
    assert!(said.err.contains("`good` means 2 versions, ") && said.err.contains(digits), "{}", said.err);
    shop.world.run(&["show", digits]).ends(0);
}

#[test]
fn unknown_names_are_answered_with_those_that_there_are() {
    let shop = Shop::open();
    for words in [&["run", "mian"][..], &["verdict", "mian"], &["plan", "mian"]] {
        let said = shop.world.run(words).ends(2);
        assert!(said.err.contains("There are: main."), "{}", said.err);
    }
    for words in [&["promote", "prod", "--yes"][..], &["rollback", "prod", "--yes"]] {
        let said = shop.world.run(words).ends(2);
        assert!(said.err.contains("There are: production."), "{}", said.err);
    }
}

#[test]
fn a_budget_of_money_without_a_price_asks_for_a_budget_of_calls() {
    let shop = Shop::open();
    shop.world.run(&["run", "--cost", "1"]).ends(0);
    shop.world.edit("gatewright.yaml", "    price: { input: 1, output: 2, per: 1M }\n", "");
    let asked = shop.agent.count();
    let said = shop.world.run(&["run", "--cost", "1", "--new-attempt"]).ends(2);
    assert!(said.err.contains("--calls N"), "{}", said.err);
    assert_eq!(shop.agent.count(), asked);
    shop.world.run(&["run", "--cost", "1", "--calls", "100", "--new-attempt"]).ends(0);
}

#[test]
fn words_that_do_not_fit_are_a_document_too() {
    let world = World::empty();
    for words in [&["frobnicate"][..], &["run", "--calls", "many"], &[]] {
        let document = world.json(words, 2);
        assert_eq!((&document["format"], &document["code"]), (&1.into(), &"bad_arguments".into()));
    }
}

#[test]
fn a_workspace_is_made_below_the_folder_that_is_named_and_the_next_step_can_be_copied() {
    let world = World::empty();
    world.write("some where/keep", "");
    let said = world.run(&["-C", "some where", "init", "a shop's"]).ends(0);
    assert!(said.out.contains(r"cd 'some where/a shop'\''s' && gatewright run"), "{}", said.out);
    assert!(world.root().join("some where/a shop's/gatewright.yaml").is_file());
    world.run(&["-C", "some where", "init"]).ends(0);
    assert!(world.root().join("some where/gatewright.yaml").is_file());
}

#[test]
fn an_interrupt_while_another_run_is_waited_for_ends_with_130() {
    let agent = ScriptedAgent::start(Duration::from_millis(50), |_| Answer::from("You get a refund."));
    let workspace = format!(
        "agent: {}\ncases:\n  - {{ input: My parcel is late., expect: refund }}\ngate: 90%\n",
        agent.url()
    );
    let world = World::of(&[("gatewright.yaml", &workspace)]);
    let mut first = world.start(&["run"]);
    agent.until_asked(1);
    let waiting =
        world.command(&["run"]).env("GATEWRIGHT_LOG", "info").stderr(std::process::Stdio::piped()).spawn();
    let mut waiting = waiting.expect("it starts");
    let mut told = std::io::BufReader::new(waiting.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("waiting for it") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut told, &mut line).expect("a line"), 0, "it did not wait");
    }
    let id = i32::try_from(waiting.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(id, Signal::INT).expect("it runs");
    assert_eq!(waiting.wait().expect("it ends").code(), Some(130));
    assert!(first.wait().expect("it ends").success());
}

#[test]
fn times_are_those_of_the_clock_on_the_wall_and_documents_keep_to_utc() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    let seen = |zone: &str| shop.world.run_with(&["versions"], &[("TZ", zone)]).ends(0).out;
    assert!(seen("UTC0").contains(" UTC  ") && seen("ABC-3").contains(" ABC  "), "{}", seen("ABC-3"));
    let document = shop.world.json(&["versions"], 0);
    assert!(document["versions"][0]["seen"].as_str().is_some_and(|seen| seen.ends_with('Z')), "{document}");
}
