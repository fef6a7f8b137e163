//! `human_label`: what people say of a scorer's word on an answer. Labels are appended; the last one of a scorer and an
//! answer counts, whoever gave it.

use gatewright_core::{id::ScorerId, observation::TrialId, plan::StreamKey, time::Seq, verdict::LabelWord};
use rusqlite::params;

use crate::store::{Read, Write, digest, error::StoreError};

/// A label as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HumanLabelRow {
    /// Of which trial.
    pub trial: TrialId,
    /// Of the answer to which turn, from 0.
    pub turn: u16,
    /// On which scorer's word.
    pub scorer: ScorerId,
    /// Who, as stated.
    pub by: String,
    /// What; none when it was taken back.
    pub word: Option<LabelWord>,
    /// When, in order.
    pub seq: Seq,
}

/// The number of a word, in the database for ever.
const fn code(word: Option<LabelWord>) -> i64 {
    match word {
        Some(LabelWord::Fail) => 0,
        Some(LabelWord::Pass) => 1,
        Some(LabelWord::Skip) => 2,
        None => 3,
    }
}

fn word(code: i64) -> Result<Option<LabelWord>, StoreError> {
    match code {
        0 => Ok(Some(LabelWord::Fail)),
        1 => Ok(Some(LabelWord::Pass)),
        2 => Ok(Some(LabelWord::Skip)),
        3 => Ok(None),
        other => Err(StoreError::unreadable("human_label", format!("unknown word {other}"))),
    }
}

impl Write<'_> {
    /// Notes what a person says of a scorer's word on an answer, or that they take it back. An earlier label stays
    /// beside it.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when there is no such answer.
    pub fn label_answer(
        &self,
        trial: TrialId,
        turn: u16,
        scorer: ScorerId,
        by: &str,
        word: Option<LabelWord>,
    ) -> Result<Seq, StoreError> {
        let seq = self.next_seq()?;
        let scorer = self.meaning_row_or_new(scorer)?;
        let written = self
            .connection
            .prepare_cached(
                "INSERT INTO human_label(observation, scorer, by_, value, seq)
                 SELECT id, ?3, ?4, ?5, ?6 FROM observation WHERE trial = ?1 AND turn = ?2 AND fact = 0",
            )?
            .execute(params![trial.0, turn, scorer, by, code(word), seq.0])?;
        if written == 0 {
            return Err(StoreError::unknown(format!("an answer of trial {} at turn {turn}", trial.0)));
        }
        Ok(seq)
    }
}

impl Read<'_> {
    /// The labels of a stream's answers as they stand: of each answer and scorer the last, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn labels_of(&self, stream: &StreamKey) -> Result<Vec<HumanLabelRow>, StoreError> {
        let Some(row) = self.find_stream(stream)? else { return Ok(Vec::new()) };
        self.human_labels("trial.stream = ?1", row)
    }

    /// The labels of one trial's answers, likewise.
    ///
    /// # Errors
    /// The database's.
    pub fn labels_of_trial(&self, trial: TrialId) -> Result<Vec<HumanLabelRow>, StoreError> {
        self.human_labels("trial.id = ?1", trial.0)
    }

    fn human_labels(&self, which: &str, of: i64) -> Result<Vec<HumanLabelRow>, StoreError> {
        let sql = format!(
            "SELECT trial.id, observation.turn, meaning.digest, label.by_, label.value, label.seq
             FROM trial JOIN observation ON observation.trial = trial.id
             JOIN human_label AS label ON label.observation = observation.id
             JOIN meaning ON meaning.id = label.scorer
             WHERE {which} AND label.seq = (SELECT max(later.seq) FROM human_label AS later
                WHERE later.observation = label.observation AND later.scorer = label.scorer)
             ORDER BY label.seq"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([of], |row| {
            let scorer = ScorerId(digest(row.get(2)?));
            let found = (TrialId(row.get(0)?), row.get(1)?, scorer, row.get(3)?, Seq(row.get(5)?));
            Ok((found, row.get::<_, i64>(4)?))
        })?;
        rows.map(|row| {
            let ((trial, turn, scorer, by, seq), code) = row?;
            Ok(HumanLabelRow { trial, turn, scorer, by, word: word(code)?, seq })
        })
        .collect()
    }
}
