//! Intervals for a proportion from a number of calls that was fixed beforehand.
//!
//! They are for display. Under optional stopping they are wrong: what a sequential test shows comes from
//! [`crate::ordering`].
//!
//! Everywhere `k` is the number of successes among `n` calls (a `k` above `n` is read as `n`), and `confidence`
//! lies in (0, 1), such as 0.95. Without a call nothing is known: the interval is [0, 1].

use crate::special::{beta_quantile, normal_quantile};

/// A range of plausible values, both ends in [0, 1] for a proportion.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// All proportions: what is known before the first call.
    pub const UNKNOWN: Self = Self { low: 0.0, high: 1.0 };

    /// Whether a value lies in it, ends included.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Wilson's two-sided score interval (Journal of the American Statistical Association, 1927): the default error bar of
/// charts. It never leaves [0, 1].
#[must_use]
pub fn wilson(k: u32, n: u32, confidence: f64) -> Interval {
    let Some((rate, n)) = rate(k, n) else { return Interval::UNKNOWN };
    let z = two_sided_z(confidence);
    let square = z * z / n;
    let middle = (rate + 0.5 * square) / (1.0 + square);
    let half = z * libm::sqrt(rate * (1.0 - rate) / n + 0.25 * square / n) / (1.0 + square);
    clipped(middle - half, middle + half)
}

/// The Agresti–Coull two-sided interval (The American Statistician, 1998).
#[must_use]
pub fn agresti_coull(k: u32, n: u32, confidence: f64) -> Interval {
    let Some((rate, n)) = rate(k, n) else { return Interval::UNKNOWN };
    let z = two_sided_z(confidence);
    let calls = n + z * z;
    let middle = (rate * n + 0.5 * z * z) / calls;
    let half = z * libm::sqrt(middle * (1.0 - middle) / calls);
    clipped(middle - half, middle + half)
}

/// Jeffreys' two-sided interval: quantiles of Beta(k + ½, n − k + ½), as in Brown, Cai and DasGupta (Statistical
/// Science, 2001).
#[must_use]
pub fn jeffreys(k: u32, n: u32, confidence: f64) -> Interval {
    let (passed, failed) = (f64::from(k.min(n)) + 0.5, f64::from(n - k.min(n)) + 0.5);
    let tail = 0.5 * (1.0 - confidence);
    Interval { low: beta_quantile(passed, failed, tail), high: 1.0 - beta_quantile(failed, passed, tail) }
}

/// The Clopper–Pearson two-sided interval (Biometrika, 1934): its coverage is guaranteed, so it is what audits show.
#[must_use]
pub fn clopper_pearson(k: u32, n: u32, confidence: f64) -> Interval {
    let each = 0.5 * (1.0 + confidence);
    Interval { low: clopper_pearson_lower(k, n, each), high: clopper_pearson_upper(k, n, each) }
}

/// The Clopper–Pearson one-sided lower bound: a proportion below it gives `k` or more successes with a
/// probability of less than `1 − confidence`.
#[must_use]
pub fn clopper_pearson_lower(k: u32, n: u32, confidence: f64) -> f64 {
    let k = k.min(n);
    if k == 0 { 0.0 } else { beta_quantile(f64::from(k), f64::from(n - k + 1), 1.0 - confidence) }
}

/// The Clopper–Pearson one-sided upper bound: a proportion above it gives `k` or fewer successes with a
/// probability of less than `1 − confidence`.
#[must_use]
pub fn clopper_pearson_upper(k: u32, n: u32, confidence: f64) -> f64 {
    let k = k.min(n);
    // Through the complement, so that a bound near 1 is found by its small distance from 1.
    if k == n { 1.0 } else { 1.0 - beta_quantile(f64::from(n - k), f64::from(k + 1), 1.0 - confidence) }
}

/// The `z` that a standard normal variable stays within, on both sides, with this confidence.
fn two_sided_z(confidence: f64) -> f64 {
    -normal_quantile(0.5 * (1.0 - confidence))
}

fn rate(k: u32, n: u32) -> Option<(f64, f64)> {
    (n > 0).then(|| (f64::from(k.min(n)) / f64::from(n), f64::from(n)))
}

fn clipped(low: f64, high: f64) -> Interval {
    Interval { low: low.max(0.0), high: high.min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binomial;
    use proptest::prelude::*;

    #[test]
    fn without_a_call_nothing_is_known() {
        for of in [wilson, agresti_coull, clopper_pearson] {
            assert_eq!(of(0, 0, 0.95), Interval::UNKNOWN);
        }
    }

    #[test]
    fn fifty_nine_of_fifty_nine_exclude_95_percent() {
        assert!(clopper_pearson_lower(59, 59, 0.95) > 0.95);
        assert!(clopper_pearson_lower(58, 58, 0.95) < 0.95);
        assert_eq!(clopper_pearson_upper(59, 59, 0.95), 1.0);
    }

    #[test]
    fn more_successes_than_calls_are_read_as_all() {
        assert_eq!(clopper_pearson(9, 5, 0.9), clopper_pearson(5, 5, 0.9));
        assert_eq!(wilson(9, 5, 0.9), wilson(5, 5, 0.9));
        assert_eq!(jeffreys(9, 5, 0.9), jeffreys(5, 5, 0.9));
    }

    proptest! {
        #[test]
        fn every_interval_holds_the_observed_rate(n in 1_u32..500, part in 0.0_f64..=1.0) {
            let k = (part * f64::from(n)) as u32;
            let rate = f64::from(k) / f64::from(n);
            for of in [wilson, agresti_coull, clopper_pearson] {
                let found = of(k, n, 0.95);
                prop_assert!(found.low >= 0.0 && found.high <= 1.0);
                prop_assert!(found.low <= rate + 1e-15 && rate <= found.high + 1e-15);
            }
        }

        #[test]
        fn the_lower_bound_is_where_the_tail_reaches_its_level(n in 1_u32..400, part in 0.0_f64..=1.0) {
            let k = ((part * f64::from(n)) as u32).max(1);
            let bound = clopper_pearson_lower(k, n, 0.95);
            prop_assert!((binomial::sf(k - 1, n, bound) - 0.05).abs() < 1e-10);
        }
    }
}
