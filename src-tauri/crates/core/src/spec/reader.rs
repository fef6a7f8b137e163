//! From the tree to typed values, one field after the other, with every finding in its place.
//!
//! Reading never stops at the first mistake: what cannot be read is reported and left out, the rest is read on.

use std::{collections::BTreeSet, num::NonZeroU32};

use super::{
    Files, Unit, amount,
    tree::{Entry, Node, Value, pointer_step},
    word,
};
use crate::{
    diagnostic::{Diagnostic, Place, Severity, Sources},
    time::{Day, Duration},
};

/// Findings of a file at most; the rest would bury them.
pub(super) const FINDINGS_MAX: usize = 100;

/// What is read, what was found, and which other files it names.
pub(super) struct Reader<'f> {
    pub(super) file: String,
    pub(super) files: &'f dyn Files,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Every file named, below the workspace.
    pub(super) named: BTreeSet<String>,
    /// The text of other files that findings are about.
    pub(super) sources: Sources,
    /// Which day it is, by the host.
    pub(super) today: Day,
}

/// A value, with the pointer that leads to it.
#[derive(Clone, Debug)]
pub(super) struct At<'t> {
    pub(super) node: &'t Node,
    pub(super) pointer: String,
}

/// A map whose keys were checked.
pub(super) struct Fields<'t> {
    pub(super) at: At<'t>,
    entries: &'t [Entry],
    /// Keys that were probably meant by others that are none, and whether a key of a newer format stands there: of
    /// what they stand for nothing is missing.
    meant: BTreeSet<&'static str>,
    later: bool,
}

/// The keys that a map may have.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    /// What the map is, with its article: `a case`.
    pub(super) what: &'static str,
    pub(super) known: &'static [&'static str],
    /// Keys of the format whose method this build does not have.
    pub(super) later: &'static [&'static str],
}

impl<'t> At<'t> {
    pub(super) fn root(node: &'t Node) -> Self {
        Self { node, pointer: String::new() }
    }

    pub(super) fn item(&self, index: usize, node: &'t Node) -> Self {
        At { node, pointer: format!("{}/{index}", self.pointer) }
    }

    pub(super) fn member(&self, entry: &'t Entry) -> Self {
        At { node: &entry.node, pointer: format!("{}/{}", self.pointer, pointer_step(&entry.key)) }
    }

    pub(super) fn place(&self) -> Place {
        self.node.place
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.node.value, Value::Text(_))
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }
}

impl<'t> Fields<'t> {
    pub(super) fn get(&self, key: &str) -> Option<At<'t>> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| self.at.member(entry))
    }

    /// Where a key itself stands.
    pub(super) fn key_place(&self, key: &str) -> Option<Place> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_place)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }
}

impl<'f> Reader<'f> {
    pub(super) fn new(file: &str, files: &'f dyn Files, today: Day) -> Self {
        Self {
            file: file.to_owned(),
            files,
            diagnostics: Vec::new(),
            named: BTreeSet::new(),
            sources: Sources::new(),
            today,
        }
    }

    /// Whether something was found since a count of findings that makes the file unusable.
    pub(super) fn failed_since(&self, count: usize) -> bool {
        self.diagnostics[count.min(self.diagnostics.len())..].iter().any(Diagnostic::is_error)
    }

    pub(super) fn push(&mut self, found: Diagnostic) {
        if self.diagnostics.len() < FINDINGS_MAX {
            self.diagnostics.push(found);
        } else if self.diagnostics.len() == FINDINGS_MAX {
            let mut last = found;
            last.code = "too-many".to_owned();
            last.message = format!("there is more: the first {FINDINGS_MAX} findings are shown");
            (last.help, last.fix) = (None, None);
            self.diagnostics.push(last);
        }
    }

    pub(super) fn error(
        &mut self,
        at: &At<'_>,
        code: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut found = Diagnostic::error(code, &self.file, &at.pointer, at.place(), message);
        found.help = Some(help.into());
        self.push(found);
    }

    pub(super) fn warn(
        &mut self,
        at: &At<'_>,
        code: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut found = Diagnostic::error(code, &self.file, &at.pointer, at.place(), message);
        found.severity = Severity::Warning;
        found.help = Some(help.into());
        self.push(found);
    }

    /// An error with one edit that mends it.
    pub(super) fn mendable(&mut self, at: &At<'_>, code: &str, message: String, help: String, fix: String) {
        let mut found = Diagnostic::error(code, &self.file, &at.pointer, at.place(), message);
        found.help = Some(help);
        found.fix = Some(fix);
        self.push(found);
    }

    pub(super) fn later(&mut self, pointer: &str, place: Place, what: &str) {
        let message = format!("{what} needs a newer Gatewright");
        let mut found = Diagnostic::error("needs-newer", &self.file, pointer, place, message);
        found.help = Some("leave it out, or update Gatewright".to_owned());
        self.push(found);
    }

    fn wrong_type(&mut self, at: &At<'_>, wanted: &str, help: &str) {
        if matches!(at.node.value, Value::Refused) {
            return;
        }
        self.error(at, "wrong-type", format!("expected {wanted}, found {}", at.node.kind()), help);
    }

    /// The map at a place, its keys checked against those that it may have.
    pub(super) fn fields<'t>(&mut self, at: &At<'t>, keys: Keys) -> Option<Fields<'t>> {
        let entries: &[Entry] = match &at.node.value {
            Value::Map(entries) => entries,
            _ => {
                let help = format!("{} has the keys {}", keys.what, word::list(keys.known));
                self.wrong_type(at, "a map", &help);
                return None;
            }
        };
        let present: BTreeSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let free: Vec<&str> = keys.known.iter().copied().filter(|known| !present.contains(known)).collect();
        let mut fields = Fields { at: at.clone(), entries, meant: BTreeSet::new(), later: false };
        for entry in entries {
            let key = entry.key.as_str();
            if self.diagnostics.len() > FINDINGS_MAX {
                break;
            }
            if keys.known.contains(&key) {
                continue;
            }
            let pointer = format!("{}/{}", at.pointer, pointer_step(key));
            if let Some(later) = word::foreign(key, keys.later).or(keys.later.iter().find(|it| **it == key)) {
                fields.later = true;
                self.later(&pointer, entry.key_place, &format!("`{later}`"));
                continue;
            }
            let message = format!("{} has no key `{}`", keys.what, word::shortened(key));
            let mut found = Diagnostic::error("unknown-key", &self.file, &pointer, entry.key_place, message);
            if let Some(meant) = word::meant(key, &free) {
                found.help = Some(format!("did you mean `{meant}`?"));
                found.fix = Some(meant.to_owned());
                fields.meant.insert(meant);
            } else {
                found.help = Some(format!("{} has the keys {}", keys.what, word::list(keys.known)));
            }
            self.push(found);
        }
        Some(fields)
    }

    /// The entries of a map with names of the author's.
    pub(super) fn entries<'t>(&mut self, at: &At<'t>, wanted: &str) -> &'t [Entry] {
        match &at.node.value {
            Value::Map(entries) => entries,
            _ => {
                self.wrong_type(at, wanted, "write `name: …`, one a line");
                &[]
            }
        }
    }

    pub(super) fn items<'t>(&mut self, at: &At<'t>, wanted: &str) -> Vec<At<'t>> {
        match &at.node.value {
            Value::List(items) => {
                items.iter().enumerate().map(|(index, node)| at.item(index, node)).collect()
            }
            _ => {
                self.wrong_type(at, wanted, "write `- …`, one a line");
                Vec::new()
            }
        }
    }

    /// A field that must be there.
    pub(super) fn required<'t>(&mut self, fields: &Fields<'t>, key: &str, what: &str) -> Option<At<'t>> {
        let found = fields.get(key);
        if found.is_none() {
            self.lacks(fields, key, what);
        }
        found
    }

    /// A field is not there, unless it is by another name.
    pub(super) fn lacks(&mut self, fields: &Fields<'_>, key: &str, what: &str) {
        if !fields.later && !fields.meant.contains(key) {
            self.missing(&fields.at, key, what);
        }
    }

    pub(super) fn missing(&mut self, at: &At<'_>, key: &str, what: &str) {
        // The first line says where enough.
        let place = Place { end: at.place().start, ..at.place() };
        let message = format!("{what} needs `{key}`");
        let mut found = Diagnostic::error("missing-key", &self.file, &at.pointer, place, message);
        found.help = Some(format!("add `{key}: …`"));
        self.push(found);
    }

    pub(super) fn text<'t>(&mut self, at: &At<'t>) -> Option<&'t str> {
        match &at.node.value {
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) => {
                let text = at.node.to_json().to_string();
                let message = format!("expected text, found {}", at.node.kind());
                let fix = format!("\"{text}\"");
                self.mendable(at, "wrong-type", message, "put it in quotes".to_owned(), fix);
                None
            }
            Value::Null | Value::List(_) | Value::Map(_) | Value::Refused => {
                self.wrong_type(
                    at,
                    "text",
                    "write it after the `:`, in quotes where it holds special characters",
                );
                None
            }
        }
    }

    /// Text with something in it.
    pub(super) fn filled<'t>(&mut self, at: &At<'t>) -> Option<&'t str> {
        let text = self.text(at)?;
        if text.trim().is_empty() {
            self.error(at, "empty", "there is no text here", "write it, or leave the key out");
            return None;
        }
        Some(text)
    }

    /// One text, or a list of them; not empty.
    pub(super) fn texts(&mut self, at: &At<'_>) -> Vec<String> {
        if !at.is_list() {
            return self.filled(at).map(str::to_owned).into_iter().collect();
        }
        let items = self.items(at, "a list of texts");
        if items.is_empty() {
            self.error(at, "empty", "the list is empty", "name one at least, or leave the key out");
        }
        items.iter().filter_map(|item| self.filled(item).map(str::to_owned)).collect()
    }

    pub(super) fn boolean(&mut self, at: &At<'_>) -> Option<bool> {
        match at.node.value {
            Value::Bool(value) => Some(value),
            _ => {
                self.wrong_type(at, "true or false", "YAML 1.2 knows `true` and `false` alone");
                None
            }
        }
    }

    pub(super) fn number(&mut self, at: &At<'_>) -> Option<f64> {
        match &at.node.value {
            // Safe integers are exact.
            #[expect(clippy::cast_precision_loss, reason = "within 2^53")]
            Value::Integer(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            _ => {
                self.wrong_type(at, "a number", "write it without quotes");
                None
            }
        }
    }

    /// A whole number within limits, ends included.
    pub(super) fn count(&mut self, at: &At<'_>, min: u64, max: u64) -> Option<u64> {
        let Value::Integer(value) = at.node.value else {
            self.wrong_type(at, "a whole number", "write it without quotes and point");
            return None;
        };
        let value = u64::try_from(value).ok().filter(|value| (min..=max).contains(value));
        if value.is_none() {
            let help = format!("it lies between {min} and {max}");
            self.error(at, "out-of-range", "the number is out of range", help);
        }
        value
    }

    pub(super) fn small_count(&mut self, at: &At<'_>, min: u32, max: u32) -> Option<u32> {
        self.count(at, min.into(), max.into()).and_then(|value| u32::try_from(value).ok())
    }

    pub(super) fn positive(&mut self, at: &At<'_>, max: u32) -> Option<NonZeroU32> {
        self.small_count(at, 1, max).and_then(NonZeroU32::new)
    }

    /// A share of one: `90%`, or 0.9.
    pub(super) fn share(&mut self, at: &At<'_>) -> Option<Unit> {
        let read = match &at.node.value {
            Value::Text(text) => amount::percent(text),
            #[expect(clippy::cast_precision_loss, reason = "within 2^53")]
            Value::Integer(value) => Unit::from_f64(*value as f64),
            Value::Float(value) => Unit::from_f64(*value),
            _ => None,
        };
        if read.is_none() {
            match &at.node.value {
                Value::Refused => {}
                Value::Integer(value) if (2..=100).contains(value) => {
                    let message = format!("{value} is more than everything");
                    let fix = format!("{value}%");
                    self.mendable(at, "out-of-range", message, "did you mean per cent?".to_owned(), fix);
                }
                _ => self.error(
                    at,
                    "wrong-type",
                    "expected a share of 100 %",
                    "write `90%`, or 0.9; at most six digits after the point count",
                ),
            }
        }
        read
    }

    pub(super) fn duration(&mut self, at: &At<'_>) -> Option<Duration> {
        let read = match &at.node.value {
            Value::Text(text) => {
                Duration::parse(text).filter(|duration| duration.0 <= amount::DURATION_MS_MAX)
            }
            _ => None,
        };
        match (&read, &at.node.value) {
            (Some(_), _) => {}
            (None, Value::Integer(seconds)) if *seconds > 0 => {
                let (help, fix) = ("a length of time has its unit".to_owned(), format!("{seconds}s"));
                self.mendable(at, "wrong-type", "expected a length of time".to_owned(), help, fix);
            }
            (None, _) => {
                self.wrong_type(at, "a length of time", "write `250ms`, `2s`, `1.5m`, `12h` or `7d`");
            }
        }
        read
    }

    /// An amount of money above zero, in millionths.
    pub(super) fn money(&mut self, at: &At<'_>) -> Option<u64> {
        let number = self.number(at)?;
        let micros = amount::micros(number);
        if micros.is_none() {
            let help = "at least 0.000001, in the workspace's currency";
            self.error(at, "out-of-range", "an amount of money is more than nothing", help);
        }
        micros
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, at: &At<'_>, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(at)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("`{}` is none of {}", word::shortened(text), word::list(&names));
        match word::meant(text, &names) {
            Some(meant) => {
                self.mendable(
                    at,
                    "unknown-word",
                    message,
                    format!("did you mean `{meant}`?"),
                    meant.to_owned(),
                );
            }
            None => self.error(at, "unknown-word", message, "take one of them"),
        }
        None
    }
}
