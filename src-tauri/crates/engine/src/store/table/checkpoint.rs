//! `checkpoint`: signed heads of the log.

use gatewright_core::{id::Digest, time::Seq};
use rusqlite::params;

use crate::store::{Read, Write, digest, error::StoreError};

/// A checkpoint as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckpointRow {
    /// The entry that was the head.
    pub seq: Seq,
    /// Its digest.
    pub hash: Digest,
    /// The signed envelope.
    pub envelope: Vec<u8>,
}

impl Write<'_> {
    /// Keeps a signed head. The first one of a head stays.
    ///
    /// # Errors
    /// The database's.
    pub fn record_checkpoint(&self, checkpoint: &CheckpointRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO checkpoint(seq, hash, signature) VALUES (?1, ?2, ?3)")?
            .execute(params![checkpoint.seq.0, checkpoint.hash.0, checkpoint.envelope])?;
        Ok(())
    }
}

impl Read<'_> {
    /// All checkpoints, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn checkpoints(&self) -> Result<Vec<CheckpointRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT seq, hash, signature FROM checkpoint ORDER BY seq")?;
        let rows = statement.query_map([], |row| {
            Ok(CheckpointRow { seq: Seq(row.get(0)?), hash: digest(row.get(1)?), envelope: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
