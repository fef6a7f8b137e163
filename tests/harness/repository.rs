//! This repository, read as text: for tests about the house rather than the product.

use std::{
    fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

/// Folders that hold nothing a person wrote.
const NOT_OURS: [&str; 6] = ["target", "node_modules", "dist", "gen", ".git", "generated"];

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies below the root").to_owned()
}

/// A file of the repository.
pub struct SourceFile {
    /// Path below the root, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Every file a person wrote whose name ends in one of `extensions`, below `folder`, in a fixed order.
///
/// # Panics
/// When the repository cannot be read.
#[must_use]
pub fn files(folder: &str, extensions: &[&str]) -> Vec<SourceFile> {
    let root = root();
    WalkDir::new(root.join(folder))
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0 || !NOT_OURS.contains(&entry.file_name().to_str().unwrap_or_default())
        })
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            let extension = entry.path().extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| extensions.contains(&extension))
        })
        .map(|entry| {
            let path = entry.path().strip_prefix(&root).expect("below the root");
            SourceFile {
                path: path.to_str().expect("a path in UTF-8").replace('\\', "/"),
                text: fs::read_to_string(entry.path()).expect("a text file"),
            }
        })
        .collect()
}
