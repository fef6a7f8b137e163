//! An OpenAI-compatible endpoint that does what its system message says.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

/// A running endpoint; dropping it ends it.
pub(crate) struct Agent {
    pub(crate) url: String,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

struct Desk {
    asked: AtomicUsize,
    /// Questions that were heard, a permit each.
    heard: Semaphore,
    /// Answers that may be given by a prompt that waits.
    may_answer: Semaphore,
}

impl Agent {
    /// A prompt with `REFUND` answers well, one with `WAIT` only when it is told to, any other badly.
    pub(crate) async fn start() -> Self {
        let desk = Arc::new(Desk {
            asked: AtomicUsize::new(0),
            heard: Semaphore::new(0),
            may_answer: Semaphore::new(0),
        });
        let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&desk));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.expect("serves") });
        Self { url, desk, task }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.desk.asked.load(Ordering::Relaxed)
    }

    /// Waits until it was asked once more.
    pub(crate) async fn until_asked(&self) {
        self.desk.heard.acquire().await.expect("never closed").forget();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(desk): State<Arc<Desk>>, Json(request): Json<Value>) -> Json<Value> {
    desk.asked.fetch_add(1, Ordering::Relaxed);
    desk.heard.add_permits(1);
    let prompt = request["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
    if prompt.contains("WAIT") {
        desk.may_answer.acquire().await.expect("never closed").forget();
    }
    let text = if prompt.contains("REFUND") {
        "You get a refund within 14 days. Is there anything else?"
    } else {
        "I am afraid that is your problem."
    };
    Json(json!({
        "id": "1", "object": "chat.completion", "model": "tiny",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": text } }],
        "usage": { "prompt_tokens": 20, "completion_tokens": 10 }
    }))
}
