//! The keys that this user believes: the own one, and those that were added by hand. Kept in the user's folder, so
//! that no workspace can add one.

use std::{fs, io, path::Path};

use gatewright_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::{
    EvidenceError,
    key::{KeyId, PublicKey, Signer},
};
use crate::durable;

/// The list in the user's folder.
const FILE: &str = "trusted-keys.json";
/// The format written now.
const FORMAT: u16 = 1;

/// One line of the list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrustedKey {
    /// Whose, as the user says.
    pub name: String,
    /// SPKI PEM.
    pub pem: String,
    /// When it was added, for display.
    pub added: Millis,
}

#[derive(Serialize, Deserialize)]
struct List {
    format: u16,
    keys: Vec<TrustedKey>,
}

/// Keys that are believed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrustedKeys {
    own: Option<PublicKey>,
    added: Vec<(TrustedKey, PublicKey)>,
}

impl TrustedKeys {
    /// Only this key: for checking one envelope with one key.
    #[must_use]
    pub fn only(key: PublicKey) -> Self {
        Self { own: Some(key), added: Vec::new() }
    }

    /// The own key, once there is one, and the list of the user's folder.
    ///
    /// # Errors
    /// The list cannot be read; a key that cannot be believed must not be skipped silently.
    pub fn load(folder: &Path, own: Option<&Signer>) -> Result<Self, EvidenceError> {
        let path = folder.join(FILE);
        let not_a_key = |detail: String| EvidenceError::NotAKey { path: path.clone(), detail };
        let list = match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).map_err(|error| not_a_key(error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                List { format: FORMAT, keys: Vec::new() }
            }
            Err(error) => return Err(EvidenceError::file(&path)(error)),
        };
        if list.format != FORMAT {
            return Err(not_a_key(format!("format {} is of a newer Gatewright", list.format)));
        }
        let parse = |line: TrustedKey| {
            let key = PublicKey::from_pem(&line.pem)
                .map_err(|error| not_a_key(format!("{}: {error}", line.name)))?;
            Ok::<_, EvidenceError>((line, key))
        };
        let added = list.keys.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { own: own.map(|own| own.public().clone()), added })
    }

    /// Believes one more key from now on; one that is already believed is left as it is.
    ///
    /// # Errors
    /// It is no key, or the list cannot be written.
    pub fn add(&mut self, folder: &Path, line: TrustedKey) -> Result<KeyId, EvidenceError> {
        let detail = |detail| EvidenceError::NotAKey { path: folder.join(FILE), detail };
        let key = PublicKey::from_pem(&line.pem).map_err(detail)?;
        let id = key.id().clone();
        if self.get(&id).is_none() {
            self.added.push((line, key));
            self.save(folder)?;
        }
        Ok(id)
    }

    /// Believes a key no more. The own key stays. Returns whether it was in the list.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn remove(&mut self, folder: &Path, id: &KeyId) -> Result<bool, EvidenceError> {
        let before = self.added.len();
        self.added.retain(|(_, key)| key.id() != id);
        if self.added.len() == before {
            return Ok(false);
        }
        self.save(folder).map(|()| true)
    }

    /// Every key.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.own.iter().chain(self.added.iter().map(|(_, key)| key))
    }

    /// The lines of the list.
    pub fn lines(&self) -> impl Iterator<Item = (&KeyId, &TrustedKey)> {
        self.added.iter().map(|(line, key)| (key.id(), line))
    }

    /// One key, if it is believed.
    #[must_use]
    pub fn get(&self, id: &KeyId) -> Option<&PublicKey> {
        self.iter().find(|key| key.id() == id)
    }

    fn save(&self, folder: &Path) -> Result<(), EvidenceError> {
        let path = folder.join(FILE);
        let list = List { format: FORMAT, keys: self.added.iter().map(|(line, _)| line.clone()).collect() };
        let json = serde_json::to_vec_pretty(&list)
            .map_err(|error| EvidenceError::File { path: path.clone(), cause: io::Error::other(error) })?;
        durable::write(&path, &json, true).map_err(EvidenceError::file(path))
    }
}
