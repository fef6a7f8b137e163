//! How many calls a second a run makes, beside a bare loop of the same client against a server that answers at once:
//! what sealing, asking, scoring, deciding and writing down cost. And against a server that takes its time, beside what
//! the number of calls in flight allows. All in one process, as ratios.
//!
//! `cargo bench -p gatewright-tests --bench throughput [CASES] [CONCURRENCY]`
#![expect(clippy::print_stdout, reason = "this prints a table")]

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, routing::post};
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
/// What the slow server takes for each answer.
const LATENCY: Duration = Duration::from_millis(50);

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let (cases, concurrency) = (words.next().unwrap_or(CASES), words.next().unwrap_or(CONCURRENCY));
    // The server has a thread of its own, so that both sides of the comparison have the same rest of the machine.
    let server = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let runtime = Runtime::new()?;
    let at_once = server.block_on(serve(Duration::ZERO))?;
    let run = runtime.block_on(run(&at_once, cases, concurrency))?;
    let memory = memory_kb_max().unwrap_or_default();
    // Second, since the first makes the cryptography known that any client wants.
    let bare = runtime.block_on(bare(&at_once, cases, concurrency))?;
    println!("{cases} cases, {concurrency} at a time, answered at once");
    println!("  bare client    {:>8.0} calls/s {:>8.0} us of CPU a call", bare.per_second(), bare.cpu_us());
    println!("  a run          {:>8.0} calls/s {:>8.0} us of CPU a call", run.per_second(), run.cpu_us());
    println!("  ratio          {:>8.2}", run.per_second() / bare.per_second());
    println!("  memory at most {memory:>8} KB, the server included");
    let slow = server.block_on(serve(LATENCY))?;
    let run = runtime.block_on(self::run(&slow, cases, concurrency))?;
    let bare = runtime.block_on(self::bare(&slow, cases, concurrency))?;
    #[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
    let allowed = concurrency as f64 / LATENCY.as_secs_f64();
    println!("{cases} cases, {concurrency} at a time, answered after {LATENCY:?}: share of what that allows");
    println!(
        "  bare client    {:>8.2} {:>17.0} us of CPU a call",
        bare.per_second() / allowed,
        bare.cpu_us()
    );
    println!("  a run          {:>8.2} {:>17.0} us of CPU a call", run.per_second() / allowed, run.cpu_us());
    Ok(())
}

/// What calls took.
struct Took {
    calls: u64,
    wall: Duration,
    /// Of the whole process, the server included.
    cpu: Duration,
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
impl Took {
    fn per_second(&self) -> f64 {
        self.calls as f64 / self.wall.as_secs_f64()
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.calls as f64
    }
}

/// Measures from here on.
struct Watch(Instant, Duration);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), cpu())
    }

    fn stop(&self, calls: u64) -> Took {
        Took { calls, wall: self.0.elapsed(), cpu: cpu().saturating_sub(self.1) }
    }
}

/// What this process has used of the processors; nothing where the system does not say it this way.
fn cpu() -> Duration {
    // Hundredths of a second, in the system and outside it: what proc(5) calls `utime` and `stime`.
    let ticks = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    });
    Duration::from_millis(10 * ticks.unwrap_or_default())
}

async fn serve(latency: Duration) -> anyhow::Result<String> {
    async fn answer(State(latency): State<Duration>) -> Json<Value> {
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        Json(json!({ "id": "x", "model": "m", "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "You get a refund within 14 days." } }],
            "usage": { "prompt_tokens": 20, "completion_tokens": 9 } }))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(latency);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(format!("http://{address}/v1"))
}

/// The same requests, each answer read whole, and nothing else.
async fn bare(url: &str, calls: usize, concurrency: usize) -> anyhow::Result<Took> {
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
    let watch = Watch::start();
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
    Ok(watch.stop(calls as u64))
}

async fn run(url: &str, cases: usize, concurrency: usize) -> anyhow::Result<Took> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
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
    let watch = Watch::start();
    let report = engine.run(&reading, &RunRequest::default(), None, &CancellationToken::new()).await?;
    let took = watch.stop(report.answered.asked);
    anyhow::ensure!(took.calls as usize >= cases, "only {} of {cases} cases were asked", took.calls);
    Ok(took)
}

/// The most memory that this process ever held.
fn memory_kb_max() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
