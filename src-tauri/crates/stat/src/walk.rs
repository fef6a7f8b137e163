//! A sequential test on the lattice of calls and failures, and the exact forward recursion through it.
//!
//! After call `n` with `f` failures a test of two arrays passes when `f ≤ pass[n]`, fails when `f ≥ fail[n]`, and
//! goes on otherwise. The recursion carries the probability of each `f` among tests that go on:
//! `w(n+1, f) = p w(n, f) + (1−p) w(n, f−1)`, and takes out what is decided: Aroian's direct method (Technometrics,
//! 1968). It uses `+` and `×` alone.
//!
//! **One direction.** Take two rows of answers of which the second has no failure that the first has not. Where
//! the first passes, the second cannot have failed before: it never had more failures. So with a better version
//! *pass* is never less likely and *fail* never more, and a risk computed at one level holds beyond it.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::binomial;

/// What a test says at a point of the lattice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// The criterion is met.
    Pass,
    /// The criterion is not met.
    Fail,
    /// Undecided: the next call is asked.
    Open,
}

/// Two boundaries between which a test goes on, for each number of calls from 0 to the last.
///
/// Whole by construction: no point is on both sides, nothing is decided without a call, nothing is open at the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corridor {
    pass_at_failures_le: Vec<i32>,
    fail_at_failures_ge: Vec<i32>,
}

/// Why two arrays are no corridor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CorridorError {
    /// The arrays differ in length, or hold no call.
    Length,
    /// After this many calls a count of failures would pass and fail at once.
    Overlap(usize),
    /// It decides before the first call.
    WithoutCall,
    /// After the last call some count is still undecided.
    OpenAtEnd,
}

impl fmt::Display for CorridorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => {
                write!(formatter, "the two boundaries need the same length, and at least one call")
            }
            Self::Overlap(n) => {
                write!(formatter, "after call {n} a count of failures passes and fails at once")
            }
            Self::WithoutCall => write!(formatter, "the boundaries decide before the first call"),
            Self::OpenAtEnd => write!(formatter, "after the last call a count of failures is undecided"),
        }
    }
}

impl core::error::Error for CorridorError {}

impl Corridor {
    /// A corridor from its two arrays, indexed by the calls heard, from 0; −1 in the first and `n + 1` or more in
    /// the second mean that nothing is decided there.
    ///
    /// # Errors
    /// When the arrays are no corridor.
    pub fn new(pass_at_failures_le: Vec<i32>, fail_at_failures_ge: Vec<i32>) -> Result<Self, CorridorError> {
        let length = pass_at_failures_le.len();
        if length < 2 || length != fail_at_failures_ge.len() || i32::try_from(length).is_err() {
            return Err(CorridorError::Length);
        }
        if pass_at_failures_le[0] >= 0 || fail_at_failures_ge[0] <= 0 {
            return Err(CorridorError::WithoutCall);
        }
        for (n, (pass, fail)) in pass_at_failures_le.iter().zip(&fail_at_failures_ge).enumerate() {
            if pass >= fail {
                return Err(CorridorError::Overlap(n));
            }
        }
        let (pass, fail) = (pass_at_failures_le[length - 1], fail_at_failures_ge[length - 1]);
        if pass.checked_add(1) != Some(fail) {
            return Err(CorridorError::OpenAtEnd);
        }
        Ok(Self { pass_at_failures_le, fail_at_failures_ge })
    }

    /// A plain threshold after `n` calls, with `failures_max` failures that still pass, that says so as early as the
    /// rest of the calls cannot change it, but never before call `first_boundary`.
    #[must_use]
    pub fn curtailed(n: u32, failures_max: u32, first_boundary: u32) -> Self {
        let last = signed(n.max(1));
        let cut = signed(failures_max).min(last);
        let open = |at: i32| at < signed(first_boundary).min(last);
        Self {
            pass_at_failures_le: (0..=last)
                .map(|at| if open(at) || at == 0 { -1 } else { (cut - (last - at)).max(-1) })
                .collect(),
            fail_at_failures_ge: (0..=last)
                .map(|at| if open(at) { at + 1 } else { (cut + 1).max(1) })
                .collect(),
        }
    }

    /// The calls after which it is decided in any case.
    #[must_use]
    pub fn calls_max(&self) -> u32 {
        self.pass_at_failures_le.len() as u32 - 1
    }

    /// Failures that still pass, by the calls heard.
    #[must_use]
    pub fn pass_at_failures_le(&self) -> &[i32] {
        &self.pass_at_failures_le
    }

    /// Failures that already fail, by the calls heard.
    #[must_use]
    pub fn fail_at_failures_ge(&self) -> &[i32] {
        &self.fail_at_failures_ge
    }

    /// The two arrays, to be stored.
    #[must_use]
    pub fn into_arrays(self) -> (Vec<i32>, Vec<i32>) {
        (self.pass_at_failures_le, self.fail_at_failures_ge)
    }

    /// What the test says after exactly `n` calls with `failures` of them failed, if it went on until then. Calls
    /// beyond the last are read as the last.
    #[must_use]
    pub fn reached(&self, n: u32, failures: u32) -> Reached {
        let n = n.min(self.calls_max()) as usize;
        if i64::from(failures) <= i64::from(self.pass_at_failures_le[n]) {
            Reached::Pass
        } else if i64::from(failures) >= i64::from(self.fail_at_failures_ge[n]) {
            Reached::Fail
        } else {
            Reached::Open
        }
    }

    /// Calls from (n, failures) to *pass* if all that follow pass; none when they do not lead there.
    #[must_use]
    pub fn calls_to_pass(&self, n: u32, failures: u32) -> Option<u32> {
        self.calls_to(Reached::Pass, n, |_| failures)
    }

    /// Calls from (n, failures) to *fail* if all that follow fail; none when they do not lead there.
    #[must_use]
    pub fn calls_to_fail(&self, n: u32, failures: u32) -> Option<u32> {
        self.calls_to(Reached::Fail, n, |more| failures + more)
    }

    fn calls_to(&self, wanted: Reached, n: u32, failures: impl Fn(u32) -> u32) -> Option<u32> {
        let at = |more: u32| self.reached(n + more, failures(more));
        let decided = (0..=self.calls_max().saturating_sub(n)).find(|&more| at(more) != Reached::Open)?;
        (at(decided) == wanted).then_some(decided)
    }

    /// What the test does with a version that passes each call with probability `p`: exact, by the recursion.
    #[must_use]
    pub fn characteristics(&self, p: f64) -> Characteristics {
        Walk::new(p, self.calls_max()).run(self)
    }

    /// The same from a point that was reached undecided: calls are counted from there. Where the point is decided
    /// already, or lies beyond the last call, there is nothing left to ask.
    #[must_use]
    pub fn characteristics_from(&self, n: u32, failures: u32, p: f64) -> Characteristics {
        let n = n.min(self.calls_max());
        match self.reached(n, failures) {
            Reached::Pass => Characteristics { pass: 1.0, fail: 0.0, calls_mean: 0.0, calls_p95: 0 },
            Reached::Fail => Characteristics { pass: 0.0, fail: 1.0, calls_mean: 0.0, calls_p95: 0 },
            Reached::Open => Walk::from(p, n, failures, self.calls_max()).run(self),
        }
    }
}

fn signed(calls: u32) -> i32 {
    i32::try_from(calls).unwrap_or(i32::MAX - 1)
}

/// What a test does with a version of a given level.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Characteristics {
    /// The probability that it passes.
    pub pass: f64,
    /// The probability that it fails.
    pub fail: f64,
    /// The mean number of calls.
    pub calls_mean: f64,
    /// The smallest number of calls that is enough with a probability of 95 %.
    pub calls_p95: u32,
}

/// What a term of a distribution may be, relative to its largest, to be left out.
const NEGLIGIBLE: f64 = 1e-24;

/// The probabilities of all counts of failures among tests that go on, and of what was decided.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    p: f64,
    n: u32,
    /// By failures; zero outside `low..high`.
    mass: Vec<f64>,
    low: usize,
    high: usize,
    /// Decided so far.
    pub(crate) pass: f64,
    /// Decided so far.
    pub(crate) fail: f64,
}

impl Walk {
    /// Before the first call, with room for `calls` of them.
    pub(crate) fn new(p: f64, calls: u32) -> Self {
        Self::from(p, 0, 0, calls)
    }

    fn from(p: f64, n: u32, failures: u32, calls: u32) -> Self {
        let failures = failures.min(n) as usize;
        let mut mass = vec![0.0; failures + (calls - n.min(calls)) as usize + 2];
        mass[failures] = 1.0;
        Self { p, n, mass, low: failures, high: failures + 1, pass: 0.0, fail: 0.0 }
    }

    /// After `n` calls that decided nothing, with room for `calls`: the binomial distribution, without its terms
    /// below 10⁻²⁴ of the largest. For what is shown; a certificate takes every step.
    pub(crate) fn undecided(p: f64, n: u32, calls: u32) -> Self {
        // The count of failures with the largest probability.
        let middle = (libm::floor((f64::from(n) + 1.0) * (1.0 - p)) as u32).min(n);
        let largest = binomial::pmf(middle, n, 1.0 - p);
        let mut walk = Self::from(p, n, middle, calls.max(n));
        walk.mass.resize(calls.max(n) as usize + 2, 0.0);
        walk.mass[middle as usize] = largest;
        let odds = (1.0 - p) / p;
        let mut term = largest;
        for f in middle + 1..=n {
            // C(n, f) / C(n, f − 1) = (n − f + 1) / f
            term *= odds * f64::from(n - f + 1) / f64::from(f);
            if term <= largest * NEGLIGIBLE {
                break;
            }
            walk.mass[f as usize] = term;
            walk.high = f as usize + 1;
        }
        let mut term = largest;
        for f in (0..middle).rev() {
            term *= f64::from(f + 1) / (odds * f64::from(n - f));
            if term <= largest * NEGLIGIBLE {
                break;
            }
            walk.mass[f as usize] = term;
            walk.low = f as usize;
        }
        walk
    }

    /// Makes `self` a copy of `other` without a new allocation.
    pub(crate) fn restart(&mut self, other: &Self) {
        self.mass.clone_from(&other.mass);
        (self.p, self.n, self.low, self.high) = (other.p, other.n, other.low, other.high);
        (self.pass, self.fail) = (other.pass, other.fail);
    }

    /// One more call, without a decision.
    pub(crate) fn step(&mut self) {
        let (p, q) = (self.p, 1.0 - self.p);
        self.step_with(|_| (p, q));
    }

    /// One more call of a finite suite, without replacement: `failing` of `cases` cases fail. A walk made for this
    /// needs no level.
    pub(crate) fn step_without_replacement(&mut self, cases: u32, failing: u32) {
        let left = f64::from(cases - self.n);
        self.step_with(|failures| {
            let fails = (f64::from(failing) - failures as f64).max(0.0) / left;
            ((1.0 - fails).max(0.0), fails.min(1.0))
        });
    }

    /// One more call; by the failures so far, the probabilities that it passes and that it fails.
    #[inline]
    fn step_with(&mut self, chances: impl Fn(usize) -> (f64, f64)) {
        // From the top, so that each count still finds its neighbour as it was.
        let mut above = self.mass[self.high - 1];
        let mut chance = chances(self.high - 1);
        self.mass[self.high] = chance.1 * above;
        for f in (self.low + 1..self.high).rev() {
            let below = self.mass[f - 1];
            let chance_below = chances(f - 1);
            self.mass[f] = chance.0 * above + chance_below.1 * below;
            (above, chance) = (below, chance_below);
        }
        self.mass[self.low] *= chance.0;
        self.high += 1;
        self.n += 1;
        // Counts that are impossible, or too unlikely to be a number, cost no time.
        while self.high - self.low > 1 && self.mass[self.low] == 0.0 {
            self.low += 1;
        }
        while self.high - self.low > 1 && self.mass[self.high - 1] == 0.0 {
            self.high -= 1;
        }
    }

    /// Takes out what the test decides after the calls so far.
    pub(crate) fn absorb(&mut self, pass_at_failures_le: i32, fail_at_failures_ge: i32) {
        while self.low < self.high && (self.low as i64) <= i64::from(pass_at_failures_le) {
            self.pass += self.mass[self.low];
            self.mass[self.low] = 0.0;
            self.low += 1;
        }
        while self.low < self.high && (self.high as i64) > i64::from(fail_at_failures_ge) {
            self.high -= 1;
            self.fail += self.mass[self.high];
            self.mass[self.high] = 0.0;
        }
    }

    /// The probability that the test goes on.
    pub(crate) fn open(&self) -> f64 {
        self.mass[self.low..self.high].iter().sum()
    }

    /// The probability that the test goes on with at most so many failures.
    pub(crate) fn open_at_most(&self, failures: u32) -> f64 {
        let end = self.high.min(failures as usize + 1);
        self.mass[self.low.min(end)..end].iter().sum()
    }

    /// The probability that the test goes on with at least so many failures.
    pub(crate) fn open_at_least(&self, failures: u32) -> f64 {
        let start = self.low.max(failures as usize);
        self.mass[start.min(self.high)..self.high].iter().sum()
    }

    /// On to the end.
    fn run(self, corridor: &Corridor) -> Characteristics {
        self.run_by(corridor, Self::step)
    }

    /// On to the end by another kind of step.
    pub(crate) fn run_by(mut self, corridor: &Corridor, step: impl Fn(&mut Self)) -> Characteristics {
        let start = self.n;
        let mut open = 1.0;
        let (mut calls_mean, mut calls_p95) = (0.0, None);
        while self.low < self.high && self.n < corridor.calls_max() {
            // A call is asked by all that are still open: summed up, that is the mean.
            calls_mean += open;
            step(&mut self);
            let n = self.n as usize;
            self.absorb(corridor.pass_at_failures_le[n], corridor.fail_at_failures_ge[n]);
            open = self.open();
            if open <= 0.05 && calls_p95.is_none() {
                calls_p95 = Some(self.n - start);
            }
        }
        Characteristics {
            pass: self.pass,
            fail: self.fail,
            calls_mean,
            calls_p95: calls_p95.unwrap_or(self.n - start),
        }
    }

    /// On to the end from where `self` stands, deciding only; for a search that tries many corridors.
    pub(crate) fn decide(&mut self, pass_at_failures_le: &[i32], fail_at_failures_ge: &[i32]) -> f64 {
        let mut calls_mean = f64::from(self.n);
        for n in self.n as usize..pass_at_failures_le.len() {
            if n > self.n as usize {
                self.step();
            }
            self.absorb(pass_at_failures_le[n], fail_at_failures_ge[n]);
            if self.low == self.high {
                break;
            }
            calls_mean += self.open();
        }
        calls_mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn a_curtailed_threshold_has_the_risks_of_the_plain_one() {
        for first_boundary in [0, 1, 24, 135, 200] {
            let test = Corridor::curtailed(135, 19, first_boundary);
            let whole = Corridor::new(test.pass_at_failures_le.clone(), test.fail_at_failures_ge.clone());
            assert_eq!(whole.as_ref(), Ok(&test));
            for p in [0.5, 0.8, 0.9, 1.0] {
                let found = test.characteristics(p);
                assert!((found.pass - binomial::cdf(19, 135, 1.0 - p)).abs() < 1e-12);
                assert!((found.pass + found.fail - 1.0).abs() < 1e-12);
                assert!(found.calls_mean >= f64::from(first_boundary.min(135)) - 1e-9);
            }
        }
        assert_eq!(Corridor::curtailed(135, 19, 0).characteristics(1.0).calls_mean, 116.0);
    }

    #[test]
    fn calls_that_decide_nothing_may_be_taken_at_once() {
        for (p, n) in [(0.0, 7), (0.3, 1), (0.5, 40), (0.8, 300), (0.999, 500), (1.0, 9), (0.6, 0)] {
            let (skipped, mut walked) = (Walk::undecided(p, n, n + 20), Walk::new(p, n + 20));
            (0..n).for_each(|_| walked.step());
            for failures in 0..=n {
                let (fast, slow) = (skipped.open_at_most(failures), walked.open_at_most(failures));
                assert!((fast - slow).abs() < 1e-13, "{p} {n} {failures}: {fast} {slow}");
            }
        }
    }

    #[test]
    fn arrays_that_are_no_corridor_are_refused_with_words() {
        let refused = |pass: &[i32], fail: &[i32]| {
            Corridor::new(pass.to_vec(), fail.to_vec()).expect_err("it is no corridor").to_string()
        };
        assert!(refused(&[-1], &[1]).contains("at least one call"));
        assert!(refused(&[-1, 0], &[1]).contains("same length"));
        assert!(refused(&[0, 0], &[1, 1]).contains("before the first call"));
        assert!(refused(&[-1, 0, 1], &[1, 0, 2]).contains("after call 1"));
        assert!(refused(&[-1, 0], &[1, 2]).contains("undecided"));
        assert!(refused(&[-1, i32::MAX], &[1, i32::MAX]).contains("after call 1"));
    }

    #[test]
    fn the_way_to_a_decision_is_counted() {
        let test = Corridor::curtailed(10, 2, 0);
        assert_eq!(test.calls_to_pass(0, 0), Some(8));
        assert_eq!(test.calls_to_pass(5, 2), Some(5));
        assert_eq!(test.calls_to_pass(5, 3), None);
        assert_eq!(test.calls_to_fail(0, 0), Some(3));
        assert_eq!(test.calls_to_fail(8, 0), None);
        assert_eq!(test.reached(99, 2), Reached::Pass);
        assert_eq!(test.characteristics_from(5, 3, 0.9).fail, 1.0);
        assert_eq!(test.characteristics_from(5, 2, 1.0).calls_mean, 5.0);
    }

    /// A corridor of up to 12 calls with arbitrary boundaries.
    fn any_corridor() -> impl Strategy<Value = Corridor> {
        prop::collection::vec((-1_i32..4, 1_i32..6), 1..12).prop_map(|steps| {
            let (mut pass, mut fail) = (vec![-1], vec![1]);
            for (low, width) in steps {
                pass.push(low);
                fail.push(low + width);
            }
            let last = pass.len() - 1;
            fail[last] = pass[last] + 1;
            Corridor::new(pass, fail).expect("whole by construction")
        })
    }

    proptest! {
        #[test]
        fn the_recursion_agrees_with_every_single_path(test in any_corridor(), p in 0.0_f64..=1.0) {
            let last = test.calls_max();
            let (mut pass, mut calls) = (0.0, 0.0);
            let mut ended = [0.0; 13];
            for path in 0_u32..1 << last {
                let (mut failures, mut chance, mut at) = (0, 1.0, 0);
                let reached = loop {
                    let failed = path >> at & 1;
                    failures += failed;
                    chance *= if failed == 1 { 1.0 - p } else { p };
                    at += 1;
                    match test.reached(at, failures) {
                        Reached::Open => {}
                        decided => break decided,
                    }
                };
                // A path that stops early stands for all that begin like it: count it once.
                if path >> at == 0 {
                    pass += if reached == Reached::Pass { chance } else { 0.0 };
                    calls += chance * f64::from(at);
                    ended[at as usize] += chance;
                }
            }
            let found = test.characteristics(p);
            prop_assert!((found.pass - pass).abs() < 1e-12, "{} {}", found.pass, pass);
            prop_assert!((found.calls_mean - calls).abs() < 1e-9, "{} {}", found.calls_mean, calls);
            let until = |calls: u32| ended[..=calls as usize].iter().sum::<f64>();
            prop_assert!(until(found.calls_p95) >= 0.95 - 1e-12 && until(found.calls_p95 - 1) < 0.95 + 1e-12);
            prop_assert!((found.pass + found.fail - 1.0).abs() < 1e-12);
        }

        #[test]
        fn a_better_version_passes_no_less(test in any_corridor(), p in 0.0_f64..=1.0, more in 0.0_f64..=1.0) {
            let better = p + more * (1.0 - p);
            prop_assert!(test.characteristics(p).pass <= test.characteristics(better).pass + 1e-12);
        }

        #[test]
        fn one_call_and_the_rest_make_the_whole(test in any_corridor(), p in 0.0_f64..=1.0) {
            let whole = test.characteristics(p);
            let after = [test.characteristics_from(1, 0, p), test.characteristics_from(1, 1, p)];
            let pass = p * after[0].pass + (1.0 - p) * after[1].pass;
            let calls = 1.0 + p * after[0].calls_mean + (1.0 - p) * after[1].calls_mean;
            prop_assert!((whole.pass - pass).abs() < 1e-12 && (whole.calls_mean - calls).abs() < 1e-9);
        }
    }
}
