//! What a gate says of a version. A pure function of plan and facts: recomputing it gives the same bytes, in
//! whatever order the answers came.
//!
//! Nothing, no data and no spec is never a pass. What decides is what the gate heard; the sentences and the nine
//! digits beside it are made for people here, and are no part of a verdict's identity.

mod agreement;
mod compared;
mod complete;
mod flaky;
mod judge;
mod reason;
mod shown;

use serde::{Deserialize, Serialize};

pub use agreement::{Agreement, LABELS_WANTED, LabelWord, Output, agreement};
pub use complete::{Complete, complete_rounds};
pub use flaky::{CaseRecord, Flaky, FlakyCase, flaky};
pub use judge::{Inquiry, judge, wrongly_passed};

pub use crate::gate::{Counts, Outcome, Why};
use crate::id::{
    CanonicalError, CaseName, CriterionId, CriterionName, Digest, PlanId, SpecMeaning, VerdictId, VersionId,
};
use crate::plan::{RecordedMean, StreamKey};
use crate::spec::{Rule, Unit};
use crate::time::Seq;
use crate::version::Grade;

/// What one criterion says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CriterionVerdict {
    /// Which.
    pub criterion: CriterionId,
    /// Its name.
    pub name: CriterionName,
    /// What had to hold.
    pub rule: Rule,
    /// Whether the gate depends on it.
    pub blocking: bool,
    /// What it says.
    pub outcome: Outcome,
    /// Slots heard when it was decided, or so far; where both versions are asked, pairs.
    pub at: u32,
    /// Slots heard at most, if no more answers had gone missing.
    pub heard_max: u32,
    /// What they were; of pairs failed are those in which the candidate scored less.
    pub counts: Counts,
    /// What stood for a live version that could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedMean>,
    /// For people; never decides.
    pub shown: Shown,
    /// In one sentence.
    pub reason: String,
    /// Whether its error rates hold given that the agent is deterministic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_determinism: bool,
}

/// Numbers for people, with 9 digits. Recomputed; they never decide.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Shown {
    /// The metric's value over what was heard, or the candidate's less the live version's over pairs; empty when nothing
    /// was.
    pub value: String,
    /// Lower bound; empty when there is none. For a percentile all three are in the unit of its measure.
    pub low: String,
    /// Upper bound; empty when there is none.
    pub high: String,
    /// How the bound was made: `stage-wise` after a corridor that ended, `confidence sequence` where it was cut off,
    /// `stage-wise without replacement` and `prior-posterior-ratio confidence sequence` of a deterministic
    /// suite, `clopper-pearson one-sided`, `order-statistic for a fixed number of calls`, `wilson`.
    pub bound: String,
    /// The method that decides, with its number.
    pub method: String,
    /// The standard error of the value, with the pairs of a case taken together; of a comparison, else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
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
    /// Digest of what was decided, by what and on which facts: all the rest but what is made for people, and
    /// [`Self::seq`].
    pub id: VerdictId,
    /// By which plan.
    pub plan: PlanId,
    /// Of which stream.
    pub stream: StreamKey,
    /// What the spec meant.
    pub spec: SpecMeaning,
    /// How we know which version answered. Of an opaque one this is a verdict of whatever answered.
    pub grade: Grade,
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
    /// The sum of `wrongly_passed` over them, 1 at most; 1 too when no blocking criterion declares any.
    pub wrongly_passed_total: Unit,
    /// Every case of the plan, in its order, with what was heard of it from the candidate.
    pub cases: Vec<CaseTally>,
    /// What the heard slots of the candidate were, each counted once: failed means that the case did not pass. Without
    /// those of cases in quarantine.
    pub counts: Counts,
    /// The same of the live version's, where it was asked in step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_counts: Option<Counts>,
    /// Slots that the gate may hear at most, if no more answers had gone missing.
    pub heard_max: u32,
    /// Digest over the consumed slots, in order.
    pub facts: Digest,
    /// The method's number.
    pub method: u16,
    /// In one or two sentences.
    pub headline: String,
    /// When, in order.
    pub seq: Seq,
}

/// What was heard of one case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CaseTally {
    /// Which.
    pub case: CaseName,
    /// Trials heard.
    pub trials: u32,
    /// Of those, passed.
    pub passed: u32,
    /// Of those, without a score.
    pub missing: u32,
    /// Whether it is in quarantine: asked, and heard by no criterion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quarantined: bool,
}

impl Verdict {
    /// Slots that the gate heard, of both versions.
    #[must_use]
    pub fn heard(&self) -> u32 {
        self.counts.heard() + self.baseline_counts.map_or(0, |counts| counts.heard())
    }

    /// Slots that it did not need.
    #[must_use]
    pub fn saved(&self) -> u32 {
        self.heard_max.saturating_sub(self.heard())
    }

    /// Cases heard at least once: "asked 20 of 24 cases".
    #[must_use]
    pub fn cases_heard(&self) -> usize {
        self.cases.iter().filter(|case| case.trials > 0).count()
    }

    /// Cases in quarantine.
    pub fn quarantined(&self) -> impl Iterator<Item = &CaseName> {
        self.cases.iter().filter(|tally| tally.quarantined).map(|tally| &tally.case)
    }

    /// The digest that is its identity.
    ///
    /// # Errors
    /// Never for a verdict that [`judge()`] made.
    pub fn digest(&self) -> Result<VerdictId, CanonicalError> {
        let criteria: Vec<_> = self
            .criteria
            .iter()
            .map(|one| (one.criterion, one.outcome, one.at, one.heard_max, one.counts))
            .collect();
        let body = (
            (self.plan, &self.stream, self.spec, self.grade, self.baseline, self.method),
            (criteria, self.outcome, self.standing, self.attempts, self.wrongly_passed_total, self.facts),
        );
        Digest::of_value("gatewright.verdict", &body).map(VerdictId)
    }
}
