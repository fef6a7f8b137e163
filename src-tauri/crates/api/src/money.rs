//! Money in figures: the same on the screen and in the terminal.

use gatewright_core::gate::words;

/// Millionths as a decimal number, with the digits that it needs.
pub(crate) fn decimal(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, part) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    let digits = format!("{part:06}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{digits}") }
}

/// A decimal number as an amount, two digits after the point at least: `$5.00`, `$0.0021`, `CHF 0.40`.
#[must_use]
pub fn amount(decimal: &str, currency: &str) -> String {
    let (sign, decimal) = decimal.strip_prefix('-').map_or(("", decimal), |rest| ("−", rest));
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    let whole = whole.parse::<u64>().map_or_else(|_| whole.to_owned(), words::count);
    let unit = match currency {
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        code => format!("{code}\u{a0}"),
    };
    format!("{sign}{unit}{whole}.{part:0<2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_recorded_without_useless_digits_and_read_with_its_cents() {
        for (micros, recorded, read) in [
            (0, "0", "$0.00"),
            (12_000, "0.012", "$0.012"),
            (1_500_000, "1.5", "$1.50"),
            (-250_000, "-0.25", "−$0.25"),
            (1, "0.000001", "$0.000001"),
            (1_234_000_000, "1234", "$1,234.00"),
        ] {
            assert_eq!(decimal(micros), recorded);
            assert_eq!(amount(recorded, "USD"), read);
        }
        assert_eq!([amount("5", "EUR"), amount("0.4", "CHF")], ["€5.00", "CHF\u{a0}0.40"]);
    }
}
