//! What happens while a workspace is followed: a line or two for each save.

use gatewright_api::document::{PassDocument, SpecDocument, WatchDocument, WatchedDocument};

use super::{outcome, run, short};
use crate::output::{Ink, Output};

/// Saved files named in a line, at most.
const SAVED_SHOWN_MAX: usize = 3;

/// Prints what happened.
pub(crate) fn watch(output: Output, document: &WatchDocument, drawn: &str) {
    match &document.what {
        WatchedDocument::Waiting { holder } => {
            output.remark(format!("This workspace is followed already ({holder}); waiting for its turn."));
        }
        WatchedDocument::Watching { text, .. } => output.remark(format!("{text} Ctrl+C ends it.")),
        WatchedDocument::Pass(document) => {
            for line in pass(output, document, drawn) {
                output.line(line);
            }
        }
        WatchedDocument::Running { specs } => {
            output.line(format!("{} asking what is missing: {}", mark(output), specs.join(", ")));
        }
        WatchedDocument::Ran(document) => run(output, document),
        WatchedDocument::RunFailed(error) => {
            output.line(format!("{} {}", output.paint(Ink::Bad, "error:"), error.message));
            if let Some(hint) = &error.hint {
                output.line(format!("{} {hint}", output.paint(Ink::Quiet, " help:")));
            }
        }
    }
}

fn mark(output: Output) -> String {
    output.paint(Ink::Quiet, "›")
}

fn pass(output: Output, pass: &PassDocument, drawn: &str) -> Vec<String> {
    let took = output.paint(Ink::Quiet, &format!("{} ms", pass.duration_ms));
    let mut lines = Vec::new();
    let parts = [named(&pass.saved, "saved"), named(&pass.removed, "removed")];
    let files = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if !files.is_empty() {
        lines.push(format!("{} {files}  {took}", mark(output)));
    }
    lines.extend(drawn.trim_end().lines().map(str::to_owned));
    for version in &pass.unasked {
        lines.push(format!("  version {}, never asked: `gatewright run` asks it", short(version)));
    }
    lines.extend(pass.specs.iter().map(|spec| format!("  {}", verdict(output, spec))));
    for trouble in &pass.troubles {
        lines.push(format!("  {} {}: {}", output.paint(Ink::Open, "◐"), trouble.of, trouble.message));
    }
    let judged = !pass.specs.is_empty() || !pass.troubles.is_empty();
    if pass.errors == 0 && !judged && !files.is_empty() {
        lines.push(match pass.changed.as_slice() {
            [] => output.paint(Ink::Quiet, "  means the same as before"),
            changed => format!("  {} read: no error", changed.join(", ")),
        });
    }
    lines
}

/// `a.md, b.md and 3 more saved`; nothing of no file.
fn named(files: &[String], what: &str) -> Option<String> {
    let shown = files.iter().take(SAVED_SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(SAVED_SHOWN_MAX) {
        0 if files.is_empty() => None,
        0 => Some(format!("{shown} {what}")),
        more => Some(format!("{shown} and {more} more {what}")),
    }
}

/// `● passed  refunds: rescored: 34 of 34 … (recorded answers, no call)`
fn verdict(output: Output, spec: &SpecDocument) -> String {
    let title = output.paint(Ink::Strong, &spec.spec);
    let line = format!("{}  {title}:", outcome(output, spec.outcome));
    if spec.counts.scored + spec.counts.missing == 0 {
        return format!("{line} {}", spec.sentence);
    }
    let by = output.paint(Ink::Quiet, "(recorded answers, no call)");
    format!("{line} {}: {} {by}", spec.standing, spec.sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Output = Output { json: false, quiet: false, colour: false };

    fn a_pass() -> PassDocument {
        PassDocument {
            saved: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
            unasked: Vec::new(),
            specs_total: 1,
            diagnostics: Vec::new(),
            errors: 0,
            specs: Vec::new(),
            troubles: Vec::new(),
            duration_ms: 12,
        }
    }

    #[test]
    fn a_save_says_what_it_did() {
        let saved: Vec<String> = ["a.md", "b.md", "c.md", "d.md"].map(str::to_owned).into();
        let nothing = PassDocument { saved: saved[..1].to_vec(), ..a_pass() };
        assert_eq!(pass(PLAIN, &nothing, ""), ["› a.md saved  12 ms", "  means the same as before"]);
        let gone = PassDocument { removed: vec!["old.md".into()], ..nothing.clone() };
        assert_eq!(pass(PLAIN, &gone, "")[0], "› a.md saved, old.md removed  12 ms");
        let broken = PassDocument { saved, errors: 1, ..a_pass() };
        let lines = pass(PLAIN, &broken, "error: a case without an input\n");
        assert_eq!(lines, ["› a.md, b.md, c.md and 1 more saved  12 ms", "error: a case without an input"]);
        let read = PassDocument { saved: vec!["a.yaml".into()], changed: vec!["a".into()], ..a_pass() };
        assert_eq!(pass(PLAIN, &read, "")[1], "  a read: no error");
        assert!(pass(PLAIN, &a_pass(), "").is_empty(), "what another process did not change is not said");
    }
}
