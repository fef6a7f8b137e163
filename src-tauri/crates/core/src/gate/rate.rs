//! A 0/1 metric against a target and a floor: the exact fixed design, stopped as soon as its result is known.
//!
//! The design is the smallest number of calls `n`, with the smallest number `c` of failures that still pass, for
//! which both risks are kept exactly. Hearing ends when `c` is exceeded, or can no longer be. That changes no
//! result, so the risks stay those of the design; and a boundary that comes later, because every case is to be
//! asked first, changes none either.

use gatewright_stat::{
    binomial,
    design::{self, Claim},
    walk::Corridor,
};

use super::{CALLS_MAX, Outcome, PlanProblem, Why, listener::Tally};
use crate::{
    id::CriterionName,
    plan::Boundary,
    spec::{Risk, Unit},
};

/// What makes boundaries of this kind, with its number.
pub(super) const METHOD: &str = "fixed 1";

/// The levels and risks of a criterion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Levels {
    pub(super) target: Unit,
    pub(super) floor: Unit,
    pub(super) risk: Risk,
}

/// The boundary, with none before `first` trials.
pub(super) fn boundary(name: &CriterionName, levels: Levels, first: u32) -> Result<Boundary, PlanProblem> {
    let refused = |problem| PlanProblem::NoDesign { criterion: name.clone(), problem };
    let claim = levels.claim().map_err(refused)?;
    let smallest = design::fixed_of(&claim).map_err(refused)?;
    let (n, failures_max) = if first <= smallest.n {
        (smallest.n, smallest.failures_max)
    } else {
        at_least(&claim, first).ok_or_else(|| PlanProblem::TooLong {
            what: format!("the criterion `{name}`"),
            calls: u64::from(first),
        })?
    };
    let (pass_at_failures_le, fail_at_failures_ge) =
        Corridor::curtailed(n, failures_max, first).into_arrays();
    Ok(Boundary::Corridor { method: METHOD.to_owned(), pass_at_failures_le, fail_at_failures_ge })
}

impl Levels {
    pub(super) fn claim(self) -> Result<Claim, design::DesignError> {
        Claim::new(
            self.target.as_f64(),
            self.floor.as_f64(),
            self.risk.wrongly_blocked.as_f64(),
            self.risk.wrongly_passed.as_f64(),
        )
    }
}

/// The first design of at least so many calls. Feasibility comes and goes from one number of calls to the next,
/// as failures are whole, so each is tried.
fn at_least(claim: &Claim, calls: u32) -> Option<(u32, u32)> {
    let mut failures_max = 0;
    for n in calls..=CALLS_MAX {
        while binomial::sf(failures_max, n, 1.0 - claim.target()) > claim.wrongly_blocked() {
            failures_max += 1;
        }
        if binomial::cdf(failures_max, n, 1.0 - claim.floor()) <= claim.wrongly_passed() {
            return Some((n, failures_max));
        }
    }
    None
}

/// What a corridor says, on both paths.
pub(super) fn decide(pass_le: &[i32], fail_ge: &[i32], tally: &mut Tally) -> Option<Outcome> {
    let heard = tally.counts.heard() as usize;
    let most = i64::from(tally.failures_most());
    let least = i64::from(tally.failures_least());
    let pass = i64::from(pass_le.get(heard).copied().unwrap_or(-1));
    let fail = i64::from(fail_ge.get(heard).copied().unwrap_or(i32::MAX));
    if tally.may_pass && most <= pass {
        return Some(Outcome::Pass);
    }
    if tally.may_fail && least >= fail {
        return Some(Outcome::Fail);
    }
    tally.may_pass &= most < fail;
    tally.may_fail &= least > pass;
    if !tally.may_pass && !tally.may_fail {
        Some(Outcome::Inconclusive(Why::Missing))
    } else if heard + 1 >= pass_le.len() {
        Some(Outcome::Inconclusive(Why::Undecided))
    } else {
        None
    }
}

/// Slots to a decision if all that follow pass.
pub(super) fn steps_to_pass(pass_le: &[i32], tally: &Tally) -> u32 {
    let heard = tally.counts.heard() as usize;
    let failures = if tally.may_pass { tally.failures_most() } else { tally.failures_least() };
    let ahead = pass_le.get(heard + 1..).unwrap_or_default();
    let steps = ahead.iter().position(|&pass| i64::from(pass) >= i64::from(failures));
    u32::try_from(steps.unwrap_or(ahead.len().saturating_sub(1))).unwrap_or(u32::MAX).saturating_add(1)
}
