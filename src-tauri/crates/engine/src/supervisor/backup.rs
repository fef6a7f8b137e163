//! Backups of a workspace's history in the user's folder, and going on from one when the history is damaged.

use std::path::{Path, PathBuf};

use gatewright_core::{id::Digest, time::Millis};

use super::{engine::Engine, user::UserFolder};
use crate::store::{
    Access, Backup, Backups, Due, FileLock, Folder, Holder, Store, StoreError, Taken, is_sound,
};

/// Why a workspace cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its history does not hold together. Nothing was touched.
    #[error("the history in {} is damaged ({detail})", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The first thing that does not hold.
        detail: String,
        /// What it could go on from.
        backup: Option<Backup>,
    },
    /// Something else is in the way.
    #[error(transparent)]
    Store(StoreError),
}

impl OpenError {
    pub(super) fn of(error: StoreError, user: &UserFolder, root: &Path) -> Self {
        match error {
            StoreError::Damaged { path, detail } => {
                let backup = backups(user, root).newest_sound().unwrap_or_default();
                Self::Damaged { path, detail, backup }
            }
            other => Self::Store(other),
        }
    }
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
    /// The named file is none.
    #[error("{} is no history that holds together", .0.display())]
    NotABackup(PathBuf),
    /// A file could not be moved or copied.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// Where the damaged history lies now, whole.
    pub aside: PathBuf,
    /// What it goes on from; none for a new one.
    pub from: Option<PathBuf>,
}

/// The backups of the workspace at `root`.
#[must_use]
pub fn backups(user: &UserFolder, root: &Path) -> Backups {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let digest = Digest::of_bytes(root.as_os_str().as_encoded_bytes()).short();
    let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Backups::at(user.backups().join(format!("{name}-{digest}")))
}

/// Sets a damaged history aside, whole, and goes on from a backup.
///
/// # Errors
/// See [`RestoreError`]; then nothing was touched.
pub fn restore(
    user: &UserFolder,
    root: &Path,
    from: From,
    host: &str,
    now: Millis,
) -> Result<Restored, RestoreError> {
    let folder = Folder::of(root);
    let holder = Holder::this_process(host, now);
    let mut held = Vec::new();
    for lock in [folder.run_lock(), folder.watch_lock()] {
        match FileLock::try_take(&lock, &holder)? {
            Taken::Ours(lock) => held.push(lock),
            Taken::HeldBy(holder) => return Err(RestoreError::InUse { holder }),
        }
    }
    if is_whole(root) {
        return Err(RestoreError::Sound);
    }
    let from = match from {
        From::Newest => {
            let newest = backups(user, root).newest_sound()?;
            Some(newest.map(|backup| backup.path).ok_or(RestoreError::NoBackup)?)
        }
        From::File(path) if !is_sound(&path) => return Err(RestoreError::NotABackup(path)),
        From::File(path) => Some(path),
        From::Nothing => None,
    };
    let aside = Store::set_aside(root, now, from.as_deref())?;
    Ok(Restored { aside, from })
}

/// Whether the database of a workspace holds together, with every content in it.
fn is_whole(root: &Path) -> bool {
    let state = Store::open_read_only(root).and_then(|store| store.read(|read| read.state()));
    state.is_ok_and(|state| {
        Folder::of(root).database().exists()
            && state.damage.is_none()
            && state.log.is_ok()
            && state.damaged_blobs.is_empty()
    })
}

impl Engine {
    /// The backups of its history.
    #[must_use]
    pub fn backups(&self) -> Backups {
        backups(&self.user, &self.root)
    }

    /// Makes a backup when it is due and something has changed since the last; on a thread that may wait.
    ///
    /// # Errors
    /// The copy cannot be written; then there is none.
    pub async fn back_up(&self, due: Due) -> Result<Option<Backup>, StoreError> {
        if *self.store.access() != Access::Writable {
            return Ok(None);
        }
        let (backups, store, now) = (self.backups(), self.store.clone(), self.clock.now());
        let taken = tokio::task::spawn_blocking(move || backups.take(&store, now, due));
        taken.await.map_err(|_| StoreError::Closed)?
    }
}
