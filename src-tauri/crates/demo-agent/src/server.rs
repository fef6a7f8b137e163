//! The server: two routes, one key, and answers that take a moment.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path as UrlPath, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    answer::Desk,
    live::Live,
    noise::Noise,
    question::Question,
    rule::Rules,
    wire::{Completion, Request, error},
};

/// The name by which a workspace calls the candidate's address.
const NAME: &str = "demo:help-desk";
/// The models that it offers: the second errs twice as often and takes longer.
const MODELS: [&str; 2] = ["help-desk-1", "help-desk-mini"];
/// The temperature of a request that names none.
const TEMPERATURE_DEFAULT: f64 = 0.2;
/// What asking for creativity adds to the temperature.
const CREATIVE_TEMPERATURE: f64 = 1.0;
/// Different requests whose repetitions are counted at most; beyond that counting begins anew.
const COUNTED_REQUESTS_MAX: usize = 100_000;
/// Milliseconds that an answer takes at least.
const LATENCY_MS_MIN: u64 = 2;
/// Milliseconds by which answers differ.
const LATENCY_MS_SPREAD: u64 = 6;
/// Milliseconds that thinking first takes.
const THINKING_MS: u64 = 40;
/// Milliseconds that the small model takes longer.
const MINI_MS: u64 = 25;

/// How the demo runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What its noise begins with: the same seed, the same answers.
    pub seed: u64,
    /// Folder targets by environment: what is live there answers under that environment.
    pub targets: BTreeMap<String, PathBuf>,
    /// Whether answers take a few milliseconds, as real ones do.
    pub latency: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, targets: BTreeMap::new(), latency: true }
    }
}

/// Why the demo does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port of the loopback address is free.
    #[error("the demo agent found no free port on 127.0.0.1")]
    Port(#[source] std::io::Error),
    /// The system gives no randomness for a token.
    #[error("the demo agent found no randomness for its token")]
    Randomness,
}

/// A running demo agent; dropping it ends it.
#[derive(Debug)]
pub struct DemoAgent {
    address: SocketAddr,
    token: String,
    desk: Arc<Shared>,
    task: JoinHandle<()>,
}

impl DemoAgent {
    /// Starts it on a free port of 127.0.0.1 with a token of its own. Needs a tokio runtime.
    ///
    /// # Errors
    /// No port is free, or there is no randomness.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(StartError::Port)?;
        let address = listener.local_addr().map_err(StartError::Port)?;
        let random = [(); 4].map(|()| getrandom::u64());
        let mut token = "demo-".to_owned();
        for part in random {
            let part = part.map_err(|_| StartError::Randomness)?;
            token.push_str(&format!("{part:016x}"));
        }
        let desk = Arc::new(Shared {
            token: token.clone(),
            seed: settings.seed,
            latency: settings.latency,
            targets: RwLock::new(settings.targets),
            asked: Mutex::new(BTreeMap::new()),
            answers: AtomicU64::new(0),
        });
        let router = Router::new()
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(candidate))
            .route("/live/{environment}/v1/models", get(models))
            .route("/live/{environment}/v1/chat/completions", post(live))
            .with_state(desk.clone());
        let task = tokio::spawn(async move {
            // It runs until it is dropped; serving ends with an error only when the runtime does.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, token, desk, task })
    }

    /// The key that it wants as a bearer token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Where a `demo:` address answers now: `demo:help-desk` is the candidate, `demo:help-desk@ENVIRONMENT` what is
    /// live there. `None` when the address is not the demo's.
    #[must_use]
    pub fn resolve(&self, address: &str) -> Option<String> {
        match address.strip_prefix(NAME)? {
            "" => Some(format!("http://{}/v1", self.address)),
            live => {
                let environment =
                    live.strip_prefix('@').filter(|name| !name.is_empty() && !name.contains('/'))?;
                Some(format!("http://{}/live/{environment}/v1", self.address))
            }
        }
    }

    /// From now on, what `target` points to answers for `environment`.
    pub fn serve_live(&self, environment: &str, target: &Path) {
        let mut targets = self.desk.targets.write().unwrap_or_else(PoisonError::into_inner);
        targets.insert(environment.to_owned(), target.to_owned());
    }
}

impl Drop for DemoAgent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct Shared {
    token: String,
    seed: u64,
    latency: bool,
    targets: RwLock<BTreeMap<String, PathBuf>>,
    /// How often each request was asked, by its digest.
    asked: Mutex<BTreeMap<[u8; 32], u64>>,
    answers: AtomicU64,
}

/// Who answers a request: what was sent, or what is live.
struct Persona {
    prompt: String,
    model: String,
    temperature: f64,
    version: Option<String>,
}

async fn models(State(desk): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Err(refused) = desk.admit(&headers) {
        return *refused;
    }
    let list: Vec<Value> =
        MODELS.iter().map(|id| json!({ "id": id, "object": "model", "owned_by": "demo" })).collect();
    reply(StatusCode::OK, &json!({ "object": "list", "data": list }))
}

async fn candidate(State(desk): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refused) = desk.admit(&headers) {
        return *refused;
    }
    let request = match read(&body) {
        Ok(request) => request,
        Err(refused) => return *refused,
    };
    let persona = Persona {
        prompt: request.said_by("system").join("\n"),
        model: request.model.clone(),
        temperature: request.temperature.unwrap_or(TEMPERATURE_DEFAULT),
        version: None,
    };
    desk.answer(&request, persona).await
}

async fn live(
    State(desk): State<Arc<Shared>>,
    UrlPath(environment): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refused) = desk.admit(&headers) {
        return *refused;
    }
    let mut request = match read(&body) {
        Ok(request) => request,
        Err(refused) => return *refused,
    };
    let target = desk.targets.read().unwrap_or_else(PoisonError::into_inner).get(&environment).cloned();
    let found = match target {
        None => Err(format!("nothing is live: the demo agent was told of no environment `{environment}`")),
        Some(target) => tokio::task::spawn_blocking(move || Live::read(&target))
            .await
            .unwrap_or_else(|error| Err(format!("nothing is live: {error}"))),
    };
    let live = match found {
        Ok(live) => live,
        Err(why) => {
            return reply(StatusCode::SERVICE_UNAVAILABLE, &error(&why, "unavailable", "nothing_live"));
        }
    };
    // What is live has its own tools, as it has its own prompt.
    request.tools = live.tools;
    let persona = Persona {
        prompt: live.prompt,
        model: live.model.unwrap_or_else(|| request.model.clone()),
        temperature: live.temperature.unwrap_or(TEMPERATURE_DEFAULT),
        version: Some(live.version),
    };
    desk.answer(&request, persona).await
}

impl Shared {
    fn admit(&self, headers: &HeaderMap) -> Result<(), Box<Response>> {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if sent.and_then(|value| value.strip_prefix("Bearer ")) == Some(self.token.as_str()) {
            return Ok(());
        }
        let body =
            error("the demo agent's token is missing or wrong", "invalid_request_error", "invalid_api_key");
        Err(Box::new(reply(StatusCode::UNAUTHORIZED, &body)))
    }

    async fn answer(&self, request: &Request, persona: Persona) -> Response {
        let Persona { prompt, model, temperature, version } = persona;
        if !MODELS.contains(&model.as_str()) {
            let why = format!("the demo agent has no model `{model}`; it has {}", MODELS.join(" and "));
            return reply(StatusCode::NOT_FOUND, &error(&why, "invalid_request_error", "model_not_found"));
        }
        let rules = Rules::of(&prompt);
        let temperature = temperature + if rules.creative { CREATIVE_TEMPERATURE } else { 0.0 };
        let is_mini = model == MODELS[1];
        let factor = if is_mini { 2.0 } else { 1.0 } * if rules.think { 0.5 } else { 1.0 };
        let (digest, repetition) = self.count(request, &prompt, &model, temperature);
        let noise = Noise::new(self.seed, &digest, repetition, temperature, factor);
        if self.latency {
            let thinking = if rules.think { THINKING_MS } else { 0 } + if is_mini { MINI_MS } else { 0 };
            let spread = noise.below("latency", LATENCY_MS_SPREAD);
            tokio::time::sleep(Duration::from_millis(LATENCY_MS_MIN + spread + thinking)).await;
        }
        let tools = request.tools();
        let desk = Desk { prompt: &prompt, rules: &rules, noise: &noise, tools: &tools };
        let answer = desk.answer(&Question::of(&request.said_by("user")));
        let completion = Completion {
            model: &model,
            fingerprint: "demo-help-desk-1",
            id: self.answers.fetch_add(1, Ordering::Relaxed),
            answer: &answer,
            tokens_in: request.tokens(&prompt),
        };
        let mut response = if request.stream {
            ([(header::CONTENT_TYPE, "text/event-stream")], completion.events()).into_response()
        } else {
            reply(StatusCode::OK, &completion.whole())
        };
        if let Some(version) = version.and_then(|version| HeaderValue::try_from(version).ok()) {
            response.headers_mut().insert("gatewright-version", version);
        }
        response
    }

    /// The digest of what decides an answer, and how often it was asked before.
    fn count(&self, request: &Request, prompt: &str, model: &str, temperature: f64) -> ([u8; 32], u64) {
        let mut hasher = Sha256::new();
        let mut take = |text: &str| {
            hasher.update(text.len().to_le_bytes());
            hasher.update(text.as_bytes());
        };
        take(prompt);
        take(model);
        take(&temperature.to_string());
        for message in &request.messages {
            take(&message.role);
            take(message.content.as_deref().unwrap_or_default());
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= COUNTED_REQUESTS_MAX {
            asked.clear();
        }
        let count = asked.entry(digest).or_insert(0);
        let before = *count;
        *count += 1;
        (digest, before)
    }
}

fn read(body: &Bytes) -> Result<Request, Box<Response>> {
    serde_json::from_slice(body).map_err(|problem| {
        let why = format!("the request is not understood: {problem}");
        Box::new(reply(StatusCode::BAD_REQUEST, &error(&why, "invalid_request_error", "bad_request")))
    })
}

fn reply(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests;
