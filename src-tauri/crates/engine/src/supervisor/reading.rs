//! Reading a workspace from disk: the one file, the spec folder, everything that either names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufRead, BufReader, Read as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use gatewright_core::{
    diagnostic::{Diagnostic, Place, Severity},
    id::{AgentName, SpecName},
    spec::{
        self, FILE_BYTES_MAX, FileProblem, Files, Parsed, Spec,
        workspace::{Agent, MAIN_SPEC, Workspace, WorkspaceFile},
    },
    time::Day,
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
    /// The day on which it was read: on another one a quarantine may be over.
    pub today: Day,
    /// Each spec file as it was understood, for reading again.
    understood: BTreeMap<String, Arc<Parsed<Spec>>>,
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

/// Reads the workspace at `root` on a day. With `unsaved`, that text stands for the file of that name.
#[must_use]
pub fn read(root: &Path, today: Day, unsaved: Option<(&str, &str)>) -> Reading {
    read_with(root, today, unsaved, |_, _| None)
}

/// [`read`], where all that changed since `before` is known: a spec is parsed again only where its file, a file that
/// it names or the workspace did.
#[must_use]
pub(super) fn read_again(root: &Path, today: Day, before: &Reading, changed: &BTreeSet<String>) -> Reading {
    let changed: BTreeSet<PathBuf> = changed.iter().map(|file| plain(file)).collect();
    read_with(root, today, None, |workspace, file| {
        let parsed = before.understood.get(file).filter(|_| before.today == today)?;
        let mut files = std::iter::once(file).chain(parsed.files.iter().map(String::as_str));
        let same =
            before.workspace.as_ref() == Some(workspace) && !files.any(|file| changed.contains(&plain(file)));
        same.then(|| Arc::clone(parsed))
    })
}

/// The one way to write a path below the workspace: `./a//b` is `a/b`.
fn plain(path: &str) -> PathBuf {
    Path::new(path).components().filter(|part| *part != Component::CurDir).collect()
}

fn read_with(
    root: &Path,
    today: Day,
    unsaved: Option<(&str, &str)>,
    known: impl Fn(&Workspace, &str) -> Option<Arc<Parsed<Spec>>>,
) -> Reading {
    let mut reading = Reading { today, ..Reading::default() };
    let bytes = match bytes(root, WORKSPACE_FILE, unsaved) {
        Ok(bytes) => bytes,
        Err(error) => {
            reading.diagnostics.push(unreadable(WORKSPACE_FILE, &error));
            return reading;
        }
    };
    let parsed = spec::parse_workspace(WORKSPACE_FILE, &bytes, &Disk(root), today);
    let accepted = parsed.accepted().cloned();
    reading.files.insert(WORKSPACE_FILE.to_owned());
    reading.files.extend(parsed.files.iter().cloned());
    reading.sources.extend(parsed.sources);
    reading.diagnostics.extend(parsed.diagnostics);
    let Some(found) = parsed.value else { return reading };
    if found.workspace.has_main {
        reading.specs.push(ReadSpec {
            name: MAIN_SPEC.into(),
            file: WORKSPACE_FILE.to_owned(),
            spec: accepted.as_ref().and_then(|accepted| accepted.main.clone()),
            files: parsed.files,
        });
    }
    let known = |file: &str| known(&found.workspace, file);
    read_specs(root, &found.workspace, unsaved, known, &mut reading);
    reading.workspace = accepted.map(|accepted| accepted.workspace);
    check_across(&found, &mut reading);
    reading
}

fn read_specs(
    root: &Path,
    workspace: &Workspace,
    unsaved: Option<(&str, &str)>,
    known: impl Fn(&str) -> Option<Arc<Parsed<Spec>>>,
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
        let parsed = match known(&file) {
            Some(parsed) => parsed,
            None => match bytes(root, &file, unsaved) {
                Ok(bytes) => Arc::new(spec::parse_spec(&file, &bytes, workspace, &Disk(root), reading.today)),
                Err(error) => {
                    reading.diagnostics.push(unreadable(&file, &error));
                    continue;
                }
            },
        };
        let name = match &parsed.value {
            Some(spec) => spec.name.clone(),
            None => stem(&file).into(),
        };
        reading.specs.push(ReadSpec {
            name,
            file: file.clone(),
            spec: parsed.accepted().cloned(),
            files: parsed.files.clone(),
        });
        reading.files.insert(file.clone());
        reading.files.extend(parsed.files.iter().cloned());
        reading.sources.extend(parsed.sources.iter().map(|(name, text)| (name.clone(), text.clone())));
        reading.diagnostics.extend(parsed.diagnostics.iter().cloned());
        reading.understood.insert(file, parsed);
    }
}

/// What only shows when all files stand side by side. Two specs of one name would share their history: neither is
/// used.
fn check_across(found: &WorkspaceFile, reading: &mut Reading) {
    let main = found.main.iter().map(|main| (WORKSPACE_FILE, main));
    let files = reading.understood.iter();
    let others = files.filter_map(|(file, parsed)| Some((file.as_str(), parsed.value.as_ref()?)));
    let specs: Vec<(&str, &Spec)> = main.chain(others).collect();
    reading.diagnostics.extend(spec::check_across(WORKSPACE_FILE, &found.workspace, &specs));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn save(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn what_is_read_again_is_what_would_be_read_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let agents = "agents:\n  bot: { type: openai-chat, url: http://127.0.0.1:9/v1, model: m }\n";
        let gate = "gate:\n  quality: { metric: pass_rate, target: 90% }\n";
        let cases = |source: &str| format!("cases:\n  - {source}\n    expect: {{ contains: a }}\n{gate}");
        save(root, "gatewright.yaml", &format!("{agents}specs: ./specs\n"));
        save(root, "specs/plain.yaml", &cases("input: Hello"));
        save(root, "specs/data.yaml", &cases("dataset: data.jsonl\n    input: \"{{ q }}\""));
        save(root, "data.jsonl", "{\"q\": \"one\"}\n");
        let mut before = read(root, Day::default(), None);
        assert_eq!(before.diagnostics, []);
        assert_eq!(before.good().count(), 2);
        let saves = [
            ("data.jsonl", "{\"q\": \"two\"}\n".to_owned(), 1),
            ("specs/plain.yaml", cases("input: Hello again"), 1),
            ("specs/plain.yaml", "cases: [".to_owned(), 1),
            ("specs/new.yaml", cases("input: New"), 2),
            ("gatewright.yaml", format!("{agents}specs: ./specs\nname: other\n"), 0),
            ("gatewright.yaml", "agents: [".to_owned(), 0),
            ("gatewright.yaml", format!("{agents}specs: ./specs\n"), 0),
        ];
        for (file, text, kept) in saves {
            save(root, file, &text);
            let again = read_again(root, Day::default(), &before, &BTreeSet::from([file.to_owned()]));
            assert_eq!(again, read(root, Day::default(), None), "{file}");
            let same = |(file, parsed): &(&String, &Arc<Parsed<Spec>>)| {
                before.understood.get(*file).is_some_and(|before| Arc::ptr_eq(before, parsed))
            };
            assert_eq!(again.understood.iter().filter(same).count(), kept, "{file}");
            before = again;
        }
    }
}
