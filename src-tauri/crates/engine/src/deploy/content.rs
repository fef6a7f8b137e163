//! Sealed bytes on their way: what is copied or only read is digested as it passes.

use std::io::{self, Read, Write};

use gatewright_core::id::Digest;
use sha2::Digest as _;

/// Bytes moved at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Copies everything, and says what it was.
pub(super) fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<Digest> {
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok(Digest(hasher.finalize().into()));
        }
        hasher.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
    }
}

/// The digest of everything that there is to be read.
pub(super) fn digest(from: impl Read) -> io::Result<Digest> {
    copy(from, io::sink())
}
