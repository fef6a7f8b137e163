//! What is watched: files and trees by name, and the folders that have to be listened at so that nothing that happens
//! to one of them, or to a link on the way to it, goes unheard.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use walkdir::WalkDir;

/// Links followed on the way to one file, at most: more of them are a circle.
const LINKS_MAX: usize = 40;
/// Entries of all trees looked at, at most.
pub const ENTRIES_MAX: usize = 200_000;

/// Whether a tree holds a path, given below its root; the second says that it is a folder, and then whether to look
/// into it.
pub type Takes = Arc<dyn Fn(&Path, bool) -> bool + Send + Sync>;

/// What is to be watched.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Files, there or wished for.
    pub files: BTreeSet<PathBuf>,
    /// Folders with everything below them.
    pub trees: Vec<Tree>,
}

/// A folder with everything below it that it takes. Links below it are not followed.
#[derive(Clone)]
pub struct Tree {
    /// The folder; it may be missing, and come.
    pub root: PathBuf,
    /// What of it counts.
    pub takes: Takes,
}

impl fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tree").field("root", &self.root).finish_non_exhaustive()
    }
}

/// What the names come to at one moment.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Every file: named, or found in a tree.
    pub(super) files: BTreeSet<PathBuf>,
    /// Folders to listen at, without links in their paths.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Entries of those that matter: files, links, folders on the way.
    spots: BTreeSet<PathBuf>,
    /// Folders of trees: every entry of theirs matters.
    trees: BTreeSet<PathBuf>,
}

impl Found {
    /// Whether something that happened to `path` may matter.
    pub(super) fn minds(&self, path: &Path) -> bool {
        self.spots.contains(path)
            || self.folders.contains(path)
            || path.parent().is_some_and(|folder| self.trees.contains(folder))
    }
}

/// Looks up what `names` come to. Folders on the way are listened at from `root` on, those above it are not.
pub(super) fn find(root: &Path, names: &Names) -> Found {
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let mut search = Search { root: real_root, known: BTreeMap::new(), found: Found::default() };
    for tree in &names.trees {
        search.tree(tree);
    }
    for file in &names.files {
        search.file(file, LINKS_MAX);
    }
    search.found.files.extend(names.files.iter().cloned());
    search.found
}

struct Search {
    root: PathBuf,
    /// Folders resolved so far.
    known: BTreeMap<PathBuf, Option<PathBuf>>,
    found: Found,
}

impl Search {
    fn tree(&mut self, tree: &Tree) {
        let Some(real) = self.folder(&tree.root, LINKS_MAX) else { return };
        self.found.folders.insert(real.clone());
        self.found.trees.insert(real.clone());
        let below = |path: &Path| path.strip_prefix(&real).unwrap_or(path).to_owned();
        let walk = WalkDir::new(&real).follow_links(false).min_depth(1).into_iter();
        let taken = walk
            .filter_entry(|entry| (tree.takes)(&below(entry.path()), entry.file_type().is_dir()))
            .take(ENTRIES_MAX)
            .flatten();
        for entry in taken {
            if entry.file_type().is_dir() {
                self.found.folders.insert(entry.path().to_owned());
                self.found.trees.insert(entry.path().to_owned());
            } else {
                self.found.files.insert(tree.root.join(below(entry.path())));
            }
        }
    }

    /// Listens for everything on the way to the file `path`.
    fn file(&mut self, path: &Path, links_left: usize) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return };
        let Some(folder) = self.folder(parent, links_left) else { return };
        let spot = folder.join(name);
        let target = fs::read_link(&spot).ok();
        self.mind(&folder, spot);
        if let (Some(target), Some(left)) = (target, links_left.checked_sub(1)) {
            self.file(&folder.join(target), left);
        }
    }

    /// The folder `path` without links; none while it is missing. Where it ends, somebody listens for it to come.
    fn folder(&mut self, path: &Path, links_left: usize) -> Option<PathBuf> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let real = self.folder_anew(path, links_left);
        self.known.insert(path.to_owned(), real.clone());
        real
    }

    fn folder_anew(&mut self, path: &Path, links_left: usize) -> Option<PathBuf> {
        let Some(parent) = path.parent() else { return Some(path.to_owned()) };
        let above =
            if parent.as_os_str().is_empty() { parent.to_owned() } else { self.folder(parent, links_left)? };
        match path.components().next_back() {
            Some(Component::Normal(name)) => {
                let spot = above.join(name);
                let Ok(metadata) = fs::symlink_metadata(&spot) else {
                    self.mind(&above, spot);
                    return None;
                };
                if metadata.file_type().is_symlink() {
                    let target = fs::read_link(&spot).ok()?;
                    let left = links_left.checked_sub(1)?;
                    self.mind(&above, spot);
                    return self.folder(&above.join(target), left);
                }
                if spot.starts_with(&self.root) && spot != self.root {
                    self.mind(&above, spot.clone());
                }
                metadata.is_dir().then_some(spot)
            }
            Some(Component::ParentDir) => above.parent().map(Path::to_owned),
            _ => Some(above),
        }
    }

    fn mind(&mut self, folder: &Path, spot: PathBuf) {
        self.found.folders.insert(folder.to_owned());
        self.found.spots.insert(spot);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_link_on_the_way_is_minded_and_a_circle_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("real");
        fs::create_dir_all(root.join("real/deep")).expect("made");
        fs::write(root.join("real/deep/a.md"), "a").expect("written");
        symlink("real", root.join("way")).expect("linked");
        symlink("../way/deep/a.md", root.join("real/b.md")).expect("linked");
        symlink("round", root.join("round")).expect("linked");
        let files = BTreeSet::from([root.join("way/b.md"), root.join("round"), root.join("gone/c.md")]);
        let found = find(&root, &Names { files: files.clone(), trees: Vec::new() });
        assert_eq!(found.files, files);
        let folders: BTreeSet<_> = ["", "real", "real/deep"].map(|name| root.join(name)).into();
        let folders: BTreeSet<_> = folders.into_iter().map(|path| path.components().collect()).collect();
        assert_eq!(found.folders, folders);
        for spot in ["way", "real/b.md", "real/deep/a.md", "round", "gone", "real/deep"] {
            assert!(found.minds(&root.join(spot)), "{spot}");
        }
        assert!(!found.minds(&root.join("other.md")));
    }

    #[test]
    fn a_tree_is_what_it_takes() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("real");
        for path in ["t/a.yaml", "t/b.txt", "t/deep/c.yaml", "t/.git/d.yaml"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "x").expect("written");
        }
        let takes: Takes = Arc::new(|path, folder| {
            if folder { !path.starts_with(".git") } else { path.extension().is_some_and(|end| end == "yaml") }
        });
        let names = Names { files: BTreeSet::new(), trees: vec![Tree { root: root.join("t"), takes }] };
        let found = find(&root, &names);
        assert_eq!(found.files, ["t/a.yaml", "t/deep/c.yaml"].map(|name| root.join(name)).into());
        assert!(found.minds(&root.join("t/deep/new.yaml")));
        assert!(!found.minds(&root.join("t/.git/new.yaml")));
    }
}
