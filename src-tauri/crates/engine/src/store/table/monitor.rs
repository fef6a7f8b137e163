//! `monitor`: how far each monitor's bets have come, so that a restart goes on and does not begin again.

use gatewright_core::{
    id::{EnvironmentName, SpecName},
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
    /// Natural logarithms of its three bets, each at least 0.
    pub log_bets: [f64; 3],
    /// Trials heard since it began or last raised its alarm.
    pub trials: u64,
    /// When it was last heard of, in order.
    pub seq: Seq,
}

impl Write<'_> {
    /// Sets where a monitor stands; its place is given here.
    ///
    /// # Errors
    /// The database's.
    pub fn set_monitor(&self, monitor: &MonitorRow) -> Result<(), StoreError> {
        let seq = self.next_seq()?;
        let [one, two, three] = monitor.log_bets;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO monitor(environment, spec, log_m1, log_m2, log_m3, trials, seq)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.intern(NameKind::Environment, monitor.environment.as_str())?,
                self.intern(NameKind::Spec, monitor.spec.as_str())?,
                one,
                two,
                three,
                monitor.trials,
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
            "SELECT log_m1, log_m2, log_m3, trials, seq FROM monitor WHERE environment = ?1 AND spec = ?2",
        )?;
        let found = statement.query_row(params![environment_row, spec_row], |row| {
            Ok(MonitorRow {
                environment: environment.clone(),
                spec: spec.clone(),
                log_bets: [row.get(0)?, row.get(1)?, row.get(2)?],
                trials: row.get(3)?,
                seq: Seq(row.get(4)?),
            })
        });
        Ok(found.optional()?)
    }
}
