//! Evidence that others can check: keys, signed statements, signed heads of the log, and the check of all of it.
//!
//! Statements are in-toto Statements v1 in DSSE envelopes, signed with Ed25519 over the exact bytes. This module
//! works on values and on the user's own folder of keys; where envelopes and the log are kept is not known here.

mod checkpoint;
mod dsse;
mod key;
mod statement;
mod trusted;
mod verify;

use std::{io, path::PathBuf};

use gatewright_core::id::CanonicalError;

pub use self::{
    checkpoint::{CHECKPOINT_TYPE, Checkpoint},
    dsse::{Envelope, NotVerified, Opened, STATEMENT_TYPE},
    key::{KeyId, PublicKey, Signer},
    statement::{
        About, DECISION_PREDICATE, RELEASE_PREDICATE, VERDICT_PREDICATE, VSA_PREDICATE, sign_decision,
        sign_release, sign_verdict,
    },
    trusted::{TrustedKey, TrustedKeys},
    verify::{Finding, SignedDecision, SignedRelease, SignedVerdict, Trail, is_signed, verify},
};

/// Why evidence could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A file of the user's folder could not be used.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A key file holds no such key.
    #[error("{}: {detail}; move the file away, and a new key is made", path.display())]
    NotAKey {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Others can read the private key.
    #[error("{} can be read by others (mode {mode:o}): `chmod 600` it, or move it away, and a new key is made", path.display())]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes for a new key: {0}")]
    NoRandomness(String),
    /// A value has no canonical form.
    #[error("{0}")]
    NotCanonical(#[from] CanonicalError),
}

impl EvidenceError {
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { path, cause }
    }
}

#[cfg(test)]
mod tests;
