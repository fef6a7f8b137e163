//! Deterministic agents: one round over the suite, then some cases again.

use gatewright_core::{
    gate::{Came, Certificate, Hearing, Outcome, SlotFacts, Step, Why, next, outlook},
    plan::{Boundary, Plan, Slot},
    selftest::{Fault, SelfTest},
    spec::{Ask, Criterion, Metric, Rule, Spec},
    time::Seq,
    verdict::{Inquiry, Verdict, judge},
    version::Grade,
};
use gatewright_stat::interval::clopper_pearson;
use proptest::prelude::*;

use crate::{
    kit::{self, answer, case, cases, criterion, graded, missing, rate, spec},
    world::{Drive, PLAN_RECORDED, World, fraction, mix, rebuilt, run},
};

fn deterministic(count: usize, target: f64, floor: f64, ask: Ask) -> Spec {
    let gate = vec![criterion("quality", rate(target, floor))];
    Spec { ask, deterministic: true, ..spec(cases(count), gate) }
}

/// A verdict on what comes of each slot, `most` of them at most.
fn verdict(plan: &Plan, most: usize, came: impl Fn(usize, &Slot) -> Came) -> Verdict {
    let mut hearing = Hearing::new(plan).expect("the plan is sound");
    let mut facts = Vec::new();
    while let Some(slot) = hearing.wanted().filter(|_| facts.len() < most) {
        let came = came(facts.len(), &slot);
        hearing.hear(&came, false);
        facts.push(SlotFacts { slot, came, recorded: Seq(10) });
    }
    judged(plan, &facts)
}

fn judged(plan: &Plan, facts: &[SlotFacts]) -> Verdict {
    let inquiry = Inquiry {
        plan,
        plan_recorded: PLAN_RECORDED,
        facts,
        stop: None,
        grade: Grade::Sent,
        earlier: &[],
        seq: Seq(99),
    };
    judge(&inquiry).expect("the plan is sound")
}

fn number(slot: &Slot) -> usize {
    slot.case.as_str().trim_start_matches("case-").parse().expect("a number")
}

/// The first so many cases fail, always.
fn failing(count: usize) -> impl Fn(usize, &Slot) -> Came {
    move |_, slot| answer(Some(number(slot) >= count))
}

#[test]
fn a_whole_suite_is_known_to_the_case() {
    let plan = kit::plan(&deterministic(20, 90.0, 80.0, Ask::EveryCaseOnce), 1);
    for (count, outcome) in [(0, Outcome::Pass), (2, Outcome::Pass), (3, Outcome::Fail), (20, Outcome::Fail)]
    {
        let found = verdict(&plan, 999, failing(count));
        let quality = &found.criteria[0];
        assert_eq!((found.outcome, found.heard(), quality.at), (outcome, 40, 40), "{count} failing");
        assert_eq!((quality.counts.told(), quality.counts.asked_again), (20, 20));
        assert_eq!(quality.counts.failed as usize, count);
        let share = format!("{:.9}", 1.0 - count as f64 / 20.0);
        let shown = &quality.shown;
        assert_eq!((&shown.value, &shown.low, &shown.high), (&share, &share, &share));
        assert!(quality.given_determinism);
    }
}

#[test]
fn a_small_suite_is_asked_again_round_after_round_until_20_were() {
    let plan = kit::plan(&deterministic(7, 90.0, 60.0, Ask::EveryCaseOnce), 1);
    let found = verdict(&plan, 999, failing(0));
    assert_eq!((found.outcome, found.heard()), (Outcome::Pass, 27));
    assert_eq!(found.cases.iter().map(|case| case.trials).sum::<u32>(), 27);
    assert!(found.cases.iter().all(|case| (3..=4).contains(&case.trials)), "{:?}", found.cases);
}

#[test]
fn enough_stops_within_the_round_and_asks_again_what_it_knows() {
    let plan = kit::plan(&deterministic(200, 90.0, 80.0, Ask::Enough), 3);
    let mut hearing = Hearing::new(&plan).expect("the plan is sound");
    let mut asked: Vec<Slot> = Vec::new();
    while let Some(slot) = hearing.wanted() {
        hearing.hear(&answer(Some(true)), false);
        asked.push(slot);
    }
    let (first, again): (Vec<&Slot>, Vec<&Slot>) = asked.iter().partition(|slot| slot.round == 0);
    assert_eq!((hearing.answer(), again.len()), (Some(Outcome::Pass), 20));
    assert!(first.len() < 30, "{}", first.len());
    assert!(again.iter().all(|slot| first.iter().any(|first| first.case == slot.case)));
    // In the order of its rounds, and of their places.
    let rounds: Vec<u32> = asked.iter().map(|slot| slot.round).collect();
    assert!(rounds.is_sorted());
    assert_eq!(hearing.left_at_most(), 0);
}

#[test]
fn an_answer_that_differs_leaves_it_undecided_as_not_deterministic() {
    let plan = kit::plan(&deterministic(30, 90.0, 80.0, Ask::EveryCaseOnce), 1);
    let flips = |place: usize, slot: &Slot| answer(Some(place != 41 && number(slot) > 0));
    let found = verdict(&plan, 999, flips);
    assert_eq!((found.outcome, found.heard()), (Outcome::Inconclusive(Why::NotDeterministic), 42));
    assert!(found.outcome.ends_attempt());
    // A fail is not believed either.
    let broken = |place: usize, slot: &Slot| answer(Some(place == 35 || number(slot) > 15));
    let found = verdict(&plan, 999, |place, slot| {
        if place == 35 && number(slot) > 15 { answer(Some(false)) } else { broken(place, slot) }
    });
    assert_eq!(found.outcome, Outcome::Inconclusive(Why::NotDeterministic));
}

#[test]
fn a_missing_answer_counts_as_failed_on_the_way_to_pass_and_as_passed_on_the_way_to_fail() {
    let plan = kit::plan(&deterministic(20, 90.0, 80.0, Ask::EveryCaseOnce), 1);
    // So many of the first round are lost, then so many cases fail.
    let lossy = |lost: usize, count: usize| {
        move |place: usize, slot: &Slot| {
            if place < lost { missing() } else { answer(Some(number(slot) >= count)) }
        }
    };
    for (lost, count, outcome) in [
        (2, 0, Outcome::Pass),
        (3, 0, Outcome::Inconclusive(Why::Missing)),
        (3, 20, Outcome::Fail),
        (20, 0, Outcome::Inconclusive(Why::Missing)),
    ] {
        let found = verdict(&plan, 999, lossy(lost, count));
        assert_eq!(found.outcome, outcome, "{lost} lost, {count} failing: {}", found.headline);
    }
}

#[test]
fn a_missing_answer_among_those_asked_again_is_no_agreement_and_lengthens_the_test() {
    let plan = kit::plan(&deterministic(20, 90.0, 80.0, Ask::EveryCaseOnce), 1);
    let lost = |count: usize| {
        move |place: usize, _: &Slot| {
            if (20..20 + count).contains(&place) { missing() } else { answer(Some(true)) }
        }
    };
    let heard = |count| {
        let found = verdict(&plan, 999, lost(count));
        (found.outcome, found.heard() - 20)
    };
    // As `never: 15%` with so many missing, and no less than 20.
    let certified = gatewright_stat::never::boundary(0.15, 0.05).expect("a boundary");
    let calls = |count| certified.calls(count).map(|calls| calls.max(20));
    assert_eq!(heard(0), (Outcome::Pass, 20));
    for count in 1..=3 {
        assert_eq!(heard(count), (Outcome::Pass, calls(count as u32).expect("borne")), "{count}");
    }
    assert_eq!(heard(4).0, Outcome::Inconclusive(Why::Missing));
}

#[test]
fn the_first_round_is_decided_by_stored_integers_with_an_exact_certificate() {
    for (count, ask) in [(20, Ask::Enough), (50, Ask::Enough), (200, Ask::Enough), (50, Ask::EveryCaseOnce)] {
        let plan = kit::plan(&deterministic(count, 90.0, 80.0, ask), 1);
        let planned = &plan.criteria[0];
        let Boundary::WithoutReplacement { method, failures_good, failures_bad, pass_at_failures_le, .. } =
            &planned.boundary
        else {
            panic!("a deterministic rate has a finite suite")
        };
        assert_eq!((*failures_good as usize, *failures_bad as usize), (count / 10, count / 5));
        assert_eq!((method.as_str(), pass_at_failures_le.len()), ("without replacement 1", count + 1));
        let certificate = Certificate::of(planned).expect("it has one");
        assert!(certificate.keeps(&planned.rule), "{certificate:?}");
        let text = serde_json::to_string(&plan).expect("plain");
        assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), plan);
    }
}

#[test]
fn levels_between_two_counts_of_cases_are_rounded_towards_the_harder_side() {
    let counts = |count, target, floor| {
        let plan = kit::plan(&deterministic(count, target, floor, Ask::Enough), 1);
        match plan.criteria[0].boundary {
            Boundary::WithoutReplacement { failures_good, failures_bad, .. } => (failures_good, failures_bad),
            _ => panic!("a deterministic rate has a finite suite"),
        }
    };
    assert_eq!(counts(7, 90.0, 80.0), (0, 2));
    assert_eq!(counts(3, 70.0, 66.0), (0, 2));
    assert_eq!(counts(1, 99.0, 1.0), (0, 1));
    // 0.29 × 100 is a little less than 29 in floating point.
    assert_eq!(counts(100, 71.0, 70.0), (29, 30));
}

#[test]
fn measurements_and_means_are_heard_as_ever() {
    let of = Metric::Within { of: gatewright_core::spec::Measure::LatencyMs, at_most: 2_000 };
    let fast = Rule::Rate { of, target: kit::unit(95.0), floor: kit::unit(85.0), risk: kit::risk(5.0, 5.0) };
    let gate = vec![criterion("fast", fast), criterion("polite", kit::mean(90.0, 80.0, 203))];
    let plan = kit::plan(&Spec { deterministic: true, ..spec(cases(20), gate) }, 1);
    assert!(matches!(plan.criteria[0].boundary, Boundary::Corridor { .. }));
    assert!(matches!(plan.criteria[1].boundary, Boundary::Betting { .. }));
}

/// A gate in which a finite suite shares its slots: with a tag of it, with bets, and with one along for the ride.
fn mixed(count: usize, ask: Ask) -> Spec {
    let mut suite = cases(count);
    suite.push(case("case-9000", &["money"]));
    suite.push(case("!case-9001", &["money"]));
    let tagged = Criterion { only: ["money".into()].into(), ..criterion("money", rate(90.0, 60.0)) };
    let gate = vec![
        criterion("quality", rate(90.0, 70.0)),
        criterion("critical", kit::never(20.0)),
        tagged,
        criterion("polite", kit::mean(90.0, 75.0, 80)),
        Criterion { blocking: false, ..criterion("along", rate(80.0, 50.0)) },
    ];
    Spec { ask, deterministic: true, ..spec(suite, gate) }
}

/// What a world says of a case, whatever the round.
fn always(world: World) -> impl Fn(&Slot) -> Came {
    move |slot| world.came(&Slot { round: 0, ..slot.clone() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn answers_in_any_order_late_or_after_kills_give_the_same_verdict(
        seed: u64, delays: u64, right in 0.5_f64..=1.0, lost in 0.0_f64..0.1, count in 0_usize..40,
        concurrency in 1_u32..40, killed in prop::option::of(1_u64..30), steady: bool, enough: bool,
    ) {
        let ask = if enough { Ask::Enough } else { Ask::EveryCaseOnce };
        for spec in [mixed(count, ask), deterministic(count + 1, 90.0, 75.0, ask)] {
            let plan = kit::plan(&spec, seed);
            let world = World {
                seed, right, lost, lost_if_failed: 2.0 * lost, errs: 0.1, slow_failures: 300, delays, steady,
            };
            let serial = run(&plan, &world, &Drive::SERIAL, &[]);
            prop_assert_eq!(serial.stop, None);
            let drive = Drive { concurrency, killed_every: killed, ..Drive::SERIAL };
            let other = run(&plan, &world, &drive, &[]);
            prop_assert_eq!(judged(&plan, &other.facts), judged(&plan, &serial.facts));
            prop_assert_eq!(next(&rebuilt(&plan, &other.facts), &drive.budget, 4), Step::Decided);
        }
    }

    #[test]
    fn nothing_is_asked_that_would_not_be_heard_and_no_more_than_was_said(
        seed: u64, right in 0.6_f64..=1.0, lost in 0.0_f64..0.1, count in 1_usize..40, enough: bool,
        heard in 0_usize..80,
    ) {
        let ask = if enough { Ask::Enough } else { Ask::EveryCaseOnce };
        let plan = kit::plan(&mixed(count, ask), seed);
        let world = World { seed, right, lost, lost_if_failed: lost, steady: true, ..World::CALM };
        let mut facts = run(&plan, &world, &Drive::SERIAL, &[]).facts;
        facts.truncate(heard);
        let seen = rebuilt(&plan, &facts);
        // As if all that follows passed, and what is asked again passed or failed as before.
        let mut hearing = seen.hearing().clone();
        let mut needed = Vec::new();
        while let Some(slot) = hearing.wanted() {
            let first = facts.iter().find(|facts| facts.slot.case == slot.case && facts.slot.round == 0);
            let passes = match first.map(|first| &first.came) {
                Some(Came::Answer { passed: Some(passed), .. }) if slot.round > 0 => *passed,
                _ => true,
            };
            hearing.hear(&graded(passes, Some(1.0)), false);
            needed.push(slot);
        }
        // A decision that is held back says nothing yet: until it stands, the others look as far as they need.
        let fails = hearing.answer() == Some(Outcome::Fail);
        if let (Step::Ask(slots), false) = (next(&seen, &Drive::SERIAL.budget, u32::MAX), fails) {
            for slot in &slots {
                prop_assert!(needed.contains(slot), "{slot:?}");
            }
        }
        let lossless = World { lost: 0.0, lost_if_failed: 0.0, ..world };
        let rest = run(&plan, &lossless, &Drive::SERIAL, &facts);
        prop_assert!(rest.asked <= u64::from(seen.hearing().left_at_most()));
    }

    #[test]
    fn the_bound_never_disagrees_with_the_verdict(
        count in 1_usize..60, right in 0.4_f64..=1.0, seed: u64, lost in prop::sample::select(vec![0.0, 0.1]),
        enough: bool, most in 1_usize..100,
    ) {
        let ask = if enough { Ask::Enough } else { Ask::EveryCaseOnce };
        let plan = kit::plan(&deterministic(count, 90.0, 75.0, ask), seed);
        let world = always(World { seed, right, lost, lost_if_failed: lost, ..World::CALM });
        let found = verdict(&plan, most, |_, slot| world(slot));
        let shown = &found.criteria[0].shown;
        let end = |text: &str| text.parse::<f64>().expect("a number");
        let (low, high) = (end(&shown.low), end(&shown.high));
        prop_assert!(low <= high + 1e-9, "{shown:?}");
        let failing = |share: f64| ((1.0 - share) * count as f64).round() as u32;
        let Boundary::WithoutReplacement { failures_good, failures_bad, .. } = plan.criteria[0].boundary else {
            panic!("a deterministic rate has a finite suite")
        };
        match found.outcome {
            Outcome::Pass => prop_assert!(failing(low) < failures_bad, "{shown:?}"),
            Outcome::Fail => prop_assert!(failing(high) > failures_good, "{shown:?}"),
            Outcome::Inconclusive(_) => {}
        }
    }
}

const VERSIONS: u32 = 400;

/// How many of [`VERSIONS`] suites with so many failing cases end with an outcome.
fn ends(spec: &Spec, failing: usize, lost_if_failed: f64, outcome: Outcome) -> u32 {
    let plan = kit::plan(spec, 0);
    let count = spec.cases.len();
    let ended = |seed: &u32| {
        let seed = u64::from(*seed);
        let plan = Plan { stream: kit::stream(seed), ..plan.clone() };
        // Which cases fail is drawn with each version.
        let mut places: Vec<usize> = (0..count).collect();
        places.sort_by_key(|&place| mix(&[seed, place as u64]));
        let broken = &places[..failing];
        let mut hearing = Hearing::new(&plan).expect("the plan is sound");
        while let Some(slot) = hearing.wanted() {
            let failed = broken.contains(&number(&slot));
            let lost =
                failed && fraction(&[seed, number(&slot) as u64, u64::from(slot.round)]) < lost_if_failed;
            hearing.hear(&if lost { missing() } else { answer(Some(!failed)) }, false);
        }
        hearing.answer() == Some(outcome)
    };
    u32::try_from((0..VERSIONS).filter(ended).count()).expect("a count")
}

#[test]
fn a_deterministic_suite_errs_as_often_as_its_certificate_says() {
    for count in [20, 50, 200] {
        let spec = deterministic(count, 90.0, 80.0, Ask::Enough);
        let exact = Certificate::of(&kit::plan(&spec, 0).criteria[0]).expect("it has one");
        let contains = |found, exact| clopper_pearson(found, VERSIONS, 0.9999).contains(exact);
        let blocked = ends(&spec, count / 10, 0.0, Outcome::Fail);
        let told = exact.wrongly_blocked.expect("a rate declares it");
        assert!(told <= 0.05 && contains(blocked, told), "{blocked} of {count} blocked, {told} told");
        let passed = ends(&spec, count / 5, 0.0, Outcome::Pass);
        let told = exact.wrongly_passed;
        assert!(told <= 0.05 && contains(passed, told), "{passed} of {count} passed, {told} told");
        // Whoever loses what fails is not let through more often.
        let passed = ends(&spec, count / 5, 0.9, Outcome::Pass);
        assert!(clopper_pearson(passed, VERSIONS, 0.9999).low <= 0.05, "{passed} of {count} passed");
    }
}

#[test]
fn the_plan_tells_the_exact_mean_of_calls() {
    // As the handbook has them, and 20 more that are asked again.
    for (count, at_target, at_floor) in [(20, 17.1, 12.5), (50, 31.2, 24.5), (200, 53.8, 45.3)] {
        let told = outlook(&deterministic(count, 90.0, 80.0, Ask::Enough), None).expect("it has a plan");
        let one = &told.criteria[0];
        assert!((one.at_target - 20.0 - at_target).abs() < 0.051, "{count}: {}", one.at_target);
        assert!((one.at_floor - 20.0 - at_floor).abs() < 0.051, "{count}: {}", one.at_floor);
        assert_eq!((one.at_most as usize, one.tells), (count + 20, None));
        assert!(one.given_determinism.is_some());
        let plan = kit::plan(&deterministic(count, 90.0, 80.0, Ask::Enough), 1);
        let perfect = verdict(&plan, 999, failing(0));
        assert_eq!(one.if_none_fails, perfect.heard());
    }
}

/// What an author reads, and what a verdict says.
#[test]
fn a_deterministic_suite_is_told_in_words() {
    let (round, enough) =
        (deterministic(50, 90.0, 80.0, Ask::EveryCaseOnce), deterministic(200, 90.0, 80.0, Ask::Enough));
    let mut lines = Vec::new();
    for spec in [&round, &enough] {
        lines.extend(outlook(spec, None).expect("it has a plan").sentences);
    }
    for spec in [&round, &enough] {
        let plan = kit::plan(spec, 1);
        lines.push(verdict(&plan, 999, failing(0)).headline);
        lines.push(verdict(&plan, 999, failing(45)).headline);
        lines.push(verdict(&plan, 10, failing(0)).headline);
    }
    let plan = kit::plan(&round, 1);
    lines.push(verdict(&plan, 999, |place, _| answer(Some(place != 55))).headline);
    lines.push(
        verdict(&plan, 999, |place, _| if place < 9 { missing() } else { answer(Some(true)) }).headline,
    );
    lines.push(
        verdict(
            &plan,
            999,
            |place, _| {
                if (50..54).contains(&place) { missing() } else { answer(Some(true)) }
            },
        )
        .headline,
    );
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_self_test_of_a_deterministic_gate_simulates_deterministic_versions() {
    let mut suite = cases(60);
    for case in suite.iter_mut().take(20) {
        case.tags = ["money".into()].into();
    }
    let tagged = Criterion { only: ["money".into()].into(), ..criterion("money", rate(85.0, 60.0)) };
    let gate = vec![criterion("quality", rate(90.0, 75.0)), tagged];
    let spec = Spec { ask: Ask::Enough, deterministic: true, ..spec(suite, gate) };
    let test = SelfTest::new(&spec, kit::stream(1), &[], 8).expect("it has a plan");
    for (kind, fault) in test.kinds().iter().enumerate() {
        let found = test.simulate(kind, 0..60).expect("the plan is sound");
        let keeps = |wrong: u32, risk: f64| clopper_pearson(wrong, 60, 0.9999).low <= risk;
        // Lost answers leave some undecided; nothing is taken for a change of mind.
        match fault {
            Fault::None => assert!(keeps(found.failed, 0.1) && found.passed > 30, "{found:?}"),
            Fault::Uniform(_) | Fault::WholeCases(_) | Fault::Flaky(_) => {
                assert!(keeps(found.passed, 0.05), "{fault:?} {found:?}");
            }
            _ => {}
        }
    }
}
