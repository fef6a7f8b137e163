//! Errors as a host hears them: a stable code to decide by, a sentence, and what to do.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a command was refused or failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Stable word, for deciding.
    pub code: Code,
    /// What happened and where, one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Kinds of refusal. Codes are never renamed; new ones may come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No command of this name.
    UnknownCommand,
    /// The arguments do not fit the command.
    BadArguments,
    /// No folder is opened.
    NoWorkspace,
    /// What was asked for does not exist.
    NotFound,
    /// A spec or the workspace file has errors.
    BadSpec,
    /// The folder is not trusted to do this.
    NotTrusted,
    /// The decision is no.
    Refused,
    /// Somebody else is at it.
    Busy,
    /// Nothing can be written here.
    ReadOnly,
    /// What was confirmed is not what is there any more.
    Stale,
    /// An address or a target did not answer.
    Unreachable,
    /// A release failed, or nobody knows.
    ReleaseFailed,
    /// The history does not hold.
    Unverified,
    /// The history is damaged so that the workspace cannot be opened.
    Damaged,
    /// The file system, the database or this program failed.
    Internal,
}

impl ApiError {
    /// A refusal without a hint.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
