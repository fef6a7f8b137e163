//! Sealing: reading what decides an agent's behaviour, once, into a manifest and the bytes that it names.
//!
//! From here on the working files may change: what is asked, judged and deployed is what was read here. This
//! module knows nothing of YAML or of the database.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use gatewright_core::{
    id::{CanonicalError, ComponentName, Digest, VersionId},
    version::{Component, Drive, FileEntry, Grade, MANIFEST_FORMAT, Manifest},
};
use globset::{Glob, GlobSetBuilder};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;
use walkdir::WalkDir;

use super::{
    disk::{self, DiskError},
    git::{self, GitError},
};

/// Files in one version, at most.
pub const FILES_MAX: usize = 10_000;
/// Bytes in one version, at most.
pub const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What to read.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// How the agent is driven.
    pub drive: Drive,
    /// Values as asked for: `model`, `params`, `command`.
    pub values: BTreeMap<ComponentName, Value>,
    /// Texts as sent: `prompt`, `tools`. Already read, with LF.
    pub contents: BTreeMap<ComponentName, Vec<u8>>,
    /// Globs below the workspace: `identity.files`.
    pub files: Vec<String>,
    /// Paths in a git repository: `identity.tree`.
    pub tree: Vec<String>,
    /// Left out of files and tree: the spec folder, targets of adapters.
    pub excluded: Vec<String>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed {
    /// Its identity.
    pub id: VersionId,
    /// What it is.
    pub manifest: Manifest,
    /// How we know that it is what answers.
    pub grade: Grade,
    /// The bytes that the manifest names.
    pub contents: BTreeMap<Digest, Vec<u8>>,
}

/// Why a version cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A file cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A folder cannot be walked.
    #[error("cannot list the files of `identity.files`: {0}")]
    Walk(#[from] walkdir::Error),
    /// A glob that is none.
    #[error("identity.files: `{glob}` is not a pattern: {why}")]
    Glob {
        /// As written.
        glob: String,
        /// Why.
        why: String,
    },
    /// A glob that matches nothing guards nothing.
    #[error("identity.files: `{0}` matches no file")]
    NothingMatches(String),
    /// Too much to be one version.
    #[error("identity.files matches more than {FILES_MAX} files or {BYTES_MAX} bytes: name less")]
    TooMuch,
    /// A key would be sealed.
    #[error(
        "`{path}` holds what looks like a private key or an access key: it would be sealed and deployed; take it out, or name files without it"
    )]
    Secret {
        /// Which file.
        path: String,
    },
    /// Git could not tell.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A value without a canonical form.
    #[error("the identity has no canonical form: {0}")]
    Canonical(#[from] CanonicalError),
    /// The scratch folder could not be made.
    #[error("cannot make a temporary folder: {0}")]
    Scratch(std::io::Error),
}

/// Reads everything that `recipe` names below `root`. `scratch` is a folder for temporary files.
///
/// # Errors
/// See [`SealError`].
pub fn gather(root: &Path, recipe: &Recipe, scratch: &Path) -> Result<Sealed, SealError> {
    let mut contents = BTreeMap::new();
    let mut components: BTreeMap<ComponentName, Component> =
        recipe.values.iter().map(|(name, value)| (name.clone(), Component::Value(value.clone()))).collect();
    for (name, bytes) in &recipe.contents {
        let entry = keep(&mut contents, name.as_str(), bytes.clone(), false)?;
        components.insert(name.clone(), Component::Content(entry));
    }
    if !recipe.files.is_empty() {
        let files = read_files(root, recipe, &mut contents)?;
        components.insert("files".into(), Component::Files(files));
    }
    if !recipe.tree.is_empty() {
        let mut excluded = recipe.excluded.clone();
        excluded.push(".gatewright".to_owned());
        let id = git::tree(root, &recipe.tree, &excluded, scratch)?;
        components.insert("tree".into(), Component::GitTree(id));
    }
    let grade = grade(recipe, &components);
    let manifest = Manifest { format: MANIFEST_FORMAT, drive: recipe.drive, components };
    Ok(Sealed { id: manifest.id()?, manifest, grade, contents })
}

/// How we know. An assembled agent is sent what decides its behaviour; a spawned one is started from the sealed
/// copy; of a hosted one the workspace can only declare, and one that declares nothing is opaque.
fn grade(recipe: &Recipe, components: &BTreeMap<ComponentName, Component>) -> Grade {
    match recipe.drive {
        Drive::Assembled => Grade::Sent,
        Drive::Spawned => Grade::Sealed,
        Drive::Hosted if components.is_empty() => Grade::Opaque,
        Drive::Hosted => Grade::Declared,
    }
}

fn read_files(
    root: &Path,
    recipe: &Recipe,
    contents: &mut BTreeMap<Digest, Vec<u8>>,
) -> Result<BTreeMap<String, FileEntry>, SealError> {
    let mut builder = GlobSetBuilder::new();
    for glob in &recipe.files {
        let compiled = Glob::new(glob)
            .map_err(|error| SealError::Glob { glob: glob.clone(), why: error.kind().to_string() })?;
        builder.add(compiled);
    }
    let set = builder
        .build()
        .map_err(|error| SealError::Glob { glob: recipe.files.join(", "), why: error.kind().to_string() })?;
    let mut files = BTreeMap::new();
    let mut matched = BTreeSet::new();
    let mut bytes_left = BYTES_MAX;
    for (path, real) in paths(root, &recipe.excluded)? {
        let globs = set.matches(&path);
        if globs.is_empty() {
            continue;
        }
        matched.extend(globs);
        let bytes = disk::normalised(disk::read(root, &real)?);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        bytes_left = bytes_left.checked_sub(size).ok_or(SealError::TooMuch)?;
        let entry = keep(contents, &path, bytes, executable(&root.join(&real)))?;
        files.insert(path, entry);
        if files.len() > FILES_MAX {
            return Err(SealError::TooMuch);
        }
    }
    match (0..recipe.files.len()).find(|index| !matched.contains(index)) {
        Some(index) => Err(SealError::NothingMatches(recipe.files[index].clone())),
        None => Ok(files),
    }
}

/// Every file below `root`: its path with `/` in NFC, which is the same on every system, and as it is on this disk.
/// Links are not followed.
fn paths(root: &Path, excluded: &[String]) -> Result<BTreeMap<String, String>, SealError> {
    let mut found = BTreeMap::new();
    let inside = |relative: &str| {
        let first = relative.split('/').next().unwrap_or_default();
        let left_out = |path: &String| {
            relative
                .strip_prefix(path.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !matches!(first, ".git" | ".gatewright") && !excluded.iter().any(left_out)
    };
    let relative = |path: &Path| {
        let below = path.strip_prefix(root).unwrap_or(path);
        below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
    };
    let walk = WalkDir::new(root).follow_links(false).into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || inside(&relative(entry.path()))) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let real = relative(entry.path());
            found.insert(real.nfc().collect(), real);
        }
    }
    Ok(found)
}

fn keep(
    contents: &mut BTreeMap<Digest, Vec<u8>>,
    path: &str,
    bytes: Vec<u8>,
    executable: bool,
) -> Result<FileEntry, SealError> {
    if looks_like_a_key(&bytes) {
        return Err(SealError::Secret { path: path.to_owned() });
    }
    let digest = Digest::of_bytes(&bytes);
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    contents.insert(digest, bytes);
    Ok(FileEntry { digest, size, executable })
}

/// Whether the bytes hold a private key in PEM, or a token in the form of a large provider: sealed content is
/// deployed and kept, so a key in it would be too.
fn looks_like_a_key(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let tokens = [("sk-ant-", 40), ("sk-proj-", 40), ("AKIA", 20), ("ghp_", 40), ("xoxb-", 40)];
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text.contains("PRIVATE KEY-----")
        || text.split(|letter| !word(letter)).any(|found| {
            tokens.iter().any(|(prefix, length)| found.starts_with(prefix) && found.len() >= *length)
        })
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn executable(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(files: &[&str]) -> Recipe {
        Recipe {
            drive: Drive::Hosted,
            values: BTreeMap::new(),
            contents: BTreeMap::new(),
            files: files.iter().map(|&glob| glob.to_owned()).collect(),
            tree: Vec::new(),
            excluded: vec!["specs".to_owned()],
        }
    }

    fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, text).expect("written");
        }
        folder
    }

    fn sealed(folder: &tempfile::TempDir, recipe: &Recipe) -> Result<Sealed, SealError> {
        let scratch = tempfile::tempdir().expect("a folder");
        gather(folder.path(), recipe, scratch.path())
    }

    #[test]
    fn the_same_content_is_the_same_version_whatever_the_line_ends() {
        let unix = workspace(&[("src/a.py", "a\nb\n"), ("specs/s.yaml", "x")]);
        let windows = workspace(&[("src/a.py", "a\r\nb\r\n"), ("specs/s.yaml", "y"), (".git/config", "z")]);
        let recipe = recipe(&["**/*.py"]);
        let one = sealed(&unix, &recipe).expect("sealed");
        assert_eq!(one.id, sealed(&windows, &recipe).expect("sealed").id);
        assert_eq!(one.grade, Grade::Declared);
        assert_eq!(one.contents.values().collect::<Vec<_>>(), [b"a\nb\n"]);
    }

    #[test]
    fn another_byte_another_name_or_another_bit_is_another_version() {
        let folder = workspace(&[("src/a.py", "a\n")]);
        let recipe = recipe(&["src/**"]);
        let before = sealed(&folder, &recipe).expect("sealed").id;
        std::fs::write(folder.path().join("src/a.py"), "b\n").expect("written");
        let changed = sealed(&folder, &recipe).expect("sealed").id;
        std::fs::rename(folder.path().join("src/a.py"), folder.path().join("src/b.py")).expect("renamed");
        let renamed = sealed(&folder, &recipe).expect("sealed").id;
        assert_eq!(BTreeSet::from([before, changed, renamed]).len(), 3);
    }

    #[test]
    fn a_name_is_the_same_however_its_letters_are_composed() {
        let (composed, decomposed) = (workspace(&[("é.py", "a")]), workspace(&[("e\u{301}.py", "a")]));
        let recipe = recipe(&["*.py"]);
        assert_eq!(
            sealed(&composed, &recipe).expect("sealed").id,
            sealed(&decomposed, &recipe).expect("sealed").id
        );
    }

    #[test]
    fn the_prompt_counts_by_what_it_says() {
        let folder = workspace(&[]);
        let mut recipe = recipe(&[]);
        recipe.drive = Drive::Assembled;
        recipe.contents.insert("prompt".into(), b"Be kind.\n".to_vec());
        let one = sealed(&folder, &recipe).expect("sealed");
        assert_eq!(one.grade, Grade::Sent);
        assert_eq!(one.manifest.files().keys().collect::<Vec<_>>(), ["prompt"]);
        assert_eq!(one.contents.len(), 1);
    }

    #[test]
    fn what_declares_nothing_is_opaque() {
        let folder = workspace(&[]);
        let sealed = sealed(&folder, &recipe(&[])).expect("sealed");
        assert_eq!(sealed.grade, Grade::Opaque);
        assert!(sealed.manifest.is_opaque());
    }

    #[test]
    fn a_pattern_without_a_file_and_a_file_with_a_key_are_refused() {
        let folder = workspace(&[("a.pem", "-----BEGIN PRIVATE KEY-----\n")]);
        let error = sealed(&folder, &recipe(&["src/**"])).expect_err("nothing matches");
        assert_eq!(error.to_string(), "identity.files: `src/**` matches no file");
        let error = sealed(&folder, &recipe(&["*.pem"])).expect_err("a key");
        assert!(error.to_string().starts_with("`a.pem` holds what looks like a private key"), "{error}");
    }
}
