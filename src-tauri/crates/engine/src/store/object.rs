//! Contents beside the database: `objects/ab/cdef…`, named by their SHA-256, written once, checked when read.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use gatewright_core::id::{BlobId, Digest};

use super::error::StoreError;
use crate::durable;

/// The store of contents. It knows nothing of who refers to them.
#[derive(Clone, Debug)]
pub struct Objects {
    root: PathBuf,
}

impl Objects {
    /// Below this folder, which is made when the first content is written.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where the content lies, or would.
    #[must_use]
    pub fn path(&self, id: BlobId) -> PathBuf {
        let hex = id.0.hex();
        self.root.join(&hex[..2]).join(&hex[2..])
    }

    /// Keeps bytes. They are on the disk when this returns; what is already there is left as it is.
    ///
    /// # Errors
    /// The disk is full or cannot be written.
    pub fn put(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let id = BlobId(Digest::of_bytes(bytes));
        let path = self.path(id);
        // A damaged one is replaced: its name says what it must be.
        if fs::read(&path).is_ok_and(|found| Digest::of_bytes(&found) == id.0) {
            return Ok(id);
        }
        durable::write(&path, bytes, false)
            // Another process may have made the folder between a moment ago, and not synced it yet.
            .and_then(|()| durable::sync_folder(&self.root))
            .map_err(StoreError::file(&path))?;
        Ok(id)
    }

    /// Reads bytes back and checks them.
    ///
    /// # Errors
    /// [`StoreError::DamagedContent`] when they are gone or not what their name says.
    pub fn get(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        let path = self.path(id);
        let damaged = |detail: String| StoreError::DamagedContent { digest: id.0, detail };
        match fs::read(&path) {
            Ok(bytes) if Digest::of_bytes(&bytes) == id.0 => Ok(bytes),
            Ok(bytes) => Err(damaged(format!("{} holds {}", path.display(), Digest::of_bytes(&bytes)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(damaged(format!("{} does not exist", path.display())))
            }
            Err(error) => Err(StoreError::file(path)(error)),
        }
    }

    /// Removes contents that nothing refers to any more, and returns those that are gone for good. One that cannot be
    /// removed is left.
    ///
    /// # Errors
    /// What was removed could not be made sure of.
    pub fn remove_all(&self, ids: &[BlobId]) -> Result<Vec<BlobId>, StoreError> {
        let mut gone = Vec::with_capacity(ids.len());
        let mut folders = BTreeSet::new();
        for id in ids {
            let path = self.path(*id);
            match fs::remove_file(&path) {
                Ok(()) => folders.extend(path.parent().map(Path::to_owned)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a dropped content could not be removed");
                    continue;
                }
            }
            gone.push(*id);
        }
        for folder in folders {
            durable::sync_folder(&folder).map_err(StoreError::file(&folder))?;
        }
        Ok(gone)
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}
