//! The user's own folder: what belongs to a person and not to a workspace. Signing key, trust, recent folders.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
};

use etcetera::{AppStrategy as _, AppStrategyArgs};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::durable;

/// Workspaces that are remembered, at most.
pub const RECENT_MAX: usize = 12;

/// The environment variable that moves the folder; for tests and for people who keep several.
pub const HOME_VARIABLE: &str = "GATEWRIGHT_HOME";

/// Why the user's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The system names no home.
    #[error("the system names no home folder: set {HOME_VARIABLE} to a folder of your own")]
    NoHome,
    /// A file cannot be read or written.
    #[error("cannot use `{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("`{path}` is damaged ({why}): move it away, and it is made anew")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The folder.
#[derive(Clone, Debug)]
pub struct UserFolder {
    folder: PathBuf,
}

/// A workspace that was open before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Where.
    pub path: PathBuf,
    /// Its name then.
    pub name: String,
    /// When, UTC milliseconds.
    pub opened_ms: i64,
}

impl UserFolder {
    /// The folder that the system, or [`HOME_VARIABLE`], names.
    ///
    /// # Errors
    /// [`UserError::NoHome`].
    pub fn find() -> Result<Self, UserError> {
        if let Some(folder) = std::env::var_os(HOME_VARIABLE).filter(|folder| !folder.is_empty()) {
            return Ok(Self { folder: folder.into() });
        }
        let name = AppStrategyArgs {
            top_level_domain: "dev".to_owned(),
            author: "Gatewright".to_owned(),
            app_name: "gatewright".to_owned(),
        };
        let strategy = etcetera::choose_app_strategy(name).map_err(|_| UserError::NoHome)?;
        Ok(Self { folder: strategy.data_dir() })
    }

    /// A folder of the caller's choice.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes the folder where it is missing, and finds out whether it can be written.
    ///
    /// # Errors
    /// See [`UserError`].
    pub fn prepare(&self) -> Result<(), UserError> {
        let made = std::fs::create_dir_all(&self.folder).and_then(|()| tempfile::tempfile_in(&self.folder));
        made.map(drop).map_err(|source| UserError::Io { path: self.folder.clone(), source })
    }

    /// Where signing key and trusted keys lie.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// Where copies of the sample are made.
    #[must_use]
    pub fn samples(&self) -> PathBuf {
        self.folder.join("samples")
    }

    /// Where copies of histories are kept.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.folder.join("backups")
    }

    /// Where databases are kept that cannot lie beside their specs.
    #[must_use]
    pub fn databases(&self) -> PathBuf {
        self.folder.join("databases")
    }

    /// The workspaces opened last, newest first.
    ///
    /// # Errors
    /// See [`UserError`].
    pub fn recent(&self) -> Result<Vec<Recent>, UserError> {
        self.read("recent.json")
    }

    /// Remembers that `entry` was opened.
    ///
    /// # Errors
    /// See [`UserError`].
    pub fn remember(&self, entry: Recent) -> Result<(), UserError> {
        self.change("recent.json", |all: &mut Vec<Recent>| {
            all.retain(|other| other.path != entry.path);
            all.insert(0, entry);
            all.truncate(RECENT_MAX);
        })
    }

    pub(super) fn read<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, UserError> {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| UserError::Damaged { path, why: error.to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
            Err(source) => Err(UserError::Io { path, source }),
        }
    }

    /// Reads a file, changes what it holds and writes it, while no other process does the same.
    pub(super) fn change<T, R>(&self, name: &str, change: impl FnOnce(&mut T) -> R) -> Result<R, UserError>
    where
        T: Serialize + DeserializeOwned + Default,
    {
        // A file of its own: the other one is replaced, and with it what would be locked.
        let path = self.folder.join(format!("{name}.lock"));
        let locked = durable::make_folder(&self.folder).and_then(|()| {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock().map(|()| file)
        });
        let _lock = locked.map_err(|source| UserError::Io { path, source })?;
        let mut value = self.read(name)?;
        let changed = change(&mut value);
        self.write(name, &value)?;
        Ok(changed)
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), UserError> {
        let path = self.folder.join(name);
        let bytes = serde_json::to_vec_pretty(value)
            .map_err(|error| UserError::Damaged { path: path.clone(), why: error.to_string() })?;
        durable::write(&path, &bytes, true).map_err(|source| UserError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Recent {
        Recent { path: path.into(), name: path.to_owned(), opened_ms: 0 }
    }

    #[test]
    fn the_newest_workspace_comes_first_and_each_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let user = UserFolder::at(folder.path());
        for path in ["a", "b", "a"] {
            user.remember(entry(path)).expect("remembered");
        }
        assert_eq!(user.recent().expect("read"), [entry("a"), entry("b")]);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("recent.json"), "{").expect("written");
        let error = UserFolder::at(folder.path()).recent().expect_err("damaged");
        assert!(error.to_string().contains("recent.json"), "{error}");
    }
}
