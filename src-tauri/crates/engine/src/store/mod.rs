//! The history of a workspace: one SQLite database, its objects, and everything that may touch them.
//!
//! A [`Store`] hands out two things. Inside [`Store::write`] a [`Write`] changes tables, and whatever one closure
//! changes is there whole or not at all, the log entry that tells it included. Inside [`Store::read`] a [`Read`]
//! sees one moment. The functions of both stand in [`table`], a file a table.
//!
//! The store knows the values of the core and what happened; it knows nothing of who asks, gates, deploys or signs.

mod aside;
mod backup;
mod connection;
mod doctor;
mod error;
mod folder;
mod lock;
mod migrate;
mod object;
mod sequence;
pub mod table;
mod witness;
mod writer;

use std::{
    cell::RefCell,
    fmt,
    ops::Deref,
    path::Path,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use gatewright_core::{
    id::{CanonicalError, Digest},
    time::{Millis, Seq},
};
use rusqlite::Connection;
use tokio::sync::broadcast;
use zstd::bulk::Compressor;

pub use self::{
    backup::{BACKUP_EVERY_MS, Backup, Backups, Due, is_sound, tally},
    doctor::{Difference, State, is_whole},
    error::StoreError,
    folder::Folder,
    lock::{FileLock, Holder, SharedLock, Taken},
    object::Objects,
    writer::Durability,
};
use self::{
    connection::{Readers, Source},
    migrate::Standing,
    sequence::Sequence,
    writer::Writer,
};
use crate::{clock::Clock, durable, event::Event};

/// Between two looks whether the files of the history are exchanged.
const LOCK_POLL: Duration = Duration::from_millis(20);
/// Events that a slow listener may be behind before it misses some (and reads the log instead).
const EVENTS_KEPT: usize = 4_096;
/// Databases up to this size are checked whole when opened; larger ones by [`Read::state`], in the background.
const CHECKED_AT_OPEN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The history of one workspace. Clones share it; it closes with the last of them.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Dropped first: its thread ends before the readers go.
    writer: Option<Writer>,
    readers: Readers,
    access: Access,
    folder: Folder,
    objects: Objects,
    events: broadcast::Sender<Event>,
    // After the connections: while it is held nobody exchanges the files beneath them.
    _lock: Option<SharedLock>,
    // Dropped last: when it is gone, every connection is closed.
    open: Arc<()>,
}

/// Tells whether a history that was let go of is closed: with its last clone, every connection ends.
#[derive(Clone, Debug)]
pub struct Closing(Weak<()>);

impl Closing {
    /// Whether no connection of it is left in this process.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// What may be done with a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// Everything.
    Writable,
    /// The folder cannot be written.
    ReadOnlyFolder,
    /// A newer Gatewright wrote it; its tables have this number.
    Newer {
        /// Steps that the database took.
        found: usize,
        /// Steps that this build knows.
        known: usize,
    },
}

impl Access {
    fn refusal(&self) -> String {
        match self {
            Self::Writable => "it is being closed".to_owned(),
            Self::ReadOnlyFolder => "the folder cannot be written".to_owned(),
            Self::Newer { found, known } => format!(
                "a newer Gatewright wrote it (its tables have number {found}, this build knows {known}); update this one"
            ),
        }
    }
}

impl Store {
    /// Opens the history of a workspace, and makes it where there is none.
    ///
    /// A folder that cannot be written, and a history that a newer build wrote, are opened for reading;
    /// [`Store::access`] says so. Nothing else of the workspace is touched.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the database does not hold together: [`Store::set_aside`] is next.
    pub fn open(workspace: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let folder = Folder::of(workspace);
        if !folder.prepare()? {
            return Self::open_read_only(workspace);
        }
        let path = folder.database();
        Self::open_writable(folder, clock).map_err(|error| match error {
            StoreError::Damaged { detail, .. } => StoreError::Damaged { path, detail },
            other => other,
        })
    }

    fn open_writable(folder: Folder, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let path = folder.database();
        let lock = share(&folder, clock.now())?;
        let mut connection = connection::open_writer(&path)?;
        check_at_open(&connection, &path)?;
        let access = match migrate::standing(&connection, migrate::STEPS)? {
            Standing::Newer(found) => Access::Newer { found, known: migrate::STEPS.len() },
            standing @ (Standing::Older(_) | Standing::Current) => {
                // Each step is a transaction of its own: who comes in between would copy a database that is half made.
                let holder = Holder::this_process("another window or command", clock.now());
                let _lock = match standing {
                    Standing::Older(_) => Some(FileLock::take(&folder.migrate_lock(), &holder)?),
                    _ => None,
                };
                migrate::migrate(&mut connection, migrate::STEPS, Some(folder.root()), clock.now())?;
                durable::sync_folder(folder.root()).map_err(StoreError::file(folder.root()))?;
                Access::Writable
            }
        };
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let source = Source::Shared(path);
        let readers = Readers::new(source.clone(), connection::open_reader(&source)?);
        let writer = if access == Access::Writable {
            folder.set_reserve_aside();
            Some(Writer::start(connection, folder.clone(), clock, events.clone())?)
        } else {
            None
        };
        let objects = Objects::new(folder.objects());
        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                readers,
                access,
                folder,
                objects,
                events,
                _lock: lock,
                open: Arc::default(),
            }),
        })
    }

    /// Opens the history for reading; without one it is empty. Makes no file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the database does not hold together.
    pub fn open_read_only(workspace: &Path) -> Result<Self, StoreError> {
        let folder = Folder::of(workspace);
        let path = folder.database();
        let (source, first) = if path.exists() {
            let shared = Source::Shared(path.clone());
            let opened = connection::open_reader(&shared).and_then(|connection| {
                // Only reading tells whether the WAL's shared memory can be made here.
                migrate::standing(&connection, migrate::STEPS).map(|_| connection)
            });
            match opened {
                Ok(connection) => (shared, connection),
                Err(StoreError::Damaged { detail, .. }) => return Err(StoreError::Damaged { path, detail }),
                Err(_) => {
                    let alone = Source::Immutable(path.clone());
                    (alone.clone(), connection::open_reader(&alone)?)
                }
            }
        } else {
            (Source::Empty, connection::open_reader(&Source::Empty)?)
        };
        check_at_open(&first, &path)?;
        let access = match migrate::standing(&first, migrate::STEPS)? {
            Standing::Newer(found) => Access::Newer { found, known: migrate::STEPS.len() },
            Standing::Current => Access::ReadOnlyFolder,
            Standing::Older(found) => {
                return Err(StoreError::ReadOnly {
                    why: format!(
                        "its tables have number {found}, this build needs {}, and the folder cannot be written",
                        migrate::STEPS.len()
                    ),
                });
            }
        };
        let (events, _) = broadcast::channel(1);
        let objects = Objects::new(folder.objects());
        let readers = Readers::new(source, first);
        Ok(Self {
            inner: Arc::new(Inner {
                writer: None,
                readers,
                access,
                folder,
                objects,
                events,
                // It writes nothing that could be lost with the file.
                _lock: None,
                open: Arc::default(),
            }),
        })
    }

    /// Tells, once this one is let go of, when it is closed.
    #[must_use]
    pub fn closing(&self) -> Closing {
        Closing(Arc::downgrade(&self.inner.open))
    }

    /// What may be done with this history.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.inner.access
    }

    /// What lies where in `.gatewright/`.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.inner.folder
    }

    /// Contents kept beside the database.
    #[must_use]
    pub fn objects(&self) -> &Objects {
        &self.inner.objects
    }

    /// Changes the history, in one transaction with other writes that wait. Returns after the commit.
    ///
    /// `act` may be called again when the transaction has to be repeated, so it must not have other effects. It
    /// runs even when the returned future is dropped.
    ///
    /// # Errors
    /// What `act` says, and then nothing of it was written; or the commit failed, likewise.
    pub async fn write<T, F>(&self, durability: Durability, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer()?.write(durability, act).await
    }

    /// [`Store::write`] for threads that may wait. It must not be called from an async task.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, F>(&self, durability: Durability, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Write<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer()?.write_blocking(durability, act)
    }

    /// Reads on this thread. All that `act` sees is of one moment.
    ///
    /// # Errors
    /// What `act` says, or no reader could be opened.
    pub fn read<T>(&self, act: impl FnOnce(&Read<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.inner.readers.with(|connection| act(&Read { connection, objects: &self.inner.objects }))
    }

    /// [`Store::read`] from an async task, on a thread that may wait.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_async<T, F>(&self, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Read<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read(act)).await.map_err(|_| StoreError::Closed)?
    }

    /// What happens from now on in this process, in order, each after its commit. A listener that falls too far
    /// behind is told so, and reads [`Read::log`] instead.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe()
    }

    /// Whether another process wrote since the last call. Then [`Read::log`] after the last known place says what.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn changed_elsewhere(&self) -> Result<bool, StoreError> {
        self.writer()?.changed_elsewhere().await
    }

    /// A whole copy of the database, made while others read and write.
    ///
    /// # Errors
    /// The copy could not be written; then there is none.
    pub fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        let connection = connection::open_reader(&Source::Shared(self.inner.folder.database()))?;
        connection.pragma_update(None, "query_only", false)?;
        migrate::copy(&connection, to)
    }

    /// Whether anything can be recorded, before something is done that has to be.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], with why.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        self.writer().map(|_| ())
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        let refused = || StoreError::ReadOnly { why: self.inner.access.refusal() };
        self.inner.writer.as_ref().ok_or_else(refused)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Store")
            .field("folder", &self.inner.folder)
            .field("access", &self.inner.access)
            .finish_non_exhaustive()
    }
}

/// Holds the history open, waiting for whoever exchanges its files. None where no lock can be made: a full disk must not
/// keep from rolling back, and not every file system has locks.
fn share(folder: &Folder, now: Millis) -> Result<Option<SharedLock>, StoreError> {
    let holder = Holder::this_process("another window or command", now);
    let waiting = Instant::now();
    loop {
        match SharedLock::try_take(&folder.open_lock(), &holder) {
            Ok(Some(lock)) => return Ok(Some(lock)),
            Ok(None) if waiting.elapsed() < Duration::from_millis(connection::BUSY_MS) => {
                std::thread::sleep(LOCK_POLL);
            }
            Ok(None) => return Err(StoreError::Busy),
            Err(error) => {
                tracing::warn!(%error, "nobody is told that the history is open here");
                return Ok(None);
            }
        }
    }
}

fn check_at_open(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let bytes = path.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    if bytes > CHECKED_AT_OPEN_BYTES_MAX {
        return Ok(());
    }
    match doctor::quick_check(connection)? {
        None => Ok(()),
        Some(detail) => Err(StoreError::Damaged { path: path.to_owned(), detail }),
    }
}

/// One moment of the history.
pub struct Read<'a> {
    connection: &'a Connection,
    objects: &'a Objects,
}

/// A change in the making. It reads what it has written.
pub struct Write<'a> {
    read: Read<'a>,
    clock: &'a dyn Clock,
    packer: &'a RefCell<Compressor<'static>>,
    sequence: &'a Sequence,
    told: RefCell<Vec<Event>>,
}

impl<'a> Deref for Write<'a> {
    type Target = Read<'a>;

    fn deref(&self) -> &Read<'a> {
        &self.read
    }
}

impl Write<'_> {
    /// The next place in the order of this workspace.
    ///
    /// # Errors
    /// The database's.
    pub fn next_seq(&self) -> Result<Seq, StoreError> {
        self.sequence.next(self.connection)
    }

    /// The time, for display.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }
}

/// A digest as it lies in a row.
fn digest(bytes: [u8; 32]) -> Digest {
    Digest(bytes)
}

/// Canonical JSON of a value, as text.
fn canonical_text(value: &impl serde::Serialize) -> Result<String, StoreError> {
    let bytes = gatewright_core::id::canonical_json(value)?;
    String::from_utf8(bytes).map_err(|error| CanonicalError::NotJson(error.to_string()).into())
}

#[cfg(test)]
mod tests;
