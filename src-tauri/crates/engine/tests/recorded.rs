//! What is made of recorded trials beside a gate: where a monitor stands, and how far a scorer agrees with people.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use gatewright_core::{
    gate::{Watch, WatchState},
    id::{BlobId, ComponentName, Digest, EnvironmentName, VersionId},
    observation::{ErrorClass, Fact, Reply, Timing, TrialId, TrialState},
    plan::{Purpose, Slot, StreamKey},
    score::Scored,
    spec::{
        Scorer, Spec, Unit, parse_workspace,
        workspace::{MonitorRule, OnFail},
    },
    time::{Day, Duration},
    verdict::LabelWord,
    version::{Component, Drive, Endpoint, Grade, MANIFEST_FORMAT, Manifest, Provenance, Version},
};
use gatewright_engine::{
    clock::SystemClock,
    store::{
        Durability,
        table::{Judged, NewObservation, TrialEnd},
    },
    supervisor::{Engine, Open, TrustWord, agreements, user::UserFolder},
};

const WORKSPACE: &str = "\
agent: http://127.0.0.1:9/v1
cases:
  - { name: late, input: My parcel is late., expect: { contains: refund } }
  - { name: small, input: The shoes are too small., expect: { contains: refund } }
  - { name: broken, input: The cup arrived broken., expect: { contains: refund } }
gate:
  quality: { metric: pass_rate, target: 90%, floor: 80% }
";

struct World {
    folder: tempfile::TempDir,
    user: tempfile::TempDir,
    spec: Spec,
}

impl World {
    fn new() -> Self {
        let files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let parsed = parse_workspace("gatewright.yaml", WORKSPACE.as_bytes(), &files, Day::default());
        let spec = parsed.accepted().and_then(|file| file.main.clone()).expect("a spec");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            user: tempfile::tempdir().expect("a folder"),
            spec,
        }
    }

    /// As another process would open it.
    fn engine(&self) -> Engine {
        Engine::open(Open {
            root: self.folder.path().to_owned(),
            user: UserFolder::at(self.user.path()),
            clock: Arc::new(SystemClock::default()),
            demo: None,
            host: "test".to_owned(),
            trust: TrustWord::ThisCall,
        })
        .expect("the history opens")
    }

    /// Records a version where it answers, and names a stream of it.
    async fn stream(&self, engine: &Engine, purpose: Purpose) -> StreamKey {
        let components =
            BTreeMap::from([(ComponentName::new("prompt"), Component::Value(serde_json::json!("be kind")))]);
        let manifest = Manifest { format: MANIFEST_FORMAT, drive: Drive::Assembled, components };
        let id: VersionId = manifest.id().expect("canonical");
        let agent = self.spec.agent.clone();
        let provenance = Provenance::default();
        let version = Version { id, agent, manifest, grade: Grade::Sent, provenance };
        let address = "http://127.0.0.1:9/v1".to_owned();
        let endpoint = Endpoint { kind: "openai-chat".to_owned(), address, environment: None };
        let write = engine.store().write(Durability::Full, move |write| {
            write.record_version(&version)?;
            write.record_endpoint(&endpoint)
        });
        let endpoint = write.await.expect("recorded");
        let (spec, attempt) = (self.spec.name.clone(), NonZeroU32::MIN);
        StreamKey { version: id, endpoint, spec, attempt, purpose }
    }

    /// Records what came of one slot.
    async fn tell(
        &self,
        engine: &Engine,
        stream: &StreamKey,
        slot: Slot,
        state: TrialState,
        text: &str,
    ) -> TrialId {
        let case = self.spec.cases.iter().find(|case| case.name == slot.case).expect("a case").clone();
        let passed = text.contains("refund");
        let score = if passed { Unit::ONE } else { Unit::ZERO };
        let scored = Scored::Value { score, passed, why: String::new() };
        let scorers =
            case.turns[0].expect.iter().map(|expectation| (expectation.scorer, scored.clone())).collect();
        let answered = state == TrialState::Answered;
        let observation = NewObservation {
            turn: 0,
            what: Fact::Answer,
            reply: Reply { text: text.to_owned(), ..Reply::default() },
            identity: BTreeMap::new(),
            timing: Timing::default(),
            cost: None,
            tries: Vec::new(),
            request: Vec::new(),
            raw: Vec::new(),
        };
        let end = TrialEnd {
            state,
            observations: if answered { vec![observation] } else { Vec::new() },
            judged: answered.then_some(Judged { meaning: case.meaning, case: scored, scores: scorers }),
        };
        let (stream, input) = (stream.clone(), case.input);
        let write = engine.store().write(Durability::Full, move |write| {
            let trial = write.release_slots(&stream, &[(slot.clone(), input)])?[0].id;
            write.end_trial(trial, &end)?;
            Ok(trial)
        });
        write.await.expect("written")
    }
}

fn rule() -> MonitorRule {
    MonitorRule {
        spec: "main".into(),
        interval: Duration(300_000),
        calls: NonZeroU32::MIN,
        on_fail: OnFail::Notify,
        false_alarm_every: Duration(90 * 86_400_000),
    }
}

#[tokio::test]
async fn a_monitor_goes_on_after_restarts_and_stands_where_hearing_all_again_leads() {
    let world = World::new();
    let production = EnvironmentName::new("production");
    let purpose = Purpose::Monitor { environment: production.clone() };
    let stream = world.stream(&world.engine(), purpose).await;
    let watch = Watch::of(&world.spec, &rule()).expect("a watch");
    // Failures among passes and silence, and then nothing but failures.
    let came = |trial: u64| match trial {
        3 | 11 => (TrialState::Answered, "No."),
        5 | 9 => (TrialState::Missing(ErrorClass("status-500".to_owned())), ""),
        7 => (TrialState::AgentError(ErrorClass("deadline".to_owned())), ""),
        20.. => (TrialState::Answered, "Never."),
        _ => (TrialState::Answered, "You get a refund."),
    };
    let mut alarmed_at = None;
    for trial in 0..60 {
        // Another process each time.
        let engine = world.engine();
        let slot = watch.slot(&stream, trial).expect("a stream").expect("a case");
        let (state, text) = came(trial);
        world.tell(&engine, &stream, slot, state, text).await;
        let watched = engine.hear_monitor(&production, &world.spec, &rule(), &stream).await.expect("heard");
        if watched.alarm {
            alarmed_at = Some(trial);
            break;
        }
        assert_eq!(watched.state.trials, trial + 1);
        let again = engine.hear_monitor(&production, &world.spec, &rule(), &stream).await.expect("heard");
        assert_eq!(again, watched, "what was heard is not heard again");
        let row = engine.store().read(|read| read.monitor(&production, &world.spec.name)).expect("read");
        assert_eq!(row.expect("kept").state, watched.state);
    }
    let alarmed_at = alarmed_at.expect("failures give the alarm");
    let mut whole = WatchState::BEGIN;
    for trial in 0..=alarmed_at {
        let came = match came(trial) {
            (TrialState::Answered, text) => gatewright_core::gate::Came::Answer {
                passed: Some(text.contains("refund")),
                scores: BTreeMap::new(),
                measures: gatewright_core::gate::Measures::default(),
            },
            (TrialState::AgentError(class), _) => gatewright_core::gate::Came::AgentError(class),
            (TrialState::Missing(class), _) => gatewright_core::gate::Came::Missing(class),
            (TrialState::Released, _) => continue,
        };
        whole = watch.hear(whole, &came).state;
    }
    let engine = world.engine();
    let kept =
        engine.store().read(|read| read.monitor(&production, &world.spec.name)).expect("read").expect("kept");
    assert_eq!(kept.state.bets.map(f64::to_bits), whole.bets.map(f64::to_bits));
    assert_eq!(kept.state.trials, alarmed_at + 1);
    // The alarm ends the stream: it is told once.
    let again = engine.hear_monitor(&production, &world.spec, &rule(), &stream).await.expect("heard");
    assert!(again.alarm && again.state == kept.state);
    let ended = engine.store().read(|read| read.stream(&stream)).expect("read").expect("recorded");
    assert!(ended.ended.is_some());
}

#[tokio::test]
async fn labels_of_a_judges_scores_are_heard_in_the_order_of_the_sample() {
    let mut world = World::new();
    // The same scorer as a judge: its scores are recorded, and no function of the answer.
    for scorer in world.spec.scorers.values_mut() {
        *scorer = Scorer::Judge {
            judge: VersionId(Digest::of_bytes(b"judge")),
            rubric: BlobId(Digest::of_bytes(b"rubric")),
            votes: 3,
        };
    }
    let engine = world.engine();
    let stream = world.stream(&engine, Purpose::Gate).await;
    for round in 0..4 {
        for case in &world.spec.cases {
            let slot = Slot { side: gatewright_core::plan::Side::Candidate, case: case.name.clone(), round };
            let text = if round % 2 == 0 { "You get a refund." } else { "No." };
            world.tell(&engine, &stream, slot, TrialState::Answered, text).await;
        }
    }
    let found = || {
        let read = engine.store().read(|read| agreements(read, &stream, &world.spec)).expect("read");
        let [one] = read.try_into().expect("one scorer");
        one
    };
    let first = found();
    assert!(first.judge);
    assert_eq!((first.agreement.outputs, first.agreement.sampled, first.agreement.share), (12, 0, Some(0.5)));
    // A person who says fail of everything that the judge passes but one.
    let mut kind = true;
    for labelled in 1..=8 {
        let next = found().agreement.next.expect("more to label");
        let word = if next.passed && kind {
            kind = false;
            LabelWord::Pass
        } else {
            LabelWord::Fail
        };
        engine
            .label(next.trial, next.turn, first.scorer, "Ada".to_owned(), Some(word))
            .await
            .expect("labelled");
        assert_eq!(found().agreement.sampled, labelled);
    }
    let eight = found().agreement;
    let corrected = eight.corrected.expect("labels and others");
    assert!(eight.kappa.is_some_and(|kappa| kappa.kappa < 0.6) && corrected.mean < 0.5, "{eight:?}");
    // Taken back, the sample ends before it; skipped, it goes on without it.
    let scorer = first.scorer;
    let last = found().agreement;
    let labels = engine.store().read(|read| read.labels_of(&stream)).expect("read");
    let one = labels.last().expect("a label").clone();
    engine.label(one.trial, one.turn, scorer, "Ada".to_owned(), None).await.expect("taken back");
    assert_eq!(found().agreement.next.map(|next| next.trial), Some(one.trial));
    engine
        .label(one.trial, one.turn, scorer, "Bob".to_owned(), Some(LabelWord::Skip))
        .await
        .expect("skipped");
    let skipped = found().agreement;
    assert_eq!((skipped.sampled, skipped.skipped), (last.sampled - 1, 1));
    let nowhere = engine.label(TrialId(9_999), 0, scorer, "Ada".to_owned(), None).await;
    assert!(nowhere.is_err(), "there is no such answer");
}
