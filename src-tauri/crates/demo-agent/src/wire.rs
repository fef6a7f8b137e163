//! The part of the Chat Completions protocol that the demo speaks.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;

/// Characters that count as a token.
const CHARACTERS_PER_TOKEN: usize = 4;

/// A request.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) model: String,
    pub(crate) messages: Vec<Message>,
    #[serde(default)]
    pub(crate) temperature: Option<f64>,
    #[serde(default)]
    pub(crate) tools: Vec<Value>,
    #[serde(default)]
    pub(crate) stream: bool,
}

/// A message.
#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) content: Option<String>,
}

impl Request {
    /// Names of the tools that may be called.
    pub(crate) fn tools(&self) -> Vec<String> {
        let name = |tool: &Value| tool.pointer("/function/name").and_then(Value::as_str).map(str::to_owned);
        self.tools.iter().filter_map(name).collect()
    }

    /// What those with a role said, oldest first.
    pub(crate) fn said_by(&self, role: &str) -> Vec<&str> {
        let theirs = self.messages.iter().filter(|message| message.role == role);
        theirs.filter_map(|message| message.content.as_deref()).collect()
    }

    /// Tokens in: what was said, and `prompt`, which the live one adds by itself.
    pub(crate) fn tokens(&self, prompt: &str) -> usize {
        let said = self.messages.iter().filter(|message| message.role != "system");
        let said: usize = said.filter_map(|message| message.content.as_deref()).map(tokens).sum();
        said + tokens(prompt) + self.tools.iter().map(|tool| tokens(&tool.to_string())).sum::<usize>()
    }
}

fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(CHARACTERS_PER_TOKEN)
}

/// An answer with what the protocol says about it.
pub(crate) struct Completion<'a> {
    pub(crate) model: &'a str,
    pub(crate) fingerprint: &'a str,
    pub(crate) id: u64,
    pub(crate) answer: &'a Answer,
    pub(crate) tokens_in: usize,
}

impl Completion<'_> {
    fn message(&self) -> (Value, &'static str, usize) {
        match self.answer {
            Answer::Text(text) => (json!({ "role": "assistant", "content": text }), "stop", tokens(text)),
            Answer::Call { name, args } => {
                let args = args.to_string();
                let count = tokens(name) + tokens(&args);
                let function = json!({ "name": name, "arguments": args });
                let call = json!({ "index": 0, "id": format!("call_{}", self.id), "type": "function", "function": function });
                (json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls", count)
            }
        }
    }

    fn usage(&self, out: usize) -> Value {
        let total = self.tokens_in + out;
        json!({ "prompt_tokens": self.tokens_in, "completion_tokens": out, "total_tokens": total })
    }

    fn head(&self, object: &str) -> Value {
        let id = format!("demo-{}", self.id);
        json!({ "id": id, "object": object, "created": 0, "model": self.model, "system_fingerprint": self.fingerprint })
    }

    /// As one JSON document.
    pub(crate) fn whole(&self) -> Value {
        let (message, finish, out) = self.message();
        let mut whole = self.head("chat.completion");
        whole["choices"] = json!([{ "index": 0, "message": message, "finish_reason": finish }]);
        whole["usage"] = self.usage(out);
        whole
    }

    /// As server-sent events.
    pub(crate) fn events(&self) -> String {
        let (message, finish, out) = self.message();
        let chunk = |choices: Value, usage: Value| {
            let mut chunk = self.head("chat.completion.chunk");
            chunk["choices"] = choices;
            chunk["usage"] = usage;
            format!("data: {chunk}\n\n")
        };
        let delta =
            |delta: Value, finish: Value| json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        let parts = [
            chunk(delta(message, Value::Null), Value::Null),
            chunk(delta(json!({}), Value::from(finish)), Value::Null),
            chunk(json!([]), self.usage(out)),
        ];
        format!("{}data: [DONE]\n\n", parts.concat())
    }
}

/// An error as the protocol writes it.
pub(crate) fn error(message: &str, kind: &str, code: &str) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}
