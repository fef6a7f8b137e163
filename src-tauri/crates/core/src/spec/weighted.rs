//! `weighted: { pass_rate: 3, polite: 1 }`: several scores of one trial as one, by whole weights.

use super::{
    Metric,
    gate::{Heard, METRICS},
    reader::{At, Reader},
    tree::{Entry, Value, pointer_step},
    word,
};
use crate::{diagnostic::Diagnostic, id::ScorerName};

/// A weight at most: finer shares than a thousandth tell nobody anything.
const WEIGHT_MAX: u32 = 1_000;

/// Reads the parts and their weights. The pass rate comes first and scorers by name, whatever the order in the file:
/// it does not count. Nothing when a part could not be read.
pub(super) fn read(reader: &mut Reader<'_>, at: &At<'_>, heard: &Heard<'_>) -> Option<Metric> {
    let before = reader.diagnostics.len();
    let entries = reader.entries(at, "metrics with their weights");
    let mut parts: Vec<(u32, Metric)> =
        entries.iter().filter_map(|entry| part(reader, at, entry, heard)).collect();
    if reader.failed_since(before) {
        return None;
    }
    if parts.len() < 2 {
        let help = "name two metrics at least, or write `metric: …`";
        reader.error(at, "weights", "weights are of several metrics", help);
        return None;
    }
    parts.sort_by(|(_, first), (_, second)| scorer(first).cmp(&scorer(second)));
    Some(Metric::Weighted(parts))
}

/// The scorer of a part; none for the pass rate.
const fn scorer(part: &Metric) -> Option<&ScorerName> {
    match part {
        Metric::Graded(name) => Some(name),
        Metric::PassRate | Metric::Within { .. } | Metric::Weighted(_) => None,
    }
}

fn part(reader: &mut Reader<'_>, at: &At<'_>, entry: &Entry, heard: &Heard<'_>) -> Option<(u32, Metric)> {
    let metric = named(reader, at, entry, heard);
    let at = at.member(entry);
    match at.node.value {
        Value::Integer(0) => {
            reader.error(&at, "weights", "a weight of 0 weighs nothing", "leave the metric out");
            None
        }
        Value::Float(_) | Value::Text(_) => {
            let help = "3 and 1 weigh as much as 75 % and 25 %";
            reader.error(&at, "weights", "weights are whole numbers", help);
            None
        }
        Value::Map(_) => {
            let help = "write its parts beside the others, each with its weight";
            reader.error(&at, "weights", "a weighted metric has no weighted metric within it", help);
            None
        }
        _ => reader.small_count(&at, 1, WEIGHT_MAX).zip(metric),
    }
}

/// The metric that a part names: one that gives every answer a score.
fn named(reader: &mut Reader<'_>, at: &At<'_>, entry: &Entry, heard: &Heard<'_>) -> Option<Metric> {
    let name = entry.key.trim();
    let (code, message, help, fix) = match METRICS.iter().find(|(metric, _)| *metric == name) {
        Some((_, None)) => return Some(Metric::PassRate),
        None if heard.scorers.contains(&name) => return Some(Metric::Graded(ScorerName::new(name))),
        // What stands in it says so.
        None if at.member(entry).is_map() => return None,
        Some((_, Some(_))) => {
            let help = "give it a criterion of its own, with a percentile: `p95: …`";
            ("conflict", format!("`{name}` is measured and no score"), help.to_owned(), None)
        }
        None => {
            let names: Vec<&str> = ["pass_rate"].into_iter().chain(heard.scorers.iter().copied()).collect();
            let message = format!("there is no metric `{}` with a score", word::shortened(name));
            match word::nearest(name, &names) {
                Some(meant) => ("unknown-metric", message, format!("did you mean `{meant}`?"), Some(meant)),
                None => {
                    let help = format!("the metrics with a score are {}", word::list(&names));
                    ("unknown-metric", message, help, None)
                }
            }
        }
    };
    let pointer = format!("{}/{}", at.pointer, pointer_step(&entry.key));
    let mut found = Diagnostic::error(code, &reader.file, &pointer, entry.key_place, message);
    found.help = Some(help);
    found.fix = fix.map(str::to_owned);
    reader.push(found);
    None
}
