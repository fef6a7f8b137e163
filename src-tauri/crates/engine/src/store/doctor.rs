//! The state of a history, and its projections made anew.

use gatewright_core::{
    id::{BlobId, Digest},
    time::Seq,
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Durability, Read, Store, Write,
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

impl Store {
    /// Makes `case_stat` and `point` anew from the facts, and says how they differed. What a stream's points are
    /// is computed by `points`, the same function that made them.
    ///
    /// Each version of a spec has a transaction of its own: who else writes waits for one of them, not for all.
    ///
    /// # Errors
    /// The database's, or what `points` says; then what was made anew before that stays.
    pub async fn rebuild<F>(&self, points: F) -> Result<Vec<Difference>, StoreError>
    where
        F: Fn(&Read<'_>, &StreamRow) -> Result<Vec<Point>, StoreError> + Clone + Send + 'static,
    {
        let mut differed = PROJECTIONS.map(|table| Difference { table, rows: 0 });
        for place in self.read_async(|read| read.places()).await? {
            let points = points.clone();
            let rows = self.write(Durability::Normal, move |write| write.rebuild(place, &points)).await?;
            for (difference, rows) in differed.iter_mut().zip(rows) {
                difference.rows += rows;
            }
        }
        Ok(differed.into_iter().filter(|difference| difference.rows > 0).collect())
    }
}

/// The rows of a spec and of a version.
type Place = (i64, i64);

/// The tables that are made from the facts.
const PROJECTIONS: [&str; 2] = ["case_stat", "point"];

/// Narrows a projection to one place, along its key.
fn which(table: &str) -> String {
    let metric = if table == "point" {
        format!("AND metric IN (SELECT id FROM name WHERE kind = {})", table::METRIC)
    } else {
        String::new()
    };
    format!("spec = ?1 {metric} AND version = ?2")
}

impl Read<'_> {
    /// Every place that facts or projections speak of.
    fn places(&self) -> Result<Vec<Place>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT spec, version FROM stream UNION SELECT spec, version FROM case_stat
             UNION SELECT spec, version FROM point",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Makes the projections of one place anew. How many rows of each were wrong, missing or too many.
    fn rebuild(
        &self,
        place: Place,
        points: impl Fn(&Read<'_>, &StreamRow) -> Result<Vec<Point>, StoreError>,
    ) -> Result<[u64; PROJECTIONS.len()], StoreError> {
        for table in PROJECTIONS {
            self.connection.execute_batch(&format!(
                "CREATE TEMP TABLE IF NOT EXISTS before_{table} AS SELECT * FROM main.{table} WHERE 0;
                 DELETE FROM before_{table};"
            ))?;
            let rows = format!("FROM main.{table} WHERE {}", which(table));
            self.say_of(place, &format!("INSERT INTO before_{table} SELECT * {rows}"))?;
            self.say_of(place, &format!("DELETE {rows}"))?;
        }
        let counted = table::counted("AND stream.spec = ?1 AND stream.version = ?2");
        self.say_of(place, &format!("INSERT INTO case_stat {counted}"))?;
        for stream in self.streams_at(place)? {
            for point in points(self, &stream)? {
                self.set_point(&stream.key, &point)?;
            }
        }
        let mut differed = [0; PROJECTIONS.len()];
        for (table, differed) in PROJECTIONS.into_iter().zip(&mut differed) {
            let now = format!("SELECT * FROM main.{table} WHERE {}", which(table));
            let before = format!("SELECT * FROM before_{table}");
            let sql = format!(
                "SELECT (SELECT count(*) FROM ({now} EXCEPT {before})) + (SELECT count(*) FROM ({before} EXCEPT {now}))"
            );
            *differed = self.connection.prepare_cached(&sql)?.query_row(place, |row| row.get(0))?;
        }
        Ok(differed)
    }

    /// Says a sentence of one place.
    fn say_of(&self, place: Place, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute(place)?;
        Ok(())
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
