//! The published JSON Schemas are those of the format that this build reads.

use gatewright_core::spec::schema;
use gatewright_tests::repository;

#[test]
fn the_published_schemas_are_up_to_date() {
    for (name, made) in [("workspace", schema::workspace()), ("spec", schema::spec())] {
        let path = repository::root().join(format!("specs/schema/{name}.schema.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let published: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(published, made, "run `gatewright schema {name} > specs/schema/{name}.schema.json`");
    }
}
