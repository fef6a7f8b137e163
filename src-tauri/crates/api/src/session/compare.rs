//! Two versions against each other: what differs, and what that did.

use std::collections::BTreeMap;

use gatewright_core::{
    id::{SpecName, VersionId},
    spec::{Currency, Measure},
    verdict::{CriterionVerdict, Verdict},
};
use gatewright_engine::store::{
    Read,
    table::{CaseStat, VersionRow},
};

use super::{Answered, criterion, opened::Opened, show, spec::case_mark, version};
use crate::{
    dto::{CaseComparison, CompareArgs, Comparison, HeatCell, Mark, ScoreComparison, SpecComparison},
    measured,
};

/// Compares two versions, in one spec or in all that both were asked by.
pub(super) fn versions(opened: &Opened, args: &CompareArgs) -> Answered<Comparison> {
    let (before, after) = (show::version_id(&args.before)?, show::version_id(&args.after)?);
    let reading = opened.reading();
    let currency = reading.workspace.as_ref().map_or(Currency::USD, |found| found.currency);
    opened.look(|read| {
        let (former, latter) = (version::find(read, before)?, version::find(read, after)?);
        let mut specs = Vec::new();
        let names = asked_by_both(read, before, after)?;
        for name in names.iter().filter(|name| args.spec.as_deref().is_none_or(|only| only == name.as_str()))
        {
            specs.push(spec(read, name, before, after, currency)?);
        }
        let objects = opened.engine.store().objects();
        Ok(Comparison {
            before: show::version(read, before)?,
            after: show::version(read, after)?,
            sentence: sentence(&former, &latter),
            components: version::components(
                objects,
                Some(&former.version.manifest),
                &latter.version.manifest,
            ),
            specs,
        })
    })
}

/// What differs, and whether the effect can be told apart.
fn sentence(before: &VersionRow, after: &VersionRow) -> String {
    let changed = version::differing(&before.version.manifest, &after.version.manifest);
    match changed.as_slice() {
        [] if before.version.id == after.version.id => "It is the same version.".to_owned(),
        [] => "No component differs.".to_owned(),
        [one] => format!("Only {one} differs, so the difference of the scores is its effect."),
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            format!("{} differ, so the effect of one cannot be told from the others'.", names.join(", "))
        }
    }
}

fn newest(read: &Read<'_>, version: VersionId) -> Answered<BTreeMap<SpecName, Verdict>> {
    let mut newest = BTreeMap::new();
    for row in read.verdicts_of_version(version)? {
        newest.entry(row.verdict.stream.spec.clone()).or_insert(row.verdict);
    }
    Ok(newest)
}

fn asked_by_both(read: &Read<'_>, before: VersionId, after: VersionId) -> Answered<Vec<SpecName>> {
    let former = newest(read, before)?;
    Ok(newest(read, after)?.into_keys().filter(|name| former.contains_key(name)).collect())
}

fn spec(
    read: &Read<'_>,
    name: &SpecName,
    before: VersionId,
    after: VersionId,
    currency: Currency,
) -> Answered<SpecComparison> {
    let changes = read.compare(name, before, after)?;
    let mut cases: Vec<CaseComparison> = Vec::new();
    let mut steady = 0;
    for change in &changes {
        match differs(&change.from, &change.to) {
            None => steady += 1,
            Some(mark) => cases.push(CaseComparison {
                case: change.to.case.to_string(),
                before: Some(cell(&change.from)),
                after: Some(cell(&change.to)),
                mark,
            }),
        }
    }
    // The worst first, and among those the deepest fall.
    let fall = |one: &CaseComparison| {
        let rate = |cell: &Option<HeatCell>| {
            cell.as_ref().map_or(0, |cell| cell.passed * 1_000 / cell.trials.max(1))
        };
        i64::from(rate(&one.after)) - i64::from(rate(&one.before))
    };
    cases.sort_by_key(|one| (one.mark != Mark::Fail, one.mark == Mark::Pass, fall(one), one.case.clone()));
    Ok(SpecComparison {
        spec: name.to_string(),
        scores: scores(read, name, before, after, currency)?,
        cases,
        steady,
    })
}

/// Better, worse or neither; none for a case that does not differ.
pub(super) fn differs(from: &CaseStat, to: &CaseStat) -> Option<Mark> {
    match (case_mark(from), case_mark(to)) {
        (Mark::Pass, Mark::Fail | Mark::Flaky) | (Mark::Flaky, Mark::Fail) => Some(Mark::Fail),
        (Mark::Fail | Mark::Flaky, Mark::Pass) | (Mark::Fail, Mark::Flaky) => Some(Mark::Pass),
        (Mark::Flaky, Mark::Flaky) => Some(Mark::Flaky),
        _ => None,
    }
}

/// A case in a version.
pub(super) fn cell(stat: &CaseStat) -> HeatCell {
    HeatCell { passed: stat.passed, trials: stat.n, mark: case_mark(stat) }
}

fn scores(
    read: &Read<'_>,
    name: &SpecName,
    before: VersionId,
    after: VersionId,
    currency: Currency,
) -> Answered<Vec<ScoreComparison>> {
    let (former, latter) = (newest(read, before)?.remove(name), newest(read, after)?.remove(name));
    let (Some(former), Some(latter)) = (former, latter) else { return Ok(Vec::new()) };
    let both = latter.criteria.iter().filter_map(|now| {
        let was = former.criteria.iter().find(|was| was.name == now.name)?;
        Some(score(was, now, currency))
    });
    Ok(both.collect())
}

fn score(was: &CriterionVerdict, now: &CriterionVerdict, currency: Currency) -> ScoreComparison {
    let shown = |one: &CriterionVerdict| {
        let view = criterion::judged(one, currency);
        if view.bound.is_empty() { view.value } else { format!("{}, {}", view.value, view.bound) }
    };
    // Another rule is another question: values stand side by side, and nothing is said of their difference.
    let same = was.rule == now.rule;
    let number = |text: &String| text.parse::<f64>().ok();
    let difference = number(&was.shown.value).zip(number(&now.shown.value)).filter(|_| same);
    ScoreComparison {
        criterion: now.name.to_string(),
        before: shown(was),
        after: shown(now),
        difference: difference
            .map_or_else(String::new, |(was, is)| signed(is - was, measured::of(&now.rule), currency)),
        mark: if same { beyond_noise(was, now) } else { Mark::Plain },
    }
}

/// `+0.14`, `−0.02`; a difference of measurements with their unit: `+120 ms`.
fn signed(difference: f64, of: Option<Measure>, currency: Currency) -> String {
    let sign = if difference < 0.0 { "−" } else { "+" };
    let size = difference.abs();
    match of {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number, not negative"
        )]
        Some(of) => format!("{sign}{}", measured::amount(of, size as u64, currency)),
        None => format!("{sign}{size:.2}"),
    }
}

/// Whether the bounds lie apart. Shares are better when larger, measurements when smaller.
fn beyond_noise(was: &CriterionVerdict, now: &CriterionVerdict) -> Mark {
    use gatewright_core::spec::{Metric, Rule};
    let ends = |one: &CriterionVerdict| {
        Some((one.shown.low.parse::<f64>().ok()?, one.shown.high.parse::<f64>().ok()?))
    };
    let (Some(was), Some(is)) = (ends(was), ends(now)) else { return Mark::Plain };
    let smaller_is_better = matches!(now.rule, Rule::Rate { of: Metric::Within { .. }, .. });
    let (above, below) = (is.0 > was.1, is.1 < was.0);
    match (above, below, smaller_is_better) {
        (true, _, false) | (_, true, true) => Mark::Pass,
        (true, _, true) | (_, true, false) => Mark::Fail,
        _ => Mark::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_keeps_its_sign_and_its_unit() {
        let share = |difference| signed(difference, None, Currency::USD);
        assert_eq!([share(0.141), share(-0.02)], ["+0.14", "−0.02"]);
        let measured = |difference, of| signed(difference, Some(of), Currency::USD);
        assert_eq!(measured(-1.0, Measure::LatencyMs), "−1 ms");
        assert_eq!(measured(2_100.0, Measure::CostMicros), "+$0.0021");
    }
}
