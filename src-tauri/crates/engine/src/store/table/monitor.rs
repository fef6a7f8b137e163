//! `monitor`: how far each monitor's bets have come, so that a restart goes on and does not begin again.

use gatewright_core::{
    gate::WatchState,
    id::{EnvironmentName, SpecName},
    plan::StreamKey,
    time::Seq,
};
use rusqlite::{OptionalExtension as _, params};

use super::name::Kind as NameKind;
use crate::store::{Read, Write, error::StoreError};

/// Where a monitor stands.
#[derive(Clone, PartialEq, Debug)]
pub struct MonitorRow {
    /// What it watches.
    pub environment: EnvironmentName,
    /// By which spec.
    pub spec: SpecName,
    /// The stream whose trials it hears: of another one it would begin anew.
    pub stream: StreamKey,
    /// How far it has come.
    pub state: WatchState,
    /// When it was last heard of, in order.
    pub seq: Seq,
}

impl Write<'_> {
    /// Sets where a monitor stands; its place is given here.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when its stream was never recorded.
    pub fn set_monitor(&self, monitor: &MonitorRow) -> Result<(), StoreError> {
        let seq = self.next_seq()?;
        let [one, two, three] = monitor.state.bets;
        let stream = self.stream_row(&monitor.stream)?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO monitor(environment, spec, stream, bet_1, bet_2, bet_3, trials, seq)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                self.intern(NameKind::Environment, monitor.environment.as_str())?,
                self.intern(NameKind::Spec, monitor.spec.as_str())?,
                stream,
                one,
                two,
                three,
                monitor.state.trials,
                seq.0
            ])?;
        Ok(())
    }
}

impl Read<'_> {
    /// Where a monitor stands; none before it first heard anything.
    ///
    /// # Errors
    /// The database's.
    pub fn monitor(
        &self,
        environment: &EnvironmentName,
        spec: &SpecName,
    ) -> Result<Option<MonitorRow>, StoreError> {
        let (Some(environment_row), Some(spec_row)) = (
            self.name_id(NameKind::Environment, environment.as_str())?,
            self.name_id(NameKind::Spec, spec.as_str())?,
        ) else {
            return Ok(None);
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT stream, bet_1, bet_2, bet_3, trials, seq FROM monitor WHERE environment = ?1 AND spec = ?2",
        )?;
        let found = statement.query_row(params![environment_row, spec_row], |row| {
            let state = WatchState { bets: [row.get(1)?, row.get(2)?, row.get(3)?], trials: row.get(4)? };
            Ok((row.get::<_, i64>(0)?, state, Seq(row.get(5)?)))
        });
        let Some((stream, state, seq)) = found.optional()? else { return Ok(None) };
        let stream = self.stream_by_row(stream)?.key;
        Ok(Some(MonitorRow { environment: environment.clone(), spec: spec.clone(), stream, state, seq }))
    }
}
