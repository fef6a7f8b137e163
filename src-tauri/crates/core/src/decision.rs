//! Whether a version may be released: one function makes a grant, and without a grant no adapter acts.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, EnvironmentName, GrantId, ReleaseId, SpecName, VerdictId, VersionId};
use crate::time::Seq;

/// What was decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may be released.
    Granted(Grant),
    /// It may not, for these reasons.
    Refused(Vec<Refusal>),
}

/// The token without which no adapter acts. Only this module makes one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    id: GrantId,
    environment: EnvironmentName,
    from: Option<VersionId>,
    to: VersionId,
    sealed: Digest,
    basis: Basis,
    seq: Seq,
}

/// On what a grant rests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Prospective passes of every required spec.
    Verdicts(Vec<VerdictId>),
    /// A person's word against a verdict.
    Override {
        /// As stated.
        by: String,
        /// As stated.
        reason: String,
    },
    /// A person's word for a first version.
    Bootstrap {
        /// As stated.
        by: String,
        /// As stated.
        reason: String,
    },
    /// It was live and verified here before.
    WasLive(ReleaseId),
}

/// Why a version may not be released.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A required spec has no verdict of this version.
    NoVerdict(SpecName),
    /// The newest verdict is no pass.
    NotPass(SpecName, VerdictId),
    /// The spec means something else now.
    StaleMeaning(SpecName),
    /// Another version is live than the one it was compared with.
    BaselineMoved(SpecName),
    /// The verdict was tuned on its answers.
    Rescored(SpecName),
    /// More attempts than the environment allows.
    TooManyAttempts(SpecName),
    /// A later fail contradicts it.
    Withdrawn(SpecName),
    /// Older than `max_age`.
    TooOld(SpecName),
    /// Passes only because the spec changed.
    Weakened(SpecName),
    /// Not signed by a key this user trusts.
    Untrusted(SpecName),
    /// The agent declares nothing.
    Opaque,
    /// The manifest holds nothing that could be put back.
    CannotBePutBack,
    /// Another release of this environment is open.
    EnvironmentOpen(ReleaseId),
}
