//! Versions: all, one, two against each other.

use gatewright_api::{
    document::{CompareDocument, ShowDocument, VersionRow, VersionsDocument},
    local::wall_time,
};

use super::{outcome, short, two_digits};
use crate::output::{Ink, Output, table};

/// Prints every version with its newest scores.
pub(crate) fn versions(output: Output, document: &VersionsDocument) {
    if document.versions.is_empty() {
        output.line("No version was asked yet: `gatewright run`.");
    }
    let rows: Vec<Vec<String>> = document.versions.iter().flat_map(|version| rows(output, version)).collect();
    for line in table(&rows) {
        output.line(line);
    }
}

fn rows(output: Output, version: &VersionRow) -> Vec<Vec<String>> {
    let live = version.live_in.iter().map(|name| format!("live in {name}")).collect::<Vec<_>>().join(", ");
    let label = version.version.label.clone().unwrap_or_default();
    let head = [short(version.version.id), label, wall_time(&version.seen)];
    if version.scores.is_empty() {
        let mut row = head.to_vec();
        row.extend(["not judged".to_owned(), String::new(), String::new(), output.paint(Ink::Good, &live)]);
        return vec![row];
    }
    let scores = version.scores.iter().enumerate().map(|(place, score)| {
        let mut row = if place == 0 { head.to_vec() } else { vec![String::new(); 3] };
        let value = if score.value.is_empty() {
            "no complete round".to_owned()
        } else {
            format!(
                "{} ({} to {})",
                two_digits(&score.value),
                two_digits(&score.low),
                two_digits(&score.high)
            )
        };
        let live = if place == 0 { output.paint(Ink::Good, &live) } else { String::new() };
        row.extend([outcome(output, score.outcome), score.spec.clone(), value, live]);
        row
    });
    scores.collect()
}

/// Prints one version.
pub(crate) fn version(output: Output, document: &ShowDocument) {
    output.line(output.paint(Ink::Strong, &document.row.version.id.to_string()));
    if let Some(label) = &document.row.version.label {
        output.line(format!("  label       {label}"));
    }
    output.line(format!("  agent       {}", document.row.agent));
    output.line(format!("  known by    {}", document.row.version.grade));
    output.line(format!("  first seen  {}", wall_time(&document.row.seen)));
    if let Some(commit) = &document.provenance.commit {
        let dirty = if document.provenance.dirty == Some(true) { ", with changes" } else { "" };
        output.line(format!("  commit      {commit}{dirty}"));
    }
    for name in document.manifest.components.keys() {
        output.line(format!("  component   {name}"));
    }
    for score in &document.row.scores {
        output.line(format!("  {}  {} ({})", outcome(output, score.outcome), score.spec, score.standing));
    }
    for spec in &document.flaky {
        if let Some(sentence) = &spec.flaky.sentence {
            output.line(output.paint(Ink::Quiet, &format!("  {}: {sentence}", spec.spec)));
        }
    }
    for tried in &document.candidates_tried {
        if let Some(sentence) = &tried.sentence {
            output.line(output.paint(Ink::Quiet, &format!("  {}: {sentence}", tried.spec)));
        }
    }
}

/// Prints what differs between two versions, worst first.
pub(crate) fn compare(output: Output, document: &CompareDocument) {
    let (before, after) = (&document.before, &document.after);
    output.line(format!("{} against {}", short(after.id), short(before.id)));
    for component in &document.components {
        let what = match (&component.before, &component.after) {
            (None, Some(_)) => "new",
            (Some(_), None) => "gone",
            _ if component.changed => "changed",
            _ => "same",
        };
        output.line(format!("  {:<10} {what}", component.component));
    }
    let rows: Vec<Vec<String>> = document
        .cases
        .iter()
        .map(|case| {
            let sign = match case.change {
                "worse" => output.paint(Ink::Bad, "▼ worse"),
                "better" => output.paint(Ink::Good, "▲ better"),
                other => format!("  {other}"),
            };
            let share = |(passed, trials): (u32, u32)| format!("{passed}/{trials}");
            vec![
                sign,
                case.case.clone(),
                format!("{} → {}", share(case.before), share(case.after)),
                case.spec.clone(),
            ]
        })
        .collect();
    for line in table(&rows) {
        output.line(format!("  {line}"));
    }
    if document.not_compared > 0 {
        let line = format!(
            "  {} cases not compared: asked of one only, or changed in meaning",
            document.not_compared
        );
        output.line(output.paint(Ink::Quiet, &line));
    }
}
