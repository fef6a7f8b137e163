//! The answers of a run, by page.

use std::collections::BTreeMap;

use gatewright_core::{
    id::RunId,
    observation::{Fact, TrialId, TrialState},
    plan::Purpose,
    score::Scored,
    spec::Currency,
    time::Seq,
};
use gatewright_engine::store::{
    Read,
    table::{RunRow, TrialRow},
};

use super::super::{Answered, answer::tool_calls, opened::Opened, show};
use crate::{
    dto::{EXCERPT_CHARS_MAX, PAGE_ROWS_MAX, Row, RowCounts, RowFilter, RowState, Rows, RunRowsArgs},
    error::{ApiError, Code},
};

/// A trial of a run with what came of it.
pub(super) struct Listed {
    pub(super) row: TrialRow,
    pub(super) state: RowState,
    score: Option<f64>,
    why: String,
}

/// Every trial of the streams of a run that it touched, the newest first. Once the run is over, a slot without an answer
/// is none of its answers: it was released and not asked, or cancelled.
pub(super) fn all(read: &Read<'_>, run: &RunRow) -> Answered<Vec<Listed>> {
    let until = next_run(read, run.id)?;
    let mut listed = Vec::new();
    for stream in &run.streams {
        let mut scores: BTreeMap<TrialId, Scored> = BTreeMap::new();
        for (trial, _, scored) in read.case_scores_of(stream)? {
            scores.insert(trial, scored);
        }
        for row in read.trials_of(stream)? {
            let over = run.ended.is_some() && row.trial.state == TrialState::Released;
            if row.seq > run.seq && row.seq < until && !over {
                let scored = scores.remove(&row.trial.id);
                listed.push(listed_of(row, scored));
            }
        }
    }
    listed.sort_by_key(|one| std::cmp::Reverse(one.row.seq));
    Ok(listed)
}

/// The place of the run after this one: what was recorded from there on is not of this run.
fn next_run(read: &Read<'_>, run: RunId) -> Answered<Seq> {
    let mut next = Seq(u64::MAX);
    for other in read.runs(u32::MAX)? {
        if other.id == run {
            break;
        }
        next = other.seq;
    }
    Ok(next)
}

fn listed_of(row: TrialRow, scored: Option<Scored>) -> Listed {
    let why = scored.as_ref().map(|scored| scored.why().to_owned()).unwrap_or_default();
    let score = match &scored {
        Some(Scored::Value { score, .. }) => Some(score.as_f64()),
        Some(Scored::NotJudged { .. }) | None => None,
    };
    let passed = scored.as_ref().and_then(Scored::passed);
    let state = match (&row.trial.state, passed) {
        (TrialState::Released, _) => RowState::Asking,
        (TrialState::AgentError(_), _) => RowState::AgentError,
        (TrialState::Missing(_), _) => RowState::Missing,
        (TrialState::Answered, Some(true)) => RowState::Passed,
        (TrialState::Answered, Some(false)) => RowState::Failed,
        (TrialState::Answered, None) if scored.is_some() => RowState::NotJudged,
        (TrialState::Answered, None) => RowState::Judging,
    };
    Listed { row, state, score, why }
}

fn is_baseline(listed: &Listed) -> bool {
    matches!(listed.row.trial.stream.purpose, Purpose::BaselineOf { .. })
}

/// Whether a filter shows a row.
fn shows(filter: RowFilter, listed: &Listed) -> bool {
    match filter {
        RowFilter::Baseline => is_baseline(listed),
        _ if is_baseline(listed) => false,
        RowFilter::All => true,
        RowFilter::Failed => matches!(listed.state, RowState::Failed | RowState::AgentError),
        RowFilter::AgentErrors => listed.state == RowState::AgentError,
        RowFilter::Missing => matches!(listed.state, RowState::Missing | RowState::NotJudged),
    }
}

/// How many rows each filter shows.
pub(super) fn counts(all: &[Listed]) -> RowCounts {
    let count = |filter| show::small(all.iter().filter(|one| shows(filter, one)).count());
    RowCounts {
        all: count(RowFilter::All),
        failed: count(RowFilter::Failed),
        agent_errors: count(RowFilter::AgentErrors),
        missing: count(RowFilter::Missing),
        baseline: count(RowFilter::Baseline),
    }
}

/// A page of a run's answers, the newest first.
pub(in crate::session) fn page(opened: &Opened, args: &RunRowsArgs) -> Answered<Rows> {
    let run = super::run_id(&args.run)?;
    let currency = opened.reading().workspace.as_ref().map_or(Currency::USD, |found| found.currency);
    opened.look(|read| {
        let run = read
            .run(run)?
            .ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no run {}", args.run)))?;
        let all = all(read, &run)?;
        let shown: Vec<_> = all.iter().filter(|one| shows(args.filter, one)).collect();
        let limit = args.limit.min(PAGE_ROWS_MAX) as usize;
        let page = shown.iter().skip(args.offset as usize).take(limit);
        let rows = page.map(|listed| row(read, listed, currency)).collect::<Answered<_>>()?;
        Ok(Rows { total: show::small(shown.len()), offset: args.offset, rows })
    })
}

fn row(read: &Read<'_>, listed: &Listed, currency: Currency) -> Answered<Row> {
    let TrialRow { trial, latency_us, cost_micros, .. } = &listed.row;
    let answered = trial.state == TrialState::Answered;
    let said = if answered { read.answer(trial.id)? } else { None };
    // Who says nothing and calls tools has answered too: with the calls.
    let calls = match &said {
        Some(text) if text.trim().is_empty() => last_calls(read, trial.id)?,
        _ => Vec::new(),
    };
    let shown = if calls.is_empty() { said.unwrap_or_else(|| listed.why.clone()) } else { calls.join(" ") };
    Ok(Row {
        trial: trial.id.0,
        spec: trial.stream.spec.to_string(),
        case: trial.slot.case.to_string(),
        round: trial.slot.round.saturating_add(1),
        state: listed.state,
        score: listed.score,
        latency_ms: latency_us.map(|us| us.div_ceil(1_000)),
        cost: cost_micros.map(|micros| show::money(micros, currency)),
        excerpt: excerpt(&shown),
        calls: !calls.is_empty(),
    })
}

/// The tools that the last answer of a trial calls.
fn last_calls(read: &Read<'_>, trial: TrialId) -> Answered<Vec<String>> {
    let observations = read.observations(trial)?;
    let last = observations.iter().rfind(|one| one.what == Fact::Answer);
    Ok(last.map(|one| tool_calls(&one.reply)).unwrap_or_default())
}

/// The beginning of a text on one line.
pub(in crate::session) fn excerpt(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > EXCERPT_CHARS_MAX * 4 {
            break;
        }
    }
    let (mut excerpt, left_out) = show::beginning(&words, EXCERPT_CHARS_MAX - 1);
    if left_out > 0 {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_and_never_too_long() {
        assert_eq!(excerpt(" one\n\n two\tthree "), "one two three");
        let long = excerpt(&"é".repeat(10_000));
        assert_eq!(long.chars().count(), EXCERPT_CHARS_MAX);
        assert!(long.ends_with('…'));
    }
}
