//! What is wrong with a file a person wrote, and where.
//!
//! One value serves the terminal, the editor and other tools; how it is drawn is the reader's business.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used as it is.
    Error,
    /// It can be used, and probably does not say what its author meant.
    Warning,
    /// Something worth knowing.
    Note,
}

/// A place in a file: byte offsets, and lines and columns counted from 1 in characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line of the first byte, from 1.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
}

/// One finding: what, where, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable name of the kind of finding, such as `unknown-key`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the workspace, with `/`.
    pub file: String,
    /// JSON pointer of the value that it is about (RFC 6901).
    pub pointer: String,
    /// Where in the file.
    pub place: Place,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Text that would replace the place, where one edit mends it.
    pub fix: Option<String>,
}

impl Diagnostic {
    /// Whether the file cannot be used because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
