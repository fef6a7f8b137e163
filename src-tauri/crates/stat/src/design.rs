//! The fixed design: how many calls a plain threshold needs to keep two risks, and what a number of calls can
//! tell apart.
//!
//! It is the yardstick that sequential plans are measured by; it decides nothing itself. The lower bounds for what any
//! sequential test must ask are those of Wald (Annals of Mathematical Statistics, 1945) and, between the levels, of
//! Hoeffding (the same, 1960).

use core::fmt;

use crate::binomial;
use crate::special::beta_quantile;

/// Calls of a fixed design at most: levels so close that they need more are refused.
pub const CALLS_MAX: u32 = 20_000;

/// A question that a test can answer: two levels of a rate, and a risk on each side.
///
/// Made by [`Claim::new`], so its numbers are always in order: `0 < floor < target < 1` and both risks in (0, ½).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Claim {
    target: f64,
    floor: f64,
    wrongly_blocked: f64,
    wrongly_passed: f64,
}

/// Why a question has no design.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum DesignError {
    /// Not `0 < floor < target < 1`.
    Levels {
        /// As given.
        target: f64,
        /// As given.
        floor: f64,
    },
    /// A risk is not in (0, ½).
    Risk(f64),
    /// The levels are so close that more than [`CALLS_MAX`] calls would be needed.
    TooClose {
        /// As given.
        target: f64,
        /// As given.
        floor: f64,
    },
    /// A failure rate is not in (0, 1).
    FailureRate(f64),
    /// A failure rate so small that it takes too many trials to show.
    TooRare(f64),
    /// No boundary before this call: more than a corridor can wait for.
    FirstBoundary(u32),
    /// A finite suite of no case, or of more than can be planned for.
    Suite(u32),
}

impl fmt::Display for DesignError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Levels { target, floor } => write!(
                formatter,
                "target {target} and floor {floor} cannot be told apart: the floor must be above 0 and below \
                 the target, and the target below 1"
            ),
            Self::Risk(risk) => write!(formatter, "a risk of {risk} is not above 0 and below 0.5"),
            Self::TooClose { target, floor } => write!(
                formatter,
                "telling {target} from {floor} takes more than {CALLS_MAX} calls: lower the floor, or accept \
                 higher risks"
            ),
            Self::FailureRate(rate) => {
                write!(formatter, "a failure rate of {rate} is not above 0 and below 1")
            }
            Self::TooRare(rate) => {
                write!(formatter, "a failure rate of {rate} takes too many trials to show: use a higher one")
            }
            Self::Suite(cases) => {
                write!(formatter, "a suite of {cases} cases cannot be drawn whole: it needs 1 to {CALLS_MAX}")
            }
            Self::FirstBoundary(calls) => {
                write!(
                    formatter,
                    "a plan that decides nothing before call {calls} is too long: use fewer cases"
                )
            }
        }
    }
}

impl core::error::Error for DesignError {}

impl Claim {
    /// A question. All four are probabilities: a version at `target` or more may be blocked at most
    /// `wrongly_blocked` of the time, one at `floor` or less may pass at most `wrongly_passed` of the time.
    ///
    /// # Errors
    /// When the levels are not in order, or a risk is not in (0, ½).
    pub fn new(
        target: f64,
        floor: f64,
        wrongly_blocked: f64,
        wrongly_passed: f64,
    ) -> Result<Self, DesignError> {
        if !(0.0 < floor && floor < target && target < 1.0) {
            return Err(DesignError::Levels { target, floor });
        }
        for risk in [wrongly_blocked, wrongly_passed] {
            if !(0.0 < risk && risk < 0.5) {
                return Err(DesignError::Risk(risk));
            }
        }
        Ok(Self { target, floor, wrongly_blocked, wrongly_passed })
    }

    /// The level that a good version has.
    #[must_use]
    pub const fn target(&self) -> f64 {
        self.target
    }

    /// The level that a faulty version has.
    #[must_use]
    pub const fn floor(&self) -> f64 {
        self.floor
    }

    /// The risk of blocking a good version.
    #[must_use]
    pub const fn wrongly_blocked(&self) -> f64 {
        self.wrongly_blocked
    }

    /// The risk of passing a faulty version.
    #[must_use]
    pub const fn wrongly_passed(&self) -> f64 {
        self.wrongly_passed
    }
}

/// A fixed number of calls with one threshold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FixedDesign {
    /// Calls.
    pub n: u32,
    /// Failures that still pass.
    pub failures_max: u32,
    /// The exact probability that a version at the target is blocked.
    pub wrongly_blocked: f64,
    /// The exact probability that a version at the floor passes.
    pub wrongly_passed: f64,
}

/// The smallest number of calls for which some threshold keeps both risks, exactly.
///
/// For each `n` the threshold is the smallest that keeps `wrongly_blocked`.
///
/// # Errors
/// Those of [`Claim::new`]; and when more than [`CALLS_MAX`] calls would be needed.
pub fn fixed(
    target: f64,
    floor: f64,
    wrongly_blocked: f64,
    wrongly_passed: f64,
) -> Result<FixedDesign, DesignError> {
    fixed_of(&Claim::new(target, floor, wrongly_blocked, wrongly_passed)?)
}

/// [`fixed`] for a question that is known to be in order.
///
/// # Errors
/// When more than [`CALLS_MAX`] calls would be needed.
pub fn fixed_of(claim: &Claim) -> Result<FixedDesign, DesignError> {
    let too_close = DesignError::TooClose { target: claim.target, floor: claim.floor };
    let mut failures_max = 0;
    let start = calls_min(claim);
    if start > f64::from(CALLS_MAX) {
        return Err(too_close);
    }
    for n in (start as u32).max(1)..=CALLS_MAX {
        // The smallest threshold that keeps the risk never falls as n grows: go on from the last.
        let mut blocked = binomial::sf(failures_max, n, 1.0 - claim.target);
        while blocked > claim.wrongly_blocked {
            failures_max += 1;
            blocked = binomial::sf(failures_max, n, 1.0 - claim.target);
        }
        let passed = binomial::cdf(failures_max, n, 1.0 - claim.floor);
        if passed <= claim.wrongly_passed {
            return Ok(FixedDesign { n, failures_max, wrongly_blocked: blocked, wrongly_passed: passed });
        }
    }
    Err(too_close)
}

/// The divergence between two coins, `a ln(a/b) + (1−a) ln((1−a)/(1−b))`, in natural units.
#[must_use]
pub fn divergence(a: f64, b: f64) -> f64 {
    let part = |a: f64, b: f64| if a > 0.0 { a * libm::log(a / b) } else { 0.0 };
    part(a, b) + part(1.0 - a, 1.0 - b)
}

/// No test of this many calls or fewer can keep both risks: a decision holds no more information than the calls.
fn calls_min(claim: &Claim) -> f64 {
    let (blocked, passed) = (claim.wrongly_blocked, claim.wrongly_passed);
    let at_target = divergence(1.0 - blocked, passed) / divergence(claim.target, claim.floor);
    let at_floor = divergence(1.0 - passed, blocked) / divergence(claim.floor, claim.target);
    libm::floor(at_target.max(at_floor))
}

/// A lower bound for the mean calls of any sequential test that keeps both risks, at a version of level `p` in
/// [0, 1]: by change of measure at the target and above and at the floor and below, by Hoeffding's bound between.
#[must_use]
pub fn calls_mean_min(p: f64, claim: &Claim) -> f64 {
    let Claim { target, floor, wrongly_blocked, wrongly_passed } = *claim;
    if p >= target {
        return divergence(1.0 - wrongly_blocked, wrongly_passed) / divergence(p, floor);
    }
    if p <= floor {
        return divergence(1.0 - wrongly_passed, wrongly_blocked) / divergence(p, target);
    }
    let z = divergence(p, floor).max(divergence(p, target));
    let steps = libm::log(target / floor) + libm::log((1.0 - floor) / (1.0 - target));
    let quarter = 0.25 * libm::sqrt(p * (1.0 - p)) * steps;
    let root = libm::sqrt(quarter * quarter - z * libm::log(wrongly_blocked + wrongly_passed)) - quarter;
    root * root / (z * z)
}

/// What a fixed number of calls can tell apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Detectable {
    /// Failures that still pass.
    pub failures_max: u32,
    /// The highest level that this threshold keeps out with the risk that was asked for.
    pub floor: f64,
}

/// The best floor that `n` calls can keep out, for a target and two risks: "20 calls tell 90 % only from 60 %".
///
/// With no calls, or none that can fail a version, the floor is 0: nothing is told apart.
#[must_use]
pub fn detectable(n: u32, target: f64, wrongly_blocked: f64, wrongly_passed: f64) -> Detectable {
    let mut failures_max = 0;
    while failures_max < n && binomial::sf(failures_max, n, 1.0 - target) > wrongly_blocked {
        failures_max += 1;
    }
    let floor = if failures_max >= n {
        0.0
    } else {
        // P(at most c failures | rate) = wrongly_passed, solved for the rate of success.
        beta_quantile(f64::from(n - failures_max), f64::from(failures_max + 1), wrongly_passed)
    };
    Detectable { failures_max, floor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn ninety_against_eighty_takes_135_calls_and_19_failures() {
        let found = fixed(0.9, 0.8, 0.05, 0.05).expect("the levels are in order");
        assert_eq!((found.n, found.failures_max), (135, 19));
    }

    #[test]
    fn the_design_is_the_smallest_of_all() {
        for (target, floor) in [(0.9, 0.8), (0.95, 0.85), (0.8, 0.6), (0.99, 0.9)] {
            let found = fixed(target, floor, 0.05, 0.05).expect("the levels are in order");
            for n in 1..found.n {
                let kept = (0..n).any(|c| {
                    binomial::sf(c, n, 1.0 - target) <= 0.05 && binomial::cdf(c, n, 1.0 - floor) <= 0.05
                });
                assert!(!kept, "{n} calls keep both risks of {target} against {floor}");
            }
        }
    }

    #[test]
    fn telling_90_from_85_takes_474_calls_and_20_tell_it_from_60() {
        assert_eq!(fixed(0.9, 0.85, 0.05, 0.05).expect("in order").n, 474);
        let found = detectable(20, 0.9, 0.05, 0.05);
        assert!((found.floor - 0.599).abs() < 5e-4, "{found:?}");
        assert_eq!(detectable(0, 0.9, 0.05, 0.05).floor, 0.0);
    }

    #[test]
    fn levels_out_of_order_and_levels_too_close_are_refused_with_words() {
        for (target, floor) in [(0.8, 0.9), (0.9, 0.9), (1.0, 0.9), (0.9, 0.0), (f64::NAN, 0.5)] {
            assert!(matches!(fixed(target, floor, 0.05, 0.05), Err(DesignError::Levels { .. })));
        }
        assert_eq!(fixed(0.9, 0.8, 0.0, 0.05), Err(DesignError::Risk(0.0)));
        for floor in [0.499, 0.4999, 0.499_999_999] {
            let error = fixed(0.5, floor, 0.05, 0.05).expect_err("they are too close");
            assert!(error.to_string().contains("takes more than 20000 calls"), "{error}");
        }
    }
}
