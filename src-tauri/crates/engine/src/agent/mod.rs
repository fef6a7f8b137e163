//! Speaking to agents: the only module that calls them.
//!
//! [`connect`] makes an [`Agent`] of a [`Config`]; a file each knows how one type of agent is spoken to, the others
//! what is common to all: the queue of an origin, one exchange over HTTP, which tries are repeated and how their
//! end counts, and the one place where secrets are taken out of what is kept. A test tool is not an ordinary
//! client: every try is kept, and a repeated call never hides that the first one was lost.
//!
//! This module does not know specs, gates, runs or the database.

mod address;
mod command;
mod config;
mod endpoint;
mod exchange;
mod fault;
mod http;
mod openai_chat;
mod pause;
mod queue;
mod redact;
mod retry;
mod secret;
mod sse;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use gatewright_core::spec::workspace::Access;

pub use config::{Config, ConfigError, Context};
pub use queue::Queues;
pub use retry::{Backoff, RetryBudget};
pub use secret::{Key, Machine, Secret, SecretError, Secrets, key, variables};

use crate::port::agent::Agent;

/// Makes something that can be asked. Nothing is sent before it is asked.
///
/// # Errors
/// The configuration cannot be used: an address that is none or is refused, a template or path that does not
/// compile, a program that cannot be found.
pub fn connect(config: Config, context: &Context) -> Result<Arc<dyn Agent>, ConfigError> {
    Ok(match config.access.clone() {
        Access::OpenaiChat(chat) => {
            let dialect = openai_chat::OpenaiChat::new(chat, &config)?;
            Arc::new(endpoint::Endpoint::new(config, dialect, context)?)
        }
        Access::Http(http) => {
            let dialect = http::Http::new(http)?;
            Arc::new(endpoint::Endpoint::new(config, dialect, context)?)
        }
        Access::Command(command) => Arc::new(command::Command::new(command, config, context)?),
    })
}
