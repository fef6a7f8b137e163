//! Connections to the database, each with the settings of this house.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use gatewright_core::time::Millis;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{error::StoreError, migrate};

/// The first SQLite in which several connections cannot corrupt a WAL.
pub(crate) const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long a writer waits for another process.
pub(crate) const BUSY_MS: u64 = 5_000;
/// Between two looks whether the other process is done: short, so that a busy writer cannot starve a second one.
const BUSY_POLL_MS: u64 = 2;
/// Prepared statements kept by each connection.
const STATEMENTS_CACHED: usize = 128;
/// Pages that the writer keeps in memory: rows of a run land all over the indexes of digests.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// Pages in the WAL before they are brought home. Many are written again and again, and are brought home once.
const WAL_PAGES: i64 = 4_096;
/// Idle readers kept.
const READERS_IDLE_MAX: usize = 4;

/// Where readers read from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The file, with others.
    Shared(PathBuf),
    /// The file on a medium that nobody writes: SQLite needs no lock and can make none.
    Immutable(PathBuf),
    /// Nothing is there and nothing can be made: an empty history.
    Empty,
}

/// The writing connection; makes the file.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    check_library()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(path, flags)?;
    configure(&mut connection)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Refused(format!(
            "{} lies on a file system that cannot carry the history safely (journal mode {mode}); \
             keep the workspace on a local disk",
            path.display()
        )));
    }
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Negative: in KiB.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    // What a savepoint would put back: else every page that a write touches goes to a temporary file too.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// A reading connection.
pub(crate) fn open_reader(source: &Source) -> Result<Connection, StoreError> {
    check_library()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = match source {
        Source::Shared(path) => Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NOFOLLOW)?,
        Source::Immutable(path) => {
            Connection::open_with_flags(uri(path), flags | OpenFlags::SQLITE_OPEN_URI)?
        }
        Source::Empty => {
            let mut connection = Connection::open_in_memory()?;
            migrate::migrate(&mut connection, migrate::STEPS, None, Millis(0))?;
            connection
        }
    };
    configure(&mut connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn configure(connection: &mut Connection) -> Result<(), StoreError> {
    connection.busy_handler(Some(|waited: i32| {
        std::thread::sleep(Duration::from_millis(BUSY_POLL_MS));
        u64::try_from(waited).is_ok_and(|waited| waited * BUSY_POLL_MS < BUSY_MS)
    }))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // Else the planner looks at the values bound, and a prepared statement is compiled again at every other one.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn check_library() -> Result<(), StoreError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(StoreError::Refused(format!(
            "this build carries SQLite {}, which can corrupt a shared history; 3.51.3 is the least",
            rusqlite::version()
        )));
    }
    Ok(())
}

/// `file:` URI of a path, for a file that nothing changes.
fn uri(path: &Path) -> String {
    let mut text = String::from("file:");
    for letter in path.to_string_lossy().chars() {
        match letter {
            '%' => text.push_str("%25"),
            '?' => text.push_str("%3f"),
            '#' => text.push_str("%23"),
            _ => text.push(letter),
        }
    }
    text.push_str("?immutable=1");
    text
}

/// Readers, opened when needed and kept for the next.
#[derive(Debug)]
pub(crate) struct Readers {
    source: Source,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(source: Source, first: Connection) -> Self {
        Self { source, idle: Mutex::new(vec![first]) }
    }

    /// Runs `act` on a reader, in one read transaction: all it sees is of one moment.
    pub(crate) fn with<T>(
        &self,
        act: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let connection = idle.map_or_else(|| open_reader(&self.source), Ok)?;
        connection.execute_batch("BEGIN")?;
        let result = act(&connection);
        connection.execute_batch("ROLLBACK")?;
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < READERS_IDLE_MAX
        {
            idle.push(connection);
        }
        result
    }
}
