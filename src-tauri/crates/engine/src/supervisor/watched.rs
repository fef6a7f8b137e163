//! What of a workspace is watched: its file, the spec folder, every file that either names, and whatever the patterns
//! of its agents' identity match.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use gatewright_core::spec::workspace::Workspace;
use globset::Glob;

use super::{
    reading::{self, Reading, WORKSPACE_FILE},
    recipe,
};
use crate::watch::{Names, Tree};

/// What is watched, in the words of the workspace. Equal ones come to equal [`Names`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Watched {
    files: BTreeSet<String>,
    trees: Trees,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Trees {
    /// The spec folder.
    specs: Option<String>,
    /// Of all agents: `identity.files`.
    patterns: BTreeSet<String>,
    /// Of all agents: `identity.tree`.
    paths: BTreeSet<String>,
    /// What no identity holds: the spec folder, targets of adapters.
    excluded: BTreeSet<String>,
}

impl Trees {
    fn of(root: &Path, workspace: &Workspace) -> Self {
        let mut trees = Self { specs: Some(workspace.specs.clone()), ..Self::default() };
        for agent in workspace.agents.values() {
            let recipe = recipe::of(root, workspace, agent);
            trees.patterns.extend(recipe.files);
            trees.paths.extend(recipe.tree);
            trees.excluded.extend(recipe.excluded);
        }
        trees
    }
}

impl Watched {
    /// What `reading` names. While the workspace file has errors, `before` stands for its folders and patterns.
    pub(super) fn of(root: &Path, reading: &Reading, before: &Self) -> Self {
        let mut files = reading.files.clone();
        files.insert(WORKSPACE_FILE.to_owned());
        let trees = reading.workspace.as_ref().map(|workspace| Trees::of(root, workspace));
        Self { files, trees: trees.unwrap_or_else(|| before.trees.clone()) }
    }

    /// Files that `before` did not name.
    pub(super) fn new_files(&self, before: &Self) -> BTreeSet<String> {
        self.files.difference(&before.files).cloned().collect()
    }

    /// As paths below `root`.
    pub(super) fn names(&self, root: &Path) -> Names {
        let mut names = Names {
            files: self.files.iter().map(|file| root.join(file)).collect(),
            trees: self.trees.patterns.iter().filter_map(|pattern| self.pattern(root, pattern)).collect(),
        };
        if let Some(folder) = self.trees.specs.as_ref().filter(|folder| !folder.is_empty()) {
            let takes = Arc::new(|path: &Path, folder: bool| folder || reading::is_spec_file(path));
            names.trees.push(Tree { root: root.join(folder), takes });
        }
        for path in &self.trees.paths {
            // A tree may be one file.
            names.files.insert(root.join(path));
            let inside = self.inside(path);
            names.trees.push(Tree { root: root.join(path), takes: Arc::new(move |path, _| inside(path)) });
        }
        names
    }

    /// The folder that a pattern begins with, and what it matches there.
    fn pattern(&self, root: &Path, pattern: &str) -> Option<Tree> {
        let matcher = Glob::new(pattern).ok()?.compile_matcher();
        let is_plain = |part: &&str| !part.contains(['*', '?', '[', ']', '{', '}', '\\']);
        let parts: Vec<&str> = pattern.split('/').collect();
        let plain = parts.iter().take(parts.len() - 1).take_while(|part| is_plain(part));
        let base: PathBuf = plain.collect();
        let inside = self.inside(&base.to_string_lossy());
        let begin = base.clone();
        let takes =
            move |path: &Path, folder: bool| inside(path) && (folder || matcher.is_match(begin.join(path)));
        Some(Tree { root: root.join(&base), takes: Arc::new(takes) })
    }

    /// Whether a path below `base` can be part of an identity.
    fn inside(&self, base: &str) -> impl Fn(&Path) -> bool + Send + Sync + 'static {
        let never = [".git", ".gatewright"].into_iter().map(PathBuf::from);
        let excluded: Vec<PathBuf> =
            never.chain(self.trees.excluded.iter().map(|path| path.trim_end_matches('/').into())).collect();
        let base: PathBuf = Path::new(base).components().filter(|part| part.as_os_str() != ".").collect();
        move |path| {
            let whole = base.join(path);
            !excluded.iter().any(|left_out| whole.starts_with(left_out))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(tree: &Tree, path: &str) -> bool {
        (tree.takes)(Path::new(path), false)
    }

    #[test]
    fn a_pattern_is_watched_from_the_folder_that_it_begins_with() {
        let trees = Trees { excluded: BTreeSet::from(["src/live".to_owned()]), ..Trees::default() };
        let watched = Watched { files: BTreeSet::new(), trees };
        let tree = watched.pattern(Path::new("/w"), "src/**/*.py").expect("a pattern");
        assert_eq!(tree.root, Path::new("/w/src"));
        assert!(taken(&tree, "a.py") && taken(&tree, "deep/b.py"));
        assert!(!taken(&tree, "a.txt") && !taken(&tree, "live/a.py"));
        let tree = watched.pattern(Path::new("/w"), "*.toml").expect("a pattern");
        assert_eq!(tree.root, Path::new("/w/"));
        assert!(taken(&tree, "a.toml"));
        assert!(!(tree.takes)(Path::new(".git"), true) && !(tree.takes)(Path::new(".gatewright"), true));
        assert!(watched.pattern(Path::new("/w"), "a{").is_none());
    }

    #[test]
    fn while_the_workspace_file_has_errors_its_folders_stay_watched() {
        let trees = Trees { specs: Some("checks".to_owned()), ..Trees::default() };
        let before = Watched { files: BTreeSet::new(), trees: trees.clone() };
        let now = Watched::of(Path::new("/w"), &Reading::default(), &before);
        assert_eq!(now, Watched { files: BTreeSet::from([WORKSPACE_FILE.to_owned()]), trees });
        assert_eq!(now.names(Path::new("/w")).trees[0].root, Path::new("/w/checks"));
    }
}
