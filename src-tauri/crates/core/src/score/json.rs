//! What an answer must be as JSON: JSON at all, of a schema's shape, with a value at a path.

use jsonschema::Validator;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Answer, Finding, matcher::Test, say};
use crate::spec::{Matcher, pattern};

/// Violations of a schema that a reason names at most.
const VIOLATIONS_SHOWN_MAX: usize = 3;

/// A JSON Schema, compiled. References to other documents are errors: nothing is fetched.
#[derive(Debug)]
pub(super) struct Schema(Validator);

impl Schema {
    pub(super) fn new(schema: &Value) -> Result<Self, String> {
        let validator = pattern::json_schema(schema);
        validator.map(Self).map_err(|why| format!("the JSON Schema cannot be used: {why}"))
    }

    /// What in `value` violates it, in words; `None` when nothing does.
    pub(super) fn violations(&self, value: &Value) -> Option<String> {
        if self.0.is_valid(value) {
            return None;
        }
        let named = self.0.iter_errors(value).take(VIOLATIONS_SHOWN_MAX).map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "the whole".to_owned() } else { format!("`{place}`") };
            format!("at {place}: {}", say::excerpt(&error.to_string()))
        });
        Some(named.collect::<Vec<_>>().join("; "))
    }
}

/// A scorer of JSON.
#[derive(Debug)]
pub(super) enum Json {
    Any,
    Schema(Box<Schema>),
    Path { path: JsonPath, shown: String, is: Test },
}

impl Json {
    pub(super) const fn any() -> Self {
        Self::Any
    }

    pub(super) fn schema(schema: &Value) -> Result<Self, String> {
        Schema::new(schema).map(Box::new).map(Self::Schema)
    }

    pub(super) fn path(path: &str, is: &Matcher) -> Result<Self, String> {
        let parsed = JsonPath::parse(path);
        let parsed =
            parsed.map_err(|error| format!("`{}` is not a JSONPath: {error}", say::excerpt(path)))?;
        Ok(Self::Path { path: parsed, shown: say::excerpt(path), is: Test::new(is)? })
    }

    pub(super) fn find(&self, answer: &Answer<'_>) -> Finding {
        let value = match answer.json() {
            Ok(value) => value,
            Err(error) => {
                let says = say::it_says(answer.text());
                return Finding::no(format!("the answer is not JSON ({error}); {says}"));
            }
        };
        match self {
            Self::Any => Finding::yes("the answer is JSON"),
            Self::Schema(schema) => match schema.violations(value) {
                None => Finding::yes("the answer satisfies the JSON Schema"),
                Some(violations) => {
                    Finding::no(format!("the answer does not satisfy the JSON Schema: {violations}"))
                }
            },
            Self::Path { path, shown, is } => at_path(path, shown, is, value),
        }
    }
}

fn at_path(path: &JsonPath, shown: &str, is: &Test, value: &Value) -> Finding {
    let selected = path.query(value).all();
    if let Some(found) = selected.iter().find(|found| is.holds(found)) {
        return Finding::yes(format!("`{shown}` is {}", say::value(found)));
    }
    match selected.as_slice() {
        [] => Finding::no(format!("the answer's JSON has nothing at `{shown}`; it is {}", say::value(value))),
        [only] => Finding::no(format!("`{shown}` is {}, expected {}", say::value(only), is.words())),
        [first, ..] => Finding::no(format!(
            "none of the {} values at `{shown}` is {}; the first is {}",
            selected.len(),
            is.words(),
            say::value(first)
        )),
    }
}
