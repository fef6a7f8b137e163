//! What a criterion or a gate can say, and what it counted on the way.

use serde::{Deserialize, Serialize};

use super::{Came, Heard};
use crate::spec::{Metric, Unit};

/// What a gate or a criterion says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Pass; of a criterion: met.
    Pass,
    /// Fail; of a criterion: not met.
    Fail,
    /// Neither: undecided, and why.
    Inconclusive(Why),
}

/// Why there is no decision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The budget ended first.
    BudgetEnded,
    /// A person stopped it.
    Cancelled,
    /// The endpoint could not take more calls; the next run goes on.
    Unreachable,
    /// The served identity changed: the answers are of two things.
    IdentityChanged,
    /// Too many answers are missing to tell.
    Missing,
    /// There is no live version to compare with.
    NoBaseline,
    /// No case or no blocking criterion.
    NothingToJudge,
    /// The budget cannot reach the plan's end.
    Underfunded,
    /// The method ended between target and floor.
    Undecided,
    /// The agent declares nothing, so nobody knows of what this would be a verdict.
    Opaque,
    /// Slots that it needs have no recorded answer, and nobody asked for them now.
    NotAsked,
    /// Of a criterion: the gate had its answer without it.
    GateDecided,
    /// The author declares a deterministic agent, and a case that was asked again scored otherwise.
    NotDeterministic,
}

impl Why {
    /// Whether a stream that ended so has ended for good, and counts as an attempt. One that was stopped by a
    /// budget, a person, an endpoint or a crash is gone on with.
    #[must_use]
    pub const fn ends_attempt(self) -> bool {
        match self {
            Self::IdentityChanged | Self::Missing | Self::Undecided | Self::NotDeterministic => true,
            Self::BudgetEnded
            | Self::Cancelled
            | Self::Unreachable
            | Self::NoBaseline
            | Self::NothingToJudge
            | Self::Underfunded
            | Self::Opaque
            | Self::NotAsked
            | Self::GateDecided => false,
        }
    }
}

impl Outcome {
    /// Whether a stream with this outcome has ended, and so counts as an attempt.
    #[must_use]
    pub const fn ends_attempt(self) -> bool {
        match self {
            Self::Pass | Self::Fail => true,
            Self::Inconclusive(why) => why.ends_attempt(),
        }
    }
}

/// What the heard slots were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// With a score.
    pub scored: u32,
    /// Of those, not passed.
    pub failed: u32,
    /// Of the failed, the agent erred.
    pub agent_errors: u32,
    /// A scorer could not judge, or the measurement is unknown: heard as missing.
    pub not_judged: u32,
    /// No answer: heard as missing.
    pub missing: u32,
    /// Answers that were recorded before the plan was.
    pub reused: u32,
    /// Asked again to see whether the agent is deterministic: heard, and none of those above.
    #[serde(default, skip_serializing_if = "is_none")]
    pub asked_again: u32,
}

/// Left out where there are none: verdicts of plans without such slots stay what they were, byte for byte.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Counts {
    /// Counts a slot, and says what was heard of it.
    pub fn hear(&mut self, came: &Came, metric: &Metric, reused: bool) -> Heard {
        self.reused += u32::from(reused);
        self.count(came.heard(metric), came)
    }

    /// Counts a slot of which this was heard.
    pub(super) fn count(&mut self, heard: Heard, came: &Came) -> Heard {
        match (heard, came) {
            (Heard::Score(score), _) => {
                self.scored += 1;
                self.failed += u32::from(score != Unit::ONE);
                self.agent_errors += u32::from(matches!(came, Came::AgentError(_)));
            }
            (Heard::Missing, Came::Missing(_)) => self.missing += 1,
            (Heard::Missing, _) => self.not_judged += 1,
        }
        heard
    }

    /// Slots heard.
    #[must_use]
    pub const fn heard(&self) -> u32 {
        self.told() + self.asked_again
    }

    /// Slots of which an answer counts, or is missing: all but those asked again.
    #[must_use]
    pub const fn told(&self) -> u32 {
        self.scored + self.lost()
    }

    /// Slots whose score nobody knows.
    #[must_use]
    pub const fn lost(&self) -> u32 {
        self.not_judged + self.missing
    }

    /// Slots that passed.
    #[must_use]
    pub const fn passed(&self) -> u32 {
        self.scored - self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verdicts are kept for ever, and their digest goes over these.
    #[test]
    fn counts_of_a_gate_that_asks_nothing_again_are_stored_as_they_always_were() {
        let stored = r#"{"scored":24,"failed":2,"agent_errors":1,"not_judged":0,"missing":3,"reused":0}"#;
        let counts: Counts = serde_json::from_str(stored).expect("counts");
        assert_eq!((counts.heard(), counts.told(), counts.asked_again), (27, 27, 0));
        assert_eq!(serde_json::to_string(&counts).expect("plain"), stored);
        let again = Counts { asked_again: 20, ..counts };
        assert_eq!((again.heard(), again.told()), (47, 27));
        assert!(serde_json::to_string(&again).expect("plain").contains("\"asked_again\":20"));
    }
}
