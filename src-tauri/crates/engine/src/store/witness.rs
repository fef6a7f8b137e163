//! What leaves the database so that git can witness it: signed heads of the log, and public keys. Both lie in
//! `.gatewright/`, where they are the only things that are not ignored.

use std::{fs, io, path::Path};

use super::{Folder, Store, error::StoreError, table::CheckpointRow};
use crate::durable;

/// Larger files are no checkpoints and no keys.
const WITNESS_BYTES_MAX: u64 = 64 * 1024;

impl Store {
    /// Writes a public key to `keys/<id>.pem`, where it is not there already.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn publish_key(&self, id: &str, pem: &str) -> Result<(), StoreError> {
        let path = self.folder().keys().join(format!("{id}.pem"));
        if fs::read(&path).is_ok_and(|found| found == pem.as_bytes()) {
            return Ok(());
        }
        write(&path, pem.as_bytes())
    }

    /// Writes a signed head to `checkpoints/<seq>.json`; the row is [`Write::record_checkpoint`]'s.
    ///
    /// [`Write::record_checkpoint`]: super::Write::record_checkpoint
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn publish_checkpoint(&self, checkpoint: &CheckpointRow) -> Result<(), StoreError> {
        let path = self.folder().checkpoints().join(format!("{:012}.json", checkpoint.seq.0));
        write(&path, &checkpoint.envelope)
    }

    /// Every file in `checkpoints/`, by name: what it holds is not believed here.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn published_checkpoints(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.folder().published_checkpoints()
    }
}

impl Folder {
    /// [`Store::published_checkpoints`], where the history itself cannot be opened.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn published_checkpoints(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        read(&self.checkpoints(), "json")
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    durable::write(path, bytes, false).map_err(StoreError::file(path))
}

fn read(folder: &Path, extension: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::file(folder))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::file(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let small = entry.metadata().is_ok_and(|found| found.is_file() && found.len() <= WITNESS_BYTES_MAX);
        if small
            && !name.starts_with('.')
            && Path::new(&name).extension().is_some_and(|found| found == extension)
        {
            files.push((name, fs::read(entry.path()).map_err(StoreError::file(entry.path()))?));
        }
    }
    files.sort();
    Ok(files)
}
