//! What a gate costs, errs, does not see, and would have said.

use gatewright_api::{
    document::{
        BacktestDocument, KindDocument, PlanDocument, PlannedDocument, RateDocument, RejudgedDocument,
        SelfTestDocument,
    },
    money,
};

use super::{outcome, short};
use crate::output::{Ink, Output, table};

/// Prints what a gate takes and tells apart.
pub(crate) fn plan(output: Output, document: &PlanDocument) {
    output.line(output.paint(Ink::Strong, &document.spec));
    for sentence in &document.sentences {
        let ink =
            if document.underfunded && sentence.starts_with("Underfunded") { Ink::Bad } else { Ink::Quiet };
        output.line(format!(
            "  {}",
            if ink == Ink::Bad { output.paint(ink, sentence) } else { sentence.clone() }
        ));
    }
    for one in &document.criteria {
        output.line("");
        planned(output, one);
    }
    output.line("");
    for line in table(&totals(document)) {
        output.line(format!("  {line}"));
    }
    let cost = document.budget.cost.as_ref();
    let cost = cost.map(|cost| format!(", {}", money::amount(cost, &document.currency))).unwrap_or_default();
    let minutes = document.budget.time_ms.div_ceil(60_000);
    let budget = format!("  Budget: {} calls{cost}, {minutes} min.", document.budget.calls);
    output.line(output.paint(Ink::Quiet, &budget));
}

fn planned(output: Output, one: &PlannedDocument) {
    let name = if one.blocking { one.criterion.clone() } else { format!("{} (not blocking)", one.criterion) };
    output.line(format!("  {}  {}", output.paint(Ink::Strong, &name), output.paint(Ink::Quiet, &rule(one))));
    for sentence in &one.sentences {
        output.line(format!("    {sentence}"));
    }
}

fn rule(one: &PlannedDocument) -> String {
    let percent = |share: f64| {
        let digits = format!("{:.4}", share * 100.0);
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let mut said = format!("{} {}", one.rule, one.metric);
    let parts = [
        ("target", one.target),
        ("floor", one.floor),
        ("wrongly blocked", one.wrongly_blocked),
        ("wrongly passed", one.wrongly_passed),
    ];
    for (name, share) in parts {
        if let Some(share) = share {
            said.push_str(&format!(", {name} {} %", percent(share)));
        }
    }
    said
}

fn totals(document: &PlanDocument) -> Vec<Vec<String>> {
    let calls = document.calls;
    let cost = document.cost.as_ref();
    let time = document.time_ms;
    let row = |label: &str, about: &str, calls: u64, cost: Option<&String>, time_ms: Option<u64>| {
        let cost = cost
            .map_or_else(|| "cost not known yet".to_owned(), |cost| money::amount(cost, &document.currency));
        let time =
            time_ms.map_or_else(|| "time not known yet".to_owned(), |ms| format!("{} s", ms.div_ceil(1_000)));
        vec![label.to_owned(), format!("{about}{calls} calls"), cost, time]
    };
    vec![
        row(
            "perfect version",
            "",
            calls.if_none_fails,
            cost.map(|cost| &cost.if_none_fails),
            time.map(|time| time.if_none_fails),
        ),
        row(
            "at the target",
            "about ",
            calls.at_target,
            cost.map(|cost| &cost.at_target),
            time.map(|time| time.at_target),
        ),
        row(
            "at the floor",
            "about ",
            calls.at_floor,
            cost.map(|cost| &cost.at_floor),
            time.map(|time| time.at_floor),
        ),
        row(
            "never more than",
            "",
            calls.at_most,
            cost.map(|cost| &cost.at_most),
            time.map(|time| time.at_most),
        ),
    ]
}

/// Prints what a self-test found.
pub(crate) fn selftest(output: Output, document: &SelfTestDocument) {
    let (ink, shape) = match (document.kept, document.unseen.is_empty()) {
        (false, _) => (Ink::Bad, "■"),
        (true, false) => (Ink::Open, "◐"),
        (true, true) => (Ink::Good, "●"),
    };
    let title = output.paint(Ink::Strong, &document.spec);
    output.line(format!("{} {title}  {}", output.paint(ink, shape), document.sentence));
    output.line(output.paint(Ink::Quiet, &format!("  {}", document.source)));
    output.line(output.paint(Ink::Quiet, &format!("  {}", document.weather)));
    output.line("");
    output.line("  declared and measured");
    for line in table(&document.rates.iter().map(|rate| rate_row(output, rate)).collect::<Vec<_>>()) {
        output.line(format!("    {line}"));
    }
    output.line("");
    output.line("  simulated versions");
    for line in table(&document.kinds.iter().map(|kind| kind_row(output, kind)).collect::<Vec<_>>()) {
        output.line(format!("    {line}"));
    }
    for unseen in &document.unseen {
        output.line("");
        output.line(format!("  {} {}", output.paint(Ink::Open, "◐"), unseen.sentence));
        for advice in &unseen.advice {
            output.line(format!("    {advice}"));
        }
    }
    for note in &document.notes {
        output.line(output.paint(Ink::Quiet, &format!("  {note}")));
    }
}

fn rate_row(output: Output, rate: &RateDocument) -> Vec<String> {
    let what = match rate.of {
        "wrongly_blocked" => "wrongly blocked",
        _ => "wrongly passed",
    };
    let declared = rate
        .declared
        .map_or_else(|| "nothing declared".to_owned(), |share| format!("at most {}", in_100(share)));
    let share = f64::from(rate.found) / f64::from(rate.versions.max(1));
    let mark = if rate.kept {
        output.paint(Ink::Good, "● kept")
    } else {
        output.paint(Ink::Bad, "■ contradicted")
    };
    vec![
        mark,
        rate.criterion.clone().unwrap_or_else(|| "the gate".to_owned()),
        what.to_owned(),
        format!("declared {declared} in 100"),
        format!("measured {} ({} to {})", in_100(share), in_100(rate.low), in_100(rate.high)),
    ]
}

fn kind_row(output: Output, kind: &KindDocument) -> Vec<String> {
    let mark = if kind.well { output.paint(Ink::Good, "●") } else { output.paint(Ink::Open, "◐") };
    vec![
        format!("{mark} {}", kind.label),
        format!("{} passed", kind.passed),
        format!("{} failed", kind.failed),
        format!("{} undecided", kind.undecided),
        format!("heard {:.1}, 95 in 100 within {}", kind.heard.mean, kind.heard.p95),
        output.paint(Ink::Quiet, &format!("asked {:.1}, within {}", kind.asked.mean, kind.asked.p95)),
    ]
}

/// A share in 100, with as many of two decimals as it needs.
fn in_100(share: f64) -> String {
    let digits = format!("{:.2}", share * 100.0);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Prints what the present gate would have said.
pub(crate) fn backtest(output: Output, document: &BacktestDocument) {
    output.line(format!("{}  {}", output.paint(Ink::Strong, &document.spec), document.sentence));
    for line in table(&document.versions.iter().map(|one| rejudged_row(output, one)).collect::<Vec<_>>()) {
        output.line(format!("  {line}"));
    }
    if document.more > 0 {
        output.line(output.paint(Ink::Quiet, &format!("  and {} older versions", document.more)));
    }
}

fn rejudged_row(output: Output, one: &RejudgedDocument) -> Vec<String> {
    let then =
        one.then.map_or_else(|| output.paint(Ink::Quiet, "nothing then"), |then| outcome(output, then));
    let now = one.now.map_or_else(|| output.paint(Ink::Quiet, "○ not enough"), |now| outcome(output, now));
    let change = match one.change {
        "stricter" => output.paint(Ink::Bad, "would not pass now"),
        "looser" => output.paint(Ink::Open, "would pass now"),
        "other" => output.paint(Ink::Open, "judged otherwise"),
        _ => String::new(),
    };
    vec![
        short(&one.version),
        one.label.clone().unwrap_or_default(),
        format!("then {then}"),
        format!("now {now}"),
        change,
        output.paint(Ink::Quiet, &one.sentence),
    ]
}
