//! What is wrong with a file a person wrote, and where.
//!
//! One value serves the terminal, the editor and other tools; how it is drawn is the reader's business: for people
//! in [`render`], for other tools in [`sarif`], as itself in JSON.

mod draw;
mod sarif;

pub use draw::render;
pub use sarif::sarif;

use std::collections::BTreeMap;

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

/// The code of a finding about a key that stands in a file. Its place must be masked before the file is shown.
pub const LITERAL_SECRET: &str = "literal-secret";

/// The text of every file that diagnostics are about, by path: as decoded, without a byte order mark, lines ended
/// by LF. Places count in it.
pub type Sources = BTreeMap<String, String>;

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

impl Place {
    /// The place of a byte range of `text`.
    #[must_use]
    pub fn of(text: &str, start: usize, end: usize) -> Self {
        let start = text.floor_char_boundary(start);
        let end = text.floor_char_boundary(end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = text[line_start..start].chars().count() + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { start: small(start), end: small(end), line: small(line), column: small(column) }
    }
}

impl Diagnostic {
    /// An error without a cure yet.
    #[must_use]
    pub fn error(code: &str, file: &str, pointer: &str, place: Place, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::Error,
            file: file.to_owned(),
            pointer: pointer.to_owned(),
            place,
            message: message.into(),
            help: None,
            fix: None,
        }
    }

    /// Whether the file cannot be used because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
