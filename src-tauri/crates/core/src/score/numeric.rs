//! Whether an answer names a number close to an expected one.

use super::{Answer, Finding, say};

/// The hair, relative to the numbers, that binary fractions are given: 1.1 is within 0.1 of 1.
const RELATIVE_HAIR: f64 = 1e-9;

/// A scorer of numbers.
#[derive(Debug)]
pub(super) struct Numeric {
    value: f64,
    tolerance: f64,
}

impl Numeric {
    pub(super) fn new(value: f64, tolerance: f64) -> Result<Self, String> {
        if value.is_finite() && tolerance.is_finite() && tolerance >= 0.0 {
            Ok(Self { value, tolerance })
        } else {
            Err("the number and its tolerance must be finite, the tolerance not negative".to_owned())
        }
    }

    pub(super) fn find(&self, answer: &Answer<'_>) -> Finding {
        let Self { value, tolerance } = *self;
        let says = || say::it_says(answer.text());
        let numbers = numbers(answer.text());
        let number = match numbers.as_slice() {
            [] => return Finding::no(format!("the answer names no number; {}", says())),
            [(only, _)] => *only,
            [.., (last, true)] => *last,
            many => {
                let count = many.len();
                return Finding::no(format!(
                    "the answer names {count} numbers and does not end in one; {}",
                    says()
                ));
            }
        };
        let hair = RELATIVE_HAIR * value.abs().max(number.abs()).max(tolerance);
        if (number - value).abs() <= tolerance + hair {
            Finding::yes(format!("the answer's number is {number}"))
        } else {
            Finding::no(format!("the answer's number is {number}, not within {tolerance} of {value}"))
        }
    }
}

/// The numbers in a text, each with whether the text ends in it, punctuation and signs of currency aside. Digits
/// inside a word (`v2`, `T-1042`) are no number; `1,234.5` is one.
fn numbers(text: &str) -> Vec<(f64, bool)> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut place = 0;
    while place < letters.len() {
        if !letters[place].is_ascii_digit() {
            place += 1;
            continue;
        }
        let (number, end) = read(&letters, place);
        let rest = &letters[end..];
        let before = place.checked_sub(1).map(|at| letters[at]);
        let earlier = place.checked_sub(2).map(|at| letters[at]);
        let signed = matches!(before, Some('-' | '−' | '+'));
        let in_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let inside = before.is_some_and(in_word)
            || (signed && earlier.is_some_and(|letter| in_word(letter) || letter == '.'));
        if let (Some(number), false) = (number, inside) {
            let number = if matches!(before, Some('-' | '−')) { -number } else { number };
            found.push((number, !rest.iter().any(|letter| letter.is_alphanumeric())));
        }
        place = end;
    }
    found
}

/// Reads an unsigned number that begins at `start`; the place after it comes back with it.
fn read(letters: &[char], start: usize) -> (Option<f64>, usize) {
    let digits = |from: usize| letters[from..].iter().take_while(|letter| letter.is_ascii_digit()).count();
    let mut end = start + digits(start);
    // Groups of thousands: at most three digits before the first comma, exactly three after each.
    let in_groups = end - start <= 3;
    while in_groups && letters.get(end) == Some(&',') && digits(end + 1) == 3 {
        end += 4;
    }
    if letters.get(end) == Some(&'.') && letters.get(end + 1).is_some_and(char::is_ascii_digit) {
        end += 1 + digits(end + 1);
    }
    if matches!(letters.get(end), Some('e' | 'E')) {
        let sign = usize::from(matches!(letters.get(end + 1), Some('-' | '+')));
        if let Some(from) =
            Some(end + 1 + sign).filter(|&from| letters.get(from).is_some_and(char::is_ascii_digit))
        {
            end = from + digits(from);
        }
    }
    // The rest of a word belongs to it: `4th`, `2x`.
    let word = letters[end..].iter().take_while(|letter| letter.is_alphabetic() || **letter == '_').count();
    let text: String = letters[start..end].iter().filter(|letter| **letter != ',').collect();
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    (number, end + word)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_are_told_from_digits_in_words() {
        for (text, expected) in [
            ("42", vec![(42.0, true)]),
            ("The total is 1,234.50 €.", vec![(1234.5, true)]),
            ("-3.5e2", vec![(-350.0, true)]),
            ("minus −7 degrees", vec![(-7.0, false)]),
            ("Ticket T-1042 of model v2", vec![]),
            ("2 of 3", vec![(2.0, false), (3.0, true)]),
            ("1,2", vec![(1.0, false), (2.0, true)]),
            ("1,234,567", vec![(1_234_567.0, true)]),
            ("1234567,890", vec![(1_234_567.0, false), (890.0, true)]),
            ("1000,200", vec![(1000.0, false), (200.0, true)]),
            ("1,234,5678", vec![(1234.0, false), (5678.0, true)]),
            ("10-12", vec![(10.0, false)]),
            ("", vec![]),
        ] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
