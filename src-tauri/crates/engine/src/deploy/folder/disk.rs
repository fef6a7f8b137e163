//! Files that are either as they were or as they shall be, also after a power cut.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::durable::sync_folder;

/// Bytes kept aside, so that a pointer can still be written when the disk is full.
const RESERVE_BYTES: usize = 64 * 1024;

/// Between two tries to get a lock that somebody else holds.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Why a file was not replaced.
#[derive(Debug)]
pub(super) enum Unreplaced {
    /// It is as it was.
    Before(io::Error),
    /// It is replaced, and nobody knows whether a power cut would undo that.
    After(io::Error),
}

/// Replaces the file at `path` whole, down to the disk: as [`exchange`], then an fsync of the folder.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Unreplaced> {
    exchange(path, bytes)?;
    sync_folder(folder_of(path)).map_err(Unreplaced::After)
}

/// Replaces the file at `path` whole: written beside, fsync, rename. A power cut may bring the old one back until the
/// folder is synced. On a full disk the reserve beside it is given up for it. Callers hold a lock, so that nobody else
/// writes the same file beside.
pub(super) fn exchange(path: &Path, bytes: &[u8]) -> Result<(), Unreplaced> {
    exchange_by(path, &mut |beside| write_new(beside, bytes))
}

fn exchange_by(path: &Path, write: &mut dyn FnMut(&Path) -> io::Result<()>) -> Result<(), Unreplaced> {
    let beside = beside(path);
    if let Err(error) = write(&beside) {
        if !is_full(&error) {
            return Err(Unreplaced::Before(error));
        }
        release_reserve(path).and_then(|()| write(&beside)).map_err(Unreplaced::Before)?;
    }
    fs::rename(&beside, path).map_err(Unreplaced::Before)
}

/// Where a file is written before it takes its place.
pub(super) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    folder_of(path).join(format!(".{name}.new"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new("."))
}

/// Writes a file that was not there, links included, down to the disk. What a crash left there goes.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Opens a new file for writing; what lay there is removed, and a link is never followed.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Whether there is no room left.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn reserve_of(folder: &Path) -> PathBuf {
    folder.join("current.reserve")
}

/// Puts the reserve aside where it is missing. Without room there is none, which is no error.
pub(super) fn keep_reserve(folder: &Path) {
    let path = reserve_of(folder);
    let there = fs::symlink_metadata(&path).is_ok_and(|found| found.len() == RESERVE_BYTES as u64);
    if !there && write_new(&path, &[0; RESERVE_BYTES]).is_err() {
        // Half a reserve would only take what others need.
        let _ = fs::remove_file(&path);
    }
}

fn release_reserve(path: &Path) -> io::Result<()> {
    fs::remove_file(reserve_of(folder_of(path)))?;
    sync_folder(folder_of(path))
}

/// A lock on a file, which ends when it is dropped or its process ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "dropping it unlocks")] File);

/// Takes the lock on the file at `path` within `limit`; `None` when somebody else kept it all the while.
pub(super) fn lock(path: &Path, limit: Duration) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) if began.elapsed() < limit => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// The bytes of a file of at most `bytes_max`; `None` when there is none.
pub(super) fn read_small(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let words = format!("it is larger than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use super::{Unreplaced, exchange_by, keep_reserve, replace, reserve_of, write_new};

    #[test]
    fn on_a_full_disk_the_reserve_makes_room_for_the_pointer() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, reserve) = (folder.path().join("current.json"), reserve_of(folder.path()));
        keep_reserve(folder.path());
        assert!(reserve.exists());
        let mut tries = 0;
        let replaced = exchange_by(&path, &mut |beside| {
            tries += 1;
            if reserve.exists() { Err(io::ErrorKind::StorageFull.into()) } else { write_new(beside, b"new") }
        });
        assert!(replaced.is_ok() && tries == 2, "{replaced:?} after {tries}");
        assert_eq!(fs::read(&path).expect("a pointer"), b"new");
        let full = exchange_by(&path, &mut |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(matches!(full, Err(Unreplaced::Before(_))), "{full:?}");
        assert_eq!(fs::read(&path).expect("a pointer"), b"new", "as it was");
    }

    #[test]
    fn what_a_crash_left_beside_is_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("current.json");
        fs::write(super::beside(&path), "half of somethi").expect("a leftover");
        replace(&path, b"whole").expect("replaced");
        assert_eq!(fs::read(&path).expect("a pointer"), b"whole");
        assert!(!super::beside(&path).exists());
    }
}
