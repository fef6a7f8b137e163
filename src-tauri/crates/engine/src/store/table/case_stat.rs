//! `case_stat`: how often which case passed by which version; a projection of trials and scores.
//!
//! A trial that is judged for the first time is added to its cell; where a score is replaced, the cell is counted again
//! by the one query that also rebuilds the table.
//! Trials of monitors are not counted: they are drawn with replacement, and ask what is live.

use gatewright_core::{
    id::{CaseMeaning, CaseName, SpecName, VersionId},
    observation::TrialId,
    score::Scored,
};
use rusqlite::{Row, params};

use super::{meaning::CASE_KIND, name::Kind as NameKind, stream::MONITOR};
use crate::store::{Read, Write, digest, error::StoreError};

/// A cell: one case by one version, as it was meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseStat {
    /// By which version.
    pub version: VersionId,
    /// Which case.
    pub case: CaseName,
    /// What it meant.
    pub meaning: CaseMeaning,
    /// Trials that ended.
    pub n: u32,
    /// Of those, passed.
    pub passed: u32,
    /// Of those, without an answer or not judged.
    pub missing: u32,
    /// Sum over the trials with an answer.
    pub latency_us: u64,
    /// Sum over the trials whose cost is known.
    pub cost_micros: i64,
    /// The newest of them.
    pub last_trial: TrialId,
}

/// A case that two versions were asked with the same meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseChange {
    /// By the earlier one.
    pub from: CaseStat,
    /// By the later one.
    pub to: CaseStat,
}

const COLUMNS: &str = "version.digest, name.text, meaning.digest, stat.n, stat.passed, stat.missing, \
     stat.latency_us, stat.cost_micros, stat.last_trial";
const JOINS: &str = "JOIN version ON version.id = stat.version JOIN name ON name.id = stat.case_ \
     JOIN meaning ON meaning.id = stat.meaning";

/// Rows of a spec, a version, a case and the meaning of the case.
pub(super) type Cell = (i64, i64, i64, i64);

/// The one query that makes cells; `{which}` narrows it.
pub(in crate::store) fn counted(which: &str) -> String {
    format!(
        "SELECT stream.spec, stream.version, trial.case_, score.scorer, count(*),
                coalesce(sum(score.passed), 0), sum(score.passed IS NULL),
                coalesce(sum(trial.latency_us), 0), coalesce(sum(trial.cost_micros), 0), max(trial.id)
         FROM stream JOIN trial ON trial.stream = stream.id JOIN score ON score.trial = trial.id
         JOIN meaning ON meaning.id = score.scorer
         WHERE meaning.kind = {CASE_KIND} AND stream.purpose <> {MONITOR} {which}
         GROUP BY stream.spec, stream.version, trial.case_, score.scorer"
    )
}

impl Write<'_> {
    /// The cell of a trial: spec, version, case, meaning.
    pub(super) fn cell(&self, trial: TrialId, meaning: i64) -> Result<Cell, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT stream.spec, stream.version, trial.case_ FROM trial JOIN stream ON stream.id = trial.stream
             WHERE trial.id = ?1",
        )?;
        statement.query_row([trial.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, meaning))).map_err(
            |error| match error {
                rusqlite::Error::QueryReturnedNoRows => StoreError::unknown(format!("trial {}", trial.0)),
                other => other.into(),
            },
        )
    }

    /// Adds a trial to its cell, which had nothing of it.
    pub(super) fn count_in(&self, trial: TrialId, meaning: i64, case: &Scored) -> Result<(), StoreError> {
        let (passed, missing) = match case {
            Scored::Value { passed, .. } => (*passed, false),
            Scored::NotJudged { .. } => (false, true),
        };
        let sql = format!(
            "INSERT INTO case_stat(spec, version, case_, meaning, n, passed, missing, latency_us, cost_micros, last_trial)
             SELECT stream.spec, stream.version, trial.case_, ?2, 1, ?3, ?4,
                    coalesce(trial.latency_us, 0), coalesce(trial.cost_micros, 0), trial.id
             FROM trial JOIN stream ON stream.id = trial.stream
             WHERE trial.id = ?1 AND stream.purpose <> {MONITOR}
             ON CONFLICT DO UPDATE SET n = n + 1, passed = passed + excluded.passed,
                    missing = missing + excluded.missing, latency_us = latency_us + excluded.latency_us,
                    cost_micros = cost_micros + excluded.cost_micros,
                    last_trial = max(last_trial, excluded.last_trial)"
        );
        let counted =
            self.connection.prepare_cached(&sql)?.execute(params![trial.0, meaning, passed, missing])?;
        // A monitor's is not counted; one that nobody released is an error.
        if counted == 0 { self.cell(trial, meaning).map(drop) } else { Ok(()) }
    }

    /// Counts a cell again.
    pub(super) fn count_cell(&self, cell: Cell) -> Result<(), StoreError> {
        let which = "AND stream.spec = ?1 AND stream.version = ?2 AND trial.case_ = ?3 AND score.scorer = ?4";
        self.connection
            .prepare_cached(&format!("INSERT OR REPLACE INTO case_stat {}", counted(which)))?
            .execute(cell)?;
        Ok(())
    }
}

impl Read<'_> {
    /// Every cell of a version by a spec, by case.
    ///
    /// # Errors
    /// The database's.
    pub fn case_stats(&self, spec: &SpecName, version: VersionId) -> Result<Vec<CaseStat>, StoreError> {
        let (Some(spec), Some(version)) =
            (self.name_id(NameKind::Spec, spec.as_str())?, self.find_version(version)?)
        else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM case_stat AS stat {JOINS} WHERE stat.spec = ?1 AND stat.version = ?2
             ORDER BY name.text, stat.last_trial"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![spec, version], stat)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The columns of a heat map: the cells of these versions, in their order. Page it by the versions in view.
    ///
    /// # Errors
    /// The database's.
    pub fn heat_map(
        &self,
        spec: &SpecName,
        versions: &[VersionId],
    ) -> Result<Vec<(VersionId, Vec<CaseStat>)>, StoreError> {
        versions.iter().map(|&version| Ok((version, self.case_stats(spec, version)?))).collect()
    }

    /// Cases that two versions were asked with the same meaning, by case.
    ///
    /// # Errors
    /// The database's.
    pub fn compare(
        &self,
        spec: &SpecName,
        from: VersionId,
        to: VersionId,
    ) -> Result<Vec<CaseChange>, StoreError> {
        let mut earlier = self.case_stats(spec, from)?;
        let later = self.case_stats(spec, to)?;
        let changes = later.into_iter().filter_map(|to| {
            let place = earlier.iter().position(|from| from.case == to.case && from.meaning == to.meaning)?;
            Some(CaseChange { from: earlier.swap_remove(place), to })
        });
        Ok(changes.collect())
    }
}

fn stat(row: &Row<'_>) -> rusqlite::Result<CaseStat> {
    let name: String = row.get(1)?;
    Ok(CaseStat {
        version: VersionId(digest(row.get(0)?)),
        case: CaseName::new(name),
        meaning: CaseMeaning(digest(row.get(2)?)),
        n: row.get(3)?,
        passed: row.get(4)?,
        missing: row.get(5)?,
        latency_us: row.get(6)?,
        cost_micros: row.get(7)?,
        last_trial: TrialId(row.get(8)?),
    })
}
