//! A 0/1 metric against a target and a floor: the certified corridor.
//!
//! The boundaries are searched for, and accepted only with the exact certificate of both risks. A search takes up to
//! a second, and the same question comes with every look at a spec; so the corridors made last are kept. That is a
//! matter of time alone: the same question has the same corridor.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use gatewright_stat::{
    corridor,
    design::{Claim, DesignError},
};

use super::{CALLS_MAX, Outcome, PlanProblem, Why, listener::Tally};
use crate::{
    id::CriterionName,
    plan::Boundary,
    spec::{Risk, Unit},
};

/// What makes boundaries of this kind, with its number.
pub(super) const METHOD: &str = "corridor 1";

/// Corridors kept. The longest hold 20,000 calls, 160 kB.
const KEPT_MAX: usize = 64;

/// Of the failures that a test lacks to *fail*, how many a version at the target brings on average in what is asked
/// ahead, at most, in millionths. Less asks fewer calls in vain when a test fails, and waits more in all others.
const LACKING_AHEAD: u64 = 650_000;

/// The corridors made last, by question.
static KEPT: Mutex<BTreeMap<(Levels, u32), Result<Boundary, DesignError>>> = Mutex::new(BTreeMap::new());

/// The levels and risks of a criterion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Levels {
    pub(super) target: Unit,
    pub(super) floor: Unit,
    pub(super) risk: Risk,
}

/// The boundary, with none before `first` trials.
pub(super) fn boundary(name: &CriterionName, levels: Levels, first: u32) -> Result<Boundary, PlanProblem> {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept().get(&(levels, first)).cloned();
    let made = match known {
        Some(made) => made,
        None => {
            // Nothing is searched for that is too long to be asked.
            calls_max(name, levels, first)?;
            let made = made(levels, first);
            let mut kept = kept();
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.insert((levels, first), made.clone());
            made
        }
    };
    made.map_err(|problem| PlanProblem::NoDesign { criterion: name.clone(), problem })
}

fn made(levels: Levels, first: u32) -> Result<Boundary, DesignError> {
    let plan = corridor::plan(&levels.claim()?, first)?;
    let (pass_at_failures_le, fail_at_failures_ge) = plan.corridor.into_arrays();
    Ok(Boundary::Corridor { method: METHOD.to_owned(), pass_at_failures_le, fail_at_failures_ge })
}

/// The calls after which [`boundary`] decides in any case, without making it; a few more where whole counts of
/// failures leave no test of that length.
pub(super) fn calls_max(name: &CriterionName, levels: Levels, first: u32) -> Result<u32, PlanProblem> {
    let found = levels.claim().and_then(|claim| corridor::calls_max(&claim, first));
    let too_long =
        |calls| PlanProblem::TooLong { what: format!("the criterion `{name}`"), calls: u64::from(calls) };
    match found {
        Err(DesignError::FirstBoundary(calls)) => Err(too_long(calls)),
        Err(problem) => Err(PlanProblem::NoDesign { criterion: name.clone(), problem }),
        Ok(calls) if calls > CALLS_MAX => Err(too_long(calls)),
        Ok(calls) => Ok(calls),
    }
}

impl Levels {
    pub(super) fn claim(self) -> Result<Claim, DesignError> {
        Claim::new(
            self.target.as_f64(),
            self.floor.as_f64(),
            self.risk.wrongly_blocked.as_f64(),
            self.risk.wrongly_passed.as_f64(),
        )
    }
}

/// How many slots are asked ahead of a test that is near to *fail*: no more than a version that fails `failing`
/// millionths of its calls is likely to need until it is not met, at least 1 and at most `most`.
pub(super) fn reach(fail_ge: &[i32], failing: u32, tally: &Tally, most: u32) -> u32 {
    if !tally.may_fail {
        return most;
    }
    let reach = |lacking: u32| u64::from(lacking) * LACKING_AHEAD / u64::from(failing.max(1));
    let (next, least) = (tally.counts.heard() as usize + 1, i64::from(tally.failures_least()));
    let lacking = (1..)
        .zip(fail_ge.iter().skip(next))
        .take_while(|&(lacking, _)| reach(lacking) < u64::from(most))
        .find(|&(lacking, &fail)| least + i64::from(lacking) >= i64::from(fail));
    lacking.and_then(|(lacking, _)| u32::try_from(reach(lacking)).ok()).map_or(most, |reach| reach.max(1))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Counts;

    #[test]
    fn the_nearer_a_test_is_to_fail_the_less_is_asked_ahead() {
        let fail_ge = [[3; 10], [4; 10]].concat();
        let ahead = |scored, failed, missing, most| {
            let counts = Counts { scored, failed, missing, ..Counts::default() };
            reach(&fail_ge, 100_000, &Tally { counts, ..Tally::default() }, most)
        };
        // 3, 2 and 1 failures are lacking; 0.65 of them come in 19, 13 and 6 calls of which 1 in 10 fails.
        assert_eq!([ahead(0, 0, 0, 99), ahead(4, 1, 0, 99), ahead(6, 2, 0, 99)], [19, 13, 6]);
        // One more is lacking where the test asks for it before they could come.
        assert_eq!([ahead(7, 0, 0, 99), ahead(9, 2, 0, 99)], [26, 13]);
        // What is missing is no failure here.
        assert_eq!([ahead(4, 1, 2, 99), ahead(0, 0, 4, 99)], [13, 19]);
        // It is never more than is needed to pass, and nothing is held back where it does not come to *fail*.
        assert_eq!([ahead(0, 0, 0, 19), ahead(6, 2, 0, 3), ahead(18, 0, 0, 50)], [19, 3, 50]);
        let closed = Tally { may_fail: false, ..Tally::default() };
        assert_eq!(reach(&[1; 10], 100_000, &closed, 50), 50);
        // Something is asked always.
        assert_eq!(reach(&[1; 10], 990_000, &Tally::default(), 50), 1);
    }
}
