//! Datasets: one case a row, JSONL or CSV, read row by row.
//!
//! The case is the mould: its texts are templates, compiled once, over the columns of the row. What is wrong with a
//! row is told with the row's own line.

use std::{collections::BTreeMap, io::Read as _};

use serde_json::{Map, Value as Json};

use super::{
    CONTENT_BYTES_MAX, Expectation, Turn,
    case::{Cases, Marks, Stands},
    expect::{Scorers, expectations},
    normalised,
    reader::{At, Fields, Reader},
    row,
    template::Template,
    text::decode,
    tree::{Entry, Node, Value},
    word,
};
use crate::diagnostic::{Diagnostic, Place};

/// Findings in one dataset at most.
const FINDINGS_MAX: usize = 10;
/// Columns that other tools write what is expected into: Inspect, OpenAI evals, DeepEval.
const EXPECTED: [&str; 3] = ["target", "ideal", "expected_output"];

/// The variables of a row, or why it has none, with its place.
type Row = (Place, Result<Map<String, Json>, String>);

/// A dataset while it is read.
struct Dataset<'t> {
    path: String,
    pointer: String,
    /// Of the texts in the case that are templates, by where they begin.
    templates: BTreeMap<u32, Template>,
    name: Option<At<'t>>,
    input: Option<At<'t>>,
    expect: Expect<'t>,
    marks: Marks,
    findings: usize,
}

/// What a dataset expects of the answers.
enum Expect<'t> {
    /// What a column says that other tools know.
    OfTheColumn,
    /// The same of every row: read once.
    Same(Vec<Expectation>),
    /// Filled for every row.
    Template(At<'t>),
}

/// Why a row is no case.
struct Refused {
    code: String,
    message: String,
    help: String,
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self {
            code: "dataset".to_owned(),
            message,
            help: "mend the row, or what the case makes of it".to_owned(),
        }
    }
}

/// Adds a case for every row.
pub(super) fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    at: &At<'_>,
    marks: Marks,
    cases: &mut Cases,
    scorers: &mut Scorers,
) {
    let Some(text) = reader.filled(at) else { return };
    let Some(path) = reader.path(at, text.strip_prefix("file://").unwrap_or(text)) else { return };
    let csv = path.ends_with(".csv");
    if !csv && !path.ends_with(".jsonl") {
        reader.error(at, "dataset", "a dataset is a .jsonl or a .csv file", "rename it, or convert it");
        return;
    }
    let mut dataset = Dataset {
        path,
        pointer: fields.at.pointer.clone(),
        templates: BTreeMap::new(),
        name: fields.get("name"),
        input: fields.get("input"),
        expect: Expect::OfTheColumn,
        marks,
        findings: 0,
    };
    let before = reader.diagnostics.len();
    for part in [&dataset.name, &dataset.input].into_iter().flatten() {
        compile(reader, part, &mut dataset.templates);
    }
    if let Some(expect) = fields.get("expect") {
        let others = dataset.templates.len();
        compile(reader, &expect, &mut dataset.templates);
        dataset.expect = if dataset.templates.len() == others {
            Expect::Same(expectations(reader, &expect, scorers))
        } else {
            check_shape(reader, &expect);
            Expect::Template(expect)
        };
    }
    if reader.failed_since(before) {
        return;
    }
    let Some(opened) = reader.open(at, &dataset.path) else { return };
    let rows: Box<dyn Iterator<Item = Row> + '_> =
        if csv { Box::new(row::csv(opened)) } else { Box::new(row::jsonl(opened)) };
    let mut count = 0_usize;
    for (place, row) in rows {
        count += 1;
        match row {
            Ok(row) => dataset.row(reader, place, &row, cases, scorers),
            Err(problem) => dataset.refuse(reader, place, Refused::from(problem)),
        }
        if dataset.findings >= FINDINGS_MAX {
            break;
        }
    }
    if dataset.findings > 0 {
        keep_text(reader, &dataset.path);
    }
    if count == 0 {
        reader.error(at, "empty", format!("`{}` holds no row", dataset.path), "write one, or leave it out");
    }
}

/// Says what is wrong with an expectation whatever a row holds, where it stands and not once a row.
fn check_shape(reader: &mut Reader<'_>, expect: &At<'_>) {
    const OF_THE_SHAPE: [&str; 4] = ["unknown-key", "needs-newer", "missing-key", "conflict"];
    let mut inner = Reader::new(&reader.file, reader.files, reader.today);
    expectations(&mut inner, expect, &mut Scorers::default());
    let of_the_shape =
        inner.diagnostics.into_iter().filter(|found| OF_THE_SHAPE.contains(&found.code.as_str()));
    of_the_shape.for_each(|found| reader.push(found));
}

/// Keeps the text of a dataset that findings are about, if it is small enough to be shown.
fn keep_text(reader: &mut Reader<'_>, path: &str) {
    let mut bytes = Vec::new();
    let limit = CONTENT_BYTES_MAX as u64 + 1;
    let read = reader.files.open(path).map(|opened| opened.take(limit).read_to_end(&mut bytes));
    if let Ok(Ok(_)) = read
        && let Ok(text) = decode(&bytes, CONTENT_BYTES_MAX)
    {
        reader.sources.insert(path.to_owned(), text);
    }
}

/// Compiles every text that is a template.
fn compile(reader: &mut Reader<'_>, at: &At<'_>, templates: &mut BTreeMap<u32, Template>) {
    match &at.node.value {
        Value::Text(text) if Template::is_one(text) => match Template::parse(text) {
            Ok(template) => {
                templates.insert(at.place().start, template);
            }
            Err(error) => {
                let help = "write `{{ column }}`";
                reader.error(at, "template", error.to_string(), help);
            }
        },
        Value::List(items) => {
            for (index, node) in items.iter().enumerate() {
                compile(reader, &at.item(index, node), templates);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                compile(reader, &at.member(entry), templates);
            }
        }
        _ => {}
    }
}

impl Dataset<'_> {
    fn refuse(&mut self, reader: &mut Reader<'_>, place: Place, refused: Refused) {
        self.findings += 1;
        let Refused { code, message, mut help } = refused;
        if self.findings >= FINDINGS_MAX {
            help.push_str("; the rest of the file was not read");
        }
        let mut found = Diagnostic::error(&code, &self.path, &self.pointer, place, message);
        found.help = Some(help);
        reader.push(found);
    }

    fn row(
        &mut self,
        reader: &mut Reader<'_>,
        place: Place,
        row: &Map<String, Json>,
        cases: &mut Cases,
        scorers: &mut Scorers,
    ) {
        let (name, turns) = match self.case(reader, row, scorers) {
            Ok(case) => case,
            Err(refused) => return self.refuse(reader, place, refused),
        };
        let before = reader.diagnostics.len();
        let stands = Stands { file: &self.path, pointer: &self.pointer, place };
        cases.add(reader, &stands, name, turns, self.marks.clone());
        self.findings += reader.diagnostics.len() - before;
    }

    /// The case of a row: its name, if it has one, and its turns.
    fn case(
        &self,
        reader: &mut Reader<'_>,
        row: &Map<String, Json>,
        scorers: &mut Scorers,
    ) -> Result<(Option<String>, Vec<Turn>), Refused> {
        let said = self.turns(row)?;
        let name = self.case_name(row)?;
        let expect = match &self.expect {
            Expect::Same(expect) => expect.clone(),
            Expect::Template(at) => self.expected(reader, &self.filled(at.node, row)?, scorers)?,
            Expect::OfTheColumn => match of_the_column(row)? {
                Some(node) => self.expected(reader, &node, scorers)?,
                None => Vec::new(),
            },
        };
        let mut turns: Vec<Turn> = said.into_iter().map(|user| Turn { user, expect: Vec::new() }).collect();
        if let Some(last) = turns.last_mut() {
            last.expect = expect;
        }
        Ok((name, turns))
    }

    /// The expectations of a row, or the first thing that is wrong with them.
    fn expected(
        &self,
        reader: &mut Reader<'_>,
        node: &Node,
        scorers: &mut Scorers,
    ) -> Result<Vec<Expectation>, Refused> {
        let mut inner = Reader::new(&self.path, reader.files, reader.today);
        let at = At { node, pointer: self.pointer.clone() };
        let expect = expectations(&mut inner, &at, scorers);
        reader.named.append(&mut inner.named);
        match inner.diagnostics.into_iter().find(Diagnostic::is_error) {
            None => Ok(expect),
            Some(found) => {
                let help = found.help.unwrap_or_default();
                Err(Refused { code: found.code, message: found.message, help })
            }
        }
    }

    /// What the user says in this row, turn by turn.
    fn turns(&self, row: &Map<String, Json>) -> Result<Vec<String>, String> {
        if let Some(at) = &self.input {
            return match self.filled(at.node, row)?.value {
                Value::Text(text) if text.trim().is_empty() => Err("the input is empty".to_owned()),
                Value::Text(text) => Ok(vec![normalised(&text)]),
                _ => Err("`input` is not text".to_owned()),
            };
        }
        match row.get("input") {
            Some(Json::String(text)) if !text.trim().is_empty() => Ok(vec![normalised(text)]),
            Some(Json::Array(messages)) if !messages.is_empty() => messages.iter().map(message).collect(),
            Some(_) => Err("`input` is neither text nor a list of messages".to_owned()),
            None => Err("there is no column `input`, and the case has none".to_owned()),
        }
    }

    fn case_name(&self, row: &Map<String, Json>) -> Result<Option<String>, String> {
        if let Some(at) = &self.name {
            return match self.filled(at.node, row)?.value {
                Value::Text(text) if !text.trim().is_empty() => Ok(Some(text)),
                _ => Err("the name is empty".to_owned()),
            };
        }
        let named = ["name", "id"].into_iter().find_map(|column| match row.get(column) {
            Some(Json::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Some(Json::Number(number)) => Some(number.to_string()),
            _ => None,
        });
        Ok(named)
    }

    /// A part of the case with the row's variables in its texts.
    fn filled(&self, node: &Node, row: &Map<String, Json>) -> Result<Node, String> {
        let value = match &node.value {
            Value::Text(text) => match self.templates.get(&node.place.start) {
                None => Value::Text(text.clone()),
                Some(template) => {
                    let filled = template.render(row).map_err(|error| error.to_string())?;
                    if filled.starts_with("file://") {
                        return Err("a row cannot name a file".to_owned());
                    }
                    Value::Text(filled)
                }
            },
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.filled(item, row)).collect::<Result<_, _>>()?)
            }
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|Entry { key, key_place, node }| {
                        Ok(Entry { key: key.clone(), key_place: *key_place, node: self.filled(node, row)? })
                    })
                    .collect::<Result<_, String>>()?,
            ),
            other => other.clone(),
        };
        Ok(Node { place: node.place, value })
    }
}

/// What a column expects that other tools know.
fn of_the_column(row: &Map<String, Json>) -> Result<Option<Node>, String> {
    let Some(value) = EXPECTED.into_iter().find_map(|column| row.get(column)) else { return Ok(None) };
    let texts = match value {
        Json::String(text) => vec![text.clone()],
        Json::Number(number) => vec![number.to_string()],
        Json::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or("what is expected is not a list of texts")?,
        _ => return Err("what is expected is neither text nor a list of texts".to_owned()),
    };
    let place = Place::default();
    let node = |value| Node { place, value };
    let map = |key: &str, inner| {
        node(Value::Map(vec![Entry { key: key.to_owned(), key_place: place, node: inner }]))
    };
    let texts = texts.into_iter().map(|text| node(Value::Text(text))).collect();
    Ok(Some(map("contains", map("any", node(Value::List(texts))))))
}

/// The text of a chat message of the user.
fn message(message: &Json) -> Result<String, String> {
    let role = message.get("role").and_then(Json::as_str).unwrap_or_default();
    if role != "user" {
        return Err(format!(
            "a message of the role `{}` stands in `input`: a case sends what the user says, and the prompt is the agent's",
            word::shortened(role)
        ));
    }
    let text = message.get("content").and_then(Json::as_str).filter(|text| !text.trim().is_empty());
    text.map(normalised).ok_or_else(|| "a message has no text".to_owned())
}
