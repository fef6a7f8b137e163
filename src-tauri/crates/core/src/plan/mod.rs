//! A plan: the rule by which a gate hears an agent.
//!
//! It fixes the order of the slots, every case that counts and every boundary, before the first answer. It is a
//! rule and not a list, so that the runner makes no choice. How boundaries are computed is the gate's business.

mod stream;

use std::{collections::BTreeSet, num::NonZeroU32};

use serde::{Deserialize, Serialize};

pub use stream::Stream;

use crate::id::{
    CanonicalError, CaseName, CriterionId, CriterionName, Digest, EndpointId, EnvironmentName, PlanId,
    SpecMeaning, SpecName, VersionId,
};
use crate::spec::{Ask, Metric, Risk, Rule, Unit};

/// The number of the method that plans of this build follow; verdicts name it.
pub const METHOD: u16 = 2;

/// Which stream: its digest is the seed, so the seed is never chosen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct StreamKey {
    /// The version that is asked.
    pub version: VersionId,
    /// Where it is asked.
    pub endpoint: EndpointId,
    /// By which spec.
    pub spec: SpecName,
    /// Which attempt, from 1.
    pub attempt: NonZeroU32,
    /// To what end.
    pub purpose: Purpose,
}

impl StreamKey {
    /// The seed of the stream: the digest of its key, so that nobody chooses it.
    ///
    /// # Errors
    /// Never for names and digests; the signature follows [`Digest::of_value`].
    pub fn seed(&self) -> Result<Digest, CanonicalError> {
        Digest::of_value("gatewright.stream", self)
    }
}

/// What a stream is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To judge a candidate.
    Gate,
    /// To be what a candidate is compared with; its slots follow the candidate's order.
    BaselineOf {
        /// The candidate.
        candidate: VersionId,
        /// Its attempt.
        attempt: NonZeroU32,
    },
    /// To watch what is live.
    Monitor {
        /// Where.
        environment: EnvironmentName,
    },
}

/// Which of two versions a slot asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The version to be judged.
    Candidate,
    /// The live one.
    Baseline,
}

/// The place of a trial in its stream.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Slot {
    /// Which version.
    pub side: Side,
    /// Which case.
    pub case: CaseName,
    /// Which round, from 0.
    pub round: u32,
}

/// A plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Digest of all the rest.
    pub id: PlanId,
    /// Whose answers it hears.
    pub stream: StreamKey,
    /// What the spec meant.
    pub spec: SpecMeaning,
    /// The stream of the live version, where a criterion compares with it: one of its own to that end where it is
    /// asked in step, else the newest that is recorded of it.
    pub baseline: Option<StreamKey>,
    /// The order of the slots.
    pub order: OrderRule,
    /// Whether the whole first round is asked before the gate may stop.
    pub ask: Ask,
    /// Every case of the spec, in its order.
    pub cases: Vec<CaseName>,
    /// Those in quarantine: no criterion hears them. The digest knows them by what the spec meant.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub quarantine: BTreeSet<CaseName>,
    /// In the order of the gate.
    pub criteria: Vec<PlannedCriterion>,
    /// Slots asked ahead of the last heard, at most, whatever the boundaries allow.
    pub window_max: u32,
    /// [`METHOD`] when it was made.
    pub method: u16,
}

impl Plan {
    /// Whether the live version is asked in step with the candidate.
    #[must_use]
    pub fn asks_baseline(&self) -> bool {
        self.baseline.as_ref().is_some_and(|key| matches!(key.purpose, Purpose::BaselineOf { .. }))
    }

    /// The digest of all but [`Self::id`], and of [`Self::quarantine`] by what the spec meant.
    ///
    /// # Errors
    /// Never for a plan that the gate made: its integers are small.
    pub fn digest(&self) -> Result<PlanId, CanonicalError> {
        let body = (
            (&self.stream, &self.spec, &self.baseline, self.order),
            (self.ask, &self.cases, &self.criteria, self.window_max, self.method),
        );
        Digest::of_value("gatewright.plan", &body).map(PlanId)
    }
}

/// How the slots of a stream are ordered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRule {
    /// Round after round, each ordering all cases by `sha256(seed ‖ round ‖ case name)`.
    HashRounds,
    /// Cases drawn with replacement: the monitor's.
    WithReplacement,
}

/// A criterion with its boundary.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlannedCriterion {
    /// Which.
    pub criterion: CriterionId,
    /// Its name.
    pub name: CriterionName,
    /// What must hold.
    pub rule: Rule,
    /// Whether the gate depends on it.
    pub blocking: bool,
    /// The cases that it hears, in the order of the spec.
    pub cases: Vec<CaseName>,
    /// Whether a judge's word is among what it hears: then it speaks of the judge's score.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judged: bool,
    /// When it is decided.
    pub boundary: Boundary,
    /// What stands for a live version that cannot be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedMean>,
}

/// A live version's recorded mean, and the levels that follow from it. That it has an error of its own is covered by no
/// declared risk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedMean {
    /// The mean, with what is missing counted as 0: the target, 99 % at most.
    pub least: Unit,
    /// The mean, with what is missing counted as 1: less the margin it is the floor.
    pub most: Unit,
    /// Answers that it is the mean of.
    pub trials: u32,
    /// Good: as good as the live version was.
    pub target: Unit,
    /// Bad: worse by the margin.
    pub floor: Unit,
}

impl PlannedCriterion {
    /// The levels that it tells apart, target before floor, with their risks; none of one that has no such levels.
    #[must_use]
    pub fn levels(&self) -> Option<(Unit, Unit, Risk)> {
        match (&self.rule, &self.recorded) {
            (Rule::Rate { target, floor, risk, .. } | Rule::Mean { target, floor, risk, .. }, _) => {
                Some((*target, *floor, *risk))
            }
            (Rule::MaxDrop { risk, .. }, Some(recorded)) => Some((recorded.target, recorded.floor, *risk)),
            _ => None,
        }
    }

    /// Whether it hears both sides of a comparison.
    #[must_use]
    pub const fn compares(&self) -> bool {
        matches!(self.boundary, Boundary::Paired { .. })
    }

    /// What it hears of a trial.
    #[must_use]
    pub const fn metric(&self) -> &Metric {
        match &self.rule {
            Rule::Rate { of, .. }
            | Rule::Mean { of, .. }
            | Rule::MaxDrop { of, .. }
            | Rule::Plain { of, .. } => of,
            Rule::Never { .. } => &Metric::PassRate,
        }
    }

    /// Slots that it hears at most; of a comparison pairs; of a deterministic suite when none that is asked again goes
    /// missing.
    #[must_use]
    pub fn heard_max(&self) -> u32 {
        let last = |array: &[i32]| u32::try_from(array.len().saturating_sub(1)).unwrap_or(u32::MAX);
        match &self.boundary {
            Boundary::Corridor { pass_at_failures_le, .. } => last(pass_at_failures_le),
            Boundary::FirstFailure { pass_at_missing_le } => last(pass_at_missing_le),
            Boundary::Fixed { n, .. } => *n,
            Boundary::Betting { n_max, .. } | Boundary::Paired { n_max, .. } => *n_max,
            Boundary::WithoutReplacement { pass_at_failures_le, agree_at_missing_le, .. } => {
                let again = agree_at_missing_le.iter().position(|&le| le >= 0).unwrap_or_default();
                last(pass_at_failures_le).saturating_add(u32::try_from(again).unwrap_or(u32::MAX))
            }
        }
    }
}

/// When a criterion is decided. All that decides is an integer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// After n trials (the index): met when failures are at most the first number, not met when they are at
    /// least the second. −1 in the first, and more than n in the second, mean not yet.
    Corridor {
        /// By which construction, with its number: `corridor 1`; of plans of the method 1 `fixed 1`.
        method: String,
        /// By trials heard, from 0 to the maximum.
        pass_at_failures_le: Vec<i32>,
        /// By trials heard, from 0 to the maximum.
        fail_at_failures_ge: Vec<i32>,
    },
    /// Mixture-bet e-process: met when the bets against the floor stand at `1/wrongly_passed`, not met when those
    /// against the target stand at `1/wrongly_blocked`.
    Betting {
        /// By which bets, with their number: `mixture bet 1`.
        method: String,
        /// Good.
        target: Unit,
        /// Bad.
        floor: Unit,
        /// Declared risks.
        risk: Risk,
        /// Trials before which it says nothing.
        first: u32,
        /// Trials at most.
        n_max: u32,
    },
    /// Paired e-process: met when the bets against "worse by the margin" stand at `1/wrongly_passed`, not met when
    /// those against "as good or better" stand at `1/wrongly_blocked`. It counts pairs: a slot of each side. Of a plan
    /// without a [`Plan::baseline`] that is asked it never says anything.
    Paired {
        /// By which bets, with their number: `paired bet 1`.
        method: String,
        /// The drop that is too much.
        margin: Unit,
        /// Declared risks.
        risk: Risk,
        /// Pairs before which it says nothing.
        first: u32,
        /// Pairs at most.
        n_max: u32,
    },
    /// A finite suite of a deterministic agent, drawn without replacement in the first round: as a corridor. What it
    /// decides is held back until cases were asked again: undecided when one differs.
    WithoutReplacement {
        /// By which construction, with its number: `without replacement 1`.
        method: String,
        /// Failing cases in the suite of a good version, at most.
        failures_good: u32,
        /// Failing cases in the suite of a bad version, at least.
        failures_bad: u32,
        /// By cases heard, from 0 to all.
        pass_at_failures_le: Vec<i32>,
        /// By cases heard, from 0 to all.
        fail_at_failures_ge: Vec<i32>,
        /// By slots asked again: enough when missing answers are at most this. −1 means not yet.
        agree_at_missing_le: Vec<i32>,
    },
    /// One failure decides.
    FirstFailure {
        /// By trials heard: met when missing answers are at most this. −1 means not yet.
        pass_at_missing_le: Vec<i32>,
    },
    /// A plain threshold over a fixed number of trials.
    Fixed {
        /// Trials.
        n: u32,
        /// Sum of scores needed, in millionths, over those trials.
        score_sum_ge: u64,
    },
}
