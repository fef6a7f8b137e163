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

/// Milliseconds of a day; UTC has no leap seconds here, as POSIX time has none.
const DAY_MS: i64 = 86_400_000;

/// A day of the proleptic Gregorian calendar in UTC, from 1970 to 9999; written `2026-12-01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(
    /// Days since 1970-01-01.
    u32,
);

impl Day {
    /// The day in which a moment lies; the first one for a moment before it, the last one for a moment behind it.
    #[must_use]
    pub fn of(at: Millis) -> Self {
        let days = u32::try_from(at.0.div_euclid(DAY_MS).max(0)).unwrap_or(u32::MAX);
        Self(days.min(days_to(9999, 12, 31)))
    }

    /// Reads `2026-12-01`; `None` when there is no such day, or when it is written otherwise.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok());
        if !text.is_ascii() || bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let year: u32 = digits(&text[..4])??;
        let month: u32 = digits(&text[5..7])??;
        let day: u32 = digits(&text[8..])??;
        if year < 1970 || !(1..=12).contains(&month) || day == 0 {
            return None;
        }
        let found = Self(days_to(year, month, day));
        // The 31st of a shorter month is another day.
        (found.civil() == (year, month, day)).then_some(found)
    }

    /// The moment at which it is over: 24:00.
    #[must_use]
    pub fn ends(self) -> Millis {
        Millis((i64::from(self.0) + 1) * DAY_MS)
    }

    /// Year, month, day. After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    fn civil(self) -> (u32, u32, u32) {
        let shifted = self.0 + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march + 2) / 5 + 1;
        let month = if march < 10 { march + 3 } else { march - 9 };
        (year + era * 400 + u32::from(month <= 2), month, day)
    }
}

/// Days from 1970-01-01 to a day that is not before it. After Howard Hinnant, likewise, `days_from_civil`.
const fn days_to(year: u32, month: u32, day: u32) -> u32 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no day: expected one like 2026-12-01"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Day, Duration, Millis};

    #[test]
    fn days_are_read_and_shown_and_end_at_midnight() {
        for (text, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-12-01", 20_788)] {
            let day = Day::parse(text).expect("a day");
            assert_eq!((day, day.to_string().as_str()), (Day(days), text));
            assert_eq!(Day::of(Millis(day.ends().0 - 1)), day, "its last millisecond");
            assert_eq!(Day::of(day.ends()), Day(days + 1));
        }
        for day in 0..super::days_to(2200, 1, 1) {
            assert_eq!(Day::parse(&Day(day).to_string()), Some(Day(day)));
        }
        for text in [
            "",
            "2026-12-1",
            "2026-02-30",
            "2025-02-29",
            "2026-13-01",
            "1969-12-31",
            "2026/12/01",
            "+026-12-01",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert_eq!(
            (Day::of(Millis(-1)), Day::of(Millis(i64::MAX)).to_string().as_str()),
            (Day(0), "9999-12-31")
        );
    }

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
