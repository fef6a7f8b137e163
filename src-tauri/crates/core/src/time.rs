//! Order and time as values: the host hands them in, the core never asks for them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The place of something in the history of a workspace. It alone orders things; the clock never does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// Milliseconds since the Unix epoch, UTC, given by the host; for display and for a verdict's `max_age`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(pub u64);

impl Duration {
    /// Units that a duration may be written in, with their milliseconds, longest first.
    pub const UNITS: [(&'static str, u64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    /// Reads `250ms`, `2s`, `1.5m`, `12h` or `7d`. `None` when it is none of these, or not a whole number of
    /// milliseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let split = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, unit) = text.split_at(split);
        let (_, unit_ms) = Self::UNITS.into_iter().find(|(name, _)| *name == unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.len() > 3 || fraction.contains('.') {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
        let part: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let fraction_ms = part.checked_mul(unit_ms)?;
        if fraction_ms % scale != 0 {
            return None;
        }
        whole.checked_mul(unit_ms)?.checked_add(fraction_ms / scale).map(Self)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, unit_ms) = Self::UNITS
            .into_iter()
            .find(|(_, unit_ms)| self.0 >= *unit_ms && self.0.is_multiple_of(*unit_ms))
            .unwrap_or(("ms", 1));
        write!(formatter, "{}{unit}", self.0 / unit_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, ms) in
            [("250ms", 250), ("2s", 2000), ("1.5m", 90_000), ("12h", 43_200_000), ("7d", 604_800_000)]
        {
            assert_eq!(Duration::parse(text), Some(Duration(ms)), "{text}");
        }
        for text in ["", "2", "s", "-1s", "1.2.3s", "0.0001s", "1.5ms", "2 s", "99999999999999999999d"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
        assert_eq!(Duration(90_000).to_string(), "90s");
        assert_eq!(Duration(0).to_string(), "0ms");
    }
}
