//! A server that writes exactly the bytes it is told to, and then does what it is told to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Writes the request's `authorization` header.
    Echo,
    /// Waits.
    Wait(Duration),
    /// Sends nothing more and waits for the other side to close.
    Hang,
    /// Closes with a reset instead of an end.
    Reset,
}

/// What is done with the first, the second, … request of a path; the last is repeated.
pub(super) type Script = Vec<Vec<Act>>;

/// A running server; dropping it ends it.
pub(super) struct Server {
    pub(super) origin: String,
    pub(super) requests: Arc<Mutex<Vec<String>>>,
    open: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Serves each script under `/NAME/…`.
    pub(super) async fn start(scripts: BTreeMap<String, Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count, open) = watch::channel(0);
        let served: Arc<BTreeMap<String, (Script, AtomicUsize)>> = Arc::new(
            scripts.into_iter().map(|(name, script)| (name, (script, AtomicUsize::new(0)))).collect(),
        );
        let mut tasks = JoinSet::new();
        let seen = requests.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (served, seen, count) = (served.clone(), seen.clone(), count.clone());
                connections.spawn(async move {
                    count.send_modify(|open| *open += 1);
                    serve(stream, &served, &seen).await;
                    count.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { origin, requests, open, _tasks: tasks }
    }

    /// One path that answers every request the same.
    pub(super) async fn one(response: Vec<u8>) -> Self {
        Self::start(BTreeMap::from([("x".to_owned(), vec![vec![Act::Write(response)]])])).await
    }

    pub(super) fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.origin)
    }

    /// The bodies of all requests so far, as JSON.
    pub(super) fn bodies(&self) -> Vec<serde_json::Value> {
        let requests = self.requests.lock().expect("no panic before");
        let body = |request: &String| request.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        requests.iter().filter_map(body).map(|body| serde_json::from_str(&body).unwrap_or_default()).collect()
    }

    /// Waits until so many connections are open.
    pub(super) async fn until_open(&mut self, count: usize) {
        self.open.wait_for(|open| *open == count).await.expect("the server runs");
    }
}

async fn serve(
    mut stream: TcpStream,
    served: &BTreeMap<String, (Script, AtomicUsize)>,
    seen: &Mutex<Vec<String>>,
) {
    while let Some(request) = read(&mut stream).await {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        seen.lock().expect("no panic before").push(request.clone());
        let Some((script, asked)) = path.split('/').nth(1).and_then(|name| served.get(name)) else { return };
        let turn = asked.fetch_add(1, Ordering::Relaxed).min(script.len() - 1);
        for act in &script[turn] {
            match act {
                Act::Write(bytes) => {
                    if stream.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Act::Echo => {
                    let key = request.lines().find(|line| line.to_lowercase().starts_with("authorization:"));
                    if stream.write_all(key.unwrap_or_default().as_bytes()).await.is_err() {
                        return;
                    }
                }
                Act::Wait(length) => tokio::time::sleep(*length).await,
                Act::Hang => {
                    let _ = stream.read(&mut [0; 64]).await;
                    return;
                }
                Act::Reset => {
                    let _ = stream.set_zero_linger();
                    return;
                }
            }
        }
        // Without a length only the end of the connection ends an answer.
        let ended = script[turn].iter().any(|act| matches!(act, Act::Write(bytes) if says_length(bytes)));
        if !ended {
            return;
        }
    }
}

fn says_length(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).to_lowercase().contains("content-length")
}

/// One request: its head and as much body as it announces.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            if body.len() >= length.unwrap_or(0_usize) {
                return Some(text);
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}

/// A complete response.
pub(super) fn response(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A complete response in JSON.
pub(super) fn json(status: u16, headers: &str, body: &str) -> Vec<u8> {
    response(status, &format!("Content-Type: application/json\r\n{headers}"), body)
}

/// A complete stream of events.
pub(super) fn sse(body: &str) -> Vec<u8> {
    response(200, "Content-Type: text/event-stream\r\n", body)
}

/// A plain answer of a chat endpoint.
pub(super) const PARIS: &str = r#"{"id":"c1","model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_1","choices":[{"index":0,"message":{"role":"assistant","content":"Paris."},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
