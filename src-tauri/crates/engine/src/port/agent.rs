//! Asking an agent: what a run hands over, and what comes back.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use gatewright_core::{
    observation::{ErrorClass, Reply, Timing, Try},
    spec::MicroMoney,
};
use tokio_util::sync::CancellationToken;

/// Something that can be asked. One value per (version, endpoint); it keeps its own queue, limits and retries.
pub trait Agent: Send + Sync {
    /// Asks one turn. Dropping the future, or cancelling the token, closes the connection or ends the process.
    fn ask<'a>(&'a self, call: &'a Call, cancel: &'a CancellationToken) -> BoxFuture<'a, Asked>;

    /// Calls in flight at most.
    fn concurrency(&self) -> u32;

    /// What the address says it serves, where the workspace names a way to ask; `Ok(None)` where it does not.
    ///
    /// # Errors
    /// The probe got no usable answer; the text says why.
    fn served<'a>(&'a self, cancel: &'a CancellationToken) -> BoxFuture<'a, Result<Option<String>, String>>;
}

/// One turn of a conversation to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The turns before, with what was answered.
    pub earlier: Vec<(String, Reply)>,
    /// What the user says now.
    pub user: String,
    /// Names the conversation; the same for all turns of a trial.
    pub session: String,
}

/// How asking ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// An answer came.
    Answered(Box<Record>),
    /// The agent erred: its score is 0.
    AgentError {
        /// How.
        class: ErrorClass,
        /// In words, with the first bytes of what came.
        message: String,
        /// What is known.
        record: Box<Record>,
    },
    /// Bytes were sent and nobody knows what became of them: heard as missing, even where a later try was answered;
    /// then the record holds that answer, for a person to see.
    Missing {
        /// How.
        class: ErrorClass,
        /// In words.
        message: String,
        /// What is known.
        record: Box<Record>,
    },
    /// The endpoint did not process it, however often it was asked: the slot stays open.
    Open {
        /// How.
        class: ErrorClass,
        /// In words.
        message: String,
        /// What is known.
        record: Box<Record>,
    },
    /// The token was cancelled: the slot stays open.
    Cancelled,
}

/// What is kept of a call.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Record {
    /// The answer; empty after an error.
    pub reply: Reply,
    /// What the answer says of its origin: `model`, `system_fingerprint`, allow-listed headers, …
    pub identity: BTreeMap<String, String>,
    /// Of the last try.
    pub timing: Timing,
    /// Unknown without a price or without usage.
    pub cost: Option<MicroMoney>,
    /// Every try, the last one included.
    pub tries: Vec<Try>,
    /// The request of the last try, redacted: method and address, headers, an empty line, the body; of a command its
    /// standard input.
    pub request: Vec<u8>,
    /// The response as received, redacted and capped.
    pub raw: Vec<u8>,
    /// `host:port` that was spoken to; none for a command.
    pub host: Option<String>,
}
