//! One trial: the whole conversation of a case, asked once.

use gatewright_core::{observation::Reply, spec::Case};
use tokio_util::sync::CancellationToken;

use crate::port::{
    agent::{Agent, Asked, Call, Record},
    journal::How,
};

/// What came of a trial.
#[derive(Debug)]
pub(super) struct Conversation {
    /// How it ended; none when it was cancelled, and the slot stays open.
    pub(super) how: Option<How>,
    /// By turn; the last one may hold an error.
    pub(super) turns: Vec<Record>,
}

/// Asks the turns of `case` one after the other. The first that is not answered ends the trial.
pub(super) async fn ask(
    agent: &dyn Agent,
    case: &Case,
    session: String,
    cancel: &CancellationToken,
) -> Conversation {
    let mut earlier: Vec<(String, Reply)> = Vec::new();
    let mut turns = Vec::with_capacity(case.turns.len());
    for turn in &case.turns {
        let call = Call { earlier, user: turn.user.clone(), session: session.clone() };
        let (how, record) = match agent.ask(&call, cancel).await {
            Asked::Answered(record) => (How::Answered, record),
            Asked::AgentError { class, message, record } => (How::AgentError { class, message }, record),
            Asked::Missing { class, message, record } => (How::Missing { class, message }, record),
            Asked::Open { class, message, record } => (How::Open { class, message }, record),
            Asked::Cancelled => return Conversation { how: None, turns },
        };
        earlier = call.earlier;
        earlier.push((call.user, record.reply.clone()));
        turns.push(*record);
        if how != How::Answered {
            return Conversation { how: Some(how), turns };
        }
    }
    Conversation { how: Some(How::Answered), turns }
}
