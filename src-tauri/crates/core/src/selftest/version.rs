//! A simulated version that answers, and the endpoint that it stands behind.

use std::collections::BTreeMap;

use super::{
    Draw,
    suite::{Means, Suite},
    world::Answers,
};
use crate::{
    gate::{Came, Measures, SlotFacts},
    id::CaseName,
    observation::ErrorClass,
    plan::{Plan, Side, Slot},
    spec::{Measure, Metric, Unit},
};

/// What an endpoint does to answers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Weather {
    /// Share of the answers that pass which get lost.
    pub lost: f64,
    /// Share of those that fail.
    pub lost_if_failed: f64,
    /// How many times as long a failing answer takes.
    pub slow_failures: u64,
}

/// Answers that get lost at least.
const LOST_MIN: f64 = 0.005;

/// How many times as often a failing answer gets lost as a passing one.
const LOST_IF_FAILED: f64 = 4.0;

/// Milliseconds of an answer, from 1 to this.
const TAKES_MS_MAX: u64 = 100;

impl Weather {
    /// As often as recorded, and a little where nothing is: failing answers get lost four times as often as passing
    /// ones, and take five times as long.
    pub(super) fn of(facts: &[SlotFacts]) -> Self {
        let missing = facts.iter().filter(|facts| matches!(facts.came, Came::Missing(_))).count();
        let share = if facts.is_empty() { 0.0 } else { super::real(missing) / super::real(facts.len()) };
        let lost = share.max(LOST_MIN);
        Self { lost, lost_if_failed: (lost * LOST_IF_FAILED).min(1.0), slow_failures: 5 }
    }
}

/// A simulated version, and the live one beside it.
pub(super) struct Simulated<'a> {
    suite: &'a Suite,
    index: BTreeMap<&'a CaseName, usize>,
    candidate: Means,
    baseline: Means,
    weather: Weather,
    draw: Draw,
    /// Whether it scores a case alike each time.
    steady: bool,
}

impl<'a> Simulated<'a> {
    pub(super) fn new(
        suite: &'a Suite,
        plan: &'a Plan,
        candidate: Means,
        baseline: Means,
        weather: Weather,
        draw: Draw,
        steady: bool,
    ) -> Self {
        let index = plan.cases.iter().enumerate().map(|(place, case)| (case, place)).collect();
        Self { suite, index, candidate, baseline, weather, draw, steady }
    }

    fn of(&self, slot: &Slot) -> (Draw, &Means, usize) {
        let (side, means) = match slot.side {
            Side::Candidate => (0, &self.candidate),
            Side::Baseline => (1, &self.baseline),
        };
        let case = self.index.get(&slot.case).copied().unwrap_or_default();
        (self.draw.at(side).at(case as u64).at(u64::from(slot.round)), means, case)
    }
}

impl Answers for Simulated<'_> {
    fn came(&self, slot: &Slot) -> Came {
        let (draw, means, case) = self.of(slot);
        let told = if self.steady { self.of(&Slot { round: 0, ..slot.clone() }).0 } else { draw };
        let mut passed = true;
        let mut scores = BTreeMap::new();
        let mut measures = Measures::default();
        for ((number, channel), means) in (0_usize..).zip(self.suite.channels()).zip(means) {
            // Limits of one measure are kept or broken by one and the same value.
            let of = match channel {
                Metric::Within { of, .. } => draw.at(1).at(*of as u64),
                _ => told.at(2).at(number as u64),
            };
            let score = self.suite.score(number, case, means[case], of);
            match channel {
                Metric::PassRate => passed = score == Unit::ONE,
                Metric::Within { of, at_most } => {
                    let value = if score == Unit::ONE { *at_most } else { at_most.saturating_add(1) };
                    keep(&mut measures, *of, value, score == Unit::ONE);
                }
                Metric::Graded(name) => drop(scores.insert(name.clone(), Some(score))),
                Metric::Weighted(_) => {}
            }
        }
        let lost = if passed { self.weather.lost } else { self.weather.lost_if_failed };
        if draw.fraction(3) < lost {
            return Came::Missing(ErrorClass("status-500".to_owned()));
        }
        Came::Answer { passed: Some(passed), scores, measures }
    }

    fn takes_ms(&self, slot: &Slot, came: &Came) -> u64 {
        let takes = 1 + self.of(slot).0.below(4, TAKES_MS_MAX);
        let failed = !matches!(came, Came::Answer { passed: Some(true), .. });
        if failed { takes.saturating_mul(self.weather.slow_failures) } else { takes }
    }
}

/// Keeps the value that says most: the least limit that was kept, or the greatest that was not.
fn keep(measures: &mut Measures, of: Measure, value: u64, within: bool) {
    let place = match of {
        Measure::LatencyMs => &mut measures.latency_ms,
        Measure::FirstTokenMs => &mut measures.first_token_ms,
        Measure::CostMicros => &mut measures.cost_micros,
        Measure::TokensOut => &mut measures.tokens_out,
    };
    *place = Some(match *place {
        None => value,
        Some(known) if within => known.min(value),
        Some(known) => known.max(value),
    });
}
