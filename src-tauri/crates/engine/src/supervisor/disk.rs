//! Files below a workspace: read whole, within limits, never outside it.
//!
//! Whatever a workspace names is resolved here. A path that leaves the folder, by `..`, by being absolute or
//! through a link, is refused before anything is read.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// Bytes of one file that a workspace names, at most.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The path leaves the workspace.
    #[error("`{0}` lies outside the workspace: copy it below the folder that holds gatewright.yaml")]
    Escapes(String),
    /// There is no such file.
    #[error("`{0}` does not exist")]
    Missing(String),
    /// It is larger than this build reads.
    #[error("`{path}` has {size} bytes; at most {FILE_BYTES_MAX} are read")]
    TooLarge {
        /// As named.
        path: String,
        /// Bytes.
        size: u64,
    },
    /// It is a folder, a pipe or a device.
    #[error("`{0}` is not a file")]
    NotAFile(String),
    /// The system refused.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// As named.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// Resolves `path`, written with `/`, below `root`. Every link on the way must stay below it too.
///
/// # Errors
/// [`DiskError::Escapes`], [`DiskError::Missing`], or what the system says.
pub fn resolve(root: &Path, path: &str) -> Result<PathBuf, DiskError> {
    let relative = Path::new(path);
    let inside =
        relative.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || !inside {
        return Err(DiskError::Escapes(path.to_owned()));
    }
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => DiskError::Missing(path.to_owned()),
        _ => DiskError::Io { path: path.to_owned(), source },
    };
    let real_root = root.canonicalize().map_err(failed)?;
    let real = root.join(relative).canonicalize().map_err(failed)?;
    if real.starts_with(&real_root) { Ok(real) } else { Err(DiskError::Escapes(path.to_owned())) }
}

/// Reads the file `path` below `root` as it is.
///
/// # Errors
/// See [`DiskError`].
pub fn read(root: &Path, path: &str) -> Result<Vec<u8>, DiskError> {
    let real = resolve(root, path)?;
    let failed = |source| DiskError::Io { path: path.to_owned(), source };
    let metadata = fs::metadata(&real).map_err(failed)?;
    if !metadata.is_file() {
        return Err(DiskError::NotAFile(path.to_owned()));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(DiskError::TooLarge { path: path.to_owned(), size: metadata.len() });
    }
    fs::read(real).map_err(failed)
}

/// Text with LF at the ends of lines; bytes that are no text stay as they are. What is sent, hashed and sealed is
/// what this returns, so the same content has one identity on every system.
#[must_use]
pub fn normalised(bytes: Vec<u8>) -> Vec<u8> {
    let text = !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok();
    if !text || !bytes.contains(&b'\r') {
        return bytes;
    }
    let mut lf = Vec::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        if byte != b'\r' || bytes.get(index + 1) != Some(&b'\n') {
            lf.push(byte);
        }
    }
    lf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leaves_the_workspace_is_refused_links_included() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("workspace");
        fs::create_dir(&root).expect("created");
        fs::write(folder.path().join("secret"), "s").expect("written");
        fs::write(root.join("a.txt"), "one\r\ntwo\n").expect("written");
        std::os::unix::fs::symlink("../secret", root.join("link")).expect("linked");
        for path in ["../secret", "/etc/passwd", "link", "", "a/../../secret"] {
            assert!(matches!(read(&root, path), Err(DiskError::Escapes(_))), "{path}");
        }
        assert!(matches!(read(&root, "b.txt"), Err(DiskError::Missing(_))));
        assert!(matches!(read(&root, "."), Err(DiskError::NotAFile(_))));
        assert_eq!(read(&root, "a.txt").expect("read"), b"one\r\ntwo\n");
    }

    #[test]
    fn text_gets_lf_and_bytes_stay() {
        assert_eq!(normalised(b"a\r\nb\rc\r".to_vec()), b"a\nb\rc\r");
        assert_eq!(normalised(b"\0\r\n".to_vec()), b"\0\r\n");
    }
}
