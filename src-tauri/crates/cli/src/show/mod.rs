//! Documents as text for people: the answer first, the evidence below it, the next step last.

mod author;
mod release;
mod run;
mod version;
mod watch;
mod workspace;

pub(crate) use author::{backtest, plan, selftest};
pub(crate) use release::{release, status};
pub(crate) use run::run;
pub(crate) use version::{compare, version, versions};
pub(crate) use watch::watch;
pub(crate) use workspace::{doctor, trust, verify};

use crate::output::{Ink, Output};

/// A verdict as shape and word, in its ink.
fn outcome(output: Output, outcome: &str) -> String {
    let (ink, text) = match outcome {
        "pass" => (Ink::Good, "● passed"),
        "fail" => (Ink::Bad, "■ failed"),
        "met" => (Ink::Good, "● met"),
        "not_met" => (Ink::Bad, "■ not met"),
        _ => (Ink::Open, "◐ undecided"),
    };
    output.paint(ink, text)
}

/// A decimal with two digits, more where two would hide a difference from 0 or 1; empty stays empty.
fn two_digits(number: &str) -> String {
    match number.parse::<f64>() {
        Ok(value) if value > 0.99 && value < 1.0 || value > 0.0 && value < 0.01 => format!("{value:.4}"),
        Ok(value) => format!("{value:.2}"),
        Err(_) => number.to_owned(),
    }
}

/// The first 12 digits of a digest.
fn short(digest: impl std::fmt::Display) -> String {
    digest.to_string().trim_start_matches("sha256:").chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_as_many_as_tell_something() {
        assert_eq!(two_digits("0.947368421"), "0.95");
        assert_eq!(two_digits("0.998100000"), "0.9981");
        assert_eq!(two_digits("1.000000000"), "1.00");
        assert_eq!(two_digits(""), "");
    }
}
