//! A run, or what is known without one.

use gatewright_api::{
    document::{CaseDocument, CriterionDocument, RunDocument, SpecDocument, VersionDocument},
    measured, money,
};

use super::{outcome, short, two_digits};
use crate::output::{Ink, Output, table};

/// Cases with trouble that are listed, at most.
const CASES_SHOWN_MAX: usize = 8;

/// Prints what the specs' gates say.
pub(crate) fn run(output: Output, document: &RunDocument) {
    for spec in &document.specs {
        one(output, spec);
        output.line("");
    }
    if document.run.is_some() {
        let calls = document.calls;
        let cost = document.cost.as_ref();
        let cost = cost.map(|cost| format!(", {}", money::amount(&cost.amount, &cost.currency)));
        let retried = if calls.retried > 0 { format!(", {} retried", calls.retried) } else { String::new() };
        #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
        let seconds = document.duration_ms as f64 / 1000.0;
        output.line(output.paint(
            Ink::Quiet,
            &format!("{} calls{retried}{}, {seconds:.1} s", calls.asked, cost.unwrap_or_default()),
        ));
    }
}

fn one(output: Output, spec: &SpecDocument) {
    let title = output.paint(Ink::Strong, &spec.spec);
    output.line(format!("{}  {title}  {}", outcome(output, spec.outcome), version(&spec.version)));
    output.line(format!("  {}", spec.sentence));
    output.line(output.paint(
        Ink::Quiet,
        &format!(
            "  {}, attempt {}; asked {} of {} cases at {}",
            spec.standing, spec.attempt, spec.cases_asked, spec.cases_total, spec.endpoint
        ),
    ));
    if let Some(tried) = &spec.candidates_tried.sentence {
        output.line(output.paint(Ink::Quiet, &format!("  {tried}")));
    }
    if let Some(again) = &spec.asked_again.sentence {
        output.line(format!("  {again}"));
    }
    let rows: Vec<Vec<String>> = spec.criteria.iter().map(|criterion| row(output, criterion)).collect();
    for line in table(&rows) {
        output.line(format!("    {line}"));
    }
    let trouble: Vec<_> = spec.cases.iter().filter(|case| case.passed < case.trials).collect();
    for case in trouble.iter().take(CASES_SHOWN_MAX) {
        let share = format!("{}/{}", case.passed, case.trials);
        let why = case.why.as_deref().unwrap_or_default();
        let marks =
            marks(case).iter().map(|mark| format!(" {}", output.paint(Ink::Open, mark))).collect::<String>();
        output.line(format!("      {share:>5}  {}{marks}  {}", case.case, output.paint(Ink::Quiet, why)));
    }
    if trouble.len() > CASES_SHOWN_MAX {
        let more = format!("             and {} more cases with failures", trouble.len() - CASES_SHOWN_MAX);
        output.line(output.paint(Ink::Quiet, &more));
    }
    if let Some(flaky) = &spec.flaky.sentence {
        output.line(output.paint(Ink::Quiet, &format!("  {flaky}")));
    }
    for entry in &spec.quarantine {
        let line = format!("  ◌ {} is in quarantine until {}: {}", entry.case, entry.until, entry.reason);
        output.line(output.paint(Ink::Open, &line));
    }
}

/// What is to be known of a case beside its trials.
fn marks(case: &CaseDocument) -> Vec<&'static str> {
    [(case.flaky, "◩ flaky"), (case.quarantined, "◌ in quarantine")]
        .into_iter()
        .filter_map(|(holds, mark)| holds.then_some(mark))
        .collect()
}

fn row(output: Output, criterion: &CriterionDocument) -> Vec<String> {
    let figure = |number: &str| match (&criterion.unit, number.parse()) {
        (Some(unit), Ok(amount)) => measured::with_unit(amount, unit),
        _ => two_digits(number),
    };
    let value = figure(&criterion.value);
    let bound = match (criterion.low.as_str(), criterion.high.as_str()) {
        ("", "") => String::new(),
        (low, "") => format!("at least {}", figure(low)),
        ("", high) => format!("at most {}", figure(high)),
        (low, high) => format!("{} to {}", figure(low), figure(high)),
    };
    let name = if criterion.blocking {
        criterion.criterion.clone()
    } else {
        format!("{} (not blocking)", criterion.criterion)
    };
    vec![
        outcome(output, criterion.outcome),
        name,
        value,
        output.paint(Ink::Quiet, &bound),
        format!("{} of {} heard", criterion.heard, criterion.heard_max),
        output.paint(Ink::Quiet, &criterion.reason),
    ]
}

fn version(version: &VersionDocument) -> String {
    let label = version.label.as_ref().map(|label| format!("{label} ")).unwrap_or_default();
    let dirty = if version.dirty == Some(true) { ", dirty" } else { "" };
    format!("{label}{} ({}{dirty})", short(version.id), version.grade)
}
