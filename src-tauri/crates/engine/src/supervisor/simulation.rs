//! Error rates through the engine itself: many versions, each asked by the runner through a scripted agent, recorded
//! in a real database, killed in the middle of its run and gone on with from what was recorded. Time is virtual:
//! answers come out of order, and failures late.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use gatewright_core::{
    gate::{Baseline, Outcome},
    id::{AgentName, ComponentName, Digest, RunId, VersionId},
    observation::ErrorClass,
    plan::StreamKey,
    selftest::Draw,
    spec::{Budget, Spec},
    version::{Component, Drive, Endpoint, Grade, MANIFEST_FORMAT, Manifest, Provenance, Version},
};
use tokio_util::sync::CancellationToken;

use super::{
    Open, TrustWord,
    engine::Engine,
    gating::{self, Wish},
    journal::RunJournal,
    user::UserFolder,
};
use crate::{
    clock::SystemClock,
    port::agent::{Agent, Asked, Call, Record},
    run::{self, Assignment},
    store::Durability,
};

/// Versions of each level.
const VERSIONS: u64 = 60;

/// Of 60 versions that each err 5 times in 100, at least 12 do less than once in 10,000 times.
const ERRED_MAX: usize = 11;

/// A run is killed after so many answers.
const KILLED_AFTER: u64 = 7;

const WORKSPACE: &str = "\
agents:
  bot: { type: openai-chat, url: http://127.0.0.1:9/v1, model: m }
agent: bot
cases:
  - { name: a, input: a, expect: { contains: right } }
  - { name: b, input: b, expect: { contains: right } }
  - { name: c, input: c, expect: { contains: right } }
  - { name: d, input: d, expect: { contains: right } }
  - { name: e, input: e, expect: { contains: right } }
gate:
  quality: { metric: pass_rate, target: 90%, floor: 60% }
";

/// Answers by numbers: each asking is another draw.
struct Scripted {
    right: f64,
    draw: Draw,
    asked: AtomicU64,
    killed: CancellationToken,
    kill_after: Option<u64>,
    answered: AtomicU64,
}

impl Agent for Scripted {
    fn ask<'a>(&'a self, _: &'a Call, cancel: &'a CancellationToken) -> BoxFuture<'a, Asked> {
        let draw = self.draw.at(self.asked.fetch_add(1, Ordering::Relaxed));
        let right = draw.fraction(1) < self.right;
        let takes = draw.below(2, 50) + if right { 1 } else { 200 };
        let mut record = Record::default();
        record.reply.text = if right { "right" } else { "wrong" }.to_owned();
        let lost = draw.fraction(3) < if right { 0.005 } else { 0.03 };
        Box::pin(async move {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(takes)) => {}
                () = cancel.cancelled() => return Asked::Cancelled,
            }
            if Some(self.answered.fetch_add(1, Ordering::Relaxed) + 1) == self.kill_after {
                self.killed.cancel();
            }
            let record = Box::new(record);
            if lost {
                let class = ErrorClass("status-500".to_owned());
                return Asked::Missing { class, message: "lost".to_owned(), record };
            }
            Asked::Answered(record)
        })
    }

    fn concurrency(&self) -> u32 {
        4
    }

    fn served<'a>(&'a self, _: &'a CancellationToken) -> BoxFuture<'a, Result<Option<String>, String>> {
        Box::pin(async { Ok(None) })
    }
}

struct World {
    engine: Engine,
    spec: Spec,
    _folders: [tempfile::TempDir; 2],
}

impl World {
    fn open() -> Self {
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        fs::write(folders[0].path().join("gatewright.yaml"), WORKSPACE).expect("written");
        let engine = Engine::open(Open {
            root: folders[0].path().to_owned(),
            user: UserFolder::at(folders[1].path()),
            clock: Arc::new(SystemClock::default()),
            demo: None,
            host: "test".to_owned(),
            trust: TrustWord::ThisCall,
        })
        .expect("opened");
        let reading = engine.read();
        let spec = reading.good().next().expect("a spec").clone();
        Self { engine, spec, _folders: folders }
    }

    /// Seals a version of this number, and registers what it is judged by.
    async fn stream(&self, number: u64) -> StreamKey {
        let component = Component::Value(serde_json::json!(number));
        let components = [(ComponentName::new("prompt"), component)].into();
        let manifest = Manifest { format: MANIFEST_FORMAT, drive: Drive::Assembled, components };
        let version = Version {
            id: manifest.id().expect("canonical"),
            agent: AgentName::new("bot"),
            manifest,
            grade: Grade::Sent,
            provenance: Provenance::default(),
        };
        let id: VersionId = version.id;
        let address = "http://127.0.0.1:9/v1".to_owned();
        let endpoint = Endpoint { kind: "openai-chat".to_owned(), address, environment: None };
        let sealed = self.engine.store.write(Durability::Normal, move |write| {
            write.record_version(&version)?;
            write.record_endpoint(&endpoint)
        });
        let endpoint = sealed.await.expect("recorded");
        let stream =
            self.engine.store.read(|read| gating::stream(read, id, endpoint, &self.spec.name, Wish::GoOn));
        let stream = stream.expect("a stream");
        let (plan, _) = self
            .engine
            .store
            .read(|read| {
                Ok::<_, crate::store::StoreError>(gating::plan(
                    read,
                    &self.spec,
                    stream.clone(),
                    &Baseline::Nothing,
                ))
            })
            .expect("read")
            .expect("a plan");
        let (spec, run, streams) = (self.spec.clone(), RunId(u128::from(number)), vec![stream.clone()]);
        let registered = self.engine.store.write(Durability::Normal, move |write| {
            let body = serde_json::to_vec(&spec).expect("plain");
            write.record_meaning(spec.meaning, &body)?;
            write.record_spec(&spec.name, Some(spec.meaning), 0)?;
            write.register_plan(&plan)?;
            write.start_run(run, "test", &streams)
        });
        registered.await.expect("recorded");
        stream
    }

    /// What a gate says of a version: asked, killed once, and asked again by a runner that knows what is recorded.
    async fn judged(&self, number: u64, right: f64) -> Outcome {
        let stream = self.stream(number).await;
        let draw = Draw::of(&Digest::of_bytes(b"engine")).at(number);
        let mut stopped = None;
        for (life, kill_after) in [(0, Some(KILLED_AFTER)), (1, None)] {
            let killed = CancellationToken::new();
            let agent = Arc::new(Scripted {
                right,
                draw: draw.at(life),
                asked: AtomicU64::new(0),
                killed: killed.clone(),
                kill_after,
                answered: AtomicU64::new(0),
            });
            let (plan, registered, facts) = self.known(&stream);
            let seen = gating::seen(&plan, registered, &facts).expect("plain");
            let assignment = Assignment {
                plan,
                spec: Arc::new(self.spec.clone()),
                candidate: run::Asked {
                    agent,
                    journal: Arc::new(RunJournal {
                        store: self.engine.store.clone(),
                        run: RunId(u128::from(number)),
                        stream: stream.clone(),
                        released: Arc::new(AtomicU64::new(0)),
                    }),
                    identities: run::Identities::default(),
                },
                baseline: None,
                clock: Arc::clone(&self.engine.clock),
                budget: Budget { calls: u64::MAX, cost: None, time_ms: 1_000_000_000 },
                cancel: CancellationToken::new(),
                follow: None,
            };
            tokio::select! {
                // Dropped where it stands: what is in flight was released and is never recorded.
                () = killed.cancelled() => {
                    // The writer lives on here, and takes what it was handed before.
                    let written = self.engine.store.write(Durability::Normal, |_| Ok(()));
                    written.await.expect("recorded");
                }
                finished = run::execute(assignment, seen) => {
                    stopped = finished.expect("recorded").stopped;
                    break;
                }
            }
        }
        let (plan, registered, facts) = self.known(&stream);
        let judged = self.engine.store.read(|read| {
            Ok::<_, crate::store::StoreError>(gating::judge(
                read,
                &plan,
                registered,
                &facts,
                stopped,
                Grade::Sent,
            ))
        });
        judged.expect("read").expect("a verdict").outcome
    }

    /// What is recorded of a stream.
    fn known(
        &self,
        stream: &StreamKey,
    ) -> (gatewright_core::plan::Plan, gatewright_core::time::Seq, Vec<gatewright_core::gate::SlotFacts>)
    {
        let found = self.engine.store.read(|read| {
            let recorded = gating::recorded(read, stream, &self.spec)?;
            Ok::<_, crate::store::StoreError>((
                gating::plan(read, &self.spec, stream.clone(), &Baseline::Nothing),
                recorded.facts,
            ))
        });
        let (planned, facts) = found.expect("read");
        let (plan, registered) = planned.expect("a plan");
        (plan, registered.expect("it is registered"), facts)
    }
}

async fn erred(level: u64, right: f64, wrong: Outcome) -> usize {
    let world = World::open();
    let mut erred = 0;
    for number in 0..VERSIONS {
        erred += usize::from(world.judged(level + number, right).await == wrong);
    }
    erred
}

#[tokio::test(start_paused = true)]
async fn through_the_engine_a_good_version_is_blocked_no_more_often_than_declared() {
    let erred = erred(1_000, 0.9, Outcome::Fail).await;
    assert!(erred <= ERRED_MAX, "{erred} of {VERSIONS} good versions blocked");
}

#[tokio::test(start_paused = true)]
async fn through_the_engine_a_faulty_version_passes_no_more_often_than_declared() {
    let erred = erred(2_000, 0.6, Outcome::Pass).await;
    assert!(erred <= ERRED_MAX, "{erred} of {VERSIONS} faulty versions passed");
}
