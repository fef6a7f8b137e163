//! Deterministic agents: a finite suite is drawn without replacement, and decides sooner.
//!
//! Each case either passes or fails, always. With `failures_good` failing cases the suite is at its target, with
//! `failures_bad` at its floor. The evidence is the likelihood ratio of the two hypergeometric distributions: of
//! the draws so far under the first against the second. It is a martingale under the second, its inverse under the
//! first, and monotone in the number of failing cases; so each boundary is crossed wrongly with at most its risk
//! for every suite beyond its level (Ville's inequality): Wald's test (Annals of Mathematical Statistics, 1945) for
//! draws without replacement. A count that the target or the floor makes impossible
//! decides at once; after the last case nothing is left open.

use alloc::vec::Vec;

use crate::design::{CALLS_MAX, Claim, DesignError};
use crate::interval::Interval;
use crate::product::Product;
use crate::special::{log_beta, log_choose};
use crate::walk::{Characteristics, Corridor, Reached, Walk};

/// Cases of a suite at most.
pub const CASES_MAX: u32 = CALLS_MAX;
/// By how much `cases × rate` may miss a whole number through rounding.
const ROUNDING: f64 = 1e-9;

/// A suite of which every case is either always right or always wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suite {
    cases: u32,
    failures_good: u32,
    failures_bad: u32,
}

impl Suite {
    /// A suite of `cases` cases, with the failing cases of its target and of its floor: ⌊cases · (1 − target)⌋ and
    /// ⌈cases · (1 − floor)⌉.
    ///
    /// # Errors
    /// When there is no case or too many, or the levels are the same count of cases.
    pub fn new(cases: u32, claim: &Claim) -> Result<Self, DesignError> {
        if cases == 0 || cases > CASES_MAX {
            return Err(DesignError::Suite(cases));
        }
        let count = f64::from(cases);
        let good = libm::floor(count * (1.0 - claim.target()) + ROUNDING);
        let bad = libm::ceil(count * (1.0 - claim.floor()) - ROUNDING);
        if good >= bad {
            return Err(DesignError::TooClose { target: claim.target(), floor: claim.floor() });
        }
        Ok(Self { cases, failures_good: good as u32, failures_bad: bad as u32 })
    }

    /// A suite whose two counts were settled before. None unless `failures_good < failures_bad ≤ cases`, and the
    /// cases are not too many.
    #[must_use]
    pub fn with_failures(cases: u32, failures_good: u32, failures_bad: u32) -> Option<Self> {
        let whole = failures_good < failures_bad && failures_bad <= cases && cases <= CASES_MAX;
        whole.then_some(Self { cases, failures_good, failures_bad })
    }

    /// Its cases.
    #[must_use]
    pub const fn cases(&self) -> u32 {
        self.cases
    }

    /// Failing cases of a suite at its target.
    #[must_use]
    pub const fn failures_good(&self) -> u32 {
        self.failures_good
    }

    /// Failing cases of a suite at its floor.
    #[must_use]
    pub const fn failures_bad(&self) -> u32 {
        self.failures_bad
    }

    /// ln of the likelihood ratio, target against floor, after `n` draws with `failures`: for display. Infinite
    /// where one of the two is impossible; none where both are.
    #[must_use]
    pub fn log_ratio(&self, n: u32, failures: u32) -> Option<f64> {
        let log_ways = |failing: u32| {
            let passed = n.saturating_sub(failures);
            log_choose(failing, failures) + log_choose(self.cases - failing, passed)
        };
        let (good, bad) = (log_ways(self.failures_good), log_ways(self.failures_bad));
        (good > f64::NEG_INFINITY || bad > f64::NEG_INFINITY).then_some(good - bad)
    }

    /// The boundaries: failures that still pass and that already fail, by the cases drawn; `+`, `×` and `÷` alone.
    /// Of the claim it takes the risks.
    #[must_use]
    pub fn boundary(&self, claim: &Claim) -> Corridor {
        let ratio = Ratio::new(self);
        let (pass_limit, fail_at_ratio) = (1.0 / claim.wrongly_passed(), claim.wrongly_blocked());
        let (mut pass, mut fail) = (Vec::new(), Vec::new());
        // Both boundaries never fall as cases are drawn: go on from the last.
        let (mut pass_next, mut fail_at) = (0, 0);
        for n in 0..=self.cases {
            while pass_next <= n && ratio.excludes_floor(n, pass_next, pass_limit) {
                pass_next += 1;
            }
            while fail_at <= n && !ratio.excludes_target(n, fail_at, fail_at_ratio) {
                fail_at += 1;
            }
            // Where draws left over from an earlier decision would do both, they fail.
            pass.push((pass_next as i32 - 1).min(fail_at as i32 - 1));
            fail.push(fail_at as i32);
        }
        Corridor::new(pass, fail).expect("a whole suite leaves nothing open")
    }

    /// What a test does with a suite that has `failing` failing cases: exact.
    #[must_use]
    pub fn characteristics(&self, test: &Corridor, failing: u32) -> Characteristics {
        let failing = failing.min(self.cases);
        if self.says_nothing_early(test) {
            // Then every draw is the whole suite.
            let pass = f64::from(u8::from(test.reached(self.cases, failing) == Reached::Pass));
            let calls = self.cases;
            return Characteristics {
                pass,
                fail: 1.0 - pass,
                calls_mean: f64::from(calls),
                calls_p95: calls,
            };
        }
        Walk::new(1.0, self.cases).run_by(test, |walk| {
            walk.step_without_replacement(self.cases, failing);
        })
    }

    /// Whether a test decides nothing before the last case.
    fn says_nothing_early(&self, test: &Corridor) -> bool {
        let arrays = test.pass_at_failures_le().iter().zip(test.fail_at_failures_ge());
        test.calls_max() == self.cases
            && (0_i64..)
                .zip(arrays)
                .take(self.cases as usize)
                .all(|(n, (&pass, &fail))| pass < 0 && i64::from(fail) > n)
    }

    /// Bounds for the share of passing cases after `n` draws with `failures`, by stage-wise ordering as in
    /// [`crate::ordering`]: the counts of failing cases that give an ending as good, or as bad, with more than the
    /// risk. They cannot disagree with the verdict, and close on the exact share when the suite is drawn.
    #[must_use]
    pub fn bounds(
        &self,
        test: &Corridor,
        n: u32,
        failures: u32,
        wrongly_blocked: f64,
        wrongly_passed: f64,
    ) -> Interval {
        let n = n.min(self.cases);
        let failures = failures.min(n);
        if n == self.cases {
            let share = 1.0 - f64::from(failures) / f64::from(n);
            return Interval { low: share, high: share };
        }
        // Counts of failing cases that the draws leave possible, from `failures` to `most`.
        let most = self.cases - (n - failures);
        let as_good = |failing: u32| {
            let walk = self.walked(test, n, failing);
            walk.pass + walk.open_at_most(failures)
        };
        let as_bad = |failing: u32| {
            let walk = self.walked(test, n, failing);
            walk.fail + walk.open_at_least(failures)
        };
        // More failing cases make a good ending rarer, fewer a bad one.
        let highest = last_of(failures, most, |failing| as_good(failing) > wrongly_passed);
        let lowest = most - (last_of(0, most - failures, |less| as_bad(most - less) > wrongly_blocked));
        let share = |failing: u32| 1.0 - f64::from(failing) / f64::from(self.cases);
        Interval { low: share(highest), high: share(lowest) }
    }

    fn walked(&self, test: &Corridor, n: u32, failing: u32) -> Walk {
        let mut walk = Walk::new(1.0, n);
        for at in 1..=n as usize {
            walk.step_without_replacement(self.cases, failing);
            if at < n as usize {
                walk.absorb(test.pass_at_failures_le()[at], test.fail_at_failures_ge()[at]);
            }
        }
        walk
    }
}

/// The last number from `first` to `last` up to which `holds`; `first` where it holds nowhere.
fn last_of(first: u32, last: u32, holds: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (first, last + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The likelihood ratio, target against floor, as one product over failures and one over passes.
struct Ratio {
    failures_good: u32,
    passes_bad: u32,
    /// ∏ (good − i) / (bad − i) over the first failures.
    by_failures: Vec<Product>,
    /// ∏ (cases − good − i) / (cases − bad − i) over the first passes.
    by_passes: Vec<Product>,
}

impl Ratio {
    fn new(suite: &Suite) -> Self {
        let products = |numerator: u32, denominator: u32| {
            let factor = |i: u32| f64::from(numerator.saturating_sub(i)) / f64::from(denominator - i);
            (0..denominator)
                .scan(Product::ONE, |product, i| {
                    *product = product.times(factor(i));
                    Some(*product)
                })
                .collect::<Vec<_>>()
        };
        let (good, bad) = (suite.failures_good, suite.failures_bad);
        Self {
            failures_good: good,
            passes_bad: suite.cases - bad,
            by_failures: products(good, bad),
            by_passes: products(suite.cases - good, suite.cases - bad),
        }
    }

    fn at(&self, failures: u32, passes: u32) -> Product {
        let of = |products: &[Product], count: u32| match count.checked_sub(1) {
            None => Product::ONE,
            Some(place) => products.get(place as usize).copied().unwrap_or(Product::new(0.0)),
        };
        of(&self.by_failures, failures).by(of(&self.by_passes, passes))
    }

    fn excludes_floor(&self, n: u32, failures: u32, limit: f64) -> bool {
        let passes = n - failures;
        passes > self.passes_bad
            || (failures <= self.failures_good && self.at(failures, passes).at_least(limit))
    }

    fn excludes_target(&self, n: u32, failures: u32, at_most: f64) -> bool {
        let passes = n - failures;
        failures > self.failures_good
            || (passes <= self.passes_bad && !self.at(failures, passes).exceeds(at_most))
    }
}

/// The counts of passing cases in a suite of `cases` that `draws` draws with `passed` passes do not exclude, in a
/// confidence sequence valid at any time of stopping: those whose prior-to-posterior ratio stays below
/// 1 / (1 − confidence), for a beta-binomial prior with parameters `a` and `b` (1 and 1: all counts alike). The ends
/// are counts. From Waudby-Smith and Ramdas (arXiv 2006.04347). None when the draws do not fit the suite.
#[must_use]
pub fn confidence_sequence(
    passed: u32,
    draws: u32,
    cases: u32,
    confidence: f64,
    (a, b): (f64, f64),
) -> Option<(u32, u32)> {
    if passed > draws || draws > cases {
        return None;
    }
    let limit = -libm::log(1.0 - confidence);
    let possible = passed..=cases - (draws - passed);
    let mut kept =
        possible.filter(|&count| log_prior_to_posterior(count, passed, draws, cases, (a, b)) < limit);
    let first = kept.next()?;
    Some((first, kept.next_back().unwrap_or(first)))
}

/// ln of the ratio of prior to posterior at `count` passing cases; infinite where the draws exclude that count.
#[must_use]
pub fn log_prior_to_posterior(count: u32, passed: u32, draws: u32, cases: u32, (a, b): (f64, f64)) -> f64 {
    if draws > cases || passed > draws || count < passed || count - passed > cases - draws {
        return f64::INFINITY;
    }
    let (seen, missed) = (f64::from(passed), f64::from(draws - passed));
    log_beta_binomial(count, cases, a, b)
        - log_beta_binomial(count - passed, cases - draws, a + seen, b + missed)
}

/// ln of the beta-binomial mass at `k` of `n`.
fn log_beta_binomial(k: u32, n: u32, a: f64, b: f64) -> f64 {
    log_choose(n, k) + log_beta(a + f64::from(k), b + f64::from(n - k)) - log_beta(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim() -> Claim {
        Claim::new(0.9, 0.8, 0.05, 0.05).expect("in order")
    }

    #[test]
    fn mean_calls_are_those_of_the_handbook() {
        // (cases, good, bad), to the digit printed.
        for (cases, good, bad) in
            [(20, 17.1, 12.5), (50, 31.2, 24.5), (100, 43.1, 34.8), (200, 53.8, 45.3), (2000, 73.3, 63.4)]
        {
            let suite = Suite::new(cases, &claim()).expect("large enough");
            let test = suite.boundary(&claim());
            let calls = |failing| suite.characteristics(&test, failing).calls_mean;
            assert!((calls(suite.failures_good()) - good).abs() < 0.051, "{cases} cases at the target");
            assert!((calls(suite.failures_bad()) - bad).abs() < 0.051, "{cases} cases at the floor");
        }
    }

    #[test]
    fn a_suite_without_a_case_or_with_too_many_is_refused() {
        for cases in [0, CASES_MAX + 1] {
            assert_eq!(Suite::new(cases, &claim()), Err(DesignError::Suite(cases)));
        }
        let single = Suite::new(1, &claim()).expect("one case");
        assert_eq!(Suite::with_failures(1, 0, 1), Some(single));
        assert_eq!((Suite::with_failures(5, 2, 2), Suite::with_failures(5, 2, 6)), (None, None));
    }

    #[test]
    fn a_suite_that_is_drawn_whole_is_known() {
        let suite = Suite::new(40, &claim()).expect("large enough");
        let test = Corridor::curtailed(40, 4, 40);
        let found = suite.bounds(&test, 40, 3, 0.05, 0.05);
        assert_eq!(found, Interval { low: 37.0 / 40.0, high: 37.0 / 40.0 });
        // A test that says nothing early does with every suite what its last boundary says.
        for (whole, failing, passes) in [(&test, 4, 1.0), (&test, 5, 0.0)] {
            let ends = suite.characteristics(whole, failing);
            assert_eq!((ends.pass, ends.fail, ends.calls_mean), (passes, 1.0 - passes, 40.0));
        }
        assert_eq!(confidence_sequence(37, 40, 40, 0.95, (1.0, 1.0)), Some((37, 37)));
        assert_eq!(confidence_sequence(41, 40, 40, 0.95, (1.0, 1.0)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn both_risks_are_kept_and_no_bound_disagrees(cases in 2_u32..70, target in 0.5_f64..0.95, gap in 0.03_f64..0.4) {
            let claim = Claim::new(target, target - gap, 0.05, 0.05).expect("in order");
            let Ok(suite) = Suite::new(cases, &claim) else { return Ok(()) };
            let test = suite.boundary(&claim);
            for failing in 0..=suite.failures_good() {
                prop_assert!(suite.characteristics(&test, failing).fail <= 0.05 + 1e-9);
            }
            for failing in suite.failures_bad()..=cases {
                prop_assert!(suite.characteristics(&test, failing).pass <= 0.05 + 1e-9);
            }
            let (good, bad) = (suite.failures_good(), suite.failures_bad());
            for n in 1..=cases {
                for failures in 0..=n {
                    let found = || suite.bounds(&test, n, failures, 0.05, 0.05);
                    let failing = |share: f64| libm::round((1.0 - share) * f64::from(cases)) as u32;
                    match test.reached(n, failures) {
                        Reached::Pass if n - failures <= cases - bad && failures <= bad => {
                            prop_assert!(failing(found().low) < bad, "({n}, {failures})");
                        }
                        Reached::Fail if failures <= good && n - failures <= cases - good => {
                            prop_assert!(failing(found().high) > good, "({n}, {failures})");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
