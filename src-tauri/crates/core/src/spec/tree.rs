//! One located tree for YAML and JSON: every key and value knows its place.
//!
//! It knows nothing of specs. Who reads it hangs every finding on a place.

use crate::diagnostic::Place;

/// Nesting at most: no spec needs more, and whoever walks the tree may recurse.
pub const DEPTH_MAX: usize = 64;
/// Values in a file at most, what aliases stand for included.
pub const NODES_MAX: usize = 200_000;
/// Bytes of text that aliases may add.
pub const ALIAS_BYTES_MAX: usize = 1024 * 1024;

/// A value and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value of JSON's model.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// Within ±(2^53 − 1).
    Integer(i64),
    /// Finite.
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file, keys unique.
    Map(Vec<Entry>),
    /// It was refused, and that was told: nothing more is said of it.
    Refused,
}

/// A key with its value.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) node: Node,
}

impl Node {
    /// What kind of value it is, for a message.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null | Value::Refused => "nothing",
            Value::Bool(_) => "true or false",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// As JSON.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null | Value::Refused => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// Values and bytes of text in it, itself included, and how deep it nests.
    pub(super) fn size(&self) -> Size {
        let mut size = Size { nodes: 1, bytes: 0, depth: 1 };
        let mut below = |node: &Self| {
            let inner = node.size();
            size.nodes += inner.nodes;
            size.bytes += inner.bytes;
            size.depth = size.depth.max(inner.depth + 1);
        };
        match &self.value {
            Value::List(items) => items.iter().for_each(&mut below),
            Value::Map(entries) => {
                for entry in entries {
                    below(&entry.node);
                }
                size.bytes += entries.iter().map(|entry| entry.key.len()).sum::<usize>();
            }
            Value::Text(text) => size.bytes = text.len(),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Refused => {}
        }
        size
    }
}

/// How much a part of a tree holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    pub(super) depth: usize,
}

/// A step of a JSON pointer, escaped (RFC 6901, section 3).
pub(super) fn pointer_step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
