//! The pointer file `current.json`, which is the truth about what is live, and what stands beside it.
//!
//! `current.ops.json` remembers which operation was given which sequence, and the highest fence seen. It is written
//! before the pointer, so an operation was made exactly when the pointer has reached its sequence. The link `current`
//! is derived, for people and for programs that want a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gatewright_core::{
    id::{Digest, ReleaseId, VersionId},
    time::Millis,
};
use serde::{Deserialize, Serialize};

use super::{
    disk::{self, Unreplaced},
    error,
};
use crate::deploy::adapter::{AdapterError, Current, ErrorClass, OpStatus, Pointed};

/// The format of both files, as written now.
const FORMAT: u16 = 1;

/// Bytes of either file, at most.
const POINTER_BYTES_MAX: u64 = 64 * 1024;

/// Operations that are remembered, at most.
const OPS_MAX: usize = 64;

/// What `current.json` holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pointer {
    format: u16,
    pub(super) version: VersionId,
    pub(super) sequence: u64,
}

impl Pointer {
    pub(super) fn new(version: VersionId, sequence: u64) -> Self {
        Self { format: FORMAT, version, sequence }
    }
}

/// What lies where the pointer belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    Nothing,
    Pointer(Pointer),
    /// Bytes that are no pointer, by their digest.
    NotOurs(Digest),
}

impl Found {
    pub(super) fn read(root: &Path) -> Result<Self, AdapterError> {
        let path = pointer_path(root);
        let bytes = disk::read_small(&path, POINTER_BYTES_MAX)
            .map_err(|source| error(ErrorClass::Retryable, "read", &path, &source))?;
        let Some(bytes) = bytes else { return Ok(Self::Nothing) };
        match serde_json::from_slice::<Pointer>(&bytes) {
            Ok(pointer) if pointer.format == FORMAT => Ok(Self::Pointer(pointer)),
            _ if format_of(&bytes).is_some_and(|format| format > u64::from(FORMAT)) => {
                let words =
                    format!("{} was written by a newer Gatewright; use that one here", path.display());
                Err(AdapterError::new(ErrorClass::Precondition, words))
            }
            _ => Ok(Self::NotOurs(Digest::of_bytes(&bytes))),
        }
    }

    /// What a switch is compared with.
    pub(super) fn revision(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Pointer(pointer) => Some(pointer.sequence.to_string()),
            Self::NotOurs(digest) => Some(digest.to_string()),
        }
    }

    pub(super) fn version(&self) -> Option<VersionId> {
        match self {
            Self::Pointer(pointer) => Some(pointer.version),
            Self::Nothing | Self::NotOurs(_) => None,
        }
    }

    pub(super) fn sequence(&self) -> u64 {
        match self {
            Self::Pointer(pointer) => pointer.sequence,
            Self::Nothing | Self::NotOurs(_) => 0,
        }
    }

    /// As the contract says it.
    pub(super) fn current(&self, root: &Path) -> Current {
        let pointed = match self {
            Self::Nothing => return Current::NOTHING,
            Self::Pointer(pointer) => Pointed::Version(pointer.version),
            Self::NotOurs(_) => Pointed::NotOurs("current.json holds something else".to_owned()),
        };
        let since = fs::metadata(pointer_path(root)).and_then(|found| found.modified()).ok();
        let since = since.and_then(|moment| moment.duration_since(std::time::UNIX_EPOCH).ok());
        let since = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        Current {
            pointed,
            reference: self.version().map(reference),
            revision: self.revision(),
            since: since.map(Millis),
        }
    }
}

fn format_of(bytes: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(bytes).ok()?.get("format")?.as_u64()
}

/// How the target refers to a version: its folder below the root. The digits alone, since a colon is no part of a
/// file's name everywhere.
pub(super) fn reference(version: VersionId) -> String {
    format!("releases/{}", version.0.hex())
}

fn pointer_path(root: &Path) -> PathBuf {
    root.join("current.json")
}

fn ops_path(root: &Path) -> PathBuf {
    root.join("current.ops.json")
}

pub(super) fn lock_path(root: &Path) -> PathBuf {
    root.join("current.lock")
}

/// Writes the pointer; what it pointed to before is gone from it in one step.
pub(super) fn write(root: &Path, pointer: Pointer) -> Result<(), AdapterError> {
    let path = pointer_path(root);
    disk::replace(&path, &json(&pointer)?).map_err(|unreplaced| unwritten(&path, unreplaced))
}

/// What is remembered of operations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Ops {
    format: u16,
    /// The highest fence of a switch: whoever has a lower one is too late.
    pub(super) fence: u64,
    /// The highest fence by which was asked what became of a switch: whoever has that one or a lower is too late.
    pub(super) asked: u64,
    /// The highest sequence given, so that none is given twice.
    sequence: u64,
    /// Whether operations were forgotten: then one that is not found may have been made.
    forgotten: bool,
    /// Oldest first.
    ops: Vec<Op>,
}

/// An operation that got a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Op {
    op_id: ReleaseId,
    to: VersionId,
    pub(super) sequence: u64,
}

impl Ops {
    /// What the file holds; one that is damaged has forgotten everything.
    pub(super) fn read(root: &Path) -> Result<Self, AdapterError> {
        let path = ops_path(root);
        let empty =
            |forgotten| Self { format: FORMAT, fence: 0, asked: 0, sequence: 0, forgotten, ops: Vec::new() };
        match disk::read_small(&path, POINTER_BYTES_MAX) {
            Ok(None) => Ok(empty(false)),
            Ok(Some(bytes)) => Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| empty(true))),
            Err(source) if source.kind() == std::io::ErrorKind::InvalidData => Ok(empty(true)),
            Err(source) => Err(error(ErrorClass::Retryable, "read", &path, &source)),
        }
    }

    /// Writes what is remembered, down to the disk.
    pub(super) fn write(&self, root: &Path) -> Result<(), AdapterError> {
        let path = ops_path(root);
        disk::replace(&path, &json(self)?).map_err(|unreplaced| unwritten(&path, unreplaced))
    }

    /// Writes what is remembered, right before the pointer: the sync of their folder then carries both. Should a power
    /// cut keep the pointer alone, what is live is still what the pointer says, and its sequence is not given again.
    pub(super) fn write_ahead(&self, root: &Path) -> Result<(), AdapterError> {
        let path = ops_path(root);
        disk::exchange(&path, &json(self)?).map_err(|unreplaced| unwritten(&path, unreplaced))
    }

    /// Gives an operation its sequence. Operations that got one and were not made never will be: they are dropped.
    pub(super) fn begin(&mut self, op_id: ReleaseId, to: VersionId, fence: u64, found: &Found) -> u64 {
        self.ops.retain(|op| op.sequence <= found.sequence() && op.op_id != op_id);
        let sequence = self.sequence.max(found.sequence()) + 1;
        self.ops.push(Op { op_id, to, sequence });
        if self.ops.len() > OPS_MAX {
            self.ops.remove(0);
            self.forgotten = true;
        }
        (self.sequence, self.fence) = (sequence, self.fence.max(fence));
        sequence
    }

    /// Whether a switch with this fence comes too late.
    pub(super) fn is_late(&self, fence: u64) -> bool {
        fence < self.fence || fence <= self.asked
    }

    pub(super) fn made(&self, op_id: ReleaseId, found: &Found) -> Option<&Op> {
        self.ops.iter().find(|op| op.op_id == op_id && op.sequence <= found.sequence())
    }

    pub(super) fn status(&self, op_id: ReleaseId, found: &Found) -> OpStatus {
        if self.made(op_id, found).is_some() {
            return OpStatus::Applied;
        }
        let known = self.ops.iter().any(|op| op.op_id == op_id);
        // Somebody else's bytes hide how far the sequence had come.
        let hidden = known && matches!(found, Found::NotOurs(_));
        if hidden || (self.forgotten && !known) { OpStatus::Unknown } else { OpStatus::NotApplied }
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, AdapterError> {
    let mut bytes = serde_json::to_vec(value)
        .map_err(|error| AdapterError::new(ErrorClass::Final, format!("cannot be written: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A file that was not replaced, or perhaps not for good.
fn unwritten(path: &Path, unreplaced: Unreplaced) -> AdapterError {
    match unreplaced {
        Unreplaced::Before(source) => error(ErrorClass::Retryable, "write", path, &source),
        Unreplaced::After(source) => error(ErrorClass::UnknownOutcome, "make sure of", path, &source),
    }
}

/// Makes the link `current` name the release that is live, where it does not. It is derived, so that it fails changes
/// nothing; a folder or file of that name is somebody else's and stays.
#[cfg(unix)]
pub(super) fn repair_link(root: &Path, version: VersionId) {
    let (link, wanted) = (root.join("current"), PathBuf::from(reference(version)));
    let there = match fs::symlink_metadata(&link) {
        Ok(found) if !found.is_symlink() => return,
        Ok(_) => fs::read_link(&link).ok(),
        Err(_) => None,
    };
    if there.as_ref() == Some(&wanted) {
        return;
    }
    let beside = disk::beside(&link);
    let _ = fs::remove_file(&beside);
    let made = std::os::unix::fs::symlink(&wanted, &beside).and_then(|()| fs::rename(&beside, &link));
    if let Err(error) = made {
        tracing::warn!(link = %link.display(), %error, "the derived link could not be set");
    }
}

/// Links need a privilege here, and the pointer file is the truth anyway.
#[cfg(not(unix))]
pub(super) fn repair_link(_root: &Path, _version: VersionId) {}
