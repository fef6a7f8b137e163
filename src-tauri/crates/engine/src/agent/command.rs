//! A local program as an agent: the request as JSON on its standard input, the answer as text or JSON on its output.
//!
//! It gets `{"format": 1, "input", "messages", "session_id"}`. What it writes is the answer's text, unless it is a JSON
//! object with `text` or `tool_calls`: then also `usage: {input, output}`, `finish` and `identity` are read. A program
//! may act twice, so it is never asked again by itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gatewright_core::{
    observation::{Reply, Timing, ToolArgs, ToolCall, Try, Usage},
    spec::workspace::CommandAgent,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    config::{Config, ConfigError, Context},
    exchange::BODY_BYTES_MAX,
    fault::{Fault, Meaning, excerpt},
    queue::{Load, Queue},
    redact::Redactor,
    secret::Secret,
};
use crate::{
    port::agent::{Agent, Asked, Call, Record},
    process::{self, End, Ended, Program},
};

/// The format of requests.
const REQUEST_FORMAT: u32 = 1;
/// Bytes of standard error that are kept.
const ERROR_BYTES_MAX: usize = 16 * 1024;

/// A local program.
pub(super) struct Command {
    agent: CommandAgent,
    config: Config,
    context: Context,
    queue: Arc<Queue>,
    redactor: Redactor,
}

impl Command {
    pub(super) fn new(agent: CommandAgent, config: Config, context: &Context) -> Result<Self, ConfigError> {
        if agent.argv.first().is_none_or(String::is_empty) {
            return Err(ConfigError::NoProgram);
        }
        let secrets: Vec<Secret> = config.variables.values().map(|value| Secret::new(value.trim())).collect();
        let origin = format!("command:{}", agent.argv.join("\u{0}"));
        Ok(Self {
            queue: context.queues.of(&origin, &config.limits, config.fixed_concurrency),
            redactor: Redactor::new(&secrets, []),
            context: context.clone(),
            agent,
            config,
        })
    }

    fn request(call: &Call) -> Vec<u8> {
        let mut messages = Vec::new();
        for (user, reply) in &call.earlier {
            messages.push(json!({ "role": "user", "content": user }));
            messages.push(json!({ "role": "assistant", "content": reply.text }));
        }
        messages.push(json!({ "role": "user", "content": call.user }));
        let request = json!({
            "format": REQUEST_FORMAT,
            "input": call.user,
            "messages": messages,
            "session_id": call.session,
        });
        request.to_string().into_bytes()
    }

    async fn ask_once(&self, call: &Call) -> Asked {
        self.context.retries.called();
        let start = Instant::now();
        let place = self.queue.enter(0).await;
        let waited = start.elapsed();
        let length = |length: gatewright_core::time::Duration| Duration::from_millis(length.0);
        let program = Program {
            argv: self.agent.argv.clone(),
            folder: self.config.folder.clone().unwrap_or_else(std::env::temp_dir),
            variables: self.config.variables.clone(),
            input: Self::request(call),
            limits: process::Limits {
                idle: length(self.config.limits.idle),
                total: length(self.config.limits.total),
                output_bytes_max: BODY_BYTES_MAX,
                error_bytes_max: ERROR_BYTES_MAX,
            },
        };
        let ended = process::run(&program).await;
        let answer = self.read(&ended);
        place.leave(match &answer {
            Ok(_) => Load::Well,
            Err(fault) if fault.overload => Load::Overload,
            Err(_) => Load::Unknown,
        });
        self.asked(answer, ended, program.input, waited)
    }

    fn asked(
        &self,
        answer: Result<(Reply, BTreeMap<String, String>), Fault>,
        ended: Ended,
        request: Vec<u8>,
        waited: Duration,
    ) -> Asked {
        let us = |length: Duration| u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        let first = ended.first_output.map(us);
        let timing = Timing {
            queue_us: us(waited),
            headers_us: first.unwrap_or_else(|| us(ended.elapsed)),
            first_token_us: first,
            total_us: us(ended.elapsed),
        };
        let class = answer.as_ref().err().map(Fault::class);
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        let tried = Try { status: None, class, waited_ms };
        let mut record =
            Record { timing, request, raw: ended.output, tries: vec![tried], ..Record::default() };
        let fault = match answer {
            Ok((reply, identity)) => {
                record.cost = self.config.cost(&reply.usage);
                (record.reply, record.identity) = (reply, identity);
                None
            }
            Err(fault) => Some(fault),
        };
        self.redactor.record(&mut record);
        let record = Box::new(record);
        let Some(fault) = fault else { return Asked::Answered(record) };
        let (class, message) = (fault.class(), self.redactor.text(fault.message));
        match fault.meaning {
            Meaning::AgentError | Meaning::Ambiguous => Asked::AgentError { class, message, record },
            Meaning::NotProcessed | Meaning::Refused | Meaning::KeyRefused => {
                Asked::Open { class, message, record }
            }
        }
    }

    /// What the program said, or how it failed.
    fn read(&self, ended: &Ended) -> Result<(Reply, BTreeMap<String, String>), Fault> {
        let limits = &self.config.limits;
        let wrote = || {
            let said = if ended.errors.is_empty() { &ended.output } else { &ended.errors };
            if said.is_empty() {
                "it wrote nothing".to_owned()
            } else {
                format!("it wrote {}", excerpt(said))
            }
        };
        let fault = match &ended.end {
            End::Exited(0) => return understood(&ended.output),
            End::Exited(code) => Fault::agent(
                format!("exit-{code}"),
                format!("the program ended with code {code}: {}", wrote()),
            ),
            End::Signalled(signal) => {
                let message = format!("the program was ended by signal {signal}: {}", wrote());
                Fault::agent(format!("signal-{signal}"), message)
            }
            End::Deadline => {
                Fault::agent("deadline", format!("no answer within {}: {}", limits.total, wrote()))
                    .overloaded()
            }
            End::Idle => {
                Fault::agent("idle", format!("nothing came for {}: {}", limits.idle, wrote())).overloaded()
            }
            End::Flood => {
                let message = format!("the answer is larger than {} MB: {}", BODY_BYTES_MAX >> 20, wrote());
                Fault::agent("too-large", message)
            }
            End::NotStarted(why) => Fault::new("not-started", Meaning::Refused, why.clone()),
        };
        Err(fault)
    }
}

fn understood(output: &[u8]) -> Result<(Reply, BTreeMap<String, String>), Fault> {
    let text = std::str::from_utf8(output);
    let text =
        text.map_err(|_| Fault::agent("not-utf8", format!("the answer is not UTF-8: {}", excerpt(output))))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.trim().is_empty() {
        return Err(Fault::agent("empty", "the program ended well and wrote nothing"));
    }
    let structured: Option<Value> = serde_json::from_str(text).ok();
    let structured =
        structured.filter(|value| value.get("text").is_some() || value.get("tool_calls").is_some());
    let Some(answer) = structured else {
        return Ok((Reply { text: text.to_owned(), ..Reply::default() }, BTreeMap::new()));
    };
    let word = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let count = |key: &str| answer.pointer(&format!("/usage/{key}")).and_then(Value::as_u64);
    let calls = answer.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let calls = calls.filter_map(|call| {
        let args = call.get("args").cloned().unwrap_or_else(|| json!({}));
        Some(ToolCall {
            id: word(call, "id").unwrap_or_default(),
            name: word(call, "name")?,
            args: ToolArgs::Json(args),
        })
    });
    let reply = Reply {
        text: word(&answer, "text").unwrap_or_default(),
        tool_calls: calls.collect(),
        usage: Usage { input: count("input"), output: count("output"), ..Usage::default() },
        finish: word(&answer, "finish"),
    };
    let identity = answer.get("identity").and_then(Value::as_object).into_iter().flatten();
    let identity = identity.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Ok((reply, identity.collect()))
}

impl Agent for Command {
    fn ask<'a>(&'a self, call: &'a Call, cancel: &'a CancellationToken) -> BoxFuture<'a, Asked> {
        Box::pin(async move {
            let asked = cancel.run_until_cancelled(self.ask_once(call)).await;
            asked.unwrap_or(Asked::Cancelled)
        })
    }

    fn concurrency(&self) -> u32 {
        self.queue.limit()
    }

    /// A program that we start from its sealed copy needs no question: what answers is what was started.
    fn served<'a>(&'a self, _cancel: &'a CancellationToken) -> BoxFuture<'a, Result<Option<String>, String>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}
