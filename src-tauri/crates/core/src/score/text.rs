//! What an answer's text must be, hold, begin with, match or measure.

use regex::Regex;

use super::{Answer, Finding, say};
use crate::spec::{LengthUnit, PureScorer, pattern};

/// Compiles an expression as the spec's reader does.
pub(super) fn compile(text: &str) -> Result<Regex, String> {
    pattern::regex(text).map_err(|why| format!("`{}` is not a regular expression: {why}", say::excerpt(text)))
}

/// A needle, folded once when case does not count.
#[derive(Debug)]
pub(super) struct Needle {
    /// As the spec says it.
    shown: String,
    /// As it is looked for.
    sought: String,
    case: bool,
}

impl Needle {
    fn new(text: &str, case: bool) -> Self {
        let sought = if case { text.to_owned() } else { text.to_lowercase() };
        Self { shown: text.to_owned(), sought, case }
    }

    fn haystack<'a>(&self, answer: &'a Answer<'_>) -> &'a str {
        if self.case { answer.text() } else { answer.lower() }
    }

    fn is_in(&self, answer: &Answer<'_>) -> bool {
        self.haystack(answer).contains(self.sought.as_str())
    }
}

/// A scorer of text.
#[derive(Debug)]
pub(super) enum Text {
    Exact(Needle),
    Contains { needles: Vec<Needle>, any: bool },
    StartsWith(Needle),
    Regex(Regex),
    Length { of: LengthUnit, min: Option<u64>, max: Option<u64> },
}

impl Text {
    pub(super) fn new(scorer: &PureScorer) -> Result<Self, String> {
        Ok(match scorer {
            PureScorer::Exact { text, case } => Self::Exact(Needle::new(text.trim(), *case)),
            PureScorer::Contains { texts, any, case } => {
                let needles = texts.iter().map(|text| Needle::new(text, *case)).collect();
                Self::Contains { needles, any: *any }
            }
            PureScorer::StartsWith { text, case } => Self::StartsWith(Needle::new(text.trim_start(), *case)),
            PureScorer::Regex { pattern } => Self::Regex(compile(pattern)?),
            PureScorer::Length { of, min, max } => Self::Length { of: *of, min: *min, max: *max },
            _ => return Err("it does not look at text".to_owned()),
        })
    }

    pub(super) fn find(&self, answer: &Answer<'_>) -> Finding {
        match self {
            Self::Exact(needle) => exact(needle, answer),
            Self::Contains { needles, any } => contains(needles, *any, answer),
            Self::StartsWith(needle) => starts_with(needle, answer),
            Self::Regex(regex) => matches(regex, answer),
            Self::Length { of, min, max } => length(*of, *min, *max, answer),
        }
    }
}

fn exact(needle: &Needle, answer: &Answer<'_>) -> Finding {
    let wanted = say::excerpt(&needle.shown);
    if needle.haystack(answer).trim() == needle.sought {
        Finding::yes(format!("the answer is exactly `{wanted}`"))
    } else {
        Finding::no(format!("the answer is not `{wanted}`; {}", say::it_says(answer.text())))
    }
}

fn contains(needles: &[Needle], any: bool, answer: &Answer<'_>) -> Finding {
    let found = |needle: &&Needle| needle.is_in(answer);
    let names =
        |needles: &[&Needle], last| say::list(needles.iter().map(|needle| needle.shown.as_str()), last);
    let (present, absent): (Vec<&Needle>, Vec<&Needle>) = needles.iter().partition(found);
    if absent.is_empty() || (any && !present.is_empty()) {
        Finding::yes(format!("the answer contains {}", names(&present, "and")))
    } else {
        let (absent, says) = (names(&absent, "or"), say::it_says(answer.text()));
        Finding::no(format!("the answer does not contain {absent}; {says}"))
    }
}

fn starts_with(needle: &Needle, answer: &Answer<'_>) -> Finding {
    let wanted = say::excerpt(&needle.shown);
    if needle.haystack(answer).trim_start().starts_with(needle.sought.as_str()) {
        Finding::yes(format!("the answer begins with `{wanted}`"))
    } else {
        Finding::no(format!("the answer does not begin with `{wanted}`; {}", say::it_says(answer.text())))
    }
}

fn matches(regex: &Regex, answer: &Answer<'_>) -> Finding {
    let pattern = say::excerpt(regex.as_str());
    match regex.find(answer.text()) {
        Some(found) => {
            Finding::yes(format!("the answer matches `{pattern}` at “{}”", say::excerpt(found.as_str())))
        }
        None => {
            Finding::no(format!("nothing in the answer matches `{pattern}`; {}", say::it_says(answer.text())))
        }
    }
}

fn length(of: LengthUnit, min: Option<u64>, max: Option<u64>, answer: &Answer<'_>) -> Finding {
    let (count, unit) = match of {
        LengthUnit::Characters => (answer.text().chars().count(), "characters"),
        LengthUnit::Words => (answer.text().split_whitespace().count(), "words"),
    };
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    match (min, max) {
        (Some(min), _) if count < min => {
            Finding::no(format!("the answer has {count} {unit}, fewer than {min}"))
        }
        (_, Some(max)) if count > max => {
            Finding::no(format!("the answer has {count} {unit}, more than {max}"))
        }
        _ => Finding::yes(format!("the answer has {count} {unit}")),
    }
}
