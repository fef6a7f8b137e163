//! JSON Schemas of the format, for editors and other tools.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::form;

/// The JSON Schema (draft 2020-12) of `gatewright.yaml`.
#[must_use]
pub fn workspace() -> Value {
    schema_of::<form::Workspace>()
}

/// The JSON Schema (draft 2020-12) of a spec file.
#[must_use]
pub fn spec() -> Value {
    schema_of::<form::Spec>()
}

fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    name_scorers(&mut schema);
    without_noise(&mut schema);
    schema
}

/// A named scorer is an expectation with a tag beside it: its keys are the expectation's and `tag`.
fn name_scorers(schema: &mut Value) {
    let Some(expectation) = schema.pointer("/$defs/Expectation/properties").cloned() else { return };
    let Some(tagged) = schema.pointer_mut("/$defs/Tagged") else { return };
    if let (Some(Value::Object(own)), Value::Object(more)) = (tagged.get_mut("properties"), expectation) {
        own.extend(more);
    }
    tagged["additionalProperties"] = json!(false);
}

/// Takes out what says nothing to an author: formats of machine words, and `null` for what may be left out.
fn without_noise(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let machine_word = |format: &Value| {
                matches!(format.as_str(), Some("uint32" | "uint64" | "double" | "uint" | "int64"))
            };
            if members.get("format").is_some_and(machine_word) {
                members.remove("format");
            }
            if let Some(Value::Array(kinds)) = members.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [kind] = kinds.as_slice() {
                    let kind = kind.clone();
                    members.insert("type".to_owned(), kind);
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf")
                && choices.len() == 2
                && choices[1] == json!({ "type": "null" })
                && let Value::Object(only) = choices.swap_remove(0)
            {
                members.remove("anyOf");
                members.extend(only);
            }
            members.values_mut().for_each(without_noise);
        }
        Value::Array(items) => items.iter_mut().for_each(without_noise),
        _ => {}
    }
}
