//! What bets say on both paths: the rule that means and comparisons share. It knows nothing of what is bet on.

use super::{Outcome, Why, listener::Tally};

/// Which of two statements bets exclude.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Excluded {
    /// That the version is bad: at the floor or below, or worse by the margin.
    Bad,
    /// That it is good: at the target or above, or as good as the live version.
    Good,
}

impl Excluded {
    /// What follows of which statements stand excluded. After a long first round both may: then either verdict is
    /// allowed, and the stronger evidence has it.
    pub(super) const fn of(bad: bool, good: bool, leans_to_good: bool) -> Option<Self> {
        match (bad, good) {
            (true, true) if leans_to_good => Some(Self::Bad),
            (true, false) => Some(Self::Bad),
            (_, true) => Some(Self::Good),
            (false, false) => None,
        }
    }
}

/// What bets say that exclude `on_pass` on the way to *pass* and `on_fail` on the way to *fail*: nothing before `first`
/// trials, and nothing new after `n_max`.
pub(super) fn decide(
    on_pass: Option<Excluded>,
    on_fail: Option<Excluded>,
    first: u32,
    n_max: u32,
    tally: &mut Tally,
) -> Option<Outcome> {
    let heard = tally.counts.heard();
    if heard < first {
        return None;
    }
    if tally.may_pass && on_pass == Some(Excluded::Bad) {
        return Some(Outcome::Pass);
    }
    if tally.may_fail && on_fail == Some(Excluded::Good) {
        return Some(Outcome::Fail);
    }
    tally.may_pass &= on_pass.is_none();
    tally.may_fail &= on_fail.is_none();
    if !tally.may_pass && !tally.may_fail {
        Some(Outcome::Inconclusive(Why::Missing))
    } else if heard >= n_max {
        Some(Outcome::Inconclusive(Why::Undecided))
    } else {
        None
    }
}
