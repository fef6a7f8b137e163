//! The built command line, as the suites start it.
//!
//! Cargo builds it along with the tests of the whole workspace, because its own package has a test that starts it.
//! Where only the suites were asked for, nobody has built it, or it is older than its sources: then it is built here.
//! What its sources are stands in the list that the compiler leaves beside it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

use crate::repository;

/// Where the program lies: beside the tests that ask for it, and as new as its sources.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn gatewright() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let tests = env::current_exe().expect("this program's own path");
        let folder = tests.parent().and_then(Path::parent).expect("target/<profile>/deps/suite");
        let program = folder.join(format!("gatewright{}", env::consts::EXE_SUFFIX));
        if !is_fresh(&program, &folder.join("gatewright.d")) {
            build(folder.ends_with("release"));
        }
        assert!(program.is_file(), "{} was built elsewhere", program.display());
        program
    })
}

/// Whether no source is newer than the program.
fn is_fresh(program: &Path, sources: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let (Some(built), Ok(list)) = (changed(program), fs::read_to_string(sources)) else { return false };
    let Some((_, paths)) = list.split_once(": ") else { return false };
    paths.split_whitespace().all(|path| {
        let newer = |at: SystemTime| at > built;
        changed(Path::new(path)).is_some_and(|at| !newer(at))
    })
}

fn build(release: bool) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "--package", "gatewright-cli", "--bin", "gatewright"]);
    if release {
        command.arg("--release");
    }
    let status = command.current_dir(repository::root()).status().expect("cargo can be started");
    assert!(status.success(), "the command line does not build");
}
