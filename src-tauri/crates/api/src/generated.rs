//! Files that are made from the Rust types, committed, and held to them: the contract in TypeScript, which the
//! interface reads, and the JSON Schemas of the two kinds of file, which editors read, and of documents that the
//! command line prints.
//!
//! `GATEWRIGHT_UPDATE=1 cargo test -p gatewright-api` writes them anew.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use gatewright_core::spec::schema;
use ts_rs::{Config, TS, TypeVisitor};

use crate::{
    command,
    document::{BacktestDocument, PlanDocument, SelfTestDocument},
    dto::Event,
    error::ApiError,
};

/// The root of the repository, from this crate.
const ROOT: &str = "../../..";

/// Declarations by name, and the table of commands.
struct Contract {
    config: Config,
    types: BTreeMap<String, String>,
    commands: String,
}

impl Contract {
    fn add<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            // A primitive, or a container: only what it holds has a declaration.
            T::visit_generics(self);
            return;
        }
        let name = T::ident(&self.config);
        if self.types.contains_key(&name) {
            return;
        }
        let declaration = format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(&self.config));
        self.types.insert(name, declaration);
        T::visit_dependencies(self);
    }
}

impl TypeVisitor for Contract {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
}

impl command::Visitor for Contract {
    fn command<A: TS + 'static, R: TS + 'static>(&mut self, name: &str, docs: &[&str]) {
        self.add::<A>();
        self.add::<R>();
        let (args, result) = (A::name(&self.config), R::name(&self.config));
        for doc in docs {
            let _ = writeln!(self.commands, "  /** {} */", doc.trim());
        }
        let _ = writeln!(self.commands, "  {name}: {{ args: {args}; result: {result} }};");
    }
}

/// The whole contract.
fn contract() -> String {
    let config = Config::new().with_large_int("number");
    let mut contract = Contract { config, types: BTreeMap::new(), commands: String::new() };
    command::visit(&mut contract);
    contract.add::<Event>();
    contract.add::<ApiError>();
    let mut text = String::from(
        "// Made from the Rust types by `GATEWRIGHT_UPDATE=1 cargo test -p gatewright-api`. Do not edit.\n\n",
    );
    for declaration in contract.types.values() {
        text.push_str(declaration);
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "/** Every command with its types. */\nexport interface Commands {{\n{}}}",
        contract.commands
    );
    text
}

/// Holds a committed file to what was made, or writes it anew when that is asked for.
fn hold(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(ROOT).join(file);
    if std::env::var_os("GATEWRIGHT_UPDATE").is_some() {
        let folder = path.parent().expect("a file lies in a folder");
        fs::create_dir_all(folder).expect("the folder can be made");
        fs::write(&path, made).expect("the file can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(kept == made, "{file} is not what the Rust types say: run with GATEWRIGHT_UPDATE=1");
}

#[test]
fn generated_typescript_is_up_to_date() {
    hold("ui/src/lib/api/generated/contract.ts", &contract());
}

#[test]
fn committed_schemas_are_up_to_date() {
    for (name, schema) in [("workspace", schema::workspace()), ("spec", schema::spec())] {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        hold(&format!("specs/schema/{name}.schema.json"), &format!("{text}\n"));
    }
}

#[test]
fn committed_schemas_of_documents_are_up_to_date() {
    let documents = [
        ("plan", schemars::schema_for!(PlanDocument)),
        ("selftest", schemars::schema_for!(SelfTestDocument)),
        ("backtest", schemars::schema_for!(BacktestDocument)),
    ];
    for (name, schema) in documents {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        hold(&format!("specs/schema/document/{name}.schema.json"), &format!("{text}\n"));
    }
}

#[test]
fn the_table_of_commands_holds_each_with_its_types() {
    assert!(contract().contains("  run_rows: { args: RunRowsArgs; result: Rows };"));
}
