//! `deterministic: true`: a 0/1 criterion over a suite of which every case is either always right or always wrong.
//!
//! The first round is a draw without replacement from so many cases, so it decides sooner than answers that may
//! differ, and after the last case nothing is left open. The boundaries come from the likelihood ratio of the suite
//! at its target against the suite at its floor, and are accepted only with the exact certificate of both risks.
//!
//! All of that is *given determinism*. So a decision is held back until slots of later rounds, in their order, have
//! asked cases again whose first answer is known: one that scores otherwise leaves the criterion undecided as *not
//! deterministic*. Without one the rule of three says how often an answer differs at most. An answer that is missing
//! is no agreement: it lengthens this part as it lengthens `never`.
//!
//! Measurements (`p95`) differ even where answers do not, so they are not heard this way.

use gatewright_stat::{finite::Suite, never as stat, walk::Corridor};

use super::{Outcome, PlanProblem, Why, listener::Tally, never, rate, rate::Levels};
use crate::{id::CriterionName, plan::Boundary, spec::Unit};

/// What decides criteria of this kind, with its number.
const METHOD: &str = "without replacement 1";

/// Slots asked again.
pub(super) const AGAIN: u32 = 20;
/// How often an answer differs at most when none of [`AGAIN`] did: 3 / 20, by the rule of three.
pub(crate) const DIFFERS_MAX: Unit = match Unit::from_millionths(3 * 1_000_000 / AGAIN) {
    Some(unit) => unit,
    None => Unit::ONE,
};
/// The risk that the rule of three bears: e⁻³ is a little less.
const DIFFERS_RISK: f64 = 0.05;

/// The boundary over a suite of so many cases, with none before `first` of them were heard.
pub(super) fn boundary(
    name: &CriterionName,
    levels: Levels,
    cases: u32,
    first: u32,
) -> Result<Boundary, PlanProblem> {
    let refused = |problem| PlanProblem::NoDesign { criterion: name.clone(), problem };
    let claim = levels.claim().map_err(refused)?;
    // A criterion without a case is never met, whatever its boundary.
    let cases = cases.max(1);
    let all = u64::from(Unit::ONE.millionths());
    let failing = |level: Unit| u64::from(cases) * u64::from(level.complement().millionths());
    // At most as many as the target allows, at least as many as the floor has: both are whole cases.
    let counts = [failing(levels.target) / all, failing(levels.floor).div_ceil(all)];
    let [good, bad] = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let too_long =
        || PlanProblem::TooLong { what: format!("the criterion `{name}`"), calls: u64::from(cases) };
    let suite = Suite::with_failures(cases, good, bad).ok_or_else(too_long)?;
    let (mut pass_at_failures_le, mut fail_at_failures_ge) = suite.boundary(&claim).into_arrays();
    // To say nothing early takes away ways to be wrong, and the last case leaves nothing open.
    for (heard, at) in (0..first.min(cases)).zip(0_i32..) {
        pass_at_failures_le[heard as usize] = -1;
        fail_at_failures_ge[heard as usize] = at + 1;
    }
    let again = stat::boundary(DIFFERS_MAX.as_f64(), DIFFERS_RISK).map_err(refused)?;
    Ok(Boundary::WithoutReplacement {
        method: METHOD.to_owned(),
        failures_good: good,
        failures_bad: bad,
        pass_at_failures_le,
        fail_at_failures_ge,
        agree_at_missing_le: never::not_before(again.pass_at_missing_le, AGAIN),
    })
}

/// The suite and the test of a boundary; none for another kind, or for arrays that are no test of a whole suite.
pub(crate) fn suite(boundary: &Boundary) -> Option<(Suite, Corridor)> {
    let Boundary::WithoutReplacement {
        failures_good,
        failures_bad,
        pass_at_failures_le,
        fail_at_failures_ge,
        ..
    } = boundary
    else {
        return None;
    };
    let test = Corridor::new(pass_at_failures_le.clone(), fail_at_failures_ge.clone()).ok()?;
    let suite = Suite::with_failures(test.calls_max(), *failures_good, *failures_bad)?;
    Some((suite, test))
}

/// How many slots that are asked again may lie apart from the first round: none where that is heard whole, as then its
/// cases follow at once.
pub(super) fn asked_apart(boundary: &Boundary) -> u32 {
    let Boundary::WithoutReplacement { pass_at_failures_le, fail_at_failures_ge, .. } = boundary else {
        return 0;
    };
    // Neither boundary ever falls.
    let last = pass_at_failures_le.len().saturating_sub(2);
    let passes = pass_at_failures_le.get(last).is_some_and(|&le| le >= 0);
    let fails = fail_at_failures_ge.get(last).is_some_and(|&ge| i64::from(ge) <= last as i64);
    if passes || fails { AGAIN } else { 0 }
}

/// How far a criterion is: in the first round, or asking again.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Again {
    /// What the first round says; none while it goes on.
    found: Option<Outcome>,
    /// What was asked again, as `never` hears it: passed where it scores what it did before.
    pub(super) heard: Tally,
}

impl Again {
    /// Whether the first round has said what it has to say.
    pub(super) const fn has_begun(&self) -> bool {
        self.found.is_some()
    }

    /// What the first round says now, and what comes of it.
    pub(super) fn first_round(
        &mut self,
        pass_le: &[i32],
        fail_ge: &[i32],
        tally: &mut Tally,
    ) -> Option<Outcome> {
        self.found = rate::decide(pass_le, fail_ge, tally);
        // There is nothing to hold back where it says nothing.
        self.found.filter(|found| matches!(found, Outcome::Inconclusive(_)))
    }

    /// What comes of it after one more was asked again.
    pub(super) fn decide(&self, agree_le: &[i32]) -> Option<Outcome> {
        match never::decide(agree_le, &self.heard)? {
            Outcome::Pass => self.found,
            Outcome::Fail => Some(Outcome::Inconclusive(Why::NotDeterministic)),
            missing => Some(missing),
        }
    }
}
