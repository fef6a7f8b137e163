//! How many calls a second a run makes against a server that answers at once, beside a bare loop of the same client:
//! what sealing, asking, scoring, deciding and writing down cost. One run of each, in one process, as a ratio.
//!
//! `cargo bench -p gatewright-tests --bench throughput [CASES] [CONCURRENCY]`
#![expect(clippy::print_stdout, reason = "this prints a table")]

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use futures_util::{StreamExt as _, stream};
use gatewright_engine::{
    clock::SystemClock,
    supervisor::{Engine, Open, RunRequest, TrustWord, user::UserFolder},
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// Cases asked, each once.
const CASES: usize = 10_000;
/// Calls in flight.
const CONCURRENCY: usize = 128;

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let (cases, concurrency) = (words.next().unwrap_or(CASES), words.next().unwrap_or(CONCURRENCY));
    // The server has a thread of its own, so that both sides of the comparison have the same rest of the machine.
    let server = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let url = server.block_on(serve())?;
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let (asked, run) = runtime.block_on(run(folder.path(), &url, cases, concurrency))?;
    // Second, since the first makes the cryptography known that any client wants.
    let bare = runtime.block_on(bare(&url, cases, concurrency))?;
    anyhow::ensure!(asked as usize >= cases, "only {asked} of {cases} cases were asked");
    #[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
    let per_second = |calls: usize, took: Duration| calls as f64 / took.as_secs_f64();
    let (bare, ours) = (per_second(cases, bare), per_second(asked as usize, run));
    println!("calls                {asked:>10}");
    println!("bare client          {bare:>10.0} calls/s");
    println!("a run                {ours:>10.0} calls/s");
    println!("ratio                {:>10.2}", ours / bare);
    println!("memory at most       {:>10} KB", memory_kb_max().unwrap_or_default());
    Ok(())
}

async fn serve() -> anyhow::Result<String> {
    async fn answer() -> Json<Value> {
        Json(json!({ "id": "x", "model": "m", "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "You get a refund within 14 days." } }],
            "usage": { "prompt_tokens": 20, "completion_tokens": 9 } }))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(format!("http://{address}/v1"))
}

/// The same requests, each answer read whole, and nothing else.
async fn bare(url: &str, calls: usize, concurrency: usize) -> anyhow::Result<Duration> {
    // As the runner's own client is made.
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(concurrency)
        .tcp_nodelay(true)
        .no_proxy()
        .tls_certs_only([])
        .build()?;
    let address = format!("{url}/chat/completions");
    let began = Instant::now();
    let asked = stream::iter(0..calls).map(|call| {
        let (client, address) = (client.clone(), address.clone());
        let question = format!("Where is parcel {call}?");
        let body = json!({ "model": "m", "messages": [
            { "role": "system", "content": "Be kind." }, { "role": "user", "content": question } ] });
        // As a run does: a task for each call.
        tokio::spawn(async move { client.post(address).json(&body).send().await?.bytes().await })
    });
    let answers: Vec<_> = asked.buffer_unordered(concurrency).collect().await;
    for answer in answers {
        answer??;
    }
    Ok(began.elapsed())
}

async fn run(
    folder: &std::path::Path,
    url: &str,
    cases: usize,
    concurrency: usize,
) -> anyhow::Result<(u64, Duration)> {
    let limits = format!("limits: {{ concurrency: {concurrency} }}");
    let bot = format!("bot: {{ type: openai-chat, url: {url}, model: m, prompt: Be kind., {limits} }}");
    let budget = "defaults: { budget: { calls: 200000, time: 60m } }";
    fs::write(folder.join("gatewright.yaml"), format!("agents:\n  {bot}\n{budget}\n"))?;
    fs::create_dir(folder.join("specs"))?;
    let rows: String = (0..cases).map(|row| format!("{{\"q\": \"Where is parcel {row}?\"}}\n")).collect();
    fs::write(folder.join("cases.jsonl"), rows)?;
    let spec = "cases:\n  - dataset: cases.jsonl\n    input: \"{{ q }}\"\n    expect: { contains: refund }\n\
                gate:\n  quality: { metric: pass_rate, target: 99%, floor: 95% }\n";
    fs::write(folder.join("specs/load.yaml"), spec)?;
    let user = tempfile::tempdir()?;
    let engine = Engine::open(Open {
        root: folder.to_owned(),
        user: UserFolder::at(user.path()),
        clock: Arc::new(SystemClock::default()),
        demo: None,
        host: "bench".to_owned(),
        trust: TrustWord::ThisCall,
    })?;
    let reading = engine.read();
    anyhow::ensure!(reading.errors() == 0, "the workspace is without errors: {:?}", reading.diagnostics);
    let began = Instant::now();
    let report = engine.run(&reading, &RunRequest::default(), None, &CancellationToken::new()).await?;
    Ok((report.answered.asked, began.elapsed()))
}

/// The most memory that this process, server and bare client included, ever held.
fn memory_kb_max() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
