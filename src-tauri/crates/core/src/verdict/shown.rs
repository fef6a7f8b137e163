//! Numbers beside a verdict, for people: value, bound, and how they were made. They never decide.

use gatewright_stat::{interval, quantile};

use super::Shown;
use crate::{
    gate::{Came, Listener, SlotFacts, words::nine},
    plan::{Boundary, PlannedCriterion},
    spec::{Measure, Metric, Risk, Rule, Unit},
};

/// The method of `never`, with its number.
const FIRST_FAILURE: &str = "first-failure 1";
/// The method of `method: fixed`, with its number.
const THRESHOLD: &str = "threshold 1";
/// Confidence of an interval that no declared risk goes with.
const CONFIDENCE: f64 = 0.95;

/// What is shown of a criterion that heard these facts.
pub(super) fn of(planned: &PlannedCriterion, listener: &Listener, heard: &[&SlotFacts]) -> Shown {
    let method = match &planned.boundary {
        Boundary::Corridor { method, .. } => method.clone(),
        Boundary::FirstFailure { .. } => FIRST_FAILURE.to_owned(),
        Boundary::Fixed { .. } => THRESHOLD.to_owned(),
        Boundary::Betting { .. } | Boundary::Paired { .. } | Boundary::WithoutReplacement { .. } => {
            return Shown::default();
        }
    };
    if heard.is_empty() {
        return Shown { method, ..Shown::default() };
    }
    let numbers = match &planned.rule {
        Rule::Rate { of: Metric::Within { of, .. }, target, risk, .. } => {
            percentile(*of, *target, *risk, heard)
        }
        Rule::Rate { risk, .. } => share(listener, risk.wrongly_passed, Some(risk.wrongly_blocked)),
        Rule::Never { wrongly_passed, .. } => share(listener, *wrongly_passed, None),
        Rule::Plain { .. } => mean(listener),
        Rule::Mean { .. } | Rule::MaxDrop { .. } => Shown::default(),
    };
    Shown { method, ..numbers }
}

/// A share of passed answers. The lower bound takes what is missing as failed, the upper one as passed; each is
/// one-sided at the risk that was declared for its side, so it cannot disagree with the verdict.
fn share(listener: &Listener, wrongly_passed: Unit, wrongly_blocked: Option<Unit>) -> Shown {
    let counts = listener.counts();
    let (heard, passed) = (counts.heard(), counts.passed());
    let low = interval::clopper_pearson_lower(passed, heard, wrongly_passed.complement().as_f64());
    let high = wrongly_blocked.map(|risk| {
        interval::clopper_pearson_upper(passed + counts.lost(), heard, risk.complement().as_f64())
    });
    Shown {
        value: rate(passed, counts.scored),
        low: nine(low),
        high: high.map(nine).unwrap_or_default(),
        bound: "clopper-pearson one-sided".to_owned(),
        method: String::new(),
    }
}

/// The mean over complete rounds; with an interval where every score is 0 or 1.
fn mean(listener: &Listener) -> Shown {
    let counts = listener.counts();
    let passed = u64::from(counts.passed()) * u64::from(Unit::ONE.millionths());
    if counts.scored == 0 || passed != listener.score_sum() {
        return Shown::default();
    }
    let (all, known) = (counts.heard(), counts.passed());
    Shown {
        value: rate(counts.passed(), counts.scored),
        low: nine(interval::wilson(known, all, CONFIDENCE).low),
        high: nine(interval::wilson(known + counts.lost(), all, CONFIDENCE).high),
        bound: "wilson".to_owned(),
        method: String::new(),
    }
}

/// A percentile in the unit of its measure, between two measurements. An error of the agent and what is missing
/// count as larger than every measurement; an end that falls there, or needs more calls, is empty.
fn percentile(of: Measure, target: Unit, risk: Risk, heard: &[&SlotFacts]) -> Shown {
    let mut measured: Vec<u64> = heard
        .iter()
        .filter_map(|facts| match &facts.came {
            Came::Answer { measures, .. } => measures.get(of),
            Came::AgentError(_) | Came::Missing(_) => None,
        })
        .collect();
    measured.sort_unstable();
    let at = |rank: u32| {
        let place = (rank as usize).checked_sub(1);
        place.and_then(|place| measured.get(place)).map(u64::to_string).unwrap_or_default()
    };
    let n = u32::try_from(heard.len()).unwrap_or(u32::MAX);
    // The smallest rank that at least this share of all lies at or below, in whole numbers.
    let share = u64::from(target.millionths()) * u64::from(n);
    let rank = u32::try_from(share.div_ceil(u64::from(Unit::ONE.millionths()))).unwrap_or(n);
    let ranks = |risk: Unit| quantile::ranks(n, target.as_f64(), 1.0 - 2.0 * risk.as_f64());
    Shown {
        value: at(rank),
        low: ranks(risk.wrongly_blocked).low.map(at).unwrap_or_default(),
        high: ranks(risk.wrongly_passed).high.map(at).unwrap_or_default(),
        bound: "order-statistic".to_owned(),
        method: String::new(),
    }
}

fn rate(passed: u32, scored: u32) -> String {
    if scored == 0 { String::new() } else { nine(f64::from(passed) / f64::from(scored)) }
}
