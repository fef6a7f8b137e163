//! Quantiles of latency and cost: an interval from the order of the measurements alone, whatever their
//! distribution (David and Nagaraja, *Order Statistics*, chapter 7); or the statement that so few cannot measure it.
//! All of it is for a number of measurements that was fixed before; of a test that may end early it is an orientation.

use crate::binomial;
use crate::special::incomplete_beta;

/// The places of two measurements among `n` sorted ones, from 1, that enclose a quantile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ranks {
    /// The lower end; none when `n` measurements cannot bound it from below.
    pub low: Option<u32>,
    /// The upper end; none when `n` measurements cannot bound it from above.
    pub high: Option<u32>,
}

/// The two-sided interval for the quantile `q` in (0, 1): from the largest rank `l` with
/// P(Bin(n, q) ≤ l − 1) ≤ half of what the confidence leaves, to the smallest rank `u` with
/// P(Bin(n, q) ≤ u − 1) ≥ 1 − that half.
#[must_use]
pub fn ranks(n: u32, q: f64, confidence: f64) -> Ranks {
    let tail = 0.5 * (1.0 - confidence);
    Ranks { low: rank_low(n, q, tail), high: rank_high(n, q, tail) }
}

/// The rank of the one-sided upper bound for the quantile `q`; none means *not measurable with `n` calls*.
#[must_use]
pub fn rank_upper(n: u32, q: f64, confidence: f64) -> Option<u32> {
    rank_high(n, q, 1.0 - confidence)
}

/// The measurements from which on an upper bound for the quantile `q` exists: 59 for p95 at 95 %, 299 for p99.
#[must_use]
pub fn calls_needed(q: f64, confidence: f64) -> u32 {
    let needed = libm::ceil(libm::log(1.0 - confidence) / libm::log(q));
    (needed as u32).max(1)
}

fn rank_low(n: u32, q: f64, tail: f64) -> Option<u32> {
    // P(Bin ≤ l − 1) grows with l, so the largest is found by halving.
    let fits = |l: u32| binomial::cdf(l - 1, n, q) <= tail;
    let (mut low, mut high) = (0, n + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low > 0).then_some(low)
}

fn rank_high(n: u32, q: f64, tail: f64) -> Option<u32> {
    // P(Bin > u − 1) ≤ tail; at u = n it is qⁿ.
    let fits = |u: u32| binomial::sf(u - 1, n, q) <= tail;
    let (mut low, mut high) = (0, n + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    (high <= n).then_some(high)
}

/// The probability that the measurement of this rank among `n` lies at or above the quantile `q`.
#[must_use]
pub fn rank_confidence(rank: u32, n: u32, q: f64) -> f64 {
    if rank == 0 || rank > n {
        return 0.0;
    }
    1.0 - incomplete_beta(f64::from(rank), f64::from(n - rank + 1), q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p95_is_measurable_from_59_calls_on_and_p99_from_299() {
        assert_eq!((calls_needed(0.95, 0.95), calls_needed(0.99, 0.95)), (59, 299));
        for (q, calls) in [(0.95, 59), (0.99, 299)] {
            assert_eq!(rank_upper(calls - 1, q, 0.95), None);
            assert_eq!(rank_upper(calls, q, 0.95), Some(calls));
        }
        assert_eq!(ranks(0, 0.5, 0.95), Ranks { low: None, high: None });
    }

    #[test]
    fn the_upper_rank_is_the_smallest_that_has_the_confidence() {
        for n in [59, 100, 500, 2000] {
            let rank = rank_upper(n, 0.95, 0.95).expect("measurable");
            // The measurement of rank u lies below the quantile when u or more fall below it.
            assert!(binomial::sf(rank - 1, n, 0.95) <= 0.05);
            assert!(binomial::sf(rank - 2, n, 0.95) > 0.05);
        }
    }
}
