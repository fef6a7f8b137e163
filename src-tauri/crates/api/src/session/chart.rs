//! A metric over versions, and cases over versions.

use std::collections::BTreeMap;

use gatewright_core::{
    gate::{Outcome, Why, words},
    id::{CaseMeaning, CaseName, EnvironmentName, SpecMeaning, SpecName, VersionId},
    release::Kind,
    spec::{Criterion, Metric, Rule, Spec},
};
use gatewright_engine::{
    store::{
        Read,
        table::{CaseStat, Hearing, PointRow, ReleaseRow, TimelineRow},
    },
    supervisor::reading::Reading,
};

use super::{Answered, compare, opened::Opened, show};
use crate::{
    dto::{
        HeatCell, HeatGroup, HeatMap, HeatMapArgs, HeatRow, LaneSpan, Mark, MarkKind, SpecChange, Standing,
        Timeline, TimelineArgs, TimelineLane, TimelineMark, TimelinePoint, VersionRef,
    },
    error::{ApiError, Code},
};

/// The metric whose points are kept.
const PASS_RATE: &str = "pass_rate";
/// Columns of a heat map at most: the newest.
const COLUMNS_MAX: usize = 24;

/// The spec that is meant: the named one, or the first that has a history, or the first.
fn chosen(read: &Read<'_>, reading: &Reading, name: Option<&str>) -> Answered<SpecName> {
    if let Some(name) = name {
        return Ok(SpecName::new(name));
    }
    for found in &reading.specs {
        if !read.metrics(&found.name)?.is_empty() {
            return Ok(found.name.clone());
        }
    }
    let first = reading.specs.first().map(|found| found.name.clone());
    first.ok_or_else(|| ApiError::new(Code::NotFound, "the workspace has no spec"))
}

/// A metric over versions.
pub(super) fn timeline(opened: &Opened, args: &TimelineArgs) -> Answered<Timeline> {
    let reading = opened.reading();
    opened.look(|read| {
        let name = chosen(read, &reading, args.spec.as_deref())?;
        let mut specs = Vec::new();
        for found in &reading.specs {
            if !read.metrics(&found.name)?.is_empty() || found.name == name {
                specs.push(found.name.to_string());
            }
        }
        let spec = reading.good().find(|spec| spec.name == name);
        let criteria: Vec<&Criterion> =
            spec.iter().flat_map(|spec| &spec.gate).filter(|one| is_kept(one)).collect();
        let named = criteria.iter().find(|one| args.criterion.as_deref() == Some(one.name.as_str()));
        let shown = named.or(criteria.first()).copied();
        let points = points(read, &name, shown)?;
        let (target, floor) = shown.map_or((None, None), levels);
        Ok(Timeline {
            spec: name.to_string(),
            specs,
            criterion: shown.map_or_else(|| PASS_RATE.to_owned(), |one| one.name.to_string()),
            criteria: criteria.iter().map(|one| one.name.to_string()).collect(),
            title: format!("Pass rate of {name}"),
            detail: "Complete rounds of the newest attempt, with Wilson's interval at 95 %".to_owned(),
            target,
            floor,
            points,
            spec_changes: spec_changes(read, &name)?,
            marks: marks(read, &reading)?,
            lanes: lanes(read, &reading)?,
        })
    })
}

/// Whether points of a criterion's metric are kept: of the pass rate over all cases.
fn is_kept(criterion: &Criterion) -> bool {
    let of = match &criterion.rule {
        Rule::Rate { of, .. } | Rule::Plain { of, .. } => of,
        Rule::Mean { .. } | Rule::MaxDrop { .. } | Rule::Never { .. } => return false,
    };
    criterion.only.is_empty() && *of == Metric::PassRate
}

fn levels(criterion: &Criterion) -> (Option<f64>, Option<f64>) {
    match &criterion.rule {
        Rule::Rate { target, floor, .. } | Rule::Mean { target, floor, .. } => {
            (Some(target.as_f64()), Some(floor.as_f64()))
        }
        Rule::Plain { target, .. } => (Some(target.as_f64()), None),
        Rule::MaxDrop { .. } | Rule::Never { .. } => (None, None),
    }
}

/// The point of each version's newest attempt, oldest first.
fn points(read: &Read<'_>, name: &SpecName, shown: Option<&Criterion>) -> Answered<Vec<TimelinePoint>> {
    let rows = read.timeline_rows(name, PASS_RATE, shown.map(|one| &one.name))?;
    // A spec has few meanings, and versions of one stand together: the newest is nearly always the one.
    let mut meanings: Vec<SpecMeaning> = Vec::new();
    let points = rows.into_iter().map(|row| {
        let place = meanings.iter().rposition(|known| *known == row.row.point.meaning);
        let meaning = place.unwrap_or_else(|| {
            meanings.push(row.row.point.meaning);
            meanings.len() - 1
        });
        point(row, show::small(meaning))
    });
    Ok(points.collect())
}

fn point(
    TimelineRow { row, grade, dirty, label, number, seen, verdict }: TimelineRow,
    meaning: u32,
) -> TimelinePoint {
    let PointRow { version, point, .. } = row;
    let Hearing { heard, heard_max, told, passed } = match &verdict {
        Some(line) => line.criterion.unwrap_or(line.gate),
        None => Hearing { heard: point.n, heard_max: point.n, ..Hearing::default() },
    };
    let value_text = match &verdict {
        Some(_) => format!("{} of {}", words::count(passed), words::count(told)),
        None => format!("{} heard", words::count(point.n)),
    };
    let outcome = point.outcome.unwrap_or(Outcome::Inconclusive(Why::NotAsked));
    TimelinePoint {
        version: VersionRef {
            id: version.to_string(),
            short: version.0.short(),
            label: Some(label.unwrap_or_else(|| format!("v{number}"))),
            grade: show::grade(grade),
            dirty,
        },
        at: verdict.as_ref().map_or(seen, |line| line.given).0,
        value: point.value,
        low: point.low,
        high: point.high,
        value_text,
        calls: heard,
        calls_max: heard_max,
        stopped_early: heard < heard_max,
        outcome: show::outcome(outcome),
        standing: verdict.as_ref().map_or(Standing::Rescored, |line| show::standing(line.standing)),
        verdict: verdict.as_ref().map(|line| line.id.to_string()),
        note: verdict.map(|line| line.headline).unwrap_or_default(),
        meaning,
        identity_changed: outcome == Outcome::Inconclusive(Why::IdentityChanged),
    }
}

/// Where the spec began to mean something else, after its first meaning.
fn spec_changes(read: &Read<'_>, name: &SpecName) -> Answered<Vec<SpecChange>> {
    let history = read.spec_history(name)?;
    let mut changes = Vec::new();
    let mut before: Option<Spec> = None;
    for (place, change) in history.iter().enumerate() {
        let body = read.meaning(change.meaning)?;
        let spec: Option<Spec> = body.and_then(|body| serde_json::from_slice(&body).ok());
        if place > 0 {
            let text = match (&before, &spec) {
                (Some(before), Some(after)) => told(before, after),
                _ => "the spec changed".to_owned(),
            };
            changes.push(SpecChange { at: show::at(read, change.seq)?, text });
        }
        before = spec;
    }
    Ok(changes)
}

/// What changed between two meanings of a spec, in a few words.
fn told(before: &Spec, after: &Spec) -> String {
    let cases = |spec: &Spec| -> BTreeMap<CaseName, CaseMeaning> {
        spec.cases.iter().map(|case| (case.name.clone(), case.meaning)).collect()
    };
    let (was, is) = (cases(before), cases(after));
    let added = is.keys().filter(|name| !was.contains_key(*name)).count();
    let removed = was.keys().filter(|name| !is.contains_key(*name)).count();
    let changed =
        is.iter().filter(|(name, meaning)| was.get(*name).is_some_and(|was| was != *meaning)).count();
    let counted = [(added, "added"), (removed, "removed"), (changed, "changed")];
    let mut parts: Vec<String> = counted
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", show::plural(*number, "case", "cases")))
        .collect();
    let ids = |spec: &Spec| spec.gate.iter().map(|one| one.id).collect::<Vec<_>>();
    if ids(before) != ids(after) {
        parts.push("gate changed".to_owned());
    }
    if parts.is_empty() { "what is asked changed".to_owned() } else { parts.join(", ") }
}

fn environments(reading: &Reading) -> impl Iterator<Item = &EnvironmentName> {
    reading.workspace.iter().flat_map(|workspace| workspace.environments.keys())
}

/// When a release ended, for display.
fn ended_at(read: &Read<'_>, row: &ReleaseRow) -> Answered<i64> {
    Ok(read.release_steps(row.release.id)?.last().map_or(0, |step| step.at.0))
}

/// What happened in the environments, oldest first.
fn marks(read: &Read<'_>, reading: &Reading) -> Answered<Vec<TimelineMark>> {
    let mut marks = Vec::new();
    for environment in environments(reading) {
        for row in read.lives(environment, u32::MAX)? {
            let release = &row.release;
            let by_person = read.decision(release.grant)?.is_some_and(|decision| decision.ground.is_word());
            let kind = match (release.kind, by_person) {
                (Kind::Promotion, true) => MarkKind::Override,
                (Kind::Promotion, false) => MarkKind::Promoted,
                (Kind::Rollback | Kind::Rehearsal, _) => MarkKind::RolledBack,
            };
            let version = show::version(read, release.to)?;
            let word = match kind {
                MarkKind::Promoted => "promoted to",
                MarkKind::Override => "promoted by a person's word to",
                MarkKind::RolledBack | MarkKind::MovedOutside => "back in",
            };
            let text = format!("{} {word} {environment}", show::called(&version));
            let at = ended_at(read, &row)?;
            marks.push(TimelineMark { at, environment: environment.to_string(), kind, version, text });
        }
    }
    marks.sort_by_key(|mark| mark.at);
    Ok(marks)
}

/// What was live where, oldest first.
fn lanes(read: &Read<'_>, reading: &Reading) -> Answered<Vec<TimelineLane>> {
    environments(reading)
        .map(|environment| {
            let mut spans: Vec<LaneSpan> = Vec::new();
            for row in read.lives(environment, u32::MAX)?.iter().rev() {
                let from = ended_at(read, row)?;
                if let Some(last) = spans.last_mut() {
                    last.to = Some(from);
                }
                let version = Some(show::version(read, row.release.to)?);
                spans.push(LaneSpan { version, from, to: None });
            }
            Ok(TimelineLane { environment: environment.to_string(), spans })
        })
        .collect()
}

/// Cases over versions, sorted by trouble.
pub(super) fn heat_map(opened: &Opened, args: &HeatMapArgs) -> Answered<HeatMap> {
    let reading = opened.reading();
    opened.look(|read| {
        let name = chosen(read, &reading, args.spec.as_deref())?;
        let mut ids: Vec<VersionId> =
            read.timeline(&name, PASS_RATE)?.iter().map(|row| row.version).collect();
        ids.dedup();
        let ids = ids.split_off(ids.len().saturating_sub(COLUMNS_MAX));
        let versions: Vec<VersionRef> =
            ids.iter().map(|id| show::version(read, *id)).collect::<Answered<_>>()?;
        let spec = reading.good().find(|spec| spec.name == name);
        let meanings: BTreeMap<CaseName, CaseMeaning> =
            spec.iter().flat_map(|spec| &spec.cases).map(|case| (case.name.clone(), case.meaning)).collect();
        let mut rows: BTreeMap<CaseName, Vec<Option<HeatCell>>> =
            meanings.keys().map(|case| (case.clone(), vec![None; ids.len()])).collect();
        for (column, (_, stats)) in read.heat_map(&name, &ids)?.into_iter().enumerate() {
            for (case, stat) in newest_of(stats, &meanings) {
                let row = rows.entry(case).or_insert_with(|| vec![None; ids.len()]);
                row[column] = Some(compare::cell(&stat));
            }
        }
        let cases_total = show::small(meanings.len().max(rows.len()));
        Ok(HeatMap {
            spec: name.to_string(),
            groups: groups(rows, &versions, args.all),
            versions,
            cases_total,
        })
    })
}

/// By case: the cell with the present meaning, else the newest.
fn newest_of(
    stats: Vec<CaseStat>,
    meanings: &BTreeMap<CaseName, CaseMeaning>,
) -> BTreeMap<CaseName, CaseStat> {
    let mut newest: BTreeMap<CaseName, CaseStat> = BTreeMap::new();
    for stat in stats {
        let present = |stat: &CaseStat| meanings.get(&stat.case) == Some(&stat.meaning);
        match newest.get(&stat.case) {
            Some(kept) if present(kept) && !present(&stat) => {}
            _ => {
                newest.insert(stat.case.clone(), stat);
            }
        }
    }
    newest
}

/// How much trouble a case is, in the order in which groups stand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    NeverPassed,
    NewlyBroken(std::cmp::Reverse<usize>, Option<usize>),
    Flaky,
    Steady,
}

fn groups(
    rows: BTreeMap<CaseName, Vec<Option<HeatCell>>>,
    versions: &[VersionRef],
    all: bool,
) -> Vec<HeatGroup> {
    let mut groups: BTreeMap<Trouble, Vec<HeatRow>> = BTreeMap::new();
    for (case, cells) in rows {
        let row = HeatRow { case: case.to_string(), cells };
        groups.entry(trouble(&row.cells)).or_default().push(row);
    }
    let called = |column: usize| versions.get(column).map(show::called).unwrap_or_default();
    groups
        .into_iter()
        .map(|(trouble, rows)| {
            let title = match &trouble {
                Trouble::NeverPassed => "Never passed".to_owned(),
                Trouble::NewlyBroken(broken, None) => format!("Newly broken in {}", called(broken.0)),
                Trouble::NewlyBroken(broken, Some(mended)) => {
                    format!("Newly broken in {}, mended in {}", called(broken.0), called(*mended))
                }
                Trouble::Flaky => "Flaky".to_owned(),
                Trouble::Steady => format!("Steady, {}", show::plural(rows.len(), "case", "cases")),
            };
            let hidden = trouble == Trouble::Steady && !all;
            HeatGroup { title, rows: if hidden { Vec::new() } else { rows } }
        })
        .collect()
}

fn trouble(cells: &[Option<HeatCell>]) -> Trouble {
    let known: Vec<(usize, Mark)> = cells
        .iter()
        .enumerate()
        .filter_map(|(column, cell)| Some((column, cell.as_ref()?.mark)))
        .filter(|(_, mark)| *mark != Mark::Unknown)
        .collect();
    if known.is_empty() {
        return Trouble::Steady;
    }
    let ever = cells.iter().flatten().any(|cell| cell.passed > 0);
    if !ever {
        return Trouble::NeverPassed;
    }
    let broken = known.windows(2).rposition(|pair| pair[0].1 == Mark::Pass && pair[1].1 == Mark::Fail);
    if let Some(place) = broken {
        let after = &known[place + 1..];
        let mended = after.iter().find(|(_, mark)| *mark == Mark::Pass).map(|(column, _)| *column);
        let steady_since = mended.is_none_or(|mended| {
            after.iter().filter(|(at, _)| *at >= mended).all(|(_, mark)| *mark == Mark::Pass)
        });
        if steady_since {
            return Trouble::NewlyBroken(std::cmp::Reverse(after[0].0), mended);
        }
    }
    if known.iter().all(|(_, mark)| *mark == Mark::Pass) { Trouble::Steady } else { Trouble::Flaky }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(marks: &[(u32, u32)]) -> String {
        let versions: Vec<VersionRef> = (1..=marks.len())
            .map(|number| VersionRef {
                id: String::new(),
                short: String::new(),
                label: Some(format!("v{number}")),
                grade: crate::dto::Grade::Sent,
                dirty: None,
            })
            .collect();
        let cells = marks
            .iter()
            .map(|&(passed, trials)| {
                let mark = super::super::spec::mark_of(passed, trials, 0);
                (trials > 0).then_some(HeatCell { passed, trials, mark })
            })
            .collect();
        let rows = BTreeMap::from([("case".into(), cells)]);
        groups(rows, &versions, true).pop().map(|group| group.title).unwrap_or_default()
    }

    #[test]
    fn a_case_stands_where_its_trouble_is() {
        assert_eq!(title(&[(0, 3), (0, 3)]), "Never passed");
        assert_eq!(title(&[(3, 3), (0, 3)]), "Newly broken in v2");
        assert_eq!(title(&[(3, 3), (0, 3), (3, 3)]), "Newly broken in v2, mended in v3");
        assert_eq!(title(&[(3, 3), (2, 3), (3, 3)]), "Flaky");
        assert_eq!(title(&[(3, 3), (0, 0), (3, 3)]), "Steady, 1 case");
    }
}
