//! The workspace itself: made, checked, explained, verified, looked after.

use std::{collections::BTreeMap, path::Path};

use gatewright_core::{
    diagnostic::{Diagnostic, render, sarif as to_sarif},
    gate::Watch,
    spec::{self, workspace::Workspace},
    time::Day,
};
use gatewright_engine::{
    clock::{Clock as _, SystemClock},
    durable,
    store::Access,
    supervisor::{
        reading::{self, Reading, WORKSPACE_FILE},
        recipe,
        trust::Trust,
        user::UserFolder,
    },
};

use super::{Local, root, wall_time};
use crate::{
    document::{
        CheckDocument, DoctorCheck, DoctorDocument, ExplainDocument, FORMAT, InitDocument, VerifyDocument,
    },
    error::{ApiError, Code},
    fault::of_place,
};

/// What `doctor` calls the check of the history.
pub const HISTORY: &str = "history";

/// Which day it is, for files that are read without a workspace being opened.
fn today() -> Day {
    Day::of(SystemClock::default().now())
}

/// Makes a workspace in `folder`: the eight lines, or the files of the sample. It is trusted as made.
///
/// # Errors
/// There is a workspace already, or nothing can be written.
pub fn init(folder: &Path, sample: Option<&[(&str, &[u8])]>) -> Result<InitDocument, ApiError> {
    let first = spec::init::eight_lines(None);
    let eight: [(&str, &[u8]); 1] = [(WORKSPACE_FILE, first.as_bytes())];
    let files = sample.unwrap_or(&eight);
    let user = UserFolder::find()?;
    check_free(folder, files)?;
    user.prepare()?;
    let unwritable = |error: std::io::Error| {
        ApiError::new(of_place(error.kind()), format!("nothing can be made in {}: {error}", folder.display()))
            .hint("Choose a folder that you can write.")
    };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    for (made, (path, bytes)) in files.iter().enumerate() {
        if let Err(error) = durable::write(&folder.join(path), bytes, false) {
            // A part of a workspace would stand in the way of the next try.
            files[..made].iter().for_each(|(path, _)| drop(std::fs::remove_file(folder.join(path))));
            return Err(unwritable(error));
        }
    }
    let folder = folder.canonicalize().map_err(unwritable)?;
    let made = reading::read(&folder, today(), None);
    if let Some(workspace) = &made.workspace {
        let now = SystemClock::default().now().0;
        let claims = recipe::claims(&folder, workspace);
        let texts = recipe::texts(&folder, &claims);
        Trust::give(&user, &folder, claims, texts, now)?;
    }
    Ok(InitDocument {
        format: FORMAT,
        folder: folder.display().to_string(),
        files: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
    })
}

/// Whether the files can be made in `folder` without replacing anything.
fn check_free(folder: &Path, files: &[(&str, &[u8])]) -> Result<(), ApiError> {
    let refused = |what: String, cure: &str| Err(ApiError::new(Code::Refused, what).hint(cure));
    if folder.exists() && !folder.is_dir() {
        return refused(format!("{} is a file", folder.display()), "Name a folder.");
    }
    if folder.join(WORKSPACE_FILE).exists() {
        let what = format!("{} holds a {WORKSPACE_FILE} already", folder.display());
        return refused(what, "Open it as it is, or choose another folder.");
    }
    for path in files.iter().map(|(path, _)| Path::new(path)) {
        let above = path.ancestors().skip(1).map(|part| folder.join(part)).find(|part| part.is_file());
        let there = Some(folder.join(path)).filter(|path| path.symlink_metadata().is_ok());
        if let Some(found) = above.or(there) {
            let what = format!("{} is in the way of {}", found.display(), path.display());
            return refused(what, "Choose an empty folder.");
        }
    }
    Ok(())
}

/// What is wrong with the workspace's files, drawn for a terminal and as a document. With `paths`, only with those.
///
/// # Errors
/// There is no workspace.
pub fn check(
    directory: Option<&Path>,
    paths: &[String],
    colour: bool,
) -> Result<(CheckDocument, String), ApiError> {
    let (reading, found) = findings(directory, paths)?;
    let drawn = render(&found, &reading.sources, colour);
    let errors = found.iter().filter(|found| found.is_error()).count();
    let checked =
        reading.specs.iter().filter(|spec| wanted(paths).is_none_or(|it| it.contains(&spec.file.as_str())));
    let document = CheckDocument {
        format: FORMAT,
        specs: checked.map(|spec| spec.name.to_string()).collect(),
        errors: u32::try_from(errors).unwrap_or(u32::MAX),
        diagnostics: found,
    };
    Ok((document, drawn))
}

/// The same as SARIF 2.1.0.
///
/// # Errors
/// There is no workspace.
pub fn sarif(directory: Option<&Path>, paths: &[String]) -> Result<serde_json::Value, ApiError> {
    let (reading, found) = findings(directory, paths)?;
    Ok(to_sarif(&found, &reading.sources, env!("CARGO_PKG_VERSION")))
}

/// The files that were asked about; none for all.
fn wanted(paths: &[String]) -> Option<Vec<&str>> {
    let wanted = || paths.iter().map(|path| path.trim_start_matches("./")).collect();
    (!paths.is_empty()).then(wanted)
}

fn findings(directory: Option<&Path>, paths: &[String]) -> Result<(Reading, Vec<Diagnostic>), ApiError> {
    let root = root(directory)?;
    let reading = reading::read(&root, today(), None);
    let wanted = wanted(paths);
    if let Some(unknown) = wanted.iter().flatten().find(|path| !reading.files.contains(**path)) {
        return Err(ApiError::new(Code::NotFound, format!("`{unknown}` is no file of this workspace"))
            .hint("Paths count from the folder of gatewright.yaml."));
    }
    let meant =
        |found: &Diagnostic| wanted.as_ref().is_none_or(|wanted| wanted.contains(&found.file.as_str()));
    let found = reading.diagnostics.iter().filter(|found| meant(found)).cloned().collect();
    Ok((reading, found))
}

/// What each monitor would notice, and when, as comments.
fn monitors(reading: &Reading, workspace: &Workspace) -> String {
    let mut text = String::new();
    for environment in workspace.environments.values() {
        let Some(rule) = &environment.monitor else { continue };
        let found = reading.good().find(|spec| spec.name == rule.spec);
        let Some(watch) = found.and_then(|spec| Watch::of(spec, rule).ok()) else { continue };
        text.push_str(&format!("\n# The monitor of {}, which this build does not ask:\n", environment.name));
        for sentence in watch.outlook().sentences(&watch) {
            text.push_str(&format!("# {sentence}\n"));
        }
    }
    text
}

/// The workspace with every default filled in: each file as YAML, and all of them as one document.
///
/// # Errors
/// There is no workspace, or its file has errors.
pub fn explain(directory: Option<&Path>) -> Result<(String, ExplainDocument), ApiError> {
    let root = root(directory)?;
    let reading = reading::read(&root, today(), None);
    let Some(workspace) = &reading.workspace else {
        return Err(ApiError::new(Code::BadSpec, format!("{WORKSPACE_FILE} has errors"))
            .hint("`gatewright check` shows them."));
    };
    let main = reading.good().find(|spec| spec.name.as_str() == spec::workspace::MAIN_SPEC);
    let mut text = spec::explain_workspace(workspace, main);
    let mut files = BTreeMap::from([(WORKSPACE_FILE.to_owned(), spec::explained_as_json(&text))]);
    text.push_str(&monitors(&reading, workspace));
    for read in reading.specs.iter().filter(|read| read.file != WORKSPACE_FILE) {
        if let Some(found) = &read.spec {
            let explained = spec::explain_spec(found);
            files.insert(read.file.clone(), spec::explained_as_json(&explained));
            text.push_str(&format!("\n# {}\n{explained}", read.file));
        }
    }
    Ok((text, ExplainDocument { format: FORMAT, files }))
}

/// The JSON Schema of the workspace file, or of a spec file.
#[must_use]
pub fn schema(of_workspace: bool) -> serde_json::Value {
    if of_workspace { spec::schema::workspace() } else { spec::schema::spec() }
}

impl Local {
    /// Checks the log, every signature and every content.
    ///
    /// # Errors
    /// The history cannot be read at all.
    pub fn verify(&self) -> Result<VerifyDocument, ApiError> {
        let verified = self.engine.verify()?;
        Ok(VerifyDocument {
            format: FORMAT,
            holds: verified.findings.is_empty(),
            events: verified.events,
            signatures: verified.signatures,
            objects: verified.objects,
            findings: verified.findings.iter().map(ToString::to_string).collect(),
        })
    }

    /// Computes again what is derived from recorded answers. How many values differed.
    ///
    /// # Errors
    /// The history cannot be read or written.
    pub async fn rebuild(&self) -> Result<u64, ApiError> {
        Ok(self.engine.rebuild().await?)
    }

    /// The state of workspace, history and trust.
    ///
    /// # Errors
    /// The history cannot be read at all.
    pub fn doctor(&self) -> Result<DoctorDocument, ApiError> {
        let errors = self.reading.errors();
        let files = if errors == 0 {
            "every file is well".to_owned()
        } else {
            format!("{errors} errors: `gatewright check`")
        };
        let state = self.engine.store().read(|read| read.state())?;
        let access = match self.engine.store().access() {
            Access::Writable => "can be written".to_owned(),
            Access::ReadOnlyFolder => "the folder cannot be written: nothing is recorded".to_owned(),
            Access::Newer { .. } => "a newer Gatewright wrote it: it is shown, and not changed".to_owned(),
        };
        let trust = match &self.reading.workspace {
            Some(workspace) => self.engine.trust(workspace)?.is_given(),
            None => false,
        };
        let open = self.engine.store().read(|read| read.open_releases())?.len();
        let trusted = if trust {
            "trusted with all that it asks for"
        } else {
            "not trusted: `gatewright trust` shows what it asks for"
        };
        let settled = if open == 0 {
            "every release is settled".to_owned()
        } else {
            format!("{open} open: `gatewright settle`")
        };
        let backups = self.backups()?;
        let kept = match backups.first() {
            Some(newest) => format!("{}, the newest of {}", backups.len(), wall_time(&newest.at)),
            None => "none yet: one is made after each release, and hourly while something changes".to_owned(),
        };
        let check = |what: &str, well: bool, says: String| DoctorCheck { what: what.to_owned(), well, says };
        Ok(DoctorDocument {
            format: FORMAT,
            checks: vec![
                check("files", errors == 0, files),
                check(
                    HISTORY,
                    state.is_well(),
                    if state.is_well() {
                        "holds together".to_owned()
                    } else {
                        "damaged: `gatewright verify` says where".to_owned()
                    },
                ),
                check("writing", *self.engine.store().access() == Access::Writable, access),
                check("trust", trust, trusted.to_owned()),
                check("releases", open == 0, settled),
                check("backups", true, kept),
            ],
            backups,
        })
    }

    pub(super) fn workspace(&self) -> Result<&Workspace, ApiError> {
        self.reading.workspace.as_ref().ok_or_else(|| {
            ApiError::new(Code::BadSpec, format!("{WORKSPACE_FILE} has errors"))
                .hint("`gatewright check` shows them.")
        })
    }
}
