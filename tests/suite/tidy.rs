//! Habits of the house that no linter knows.

use gatewright_tests::repository;

/// Lines of a file at most: beyond that it has two purposes.
const LINES_MAX: usize = 700;

/// What may stand at the top level.
const TOP_LEVEL: [&str; 22] = [
    ".cargo",
    ".ci",
    ".config",
    ".git",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "deny.toml",
    "icons",
    "rustfmt.toml",
    "specs",
    "src-tauri",
    "target",
    "tests",
    "ui",
];

#[test]
fn no_file_is_longer_than_a_person_reads_at_once() {
    for file in repository::files("", &["rs", "ts", "svelte", "css", "sql"]) {
        let lines = file.text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", file.path);
    }
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    for file in repository::files("", &["rs"]) {
        assert!(file.text.starts_with("//!"), "{} has no module head", file.path);
    }
}

#[test]
fn nothing_is_left_for_later_or_switched_off() {
    // Put together here, so that this file does not hold them.
    let words = ["to", "un", "#[ig", "it.sk", "FIX", "XX"].into_iter().zip([
        "do!(",
        "implemented!(",
        "nore",
        "ip(",
        "ME",
        "X",
    ]);
    let words: Vec<String> = words.map(|(start, end)| format!("{start}{end}")).collect();
    for file in repository::files("", &["rs", "ts", "svelte"]) {
        for word in &words {
            assert!(!file.text.contains(word.as_str()), "{} holds `{word}`", file.path);
        }
    }
}

#[test]
fn versions_of_dependencies_stand_in_one_place() {
    for file in repository::files("", &["toml"]) {
        if !file.path.ends_with("/Cargo.toml") {
            continue;
        }
        let mut section = "";
        for line in file.text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let bound = section.contains("dependencies") && line.contains('=');
            assert!(!bound || line.contains("workspace = true"), "{}: {line}", file.path);
        }
    }
}

#[test]
fn the_top_level_holds_what_it_is_meant_to() {
    let entries = std::fs::read_dir(repository::root()).expect("the repository");
    for entry in entries {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        assert!(TOP_LEVEL.contains(&name.as_str()), "{name} lies at the top level");
    }
}
