//! Comparisons with the live version: both sides asked in step on virtual time, or its recorded mean.

use gatewright_core::{
    gate::{self, Baseline, Came, ComparedBy, Outcome, SlotFacts, Why, outlook, outlook_against},
    plan::{Boundary, Plan, Side, Slot},
    spec::{Ask, Criterion, Metric, Spec},
    time::Seq,
    verdict::{Standing, Verdict},
};
use gatewright_stat::interval::clopper_pearson;
use proptest::prelude::*;

use crate::{
    kit::{self, case, cases, criterion, drop, drop_of, graded, missing, never, rate, spec, unit},
    world::{Answers as _, Both, Drive, PLAN_RECORDED, World, asked_beyond_reach, bytes, run, verdict},
};

/// A gate that compares all cases, those with a tag, and a scorer along for the ride, beside criteria that do not.
fn mixed(count: usize, ask: Ask) -> Spec {
    let mut suite = cases(count);
    suite.push(case("!critical", &["money"]));
    suite.push(case("money", &["money"]));
    let along = drop_of(Metric::Graded("polite".into()), 30.0, 40);
    let gate = vec![
        criterion("quality", rate(85.0, 60.0)),
        criterion("no-regression", drop(30.0, 50)),
        criterion("critical", never(30.0)),
        Criterion { only: ["money".into()].into(), ..criterion("money", drop(40.0, 30)) },
        Criterion { blocking: false, ..criterion("polite", along) },
    ];
    Spec { ask, ..spec(suite, gate) }
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![Just(Ask::EveryCaseOnce), Just(Ask::Enough)]
}

fn both(seed: u64, right: f64, live: f64, lost: f64, delays: u64) -> Both {
    let world = World {
        seed,
        right,
        lost,
        lost_if_failed: 2.0 * lost,
        errs: 0.1,
        slow_failures: 300,
        delays,
        ..World::CALM
    };
    Both { candidate: world, live: World { seed: seed ^ 1, right: live, lost, delays: delays ^ 2, ..world } }
}

/// Both sides pass everything.
const PERFECT: Both = Both { candidate: World::CALM, live: World::CALM };

/// With answers lost, "as good or better" may stand excluded on the way to *pass* alone, before the first decision.
#[test]
fn a_path_that_will_be_closed_at_the_first_decision_asks_for_nothing_beyond_it() {
    let plan = kit::plan_beside(&mixed(7, Ask::EveryCaseOnce), 18_199_672_838_011_847_728);
    let both = both(18_199_672_838_011_847_728, 0.6, 0.6, 0.087_869_155_042_078_57, 0);
    assert_eq!(asked_beyond_reach(&plan, &both, &PERFECT, 13), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pairs_in_any_order_late_or_after_kills_give_the_same_verdict(
        seed: u64, delays: u64, right in 0.5_f64..=1.0, live in 0.5_f64..=1.0, lost in 0.0_f64..0.1,
        count in 0_usize..8, concurrency in 1_u32..40, killed in prop::option::of(4_u64..30), ask in asks(),
    ) {
        let plan = kit::plan_beside(&mixed(count, ask), seed);
        let world = both(seed, right, live, lost, delays);
        let serial = run(&plan, &world, &Drive::SERIAL, &[]);
        let expected = verdict(&plan, &serial.facts, serial.stop);
        let drive = Drive { concurrency, killed_every: killed, ..Drive::SERIAL };
        let other = run(&plan, &world, &drive, &[]);
        let found = verdict(&plan, &other.facts, other.stop);
        prop_assert_eq!(bytes(&found), bytes(&expected));
        prop_assert!(other.in_flight_most <= concurrency as usize);
        prop_assert_eq!(serial.stop, None);
        prop_assert_eq!(found.standing, Standing::Prospective);
        prop_assert_eq!(found.baseline, plan.baseline.map(|live| live.version));
    }

    #[test]
    fn of_no_pair_is_asked_what_is_not_within_reach(
        seed: u64, right in 0.6_f64..=1.0, live in 0.6_f64..=1.0, lost in 0.0_f64..0.1, count in 1_usize..8,
        ask in asks(), heard in 0_usize..60,
    ) {
        let plan = kit::plan_beside(&mixed(count, ask), seed);
        prop_assert_eq!(asked_beyond_reach(&plan, &both(seed, right, live, lost, 0), &PERFECT, heard), []);
    }

    #[test]
    fn a_comparison_is_not_turned_by_what_is_lost(
        seed: u64, right in 0.5_f64..=1.0, live in 0.5_f64..=1.0, holes in 0.0_f64..0.3, count in 1_usize..10,
    ) {
        let plan = kit::plan_beside(&spec(cases(count), vec![criterion("drop", drop(15.0, 200))]), seed);
        let answer = |lost| {
            let mut world = both(seed, right, live, lost, 0);
            world.candidate.errs = 0.0;
            world.live.errs = 0.0;
            run(&plan, &world, &Drive::SERIAL, &[]).seen.hearing().answer()
        };
        match (answer(0.0), answer(holes)) {
            (Some(Outcome::Fail), holed) => prop_assert_ne!(holed, Some(Outcome::Pass)),
            (Some(Outcome::Pass), holed) => prop_assert_ne!(holed, Some(Outcome::Fail)),
            _ => {}
        }
    }

    /// What is shown is what was excluded, and each side of a pair is counted once.
    #[test]
    fn the_difference_that_is_shown_agrees_with_the_verdict(
        seed: u64, right in 0.4_f64..=1.0, live in 0.4_f64..=1.0, lost in 0.0_f64..0.1, count in 2_usize..10,
        margin in 5.0_f64..40.0,
    ) {
        let rule = drop_of(Metric::Graded("polite".into()), margin, 150);
        let plan = kit::plan_beside(&spec(cases(count), vec![criterion("drop", rule)]), seed);
        let ran = run(&plan, &both(seed, right, live, lost, 0), &Drive::SERIAL, &[]);
        let found = verdict(&plan, &ran.facts, ran.stop);
        let one = &found.criteria[0];
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let (low, high) = (number(&one.shown.low), number(&one.shown.high));
        prop_assert!((-1.0..=1.0).contains(&low) && low <= high && high <= 1.0);
        match one.outcome {
            Outcome::Pass => prop_assert!(low >= -unit(margin).as_f64()),
            Outcome::Fail => prop_assert!(high <= 0.0),
            Outcome::Inconclusive(_) => {}
        }
        prop_assert!(number(&one.shown.value) >= -1.0 && number(&one.shown.error) >= 0.0);
        let counts = (found.counts.heard(), found.baseline_counts.map(|counts| counts.heard()));
        prop_assert_eq!(counts, (one.at, Some(one.at)));
        prop_assert_eq!(found.heard(), 2 * one.at);
        prop_assert_eq!(found.cases.iter().map(|case| case.trials).sum::<u32>(), one.at);
    }
}

const VERSIONS: u32 = 2_000;
/// A sound test fails by chance less than once in 10,000 times.
const CONFIDENCE: f64 = 0.9999;

/// How many of [`VERSIONS`] candidates pass, and how many fail. What a gate says depends on nothing but the answers in
/// the order of their stream, so only that is computed.
fn ends(spec: &Spec, world: Both, in_step: bool) -> (u32, u32) {
    let plan = Plan { window_max: 32, ..kit::plan_beside(spec, 0) };
    let (mut passed, mut failed) = (0, 0);
    for seed in 0..u64::from(VERSIONS) {
        let plan = Plan { stream: kit::stream(seed), baseline: Some(kit::live(seed)), ..plan.clone() };
        // In step both have the same luck: they differ on no more cases than they must.
        let other = if in_step { seed } else { seed + u64::from(VERSIONS) };
        let world =
            Both { candidate: World { seed, ..world.candidate }, live: World { seed: other, ..world.live } };
        let mut hearing = gate::Hearing::new(&plan).expect("the plan is sound");
        while let Some(slot) = hearing.wanted() {
            hearing.hear(&world.came(&slot), false);
        }
        passed += u32::from(hearing.answer() == Some(Outcome::Pass));
        failed += u32::from(hearing.answer() == Some(Outcome::Fail));
    }
    (passed, failed)
}

fn keeps(found: u32) -> bool {
    clopper_pearson(found, VERSIONS, CONFIDENCE).low <= 0.05
}

#[test]
fn a_version_worse_by_the_margin_passes_no_more_often_than_declared() {
    let spec = spec(cases(5), vec![criterion("drop", drop(30.0, 111))]);
    let world = |right| World { right, errs: 0.1, ..World::CALM };
    for (lost_if_failed, in_step) in [(0.0, false), (0.0, true), (0.9, false)] {
        let candidate = World { lost_if_failed, ..world(0.6) };
        let (passed, failed) = ends(&spec, Both { candidate, live: world(0.9) }, in_step);
        assert!(keeps(passed), "{passed} of {VERSIONS} pass, {lost_if_failed} of failures lost");
        assert!(lost_if_failed > 0.0 || failed > VERSIONS * 8 / 10, "{failed} of {VERSIONS} fail");
    }
}

#[test]
fn a_version_as_good_as_the_live_one_is_blocked_no_more_often_than_declared() {
    let spec = spec(cases(5), vec![criterion("drop", drop(30.0, 111))]);
    let world = World { right: 0.8, errs: 0.1, ..World::CALM };
    for lost in [0.0, 0.2] {
        let candidate = World { lost, lost_if_failed: lost, ..world };
        let live = World { lost_if_failed: lost, ..world };
        let (passed, failed) = ends(&spec, Both { candidate, live }, false);
        assert!(keeps(failed), "{failed} of {VERSIONS} fail, {lost} lost");
        assert!(lost > 0.0 || passed > VERSIONS * 8 / 10, "{passed} of {VERSIONS} pass");
    }
}

#[test]
fn the_live_version_is_asked_for_comparisons_alone_and_no_longer_than_they_need() {
    let tagged = Criterion { only: ["money".into()].into(), ..criterion("money", drop(50.0, 60)) };
    let mut suite = cases(5);
    suite.push(case("money", &["money"]));
    let gate = vec![criterion("quality", rate(90.0, 70.0)), tagged];
    let plan = kit::plan_beside(&spec(suite, gate), 7);
    let ran = run(&plan, &PERFECT, &Drive::SERIAL, &[]);
    let live: Vec<&Slot> =
        ran.facts.iter().map(|facts| &facts.slot).filter(|slot| slot.side == Side::Baseline).collect();
    assert!(live.iter().all(|slot| slot.case.as_str() == "money"), "{live:?}");
    let found = verdict(&plan, &ran.facts, None);
    assert_eq!((found.outcome, live.len()), (Outcome::Pass, found.criteria[1].at as usize));
    assert!(found.counts.heard() > found.criteria[1].at);
}

/// The candidate fails at once, so the rest of its first round is asked, and the live version is not.
#[test]
fn a_gate_that_is_decided_asks_the_live_version_no_more() {
    let mut suite = cases(6);
    suite.push(case("!critical", &[]));
    let gate = vec![criterion("critical", never(20.0)), criterion("drop", drop(20.0, 165))];
    let plan = kit::plan_beside(&spec(suite, gate), 3);
    let world = Both { candidate: World { right: 0.0, ..World::CALM }, live: World::CALM };
    let ran = run(&plan, &world, &Drive::SERIAL, &[]);
    let found = verdict(&plan, &ran.facts, ran.stop);
    assert_eq!((found.outcome, found.counts.heard()), (Outcome::Fail, 7));
    let asked = found.baseline_counts.expect("it was asked").heard();
    assert_eq!(found.criteria[1].outcome, Outcome::Inconclusive(Why::GateDecided));
    assert!(asked < 7 && asked == found.criteria[1].at, "{asked}");
}

#[test]
fn without_a_live_version_the_gate_is_undecided_unless_something_else_fails() {
    let gate = vec![criterion("quality", rate(90.0, 60.0)), criterion("drop", drop(10.0, 165))];
    let spec = spec(cases(6), gate);
    let plan = kit::plan(&spec, 1);
    assert_eq!((plan.baseline.as_ref(), plan.criteria[1].compares()), (None, true));
    let said = |right| {
        let world = World { right, ..World::CALM };
        let ran = run(&plan, &world, &Drive::SERIAL, &[]);
        assert!(ran.facts.iter().all(|facts| facts.slot.side == Side::Candidate));
        verdict(&plan, &ran.facts, ran.stop)
    };
    let good = said(1.0);
    assert_eq!(good.outcome, Outcome::Inconclusive(Why::NoBaseline), "{}", good.headline);
    assert_eq!((good.criteria[0].outcome, good.baseline), (Outcome::Pass, None));
    assert!(!good.outcome.ends_attempt(), "nothing was tried in vain");
    assert_eq!(said(0.0).outcome, Outcome::Fail);
}

/// First rounds of a live version: of each case, how many of its answers passed, and how many there are.
fn first_rounds(passed: &[(u32, u32)]) -> Baseline {
    let rounds = passed.iter().enumerate().flat_map(|(number, &(passed, all))| {
        (0..all).map(move |place| kit::facts(&format!("case-{number}"), 0, kit::answer(Some(place < passed))))
    });
    Baseline::Recorded { stream: kit::stream(99), first_rounds: rounds.collect() }
}

#[test]
fn where_the_live_version_cannot_be_asked_its_recorded_mean_sets_the_levels() {
    let spec = spec(cases(10), vec![criterion("drop", drop(20.0, 165))]);
    // 1, 1, 1, 1, 1, 1, 1, 1, ½, ½: the mean of the cases, not of the answers.
    let record =
        first_rounds(&[(1, 1), (2, 2), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 2), (1, 2)]);
    let plan = gate::plan_against(&spec, kit::stream(1), &record).expect("a plan");
    let planned = &plan.criteria[0];
    let (target, floor, _) = planned.levels().expect("levels");
    assert_eq!((target, floor), (unit(90.0), unit(70.0)));
    assert_eq!(planned.recorded.as_ref().map(|recorded| recorded.trials), Some(13));
    assert!(matches!(planned.boundary, Boundary::Corridor { .. }));
    assert_eq!(plan.baseline, Some(kit::stream(99)));
    let exact = gate::Certificate::of(planned).expect("a certificate");
    assert!(exact.keeps(&planned.rule), "{exact:?}");
    let ran = run(&plan, &World::CALM, &Drive::SERIAL, &[]);
    assert!(
        ran.facts.iter().all(|facts| facts.slot.side == Side::Candidate),
        "the live version is not asked"
    );
    let found = verdict(&plan, &ran.facts, None);
    assert_eq!((found.outcome, found.baseline), (Outcome::Pass, Some(kit::stream(99).version)));
    assert_eq!(found.baseline_counts, None);
    assert!(found.headline.contains("whose own error is not covered"), "{}", found.headline);
}

#[test]
fn a_record_of_some_cases_compares_those_and_one_of_none_nothing() {
    let spec = spec(cases(4), vec![criterion("drop", drop(30.0, 165))]);
    let some = gate::plan_against(&spec, kit::stream(1), &first_rounds(&[(1, 1), (1, 1)])).expect("a plan");
    let names: Vec<&str> = some.criteria[0].cases.iter().map(|case| case.as_str()).collect();
    assert_eq!(names, ["case-0", "case-1"]);
    // All passed: 99 % is what can be shown.
    assert_eq!(some.criteria[0].levels().map(|levels| levels.0), Some(unit(99.0)));
    let none = gate::plan_against(&spec, kit::stream(1), &first_rounds(&[])).expect("a plan");
    let ran = run(&none, &World::CALM, &Drive::SERIAL, &[]);
    assert_eq!(verdict(&none, &ran.facts, None).outcome, Outcome::Inconclusive(Why::NoBaseline));
}

#[test]
fn a_recorded_mean_no_larger_than_the_margin_is_refused() {
    let spec = spec(cases(2), vec![criterion("drop", drop(50.0, 165))]);
    let refused = |baseline: &Baseline| {
        gate::plan_against(&spec, kit::stream(1), baseline).expect_err("no plan").to_string()
    };
    let mut half = vec![refused(&first_rounds(&[(1, 1), (0, 1)]))];
    let Baseline::Recorded { stream, mut first_rounds } = first_rounds(&[(1, 1), (1, 1)]) else { return };
    first_rounds[1].came = missing();
    half.push(refused(&Baseline::Recorded { stream, first_rounds }));
    insta::assert_snapshot!(half.join("\n"));
}

/// What is missing of a record moves both levels away from each other's good side.
#[test]
fn what_is_missing_of_a_record_is_taken_against_both_promises() {
    let spec = spec(cases(10), vec![criterion("drop", drop(40.0, 165))]);
    let Baseline::Recorded { stream, mut first_rounds } = first_rounds(&[(1, 1); 10]) else { return };
    first_rounds[3].came = missing();
    let plan = gate::plan_against(&spec, kit::stream(1), &Baseline::Recorded { stream, first_rounds });
    let (target, floor, _) = plan.expect("a plan").criteria[0].levels().expect("levels");
    assert_eq!((target, floor), (unit(90.0), unit(60.0)));
}

#[test]
fn answers_of_either_side_from_before_the_plan_make_it_rescored() {
    let plan = kit::plan_beside(&spec(cases(3), vec![criterion("drop", drop(40.0, 60))]), 5);
    let world = PERFECT;
    let mut facts = run(&plan, &world, &Drive::SERIAL, &[]).facts;
    assert_eq!(verdict(&plan, &facts, None).standing, Standing::Prospective);
    let live =
        facts.iter().position(|facts| facts.slot.side == Side::Baseline).expect("one of the live version");
    facts[live].recorded = Seq(PLAN_RECORDED.0 - 1);
    let found = verdict(&plan, &facts, None);
    assert_eq!((found.standing, found.criteria[0].counts.reused), (Standing::Rescored, 1));
}

#[test]
fn a_plan_says_what_a_comparison_costs_both_sides() {
    let spec = spec(cases(10), vec![criterion("drop", drop(20.0, 165))]);
    let told = outlook(&spec, None).expect("a plan");
    let asked = |world: &Both| {
        let drive = Drive { concurrency: 16, ..Drive::SERIAL };
        u32::try_from(run(&kit::plan_beside(&spec, 1), world, &drive, &[]).asked).expect("a count")
    };
    let same = PERFECT;
    assert_eq!((told.calls.if_none_fails, told.calls.at_most), (asked(&same), 330));
    let one = &told.criteria[0];
    assert_eq!(2 * one.if_none_fails, told.calls.if_none_fails);
    let ComparedBy::Pairs { undecided: Some((none, dropped)), .. } =
        one.comparison.as_ref().expect("it compares").by
    else {
        panic!("both sides are asked")
    };
    assert!(none < 0.1 && dropped < 0.1, "{none} {dropped}");
    // One that does not block compares throughout the first round.
    let along = Criterion { blocking: false, ..criterion("along", drop(20.0, 165)) };
    let spec = kit::spec(cases(10), vec![criterion("quality", rate(90.0, 60.0)), along]);
    let told = outlook(&spec, None).expect("a plan");
    let ran = run(&kit::plan_beside(&spec, 1), &same, &Drive::SERIAL, &[]);
    // All but the last: with the tenth answer of the candidate the gate is decided.
    assert_eq!((told.calls.if_none_fails, ran.asked), (20, 19));
}

/// A live version's or a candidate's answers, by place.
fn scripted(plan: &Plan, came: impl Fn(Side, usize) -> Came) -> Verdict {
    let mut hearing = gate::Hearing::new(plan).expect("the plan is sound");
    let mut facts: Vec<SlotFacts> = Vec::new();
    while let Some(slot) = hearing.wanted() {
        let came = came(slot.side, facts.len() / 2);
        hearing.hear(&came, false);
        facts.push(SlotFacts { slot, came, recorded: Seq(10 + facts.len() as u64) });
    }
    verdict(plan, &facts, None)
}

/// What an author reads, and what a verdict says.
#[test]
fn a_comparison_is_told_in_words() {
    let spec = |max| spec(cases(24), vec![criterion("no-regression", drop(10.0, max))]);
    let both = kit::spec(
        cases(24),
        vec![criterion("quality", rate(90.0, 80.0)), criterion("no-regression", drop(10.0, 651))],
    );
    let record = first_rounds(&[(1, 1); 24]);
    let mut lines = Vec::new();
    for outlook in [
        outlook(&spec(651), None),
        outlook(&both, None),
        outlook(&spec(4_000), None),
        outlook_against(&spec(651), None, &record),
        outlook_against(&both, None, &Baseline::Nothing),
    ] {
        lines.extend(outlook.expect("a plan").sentences);
    }
    let plan = kit::plan_beside(&spec(651), 1);
    let passed = |passed| graded(passed, None);
    lines.push(scripted(&plan, |side, place| passed(side == Side::Baseline || place % 20 != 1)).headline);
    lines.push(scripted(&plan, |side, place| passed(side == Side::Candidate || place % 20 != 1)).headline);
    lines.push(scripted(&plan, |side, place| passed(side == Side::Baseline || place % 3 == 0)).headline);
    lines.push(scripted(&plan, |_, place| if place == 4 { missing() } else { passed(true) }).headline);
    lines.push(
        scripted(
            &plan,
            |side, place| if side == Side::Baseline && place < 8 { missing() } else { passed(true) },
        )
        .headline,
    );
    let short = kit::plan_beside(&spec(30), 1);
    lines.push(scripted(&short, |side, place| passed(side == Side::Baseline || place % 20 != 1)).headline);
    let recorded = gate::plan_against(&spec(651), kit::stream(1), &record).expect("a plan");
    let judged = |right| {
        let ran = run(&recorded, &World { right, ..World::CALM }, &Drive::SERIAL, &[]);
        verdict(&recorded, &ran.facts, None).headline
    };
    lines.extend([judged(1.0), judged(0.5)]);
    insta::assert_snapshot!(lines.join("\n"));
}
