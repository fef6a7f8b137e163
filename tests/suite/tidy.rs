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
                continue;
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

#[test]
fn continuous_integration_calls_the_one_command_and_nothing_else() {
    let script = std::fs::read_to_string(repository::root().join(".ci/run")).expect(".ci/run");
    let lines: Vec<_> = script.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines, ["exec cargo xtask test"]);
}

#[test]
fn what_a_document_points_to_is_there() {
    for file in repository::files("", &["md"]) {
        let folder = std::path::Path::new(&file.path).parent().expect("a folder");
        // `](target)` of a link, `src="target"` of a picture.
        let links = file.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let pictures = file.text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for target in links.chain(pictures).filter(|target| !target.contains("://") && !target.is_empty()) {
            let path = repository::root().join(folder).join(target);
            assert!(path.exists(), "{} points to {target}", file.path);
        }
    }
}

#[test]
fn the_window_has_the_colour_of_the_page_before_the_page_is_there() {
    let read = |path: &str| std::fs::read_to_string(repository::root().join(path)).expect("a text file");
    let tokens = read("ui/src/styles/tokens.css");
    let surface = tokens.split("--surface:").nth(1).expect("a surface");
    let (light, rest) =
        surface.split_once("light-dark(#").expect("two themes").1.split_once(", #").expect("two");
    let dark = rest.split(')').next().expect("the end");
    let window = read("src-tauri/src/window.rs");
    for (name, colour) in [("SURFACE_LIGHT", light), ("SURFACE_DARK", dark)] {
        let [red, green, blue] = [0, 2, 4].map(|start| &colour[start..start + 2]);
        let line = format!("const {name}: Color = Color(0x{red}, 0x{green}, 0x{blue}, 0xff);");
        assert!(window.contains(&line), "src-tauri/src/window.rs lacks: {line}");
    }
}
