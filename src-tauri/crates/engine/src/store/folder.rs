//! The folder `.gatewright/` of a workspace: what lies where, and how a file is written so that it stays.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use gatewright_core::time::Millis;

use super::error::StoreError;
use crate::durable;

/// Everything stays on this machine but what witnesses the history: checkpoints and public keys.
const GITIGNORE: &str = "/*\n!/.gitignore\n!/checkpoints/\n!/keys/\n";

/// Kept free, so that stopping and rolling back can be recorded on a full disk.
const RESERVE_BYTES: usize = 4 * 1024 * 1024;

/// The places in `.gatewright/`.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The name of the folder in a workspace.
    pub const NAME: &'static str = ".gatewright";

    /// The folder of a workspace; nothing is touched.
    #[must_use]
    pub fn of(workspace: &Path) -> Self {
        Self { root: workspace.join(Self::NAME) }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("history.db")
    }

    /// Contents too large for the database, by digest.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// Where a database that is found damaged now is set aside.
    #[must_use]
    pub fn aside(&self, now: Millis) -> PathBuf {
        self.root.join(format!("damaged-{}", now.0))
    }

    /// Signed heads of the log, for git to witness.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// Public keys of those who signed.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Who runs.
    #[must_use]
    pub fn run_lock(&self) -> PathBuf {
        self.root.join("run.lock")
    }

    /// Who makes the tables, or brings older ones up to this build.
    #[must_use]
    pub fn migrate_lock(&self) -> PathBuf {
        self.root.join("migrate.lock")
    }

    /// Who reacts to saves and monitors.
    #[must_use]
    pub fn watch_lock(&self) -> PathBuf {
        self.root.join("watch.lock")
    }

    /// Who has the history open: everybody together, or whoever exchanges its files alone.
    #[must_use]
    pub fn open_lock(&self) -> PathBuf {
        self.root.join("open.lock")
    }

    fn reserve(&self) -> PathBuf {
        self.root.join("reserve")
    }

    /// Makes the folder and its `.gitignore` where they are missing. `Ok(false)`: it cannot be written here.
    pub(crate) fn prepare(&self) -> Result<bool, StoreError> {
        let made = durable::make_folder(&self.root).and_then(|()| {
            let ignore = self.root.join(".gitignore");
            if !ignore.exists() {
                durable::write(&ignore, GITIGNORE.as_bytes(), false)?;
            }
            // A folder that exists says nothing about whether it can be written: only writing does.
            let probe = self.root.join(format!(".probe-{}", std::process::id()));
            File::create(&probe)?;
            // Another opener of this process may have removed it already.
            let _ = fs::remove_file(&probe);
            Ok(())
        });
        match made {
            Ok(()) => Ok(true),
            Err(error) if is_read_only(&error) => Ok(false),
            // A full disk can still be read, and rolled back on.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(true),
            Err(error) => Err(StoreError::file(&self.root)(error)),
        }
    }

    /// Sets the reserve aside where it is missing. Best effort: a full disk is noticed by whoever writes next.
    pub(crate) fn set_reserve_aside(&self) {
        let path = self.reserve();
        if path.exists() {
            return;
        }
        let filled = File::create(&path).and_then(|mut file| {
            file.write_all(&vec![0; RESERVE_BYTES])?;
            file.sync_all()
        });
        if filled.is_err() {
            let _ = fs::remove_file(&path);
        }
    }

    /// Gives the reserve back to the file system; whether there was one.
    pub(crate) fn free_reserve(&self) -> bool {
        let freed = fs::remove_file(self.reserve()).is_ok();
        if freed {
            tracing::warn!(folder = %self.root.display(), "the disk is full: the reserve is freed");
        }
        freed
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}
