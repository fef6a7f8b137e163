//! Versions: all, one, two against each other.

use gatewright_core::{
    id::Digest,
    version::{Manifest, Provenance},
};
use serde::Serialize;

use super::run::{FlakyDocument, TriedDocument, VersionDocument};

/// What `versions` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VersionsDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Newest first.
    pub versions: Vec<VersionRow>,
}

/// A version with its newest verdicts.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VersionRow {
    /// Which.
    pub version: VersionDocument,
    /// Of which agent.
    pub agent: String,
    /// RFC 3339, UTC.
    pub seen: String,
    /// In the order of the specs' names.
    pub scores: Vec<ScoreRow>,
    /// Environments where it is live.
    pub live_in: Vec<String>,
}

/// The newest verdict of a version by a spec.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ScoreRow {
    /// Which spec.
    pub spec: String,
    /// `pass`, `fail`, `inconclusive`.
    pub outcome: &'static str,
    /// `prospective`, `rescored`.
    pub standing: &'static str,
    /// Pass rate over complete rounds; empty without one.
    pub value: String,
    /// Lower bound.
    pub low: String,
    /// Upper bound.
    pub high: String,
    /// Trials behind it.
    pub trials: u32,
}

/// What `show` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ShowDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// In short.
    #[serde(flatten)]
    pub row: VersionRow,
    /// What it is.
    pub manifest: Manifest,
    /// Where it came from.
    pub provenance: Provenance,
    /// Candidates of each spec that has a verdict of it, in the order of the specs' names.
    pub candidates_tried: Vec<TriedDocument>,
    /// How steady it is, by each spec of the workspace that it was asked.
    pub flaky: Vec<SpecFlakyDocument>,
}

/// How steady a version is by a spec.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SpecFlakyDocument {
    /// Which spec.
    pub spec: String,
    /// How steady.
    #[serde(flatten)]
    pub flaky: FlakyDocument,
}

/// What `compare` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CompareDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// The earlier.
    pub before: VersionDocument,
    /// The later.
    pub after: VersionDocument,
    /// By name; every component of either.
    pub components: Vec<ComponentRow>,
    /// Over cases that mean the same in both.
    pub cases: Vec<CaseChange>,
    /// Cases that one of them was not asked, or that mean something else.
    pub not_compared: u32,
}

/// A component of two versions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ComponentRow {
    /// Its name.
    pub component: String,
    /// Its digest before; none when it was not there.
    pub before: Option<Digest>,
    /// Its digest after; none when it is not there.
    pub after: Option<Digest>,
    /// Whether they differ.
    pub changed: bool,
}

/// A case of two versions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CaseChange {
    /// Of which spec.
    pub spec: String,
    /// Its name.
    pub case: String,
    /// `better`, `worse`, `flaky`, `steady`.
    pub change: &'static str,
    /// Passed of trials, before.
    pub before: (u32, u32),
    /// Passed of trials, after.
    pub after: (u32, u32),
}
