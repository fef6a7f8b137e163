//! The interface: its packages and its build, each only when something changed.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    need, place,
    step::{Failure, Steps, minutes},
};

/// Holds the lock file that the installed packages came from.
const INSTALLED: &str = "node_modules/.gatewright-installed";
/// Holds the fingerprint of the sources that the built page came from.
const BUILT: &str = "node_modules/.gatewright-built";
/// Stands in the page that `src-tauri/build.rs` writes where none was built.
const PLACEHOLDER: &str = "name=\"gatewright\" content=\"placeholder\"";
/// What the built page does not depend on.
const NOT_SOURCES: [&str; 2] = ["node_modules", "dist"];

/// `cargo xtask ui`.
pub(crate) fn alone(steps: &mut Steps) -> Result<(), Failure> {
    need::to_build(steps)?;
    build(steps)
}

/// Builds the page into `ui/dist`, unless it is there and nothing changed.
pub(crate) fn build(steps: &mut Steps) -> Result<(), Failure> {
    packages(steps)?;
    let stamp = place::ui().join(BUILT);
    // The editor completes by the schemas.
    let fingerprint = fingerprint(&[place::ui(), place::schemas()])
        .map_err(|error| Failure::new(format!("The sources of the interface cannot be read: {error}.")))?;
    let page = fs::read_to_string(place::ui().join("dist/index.html")).unwrap_or_default();
    let is_built = !page.is_empty() && !page.contains(PLACEHOLDER);
    if is_built && fs::read_to_string(&stamp).is_ok_and(|built| built == fingerprint) {
        return Ok(());
    }
    npm(steps, "Building the interface", &["run", "build"])?;
    keep(&stamp, &fingerprint)
}

/// Looks at every screen of the built page in a browser: what it throws, what spills out, what axe finds wrong.
pub(crate) fn look(steps: &mut Steps) -> Result<(), Failure> {
    let what = "Looking at the interface in a browser";
    let Some(browser) = need::browser(steps)? else {
        steps.skip(what, "there is no Chromium here; `CHROMIUM=/path/to/one` names it");
        return Ok(());
    };
    let mut command = Command::new("npm");
    command.args(["run", "look"]).current_dir(place::ui()).env("CHROMIUM", browser);
    steps.run(what, minutes(15), &mut command)
}

/// Runs npm in the interface's folder.
pub(crate) fn npm(steps: &mut Steps, what: &str, arguments: &[&str]) -> Result<(), Failure> {
    steps.run(what, minutes(15), Command::new("npm").args(arguments).current_dir(place::ui()))
}

/// Installs exactly what the lock file names, unless that is what is installed.
fn packages(steps: &mut Steps) -> Result<(), Failure> {
    let stamp = place::ui().join(INSTALLED);
    let lock = fs::read_to_string(place::ui().join("package-lock.json"))
        .map_err(|error| Failure::new(format!("ui/package-lock.json cannot be read: {error}.")))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    npm(steps, "Installing the interface's packages", &["ci", "--no-audit", "--no-fund"])?;
    keep(&stamp, &lock)
}

fn keep(stamp: &Path, text: &str) -> Result<(), Failure> {
    fs::write(stamp, text)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}.", stamp.display())))
}

/// A number that changes with any name or content below `folder`. It need not last: where another release of Rust
/// counts differently, the page is built once more.
fn fingerprint(folders: &[PathBuf]) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    folders.iter().try_for_each(|folder| add(folder, &mut hasher))?;
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(folder: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if NOT_SOURCES.iter().any(|&not| name == not) {
            continue;
        }
        name.hash(hasher);
        if entry.file_type()?.is_dir() {
            add(&entry.path(), hasher)?;
        } else {
            fs::read(entry.path())?.hash(hasher);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_content_and_names_and_with_nothing_else() {
        let folder = std::env::temp_dir().join(format!("gatewright-xtask-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).expect("a folder");
        let write = |path: &str, text: &str| fs::write(folder.join(path), text).expect("a file");
        let now = || fingerprint(std::slice::from_ref(&folder)).expect("a fingerprint");

        write("src/a.ts", "one");
        let first = now();
        assert_eq!(first, now());
        write("src/a.ts", "two");
        assert_ne!(first, now());
        write("src/a.ts", "one");
        assert_eq!(first, now());
        fs::rename(folder.join("src/a.ts"), folder.join("src/b.ts")).expect("a new name");
        assert_ne!(first, now());
        fs::rename(folder.join("src/b.ts"), folder.join("src/a.ts")).expect("the old name");
        fs::create_dir_all(folder.join("dist")).expect("a folder");
        write("dist/index.html", "built");
        assert_eq!(first, now());

        fs::remove_dir_all(&folder).expect("the folder can go");
    }
}
