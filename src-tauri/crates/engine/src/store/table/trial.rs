//! `trial`: the journal of a run. A slot is released before it is asked and ends once; what ended is never asked
//! again, what was in flight when a process died is, and counts as asked twice.

use gatewright_core::{
    id::{CaseName, InputId, SpecName, VersionId},
    observation::{ErrorClass, Fact, Trial, TrialId, TrialState},
    plan::{Slot, StreamKey},
    time::Seq,
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{name::Kind as NameKind, observation::NewObservation, score::Judged, stream};
use crate::{
    event::Happened,
    store::{Read, Write, error::StoreError},
};

/// How a trial ended.
#[derive(Clone, PartialEq, Debug)]
pub struct TrialEnd {
    /// Anything but [`TrialState::Released`].
    pub state: TrialState,
    /// What came back, turn by turn; judges' votes may come later.
    pub observations: Vec<NewObservation>,
    /// What the scorers say, where they could already be asked.
    pub judged: Option<Judged>,
}

/// A trial as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialRow {
    /// The trial.
    pub trial: Trial,
    /// Over all turns.
    pub latency_us: Option<u64>,
    /// Over all turns, in millionths of the currency's unit; unknown without a price or usage.
    pub cost_micros: Option<i64>,
    /// When it was released, or ended.
    pub seq: Seq,
}

/// Numbers of the states, in the database for ever.
const RELEASED: i64 = 0;
const ANSWERED: i64 = 1;
const AGENT_ERROR: i64 = 2;
const MISSING: i64 = 3;

const COLUMNS: &str = "trial.id, trial.case_, trial.round, trial.input, trial.asked, trial.state, trial.class, \
     trial.latency_us, trial.cost_micros, trial.seq";

/// A row before its numbers are looked up.
struct Raw {
    id: i64,
    case: i64,
    round: u32,
    input: i64,
    asked: u16,
    state: i64,
    class: Option<i64>,
    latency_us: Option<u64>,
    cost_micros: Option<i64>,
    seq: u64,
}

impl Write<'_> {
    /// Releases slots of a stream before they are asked. Each comes back as it stands: *released* ones are to be
    /// asked (`asked` says how often, this time included), ended ones are not asked again.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a version or an endpoint that was never recorded.
    pub fn release_slots(
        &self,
        stream: &StreamKey,
        slots: &[(Slot, InputId)],
    ) -> Result<Vec<Trial>, StoreError> {
        let row = self.stream_row_or_new(stream)?;
        slots.iter().map(|(slot, input)| self.release_slot(row, stream, slot, *input)).collect()
    }

    fn release_slot(
        &self,
        stream: i64,
        key: &StreamKey,
        slot: &Slot,
        input: InputId,
    ) -> Result<Trial, StoreError> {
        let case = self.intern(NameKind::Case, slot.case.as_str())?;
        let input_row = self.meaning_row_or_new(input)?;
        let seq = self.next_seq()?;
        let found = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let released = self
            .connection
            .prepare_cached(
                "INSERT INTO trial(stream, round, case_, input, state, asked, seq) VALUES (?1, ?2, ?3, ?4, 0, 1, ?5)
                 ON CONFLICT(stream, case_, round, input) DO UPDATE SET asked = asked + 1 WHERE state = 0
                 RETURNING id, asked, state, class",
            )?
            .query_row(params![stream, slot.round, case, input_row, seq.0], found)
            .optional()?;
        let (id, asked, state, class) = match released {
            Some(released) => released,
            // It ended before, and stays as it is.
            None => self
                .connection
                .prepare_cached(
                    "SELECT id, asked, state, class FROM trial
                     WHERE stream = ?1 AND case_ = ?2 AND round = ?3 AND input = ?4",
                )?
                .query_row(params![stream, case, slot.round, input_row], found)?,
        };
        let state = self.trial_state(state, class)?;
        Ok(Trial { id: TrialId(id), stream: key.clone(), slot: slot.clone(), input, asked, state })
    }

    /// Ends a trial: its state, what came back and what the scorers say, whole or not at all. Returns its place in
    /// the history.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it ended before; [`StoreError::Unknown`] when it was never released.
    pub fn end_trial(&self, trial: TrialId, end: &TrialEnd) -> Result<Seq, StoreError> {
        let (state, class) = match &end.state {
            TrialState::Released => {
                return Err(StoreError::Refused("a trial cannot end as released".to_owned()));
            }
            TrialState::Answered => (ANSWERED, None),
            TrialState::AgentError(class) => (AGENT_ERROR, Some(class)),
            TrialState::Missing(class) => (MISSING, Some(class)),
        };
        let class = class.map(|class| self.intern(NameKind::ErrorClass, &class.0)).transpose()?;
        for observation in &end.observations {
            self.append_observation(trial, observation)?;
        }
        let answers = || end.observations.iter().filter(|observation| observation.what == Fact::Answer);
        let latency_us: Option<u64> = answers().map(|answer| Some(answer.timing.total_us)).sum();
        let costs = answers().map(|answer| answer.cost.map(|cost| cost.micros));
        let cost_micros: Option<i64> = costs.sum();
        let known = answers().next().is_some();
        let answer = answers().next_back().map(|answer| self.put_text(&answer.reply.text)).transpose()?;
        let seq = self.next_seq()?;
        let ended = self
            .connection
            .prepare_cached(
                "UPDATE trial SET state = ?2, class = ?3, latency_us = ?4, cost_micros = ?5, answer = ?6, seq = ?7
                 WHERE id = ?1 AND state = 0",
            )?
            .execute(params![
                trial.0,
                state,
                class,
                latency_us.filter(|_| known),
                cost_micros.filter(|_| known),
                answer.map(|(row, _)| row),
                seq.0
            ])?;
        if ended == 0 {
            return Err(match self.trial(trial)? {
                Some(_) => StoreError::Refused(format!("trial {} ended before", trial.0)),
                None => StoreError::unknown(format!("trial {}", trial.0)),
            });
        }
        if let Some(judged) = &end.judged {
            self.record_scores(trial, judged)?;
        }
        self.append(Happened::TrialEnded { trial })?;
        Ok(seq)
    }
}

impl Read<'_> {
    /// One trial; none when it was never released.
    ///
    /// # Errors
    /// The database's.
    pub fn trial(&self, id: TrialId) -> Result<Option<TrialRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS}, trial.stream FROM trial WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_row([id.0], |row| Ok((raw(row)?, row.get(10)?))).optional()?;
        let Some((raw, stream)) = found else { return Ok(None) };
        let stream = self.stream_by_row(stream)?.key;
        self.trial_row(raw, &stream).map(Some)
    }

    /// Every trial of a stream in the order of release, for going on with it; empty for an unknown stream.
    ///
    /// # Errors
    /// The database's.
    pub fn trials_of(&self, stream: &StreamKey) -> Result<Vec<TrialRow>, StoreError> {
        self.trials_page(stream, u32::MAX, 0)
    }

    /// A page of a stream's trials in the order of release.
    ///
    /// # Errors
    /// The database's.
    pub fn trials_page(
        &self,
        stream: &StreamKey,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<TrialRow>, StoreError> {
        let Some(row) = self.find_stream(stream)? else { return Ok(Vec::new()) };
        let sql = format!("SELECT {COLUMNS} FROM trial WHERE stream = ?1 ORDER BY id LIMIT ?2 OFFSET ?3");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![row, limit, offset], raw)?;
        rows.map(|row| self.trial_row(row?, stream)).collect()
    }

    /// How many slots of a stream were asked more than once: they were under way when a run broke off or was stopped.
    ///
    /// # Errors
    /// The database's.
    pub fn asked_again(&self, stream: &StreamKey) -> Result<u32, StoreError> {
        let Some(row) = self.find_stream(stream)? else { return Ok(0) };
        let mut statement =
            self.connection.prepare_cached("SELECT count(*) FROM trial WHERE stream = ?1 AND asked > 1")?;
        Ok(statement.query_row([row], |row| row.get(0))?)
    }

    /// The newest trials of a case by a version, newest first: of every stream but monitors'.
    ///
    /// # Errors
    /// The database's.
    pub fn trials_of_case(
        &self,
        spec: &SpecName,
        version: VersionId,
        case: &CaseName,
        limit: u32,
    ) -> Result<Vec<TrialRow>, StoreError> {
        let (Some(spec), Some(version), Some(case)) = (
            self.name_id(NameKind::Spec, spec.as_str())?,
            self.find_version(version)?,
            self.name_id(NameKind::Case, case.as_str())?,
        ) else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT {COLUMNS}, trial.stream FROM stream JOIN trial ON trial.stream = stream.id
             WHERE stream.spec = ?1 AND stream.version = ?2 AND trial.case_ = ?3 AND stream.purpose <> {}
             ORDER BY trial.id DESC LIMIT ?4",
            stream::MONITOR
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows =
            statement.query_map(params![spec, version, case, limit], |row| Ok((raw(row)?, row.get(10)?)))?;
        rows.map(|row| {
            let (raw, stream) = row?;
            self.trial_row(raw, &self.stream_by_row(stream)?.key)
        })
        .collect()
    }

    /// The text that a trial ended with; none when there is none.
    ///
    /// # Errors
    /// [`StoreError::DamagedContent`] when it is not what its digest says.
    pub fn answer(&self, trial: TrialId) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT answer FROM trial WHERE id = ?1")?;
        let row: Option<Option<i64>> = statement.query_row([trial.0], |row| row.get(0)).optional()?;
        row.flatten().map_or(Ok(None), |row| self.blob_text(row))
    }

    fn trial_row(&self, raw: Raw, stream: &StreamKey) -> Result<TrialRow, StoreError> {
        let trial = Trial {
            id: TrialId(raw.id),
            stream: stream.clone(),
            slot: Slot {
                side: stream::side(&stream.purpose),
                case: CaseName::new(self.name_text(raw.case)?),
                round: raw.round,
            },
            input: InputId(self.meaning_digest(raw.input)?),
            asked: raw.asked,
            state: self.trial_state(raw.state, raw.class)?,
        };
        Ok(TrialRow { trial, latency_us: raw.latency_us, cost_micros: raw.cost_micros, seq: Seq(raw.seq) })
    }

    fn trial_state(&self, state: i64, class: Option<i64>) -> Result<TrialState, StoreError> {
        let class = || -> Result<ErrorClass, StoreError> {
            let row = class.ok_or_else(|| StoreError::unreadable("trial", "an error without a class"))?;
            self.name_text(row).map(ErrorClass)
        };
        match state {
            RELEASED => Ok(TrialState::Released),
            ANSWERED => Ok(TrialState::Answered),
            AGENT_ERROR => class().map(TrialState::AgentError),
            MISSING => class().map(TrialState::Missing),
            other => Err(StoreError::unreadable("trial", format!("unknown state {other}"))),
        }
    }
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        id: row.get(0)?,
        case: row.get(1)?,
        round: row.get(2)?,
        input: row.get(3)?,
        asked: row.get(4)?,
        state: row.get(5)?,
        class: row.get(6)?,
        latency_us: row.get(7)?,
        cost_micros: row.get(8)?,
        seq: row.get(9)?,
    })
}
