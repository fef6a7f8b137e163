//! Reading a workspace from disk: the one file, the spec folder, everything that either names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use gatewright_core::{
    diagnostic::{Diagnostic, Place, Severity},
    id::{AgentName, SpecName},
    spec::{
        self, FILE_BYTES_MAX, FileProblem, Files, Spec,
        workspace::{Agent, MAIN_SPEC, Workspace},
    },
};
use walkdir::WalkDir;

use super::disk::{self, DiskError};

/// The file that makes a folder a workspace.
pub const WORKSPACE_FILE: &str = "gatewright.yaml";
/// Spec files read, at most.
pub const SPECS_MAX: usize = 10_000;

/// A folder's files, for the core.
struct Disk<'a>(&'a Path);

impl Files for Disk<'_> {
    fn open(&self, path: &str) -> Result<Box<dyn BufRead + '_>, FileProblem> {
        let real = disk::resolve(self.0, path).map_err(problem)?;
        if !real.is_file() {
            return Err(FileProblem::NotAFile);
        }
        let file = File::open(real).map_err(|error| FileProblem::Unreadable(error.to_string()))?;
        Ok(Box::new(BufReader::new(file)))
    }
}

fn problem(error: DiskError) -> FileProblem {
    match error {
        DiskError::Escapes(_) => FileProblem::Outside,
        DiskError::Missing(_) => FileProblem::Missing,
        DiskError::NotAFile(_) => FileProblem::NotAFile,
        DiskError::TooLarge { .. } | DiskError::Io { .. } => FileProblem::Unreadable(error.to_string()),
    }
}

/// A spec file as read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadSpec {
    /// As the file says; the file's name while it cannot be read.
    pub name: SpecName,
    /// Below the workspace, with `/`.
    pub file: String,
    /// Without an error in it.
    pub spec: Option<Spec>,
    /// What it names.
    pub files: BTreeSet<String>,
}

/// A workspace as read.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Reading {
    /// Without an error in it.
    pub workspace: Option<Workspace>,
    /// In the order of their files.
    pub specs: Vec<ReadSpec>,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// Texts that findings are drawn on, by file.
    pub sources: BTreeMap<String, String>,
    /// Everything read or wished for, below the workspace: a change of one is a change of the workspace.
    pub files: BTreeSet<String>,
}

impl Reading {
    /// Errors among the findings.
    #[must_use]
    pub fn errors(&self) -> u32 {
        let errors = self.diagnostics.iter().filter(|found| found.is_error()).count();
        u32::try_from(errors).unwrap_or(u32::MAX)
    }

    /// The agent of a spec.
    #[must_use]
    pub fn agent(&self, name: &AgentName) -> Option<&Agent> {
        self.workspace.as_ref()?.agents.get(name)
    }

    /// Specs without errors.
    pub fn good(&self) -> impl Iterator<Item = &Spec> {
        self.specs.iter().filter_map(|read| read.spec.as_ref())
    }
}

/// Finds the folder with a [`WORKSPACE_FILE`]: `start` or the nearest one above it.
#[must_use]
pub fn find(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(WORKSPACE_FILE).is_file()).map(Path::to_owned)
}

/// Reads the workspace at `root`. With `unsaved`, that text stands for the file of that name.
#[must_use]
pub fn read(root: &Path, unsaved: Option<(&str, &str)>) -> Reading {
    let mut reading = Reading::default();
    let bytes = match bytes(root, WORKSPACE_FILE, unsaved) {
        Ok(bytes) => bytes,
        Err(error) => {
            reading.diagnostics.push(unreadable(WORKSPACE_FILE, &error));
            return reading;
        }
    };
    let parsed = spec::parse_workspace(WORKSPACE_FILE, &bytes, &Disk(root));
    let accepted = parsed.accepted().cloned();
    reading.files.insert(WORKSPACE_FILE.to_owned());
    reading.files.extend(parsed.files.iter().cloned());
    reading.sources.extend(parsed.sources);
    reading.diagnostics.extend(parsed.diagnostics);
    let Some(found) = parsed.value else { return reading };
    let mut understood: Vec<(String, Spec)> = Vec::new();
    understood.extend(found.main.iter().map(|main| (WORKSPACE_FILE.to_owned(), main.clone())));
    if found.workspace.has_main {
        reading.specs.push(ReadSpec {
            name: MAIN_SPEC.into(),
            file: WORKSPACE_FILE.to_owned(),
            spec: accepted.as_ref().and_then(|accepted| accepted.main.clone()),
            files: parsed.files,
        });
    }
    read_specs(root, &found.workspace, unsaved, &mut understood, &mut reading);
    reading.workspace = accepted.map(|accepted| accepted.workspace);
    check_across(&found.workspace, &understood, &mut reading);
    reading
}

fn read_specs(
    root: &Path,
    workspace: &Workspace,
    unsaved: Option<(&str, &str)>,
    understood: &mut Vec<(String, Spec)>,
    reading: &mut Reading,
) {
    let found = match spec_files(root, &workspace.specs) {
        Ok(found) => found,
        Err(found) => {
            reading.diagnostics.push(*found);
            return;
        }
    };
    for file in found {
        let bytes = match bytes(root, &file, unsaved) {
            Ok(bytes) => bytes,
            Err(error) => {
                reading.diagnostics.push(unreadable(&file, &error));
                continue;
            }
        };
        let parsed = spec::parse_spec(&file, &bytes, workspace, &Disk(root));
        let name = match &parsed.value {
            Some(spec) => spec.name.clone(),
            None => stem(&file).into(),
        };
        understood.extend(parsed.value.clone().map(|spec| (file.clone(), spec)));
        reading.specs.push(ReadSpec {
            name,
            file: file.clone(),
            spec: parsed.accepted().cloned(),
            files: parsed.files.clone(),
        });
        reading.files.insert(file);
        reading.files.extend(parsed.files);
        reading.sources.extend(parsed.sources);
        reading.diagnostics.extend(parsed.diagnostics);
    }
}

/// What only shows when all files stand side by side. Two specs of one name would share their history: neither is
/// used.
fn check_across(workspace: &Workspace, understood: &[(String, Spec)], reading: &mut Reading) {
    let specs: Vec<(&str, &Spec)> = understood.iter().map(|(file, spec)| (file.as_str(), spec)).collect();
    reading.diagnostics.extend(spec::check_across(WORKSPACE_FILE, workspace, &specs));
    let mut count: BTreeMap<SpecName, u32> = BTreeMap::new();
    for read in &reading.specs {
        *count.entry(read.name.clone()).or_default() += 1;
    }
    for read in reading.specs.iter_mut().filter(|read| count[&read.name] > 1) {
        read.spec = None;
    }
}

/// Spec files below `folder`, bytewise ordered.
fn spec_files(root: &Path, folder: &str) -> Result<Vec<String>, Box<Diagnostic>> {
    if folder.is_empty() || !root.join(folder).is_dir() {
        return Ok(Vec::new());
    }
    let real = disk::resolve(root, folder).map_err(|error| Box::new(unreadable(WORKSPACE_FILE, &error)))?;
    let mut files = Vec::new();
    for entry in WalkDir::new(&real).follow_links(false).sort_by_file_name().into_iter().flatten() {
        let is_spec = entry.file_type().is_file() && is_spec_file(entry.path());
        if let (true, Ok(below)) = (is_spec, entry.path().strip_prefix(&real)) {
            let below = below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            files.push(format!("{}/{below}", folder.trim_end_matches('/')));
        }
        if files.len() > SPECS_MAX {
            let message = format!("`{folder}` holds more than {SPECS_MAX} spec files");
            return Err(Box::new(nowhere(WORKSPACE_FILE, "too-many-specs", message)));
        }
    }
    Ok(files)
}

/// Whether a file of the spec folder is a spec, by its name.
pub(super) fn is_spec_file(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    matches!(extension, Some("yaml" | "yml" | "json")) && !hidden
}

/// The bytes of a file, one more than the core reads at most, so that it can say that there are too many.
fn bytes(root: &Path, file: &str, unsaved: Option<(&str, &str)>) -> Result<Vec<u8>, DiskError> {
    if let Some((_, text)) = unsaved.filter(|(name, _)| *name == file) {
        return Ok(text.as_bytes().to_vec());
    }
    let real = disk::resolve(root, file)?;
    let failed = |source| DiskError::Io { path: file.to_owned(), source };
    if !fs::metadata(&real).map_err(failed)?.is_file() {
        return Err(DiskError::NotAFile(file.to_owned()));
    }
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64 + 1;
    File::open(real).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn unreadable(file: &str, error: &DiskError) -> Diagnostic {
    nowhere(file, "file", error.to_string())
}

fn nowhere(file: &str, code: &str, message: String) -> Diagnostic {
    Diagnostic {
        code: code.to_owned(),
        severity: Severity::Error,
        file: file.to_owned(),
        pointer: String::new(),
        place: Place::default(),
        message,
        help: None,
        fix: None,
    }
}

fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
