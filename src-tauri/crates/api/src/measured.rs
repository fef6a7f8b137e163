//! Measurements in figures, with their unit: the same on the screen and in the terminal.

use gatewright_core::{
    gate::words,
    spec::{Currency, Measure, Metric, Rule},
};

use crate::money;

/// What a rule measures; none of one about scores.
pub(crate) fn of(rule: &Rule) -> Option<Measure> {
    match rule {
        Rule::Rate { of: Metric::Within { of, .. }, .. }
        | Rule::Plain { of: Metric::Within { of, .. }, .. } => Some(*of),
        _ => None,
    }
}

/// What numbers of a measure count, for documents.
pub(crate) fn unit(of: Measure, currency: Currency) -> String {
    match of {
        Measure::LatencyMs | Measure::FirstTokenMs => "ms".to_owned(),
        Measure::TokensOut => "tokens".to_owned(),
        Measure::CostMicros => format!("{MILLIONTHS}{currency}"),
    }
}

const MILLIONTHS: &str = "millionths of ";

/// A measurement with its unit: `1,200 ms`, `$0.0021`.
pub(crate) fn amount(of: Measure, amount: u64, currency: Currency) -> String {
    with_unit(amount, &unit(of, currency))
}

/// A number of a document with the unit that stands beside it.
#[must_use]
pub fn with_unit(amount: u64, unit: &str) -> String {
    match unit.strip_prefix(MILLIONTHS) {
        Some(currency) => money::amount(&money::decimal(i64::try_from(amount).unwrap_or(i64::MAX)), currency),
        None => format!("{} {unit}", words::count(amount)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_read_with_its_unit() {
        for (of, read) in [
            (Measure::LatencyMs, "1,200 ms"),
            (Measure::FirstTokenMs, "1,200 ms"),
            (Measure::TokensOut, "1,200 tokens"),
            (Measure::CostMicros, "$0.0012"),
        ] {
            assert_eq!(amount(of, 1_200, Currency::USD), read);
        }
    }
}
