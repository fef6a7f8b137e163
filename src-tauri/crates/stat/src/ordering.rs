//! Bounds for the true level after a sequential test, by stage-wise ordering: valid although it stopped early,
//! and unable to disagree with its verdict.
//!
//! The ordering is that of Jennison and Turnbull (Technometrics, 1983) for binomial tests in stages.
//!
//! Of two ways in which a test can end, passing earlier speaks more for a version, failing earlier more against
//! it, and after the same number of calls fewer failures speak more for it. The lower bound after `n` calls and
//! `f` failures is the level at which an ending that speaks as much or more for the version, namely *passed
//! before, or `f` or fewer failures after call n*, has just the probability `risk`. A better version ends so no less often
//! (see [`crate::walk`]), so every level below the bound is excluded at that risk.
//!
//! **No disagreement.** After *pass* these endings are some of those that pass. At the floor all of these
//! together have at most the certified risk: the bound taken at that risk lies at the floor or above. The upper
//! bound after *fail* lies at the target or below, likewise.

use crate::interval::Interval;
use crate::walk::{Corridor, Walk};

/// Halvings of [0, 1] until neighbouring numbers are reached.
const HALVINGS: u32 = 60;

/// The lower bound: the levels below it give an ending as good as this with less than `risk`. The test need not
/// be decided at (n, failures), as long as the answers did not choose where it was cut off.
#[must_use]
pub fn lower(test: &Corridor, n: u32, failures: u32, risk: f64) -> f64 {
    // Grows with p; what is returned satisfies the bound, as halving leaves its lower end there.
    halve(|p| ending(test, n, failures, p).as_good <= risk).0
}

/// The upper bound: the levels above it give an ending as bad as this with less than `risk`.
#[must_use]
pub fn upper(test: &Corridor, n: u32, failures: u32, risk: f64) -> f64 {
    halve(|p| ending(test, n, failures, p).as_bad > risk).1
}

/// Both bounds, each at its own risk: `wrongly_passed` belongs to the lower one, `wrongly_blocked` to the upper.
#[must_use]
pub fn bounds(test: &Corridor, n: u32, failures: u32, wrongly_blocked: f64, wrongly_passed: f64) -> Interval {
    Interval {
        low: lower(test, n, failures, wrongly_passed),
        high: upper(test, n, failures, wrongly_blocked),
    }
}

/// The level at which an ending as good as this is as likely as not: an estimate without the bias that stopping
/// early brings into the plain rate.
#[must_use]
pub fn middle(test: &Corridor, n: u32, failures: u32) -> f64 {
    let (low, high) = (lower(test, n, failures, 0.5), upper(test, n, failures, 0.5));
    0.5 * (low + high)
}

/// How likely a version of level `p` ends as well as this, and as badly.
struct Ending {
    as_good: f64,
    as_bad: f64,
}

fn ending(test: &Corridor, n: u32, failures: u32, p: f64) -> Ending {
    let n = n.min(test.calls_max());
    let (pass, fail) = (test.pass_at_failures_le(), test.fail_at_failures_ge());
    // A suite that is asked whole before anything is decided may be long.
    let open = (1..n).take_while(|&at| pass[at as usize] < 0 && i64::from(fail[at as usize]) > i64::from(at));
    let first = (open.count() as u32 + 1).min(n);
    let mut walk = Walk::undecided(p, first, n);
    for at in first as usize..n as usize {
        walk.absorb(pass[at], fail[at]);
        walk.step();
    }
    Ending {
        as_good: walk.pass + walk.open_at_most(failures),
        as_bad: walk.fail + walk.open_at_least(failures),
    }
}

/// The neighbouring ends of [0, 1] between which `holds` turns from true to false. Where it never holds, both
/// are 0; where it always does, both are 1.
fn halve(holds: impl Fn(f64) -> bool) -> (f64, f64) {
    if !holds(0.0) {
        return (0.0, 0.0);
    }
    if holds(1.0) {
        return (1.0, 1.0);
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let p = 0.5 * (low + high);
        if holds(p) {
            low = p;
        } else {
            high = p;
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval;
    use crate::walk::Reached;

    #[test]
    fn without_early_stops_the_bounds_are_those_of_clopper_and_pearson() {
        // No boundary before the last call.
        let test = Corridor::curtailed(60, 6, 60);
        for failures in [0, 1, 6, 7, 30, 59, 60] {
            let passed = 60 - failures;
            let found = bounds(&test, 60, failures, 0.05, 0.01);
            assert!((found.low - interval::clopper_pearson_lower(passed, 60, 0.99)).abs() < 1e-12);
            assert!((found.high - interval::clopper_pearson_upper(passed, 60, 0.95)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_better_ending_has_higher_bounds() {
        let test = Corridor::curtailed(40, 4, 5);
        let mut last = (0.0, 0.0);
        // From the worst ending to the best: failing early, failing late, passing late, passing early.
        for (n, failures) in [(5, 5), (6, 5), (12, 5), (39, 5), (40, 5), (40, 4), (39, 3), (36, 0)] {
            let stops = test.reached(n, failures) != Reached::Open;
            assert!(stops, "({n}, {failures}) is no ending");
            let (low, high) = (lower(&test, n, failures, 0.05), upper(&test, n, failures, 0.05));
            assert!(low >= last.0 && high >= last.1, "({n}, {failures})");
            assert!(low <= middle(&test, n, failures) && middle(&test, n, failures) <= high);
            last = (low, high);
        }
    }

    #[test]
    fn before_the_first_call_nothing_is_known() {
        let test = Corridor::curtailed(10, 1, 0);
        assert_eq!(bounds(&test, 0, 0, 0.05, 0.05), Interval::UNKNOWN);
    }
}
