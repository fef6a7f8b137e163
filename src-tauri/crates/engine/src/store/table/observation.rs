//! `observation`: what came back, appended and never changed.

use std::collections::BTreeMap;

use gatewright_core::{
    id::{BlobId, ScorerId},
    observation::{Fact, Observation, Reply, Timing, TrialId, Try},
    spec::MicroMoney,
    time::Seq,
};
use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::blob::unpack_record;
use crate::store::{Read, Write, error::StoreError};

/// An observation to be appended, with the bytes that the stored one names by digest.
#[derive(Clone, PartialEq, Debug)]
pub struct NewObservation {
    /// Which turn, from 0.
    pub turn: u16,
    /// What kind of fact.
    pub what: Fact,
    /// What was answered.
    pub reply: Reply,
    /// What the answer says of its origin.
    pub identity: BTreeMap<String, String>,
    /// How long it took.
    pub timing: Timing,
    /// What it cost.
    pub cost: Option<MicroMoney>,
    /// Every try, the last one included.
    pub tries: Vec<Try>,
    /// The request, redacted.
    pub request: Vec<u8>,
    /// The response, redacted and capped.
    pub raw: Vec<u8>,
}

/// What lies in `record`: all but the columns, and the text by digest, so that it can be dropped and shared.
#[derive(Serialize, Deserialize)]
struct Record {
    text: BlobId,
    reply: Reply,
    identity: BTreeMap<String, String>,
    timing: Timing,
    cost: Option<MicroMoney>,
    tries: Vec<Try>,
    request: BlobId,
    raw: BlobId,
}

const ANSWER: i64 = 0;
const JUDGE_VOTE: i64 = 1;
const EXTERNAL: i64 = 2;

impl Write<'_> {
    /// Appends what came back to a trial: answers, and later what judges and programs said of them.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the same fact of the same turn was appended before.
    pub fn append_observation(&self, trial: TrialId, new: &NewObservation) -> Result<Seq, StoreError> {
        let seq = self.next_seq()?;
        let (fact, scorer, vote) = match &new.what {
            Fact::Answer => (ANSWER, 0, 0),
            Fact::JudgeVote { scorer, vote } => (JUDGE_VOTE, self.meaning_row_or_new(*scorer)?, *vote),
            Fact::External { scorer } => (EXTERNAL, self.meaning_row_or_new(*scorer)?, 0),
        };
        let record = Record {
            text: self.put_text(&new.reply.text)?.1,
            reply: Reply {
                text: String::new(),
                tool_calls: new.reply.tool_calls.clone(),
                usage: new.reply.usage,
                finish: new.reply.finish.clone(),
            },
            identity: new.identity.clone(),
            timing: new.timing,
            cost: new.cost,
            tries: new.tries.clone(),
            request: self.put_body(&new.request, seq)?,
            raw: self.put_body(&new.raw, seq)?,
        };
        let record =
            serde_json::to_vec(&record).map_err(|error| StoreError::unreadable("observation", error))?;
        self.connection
            .prepare_cached(
                "INSERT INTO observation(trial, turn, fact, scorer, vote, record, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![trial.0, new.turn, fact, scorer, vote, self.pack(&record)?, seq.0])?;
        Ok(seq)
    }
}

impl Read<'_> {
    /// Everything observed of a trial, in order.
    ///
    /// # Errors
    /// [`StoreError::DamagedContent`] when a text is not what its digest says.
    pub fn observations(&self, trial: TrialId) -> Result<Vec<Observation>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT turn, fact, scorer, vote, record, seq FROM observation WHERE trial = ?1 ORDER BY seq",
        )?;
        let mut rows = statement.query([trial.0])?;
        let mut observations = Vec::new();
        while let Some(row) = rows.next()? {
            let scorer = |read: &Self| -> Result<ScorerId, StoreError> {
                Ok(ScorerId(read.meaning_digest(row.get(2)?)?))
            };
            let what = match row.get(1)? {
                ANSWER => Fact::Answer,
                JUDGE_VOTE => Fact::JudgeVote { scorer: scorer(self)?, vote: row.get(3)? },
                EXTERNAL => Fact::External { scorer: scorer(self)? },
                other => return Err(StoreError::unreadable("observation", format!("unknown fact {other}"))),
            };
            let record: Vec<u8> = row.get(4)?;
            let record: Record = serde_json::from_slice(&unpack_record("observation", &record)?)
                .map_err(|error| StoreError::unreadable("observation", error))?;
            observations.push(Observation {
                trial,
                turn: row.get(0)?,
                what,
                reply: Reply { text: self.text(record.text)?, ..record.reply },
                identity: record.identity,
                timing: record.timing,
                cost: record.cost,
                tries: record.tries,
                request: record.request,
                raw: record.raw,
                seq: Seq(row.get(5)?),
            });
        }
        Ok(observations)
    }

    fn text(&self, id: BlobId) -> Result<String, StoreError> {
        match self.blob(id)? {
            None => Ok(String::new()),
            Some(bytes) => String::from_utf8(bytes)
                .map_err(|error| StoreError::DamagedContent { digest: id.0, detail: error.to_string() }),
        }
    }
}
