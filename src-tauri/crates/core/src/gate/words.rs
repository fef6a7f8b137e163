//! Numbers in words, the same in every sentence: figures instead of adjectives, two digits for rates.

use std::fmt;

use crate::spec::Unit;

/// A level as a percentage: `90 %` in a sentence, `90%` (with `{:#}`) as it stands in a spec.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Percent(pub Unit);

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if formatter.alternate() { "" } else { " " };
        write!(formatter, "{}{space}%", hundredfold(self.0))
    }
}

/// A risk as "5 times in 100".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimesIn100(pub Unit);

impl fmt::Display for TimesIn100 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.0.millionths() == 10_000 { "time" } else { "times" };
        write!(formatter, "{} {times} in 100", hundredfold(self.0))
    }
}

impl TimesIn100 {
    /// The number alone.
    #[must_use]
    pub fn number(self) -> String {
        hundredfold(self.0)
    }
}

/// A unit times 100, exactly: `90`, `1.25`, `0.0001`.
fn hundredfold(unit: Unit) -> String {
    let (whole, rest) = (unit.millionths() / 10_000, unit.millionths() % 10_000);
    let rest = format!("{rest:04}");
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { whole.to_string() } else { format!("{whole}.{rest}") }
}

/// A number with commas between its thousands.
#[must_use]
pub fn count(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 call`, `203 calls`.
#[must_use]
pub fn calls(number: u32) -> String {
    plural(number, "call", "calls")
}

/// `once`, `62 times`.
#[must_use]
pub fn times(number: u32) -> String {
    if number == 1 { "once".to_owned() } else { format!("{} times", count(number)) }
}

/// A number with the word that fits it.
#[must_use]
pub fn plural(number: u32, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `question is`, `2 questions are`.
#[must_use]
pub fn questions(number: usize) -> String {
    if number == 1 { "question is".to_owned() } else { format!("{} questions are", count(number as u64)) }
}

/// A unit to the nearest whole percent.
#[must_use]
pub fn rounded(unit: Unit) -> Unit {
    let percent = (unit.millionths() + 5_000) / 10_000;
    Unit::from_millionths(percent * 10_000).unwrap_or(Unit::ONE)
}

/// A probability in 100, to the nearest whole number; below 1 to two digits.
#[must_use]
pub fn in_100(probability: f64) -> String {
    let times = probability * 100.0;
    if times < 0.95 { trimmed((times * 100.0).round() / 100.0) } else { format!("{times:.0}") }
}

/// A number with as many decimals, up to three, as it needs.
#[must_use]
pub fn trimmed(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Nine decimals, for what is shown and never decides.
#[must_use]
pub fn nine(number: f64) -> String {
    format!("{number:.9}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_risks_are_exact() {
        let unit = |millionths| Unit::from_millionths(millionths).expect("a unit");
        for (millionths, sentence, spec) in
            [(900_000, "90 %", "90%"), (12_500, "1.25 %", "1.25%"), (1, "0.0001 %", "0.0001%")]
        {
            let level = Percent(unit(millionths));
            assert_eq!((level.to_string().as_str(), format!("{level:#}").as_str()), (sentence, spec));
        }
        assert_eq!(TimesIn100(unit(50_000)).to_string(), "5 times in 100");
        assert_eq!(TimesIn100(unit(10_000)).to_string(), "1 time in 100");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [count(0_u32), count(999_u32), count(1_052_u32), count(1_000_000_u32)].join(" "),
            "0 999 1,052 1,000,000"
        );
        assert_eq!(
            (calls(1).as_str(), times(1).as_str(), times(62).as_str()),
            ("1 call", "once", "62 times")
        );
        assert_eq!(
            (in_100(0.131).as_str(), in_100(0.0139).as_str(), in_100(0.0021).as_str()),
            ("13", "1", "0.21")
        );
        assert_eq!(trimmed(99.5), "99.5");
    }
}
