//! What git knows of a workspace, through the `git` program. Where there is none, nothing is known, and that is
//! no error: identity never depends on it unless the workspace asks for a tree.
//!
//! A repository's own configuration can name programs, so this runs only in a folder that is trusted.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use gatewright_core::version::Provenance;

/// Why no tree id could be made.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git`, or it cannot be started.
    #[error("identity.tree needs git, and `git` could not be started: {0}")]
    NotThere(std::io::Error),
    /// Git said no.
    #[error("identity.tree: git {what} said: {said}")]
    Refused {
        /// Which step.
        what: &'static str,
        /// Its words.
        said: String,
    },
}

fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(root)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .args(["-c", "core.fsmonitor=false"])
        .stdin(Stdio::null());
    command
}

fn line(root: &Path, args: &[&str]) -> Option<String> {
    let output = git(root).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}

/// Commit, branch and whether the working tree differs from it; empty outside a repository.
#[must_use]
pub fn provenance(root: &Path) -> Provenance {
    let Some(commit) = line(root, &["rev-parse", "--verify", "HEAD"]) else { return Provenance::default() };
    let branch = line(root, &["symbolic-ref", "--short", "-q", "HEAD"]);
    let status = line(
        root,
        &["status", "--porcelain", "--untracked-files=normal", "--", ".", ":(exclude).gatewright"],
    );
    Provenance { label: None, commit: Some(commit), branch, dirty: status.map(|lines| !lines.is_empty()) }
}

/// The id of the git tree that the content below `paths` would have, clean or dirty, leaving `excluded` out.
/// What git ignores is no part of it. Nothing of the repository is touched: index and objects are temporary.
///
/// # Errors
/// See [`GitError`].
pub fn tree(root: &Path, paths: &[String], excluded: &[String], scratch: &Path) -> Result<String, GitError> {
    let objects = line(root, &["rev-parse", "--git-path", "objects"]).ok_or_else(|| GitError::Refused {
        what: "rev-parse",
        said: "this folder is in no repository; run `git init`, or name files under identity.files"
            .to_owned(),
    })?;
    let index = scratch.join("index");
    let temporary = scratch.join("objects");
    std::fs::create_dir_all(&temporary).map_err(GitError::NotThere)?;
    let with_index = |command: &mut Command| {
        command
            .env("GIT_INDEX_FILE", &index)
            .env("GIT_OBJECT_DIRECTORY", &temporary)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", root.join(&objects));
    };
    let mut add = git(root);
    add.args(["add", "--all", "--"]).args(paths);
    add.args(excluded.iter().map(|path| format!(":(exclude){path}")));
    with_index(&mut add);
    said("add", &mut add)?;
    let mut write = git(root);
    write.arg(OsStr::new("write-tree"));
    with_index(&mut write);
    said("write-tree", &mut write).map(|id| id.trim_end().to_owned())
}

fn said(what: &'static str, command: &mut Command) -> Result<String, GitError> {
    let output = command.output().map_err(GitError::NotThere)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let words = String::from_utf8_lossy(&output.stderr);
        let first = words.lines().next().unwrap_or("nothing").to_owned();
        Err(GitError::Refused { what, said: first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for args in
            [&["init", "-q"][..], &["config", "user.name", "T"], &["config", "user.email", "t@example.org"]]
        {
            assert!(git(folder.path()).args(args).status().expect("git").success());
        }
        std::fs::write(folder.path().join("a.py"), "print(1)\n").expect("written");
        folder
    }

    fn id(folder: &Path) -> String {
        let scratch = tempfile::tempdir().expect("a folder");
        tree(folder, &[".".to_owned()], &["specs".to_owned()], scratch.path()).expect("a tree")
    }

    #[test]
    fn equal_content_is_one_tree_whether_committed_or_not() {
        let folder = repository();
        let dirty = id(folder.path());
        for args in [&["add", "."][..], &["commit", "-qm", "one"]] {
            assert!(git(folder.path()).args(args).status().expect("git").success());
        }
        assert_eq!(id(folder.path()), dirty);
        std::fs::create_dir(folder.path().join("specs")).expect("created");
        std::fs::write(folder.path().join("specs/a.yaml"), "x").expect("written");
        assert_eq!(id(folder.path()), dirty, "the spec folder is no part of the agent");
        std::fs::write(folder.path().join("a.py"), "print(2)\n").expect("written");
        assert_ne!(id(folder.path()), dirty);
        let known = provenance(folder.path());
        assert_eq!(known.dirty, Some(true));
        assert!(known.commit.is_some());
    }

    #[test]
    fn outside_a_repository_nothing_is_known_and_a_tree_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(provenance(folder.path()), Provenance::default());
        let scratch = tempfile::tempdir().expect("a folder");
        let error = tree(folder.path(), &[".".to_owned()], &[], scratch.path()).expect_err("no repository");
        assert!(error.to_string().contains("git init"), "{error}");
    }
}
