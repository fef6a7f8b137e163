//! Zero tolerance: a failure rate that must not be, shown by trials without one.
//!
//! It passes after enough trials without a failure, and fails at the first confirmed one. It makes no promise to
//! a good version; [`blocked`] says how often such a one is blocked. Without missing answers it is the exact form of the
//! rule of three (Hanley and Lippman-Hand, Journal of the American Medical Association, 1983).
//!
//! **Missing answers.** A trial whose answer is missing might have been a failure, and the agent may choose which
//! answers go missing. So a missing answer counts as a failure on the way to *pass*, and is paid for: the
//! boundary is a sequence of thresholds `n₀ < n₁ < … < n_M`, and the criterion passes at call `n` when at most
//! `m` answers are missing and `n ≥ nₘ`. `n₀` is the plain number of trials; it leaves a little of the risk
//! unspent, as calls are whole. Each next `nₘ` is the first call at which passing with exactly this many spends at
//! most half of what is left; the last one may spend all of it.
//!
//! *Certificate.* Call an answer bad when it is a failure or would be one. A version at the failure rate or above
//! has bad answers independently with at least that probability. To pass at `n` it must have had no failure
//! heard, and at most `m` missing: so at most `m` bad ones, whichever it let go missing and why. Hence
//! P(pass) ≤ P(for some n: bad answers among the first n ≤ `pass_at_missing_le[n]`), which [`wrongly_passed`]
//! computes exactly by a forward recursion with `+` and `×` alone.

use alloc::vec;
use alloc::vec::Vec;

use crate::design::DesignError;

/// Missing answers that a plan can bear at most; with more it stays undecided.
pub const MISSING_MAX: usize = 3;
/// Trials without a failure at most: a rate so small that it needs more is refused.
pub const TRIALS_MAX: u32 = 1_000_000;
/// The same for a boundary, which is stored call by call.
pub const BOUNDARY_TRIALS_MAX: u32 = 20_000;
/// Calls after which a boundary waits for no further threshold: the risk left over was too small to be spent.
const CALLS_MAX: u32 = 4 * BOUNDARY_TRIALS_MAX;

/// Trials without one failure that show a failure rate below `failure_rate`, at the risk `wrongly_passed`:
/// ⌈ln(wrongly_passed) / ln(1 − failure_rate)⌉.
///
/// # Errors
/// When one of the two is not in (0, 1), or more than [`TRIALS_MAX`] trials would be needed.
pub fn trials(failure_rate: f64, wrongly_passed: f64) -> Result<u32, DesignError> {
    if !(0.0 < failure_rate && failure_rate < 1.0) {
        return Err(DesignError::FailureRate(failure_rate));
    }
    if !(0.0 < wrongly_passed && wrongly_passed < 1.0) {
        return Err(DesignError::Risk(wrongly_passed));
    }
    let needed = libm::ceil(libm::log(wrongly_passed) / libm::log1p(-failure_rate));
    if needed > f64::from(TRIALS_MAX) {
        return Err(DesignError::TooRare(failure_rate));
    }
    // What decides is the product itself: the logarithm may be off by one where it falls on a whole number.
    let mut k = (needed as u32).max(1).saturating_sub(1).max(1);
    while power(1.0 - failure_rate, k) > wrongly_passed {
        k += 1;
    }
    Ok(k)
}

/// When a zero-tolerance criterion passes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Boundary {
    /// By the number of calls heard, from 0: the missing answers that still pass; −1 where none does.
    pub pass_at_missing_le: Vec<i32>,
}

impl Boundary {
    /// The calls at which one with at most `missing` missing answers passes; none when it never does.
    #[must_use]
    pub fn calls(&self, missing: u32) -> Option<u32> {
        let place = self.pass_at_missing_le.iter().position(|&le| i64::from(le) >= i64::from(missing))?;
        u32::try_from(place).ok()
    }
}

/// The boundary for up to [`MISSING_MAX`] missing answers: 59, 163, 214 and 248 calls for a failure rate of 5 %
/// at a risk of 5 %; 14, 32, 43 and 50 for 20 %.
///
/// # Errors
/// Those of [`trials`]; and when the first threshold lies beyond [`BOUNDARY_TRIALS_MAX`].
pub fn boundary(failure_rate: f64, wrongly_passed: f64) -> Result<Boundary, DesignError> {
    let first = trials(failure_rate, wrongly_passed)?;
    if first > BOUNDARY_TRIALS_MAX {
        return Err(DesignError::TooRare(failure_rate));
    }
    let mut walk = BadAnswers::new(failure_rate, MISSING_MAX);
    let mut pass_at_missing_le = vec![-1];
    let mut left = wrongly_passed;
    for missing in 0..=MISSING_MAX {
        let spend = match missing {
            0 | MISSING_MAX => left,
            _ => 0.5 * left,
        };
        loop {
            walk.step();
            if walk.calls >= first && walk.at_most(missing) <= spend {
                break;
            }
            if walk.calls >= CALLS_MAX || spend <= 0.0 {
                // The calls after the last threshold would wait for one that does not come.
                let until = pass_at_missing_le.iter().position(|&le| le + 1 == missing as i32);
                pass_at_missing_le.truncate(until.map_or(1, |last| last + 1));
                return Ok(Boundary { pass_at_missing_le });
            }
            pass_at_missing_le.push(missing as i32 - 1);
        }
        left -= walk.stop(missing);
        pass_at_missing_le.push(missing as i32);
    }
    Ok(Boundary { pass_at_missing_le })
}

/// The exact probability that a version with this failure rate passes when it may let any of its answers go
/// missing: the certificate of a boundary.
#[must_use]
pub fn wrongly_passed(pass_at_missing_le: &[i32], failure_rate: f64) -> f64 {
    let most = pass_at_missing_le.iter().copied().max().unwrap_or(-1);
    let mut walk = BadAnswers::new(failure_rate, usize::try_from(most).unwrap_or(0));
    let mut passed = 0.0;
    for (calls, &le) in pass_at_missing_le.iter().enumerate() {
        if calls > 0 {
            walk.step();
        }
        if let Ok(missing) = usize::try_from(le) {
            passed += walk.stop(missing);
        }
    }
    passed
}

/// How often a version that is right with probability `right` has a failure within `trials`: 1 − rᵏ.
#[must_use]
pub fn blocked(right: f64, trials: u32) -> f64 {
    1.0 - power(right, trials)
}

/// The failure rate that `trials` without a failure exclude at the risk `wrongly_passed`.
#[must_use]
pub fn failure_rate_excluded(trials: u32, wrongly_passed: f64) -> f64 {
    if trials == 0 { 1.0 } else { -libm::expm1(libm::log(wrongly_passed) / f64::from(trials)) }
}

/// `base` to a whole power, by multiplication alone.
pub(crate) fn power(base: f64, exponent: u32) -> f64 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

/// The distribution of the number of bad answers so far, among versions that have not passed.
struct BadAnswers {
    rate: f64,
    calls: u32,
    /// By the number of bad answers; more than can still pass need not be told apart.
    mass: Vec<f64>,
}

impl BadAnswers {
    fn new(rate: f64, bad_max: usize) -> Self {
        let mut mass = vec![0.0; bad_max + 1];
        mass[0] = 1.0;
        Self { rate, calls: 0, mass }
    }

    fn step(&mut self) {
        self.calls += 1;
        for bad in (0..self.mass.len()).rev() {
            let before = if bad > 0 { self.mass[bad - 1] } else { 0.0 };
            self.mass[bad] = (1.0 - self.rate) * self.mass[bad] + self.rate * before;
        }
    }

    fn at_most(&self, bad: usize) -> f64 {
        self.mass[..=bad].iter().sum()
    }

    /// Takes out what passes now, and says how much that was.
    fn stop(&mut self, bad: usize) -> f64 {
        let passed = self.at_most(bad);
        self.mass[..=bad].fill(0.0);
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn calls(rate: f64, risk: f64) -> Vec<u32> {
        let found = boundary(rate, risk).expect("the rate is in order");
        (0..=MISSING_MAX as u32).filter_map(|missing| found.calls(missing)).collect()
    }

    #[test]
    fn the_thresholds_are_those_that_the_documentation_states() {
        assert_eq!(calls(0.05, 0.05), [59, 163, 214, 248]);
        assert_eq!(calls(0.20, 0.05), [14, 32, 43, 50]);
        assert_eq!(trials(0.01, 0.05), Ok(299));
        assert_eq!(trials(0.001, 0.05), Ok(2995));
    }

    #[test]
    fn a_good_version_is_blocked_as_often_as_the_documentation_states() {
        let percent = |right, trials| libm::round(100.0 * blocked(right, trials));
        assert_eq!([0.99, 0.995, 0.999].map(|right| percent(right, 14)), [13.0, 7.0, 1.0]);
        assert_eq!([0.99, 0.995, 0.999].map(|right| percent(right, 59)), [45.0, 26.0, 6.0]);
    }

    #[test]
    fn dropping_missing_answers_would_break_the_promise_and_paying_for_them_keeps_it() {
        let found = boundary(0.05, 0.05).expect("in order");
        let kept = wrongly_passed(&found.pass_at_missing_le, 0.05);
        assert!(kept <= 0.05 && kept > 0.0499, "{kept}");
        // The same calls with every threshold at the first: what a gate that drops missing answers does.
        let dropped: Vec<_> = (0..=59).map(|n| if n < 59 { -1 } else { MISSING_MAX as i32 }).collect();
        assert!(wrongly_passed(&dropped, 0.05) > 0.6);
    }

    /// All ways in which 0 to 3 bad answers can fall, summed up one by one instead of by recursion.
    #[test]
    fn the_recursion_agrees_with_summing_up_every_path() {
        let found = boundary(0.5, 0.2).expect("in order").pass_at_missing_le;
        let last = found.len() - 1;
        assert!(last <= 20, "{last} calls are too many to list");
        let mut passed = 0_u32;
        for path in 0_u32..1 << last {
            let mut bad = 0;
            passed += u32::from((1..=last).any(|n| {
                bad += (path >> (n - 1) & 1) as i32;
                bad <= found[n]
            }));
        }
        let listed = f64::from(passed) / f64::from(1_u32 << last);
        assert_eq!(wrongly_passed(&found, 0.5), listed);
    }

    #[test]
    fn the_certificate_counts_every_missing_answer_that_an_array_bears() {
        // Ten of ten may be missing: everything passes. So it does when passing takes no call.
        let any: Vec<_> = (0..=10).map(|n| if n < 10 { -1 } else { 10 }).collect();
        assert!((wrongly_passed(&any, 0.3) - 1.0).abs() < 1e-12);
        assert_eq!(wrongly_passed(&[0], 0.3), 1.0);
        assert_eq!(wrongly_passed(&[], 0.3), 0.0);
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        assert!(trials(0.0, 0.05).is_err() && trials(1.0, 0.05).is_err() && trials(f64::NAN, 0.05).is_err());
        assert!(trials(0.05, 0.0).is_err() && trials(1e-6, 0.05).is_err() && boundary(1e-4, 0.05).is_err());
    }

    #[test]
    fn where_the_first_threshold_spends_all_no_missing_answer_is_borne() {
        // One half squared is exactly a quarter: nothing is left for a second threshold.
        let found = boundary(0.5, 0.25).expect("in order");
        assert_eq!(found.pass_at_missing_le, [-1, -1, 0]);
        assert_eq!((found.calls(0), found.calls(1)), (Some(2), None));
        assert_eq!(wrongly_passed(&found.pass_at_missing_le, 0.5), 0.25);
    }

    proptest! {
        #[test]
        fn every_boundary_keeps_its_risk_for_every_worse_version(
            rate in 0.005_f64..0.9, risk in 0.001_f64..0.5, worse in 0.0_f64..1.0,
        ) {
            let found = boundary(rate, risk).expect("in order");
            prop_assert!(found.pass_at_missing_le.windows(2).all(|pair| pair[0] <= pair[1]));
            let worse = rate + worse * (1.0 - rate);
            prop_assert!(wrongly_passed(&found.pass_at_missing_le, rate) <= risk);
            prop_assert!(wrongly_passed(&found.pass_at_missing_le, worse) <= risk);
            prop_assert_eq!(found.calls(0), Some(trials(rate, risk).expect("in order")));
        }
    }
}
