//! Words that are almost right: typing mistakes, and the words of other tools.

/// Words of other tools with ours.
const FOREIGN: [(&str, &str); 29] = [
    ("tests", "cases"),
    ("test_cases", "cases"),
    ("scenarios", "cases"),
    ("samples", "cases"),
    ("assert", "expect"),
    ("asserts", "expect"),
    ("assertions", "expect"),
    ("expected", "expect"),
    ("provider", "agent"),
    ("providers", "agents"),
    ("target", "agent"),
    ("targets", "agents"),
    ("threshold", "target"),
    ("threshold", "at_least"),
    ("llm-rubric", "rubric"),
    ("prompt", "input"),
    ("question", "input"),
    ("query", "input"),
    ("messages", "turns"),
    ("equals", "exact"),
    ("icontains", "contains"),
    ("contains-all", "contains"),
    ("contains-any", "contains"),
    ("is-json", "json"),
    ("starts-with", "starts_with"),
    ("tool-call", "tool_call"),
    ("is-valid-openai-tools-call", "tool_call"),
    ("repeat", "trials"),
    ("file", "dataset"),
];

/// The known word that another tool has this word for.
pub(super) fn foreign<'l, 'k>(written: &str, known: &'l [&'k str]) -> Option<&'l &'k str> {
    let ours = FOREIGN.iter().filter(|(theirs, _)| *theirs == written).map(|(_, ours)| ours);
    ours.filter_map(|ours| known.iter().find(|known| *known == ours)).next()
}

/// The known word that was probably meant.
pub(super) fn meant<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    foreign(written, known).copied().or_else(|| nearest(written, known))
}

/// The nearest word, if it is near: a third of its letters may be wrong.
pub(super) fn nearest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    // Longer than any word of ours: no use in measuring it.
    if written.len() > 64 {
        return None;
    }
    let written = written.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&written, &known.replace('-', "_")), *known))
        .filter(|(distance, known)| *distance <= (known.len().max(written.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Words as a list to read: `a`, `b`, `c`.
pub(super) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Text of a file, short enough for a message.
pub(super) fn shortened(text: &str) -> String {
    let line: String =
        text.chars().take(60).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(60).is_some() { format!("{line}…") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_other_tools_are_known() {
        assert_eq!(meant("tests", &["name", "cases"]), Some("cases"));
        assert_eq!(meant("assert", &["input", "expect"]), Some("expect"));
        assert_eq!(meant("threshold", &["metric", "target"]), Some("target"));
        assert_eq!(meant("threshold", &["at_least"]), Some("at_least"));
        assert_eq!(meant("llm-rubric", &["rubric"]), Some("rubric"));
    }

    #[test]
    fn a_typing_mistake_is_near_and_another_word_is_not() {
        assert_eq!(meant("expct", &["expect", "input"]), Some("expect"));
        assert_eq!(meant("Cases", &["cases"]), Some("cases"));
        assert_eq!(meant("weight", &["trials", "tags", "name"]), None);
        assert_eq!(meant(&"x".repeat(100_000), &["cases"]), None);
    }
}
