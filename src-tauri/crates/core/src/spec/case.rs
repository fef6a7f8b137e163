//! Cases: inputs and conversations, with what is expected of the answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use unicode_normalization::UnicodeNormalization as _;

use super::{
    Case, Turn, dataset,
    expect::{Scorers, expectations},
    meaning, normalised,
    reader::{At, Fields, Keys, Reader},
    template::Template,
};
use crate::{
    diagnostic::{Diagnostic, Place},
    id::{CaseName, Tag},
};

/// Cases of a spec at most, rows of datasets included.
pub const CASES_MAX: usize = 100_000;
/// `trials` of a case at most.
pub const TRIALS_MAX: u32 = 1_000;
/// Turns of a conversation at most.
pub const TURNS_MAX: usize = 100;
/// Letters of a name that is derived from an input, at most.
const NAME_LETTERS_MAX: usize = 40;

pub(super) const CASE: Keys = Keys {
    what: "a case",
    known: &["name", "input", "turns", "dataset", "expect", "tags", "critical", "trials"],
    later: &["tools", "mocks", "attachments", "images"],
};
pub(super) const TURN: Keys =
    Keys { what: "a turn", known: &["user", "expect"], later: &["tool", "assistant"] };

/// What a case says of itself beside its turns; the rows of a dataset share it.
#[derive(Clone)]
pub(super) struct Marks {
    pub(super) tags: BTreeSet<Tag>,
    pub(super) critical: bool,
    pub(super) trials: NonZeroU32,
}

/// Every case of a spec so far.
#[derive(Default)]
pub(super) struct Cases {
    pub(super) cases: Vec<Case>,
    names: BTreeMap<CaseName, Place>,
    /// Whether the limit was told.
    full: bool,
}

/// Where a case stands.
pub(super) struct Stands<'a> {
    pub(super) file: &'a str,
    pub(super) pointer: &'a str,
    pub(super) place: Place,
}

impl Cases {
    /// Reads the list of cases.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>, at: &At<'_>, scorers: &mut Scorers) {
        let items = reader.items(at, "a list of cases");
        if at.is_list() && items.is_empty() {
            reader.error(at, "empty", "there are no cases", "a spec without cases can never pass: write one");
        }
        for item in items {
            if let Some(fields) = reader.fields(&item, CASE) {
                self.case(reader, &fields, scorers);
            }
        }
    }

    fn case(&mut self, reader: &mut Reader<'_>, fields: &Fields<'_>, scorers: &mut Scorers) {
        let marks = marks(reader, fields);
        let expect = fields.get("expect");
        if let Some(path) = fields.get("dataset") {
            if let Some(turns) = fields.get("turns") {
                let help = "a row of a dataset is one turn: write `input: \"{{ column }}\"`";
                reader.error(&turns, "conflict", "`turns` and `dataset` stand side by side", help);
                return;
            }
            dataset::read(reader, fields, &path, marks, self, scorers);
            return;
        }
        let turns = match (fields.get("input"), fields.get("turns")) {
            (Some(_), Some(turns)) => {
                let help = "`turns` holds its own inputs: keep one of the two";
                reader.error(&turns, "conflict", "`input` and `turns` stand side by side", help);
                return;
            }
            (None, None) => {
                reader.lacks(fields, "input", "a case");
                return;
            }
            (Some(input), None) => {
                let user = said(reader, &input);
                let expect = expect.map(|value| expectations(reader, &value, scorers)).unwrap_or_default();
                user.map(|user| vec![Turn { user, expect }])
            }
            (None, Some(turns)) => conversation(reader, fields, &turns, scorers),
        };
        let name = fields.get("name");
        let given = name.as_ref().and_then(|value| reader.filled(value)).map(str::to_owned);
        let Some(turns) = turns else { return };
        let place = name.as_ref().map_or(fields.at.place(), At::place);
        let file = reader.file.clone();
        let stands = Stands { file: &file, pointer: &fields.at.pointer, place };
        self.add(reader, &stands, given, turns, marks);
    }

    /// Adds a case, or says why its name cannot be.
    pub(super) fn add(
        &mut self,
        reader: &mut Reader<'_>,
        stands: &Stands<'_>,
        given: Option<String>,
        turns: Vec<Turn>,
        marks: Marks,
    ) {
        let mut refuse = |code: &str, message: String, help: &str| {
            let mut found = Diagnostic::error(code, stands.file, stands.pointer, stands.place, message);
            found.help = Some(help.to_owned());
            reader.push(found);
        };
        if self.cases.len() >= CASES_MAX {
            if !std::mem::replace(&mut self.full, true) {
                refuse("too-large", format!("a spec holds {CASES_MAX} cases at most"), "split the spec");
            }
            return;
        }
        let (input, meaning) = match (meaning::input(&turns), meaning::case(&turns)) {
            (Ok(input), Ok(meaning)) => (input, meaning),
            (Err(error), _) | (_, Err(error)) => {
                refuse("number-range", error.to_string(), "write a smaller number, or text");
                return;
            }
        };
        let name = match given {
            Some(given) => {
                let name = CaseName::new(given.nfc().collect::<String>());
                if let Some(first) = self.names.get(&name) {
                    let message = format!("a case named `{name}` stands in line {} already", first.line);
                    refuse(
                        "duplicate-name",
                        message,
                        "name every case once: names hold its history together",
                    );
                    return;
                }
                name
            }
            None => self.free_name(&turns, input.0.hex().as_str()),
        };
        self.names.insert(name.clone(), stands.place);
        self.cases.push(Case {
            name,
            turns,
            tags: marks.tags,
            trials: marks.trials,
            critical: marks.critical,
            input,
            meaning,
            file: stands.file.to_owned(),
            place: stands.place,
        });
    }

    /// A name from the first words of the input; a later case that begins alike gets some of its digest, so that
    /// the order of the others does not matter, and a number if it is the very same input.
    fn free_name(&self, turns: &[Turn], digest: &str) -> CaseName {
        let first = slug(turns.first().map_or("", |turn| &turn.user));
        let with_digest = format!("{first}-{}", &digest[..6]);
        let numbered = (2..).map(|number| format!("{with_digest}-{number}"));
        let names = [first, with_digest.clone()].into_iter().chain(numbered).map(CaseName::new);
        let mut free = names.filter(|name| !self.names.contains_key(name));
        free.next().unwrap_or_else(|| CaseName::new(with_digest))
    }
}

/// The first words of a text in lower case, joined by `-`.
fn slug(text: &str) -> String {
    let mut name = String::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word: String = word.to_lowercase().nfc().collect();
        let letters = name.chars().count() + word.chars().count() + 1;
        if !name.is_empty() && letters > NAME_LETTERS_MAX {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.extend(word.chars().take(NAME_LETTERS_MAX));
    }
    if name.is_empty() { "case".to_owned() } else { name }
}

fn marks(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Marks {
    let tags = fields.get("tags").map(|value| tags(reader, &value)).unwrap_or_default();
    let critical = fields.get("critical").and_then(|value| reader.boolean(&value)).unwrap_or(false);
    let trials = fields.get("trials").and_then(|value| reader.positive(&value, TRIALS_MAX));
    Marks { tags, critical, trials: trials.unwrap_or(NonZeroU32::MIN) }
}

/// One label, or a list of them.
pub(super) fn tags(reader: &mut Reader<'_>, at: &At<'_>) -> BTreeSet<Tag> {
    reader.texts(at).iter().map(|text| Tag::new(text.as_str())).collect()
}

/// What the user says, as it is sent.
fn said(reader: &mut Reader<'_>, at: &At<'_>) -> Option<String> {
    let (text, _) = reader.content(at)?;
    if Template::is_one(&text) {
        let help = "variables come with a `dataset:`; without one the braces are sent as they are";
        reader.warn(at, "template", "this looks like a template, and no variable is known here", help);
    }
    Some(normalised(&text))
}

fn conversation(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    at: &At<'_>,
    scorers: &mut Scorers,
) -> Option<Vec<Turn>> {
    if let Some(expect) = fields.get("expect") {
        let help = "put it beside the `user:` whose answer it is about";
        reader.error(&expect, "conflict", "`expect` stands beside `turns`", help);
    }
    let items = reader.items(at, "a list of turns");
    if items.is_empty() || items.len() > TURNS_MAX {
        let help = format!("a conversation has 1 to {TURNS_MAX} turns");
        reader.error(at, "out-of-range", "the conversation has no turn, or too many", help);
        return None;
    }
    let turns: Vec<Option<Turn>> = items.iter().map(|item| turn(reader, item, scorers)).collect();
    turns.into_iter().collect()
}

fn turn(reader: &mut Reader<'_>, at: &At<'_>, scorers: &mut Scorers) -> Option<Turn> {
    let fields = reader.fields(at, TURN)?;
    let user = reader.required(&fields, "user", "a turn");
    let user = user.and_then(|value| said(reader, &value));
    let expect = fields.get("expect").map(|value| expectations(reader, &value, scorers)).unwrap_or_default();
    Some(Turn { user: user?, expect })
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_name_is_the_first_words_of_the_input() {
        let text = "My parcel is three weeks late. Can I have my money back?";
        assert_eq!(slug(text), "my-parcel-is-three-weeks-late-can-i-have");
        assert_eq!(slug("Où est mon colis ?"), "où-est-mon-colis");
        assert_eq!(slug("?!"), "case");
        assert_eq!(slug(&"x".repeat(500)).len(), 40);
    }
}
