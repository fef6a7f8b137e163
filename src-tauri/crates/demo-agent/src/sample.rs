//! The sample workspace, carried in the binary: its files, and the prompts of its six versions.

/// A file of the sample by its path.
macro_rules! sample {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../specs/sample/", $path)))),+]
    };
}

/// Every file of the sample: its path below the workspace, with `/`, and its text.
pub const FILES: &[(&str, &str)] = sample![
    "gatewright.yaml",
    "prompts/system.md",
    "prompts/versions/1-first-try.md",
    "prompts/versions/2-better.md",
    "prompts/versions/3-open.md",
    "prompts/versions/4-creative.md",
    "prompts/versions/5-thrifty.md",
    "prompts/versions/6-fixed.md",
    "prompts/versions/README.md",
    "specs/safety.yaml",
    "specs/support.yaml",
    "tools.json",
];

/// The file that holds the prompt in force: one of the versions is copied over it, or a person edits it.
pub const PROMPT: &str = "prompts/system.md";

/// The prompts of the six versions, in order: name and text.
pub fn versions() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().filter_map(|(path, text)| {
        let name = path.strip_prefix("prompts/versions/")?.strip_suffix(".md")?;
        (name != "README").then_some((name, *text))
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    fn below(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                below(&path, root, found);
            } else {
                found.insert(path.strip_prefix(root).expect("below").to_str().expect("UTF-8").to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_sample_is_carried() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../specs/sample");
        let mut found = BTreeSet::new();
        below(&root, &root, &mut found);
        let carried: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(carried, found);
        assert_eq!(versions().count(), 6);
    }
}
