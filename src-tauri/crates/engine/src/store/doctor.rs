//! The state of a history, and its projections made anew.

use gatewright_core::{
    id::{BlobId, Digest},
    time::Seq,
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Read, Write,
    connection::{self, Source},
    error::StoreError,
    folder::Folder,
    migrate::{self, Standing},
    object::Objects,
    table::{self, Point, StreamRow},
};
use crate::event::chain::Break;

/// How a history is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// Steps that its tables have taken.
    pub tables: u32,
    /// The SQLite that this build carries.
    pub sqlite: &'static str,
    /// Size of the database.
    pub bytes: u64,
    /// The first thing in the database that does not hold; none is well.
    pub damage: Option<String>,
    /// The head of the log, or the first entry that does not hold.
    pub log: Result<Option<(Seq, Digest)>, Break>,
    /// Contents in the database that are not what their digest says.
    pub damaged_blobs: Vec<BlobId>,
    /// Objects that are gone or not what their digest says.
    pub damaged_objects: Vec<BlobId>,
}

impl State {
    /// Whether all of it holds.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.damage.is_none()
            && self.log.is_ok()
            && self.damaged_blobs.is_empty()
            && self.damaged_objects.is_empty()
    }
}

/// A projection that was not what its facts say, before it was rebuilt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which table.
    pub table: &'static str,
    /// Rows that were wrong, missing or too many.
    pub rows: u64,
}

impl Read<'_> {
    /// Checks everything that can be checked without keys: pages and indexes, the log, every content. It reads the
    /// whole database.
    ///
    /// # Errors
    /// The database could not be read at all.
    pub fn state(&self) -> Result<State, StoreError> {
        let number = |pragma| self.connection.pragma_query_value(None, pragma, |row| row.get::<_, u64>(0));
        let mut damaged_objects = Vec::new();
        for (id, size) in self.objects_recorded()? {
            let sound = self.objects.get(id).is_ok_and(|bytes| bytes.len() as u64 == size);
            if !sound {
                damaged_objects.push(id);
            }
        }
        Ok(State {
            tables: self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            sqlite: rusqlite::version(),
            bytes: number("page_count")? * number("page_size")?,
            damage: check(self.connection, "integrity_check")?,
            log: self.check_log()?,
            damaged_blobs: self.damaged_blobs()?,
            damaged_objects,
        })
    }
}

impl Write<'_> {
    /// Makes `case_stat` and `point` anew from the facts, and says how they differed. What a stream's points are
    /// is computed by `points`, the same function that made them.
    ///
    /// # Errors
    /// The database's, or what `points` says; then nothing was changed.
    pub fn rebuild(
        &self,
        points: impl Fn(&Read<'_>, &StreamRow) -> Result<Vec<Point>, StoreError>,
    ) -> Result<Vec<Difference>, StoreError> {
        const TABLES: [&str; 2] = ["case_stat", "point"];
        for table in TABLES {
            self.connection.execute_batch(&format!(
                "DROP TABLE IF EXISTS temp.before_{table};
                 CREATE TEMP TABLE before_{table} AS SELECT * FROM main.{table};
                 DELETE FROM main.{table};"
            ))?;
        }
        self.connection.execute_batch(&format!("INSERT INTO case_stat {}", table::counted("")))?;
        for stream in self.streams()? {
            for point in points(self, &stream)? {
                self.set_point(&stream.key, &point)?;
            }
        }
        let mut differences = Vec::new();
        for table in TABLES {
            let rows: u64 = self.connection.query_row(
                &format!(
                    "SELECT (SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM before_{table}))
                          + (SELECT count(*) FROM (SELECT * FROM before_{table} EXCEPT SELECT * FROM main.{table}))"
                ),
                [],
                |row| row.get(0),
            )?;
            self.connection.execute_batch(&format!("DROP TABLE temp.before_{table}"))?;
            if rows > 0 {
                differences.push(Difference { table, rows });
            }
        }
        Ok(differences)
    }
}

/// Whether the database of a workspace holds together, with every content in it, whichever build wrote it. One that is
/// not there, or empty, does not.
///
/// # Errors
/// It could not be looked at, which says nothing of it.
pub fn is_whole(folder: &Folder) -> Result<bool, StoreError> {
    let database = folder.database();
    if !database.try_exists().map_err(StoreError::file(&database))? {
        return Ok(false);
    }
    match look(folder, &Source::Shared(database)) {
        Err(error) if error.is_damage() => Ok(false),
        looked => looked,
    }
}

/// Nothing that is asked here has changed since the first tables.
fn look(folder: &Folder, source: &Source) -> Result<bool, StoreError> {
    let connection = &connection::open_reader(source)?;
    if migrate::standing(connection, migrate::STEPS)? == Standing::Older(0) {
        return Ok(false);
    }
    let objects = &Objects::new(folder.objects());
    let read = Read { connection, objects };
    Ok(check(connection, "integrity_check")?.is_none()
        && read.check_log()?.is_ok()
        && read.damaged_blobs()?.is_empty())
}

/// The first thing that SQLite's quick check finds.
pub(super) fn quick_check(connection: &Connection) -> Result<Option<String>, StoreError> {
    check(connection, "quick_check")
}

fn check(connection: &Connection, pragma: &str) -> Result<Option<String>, StoreError> {
    let found = connection
        .query_row(&format!("PRAGMA {pragma}(1)"), [], |row| row.get::<_, String>(0))
        .optional()
        .map_err(StoreError::from);
    match found {
        Ok(Some(text)) if text == "ok" => Ok(None),
        Ok(text) => Ok(Some(text.unwrap_or_else(|| "the check says nothing".to_owned()))),
        Err(StoreError::Damaged { detail, .. }) => Ok(Some(detail)),
        Err(error) => Err(error),
    }
}
