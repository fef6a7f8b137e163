//! What is printed, and where: the answer on standard output, everything else on standard error.
//!
//! The only module that writes to the terminal.
#![expect(clippy::print_stderr, reason = "this is where printing happens")]

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    sync::OnceLock,
};

use gatewright_api::document::{ErrorDocument, FORMAT};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::exit::Interrupted;

/// Why standard output took no more. Once it is, nothing is written any more.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub(crate) json: bool,
    /// No remarks on standard error.
    pub(crate) quiet: bool,
    /// Whether colours may be used.
    pub(crate) colour: bool,
}

/// What a colour means. Shape and word stand beside it, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Pass, met, live.
    Good,
    /// Fail, not met, blocked.
    Bad,
    /// Undecided, needs a reason.
    Open,
    /// Second in rank.
    Quiet,
    /// First in rank.
    Strong,
}

impl Output {
    /// By the flags, the terminal and `NO_COLOR`.
    #[must_use]
    pub(crate) fn new(json: bool, quiet: bool, no_colour: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { json, quiet, colour: wanted && !no_colour && !json && io::stdout().is_terminal() }
    }

    /// `text` in an ink, where colours may be used.
    #[must_use]
    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Good => "38;5;32",
            Ink::Bad => "38;5;208",
            Ink::Open => "38;5;134",
            Ink::Quiet => "2",
            Ink::Strong => "1",
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A line of the answer.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        if !self.json {
            self.raw(&format!("{}\n", visible(text.as_ref(), self.colour, false)));
        }
    }

    /// Several lines of the answer.
    pub(crate) fn block(self, text: impl AsRef<str>) {
        if !self.json {
            self.raw(&format!("{}\n", visible(text.as_ref(), self.colour, true)));
        }
    }

    /// Text that is the answer itself, whatever the form.
    pub(crate) fn raw(self, text: &str) {
        if LOST.get().is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            let _ = LOST.set(error);
        }
    }

    /// Whether whoever read the answer went away: nothing more reaches anybody.
    #[must_use]
    pub(crate) fn is_unread() -> bool {
        LOST.get().is_some()
    }

    /// Says why the answer was not written. A reader that went away, such as `head`, has read all it wanted: whether
    /// something else is in the way.
    #[must_use]
    pub(crate) fn tell_loss(self) -> bool {
        let Some(error) = LOST.get().filter(|error| error.kind() != io::ErrorKind::BrokenPipe) else {
            return false;
        };
        let label = self.paint(Ink::Bad, "error:");
        eprintln!("{label} the answer cannot be written to standard output: {error}");
        true
    }

    /// The document, when JSON is wanted.
    ///
    /// # Errors
    /// The document cannot be written as JSON.
    pub(crate) fn document(self, document: &impl Serialize) -> anyhow::Result<()> {
        if self.json {
            self.raw(&format!("{}\n", serde_json::to_string_pretty(document)?));
        }
        Ok(())
    }

    /// One of many documents, on a line of its own, when JSON is wanted.
    pub(crate) fn document_line(self, document: &impl Serialize) {
        if self.json
            && let Ok(line) = serde_json::to_string(document)
        {
            self.raw(&format!("{line}\n"));
        }
    }

    /// A remark beside the answer.
    pub(crate) fn remark(self, text: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("{}", visible(text.as_ref(), self.colour, true));
        }
    }

    /// That the words do not fit, as they were read: text on standard error, and the document when JSON is wanted.
    pub(crate) fn usage(self, text: &str) {
        let message = text.lines().next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        self.error_document("bad_arguments", message, Some("`gatewright help` shows the words."));
        eprintln!("{}", visible(text, self.colour, true));
    }

    fn error_document(self, code: &str, message: &str, hint: Option<&str>) {
        if self.json {
            let document = ErrorDocument {
                format: FORMAT,
                code: code.to_owned(),
                message: message.to_owned(),
                hint: hint.map(str::to_owned),
            };
            self.raw(&format!("{}\n", serde_json::to_string_pretty(&document).unwrap_or_default()));
        }
    }

    /// What went wrong: text on standard error, and the document when JSON is wanted.
    pub(crate) fn error(self, code: &str, message: &str, hint: Option<&str>) {
        self.error_document(code, message, hint);
        eprintln!("{} {}", self.paint(Ink::Bad, "error:"), visible(message, false, true));
        if let Some(hint) = hint {
            eprintln!("{} {}", self.paint(Ink::Quiet, " help:"), visible(hint, false, true));
        }
    }

    /// Asks a question on a terminal; anything but `y` or `yes` is no. `None` without a terminal.
    ///
    /// # Errors
    /// [`Interrupted`]: whoever was asked wants to leave, not to answer.
    pub(crate) async fn ask(
        self,
        question: &str,
        cancel: &CancellationToken,
    ) -> Result<Option<bool>, Interrupted> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(None);
        }
        eprint!("{} [y/N] ", visible(question, false, false));
        let _ = io::stderr().flush();
        let (tell, told) = tokio::sync::oneshot::channel();
        // Reading a line cannot be called off: whoever leaves does not wait for this thread.
        std::thread::spawn(move || {
            let mut answer = String::new();
            let read = io::stdin().lock().read_line(&mut answer);
            let _ = tell.send(read.is_ok().then_some(answer));
        });
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                eprintln!();
                Err(Interrupted)
            }
            answer = told => {
                let answer = answer.ok().flatten();
                Ok(answer.map(|answer| matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")))
            }
        }
    }
}

/// Text that may come from strangers, for a terminal: what would move the cursor or turn the direction of reading
/// around is shown by its number, so that nothing that is printed can hide or fake another thing. Kept are colours, where
/// they may be used, and the ends of lines where there are `lines`.
fn visible(text: &str, colour: bool, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let ink = if colour { ink_length(rest) } else { 0 };
        let length = ink.max(letter.len_utf8());
        let kept =
            ink > 0 || !(letter.is_control() || turns(letter)) || lines && matches!(letter, '\n' | '\t');
        if kept {
            shown.push_str(&rest[..length]);
        } else {
            shown.extend(letter.escape_unicode());
        }
        rest = &rest[length..];
    }
    shown
}

/// Whether a letter turns the direction of reading around.
fn turns(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The length of the colour that `text` begins with; 0 when it begins with none.
fn ink_length(text: &str) -> usize {
    let Some(code) = text.strip_prefix("\u{1b}[") else { return 0 };
    let digits = code.find(|letter: char| !letter.is_ascii_digit() && letter != ';').unwrap_or(code.len());
    if code[digits..].starts_with('m') { "\u{1b}[".len() + digits + 1 } else { 0 }
}

/// Columns of text, padded to the widest cell of each; the last one is not.
#[must_use]
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| shown_width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let pad = |row: &Vec<String>| {
        let last = row.len().saturating_sub(1);
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let missing = if column == last { 0 } else { widths[column] - shown_width(cell) };
            format!("{cell}{}", " ".repeat(missing))
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(pad).collect()
}

/// Characters of a cell without its colours.
fn shown_width(cell: &str) -> usize {
    let mut width = 0;
    let mut escaped = false;
    for letter in cell.chars() {
        match (escaped, letter) {
            (false, '\u{1b}') => escaped = true,
            (false, _) => width += 1,
            (true, 'm') => escaped = false,
            (true, _) => {}
        }
    }
    width
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_that_is_printed_moves_the_cursor() {
        let named = "a\u{1b}[2K\u{1b}]0;b\u{7}\nc\r\u{202e}d\u{9b}1A ü 😀";
        let line = r"a\u{1b}[2K\u{1b}]0;b\u{7}\u{a}c\u{d}\u{202e}d\u{9b}1A ü 😀";
        assert_eq!(super::visible(named, true, false), line);
        assert_eq!(super::visible("a\n\tb\u{1b}c", true, true), "a\n\tb\\u{1b}c");
        let painted = "\u{1b}[38;5;32m● passed\u{1b}[0m";
        assert_eq!(super::visible(painted, true, false), painted);
        assert!(!super::visible(painted, false, false).contains('\u{1b}'));
    }

    #[test]
    fn a_table_lines_up_whatever_the_colours() {
        let rows =
            [vec!["\u{1b}[1mab\u{1b}[0m".to_owned(), "c".to_owned()], vec!["a".to_owned(), "d".to_owned()]];
        assert_eq!(super::table(&rows), ["\u{1b}[1mab\u{1b}[0m  c", "a   d"]);
    }
}
