//! `method: fixed`: a plain threshold over a fixed number of rounds. It declares no error rates, and hears its
//! rounds to the end, so that the value shown is one of complete rounds.

use super::{Outcome, Why, listener::Tally};
use crate::{plan::Boundary, spec::Unit};

/// The boundary: over `rounds` of `cases`, not fewer than any case asks for.
pub(super) fn boundary(target: Unit, cases: u32, rounds: u32, trials_max: u32) -> Boundary {
    let n = cases.saturating_mul(rounds.max(trials_max));
    Boundary::Fixed { n, score_sum_ge: u64::from(target.millionths()) * u64::from(n) }
}

/// What it says: nothing before the last slot.
pub(super) fn decide(n: u32, score_sum_ge: u64, tally: &Tally) -> Option<Outcome> {
    if tally.counts.heard() < n {
        return None;
    }
    let lost = u64::from(tally.counts.lost()) * u64::from(Unit::ONE.millionths());
    Some(if tally.score_sum >= score_sum_ge {
        Outcome::Pass
    } else if tally.score_sum + lost < score_sum_ge {
        Outcome::Fail
    } else {
        Outcome::Inconclusive(Why::Missing)
    })
}
