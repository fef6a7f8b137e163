//! Advisory locks on files that tell who holds them and end with their process, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use gatewright_core::time::Millis;
use serde::{Deserialize, Serialize};

use super::error::StoreError;

/// Who holds a lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// `app`, `cli`, …
    pub host: String,
    /// Since when, for display.
    pub since: Millis,
}

impl Holder {
    /// Whether its process is gone from this machine.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        pid.is_none_or(|pid| matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
    }

    /// This process.
    #[must_use]
    pub fn this_process(host: impl Into<String>, since: Millis) -> Self {
        Self { pid: std::process::id(), host: host.into(), since }
    }
}

/// A held lock. Dropping it gives it up, and so does the end of the process.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

/// A lock that is held together with others. Dropping it gives it up, and so does the end of the process.
#[derive(Debug)]
pub struct SharedLock {
    /// Closing it gives the lock up.
    _file: File,
}

impl SharedLock {
    /// Takes the lock together with others; none where somebody holds it alone. The last who took it stands in the file,
    /// if it can be written.
    ///
    /// # Errors
    /// The file could not be made or locked.
    pub fn try_take(path: &Path, holder: &Holder) -> Result<Option<Self>, StoreError> {
        let mut file = open(path)?;
        match file.try_lock_shared() {
            Ok(()) => {
                // A full disk keeps nobody from holding a lock.
                let _ = write(&mut file, path, holder);
                Ok(Some(Self { _file: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::file(path)(error)),
        }
    }
}

/// How taking a lock ended.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Ours(FileLock),
    /// Somebody else's; none when the holder has not said who it is yet.
    HeldBy(Option<Holder>),
}

impl FileLock {
    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// The file could not be made or written.
    pub fn try_take(path: &Path, holder: &Holder) -> Result<Taken, StoreError> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Self::sign(file, path, holder).map(Taken::Ours),
            Err(TryLockError::WouldBlock) => Ok(Taken::HeldBy(read(file))),
            Err(TryLockError::Error(error)) => Err(StoreError::file(path)(error)),
        }
    }

    /// Takes the lock, waiting on this thread for whoever holds it.
    ///
    /// # Errors
    /// The file could not be made, locked or written.
    pub fn take(path: &Path, holder: &Holder) -> Result<Self, StoreError> {
        let file = open(path)?;
        file.lock().map_err(StoreError::file(path))?;
        Self::sign(file, path, holder)
    }

    /// Who holds the lock, if anybody does.
    ///
    /// # Errors
    /// The file could not be looked at.
    pub fn holder(path: &Path) -> Result<Option<Holder>, StoreError> {
        if !path.exists() {
            return Ok(None);
        }
        let file = OpenOptions::new().read(true).open(path).map_err(StoreError::file(path))?;
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(read(file)),
            Err(TryLockError::Error(error)) => Err(StoreError::file(path)(error)),
        }
    }

    fn sign(mut file: File, path: &Path, holder: &Holder) -> Result<Self, StoreError> {
        write(&mut file, path, holder)?;
        Ok(Self { file, path: path.to_owned() })
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // The file stays: removing it would let two processes lock two files of one name.
        let _ = self.file.set_len(0);
        if let Err(error) = self.file.unlock() {
            tracing::warn!(path = %self.path.display(), %error, "a lock could not be given up");
        }
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(StoreError::file(path))
}

fn write(file: &mut File, path: &Path, holder: &Holder) -> Result<(), StoreError> {
    let text = serde_json::to_vec(holder).map_err(|error| StoreError::unreadable("lock", error))?;
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(&text))
        .map_err(StoreError::file(path))
}

fn read(mut file: File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_learns_who_holds_the_lock_and_gets_it_when_the_first_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.lock");
        let app = Holder::this_process("app", Millis(1));
        let cli = Holder::this_process("cli", Millis(2));
        assert_eq!(FileLock::holder(&path).expect("looked"), None);

        let Taken::Ours(first) = FileLock::try_take(&path, &app).expect("taken") else { panic!("free") };
        let Taken::HeldBy(holder) = FileLock::try_take(&path, &cli).expect("asked") else { panic!("held") };
        assert_eq!(holder, Some(app.clone()));
        assert_eq!(FileLock::holder(&path).expect("looked"), Some(app));

        drop(first);
        assert_eq!(FileLock::holder(&path).expect("looked"), None);
        let held = FileLock::take(&path, &cli).expect("free again");
        assert_eq!(FileLock::holder(&path).expect("looked"), Some(cli));
        drop(held);
    }

    #[test]
    fn many_hold_a_lock_together_and_nobody_holds_it_alone_meanwhile() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("open.lock");
        let (one, two) = (Holder::this_process("one", Millis(1)), Holder::this_process("two", Millis(2)));
        let first = SharedLock::try_take(&path, &one).expect("asked").expect("free");
        let second = SharedLock::try_take(&path, &two).expect("asked").expect("shared");
        for held in [first, second] {
            let Taken::HeldBy(holder) = FileLock::try_take(&path, &one).expect("asked") else {
                panic!("held")
            };
            assert_eq!(holder.as_ref(), Some(&two), "who took it last");
            assert!(holder.is_some_and(|holder| !holder.is_gone()));
            drop(held);
        }
        let Taken::Ours(alone) = FileLock::try_take(&path, &one).expect("asked") else { panic!("free") };
        assert!(SharedLock::try_take(&path, &two).expect("asked").is_none());
        drop(alone);
        assert!(SharedLock::try_take(&path, &two).expect("asked").is_some());
    }
}
