//! One workspace, opened for one call of the command line: every command as a function that returns its document.

mod author;
mod backup;
mod release;
mod run;
mod trust;
mod version;
mod watch;
mod workspace;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gatewright_core::{
    id::VersionId,
    time::Millis,
    version::{Grade, Version},
};
use gatewright_engine::{
    clock::SystemClock,
    supervisor::{
        Engine, Open, TrustWord,
        reading::{self, Reading, WORKSPACE_FILE},
        user::UserFolder,
    },
};

pub use backup::restore;
pub use gatewright_engine::port::demo::{Demo, DemoAddress};
pub use release::PromoteWords;
pub use run::{Progress, RunWords, Tell};
pub use trust::TrustShown;
pub use watch::Hear;
pub use workspace::{HISTORY, check, explain, init, sarif, schema};

use crate::{
    document::VersionDocument,
    error::{ApiError, Code},
};

/// What it takes to open a workspace for one call.
pub struct LocalOptions {
    /// The folder, or one below it; the present one when none.
    pub directory: Option<PathBuf>,
    /// The demo agent.
    pub demo: Option<Arc<dyn Demo>>,
    /// The caller's word on trust: none, `--trust`, `--trust=sha256:…`.
    pub trust: Option<String>,
}

/// One workspace.
pub struct Local {
    engine: Engine,
    reading: Reading,
}

impl Local {
    /// Opens the workspace and reads its files.
    ///
    /// # Errors
    /// There is no workspace, its history cannot be opened, or the word on trust is no digest.
    pub fn open(options: LocalOptions) -> Result<Self, ApiError> {
        let root = root(options.directory.as_deref())?;
        let trust = match options.trust.as_deref() {
            None => TrustWord::None,
            Some("") => TrustWord::ThisCall,
            Some(digest) => {
                let digest = digest
                    .parse()
                    .map_err(|error| ApiError::new(Code::BadArguments, format!("--trust: {error}")))?;
                TrustWord::Exactly(digest)
            }
        };
        let engine = Engine::open(Open {
            root,
            user: UserFolder::find()?,
            clock: Arc::new(SystemClock::default()),
            demo: options.demo,
            host: "cli".to_owned(),
            trust,
        })?;
        let reading = engine.read();
        Ok(Self { engine, reading })
    }

    /// The workspace's name: the file's, or the folder's.
    #[must_use]
    pub fn name(&self) -> String {
        let named =
            self.reading.workspace.as_ref().map(|workspace| workspace.name.clone()).unwrap_or_default();
        let folder = || self.engine.root().file_name().unwrap_or_default().to_string_lossy().into_owned();
        if named.is_empty() { folder() } else { named }
    }

    fn version_document(version: &Version, label: Option<String>) -> VersionDocument {
        VersionDocument {
            id: version.id,
            label,
            dirty: version.provenance.dirty,
            grade: grade(version.grade),
        }
    }

    fn label(&self, version: VersionId) -> Result<Option<String>, ApiError> {
        Ok(self.engine.store().read(|read| read.version(version))?.and_then(|row| row.label))
    }

    /// What a question calls it: its label with its first digits, else those alone.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn named(&self, version: VersionId) -> Result<String, ApiError> {
        let short = version.0.short();
        Ok(self.label(version)?.map_or_else(|| short.clone(), |label| format!("{label} ({short})")))
    }

    /// What a person calls it in a sentence: its label, else its first digits.
    fn called(&self, version: VersionId) -> Result<String, ApiError> {
        Ok(self.label(version)?.unwrap_or_else(|| version.0.short()))
    }
}

/// The folder with the workspace file, at or above `directory`.
fn root(directory: Option<&Path>) -> Result<PathBuf, ApiError> {
    let start = directory.unwrap_or(Path::new("."));
    reading::find(start).ok_or_else(|| {
        ApiError::new(
            Code::NoWorkspace,
            format!("no {WORKSPACE_FILE} in {} or a folder above it", start.display()),
        )
        .hint("`gatewright init` makes a first workspace, `gatewright init --sample` one with a demo agent.")
    })
}

fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Sent => "sent",
        Grade::Sealed => "sealed",
        Grade::Claimed => "claimed",
        Grade::Declared => "declared",
        Grade::Opaque => "opaque",
    }
}

/// A time of a document, RFC 3339, as a clock on this machine's wall has it, with its zone.
#[must_use]
pub fn wall_time(rfc3339: &str) -> String {
    let Ok(time) = rfc3339.parse::<jiff::Timestamp>() else { return rfc3339.to_owned() };
    time.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// RFC 3339 in UTC.
pub(crate) fn time(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|time| time.to_string()).unwrap_or_default()
}
