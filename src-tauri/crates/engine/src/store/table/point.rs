//! `point`: one value of a metric for one stream, with its interval: what the timeline draws. A projection; what a
//! point says is computed elsewhere and handed in, now and when the table is rebuilt.

use gatewright_core::{
    id::{SpecMeaning, SpecName, VersionId},
    plan::StreamKey,
    verdict::Outcome,
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{
    code::{outcome_code, outcome_decode},
    name::Kind as NameKind,
};
use crate::store::{Read, Write, digest, error::StoreError};

/// A point to be recorded.
#[derive(Clone, PartialEq, Debug)]
pub struct Point {
    /// `pass_rate`, `latency`, `cost`, or the name of a scorer.
    pub metric: String,
    /// What the spec meant when it was computed.
    pub meaning: SpecMeaning,
    /// Trials that it stands on.
    pub n: u32,
    /// The value; none before one complete round.
    pub value: Option<f64>,
    /// The interval's lower end.
    pub low: Option<f64>,
    /// The interval's upper end.
    pub high: Option<f64>,
    /// What the gate said of the stream, once it did.
    pub outcome: Option<Outcome>,
}

/// A point as drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct PointRow {
    /// Of which version.
    pub version: VersionId,
    /// Of which attempt.
    pub attempt: u32,
    /// The point.
    pub point: Point,
}

/// What [`point_row`] reads, in its order.
pub(super) const POINT_COLUMNS: &str = "version.digest, stream.attempt, meaning.digest, point.n, point.value, \
     point.low, point.high, point.outcome";

impl Write<'_> {
    /// Sets the point of a stream for a metric, in the transaction of what it counts.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a stream that was never recorded.
    pub fn set_point(&self, stream: &StreamKey, point: &Point) -> Result<(), StoreError> {
        let row = self.stream_row(stream)?;
        let spec = self.intern(NameKind::Spec, stream.spec.as_str())?;
        let metric = self.intern(NameKind::Metric, &point.metric)?;
        let version = self.version_row(stream.version)?;
        let meaning = self.meaning_row_or_new(point.meaning)?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO point(spec, metric, version, stream, meaning, n, value, low, high, outcome)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                spec,
                metric,
                version,
                row,
                meaning,
                point.n,
                point.value,
                point.low,
                point.high,
                point.outcome.as_ref().map(outcome_code)
            ])?;
        Ok(())
    }
}

impl Read<'_> {
    /// The timeline of a metric: every point in the order in which versions were first seen, then of attempts.
    ///
    /// # Errors
    /// The database's.
    pub fn timeline(&self, spec: &SpecName, metric: &str) -> Result<Vec<PointRow>, StoreError> {
        let Some((spec, metric_row)) = self.spec_and_metric(spec, metric)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {POINT_COLUMNS}
             FROM point JOIN version ON version.id = point.version JOIN stream ON stream.id = point.stream
             JOIN meaning ON meaning.id = point.meaning
             WHERE point.spec = ?1 AND point.metric = ?2 ORDER BY point.version, point.stream"
        ))?;
        let rows = statement.query_map(params![spec, metric_row], |row| Ok(point_row(row, metric)))?;
        rows.map(|row| row?).collect()
    }

    /// The metrics that a spec has points of.
    ///
    /// # Errors
    /// The database's.
    pub fn metrics(&self, spec: &SpecName) -> Result<Vec<String>, StoreError> {
        let Some(spec) = self.name_id(NameKind::Spec, spec.as_str())? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT text FROM name WHERE kind = ?2
             AND EXISTS (SELECT 1 FROM point WHERE point.spec = ?1 AND point.metric = name.id) ORDER BY id",
        )?;
        let rows = statement.query_map(params![spec, NameKind::Metric as i64], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The points of one stream.
    ///
    /// # Errors
    /// The database's.
    pub fn point(&self, stream: &StreamKey, metric: &str) -> Result<Option<PointRow>, StoreError> {
        let (Some(row), Some((spec, metric_row))) =
            (self.find_stream(stream)?, self.spec_and_metric(&stream.spec, metric)?)
        else {
            return Ok(None);
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {POINT_COLUMNS}
             FROM point JOIN version ON version.id = point.version JOIN stream ON stream.id = point.stream
             JOIN meaning ON meaning.id = point.meaning
             WHERE point.spec = ?1 AND point.metric = ?2 AND point.version = stream.version AND point.stream = ?3"
        ))?;
        let found = statement
            .query_row(params![spec, metric_row, row], |row| Ok(point_row(row, metric)))
            .optional()?;
        found.transpose()
    }

    fn spec_and_metric(&self, spec: &SpecName, metric: &str) -> Result<Option<(i64, i64)>, StoreError> {
        let spec = self.name_id(NameKind::Spec, spec.as_str())?;
        Ok(spec.zip(self.name_id(NameKind::Metric, metric)?))
    }
}

pub(super) fn point_row(row: &Row<'_>, metric: &str) -> Result<PointRow, StoreError> {
    let outcome: Option<i64> = row.get(7)?;
    Ok(PointRow {
        version: VersionId(digest(row.get(0)?)),
        attempt: row.get(1)?,
        point: Point {
            metric: metric.to_owned(),
            meaning: SpecMeaning(digest(row.get(2)?)),
            n: row.get(3)?,
            value: row.get(4)?,
            low: row.get(5)?,
            high: row.get(6)?,
            outcome: outcome.map(outcome_decode).transpose()?,
        },
    })
}
