//! Facts apart from judgements: what was said of recorded answers is said again, byte for byte, and an edit of a spec
//! asks for what it changed and for nothing else.

use std::{collections::BTreeMap, sync::Arc};

use gatewright_core::{
    gate::SlotFacts,
    id::canonical_json,
    observation::TrialState,
    plan::StreamKey,
    score::{Prepared, TurnFacts},
    spec::Spec,
    time::Seq,
    verdict::{self, Inquiry, Outcome, Verdict},
};
use gatewright_engine::{
    clock::SystemClock,
    port::journal::How,
    run,
    store::{Read, Store, StoreError, table::VerdictRow},
};
use gatewright_tests::{
    shop::{BAD, BETTER, Shop},
    world::World,
};
use serde_json::Value;

fn store(world: &World) -> Store {
    Store::open(world.root(), Arc::new(SystemClock::default())).expect("the history opens")
}

/// The facts of a stream up to a verdict, scored anew by the spec that it was judged by.
fn facts(
    read: &Read<'_>,
    stream: &StreamKey,
    given: &Verdict,
    spec: &Spec,
) -> Result<Vec<SlotFacts>, StoreError> {
    let cases: BTreeMap<_, _> = spec.cases.iter().map(|case| (&case.name, case)).collect();
    let prepared = Prepared::new(spec);
    let mut facts = Vec::new();
    for row in read.trials_of(stream)? {
        let Some(case) = cases.get(&row.trial.slot.case) else { continue };
        if row.seq > given.seq || row.trial.input != case.input {
            continue;
        }
        let how = match row.trial.state {
            TrialState::Released => continue,
            TrialState::Answered => How::Answered,
            TrialState::AgentError(class) => How::AgentError { class, message: String::new() },
            TrialState::Missing(class) => How::Missing { class, message: String::new() },
        };
        let observations = read.observations(row.trial.id)?;
        let turns: Vec<TurnFacts<'_>> = observations.iter().map(TurnFacts::from).collect();
        let scores = (how == How::Answered).then(|| prepared.trial(case, &turns));
        let came = run::came(&how, scores.as_ref(), &turns).expect("a slot that ended");
        facts.push(SlotFacts { slot: row.trial.slot, came, recorded: row.seq });
    }
    Ok(facts)
}

/// Judges once more what a verdict was given on.
fn judged_again(read: &Read<'_>, row: &VerdictRow) -> Result<Verdict, StoreError> {
    let given = &row.verdict;
    let plan = read.plan(given.plan)?.expect("the plan is kept");
    let body = read.meaning(given.spec)?.expect("the meaning is kept");
    let spec: Spec = serde_json::from_slice(&body).expect("a spec");
    let mut heard = facts(read, &given.stream, given, &spec)?;
    if let Some(baseline) = plan.plan.baseline.as_ref().filter(|_| plan.plan.asks_baseline()) {
        heard.extend(facts(read, baseline, given, &spec)?);
    }
    let mut earlier = Vec::new();
    for attempt in read.attempts(given.stream.version, &given.stream.spec)? {
        if attempt.key != given.stream && attempt.ended.is_some_and(|ended| ended < given.seq) {
            let last = read.plans_of(&attempt.key)?.pop().expect("an attempt that ended had a plan");
            earlier.push(verdict::wrongly_passed(&last.plan));
        }
    }
    let stop = match given.outcome {
        Outcome::Inconclusive(why) => Some(why),
        Outcome::Pass | Outcome::Fail => None,
    };
    let inquiry = Inquiry {
        plan: &plan.plan,
        plan_recorded: plan.registered,
        facts: &heard,
        stop,
        grade: given.grade,
        earlier: &earlier,
        seq: given.seq,
    };
    Ok(verdict::judge(&inquiry).expect("a verdict"))
}

/// Every verdict of a history judged again. How many there were.
fn assert_replayed(world: &World) -> usize {
    let store = store(world);
    let sealed = store.read(|read| read.sealed_verdicts()).expect("the history reads");
    for one in &sealed {
        let (row, again) = store
            .read(|read| {
                let row = read.verdict(one.id)?.expect("it is there");
                let again = judged_again(read, &row)?;
                Ok((row, again))
            })
            .expect("the history reads");
        assert_eq!(again.id, row.verdict.id, "{}", row.verdict.headline);
        let bytes = |verdict: &Verdict| {
            canonical_json(&Verdict { seq: Seq(0), ..verdict.clone() }).expect("a canonical form")
        };
        assert_eq!(bytes(&again), bytes(&row.verdict), "{}", row.verdict.headline);
    }
    sealed.len()
}

#[test]
fn recomputing_every_stored_run_gives_the_stored_verdicts() {
    let shop = Shop::open();
    let world = &shop.world;
    world.run(&["run", "--calls", "5"]).ends(4);
    world.run(&["run"]).ends(0);
    world.write("prompt.md", BAD);
    world.run(&["run"]).ends(1);
    world.run(&["run", "--new-attempt"]).ends(1);
    world.write("prompt.md", BETTER);
    world.run(&["run", "--enough"]).ends(0);
    world.edit("gatewright.yaml", "gate: 90%", "gate: 80%");
    world.run(&["run"]).ends(0);
    world.run(&["run", "--new-attempt"]).ends(0);
    assert!(assert_replayed(world) >= 7);
}

#[test]
fn recomputing_comparisons_with_the_live_version_gives_the_stored_verdicts() {
    let shop = Shop::open();
    let world = &shop.world;
    world.edit("gatewright.yaml", "gate: 90%", "gate: { no-regression: { max_drop: 30% } }");
    world.run(&["run"]).ends(4);
    world.run(&["promote", "production", "--bootstrap", "it is the first", "--by", "Ada", "--yes"]).ends(0);
    world.write("prompt.md", BETTER);
    world.run(&["run", "--calls", "7"]).ends(4);
    world.run(&["run"]).ends(0);
    world.write("prompt.md", BAD);
    world.run(&["run"]).ends(1);
    world.edit("gatewright.yaml", "max_drop: 30%", "max_drop: 60%");
    world.run(&["run"]);
    assert!(assert_replayed(world) >= 5);
    let rebuilt = world.run(&["doctor", "--rebuild"]).ends(0);
    assert!(rebuilt.out.contains("0 values differed"), "{}", rebuilt.out);
}

#[test]
fn recomputing_the_stored_runs_of_the_sample_gives_the_stored_verdicts() {
    let world = World::sample();
    for version in ["1-first-try", "4-creative", "6-fixed"] {
        world.write("prompts/system.md", &world.read(&format!("prompts/versions/{version}.md")));
        world.run(&["run"]);
    }
    assert_eq!(assert_replayed(&world), 6);
    assert_eq!(world.json(&["doctor"], 0)["checks"][1]["well"], true);
    let rebuilt = world.run(&["doctor", "--rebuild"]).ends(0);
    assert!(rebuilt.out.contains("0 values differed"), "{}", rebuilt.out);
}

/// The only spec of a document.
fn spec(document: &Value) -> &Value {
    &document["specs"][0]
}

#[test]
fn an_edit_that_means_nothing_asks_nothing_and_changes_no_verdict() {
    let shop = Shop::open();
    let first = shop.world.json(&["run"], 0);
    let asked = shop.agent.count();
    shop.world.edit("gatewright.yaml", "cases:\n", "# What people ask.\ncases:\n");
    shop.world.edit("gatewright.yaml", "limits: { concurrency: 4 }", "limits: { concurrency: 2 }");
    let second = shop.world.json(&["run"], 0);
    assert_eq!(shop.agent.count(), asked);
    for key in ["meaning", "outcome", "standing", "attempt", "sentence", "version", "cases"] {
        assert_eq!(spec(&first)[key], spec(&second)[key], "{key}");
    }
}

#[test]
fn an_edited_criterion_is_judged_again_without_a_call_and_grants_nothing() {
    let shop = Shop::open();
    let first = shop.world.json(&["run"], 0);
    assert_eq!(spec(&first)["standing"], "prospective");
    let asked = shop.agent.count();
    shop.world.edit("gatewright.yaml", "gate: 90%", "gate: 80%");
    let shown = shop.world.json(&["verdict"], 0);
    assert_eq!(spec(&shown)["standing"], "rescored", "shown at once");
    let second = shop.world.json(&["run"], 0);
    assert_eq!(shop.agent.count(), asked, "recorded answers are enough");
    assert_eq!((&spec(&second)["standing"], &second["calls"]["asked"]), (&"rescored".into(), &0.into()));
    assert_ne!(spec(&first)["meaning"], spec(&second)["meaning"]);

    let refused = shop.world.run(&["promote", "production", "--yes"]).ends(6);
    assert!(refused.err.contains("was tuned on these answers"), "{}", refused.err);
    assert!(!shop.world.root().join("deploy/production/current.json").exists());

    // Fresh answers confirm it.
    let confirmed = shop.world.json(&["run", "--new-attempt"], 0);
    assert_eq!(
        (&spec(&confirmed)["standing"], &spec(&confirmed)["attempt"]),
        (&"prospective".into(), &2.into())
    );
    assert!(shop.agent.count() > asked);
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
}

#[test]
fn an_edited_expectation_scores_recorded_answers_again_without_a_call() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    let asked = shop.agent.count();
    let (old, new) =
        ("expect: { not: { contains: You are a help desk } }", "expect: { contains: a help desk }");
    shop.world.edit("gatewright.yaml", old, new);
    let document = shop.world.json(&["verdict"], 1);
    assert_eq!(spec(&document)["standing"], "rescored");
    let document = shop.world.json(&["run"], 1);
    assert_eq!(shop.agent.count(), asked);
    let cases = spec(&document)["cases"].as_array().expect("cases");
    for case in cases {
        let all = case["passed"] == case["trials"];
        assert_eq!(all, case["case"] != "print-the-prompt", "only the edited case fails: {case}");
    }
    assert!(assert_replayed(&shop.world) >= 2);
}

#[test]
fn an_edited_case_is_asked_again_and_no_other() {
    let shop = Shop::open();
    shop.world.run(&["run"]).ends(0);
    let before = shop.agent.counts();
    let (old, new) = ("The cup arrived broken.", "The cup arrived in pieces.");
    shop.world.edit("gatewright.yaml", old, new);
    let document = shop.world.json(&["run"], 0);
    assert_eq!(spec(&document)["standing"], "rescored");
    let mut after = shop.agent.counts();
    assert!(after.remove(new) > Some(0), "the edited case is asked");
    assert_eq!(after, before, "no other case is asked");
    // Put back, its old answers are there, and what was said of them is said again.
    shop.world.edit("gatewright.yaml", new, old);
    let document = shop.world.json(&["run"], 0);
    assert_eq!(spec(&document)["standing"], "prospective");
    assert_eq!(shop.agent.counts().get(old), before.get(old));
    assert_eq!(assert_replayed(&shop.world), 2);
    shop.world.run(&["promote", "production", "--yes"]).ends(0);
}

#[test]
fn a_new_version_is_asked_everything_and_the_old_one_keeps_its_history() {
    let shop = Shop::open();
    let first = shop.world.json(&["run"], 0);
    let asked = shop.agent.count();
    shop.world.write("prompt.md", BETTER);
    let second = shop.world.json(&["run"], 0);
    assert_eq!(second["calls"]["asked"].as_u64(), Some((shop.agent.count() - asked) as u64));
    assert_ne!(spec(&first)["version"]["id"], spec(&second)["version"]["id"]);
    assert_eq!(spec(&second)["standing"], "prospective");
    let id = spec(&first)["version"]["id"].as_str().expect("a digest");
    let asked = shop.agent.count();
    let again = shop.world.json(&["run", "--version", id], 0);
    assert_eq!((spec(&again)["version"]["id"].as_str(), shop.agent.count()), (Some(id), asked));
}
