//! Diagnostics for people: the line shown, the place underlined, the cure below.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use super::{Diagnostic, Severity, Sources};

/// Draws diagnostics as text, one after the other, each with the line that it is about.
///
/// A file that `sources` does not hold is named without its line. `color` says whether escape codes are wanted.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut drawn = String::new();
    for diagnostic in diagnostics {
        drawn.push_str(&renderer.render(&groups(diagnostic, sources)));
        drawn.push_str("\n\n");
    }
    drawn.truncate(drawn.trim_end().len());
    if !drawn.is_empty() {
        drawn.push('\n');
    }
    drawn
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let place = diagnostic.place;
    let title = level.primary_title(visible(&diagnostic.message)).id(diagnostic.code.as_str());
    let Some(text) = sources.get(&diagnostic.file) else {
        let origin =
            Origin::path(&diagnostic.file).line(place.line as usize).char_column(place.column as usize);
        let mut group = title.element(origin);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(visible(help)));
        }
        return vec![group];
    };
    let start = text.floor_char_boundary(place.start as usize);
    // Of a place of many lines the first one says enough.
    let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let end = text.floor_char_boundary(place.end as usize).clamp(start, line_end);
    let snippet = Snippet::source(text.as_str())
        .path(&diagnostic.file)
        .annotation(AnnotationKind::Primary.span(start..end));
    let main = title.element(snippet);
    match (&diagnostic.help, &diagnostic.fix) {
        (Some(help), Some(fix)) => {
            let patch = Snippet::source(text.as_str())
                .path(&diagnostic.file)
                .patch(Patch::new(start..text.floor_char_boundary(place.end as usize).max(start), fix));
            vec![main, Level::HELP.secondary_title(visible(help)).element(patch)]
        }
        (Some(help), None) => vec![main.element(Level::HELP.message(visible(help)))],
        (None, _) => vec![main],
    }
}

/// Text of a stranger's file in a message must not steer the terminal.
fn visible(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Place;

    fn unknown_key() -> (Diagnostic, Sources) {
        let text = "näme: refunds\ncase:\n  - hello\n";
        let start = text.find("case").expect("there");
        let mut found = Diagnostic::error(
            "unknown-key",
            "specs/refunds.yaml",
            "/case",
            Place::of(text, start, start + 4),
            "a spec has no key `case`",
        );
        found.help = Some("did you mean `cases`?".to_owned());
        found.fix = Some("cases".to_owned());
        (found, Sources::from([("specs/refunds.yaml".to_owned(), text.to_owned())]))
    }

    #[test]
    fn the_line_is_shown_with_the_place_and_the_cure() {
        let (found, sources) = unknown_key();
        insta::assert_snapshot!(render(&[found], &sources, false));
    }

    #[test]
    fn a_file_without_text_is_named_all_the_same() {
        let (mut found, _) = unknown_key();
        found.fix = None;
        insta::assert_snapshot!(render(&[found], &Sources::new(), false));
    }

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        let (mut found, sources) = unknown_key();
        found.message = "\u{1b}[2J gone".to_owned();
        assert!(!render(&[found], &sources, false).contains('\u{1b}'));
    }

    #[test]
    fn a_place_beyond_the_text_is_drawn_at_its_end() {
        let (mut found, sources) = unknown_key();
        found.place = Place { start: 4_000, end: 5_000, line: 90, column: 1 };
        assert!(render(&[found], &sources, false).contains("a spec has no key `case`"));
    }
}
