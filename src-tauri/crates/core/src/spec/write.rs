//! YAML as text: what this module writes, the reader reads back to the same values.

use std::fmt::Write as _;

use super::{scalar, tree::Value};

/// A value to be written. Maps keep their order.
#[derive(Clone, Debug)]
pub(super) enum Yaml {
    /// As it is: a number, `true`, a percentage.
    Word(String),
    /// Text, in quotes where it needs them.
    Text(String),
    /// Any JSON, on one line.
    Json(serde_json::Value),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn word(word: impl ToString) -> Self {
        Self::Word(word.to_string())
    }

    pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    pub(super) fn map(entries: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The document, ended by a line end.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Map(entries) => block(&mut out, entries, 0),
            other => {
                other.flow(&mut out);
                out.push('\n');
            }
        }
        out
    }

    /// Whether it fits behind its key.
    fn is_short(&self) -> bool {
        match self {
            Self::Word(_) | Self::Text(_) | Self::Json(_) => true,
            Self::List(items) => items.iter().all(|item| matches!(item, Self::Word(_) | Self::Text(_))),
            Self::Map(entries) => {
                entries.is_empty()
                    || (entries.len() <= 8
                        && entries.iter().all(|(_, value)| match value {
                            Self::Map(inner) => inner.len() <= 1 && value.is_short(),
                            value => value.is_short(),
                        })
                        && self.width() <= 100)
            }
        }
    }

    fn width(&self) -> usize {
        let mut out = String::new();
        self.flow(&mut out);
        out.chars().count()
    }

    fn flow(&self, out: &mut String) {
        match self {
            Self::Word(word) => out.push_str(word),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Json(value) => out.push_str(&visible(&value.to_string())),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    item.flow(out);
                }
                out.push(']');
            }
            Self::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Self::Map(entries) => {
                out.push_str("{ ");
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    let _ = write!(out, "{}: ", quoted(key));
                    value.flow(out);
                }
                out.push_str(" }");
            }
        }
    }
}

fn block(out: &mut String, entries: &[(String, Yaml)], indent: usize) {
    for (key, value) in entries {
        let _ = write!(out, "{}{}:", " ".repeat(indent), quoted(key));
        match value {
            value if value.is_short() => {
                out.push(' ');
                value.flow(out);
                out.push('\n');
            }
            Yaml::Map(inner) => {
                out.push('\n');
                block(out, inner, indent + 2);
            }
            Yaml::List(items) => {
                out.push('\n');
                items.iter().for_each(|item| listed(out, item, indent + 2));
            }
            Yaml::Word(_) | Yaml::Text(_) | Yaml::Json(_) => {}
        }
    }
}

fn listed(out: &mut String, item: &Yaml, indent: usize) {
    match item {
        Yaml::Map(entries) if !item.is_short() => {
            let mut inner = String::new();
            block(&mut inner, entries, indent + 2);
            let _ = write!(out, "{}- {}", " ".repeat(indent), inner.trim_start());
        }
        item => {
            let _ = write!(out, "{}- ", " ".repeat(indent));
            item.flow(out);
            out.push('\n');
        }
    }
}

/// Text without quotes where it means itself, in quotes otherwise.
fn quoted(text: &str) -> String {
    let begins_well = text.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let letters_are_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./- ".contains(&byte))
        && !text.ends_with(' ');
    let means_itself = matches!(scalar::plain(text), Ok(Value::Text(_)));
    let scheme = text.starts_with("env:") || text.starts_with("file://") || text.starts_with("http");
    let scheme_is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./-:".contains(&byte))
        && !text.ends_with(':');
    if begins_well && means_itself && (letters_are_plain || (scheme && scheme_is_plain)) {
        return text.to_owned();
    }
    visible(&serde_json::Value::from(text).to_string())
}

/// JSON with every letter that YAML does not print as an escape.
fn visible(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut out, letter| {
        let hidden = matches!(letter, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
            || matches!(letter, '\u{fffe}' | '\u{ffff}');
        if hidden {
            let _ = write!(out, "\\u{:04x}", u32::from(letter));
        } else {
            out.push(letter);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::yaml;

    fn read_back(value: &Yaml) -> serde_json::Value {
        let document = yaml::parse("f.yaml", &value.document());
        assert!(document.diagnostics.is_empty(), "{:?}\n{}", document.diagnostics, value.document());
        document.root.expect("a value").to_json()
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text: String, key in "[a-z]{1,3}|.{1,10}") {
            prop_assume!(key != "<<" && !key.trim().is_empty());
            let inner = Yaml::Map(vec![(key.clone(), Yaml::text(&text))]);
            let value = Yaml::map([("a", Yaml::text(&text)), ("b", Yaml::List(vec![inner, Yaml::text(&text)]))]);
            let expected = serde_json::json!({ "a": text, "b": [{ (key): text }, text] });
            prop_assert_eq!(read_back(&value), expected);
        }
    }

    #[test]
    fn words_that_look_like_something_else_are_quoted() {
        for text in
            ["no", "true", "null", "~", "12", "1.5", "90%", "- a", "a: b", "", " a", "a ", "x #y", "{{ a }}"]
        {
            assert_eq!(
                read_back(&Yaml::map([("k", Yaml::text(text))])),
                serde_json::json!({ "k": text }),
                "{text}"
            );
        }
    }
}
