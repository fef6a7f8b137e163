//! Enums of the core as numbers in a table. The place in an array is the number: append, never reorder.

use gatewright_core::{
    release::{Kind, Rung, State},
    verdict::{Outcome, Standing, Why},
    version::Grade,
};

use crate::store::error::StoreError;

/// The values of an enum in the order of their numbers.
pub(super) trait Coded: Copy + PartialEq + Sized + 'static {
    /// The table that is named when a number is unknown.
    const TABLE: &'static str;
    /// All values.
    const VALUES: &'static [Self];

    /// The number of a value.
    fn code(self) -> i64 {
        // A test holds that every value stands in its array.
        let place = Self::VALUES.iter().position(|&value| value == self);
        place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)
    }

    /// The value of a number.
    fn decode(code: i64) -> Result<Self, StoreError> {
        let found = usize::try_from(code).ok().and_then(|place| Self::VALUES.get(place));
        found.copied().ok_or_else(|| StoreError::unreadable(Self::TABLE, format!("unknown number {code}")))
    }
}

impl Coded for Grade {
    const TABLE: &'static str = "version";
    const VALUES: &'static [Self] = &[Self::Sent, Self::Sealed, Self::Claimed, Self::Declared, Self::Opaque];
}

impl Coded for Standing {
    const TABLE: &'static str = "verdict";
    const VALUES: &'static [Self] = &[Self::Prospective, Self::Rescored];
}

impl Coded for Kind {
    const TABLE: &'static str = "release";
    const VALUES: &'static [Self] = &[Self::Promotion, Self::Rollback, Self::Rehearsal];
}

impl Coded for Rung {
    const TABLE: &'static str = "release";
    const VALUES: &'static [Self] = &[Self::None, Self::Pointer, Self::Served, Self::Healthy, Self::Smoked];
}

impl Coded for State {
    const TABLE: &'static str = "release";
    const VALUES: &'static [Self] = &[
        Self::Intent,
        Self::Staged,
        Self::Switching,
        Self::Switched,
        Self::Observing,
        Self::Live,
        Self::NotApplied,
        Self::Unknown,
        Self::Conflict,
        Self::Superseded,
    ];
}

impl Coded for Why {
    const TABLE: &'static str = "verdict";
    const VALUES: &'static [Self] = &[
        Self::BudgetEnded,
        Self::Cancelled,
        Self::Unreachable,
        Self::IdentityChanged,
        Self::Missing,
        Self::NoBaseline,
        Self::NothingToJudge,
        Self::Underfunded,
        Self::Undecided,
        Self::Opaque,
        Self::NotAsked,
        Self::GateDecided,
        Self::NotDeterministic,
    ];
}

/// Pass is 0, fail 1, and undecided 10 and its reason.
const INCONCLUSIVE: i64 = 10;

/// The number of an outcome.
pub(super) fn outcome_code(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::Pass => 0,
        Outcome::Fail => 1,
        Outcome::Inconclusive(why) => INCONCLUSIVE + why.code(),
    }
}

/// The outcome of a number.
pub(super) fn outcome_decode(code: i64) -> Result<Outcome, StoreError> {
    match code {
        0 => Ok(Outcome::Pass),
        1 => Ok(Outcome::Fail),
        code => Why::decode(code - INCONCLUSIVE).map(Outcome::Inconclusive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold<T: Coded + std::fmt::Debug>() {
        for &value in T::VALUES {
            assert_eq!(T::decode(value.code()).expect("known"), value);
        }
        assert!(T::decode(-1).is_err());
        assert!(T::decode(1_000).is_err());
    }

    #[test]
    fn every_number_has_one_value() {
        hold::<Grade>();
        hold::<Standing>();
        hold::<Kind>();
        hold::<Rung>();
        hold::<State>();
        hold::<Why>();
        for code in [0, 1, 10, 19] {
            assert_eq!(outcome_code(&outcome_decode(code).expect("known")), code);
        }
        assert!(outcome_decode(2).is_err());
    }

    #[test]
    fn no_value_of_an_enum_is_missing_in_its_array() {
        // A new value breaks this match, and whoever adds it sees the array.
        for state in State::VALUES {
            match state {
                State::Intent
                | State::Staged
                | State::Switching
                | State::Switched
                | State::Observing
                | State::Live
                | State::NotApplied
                | State::Unknown
                | State::Conflict
                | State::Superseded => {}
            }
        }
        for why in Why::VALUES {
            match why {
                Why::BudgetEnded
                | Why::Cancelled
                | Why::Unreachable
                | Why::IdentityChanged
                | Why::Missing
                | Why::NoBaseline
                | Why::NothingToJudge
                | Why::Underfunded
                | Why::Undecided
                | Why::Opaque
                | Why::NotAsked
                | Why::GateDecided
                | Why::NotDeterministic => {}
            }
        }
        assert_eq!((State::VALUES.len(), Why::VALUES.len()), (10, 13));
    }
}
