//! A damaged history: what is known of it and of its last backup, and going on from that. Nothing is deleted, and the
//! log that goes on says that it does.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gatewright_core::time::{Millis, Seq};

use super::{backup::backups, user::UserFolder};
use crate::{
    clock::Clock,
    evidence::{Checkpoint, EvidenceError, Signer, TrustedKeys},
    store::{
        Backup, Durability, FileLock, Folder, Holder, Objects, Store, StoreError, Taken, is_sound, is_whole,
        table::Tally, tally,
    },
};

/// What a person should know before a damaged history is set aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Survey {
    /// The newest backup that holds together, and what it holds; without one a new history begins.
    pub backup: Option<(Backup, Tally)>,
    /// When the damaged one was written last, as far as its files tell.
    pub written: Option<Millis>,
    /// The newest signed head of the log that the backup does not reach, and how many there are.
    pub witness: Option<(Checkpoint, usize)>,
}

/// Looks at a damaged history from outside; touches nothing.
///
/// # Errors
/// The backups or the signed heads cannot be read.
pub fn survey(user: &UserFolder, root: &Path) -> Result<Survey, RestoreError> {
    let folder = Folder::of(root);
    let backup = match backups(user, root).newest_sound()? {
        Some(found) => {
            let holds = tally(&found.path)?;
            Some((found, holds))
        }
        None => None,
    };
    let kept = backup.as_ref().and_then(|(_, tally)| tally.head);
    let beyond: Vec<Checkpoint> =
        witnesses(user, &folder)?.into_iter().filter(|seen| Some(seen.seq) > kept).collect();
    let count = beyond.len();
    let newest = beyond.into_iter().max_by_key(|seen| seen.seq);
    Ok(Survey { backup, written: written(&folder), witness: newest.map(|newest| (newest, count)) })
}

/// When the files of the database were changed last.
fn written(folder: &Folder) -> Option<Millis> {
    let database = folder.database();
    let files = [database.with_extension("db-wal"), database];
    let newest = files.iter().filter_map(|file| file.metadata().ok()?.modified().ok()).max()?;
    let since = newest.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Millis)
}

/// The heads in the workspace that a key of this user, or one that they trust, signed.
fn witnesses(user: &UserFolder, folder: &Folder) -> Result<Vec<Checkpoint>, RestoreError> {
    let trusted = TrustedKeys::load(&user.keys(), Some(&Signer::load_or_make(&user.keys())?))?;
    let files = folder.published_checkpoints()?;
    let opened = files.iter().filter_map(|(_, bytes)| Checkpoint::open(bytes, &trusted).ok());
    Ok(opened.map(|(checkpoint, _)| checkpoint).collect())
}

/// What a damaged history is replaced by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum From {
    /// The newest backup that holds together.
    Newest,
    /// This file.
    File(PathBuf),
    /// Nothing: a new history begins. What was live, judged and counted is no longer known.
    Nothing,
}

/// Why nothing was put in place of a history.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The history holds together: a backup would only take away what was recorded since.
    #[error("the history holds together, so nothing is put in its place")]
    Sound,
    /// Somebody works with it.
    #[error("the history is in use{}", holder.as_ref().map(|one| format!(" by {} (process {})", one.host, one.pid)).unwrap_or_default())]
    InUse {
        /// Who, if that is known.
        holder: Option<Holder>,
    },
    /// There is none that holds together.
    #[error("there is no backup of this history that holds together")]
    NoBackup,
    /// The named file is part of one.
    #[error(
        "what was written to {} last stands in its WAL beside it: bring that home first (open it with the `sqlite3` \
         program and say `PRAGMA wal_checkpoint(TRUNCATE);`), or name a backup",
        .0.display()
    )]
    HasWal(PathBuf),
    /// The named file is none.
    #[error("{} is no history that holds together", .0.display())]
    NotABackup(PathBuf),
    /// A file could not be moved or copied.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys that tell which signed heads count cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// Where the damaged history lies now, whole.
    pub aside: PathBuf,
    /// What it goes on from; none for a new one.
    pub from: Option<PathBuf>,
}

/// Sets a damaged history aside, whole, and goes on from a backup: the one function that does it, whoever asks.
///
/// The log of what goes on says so in its first new entry, and its places go on behind every signed head that is
/// known: what these witnessed can be told from a log that somebody cut off. It must not be called from an async task.
///
/// # Errors
/// See [`RestoreError`]; then nothing was touched.
pub fn restore(
    user: &UserFolder,
    root: &Path,
    from: From,
    host: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Restored, RestoreError> {
    let folder = Folder::of(root);
    let now = clock.now();
    let holder = Holder::this_process(host, now);
    let mut held = Vec::new();
    // Whoever runs or follows says best who it is; the others only have it open.
    for lock in [folder.run_lock(), folder.watch_lock(), folder.open_lock()] {
        match FileLock::try_take(&lock, &holder)? {
            Taken::Ours(lock) => held.push(lock),
            Taken::HeldBy(holder) => {
                return Err(RestoreError::InUse { holder: holder.filter(|holder| !holder.is_gone()) });
            }
        }
    }
    if is_whole(&folder)? {
        return Err(RestoreError::Sound);
    }
    let from = match from {
        From::Newest => Some(backups(user, root).newest_sound()?.ok_or(RestoreError::NoBackup)?),
        From::File(path) if has_wal(&path) => return Err(RestoreError::HasWal(path)),
        From::File(path) if !is_sound(&path) => return Err(RestoreError::NotABackup(path)),
        From::File(path) => Some(Backup::of_file(path)?),
        From::Nothing => None,
    };
    let beyond = witnesses(user, &folder)?.into_iter().map(|seen| seen.seq).max().unwrap_or_default();
    let staged = Staged::make(&folder, from.as_ref(), beyond, now, clock)?;
    let aside = Store::set_aside(root, now, &staged.database)?;
    Ok(Restored { aside, from: from.map(|backup| backup.path) })
}

/// The history that goes on, whole before it takes its place.
struct Staged {
    database: PathBuf,
    /// Removed with it.
    _folder: tempfile::TempDir,
}

impl Staged {
    fn make(
        folder: &Folder,
        from: Option<&Backup>,
        beyond: Seq,
        now: Millis,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let beside = tempfile::Builder::new().prefix(".restoring-").tempdir_in(folder.root());
        let beside = beside.map_err(StoreError::file(folder.root()))?;
        let copy = Folder::of(beside.path()).database();
        if let Some(backup) = from {
            let made = std::fs::create_dir_all(Folder::of(beside.path()).root());
            made.and_then(|()| std::fs::copy(&backup.path, &copy)).map_err(StoreError::file(&copy))?;
        }
        let store = Store::open(beside.path(), Arc::clone(clock))?;
        let aside = folder.aside(now).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let at = from.map(|backup| backup.at);
        let objects = Objects::new(folder.objects());
        let gone = store.write_blocking(Durability::Full, move |write| {
            write.go_on_after_damage(at, &aside, beyond)?;
            write.forget_bodies_gone_from(&objects)
        })?;
        if gone > 0 {
            tracing::warn!(
                gone,
                "requests and responses that the backup names were dropped since, or are lost"
            );
        }
        let database = beside.path().join("history.db");
        store.back_up(&database)?;
        Ok(Self { database, _folder: beside })
    }
}

/// Whether a part of what a database holds lies in its WAL.
fn has_wal(database: &Path) -> bool {
    let mut wal = database.as_os_str().to_owned();
    wal.push("-wal");
    Path::new(&wal).metadata().is_ok_and(|found| found.len() > 0)
}
