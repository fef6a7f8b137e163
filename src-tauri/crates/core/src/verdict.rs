//! What a gate says of a version. A pure function of plan and facts: recomputing it gives the same bytes.

use serde::{Deserialize, Serialize};

use crate::id::{CriterionId, CriterionName, Digest, PlanId, SpecMeaning, VerdictId, VersionId};
use crate::plan::StreamKey;
use crate::spec::Unit;
use crate::time::Seq;

/// What a gate or a criterion says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Pass; of a criterion: met.
    Pass,
    /// Fail; of a criterion: not met.
    Fail,
    /// Neither: undecided, and why.
    Inconclusive(Why),
}

/// Why there is no decision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The budget ended first.
    BudgetEnded,
    /// A person stopped it.
    Cancelled,
    /// The endpoint could not take more calls; the next run goes on.
    Unreachable,
    /// The served identity changed: the answers are of two things.
    IdentityChanged,
    /// Too many answers are missing to tell.
    Missing,
    /// There is no live version to compare with.
    NoBaseline,
    /// No case or no blocking criterion.
    NothingToJudge,
    /// The budget cannot reach the plan's end.
    Underfunded,
    /// The method ended between target and floor.
    Undecided,
    /// The agent declares nothing, so nobody knows of what this would be a verdict.
    Opaque,
}

/// What one criterion says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CriterionVerdict {
    /// Which.
    pub criterion: CriterionId,
    /// Its name.
    pub name: CriterionName,
    /// What it says.
    pub outcome: Outcome,
    /// Slots heard when it was decided, or so far.
    pub at: u32,
    /// Slots heard at most.
    pub heard_max: u32,
    /// What they were.
    pub counts: Counts,
    /// For people; never decides.
    pub shown: Shown,
    /// In one sentence.
    pub reason: String,
}

/// What the heard slots were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// With a score.
    pub scored: u32,
    /// Of those, not passed.
    pub failed: u32,
    /// Of the failed, the agent erred.
    pub agent_errors: u32,
    /// A scorer could not judge: heard as missing.
    pub not_judged: u32,
    /// No answer: heard as missing.
    pub missing: u32,
    /// Answers that an earlier run of the same stream had.
    pub reused: u32,
}

/// Numbers for people, with 9 digits. Recomputed; they never decide.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Shown {
    /// The metric's value over what was heard; empty when nothing was.
    pub value: String,
    /// Lower bound; empty when there is none.
    pub low: String,
    /// Upper bound; empty when there is none.
    pub high: String,
    /// How the bound was made: `stage-wise`, `clopper-pearson one-sided`, …
    pub bound: String,
    /// The method that decides, with its number.
    pub method: String,
}

/// Whether the plan was recorded before the first answer that it counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It was: the declared error rates hold.
    Prospective,
    /// It was not: tuned on these answers. It does not grant a promotion.
    Rescored,
}

/// A verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Digest of all the rest but [`Self::seq`].
    pub id: VerdictId,
    /// By which plan.
    pub plan: PlanId,
    /// Of which stream.
    pub stream: StreamKey,
    /// What the spec meant.
    pub spec: SpecMeaning,
    /// The version it was compared with.
    pub baseline: Option<VersionId>,
    /// In the order of the gate.
    pub criteria: Vec<CriterionVerdict>,
    /// What the gate says.
    pub outcome: Outcome,
    /// Whether it can grant a promotion.
    pub standing: Standing,
    /// Attempts of this version and spec so far, this one included.
    pub attempts: u32,
    /// The sum of `wrongly_passed` over them.
    pub wrongly_passed_total: Unit,
    /// Digest over the consumed slots, in order.
    pub facts: Digest,
    /// The method's number.
    pub method: u16,
    /// When, in order.
    pub seq: Seq,
}
