//! What `watch` prints: a document a line, for as long as it follows.

use gatewright_core::{diagnostic::Diagnostic, id::VersionId};
use serde::Serialize;

use super::{RunDocument, SpecDocument};
use crate::error::ApiError;

/// One line of `watch --json`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WatchDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// What happened.
    #[serde(flatten)]
    pub what: WatchedDocument,
}

/// What happened.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum WatchedDocument {
    /// Another process follows; its turn ends first.
    Waiting {
        /// Who.
        holder: String,
    },
    /// How changes are noticed.
    Watching {
        /// Whether files are looked at again and again because the system cannot watch them.
        polling: bool,
        /// In one sentence.
        text: String,
    },
    /// Everything was read again.
    Pass(PassDocument),
    /// A run began.
    Running {
        /// Of these specs.
        specs: Vec<String>,
    },
    /// It ended.
    Ran(Box<RunDocument>),
    /// It could not be done.
    RunFailed(ApiError),
}

/// What one pass found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PassDocument {
    /// Files that changed; none at first, and when another process recorded something.
    pub saved: Vec<String>,
    /// Files of the workspace that are gone.
    pub removed: Vec<String>,
    /// Specs that mean something else than before, or have other errors.
    pub changed: Vec<String>,
    /// Present versions that were never recorded.
    pub unasked: Vec<VersionId>,
    /// Specs of the workspace.
    pub specs_total: u32,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// How many of them are errors.
    pub errors: u32,
    /// What gates say by recorded answers, where that may be something else than before.
    pub specs: Vec<SpecDocument>,
    /// What could not be judged, and why.
    pub troubles: Vec<TroubleDocument>,
    /// Reading and judging.
    pub duration_ms: u64,
}

/// What could not be judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TroubleDocument {
    /// A spec, or an agent.
    pub of: String,
    /// Why.
    pub message: String,
}
