//! The user's signing key, and public keys with their ids.
//!
//! Ed25519, PKCS#8 and SPKI in PEM, so that `openssl` reads both. An id is the SHA-256 of the SPKI DER, in lower-case
//! hexadecimal.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use ed25519_dalek::{
    Signature, Signer as _, SigningKey, VerifyingKey,
    pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _},
};
use gatewright_core::id::Digest;
use serde::{Deserialize, Serialize};

use super::EvidenceError;
use crate::durable;

/// The private key in the user's folder.
const FILE: &str = "signing-key.pem";

/// The id of a public key: 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A key that signatures are checked with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
    pem: String,
}

impl PublicKey {
    /// Reads SPKI PEM.
    ///
    /// # Errors
    /// In words, when it is no Ed25519 public key, or one with which anybody can sign.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let key = VerifyingKey::from_public_key_pem(pem)
            .map_err(|error| format!("not an Ed25519 public key in SPKI PEM ({error})"))?;
        Self::new(key)
    }

    fn new(key: VerifyingKey) -> Result<Self, String> {
        if key.is_weak() {
            return Err("a weak key: anybody can sign for it".to_owned());
        }
        let unwritable = |error: &dyn fmt::Display| format!("the key cannot be written ({error})");
        let der = key.to_public_key_der().map_err(|error| unwritable(&error))?;
        let pem = key.to_public_key_pem(Default::default()).map_err(|error| unwritable(&error))?;
        Ok(Self { key, id: KeyId(Digest::of_bytes(der.as_bytes()).hex()), pem })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// SPKI PEM, for the workspace and for others.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Whether the signature is this key's over these bytes, by the strict rules: no second signature exists for
    /// the same message and key that would also do.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(bytes, &signature).is_ok())
    }
}

/// The user's key. It signs, and is never shown.
pub struct Signer {
    key: SigningKey,
    public: PublicKey,
}

impl Signer {
    /// Reads the key of the user's folder, and makes it on first use (mode 0600).
    ///
    /// # Errors
    /// The file cannot be used, holds no such key, or can be read by others.
    pub fn load_or_make(folder: &Path) -> Result<Self, EvidenceError> {
        if let Some(signer) = Self::load(folder)? {
            return Ok(signer);
        }
        let path = folder.join(FILE);
        make(folder, &path)?;
        // Read back: of two processes that made one at once, both use the one that was first.
        let pem = fs::read_to_string(&path).map_err(EvidenceError::file(&path))?;
        Self::read(&path, &pem)
    }

    /// Reads the key of the user's folder; none before its first use. Nothing is made.
    ///
    /// # Errors
    /// As [`Self::load_or_make`].
    pub fn load(folder: &Path) -> Result<Option<Self>, EvidenceError> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(pem) => Self::read(&path, &pem).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EvidenceError::file(path)(error)),
        }
    }

    fn read(path: &Path, pem: &str) -> Result<Self, EvidenceError> {
        check_private(path)?;
        let not_a_key = |detail: String| EvidenceError::NotAKey { path: path.to_owned(), detail };
        let key = SigningKey::from_pkcs8_pem(pem)
            .map_err(|error| not_a_key(format!("not an Ed25519 private key in PKCS#8 PEM ({error})")))?;
        let public = PublicKey::new(key.verifying_key()).map_err(not_a_key)?;
        Ok(Self { key, public })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs exactly these bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").field("id", &self.public.id).finish_non_exhaustive()
    }
}

fn make(folder: &Path, path: &Path) -> Result<(), EvidenceError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| EvidenceError::NoRandomness(error.to_string()))?;
    let pem = SigningKey::from_bytes(&seed)
        .to_pkcs8_pem(Default::default())
        .map_err(|error| EvidenceError::NotAKey { path: path.to_owned(), detail: error.to_string() })?;
    durable::make_folder(folder).map_err(EvidenceError::file(folder))?;
    let beside =
        folder.join(format!(".{FILE}.{}", u64::from_le_bytes(first_eight(&Digest::of_bytes(&seed)))));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(pem.as_bytes())?;
        file.sync_all()
    });
    // A link, unlike a rename, fails when another process was first.
    let placed = written.and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        placed => placed,
    });
    let _ = fs::remove_file(&beside);
    placed.map_err(EvidenceError::file(path))?;
    durable::sync_folder(folder).map_err(EvidenceError::file(folder))
}

fn first_eight(digest: &Digest) -> [u8; 8] {
    let mut eight = [0; 8];
    eight.copy_from_slice(&digest.0[..8]);
    eight
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), EvidenceError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(EvidenceError::file(path))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(EvidenceError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_private(_path: &Path) -> Result<(), EvidenceError> {
    // The user's folder is private to the user there.
    Ok(())
}
