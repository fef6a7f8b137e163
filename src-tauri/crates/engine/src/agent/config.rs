//! What it takes to speak to an agent: the resolved form, without references.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use gatewright_core::{
    observation::Usage,
    spec::{
        Currency, MicroMoney,
        workspace::{self, Access, Limits, Price, Retry, Served},
    },
};

use super::{
    queue::Queues,
    retry::{Backoff, RetryBudget},
    secret::Key,
};
use crate::clock::Clock;

/// An agent to be spoken to. What decides its behaviour (prompt, model, tools, params) stands in [`Access`]: put
/// there what was sealed, not what the working tree says now.
#[derive(Clone, Debug)]
pub struct Config {
    /// How it is spoken to; a `demo:` address is already replaced by the one it stands for.
    pub access: Access,
    /// The key it wants, resolved for this origin.
    pub key: Option<Key>,
    /// How it is called.
    pub limits: Limits,
    /// Whether calls that may act twice are tried again after bytes were sent.
    pub retry: Retry,
    /// How long is waited between tries.
    pub backoff: Backoff,
    /// What its tokens cost.
    pub price: Option<Price>,
    /// In which the price is given.
    pub currency: Currency,
    /// What the address says it serves.
    pub served: Option<Served>,
    /// Headers that identify the answer, beside those that are known to; lower case.
    pub identity_headers: BTreeSet<String>,
    /// Whether answers are streamed, so that the first token's time is known.
    pub stream: bool,
    /// Whether the number of calls in flight stays as it is: for criteria about latency.
    pub fixed_concurrency: bool,
    /// Whether every call opens a connection of its own: for proving what is served.
    pub fresh_connections: bool,
    /// Where a command is started: the folder with its sealed files.
    pub folder: Option<PathBuf>,
    /// Variables that a command may see, with their values; treated as secrets.
    pub variables: BTreeMap<String, String>,
}

impl Config {
    /// The configuration of an agent of the workspace; `key` is what its `auth` refers to.
    #[must_use]
    pub fn new(agent: &workspace::Agent, currency: Currency, key: Option<Key>) -> Self {
        Self {
            access: agent.access.clone(),
            key,
            limits: agent.limits,
            retry: agent.retry,
            backoff: Backoff::default(),
            price: agent.price,
            currency,
            served: agent.identity.served.clone(),
            identity_headers: BTreeSet::new(),
            stream: false,
            fixed_concurrency: false,
            fresh_connections: false,
            folder: None,
            variables: BTreeMap::new(),
        }
    }

    /// What an answer cost, rounded up to a millionth; unknown without a price or without usage.
    pub(super) fn cost(&self, usage: &Usage) -> Option<MicroMoney> {
        const TOKENS_PER_PRICE: u128 = 1_000_000;
        let price = self.price?;
        let part = |tokens: u64, micros: u64| u128::from(tokens) * u128::from(micros);
        let input = part(usage.input?, price.input_micros_per_million);
        let output = part(usage.output?, price.output_micros_per_million);
        let micros = input.saturating_add(output).div_ceil(TOKENS_PER_PRICE);
        Some(MicroMoney { micros: i64::try_from(micros).unwrap_or(i64::MAX), currency: self.currency })
    }
}

/// What all agents of a run share.
#[derive(Clone)]
pub struct Context {
    /// The queues of this process: one per origin.
    pub queues: Arc<Queues>,
    /// How many calls of this run may be asked again.
    pub retries: Arc<RetryBudget>,
    /// For dates in answers.
    pub clock: Arc<dyn Clock>,
}

/// Why an agent cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The address is none.
    #[error("`{url}` is not an address that can be asked: {why}")]
    Address {
        /// As written, credentials left out.
        url: String,
        /// In words.
        why: String,
    },
    /// The address is one that leads to keys of the machine.
    #[error("`{0}` is a link-local or metadata address; agents there are not asked")]
    RefusedAddress(String),
    /// A header cannot be sent.
    #[error("the header `{0}` cannot be sent: its name or value holds characters that headers must not")]
    Header(String),
    /// A template does not compile.
    #[error("the template of {place} cannot be used: {why}")]
    Template {
        /// `body` with a path, or a header.
        place: String,
        /// In words.
        why: String,
    },
    /// A JSONPath does not compile.
    #[error("`{path}` is not a JSONPath: {why}")]
    Path {
        /// As written.
        path: String,
        /// In words.
        why: String,
    },
    /// A command without a program.
    #[error("the command is empty; name a program")]
    NoProgram,
    /// The HTTP client cannot be made.
    #[error("no connection can be made from this machine: {0}")]
    Client(String),
}
