//! What is live, and what a release did.

use gatewright_core::id::{ReleaseId, VersionId};
use serde::Serialize;

use super::run::TriedDocument;

/// What `status` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StatusDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// In the order of their names.
    pub environments: Vec<EnvironmentDocument>,
}

/// One environment.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EnvironmentDocument {
    /// Its name.
    pub environment: String,
    /// What is live, as the journal and the target say; none before the first release, and while it is unknown.
    pub live: Option<LiveDocument>,
    /// Why it is not known what is live, in a sentence: the target says otherwise than the journal, or a release ended
    /// without anybody knowing.
    pub unknown: Option<String>,
    /// The present version and whether it may go live.
    pub candidate: CandidateDocument,
    /// What was live before.
    pub previous: Option<VersionId>,
    /// Whether the way back is open.
    pub rollback: RollbackDocument,
    /// A release that is not settled.
    pub open: Option<OpenDocument>,
}

/// What is live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LiveDocument {
    /// Its digest.
    pub version: VersionId,
    /// As a person named it.
    pub label: Option<String>,
    /// RFC 3339, UTC.
    pub since: String,
    /// How far "live" was proved: `pointer`, `served`, …
    pub rung: &'static str,
    /// The word of a person that it went live by: against the verdict, or as a first version.
    #[serde(rename = "override")]
    pub overridden: Option<OverrideDocument>,
}

/// The present version, as a candidate.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CandidateDocument {
    /// Its digest; none while the workspace has errors.
    pub version: Option<VersionId>,
    /// Whether `promote` would be granted.
    pub may_ship: bool,
    /// Why not, a sentence each.
    pub reasons: Vec<String>,
    /// Candidates of each spec that the environment requires.
    pub candidates_tried: Vec<TriedDocument>,
    /// Cases of the required specs that no criterion hears, a sentence each spec.
    pub quarantine: Vec<String>,
}

/// The way back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RollbackDocument {
    /// Whether it is open now.
    pub ready: bool,
    /// RFC 3339, UTC.
    pub checked_at: String,
    /// Why not.
    pub reason: Option<String>,
}

/// A release that is not settled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OpenDocument {
    /// Which.
    pub release: ReleaseId,
    /// How far it got.
    pub state: &'static str,
    /// To which version.
    pub to: VersionId,
}

/// What `settle` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SettleDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Every release that was open, as it is now.
    pub releases: Vec<ReleaseDocument>,
}

/// What `promote` and `rollback` print, and `settle` of each release.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReleaseDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Which.
    pub release: ReleaseId,
    /// Where.
    pub environment: String,
    /// `promotion`, `rollback`.
    pub kind: &'static str,
    /// What was live.
    pub from: Option<VersionId>,
    /// What is to be live.
    pub to: VersionId,
    /// `live`, `not_applied`, `unknown`, `conflict`, …
    pub state: &'static str,
    /// How far "live" was proved.
    pub rung: &'static str,
    /// From the click.
    pub times_ms: TimesDocument,
    /// Against the verdict, or for a first version.
    #[serde(rename = "override")]
    pub overridden: Option<OverrideDocument>,
    /// In one sentence.
    pub sentence: String,
}

/// Milliseconds from the click.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct TimesDocument {
    /// The adapter acknowledged.
    pub acknowledged: Option<f64>,
    /// First new answer.
    pub first_new: Option<f64>,
    /// Last old answer.
    pub last_old: Option<f64>,
    /// Verified.
    pub verified: Option<f64>,
}

/// A person's word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OverrideDocument {
    /// `override`, `bootstrap`.
    pub kind: &'static str,
    /// As stated.
    pub by: String,
    /// As stated.
    pub reason: String,
}
