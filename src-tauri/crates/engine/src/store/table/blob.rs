//! `blob` and `object`: bytes by digest, compressed in the row when small, beside the database when large. The bodies of
//! requests and responses go when they are as old as `keep` says; all else stays.

use std::{cell::RefCell, io};

use gatewright_core::{
    id::{BlobId, Digest},
    time::Seq,
};
use rusqlite::{OptionalExtension as _, params};
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe,
};

use crate::store::{Objects, Read, Write, digest, error::StoreError};

/// Larger contents lie in `objects/`.
pub const BLOB_BYTES_MAX: usize = 64 * 1024;
/// zstd's own default: near the knee of size against time for short JSON.
const ZSTD_LEVEL: i32 = 3;

/// What `object.pinned` says. In the database: a number never changes its meaning.
mod standing {
    /// Dropped: nothing may read it, its file is about to go, and then its row.
    pub(super) const DROPPED: i8 = -1;
    /// Kept until `keep` drops it.
    pub(super) const KEPT: i8 = 0;
    /// Kept for good.
    pub(super) const PINNED: i8 = 1;
}

/// Larger records are not read.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

thread_local! {
    /// One a thread, since making one costs more than most contents do.
    static UNPACKER: io::Result<RefCell<Decompressor<'static>>> = Decompressor::new().map(RefCell::new);
}

/// The record that [`Write::pack`] made.
pub(super) fn unpack_record(table: &'static str, packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    unpack_up_to(packed, RECORD_BYTES_MAX)
        .map_err(|why| StoreError::unreadable(table, format!("a damaged record ({why})")))
}

/// The bytes that were packed, if they are no more than `bytes_max`. Their number stands at the beginning.
fn unpack_up_to(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, String> {
    let size = zstd_safe::get_frame_content_size(packed).ok().flatten().and_then(|size| size.try_into().ok());
    let size = size.filter(|size| *size <= bytes_max).ok_or("its size cannot be read")?;
    UNPACKER.with(|unpacker| {
        let unpacker = unpacker.as_ref().map_err(ToString::to_string)?;
        unpacker.borrow_mut().decompress(packed, size).map_err(|error| error.to_string())
    })
}

/// What makes records and contents small: one for the whole life of a writer, since making one costs more than most
/// contents do. Its checksum lets no flipped bit pass.
pub(in crate::store) fn packer() -> Result<Compressor<'static>, StoreError> {
    let packer = Compressor::new(ZSTD_LEVEL).and_then(|mut packer| {
        packer.include_checksum(true)?;
        Ok(packer)
    });
    packer.map_err(|error| StoreError::unreadable("blob", error))
}

impl Write<'_> {
    /// A record of a table that no digest names: compressed, with a checksum.
    pub(super) fn pack(&self, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.packer.borrow_mut().compress(bytes).map_err(|error| StoreError::unreadable("blob", error))
    }

    /// Keeps the body of a request or a response under its digest, until `keep` drops it. `seq` is the place of what
    /// names it.
    ///
    /// # Errors
    /// The disk's or the database's.
    pub fn put_body(&self, bytes: &[u8], seq: Seq) -> Result<BlobId, StoreError> {
        let id = BlobId(Digest::of_bytes(bytes));
        self.blob_row_or_new(id, bytes, Some(seq)).map(|_| id)
    }

    /// Keeps bytes as an object that `keep` never drops: a sealed file, an artifact.
    ///
    /// # Errors
    /// The disk's or the database's.
    pub fn pin_object(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let id = self.objects.put(bytes)?;
        self.connection
            .prepare_cached(
                "INSERT INTO object(digest, size, pinned) VALUES (?1, ?2, ?3) ON CONFLICT(digest) DO UPDATE SET pinned = ?3",
            )?
            .execute(params![id.0.0, bytes.len(), standing::PINNED])?;
        Ok(id)
    }

    /// Keeps an answer or the words of a scorer for good.
    pub(super) fn put_text(&self, text: &str) -> Result<(i64, BlobId), StoreError> {
        let id = BlobId(Digest::of_bytes(text.as_bytes()));
        Ok((self.blob_row_or_new(id, text.as_bytes(), None)?, id))
    }

    /// `body`: the place of what names it, of a body that may be dropped once it is old.
    fn blob_row_or_new(&self, id: BlobId, bytes: &[u8], body: Option<Seq>) -> Result<i64, StoreError> {
        let body = body.map(|seq| seq.0);
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, zstd IS NULL, body_seq FROM blob WHERE digest = ?1")?;
        let found: Option<(i64, bool, Option<u64>)> =
            statement.query_row([id.0.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((row, outside, until)) = found else {
            let inline = self.bytes_in_row(id, bytes)?;
            let mut statement = self
                .connection
                .prepare_cached("INSERT INTO blob(digest, zstd, body_seq) VALUES (?1, ?2, ?3)")?;
            return Ok(statement.insert(params![id.0.0, inline, body])?);
        };
        if outside && !self.has_object(id)? {
            // `keep` dropped it, and here it is again.
            let inline = self.bytes_in_row(id, bytes)?;
            self.connection
                .prepare_cached("UPDATE blob SET zstd = ?2, body_seq = ?3 WHERE id = ?1")?
                .execute(params![row, inline, body])?;
        } else if until.is_some() && until != body {
            self.connection
                .prepare_cached("UPDATE blob SET body_seq = ?2 WHERE id = ?1")?
                .execute(params![row, body])?;
        }
        Ok(row)
    }

    /// What lies in the row of a content; of a large one nothing, and it lies beside the database.
    fn bytes_in_row(&self, id: BlobId, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if bytes.len() <= BLOB_BYTES_MAX {
            return self.pack(bytes).map(Some);
        }
        self.objects.put(bytes)?;
        self.connection
            .prepare_cached(
                "INSERT INTO object(digest, size, pinned) VALUES (?1, ?2, ?3)
                 ON CONFLICT(digest) DO UPDATE SET pinned = ?3 WHERE pinned < ?3",
            )?
            .execute(params![id.0.0, bytes.len(), standing::KEPT])?;
        Ok(None)
    }

    /// Drops at most `count` bodies that nothing after `until` names: their bytes, not their digests. What was answered
    /// and what scorers said stays. The files of those that lay beside the database are left for
    /// [`Write::remove_dropped`]: write this with [`Durability::Full`](crate::store::Durability::Full), so that no file
    /// goes before the row that says it is needed. Returns how many were dropped.
    ///
    /// # Errors
    /// The database's.
    pub fn drop_bodies(&self, until: Seq, count: u32) -> Result<usize, StoreError> {
        let of = "SELECT id FROM blob WHERE body_seq <= ?1 ORDER BY body_seq LIMIT ?2";
        self.connection
            .prepare_cached(&format!(
                "UPDATE object SET pinned = ?3 WHERE pinned = ?4 AND digest IN
                 (SELECT digest FROM blob WHERE zstd IS NULL AND id IN ({of}))"
            ))?
            .execute(params![until.0, count, standing::DROPPED, standing::KEPT])?;
        let dropped = self
            .connection
            .prepare_cached(&format!("UPDATE blob SET zstd = NULL, body_seq = NULL WHERE id IN ({of})"))?
            .execute(params![until.0, count])?;
        Ok(dropped)
    }

    /// Takes bodies for dropped whose files are not in `objects`: a backup still names those that `keep` dropped after it
    /// was made. What verdicts rest on, and what is sealed, is not among them. Returns how many.
    ///
    /// # Errors
    /// The database's, or the folder cannot be looked at.
    pub(crate) fn forget_bodies_gone_from(&self, objects: &Objects) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT object.digest FROM object JOIN blob ON blob.digest = object.digest
             WHERE object.pinned = ?1 AND blob.body_seq IS NOT NULL",
        )?;
        let rows = statement.query_map([standing::KEPT], |row| Ok(BlobId(digest(row.get(0)?))))?;
        let bodies: Vec<BlobId> = rows.collect::<Result<_, _>>()?;
        let mut forgotten = 0;
        for id in bodies {
            let path = objects.path(id);
            if path.try_exists().map_err(StoreError::file(&path))? {
                continue;
            }
            for forget in
                ["UPDATE blob SET body_seq = NULL WHERE digest = ?1", "DELETE FROM object WHERE digest = ?1"]
            {
                self.connection.prepare_cached(forget)?.execute([id.0.0])?;
            }
            forgotten += 1;
        }
        Ok(forgotten)
    }

    /// Removes the files of at most `count` dropped objects behind `after`, in the order of their digests, and forgets
    /// those that are gone: whatever was dropped and broke off is found again here. Returns the last one looked at; none
    /// where there is no more. What cannot be removed is left for the next time.
    ///
    /// # Errors
    /// The database's, or the folder cannot be synced; then the files are looked for again.
    pub fn remove_dropped(&self, after: Option<BlobId>, count: u32) -> Result<Option<BlobId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT digest FROM object WHERE pinned = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3",
        )?;
        let after = after.map_or_else(Vec::new, |id| id.0.0.to_vec());
        let rows = statement
            .query_map(params![standing::DROPPED, after, count], |row| Ok(BlobId(digest(row.get(0)?))))?;
        let dropped: Vec<BlobId> = rows.collect::<Result<_, _>>()?;
        let gone = self.objects.remove_all(&dropped)?;
        let mut forget =
            self.connection.prepare_cached("DELETE FROM object WHERE digest = ?1 AND pinned = ?2")?;
        for id in gone {
            forget.execute(params![id.0.0, standing::DROPPED])?;
        }
        Ok(dropped.last().copied())
    }
}

impl Read<'_> {
    /// Bytes by their digest, checked; none when they were never kept or were dropped by `keep`.
    ///
    /// # Errors
    /// [`StoreError::DamagedContent`] when they are not what the digest says.
    pub fn blob(&self, id: BlobId) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT zstd FROM blob WHERE digest = ?1")?;
        let inline: Option<Option<Vec<u8>>> = statement.query_row([id.0.0], |row| row.get(0)).optional()?;
        match inline {
            Some(Some(zstd)) => unpack(id, &zstd).map(Some),
            Some(None) | None if self.has_object(id)? => self.objects.get(id).map(Some),
            Some(None) | None => Ok(None),
        }
    }

    /// Every object that must be there, with its size, for checking.
    ///
    /// # Errors
    /// The database's.
    pub fn objects_recorded(&self) -> Result<Vec<(BlobId, u64)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT digest, size FROM object WHERE pinned >= ?1 ORDER BY digest")?;
        let rows =
            statement.query_map([standing::KEPT], |row| Ok((BlobId(digest(row.get(0)?)), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every content kept in the database whose bytes are not what their digest says.
    ///
    /// # Errors
    /// The database's.
    pub fn damaged_blobs(&self) -> Result<Vec<BlobId>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT digest, zstd FROM blob WHERE zstd IS NOT NULL")?;
        let mut rows = statement.query([])?;
        let mut damaged = Vec::new();
        while let Some(row) = rows.next()? {
            let id = BlobId(digest(row.get(0)?));
            if unpack(id, row.get_ref(1)?.as_blob().unwrap_or_default()).is_err() {
                damaged.push(id);
            }
        }
        Ok(damaged)
    }

    pub(super) fn blob_text(&self, row: i64) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT digest FROM blob WHERE id = ?1")?;
        let id: Option<[u8; 32]> = statement.query_row([row], |row| row.get(0)).optional()?;
        let id = id.ok_or_else(|| StoreError::unreadable("blob", format!("number {row} is missing")))?;
        let bytes = self.blob(BlobId(digest(id)))?;
        bytes
            .map(|bytes| String::from_utf8(bytes).map_err(|error| StoreError::unreadable("blob", error)))
            .transpose()
    }

    fn has_object(&self, id: BlobId) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM object WHERE digest = ?1 AND pinned >= ?2")?;
        Ok(statement.exists(params![id.0.0, standing::KEPT])?)
    }
}

fn unpack(id: BlobId, zstd: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = |detail: String| StoreError::DamagedContent { digest: id.0, detail };
    let bytes = unpack_up_to(zstd, BLOB_BYTES_MAX).map_err(damaged)?;
    if Digest::of_bytes(&bytes) == id.0 {
        Ok(bytes)
    } else {
        Err(damaged("the bytes in the database are others".to_owned()))
    }
}
