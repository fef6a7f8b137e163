//! Files that survive a power cut: written beside, synced, renamed, and the folder synced.
//!
//! Without the last step a rename that was acknowledged can come back undone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

/// Makes a folder and those above it where they are missing, and makes each durable in the one that holds it.
///
/// # Errors
/// What the system says, or something else than a folder lies there.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(above)?;
    match fs::create_dir(path) {
        // Whoever was first may not have come to it yet.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    sync_folder(above)
}

/// Replaces the file at `path` by `bytes`: whoever reads it sees the old content or the new, never a part. Its folder
/// is made where it is missing. The file is readable by its owner alone when `private`.
///
/// # Errors
/// What the system says; the old content is then still there.
pub fn write(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file without a folder"))?;
    make_folder(folder)?;
    let name = path.file_name().ok_or_else(|| io::Error::other("a file without a name"))?;
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let beside = folder.join(format!(".{}.{:016x}", name.to_string_lossy(), u64::from_le_bytes(random)));
    let written = write_beside(&beside, bytes, private).and_then(|()| fs::rename(&beside, path));
    // A half-written file is of no use; that it cannot be removed changes nothing of the error.
    written.inspect_err(|_| drop(fs::remove_file(&beside)))?;
    sync_folder(folder)
}

/// Makes `to` another name of the file `from`, or a copy of it where the file system has no such thing; its content is
/// down on the disk. The name is not, before its folder is synced.
///
/// # Errors
/// What the system says: there is a file of that name, or no room for a copy.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
            fs::copy(from, to)?;
        }
        linked => linked?,
    }
    File::open(to)?.sync_all()
}

/// Makes renames and new files in `folder` durable.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows has no such thing: a folder cannot be opened as a file, and NTFS journals its names.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn write_beside(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if private { 0o600 } else { 0o644 });
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #[test]
    fn folders_are_made_where_they_are_missing_and_nothing_else_is_taken_for_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("one/two/three");
        super::make_folder(&deep).expect("made");
        super::make_folder(&deep).expect("there");
        assert!(deep.is_dir());
        let file = deep.join("file");
        std::fs::write(&file, b"").expect("written");
        super::make_folder(&file).expect_err("a file");
        super::make_folder(&file.join("below")).expect_err("below a file");
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/state.json");
        super::write(&path, b"one", true).expect("written");
        super::write(&path, b"two", true).expect("written");
        assert_eq!(std::fs::read(&path).expect("read"), b"two");
        assert_eq!(std::fs::read_dir(folder.path().join("deep")).expect("listed").count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }
}
