//! Who may import whom, as tables. A new edge fails here first, and is argued for in the change that adds it.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_tests::repository::{self, SourceFile};
use syn::visit::Visit;

/// Crates of ours that a crate may depend on.
const CRATES: [(&str, &str, &[&str]); 9] = [
    ("src-tauri/crates/stat", "gatewright-stat", &[]),
    ("src-tauri/crates/core", "gatewright-core", &["gatewright-stat"]),
    ("src-tauri/crates/engine", "gatewright-engine", &["gatewright-core"]),
    ("src-tauri/crates/api", "gatewright-api", &["gatewright-core", "gatewright-engine"]),
    ("src-tauri/crates/demo-agent", "gatewright-demo-agent", &[]),
    ("src-tauri/crates/cli", "gatewright-cli", &["gatewright-api", "gatewright-demo-agent"]),
    ("src-tauri", "gatewright-app", &["gatewright-api", "gatewright-demo-agent"]),
    (
        "tests",
        "gatewright-tests",
        &["gatewright-api", "gatewright-core", "gatewright-demo-agent", "gatewright-engine"],
    ),
    ("src-tauri/crates/xtask", "xtask", &[]),
];

/// The modules of core, in order: each may import only what stands before it.
const CORE: [&str; 13] = [
    "id",
    "diagnostic",
    "time",
    "version",
    "spec",
    "plan",
    "observation",
    "score",
    "gate",
    "verdict",
    "selftest",
    "decision",
    "release",
];

/// The modules of engine, with the modules of engine that each may import. `supervisor` is where all meet.
const ENGINE: [(&str, &[&str]); 12] = [
    ("clock", &[]),
    ("durable", &[]),
    ("event", &[]),
    ("port", &["clock", "event"]),
    ("process", &["clock", "port"]),
    ("store", &["durable", "clock", "event"]),
    ("watch", &["clock", "event", "port"]),
    ("agent", &["durable", "clock", "event", "port", "process"]),
    ("run", &["clock", "event", "port"]),
    ("deploy", &["durable", "clock", "event", "port", "process"]),
    ("evidence", &["durable", "clock", "event", "port"]),
    (
        "supervisor",
        &[
            "durable", "clock", "event", "port", "process", "store", "watch", "agent", "run", "deploy",
            "evidence",
        ],
    ),
];

/// Crates that only one of ours may know.
const EXCLUSIVE: [(&str, &[&str]); 7] = [
    ("tauri", &["gatewright-app"]),
    ("gtk", &["gatewright-app"]),
    ("rusqlite", &["gatewright-engine", "gatewright-tests"]),
    ("notify", &["gatewright-engine"]),
    ("clap", &["gatewright-cli"]),
    ("ed25519-dalek", &["gatewright-engine"]),
    (
        "tokio",
        &[
            "gatewright-engine",
            "gatewright-api",
            "gatewright-demo-agent",
            "gatewright-cli",
            "gatewright-app",
            "gatewright-tests",
        ],
    ),
];

/// Crates and modules through which core could reach the world.
const WORLDLY: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "HashMap",
];

#[test]
fn a_crate_depends_only_on_the_crates_of_ours_that_stand_before_it() {
    for (folder, name, allowed) in CRATES {
        let ours: BTreeSet<_> =
            dependencies(folder).into_iter().filter(|found| found.starts_with("gatewright-")).collect();
        let allowed: BTreeSet<String> = allowed.iter().map(|&name| name.to_owned()).collect();
        let new: Vec<_> = ours.difference(&allowed).collect();
        assert!(new.is_empty(), "{name} depends on {new:?}");
    }
}

#[test]
fn every_member_of_the_workspace_stands_in_the_table() {
    let manifests = repository::files("", &["toml"]);
    let members: BTreeSet<_> = manifests
        .iter()
        .filter(|file| file.text.contains("[package]"))
        .filter_map(|file| file.path.strip_suffix("/Cargo.toml"))
        .collect();
    let table: BTreeSet<_> = CRATES.iter().map(|(folder, ..)| *folder).collect();
    assert_eq!(members, table);
}

#[test]
fn what_touches_the_world_is_known_to_one_crate() {
    for (dependency, allowed) in EXCLUSIVE {
        for (folder, name, _) in CRATES {
            let knows = dependencies(folder).contains(dependency);
            assert!(!knows || allowed.contains(&name), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn in_core_a_module_imports_only_modules_that_stand_before_it() {
    for file in repository::files("src-tauri/crates/core/src", &["rs"]) {
        let Some(module) = module_of(&file, "src-tauri/crates/core/src") else { continue };
        let place = CORE.iter().position(|&name| name == module);
        let place = place.unwrap_or_else(|| panic!("{}: `{module}` stands in no table", file.path));
        for import in crate_imports(&file) {
            let allowed = CORE.iter().position(|&name| name == import).is_some_and(|found| found <= place);
            assert!(allowed, "{}: `{module}` imports `{import}`", file.path);
        }
    }
}

#[test]
fn in_engine_a_module_imports_only_what_its_row_names() {
    let table: BTreeMap<_, _> = ENGINE.into_iter().collect();
    for file in repository::files("src-tauri/crates/engine/src", &["rs"]) {
        let Some(module) = module_of(&file, "src-tauri/crates/engine/src") else { continue };
        let allowed = table.get(module.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("{}: `{module}` stands in no table", file.path));
        for import in crate_imports(&file) {
            let known = import == module || allowed.contains(&import.as_str());
            assert!(known, "{}: `{module}` imports `{import}`", file.path);
        }
    }
}

#[test]
fn core_asks_for_nothing() {
    for file in repository::files("src-tauri/crates/core/src", &["rs"]) {
        for word in WORLDLY {
            let found = file
                .text
                .lines()
                .position(|line| line.contains(word) && !line.trim_start().starts_with("//"));
            assert_eq!(found, None, "{}: core mentions {word}", file.path);
        }
    }
}

#[test]
fn only_one_file_of_the_interface_knows_tauri() {
    for file in repository::files("ui/src", &["ts", "svelte"]) {
        let knows = file.text.contains("@tauri-apps");
        assert!(!knows || file.path == "ui/src/lib/platform/tauri.ts", "{} imports @tauri-apps", file.path);
    }
}

#[test]
fn the_page_may_call_one_command_and_hear_events() {
    let capabilities = repository::files("src-tauri/capabilities", &["json"]);
    let [capability] = &capabilities[..] else { panic!("one capability, not {}", capabilities.len()) };
    let capability = json(capability);
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    assert_eq!(
        capability["permissions"],
        serde_json::json!(["allow-call", "core:event:allow-listen", "core:event:allow-unlisten"])
    );
    assert!(capability.get("remote").is_none(), "a page from elsewhere may call");
}

#[test]
fn the_policy_of_the_page_lets_nothing_in_from_elsewhere() {
    let files = repository::files("src-tauri", &["json"]);
    let file = files.iter().find(|file| file.path == "src-tauri/tauri.conf.json").expect("the app's file");
    let security = &json(file)["app"]["security"];
    let policy = security["csp"].as_object().expect("a policy, part by part");
    assert_eq!(policy["default-src"], "'none'");
    assert_eq!(policy["script-src"], "'self'");
    for (part, sources) in policy {
        for source in sources.as_str().expect("sources").split(' ') {
            // The last two are how the page reaches the app itself.
            let ours = ["'none'", "'self'", "ipc:", "http://ipc.localhost"].contains(&source);
            // An attribute cannot run anything, and components set lengths in theirs.
            let length = (part.as_str(), source) == ("style-src-attr", "'unsafe-inline'");
            assert!(ours || length, "{part} admits {source}");
        }
    }
    assert!(security.get("dangerousDisableAssetCspModification").is_none());
}

fn json(file: &SourceFile) -> serde_json::Value {
    serde_json::from_str(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path))
}

/// The names under `[dependencies]` and `[build-dependencies]`, those of one system only included; what tests need
/// does not bind a crate.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let path = repository::root().join(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
        } else if section.ends_with("dependencies")
            && !section.ends_with("dev-dependencies")
            && let Some((name, _)) = line.split_once(['.', ' ', '='])
            && !line.starts_with('#')
        {
            found.insert(name.to_owned());
        }
    }
    found
}

/// The top-level module that a file belongs to; none for the root of the crate.
fn module_of(file: &SourceFile, root: &str) -> Option<String> {
    let below = file.path.strip_prefix(root)?.trim_start_matches('/');
    let first = below.split('/').next()?.trim_end_matches(".rs");
    (first != "lib").then(|| first.to_owned())
}

/// The top-level modules that a file names through `crate::`.
fn crate_imports(file: &SourceFile) -> BTreeSet<String> {
    let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
    let mut imports = Imports::default();
    imports.visit_file(&parsed);
    imports.0
}

#[derive(Default)]
struct Imports(BTreeSet<String>);

impl<'ast> Visit<'ast> for Imports {
    fn visit_use_tree(&mut self, tree: &'ast syn::UseTree) {
        if let syn::UseTree::Path(path) = tree
            && path.ident == "crate"
        {
            match &*path.tree {
                syn::UseTree::Path(inner) => drop(self.0.insert(inner.ident.to_string())),
                syn::UseTree::Name(inner) => drop(self.0.insert(inner.ident.to_string())),
                syn::UseTree::Rename(inner) => drop(self.0.insert(inner.ident.to_string())),
                syn::UseTree::Group(group) => {
                    for item in &group.items {
                        match item {
                            syn::UseTree::Path(inner) => drop(self.0.insert(inner.ident.to_string())),
                            syn::UseTree::Name(inner) => drop(self.0.insert(inner.ident.to_string())),
                            _ => {}
                        }
                    }
                }
                syn::UseTree::Glob(_) => {}
            }
        }
        syn::visit::visit_use_tree(self, tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|first| first.ident == "crate")
            && let Some(second) = segments.next()
        {
            self.0.insert(second.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }
}
