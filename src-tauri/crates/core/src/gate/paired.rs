//! `max_drop`: not worse than the live version by more than a margin, both asked the same cases in step.
//!
//! A pair is heard when both sides came: the candidate's score less the live version's, from −1 to 1. At any time of
//! stopping the bets against "worse by the margin" stand at 1/r with a probability of at most r where that is so, and
//! those against "as good or better" likewise, whatever the scores. Between the two they may never get there: then the
//! criterion is undecided after its last pair, and the plan says so before.
//!
//! What is missing is heard against each path: the candidate's as 0 and the live version's as 1 on the way to *pass*, the
//! reverse on the way to *fail*. The evidence is a product of fractions made by `+`, `×` and `÷` alone, which every
//! machine computes alike.

use gatewright_stat::paired::PairedBet;

use super::{
    CALLS_MAX, Came, Heard, Outcome, PlanProblem,
    bets::{self, Excluded},
    listener::{Ahead, Tally},
};
use crate::{
    id::CriterionName,
    plan::{Boundary, Side},
    spec::{Metric, Risk, Unit},
};

/// What decides criteria of this kind, with its number.
const METHOD: &str = "paired bet 1";

/// The boundary, with nothing said before `first` pairs.
pub(super) fn boundary(
    name: &CriterionName,
    margin: Unit,
    risk: Risk,
    pairs_max: u32,
    first: u32,
) -> Result<Boundary, PlanProblem> {
    let n_max = pairs_max.max(first).max(1);
    if n_max > CALLS_MAX / 2 {
        let what = format!("the criterion `{name}`");
        return Err(PlanProblem::TooLong { what, calls: 2 * u64::from(n_max) });
    }
    Ok(Boundary::Paired { method: METHOD.to_owned(), margin, risk, first, n_max })
}

/// What came of one side of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Half {
    heard: Heard,
    /// No answer came; else a score that is unknown could not be given.
    lost: bool,
    erred: bool,
    reused: bool,
}

impl Half {
    /// One that passed.
    pub(super) const PASSED: Self =
        Self { heard: Heard::Score(Unit::ONE), lost: false, erred: false, reused: false };

    /// Whether it passed.
    pub(super) fn passed(self) -> bool {
        self.heard == Heard::Score(Unit::ONE)
    }

    pub(super) fn of(came: &Came, metric: &Metric, reused: bool) -> Self {
        Self {
            heard: came.heard(metric),
            lost: matches!(came, Came::Missing(_)),
            erred: matches!(came, Came::AgentError(_)),
            reused,
        }
    }
}

/// The evidence on both paths, as pairs are heard.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Pairs {
    on_pass: PairedBet,
    on_fail: PairedBet,
    first: u32,
    n_max: u32,
    better: u32,
    /// The candidate's side of the pair that is being heard.
    candidate: Option<Half>,
}

impl Pairs {
    /// Before the first pair; none for another kind of boundary, or for a margin and risks that are none.
    pub(super) fn of(boundary: &Boundary) -> Option<Self> {
        let Boundary::Paired { margin, risk, first, n_max, .. } = boundary else { return None };
        let bet =
            PairedBet::new(margin.as_f64(), risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64())?;
        let (first, n_max) = (*first, *n_max);
        Some(Self { on_pass: bet.clone(), on_fail: bet, first, n_max, better: 0, candidate: None })
    }

    /// Pairs in which the candidate scored more.
    pub(super) const fn better(&self) -> u32 {
        self.better
    }

    /// Whether the candidate's side of the next pair is heard.
    pub(super) const fn begun(&self) -> bool {
        self.candidate.is_some()
    }

    /// Hears one side; what that says, once the pair is whole.
    pub(super) fn hear(&mut self, side: Side, half: Half, tally: &mut Tally) -> Option<Outcome> {
        if side == Side::Candidate {
            self.candidate = Some(half);
            return None;
        }
        let candidate = self.candidate.take()?;
        self.count(candidate, half, tally);
        let (on_pass, on_fail) = differences(candidate.heard, half.heard);
        self.on_pass.hear(on_pass);
        self.on_fail.hear(on_fail);
        self.decide(tally)
    }

    /// What comes of it if all that follows passes on both sides, looking at most `most` pairs ahead.
    pub(super) fn ahead(&self, tally: &Tally, most: u32) -> Ahead {
        let (mut pairs, mut tally) = (self.clone(), *tally);
        let mut steps = 0;
        let mut step = |pairs: &mut Self, tally: &mut Tally| {
            if !pairs.begun() {
                pairs.hear(Side::Candidate, Half::PASSED, tally);
            }
            steps += 1;
            pairs.hear(Side::Baseline, Half::PASSED, tally)
        };
        let mut outcome = None;
        // A pair that is begun is like no other; and where "as good or better" stands excluded before the first
        // decision, on either path, it is not said yet what comes of that.
        while outcome.is_none() && (pairs.begun() || pairs.has_turned(&tally)) {
            outcome = step(&mut pairs, &mut tally);
        }
        if outcome.is_none() {
            // Equal pairs leave that evidence as it is, so all that can come is that of the other.
            let bet = if tally.may_pass { &pairs.on_pass } else { &pairs.on_fail };
            let heard = tally.counts.heard();
            let left = pairs.n_max.saturating_sub(heard);
            let more = bet.pairs_to_pass(0.0, left).unwrap_or(left);
            steps += more.max(pairs.first.saturating_sub(heard)).max(1);
        }
        Ahead { steps: steps.min(most), closes: outcome == Some(Outcome::Fail) && steps <= most }
    }

    /// Whether a path that still goes on excludes "as good or better".
    fn has_turned(&self, tally: &Tally) -> bool {
        (tally.may_pass && self.on_pass.excludes_as_good()) || self.on_fail.excludes_as_good()
    }

    fn count(&mut self, candidate: Half, live: Half, tally: &mut Tally) {
        let counts = &mut tally.counts;
        match (candidate.heard, live.heard) {
            (Heard::Score(own), Heard::Score(other)) => {
                counts.scored += 1;
                counts.failed += u32::from(own < other);
                counts.agent_errors += u32::from(own < other && candidate.erred);
                self.better += u32::from(own > other);
                tally.score_sum += u64::from(own.millionths());
            }
            _ if candidate.lost || live.lost => counts.missing += 1,
            _ => counts.not_judged += 1,
        }
        counts.reused += u32::from(candidate.reused || live.reused);
    }

    fn decide(&self, tally: &mut Tally) -> Option<Outcome> {
        bets::decide(excluded(&self.on_pass), excluded(&self.on_fail), self.first, self.n_max, tally)
    }
}

/// The difference on the way to *pass* and on the way to *fail*.
pub(crate) fn differences(candidate: Heard, live: Heard) -> (f64, f64) {
    let or = |heard: Heard, missing: Unit| match heard {
        Heard::Score(score) => score,
        Heard::Missing => missing,
    };
    // Whole millionths, so that the difference of two scores is exact before it is a fraction.
    let less = |own: Unit, other: Unit| (f64::from(own.millionths()) - f64::from(other.millionths())) / 1e6;
    (
        less(or(candidate, Unit::ZERO), or(live, Unit::ONE)),
        less(or(candidate, Unit::ONE), or(live, Unit::ZERO)),
    )
}

fn excluded(bet: &PairedBet) -> Option<Excluded> {
    Excluded::of(bet.excludes_worse(), bet.excludes_as_good(), bet.leans_to_as_good())
}
