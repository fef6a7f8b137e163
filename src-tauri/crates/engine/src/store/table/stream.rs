//! `stream`: the ordered sequences of trials that gates hear. A stream ends once; then it counts as an attempt.

use std::num::NonZeroU32;

use gatewright_core::{
    id::{AgentName, EnvironmentName, SpecName, VersionId},
    plan::{Purpose, Side, StreamKey},
    time::Seq,
};
use rusqlite::{OptionalExtension as _, params};

use super::name::Kind as NameKind;
use crate::store::{Read, Write, error::StoreError};

/// A stream as recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamRow {
    /// Which.
    pub key: StreamKey,
    /// When it was first recorded, in order.
    pub seq: Seq,
    /// When it ended; none while it can be gone on with.
    pub ended: Option<Seq>,
}

/// Numbers of the purposes, in the database for ever.
pub(super) const GATE: i64 = 0;
pub(super) const BASELINE: i64 = 1;
pub(super) const MONITOR: i64 = 2;

/// A key as it lies in a row.
struct Keyed {
    version: i64,
    endpoint: i64,
    spec: i64,
    purpose: i64,
    of_version: i64,
    of_attempt: u32,
    environment: i64,
}

impl Write<'_> {
    /// Records a stream, if it is new.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a version or an endpoint that was never recorded.
    pub fn record_stream(&self, key: &StreamKey) -> Result<(), StoreError> {
        self.stream_row_or_new(key).map(|_| ())
    }

    /// Ends a stream: it is an attempt now, and asking it again asks nothing.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a stream that was never recorded.
    pub fn end_stream(&self, key: &StreamKey) -> Result<(), StoreError> {
        let row = self.stream_row(key)?;
        let seq = self.next_seq()?;
        self.connection
            .prepare_cached("UPDATE stream SET ended_seq = ?2 WHERE id = ?1 AND ended_seq IS NULL")?
            .execute(params![row, seq.0])?;
        Ok(())
    }

    pub(super) fn stream_row_or_new(&self, key: &StreamKey) -> Result<i64, StoreError> {
        if let Some(row) = self.find_stream(key)? {
            return Ok(row);
        }
        let spec = self.intern(NameKind::Spec, key.spec.as_str())?;
        let environment = match &key.purpose {
            Purpose::Monitor { environment } => self.intern(NameKind::Environment, environment.as_str())?,
            Purpose::Gate | Purpose::BaselineOf { .. } => 0,
        };
        let keyed = self.keyed(key, spec, environment)?;
        let seq = self.next_seq()?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO stream(version, endpoint, spec, attempt, purpose, of_version, of_attempt, environment, seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        Ok(statement.insert(params![
            keyed.version,
            keyed.endpoint,
            keyed.spec,
            key.attempt.get(),
            keyed.purpose,
            keyed.of_version,
            keyed.of_attempt,
            keyed.environment,
            seq.0
        ])?)
    }
}

impl Read<'_> {
    /// One stream; none when it was never recorded.
    ///
    /// # Errors
    /// The database's.
    pub fn stream(&self, key: &StreamKey) -> Result<Option<StreamRow>, StoreError> {
        let Some(row) = self.find_stream(key)? else { return Ok(None) };
        self.stream_by_row(row).map(Some)
    }

    /// The streams of a version by a spec to one end, oldest first: its attempts, at every endpoint.
    ///
    /// # Errors
    /// The database's.
    pub fn attempts(&self, version: VersionId, spec: &SpecName) -> Result<Vec<StreamRow>, StoreError> {
        let (Some(version), Some(spec)) =
            (self.find_version(version)?, self.name_id(NameKind::Spec, spec.as_str())?)
        else {
            return Ok(Vec::new());
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM stream WHERE spec = ?1 AND version = ?2 AND purpose = ?3 ORDER BY attempt, seq",
        )?;
        let rows: Vec<i64> =
            statement.query_map(params![spec, version, GATE], |row| row.get(0))?.collect::<Result<_, _>>()?;
        rows.into_iter().map(|row| self.stream_by_row(row)).collect()
    }

    /// Gate streams of a spec with any version of an agent that ended after a place in the history, in that order:
    /// the attempts of all its candidates since.
    ///
    /// # Errors
    /// The database's.
    pub fn ended_since(
        &self,
        spec: &SpecName,
        agent: &AgentName,
        after: Seq,
    ) -> Result<Vec<StreamRow>, StoreError> {
        let Some(spec) = self.name_id(NameKind::Spec, spec.as_str())? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT stream.id FROM stream JOIN version ON version.id = stream.version
             WHERE stream.spec = ?1 AND stream.purpose = ?2 AND stream.ended_seq > ?3 AND version.agent = ?4
             ORDER BY stream.ended_seq",
        )?;
        let rows: Vec<i64> = statement
            .query_map(params![spec, GATE, after.0, agent.as_str()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        rows.into_iter().map(|row| self.stream_by_row(row)).collect()
    }

    /// Every stream, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn streams(&self) -> Result<Vec<StreamRow>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM stream ORDER BY id")?;
        let rows: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        rows.into_iter().map(|row| self.stream_by_row(row)).collect()
    }

    /// Every stream of a spec and a version, by their rows; oldest first.
    pub(in crate::store) fn streams_at(&self, place: (i64, i64)) -> Result<Vec<StreamRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM stream WHERE spec = ?1 AND version = ?2 ORDER BY id")?;
        let rows: Vec<i64> = statement.query_map(place, |row| row.get(0))?.collect::<Result<_, _>>()?;
        rows.into_iter().map(|row| self.stream_by_row(row)).collect()
    }

    /// The number of a stream that must be there.
    pub(super) fn stream_row(&self, key: &StreamKey) -> Result<i64, StoreError> {
        let unknown = || {
            StoreError::unknown(format!("attempt {} of spec {} at {}", key.attempt, key.spec, key.version))
        };
        self.find_stream(key)?.ok_or_else(unknown)
    }

    pub(super) fn find_stream(&self, key: &StreamKey) -> Result<Option<i64>, StoreError> {
        let Some(spec) = self.name_id(NameKind::Spec, key.spec.as_str())? else { return Ok(None) };
        let environment = match &key.purpose {
            Purpose::Monitor { environment } => {
                let Some(id) = self.name_id(NameKind::Environment, environment.as_str())? else {
                    return Ok(None);
                };
                id
            }
            Purpose::Gate | Purpose::BaselineOf { .. } => 0,
        };
        let keyed = match self.keyed(key, spec, environment) {
            Err(StoreError::Unknown { .. }) => return Ok(None),
            keyed => keyed?,
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM stream WHERE spec = ?1 AND version = ?2 AND endpoint = ?3 AND purpose = ?4
             AND of_version = ?5 AND of_attempt = ?6 AND environment = ?7 AND attempt = ?8",
        )?;
        let found = statement.query_row(
            params![
                keyed.spec,
                keyed.version,
                keyed.endpoint,
                keyed.purpose,
                keyed.of_version,
                keyed.of_attempt,
                keyed.environment,
                key.attempt.get()
            ],
            |row| row.get(0),
        );
        Ok(found.optional()?)
    }

    pub(super) fn stream_by_row(&self, row: i64) -> Result<StreamRow, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version, endpoint, spec, purpose, of_version, of_attempt, environment, attempt, seq, ended_seq
             FROM stream WHERE id = ?1",
        )?;
        let found = statement.query_row([row], |row| {
            let keyed = Keyed {
                version: row.get(0)?,
                endpoint: row.get(1)?,
                spec: row.get(2)?,
                purpose: row.get(3)?,
                of_version: row.get(4)?,
                of_attempt: row.get(5)?,
                environment: row.get(6)?,
            };
            let ended: Option<u64> = row.get(9)?;
            Ok((keyed, row.get::<_, u32>(7)?, Seq(row.get(8)?), ended.map(Seq)))
        });
        let found = found.optional()?;
        let (keyed, attempt, seq, ended) =
            found.ok_or_else(|| StoreError::unreadable("stream", format!("number {row} is missing")))?;
        let purpose = match keyed.purpose {
            GATE => Purpose::Gate,
            BASELINE => Purpose::BaselineOf {
                candidate: self.version_digest(keyed.of_version)?,
                attempt: positive(keyed.of_attempt)?,
            },
            MONITOR => {
                Purpose::Monitor { environment: EnvironmentName::new(self.name_text(keyed.environment)?) }
            }
            other => return Err(StoreError::unreadable("stream", format!("unknown purpose {other}"))),
        };
        let key = StreamKey {
            version: self.version_digest(keyed.version)?,
            endpoint: self.endpoint_digest(keyed.endpoint)?,
            spec: SpecName::new(self.name_text(keyed.spec)?),
            attempt: positive(attempt)?,
            purpose,
        };
        Ok(StreamRow { key, seq, ended })
    }

    fn keyed(&self, key: &StreamKey, spec: i64, environment: i64) -> Result<Keyed, StoreError> {
        let (purpose, of_version, of_attempt) = match &key.purpose {
            Purpose::Gate => (GATE, 0, 0),
            Purpose::BaselineOf { candidate, attempt } => {
                (BASELINE, self.version_row(*candidate)?, attempt.get())
            }
            Purpose::Monitor { .. } => (MONITOR, 0, 0),
        };
        Ok(Keyed {
            version: self.version_row(key.version)?,
            endpoint: self.endpoint_row(key.endpoint)?,
            spec,
            purpose,
            of_version,
            of_attempt,
            environment,
        })
    }
}

/// Which side of a comparison a stream's slots are.
pub(super) fn side(purpose: &Purpose) -> Side {
    match purpose {
        Purpose::Gate | Purpose::Monitor { .. } => Side::Candidate,
        Purpose::BaselineOf { .. } => Side::Baseline,
    }
}

/// The number of a purpose.
pub(super) fn purpose_code(purpose: &Purpose) -> i64 {
    match purpose {
        Purpose::Gate => GATE,
        Purpose::BaselineOf { .. } => BASELINE,
        Purpose::Monitor { .. } => MONITOR,
    }
}

fn positive(number: u32) -> Result<NonZeroU32, StoreError> {
    NonZeroU32::new(number).ok_or_else(|| StoreError::unreadable("stream", "attempt 0"))
}
