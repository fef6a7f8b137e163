//! `name`: names as integers, each kind apart.

use rusqlite::{OptionalExtension as _, params};

use crate::store::{Read, Write, error::StoreError};

/// What a name is of. The numbers are in the database: they never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Spec = 1,
    Case = 2,
    Metric = 3,
    Environment = 4,
    ErrorClass = 5,
}

/// What the names of metrics have in their kind.
pub(in crate::store) const METRIC: i64 = Kind::Metric as i64;

impl Read<'_> {
    /// The number of a name; none when it was never recorded.
    pub(super) fn name_id(&self, kind: Kind, text: &str) -> Result<Option<i64>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM name WHERE kind = ?1 AND text = ?2")?;
        Ok(statement.query_row(params![kind as i64, text], |row| row.get(0)).optional()?)
    }

    /// The name with a number.
    pub(super) fn name_text(&self, id: i64) -> Result<String, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT text FROM name WHERE id = ?1")?;
        let text = statement.query_row([id], |row| row.get(0)).optional()?;
        text.ok_or_else(|| StoreError::unreadable("name", format!("number {id} is missing")))
    }
}

impl Write<'_> {
    /// The number of a name, recorded if it is new.
    pub(super) fn intern(&self, kind: Kind, text: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.name_id(kind, text)? {
            return Ok(id);
        }
        let mut statement = self.connection.prepare_cached("INSERT INTO name(kind, text) VALUES (?1, ?2)")?;
        Ok(statement.insert(params![kind as i64, text])?)
    }
}
