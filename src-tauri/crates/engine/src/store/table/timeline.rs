//! What a timeline draws: the point of each version's newest attempt with what its verdict says of it, for thousands of
//! versions in one query. No record of a verdict is read for it, but those that were written before their lines were
//! kept beside them.

use gatewright_core::{
    id::{CriterionName, SpecName, VerdictId, VersionId},
    time::{Millis, Seq},
    verdict::{Counts, Outcome, Standing, Verdict},
    version::Grade,
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{
    PointRow,
    code::{Coded, outcome_code},
    name::Kind as NameKind,
    point::{POINT_COLUMNS, point_row},
};
use crate::store::{Read, digest, error::StoreError};

/// A version as a timeline draws it.
#[derive(Clone, PartialEq, Debug)]
pub struct TimelineRow {
    /// The point of its newest attempt.
    pub row: PointRow,
    /// How it is known what answered.
    pub grade: Grade,
    /// Whether its files were committed when it was seen; none when nobody can tell.
    pub dirty: Option<bool>,
    /// Its newest label.
    pub label: Option<String>,
    /// Which of its agent's versions it is, counted from 1.
    pub number: u32,
    /// When it was first seen, for display.
    pub seen: Millis,
    /// The newest verdict of the attempt; none before there is one.
    pub verdict: Option<VerdictLine>,
}

/// A verdict in a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerdictLine {
    /// Which.
    pub id: VerdictId,
    /// Whether it can grant a promotion.
    pub standing: Standing,
    /// When it was given, for display.
    pub given: Millis,
    /// In one or two sentences.
    pub headline: String,
    /// What the gate heard.
    pub gate: Hearing,
    /// What the criterion heard that was asked for; none where the gate had no such criterion.
    pub criterion: Option<Hearing>,
}

/// How much was heard, and how it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hearing {
    /// Slots heard.
    pub heard: u32,
    /// Slots heard at most.
    pub heard_max: u32,
    /// Of those heard, all but what was asked again.
    pub told: u32,
    /// Of those told, passed.
    pub passed: u32,
}

impl Hearing {
    /// Of what was counted.
    #[must_use]
    pub fn of(counts: Counts, heard_max: u32) -> Self {
        Self { heard: counts.heard(), heard_max, told: counts.told(), passed: counts.passed() }
    }
}

impl Read<'_> {
    /// Every version that has a point of the metric, in the order in which versions were first seen. `criterion` is
    /// the one whose hearing is told, whatever meaning it had.
    ///
    /// # Errors
    /// The database's, or a verdict of before that does not read back.
    pub fn timeline_rows(
        &self,
        spec: &SpecName,
        metric: &str,
        criterion: Option<&CriterionName>,
    ) -> Result<Vec<TimelineRow>, StoreError> {
        let (Some(spec_row), Some(metric_row)) =
            (self.name_id(NameKind::Spec, spec.as_str())?, self.name_id(NameKind::Metric, metric)?)
        else {
            return Ok(Vec::new());
        };
        // The verdict is sought for each version by its index; as a table of its own it would be scanned for each.
        let sql = format!(
            "WITH numbered AS (SELECT id, row_number() OVER (PARTITION BY agent ORDER BY id) AS number FROM version),
                  newest AS (SELECT version, max(stream) AS stream FROM point
                             WHERE spec = ?1 AND metric = ?2 GROUP BY version),
                  judged AS (SELECT version, stream,
                                    (SELECT verdict.id FROM verdict INDEXED BY verdict_newest
                                     JOIN plan ON plan.id = verdict.plan
                                     WHERE verdict.version = newest.version AND verdict.spec = ?1
                                     AND plan.stream = newest.stream ORDER BY verdict.seq DESC LIMIT 1) AS said
                             FROM newest)
             SELECT {POINT_COLUMNS}, version.grade, version.provenance ->> '$.dirty',
                    (SELECT text FROM label WHERE label.version = version.id ORDER BY label.seq DESC LIMIT 1),
                    numbered.number, version.seen_ms,
                    verdict.digest, verdict.standing,
                    (SELECT at_ms FROM event WHERE event.seq > verdict.seq ORDER BY event.seq LIMIT 1),
                    verdict.headline, verdict.heard, verdict.heard_max, verdict.told, verdict.passed,
                    one.heard, one.heard_max, one.told, one.passed
             FROM judged
             JOIN point ON point.spec = ?1 AND point.metric = ?2 AND point.version = judged.version
                       AND point.stream = judged.stream
             JOIN version ON version.id = point.version JOIN numbered ON numbered.id = version.id
             JOIN stream ON stream.id = point.stream JOIN meaning ON meaning.id = point.meaning
             LEFT JOIN verdict ON verdict.id = judged.said
             LEFT JOIN criterion_verdict AS one ON one.verdict = verdict.id AND one.name = ?3
             ORDER BY point.version"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let named = criterion.map(CriterionName::as_str);
        let rows = statement.query_map(params![spec_row, metric_row, named], |row| {
            Ok(timeline_row(row, metric).and_then(|found| self.completed(found, row, criterion)))
        })?;
        rows.map(|row| row?).collect()
    }

    /// The newest verdict of a spec on another version than `but`, given before `than`: one that passed, where there
    /// is one. Of which version it is.
    ///
    /// # Errors
    /// The database's.
    pub fn version_judged_before(
        &self,
        spec: &SpecName,
        than: Seq,
        but: VersionId,
    ) -> Result<Option<VersionId>, StoreError> {
        let Some(spec) = self.name_id(NameKind::Spec, spec.as_str())? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(
            "SELECT version.digest FROM verdict JOIN version ON version.id = verdict.version
             WHERE verdict.spec = ?1 AND verdict.seq < ?2 AND version.digest <> ?3
             ORDER BY verdict.outcome = ?4 DESC, verdict.seq DESC LIMIT 1",
        )?;
        let passed = outcome_code(&Outcome::Pass);
        let found =
            statement.query_row(params![spec, than.0, but.0.0, passed], |row| row.get(0)).optional()?;
        Ok(found.map(|found| VersionId(digest(found))))
    }

    /// Fills the line of a verdict that was written before lines were kept, from its record.
    fn completed(
        &self,
        mut found: TimelineRow,
        row: &Row<'_>,
        criterion: Option<&CriterionName>,
    ) -> Result<TimelineRow, StoreError> {
        let kept: Option<i64> = row.get(COUNTED)?;
        let Some(line) = found.verdict.as_mut().filter(|_| kept.is_none()) else { return Ok(found) };
        if let Some(row) = self.verdict(line.id)? {
            let Verdict { counts, heard_max, headline, criteria, .. } = row.verdict;
            line.headline = headline;
            line.gate = Hearing::of(counts, heard_max);
            let one = criteria.iter().find(|one| criterion.is_some_and(|named| *named == one.name));
            line.criterion = one.map(|one| Hearing::of(one.counts, one.heard_max));
        }
        Ok(found)
    }
}

/// The first column after those of the point.
const FIRST: usize = 8;
/// The column of what the gate heard.
const COUNTED: usize = FIRST + 9;

fn timeline_row(row: &Row<'_>, metric: &str) -> Result<TimelineRow, StoreError> {
    let hearing = |at: usize| -> Result<Option<Hearing>, StoreError> {
        let heard: Option<u32> = row.get(at)?;
        let Some(heard) = heard else { return Ok(None) };
        let [heard_max, told, passed] = [row.get(at + 1)?, row.get(at + 2)?, row.get(at + 3)?];
        Ok(Some(Hearing { heard, heard_max, told, passed }))
    };
    let id: Option<[u8; 32]> = row.get(FIRST + 5)?;
    let verdict = match id {
        None => None,
        Some(id) => Some(VerdictLine {
            id: VerdictId(digest(id)),
            standing: Coded::decode(row.get(FIRST + 6)?)?,
            given: Millis(row.get::<_, Option<i64>>(FIRST + 7)?.unwrap_or_default()),
            headline: row.get::<_, Option<String>>(FIRST + 8)?.unwrap_or_default(),
            gate: hearing(COUNTED)?.unwrap_or_default(),
            criterion: hearing(COUNTED + 4)?,
        }),
    };
    Ok(TimelineRow {
        row: point_row(row, metric)?,
        grade: Coded::decode(row.get(FIRST)?)?,
        dirty: row.get(FIRST + 1)?,
        label: row.get(FIRST + 2)?,
        number: row.get(FIRST + 3)?,
        seen: Millis(row.get(FIRST + 4)?),
        verdict,
    })
}
