//! From a save to what it says, over a real folder, a real history and a real agent: reading and judging, without the
//! moment that passes until a save is over.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gatewright_engine::{
    clock::SystemClock,
    supervisor::{Engine, Followed, Following, Open, RunRequest, TrustWord, user::UserFolder},
    watch::Settings,
};
use serde_json::{Value, json};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

const WATCHED: &str = "specs/watched.yaml";

struct World {
    runtime: Runtime,
    folder: tempfile::TempDir,
    user: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let url = runtime.block_on(agent());
        let world = Self {
            runtime,
            folder: tempfile::tempdir().expect("a folder"),
            user: tempfile::tempdir().expect("a folder"),
        };
        let limits = "limits: { concurrency: 64 }";
        let bot = format!("bot: {{ type: openai-chat, url: {url}, model: m, prompt: Be kind., {limits} }}");
        let budget = "defaults: { budget: { calls: 20000, time: 30m } }";
        world.save("gatewright.yaml", &format!("agents:\n  {bot}\n{budget}\n"));
        world
    }

    fn save(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).expect("made");
        fs::write(path, text).expect("written");
    }

    fn engine(&self) -> Engine {
        Engine::open(Open {
            root: self.folder.path().to_owned(),
            user: UserFolder::at(self.user.path()),
            clock: Arc::new(SystemClock::default()),
            demo: None,
            host: "bench".to_owned(),
            trust: TrustWord::ThisCall,
        })
        .expect("opened")
    }

    /// Follows, and measures passes over saves that `text` makes, each another one.
    fn measure(&self, criterion: &mut Criterion, id: BenchmarkId, text: impl Fn(u64) -> String) {
        let (tell, mut heard) = unbounded_channel();
        let (engine, cancel) = (self.engine(), CancellationToken::new());
        let stop = cancel.clone();
        let following: JoinHandle<()> = self.runtime.spawn(async move {
            let mut hear = |what| drop(tell.send(what));
            engine.follow(Settings::default(), &mut hear, &stop).await.expect("followed");
        });
        self.runtime.block_on(pass(&mut heard));
        let mut count = 0;
        let mut group = criterion.benchmark_group("save");
        group.sample_size(10).warm_up_time(Duration::from_millis(1)).bench_function(id, |bencher| {
            bencher.iter_custom(|times| {
                (0..times)
                    .map(|_| {
                        count += 1;
                        self.save(WATCHED, &text(count));
                        self.runtime.block_on(pass(&mut heard)).took
                    })
                    .sum()
            });
        });
        group.finish();
        cancel.cancel();
        self.runtime.block_on(following).expect("ended");
    }
}

async fn agent() -> String {
    async fn answer() -> Json<Value> {
        Json(json!({ "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "You get a refund within 14 days." } }] }))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/v1")
}

async fn pass(heard: &mut UnboundedReceiver<Following>) -> Followed {
    loop {
        if let Following::Pass(pass) = heard.recv().await.expect("followed") {
            return *pass;
        }
    }
}

fn spec(description: u64) -> String {
    format!(
        "description: save {description}\ncases:\n  - name: late\n    input: My parcel is late.\n    \
         expect: {{ contains: refund }}\ngate:\n  quality: {{ metric: pass_rate, target: 90%, floor: 60% }}\n"
    )
}

fn diagnostics(criterion: &mut Criterion) {
    for files in [1_000_u64, 10_000] {
        let world = World::new();
        for file in 1..files {
            world.save(&format!("specs/{file:05}.yaml"), &spec(0));
        }
        world.save(WATCHED, &spec(0));
        world.measure(criterion, BenchmarkId::new("among spec files", files), spec);
    }
}

fn rescoring(criterion: &mut Criterion) {
    for answers in [1_000_u64, 10_000] {
        let world = World::new();
        let mut rows = String::new();
        for row in 0..answers {
            let _ = writeln!(rows, "{{\"question\": \"Where is parcel {row}?\"}}");
        }
        world.save("cases.jsonl", &rows);
        let text = |save: u64| {
            let expect = format!("[{{ contains: refund }}, {{ not: {{ contains: \"{save:05}\" }} }}]");
            format!(
                "cases:\n  - dataset: cases.jsonl\n    input: \"{{{{ question }}}}\"\n    expect: {expect}\n\
                 gate:\n  quality: {{ metric: pass_rate, target: 99%, floor: 95% }}\n"
            )
        };
        world.save(WATCHED, &text(99_999));
        let engine = world.engine();
        let began = Instant::now();
        let ran = world.runtime.block_on(engine.run(
            &engine.read(),
            &RunRequest::default(),
            None,
            &CancellationToken::new(),
        ));
        let asked = ran.expect("ran").answered.asked;
        assert!(asked >= answers, "{asked} answers recorded in {:?}", began.elapsed());
        drop(engine);
        world.measure(criterion, BenchmarkId::new("recorded answers", answers), text);
    }
}

criterion_group!(saves, diagnostics, rescoring);
criterion_main!(saves);
