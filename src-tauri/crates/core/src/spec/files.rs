//! Files that a spec names: asked for, never opened here.

use std::io::{BufRead, Read as _};

use super::{
    CONTENT_BYTES_MAX,
    reader::{At, Reader},
    text::decode,
    word,
};

/// What the host gives of a workspace's files.
///
/// Paths are below the workspace, with `/`, without `..`; a link that leads out of it is the host's to refuse.
pub trait Files {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn open(&self, path: &str) -> Result<Box<dyn BufRead + '_>, FileProblem>;
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// It is a folder, a socket, …
    #[error("this is not a file")]
    NotAFile,
    /// A link leads out of the workspace.
    #[error("it leads out of the workspace")]
    Outside,
    /// The system says no, in its words.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// Files in memory, by path.
impl Files for std::collections::BTreeMap<String, Vec<u8>> {
    fn open(&self, path: &str) -> Result<Box<dyn BufRead + '_>, FileProblem> {
        let bytes = self.get(path).ok_or(FileProblem::Missing)?;
        Ok(Box::new(bytes.as_slice()))
    }
}

/// What `file://` begins with.
pub(super) const SCHEME: &str = "file://";

/// A path below the workspace, as `a/b.md`. Refused: absolute paths, `..`, drive letters, `\`.
pub(super) fn below(path: &str) -> Result<String, &'static str> {
    if path.is_empty() {
        return Err("the path is empty");
    }
    if path.len() > 1024 || path.chars().any(char::is_control) {
        return Err("this is no path");
    }
    if path.contains('\\') {
        return Err("paths are written with `/` on every system");
    }
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.starts_with('/') || path.starts_with('~') || drive {
        return Err("the path is absolute");
    }
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
    if steps.contains(&"..") {
        return Err("the path leads out of the workspace");
    }
    if steps.is_empty() { Err("the path names no file") } else { Ok(steps.join("/")) }
}

impl<'f> Reader<'f> {
    /// A path below the workspace; refused where it stands if it leads out.
    pub(super) fn path(&mut self, at: &At<'_>, path: &str) -> Option<String> {
        let found = below(path);
        if let Err(problem) = found {
            let message = format!("`{}`: {problem}", word::shortened(path));
            self.error(at, "path", message, "name a file below the workspace's folder, counted from there");
        }
        found.ok()
    }

    /// A program below the workspace that is not there: no call can be made before it is.
    pub(super) fn program(&mut self, at: &At<'_>, argv: &[String]) {
        let Some(program) = argv.first().filter(|program| program.starts_with("./")) else { return };
        let Ok(path) = below(program) else { return };
        self.named.insert(path.clone());
        if self.files.open(&path).err() == Some(FileProblem::Missing) {
            let help = "paths count from the folder of gatewright.yaml; no call can be made without it";
            self.warn(
                at,
                "program",
                format!("`{}`: there is no such program", word::shortened(program)),
                help,
            );
        }
    }

    /// Opens a file that the text names, and remembers that it does.
    pub(super) fn open(&mut self, at: &At<'_>, path: &str) -> Option<Box<dyn BufRead + 'f>> {
        self.named.insert(path.to_owned());
        match self.files.open(path) {
            Ok(opened) => Some(opened),
            Err(problem) => {
                self.file_problem(at, path, &problem.to_string());
                None
            }
        }
    }

    fn file_problem(&mut self, at: &At<'_>, path: &str, problem: &str) {
        let help = "paths count from the folder of gatewright.yaml";
        self.error(at, "file", format!("`{}`: {problem}", word::shortened(path)), help);
    }

    /// Text in place, or of the file that `file://` names; with the path in the second case.
    pub(super) fn content(&mut self, at: &At<'_>) -> Option<(String, Option<String>)> {
        let text = self.filled(at)?;
        let Some(path) = text.strip_prefix(SCHEME) else {
            return Some((text.to_owned(), None));
        };
        let path = self.path(at, path)?;
        let text = self.whole(at, &path)?;
        Some((text, Some(path)))
    }

    /// The text of a file.
    pub(super) fn whole(&mut self, at: &At<'_>, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let limit = CONTENT_BYTES_MAX as u64 + 1;
        if let Err(error) = self.open(at, path)?.take(limit).read_to_end(&mut bytes) {
            self.file_problem(at, path, &format!("it cannot be read: {error}"));
            return None;
        }
        match decode(&bytes, CONTENT_BYTES_MAX) {
            Ok(text) => Some(text),
            Err(problem) => {
                self.error(at, problem.code(), format!("`{path}`: {problem}"), problem.help());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn paths_stay_below_the_workspace() {
        assert_eq!(below("prompts/system.md").as_deref(), Ok("prompts/system.md"));
        assert_eq!(below("./a//b.md").as_deref(), Ok("a/b.md"));
        assert_eq!(below("a/..b").as_deref(), Ok("a/..b"));
        for path in ["", ".", "/etc/passwd", "../a", "a/../../b", "C:/x", "~/x", "a\\b", "a\0b", "a/.."] {
            assert!(below(path).is_err(), "{path}");
        }
    }
}
