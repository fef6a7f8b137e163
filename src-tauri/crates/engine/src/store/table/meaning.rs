//! `meaning` and `spec_history`: what specs, cases, inputs, scorers and criteria meant, by digest, and which
//! meaning a spec had when.

use gatewright_core::{
    id::{CaseMeaning, CriterionId, Digest, InputId, ScorerId, SpecMeaning, SpecName},
    time::Seq,
};
use rusqlite::{OptionalExtension as _, params};

use super::{blob::unpack_record, name::Kind as NameKind};
use crate::{
    event::Happened,
    store::{Read, Write, digest, error::StoreError},
};

/// What a digest is of. The numbers are in the database: they never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Spec = 1,
    Case = 2,
    Input = 3,
    Scorer = 4,
    Criterion = 5,
}

/// Something whose meaning is kept under its digest.
pub trait Meaning: Copy + sealed::Sealed {}

mod sealed {
    /// Number of the kind, and the digest.
    pub trait Sealed {
        fn parts(self) -> (i64, super::Digest);
    }
}

macro_rules! meanings {
    ($($id:ty => $kind:expr;)+) => { $(
        impl Meaning for $id {}
        impl sealed::Sealed for $id {
            fn parts(self) -> (i64, Digest) {
                ($kind as i64, self.0)
            }
        }
    )+ };
}

meanings! {
    SpecMeaning => Kind::Spec;
    CaseMeaning => Kind::Case;
    InputId => Kind::Input;
    ScorerId => Kind::Scorer;
    CriterionId => Kind::Criterion;
}

/// The number of the kind of cases' meanings, for queries over scores.
pub(super) const CASE_KIND: i64 = Kind::Case as i64;

/// One meaning that a spec had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpecChange {
    /// From when.
    pub seq: Seq,
    /// What it meant.
    pub meaning: SpecMeaning,
}

impl Write<'_> {
    /// Keeps what a digest means, as bytes (JSON of the resolved value). Recording it again changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub fn record_meaning(&self, id: impl Meaning, body: &[u8]) -> Result<(), StoreError> {
        let row = self.meaning_row_or_new(id)?;
        let mut statement = self
            .connection
            .prepare_cached("UPDATE meaning SET body = ?2 WHERE id = ?1 AND length(body) = 0")?;
        statement.execute(params![row, self.pack(body)?])?;
        Ok(())
    }

    /// Notes that a spec was read: the meaning where it changed, and that it did, in the log.
    ///
    /// Returns whether it means something else than before.
    ///
    /// # Errors
    /// The database's.
    pub fn record_spec(
        &self,
        spec: &SpecName,
        meaning: Option<SpecMeaning>,
        errors: u32,
    ) -> Result<bool, StoreError> {
        let before = self.spec_meaning(spec)?;
        if meaning.is_none() && errors == 0 || meaning.is_some() && meaning == before {
            return Ok(false);
        }
        if let Some(meaning) = meaning {
            let seq = self.next_seq()?;
            let row = self.meaning_row_or_new(meaning)?;
            self.connection
                .prepare_cached("INSERT INTO spec_history(spec, seq, meaning) VALUES (?1, ?2, ?3)")?
                .execute(params![self.intern(NameKind::Spec, spec.as_str())?, seq.0, row])?;
        }
        self.append(Happened::SpecChanged { spec: spec.clone(), meaning, errors })?;
        Ok(true)
    }

    pub(super) fn meaning_row_or_new(&self, id: impl Meaning) -> Result<i64, StoreError> {
        if let Some(row) = self.meaning_row(id)? {
            return Ok(row);
        }
        let (kind, digest) = id.parts();
        let mut statement =
            self.connection.prepare_cached("INSERT INTO meaning(digest, kind, body) VALUES (?1, ?2, x'')")?;
        Ok(statement.insert(params![digest.0, kind])?)
    }
}

impl Read<'_> {
    /// What was kept under a digest; none when only the digest is known, or not even that.
    ///
    /// # Errors
    /// The database's.
    pub fn meaning(&self, id: impl Meaning) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT body FROM meaning WHERE digest = ?1 AND length(body) > 0")?;
        let found: Option<Vec<u8>> = statement.query_row([id.parts().1.0], |row| row.get(0)).optional()?;
        found.map(|body| unpack_record("meaning", &body)).transpose()
    }

    /// What a spec means now; none before it was first read without errors.
    ///
    /// # Errors
    /// The database's.
    pub fn spec_meaning(&self, spec: &SpecName) -> Result<Option<SpecMeaning>, StoreError> {
        Ok(self.spec_history(spec)?.pop().map(|change| change.meaning))
    }

    /// Every meaning that a spec had, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn spec_history(&self, spec: &SpecName) -> Result<Vec<SpecChange>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT history.seq, meaning.digest FROM name
             JOIN spec_history AS history ON history.spec = name.id
             JOIN meaning ON meaning.id = history.meaning
             WHERE name.kind = ?1 AND name.text = ?2 ORDER BY history.seq",
        )?;
        let rows = statement.query_map(params![NameKind::Spec as i64, spec.as_str()], |row| {
            Ok(SpecChange { seq: Seq(row.get(0)?), meaning: SpecMeaning(digest(row.get(1)?)) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn meaning_row(&self, id: impl Meaning) -> Result<Option<i64>, StoreError> {
        let (kind, digest) = id.parts();
        let mut statement =
            self.connection.prepare_cached("SELECT id, kind FROM meaning WHERE digest = ?1")?;
        let found: Option<(i64, i64)> =
            statement.query_row([digest.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some((_, other)) if other != kind => Err(StoreError::unreadable(
                "meaning",
                format!("{digest} is of another kind ({other}) than {kind}"),
            )),
            found => Ok(found.map(|(id, _)| id)),
        }
    }

    pub(super) fn meaning_digest(&self, row: i64) -> Result<Digest, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT digest FROM meaning WHERE id = ?1")?;
        let found = statement.query_row([row], |row| row.get(0)).optional()?;
        found.map(digest).ok_or_else(|| StoreError::unreadable("meaning", format!("number {row} is missing")))
    }
}
