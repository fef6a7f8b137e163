//! The binomial distribution: how many of `n` independent trials, each with probability `p`, come out.
//!
//! Definitions as in any textbook; tails are summed from their largest term, so a small tail keeps its relative accuracy.

use crate::special::binomial_mass;

/// The probability of exactly `k` of `n`. `p` in [0, 1]; 0 when `k > n`.
#[must_use]
pub fn pmf(k: u32, n: u32, p: f64) -> f64 {
    if k > n { 0.0 } else { binomial_mass(f64::from(k), f64::from(n), p, 1.0 - p) }
}

/// The probability of at most `k` of `n`. `p` in [0, 1].
#[must_use]
pub fn cdf(k: u32, n: u32, p: f64) -> f64 {
    if k >= n {
        1.0
    } else if f64::from(k) < p * f64::from(n) {
        lower_tail(k, n, p)
    } else {
        1.0 - upper_tail(k + 1, n, p)
    }
}

/// The probability of more than `k` of `n`. `p` in [0, 1].
#[must_use]
pub fn sf(k: u32, n: u32, p: f64) -> f64 {
    if k >= n {
        0.0
    } else if f64::from(k) < p * f64::from(n) {
        1.0 - lower_tail(k, n, p)
    } else {
        upper_tail(k + 1, n, p)
    }
}

/// The sum of the masses at `k`, `k − 1`, …, 0: decreasing terms, as `k` lies below the mean.
fn lower_tail(k: u32, n: u32, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    let mut term = pmf(k, n, p);
    let mut sum = term;
    for j in (0..k).rev() {
        // C(n, j) / C(n, j + 1) = (j + 1) / (n − j)
        term *= odds * f64::from(j + 1) / f64::from(n - j);
        if term <= sum * 1e-18 {
            break;
        }
        sum += term;
    }
    sum
}

/// The sum of the masses at `k`, `k + 1`, …, `n`: decreasing terms, as `k` lies above the mean.
fn upper_tail(k: u32, n: u32, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let mut term = pmf(k, n, p);
    let mut sum = term;
    for j in k + 1..=n {
        // C(n, j) / C(n, j − 1) = (n − j + 1) / j
        term *= odds * f64::from(n - j + 1) / f64::from(j);
        if term <= sum * 1e-18 {
            break;
        }
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::incomplete_beta;
    use proptest::prelude::*;

    #[test]
    fn masses_are_the_known_ones() {
        assert_eq!(pmf(0, 0, 0.3), 1.0);
        assert_eq!(pmf(3, 2, 0.3), 0.0);
        assert_eq!(pmf(0, 7, 0.0), 1.0);
        assert_eq!(pmf(7, 7, 1.0), 1.0);
        for (k, n, p, expected) in [
            (1, 2, 0.5, 0.5),
            (3, 10, 0.2, 0.201_326_592),
            (20, 20, 0.9, 0.121_576_654_590_569_3),
            (500, 1000, 0.5, 0.025_225_018_178_360_804),
        ] {
            let found = pmf(k, n, p);
            assert!((found / expected - 1.0).abs() < 1e-13, "{k} of {n}: {found}");
        }
    }

    #[test]
    fn the_fixed_design_of_the_handbook_has_its_risks() {
        // 135 calls, at most 19 failures: 0.90 against 0.80.
        assert!((sf(19, 135, 0.1) / 0.048_355_304_312_170_95 - 1.0).abs() < 1e-9);
        assert!((cdf(19, 135, 0.2) / 0.048_967_578_149_375_78 - 1.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_tail_is_an_incomplete_beta_function(n in 1_u32..3000, part in 0.0_f64..1.0, p in 0.001_f64..0.999) {
            let k = (part * f64::from(n)) as u32 % n;
            let expected = incomplete_beta(f64::from(n - k), f64::from(k + 1), 1.0 - p);
            let found = cdf(k, n, p);
            prop_assert!((found - expected).abs() <= 1e-11 * expected + 1e-15, "{} {}", found, expected);
        }

        #[test]
        fn at_most_and_more_make_one(n in 0_u32..2000, k in 0_u32..2000, p in 0.0_f64..=1.0) {
            prop_assert!((cdf(k, n, p) + sf(k, n, p) - 1.0).abs() < 1e-14);
        }
    }
}
