//! Runs that do not go to their end: called off by whoever held them, or out of time.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use gatewright_core::time::Millis;
use gatewright_engine::{
    clock::{Clock, SystemClock},
    supervisor::{Engine, Open, RunRequest, TrustWord, user::UserFolder},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

/// What does not come within this time does not come.
const DEADLINE: Duration = Duration::from_secs(60);

const MINUTE_MS: u64 = 60_000;

const SPEC: &str = "\
agent: bot
cases:
  - { name: late, input: My parcel is late., expect: { contains: refund } }
gate:
  quality: { metric: pass_rate, target: 90%, floor: 60% }
";

/// Goes as time does, and goes on by so many milliseconds when it is told to.
#[derive(Debug, Default)]
struct Skipping {
    clock: SystemClock,
    skipped_ms: AtomicU64,
}

impl Clock for Skipping {
    fn now(&self) -> Millis {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed() + Duration::from_millis(self.skipped_ms.load(Ordering::SeqCst))
    }
}

/// A workspace with two specs of an agent that answers at `listener`.
fn workspace(listener: &TcpListener) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let address = listener.local_addr().expect("an address");
    let bot = format!("agents:\n  bot: {{ type: openai-chat, url: http://{address}/v1, model: m }}\n");
    fs::write(folder.path().join("gatewright.yaml"), bot).expect("written");
    fs::create_dir(folder.path().join("specs")).expect("made");
    for spec in ["first", "second"] {
        fs::write(folder.path().join(format!("specs/{spec}.yaml")), SPEC).expect("written");
    }
    folder
}

fn engine(folder: &tempfile::TempDir, clock: &Arc<Skipping>) -> Engine {
    Engine::open(Open {
        root: folder.path().to_owned(),
        user: UserFolder::at(&folder.path().join("user")),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        demo: None,
        host: "test".to_owned(),
        trust: TrustWord::ThisCall,
    })
    .expect("opened")
}

async fn a_quarter_of_an_hour(State(clock): State<Arc<Skipping>>) -> Json<Value> {
    clock.skipped_ms.fetch_add(15 * MINUTE_MS, Ordering::SeqCst);
    let message = json!({ "role": "assistant", "content": "You get a refund." });
    Json(json!({ "choices": [{ "index": 0, "finish_reason": "stop", "message": message }] }))
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_nobody_who_keeps_the_history_open() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let folder = workspace(&silent);
    let engine = engine(&folder, &Arc::default());
    let closing = engine.store().closing();
    let (reading, request, cancel) = (engine.read(), RunRequest::default(), CancellationToken::new());
    tokio::select! {
        ran = engine.run(&reading, &request, None, &cancel) => panic!("nobody answers: {ran:?}"),
        asked = silent.accept() => drop(asked.expect("a call")),
    }
    drop(engine);
    let closed = async {
        while !closing.is_over() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, closed).await.expect("closed");
}

#[tokio::test]
async fn the_time_that_a_run_is_given_is_that_of_all_its_specs() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let folder = workspace(&listener);
    let clock: Arc<Skipping> = Arc::default();
    let routes = Router::new()
        .route("/v1/chat/completions", post(a_quarter_of_an_hour))
        .with_state(Arc::clone(&clock));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let engine = engine(&folder, &clock);
    let request = RunRequest { time_ms: Some(10 * MINUTE_MS), ..RunRequest::default() };
    let ran = engine.run(&engine.read(), &request, None, &CancellationToken::new()).await.expect("ran");
    let heard: Vec<_> = ran.specs.iter().map(|report| report.verdict.heard() > 0).collect();
    assert_eq!(heard, [true, false], "the second has no time left");
}
