//! One database in the place of another: the former lies aside afterwards, whole, and no crash on the way is silent.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gatewright_core::time::Millis;

use super::{Store, error::StoreError, folder::Folder};
use crate::durable;

const DATABASE: &str = "history.db";
const WAL: &str = "history.db-wal";
const SHARED_MEMORY: &str = "history.db-shm";

/// What stands in the database's place while one is exchanged for another. It is no database, so whoever opens the
/// history then, or after a crash, hears that it is damaged. Without it there would be a moment with the former database
/// and not its WAL, which may well hold together, and be short of what was acknowledged.
const BETWEEN: &str = "This is no history: it was being exchanged for another when that broke off. What was here lies \
                       whole in the newest folder damaged-* beside this. `gatewright doctor --restore` does it again.\n";

/// How far an exchange is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Point {
    /// The former database lies aside too.
    Kept,
    /// Nothing is in its place.
    Between,
    /// Nothing else of it is left there.
    Cleared,
}

impl Store {
    /// Sets the database of a workspace aside, whole, and moves `staged` into its place: another one, without a WAL, on
    /// the same file system. Returns where the former lies now. Nothing of it is deleted. Nobody may have it open.
    ///
    /// A crash on the way leaves the former one in its place; or something there that [`Store::open`] calls damaged,
    /// with the former one aside, whole, so that it can be done again; or the new one.
    ///
    /// # Errors
    /// A file could not be linked, written or moved. Then all is as it was before; where even that cannot be brought
    /// about, it is as after a crash.
    pub fn set_aside(workspace: &Path, now: Millis, staged: &Path) -> Result<PathBuf, StoreError> {
        exchange(&Folder::of(workspace), now, staged, &|_| Ok(()))
    }
}

/// Does it, and tells how far it is: what `reached` says ends it there.
pub(super) fn exchange(
    folder: &Folder,
    now: Millis,
    staged: &Path,
    reached: &dyn Fn(Point) -> io::Result<()>,
) -> Result<PathBuf, StoreError> {
    let aside = folder.aside(now);
    fs::create_dir(&aside).map_err(StoreError::file(&aside))?;
    let exchanged = forth(folder.root(), &aside, staged, reached);
    if let Err(error) = exchanged {
        if let Err(undone) = back(folder.root(), &aside) {
            tracing::error!(aside = %aside.display(), %undone, "what was set aside could not be put back");
        }
        return Err(StoreError::file(folder.database())(error));
    }
    Ok(aside)
}

fn forth(
    root: &Path,
    aside: &Path,
    staged: &Path,
    reached: &dyn Fn(Point) -> io::Result<()>,
) -> io::Result<()> {
    for name in [DATABASE, WAL] {
        let here = root.join(name);
        if here.exists() {
            durable::link(&here, &aside.join(name))?;
        }
    }
    durable::sync_folder(aside)?;
    durable::sync_folder(root)?;
    reached(Point::Kept)?;
    durable::write(&root.join(DATABASE), BETWEEN.as_bytes(), false)?;
    reached(Point::Between)?;
    // Before the new one is there: SQLite would take the former one's WAL for its own.
    for name in [WAL, SHARED_MEMORY] {
        remove(&root.join(name))?;
    }
    durable::sync_folder(root)?;
    reached(Point::Cleared)?;
    fs::rename(staged, root.join(DATABASE))?;
    durable::sync_folder(root)
}

/// Puts back what lies aside. The WAL first: until the database is back, nothing here is taken for a history.
fn back(root: &Path, aside: &Path) -> io::Result<()> {
    let (wal, database) = (aside.join(WAL), aside.join(DATABASE));
    if wal.exists() && !root.join(WAL).exists() {
        durable::link(&wal, &root.join(WAL))?;
    }
    durable::sync_folder(root)?;
    if database.exists() {
        // Where both are still one file this does nothing.
        fs::rename(&database, root.join(DATABASE))?;
    }
    durable::sync_folder(root)?;
    remove(&database)?;
    remove(&wal)?;
    fs::remove_dir(aside)
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
