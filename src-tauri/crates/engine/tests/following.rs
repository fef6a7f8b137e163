//! A workspace that is followed while its files are saved, with a real agent that counts how often it is asked.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use gatewright_core::verdict::{Outcome, Standing};
use gatewright_engine::{
    clock::SystemClock,
    event::Happened,
    supervisor::{
        Engine, Followed, Following, Open, RunReport, RunRequest, SpecReport, TrustWord, user::UserFolder,
    },
    watch::{Settings, Watching},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// What does not come within this time does not come.
const DEADLINE: Duration = Duration::from_secs(60);

const SPEC: &str = "\
agent: bot
cases:
  - name: late
    input: My parcel is late.
    expect: { contains: refund }
  - name: small
    input: The shoes are too small.
    expect: { contains: refund }
gate:
  quality: { metric: pass_rate, target: 90%, floor: 60% }
";

/// An agent that always says the same, and counts.
async fn agent(asked: Arc<AtomicUsize>) -> String {
    async fn answer(State(asked): State<Arc<AtomicUsize>>) -> Json<Value> {
        asked.fetch_add(1, Ordering::SeqCst);
        Json(json!({ "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "You get a refund." } }] }))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = Router::new().route("/v1/chat/completions", post(answer)).with_state(asked);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/v1")
}

struct World {
    folder: tempfile::TempDir,
    user: tempfile::TempDir,
    asked: Arc<AtomicUsize>,
}

impl World {
    async fn new(on_save: &str) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let url = agent(Arc::clone(&asked)).await;
        let world = Self {
            folder: tempfile::tempdir().expect("a folder"),
            user: tempfile::tempdir().expect("a folder"),
            asked,
        };
        let prompt = "prompt: file://prompt.md";
        let bot = format!("agents:\n  bot: {{ type: openai-chat, url: {url}, model: m, {prompt} }}\n");
        world.save("gatewright.yaml", &format!("{bot}on_save: {on_save}\n"));
        world.save("prompt.md", "Be kind.\n");
        world.save("specs/refunds.yaml", SPEC);
        world
    }

    fn save(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Another one stands for another process: it has connections of its own.
    fn engine(&self) -> Engine {
        Engine::open(Open {
            root: self.folder.path().to_owned(),
            user: UserFolder::at(self.user.path()),
            clock: Arc::new(SystemClock::default()),
            demo: None,
            host: "test".to_owned(),
            trust: TrustWord::ThisCall,
        })
        .expect("opened")
    }

    async fn run(&self) -> RunReport {
        let engine = self.engine();
        let ran = engine.run(&engine.read(), &RunRequest::default(), None, &CancellationToken::new()).await;
        ran.expect("ran")
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A workspace that is followed, until it is dropped.
struct Follow {
    heard: mpsc::UnboundedReceiver<Following>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Follow {
    fn begin(world: &World) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let cancel = CancellationToken::new();
        let (engine, stop) = (world.engine(), cancel.clone());
        let task = tokio::spawn(async move {
            let mut hear = |what| drop(tell.send(what));
            engine.follow(Settings::default(), &mut hear, &stop).await.expect("followed");
        });
        Self { heard, cancel, task }
    }

    async fn next(&mut self) -> Following {
        timeout(DEADLINE, self.heard.recv()).await.expect("heard in time").expect("followed")
    }

    async fn pass(&mut self) -> Followed {
        loop {
            if let Following::Pass(followed) = self.next().await {
                return *followed;
            }
        }
    }

    /// The pass in which `file` was saved.
    async fn pass_of(&mut self, file: &str) -> Followed {
        loop {
            let followed = self.pass().await;
            if followed.saved.contains(file) {
                return followed;
            }
        }
    }

    async fn end(self) {
        self.cancel.cancel();
        timeout(DEADLINE, self.task).await.expect("ends in time").expect("followed");
    }
}

fn only(reports: &[SpecReport]) -> &SpecReport {
    let [report] = reports else { panic!("one report, not {}", reports.len()) };
    report
}

fn verdicts(engine: &Engine, report: &SpecReport) -> Vec<(Outcome, Standing)> {
    let rows = engine.store().read(|read| read.verdicts_of_version(report.version.id)).expect("read");
    rows.into_iter().map(|row| (row.verdict.outcome, row.verdict.standing)).collect()
}

fn changes(engine: &Engine) -> Vec<u32> {
    let log = engine.store().read(|read| read.log(Default::default(), 1_000)).expect("read");
    let errors = |event: &gatewright_engine::event::Event| match &event.what {
        Happened::SpecChanged { errors, .. } => Some(*errors),
        _ => None,
    };
    log.iter().filter_map(errors).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_criterion_is_judged_by_recorded_answers_without_a_call() {
    let world = World::new("rescore").await;
    let ran = world.run().await;
    assert_eq!(only(&ran.specs).verdict.outcome, Outcome::Pass);
    let asked = world.asked();
    let mut follow = Follow::begin(&world);
    assert!(matches!(follow.next().await, Following::Watching(Watching::Told)));
    let first = follow.pass().await;
    assert_eq!(only(&first.reports).verdict.standing, Standing::Prospective);
    assert_eq!((first.changed.len(), first.unasked.len()), (0, 0), "all of it was recorded by the run");

    world.save("specs/refunds.yaml", &SPEC.replace("60%", "55%"));
    let pass = follow.pass().await;
    assert_eq!(pass.changed, ["refunds".into()]);
    let report = only(&pass.reports);
    assert_eq!((report.verdict.outcome, report.verdict.standing), (Outcome::Pass, Standing::Rescored));
    // Another expectation: the recorded answers are scored by it, and all fail.
    world.save("specs/refunds.yaml", &SPEC.replace("contains: refund", "contains: exchange"));
    let pass = follow.pass().await;
    let failed = only(&pass.reports);
    assert_eq!((failed.verdict.outcome, failed.verdict.standing), (Outcome::Fail, Standing::Rescored));
    let engine = world.engine();
    let stored = verdicts(&engine, failed);
    let rescored = |outcome| (outcome, Standing::Rescored);
    let expected = [rescored(Outcome::Fail), rescored(Outcome::Pass), (Outcome::Pass, Standing::Prospective)];
    assert_eq!(stored, expected);
    // Taken back: the verdict of the run stands as it was given, and the chart shows it.
    world.save("specs/refunds.yaml", SPEC);
    let pass = follow.pass().await;
    assert_eq!(only(&pass.reports).verdict.id, only(&ran.specs).verdict.id);
    let timeline = engine.store().read(|read| read.timeline(&"refunds".into(), "pass_rate")).expect("read");
    assert_eq!(timeline.iter().map(|row| row.point.value).collect::<Vec<_>>(), [Some(1.0)]);
    assert_eq!(engine.rebuild().await.expect("rebuilt"), 0, "what is kept is what it would be made again");
    assert_eq!(changes(&engine), [0; 4]);
    assert_eq!(world.asked(), asked, "nobody was asked");
    follow.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_and_recorded_and_a_comment_is_nothing() {
    let world = World::new("rescore").await;
    let mut follow = Follow::begin(&world);
    let first = follow.pass().await;
    assert_eq!((first.changed.len(), first.unasked.len()), (1, 1));
    assert_eq!(only(&first.reports).verdict.heard(), 0);
    world.save("specs/refunds.yaml", &SPEC.replace("target: 90%", "target: 190%"));
    let pass = follow.pass().await;
    assert!(pass.reading.errors() > 0 && pass.reports.is_empty());
    assert_eq!(pass.changed, ["refunds".into()]);
    world.save("specs/refunds.yaml", SPEC);
    let pass = follow.pass().await;
    assert_eq!((pass.reading.errors(), pass.changed.len()), (0, 1));
    world.save("specs/refunds.yaml", &format!("# A remark.\n{SPEC}"));
    let pass = follow.pass().await;
    assert!(pass.changed.is_empty() && pass.reports.is_empty());
    world.save("specs/second.yaml", SPEC);
    let pass = follow.pass_of("specs/second.yaml").await;
    assert_eq!(pass.changed, ["second".into()]);
    // The meaning of before is no change of meaning: the log says it once.
    let log = changes(&world.engine());
    assert_eq!((log[0], log[1] > 0, log.len()), (0, true, 3), "{log:?}");
    assert_eq!(world.asked(), 0);
    follow.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_is_saved_is_a_new_version_and_is_run_where_the_workspace_says_so() {
    let world = World::new("run").await;
    let mut follow = Follow::begin(&world);
    let first = follow.pass().await;
    assert_eq!(world.asked(), 0, "opening is no save");
    world.save("prompt.md", "Be brief.\n");
    let pass = follow.pass().await;
    assert_eq!(pass.unasked.len(), 1);
    assert_ne!(pass.unasked[0].id, first.unasked[0].id);
    loop {
        match follow.next().await {
            Following::Ran(ran) => {
                let report = ran.expect("ran");
                assert_eq!(only(&report.specs).version.id, pass.unasked[0].id);
                assert_eq!(only(&report.specs).verdict.outcome, Outcome::Pass);
                break;
            }
            Following::Running(specs) => assert_eq!(specs, ["refunds".into()]),
            _ => {}
        }
    }
    assert!(world.asked() > 0);
    follow.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_records_is_noticed() {
    let world = World::new("rescore").await;
    let mut follow = Follow::begin(&world);
    assert_eq!(only(&follow.pass().await.reports).verdict.heard(), 0);
    let ran = world.run().await;
    let pass = follow.pass().await;
    assert!(pass.saved.is_empty());
    assert_eq!(only(&pass.reports).verdict.id, only(&ran.specs).verdict.id);
    follow.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_follows_and_the_next_one_waits_for_its_turn() {
    let world = World::new("none").await;
    let mut first = Follow::begin(&world);
    first.pass().await;
    let mut second = Follow::begin(&world);
    let Following::Waiting { holder } = second.next().await else { panic!("it waits") };
    assert_eq!(holder, format!("test, process {}", std::process::id()));
    first.end().await;
    assert!(second.pass().await.reports.is_empty(), "nothing is judged where the workspace says so");
    second.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_an_identity_are_watched_new_ones_too() {
    let world = World::new("rescore").await;
    let text = fs::read_to_string(world.folder.path().join("gatewright.yaml")).expect("read");
    let files = "identity: { files: [\"src/**/*.md\"] } }\n";
    world.save("src/a.md", "a");
    world.save("gatewright.yaml", &text.replacen(" }\n", &format!(", {files}"), 1));
    let mut follow = Follow::begin(&world);
    let first = follow.pass().await;
    assert_eq!(first.reading.diagnostics, [], "{:?}", first.reading.sources);
    let mut versions = vec![first.unasked[0].id];
    for (file, text) in [("src/deep/b.md", "b"), ("src/a.md", "another")] {
        world.save(file, text);
        versions.push(follow.pass_of(file).await.unasked[0].id);
    }
    versions.dedup();
    assert_eq!(versions.len(), 3);
    assert!(Path::new(world.folder.path()).join(".gatewright/watch.lock").exists());
    follow.end().await;
}
