//! The workspace: its files, its trust, its health.

use std::collections::BTreeMap;

use gatewright_core::{diagnostic::Diagnostic, id::Digest};
use serde::Serialize;
use serde_json::Value;

/// What `init` prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct InitDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Where.
    pub folder: String,
    /// Files that were made, below it.
    pub files: Vec<String>,
}

/// What `explain` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ExplainDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Each file with every default filled in, by its path. It is such a file itself, in JSON.
    pub files: BTreeMap<String, Value>,
}

/// What `check` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CheckDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Specs whose files were checked.
    pub specs: Vec<String>,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// How many of them are errors.
    pub errors: u32,
}

/// What `trust` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrustDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Of the list; `--trust=DIGEST` takes it.
    pub digest: Digest,
    /// Whether the folder is trusted with exactly this.
    pub trusted: bool,
    /// What the folder would do.
    pub acts: Value,
}

/// What `trust --revoke` prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RevokedDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Whether it was trusted before.
    pub was_trusted: bool,
}

/// What `verify` prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VerifyDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Whether everything holds.
    pub holds: bool,
    /// Log entries checked.
    pub events: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Objects checked.
    pub objects: u64,
    /// What does not hold, the first of the log first.
    pub findings: Vec<String>,
}

/// What `doctor` prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DoctorDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Each with whether it is well.
    pub checks: Vec<DoctorCheck>,
    /// Copies of the history outside the workspace, newest first.
    pub backups: Vec<BackupDocument>,
}

/// A copy of the history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BackupDocument {
    /// Where it lies.
    pub file: String,
    /// When it was made: RFC 3339, UTC.
    pub at: String,
    /// Its size.
    pub bytes: u64,
}

/// What `doctor --restore` prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RestoreDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Where the damaged history lies now, whole.
    pub set_aside: String,
    /// The backup that it goes on from; none for a new history.
    pub from: Option<String>,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DoctorCheck {
    /// What.
    pub what: String,
    /// Whether it is well.
    pub well: bool,
    /// In one sentence.
    pub says: String,
}

/// What a command that failed prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ErrorDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Stable.
    pub code: String,
    /// What happened, and where.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
