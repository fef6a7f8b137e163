//! Scores: pure functions of what was observed.

use serde::{Deserialize, Serialize};

use crate::{id::ScorerId, observation::TrialId, spec::Unit};

/// What a scorer says of a trial.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Score {
    /// Of which trial.
    pub trial: TrialId,
    /// By which scorer.
    pub scorer: ScorerId,
    /// What.
    pub value: Scored,
}

/// A score, or why there is none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scored {
    /// Judged.
    Value {
        /// The score.
        score: Unit,
        /// Whether it reaches the threshold.
        passed: bool,
        /// In words.
        why: String,
    },
    /// The scorer could not judge: heard as missing, never as 0.
    NotJudged {
        /// In words.
        why: String,
    },
}
