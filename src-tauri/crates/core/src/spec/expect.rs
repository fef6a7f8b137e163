//! Expectations: what must hold of an answer, read into scorers.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Expectation, GroupRule, LengthUnit, Measure, PureScorer, Scorer, Unit, meaning, pattern,
    reader::{At, Fields, Keys, Reader},
    tool,
    tree::{Node, Value},
    yaml,
};
use crate::id::ScorerId;

/// What an expectation may be; the schema offers the same.
pub(super) const EXPECTATION: Keys = Keys {
    what: "an expectation",
    known: &[
        "exact",
        "contains",
        "starts_with",
        "regex",
        "words",
        "characters",
        "json",
        "json_schema",
        "jsonpath",
        "numeric",
        "tool_call",
        "tool_calls",
        "no_tool_call",
        "latency",
        "first_token",
        "cost",
        "tokens",
        "not",
        "all",
        "any",
        "share",
    ],
    later: &[
        "rubric",
        "judge",
        "similar",
        "similarity",
        "external",
        "program",
        "command",
        "expression",
        "finish",
        "finish_reason",
        "refusal",
        "rouge",
        "edit_distance",
        "token_f1",
        "embedding",
        "weight",
        "pairwise",
    ],
};

/// Tokens and lengths at most that a limit may name.
const COUNT_MAX: u64 = 1_000_000_000;

/// Every scorer of a spec, by what it means.
#[derive(Default)]
pub(super) struct Scorers(pub(super) BTreeMap<ScorerId, Scorer>);

impl Scorers {
    fn add(&mut self, reader: &mut Reader<'_>, at: &At<'_>, scorer: PureScorer) -> Option<Expectation> {
        let scorer = Scorer::Pure(scorer);
        match meaning::scorer(&scorer) {
            Ok(id) => {
                self.0.insert(id, scorer);
                Some(Expectation { scorer: id, negate: false, at_least: Unit::ONE })
            }
            Err(error) => {
                reader.error(at, "number-range", error.to_string(), "write a smaller number, or text");
                None
            }
        }
    }
}

/// All that must hold: text means `contains`; a map names scorers; a list holds such.
pub(super) fn expectations(reader: &mut Reader<'_>, at: &At<'_>, scorers: &mut Scorers) -> Vec<Expectation> {
    if at.is_list() {
        let items = reader.items(at, "a list of expectations");
        if items.is_empty() {
            reader.error(at, "empty", "nothing is expected", "name an expectation, or leave the key out");
        }
        return items.iter().flat_map(|item| several(reader, item, scorers)).collect();
    }
    several(reader, at, scorers)
}

/// The expectations of one text or map.
fn several(reader: &mut Reader<'_>, at: &At<'_>, scorers: &mut Scorers) -> Vec<Expectation> {
    if at.is_text() {
        return contains(reader, at).and_then(|scorer| scorers.add(reader, at, scorer)).into_iter().collect();
    }
    let Some(fields) = reader.fields(at, EXPECTATION) else { return Vec::new() };
    let found: Vec<_> =
        EXPECTATION.known.iter().filter_map(|key| fields.get(key).map(|value| (*key, value))).collect();
    if found.is_empty() && matches!(&at.node.value, Value::Map(entries) if entries.is_empty()) {
        reader.error(at, "empty", "nothing is expected", "name an expectation, or leave the key out");
    }
    found.into_iter().filter_map(|(key, value)| one(reader, key, &value, scorers)).collect()
}

/// One scorer by its key.
fn one(reader: &mut Reader<'_>, key: &str, at: &At<'_>, scorers: &mut Scorers) -> Option<Expectation> {
    let scorer = match key {
        "not" => return negated(reader, at, scorers),
        "all" => group(reader, at, GroupRule::All, scorers)?,
        "any" => group(reader, at, GroupRule::Any, scorers)?,
        "share" => return share(reader, at, scorers),
        "exact" => {
            let (text, case) = text_and_case(reader, at, "`exact`")?;
            PureScorer::Exact { text, case }
        }
        "starts_with" => {
            let (text, case) = text_and_case(reader, at, "`starts_with`")?;
            PureScorer::StartsWith { text, case }
        }
        "contains" => contains(reader, at)?,
        "regex" => PureScorer::Regex {
            pattern: compiled(reader, at, "regex", |text| pattern::regex(text).map(drop))?,
        },
        "words" => length(reader, at, LengthUnit::Words)?,
        "characters" => length(reader, at, LengthUnit::Characters)?,
        "json" => {
            if !reader.boolean(at)? {
                reader.error(
                    at,
                    "out-of-range",
                    "`json: false` expects nothing",
                    "write `not: { json: true }`",
                );
                return None;
            }
            PureScorer::Json
        }
        "json_schema" => PureScorer::JsonSchema { schema: schema(reader, at)? },
        "jsonpath" => json_path(reader, at)?,
        "numeric" => numeric(reader, at)?,
        "tool_call" => PureScorer::ToolCall(tool::call(reader, at)?),
        "tool_calls" => PureScorer::ToolCall(tool::calls(reader, at)?),
        "no_tool_call" => PureScorer::ToolCall(tool::none(reader, at)?),
        "latency" => at_most(Measure::LatencyMs, reader.duration(at)?.0),
        "first_token" => at_most(Measure::FirstTokenMs, reader.duration(at)?.0),
        "cost" => at_most(Measure::CostMicros, reader.money(at)?),
        "tokens" => at_most(Measure::TokensOut, reader.count(at, 1, COUNT_MAX)?),
        _ => return None,
    };
    scorers.add(reader, at, scorer)
}

fn at_most(of: Measure, limit: u64) -> PureScorer {
    PureScorer::AtMost { of, limit }
}

fn negated(reader: &mut Reader<'_>, at: &At<'_>, scorers: &mut Scorers) -> Option<Expectation> {
    let mut parts = expectations(reader, at, scorers);
    let inner = match parts.len() {
        0 => return None,
        1 => parts.remove(0),
        _ => scorers.add(reader, at, PureScorer::Group { how: GroupRule::All, parts })?,
    };
    if inner.at_least != Unit::ONE {
        let help = "say the opposite share instead";
        reader.error(at, "out-of-range", "the opposite of a share is not what it seems", help);
        return None;
    }
    Some(Expectation { negate: !inner.negate, ..inner })
}

fn group(reader: &mut Reader<'_>, at: &At<'_>, how: GroupRule, scorers: &mut Scorers) -> Option<PureScorer> {
    let parts: Vec<Expectation> = reader
        .items(at, "a list of expectations")
        .iter()
        .filter_map(|item| {
            let mut inner = several(reader, item, scorers);
            match inner.len() {
                0 => None,
                1 => Some(inner.remove(0)),
                _ => scorers.add(reader, item, PureScorer::Group { how: GroupRule::All, parts: inner }),
            }
        })
        .collect();
    (!parts.is_empty()).then_some(PureScorer::Group { how, parts })
}

fn share(reader: &mut Reader<'_>, at: &At<'_>, scorers: &mut Scorers) -> Option<Expectation> {
    const KEYS: Keys = Keys { what: "`share`", known: &["of", "at_least"], later: &[] };
    let fields = reader.fields(at, KEYS)?;
    let of = reader.required(&fields, "of", "`share`");
    let at_least = reader.required(&fields, "at_least", "`share`");
    let parts = group(reader, &of?, GroupRule::Share, scorers);
    let threshold = at_least.as_ref().and_then(|value| reader.share(value));
    if threshold == Some(Unit::ZERO) {
        reader.error(&at_least?, "out-of-range", "0 % is always reached", "say more than that");
        return None;
    }
    let expectation = scorers.add(reader, at, parts?)?;
    Some(Expectation { at_least: threshold?, ..expectation })
}

fn text_and_case(reader: &mut Reader<'_>, at: &At<'_>, what: &'static str) -> Option<(String, bool)> {
    if !at.is_map() {
        return Some((reader.filled(at)?.to_owned(), true));
    }
    let fields = reader.fields(at, Keys { what, known: &["text", "case"], later: &[] })?;
    let text = reader.required(&fields, "text", what)?;
    let text = reader.filled(&text)?.to_owned();
    Some((text, case(reader, &fields)))
}

/// Whether case counts; it does unless the author says otherwise.
fn case(reader: &mut Reader<'_>, fields: &Fields<'_>) -> bool {
    fields.get("case").and_then(|value| reader.boolean(&value)).unwrap_or(true)
}

fn contains(reader: &mut Reader<'_>, at: &At<'_>) -> Option<PureScorer> {
    if !at.is_map() {
        let texts = reader.texts(at);
        return (!texts.is_empty()).then_some(PureScorer::Contains { texts, any: false, case: true });
    }
    let fields =
        reader.fields(at, Keys { what: "`contains`", known: &["all", "any", "case"], later: &[] })?;
    let case = case(reader, &fields);
    let (any, texts) = match (fields.get("all"), fields.get("any")) {
        (Some(all), None) => (false, all),
        (None, Some(any)) => (true, any),
        (Some(_), Some(any)) => {
            reader.error(&any, "conflict", "`all` and `any` stand side by side", "write two expectations");
            return None;
        }
        (None, None) => {
            reader.lacks(&fields, "any", "`contains`");
            return None;
        }
    };
    let texts = reader.texts(&texts);
    (!texts.is_empty()).then_some(PureScorer::Contains { texts, any, case })
}

fn length(reader: &mut Reader<'_>, at: &At<'_>, of: LengthUnit) -> Option<PureScorer> {
    let fields = reader.fields(at, Keys { what: "a length", known: &["min", "max"], later: &[] })?;
    let min = fields.get("min").and_then(|value| reader.count(&value, 0, COUNT_MAX));
    let max = fields.get("max").and_then(|value| reader.count(&value, 0, COUNT_MAX));
    match (min, max) {
        (None, None) => {
            if !fields.has("min") && !fields.has("max") {
                reader.lacks(&fields, "max", "a length");
            }
            None
        }
        (Some(min), Some(max)) if min > max => {
            reader.error(at, "out-of-range", "no length is between these", "`min` is at most `max`");
            None
        }
        _ => Some(PureScorer::Length { of, min, max }),
    }
}

/// Text that compiles.
pub(super) fn compiled(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    code: &str,
    compile: impl Fn(&str) -> Result<(), pattern::BadPattern>,
) -> Option<String> {
    let text = reader.filled(at)?;
    if let Err(problem) = compile(text) {
        let help = if code == "regex" {
            "the syntax is that of RE2: no look-around, no back-references; single quotes keep backslashes"
        } else {
            "a JSONPath (RFC 9535) begins with `$`"
        };
        reader.error(at, code, problem.to_string(), help);
        return None;
    }
    Some(text.to_owned())
}

/// A JSON Schema in place, or of the file that `file://` names.
pub(super) fn schema(reader: &mut Reader<'_>, at: &At<'_>) -> Option<serde_json::Value> {
    let schema = json_content(reader, at)?;
    if !(schema.is_object() || schema.is_boolean()) {
        reader.error(at, "json-schema", "a JSON Schema is a map", "write `type: object`, …");
        return None;
    }
    if let Err(problem) = pattern::json_schema(&schema) {
        let help = "references reach no further than the schema itself";
        reader.error(at, "json-schema", problem.to_string(), help);
        return None;
    }
    Some(schema)
}

/// A value in place, or of the JSON or YAML file that `file://` names.
pub(super) fn json_content(reader: &mut Reader<'_>, at: &At<'_>) -> Option<serde_json::Value> {
    if !at.is_text() {
        return Some(at.node.to_json());
    }
    let (text, file) = reader.content(at)?;
    let Some(file) = file else {
        reader.error(at, "wrong-type", "expected a value, found text", "name a file: `file://…`");
        return None;
    };
    let document = yaml::parse(&file, &text);
    let failed = !document.diagnostics.is_empty();
    if failed {
        reader.sources.insert(file.clone(), text);
    }
    for found in document.diagnostics {
        reader.push(found);
    }
    match document.root {
        Some(Node { value: Value::Null, .. }) | None => {
            if !failed {
                reader.error(at, "empty", format!("`{file}` is empty"), "write the value into it");
            }
            None
        }
        Some(root) => (!failed).then(|| root.to_json()),
    }
}

fn json_path(reader: &mut Reader<'_>, at: &At<'_>) -> Option<PureScorer> {
    const KEYS: Keys = Keys {
        what: "`jsonpath`",
        known: &["path", "present", "equals", "gt", "ge", "lt", "le", "matches", "one_of"],
        later: &[],
    };
    let fields = reader.fields(at, KEYS)?;
    let path = reader.required(&fields, "path", "`jsonpath`")?;
    let path = compiled(reader, &path, "jsonpath", |text| pattern::json_path(text).map(drop));
    let is = tool::matchers(reader, &fields);
    Some(PureScorer::JsonPath { path: path?, is: is? })
}

fn numeric(reader: &mut Reader<'_>, at: &At<'_>) -> Option<PureScorer> {
    if !at.is_map() {
        return Some(PureScorer::Numeric { value: number(reader, at)?, tolerance: 0.0 });
    }
    let fields = reader.fields(at, Keys { what: "`numeric`", known: &["value", "tolerance"], later: &[] })?;
    let value = reader.required(&fields, "value", "`numeric`")?;
    let value = number(reader, &value);
    let tolerance = match fields.get("tolerance") {
        None => 0.0,
        Some(at) => match number(reader, &at)? {
            tolerance if tolerance >= 0.0 => tolerance,
            _ => {
                reader.error(&at, "out-of-range", "a tolerance is not negative", "write 0 or more");
                return None;
            }
        },
    };
    Some(PureScorer::Numeric { value: value?, tolerance })
}

/// A number, or text that is one: a variable of a dataset comes as text.
fn number(reader: &mut Reader<'_>, at: &At<'_>) -> Option<f64> {
    if let Value::Text(text) = &at.node.value
        && let Some(number) = text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
    {
        return Some(number);
    }
    reader.number(at)
}

/// Names, each once.
pub(super) fn names(reader: &mut Reader<'_>, at: &At<'_>) -> BTreeSet<String> {
    reader.texts(at).into_iter().collect()
}
