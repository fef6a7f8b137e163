//! Shares and money as people write them.

use super::Unit;

/// A length of time at most: ten years.
pub(super) const DURATION_MS_MAX: u64 = 3650 * 86_400_000;

/// Money at most, in units of the currency: what a double holds to the millionth.
const MONEY_MAX: f64 = 1e9;

/// Reads `90%` or `0.5 %`: exactly, no more than four digits after the point.
pub(super) fn percent(text: &str) -> Option<Unit> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || fraction.len() > 4 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let fraction: u32 = format!("{fraction:0<4}").parse().ok()?;
    Unit::from_millionths(whole * 10_000 + fraction)
}

/// A share as people write it: `90%`, `99.5%`.
pub(super) fn as_percent(unit: Unit) -> String {
    let (whole, fraction) = (unit.millionths() / 10_000, unit.millionths() % 10_000);
    if fraction == 0 {
        return format!("{whole}%");
    }
    format!("{whole}.{}%", format!("{fraction:04}").trim_end_matches('0'))
}

/// Money in millionths; none at or below zero, or beyond what is exact.
pub(super) fn micros(amount: f64) -> Option<u64> {
    let micros = (amount * 1e6).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and below 1e15")]
    (amount <= MONEY_MAX && micros >= 1.0).then_some(micros as u64)
}

/// Millionths as a decimal number.
pub(super) fn as_money(micros: u64) -> String {
    let digits = format!("{:06}", micros % 1_000_000);
    let digits = digits.trim_end_matches('0');
    let whole = micros / 1_000_000;
    if digits.is_empty() { whole.to_string() } else { format!("{whole}.{digits}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_exactly_and_shown_back() {
        for (text, millionths) in [("90%", 900_000), ("99.5 %", 995_000), ("0.0001%", 1), ("100%", 1_000_000)]
        {
            assert_eq!(percent(text).map(Unit::millionths), Some(millionths), "{text}");
        }
        for text in ["90", "%", "101%", "-1%", "1.23456%", "1e1%", "999999999999%", "."] {
            assert_eq!(percent(text), None, "{text}");
        }
        assert_eq!(percent("99.5%").map(as_percent).as_deref(), Some("99.5%"));
        assert_eq!(percent("5%").map(as_percent).as_deref(), Some("5%"));
    }

    #[test]
    fn money_is_counted_in_millionths() {
        assert_eq!(micros(0.02), Some(20_000));
        assert_eq!(micros(0.15), Some(150_000));
        for amount in [0.0, -1.0, f64::NAN, 1e300] {
            assert_eq!(micros(amount), None, "{amount}");
        }
        assert_eq!(as_money(20_000), "0.02");
        assert_eq!(as_money(5_000_000), "5");
    }
}
