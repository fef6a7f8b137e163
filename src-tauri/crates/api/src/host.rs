//! What a command may ask of whoever serves it.

use std::{future::Future, path::PathBuf, pin::Pin};

use serde::{Deserialize, Serialize};

/// An answer that a person may take their time for.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who serves the commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostKind {
    /// The desktop app.
    Desktop,
    /// The command line.
    Terminal,
    /// The test host, in a browser.
    Browser,
}

/// What the host was started to show.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Opening {
    /// Nothing in particular: the person chooses.
    Home,
    /// The sample workspace.
    Sample,
    /// A workspace's folder.
    Folder {
        /// Where it is; absolute.
        path: PathBuf,
    },
}

/// The narrow door to a host.
pub trait Host: Send + Sync {
    /// Who serves.
    fn kind(&self) -> HostKind;

    /// What it was started to show.
    fn opening(&self) -> Opening;

    /// Asks the person for a folder; none when they would rather not.
    fn pick_folder(&self) -> Pending<'_, Option<PathBuf>>;
}
