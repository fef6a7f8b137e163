//! `run` and `run_stream`: executions of specs, who owns them, and the flag by which anybody may stop one.

use gatewright_core::{
    id::RunId,
    plan::StreamKey,
    time::{Millis, Seq},
};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::{
    event::Happened,
    store::{Read, Write, error::StoreError},
};

/// How far a run got. The numbers are in the database: they never change.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RunState {
    /// It runs, or its process died: `run.lock` tells which.
    Running = 0,
    /// It came to its end.
    Ended = 1,
    /// A person stopped it.
    Cancelled = 2,
    /// Its process died; the streams can be gone on with.
    Interrupted = 3,
}

/// A run as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunRow {
    /// Which.
    pub id: RunId,
    /// How far.
    pub state: RunState,
    /// Slots released so far, over all its streams.
    pub released_to: u64,
    /// Whether somebody asked it to stop.
    pub cancel: bool,
    /// `app 4711`, `cli 4712`, …: for people.
    pub owner: String,
    /// When it began, for display.
    pub started: Millis,
    /// When it ended, for display.
    pub ended: Option<Millis>,
    /// When it began, in order.
    pub seq: Seq,
    /// What it asks.
    pub streams: Vec<StreamKey>,
}

const COLUMNS: &str = "id, uuid, state, released_to, cancel, owner, started_ms, ended_ms, seq";

impl Write<'_> {
    /// Begins a run over streams.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a run has this id; [`StoreError::Unknown`] for an unknown version or endpoint.
    pub fn start_run(&self, id: RunId, owner: &str, streams: &[StreamKey]) -> Result<(), StoreError> {
        let seq = self.next_seq()?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO run(uuid, state, released_to, cancel, owner, started_ms, seq) VALUES (?1, 0, 0, 0, ?2, ?3, ?4)",
        )?;
        let row = statement.insert(params![id.0.to_be_bytes(), owner, self.now().0, seq.0])?;
        for stream in streams {
            self.add_to_run(row, stream)?;
        }
        self.append(Happened::RunStarted { run: id })?;
        Ok(())
    }

    fn add_to_run(&self, run: i64, stream: &StreamKey) -> Result<(), StoreError> {
        let stream = self.stream_row_or_new(stream)?;
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO run_stream(run, stream) VALUES (?1, ?2)")?
            .execute(params![run, stream])?;
        Ok(())
    }

    /// Notes how many slots a run has released.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown run.
    pub fn released_to(&self, run: RunId, slots: u64) -> Result<(), StoreError> {
        let row = self.run_row(run)?;
        self.connection
            .prepare_cached("UPDATE run SET released_to = max(released_to, ?2) WHERE id = ?1")?
            .execute(params![row, slots])?;
        Ok(())
    }

    /// Asks a run to stop, whoever runs it. Returns whether it was running.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown run.
    pub fn cancel_run(&self, run: RunId) -> Result<bool, StoreError> {
        let row = self.run_row(run)?;
        let asked = self
            .connection
            .prepare_cached("UPDATE run SET cancel = 1 WHERE id = ?1 AND state = 0")?
            .execute([row])?;
        Ok(asked > 0)
    }

    /// Ends a run; one that ended stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown run.
    pub fn end_run(&self, run: RunId, state: RunState) -> Result<(), StoreError> {
        if state == RunState::Running {
            return Err(StoreError::Refused("a run cannot end as running".to_owned()));
        }
        let row = self.run_row(run)?;
        let ended = self
            .connection
            .prepare_cached("UPDATE run SET state = ?2, ended_ms = ?3 WHERE id = ?1 AND state = 0")?
            .execute(params![row, state as i64, self.now().0])?;
        if ended > 0 {
            self.append(Happened::RunEnded { run })?;
        }
        Ok(())
    }
}

impl Read<'_> {
    /// One run; none when it was never begun.
    ///
    /// # Errors
    /// The database's.
    pub fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM run WHERE uuid = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_row([id.0.to_be_bytes()], raw).optional()?;
        found.map(|(row, run)| self.with_streams(row, run?)).transpose()
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn runs(&self, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM run ORDER BY id DESC LIMIT ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([limit], raw)?;
        rows.map(|found| {
            let (row, run) = found?;
            self.with_streams(row, run?)
        })
        .collect()
    }

    /// Runs that have not ended: running now, or left by a process that died.
    ///
    /// # Errors
    /// The database's.
    pub fn open_runs(&self) -> Result<Vec<RunRow>, StoreError> {
        Ok(self.runs(u32::MAX)?.into_iter().filter(|run| run.state == RunState::Running).collect())
    }

    /// Whether somebody asked a run to stop.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown run.
    pub fn cancel_asked(&self, run: RunId) -> Result<bool, StoreError> {
        let row = self.run_row(run)?;
        let mut statement = self.connection.prepare_cached("SELECT cancel FROM run WHERE id = ?1")?;
        Ok(statement.query_row([row], |row| row.get(0))?)
    }

    fn run_row(&self, id: RunId) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM run WHERE uuid = ?1")?;
        let found = statement.query_row([id.0.to_be_bytes()], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::unknown(format!("run {id}")))
    }

    fn with_streams(&self, row: i64, mut run: RunRow) -> Result<RunRow, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT stream FROM run_stream WHERE run = ?1 ORDER BY stream")?;
        let streams: Vec<i64> = statement.query_map([row], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for stream in streams {
            run.streams.push(self.stream_by_row(stream)?.key);
        }
        Ok(run)
    }
}

fn raw(row: &Row<'_>) -> rusqlite::Result<(i64, Result<RunRow, StoreError>)> {
    let state = match row.get(2)? {
        0 => Ok(RunState::Running),
        1 => Ok(RunState::Ended),
        2 => Ok(RunState::Cancelled),
        3 => Ok(RunState::Interrupted),
        other => Err(StoreError::unreadable("run", format!("unknown state {other}"))),
    };
    let ended: Option<i64> = row.get(7)?;
    let (released_to, cancel, owner) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let (id, started, seq) = (RunId(u128::from_be_bytes(row.get(1)?)), Millis(row.get(6)?), Seq(row.get(8)?));
    let run = state.map(|state| RunRow {
        id,
        state,
        released_to,
        cancel,
        owner,
        started,
        ended: ended.map(Millis),
        seq,
        streams: Vec::new(),
    });
    Ok((row.get(0)?, run))
}
