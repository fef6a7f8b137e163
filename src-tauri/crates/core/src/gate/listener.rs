//! A criterion that listens: what it has heard so far, and what that decides.
//!
//! A missing answer is never dropped. Every criterion runs on two paths: on the way to *pass* missing counts as
//! failed, on the way to *fail* as passed. It is met only on the first, not met only on the second, and else
//! undecided for missing answers.

use std::collections::BTreeMap;

use super::{Came, Counts, Heard, Outcome, Why, finite, hearing::Place, mean, never, paired, plain, rate};
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

/// How far a run looks ahead for a criterion: no further than it hears if all that follows passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ahead {
    /// Slots (of a comparison pairs) that are asked for its sake, 0 once it is decided. At most as many as a run may
    /// look ahead.
    pub(super) steps: u32,
    /// Whether nothing beyond them is asked for the sake of others either: it is not met even so, or may well have
    /// failed by then, and the gate with it.
    pub(super) closes: bool,
}

impl Ahead {
    const NOTHING: Self = Self { steps: 0, closes: false };
}

/// What a criterion has heard.
#[derive(Clone, PartialEq, Debug)]
struct State {
    tally: Tally,
    /// Of bets.
    evidence: Option<mean::Evidence>,
    /// Of a comparison.
    pairs: Option<paired::Pairs>,
    /// Of a deterministic suite.
    again: finite::Again,
}

/// A criterion and what it has heard.
#[derive(Clone, PartialEq, Debug)]
pub struct Listener {
    boundary: Boundary,
    metric: Metric,
    blocking: bool,
    heard_max: u32,
    state: State,
    /// Of a deterministic suite, by case: the first answer's score, where it is known.
    first: BTreeMap<usize, Unit>,
    /// If all that follows passes.
    ahead: Ahead,
    ahead_max: u32,
    /// Of a corridor: millionths of its calls that a version at the target fails.
    failing: Option<u32>,
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
                again: finite::Again::default(),
            },
            first: BTreeMap::new(),
            ahead: Ahead::NOTHING,
            ahead_max,
            failing: failing(criterion),
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

    /// What was asked again: passed where it scored what it did at first.
    #[must_use]
    pub const fn asked_again(&self) -> Counts {
        self.state.again.heard.counts
    }

    /// Slots heard at most if no more answers go missing than did: a missing answer may lengthen `never`.
    #[must_use]
    pub fn heard_max(&self) -> u32 {
        match &self.boundary {
            Boundary::FirstFailure { pass_at_missing_le } => {
                never::heard_max(pass_at_missing_le, self.state.tally.counts.lost())
            }
            Boundary::WithoutReplacement { agree_at_missing_le, .. } => {
                let again = |missing| never::heard_max(agree_at_missing_le, missing);
                self.heard_max - again(0) + again(self.asked_again().lost())
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

    /// Whether a slot of its cases is part of its sub-sequence, as things stand.
    pub(super) fn hears(&self, place: Place) -> bool {
        match self.boundary {
            Boundary::WithoutReplacement { .. } if self.state.again.has_begun() => self.may_hear(place),
            Boundary::WithoutReplacement { .. } => place.round == 0 && place.side == Side::Candidate,
            _ => place.side == Side::Candidate || self.compares(),
        }
    }

    /// Whether a slot of its cases may be part of its sub-sequence, now or later.
    pub(super) fn may_hear(&self, place: Place) -> bool {
        let of_side = place.side == Side::Candidate || self.compares();
        let again = self.state.again.has_begun();
        of_side && (!again || (place.round > 0 && self.first.contains_key(&place.case)))
    }

    /// Hears the next slot of its sub-sequence; of a comparison first the candidate's, then the live version's.
    pub(super) fn hear(&mut self, place: Place, came: &Came, reused: bool) {
        if self.compares() {
            return self.hear_half(place.side, paired::Half::of(came, &self.metric, reused));
        }
        let again = self.state.again.has_begun();
        let heard = match came.heard(&self.metric) {
            Heard::Score(score) if again => self.agrees(place, score),
            heard => heard,
        };
        self.state.counts().count(heard, came);
        self.state.tally.counts.reused += u32::from(reused);
        self.state.tally.counts.asked_again += u32::from(again);
        self.outcome = self.state.take(heard, &self.boundary);
        if let (Boundary::WithoutReplacement { .. }, false, Heard::Score(score)) =
            (&self.boundary, again, heard)
        {
            self.first.insert(place.case, score);
        }
        if self.outcome.is_none() && self.state.again.has_begun() && self.first.is_empty() {
            // Nothing is known that could be asked again.
            self.outcome = Some(Outcome::Inconclusive(Why::Missing));
        }
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

    /// What a case says that is asked again: passed where it scores what it did at first.
    fn agrees(&self, place: Place, score: Unit) -> Heard {
        let same = self.first.get(&place.case) == Some(&score);
        Heard::Score(if same { Unit::ONE } else { Unit::ZERO })
    }

    /// How far a run looks ahead for its sake; nothing once it does not want more.
    pub(super) fn ahead(&self) -> Ahead {
        if !self.wants() {
            return Ahead::NOTHING;
        }
        let reach = match (&self.boundary, self.failing) {
            (Boundary::Corridor { fail_at_failures_ge, .. }, Some(failing)) => {
                rate::reach(fail_at_failures_ge, failing, &self.state.tally, self.ahead.steps)
            }
            _ => self.ahead.steps,
        };
        if reach < self.ahead.steps { Ahead { steps: reach, closes: true } } else { self.ahead }
    }

    fn look_ahead(&mut self) {
        self.ahead = Ahead::NOTHING;
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
            let again = state.again.has_begun();
            state.counts().scored += 1;
            outcome = state.take(Heard::Score(Unit::ONE), &self.boundary);
            self.ahead.steps += 1;
            if state.again.has_begun() != again {
                // Which cases are asked again depends on the answers that are known then.
                break;
            }
        }
        self.ahead.closes = outcome == Some(Outcome::Fail);
    }

    /// Of these, slots of which nobody knows yet where they lie.
    pub(super) fn left_apart(&self) -> u32 {
        match &self.boundary {
            Boundary::WithoutReplacement { .. } if self.state.again.has_begun() => 0,
            // Cases without a first answer are not asked again.
            Boundary::WithoutReplacement { .. } if self.counts().lost() > 0 => finite::AGAIN,
            boundary => finite::asked_apart(boundary),
        }
    }

    /// Slots that it still hears at most, if no more answers go missing.
    #[must_use]
    pub fn left_at_most(&self) -> u32 {
        match &self.boundary {
            Boundary::WithoutReplacement { agree_at_missing_le, .. } if self.state.again.has_begun() => {
                let again = self.asked_again();
                never::heard_max(agree_at_missing_le, again.lost()).saturating_sub(again.heard())
            }
            _ => self.heard_max().saturating_sub(self.state.tally.counts.heard()),
        }
    }
}

/// How often a version at the target fails, in millionths, where a run asks no further ahead than that lets it. Not
/// where answers are measured: how many are in flight is part of what a latency is.
fn failing(criterion: &PlannedCriterion) -> Option<u32> {
    let (target, ..) = criterion.levels().filter(|_| *criterion.metric() == Metric::PassRate)?;
    Some(Unit::ONE.millionths() - target.millionths())
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

    /// Where the next slot is counted, but for those asked again in the sum of all.
    const fn counts(&mut self) -> &mut Counts {
        if self.again.has_begun() { &mut self.again.heard.counts } else { &mut self.tally.counts }
    }

    /// Takes in what was heard of a slot that is counted already, and says what that decides.
    fn take(&mut self, heard: Heard, boundary: &Boundary) -> Option<Outcome> {
        if let (Heard::Score(score), false) = (heard, self.again.has_begun()) {
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
            Boundary::WithoutReplacement { agree_at_missing_le, .. } if self.again.has_begun() => {
                self.again.decide(agree_at_missing_le)
            }
            Boundary::WithoutReplacement { pass_at_failures_le, fail_at_failures_ge, .. } => {
                self.again.first_round(pass_at_failures_le, fail_at_failures_ge, &mut self.tally)
            }
            // It hears pairs.
            Boundary::Paired { .. } => Some(Outcome::Inconclusive(Why::Undecided)),
        }
    }
}
