//! A folder with a workspace, a user's folder beside it, and the command line in it: nothing of the machine around
//! it is read, and nothing is left behind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::gatewright;

/// A world of its own.
pub struct World {
    root: PathBuf,
    folder: TempDir,
}

/// What a call of the command line said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The words of the call.
    pub words: Vec<String>,
    /// How it ended; none when a signal ended it.
    pub code: Option<i32>,
    /// On standard output.
    pub out: String,
    /// On standard error.
    pub err: String,
}

impl World {
    /// An empty folder.
    ///
    /// # Panics
    /// When there is no room for temporary files.
    #[must_use]
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("a path").join("shop");
        fs::create_dir(&root).expect("a folder");
        Self { root, folder }
    }

    /// The sample, as `init` makes it.
    #[must_use]
    pub fn sample() -> Self {
        let world = Self::empty();
        world.run(&["init", "--sample"]).ends(0);
        world
    }

    /// A workspace of these files, trusted.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let world = Self::empty();
        for (path, text) in files {
            world.write(path, text);
        }
        world.run(&["trust", "--yes"]).ends(0);
        world
    }

    /// The folder of the workspace.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that holds the key, and what the user trusts.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the workspace.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("below the workspace")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Reads a file of the workspace.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Puts `new` in place of `old` in a file of the workspace.
    ///
    /// # Panics
    /// When the file does not hold `old`.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} does not hold `{old}`");
        self.write(path, &text.replacen(old, new, 1));
    }

    /// A call that is not yet started. It sees the words, the two folders and nothing else of this machine.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(gatewright());
        command.args(words).current_dir(&self.root).env_clear();
        // Times are said as the wall's clock has them: the same wherever the suites run.
        command.env("GATEWRIGHT_HOME", self.home()).env("TZ", "UTC");
        for name in ["PATH", "TMPDIR", "SystemRoot"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// Calls the command line and waits until it ends.
    ///
    /// # Panics
    /// When it cannot be started, or says something that is not text.
    pub fn run(&self, words: &[&str]) -> Said {
        self.run_with(words, &[])
    }

    /// The same, with variables.
    ///
    /// # Panics
    /// As [`Self::run`].
    pub fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Said {
        let mut command = self.command(words);
        let output =
            command.envs(variables.iter().copied()).output().expect("the command line can be started");
        Said {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Calls the command line with `--json`; it has to end with `code`.
    ///
    /// # Panics
    /// When it ends otherwise, or prints something else than one document.
    pub fn json(&self, words: &[&str], code: i32) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let said = self.run(&words).ends(code);
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }

    /// Starts a call whose words nobody reads.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(&self, words: &[&str]) -> Child {
        self.start_with(words, &[])
    }

    /// The same, with variables.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn start_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Child {
        let mut command = self.command(words);
        command.envs(variables.iter().copied());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the command line can be started")
    }
}

impl Said {
    /// The same, once it is sure how it ended.
    ///
    /// # Panics
    /// When it ended otherwise.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "gatewright {}\n{}{}", self.words.join(" "), self.out, self.err);
        self
    }
}
