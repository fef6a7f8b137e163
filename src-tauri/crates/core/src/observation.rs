//! Facts: what was asked and what came back. They are appended and never changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{BlobId, InputId, ScorerId};
use crate::plan::{Slot, StreamKey};
use crate::spec::MicroMoney;
use crate::time::Seq;

/// The row of a trial in the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialId(pub i64);

/// One case asked once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// Its row.
    pub id: TrialId,
    /// Of which stream.
    pub stream: StreamKey,
    /// Where in it.
    pub slot: Slot,
    /// What was sent.
    pub input: InputId,
    /// How often it was sent: more than once after a crash in flight.
    pub asked: u16,
    /// How far it got.
    pub state: TrialState,
}

/// How far a trial got.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// Sent, or about to be.
    Released,
    /// An answer came.
    Answered,
    /// The agent erred: score 0.
    AgentError(ErrorClass),
    /// Nobody knows what it would have answered: heard against both paths.
    Missing(ErrorClass),
}

/// What went wrong, as a stable word: `deadline`, `truncated`, `status-500`, `connection-reset`, …
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorClass(pub String);

/// What came back from one turn of a trial.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Observation {
    /// Of which trial.
    pub trial: TrialId,
    /// Which turn, from 0.
    pub turn: u16,
    /// What kind of fact.
    pub what: Fact,
    /// What was answered.
    pub reply: Reply,
    /// What the answer says of its origin, by name. Absent means unknown, never the same.
    pub identity: BTreeMap<String, String>,
    /// How long it took.
    pub timing: Timing,
    /// What it cost; unknown without a price or without usage.
    pub cost: Option<MicroMoney>,
    /// Every try, the last one included.
    pub tries: Vec<Try>,
    /// The request, redacted.
    pub request: BlobId,
    /// The response, redacted and capped.
    pub raw: BlobId,
    /// When, in order.
    pub seq: Seq,
}

/// What kind of fact an observation is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The agent's answer.
    Answer,
    /// One vote of a judge on the answer.
    JudgeVote {
        /// Which scorer asked.
        scorer: ScorerId,
        /// From 0.
        vote: u8,
    },
    /// What a program said of the answer.
    External {
        /// Which scorer asked.
        scorer: ScorerId,
    },
}

/// An answer in the one inner form.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Reply {
    /// What it says.
    pub text: String,
    /// Tools it wants called, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Tokens.
    pub usage: Usage,
    /// Why it ended, as the endpoint says.
    pub finish: Option<String>,
}

/// A tool call.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ToolCall {
    /// As the endpoint names it; may be empty.
    pub id: String,
    /// Tool.
    pub name: String,
    /// Arguments.
    pub args: ToolArgs,
}

/// Arguments of a tool call.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolArgs {
    /// JSON.
    Json(serde_json::Value),
    /// Not JSON: kept as it came.
    Invalid(String),
}

/// Tokens, where the endpoint says. Input includes what was read from a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// In, cached ones included.
    pub input: Option<u64>,
    /// Out, reasoning included.
    pub output: Option<u64>,
    /// Of the input, read from a cache.
    pub cached_read: Option<u64>,
    /// Of the input, written to a cache.
    pub cache_write: Option<u64>,
    /// Of the output, reasoning.
    pub reasoning: Option<u64>,
}

/// How long the last try took, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Waiting for a place.
    pub queue_us: u64,
    /// To the head of the response.
    pub headers_us: u64,
    /// To the first content, where it was streamed.
    pub first_token_us: Option<u64>,
    /// To the last byte.
    pub total_us: u64,
}

/// One try of a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Try {
    /// HTTP status, where one came.
    pub status: Option<u16>,
    /// What went wrong, if anything.
    pub class: Option<ErrorClass>,
    /// Milliseconds waited before it.
    pub waited_ms: u64,
}
