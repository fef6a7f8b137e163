//! A criterion that listens: what it has heard so far, and what that decides.
//!
//! A missing answer is never dropped. Every criterion runs on two paths: on the way to *pass* missing counts as
//! failed, on the way to *fail* as passed. It is met only on the first, not met only on the second, and else
//! undecided for missing answers.

use super::{Came, Counts, Heard, Outcome, Why, mean, never, paired, plain, rate};
use crate::{
    plan::{Boundary, PlannedCriterion, Side},
    spec::Metric,
};

/// What was heard, and which of the two paths still go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// Sum of the scores, in millionths.
    pub(super) score_sum: u64,
    /// Whether the path on which missing counts as failed goes on.
    pub(super) may_pass: bool,
    /// Whether the path on which missing counts as passed goes on.
    pub(super) may_fail: bool,
}

impl Default for Tally {
    fn default() -> Self {
        Self { counts: Counts::default(), score_sum: 0, may_pass: true, may_fail: true }
    }
}

impl Tally {
    /// Failures on the way to *pass*.
    pub(super) const fn failures_most(&self) -> u32 {
        self.counts.failed + self.counts.lost()
    }

    /// Failures on the way to *fail*.
    pub(super) const fn failures_least(&self) -> u32 {
        self.counts.failed
    }
}

/// A criterion and what it has heard.
#[derive(Clone, PartialEq, Debug)]
pub struct Listener {
    boundary: Boundary,
    metric: Metric,
    blocking: bool,
    heard_max: u32,
    tally: Tally,
    /// Of bets.
    evidence: Option<mean::Evidence>,
    /// Of a comparison.
    pairs: Option<paired::Pairs>,
    outcome: Option<Outcome>,
    closed: bool,
}

impl Listener {
    /// One that has heard nothing. Without a case to hear, or a live version to compare with where it compares, it is
    /// undecided for good.
    #[must_use]
    pub(super) fn new(criterion: &PlannedCriterion, has_cases: bool, has_baseline: bool) -> Self {
        let heard_max = criterion.heard_max();
        let nothing = if !has_cases || heard_max == 0 {
            Some(Why::NothingToJudge)
        } else {
            (criterion.compares() && !has_baseline).then_some(Why::NoBaseline)
        };
        Self {
            boundary: criterion.boundary.clone(),
            metric: criterion.metric().clone(),
            blocking: criterion.blocking,
            heard_max,
            tally: Tally::default(),
            evidence: mean::Evidence::of(&criterion.boundary),
            pairs: paired::Pairs::of(&criterion.boundary),
            outcome: nothing.map(Outcome::Inconclusive),
            closed: false,
        }
    }

    /// Whether the gate depends on it.
    #[must_use]
    pub const fn blocking(&self) -> bool {
        self.blocking
    }

    /// Whether it hears both sides of a comparison.
    #[must_use]
    pub const fn compares(&self) -> bool {
        matches!(self.boundary, Boundary::Paired { .. })
    }

    /// Whether slots of this side are for it.
    pub(super) fn hears(&self, side: Side) -> bool {
        side == Side::Candidate || self.compares()
    }

    /// Of a comparison: pairs in which the candidate scored more.
    #[must_use]
    pub fn better(&self) -> u32 {
        self.pairs.as_ref().map_or(0, paired::Pairs::better)
    }

    /// What its slots were; of a comparison its pairs, failed being those in which the candidate scored less.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.tally.counts
    }

    /// Sum of the scores heard, in millionths.
    #[must_use]
    pub const fn score_sum(&self) -> u64 {
        self.tally.score_sum
    }

    /// Slots heard at most if no more answers go missing than did: a missing answer may lengthen `never`.
    #[must_use]
    pub fn heard_max(&self) -> u32 {
        match &self.boundary {
            Boundary::FirstFailure { pass_at_missing_le } => {
                never::heard_max(pass_at_missing_le, self.tally.counts.lost())
            }
            _ => self.heard_max,
        }
    }

    /// What it says; none while it is undecided and could go on.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// Whether it still listens.
    #[must_use]
    pub const fn listens(&self) -> bool {
        self.outcome.is_none() && !self.closed
    }

    /// Whether the run goes on for its sake.
    pub(super) const fn wants(&self) -> bool {
        self.blocking && self.listens()
    }

    /// Stops listening: a slot of its sub-sequence is passed over, so what follows would be out of order.
    pub(super) const fn close(&mut self) {
        self.closed = true;
    }

    /// Hears the next slot of its sub-sequence; of a comparison first the candidate's, then the live version's.
    pub(super) fn hear(&mut self, side: Side, came: &Came, reused: bool) {
        if let Some(pairs) = &mut self.pairs {
            let half = paired::Half::of(came, &self.metric, reused);
            self.outcome = pairs.hear(side, half, &mut self.tally);
            return;
        }
        let heard = self.tally.counts.hear(came, &self.metric, reused);
        if let Heard::Score(score) = heard {
            self.tally.score_sum += u64::from(score.millionths());
        }
        self.outcome = match &self.boundary {
            Boundary::Corridor { pass_at_failures_le, fail_at_failures_ge, .. } => {
                rate::decide(pass_at_failures_le, fail_at_failures_ge, &mut self.tally)
            }
            Boundary::FirstFailure { pass_at_missing_le } => never::decide(pass_at_missing_le, &self.tally),
            Boundary::Fixed { n, score_sum_ge } => plain::decide(*n, *score_sum_ge, &self.tally),
            Boundary::Betting { .. } => match &mut self.evidence {
                Some(evidence) => {
                    evidence.hear(heard);
                    evidence.decide(&mut self.tally)
                }
                None => Some(Outcome::Inconclusive(Why::Undecided)),
            },
            // Heard above; without levels that are some it is none. A later build's plan is not judged by halves.
            Boundary::Paired { .. } | Boundary::WithoutReplacement { .. } => {
                Some(Outcome::Inconclusive(Why::Undecided))
            }
        };
    }

    /// Slots (of a comparison pairs) that it still has to hear to be decided if all that follow pass, and the live
    /// version passes too: nothing beyond them is asked. At least 1 while it listens.
    #[must_use]
    pub fn steps_to_pass(&self) -> u32 {
        let steps = match &self.boundary {
            Boundary::Corridor { pass_at_failures_le, .. } => {
                rate::steps_to_pass(pass_at_failures_le, &self.tally)
            }
            Boundary::FirstFailure { pass_at_missing_le } => {
                never::steps_to_pass(pass_at_missing_le, &self.tally)
            }
            Boundary::Fixed { n, .. } => n.saturating_sub(self.tally.counts.heard()),
            Boundary::Betting { .. } => {
                self.evidence.as_ref().map_or(1, |evidence| evidence.steps_to_pass(&self.tally))
            }
            Boundary::Paired { .. } => {
                self.pairs.as_ref().map_or(1, |pairs| pairs.steps_to_pass(&self.tally))
            }
            Boundary::WithoutReplacement { .. } => 1,
        };
        steps.max(1)
    }

    /// Slots that it still hears at most, if no more answers go missing.
    #[must_use]
    pub fn left_at_most(&self) -> u32 {
        self.heard_max().saturating_sub(self.tally.counts.heard())
    }
}
