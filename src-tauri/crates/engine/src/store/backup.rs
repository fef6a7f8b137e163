//! Copies of the database outside the workspace, so that a damaged one is no lost one. A bounded number is kept: the
//! newest, and one of each of the last days.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use gatewright_core::time::Millis;

use super::{
    Store,
    connection::{self, Source},
    doctor,
    error::StoreError,
    table::{self, Tally},
};

/// Between two backups of a history that changes.
pub const BACKUP_EVERY_MS: i64 = 60 * 60 * 1000;
/// Backups kept whatever their age, the newest first.
const NEWEST_KEPT: usize = 6;
/// Further days of which the newest backup is kept.
const DAYS_KEPT: usize = 7;
/// Bytes of all backups of a workspace together, at most; the newest two stay in any case.
const BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
const DAY_MS: i64 = 24 * BACKUP_EVERY_MS;

/// The backups of one workspace.
#[derive(Clone, Debug)]
pub struct Backups {
    folder: PathBuf,
}

/// One copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backup {
    /// Where it lies.
    pub path: PathBuf,
    /// When it was made, for display and for thinning out.
    pub at: Millis,
    /// How far the history was.
    pub place: u64,
    /// Its size.
    pub bytes: u64,
}

impl Backup {
    /// A copy that lies somewhere else: how far it is and when it was made, by its content and by the file's time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_file(path: PathBuf) -> Result<Self, StoreError> {
        let metadata = path.metadata().map_err(StoreError::file(&path))?;
        let (at, place) = match named(&path) {
            Some(found) => found,
            None => {
                let changed = metadata.modified().map_err(StoreError::file(&path))?;
                let since = changed.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let at = Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
                (at, tally(&path)?.head.unwrap_or_default().0)
            }
        };
        Ok(Self { path, at, place, bytes: metadata.len() })
    }
}

/// When a backup is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// When the last one is an hour old, or there is none.
    Hourly,
    /// Now: something happened that must not be lost.
    Now,
}

impl Backups {
    /// Those in a folder of their own; nothing is touched.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All of them, newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<Backup>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::file(&self.folder)(error)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(StoreError::file(&self.folder))?.path();
            let Some((at, place)) = named(&path) else { continue };
            // Another process may have thinned them out meanwhile.
            let Ok(metadata) = path.metadata() else { continue };
            all.push(Backup { path, at, place, bytes: metadata.len() });
        }
        all.sort_by_key(|backup| std::cmp::Reverse((backup.at, backup.place)));
        Ok(all)
    }

    /// Makes one when it is due and the history has changed since the last, and thins the others out.
    ///
    /// # Errors
    /// The history cannot be read, or the copy cannot be written; then there is none.
    pub fn take(&self, store: &Store, now: Millis, due: Due) -> Result<Option<Backup>, StoreError> {
        let place = store.read(|read| read.place())?;
        if let Some(last) = self.list()?.first() {
            let age = now.0 - last.at.0;
            // A clock that was put back makes the last one look young for ever: then its age says nothing.
            let young = due == Due::Hourly && (0..BACKUP_EVERY_MS).contains(&age);
            if last.place == place || young {
                return Ok(None);
            }
        }
        make_private(&self.folder).map_err(StoreError::file(&self.folder))?;
        let path = self.folder.join(format!("history-{}-{place}.db", now.0));
        store.back_up(&path)?;
        self.thin_out()?;
        let bytes = path.metadata().map_err(StoreError::file(&path))?.len();
        Ok(Some(Backup { path, at: now, place, bytes }))
    }

    /// The newest that holds together.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn newest_sound(&self) -> Result<Option<Backup>, StoreError> {
        Ok(self.list()?.into_iter().find(|backup| is_sound(&backup.path)))
    }

    fn thin_out(&self) -> Result<(), StoreError> {
        let all = self.list()?;
        let mut days = BTreeSet::new();
        let mut bytes = 0;
        for (place, backup) in all.iter().enumerate() {
            bytes += backup.bytes;
            let day = backup.at.0.div_euclid(DAY_MS);
            let kept = place < NEWEST_KEPT || (days.len() < DAYS_KEPT && !days.contains(&day));
            if place >= NEWEST_KEPT {
                days.insert(day);
            }
            if place >= 2 && (!kept || bytes > BYTES_MAX) {
                bytes -= backup.bytes;
                // What cannot be removed now is tried again with the next one.
                let _ = fs::remove_file(&backup.path);
            }
        }
        Ok(())
    }
}

/// Whether a copy can be opened and holds together.
#[must_use]
pub fn is_sound(path: &Path) -> bool {
    let opened = connection::open_reader(&Source::Immutable(path.to_owned()));
    opened.and_then(|connection| doctor::quick_check(&connection)).is_ok_and(|damage| damage.is_none())
}

/// What a copy holds.
///
/// # Errors
/// It cannot be read.
pub fn tally(path: &Path) -> Result<Tally, StoreError> {
    table::tally(&connection::open_reader(&Source::Immutable(path.to_owned()))?)
}

/// When a backup was made and how far the history was, by its name.
fn named(path: &Path) -> Option<(Millis, u64)> {
    let name = path.file_name()?.to_str()?.strip_prefix("history-")?.strip_suffix(".db")?;
    let (at, place) = name.split_once('-')?;
    Some((Millis(at.parse().ok()?), place.parse().ok()?))
}

/// A folder for its owner alone: a history holds prompts and answers.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
