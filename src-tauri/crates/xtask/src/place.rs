//! Where things lie.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.ancestors().nth(3).expect("xtask lies in src-tauri/crates")
}

/// The interface's folder.
pub(crate) fn ui() -> PathBuf {
    root().join("ui")
}

/// The published schemas, which the interface is built with.
pub(crate) fn schemas() -> PathBuf {
    root().join("specs/schema")
}

/// A program of ours that was built beside this one.
pub(crate) fn built(name: &str) -> PathBuf {
    let xtask = env::current_exe().unwrap_or_else(|_| root().join("target/debug/xtask"));
    xtask.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Where the shell would find `program`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|candidate| candidate.is_file())
}
