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
    /// Which, from 1.
    pub attempt: u32,
    /// Sum of `wrongly_passed` over the attempts.
    pub wrongly_passed_total: f64,
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
    /// Cases heard at least once.
    pub cases_asked: u32,
    /// Cases in the spec.
    pub cases_total: u32,
    /// Slots of the stream.
    pub counts: CountsDocument,
    /// Slots of the version that it was compared with, where that was asked in step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_counts: Option<CountsDocument>,
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
    /// What broke the rule in the newest trial that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
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
