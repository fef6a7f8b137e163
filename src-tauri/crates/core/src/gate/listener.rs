//! A criterion that listens: what it has heard so far, and what that decides.
//!
//! A missing answer is never dropped. Every criterion runs on two paths: on the way to *pass* missing counts as
//! failed, on the way to *fail* as passed. It is met only on the first, not met only on the second, and else
//! undecided for missing answers.

use super::{Came, Counts, Heard, Outcome, Why, mean, never, plain, rate};
use crate::{
    plan::{Boundary, PlannedCriterion},
    spec::{Metric, Unit},
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
    outcome: Option<Outcome>,
    closed: bool,
}

impl Listener {
    /// One that has heard nothing. Without a case to hear it is undecided for good.
    #[must_use]
    pub(super) fn new(criterion: &PlannedCriterion, has_cases: bool) -> Self {
        let heard_max = criterion.heard_max();
        let nothing = !has_cases || heard_max == 0;
        Self {
            boundary: criterion.boundary.clone(),
            metric: criterion.metric().clone(),
            blocking: criterion.blocking,
            heard_max,
            tally: Tally::default(),
            evidence: mean::Evidence::of(&criterion.boundary),
            outcome: nothing.then_some(Outcome::Inconclusive(Why::NothingToJudge)),
            closed: false,
        }
    }

    /// Whether the gate depends on it.
    #[must_use]
    pub const fn blocking(&self) -> bool {
        self.blocking
    }

    /// What its slots were.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.tally.counts
    }

    /// Sum of the scores heard, in millionths.
    #[must_use]
    pub const fn score_sum(&self) -> u64 {
        self.tally.score_sum
    }

    /// Their mean, in [0, 1], for what is shown; none without a score.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "20,000 scores of a million at most")]
        let sum = self.tally.score_sum as f64 / f64::from(Unit::ONE.millionths());
        let scored = self.tally.counts.scored;
        (scored > 0).then(|| sum / f64::from(scored))
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

    /// Hears the next slot of its sub-sequence.
    pub(super) fn hear(&mut self, came: &Came, reused: bool) {
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
            // No plan of this method holds one. A later build's plan is not judged by halves.
            Boundary::Paired { .. } | Boundary::WithoutReplacement { .. } => {
                Some(Outcome::Inconclusive(Why::Undecided))
            }
        };
    }

    /// Slots that it still has to hear to be decided if all that follow pass: nothing beyond them is asked. At
    /// least 1 while it listens.
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
            Boundary::Paired { .. } | Boundary::WithoutReplacement { .. } => 1,
        };
        steps.max(1)
    }

    /// Slots that it still hears at most, if no more answers go missing.
    #[must_use]
    pub fn left_at_most(&self) -> u32 {
        self.heard_max().saturating_sub(self.tally.counts.heard())
    }
}
