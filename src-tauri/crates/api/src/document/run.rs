//! What a run, or a look at the recorded answers, says.

use gatewright_core::id::{RunId, SpecMeaning, VersionId};
use serde::Serialize;

/// What `run` and `verdict` print.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// None when nothing was asked.
    pub run: Option<RunId>,
    /// Name of the workspace.
    pub workspace: String,
    /// In the order of their names.
    pub specs: Vec<SpecDocument>,
    /// Of all: `fail` before `inconclusive` before `pass`.
    pub outcome: &'static str,
    /// Calls of this run.
    pub calls: CallsDocument,
    /// Of this run; none when unknown.
    pub cost: Option<CostDocument>,
    /// Wall time.
    pub duration_ms: u64,
    /// Hosts that were spoken to.
    pub egress: Vec<String>,
}

/// Calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct CallsDocument {
    /// Turns asked.
    pub asked: u64,
    /// Tries beyond the first.
    pub retried: u64,
}

/// Money.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CostDocument {
    /// Decimal, at most 6 digits.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

/// What a spec's gate says.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SpecDocument {
    /// Its name.
    pub spec: String,
    /// What it meant.
    pub meaning: SpecMeaning,
    /// `pass`, `fail`, `inconclusive`.
    pub outcome: &'static str,
    /// In one sentence.
    pub sentence: String,
    /// `prospective`, `rescored`.
    pub standing: &'static str,
    /// Attempts of this version at this spec that ended, and this one.
    pub attempt: u32,
    /// Whether this attempt is over: running again asks nothing, a new attempt does.
    pub attempt_over: bool,
    /// Sum of `wrongly_passed` over the attempts.
    pub wrongly_passed_total: f64,
    /// Versions that this gate heard to an end since what is live went live.
    pub candidates_tried: TriedDocument,
    /// The version that was judged.
    pub version: VersionDocument,
    /// Where it answered.
    pub endpoint: String,
    /// The version that it was compared with; of a gate that compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<VersionId>,
    /// In the order of the gate.
    pub criteria: Vec<CriterionDocument>,
    /// In the order of the spec.
    pub cases: Vec<CaseDocument>,
    /// How steady the version is over all that is recorded of it.
    pub flaky: FlakyDocument,
    /// Cases that no criterion hears as things stand.
    pub quarantine: Vec<QuarantineDocument>,
    /// Cases heard at least once.
    pub cases_asked: u32,
    /// Cases in the spec.
    pub cases_total: u32,
    /// Slots of the stream.
    pub counts: CountsDocument,
    /// Slots of the version that it was compared with, where that was asked in step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_counts: Option<CountsDocument>,
    /// Slots of the stream that were asked more than once: they were under way when a run broke off or was stopped.
    pub asked_again: AskedAgainDocument,
}

/// Slots that were asked more than once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AskedAgainDocument {
    /// How many.
    pub slots: u32,
    /// What that means, in one sentence; none of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
}

/// Candidates that a gate heard to an end, since what is live went live.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TriedDocument {
    /// Which spec's gate.
    pub spec: String,
    /// Where the spec is required; none where no environment requires it.
    pub environment: Option<String>,
    /// What is live there; none before the first promotion: then the whole history counts.
    pub since: Option<VersionId>,
    /// Different versions.
    pub versions: u32,
    /// Attempts of all of them.
    pub attempts: u32,
    /// Bound on how often a bad one among so many gets through: the sum over the attempts. None when nothing is
    /// promised.
    pub wrongly_passed_at_most: Option<f64>,
    /// In one sentence; none for a single candidate.
    pub sentence: Option<String>,
}

/// A version, in short.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VersionDocument {
    /// Its digest.
    pub id: VersionId,
    /// As a person named it.
    pub label: Option<String>,
    /// Whether the working tree differed from its commit.
    pub dirty: Option<bool>,
    /// How we know: `sent`, `sealed`, `claimed`, `declared`, `opaque`.
    pub grade: &'static str,
}

/// What a criterion says.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CriterionDocument {
    /// Its name.
    pub criterion: String,
    /// `rate`, `mean`, `max_drop`, `never`, `plain`.
    pub rule: &'static str,
    /// `pass_rate`, `latency`, `cost`, or the name of a scorer.
    pub metric: String,
    /// Whether the gate depends on it.
    pub blocking: bool,
    /// `met`, `not_met`, `undecided`.
    pub outcome: &'static str,
    /// Of a measured metric, what value and bounds count: `ms`, `tokens`, `millionths of USD`. Others are shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Over what was heard, or of pairs this version's mean less the live one's; empty when nothing was.
    pub value: String,
    /// Lower bound; empty when there is none.
    pub low: String,
    /// Upper bound; empty when there is none.
    pub high: String,
    /// How the bound was made.
    pub bound: String,
    /// Of the value, with the pairs of a case taken together; of a comparison in which both versions were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<String>,
    /// Where the rule has one.
    pub target: Option<f64>,
    /// Where the rule has one.
    pub floor: Option<f64>,
    /// As tested.
    pub wrongly_blocked: Option<f64>,
    /// As tested.
    pub wrongly_passed: Option<f64>,
    /// Slots heard, or pairs.
    pub heard: u32,
    /// Slots heard at most, or pairs.
    pub heard_max: u32,
    /// With its number.
    pub method: String,
    /// In one sentence.
    pub reason: String,
}

/// A case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CaseDocument {
    /// Its name.
    pub case: String,
    /// Trials with an answer or an error of the agent.
    pub trials: u32,
    /// Of those, passed.
    pub passed: u32,
    /// Whether trials of it that are recorded of this version disagree.
    pub flaky: bool,
    /// Whether it is in quarantine: asked, and heard by no criterion.
    pub quarantined: bool,
    /// What broke the rule in the newest trial that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How steady a version is, over all recorded trials of it, whatever the gate heard.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FlakyDocument {
    /// Cases that passed sometimes, and sometimes not; the flakiest first.
    pub cases: Vec<FlakyCaseDocument>,
    /// Cases with two trials or more.
    pub repeated: u32,
    /// The correlation of two trials of one case, 9 digits; empty when nothing tells.
    pub within_case: String,
    /// How many calls weigh as much as one on a case of its own, 9 digits; empty when nothing tells.
    pub design_effect: String,
    /// In one sentence; none when no case is flaky.
    pub sentence: Option<String>,
}

/// A flaky case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FlakyCaseDocument {
    /// Its name.
    pub case: String,
    /// Recorded trials with a score.
    pub trials: u32,
    /// Of those, passed.
    pub passed: u32,
    /// From near 0, steady, to 1, passed every other time; 9 digits.
    pub index: String,
}

/// A case that no criterion hears.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct QuarantineDocument {
    /// Its name.
    pub case: String,
    /// In the author's words.
    pub reason: String,
    /// Its last day, which ends at 24:00 UTC.
    pub until: String,
}

/// Slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct CountsDocument {
    /// With a score.
    pub scored: u32,
    /// Of those, not passed.
    pub failed: u32,
    /// Of the failed, the agent erred.
    pub agent_errors: u32,
    /// A scorer could not judge.
    pub not_judged: u32,
    /// No answer.
    pub missing: u32,
    /// Answered by an earlier run of the same stream.
    pub reused: u32,
}
