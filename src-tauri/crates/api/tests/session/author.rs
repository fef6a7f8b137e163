//! What an author asks before it costs anything: a plan, a self-test and a back-test, command by command.

use gatewright_api::{
    command::Commands as _,
    dto::{
        BacktestArgs, BacktestChange, BacktestView, Event, Happened, Mark, Outcome, PlanArgs, RateOf,
        SelfTestArgs, SelfTestRef, SelfTestState,
    },
    error::Code,
};
use tokio::sync::broadcast::Receiver;

use crate::{
    agent::Agent,
    world::{World, until},
};

const GOOD: &str = "Offer a REFUND.\nBe kind.\n";
const BAD: &str = "Offer nothing.\nBe kind.\n";

fn spec() -> String {
    "refunds".to_owned()
}

/// The saved spec with something else in one place of it.
fn edited(world: &World, from: &str, to: &str) -> String {
    let text = world.read("specs/refunds.yaml");
    assert!(text.contains(from), "{text}");
    text.replace(from, to)
}

/// Waits until a self-test has ended, or until it is under way.
async fn until_moved(events: &mut Receiver<Event>, selftest: &str, over: bool) {
    let moved = |what: &Happened| matches!(what, Happened::SelftestMoved { selftest: one, ended } if one == selftest && *ended == over);
    until(events, moved).await;
}

/// Begins a self-test.
async fn begin(world: &World, text: Option<String>, assumed: bool) -> SelfTestState {
    let args = SelfTestArgs { spec: spec(), text, assumed };
    world.session.selftest_start(args).await.expect("begun")
}

/// Carries one out to its end.
async fn selftest(world: &World, text: Option<String>, assumed: bool) -> SelfTestState {
    let mut events = world.session.subscribe();
    let SelfTestState { selftest, .. } = begin(world, text, assumed).await;
    until_moved(&mut events, &selftest, true).await;
    world.session.selftest_state(SelfTestRef { selftest }).await.expect("a state")
}

async fn backtest(world: &World, text: Option<String>) -> BacktestView {
    world.session.backtest(BacktestArgs { spec: spec(), text }).await.expect("an answer")
}

/// A version's name, what was said of it then, what is said now, and how the two differ.
type Said<'a> = (&'a str, Option<Outcome>, Option<Outcome>, BacktestChange);

fn said(view: &BacktestView) -> Vec<Said<'_>> {
    let rows = view.rows.iter();
    rows.map(|row| {
        let name = row.version.label.as_deref().unwrap_or_default();
        (name, row.then.as_ref().map(|then| then.outcome), row.now, row.change)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_test_of_a_gate_ends_with_its_rates() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    world.open_trusted().await;

    // Nothing is recorded yet: the shape of the versions is assumed, and that is said.
    let state = selftest(&world, None, false).await;
    let view = state.view.expect("it found something");
    assert!(view.assumed);
    assert!(view.source.starts_with("Nothing recorded to make versions of (no answer"), "{}", view.source);
    assert_eq!(agent.asked(), 0);

    world.run().await;
    let asked = agent.asked();
    let state = selftest(&world, None, false).await;
    assert_eq!((state.spec, state.ended, state.missing), (spec(), true, None));
    assert!(state.total > 0 && state.done == state.total, "{} of {}", state.done, state.total);
    let view = state.view.expect("it found something");
    assert_eq!(agent.asked(), asked, "nobody was asked for that");
    assert!(!view.assumed);
    assert!(view.source.contains("recorded answers of v1, the newest accepted version"), "{}", view.source);

    // Both declared rates of the gate and of its one criterion, each measured within what it declares.
    let gate: Vec<_> = view.rates.iter().filter(|rate| rate.criterion.is_none()).collect();
    assert_eq!(
        gate.iter().map(|rate| rate.of).collect::<Vec<_>>(),
        [RateOf::WronglyBlocked, RateOf::WronglyPassed]
    );
    for rate in &view.rates {
        assert_eq!(
            (rate.versions, rate.declared, rate.mark),
            (view.versions, Some(0.05), Mark::Pass),
            "{}",
            rate.text
        );
        assert!(rate.low <= 0.05 && rate.low <= rate.measured && rate.measured <= rate.high, "{}", rate.text);
        assert!(
            (rate.measured - f64::from(rate.found) / f64::from(rate.versions)).abs() < 1e-9,
            "{}",
            rate.text
        );
        assert!(rate.text.ends_with("declared: at most 5"), "{}", rate.text);
    }

    // The good kind first, then mutants; of each as many versions as were announced.
    assert_eq!(state.total as usize, view.kinds.len() * view.versions as usize);
    let (good, mutants) = view.kinds.split_first().expect("kinds");
    assert!(good.good && good.kind == "good" && mutants.len() >= 3);
    assert!(
        good.passed > mutants[0].passed,
        "{} good ones pass, {} at the floor",
        good.passed,
        mutants[0].passed
    );
    for kind in &view.kinds {
        assert_eq!(kind.passed + kind.failed + kind.undecided, view.versions, "{}", kind.label);
        assert!(kind.asked_mean >= 2.0 && kind.heard_mean >= 2.0, "every case is asked once");
    }
    for unseen in &view.unseen {
        let place = unseen.place.as_ref().expect("a place in the spec");
        assert_eq!((place.file.as_str(), unseen.advice.is_empty()), ("specs/refunds.yaml", false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_test_is_stopped_and_gives_way_to_the_next() {
    let world = World::new("http://127.0.0.1:9/v1", GOOD);
    world.open_trusted().await;
    let session = &world.session;
    let mut events = session.subscribe();
    // Thousands of versions are asked dozens of calls each.
    let long = || Some(edited(&world, "target: 95%, floor: 50%", "target: 95%, floor: 80%"));
    let first = begin(&world, long(), true).await;
    assert_eq!((first.ended, first.view.is_none()), (false, true));
    until_moved(&mut events, &first.selftest, false).await;
    let of = |state: &SelfTestState| SelfTestRef { selftest: state.selftest.clone() };
    let under_way = session.selftest_state(of(&first)).await.expect("a state");
    assert!(under_way.done > 0 && under_way.done < under_way.total && !under_way.ended, "{under_way:?}");

    session.selftest_cancel(of(&first)).await.expect("asked to stop");
    until_moved(&mut events, &first.selftest, true).await;
    let stopped = session.selftest_state(of(&first)).await.expect("a state");
    assert_eq!((stopped.ended, stopped.missing.as_deref(), stopped.view), (true, Some("stopped"), None));
    assert!(stopped.done < stopped.total);

    // Each takes the place of the one before.
    let second = begin(&world, long(), true).await;
    assert_eq!(session.selftest_state(of(&first)).await.expect_err("gone").code, Code::NotFound);
    until_moved(&mut events, &second.selftest, false).await;
    let broken = Some(edited(&world, "metric: pass_rate", "metric: pas_rate"));
    let third = begin(&world, broken, true).await;
    assert_eq!(session.selftest_cancel(of(&second)).await.expect_err("gone").code, Code::NotFound);
    until_moved(&mut events, &third.selftest, true).await;
    let third = session.selftest_state(of(&third)).await.expect("a state");
    assert_eq!((third.total, third.view), (0, None), "a file with mistakes has no gate to test");
    let why = third.missing.unwrap_or_default();
    assert!(why.starts_with("1 error in the workspace's files"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_back_test_says_what_the_present_gate_would_have_said() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    world.open_trusted().await;
    let view = backtest(&world, None).await;
    assert_eq!((view.rows.len(), view.headline.as_str()), (0, "No version was asked by this spec yet."));

    world.run().await;
    world.write("prompt.md", BAD);
    world.run().await;
    let asked = agent.asked();
    let view = backtest(&world, None).await;
    assert_eq!((view.missing.as_deref(), view.more), (None, 0));
    let (pass, fail) = (Some(Outcome::Pass), Some(Outcome::Fail));
    let same = BacktestChange::Same;
    assert_eq!(said(&view), [("v2", fail, fail, same), ("v1", pass, pass, same)]);
    assert_eq!(view.headline, "2 versions: none judged otherwise than then.");
    assert!(view.rows.iter().all(|row| row.heard <= row.recorded && row.heard <= row.heard_max));

    // Another wish, not saved: what passed would not, and the other way round.
    let other = edited(&world, "contains: refund", "contains: problem")
        .replace("(?i)your problem", "never said")
        .replace("floor: 50%", "floor: 5%");
    let view = backtest(&world, Some(other)).await;
    let swapped = [("v2", fail, pass, BacktestChange::Looser), ("v1", pass, fail, BacktestChange::Stricter)];
    assert_eq!(said(&view), swapped);
    assert_eq!(
        view.headline,
        "2 versions: 1 passed then and would not now, 1 would pass now and did not then."
    );
    assert_eq!(view.rows[1].mark, Mark::Fail);

    // A gate that wants more answers than are recorded says so, of the version that it cannot judge.
    let closer = edited(&world, "target: 95%, floor: 50%", "target: 95%, floor: 85%");
    let takes =
        world.session.plan(PlanArgs { spec: spec(), text: Some(closer.clone()) }).await.expect("a plan");
    let view = backtest(&world, Some(closer)).await;
    let v1 = &view.rows[1];
    assert_eq!((v1.now, v1.change, v1.mark), (None, BacktestChange::NotEnough, Mark::Unknown));
    assert_eq!(v1.recorded, v1.heard, "all that is recorded was heard");
    assert_eq!(u64::from(v1.heard_max), takes.totals[3].calls, "as the plan says");
    assert_eq!(
        v1.text,
        format!(
            "Not enough recorded: {} of at most {} answers that the gate may want were heard.",
            v1.heard, v1.heard_max
        )
    );
    assert!(view.headline.ends_with("without enough recorded to say."), "{}", view.headline);

    // New questions were never answered.
    let anew = edited(&world, "My parcel is", "Our parcel is").replace("The shoes", "My shoes");
    let view = backtest(&world, Some(anew)).await;
    assert_eq!(view.headline, "2 versions: 2 without enough recorded to say.");
    assert!(view.rows.iter().all(|row| row.text == "Not enough recorded: no answer to the present cases."));

    let view = backtest(&world, Some("name: refunds\ncases: 3\n".to_owned())).await;
    assert!(view.rows.is_empty() && view.missing.is_some_and(|why| why.contains("in the workspace's files")));
    assert_eq!(agent.asked(), asked, "nobody was asked for any of it");
    assert!(world.read("specs/refunds.yaml").contains("floor: 50%"), "and nothing was saved");
}
