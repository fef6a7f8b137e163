//! Text to tree: YAML 1.2, and JSON by the same path. The only module that knows the parser's library.
//!
//! The parser hands over events; the tree is built on a stack of our own, with limits of our own, so that no file
//! can exhaust memory or the stack of the program.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};
use serde::de::IgnoredAny;

use super::{
    reader::FINDINGS_MAX,
    scalar,
    tree::{ALIAS_BYTES_MAX, DEPTH_MAX, Entry, NODES_MAX, Node, Value, pointer_step},
};
use crate::diagnostic::{Diagnostic, Place};

/// What a text says: the tree, unless the text is no YAML at all, and what is wrong with it.
pub(super) struct Document {
    /// None when the text ends in the middle of nothing: then the findings say why.
    pub(super) root: Option<Node>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads `text`, decoded, as one document.
pub(super) fn parse(file: &str, text: &str) -> Document {
    let (read, pairs) = without_surrogates(text);
    let mut builder = Builder::new(file, text, pairs);
    let mut parser = Parser::new_from_str(&read);
    while let Some(next) = parser.next_event() {
        let step = match next {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(Stop::at(builder.syntax(&error))),
        };
        if let Err(Stop(found)) = step {
            builder.diagnostics.push(*found);
            builder.root = None;
            break;
        }
    }
    Document { root: builder.root, diagnostics: builder.diagnostics }
}

/// JSON may write a character as two escapes (`\ud83d\ude00`), YAML may not: then the text to be parsed has YAML's
/// escape in their place. Given with it are the character indices behind which the text is two characters shorter.
fn without_surrogates(text: &str) -> (Cow<'_, str>, Vec<usize>) {
    let mut pairs = Vec::new();
    let begins_as_json = text.trim_start().starts_with(['{', '[', '"']);
    let escapes = text.contains("\\ud") || text.contains("\\uD");
    // In JSON alone is a backslash always an escape.
    if !(begins_as_json && escapes && serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        return (Cow::Borrowed(text), pairs);
    }
    let unit = |at: &str| {
        let hex = at.strip_prefix("\\u").and_then(|rest| rest.get(..4));
        hex.and_then(|hex| u16::from_str_radix(hex, 16).ok())
    };
    let mut read = String::with_capacity(text.len());
    let mut length = 0;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let pair = unit(rest).zip(rest.get(6..).and_then(unit));
        let mut decoded = pair.into_iter().flat_map(|(high, low)| char::decode_utf16([high, low]));
        let taken = if let (Some(Ok(character)), None) = (decoded.next(), decoded.next()) {
            read.push_str(&format!("\\U{:08x}", u32::from(character)));
            length += 10;
            pairs.push(length);
            12
        } else if letter == '\\' {
            // The escaped letter goes along: a backslash may stand there.
            let taken = rest.chars().take(2).map(char::len_utf8).sum();
            read.push_str(&rest[..taken]);
            length += 2;
            taken
        } else {
            read.push(letter);
            length += 1;
            letter.len_utf8()
        };
        rest = &rest[taken..];
    }
    (Cow::Owned(read), pairs)
}

/// The text cannot be read further.
struct Stop(Box<Diagnostic>);

impl Stop {
    fn at(found: Diagnostic) -> Self {
        Self(Box::new(found))
    }
}

/// A list or map that is not closed yet.
struct Frame {
    start: Place,
    anchor: usize,
    open: Open,
}

enum Open {
    List(Vec<Node>),
    /// `refused` once a key was no text: then the map says something else than it seems to.
    Map {
        entries: Vec<Entry>,
        seen: BTreeSet<String>,
        key: Option<Key>,
        refused: bool,
    },
}

/// The key whose value comes next.
struct Key {
    text: String,
    place: Place,
    /// It was refused: its value is read and dropped.
    refused: bool,
}

struct Builder<'t> {
    file: &'t str,
    text: &'t str,
    /// Byte offset of every character; none when all are one byte.
    offsets: Option<Vec<u32>>,
    /// From [`without_surrogates`].
    pairs: Vec<usize>,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    alias_bytes: usize,
    documents: usize,
    root: Option<Node>,
    diagnostics: Vec<Diagnostic>,
}

impl<'t> Builder<'t> {
    fn new(file: &'t str, text: &'t str, pairs: Vec<usize>) -> Self {
        let offsets = (!text.is_ascii()).then(|| {
            let small = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            text.char_indices().map(|(offset, _)| small(offset)).chain([small(text.len())]).collect()
        });
        Self {
            file,
            text,
            offsets,
            pairs,
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            alias_bytes: 0,
            documents: 0,
            root: None,
            diagnostics: Vec::new(),
        }
    }

    /// The index in the file of a character of what was parsed.
    fn character(&self, parsed: usize) -> usize {
        parsed + 2 * self.pairs.partition_point(|&pair| pair <= parsed)
    }

    fn byte(&self, parsed: usize) -> usize {
        let character = self.character(parsed);
        let byte = match &self.offsets {
            None => character,
            Some(offsets) => offsets.get(character).map_or(self.text.len(), |&offset| offset as usize),
        };
        byte.min(self.text.len())
    }

    /// The place of a span, without the white space that block scalars and collections end in.
    fn place(&self, span: Span) -> Place {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let end = end.max(start);
        let end = start + self.text[start..end].trim_end().len();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place {
            start: small(start),
            end: small(end),
            line: small(span.start.line()),
            column: small(self.column(&span.start)),
        }
    }

    fn column(&self, marker: &Marker) -> usize {
        let line_start = marker.index().saturating_sub(marker.col());
        self.character(marker.index()) - self.character(line_start) + 1
    }

    /// JSON pointer of the value that comes next.
    fn pointer(&self) -> String {
        self.stack.iter().fold(String::new(), |pointer, frame| match &frame.open {
            Open::List(items) => format!("{pointer}/{}", items.len()),
            Open::Map { key: Some(key), .. } => format!("{pointer}/{}", pointer_step(&key.text)),
            Open::Map { key: None, .. } => pointer,
        })
    }

    /// Keeps a finding; beyond what is shown none is needed.
    fn keep(&mut self, found: Diagnostic) {
        if self.diagnostics.len() <= FINDINGS_MAX {
            self.diagnostics.push(found);
        }
    }

    fn found(&self, code: &str, place: Place, message: impl Into<String>, help: &str) -> Diagnostic {
        let mut found = Diagnostic::error(code, self.file, &self.pointer(), place, message);
        found.help = Some(help.to_owned());
        found
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Stop::at(self.found(
                        "many-documents",
                        place,
                        "a second document begins here",
                        "one file holds one document: put the second into a file of its own",
                    )));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag, place),
            Event::SequenceStart(anchor, tag) => {
                self.tag_of_collection(tag.as_deref(), "seq", place);
                self.open(Frame { start: place, anchor, open: Open::List(Vec::new()) })
            }
            Event::MappingStart(anchor, tag) => {
                self.tag_of_collection(tag.as_deref(), "map", place);
                let open =
                    Open::Map { entries: Vec::new(), seen: BTreeSet::new(), key: None, refused: false };
                self.open(Frame { start: place, anchor, open })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn count(&mut self, nodes: usize, place: Place) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            let message = format!("the file holds more than {NODES_MAX} values");
            return Err(Stop::at(self.found(
                "too-large",
                place,
                message,
                "aliases count as what they stand for; cases can stand in a `dataset:`",
            )));
        }
        Ok(())
    }

    fn too_deep(&self, place: Place) -> Stop {
        let message = format!("values nest more than {DEPTH_MAX} deep");
        Stop::at(self.found(
            "too-deep",
            place,
            message,
            "no key of ours nests so deep: look for a bracket too many",
        ))
    }

    fn open(&mut self, frame: Frame) -> Result<(), Stop> {
        let place = frame.start;
        self.count(1, place)?;
        if self.stack.len() >= DEPTH_MAX {
            return Err(self.too_deep(place));
        }
        self.stack.push(frame);
        Ok(())
    }

    fn close(&mut self, end: Place) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let value = match frame.open {
            Open::List(items) => Value::List(items),
            Open::Map { refused: true, .. } => Value::Refused,
            Open::Map { entries, .. } => Value::Map(entries),
        };
        let closed = end.end.max(frame.start.end);
        let inside = &self.text[frame.start.start as usize..closed as usize];
        let end = frame.start.start + u32::try_from(inside.trim_end().len()).unwrap_or(u32::MAX);
        let node = Node { place: Place { end, ..frame.start }, value };
        self.value(node, frame.anchor)
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        place: Place,
    ) -> Result<(), Stop> {
        self.count(1, place)?;
        let plain = style == ScalarStyle::Plain;
        if self.awaits_key() {
            self.key(text.into_owned(), plain, place);
            return Ok(());
        }
        let value = match tag.as_deref() {
            None if plain => scalar::plain(&text),
            None => Ok(Value::Text(text.into_owned())),
            Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Ok(Value::Text(text.into_owned())),
            Some(tag) if tag.is_yaml_core_schema() => scalar::tagged(&tag.suffix, &text),
            Some(tag) => Err(scalar::Problem::UnknownTag(tag.to_string())),
        };
        let value = value.unwrap_or_else(|problem| {
            let found = self.found(problem.code(), place, problem.to_string(), problem.help());
            self.keep(found);
            Value::Refused
        });
        self.value(Node { place, value }, anchor)
    }

    fn tag_of_collection(&mut self, tag: Option<&Tag>, own: &str, place: Place) {
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && tag.suffix == own)
        {
            let problem = scalar::Problem::UnknownTag(tag.to_string());
            let found = self.found(problem.code(), place, problem.to_string(), problem.help());
            self.keep(found);
        }
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Stop::at(self.found(
                "alias",
                place,
                "an alias stands inside of what it stands for",
                "write the value out",
            )));
        };
        let size = node.size();
        let node = Node { place, value: Value::Null };
        self.count(size.nodes, place)?;
        self.alias_bytes += size.bytes;
        if self.alias_bytes > ALIAS_BYTES_MAX {
            let message = format!("aliases add more than {} KB of text", ALIAS_BYTES_MAX / 1024);
            return Err(Stop::at(self.found("too-large", place, message, "write less, or use a `dataset:`")));
        }
        if self.stack.len() + size.depth > DEPTH_MAX + 1 {
            return Err(self.too_deep(place));
        }
        let value = self.anchors.get(&anchor).map_or(Value::Null, |named| named.value.clone());
        self.value(Node { value, ..node }, 0)
    }

    fn awaits_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { open: Open::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, text: String, plain: bool, place: Place) {
        let merge = plain && text == "<<";
        let Some(Frame { open: Open::Map { seen, key, .. }, .. }) = self.stack.last_mut() else { return };
        let duplicate = !merge && !seen.insert(text.clone());
        *key = Some(Key { text: text.clone(), place, refused: merge || duplicate });
        if self.diagnostics.len() > FINDINGS_MAX {
            return;
        }
        if merge {
            let found = self.found(
                "merge-key",
                place,
                "`<<` merges nothing in YAML 1.2",
                "write the keys out, or give the whole value a name with `&name` and repeat it with `*name`",
            );
            self.keep(found);
        } else if duplicate {
            let message = format!("the key `{text}` stands here a second time");
            let found = self.found("duplicate-key", place, message, "keep one of the two");
            self.keep(found);
        }
    }

    /// A finished value takes its place in what is open.
    fn value(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        if self.awaits_key() {
            return self.collection_as_key(node.place);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
            // The copy is kept as long as the tree: it counts.
            self.count(node.size().nodes, node.place)?;
        }
        match self.stack.last_mut().map(|frame| &mut frame.open) {
            None => self.root = Some(node),
            Some(Open::List(items)) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                if let Some(key) = key.take()
                    && !key.refused
                {
                    entries.push(Entry { key: key.text, key_place: key.place, node });
                }
            }
        }
        Ok(())
    }

    fn collection_as_key(&mut self, place: Place) -> Result<(), Stop> {
        let template = self.text[..place.start as usize].ends_with('{')
            || self.text[place.start as usize..].starts_with("{{");
        let found = if template {
            self.found(
                "syntax",
                place,
                "`{{` opens a map in a map here, not a template",
                "put the value in quotes: \"{{ name }}\"",
            )
        } else {
            self.found("syntax", place, "a key must be text", "quote the key, or look for a missing `:`")
        };
        self.keep(found);
        if let Some(Frame { open: Open::Map { key, refused, .. }, .. }) = self.stack.last_mut() {
            *refused = true;
            *key = Some(Key { text: String::new(), place, refused: true });
        }
        Ok(())
    }

    /// What the parser says, in words that help.
    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let marker = error.marker();
        let start = self.byte(marker.index());
        let place = Place::of(self.text, start, start);
        if let Some(found) = self.tab_indent(start, error.info().contains("a tab")) {
            return found;
        }
        let info = error.info();
        if info.contains("recursion limit") {
            return *self.too_deep(place).0;
        }
        let opened = self.stack.iter().rev().find(|frame| {
            self.text[frame.start.start as usize..].starts_with(['{', '['])
                && (frame.start.line < place.line || info.contains("',' or"))
        });
        if let Some(frame) = opened {
            let start = frame.start.start as usize;
            let bracket = &self.text[start..=start];
            let message = format!("the `{bracket}` opened here is not closed where the text goes wrong");
            let place = Place::of(self.text, start, start + 1);
            let help = format!("line {}, column {}: {info}", marker.line(), marker.col() + 1);
            return self.found("syntax", place, message, &help);
        }
        let help = if info.contains("mapping values") {
            "text that holds `: ` needs quotes"
        } else if info.contains("a tab") {
            "indent with spaces"
        } else if info.contains("anchor") {
            "text that begins with `*` or `&` needs quotes"
        } else if info.contains("indentation")
            || info.contains("expected <block end>")
            || info.contains("'-'")
        {
            "lines that belong together begin in the same column"
        } else {
            "text that begins with a special character needs quotes"
        };
        self.found("syntax", place, format!("this is not YAML: {info}"), help)
    }

    /// The tab that indents the line of an error, or the next line where the parser speaks of a tab.
    fn tab_indent(&self, error: usize, speaks_of_tab: bool) -> Option<Diagnostic> {
        let line_start = self.text[..error].rfind('\n').map_or(0, |newline| newline + 1);
        let mut lines = self.text[line_start..].split_inclusive('\n');
        let first = lines.next().unwrap_or_default();
        let second = lines.next().filter(|_| speaks_of_tab).unwrap_or_default();
        for (start, line) in [(line_start, first), (line_start + first.len(), second)] {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line[..indent].find('\t')
                && error <= start + indent
            {
                let place = Place::of(self.text, start + tab, start + indent);
                let mut found = self.found("syntax", place, "a tab indents this line", "indent with spaces");
                found.fix = Some("  ".repeat(line[tab..indent].matches('\t').count()));
                return Some(found);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of every key and value of a map, as its place says, with line and column.
    fn places(text: &str) -> Vec<String> {
        let document = parse("f.yaml", text);
        assert_eq!(document.diagnostics, []);
        let Some(Node { value: Value::Map(entries), .. }) = document.root else { panic!("a map") };
        let shown = |place: Place| {
            let within = &text[place.start as usize..place.end as usize];
            assert_eq!(place, Place::of(text, place.start as usize, place.end as usize), "{within}");
            format!("{}:{} {within}", place.line, place.column)
        };
        entries.iter().flat_map(|entry| [shown(entry.key_place), shown(entry.node.place)]).collect()
    }

    #[test]
    fn every_key_and_value_knows_its_place() {
        let text = "é: ß\nlist:\n  - a\n  - b\n\nblock: |\n  one\n  two\n\nflow: { x: [1, 2] }\nempty:\n\"😀\": end\n";
        insta::assert_snapshot!(places(text).join("\n"));
    }

    #[test]
    fn characters_in_two_escapes_do_not_move_the_places_behind_them() {
        let text = r#"{ "a": "\ud83d\ude00\\ud83d", "b": "\uD83D\uDE00é\ud83d\ude00", "c": [1,
  true], "d": "x" }"#;
        let document = parse("f.json", text);
        let json = document.root.expect("a value").to_json();
        assert_eq!(
            Ok(json),
            serde_json::from_str::<serde_json::Value>(text).map_err(|error| error.to_string())
        );
        insta::assert_snapshot!(places(text).join("\n"));
    }
}
