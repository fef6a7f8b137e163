//! Bytes to text: one encoding, one kind of line end.
//!
//! What is hashed, sent and sealed is the text that comes out of here, so a file means the same on every system.

use crate::diagnostic::Place;

/// A workspace or spec file at most, in bytes.
pub const FILE_BYTES_MAX: usize = 256 * 1024;
/// A prompt, a schema, a list of tools at most, in bytes.
pub const CONTENT_BYTES_MAX: usize = 1024 * 1024;

/// Why bytes are not a text of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TextProblem {
    #[error("the file is larger than {} KB", .bytes_max / 1024)]
    TooLarge { bytes_max: usize },
    #[error("the file is UTF-16")]
    Utf16,
    #[error("the file is not UTF-8: byte {offset} begins no character")]
    NotUtf8 { offset: usize, place: Place },
}

impl TextProblem {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "file-too-large",
            Self::Utf16 => "utf-16",
            Self::NotUtf8 { .. } => "not-utf-8",
        }
    }

    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "split it: cases can stand in a `dataset:`, which has no such limit",
            Self::Utf16 | Self::NotUtf8 { .. } => "save it as UTF-8",
        }
    }

    pub(super) fn place(&self) -> Place {
        match self {
            Self::NotUtf8 { place, .. } => *place,
            Self::TooLarge { .. } | Self::Utf16 => Place { line: 1, column: 1, ..Place::default() },
        }
    }
}

/// The text of a file: without a byte order mark, lines ended by LF.
pub(super) fn decode(bytes: &[u8], bytes_max: usize) -> Result<String, TextProblem> {
    if bytes.len() > bytes_max {
        return Err(TextProblem::TooLarge { bytes_max });
    }
    // A zero byte beside a letter at the start is UTF-16 without its mark: YAML text never begins so.
    let utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]);
    if utf16 {
        return Err(TextProblem::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(normalised(text)),
        Err(error) => {
            let valid = normalised(&String::from_utf8_lossy(&bytes[..error.valid_up_to()]));
            let place = Place::of(&valid, valid.len(), valid.len());
            Err(TextProblem::NotUtf8 { offset: error.valid_up_to(), place })
        }
    }
}

/// Text with LF alone as its line end.
#[must_use]
pub fn normalised(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_line_ends_do_not_change_a_text() {
        for bytes in [&b"a: 1\nb: 2\n"[..], b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", b"a: 1\rb: 2\r"] {
            assert_eq!(decode(bytes, 100).as_deref(), Ok("a: 1\nb: 2\n"));
        }
    }

    #[test]
    fn other_encodings_are_named_with_the_place() {
        assert_eq!(decode(b"\xff\xfea\0", 100), Err(TextProblem::Utf16));
        assert_eq!(decode(b"a\0:\0", 100), Err(TextProblem::Utf16));
        let problem = decode("a: é\nb: ".as_bytes(), 100).map(drop);
        assert_eq!(problem, Ok(()));
        let problem = decode(b"a: \xc3\xa9\r\nb: \xe9", 100).expect_err("Latin-1");
        assert_eq!(problem.to_string(), "the file is not UTF-8: byte 10 begins no character");
        assert_eq!((problem.place().line, problem.place().column), (2, 4));
        assert_eq!(decode(b"abcd", 3), Err(TextProblem::TooLarge { bytes_max: 3 }));
    }
}
