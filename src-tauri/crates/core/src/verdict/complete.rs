//! The value of a stream over complete rounds: what a chart draws, since a stream that stops when it knows is
//! biased where it stopped.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_stat::interval;

use crate::{
    gate::{Heard, SlotFacts},
    id::CaseName,
    plan::{Plan, Side},
    spec::{Metric, Unit},
};

/// Confidence of the interval.
const CONFIDENCE: f64 = 0.95;

/// The pass rate over complete rounds, without cases in quarantine.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Complete {
    /// Rounds in which every case was asked.
    pub rounds: u32,
    /// Trials in them.
    pub trials: u32,
    /// Of those, passed. What is missing has not passed.
    pub passed: u32,
    /// Their share.
    pub value: f64,
    /// Wilson's interval at 95 %, lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The candidate's pass rate over the complete rounds of a stream; none before the first one is complete.
#[must_use]
pub fn complete_rounds(plan: &Plan, facts: &[SlotFacts]) -> Option<Complete> {
    let cases: BTreeSet<&CaseName> =
        plan.cases.iter().filter(|case| !plan.quarantine.contains(case)).collect();
    let mut rounds: BTreeMap<u32, BTreeMap<&CaseName, bool>> = BTreeMap::new();
    let own = |fact: &&SlotFacts| fact.slot.side == Side::Candidate && cases.contains(&fact.slot.case);
    for fact in facts.iter().filter(own) {
        let passed = fact.came.heard(&Metric::PassRate) == Heard::Score(Unit::ONE);
        rounds.entry(fact.slot.round).or_default().insert(&fact.slot.case, passed);
    }
    let whole = (0..).map_while(|round| rounds.get(&round).filter(|round| round.len() == cases.len()));
    let (mut count, mut trials, mut passed) = (0, 0, 0);
    for cases in whole.take_while(|cases| !cases.is_empty()) {
        count += 1;
        trials += u32::try_from(cases.len()).unwrap_or(u32::MAX);
        passed += u32::try_from(cases.values().filter(|passed| **passed).count()).unwrap_or(u32::MAX);
    }
    if count == 0 {
        return None;
    }
    let bounds = interval::wilson(passed, trials, CONFIDENCE);
    Some(Complete {
        rounds: count,
        trials,
        passed,
        value: f64::from(passed) / f64::from(trials),
        low: bounds.low,
        high: bounds.high,
    })
}
