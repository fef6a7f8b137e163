//! Plans: boundaries that keep their risks exactly, problems in words, and what an author is told beforehand.

use std::num::NonZeroU32;

use gatewright_core::{
    gate::{self, CALLS_MAX, Certificate, PlanProblem, outlook},
    plan::{Boundary, Plan},
    spec::{Ask, Budget, Criterion, Measure, Metric, Rule, Spec, Unit},
};
use gatewright_stat::{never, walk::Corridor};
use proptest::prelude::*;

use crate::kit::{self, case, cases, criterion, rate, risk, spec, unit};

/// The first corridor of a plan.
fn corridor(plan: &Plan) -> Corridor {
    let Boundary::Corridor { method, pass_at_failures_le, fail_at_failures_ge } = &plan.criteria[0].boundary
    else {
        panic!("a rate has a corridor")
    };
    assert_eq!(method, "corridor 1");
    Corridor::new(pass_at_failures_le.clone(), fail_at_failures_ge.clone()).expect("a corridor")
}

/// The probability of *met* and *not met*, by enumerating all rows of answers: for few calls only.
fn enumerated(test: &Corridor, right: f64) -> (f64, f64) {
    let (pass, fail) = (test.pass_at_failures_le(), test.fail_at_failures_ge());
    let (mut met, mut not_met) = (0.0, 0.0);
    let mut open = vec![(0_i32, 1.0_f64)];
    for heard in 1..pass.len() {
        let both =
            |&(failed, weight): &(i32, f64)| [(failed, weight * right), (failed + 1, weight * (1.0 - right))];
        open = open.iter().flat_map(both).collect();
        open.retain(|&(failed, weight)| {
            met += if failed <= pass[heard] { weight } else { 0.0 };
            not_met += if failed >= fail[heard] { weight } else { 0.0 };
            failed > pass[heard] && failed < fail[heard]
        });
    }
    (met, not_met)
}

#[test]
fn a_small_corridor_keeps_its_risks_row_by_row() {
    let plan = kit::plan(&spec(cases(3), vec![criterion("quality", rate(90.0, 40.0))]), 1);
    let test = corridor(&plan);
    assert!(test.calls_max() < 20, "{}", test.calls_max());
    assert!(enumerated(&test, 0.9).1 <= 0.05);
    assert!(enumerated(&test, 0.4).0 <= 0.05);
    let exact = test.characteristics(0.6);
    let (met, not_met) = enumerated(&test, 0.6);
    assert!((exact.pass - met).abs() < 1e-12 && (exact.fail - not_met).abs() < 1e-12);
    assert!((met + not_met - 1.0).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_corridor_keeps_both_risks_exactly_and_waits_for_the_first_round(
        target in 60_u32..98, distance in 8_u32..40, blocked in 1_u32..20, passed in 1_u32..20,
        count in 1_usize..120, trials in 1_u32..4,
    ) {
        let (target, floor) = (f64::from(target), f64::from(target - distance));
        let risk = risk(f64::from(blocked), f64::from(passed));
        let rule =
            Rule::Rate { of: Metric::PassRate, target: unit(target), floor: unit(floor), risk };
        let mut suite = cases(count);
        suite[0].trials = NonZeroU32::new(trials).expect("not 0");
        let plan = kit::plan(&spec(suite, vec![criterion("quality", rule)]), 1);
        let test = corridor(&plan);
        let (good, bad) =
            (test.characteristics(unit(target).as_f64()), test.characteristics(unit(floor).as_f64()));
        let certificate = Certificate::of(&plan.criteria[0]).expect("a rate has one");
        prop_assert_eq!(certificate.wrongly_blocked, Some(good.fail));
        prop_assert_eq!(certificate.wrongly_passed, bad.pass);
        prop_assert!(good.fail <= risk.wrongly_blocked.as_f64() * (1.0 + 1e-12), "{good:?}");
        prop_assert!(bad.pass <= risk.wrongly_passed.as_f64() * (1.0 + 1e-12), "{bad:?}");
        let first = count * trials as usize;
        for heard in 0..first.min(test.calls_max() as usize) {
            prop_assert_eq!(test.pass_at_failures_le()[heard], -1);
            prop_assert!(test.fail_at_failures_ge()[heard] > heard as i32);
        }
        prop_assert!(test.calls_max() as usize >= first);
    }

    #[test]
    fn never_keeps_its_risk_whatever_goes_missing_and_waits_for_every_critical_case(
        rate in 3_u32..40, passed in 1_u32..20, count in 1_usize..400,
    ) {
        let (rate, passed) = (unit(f64::from(rate)), unit(f64::from(passed)));
        let suite = (0..count).map(|number| case(&format!("!case-{number}"), &[])).collect();
        let rule = Rule::Never { failure_rate: rate, wrongly_passed: passed };
        let plan = kit::plan(&spec(suite, vec![criterion("critical", rule)]), 1);
        let Boundary::FirstFailure { pass_at_missing_le } = &plan.criteria[0].boundary else {
            panic!("never has no other boundary")
        };
        let risk = never::wrongly_passed(pass_at_missing_le, rate.as_f64());
        prop_assert!(risk <= passed.as_f64() * (1.0 + 1e-9), "{risk}");
        prop_assert!(pass_at_missing_le[..count].iter().all(|&allowed| allowed == -1));
        prop_assert!(pass_at_missing_le.last() >= Some(&3));
    }
}

#[test]
fn a_boundary_that_was_tampered_with_loses_its_certificate() {
    let suite = || vec![case("!a", &[])];
    let mut rate =
        kit::plan(&spec(suite(), vec![criterion("quality", rate(90.0, 70.0))]), 1).criteria.remove(0);
    assert!(Certificate::of(&rate).is_some_and(|found| found.keeps(&rate.rule)));
    if let Boundary::Corridor { pass_at_failures_le, .. } = &mut rate.boundary {
        pass_at_failures_le[10] = 3;
    }
    assert!(Certificate::of(&rate).is_some_and(|found| !found.keeps(&rate.rule)));
    if let Boundary::Corridor { pass_at_failures_le, .. } = &mut rate.boundary {
        pass_at_failures_le.pop();
    }
    assert_eq!(Certificate::of(&rate), None);
    let gate = vec![criterion("critical", kit::never(20.0))];
    let mut never = kit::plan(&spec(suite(), gate), 1).criteria.remove(0);
    assert!(Certificate::of(&never).is_some_and(|found| found.keeps(&never.rule)));
    if let Boundary::FirstFailure { pass_at_missing_le } = &mut never.boundary {
        pass_at_missing_le[14] = 1;
    }
    assert!(Certificate::of(&never).is_some_and(|found| !found.keeps(&never.rule)));
}

#[test]
fn never_takes_the_calls_that_the_table_says() {
    for (failure_rate, expected) in [(5.0, [59, 163, 214, 248]), (20.0, [14, 32, 43, 50])] {
        let gate = vec![criterion("critical", kit::never(failure_rate))];
        let plan = kit::plan(&spec(vec![case("!a", &[])], gate), 1);
        let Boundary::FirstFailure { pass_at_missing_le } = &plan.criteria[0].boundary else {
            panic!("never has no other boundary")
        };
        let calls = [0, 1, 2, 3].map(|missing| pass_at_missing_le.iter().position(|&le| le >= missing));
        assert_eq!(calls, expected.map(Some));
    }
}

#[test]
fn the_same_spec_and_stream_give_the_same_plan_and_another_stream_another() {
    let spec = spec(cases(5), vec![criterion("quality", rate(90.0, 80.0))]);
    let (one, two) = (kit::plan(&spec, 1), kit::plan(&spec, 1));
    assert_eq!(serde_json::to_string(&one).expect("plain"), serde_json::to_string(&two).expect("plain"));
    assert_ne!(one.id, kit::plan(&spec, 2).id);
    assert_eq!(Ok(one.id), one.digest());
    let text = serde_json::to_string(&one).expect("plain");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), one);
}

#[test]
fn a_criterion_hears_its_tags_and_never_only_what_is_critical() {
    let suite = vec![case("a", &["money"]), case("!b", &["money"]), case("!c", &[])];
    let tagged = |name, rule| Criterion { only: ["money".into()].into(), ..criterion(name, rule) };
    let gate = vec![
        tagged("money", rate(90.0, 50.0)),
        tagged("critical money", kit::never(20.0)),
        criterion("critical", kit::never(20.0)),
    ];
    let plan = kit::plan(&spec(suite, gate), 1);
    let heard: Vec<_> = plan
        .criteria
        .iter()
        .map(|one| one.cases.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(heard, ["a b", "b", "b c"]);
}

fn problem(spec: &Spec) -> String {
    gate::plan(spec, kit::stream(1)).expect_err("it has no plan").to_string()
}

#[test]
fn what_has_no_plan_is_refused_in_words() {
    let with = |rule| spec(cases(4), vec![criterion("quality", rule)]);
    let levels = (unit(90.0), unit(80.0), risk(5.0, 5.0));
    let (target, floor, risk) = levels;
    let graded = Metric::Graded("polite".into());
    let weighted = Rule::Rate { of: Metric::Weighted(vec![(1, graded)]), target, floor, risk };
    let rounds = NonZeroU32::new(10_000).expect("not 0");
    let long = Rule::Plain { of: Metric::PassRate, target, rounds };
    let endless = Rule::Plain { of: Metric::PassRate, target, rounds: NonZeroU32::MAX };
    let deterministic = Spec { deterministic: true, ..with(rate(90.0, 90.0)) };
    let specs = [
        with(kit::mean(80.0, 90.0, 100)),
        with(kit::mean(90.0, 80.0, CALLS_MAX + 1)),
        with(weighted),
        deterministic,
        with(rate(90.0, 95.0)),
        with(rate(50.0, 49.9)),
        with(long),
        with(endless),
    ];
    insta::assert_snapshot!(specs.iter().map(problem).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_plan_has_at_most_20_000_calls_over_all_its_criteria() {
    let plain = |rounds| Rule::Plain {
        of: Metric::PassRate,
        target: unit(90.0),
        rounds: NonZeroU32::new(rounds).expect("not 0"),
    };
    let suite = || vec![case("a", &["a"]), case("b", &["b"])];
    let only = |tag: &str, rounds| Criterion { only: [tag.into()].into(), ..criterion(tag, plain(rounds)) };
    let half = CALLS_MAX / 2;
    assert!(gate::plan(&spec(suite(), vec![only("a", half), only("b", half)]), kit::stream(1)).is_ok());
    let more = gate::plan(&spec(suite(), vec![only("a", half), only("b", half + 1)]), kit::stream(1));
    assert!(matches!(more, Err(PlanProblem::TooLong { calls: 20_001, .. })), "{more:?}");
}

/// What an author reads of a gate.
fn told(spec: &Spec, budget: Option<u64>) -> String {
    let budget = budget.map(|calls| Budget { calls, cost: None, time_ms: u64::MAX });
    outlook(spec, budget.as_ref()).expect("it has a plan").sentences.join("\n")
}

#[test]
fn the_eight_lines_are_told_their_price() {
    let suite = vec![case("late", &[]), case("!ignore", &[])];
    let gate = vec![criterion("quality", rate(90.0, 70.0)), criterion("critical", kit::never(20.0))];
    insta::assert_snapshot!(told(&spec(suite, gate), Some(30)));
}

/// The handbook's own numbers, of one criterion each.
#[test]
fn a_rate_takes_the_calls_that_the_handbook_says() {
    let calls = |count, target, floor, blocked| {
        let risk = risk(blocked, 5.0);
        let rule = Rule::Rate { of: Metric::PassRate, target: unit(target), floor: unit(floor), risk };
        let found = outlook(&spec(cases(count), vec![criterion("quality", rule)]), None).expect("a plan");
        assert_eq!(f64::from(found.calls.at_target), found.criteria[0].at_target.round());
        [found.calls.if_none_fails, found.calls.at_target, found.calls.at_floor, found.calls.at_most]
    };
    assert_eq!(calls(2, 90.0, 70.0, 5.0), [11, 25, 18, 62]);
    assert_eq!(calls(2, 90.0, 80.0, 5.0), [18, 80, 64, 203]);
    assert_eq!(calls(24, 90.0, 80.0, 5.0), [24, 75, 63, 203]);
    // Shared out over four criteria.
    let [none, target, _, most] = calls(24, 90.0, 80.0, 1.25);
    assert_eq!([none, target, most], [24, 81, 281]);
}

#[test]
fn the_floor_half_as_far_away_takes_what_is_told() {
    for (target, floor, closer, count) in
        [(90.0, 70.0, 80.0, 2), (90.0, 80.0, 85.0, 24), (95.0, 85.0, 90.0, 700), (60.0, 20.0, 40.0, 5)]
    {
        let of = |floor| spec(cases(count), vec![criterion("quality", rate(target, floor))]);
        let told = outlook(&of(floor), None).expect("a plan").criteria[0].tells.expect("a rate");
        let then = outlook(&of(closer), None).expect("a plan").calls.at_most;
        assert_eq!(told.closer, Some((unit(closer), then)));
    }
}

#[test]
fn a_spec_in_full_is_told_its_price() {
    let mut suite = cases(24);
    suite[3].critical = true;
    let within = Rule::Rate {
        of: Metric::Within { of: Measure::LatencyMs, at_most: 2_000 },
        target: unit(95.0),
        floor: unit(85.0),
        risk: risk(1.25, 5.0),
    };
    let polite = Criterion { blocking: false, ..criterion("polite", rate(80.0, 70.0)) };
    let gate = vec![
        criterion("quality", rate(90.0, 80.0)),
        criterion("critical", kit::never(5.0)),
        criterion("fast", within),
        polite,
    ];
    insta::assert_snapshot!(told(&spec(suite, gate), Some(2_000)));
}

#[test]
fn the_outlook_counts_what_criteria_share_once() {
    let suite = vec![case("a", &[]), case("!b", &[])];
    let gate = vec![criterion("quality", rate(90.0, 80.0)), criterion("critical", kit::never(20.0))];
    let found = outlook(&spec(suite.clone(), gate.clone()), None).expect("it has a plan");
    // 9 of the 18 are of the critical case, which needs 5 more.
    assert_eq!((found.calls.if_none_fails, found.calls.at_most), (23, 203));
    assert_eq!((found.criteria[0].if_none_fails, found.criteria[1].if_none_fails), (18, 14));
    assert_eq!(found.criteria[0].at_target.round(), 80.0);
    assert!(found.underfunded.is_none());
    // A critical case is heard in every other call, so 14 of them take 28.
    let critical = outlook(&spec(suite, gate[1..].to_vec()), None).expect("it has a plan");
    assert_eq!(critical.calls.if_none_fails, 15);
}

#[test]
fn without_anything_to_judge_the_outlook_says_so() {
    let none = spec(vec![], vec![criterion("quality", rate(90.0, 80.0))]);
    let along = Criterion { blocking: false, ..criterion("along", rate(90.0, 80.0)) };
    let along = spec(cases(2), vec![along]);
    for spec in [none, along] {
        assert!(told(&spec, None).starts_with("Nothing to judge"), "{}", told(&spec, None));
    }
    let untagged = Criterion { only: ["money".into()].into(), ..criterion("money", rate(90.0, 80.0)) };
    let gate = vec![criterion("quality", rate(90.0, 50.0)), untagged];
    assert!(told(&spec(cases(2), gate), None).contains("`money` hears no case, so it can never be met."));
}

#[test]
fn enough_may_stop_before_the_first_round() {
    let every = spec(cases(200), vec![criterion("quality", rate(90.0, 80.0))]);
    let enough = Spec { ask: Ask::Enough, ..every.clone() };
    let calls = |spec: &Spec| outlook(spec, None).expect("it has a plan").calls;
    assert_eq!(calls(&every).if_none_fails, 200);
    assert_eq!((calls(&enough).if_none_fails, calls(&enough).at_most), (18, 203));
    assert_eq!(Unit::ONE.complement(), Unit::ZERO);
}
