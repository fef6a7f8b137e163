//! Expectations and scorers, as the schema offers them.
#![expect(dead_code, reason = "the schema is derived from the fields; nobody reads them")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use super::{Money, Share, Texts, Time};

/// `true`.
#[derive(JsonSchema)]
pub(super) struct True(#[schemars(extend("const" = true))] bool);

/// What must hold: text that the answer contains, scorers, or a list of such.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Expectations {
    Contains(String),
    One(Box<Expectation>),
    Several(#[schemars(length(min = 1))] Vec<OneExpectation>),
}

/// Text that the answer contains, or scorers.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum OneExpectation {
    Contains(String),
    Scorers(Box<Expectation>),
}

/// Scorers; with several keys all must hold.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Expectation {
    /// The answer is this text.
    exact: Option<CasedText>,
    /// The answer contains text.
    contains: Option<Contains>,
    /// The answer begins with text.
    starts_with: Option<CasedText>,
    /// The answer matches a regular expression: linear time, no look-around.
    regex: Option<String>,
    /// Words in the answer.
    words: Option<Length>,
    /// Characters in the answer.
    characters: Option<Length>,
    /// The answer is JSON.
    json: Option<True>,
    /// The answer is JSON that satisfies a schema: in place, or `file://…`.
    json_schema: Option<Value>,
    /// What a JSONPath selects in the answer.
    jsonpath: Option<AtPath>,
    /// The answer holds a number.
    numeric: Option<Numeric>,
    /// The agent calls a tool.
    tool_call: Option<ToolCalls>,
    /// The agent calls tools as described.
    tool_calls: Option<ToolExpectation>,
    /// The agent calls no tool, or none of these.
    no_tool_call: Option<NoToolCall>,
    /// The whole call takes at most this.
    latency: Option<Time>,
    /// The first content comes within this.
    first_token: Option<Time>,
    /// The trial costs at most this.
    cost: Option<Money>,
    /// The answer has at most so many tokens.
    #[schemars(range(min = 1))]
    tokens: Option<u64>,
    /// The opposite.
    not: Option<Box<Expectations>>,
    /// Every one of these.
    all: Option<Vec<OneExpectation>>,
    /// One of these.
    any: Option<Vec<OneExpectation>>,
    /// A share of these.
    share: Option<ShareOf>,
}

/// A scorer that runs on every case, or on those with a tag.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum NamedScorer {
    Contains(String),
    Scorer(Box<Tagged>),
}

/// A scorer with the tags that it is for.
#[derive(JsonSchema)]
pub(super) struct Tagged {
    /// Only on cases with one of these tags.
    tag: Option<Texts>,
}

/// Text; case counts unless it says otherwise.
#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
pub(super) enum CasedText {
    Text(String),
    Full { text: String, case: Option<bool> },
}

/// Text, or several; case counts unless it says otherwise.
#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
pub(super) enum Contains {
    Text(String),
    All(#[schemars(length(min = 1))] Vec<String>),
    Full {
        /// Every one of these.
        all: Option<Texts>,
        /// One of these.
        any: Option<Texts>,
        case: Option<bool>,
    },
}

/// Limits of a length, ends included.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Length {
    min: Option<u64>,
    max: Option<u64>,
}

/// A test of a value; with several keys all must hold, with none there is a value at all.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Test {
    present: Option<True>,
    equals: Option<Value>,
    gt: Option<f64>,
    ge: Option<f64>,
    lt: Option<f64>,
    le: Option<f64>,
    /// A regular expression.
    matches: Option<String>,
    #[schemars(length(min = 1))]
    one_of: Option<Vec<Value>>,
}

/// A JSONPath with a test of what it selects.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct AtPath {
    /// RFC 9535.
    path: String,
    present: Option<True>,
    equals: Option<Value>,
    gt: Option<f64>,
    ge: Option<f64>,
    lt: Option<f64>,
    le: Option<f64>,
    /// A regular expression.
    matches: Option<String>,
    #[schemars(length(min = 1))]
    one_of: Option<Vec<Value>>,
}

/// A number.
#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
pub(super) enum Numeric {
    Number(f64),
    /// A variable of a dataset.
    Text(String),
    Full {
        value: Number,
        tolerance: Option<Number>,
    },
}

/// A number, or a variable of a dataset that is one.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Number {
    Number(f64),
    Text(String),
}

/// A call, or several in any order.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum ToolCalls {
    One(ToolCall),
    Several(Vec<ToolCall>),
}

/// A tool by name, or a call in full.
#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
pub(super) enum ToolCall {
    Name(String),
    Full {
        name: String,
        /// Those not named are free, unless `exact`.
        args: Option<BTreeMap<String, Argument>>,
        /// Whether no other argument may be given.
        exact: Option<bool>,
        /// A JSON Schema of the arguments: in place, or `file://…`.
        schema: Option<Value>,
    },
}

/// A value, or a test of one.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Argument {
    Text(String),
    Number(f64),
    Flag(bool),
    Nothing(()),
    List(Vec<Value>),
    Test(Test),
}

/// Calls, their order, and what else may be called.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ToolExpectation {
    calls: Option<ToolCalls>,
    ordered: Option<bool>,
    /// Whether others are allowed: yes unless it says otherwise.
    others: Option<bool>,
    forbidden: Option<Texts>,
}

/// `true` for no tool at all, or the tools that must not be called.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum NoToolCall {
    None(True),
    Tools(Texts),
}

/// A share of several expectations.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ShareOf {
    #[schemars(length(min = 1))]
    of: Vec<OneExpectation>,
    at_least: Share,
}
