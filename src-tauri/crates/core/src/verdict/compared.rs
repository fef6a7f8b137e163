//! What is told of a comparison with the live version: in numbers that never decide, and in a sentence.

use gatewright_stat::{error_bar, interval::Interval, paired};

use super::{Shown, reason::Subject};
use crate::{
    gate::{
        Counts, Heard, Listener, Outcome, SlotFacts, differences,
        words::{Percent, TimesIn100, count, nine, plural},
    },
    plan::RecordedMean,
    spec::{Metric, Risk, Unit},
};

/// The mean difference over the pairs whose scores are known, its standard error with the pairs of a case taken
/// together, and the differences that the bets leave open. `heard` holds the slots of the pairs, the candidate's before
/// the live version's.
pub(super) fn shown(
    metric: &Metric,
    margin: Unit,
    risk: Risk,
    listener: &Listener,
    heard: &[&SlotFacts],
) -> Shown {
    let pairs = heard.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let mut by_case: Vec<(&str, Vec<f64>)> = Vec::new();
    let (mut lows, mut highs) = (Vec::new(), Vec::new());
    for (own, other) in pairs {
        let (own_heard, other_heard) = (own.came.heard(metric), other.came.heard(metric));
        let (low, high) = differences(own_heard, other_heard);
        lows.push(low);
        highs.push(high);
        if own_heard == Heard::Missing || other_heard == Heard::Missing {
            continue;
        }
        let case = own.slot.case.as_str();
        match by_case.iter_mut().find(|(known, _)| *known == case) {
            Some((_, differences)) => differences.push(low),
            None => by_case.push((case, vec![low])),
        }
    }
    let clusters: Vec<&[f64]> = by_case.iter().map(|(_, differences)| differences.as_slice()).collect();
    let mean = error_bar::clustered(&clusters);
    let (blocked, passed) = (risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64());
    let Interval { low, high } = paired::bounds(&lows, &highs, margin.as_f64(), blocked, passed);
    // The bounds are searched for, the verdict is not: what it excluded lies outside to the last digit.
    let (low, high) = match listener.outcome() {
        Some(Outcome::Pass) => (low.max(-margin.as_f64()), high),
        Some(Outcome::Fail) => (low, high.min(0.0)),
        _ => (low, high),
    };
    Shown {
        value: mean.map(|mean| nine(mean.mean)).unwrap_or_default(),
        low: nine(low),
        high: nine(high),
        bound: "confidence sequence".to_owned(),
        // One cluster alone says nothing of how cases differ.
        error: mean.filter(|mean| mean.clusters > 1).map(|mean| nine(mean.error)).unwrap_or_default(),
        ..Shown::default()
    }
}

/// Why it is met: `of 40 pairs 2 better and 1 worse than the live version; …`. `told` is what came of the candidate alone.
pub(super) fn met(subject: &Subject<'_>, counts: Counts, margin: Unit, risk: Risk, told: &str) -> String {
    let passed = TimesIn100(risk.wrongly_passed);
    match &subject.planned.recorded {
        Some(recorded) => {
            format!(
                "{told}; a version {} gets this far less than {passed}{}",
                below(margin),
                uncovered(recorded)
            )
        }
        None => format!(
            "{}; a version {} gets this far less than {passed}",
            pairs(subject, counts, "against it"),
            below(margin)
        ),
    }
}

/// Why it is not met.
pub(super) fn not_met(subject: &Subject<'_>, counts: Counts, risk: Risk, told: &str) -> String {
    let blocked = TimesIn100(risk.wrongly_blocked);
    match &subject.planned.recorded {
        Some(recorded) => format!(
            "{told}, which a version as good as the live one falls below less than {blocked}{}",
            uncovered(recorded)
        ),
        None => format!(
            "{}, which a version as good as the live one falls below less than {blocked}",
            pairs(subject, counts, "for it")
        ),
    }
}

fn below(margin: Unit) -> String {
    format!("worse than the live one by {}", Percent(margin))
}

fn pairs(subject: &Subject<'_>, counts: Counts, taken: &str) -> String {
    let missing = match counts.lost() {
        0 => String::new(),
        lost => format!(" ({} missing, counted {taken})", count(lost)),
    };
    format!(
        "of {} {} better and {} worse than the live version{missing}",
        plural(counts.heard(), "pair", "pairs"),
        count(subject.listener.better()),
        count(counts.failed)
    )
}

/// What no declared risk covers of a recorded mean.
fn uncovered(recorded: &RecordedMean) -> String {
    let mean = if recorded.least == recorded.most {
        Percent(recorded.least).to_string()
    } else {
        format!("{} to {}", Percent(recorded.least), Percent(recorded.most))
    };
    format!(
        "; the live one stands for its recorded mean of {mean}, whose own error is not covered ({})",
        plural(recorded.trials, "answer", "answers")
    )
}
