//! An agent that answers what it is told to: a real server on loopback that speaks OpenAI's chat, and a JSON of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime};

/// The one model it has.
pub const MODEL: &str = "scripted-1";

/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// What the user said last.
    pub text: String,
    /// The system prompt; empty without one.
    pub system: String,
    /// The key it came with; empty without one.
    pub key: String,
}

/// What it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Words.
    Text(String),
    /// Words of somebody who says that he is this version.
    Of {
        /// Its digest.
        version: String,
        /// The words.
        text: String,
    },
    /// No answer, with this status.
    Status(u16),
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

struct Desk {
    script: Box<dyn Fn(&Question) -> Answer + Send + Sync>,
    latency: Duration,
    asked: Mutex<Vec<Question>>,
    more: Condvar,
}

/// A running agent; dropping it ends it.
pub struct ScriptedAgent {
    origin: String,
    desk: Arc<Desk>,
    runtime: Option<Runtime>,
}

impl ScriptedAgent {
    /// One that answers by `script`, after `latency`.
    ///
    /// # Panics
    /// When no port can be opened.
    pub fn start(latency: Duration, script: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> Self {
        let desk = Arc::new(Desk {
            script: Box::new(script),
            latency,
            asked: Mutex::default(),
            more: Condvar::new(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = Router::new()
            .route("/v1/models", get(async || Json(json!({ "data": [{ "id": MODEL }] }))))
            .route("/v1/chat/completions", post(chat))
            .route("/ask", post(ask))
            .with_state(Arc::clone(&desk));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { origin, desk, runtime: Some(runtime) }
    }

    /// Its address, as a workspace names it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/v1", self.origin)
    }

    /// Where it takes `{"question": …, "rules": …}` and gives `{"answer": {"text": …}}`.
    #[must_use]
    pub fn plain_url(&self) -> String {
        format!("{}/ask", self.origin)
    }

    /// Everything it was asked, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Question> {
        self.desk.asked().clone()
    }

    /// How often it was asked.
    #[must_use]
    pub fn count(&self) -> usize {
        self.desk.asked().len()
    }

    /// How often it was asked with this key.
    #[must_use]
    pub fn count_of(&self, key: &str) -> usize {
        self.desk.asked().iter().filter(|question| question.key == key).count()
    }

    /// How often it was asked each text.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for question in self.desk.asked().iter() {
            *counts.entry(question.text.clone()).or_default() += 1;
        }
        counts
    }

    /// Waits until it was asked at least so often.
    ///
    /// # Panics
    /// When that does not happen.
    pub fn until_asked(&self, count: usize) {
        let waited =
            self.desk.more.wait_timeout_while(self.desk.asked(), PATIENCE, |asked| asked.len() < count);
        let (asked, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(asked.len() >= count, "asked {} times, not {count}", asked.len());
    }
}

impl Drop for ScriptedAgent {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Desk {
    fn asked(&self) -> MutexGuard<'_, Vec<Question>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, question: Question) -> Result<(String, Option<String>), StatusCode> {
        self.asked().push(question.clone());
        self.more.notify_all();
        tokio::time::sleep(self.latency).await;
        match (self.script)(&question) {
            Answer::Text(text) => Ok((text, None)),
            Answer::Of { version, text } => Ok((text, Some(version))),
            Answer::Status(status) => {
                Err(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    }
}

async fn chat(State(desk): State<Arc<Desk>>, headers: HeaderMap, Json(request): Json<Value>) -> Response {
    let said = |role: &str| {
        let mut messages = request["messages"].as_array().into_iter().flatten();
        let last = messages.rfind(|message| message["role"] == role);
        last.and_then(|message| message["content"].as_str()).unwrap_or_default().to_owned()
    };
    let question = Question { text: said("user"), system: said("system"), key: key(&headers) };
    match desk.answer(question).await {
        Ok((text, version)) => {
            let choice = json!({
                "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": text },
            });
            let usage = json!({ "prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30 });
            named(
                version,
                json!({
                    "id": "scripted", "object": "chat.completion", "created": 0, "model": MODEL,
                    "choices": [choice], "usage": usage,
                }),
            )
        }
        Err(status) => status.into_response(),
    }
}

async fn ask(State(desk): State<Arc<Desk>>, headers: HeaderMap, Json(request): Json<Value>) -> Response {
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let question = Question { text: text("question"), system: text("rules"), key: key(&headers) };
    match desk.answer(question).await {
        Ok((text, version)) => named(version, json!({ "answer": { "text": text } })),
        Err(status) => status.into_response(),
    }
}

fn named(version: Option<String>, body: Value) -> Response {
    let name = version.map(|version| [("gatewright-version", version)]);
    (name, Json(body)).into_response()
}

fn key(headers: &HeaderMap) -> String {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    key.trim_start_matches("Bearer ").to_owned()
}
