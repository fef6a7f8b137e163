//! Graded metrics: bets against target and floor, that may stay undecided.

use gatewright_core::{
    gate::{self, Came, Hearing, Outcome, SlotFacts, Why, outlook},
    plan::Plan,
    spec::{Ask, Criterion, Metric, Rule, Spec},
    time::Seq,
    verdict::{Inquiry, Verdict, judge},
    version::Grade,
};
use gatewright_stat::interval::clopper_pearson;
use proptest::prelude::*;

use crate::{
    kit::{self, case, cases, criterion, graded, mean, missing, spec},
    world::{Drive, PLAN_RECORDED, World, run},
};

fn polite(target: f64, floor: f64, trials_max: u32, count: usize) -> Plan {
    kit::plan(&spec(cases(count), vec![criterion("polite", mean(target, floor, trials_max))]), 1)
}

/// A verdict on what comes of the nth trial, as far as the gate wants trials, `most` of them at most.
fn verdict(plan: &Plan, most: usize, came: impl Fn(usize) -> Came) -> Verdict {
    let mut hearing = Hearing::new(plan).expect("the plan is sound");
    let mut facts = Vec::new();
    while let Some(slot) = hearing.wanted().filter(|_| facts.len() < most) {
        let came = came(facts.len());
        hearing.hear(&came, false);
        facts.push(SlotFacts { slot, came, recorded: Seq(10) });
    }
    let inquiry = Inquiry {
        plan,
        plan_recorded: PLAN_RECORDED,
        facts: &facts,
        stop: None,
        grade: Grade::Sent,
        earlier: &[],
        seq: Seq(99),
    };
    judge(&inquiry).expect("the plan is sound")
}

fn scored(score: f64) -> impl Fn(usize) -> Came {
    move |_| graded(true, Some(score))
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

#[test]
fn a_mean_is_met_not_met_or_undecided_after_its_last_trial() {
    let plan = polite(90.0, 80.0, 203, 1);
    // As the bets of the handbook: 18 for a perfect version, 3 for a dead one.
    for (score, most, outcome, at) in [
        (1.0, 999, Outcome::Pass, 18),
        (0.0, 999, Outcome::Fail, 3),
        (1.0, 17, Outcome::Inconclusive(Why::NotAsked), 17),
    ] {
        let found = verdict(&plan, most, scored(score));
        assert_eq!((found.outcome, found.criteria[0].at), (outcome, at), "{score}");
    }
    let short = polite(80.0, 70.0, 28, 1);
    let found = verdict(&short, 999, scored(0.75));
    assert_eq!((found.outcome, found.heard()), (Outcome::Inconclusive(Why::Undecided), 28));
    assert!(found.outcome.ends_attempt());
}

#[test]
fn scores_that_vary_less_are_decided_sooner() {
    let plan = polite(80.0, 70.0, 500, 1);
    // Both have a mean of 80 %.
    let steady = verdict(&plan, 999, scored(0.8));
    let harsh = verdict(&plan, 999, |place| graded(true, Some(if place % 5 == 0 { 0.0 } else { 1.0 })));
    assert_eq!((steady.outcome, harsh.outcome), (Outcome::Pass, Outcome::Pass));
    assert!(steady.heard() < harsh.heard(), "{} {}", steady.heard(), harsh.heard());
}

#[test]
fn nothing_is_said_before_the_first_round_is_over() {
    let plan = polite(90.0, 80.0, 50, 60);
    let found = verdict(&plan, 999, scored(1.0));
    // The round is longer than the trials that were asked for.
    assert_eq!((found.outcome, found.heard(), found.heard_max), (Outcome::Pass, 60, 60));
    // Where the evidence comes and goes within the round, what stands at its end counts.
    let fades = verdict(&plan, 999, |place| graded(true, Some(if place < 20 { 1.0 } else { 0.0 })));
    assert_eq!(fades.outcome, Outcome::Fail);
    let enough =
        Spec { ask: Ask::Enough, ..spec(cases(60), vec![criterion("polite", mean(90.0, 80.0, 50))]) };
    assert_eq!(verdict(&kit::plan(&enough, 1), 999, scored(1.0)).heard(), 18);
}

#[test]
fn a_missing_score_counts_as_0_on_the_way_to_pass_and_as_1_on_the_way_to_fail() {
    let plan = polite(90.0, 80.0, 203, 1);
    let lost = |count: usize, score| {
        move |place: usize| match (place < count, place % 2) {
            (false, _) => graded(true, Some(score)),
            (true, 0) => missing(),
            (true, _) => graded(true, None),
        }
    };
    for (count, score, outcome) in [
        (1, 1.0, Outcome::Pass),
        (3, 1.0, Outcome::Inconclusive(Why::Missing)),
        (3, 0.0, Outcome::Fail),
        (200, 0.0, Outcome::Inconclusive(Why::Missing)),
    ] {
        let found = verdict(&plan, 999, lost(count, score));
        assert_eq!(found.outcome, outcome, "{count} lost, then {score}: {}", found.headline);
    }
    // What is missing is as bad as 0, not worse: a pass takes as long as with failures in its place.
    let (holed, failed) = (
        verdict(&plan, 999, lost(1, 1.0)),
        verdict(&plan, 999, |place| graded(true, Some(if place < 1 { 0.0 } else { 1.0 }))),
    );
    assert_eq!(holed.heard(), failed.heard());
}

#[test]
fn a_criterion_hears_the_cases_that_its_scorer_runs_on() {
    let suite = vec![case("a", &["money"]), case("b", &[]), case("c", &["money", "late"])];
    let mut spec = spec(suite, vec![criterion("polite", mean(90.0, 60.0, 50))]);
    let heard = |spec: &Spec| {
        kit::plan(spec, 1).criteria[0].cases.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(heard(&spec), ["a", "b", "c"]);
    spec.named.get_mut(&"polite".into()).expect("there").only = ["money".into()].into();
    assert_eq!(heard(&spec), ["a", "c"]);
    spec.gate[0].only = ["late".into()].into();
    assert_eq!(heard(&spec), ["c"]);
    spec.named.clear();
    assert!(heard(&spec).is_empty());
}

#[test]
fn a_plain_threshold_may_be_on_a_graded_metric() {
    let of = Metric::Graded("polite".into());
    let rule = Rule::Plain { of, target: kit::unit(75.0), rounds: std::num::NonZeroU32::MIN };
    let plan = kit::plan(&spec(cases(4), vec![criterion("polite", rule)]), 1);
    for (score, outcome) in [(0.75, Outcome::Pass), (0.749_999, Outcome::Fail)] {
        let found = verdict(&plan, 999, scored(score));
        assert_eq!((found.outcome, found.heard()), (outcome, 4));
        assert_eq!(number(&found.criteria[0].shown.value), score);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_bound_of_a_mean_never_disagrees_with_its_verdict(
        levels in prop::sample::select(vec![(90.0, 80.0), (80.0, 60.0), (50.0, 30.0)]),
        rows in prop::collection::vec((0_u32..=4, 0.0_f64..1.0), 150), best in 0_u32..=4,
        lost in prop::sample::select(vec![0.0, 0.05, 0.3]), count in 1_usize..80, most in 1_usize..200,
    ) {
        let (target, floor) = levels;
        let plan = polite(target, floor, 120, count);
        let found = verdict(&plan, most, |place| {
            let (quarters, comes) = rows[place];
            if comes < lost { missing() } else { graded(true, Some(f64::from(quarters.max(best)) / 4.0)) }
        });
        let shown = &found.criteria[0].shown;
        let (low, high) = (number(&shown.low), number(&shown.high));
        match found.outcome {
            Outcome::Pass => prop_assert!(low >= floor / 100.0, "{shown:?}"),
            Outcome::Fail => prop_assert!(high <= target / 100.0, "{shown:?}"),
            Outcome::Inconclusive(why) => {
                prop_assert!(matches!(why, Why::Missing | Why::Undecided | Why::NotAsked));
            }
        }
        prop_assert_eq!(shown.bound.as_str(), "confidence sequence");
        prop_assert_eq!(shown.method.as_str(), "mixture bet 1");
    }
}

const VERSIONS: u32 = 500;

/// How many of [`VERSIONS`] versions pass, and how many fail.
fn ends(plan: &Plan, world: World) -> (u32, u32) {
    let drive = Drive { concurrency: 16, ..Drive::SERIAL };
    let (mut passed, mut failed) = (0, 0);
    for seed in 0..u64::from(VERSIONS) {
        let plan = Plan { stream: kit::stream(seed), ..plan.clone() };
        let world = World { seed, delays: seed, ..world };
        let outcome = run(&plan, &world, &drive, &[]).seen.hearing().answer();
        passed += u32::from(outcome == Some(Outcome::Pass));
        failed += u32::from(outcome == Some(Outcome::Fail));
    }
    (passed, failed)
}

#[test]
fn a_mean_errs_no_more_often_than_declared_though_failures_are_slow_and_go_missing() {
    let plan = polite(80.0, 65.0, 200, 10);
    // Of what does not pass the mean score is 0.375.
    let right = |mean: f64| (mean - 0.375) / 0.625;
    let keeps = |found: u32| clopper_pearson(found, VERSIONS, 0.9999).low <= 0.05;
    let world = World { slow_failures: 200, ..World::CALM };
    let (met, blocked) = ends(&plan, World { right: right(0.8), ..world });
    assert!(keeps(blocked), "{blocked} of {VERSIONS} at the target fail");
    assert!(met > VERSIONS * 9 / 10, "{met} of {VERSIONS} at the target pass");
    for lost_if_failed in [0.0, 0.9] {
        let (passed, _) = ends(&plan, World { right: right(0.65), lost_if_failed, ..world });
        assert!(keeps(passed), "{passed} of {VERSIONS} at the floor pass, {lost_if_failed} lost");
    }
}

#[test]
fn a_weighted_metric_is_a_mean_of_all_that_it_weighs() {
    let plan = kit::plan(&spec(cases(1), vec![criterion("both", kit::weighted(90.0, 80.0, 203))]), 1);
    let came = |passed, polite| move |_: usize| graded(passed, polite);
    // Perfect in both as in one: 18. Where the case passes and nobody is polite it scores ¾ each time.
    assert_eq!(verdict(&plan, 999, came(true, Some(1.0))).heard(), 18);
    let rude = verdict(&plan, 999, came(true, Some(0.0)));
    assert_eq!((rude.outcome, number(&rude.criteria[0].shown.value)), (Outcome::Fail, 0.75));
    // A part that nobody judged makes the whole missing, even where the other failed.
    let unjudged = verdict(&plan, 999, came(false, None));
    assert_eq!(unjudged.outcome, Outcome::Inconclusive(Why::Missing));
    assert_eq!(unjudged.criteria[0].counts.not_judged, unjudged.heard());
    assert_eq!(rude.criteria[0].reason.split(',').next(), Some("a mean of 75 % over 7 answers"));
}

#[test]
fn a_weighted_metric_hears_the_cases_that_all_its_scorers_run_on() {
    let suite = vec![case("a", &["money"]), case("b", &[])];
    let mut spec = spec(suite, vec![criterion("both", kit::weighted(90.0, 60.0, 50))]);
    let heard = |spec: &Spec| kit::plan(spec, 1).criteria[0].cases.len();
    assert_eq!(heard(&spec), 2);
    spec.named.get_mut(&"polite".into()).expect("there").only = ["money".into()].into();
    assert_eq!(heard(&spec), 1);
}

#[test]
fn a_weighted_metric_errs_no_more_often_than_declared() {
    let plan = kit::plan(&spec(cases(10), vec![criterion("both", kit::weighted(80.0, 65.0, 200))]), 1);
    // Of what does not pass the mean score is a quarter of 0.375.
    let right = |mean: f64| (mean - 0.09375) / 0.90625;
    let keeps = |found: u32| clopper_pearson(found, VERSIONS, 0.9999).low <= 0.05;
    let world = World { slow_failures: 200, ..World::CALM };
    let (met, blocked) = ends(&plan, World { right: right(0.8), ..world });
    assert!(keeps(blocked), "{blocked} of {VERSIONS} at the target fail");
    assert!(met > VERSIONS * 8 / 10, "{met} of {VERSIONS} at the target pass");
    for lost_if_failed in [0.0, 0.9] {
        let (passed, _) = ends(&plan, World { right: right(0.65), lost_if_failed, ..world });
        assert!(keeps(passed), "{passed} of {VERSIONS} at the floor pass, {lost_if_failed} lost");
    }
}

/// What an author reads, and what a verdict says.
#[test]
fn a_mean_is_told_in_words() {
    let along = Criterion { blocking: false, ..criterion("polite", mean(80.0, 70.0, 203)) };
    let both = spec(cases(24), vec![criterion("quality", kit::rate(90.0, 80.0)), along]);
    let alone = spec(cases(24), vec![criterion("polite", mean(80.0, 70.0, 203))]);
    let plan = kit::plan(&alone, 1);
    let said = |came: &dyn Fn(usize) -> Came| verdict(&plan, 999, came).headline;
    let mut lines = Vec::new();
    for spec in [&both, &alone] {
        lines.extend(outlook(spec, None).expect("it has a plan").sentences);
    }
    lines.push(said(&scored(0.875)));
    lines.push(said(&scored(0.5)));
    lines.push(said(&|place| if place < 2 { missing() } else { graded(true, Some(1.0)) }));
    lines.push(said(&|place| if place < 9 { missing() } else { graded(true, Some(1.0)) }));
    let between = kit::plan(&spec(cases(24), vec![criterion("polite", mean(80.0, 70.0, 28))]), 1);
    lines.push(verdict(&between, 999, scored(0.75)).headline);
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_mean_has_no_certificate_as_it_needs_none_and_asks_a_perfect_version_what_it_says() {
    let spec = spec(cases(5), vec![criterion("polite", mean(90.0, 80.0, 203))]);
    let plan = kit::plan(&spec, 1);
    assert_eq!(gate::Certificate::of(&plan.criteria[0]), None);
    let told = outlook(&spec, None).expect("it has a plan");
    let asked = run(&plan, &World::CALM, &Drive { concurrency: 16, ..Drive::SERIAL }, &[]).asked;
    assert_eq!((u64::from(told.calls.if_none_fails), told.calls.at_most), (asked, 203));
    let undecided = told.criteria[0].undecided.expect("it may be");
    assert!(undecided.at_target > 0.0 && undecided.at_target < 0.1, "{undecided:?}");
}
