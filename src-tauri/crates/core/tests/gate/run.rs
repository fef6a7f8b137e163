//! Runs in virtual time: whatever the network and the runner go through, the same answers give the same verdict.

use std::collections::BTreeSet;

use gatewright_core::{
    gate::{Outcome, SlotFacts, Step, Why, next},
    plan::Slot,
    spec::{Ask, Budget, Criterion, Rule, Spec},
    time::Seq,
};
use proptest::prelude::*;

use crate::{
    kit::{self, case, cases, criterion, missing, never, rate, spec, unit},
    world::{Drive, World, asked_beyond_reach, bytes, fraction, mix, rebuilt, run, verdict},
};

/// A gate with all that this method knows: pooled, tagged, critical, by rounds, graded, and along for the ride.
fn mixed(count: usize, ask: Ask) -> Spec {
    let mut suite = cases(count);
    suite.push(case("!critical", &["money"]));
    suite.push(case("money", &["money"]));
    let tagged = Criterion { only: ["money".into()].into(), ..criterion("money", rate(90.0, 60.0)) };
    let plain = Rule::Plain {
        of: gatewright_core::spec::Metric::PassRate,
        target: unit(70.0),
        rounds: std::num::NonZeroU32::MIN,
    };
    let along = Criterion { blocking: false, ..criterion("along", rate(80.0, 50.0)) };
    let gate = vec![
        criterion("quality", rate(90.0, 70.0)),
        criterion("critical", never(20.0)),
        tagged,
        criterion("plain", plain),
        criterion("polite", kit::mean(90.0, 75.0, 80)),
        along,
    ];
    Spec { ask, ..spec(suite, gate) }
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![Just(Ask::EveryCaseOnce), Just(Ask::Enough)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn answers_in_any_order_late_or_after_kills_give_the_same_verdict(
        seed: u64, delays: u64, right in 0.5_f64..=1.0, lost in 0.0_f64..0.1, count in 0_usize..12,
        concurrency in 1_u32..40, killed in prop::option::of(1_u64..30), ask in asks(),
    ) {
        let plan = kit::plan(&mixed(count, ask), seed);
        let world = World { seed, right, lost, lost_if_failed: 2.0 * lost, errs: 0.1, slow_failures: 300, delays, steady: false };
        let serial = run(&plan, &world, &Drive::SERIAL, &[]);
        let expected = verdict(&plan, &serial.facts, serial.stop);
        let drive = Drive { concurrency, killed_every: killed, ..Drive::SERIAL };
        let other = run(&plan, &world, &drive, &[]);
        let found = verdict(&plan, &other.facts, other.stop);
        prop_assert_eq!(bytes(&found), bytes(&expected));
        prop_assert!(other.in_flight_most <= concurrency as usize);
        prop_assert_eq!(serial.stop, None);
    }

    #[test]
    fn nothing_is_asked_that_is_not_within_reach(
        seed: u64, right in 0.6_f64..=1.0, lost in 0.0_f64..0.1, count in 1_usize..12, ask in asks(),
        heard in 0_usize..60,
    ) {
        let plan = kit::plan(&mixed(count, ask), seed);
        let world = World { seed, right, lost, lost_if_failed: lost, ..World::CALM };
        prop_assert_eq!(asked_beyond_reach(&plan, &world, &World::CALM, heard), vec![]);
    }

    #[test]
    fn a_lost_answer_turns_no_fail_into_a_pass_and_no_rate_into_a_fail(
        seed: u64, right in 0.5_f64..=1.0, holes in 0.0_f64..0.3, count in 1_usize..12, ask in asks(),
    ) {
        let pooled = Spec { ask, ..spec(cases(count), vec![criterion("quality", rate(90.0, 70.0))]) };
        // `never` is answered for a failure that got lost by more trials, not by that failure.
        let mut others = mixed(count, ask);
        others.gate.retain(|criterion| !matches!(criterion.rule, Rule::Never { .. }));
        for spec in [pooled, others] {
            let plan = kit::plan(&spec, seed);
            let world = World { seed, right, ..World::CALM };
            let whole = run(&plan, &world, &Drive::SERIAL, &[]);
            let holed = World { lost: holes, lost_if_failed: holes, ..world };
            let holed = run(&plan, &holed, &Drive::SERIAL, &[]);
            let (whole, holed) = (whole.seen.hearing().answer(), holed.seen.hearing().answer());
            if whole == Some(Outcome::Fail) {
                prop_assert_ne!(holed, Some(Outcome::Pass));
            }
            if whole == Some(Outcome::Pass) && spec.gate.len() == 1 {
                prop_assert_ne!(holed, Some(Outcome::Fail));
            }
        }
    }

    #[test]
    fn answers_beyond_the_decision_change_nothing(
        seed: u64, right in 0.5_f64..=1.0, count in 0_usize..8, extra in 1_u32..20,
    ) {
        let plan = kit::plan(&mixed(count, Ask::EveryCaseOnce), seed);
        let world = World { seed, right, ..World::CALM };
        let ran = run(&plan, &world, &Drive::SERIAL, &[]);
        let mut facts = ran.facts.clone();
        let heard: BTreeSet<Slot> = facts.iter().map(|facts| facts.slot.clone()).collect();
        for round in 0..extra {
            for case in &plan.cases {
                let slot = kit::facts(case.as_str(), round, kit::answer(Some(false)));
                if !heard.contains(&slot.slot) {
                    facts.push(slot);
                }
            }
        }
        prop_assert_eq!(bytes(&verdict(&plan, &facts, None)), bytes(&verdict(&plan, &ran.facts, None)));
        prop_assert_eq!(next(&rebuilt(&plan, &facts), &Drive::SERIAL.budget, 4), Step::Decided);
    }

    #[test]
    fn a_run_that_was_cut_off_goes_on_to_the_same_verdict(
        seed: u64, right in 0.6_f64..=1.0, count in 1_usize..10, calls in 0_u64..40, concurrency in 1_u32..20,
    ) {
        let plan = kit::plan(&mixed(count, Ask::EveryCaseOnce), seed);
        let world = World { seed, right, slow_failures: 100, ..World::CALM };
        let whole = run(&plan, &world, &Drive::SERIAL, &[]);
        let budget = Budget { calls, ..Drive::SERIAL.budget };
        let cut = run(&plan, &world, &Drive { concurrency, budget, ..Drive::SERIAL }, &[]);
        prop_assert!(cut.asked <= calls);
        if cut.stop.is_some() {
            prop_assert_eq!(cut.stop, Some(Why::BudgetEnded));
            let verdict = verdict(&plan, &cut.facts, cut.stop);
            prop_assert_ne!(verdict.outcome, Outcome::Pass);
            prop_assert!(!matches!(verdict.outcome, Outcome::Inconclusive(why) if why.ends_attempt()));
        }
        let rest = run(&plan, &world, &Drive { concurrency, ..Drive::SERIAL }, &cut.facts);
        prop_assert_eq!(
            bytes(&verdict(&plan, &rest.facts, None)),
            bytes(&verdict(&plan, &whole.facts, None))
        );
    }
}

#[test]
fn nothing_is_asked_for_criteria_that_a_failing_first_round_outruns() {
    // The first answer fails, so the plain threshold is missed at the end of the round, whatever follows.
    let plan = kit::plan(&mixed(1, Ask::EveryCaseOnce), 2_977_935_591_506_416_125);
    let world = World { seed: 2_977_935_591_506_416_125, right: 0.6, ..World::CALM };
    let first = &run(&plan, &world, &Drive::SERIAL, &[]).facts[0];
    assert!(!matches!(first.came, gatewright_core::gate::Came::Answer { passed: Some(true), .. }));
    assert_eq!(asked_beyond_reach(&plan, &world, &World::CALM, 1), vec![]);
}

#[test]
fn a_perfect_version_is_asked_what_it_needs_and_no_more_at_any_concurrency() {
    let spec = spec(cases(24), vec![criterion("quality", rate(90.0, 80.0))]);
    let plan = kit::plan(&spec, 7);
    for concurrency in [1, 16, 500] {
        let ran = run(&plan, &World::CALM, &Drive { concurrency, ..Drive::SERIAL }, &[]);
        // 18 calls without a failure would decide it; every case is asked once.
        assert_eq!((ran.asked, ran.stop), (24, None), "at {concurrency}");
    }
}

#[test]
fn a_suite_of_10_000_cases_is_asked_and_judged_in_one_pass() {
    let rule = Rule::Plain {
        of: gatewright_core::spec::Metric::PassRate,
        target: unit(70.0),
        rounds: std::num::NonZeroU32::MIN,
    };
    let plan = kit::plan(&spec(cases(10_000), vec![criterion("quality", rule)]), 1);
    let world = World { right: 0.9, slow_failures: 500, ..World::CALM };
    let ran = run(&plan, &world, &Drive { concurrency: 128, ..Drive::SERIAL }, &[]);
    let verdict = verdict(&plan, &ran.facts, ran.stop);
    assert_eq!((ran.asked, verdict.heard(), verdict.outcome), (10_000, 10_000, Outcome::Pass));
    assert!(ran.in_flight_most <= 128);
}

#[test]
fn an_endpoint_that_takes_no_more_calls_ends_the_run_and_the_next_goes_on_there() {
    let plan = kit::plan(&mixed(6, Ask::EveryCaseOnce), 3);
    let world = World { seed: 3, right: 0.97, ..World::CALM };
    let drive = Drive { concurrency: 4, unreachable: Some(|slot| slot.round == 1), ..Drive::SERIAL };
    let stopped = run(&plan, &world, &drive, &[]);
    assert_eq!(stopped.stop, Some(Why::Unreachable));
    let undecided = verdict(&plan, &stopped.facts, stopped.stop);
    assert_eq!(undecided.outcome, Outcome::Inconclusive(Why::Unreachable));
    let whole = run(&plan, &world, &Drive::SERIAL, &[]);
    let rest = run(&plan, &world, &Drive { concurrency: 4, ..Drive::SERIAL }, &stopped.facts);
    assert_eq!(bytes(&verdict(&plan, &rest.facts, None)), bytes(&verdict(&plan, &whole.facts, None)));
}

#[test]
fn asking_a_decided_stream_again_asks_nothing() {
    let plan = kit::plan(&mixed(6, Ask::EveryCaseOnce), 4);
    let world = World { seed: 4, right: 0.9, ..World::CALM };
    let first = run(&plan, &world, &Drive { concurrency: 8, ..Drive::SERIAL }, &[]);
    let again = run(&plan, &world, &Drive { concurrency: 8, ..Drive::SERIAL }, &first.facts);
    assert_eq!((again.asked, again.stop), (0, None));
}

#[test]
fn the_whole_first_round_is_asked_unless_enough_is_enough() {
    let suite = || (0..20).map(|number| case(&format!("!case-{number}"), &[])).collect();
    let every = spec(suite(), vec![criterion("critical", never(20.0))]);
    let enough = Spec { ask: Ask::Enough, ..every.clone() };
    let broken = World { right: 0.0, ..World::CALM };
    for (spec, broken_asked, perfect_asked) in [(&every, 20, 20), (&enough, 1, 14)] {
        let plan = kit::plan(spec, 5);
        for (world, asked) in [(&broken, broken_asked), (&World::CALM, perfect_asked)] {
            assert_eq!(run(&plan, world, &Drive::SERIAL, &[]).asked, asked, "{:?}", spec.ask);
        }
    }
}

#[test]
fn a_case_with_trials_is_heard_so_often_before_a_decision() {
    let mut suite = cases(4);
    suite[2].trials = 5.try_into().expect("not 0");
    for ask in [Ask::EveryCaseOnce, Ask::Enough] {
        let gate = vec![criterion("quality", rate(90.0, 40.0))];
        let plan = kit::plan(&Spec { ask, ..spec(suite.clone(), gate) }, 6);
        let ran = run(&plan, &World::CALM, &Drive::SERIAL, &[]);
        let of_it = ran.facts.iter().filter(|facts| facts.slot.case.as_str() == "case-2").count();
        assert_eq!((of_it, ran.asked), (5, 20), "{ask:?}");
    }
}

#[test]
fn a_criterion_that_does_not_block_prolongs_nothing() {
    let strict = Criterion { blocking: false, ..criterion("strict", rate(95.0, 90.0)) };
    let gate = vec![criterion("quality", rate(90.0, 50.0)), strict];
    let plan = kit::plan(&spec(cases(4), gate.clone()), 8);
    let alone = kit::plan(&spec(cases(4), gate[..1].to_vec()), 8);
    let asked = |plan| run(plan, &World::CALM, &Drive::SERIAL, &[]).asked;
    assert_eq!(asked(&plan), asked(&alone));
    let ran = run(&plan, &World::CALM, &Drive::SERIAL, &[]);
    let verdict = verdict(&plan, &ran.facts, None);
    assert_eq!(verdict.outcome, Outcome::Pass);
    assert_eq!(verdict.criteria[1].outcome, Outcome::Inconclusive(Why::GateDecided));
}

#[test]
fn a_person_may_stop_a_run_but_not_a_decision_and_a_changed_identity_stops_all() {
    let plan = kit::plan(&mixed(2, Ask::EveryCaseOnce), 9);
    let ran = run(&plan, &World::CALM, &Drive::SERIAL, &[]);
    let step = |facts: &[SlotFacts], why| {
        let mut seen = rebuilt(&plan, facts);
        seen.halt(why);
        next(&seen, &Drive::SERIAL.budget, 1)
    };
    assert_eq!(step(&ran.facts[..3], Why::Cancelled), Step::Stopped(Why::Cancelled));
    assert_eq!(step(&ran.facts, Why::Cancelled), Step::Decided);
    assert_eq!(step(&ran.facts, Why::IdentityChanged), Step::Stopped(Why::IdentityChanged));
    let mut seen = rebuilt(&plan, &ran.facts[..3]);
    let Step::Ask(slots) = next(&seen, &Drive::SERIAL.budget, 2) else { panic!("more is needed") };
    seen.sent(&slots[0]);
    seen.halt(Why::Cancelled);
    assert_eq!(next(&seen, &Drive::SERIAL.budget, 2), Step::Wait);
    seen.returned(&slots[0]);
    assert_eq!(next(&seen, &Drive::SERIAL.budget, 2), Step::Stopped(Why::Cancelled));
}

#[test]
fn time_and_money_end_a_run_as_calls_do() {
    let plan = kit::plan(&mixed(2, Ask::EveryCaseOnce), 10);
    let money =
        gatewright_core::spec::MicroMoney { micros: 5, currency: gatewright_core::spec::Currency::USD };
    let budget = Budget { calls: 10, cost: Some(money), time_ms: 10 };
    for (calls, cost_micros, time_ms, stopped) in
        [(9, 4, 9, false), (10, 0, 0, true), (0, 5, 0, true), (0, 0, 10, true)]
    {
        let mut seen = rebuilt(&plan, &[]);
        seen.spend(gatewright_core::gate::Spent { calls, cost_micros, time_ms });
        let step = next(&seen, &budget, 1);
        assert_eq!(step == Step::Stopped(Why::BudgetEnded), stopped, "{step:?}");
    }
}

#[test]
fn two_tellings_of_a_slot_are_one() {
    let plan = kit::plan(&spec(cases(3), vec![criterion("quality", rate(90.0, 50.0))]), 11);
    let world = World { seed: mix(&[11]), right: 0.9, ..World::CALM };
    let ran = run(&plan, &world, &Drive::SERIAL, &[]);
    let mut twice = ran.facts.clone();
    twice.extend(ran.facts.iter().map(|facts| SlotFacts {
        came: missing(),
        recorded: Seq(900),
        ..facts.clone()
    }));
    assert_eq!(bytes(&verdict(&plan, &twice, None)), bytes(&verdict(&plan, &ran.facts, None)));
    assert_eq!(rebuilt(&plan, &ran.facts).hearing().heard() as usize, ran.facts.len());
    assert!(fraction(&[1]) < 1.0);
}
