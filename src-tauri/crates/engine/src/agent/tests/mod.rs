//! Real servers on loopback that answer as told, and what the agents make of them.

mod chat;
mod command;
mod fault;
mod http;
mod server;

use std::sync::Arc;

use gatewright_core::{
    id::AgentName,
    spec::{
        Currency,
        workspace::{self, Access, Limits, OpenaiChat, Price, Retry},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

use super::{Config, Context, Key, Queues, RetryBudget, Secret, connect, retry::Backoff};
use crate::{
    clock::SystemClock,
    port::agent::{Agent, Asked, Call, Record},
};

/// A key that must not be found anywhere afterwards.
const CANARY: &str = "sk-canary-7f3e/9a1b+c2";

fn context() -> Context {
    Context {
        queues: Arc::new(Queues::default()),
        retries: Arc::new(RetryBudget::default()),
        clock: Arc::new(SystemClock::default()),
    }
}

/// Limits short enough for tests, long enough for a busy machine.
fn limits() -> Limits {
    Limits { connect: Duration(600), idle: Duration(700), total: Duration(2000), ..Limits::default() }
}

fn config(access: Access) -> Config {
    let agent = workspace::Agent {
        name: AgentName::new("test"),
        access,
        auth: None,
        limits: limits(),
        retry: Retry::Safe,
        price: Some(Price { input_micros_per_million: 150_000, output_micros_per_million: 600_000 }),
        identity: workspace::Identity::default(),
        place: gatewright_core::diagnostic::Place::default(),
    };
    let mut config = Config::new(&agent, Currency::USD, Some(Key::bearer(Secret::new(CANARY), "env:CANARY")));
    let millis = std::time::Duration::from_millis;
    config.backoff = Backoff { base: millis(1), cap: millis(5) };
    config
}

fn chat(url: &str) -> OpenaiChat {
    OpenaiChat {
        url: url.to_owned(),
        model: Some("help-desk-1".to_owned()),
        prompt: None,
        params: serde_json::Map::new(),
        tools: None,
        tools_file: None,
    }
}

fn call(user: &str) -> Call {
    Call { earlier: Vec::new(), user: user.to_owned(), session: "session-1".to_owned() }
}

fn agent(config: Config) -> Arc<dyn Agent> {
    connect(config, &context()).expect("a usable configuration")
}

async fn ask(agent: &dyn Agent, user: &str) -> Asked {
    agent.ask(&call(user), &CancellationToken::new()).await
}

fn record(asked: &Asked) -> &Record {
    match asked {
        Asked::Answered(record)
        | Asked::AgentError { record, .. }
        | Asked::Missing { record, .. }
        | Asked::Open { record, .. } => record,
        Asked::Cancelled => panic!("it was cancelled"),
    }
}

/// How asking ended, on one line: the end, the class, the tries, the message.
fn line(asked: &Asked) -> String {
    let (end, class, message) = match asked {
        Asked::Answered(record) => return format!("answered ({}) {}", record.tries.len(), record.reply.text),
        Asked::AgentError { class, message, .. } => ("agent error", class, message),
        Asked::Missing { class, message, .. } => ("missing", class, message),
        Asked::Open { class, message, .. } => ("open", class, message),
        Asked::Cancelled => return "cancelled".to_owned(),
    };
    format!("{end}, {} ({}): {message}", class.0, record(asked).tries.len())
}
