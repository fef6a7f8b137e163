//! OpenAI Chat Completions and everything compatible.
//!
//! Compatible servers differ in what they leave out: usage may be missing, a finish reason may be any word, an error
//! may come with status 200, an error's code may be text, number or null, arguments of a tool may not be JSON. All
//! of that is read as it comes.

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use gatewright_core::{
    observation::{Reply, ToolArgs, ToolCall, Usage},
    spec::workspace,
};
use reqwest::{
    Method, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::{Map, Value, json};

use super::{
    address,
    config::{Config, ConfigError},
    endpoint::Dialect,
    exchange::{Incoming, Outgoing, Seen, Watcher},
    fault::{Fault, Meaning, Said, excerpt},
    sse::Events,
};
use crate::port::agent::Call;

/// What a tool call of an earlier turn is answered with: the protocol wants an answer, and nobody ran the tool.
const TOOL_RESULT: &str = r#"{"accepted":true}"#;
/// What ends a stream.
const DONE: &[u8] = b"[DONE]";

/// Chat Completions at one address.
pub(super) struct OpenaiChat {
    agent: workspace::OpenaiChat,
    base: Url,
    stream: bool,
    model: OnceLock<String>,
    /// Whether the server refused `stream_options`.
    plain_stream: AtomicBool,
}

impl OpenaiChat {
    pub(super) fn new(agent: workspace::OpenaiChat, config: &Config) -> Result<Self, ConfigError> {
        let base = address::parse(&agent.url)?;
        let model = OnceLock::new();
        if let Some(name) = &agent.model {
            let _ = model.set(name.clone());
        }
        Ok(Self { agent, base, stream: config.stream, model, plain_stream: AtomicBool::new(false) })
    }

    /// The address with more path; a query stays.
    fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let base = url.path().trim_end_matches('/');
        let joined = format!("{base}/{path}");
        url.set_path(&joined);
        url
    }

    fn messages(&self, call: &Call) -> Vec<Value> {
        let mut messages = Vec::new();
        if let Some(prompt) = &self.agent.prompt {
            messages.push(json!({ "role": "system", "content": prompt.text }));
        }
        let mut calls_before = 0;
        for (user, reply) in &call.earlier {
            messages.push(json!({ "role": "user", "content": user }));
            messages.extend(assistant(reply, &mut calls_before));
        }
        messages.push(json!({ "role": "user", "content": call.user }));
        messages
    }
}

/// An earlier answer, and the results of the tools that it called.
fn assistant(reply: &Reply, calls_before: &mut usize) -> Vec<Value> {
    if reply.tool_calls.is_empty() {
        return vec![json!({ "role": "assistant", "content": reply.text })];
    }
    let mut calls = Vec::new();
    let mut results = Vec::new();
    for call in &reply.tool_calls {
        *calls_before += 1;
        let id = if call.id.is_empty() { format!("call_{calls_before}") } else { call.id.clone() };
        let arguments = match &call.args {
            ToolArgs::Json(args) => args.to_string(),
            ToolArgs::Invalid(raw) => raw.clone(),
        };
        calls.push(json!({ "id": id, "type": "function", "function": { "name": call.name, "arguments": arguments } }));
        results.push(json!({ "role": "tool", "tool_call_id": id, "content": TOOL_RESULT }));
    }
    let content = if reply.text.is_empty() { Value::Null } else { Value::from(reply.text.as_str()) };
    let mut messages = vec![json!({ "role": "assistant", "content": content, "tool_calls": calls })];
    messages.append(&mut results);
    messages
}

impl Dialect for OpenaiChat {
    fn url(&self) -> &Url {
        &self.base
    }

    fn may_act_twice(&self) -> bool {
        self.agent.tools.as_ref().and_then(Value::as_array).is_some_and(|tools| !tools.is_empty())
    }

    fn preamble(&self) -> Option<Outgoing> {
        self.model.get().is_none().then(|| Outgoing {
            method: Method::GET,
            url: self.below("models"),
            headers: HeaderMap::new(),
            body: Vec::new(),
        })
    }

    fn learn(&self, incoming: &Incoming) -> Result<(), Fault> {
        let refuse = |why: String| Fault::new("model", Meaning::Refused, why);
        let listed = incoming.json()?;
        let models = listed.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<&str> =
            models.iter().filter_map(|model| model.get("id").and_then(Value::as_str)).collect();
        match names.as_slice() {
            [] => {
                Err(refuse(format!("no model is named, and /models lists none: {}", excerpt(&incoming.body))))
            }
            [only] => {
                let _ = self.model.set((*only).to_owned());
                Ok(())
            }
            several => {
                let list = several.join(", ");
                Err(refuse(format!(
                    "no model is named, and /models lists several; name one as `model`: {list}"
                )))
            }
        }
    }

    fn compose(&self, call: &Call) -> Result<Outgoing, Fault> {
        let mut body = Map::new();
        body.insert(
            "model".to_owned(),
            self.model.get().map_or(Value::Null, |model| Value::from(model.as_str())),
        );
        body.insert("messages".to_owned(), Value::from(self.messages(call)));
        if let Some(tools) = self.agent.tools.as_ref().filter(|_| self.may_act_twice()) {
            body.insert("tools".to_owned(), tools.clone());
        }
        for (name, value) in &self.agent.params {
            body.entry(name.as_str()).or_insert_with(|| value.clone());
        }
        if self.stream {
            body.insert("stream".to_owned(), Value::from(true));
            if !self.plain_stream.load(Ordering::Relaxed) {
                body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
            }
        }
        let accept = if self.stream { "text/event-stream" } else { "application/json" };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ACCEPT, HeaderValue::from_static(accept)),
        ];
        Ok(Outgoing {
            method: Method::POST,
            url: self.below("chat/completions"),
            headers: headers.into_iter().collect(),
            body: Value::Object(body).to_string().into_bytes(),
        })
    }

    fn watcher(&self) -> Option<Watcher> {
        if !self.stream {
            return None;
        }
        let mut events = Events::default();
        Some(Box::new(move |bytes| {
            let mut seen = Seen::default();
            events.feed(bytes, |data| {
                seen.end |= data == DONE;
                seen.content |= serde_json::from_slice(data).is_ok_and(|chunk: Value| has_content(&chunk));
            });
            seen
        }))
    }

    fn mend(&self, incoming: &Incoming) -> bool {
        let refused = self.stream
            && matches!(incoming.status, Some(400 | 422))
            && String::from_utf8_lossy(&incoming.body).contains("stream_options");
        refused && !self.plain_stream.swap(true, Ordering::Relaxed)
    }

    fn read(&self, incoming: &Incoming) -> Result<(Reply, BTreeMap<String, String>), Fault> {
        if self.stream { read_stream(incoming) } else { read_whole(incoming) }
    }
}

fn has_content(chunk: &Value) -> bool {
    let Some(delta) = chunk.pointer("/choices/0/delta") else { return false };
    let text = delta.get("content").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    text || delta.get("tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty())
}

fn read_whole(incoming: &Incoming) -> Result<(Reply, BTreeMap<String, String>), Fault> {
    let answer = incoming.json()?;
    if let Some(said) = Said::of_value(&answer) {
        return Err(Fault::of_error_body(&said));
    }
    let Some(choice) = answer.pointer("/choices/0") else {
        let message = format!("the answer has no choices: {}", excerpt(&incoming.body));
        return Err(Fault::agent("no-choice", message));
    };
    let message = choice.get("message").unwrap_or(&Value::Null);
    let calls = message.get("tool_calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reply = Reply {
        text: text(message),
        tool_calls: calls.iter().map(tool_call).collect(),
        usage: usage(answer.get("usage")),
        finish: choice.get("finish_reason").and_then(Value::as_str).map(str::to_owned),
    };
    Ok((reply, identity(&answer)))
}

/// The text of a message: plain, in parts, or the words of a refusal.
fn text(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
        }
        _ => message.get("refusal").and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}

fn tool_call(call: &Value) -> ToolCall {
    let word = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let args = match call.pointer("/function/arguments") {
        Some(Value::String(text)) => arguments(text),
        Some(value) if !value.is_null() => ToolArgs::Json(value.clone()),
        _ => arguments(""),
    };
    ToolCall { id: word("/id"), name: word("/function/name"), args }
}

/// Arguments as text; nothing at all means none.
fn arguments(text: &str) -> ToolArgs {
    if text.trim().is_empty() {
        return ToolArgs::Json(Value::Object(Map::new()));
    }
    serde_json::from_str(text).map_or_else(|_| ToolArgs::Invalid(text.to_owned()), ToolArgs::Json)
}

fn usage(usage: Option<&Value>) -> Usage {
    let count = |pointer: &str| usage.and_then(|usage| usage.pointer(pointer)).and_then(Value::as_u64);
    Usage {
        input: count("/prompt_tokens"),
        output: count("/completion_tokens"),
        cached_read: count("/prompt_tokens_details/cached_tokens"),
        cache_write: count("/prompt_tokens_details/cache_write_tokens"),
        reasoning: count("/completion_tokens_details/reasoning_tokens"),
    }
}

fn identity(answer: &Value) -> BTreeMap<String, String> {
    let named = ["model", "system_fingerprint", "service_tier", "provider"].into_iter();
    let said = named.filter_map(|name| Some((name, answer.get(name)?.as_str()?)));
    said.filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A tool call that is still arriving; its parts carry an index, and only the first its id and name.
#[derive(Default)]
struct Arriving {
    id: String,
    name: String,
    arguments: String,
}

fn read_stream(incoming: &Incoming) -> Result<(Reply, BTreeMap<String, String>), Fault> {
    if !incoming.is_type("text/event-stream") {
        // An error, or a server that does not stream: the first says itself what it is.
        if let Some(said) = incoming.json().ok().as_ref().and_then(Said::of_value) {
            return Err(Fault::of_error_body(&said));
        }
        let message = format!("a stream was promised, and this came: {}", excerpt(&incoming.body));
        return Err(Fault::agent("not-a-stream", message));
    }
    incoming.text()?;
    let mut stream = Stream::default();
    Events::default().feed(&incoming.body, |data| stream.take(data));
    if let Some(fault) = stream.fault {
        return Err(fault);
    }
    if !stream.done && stream.reply.finish.is_none() {
        let message = format!("the stream ended before the answer did: {}", excerpt(&incoming.body));
        return Err(Fault::agent("stream-cut", message));
    }
    let calls = stream.calls.into_values();
    stream.reply.tool_calls = calls
        .map(|call| ToolCall { id: call.id, name: call.name, args: arguments(&call.arguments) })
        .collect();
    Ok((stream.reply, stream.identity))
}

/// An answer put together from its parts.
#[derive(Default)]
struct Stream {
    reply: Reply,
    calls: BTreeMap<u64, Arriving>,
    identity: BTreeMap<String, String>,
    done: bool,
    fault: Option<Fault>,
}

impl Stream {
    fn take(&mut self, data: &[u8]) {
        if self.done || self.fault.is_some() {
            return;
        }
        if data == DONE {
            self.done = true;
            return;
        }
        let chunk: Value = match serde_json::from_slice(data) {
            Ok(chunk) => chunk,
            Err(error) => {
                let message = format!("a part of the stream is not JSON ({error}): {}", excerpt(data));
                self.fault = Some(Fault::agent("not-json", message));
                return;
            }
        };
        if let Some(said) = Said::of_value(&chunk) {
            self.fault = Some(Fault::of_error_body(&said));
            return;
        }
        self.identity.extend(identity(&chunk));
        if let Some(said) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            self.reply.usage = usage(Some(said));
        }
        let Some(choice) = chunk.pointer("/choices/0") else { return };
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            self.reply.finish = Some(finish.to_owned());
        }
        let Some(delta) = choice.get("delta") else { return };
        self.reply.text.push_str(&text(delta));
        for (place, part) in
            (0..).zip(delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten())
        {
            let index = part.get("index").and_then(Value::as_u64).unwrap_or(place);
            let call = self.calls.entry(index).or_default();
            let word = |pointer: &str| part.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            if call.id.is_empty() {
                call.id.push_str(word("/id"));
            }
            if call.name.is_empty() {
                call.name.push_str(word("/function/name"));
            }
            call.arguments.push_str(word("/function/arguments"));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn incoming(kind: &'static str, body: Vec<u8>) -> Incoming {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static(kind))].into_iter().collect();
        Incoming { status: Some(200), headers, body, ..Incoming::default() }
    }

    /// Any JSON of a few levels, with the protocol's own names among its keys.
    fn any_json() -> impl Strategy<Value = Value> {
        let key = prop::sample::select(vec![
            "choices",
            "message",
            "delta",
            "content",
            "tool_calls",
            "function",
            "arguments",
            "name",
            "index",
            "usage",
            "prompt_tokens",
            "error",
            "code",
            "finish_reason",
            "model",
            "data",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 48, 5, move |inner| {
            let members =
                prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner.clone(), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_an_endpoint_says_is_an_answer_or_a_fault(json in any_json(), bytes in any::<Vec<u8>>()) {
            for body in [json.to_string().into_bytes(), bytes] {
                let _ = read_whole(&incoming("application/json", body.clone()));
                let event = [b"data: ".as_slice(), &body, b"\n\ndata: [DONE]\n\n"].concat();
                let _ = read_stream(&incoming("text/event-stream", event));
                let _ = read_stream(&incoming("application/json", body));
            }
        }
    }
}
