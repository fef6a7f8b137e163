//! Tests of the store with real files, and what they share: a small workspace with one version, one endpoint and
//! streams of a spec.

mod backup;
mod catalog;
mod damage;
mod journal;
mod keep;
mod kill;
mod release;
mod schema;
mod timeline;
mod verdict;

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use gatewright_core::{
    id::{
        AgentName, CaseMeaning, CaseName, ComponentName, Digest, EndpointId, InputId, ScorerId, SpecMeaning,
        SpecName, VersionId,
    },
    observation::{Fact, Reply, Timing, TrialState},
    plan::{METHOD, OrderRule, Plan, Purpose, Side, Slot, StreamKey},
    score::Scored,
    spec::Unit,
    time::Millis,
    version::{Component, Drive, Endpoint, Grade, MANIFEST_FORMAT, Manifest, Provenance, Version},
};

use super::{
    Difference, Durability, Read, Store, StoreError,
    table::{Judged, NewObservation, Point, StreamRow, TrialEnd},
};
use crate::clock::Clock;

/// Moves one millisecond each time it is asked.
#[derive(Debug, Default)]
pub(super) struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Millis {
        Millis(1_750_000_000_000 + self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed).unsigned_abs())
    }
}

pub(super) fn open(workspace: &Path) -> Store {
    Store::open(workspace, Arc::new(Ticking::default())).expect("the history opens")
}

pub(super) fn tag(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

/// Makes the projections anew, with these points for each stream.
pub(super) fn rebuild<F>(store: &Store, points: F) -> Vec<Difference>
where
    F: Fn(&Read<'_>, &StreamRow) -> Result<Vec<Point>, StoreError> + Clone + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(store.rebuild(points)).expect("rebuilt")
}

/// A version whose prompt says `prompt`.
pub(super) fn version(prompt: &str) -> Version {
    let prompt = Component::Value(serde_json::json!(prompt));
    let components = BTreeMap::from([(ComponentName::new("prompt"), prompt)]);
    let manifest = Manifest { format: MANIFEST_FORMAT, drive: Drive::Assembled, components };
    Version {
        id: manifest.id().expect("canonical"),
        agent: AgentName::new("help-desk"),
        manifest,
        grade: Grade::Sent,
        provenance: Provenance::default(),
    }
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint { kind: "openai-chat".to_owned(), address: "demo:help-desk".to_owned(), environment: None }
}

/// Records a version and the endpoint, and names the first attempt of its gate.
pub(super) fn stream(store: &Store, prompt: &str) -> StreamKey {
    let version = version(prompt);
    let id = version.id;
    let endpoint = store
        .write_blocking(Durability::Normal, move |write| {
            write.record_version(&version)?;
            write.record_endpoint(&endpoint())
        })
        .expect("recorded");
    key(id, endpoint)
}

pub(super) fn key(version: VersionId, endpoint: EndpointId) -> StreamKey {
    StreamKey {
        version,
        endpoint,
        spec: SpecName::new("refunds"),
        attempt: NonZeroU32::MIN,
        purpose: Purpose::Gate,
    }
}

pub(super) fn slot(case: &str, round: u32) -> (Slot, InputId) {
    (
        Slot { side: Side::Candidate, case: CaseName::new(case), round },
        InputId(tag(&format!("input of {case}"))),
    )
}

pub(super) fn plan(stream: &StreamKey) -> Plan {
    Plan {
        id: gatewright_core::id::PlanId(Digest::of_value("test.plan", stream).expect("canonical")),
        stream: stream.clone(),
        spec: SpecMeaning(tag("meaning")),
        baseline: None,
        order: OrderRule::HashRounds,
        ask: gatewright_core::spec::Ask::EveryCaseOnce,
        cases: Vec::new(),
        quarantine: Default::default(),
        criteria: Vec::new(),
        window_max: 16,
        method: METHOD,
    }
}

pub(super) fn scored(passed: bool) -> Scored {
    let score = if passed { Unit::ONE } else { Unit::ZERO };
    Scored::Value { score, passed, why: if passed { String::new() } else { "it says no".to_owned() } }
}

pub(super) fn answered(text: &str, passed: bool) -> TrialEnd {
    TrialEnd {
        state: TrialState::Answered,
        observations: vec![NewObservation {
            turn: 0,
            what: Fact::Answer,
            reply: Reply { text: text.to_owned(), ..Reply::default() },
            identity: BTreeMap::from([("model".to_owned(), "m-1".to_owned())]),
            timing: Timing { total_us: 1_500, ..Timing::default() },
            cost: None,
            tries: Vec::new(),
            request: br#"{"model":"m-1"}"#.to_vec(),
            raw: text.as_bytes().to_vec(),
        }],
        judged: Some(Judged {
            meaning: CaseMeaning(tag("case meaning")),
            case: scored(passed),
            scores: vec![(ScorerId(tag("contains")), scored(passed))],
        }),
    }
}
