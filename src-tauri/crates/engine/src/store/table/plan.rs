//! `plan` and `plan_cache`: rules recorded before the first answer that they count, and boundaries that took long
//! to compute.

use gatewright_core::{
    id::PlanId,
    plan::{Plan, StreamKey},
    time::Seq,
};
use rusqlite::{OptionalExtension as _, params};

use super::blob::unpack_record;
use crate::{
    event::Happened,
    store::{Read, Write, error::StoreError},
};

/// A plan as recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct PlanRow {
    /// The plan.
    pub plan: Plan,
    /// When it was recorded: what was answered before is not prospective.
    pub registered: Seq,
}

impl Write<'_> {
    /// Records a plan with its streams; recording it again changes nothing. Returns when it was first recorded.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a version or an endpoint that was never recorded.
    pub fn register_plan(&self, plan: &Plan) -> Result<Seq, StoreError> {
        if let Some(row) = self.plan(plan.id)? {
            return Ok(row.registered);
        }
        let stream = self.stream_row_or_new(&plan.stream)?;
        if let Some(baseline) = &plan.baseline {
            self.stream_row_or_new(baseline)?;
        }
        let meaning = self.meaning_row_or_new(plan.spec)?;
        let registered = self.next_seq()?;
        let body = serde_json::to_vec(plan).map_err(|error| StoreError::unreadable("plan", error))?;
        self.connection
            .prepare_cached(
                "INSERT INTO plan(digest, stream, spec_meaning, registered_seq, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![plan.id.0.0, stream, meaning, registered.0, self.pack(&body)?])?;
        self.append(Happened::PlanRegistered { plan: plan.id })?;
        Ok(registered)
    }
}

impl Read<'_> {
    /// One plan; none when it was never recorded.
    ///
    /// # Errors
    /// The database's.
    pub fn plan(&self, id: PlanId) -> Result<Option<PlanRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT body, registered_seq FROM plan WHERE digest = ?1")?;
        let found: Option<(Vec<u8>, u64)> =
            statement.query_row([id.0.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        found.map(|(body, seq)| plan_row(&body, seq)).transpose()
    }

    /// The plans of a stream, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn plans_of(&self, stream: &StreamKey) -> Result<Vec<PlanRow>, StoreError> {
        let Some(stream) = self.find_stream(stream)? else { return Ok(Vec::new()) };
        self.plans_of_row(stream)
    }

    pub(super) fn plans_of_row(&self, stream: i64) -> Result<Vec<PlanRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body, registered_seq FROM plan WHERE stream = ?1 ORDER BY registered_seq",
        )?;
        let rows = statement.query_map([stream], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
        rows.map(|row| row.map_err(StoreError::from).and_then(|(body, seq)| plan_row(&body, seq))).collect()
    }
}

fn plan_row(body: &[u8], registered: u64) -> Result<PlanRow, StoreError> {
    let plan = serde_json::from_slice(&unpack_record("plan", body)?)
        .map_err(|error| StoreError::unreadable("plan", error))?;
    Ok(PlanRow { plan, registered: Seq(registered) })
}
