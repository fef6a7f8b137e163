//! Exit statuses: a public table that scripts decide by.

use gatewright_api::error::Code;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Done, or passed.
    Done = 0,
    /// A gate said fail.
    Failed = 1,
    /// The words do not fit.
    Usage = 2,
    /// A spec or the workspace has errors.
    BadSpec = 3,
    /// A gate could not tell.
    Inconclusive = 4,
    /// A release failed, or nobody knows.
    ReleaseFailed = 5,
    /// Refused: no grant, not trusted, busy, read-only.
    Refused = 6,
    /// Something signed or chained does not hold.
    NotVerified = 7,
    /// The program, the disk or the database failed.
    Internal = 70,
    /// Interrupted; running again goes on.
    Interrupted = 130,
}

/// Interrupted before anything was done that a document could tell of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

impl Exit {
    /// Of what all gates say together.
    #[must_use]
    pub(crate) fn of_outcome(outcome: &str) -> Self {
        match outcome {
            "pass" => Self::Done,
            "fail" => Self::Failed,
            _ => Self::Inconclusive,
        }
    }

    /// Of how far a release got.
    #[must_use]
    pub(crate) fn of_release(state: &str) -> Self {
        if state == "live" { Self::Done } else { Self::ReleaseFailed }
    }

    /// Of an error.
    #[must_use]
    pub(crate) fn of_error(code: Code) -> Self {
        match code {
            Code::UnknownCommand | Code::BadArguments | Code::NotFound => Self::Usage,
            Code::NoWorkspace | Code::BadSpec => Self::BadSpec,
            Code::NotTrusted | Code::Refused | Code::Busy | Code::ReadOnly | Code::Stale => Self::Refused,
            Code::Unreachable => Self::Inconclusive,
            Code::ReleaseFailed => Self::ReleaseFailed,
            Code::Unverified | Code::Damaged => Self::NotVerified,
            Code::Internal => Self::Internal,
        }
    }
}
