//! Verdicts: what counts as a pass, what never does, and how it is said.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use gatewright_core::{
    gate::{Came, Measures, Outcome, SlotFacts, Why},
    observation::ErrorClass,
    plan::{Boundary, Plan},
    spec::{Ask, Criterion, Measure, Metric, Quarantine, Rule, Spec, Unit},
    time::{Day, Seq},
    verdict::{Inquiry, Standing, Verdict, complete_rounds, judge},
    version::Grade,
};
use proptest::prelude::*;

use crate::{
    kit::{self, answer, case, cases, criterion, facts, missing, never, rate, risk, spec, unit},
    world::PLAN_RECORDED,
};

/// An inquiry about facts, as a run that was not stopped makes it.
fn inquiry<'a>(plan: &'a Plan, facts: &'a [SlotFacts]) -> Inquiry<'a> {
    Inquiry {
        plan,
        plan_recorded: PLAN_RECORDED,
        facts,
        stop: None,
        grade: Grade::Sent,
        earlier: &[],
        seq: Seq(99),
    }
}

fn judged(inquiry: Inquiry<'_>) -> Verdict {
    judge(&inquiry).expect("the plan is sound")
}

/// So many rounds of every case, where `came` says what came of the nth trial of the stream.
fn told(plan: &Plan, rounds: u32, came: impl Fn(usize) -> Came) -> Vec<SlotFacts> {
    let mut hearing = gatewright_core::gate::Hearing::new(plan).expect("the plan is sound");
    let mut found = Vec::new();
    while let Some(slot) = hearing.wanted().filter(|slot| slot.round < rounds) {
        let came = came(found.len());
        hearing.hear(&came, false);
        found.push(SlotFacts { slot, came, recorded: Seq(10) });
    }
    found
}

/// One case, one rate: 90 % against 70 % takes 62 calls at most, and 11 without a failure.
fn pooled() -> Plan {
    kit::plan(&spec(cases(1), vec![criterion("quality", rate(90.0, 70.0))]), 1)
}

/// A pass with the first `failed` of the stream failing, then all passing.
fn failing_first(failed: usize) -> impl Fn(usize) -> Came {
    move |place| answer(Some(place >= failed))
}

/// Answers that come as close to *not met* as they can until one is left, and then the last.
fn to_the_last(plan: &Plan, last: bool) -> Vec<bool> {
    let Boundary::Corridor { fail_at_failures_ge, .. } = &plan.criteria[0].boundary else {
        panic!("a rate has a corridor")
    };
    let calls = fail_at_failures_ge.len() - 1;
    let mut failed = 0;
    let mut answers: Vec<bool> = (1..calls)
        .map(|call| {
            let passes = failed + 1 >= fail_at_failures_ge[call];
            failed += i32::from(!passes);
            passes
        })
        .collect();
    answers.push(last);
    answers
}

#[test]
fn a_rate_is_met_up_to_its_last_failure_and_not_beyond() {
    let plan = pooled();
    for (failed, outcome, at) in
        [(0, Outcome::Pass, 11), (1, Outcome::Pass, 19), (2, Outcome::Pass, 25), (3, Outcome::Fail, 3)]
    {
        let found = judged(inquiry(&plan, &told(&plan, 100, failing_first(failed))));
        assert_eq!((found.outcome, found.criteria[0].at), (outcome, at), "{failed} failed");
        assert_eq!(found.heard_max, 62);
        assert_eq!(found.saved(), 62 - at);
    }
    for (last, outcome, failed) in [(true, Outcome::Pass, 11), (false, Outcome::Fail, 12)] {
        let answers = to_the_last(&plan, last);
        let found = judged(inquiry(&plan, &told(&plan, 100, |place| answer(Some(answers[place])))));
        assert_eq!((found.outcome, found.criteria[0].at), (outcome, 62));
        assert_eq!(found.criteria[0].counts.failed, failed);
    }
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_bound_never_disagrees_with_its_verdict(
        levels in prop::sample::select(vec![(90.0, 70.0), (80.0, 60.0), (95.0, 85.0)]),
        blocked in prop::sample::select(vec![1.25, 5.0]), count in 1_usize..40,
        answers in prop::collection::vec((0.0_f64..1.0, 0.0_f64..1.0), 600),
        right in 0.4_f64..1.0, lost in prop::sample::select(vec![0.0, 0.02, 0.2]), rounds in 1_u32..100,
    ) {
        let (target, floor) = levels;
        let risk = risk(blocked, 5.0);
        let rule = Rule::Rate { of: Metric::PassRate, target: unit(target), floor: unit(floor), risk };
        let plan = kit::plan(&spec(cases(count), vec![criterion("quality", rule)]), 1);
        let came = |place: usize| {
            let (passes, comes) = answers[place];
            if comes < lost { missing() } else { answer(Some(passes < right)) }
        };
        let found = judged(inquiry(&plan, &told(&plan, rounds, came)));
        let shown = &found.criteria[0].shown;
        let (low, high) = (number(&shown.low), number(&shown.high));
        prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high), "{shown:?}");
        match found.outcome {
            Outcome::Pass => prop_assert!(low >= floor / 100.0, "{shown:?}"),
            Outcome::Fail => prop_assert!(high <= target / 100.0, "{shown:?}"),
            Outcome::Inconclusive(why) => prop_assert!(matches!(why, Why::Missing | Why::NotAsked)),
        }
        let cut = found.outcome == Outcome::Inconclusive(Why::NotAsked);
        prop_assert_eq!(shown.bound.as_str(), if cut { "confidence sequence" } else { "stage-wise" });
        if lost == 0.0 {
            let value = number(&shown.value);
            prop_assert!(low <= value && value <= high, "{shown:?}");
        }
    }
}

#[test]
fn the_bound_of_a_test_that_ended_is_what_its_recursion_says() {
    let plan = pooled();
    let shown = |came: &dyn Fn(usize) -> Came| {
        judged(inquiry(&plan, &told(&plan, 100, came))).criteria[0].shown.clone()
    };
    // Nobody passes before 11 passed in a row: the level at which that has a probability of 5 %.
    let perfect = shown(&failing_first(0));
    assert!((number(&perfect.low) - 0.05_f64.powf(1.0 / 11.0)).abs() < 1e-9, "{perfect:?}");
    assert_eq!((perfect.high.as_str(), perfect.method.as_str()), ("1.000000000", "corridor 1"));
    // Three failed in a row, the worst that there is: the level at which that has a probability of 5 %.
    let dead = shown(&failing_first(3));
    assert_eq!(dead.low, "0.000000000");
    assert!((number(&dead.high) - (1.0 - 0.05_f64.cbrt())).abs() < 1e-9, "{dead:?}");
    // What is missing is failed for the one bound and passed for the other, each where its own test ended.
    let holed = shown(&|place| if place < 3 { missing() } else { answer(Some(true)) });
    assert_eq!((holed.low.as_str(), holed.high.as_str()), ("0.000000000", "1.000000000"));
}

#[test]
fn a_missing_answer_counts_against_both_sides() {
    let plan = pooled();
    // 2 failures at once pass later on and 3 fail: with one missing beside 2 nobody can tell.
    for (failed, lost, outcome) in [
        (1, 1, Outcome::Pass),
        (2, 1, Outcome::Inconclusive(Why::Missing)),
        (3, 1, Outcome::Fail),
        (0, 2, Outcome::Pass),
        (0, 3, Outcome::Inconclusive(Why::Missing)),
        (0, 62, Outcome::Inconclusive(Why::Missing)),
    ] {
        let came = |place| if place < lost { missing() } else { answer(Some(place >= lost + failed)) };
        let found = judged(inquiry(&plan, &told(&plan, 100, came)));
        assert_eq!(found.outcome, outcome, "{failed} failed, {lost} lost");
        assert_eq!(found.counts.missing as usize, lost.min(found.heard() as usize));
    }
}

#[test]
fn a_scorer_that_could_not_judge_is_never_a_pass() {
    let plan = pooled();
    let found = judged(inquiry(&plan, &told(&plan, 100, |_| answer(None))));
    assert_eq!(found.outcome, Outcome::Inconclusive(Why::Missing));
    // Passed 11 times it would be met, failed 3 times not: after 11 nothing can tell.
    assert_eq!((found.counts.not_judged, found.counts.missing, found.counts.scored), (11, 0, 0));
}

#[test]
fn an_unknown_cost_leaves_a_cost_criterion_undecided() {
    let of = Metric::Within { of: Measure::CostMicros, at_most: 20_000 };
    let rule = Rule::Rate { of, target: unit(95.0), floor: unit(70.0), risk: risk(5.0, 5.0) };
    let plan = kit::plan(&spec(cases(1), vec![criterion("cheap", rule)]), 1);
    let found = judged(inquiry(&plan, &told(&plan, 100, |_| answer(Some(true)))));
    assert_eq!(found.outcome, Outcome::Inconclusive(Why::Missing));
    assert!(found.headline.contains("the cost of"), "{}", found.headline);
}

#[test]
fn never_bears_missing_answers_for_a_price_and_no_failure() {
    let plan = kit::plan(&spec(vec![case("!a", &[])], vec![criterion("critical", never(20.0))]), 1);
    for (lost, outcome, at) in [
        (0, Outcome::Pass, 14),
        (1, Outcome::Pass, 32),
        (2, Outcome::Pass, 43),
        (3, Outcome::Pass, 50),
        (4, Outcome::Inconclusive(Why::Missing), 14),
    ] {
        let found = judged(inquiry(
            &plan,
            &told(&plan, 100, |place| if place < lost { missing() } else { answer(Some(true)) }),
        ));
        assert_eq!((found.outcome, found.criteria[0].at), (outcome, at), "{lost} lost");
    }
    for failure in [0, 5, 13] {
        let found = judged(inquiry(&plan, &told(&plan, 100, |place| answer(Some(place != failure)))));
        assert_eq!((found.outcome, found.criteria[0].at as usize), (Outcome::Fail, failure + 1));
    }
    // A failure is a failure, also where a missing answer made the test longer.
    let found = judged(inquiry(
        &plan,
        &told(&plan, 100, |place| match place {
            2 => missing(),
            20 => Came::AgentError(ErrorClass("deadline".to_owned())),
            _ => answer(Some(true)),
        }),
    ));
    assert_eq!((found.outcome, found.criteria[0].at), (Outcome::Fail, 21));
    assert_eq!(found.criteria[0].counts.agent_errors, 1);
}

#[test]
fn a_plain_threshold_hears_its_rounds_to_the_end() {
    let rounds = NonZeroU32::new(2).expect("not 0");
    let rule = Rule::Plain { of: Metric::PassRate, target: unit(75.0), rounds };
    let plan = kit::plan(&spec(cases(4), vec![criterion("quality", rule)]), 1);
    for (failed, lost, outcome) in [
        (0, 0, Outcome::Pass),
        (2, 0, Outcome::Pass),
        (3, 0, Outcome::Fail),
        (8, 0, Outcome::Fail),
        (1, 1, Outcome::Pass),
        (2, 1, Outcome::Inconclusive(Why::Missing)),
        (3, 5, Outcome::Fail),
    ] {
        let came = |place| if place < lost { missing() } else { answer(Some(place >= lost + failed)) };
        let found = judged(inquiry(&plan, &told(&plan, 100, came)));
        assert_eq!((found.outcome, found.heard()), (outcome, 8), "{failed} failed, {lost} lost");
        assert_eq!(found.wrongly_passed_total, Unit::ONE);
    }
}

#[test]
fn nothing_is_never_a_pass() {
    let outcome = |spec: &Spec, rounds| {
        let plan = kit::plan(spec, 1);
        judged(inquiry(&plan, &told(&plan, rounds, failing_first(0)))).outcome
    };
    let quality = || criterion("quality", rate(90.0, 70.0));
    let along = Criterion { blocking: false, ..quality() };
    let untagged = Criterion { only: ["money".into()].into(), ..quality() };
    let nothing = Outcome::Inconclusive(Why::NothingToJudge);
    assert_eq!(outcome(&spec(vec![], vec![quality()]), 100), nothing);
    assert_eq!(outcome(&spec(cases(3), vec![]), 100), nothing);
    assert_eq!(outcome(&spec(cases(3), vec![along]), 100), nothing);
    assert_eq!(outcome(&spec(cases(3), vec![quality(), untagged]), 100), nothing);
    assert_eq!(outcome(&spec(cases(3), vec![quality(), criterion("critical", never(20.0))]), 100), nothing);
    assert_eq!(outcome(&spec(cases(3), vec![quality()]), 0), Outcome::Inconclusive(Why::NotAsked));
}

#[test]
fn no_reason_to_stop_makes_a_pass() {
    let plan = pooled();
    let facts = told(&plan, 8, failing_first(0));
    for why in [Why::BudgetEnded, Why::Cancelled, Why::Unreachable, Why::Underfunded, Why::NoBaseline] {
        let found = judged(Inquiry { stop: Some(why), ..inquiry(&plan, &facts) });
        assert_eq!(found.outcome, Outcome::Inconclusive(why));
        assert_eq!(found.criteria[0].outcome, Outcome::Inconclusive(why));
        assert!(!found.outcome.ends_attempt());
    }
}

#[test]
fn what_is_decided_stays_decided_but_for_a_changed_identity() {
    let plan = pooled();
    for (failed, outcome) in [(0, Outcome::Pass), (9, Outcome::Fail)] {
        let facts = told(&plan, 100, failing_first(failed));
        let found = judged(Inquiry { stop: Some(Why::Cancelled), ..inquiry(&plan, &facts) });
        assert_eq!(found.outcome, outcome);
        let voided = judged(Inquiry { stop: Some(Why::IdentityChanged), ..inquiry(&plan, &facts) });
        let changed = Outcome::Inconclusive(Why::IdentityChanged);
        assert_eq!((voided.outcome, voided.criteria[0].outcome), (changed, changed));
        assert!(voided.outcome.ends_attempt());
    }
}

#[test]
fn a_pass_of_what_was_heard_so_far_is_none_before_the_first_round_is_over() {
    let only = |tag: &str| Criterion { only: [tag.into()].into(), ..criterion(tag, rate(90.0, 20.0)) };
    let mut suite = vec![case("a", &["a"])];
    suite.extend(cases(10));
    let plan = kit::plan(&spec(suite, vec![only("a")]), 1);
    let whole = told(&plan, 100, failing_first(0));
    assert_eq!(judged(inquiry(&plan, &whole)).outcome, Outcome::Pass);
    // Every case is asked once, though only one is heard.
    assert_eq!(judged(inquiry(&plan, &whole)).cases_heard(), 11);
    let part: Vec<_> = whole[..5].to_vec();
    assert!(matches!(judged(inquiry(&plan, &part)).outcome, Outcome::Inconclusive(Why::NotAsked)));
}

#[test]
fn a_verdict_is_prospective_only_if_its_plan_came_before_every_answer_that_it_counts() {
    let plan = pooled();
    let mut facts = told(&plan, 100, failing_first(0));
    assert_eq!(judged(inquiry(&plan, &facts)).standing, Standing::Prospective);
    facts[7].recorded = Seq(PLAN_RECORDED.0 - 1);
    let found = judged(inquiry(&plan, &facts));
    assert_eq!((found.standing, found.counts.reused), (Standing::Rescored, 1));
    assert!(found.headline.contains("Rescored"), "{}", found.headline);
    // One beyond the decision does not count, whenever it came.
    let mut facts = told(&plan, 100, failing_first(0));
    let beyond = facts.len() as u32;
    facts.push(SlotFacts { recorded: Seq(1), ..kit::facts("case-0", beyond, missing()) });
    assert_eq!(judged(inquiry(&plan, &facts)).standing, Standing::Prospective);
}

#[test]
fn attempts_add_up_to_certainty_and_no_further() {
    let plan = pooled();
    let facts = told(&plan, 100, failing_first(0));
    let after = |earlier: &[Unit]| judged(Inquiry { earlier, ..inquiry(&plan, &facts) });
    let second = after(&[unit(5.0)]);
    assert_eq!((second.attempts, second.wrongly_passed_total), (2, unit(10.0)));
    assert!(
        second
            .headline
            .contains("Attempt 2: a bad version passes one of them at most 10 times in 100, not 5.")
    );
    assert_eq!(after(&[unit(5.0); 30]).wrongly_passed_total, Unit::ONE);
    assert_ne!(second.id, after(&[]).id);
}

#[test]
fn cases_are_tallied_over_what_was_heard() {
    let mut suite = cases(3);
    suite[1].trials = NonZeroU32::new(2).expect("not 0");
    let plan = kit::plan(&spec(suite, vec![criterion("quality", rate(90.0, 40.0))]), 1);
    let facts: Vec<_> = told(&plan, 100, failing_first(0))
        .into_iter()
        .map(|told| match (told.slot.case.as_str(), told.slot.round) {
            ("case-0", 0) => SlotFacts { came: answer(Some(false)), ..told },
            ("case-2", 1) => SlotFacts { came: missing(), ..told },
            _ => told,
        })
        .collect();
    let found = judged(inquiry(&plan, &facts));
    let rows: Vec<_> = found.cases.iter().map(|one| (one.trials, one.passed, one.missing)).collect();
    assert_eq!(rows[0].0 - rows[0].1, 1);
    assert_eq!((rows[2].2, rows[0].2), (1, 0));
    assert_eq!(rows.iter().map(|row| row.0).sum::<u32>(), found.heard());
}

#[test]
fn the_identity_of_a_verdict_is_what_was_decided_on_which_facts() {
    let plan = pooled();
    let facts = told(&plan, 100, failing_first(1));
    let found = judged(inquiry(&plan, &facts));
    assert_eq!(Ok(found.id), found.digest());
    let later = judged(Inquiry { seq: Seq(100), ..inquiry(&plan, &facts) });
    assert_eq!(later.id, found.id);
    let mut slower = facts.clone();
    let measures = Measures { latency_ms: Some(u64::MAX), ..Measures::default() };
    slower[3].came = Came::Answer { passed: Some(true), scores: BTreeMap::new(), measures };
    let other = judged(inquiry(&plan, &slower));
    assert_eq!(other.outcome, found.outcome);
    assert_ne!((other.facts, other.id), (found.facts, found.id));
    let text = serde_json::to_string(&found).expect("plain");
    assert_eq!(serde_json::from_str::<Verdict>(&text).expect("a verdict"), found);
}

/// Answers that took these milliseconds.
fn timed(ms: impl Fn(usize) -> u64) -> impl Fn(usize) -> Came {
    move |place| Came::Answer {
        passed: Some(true),
        scores: BTreeMap::new(),
        measures: Measures { latency_ms: Some(ms(place)), ..Measures::default() },
    }
}

#[test]
fn a_percentile_is_shown_between_two_measurements_where_it_is_measurable() {
    let of = Metric::Within { of: Measure::LatencyMs, at_most: 2_000 };
    let rule = Rule::Rate { of, target: unit(95.0), floor: unit(85.0), risk: risk(5.0, 5.0) };
    let plan = kit::plan(&spec(cases(5), vec![criterion("fast", rule)]), 1);
    // Three slow ones make the test long enough for a percentile to be measured.
    let ms = |place: usize| if [10, 20, 30].contains(&place) { 3_000 } else { 100 + place as u64 };
    let found = judged(inquiry(&plan, &told(&plan, 100, timed(ms))));
    let shown = &found.criteria[0].shown;
    let heard = found.heard();
    assert!(heard >= 59, "{heard}");
    let mut sorted: Vec<_> = (0..heard as usize).map(ms).collect();
    sorted.sort_unstable();
    let at = |rank: u32| sorted[rank as usize - 1].to_string();
    assert_eq!(shown.value, at((95 * heard).div_ceil(100)));
    let ranks = gatewright_stat::quantile::ranks(heard, 0.95, 0.9);
    assert_eq!((Some(shown.low.clone()), Some(shown.high.clone())), (ranks.low.map(at), ranks.high.map(at)));
    assert_eq!(
        (shown.bound.as_str(), shown.method.as_str()),
        ("order-statistic for a fixed number of calls", "corridor 1")
    );
    let few = judged(inquiry(&plan, &told(&plan, 10, timed(|_| 100))));
    assert_eq!((few.criteria[0].shown.high.as_str(), few.criteria[0].shown.value.as_str()), ("", "100"));
}

/// Every sentence that a verdict may say, of one gate each.
#[test]
fn verdicts_speak_in_the_words_of_the_house() {
    let pooled = pooled();
    let critical =
        kit::plan(&spec(vec![case("!late-parcel", &[])], vec![criterion("critical", never(20.0))]), 1);
    let rounds = NonZeroU32::MIN;
    let plain = Rule::Plain { of: Metric::PassRate, target: unit(75.0), rounds };
    let plain = kit::plan(&spec(cases(4), vec![criterion("quality", plain)]), 1);
    let both = kit::plan(
        &spec(
            vec![case("!a", &[]), case("b", &[])],
            vec![criterion("quality", rate(90.0, 70.0)), criterion("critical", never(20.0))],
        ),
        1,
    );
    let of = Metric::Within { of: Measure::LatencyMs, at_most: 2_000 };
    let fast = Rule::Rate { of, target: unit(95.0), floor: unit(70.0), risk: risk(1.25, 1.0) };
    let fast = kit::plan(&spec(cases(1), vec![criterion("fast", fast)]), 1);
    let lossy = |lost: usize| move |place: usize| if place < lost { missing() } else { answer(Some(true)) };
    let said =
        |plan: &Plan, facts: &[SlotFacts], stop| judged(Inquiry { stop, ..inquiry(plan, facts) }).headline;
    let mut lines = vec![
        said(&pooled, &told(&pooled, 100, failing_first(2)), None),
        said(&pooled, &told(&pooled, 100, failing_first(8)), None),
        said(&pooled, &told(&pooled, 100, lossy(2)), None),
        said(&pooled, &told(&pooled, 100, lossy(9)), None),
        said(&pooled, &told(&pooled, 100, |_| answer(None)), None),
        said(&critical, &told(&critical, 100, failing_first(0)), None),
        said(&critical, &told(&critical, 100, |place| answer(Some(place != 6))), None),
        said(&critical, &told(&critical, 100, lossy(5)), None),
        said(&plain, &told(&plain, 100, failing_first(1)), None),
        said(&plain, &told(&plain, 100, failing_first(2)), None),
        said(&both, &told(&both, 100, |_| answer(Some(false))), None),
        said(&fast, &told(&fast, 100, timed(|_| 1_500)), None),
        said(&fast, &told(&fast, 100, timed(|_| 2_500)), None),
        said(&fast, &told(&fast, 100, |_| answer(Some(true))), None),
    ];
    let part = told(&both, 6, failing_first(0));
    for why in [Why::BudgetEnded, Why::Cancelled, Why::Unreachable, Why::IdentityChanged, Why::NoBaseline] {
        lines.push(said(&both, &part, Some(why)));
    }
    lines.push(said(&both, &part, None));
    let enough = Spec { ask: Ask::Enough, ..spec(cases(40), vec![criterion("quality", rate(90.0, 70.0))]) };
    let enough = kit::plan(&enough, 1);
    lines.push(said(&enough, &told(&enough, 100, failing_first(0)), None));
    let facts = told(&pooled, 100, failing_first(0));
    let opaque =
        Inquiry { grade: Grade::Opaque, earlier: &[unit(5.0), unit(5.0)], ..inquiry(&pooled, &facts) };
    lines.push(judged(opaque).headline);
    lines.push(judged(Inquiry { plan_recorded: Seq(1_000), ..inquiry(&pooled, &facts) }).headline);
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_criterion_beside_the_decided_gate_says_that_it_was_stopped() {
    let gate = vec![criterion("quality", rate(90.0, 80.0)), criterion("critical", never(20.0))];
    let plan = kit::plan(&spec(vec![case("!a", &[]), case("b", &[])], gate), 1);
    let found = judged(inquiry(&plan, &told(&plan, 100, |_| answer(Some(false)))));
    let reasons: Vec<_> = found.criteria.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "Undecided: stopped at 2 of 203 calls, as the gate had its answer",
            "`a` failed at call 1, and one failure blocks"
        ]
    );
}

#[test]
fn facts_of_slots_that_the_plan_does_not_know_are_nothing() {
    let plan = pooled();
    let mut facts_of = told(&plan, 100, failing_first(0));
    let expected = judged(inquiry(&plan, &facts_of));
    facts_of.push(facts("another", 0, answer(Some(false))));
    assert_eq!(judged(inquiry(&plan, &facts_of)), expected);
}

/// A spec with some of its cases in quarantine.
fn with_quarantine(mut spec: Spec, cases: &[&str]) -> Spec {
    let until = Day::parse("2026-12-01").expect("a day");
    let entry =
        |&case: &&str| Quarantine { case: case.into(), reason: "the address moved".to_owned(), until };
    spec.quarantine = cases.iter().map(entry).collect();
    spec
}

#[test]
fn a_case_in_quarantine_is_asked_in_the_first_round_and_heard_by_no_criterion() {
    let gate = || vec![criterion("quality", rate(90.0, 70.0))];
    let whole = kit::plan(&spec(cases(4), gate()), 1);
    let plan = kit::plan(&with_quarantine(spec(cases(4), gate()), &["case-2"]), 1);
    let broken = |plan: &Plan| {
        let mut facts = told(plan, 100, |_| answer(Some(true)));
        for fact in facts.iter_mut().filter(|fact| fact.slot.case == "case-2".into()) {
            fact.came = answer(Some(false));
        }
        facts
    };
    let (facts, all) = (broken(&plan), broken(&whole));
    let of_case = |facts: &[SlotFacts]| facts.iter().filter(|fact| fact.slot.case == "case-2".into()).count();
    assert_eq!(of_case(&facts), 1, "once, in the first round");
    assert!(of_case(&all) > 1);
    let found = judged(inquiry(&plan, &facts));
    assert_eq!((found.outcome, found.counts.failed, found.criteria[0].counts.failed), (Outcome::Pass, 0, 0));
    assert_eq!(found.heard(), found.criteria[0].at);
    assert_eq!(found.heard_max, 62, "the gate hears as much as before");
    let tally = &found.cases[2];
    assert_eq!((tally.trials, tally.passed, tally.quarantined), (1, 0, true));
    assert_eq!(found.quarantined().count(), 1);
    assert!(found.headline.contains("In quarantine, heard by no criterion: `case-2`."), "{}", found.headline);
    let complete = complete_rounds(&plan, &facts).expect("complete rounds");
    assert_eq!((complete.value, complete.rounds), (1.0, complete.trials / 3), "the chart leaves it out too");
    assert_eq!(complete_rounds(&whole, &all).map(|found| found.value < 1.0), Some(true));
}

#[test]
fn a_criterion_all_of_whose_cases_are_in_quarantine_judges_nothing_and_is_never_a_pass() {
    let gate = vec![
        criterion("quality", rate(90.0, 70.0)),
        Criterion { only: ["money"].map(Into::into).into(), ..criterion("money", rate(90.0, 70.0)) },
    ];
    let some = vec![case("a", &["money"]), case("b", &[])];
    let plan = kit::plan(&with_quarantine(spec(some, gate), &["a"]), 1);
    let found = judged(inquiry(&plan, &told(&plan, 100, |_| answer(Some(true)))));
    assert_eq!(found.criteria[0].outcome, Outcome::Pass);
    assert_eq!(found.criteria[1].outcome, Outcome::Inconclusive(Why::NothingToJudge));
    assert_eq!(found.outcome, Outcome::Inconclusive(Why::NothingToJudge));
    let alone = kit::plan(
        &with_quarantine(spec(cases(1), vec![criterion("quality", rate(90.0, 70.0))]), &["case-0"]),
        1,
    );
    let found = judged(inquiry(&alone, &told(&alone, 100, |_| answer(Some(true)))));
    assert_eq!(found.outcome, Outcome::Inconclusive(Why::NothingToJudge));
    assert_eq!(found.heard(), 0);
}
