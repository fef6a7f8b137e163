//! Expectations of tool calls, and tests of JSON values.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ExpectedCall, Matcher, ToolExpectation,
    expect::{compiled, names, schema},
    pattern,
    reader::{At, Fields, Keys, Reader},
};

const CALL: Keys =
    Keys { what: "a tool call", known: &["name", "args", "exact", "schema"], later: &["result"] };
const MATCHER: Keys = Keys {
    what: "a test of a value",
    known: &["present", "equals", "gt", "ge", "lt", "le", "matches", "one_of"],
    later: &[],
};

/// `tool_call`: one call, by name or in full, or a list of them; others may come beside.
pub(super) fn call(reader: &mut Reader<'_>, at: &At<'_>) -> Option<ToolExpectation> {
    let calls = expected(reader, at);
    (!calls.is_empty()).then_some(ToolExpectation {
        calls,
        ordered: false,
        others: true,
        forbidden: BTreeSet::new(),
    })
}

/// `tool_calls`: calls with their order, and what else may be called.
pub(super) fn calls(reader: &mut Reader<'_>, at: &At<'_>) -> Option<ToolExpectation> {
    const KEYS: Keys =
        Keys { what: "`tool_calls`", known: &["calls", "ordered", "others", "forbidden"], later: &["f1"] };
    let fields = reader.fields(at, KEYS)?;
    let calls = fields.get("calls").map(|value| expected(reader, &value)).unwrap_or_default();
    let flag = |reader: &mut Reader<'_>, key: &str, default| {
        fields.get(key).and_then(|value| reader.boolean(&value)).unwrap_or(default)
    };
    let (ordered, others) = (flag(reader, "ordered", false), flag(reader, "others", true));
    let forbidden = fields.get("forbidden").map(|value| names(reader, &value)).unwrap_or_default();
    if calls.is_empty() && forbidden.is_empty() && others {
        if !fields.has("calls") && !fields.has("forbidden") {
            reader.lacks(&fields, "calls", "`tool_calls`");
        }
        return None;
    }
    Some(ToolExpectation { calls, ordered, others, forbidden })
}

/// `no_tool_call`: `true` for none at all, or the tools that must not be called.
pub(super) fn none(reader: &mut Reader<'_>, at: &At<'_>) -> Option<ToolExpectation> {
    if at.is_text() || at.is_list() {
        let forbidden = names(reader, at);
        return (!forbidden.is_empty()).then_some(ToolExpectation {
            calls: Vec::new(),
            ordered: false,
            others: true,
            forbidden,
        });
    }
    if !reader.boolean(at)? {
        let help = "write `true`, or the tools that must not be called";
        reader.error(at, "out-of-range", "`no_tool_call: false` expects nothing", help);
        return None;
    }
    Some(ToolExpectation { calls: Vec::new(), ordered: false, others: false, forbidden: BTreeSet::new() })
}

fn expected(reader: &mut Reader<'_>, at: &At<'_>) -> Vec<ExpectedCall> {
    if at.is_list() {
        return reader
            .items(at, "tool calls")
            .iter()
            .filter_map(|item| expected_call(reader, item))
            .collect();
    }
    expected_call(reader, at).into_iter().collect()
}

fn expected_call(reader: &mut Reader<'_>, at: &At<'_>) -> Option<ExpectedCall> {
    if at.is_text() {
        let name = reader.filled(at)?.to_owned();
        return Some(ExpectedCall { name, args: BTreeMap::new(), exact: false, schema: None });
    }
    let fields = reader.fields(at, CALL)?;
    let name = reader.required(&fields, "name", "a tool call");
    let name = name.and_then(|value| reader.filled(&value).map(str::to_owned));
    let mut args = BTreeMap::new();
    if let Some(value) = fields.get("args") {
        for entry in reader.entries(&value, "arguments by name") {
            if let Some(matcher) = argument(reader, &value.member(entry)) {
                args.insert(entry.key.clone(), matcher);
            }
        }
    }
    let exact = fields.get("exact").and_then(|value| reader.boolean(&value)).unwrap_or(false);
    let schema = fields.get("schema").and_then(|value| schema(reader, &value));
    Some(ExpectedCall { name: name?, args, exact, schema })
}

/// A map is a test; anything else stands for itself.
fn argument(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Matcher> {
    if !at.is_map() {
        return Some(Matcher::Equals(at.node.to_json()));
    }
    let fields = reader.fields(at, MATCHER)?;
    matchers(reader, &fields)
}

/// The tests among the keys of a map: several must hold together, none means that there is a value at all.
pub(super) fn matchers(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Matcher> {
    let before = reader.diagnostics.len();
    let mut found = Vec::new();
    for key in MATCHER.known {
        if let Some(at) = fields.get(key) {
            found.extend(matcher(reader, key, &at));
        }
    }
    if reader.failed_since(before) {
        return None;
    }
    Some(match found.len() {
        0 => Matcher::Present,
        1 => found.remove(0),
        _ => Matcher::All(found),
    })
}

fn matcher(reader: &mut Reader<'_>, key: &str, at: &At<'_>) -> Option<Matcher> {
    Some(match key {
        "gt" => Matcher::Gt(reader.number(at)?),
        "ge" => Matcher::Ge(reader.number(at)?),
        "lt" => Matcher::Lt(reader.number(at)?),
        "le" => Matcher::Le(reader.number(at)?),
        "matches" => Matcher::Matches(compiled(reader, at, "regex", |text| pattern::regex(text).map(drop))?),
        "one_of" => {
            let values: Vec<_> =
                reader.items(at, "a list of values").iter().map(|item| item.node.to_json()).collect();
            if values.is_empty() {
                reader.error(at, "empty", "nothing is one of none", "name the values");
                return None;
            }
            Matcher::OneOf(values)
        }
        "present" => {
            if !reader.boolean(at)? {
                reader.error(at, "out-of-range", "`present: false` is not a test", "use `not`");
                return None;
            }
            Matcher::Present
        }
        _ => Matcher::Equals(at.node.to_json()),
    })
}
