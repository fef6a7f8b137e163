//! `score`: what scorers say of trials, and what all expectations of a case together say. Judgements: recomputed
//! at any time, and then replaced.

use std::collections::BTreeSet;

use gatewright_core::{
    id::{CaseMeaning, Digest, ScorerId},
    observation::TrialId,
    plan::StreamKey,
    score::{Score, Scored},
    spec::Unit,
};
use rusqlite::params;

use super::meaning::CASE_KIND;
use crate::store::{Read, Write, digest, error::StoreError};

/// What one meaning of a case says of a trial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// What was expected: the case as it was when this was judged.
    pub meaning: CaseMeaning,
    /// All expectations together: of an agent error 0, of a missing answer *not judged*.
    pub case: Scored,
    /// Each scorer that was asked.
    pub scores: Vec<(ScorerId, Scored)>,
}

impl Write<'_> {
    /// Records what the scorers say of a trial that ended, and counts it, in one transaction. Judging again
    /// replaces what the same meaning said before.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when the trial was never released.
    pub fn record_scores(&self, trial: TrialId, judged: &Judged) -> Result<(), StoreError> {
        self.record_all_scores(&[(trial, judged.clone())])
    }

    /// [`Write::record_scores`] of many trials. A first score is added to its cell; a cell in which one was replaced is
    /// counted again, once.
    ///
    /// # Errors
    /// As [`Write::record_scores`].
    pub fn record_all_scores(&self, judged: &[(TrialId, Judged)]) -> Result<(), StoreError> {
        let mut cells = BTreeSet::new();
        for (trial, judged) in judged {
            for (scorer, scored) in &judged.scores {
                self.put_score(*trial, self.meaning_row_or_new(*scorer)?, scored)?;
            }
            let meaning = self.meaning_row_or_new(judged.meaning)?;
            match self.put_score(*trial, meaning, &judged.case)? {
                Put::New => self.count_in(*trial, meaning, &judged.case)?,
                Put::Replaced => drop(cells.insert(self.cell(*trial, meaning)?)),
            }
        }
        cells.into_iter().try_for_each(|cell| self.count_cell(cell))
    }

    fn put_score(&self, trial: TrialId, scorer: i64, scored: &Scored) -> Result<Put, StoreError> {
        let (value, passed, why) = match scored {
            Scored::Value { score, passed, why } => (Some(score.millionths()), Some(*passed), why),
            Scored::NotJudged { why } => (None, None, why),
        };
        let why = if why.is_empty() { None } else { Some(self.put_text(why)?.0) };
        let row = params![trial.0, scorer, value, passed, why];
        let new = self
            .connection
            .prepare_cached("INSERT INTO score(trial, scorer, value, passed, why) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")?
            .execute(row)?;
        if new == 1 {
            return Ok(Put::New);
        }
        self.connection
            .prepare_cached(
                "UPDATE score SET value = ?3, passed = ?4, why = ?5 WHERE trial = ?1 AND scorer = ?2",
            )?
            .execute(row)?;
        Ok(Put::Replaced)
    }
}

/// What became of what a scorer said of a trial before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Put {
    /// It had said nothing.
    New,
    /// It is replaced.
    Replaced,
}

impl Read<'_> {
    /// What the scorers say of one trial.
    ///
    /// # Errors
    /// The database's.
    pub fn scores(&self, trial: TrialId) -> Result<Vec<Score>, StoreError> {
        let mut statement = self.connection.prepare_cached(&select("score.trial = ?1", "<>"))?;
        let rows = statement.query_map(params![trial.0, CASE_KIND], raw)?;
        rows.map(|row| {
            self.scored(row?).map(|(trial, of, value)| Score { trial, scorer: ScorerId(of), value })
        })
        .collect()
    }

    /// What the scorers say of every trial of a stream, in the order of release.
    ///
    /// # Errors
    /// The database's.
    pub fn scores_of(&self, stream: &StreamKey) -> Result<Vec<Score>, StoreError> {
        let Some(row) = self.find_stream(stream)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(&select("trial.stream = ?1", "<>"))?;
        let rows = statement.query_map(params![row, CASE_KIND], raw)?;
        rows.map(|row| {
            self.scored(row?).map(|(trial, of, value)| Score { trial, scorer: ScorerId(of), value })
        })
        .collect()
    }

    /// What whole cases say of every trial of a stream, by each meaning that they were judged by.
    ///
    /// # Errors
    /// The database's.
    pub fn case_scores_of(
        &self,
        stream: &StreamKey,
    ) -> Result<Vec<(TrialId, CaseMeaning, Scored)>, StoreError> {
        let Some(row) = self.find_stream(stream)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(&select("trial.stream = ?1", "="))?;
        let rows = statement.query_map(params![row, CASE_KIND], raw)?;
        rows.map(|row| self.scored(row?).map(|(trial, of, value)| (trial, CaseMeaning(of), value))).collect()
    }

    /// Which trials of a stream were judged by which meanings of their cases.
    ///
    /// # Errors
    /// The database's.
    pub fn judged_of(&self, stream: &StreamKey) -> Result<BTreeSet<(TrialId, CaseMeaning)>, StoreError> {
        let Some(row) = self.find_stream(stream)? else { return Ok(BTreeSet::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT score.trial, meaning.digest FROM trial JOIN score ON score.trial = trial.id
             JOIN meaning ON meaning.id = score.scorer WHERE trial.stream = ?1 AND meaning.kind = ?2",
        )?;
        let rows = statement.query_map(params![row, CASE_KIND], |row| {
            Ok((TrialId(row.get(0)?), CaseMeaning(digest(row.get(1)?))))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn scored(&self, raw: Raw) -> Result<(TrialId, Digest, Scored), StoreError> {
        let why = raw.why.map(|row| self.blob_text(row)).transpose()?.flatten().unwrap_or_default();
        let value = match (raw.value, raw.passed) {
            (None, None) => Scored::NotJudged { why },
            (Some(value), Some(passed)) => {
                let score = Unit::from_millionths(value)
                    .ok_or_else(|| StoreError::unreadable("score", format!("{value} is above 1")))?;
                Scored::Value { score, passed, why }
            }
            _ => return Err(StoreError::unreadable("score", "half a score")),
        };
        Ok((raw.trial, raw.of, value))
    }
}

struct Raw {
    trial: TrialId,
    of: Digest,
    value: Option<u32>,
    passed: Option<bool>,
    why: Option<i64>,
}

fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        trial: TrialId(row.get(0)?),
        of: digest(row.get(1)?),
        value: row.get(2)?,
        passed: row.get(3)?,
        why: row.get(4)?,
    })
}

/// Scores of scorers (`<>`) or of whole cases (`=`).
fn select(which: &str, kind: &str) -> String {
    format!(
        "SELECT score.trial, meaning.digest, score.value, score.passed, score.why FROM trial
         JOIN score ON score.trial = trial.id JOIN meaning ON meaning.id = score.scorer
         WHERE {which} AND meaning.kind {kind} ?2 ORDER BY score.trial, score.scorer"
    )
}
