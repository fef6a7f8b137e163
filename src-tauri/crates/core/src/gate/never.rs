//! `never`: critical cases, pooled. The first confirmed failure decides; so many trials without one pass.
//!
//! It declares no `wrongly_blocked`: how often a good version is blocked is told beforehand. A failure counts
//! wherever it is heard, also after the count that would have passed with nothing missing: no promise forbids it.

use gatewright_stat::never as stat;

use super::{Outcome, PlanProblem, Why, listener::Tally};
use crate::{id::CriterionName, plan::Boundary, spec::Unit};

/// The boundary: after how many trials it passes, by missing answers, and not before `first`.
///
/// Leaving out early boundaries only takes away ways to pass, and the last number of missing answers that is
/// borne is borne later too, as answers that failed stay failed: the certificate holds.
pub(super) fn boundary(
    name: &CriterionName,
    failure_rate: Unit,
    wrongly_passed: Unit,
    first: u32,
) -> Result<Boundary, PlanProblem> {
    let refused = |problem| PlanProblem::NoDesign { criterion: name.clone(), problem };
    let made = stat::boundary(failure_rate.as_f64(), wrongly_passed.as_f64()).map_err(refused)?;
    Ok(Boundary::FirstFailure { pass_at_missing_le: not_before(made.pass_at_missing_le, first) })
}

/// The same thresholds, and none before `first` trials.
pub(super) fn not_before(mut pass_at_missing_le: Vec<i32>, first: u32) -> Vec<i32> {
    let last = pass_at_missing_le.last().copied().unwrap_or(-1);
    while pass_at_missing_le.len() <= first as usize {
        pass_at_missing_le.push(last);
    }
    for early in pass_at_missing_le.iter_mut().take(first as usize) {
        *early = -1;
    }
    pass_at_missing_le
}

/// What it says.
pub(super) fn decide(pass_at_missing_le: &[i32], tally: &Tally) -> Option<Outcome> {
    let heard = tally.counts.heard() as usize;
    let missing = i64::from(tally.counts.lost());
    let allowed = pass_at_missing_le.get(heard).copied().unwrap_or(-1);
    if tally.counts.failed > 0 {
        return Some(Outcome::Fail);
    }
    if missing <= i64::from(allowed) {
        return Some(Outcome::Pass);
    }
    // Nothing can pass any more; a failure may still come until the count without missing answers is reached.
    let hopeless = missing > i64::from(pass_at_missing_le.last().copied().unwrap_or(-1));
    let ended = heard + 1 >= pass_at_missing_le.len() || (hopeless && allowed >= 0);
    ended.then_some(Outcome::Inconclusive(Why::Missing))
}

/// Slots heard at most with so many answers missing.
pub(super) fn heard_max(pass_at_missing_le: &[i32], missing: u32) -> u32 {
    let place = pass_at_missing_le.iter().position(|&allowed| i64::from(allowed) >= i64::from(missing));
    let last = pass_at_missing_le.len().saturating_sub(1);
    u32::try_from(place.unwrap_or(last)).unwrap_or(u32::MAX)
}
