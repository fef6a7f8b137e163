//! Backups of a workspace's history in the user's folder, and what a damaged one could go on from.

use std::path::{Path, PathBuf};

use gatewright_core::id::Digest;

use super::{engine::Engine, user::UserFolder};
use crate::store::{Access, Backup, Backups, Due, StoreError};

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

/// The backups of the workspace at `root`.
#[must_use]
pub fn backups(user: &UserFolder, root: &Path) -> Backups {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let digest = Digest::of_bytes(root.as_os_str().as_encoded_bytes()).short();
    let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Backups::at(user.backups().join(format!("{name}-{digest}")))
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
