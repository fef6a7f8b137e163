//! The order of everything in a workspace. Within a transaction places are given from memory; where it got to is
//! written once, before the commit.

use std::cell::Cell;

use gatewright_core::time::Seq;
use rusqlite::Connection;

use super::error::StoreError;

/// The places given by one transaction.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The last one given; none while the table says it.
    last: Cell<Option<u64>>,
}

impl Sequence {
    /// The next place. One given to a write that is taken back stays unused: places rise, and have gaps.
    pub(super) fn next(&self, connection: &Connection) -> Result<Seq, StoreError> {
        let last = match self.last.get() {
            Some(last) => last,
            None => connection
                .prepare_cached("SELECT last FROM sequence")?
                .query_row([], |row| row.get::<_, u64>(0))?,
        };
        self.last.set(Some(last + 1));
        Ok(Seq(last + 1))
    }

    /// Gives no place up to `place` any more.
    pub(super) fn skip_to(&self, connection: &Connection, place: Seq) -> Result<(), StoreError> {
        let next = self.next(connection)?;
        self.last.set(Some(place.0.max(next.0)));
        Ok(())
    }

    /// Writes down which places were given.
    pub(super) fn keep(&self, connection: &Connection) -> Result<(), StoreError> {
        if let Some(last) = self.last.get() {
            connection.prepare_cached("UPDATE sequence SET last = ?1")?.execute([last])?;
        }
        Ok(())
    }
}
