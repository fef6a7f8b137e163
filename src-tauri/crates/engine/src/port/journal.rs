//! The journal of a run: what is written down before a call, and after it.
//!
//! A run asks nothing that is not released here first, and an answer that was acknowledged here is never asked
//! again.

use futures_util::future::BoxFuture;
use gatewright_core::{
    id::{CaseMeaning, CaseName, InputId},
    observation::{ErrorClass, TrialId},
    plan::Slot,
    score::TrialScores,
    time::Seq,
};

use super::agent::Record;

/// The journal cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the run cannot be recorded: {0}")]
pub struct JournalError(pub String);

/// The journal of one stream.
pub trait Journal: Send + Sync {
    /// Writes a batch down, whole or not at all. It returns when no crash of the process can take it;
    /// [`Journal::flush`] makes it durable.
    fn record(&self, batch: Batch) -> BoxFuture<'_, Result<Recorded, JournalError>>;

    /// Returns when everything recorded so far is durable.
    fn flush(&self) -> BoxFuture<'_, Result<(), JournalError>>;
}

/// What is written down together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// How trials ended.
    pub ended: Vec<Ended>,
    /// Slots about to be asked, in order.
    pub release: Vec<Release>,
}

/// Where a batch stands in the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The places of what ended, in its order.
    pub ended: Vec<Seq>,
    /// The trials of the slots, in their order.
    pub released: Vec<TrialId>,
}

/// A slot about to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// Where in the stream.
    pub slot: Slot,
    /// What is sent.
    pub input: InputId,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Which.
    pub trial: TrialId,
    /// Of which case.
    pub case: CaseName,
    /// What the case meant.
    pub meaning: CaseMeaning,
    /// How.
    pub how: How,
    /// By turn; the last one may hold an error.
    pub turns: Vec<Record>,
    /// What the scorers said; none without an answer.
    pub scores: Option<TrialScores>,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// With an answer.
    Answered,
    /// The agent erred: score 0.
    AgentError {
        /// How.
        class: ErrorClass,
        /// In words.
        message: String,
    },
    /// Nobody knows: heard as missing.
    Missing {
        /// How.
        class: ErrorClass,
        /// In words.
        message: String,
    },
    /// Not processed: the slot stays open, and the next run goes on there.
    Open {
        /// How.
        class: ErrorClass,
        /// In words.
        message: String,
    },
}
