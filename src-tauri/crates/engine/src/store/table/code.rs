//! Enums of the core as numbers in a table. A number never changes its meaning; a new value needs a new number, and
//! does not compile without one.

use gatewright_core::{
    release::{Kind, Rung, State},
    verdict::{Outcome, Standing, Why},
    version::Grade,
};

use crate::store::error::StoreError;

/// A value of an enum as a number.
pub(super) trait Coded: Sized {
    /// The number of a value.
    fn code(self) -> i64;
    /// The value of a number.
    fn decode(code: i64) -> Result<Self, StoreError>;
}

macro_rules! coded {
    ($($kind:ident in $table:literal { $($value:ident = $code:literal,)+ })+) => { $(
        impl Coded for $kind {
            fn code(self) -> i64 {
                match self { $(Self::$value => $code,)+ }
            }

            fn decode(code: i64) -> Result<Self, StoreError> {
                match code {
                    $($code => Ok(Self::$value),)+
                    _ => Err(StoreError::unreadable($table, format!("unknown number {code}"))),
                }
            }
        }
    )+ };
}

coded! {
    Grade in "version" {
        Sent = 0,
        Sealed = 1,
        Claimed = 2,
        Declared = 3,
        Opaque = 4,
    }
    Standing in "verdict" {
        Prospective = 0,
        Rescored = 1,
    }
    Why in "verdict" {
        BudgetEnded = 0,
        Cancelled = 1,
        Unreachable = 2,
        IdentityChanged = 3,
        Missing = 4,
        NoBaseline = 5,
        NothingToJudge = 6,
        Underfunded = 7,
        Undecided = 8,
        Opaque = 9,
    }
    Kind in "release" {
        Promotion = 0,
        Rollback = 1,
        Rehearsal = 2,
    }
    State in "release" {
        Intent = 0,
        Staged = 1,
        Switching = 2,
        Switched = 3,
        Observing = 4,
        Live = 5,
        NotApplied = 6,
        Unknown = 7,
        Conflict = 8,
        Superseded = 9,
    }
    Rung in "release" {
        None = 0,
        Pointer = 1,
        Served = 2,
        Healthy = 3,
        Smoked = 4,
    }
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

    #[test]
    fn every_number_has_one_value_and_others_have_none() {
        for code in 0..10 {
            assert_eq!(State::decode(code).expect("known").code(), code);
            assert_eq!(Why::decode(code).expect("known").code(), code);
        }
        for code in [0, 1, 10, 19] {
            assert_eq!(outcome_code(&outcome_decode(code).expect("known")), code);
        }
        for code in [-1, 2, 9, 1_000] {
            assert!(outcome_decode(code).is_err(), "{code}");
        }
        assert!(Grade::decode(5).is_err());
    }
}
