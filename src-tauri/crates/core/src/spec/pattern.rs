//! Patterns that a spec holds, compiled one way for checking and for scoring: linear time, bounded size, no network.

use serde_json_path::JsonPath;

/// A regular expression at most, in bytes.
pub const PATTERN_BYTES_MAX: usize = 4096;
/// A compiled regular expression at most, in bytes: so that compiling takes milliseconds.
pub const PATTERN_COMPILED_BYTES_MAX: usize = 256 * 1024;

/// Brackets of a JSONPath within each other at most, negations counted: its parser calls itself for each, and tries
/// filters within filters in more than one way.
pub const PATH_NESTING_MAX: usize = 8;

/// Why a pattern cannot be used, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

/// A regular expression in the syntax of the `regex` crate: linear time, no look-around, no back-references.
///
/// # Errors
/// It is none, or larger than [`PATTERN_BYTES_MAX`] or [`PATTERN_COMPILED_BYTES_MAX`].
pub fn regex(pattern: &str) -> Result<regex::Regex, BadPattern> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(BadPattern(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes")));
    }
    let built = regex::RegexBuilder::new(pattern).size_limit(PATTERN_COMPILED_BYTES_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            BadPattern("the pattern repeats too much: compiled it is too large".to_owned())
        }
        // The library draws the pattern with a caret; the last line says what is wrong.
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            BadPattern(last.strip_prefix("error: ").unwrap_or(last).to_owned())
        }
    })
}

/// A JSONPath (RFC 9535).
///
/// # Errors
/// It is none.
pub fn json_path(path: &str) -> Result<JsonPath, BadPattern> {
    if path.len() > PATTERN_BYTES_MAX {
        return Err(BadPattern(format!("the path is longer than {PATTERN_BYTES_MAX} bytes")));
    }
    if nesting(path) > PATH_NESTING_MAX {
        return Err(BadPattern(format!("the path nests more than {PATH_NESTING_MAX} deep")));
    }
    JsonPath::parse(path)
        .map_err(|error| BadPattern(format!("at character {}: {}", error.position() + 1, error.message())))
}

/// How deep brackets stand within each other at most. Those in quotes count too: a name that holds so many is none.
fn nesting(path: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for letter in path.chars() {
        match letter {
            '(' | '[' | '!' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// A JSON Schema, of draft 2020-12 unless it says otherwise. References reach no further than the schema itself.
///
/// # Errors
/// It is none, refers to something outside, or holds a pattern that [`regex`] would refuse.
pub fn json_schema(schema: &serde_json::Value) -> Result<jsonschema::Validator, BadPattern> {
    jsonschema::options()
        .offline()
        .with_pattern_options(jsonschema::PatternOptions::regex().size_limit(PATTERN_COMPILED_BYTES_MAX))
        .build(schema)
        .map_err(|error| {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            let short: String = line.chars().take(200).collect();
            match error.instance_path().as_str() {
                "" => BadPattern(short),
                pointer => BadPattern(format!("at {pointer}: {short}")),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_matched_in_linear_time_is_refused() {
        for pattern in ["(a", "(?=a)", r"(a)\1", "(?:a{1000}){1000}", &"a".repeat(5000)] {
            assert!(regex(pattern).is_err(), "{}", &pattern[..pattern.len().min(20)]);
        }
        assert!(regex("(?i)your fault").is_ok());
        assert_eq!(regex("(a").map_err(|error| error.to_string()).err().as_deref(), Some("unclosed group"));
    }

    #[test]
    fn a_schema_reaches_nothing_outside() {
        let outside = serde_json::json!({ "$ref": "http://127.0.0.1:1/schema.json" });
        assert!(json_schema(&outside).is_err());
        let look_around = serde_json::json!({ "pattern": "(?=a)" });
        assert!(json_schema(&look_around).is_err());
        let recursive = serde_json::json!({ "properties": { "next": { "$ref": "#" } } });
        assert!(json_schema(&recursive).is_ok());
    }

    #[test]
    fn a_path_is_refused_with_its_place() {
        assert!(json_path("$.choices[0].message").is_ok());
        assert!(json_path("$.[").is_err());
        assert!(json_path("choices").is_err());
    }
}
