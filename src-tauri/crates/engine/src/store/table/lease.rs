//! `lease`: who may act on something for now. The fence of each taking is its place in the history, so that whoever
//! held it before is told apart for ever, also by a target that remembers fences of a history that was lost.

use gatewright_core::time::Millis;
use rusqlite::{OptionalExtension as _, params};

use crate::store::{Read, Write, error::StoreError};

/// A lease as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseRow {
    /// Who holds it; none when it was given up.
    pub holder: Option<String>,
    /// The place at which it was taken.
    pub fence: u64,
    /// The holder's last sign of life.
    pub beat: Millis,
}

/// How asking for a lease ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leased {
    /// It is the asker's, with this fence.
    Ours(u64),
    /// Somebody else holds it.
    HeldBy(LeaseRow),
}

impl Write<'_> {
    /// Takes a lease when nobody holds it or its holder gave no sign for `stale_ms`.
    ///
    /// # Errors
    /// The database's.
    pub fn take_lease(&self, name: &str, holder: &str, stale_ms: i64) -> Result<Leased, StoreError> {
        let now = self.now();
        match self.lease(name)? {
            Some(row) if row.holder.is_some() && now.0.saturating_sub(row.beat.0) < stale_ms => {
                Ok(Leased::HeldBy(row))
            }
            _ => self.seize_lease(name, holder).map(Leased::Ours),
        }
    }

    /// Takes a lease from whoever holds it: for a rollback, which waits for nobody. Returns the fence, the next place in
    /// the history: it is beyond every one before, in a history that goes on from a backup too.
    ///
    /// # Errors
    /// The database's.
    pub fn seize_lease(&self, name: &str, holder: &str) -> Result<u64, StoreError> {
        let fence = self.next_seq()?.0;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO lease(name, holder, fence, beat_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT(name) DO UPDATE SET holder = ?2, fence = ?3, beat_ms = ?4",
        )?;
        statement.execute(params![name, holder, fence, self.now().0])?;
        Ok(fence)
    }

    /// A sign of life of the holder.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when somebody else has taken it since.
    pub fn beat_lease(&self, name: &str, fence: u64) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE lease SET beat_ms = ?3 WHERE name = ?1 AND fence = ?2 AND holder IS NOT NULL",
        )?;
        if statement.execute(params![name, fence, self.now().0])? == 0 {
            return Err(StoreError::Refused(format!("the lease on {name} was taken over")));
        }
        Ok(())
    }

    /// Gives a lease up; one that was taken over is left alone.
    ///
    /// # Errors
    /// The database's.
    pub fn give_up_lease(&self, name: &str, fence: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE lease SET holder = NULL WHERE name = ?1 AND fence = ?2")?
            .execute(params![name, fence])?;
        Ok(())
    }
}

impl Read<'_> {
    /// A lease; none before it was first taken.
    ///
    /// # Errors
    /// The database's.
    pub fn lease(&self, name: &str) -> Result<Option<LeaseRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT holder, fence, beat_ms FROM lease WHERE name = ?1")?;
        let found = statement.query_row([name], |row| {
            Ok(LeaseRow { holder: row.get(0)?, fence: row.get(1)?, beat: Millis(row.get(2)?) })
        });
        Ok(found.optional()?)
    }
}
