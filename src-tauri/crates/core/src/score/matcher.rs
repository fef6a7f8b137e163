//! Tests of one JSON value, as the matchers of JSONPath and tool arguments use them.

use regex::Regex;
use serde_json::Value;

use super::{say, text};
use crate::spec::Matcher;

/// A matcher with its expressions compiled.
#[derive(Debug)]
pub(super) enum Test {
    Present,
    Equals(Value),
    Compare(Comparison, f64),
    Matches(Regex),
    OneOf(Vec<Value>),
    All(Vec<Test>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Gt,
    Ge,
    Lt,
    Le,
}

impl Comparison {
    const fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::Lt => left < right,
            Self::Le => left <= right,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Gt => "greater than",
            Self::Ge => "at least",
            Self::Lt => "less than",
            Self::Le => "at most",
        }
    }
}

impl Test {
    pub(super) fn new(matcher: &Matcher) -> Result<Self, String> {
        Ok(match matcher {
            Matcher::Present => Self::Present,
            Matcher::Equals(value) => Self::Equals(value.clone()),
            Matcher::Gt(limit) => Self::Compare(Comparison::Gt, *limit),
            Matcher::Ge(limit) => Self::Compare(Comparison::Ge, *limit),
            Matcher::Lt(limit) => Self::Compare(Comparison::Lt, *limit),
            Matcher::Le(limit) => Self::Compare(Comparison::Le, *limit),
            Matcher::Matches(pattern) => Self::Matches(text::compile(pattern)?),
            Matcher::OneOf(values) => Self::OneOf(values.clone()),
            Matcher::All(parts) => Self::All(parts.iter().map(Self::new).collect::<Result<_, _>>()?),
        })
    }

    /// Whether `value` satisfies it.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Present => true,
            Self::Equals(wanted) => same(wanted, value),
            Self::Compare(how, limit) => value.as_f64().is_some_and(|number| how.holds(number, *limit)),
            Self::Matches(regex) => value.as_str().is_some_and(|text| regex.is_match(text)),
            Self::OneOf(values) => values.iter().any(|wanted| same(wanted, value)),
            Self::All(parts) => parts.iter().all(|part| part.holds(value)),
        }
    }

    /// What it asks for, to stand after "expected".
    pub(super) fn words(&self) -> String {
        match self {
            Self::Present => "any value".to_owned(),
            Self::Equals(wanted) => say::value(wanted),
            Self::Compare(how, limit) => format!("a number {} {limit}", how.words()),
            Self::Matches(regex) => format!("text that matches `{}`", say::excerpt(regex.as_str())),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                format!("one of {}", say::list(values.iter().map(String::as_str), "or"))
            }
            Self::All(parts) => {
                let parts: Vec<String> = parts.iter().map(Self::words).collect();
                parts.join(" and ")
            }
        }
    }
}

/// Equal by value: 1 and 1.0 are the same number, the order of keys does not count.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left_number), Value::Number(right_number)) => {
            left_number == right_number || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}
