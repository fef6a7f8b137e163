//! Versions: all, one, two against each other.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_core::{
    id::{CaseMeaning, ComponentName, SpecName, VersionId},
    version::Manifest,
};
use gatewright_engine::store::{
    Read, StoreError,
    table::{CaseStat, VersionRow as Row},
};

use super::{Local, run, time};
use crate::{
    document::{
        CaseChange, CompareDocument, ComponentRow, FORMAT, ScoreRow, ShowDocument, SpecFlakyDocument,
        VersionRow, VersionsDocument,
    },
    error::ApiError,
};

/// Versions listed, at most.
const VERSIONS_MAX: u32 = 200;

impl Local {
    /// Versions with their newest scores, newest first.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn versions(&self) -> Result<VersionsDocument, ApiError> {
        let agents: Vec<_> = self.workspace()?.agents.keys().cloned().collect();
        let live = self.live()?;
        let versions = self.engine.store().read(|read| {
            let mut rows = Vec::new();
            for agent in &agents {
                for row in read.versions(agent, VERSIONS_MAX, 0)? {
                    rows.push(version_row(read, row, &live)?);
                }
            }
            Ok(rows)
        })?;
        Ok(VersionsDocument { format: FORMAT, versions })
    }

    /// One version in full.
    ///
    /// # Errors
    /// No version, or several, are meant.
    pub fn show(&self, words: &str) -> Result<ShowDocument, ApiError> {
        let row = self.engine.version(words)?;
        let (manifest, provenance) = (row.version.manifest.clone(), row.version.provenance.clone());
        let live = self.live()?;
        let agent = row.version.agent.clone();
        let row = self.engine.store().read(|read| version_row(read, row, &live))?;
        let tried = row.scores.iter().map(|score| {
            let found = self.engine.tried_by(&self.reading, &score.spec.as_str().into(), &agent)?;
            Ok(run::tried(&found))
        });
        let candidates_tried = tried.collect::<Result<_, ApiError>>()?;
        let asked =
            self.reading.good().filter(|spec| row.scores.iter().any(|it| spec.name.as_str() == it.spec));
        let flaky = asked.map(|spec| {
            let found = self.engine.flaky(spec, row.version.id)?;
            Ok(SpecFlakyDocument { spec: spec.name.to_string(), flaky: run::flaky(&found) })
        });
        let flaky = flaky.collect::<Result<_, ApiError>>()?;
        Ok(ShowDocument { format: FORMAT, row, manifest, provenance, candidates_tried, flaky })
    }

    /// What differs between two versions, and what that did to the cases that mean the same in both.
    ///
    /// # Errors
    /// No version, or several, are meant.
    pub fn compare(&self, before: &str, after: &str) -> Result<CompareDocument, ApiError> {
        let (before, after) = (self.engine.version(before)?, self.engine.version(after)?);
        let specs: Vec<SpecName> = self.reading.specs.iter().map(|read| read.name.clone()).collect();
        let components = components(&before.version.manifest, &after.version.manifest);
        let (mut cases, mut not_compared) = (Vec::new(), 0);
        for spec in &specs {
            let (one, other) = self.engine.store().read(|read| {
                Ok((read.case_stats(spec, before.version.id)?, read.case_stats(spec, after.version.id)?))
            })?;
            let (changes, left_out) = changes(spec, &one, &other);
            cases.extend(changes);
            not_compared += left_out;
        }
        let rank = |change: &CaseChange| match change.change {
            "worse" => 0,
            "better" => 1,
            "flaky" => 2,
            _ => 3,
        };
        cases.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.case.cmp(&other.case)));
        Ok(CompareDocument {
            format: FORMAT,
            before: Self::version_document(&before.version, before.label),
            after: Self::version_document(&after.version, after.label),
            components,
            cases,
            not_compared,
        })
    }

    fn live(&self) -> Result<BTreeMap<VersionId, Vec<String>>, ApiError> {
        let names: Vec<_> = self.workspace()?.environments.keys().cloned().collect();
        Ok(self.engine.store().read(|read| {
            let mut live: BTreeMap<VersionId, Vec<String>> = BTreeMap::new();
            for name in &names {
                if let Some(row) = read.lives(name, 1)?.pop() {
                    live.entry(row.release.to).or_default().push(name.to_string());
                }
            }
            Ok(live)
        })?)
    }
}

fn version_row(
    read: &Read<'_>,
    row: Row,
    live: &BTreeMap<VersionId, Vec<String>>,
) -> Result<VersionRow, StoreError> {
    let id = row.version.id;
    let mut scores: BTreeMap<SpecName, ScoreRow> = BTreeMap::new();
    // Newest first: the first of a spec counts.
    for given in read.verdicts_of_version(id)? {
        let spec = given.verdict.stream.spec.clone();
        if scores.contains_key(&spec) {
            continue;
        }
        let point = read.point(&given.verdict.stream, "pass_rate")?.map(|row| row.point);
        let nine = |value: Option<f64>| value.map(|value| format!("{value:.9}")).unwrap_or_default();
        scores.insert(
            spec.clone(),
            ScoreRow {
                spec: spec.to_string(),
                outcome: run::outcome(given.verdict.outcome),
                standing: run::standing(given.verdict.standing),
                value: nine(point.as_ref().and_then(|point| point.value)),
                low: nine(point.as_ref().and_then(|point| point.low)),
                high: nine(point.as_ref().and_then(|point| point.high)),
                trials: point.as_ref().map_or(0, |point| point.n),
            },
        );
    }
    Ok(VersionRow {
        version: Local::version_document(&row.version, row.label),
        agent: row.version.agent.to_string(),
        seen: time(row.seen),
        scores: scores.into_values().collect(),
        live_in: live.get(&id).cloned().unwrap_or_default(),
    })
}

fn components(before: &Manifest, after: &Manifest) -> Vec<ComponentRow> {
    let names: BTreeSet<_> = before.components.keys().chain(after.components.keys()).collect();
    let digest = |manifest: &Manifest, name: &ComponentName| {
        manifest.components.get(name).and_then(|component| Manifest::component_digest(component).ok())
    };
    let row = |name: &ComponentName| {
        let (before, after) = (digest(before, name), digest(after, name));
        ComponentRow { component: name.to_string(), before, after, changed: before != after }
    };
    names.into_iter().map(row).collect()
}

/// Cases that mean the same in both, and how many do not.
fn changes(spec: &SpecName, before: &[CaseStat], after: &[CaseStat]) -> (Vec<CaseChange>, u32) {
    let by_meaning: BTreeMap<CaseMeaning, &CaseStat> =
        before.iter().map(|stat| (stat.meaning, stat)).collect();
    let mut changes = Vec::new();
    let mut seen = BTreeSet::new();
    let mut left_out = 0;
    for stat in after {
        let Some(old) = by_meaning.get(&stat.meaning) else {
            left_out += 1;
            continue;
        };
        seen.insert(stat.meaning);
        changes.push(CaseChange {
            spec: spec.to_string(),
            case: stat.case.to_string(),
            change: change(old, stat),
            before: (old.passed, old.n),
            after: (stat.passed, stat.n),
        });
    }
    left_out +=
        u32::try_from(before.iter().filter(|stat| !seen.contains(&stat.meaning)).count()).unwrap_or(u32::MAX);
    (changes, left_out)
}

/// A case that always passed and now never does is worse, the reverse better; one that sometimes passes in either is
/// flaky. Shares in between are compared as they stand.
fn change(before: &CaseStat, after: &CaseStat) -> &'static str {
    let (old, new) =
        (u64::from(before.passed) * u64::from(after.n), u64::from(after.passed) * u64::from(before.n));
    let mixed = |stat: &CaseStat| stat.passed > 0 && stat.passed < stat.n;
    match new.cmp(&old) {
        std::cmp::Ordering::Less => "worse",
        std::cmp::Ordering::Greater => "better",
        std::cmp::Ordering::Equal if mixed(after) => "flaky",
        std::cmp::Ordering::Equal => "steady",
    }
}
