//! What the present gate would have said of past versions.

use gatewright_core::id::SpecName;

use super::{Answered, opened::Opened, show};
use crate::{
    author,
    dto::{BacktestArgs, BacktestRow, BacktestView, Mark, SpecVerdict},
    error::ApiError,
};

/// What the present gate would have said of past versions.
pub(super) fn view(opened: &Opened, args: &BacktestArgs) -> Answered<BacktestView> {
    let reading = opened.reading_with(&args.spec, args.text.as_deref());
    let report = match opened.engine.backtest(&reading, &SpecName::new(args.spec.clone())) {
        Ok(report) => report,
        Err(error) => return Ok(without(args, ApiError::from(error).message)),
    };
    opened.look(|read| {
        let rows = report.versions.iter().map(|one| {
            Ok(BacktestRow {
                version: show::version(read, one.version)?,
                then: one.then.map(|then| SpecVerdict {
                    verdict: then.verdict.to_string(),
                    outcome: show::outcome(then.outcome),
                    standing: show::standing(then.standing),
                }),
                now: one.outcome().map(show::outcome),
                mark: one.outcome().map_or(Mark::Unknown, show::outcome_mark),
                change: author::change(one),
                text: author::text(one),
                recorded: one.recorded,
                heard: one.now.heard(),
                heard_max: one.now.heard_max,
            })
        });
        Ok(BacktestView {
            spec: args.spec.clone(),
            missing: None,
            headline: author::headline(&report),
            rows: rows.collect::<Answered<_>>()?,
            more: report.more,
        })
    })
}

fn without(args: &BacktestArgs, why: String) -> BacktestView {
    BacktestView {
        spec: args.spec.clone(),
        missing: Some(why),
        headline: String::new(),
        rows: Vec::new(),
        more: 0,
    }
}
