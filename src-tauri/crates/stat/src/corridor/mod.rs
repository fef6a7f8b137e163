//! The certified corridor: the sequential test of a 0/1 criterion.
//!
//! A search proposes boundaries that ask few calls of good, middling and broken versions alike; nothing about
//! them is believed. The forward recursion of [`crate::walk`] computes both risks of a proposal exactly, and only
//! one that keeps both is accepted. So the guarantee rests on the certificate, and the search may be any.
//!
//! - [`plan`] makes a corridor, and [`calls_max`] says how long it will be; [`certify`] computes the certificate of
//!   any corridor. Both take far less time.
//! - How the search works stands in its own module; it sees likelihoods, never a promise.

mod search;

use crate::binomial;
use crate::design::{self, Claim, DesignError, FixedDesign};
use crate::walk::{Corridor, Walk};

/// Calls before which no boundary may be asked for at most: the cases of the largest suite.
pub const FIRST_BOUNDARY_MAX: u32 = 20_000;

/// What a computed probability may be off by rounding, relative to itself. A recursion over `n` calls multiplies
/// `n` times and adds non-negative numbers only, so its relative error is below `4 n` units of 2⁻⁵³: under 10⁻¹⁰
/// for all calls that a plan can have.
const ROUNDING: f64 = 1e-10;

/// The exact risks of a corridor.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Certificate {
    /// The probability that a version at the target fails: none that is better fails more often.
    pub wrongly_blocked: f64,
    /// The probability that a version at the floor passes: none that is worse passes more often.
    pub wrongly_passed: f64,
}

impl Certificate {
    /// Whether both risks stay within what was asked for, rounding included.
    #[must_use]
    pub fn keeps(&self, claim: &Claim) -> bool {
        self.wrongly_blocked * (1.0 + ROUNDING) <= claim.wrongly_blocked()
            && self.wrongly_passed * (1.0 + ROUNDING) <= claim.wrongly_passed()
    }
}

/// A corridor with its certificate and the fixed design that it is compared with.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// The boundaries.
    pub corridor: Corridor,
    /// Their exact risks.
    pub certificate: Certificate,
    /// What a plain threshold with the same promise would ask.
    pub fixed: FixedDesign,
}

/// The exact risks of any corridor for a question: `+` and `×` alone.
#[must_use]
pub fn certify(corridor: &Corridor, claim: &Claim) -> Certificate {
    Certificate {
        wrongly_blocked: corridor.characteristics(claim.target()).fail,
        wrongly_passed: corridor.characteristics(claim.floor()).pass,
    }
}

/// A certified corridor that decides within max(⌈1.5 × the fixed design⌉, `first_boundary`) calls and puts no
/// boundary before call `first_boundary` (0 and 1 are no constraint).
///
/// Where a first boundary falls just behind a fixed design of a few calls, no test of that length may keep both
/// risks: counts of failures are whole. Then it is given as many calls more as it takes.
///
/// # Errors
/// When the fixed design would take more than [`design::CALLS_MAX`] calls, or no boundary were allowed before more
/// than [`FIRST_BOUNDARY_MAX`].
pub fn plan(claim: &Claim, first_boundary: u32) -> Result<Plan, DesignError> {
    if first_boundary > FIRST_BOUNDARY_MAX {
        return Err(DesignError::FirstBoundary(first_boundary));
    }
    let fixed = design::fixed_of(claim)?;
    let shortest = shortest(&fixed, first_boundary);
    for calls_max in shortest..=shortest + 4 * fixed.n {
        let corridor = within(claim, calls_max, first_boundary);
        let certificate = certify(&corridor, claim);
        if certificate.keeps(claim) {
            return Ok(Plan { corridor, certificate, fixed });
        }
    }
    Err(DesignError::TooClose { target: claim.target(), floor: claim.floor() })
}

/// The calls within which [`plan`] decides, before anything is searched: max(⌈1.5 × the fixed design⌉,
/// `first_boundary`). A plan is longer only in the rare case that is told of there.
///
/// # Errors
/// Those of [`plan`].
pub fn calls_max(claim: &Claim, first_boundary: u32) -> Result<u32, DesignError> {
    if first_boundary > FIRST_BOUNDARY_MAX {
        return Err(DesignError::FirstBoundary(first_boundary));
    }
    design::fixed_of(claim).map(|fixed| shortest(&fixed, first_boundary))
}

fn shortest(fixed: &FixedDesign, first_boundary: u32) -> u32 {
    (fixed.n + fixed.n.div_ceil(2)).max(first_boundary)
}

/// The best corridor found of this length; its certificate may still say no.
fn within(claim: &Claim, calls_max: u32, first_boundary: u32) -> Corridor {
    // With one look only there is nothing to search.
    let searched =
        (first_boundary < calls_max).then(|| search::best(claim, calls_max, first_boundary.max(1))).flatten();
    searched.unwrap_or_else(|| threshold(claim, calls_max, first_boundary))
}

/// The plain threshold after `calls` calls whose two risks are the same part of what is allowed, nearly, as a
/// corridor. With half as many calls again as the fixed design needs it keeps both with room to spare.
fn threshold(claim: &Claim, calls: u32, first_boundary: u32) -> Corridor {
    let parts = |failures_max: u32| {
        let blocked = binomial::sf(failures_max, calls, 1.0 - claim.target()) / claim.wrongly_blocked();
        let passed = binomial::cdf(failures_max, calls, 1.0 - claim.floor()) / claim.wrongly_passed();
        (blocked, passed)
    };
    // The one falls and the other grows with the threshold: halve to the first where the second is larger.
    let (mut low, mut high) = (0, calls);
    while low < high {
        let middle = low + (high - low) / 2;
        let (blocked, passed) = parts(middle);
        if blocked > passed {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let worse = |failures_max: u32| {
        let (blocked, passed) = parts(failures_max);
        blocked.max(passed)
    };
    let below = low.saturating_sub(1);
    let failures_max = if worse(below) < worse(low) { below } else { low };
    Corridor::curtailed(calls, failures_max, first_boundary)
}

/// The distribution after `calls` calls that decided nothing.
fn undecided(p: f64, calls: u32, calls_max: u32) -> Walk {
    let mut walk = Walk::new(p, calls_max);
    (0..calls).for_each(|_| walk.step());
    walk
}

#[cfg(test)]
mod tests;
