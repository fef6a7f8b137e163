//! Numbers beside a verdict, for people: value, bound, and how they were made. They never decide.

use gatewright_stat::{
    betting, confidence,
    design::Claim,
    finite::{Suite, confidence_sequence},
    interval, ordering, quantile,
    walk::{Corridor, Reached},
};

use super::{Shown, compared};
use crate::{
    gate::{Came, Heard, Listener, Outcome, SlotFacts, finite, words::nine},
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
        Boundary::Corridor { method, .. }
        | Boundary::Betting { method, .. }
        | Boundary::Paired { method, .. }
        | Boundary::WithoutReplacement { method, .. } => method.clone(),
        Boundary::FirstFailure { .. } => FIRST_FAILURE.to_owned(),
        Boundary::Fixed { .. } => THRESHOLD.to_owned(),
    };
    if heard.is_empty() {
        return Shown { method, ..Shown::default() };
    }
    let numbers = match &planned.rule {
        Rule::Rate { of: Metric::Within { of, .. }, target, risk, .. } => {
            percentile(*of, *target, *risk, heard)
        }
        Rule::Rate { of, risk, .. } => match finite::suite(&planned.boundary) {
            Some((suite, test)) => of_suite(&suite, &test, of, *risk, listener, heard),
            None => rate(&planned.boundary, of, *risk, listener, heard),
        },
        Rule::Never { wrongly_passed, .. } => never(listener, *wrongly_passed),
        Rule::Plain { .. } => mean(listener),
        Rule::Mean { of, .. } => bets(planned, of, listener, heard),
        Rule::MaxDrop { of, margin, risk, .. } => match &planned.boundary {
            Boundary::Corridor { .. } => rate(&planned.boundary, of, *risk, listener, heard),
            Boundary::Betting { .. } => bets(planned, of, listener, heard),
            _ => compared::shown(of, *margin, *risk, listener, heard),
        },
    };
    Shown { method, ..numbers }
}

/// A share of passed answers after a sequential test. The lower bound takes what is missing as failed, the upper
/// one as passed; each is one-sided at the risk that was declared for its side.
///
/// Where the test ended on both paths, as with every verdict, the bounds are those of its own endings, so they
/// cannot disagree with it. Where it was cut off, nobody knows whether the answers chose the place: then they are
/// a confidence sequence, which holds wherever it is cut.
fn rate(
    boundary: &Boundary,
    metric: &Metric,
    risk: Risk,
    listener: &Listener,
    heard: &[&SlotFacts],
) -> Shown {
    let counts = listener.counts();
    let test = corridor(boundary);
    let ended = test.as_ref().and_then(|test| Some((test, endings(test, metric, heard)?)));
    let (low, high, bound) = match ended {
        Some((test, (on_pass, on_fail))) => (
            ordering::lower(test, on_pass.heard, on_pass.failures, risk.wrongly_passed.as_f64()),
            ordering::upper(test, on_fail.heard, on_fail.failures, risk.wrongly_blocked.as_f64()),
            "stage-wise",
        ),
        None => {
            let (heard, passed) = (counts.heard(), counts.passed());
            let sequence = |passed, risk: Unit| {
                let tuned = f64::from(listener.heard_max());
                confidence::bernoulli(passed, heard, risk.complement().as_f64(), tuned)
            };
            (
                sequence(passed, risk.wrongly_passed).low,
                sequence(passed + counts.lost(), risk.wrongly_blocked).high,
                "confidence sequence",
            )
        }
    };
    Shown {
        value: share(counts.passed(), counts.scored),
        low: nine(low),
        high: nine(high),
        bound: bound.to_owned(),
        ..Shown::default()
    }
}

/// Where a test ended.
#[derive(Clone, Copy)]
struct Ending {
    heard: u32,
    failures: u32,
}

fn corridor(boundary: &Boundary) -> Option<Corridor> {
    let Boundary::Corridor { pass_at_failures_le, fail_at_failures_ge, .. } = boundary else { return None };
    Corridor::new(pass_at_failures_le.clone(), fail_at_failures_ge.clone()).ok()
}

/// Where a test ended on the way to *pass* and on the way to *fail*; none while one of the two goes on.
fn endings(test: &Corridor, metric: &Metric, heard: &[&SlotFacts]) -> Option<(Ending, Ending)> {
    let ending = |missing_fails: bool| {
        let mut at = Ending { heard: 0, failures: 0 };
        for facts in heard {
            at.heard += 1;
            at.failures += u32::from(match facts.came.heard(metric) {
                Heard::Score(score) => score != Unit::ONE,
                Heard::Missing => missing_fails,
            });
            if test.reached(at.heard, at.failures) != Reached::Open {
                return Some(at);
            }
        }
        None
    };
    Some((ending(true)?, ending(false)?))
}

/// The share of passing cases of a deterministic suite, by its first round. As with [`rate`], the bounds of a test that
/// ended are those of its endings; of one that was cut off they are the prior-posterior-ratio confidence sequence, all
/// counts alike beforehand. After the last case both close on the share.
fn of_suite(
    suite: &Suite,
    test: &Corridor,
    metric: &Metric,
    risk: Risk,
    listener: &Listener,
    heard: &[&SlotFacts],
) -> Shown {
    let counts = listener.counts();
    let first: Vec<&SlotFacts> = heard.iter().filter(|facts| facts.slot.round == 0).copied().collect();
    let (blocked, passed) = (risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64());
    let (low, high, bound) = match endings(test, metric, &first) {
        Some((on_pass, on_fail)) => (
            suite.bounds(test, on_pass.heard, on_pass.failures, blocked, passed).low,
            suite.bounds(test, on_fail.heard, on_fail.failures, blocked, passed).high,
            "stage-wise without replacement",
        ),
        None => {
            let cases = suite.cases();
            let sequence = |right, risk: f64| {
                let kept = confidence_sequence(right, counts.told(), cases, 1.0 - risk, (1.0, 1.0));
                let share = |count: u32| f64::from(count) / f64::from(cases);
                kept.map_or((0.0, 1.0), |(low, high)| (share(low), share(high)))
            };
            (
                sequence(counts.passed(), passed).0,
                sequence(counts.passed() + counts.lost(), blocked).1,
                "prior-posterior-ratio confidence sequence",
            )
        }
    };
    Shown {
        value: share(counts.passed(), counts.scored),
        low: nine(low),
        high: nine(high),
        bound: bound.to_owned(),
        ..Shown::default()
    }
}

/// A share of passed answers of a criterion that stops at the first failure: what is missing counts as failed. It
/// declares no risk for an upper bound.
fn never(listener: &Listener, wrongly_passed: Unit) -> Shown {
    let counts = listener.counts();
    let confidence = wrongly_passed.complement().as_f64();
    Shown {
        value: share(counts.passed(), counts.scored),
        low: nine(interval::clopper_pearson_lower(counts.passed(), counts.heard(), confidence)),
        high: String::new(),
        bound: "clopper-pearson one-sided".to_owned(),
        ..Shown::default()
    }
}

fn bets(planned: &PlannedCriterion, of: &Metric, listener: &Listener, heard: &[&SlotFacts]) -> Shown {
    let claim = planned.levels().and_then(|(target, floor, risk)| {
        let (blocked, passed) = (risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64());
        Claim::new(target.as_f64(), floor.as_f64(), blocked, passed).ok()
    });
    claim.map_or_else(Shown::default, |claim| graded(&claim, of, listener, heard))
}

/// The mean of graded scores between the ends of the confidence sequence of the bets that decide. The lower bound
/// takes what is missing as 0, the upper one as 1.
fn graded(claim: &Claim, metric: &Metric, listener: &Listener, heard: &[&SlotFacts]) -> Shown {
    let scores = |missing: Unit| -> Vec<f64> {
        let score = |facts: &&SlotFacts| match facts.came.heard(metric) {
            Heard::Score(score) => score.as_f64(),
            Heard::Missing => missing.as_f64(),
        };
        heard.iter().map(score).collect()
    };
    let low = betting::bounds(&scores(Unit::ZERO), claim).low;
    let high = betting::bounds(&scores(Unit::ONE), claim).high;
    // The bounds are searched for, the verdict is not: what it excluded lies outside to the last digit.
    let (low, high) = match listener.outcome() {
        Some(Outcome::Pass) => (low.max(claim.floor()), high),
        Some(Outcome::Fail) => (low, high.min(claim.target())),
        _ => (low, high),
    };
    Shown {
        value: average(listener),
        low: nine(low),
        high: nine(high),
        bound: "confidence sequence".to_owned(),
        ..Shown::default()
    }
}

/// The mean of the scores that are known; empty without one.
fn average(listener: &Listener) -> String {
    listener.mean().map_or_else(String::new, nine)
}

/// The mean over complete rounds; with an interval where every score is 0 or 1.
fn mean(listener: &Listener) -> Shown {
    let counts = listener.counts();
    let passed = u64::from(counts.passed()) * u64::from(Unit::ONE.millionths());
    if counts.scored == 0 || passed != listener.score_sum() {
        return Shown { value: average(listener), ..Shown::default() };
    }
    let (all, known) = (counts.heard(), counts.passed());
    Shown {
        value: share(counts.passed(), counts.scored),
        low: nine(interval::wilson(known, all, CONFIDENCE).low),
        high: nine(interval::wilson(known + counts.lost(), all, CONFIDENCE).high),
        bound: "wilson".to_owned(),
        ..Shown::default()
    }
}

/// A percentile in the unit of its measure, between two measurements: an interval for so many calls as were heard,
/// had their number been fixed; after an early stop it is for orientation, and the boundary decides. An error of the agent and what is missing
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
        bound: "order-statistic for a fixed number of calls".to_owned(),
        ..Shown::default()
    }
}

fn share(passed: u32, scored: u32) -> String {
    if scored == 0 { String::new() } else { nine(f64::from(passed) / f64::from(scored)) }
}
