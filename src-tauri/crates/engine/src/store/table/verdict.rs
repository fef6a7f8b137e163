//! `verdict` and `criterion_verdict`: what gates said, as signed. A verdict stays as given; a later fail withdraws
//! it by standing beside it.
//!
//! `record` holds the whole verdict as canonical JSON, packed, the columns what is asked for by index, the envelope what
//! was signed. Reading compares the first two; whether the third says the same is for whoever knows signatures.

use gatewright_core::{
    id::{SpecName, VerdictId, VersionId},
    time::{Millis, Seq},
    verdict::{CriterionVerdict, Outcome, Verdict},
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{
    Hearing,
    blob::unpack_record,
    code::{Coded, outcome_code},
    name::Kind as NameKind,
    stream::purpose_code,
};
use crate::{
    event::Happened,
    store::{Read, Write, canonical_text, digest, error::StoreError},
};

/// A verdict as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerdictRow {
    /// What was said.
    pub verdict: Verdict,
    /// The fail that contradicts it.
    pub withdrawn_by: Option<VerdictId>,
    /// The DSSE envelope, as signed.
    pub envelope: Vec<u8>,
}

/// A verdict for checking: what the row says, or why it does not read back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedVerdict {
    /// Which, by its column.
    pub id: VerdictId,
    /// What the row says; its place is not part of what was signed.
    pub verdict: Result<Verdict, String>,
    /// The DSSE envelope, as signed.
    pub envelope: Vec<u8>,
    /// The fail that contradicts it.
    pub withdrawn_by: Option<VerdictId>,
}

const COLUMNS: &str = "verdict.digest, verdict.record, verdict.seq, verdict.outcome, verdict.standing, \
     verdict.attempts, version.digest, endpoint.digest, verdict.purpose, name.text, verdict.envelope, \
     (SELECT digest FROM verdict AS by_ WHERE by_.id = verdict.withdrawn_by), plan.digest";
const JOINS: &str = "JOIN version ON version.id = verdict.version JOIN endpoint ON endpoint.id = verdict.endpoint \
     JOIN name ON name.id = verdict.spec JOIN plan ON plan.id = verdict.plan";

impl Write<'_> {
    /// Records a verdict with its envelope, and that it was given. Its place is given here, whatever `verdict` says.
    /// The same verdict again changes nothing. Write it with [`Durability::Full`](crate::store::Durability::Full).
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when its plan, version or endpoint was never recorded.
    pub fn give_verdict(&self, verdict: &Verdict, envelope: &[u8]) -> Result<Seq, StoreError> {
        if let Some(row) = self.verdict(verdict.id)? {
            return Ok(row.verdict.seq);
        }
        let seq = self.next_seq()?;
        let record = canonical_text(&Verdict { seq: Seq(0), ..verdict.clone() })?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO verdict(digest, plan, version, endpoint, purpose, spec, spec_meaning, outcome, standing,
                                 attempts, seq, record, envelope, heard, heard_max, told, passed, headline)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?;
        let gate = Hearing::of(verdict.counts, verdict.heard_max);
        let row = statement.insert(params![
            verdict.id.0.0,
            self.plan_row(verdict)?,
            self.version_row(verdict.stream.version)?,
            self.endpoint_row(verdict.stream.endpoint)?,
            purpose_code(&verdict.stream.purpose),
            self.intern(NameKind::Spec, verdict.stream.spec.as_str())?,
            self.meaning_row_or_new(verdict.spec)?,
            outcome_code(&verdict.outcome),
            verdict.standing.code(),
            verdict.attempts,
            seq.0,
            self.pack(record.as_bytes())?,
            envelope,
            gate.heard,
            gate.heard_max,
            gate.told,
            gate.passed,
            verdict.headline
        ])?;
        for criterion in &verdict.criteria {
            self.put_criterion(row, criterion)?;
        }
        self.append(Happened::VerdictGiven { verdict: verdict.id })?;
        Ok(seq)
    }

    fn put_criterion(&self, verdict: i64, criterion: &CriterionVerdict) -> Result<(), StoreError> {
        let hearing = Hearing::of(criterion.counts, criterion.heard_max);
        self.connection
            .prepare_cached(
                "INSERT INTO criterion_verdict(verdict, criterion, outcome, at, record, name, heard, heard_max, told,
                                               passed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                verdict,
                self.meaning_row_or_new(criterion.criterion)?,
                outcome_code(&criterion.outcome),
                criterion.at,
                self.pack(canonical_text(criterion)?.as_bytes())?,
                criterion.name.as_str(),
                hearing.heard,
                hearing.heard_max,
                hearing.told,
                hearing.passed
            ])?;
        Ok(())
    }

    /// Notes that a later fail contradicts a verdict. The first word stays.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when one of the two was never given.
    pub fn withdraw_verdict(&self, id: VerdictId, by: VerdictId) -> Result<(), StoreError> {
        let unknown = |id: VerdictId| StoreError::unknown(format!("verdict {id}"));
        let row = self.verdict_row(id)?.ok_or_else(|| unknown(id))?;
        let by_row = self.verdict_row(by)?.ok_or_else(|| unknown(by))?;
        let changed = self
            .connection
            .prepare_cached("UPDATE verdict SET withdrawn_by = ?2 WHERE id = ?1 AND withdrawn_by IS NULL")?
            .execute(params![row, by_row])?;
        if changed > 0 {
            self.append(Happened::VerdictWithdrawn { verdict: id, by })?;
        }
        Ok(())
    }

    fn plan_row(&self, verdict: &Verdict) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM plan WHERE digest = ?1")?;
        let found = statement.query_row([verdict.plan.0.0], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::unknown(format!("plan {}", verdict.plan)))
    }
}

impl Read<'_> {
    /// One verdict; none when it was never given.
    ///
    /// # Errors
    /// [`StoreError::DamagedContent`] when the columns say something else than the record.
    pub fn verdict(&self, id: VerdictId) -> Result<Option<VerdictRow>, StoreError> {
        Ok(self.verdicts("verdict.digest = ?1", [id.0.0])?.pop())
    }

    /// The newest verdicts of a spec, newest first.
    ///
    /// # Errors
    /// As [`Read::verdict`].
    pub fn verdicts_of_spec(&self, spec: &SpecName, limit: u32) -> Result<Vec<VerdictRow>, StoreError> {
        self.verdicts(
            "name.text = ?1 AND name.kind = 1 ORDER BY verdict.seq DESC LIMIT ?2",
            params![spec.as_str(), limit],
        )
    }

    /// Every verdict on a version, newest first.
    ///
    /// # Errors
    /// As [`Read::verdict`].
    pub fn verdicts_of_version(&self, version: VersionId) -> Result<Vec<VerdictRow>, StoreError> {
        self.verdicts("version.digest = ?1 ORDER BY verdict.seq DESC", [version.0.0])
    }

    /// When a verdict was given, for display and for its age; none when it never was.
    ///
    /// # Errors
    /// The database's.
    pub fn verdict_given(&self, id: VerdictId) -> Result<Option<Millis>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT event.at_ms FROM verdict JOIN event ON event.seq > verdict.seq
             WHERE verdict.digest = ?1 ORDER BY event.seq LIMIT 1",
        )?;
        Ok(statement.query_row([id.0.0], |row| row.get(0)).optional()?.map(Millis))
    }

    /// Every verdict with its envelope, oldest first, for checking. What does not read back is said, not skipped.
    ///
    /// # Errors
    /// The database's.
    pub fn sealed_verdicts(&self) -> Result<Vec<SealedVerdict>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT id, digest, envelope, (SELECT digest FROM verdict AS by_ WHERE by_.id = verdict.withdrawn_by)
             FROM verdict ORDER BY seq",
        )?;
        let rows = statement.query_map([], |row| {
            let withdrawn_by: Option<[u8; 32]> = row.get(3)?;
            let withdrawn_by = withdrawn_by.map(|by| VerdictId(digest(by)));
            Ok((row.get::<_, i64>(0)?, VerdictId(digest(row.get(1)?)), row.get(2)?, withdrawn_by))
        })?;
        rows.map(|row| {
            let (row, id, envelope, withdrawn_by) = row?;
            let verdict = match self.verdicts("verdict.id = ?1", [row]) {
                Ok(mut found) => {
                    found.pop().map(|row| row.verdict).ok_or_else(|| "what it refers to is gone".to_owned())
                }
                Err(error) => Err(error.to_string()),
            };
            Ok(SealedVerdict { id, verdict, envelope, withdrawn_by })
        })
        .collect()
    }

    fn verdicts(&self, which: &str, params: impl rusqlite::Params) -> Result<Vec<VerdictRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM verdict {JOINS} WHERE {which}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params, |row| Ok(verdict_row(row)))?;
        rows.map(|row| row?).collect()
    }

    pub(super) fn verdict_row(&self, id: VerdictId) -> Result<Option<i64>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM verdict WHERE digest = ?1")?;
        Ok(statement.query_row([id.0.0], |row| row.get(0)).optional()?)
    }
}

fn verdict_row(row: &Row<'_>) -> Result<VerdictRow, StoreError> {
    let id = VerdictId(digest(row.get(0)?));
    let damaged = |detail: String| StoreError::DamagedContent { digest: id.0, detail };
    let record: Vec<u8> = row.get(1)?;
    let record = unpack_record("verdict", &record)?;
    let mut verdict: Verdict = serde_json::from_slice(&record).map_err(|error| damaged(error.to_string()))?;
    verdict.seq = Seq(row.get(2)?);
    let outcome: i64 = row.get(3)?;
    let standing: i64 = row.get(4)?;
    let spec: String = row.get(9)?;
    let same = verdict.id == id
        && outcome == outcome_code(&verdict.outcome)
        && standing == verdict.standing.code()
        && row.get::<_, u32>(5)? == verdict.attempts
        && digest(row.get(6)?) == verdict.stream.version.0
        && digest(row.get(7)?) == verdict.stream.endpoint.0
        && row.get::<_, i64>(8)? == purpose_code(&verdict.stream.purpose)
        && spec == verdict.stream.spec.as_str()
        && digest(row.get(12)?) == verdict.plan.0;
    if !same {
        return Err(damaged("the row of this verdict says something else than its record".to_owned()));
    }
    let withdrawn_by: Option<[u8; 32]> = row.get(11)?;
    Ok(VerdictRow {
        verdict,
        withdrawn_by: withdrawn_by.map(|by| VerdictId(digest(by))),
        envelope: row.get(10)?,
    })
}

impl VerdictRow {
    /// Whether this verdict is a pass that nothing contradicts.
    #[must_use]
    pub fn stands_as_pass(&self) -> bool {
        self.verdict.outcome == Outcome::Pass && self.withdrawn_by.is_none()
    }
}
