//! The confidence sequence for a proportion of 0/1 scores: an interval that may be looked at after every call, and
//! is still right with the stated confidence for all looks together.
//!
//! The two-sided beta-binomial mixture of Howard, Ramdas, McAuliffe and Sekhon (Annals of Statistics, 2021), as the
//! `confseq` library defines it. It knows no target and no floor: it is for charts, and for criteria that decide
//! nothing.

use crate::interval::Interval;
use crate::special::log_beta;

/// The level for which the mixture is tuned, whatever level is asked for.
const TUNED_RISK: f64 = 0.05;

/// The sequence after `k` successes in `n` calls (a `k` above `n` is read as `n`), narrowest near `calls_tuned` calls.
#[must_use]
pub fn bernoulli(k: u32, n: u32, confidence: f64, calls_tuned: f64) -> Interval {
    if n == 0 {
        return Interval::UNKNOWN;
    }
    let k = k.min(n);
    let rate = f64::from(k) / f64::from(n);
    let limit = -libm::log(1.0 - confidence);
    let edge = |mut outside: f64| {
        let mut inside = rate;
        for _ in 0..100 {
            let middle = 0.5 * (inside + outside);
            if log_evidence(k, n, middle, calls_tuned) < limit {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        outside
    };
    Interval { low: if k == 0 { 0.0 } else { edge(0.0) }, high: if k == n { 1.0 } else { edge(1.0) } }
}

/// ln of the mixed likelihood ratio against the proportion `p` in (0, 1): the mixture is Beta with mean `p`.
fn log_evidence(k: u32, n: u32, p: f64, calls_tuned: f64) -> f64 {
    let log_risk = -libm::log(TUNED_RISK);
    let spread = calls_tuned / (2.0 * log_risk + libm::log1p(2.0 * log_risk));
    let size = (spread - 1.0).max(1e-3);
    let (passed, failed) = (f64::from(k), f64::from(n - k));
    let (a, b) = (p * size, (1.0 - p) * size);
    log_beta(a + passed, b + failed) - log_beta(a, b) - passed * libm::log(p) - failed * libm::log1p(-p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_wider_than_a_single_look_and_narrows() {
        let mut last = 1.0;
        for n in [20, 50, 100, 400] {
            let found = bernoulli(n * 9 / 10, n, 0.95, 100.0);
            let look = crate::interval::wilson(n * 9 / 10, n, 0.95);
            assert!(found.contains(0.9) && found.high - found.low > look.high - look.low);
            assert!(found.high - found.low < last);
            last = found.high - found.low;
        }
        assert_eq!(bernoulli(0, 0, 0.95, 100.0), Interval::UNKNOWN);
        assert_eq!(bernoulli(0, 10, 0.95, 100.0).low, 0.0);
        assert_eq!(bernoulli(12, 10, 0.95, 100.0).high, 1.0);
    }
}
