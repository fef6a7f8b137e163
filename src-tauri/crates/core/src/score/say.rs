//! How a scorer quotes what others wrote: short, on one line, with nothing invisible in it.

use std::fmt::Write as _;

/// Characters of an answer that a reason quotes at most.
const EXCERPT_CHARACTERS_MAX: usize = 120;

/// The beginning of `text` for a sentence: white space joined, control and direction characters made visible.
pub(super) fn excerpt(text: &str) -> String {
    let mut excerpt = String::with_capacity(text.len().min(4 * EXCERPT_CHARACTERS_MAX));
    let mut count = 0;
    for (place, word) in text.split_whitespace().enumerate() {
        if place > 0 {
            excerpt.push(' ');
            count += 1;
        }
        for letter in word.chars() {
            if count >= EXCERPT_CHARACTERS_MAX {
                excerpt.push('…');
                return excerpt;
            }
            if is_visible(letter) {
                excerpt.push(letter);
            } else {
                let _ = write!(excerpt, "{}", letter.escape_unicode());
            }
            count += 1;
        }
    }
    excerpt
}

/// "it says …", or that it says nothing: the tail of a reason that quotes the answer.
pub(super) fn it_says(text: &str) -> String {
    if text.trim().is_empty() { "it is empty".to_owned() } else { format!("it says “{}”", excerpt(text)) }
}

/// A JSON value as written in a sentence.
pub(super) fn value(value: &serde_json::Value) -> String {
    format!("`{}`", excerpt(&value.to_string()))
}

/// Names in a sentence: `a`, `b` and `c`.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", excerpt(name))).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// Neither a control character nor one that changes the direction or hides itself.
fn is_visible(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
