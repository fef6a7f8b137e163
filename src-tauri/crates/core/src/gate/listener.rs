//! A criterion that listens: what it has heard so far, and what that decides.
//!
//! A missing answer is never dropped. Every criterion runs on two paths: on the way to *pass* missing counts as
//! failed, on the way to *fail* as passed. It is met only on the first, not met only on the second, and else
//! undecided for missing answers.

use super::{Came, Counts, Heard, Outcome, Why, mean, never, paired, plain, rate};
use crate::{
    plan::{Boundary, PlannedCriterion, Side},
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

/// What comes of a criterion if all that it hears from now on passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ahead {
    /// Slots (of a comparison pairs) that it hears until it is decided, 0 once it is. At most as many as a run may look
    /// ahead.
    pub(super) steps: u32,
    /// Whether it is not met even so.
    pub(super) fails: bool,
}

/// What a criterion has heard.
#[derive(Clone, PartialEq, Debug)]
struct State {
    tally: Tally,
    /// Of bets.
    evidence: Option<mean::Evidence>,
    /// Of a comparison.
    pairs: Option<paired::Pairs>,
}

/// A criterion and what it has heard.
#[derive(Clone, PartialEq, Debug)]
pub struct Listener {
    boundary: Boundary,
    metric: Metric,
    blocking: bool,
    heard_max: u32,
    state: State,
    ahead: Ahead,
    ahead_max: u32,
    outcome: Option<Outcome>,
    closed: bool,
}

impl Listener {
    /// One that has heard nothing. Without a case to hear, or a live version to compare with where it compares, it is
    /// undecided for good. `ahead_max` is how far a run may look ahead.
    #[must_use]
    pub(super) fn new(
        criterion: &PlannedCriterion,
        has_cases: bool,
        has_baseline: bool,
        ahead_max: u32,
    ) -> Self {
        let heard_max = criterion.heard_max();
        let nothing = if !has_cases || heard_max == 0 {
            Some(Why::NothingToJudge)
        } else {
            (criterion.compares() && !has_baseline).then_some(Why::NoBaseline)
        };
        let mut listener = Self {
            boundary: criterion.boundary.clone(),
            metric: criterion.metric().clone(),
            blocking: criterion.blocking,
            heard_max,
            state: State {
                tally: Tally::default(),
                evidence: mean::Evidence::of(&criterion.boundary),
                pairs: paired::Pairs::of(&criterion.boundary),
            },
            ahead: Ahead { steps: 0, fails: false },
            ahead_max,
            outcome: nothing.map(Outcome::Inconclusive),
            closed: false,
        };
        listener.look_ahead();
        listener
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
        self.state.pairs.as_ref().map_or(0, paired::Pairs::better)
    }

    /// What its slots were; of a comparison its pairs, failed being those in which the candidate scored less.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.state.tally.counts
    }

    /// Sum of the scores heard, in millionths.
    #[must_use]
    pub const fn score_sum(&self) -> u64 {
        self.state.tally.score_sum
    }

    /// Their mean, in [0, 1], for what is shown; none without a score.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "20,000 scores of a million at most")]
        let sum = self.state.tally.score_sum as f64 / f64::from(Unit::ONE.millionths());
        let scored = self.state.tally.counts.scored;
        (scored > 0).then(|| sum / f64::from(scored))
    }

    /// Slots heard at most if no more answers go missing than did: a missing answer may lengthen `never`.
    #[must_use]
    pub fn heard_max(&self) -> u32 {
        match &self.boundary {
            Boundary::FirstFailure { pass_at_missing_le } => {
                never::heard_max(pass_at_missing_le, self.state.tally.counts.lost())
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
        if self.compares() {
            return self.hear_half(side, paired::Half::of(came, &self.metric, reused));
        }
        let heard = self.state.tally.counts.hear(came, &self.metric, reused);
        self.outcome = self.state.take(heard, &self.boundary);
        if heard == Heard::Score(Unit::ONE) && self.ahead.steps > 1 && self.ahead.steps < self.ahead_max {
            self.ahead.steps -= 1;
        } else {
            self.look_ahead();
        }
    }

    fn hear_half(&mut self, side: Side, half: paired::Half) {
        self.outcome = self.state.take_half(side, half);
        // What was looked ahead to was that this side passes.
        let (foreseen, steps) = (half.passed(), self.ahead.steps);
        match side {
            Side::Candidate if foreseen => {}
            Side::Baseline if foreseen && steps > 1 && steps < self.ahead_max => self.ahead.steps -= 1,
            _ => self.look_ahead(),
        }
    }

    /// What comes of it if all that follows passes; nothing once it does not want more.
    pub(super) const fn ahead(&self) -> Ahead {
        if self.wants() { self.ahead } else { Ahead { steps: 0, fails: false } }
    }

    fn look_ahead(&mut self) {
        self.ahead = Ahead { steps: 0, fails: false };
        if !self.wants() {
            return;
        }
        if let Some(pairs) = &self.state.pairs {
            self.ahead = pairs.ahead(&self.state.tally, self.ahead_max);
            return;
        }
        let mut state = self.state.clone();
        let mut outcome = None;
        while outcome.is_none() && self.ahead.steps < self.ahead_max {
            state.tally.counts.scored += 1;
            outcome = state.take(Heard::Score(Unit::ONE), &self.boundary);
            self.ahead.steps += 1;
        }
        self.ahead.fails = outcome == Some(Outcome::Fail);
    }

    /// Slots that it still hears at most, if no more answers go missing.
    #[must_use]
    pub fn left_at_most(&self) -> u32 {
        self.heard_max().saturating_sub(self.state.tally.counts.heard())
    }
}

impl State {
    /// Takes in one side of a pair, and says what that decides. Without a margin and risks that are some it says
    /// nothing.
    fn take_half(&mut self, side: Side, half: paired::Half) -> Option<Outcome> {
        match &mut self.pairs {
            Some(pairs) => pairs.hear(side, half, &mut self.tally),
            None => Some(Outcome::Inconclusive(Why::Undecided)),
        }
    }

    /// Takes in what was heard of a slot that is counted already, and says what that decides.
    fn take(&mut self, heard: Heard, boundary: &Boundary) -> Option<Outcome> {
        if let Heard::Score(score) = heard {
            self.tally.score_sum += u64::from(score.millionths());
        }
        match boundary {
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
            // A comparison hears pairs. No plan of this method holds the other, and a later build's plan is not judged
            // by halves.
            Boundary::Paired { .. } | Boundary::WithoutReplacement { .. } => {
                Some(Outcome::Inconclusive(Why::Undecided))
            }
        }
    }
}
