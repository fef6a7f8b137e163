//! The JSON Schemas against the reader: they offer the same keys, and accept what it accepts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::spec::{address, agent, case, environment, expect, gate, load, quarantine, reader::Keys, yaml};

fn keys(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let found = schema.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}: {schema:#}"));
    found["properties"].as_object().expect("properties").keys().cloned().collect()
}

#[test]
fn the_schemas_offer_the_keys_that_the_reader_knows() {
    let workspace = schema::workspace();
    let table: [(&str, Keys); 14] = [
        ("", load::WORKSPACE),
        ("/$defs/Defaults", load::DEFAULTS),
        ("/$defs/ChatAgent", agent::CHAT),
        ("/$defs/HttpAgent", agent::HTTP),
        ("/$defs/CommandAgent", agent::COMMAND),
        ("/$defs/Identity", agent::IDENTITY),
        ("/$defs/Limits", agent::LIMITS),
        ("/$defs/Auth", address::AUTH),
        ("/$defs/Environment", environment::ENVIRONMENT),
        ("/$defs/Monitor", environment::MONITOR),
        ("/$defs/Case", case::CASE),
        ("/$defs/Expectation", expect::EXPECTATION),
        ("/$defs/Criterion", gate::CRITERION),
        ("/$defs/Quarantine", quarantine::QUARANTINE),
    ];
    for (pointer, known) in table {
        let known: BTreeSet<String> = known.known.iter().map(|&key| key.to_owned()).collect();
        assert_eq!(keys(&workspace, pointer), known, "{pointer}");
    }
    let spec: BTreeSet<String> = load::SPEC.known.iter().map(|&key| key.to_owned()).collect();
    assert_eq!(keys(&schema::spec(), ""), spec);
}

fn json(text: &str) -> Value {
    yaml::parse("f.yaml", text).root.expect("YAML").to_json()
}

fn errors(schema: &Value, text: &str) -> Vec<String> {
    let validator = pattern::json_schema(schema).expect("a schema");
    validator.iter_errors(&json(text)).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn what_the_reader_accepts_satisfies_the_schemas() {
    let full = include_str!("full.yaml");
    let none: Vec<String> = Vec::new();
    assert_eq!(errors(&schema::workspace(), EIGHT_LINES), none);
    assert_eq!(errors(&schema::workspace(), full), none);
    let (workspace, main) = accepted(EIGHT_LINES);
    assert_eq!(errors(&schema::workspace(), &explain_workspace(&workspace, Some(&main))), none);
    assert_eq!(errors(&schema::spec(), &explain_spec(&main)), none);
}

#[test]
fn what_comes_later_or_never_does_not_satisfy_them() {
    for text in [
        "colour: red",
        "gate: { a: { metric: pass_rate, max_drop: 10%, against: { version: v1 } } }",
        "cases: [{ input: a, expect: { rubric: Be nice. } }]",
        "agents: { a: { type: anthropic-messages, url: 'http://a/v1' } }",
        "agents: { a: { url: 'http://a/v1', auth: { bearer: sk-0123456789 } } }",
        "environments: { a: { deploy: { adapter: git, path: a } } }",
        "deterministic: perhaps",
        "cases: []",
    ] {
        assert!(!errors(&schema::workspace(), text).is_empty(), "{text}");
    }
}

#[test]
fn the_schemas_are_what_they_are() {
    insta::assert_json_snapshot!("schema_of_a_workspace", schema::workspace());
    insta::assert_json_snapshot!("schema_of_a_spec", schema::spec());
}
