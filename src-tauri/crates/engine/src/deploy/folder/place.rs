//! The content of a version below `releases/`: placed, checked, removed.
//!
//! A release is complete when its `manifest.json` is there, which is written last, and whole when every file has its
//! digest. Nothing here follows a link, and no path of a manifest leaves its release.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use gatewright_core::{
    id::{Digest, VersionId, canonical_json},
    version::{Component, FileEntry, Manifest},
};

use super::{disk, error, pointer::reference};
use crate::{
    deploy::{
        adapter::{AdapterError, ErrorClass, Listed, Staging},
        content,
    },
    durable::{make_folder, sync_folder},
};

/// Bytes of a manifest, at most.
const MANIFEST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How long to wait for somebody else who places content.
const LOCK_WAIT: Duration = Duration::from_secs(120);

fn final_error(message: impl Into<String>) -> AdapterError {
    AdapterError::new(ErrorClass::Final, message)
}

fn releases(root: &Path) -> PathBuf {
    root.join("releases")
}

fn home(root: &Path, version: VersionId) -> PathBuf {
    root.join(reference(version))
}

/// How closely to look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Every file is there and has its size: cheap enough for the moment of a switch.
    Sizes,
    /// Every file has its digest, and there are no others.
    Digests,
}

/// The manifest of a version at the target, if the release is complete; else what is wrong with it.
pub(super) fn look(root: &Path, version: VersionId, look: Look) -> Result<Manifest, String> {
    let home = home(root, version);
    let path = home.join("manifest.json");
    let bytes = disk::read_small(&path, MANIFEST_BYTES_MAX)
        .map_err(|error| format!("{}: {error}", path.display()))?
        .ok_or_else(|| format!("{} is not there", path.display()))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    if manifest.id().ok() != Some(version) {
        return Err(format!("{} is not the manifest of {version}", path.display()));
    }
    let files = home.join("files");
    let wanted = manifest.files();
    for (relative, entry) in &wanted {
        let path = files.join(relative);
        if !is_like(&path, entry, look) {
            return Err(format!("{} is missing or damaged", path.display()));
        }
    }
    if look == Look::Digests
        && let Some(extra) = extras(&files, &wanted).first()
    {
        return Err(format!("{} does not belong to the version", extra.display()));
    }
    Ok(manifest)
}

fn is_like(path: &Path, entry: &FileEntry, look: Look) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    let same = found.is_file() && found.len() == entry.size && has_mode(&found, entry.executable);
    same && (look == Look::Sizes
        || File::open(path).and_then(content::digest).is_ok_and(|found| found == entry.digest))
}

/// Entries below `files` that do not belong to the version: files and folders that it does not have, links, and
/// whatever is a file where it has a folder or the other way round.
fn extras(files: &Path, wanted: &BTreeMap<String, &FileEntry>) -> Vec<PathBuf> {
    let names: BTreeSet<&Path> = wanted.keys().map(Path::new).collect();
    let folders: BTreeSet<&Path> =
        wanted.keys().flat_map(|path| Path::new(path).ancestors().skip(1)).collect();
    let belongs = |entry: &walkdir::DirEntry| {
        let Ok(relative) = entry.path().strip_prefix(files) else { return false };
        let kind = entry.file_type();
        (kind.is_dir() && folders.contains(relative)) || (kind.is_file() && names.contains(relative))
    };
    let mut walk = walkdir::WalkDir::new(files).min_depth(1).follow_links(false).into_iter();
    let mut extra = Vec::new();
    while let Some(entry) = walk.next() {
        let Ok(entry) = entry else { continue };
        if !belongs(&entry) {
            if entry.file_type().is_dir() {
                walk.skip_current_dir();
            }
            extra.push(entry.into_path());
        }
    }
    extra
}

/// Brings a version below `releases/`: missing and damaged files are written, what does not belong is removed.
pub(super) fn place(root: &Path, staging: &Staging) -> Result<String, AdapterError> {
    let version = staging.version;
    // What is whole stays untouched: no lock, no write, no need for the sealed content.
    if let Ok(manifest) = look(root, version, Look::Digests) {
        return match gatewright_core::decision::sealed_digest(&manifest) {
            Some(digest) if digest == staging.manifest => Ok(reference(version)),
            _ => Err(final_error(format!("the grant is not for the content of {version}"))),
        };
    }
    let manifest = staging.sealed.manifest(version).map_err(final_error)?;
    let bytes = canonical_json(&manifest).map_err(|error| final_error(error.to_string()))?;
    if manifest.id().ok() != Some(version) || Digest::of_bytes(&bytes) != staging.manifest {
        return Err(final_error(format!("the sealed manifest is not the one that was granted as {version}")));
    }
    let wanted = manifest.files();
    if wanted.is_empty() && !not_placed(&manifest).is_empty() {
        let words = format!(
            "{} has no sealed files, and a folder can be given nothing else: use an adapter for {}",
            version.0.short(),
            not_placed(&manifest).join(" and ")
        );
        return Err(AdapterError::new(ErrorClass::Precondition, words));
    }
    if let Some(path) = wanted.keys().find(|path| !stays_below(path)) {
        return Err(final_error(format!("`{path}` would leave the release's folder")));
    }
    let home = home(root, version);
    let made = |source: io::Error| error(ErrorClass::Retryable, "make", &home, &source);
    make_folder(root).map_err(made)?;
    folder(&releases(root)).map_err(made)?;
    let lock = releases(root).join("stage.lock");
    let _lock = disk::lock(&lock, LOCK_WAIT)
        .map_err(|source| error(ErrorClass::Retryable, "lock", &lock, &source))?
        .ok_or_else(|| AdapterError::new(ErrorClass::Retryable, format!("{} is held", lock.display())))?;
    fill(&home, &wanted, staging)?;
    let path = home.join("manifest.json");
    disk::replace(&path, &bytes).map_err(|unreplaced| match unreplaced {
        disk::Unreplaced::Before(source) | disk::Unreplaced::After(source) => {
            error(ErrorClass::Retryable, "write", &path, &source)
        }
    })?;
    sync_folder(&releases(root)).and_then(|()| sync_folder(root)).map_err(made)?;
    disk::keep_reserve(root);
    // Two names that a file system takes for one, or somebody else at work, are found here.
    look(root, version, Look::Digests).map_err(|why| AdapterError::new(ErrorClass::Retryable, why))?;
    Ok(reference(version))
}

/// Writes what is missing or damaged, removes what does not belong, and makes all of it durable.
fn fill(home: &Path, wanted: &BTreeMap<String, &FileEntry>, staging: &Staging) -> Result<(), AdapterError> {
    let files = home.join("files");
    let made = |path: &Path, source: &io::Error| error(ErrorClass::Retryable, "make", path, source);
    folder(home).and_then(|()| folder(&files)).map_err(|source| made(&files, &source))?;
    for extra in extras(&files, wanted) {
        let gone = if extra.is_dir() && !extra.is_symlink() {
            fs::remove_dir_all(&extra)
        } else {
            fs::remove_file(&extra)
        };
        gone.map_err(|source| error(ErrorClass::Retryable, "remove", &extra, &source))?;
    }
    let mut folders = BTreeSet::from([home.to_path_buf(), files.clone()]);
    for (relative, entry) in wanted {
        let path = files.join(relative);
        let mut parent = files.clone();
        for part in Path::new(relative).parent().into_iter().flatten() {
            parent.push(part);
            folder(&parent).map_err(|source| made(&parent, &source))?;
            folders.insert(parent.clone());
        }
        if !is_like(&path, entry, Look::Digests) {
            copy(staging, entry, &path)?;
        }
    }
    for folder in folders {
        sync_folder(&folder).map_err(|source| made(&folder, &source))?;
    }
    Ok(())
}

/// Makes a folder where there is none; a link to one is none.
fn folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::new(io::ErrorKind::NotADirectory, "something else than a folder lies there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(path),
        Err(error) => Err(error),
    }
}

/// Writes one sealed file beside, checks its digest, and puts it in place.
fn copy(staging: &Staging, entry: &FileEntry, path: &Path) -> Result<(), AdapterError> {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let mut sealed = staging
        .sealed
        .open(&entry.digest)
        .map_err(|error| final_error(format!("the sealed content of {}: {error}", path.display())))?;
    let mark = format!(".new-{}-{}", std::process::id(), DRAWN.fetch_add(1, Ordering::Relaxed));
    let beside = path.with_file_name(mark);
    let mut written = || -> io::Result<Digest> {
        let mut file = disk::create_new(&beside)?;
        // One byte more than promised is enough to see that it is too long.
        let digest = content::copy((&mut sealed).take(entry.size + 1), &mut file)?;
        set_mode(&file, entry.executable)?;
        file.sync_all()?;
        Ok(digest)
    };
    let placed = match written() {
        Ok(digest) if digest == entry.digest => {
            fs::rename(&beside, path).map_err(|source| error(ErrorClass::Retryable, "write", path, &source))
        }
        Ok(_) => Err(final_error(format!("the sealed content of {} is damaged", path.display()))),
        Err(source) => Err(error(ErrorClass::Retryable, "write", path, &source)),
    };
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed
}

/// Whether a manifest's path stays below the folder it is placed in, on every system.
fn stays_below(path: &str) -> bool {
    let fits = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']) && !part.starts_with(".new-")
    };
    path.split('/').all(fits)
}

/// What of a version lies outside its sealed files and its manifest, in words.
pub(super) fn not_placed(manifest: &Manifest) -> Vec<String> {
    let outside = |(name, component): (_, &Component)| match component {
        Component::GitTree(tree) => Some(format!("`{name}` (git tree {tree})")),
        Component::Artifact { kind, digest } => Some(format!("`{name}` ({kind} {digest})")),
        Component::Value(_) | Component::Content(_) | Component::Files(_) | Component::Claimed(_) => None,
    };
    manifest.components.iter().filter_map(outside).collect()
}

/// The releases at the target, in order of digest.
pub(super) fn list(root: &Path) -> Result<Vec<Listed>, AdapterError> {
    let folder = releases(root);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(error(ErrorClass::Retryable, "list", &folder, &source)),
    };
    let versions: BTreeSet<VersionId> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| format!("sha256:{name}").parse().ok())
        .collect();
    let listed = |version| Listed {
        version,
        reference: reference(version),
        unavailable: look(root, version, Look::Sizes).err(),
    };
    Ok(versions.into_iter().map(listed).collect())
}

/// What a release is called between being taken away and being deleted.
const GONE: &str = ".gone-";

/// Takes a release away in one step, so that nobody switches to half of one. [`sweep`] deletes it, which takes longer.
pub(super) fn take_away(root: &Path, version: VersionId) -> Result<(), AdapterError> {
    let home = home(root, version);
    let gone = releases(root).join(format!("{GONE}{}", version.0.hex()));
    let removed = |source: io::Error| error(ErrorClass::Retryable, "remove", &home, &source);
    if gone.exists() {
        fs::remove_dir_all(&gone).map_err(removed)?;
    }
    fs::rename(&home, &gone).map_err(removed)
}

/// Deletes what was taken away, now or before a crash.
pub(super) fn sweep(root: &Path) -> Result<(), AdapterError> {
    let folder = releases(root);
    let removed = |source: io::Error| error(ErrorClass::Retryable, "remove from", &folder, &source);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(removed(source)),
    };
    for entry in entries {
        let entry = entry.map_err(removed)?;
        if entry.file_name().to_string_lossy().starts_with(GONE) {
            fs::remove_dir_all(entry.path()).map_err(removed)?;
        }
    }
    sync_folder(&folder).map_err(removed)
}

#[cfg(unix)]
fn has_mode(found: &fs::Metadata, executable: bool) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    (found.permissions().mode() & 0o100 != 0) == executable
}

#[cfg(unix)]
fn set_mode(file: &File, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))
}

/// There is no executable bit here, so no file differs by it.
#[cfg(not(unix))]
fn has_mode(_found: &fs::Metadata, _executable: bool) -> bool {
    true
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _executable: bool) -> io::Result<()> {
    Ok(())
}
