//! What a caller hears when a command is refused: one shape for every host.

use serde::{Deserialize, Serialize};

/// Why a command was refused, as a word that callers decide by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No command has that name.
    UnknownCommand,
    /// The arguments are not what the command takes.
    BadArguments,
    /// Gatewright itself is at fault.
    Internal,
}

/// A refused command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// For deciding.
    pub code: Code,
    /// What happened, and where: one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ApiError {
    /// An error without a hint.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// The same error, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
