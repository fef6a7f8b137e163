//! What a chart over 10,000 versions costs, from a real database with a verdict each: the timeline's rows, as they are
//! drawn, against reading every verdict's record for them.

use std::{collections::BTreeMap, num::NonZeroU32, path::Path, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use gatewright_core::{
    id::{
        AgentName, CaseName, ComponentName, CriterionId, CriterionName, Digest, PlanId, SpecMeaning,
        SpecName, VerdictId,
    },
    plan::{METHOD, OrderRule, Plan, Purpose, StreamKey},
    spec::{Ask, Metric, Risk, Rule, Unit},
    time::Seq,
    verdict::{CaseTally, Counts, CriterionVerdict, Outcome, Shown, Standing, Verdict},
    version::{Component, Drive, Endpoint, Grade, MANIFEST_FORMAT, Manifest, Provenance, Version},
};
use gatewright_engine::{
    clock::SystemClock,
    store::{Durability, Store, Write, table::Point},
};

const VERSIONS: u32 = 10_000;
const CASES: u32 = 20;

fn version(number: u32) -> Version {
    let prompt = Component::Value(serde_json::json!(format!("Be kind, {number} times.")));
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

fn unit(millionths: u32) -> Unit {
    Unit::from_millionths(millionths).expect("at most 1")
}

fn verdict(stream: &StreamKey, plan: PlanId, number: u32) -> Verdict {
    let counts = Counts { scored: 72, failed: number % 9, ..Counts::default() };
    let risk = Risk { wrongly_blocked: unit(50_000), wrongly_passed: unit(50_000) };
    let criterion = CriterionVerdict {
        criterion: CriterionId(Digest::of_bytes(b"quality")),
        name: CriterionName::new("quality"),
        rule: Rule::Rate { of: Metric::PassRate, target: unit(900_000), floor: unit(800_000), risk },
        blocking: true,
        given_determinism: false,
        recorded: None,
        outcome: Outcome::Pass,
        at: 72,
        heard_max: 281,
        counts,
        shown: Shown { value: "0.947368421".to_owned(), ..Shown::default() },
        reason: "72 of 89 passed; a version at the 80 % floor gets this far less than 5 times in 100"
            .to_owned(),
    };
    let tally = |case| CaseTally {
        case: CaseName::new(format!("case-{case}")),
        trials: 4,
        passed: 4,
        missing: 0,
        quarantined: false,
    };
    Verdict {
        id: VerdictId(Digest::of_bytes(&number.to_le_bytes())),
        plan,
        stream: stream.clone(),
        spec: SpecMeaning(Digest::of_bytes(b"meaning")),
        grade: Grade::Sent,
        baseline: None,
        headline: format!("Passed: {}.", criterion.reason),
        criteria: vec![criterion],
        outcome: Outcome::Pass,
        standing: Standing::Prospective,
        attempts: 1,
        wrongly_passed_total: unit(50_000),
        cases: (0..CASES).map(tally).collect(),
        counts,
        baseline_counts: None,
        heard_max: 281,
        facts: Digest::of_bytes(b"facts"),
        method: METHOD,
        seq: Seq(0),
    }
}

fn record(write: &Write<'_>, number: u32) -> Result<(), gatewright_engine::store::StoreError> {
    let version = version(number);
    write.record_version(&version)?;
    let address = "demo:help-desk".to_owned();
    let endpoint = Endpoint { kind: "openai-chat".to_owned(), address, environment: None };
    let stream = StreamKey {
        version: version.id,
        endpoint: write.record_endpoint(&endpoint)?,
        spec: SpecName::new("refunds"),
        attempt: NonZeroU32::MIN,
        purpose: Purpose::Gate,
    };
    let plan = Plan {
        id: PlanId(Digest::of_value("bench.plan", &stream).expect("canonical")),
        stream: stream.clone(),
        spec: SpecMeaning(Digest::of_bytes(b"meaning")),
        baseline: None,
        order: OrderRule::HashRounds,
        ask: Ask::EveryCaseOnce,
        cases: Vec::new(),
        quarantine: std::collections::BTreeSet::new(),
        criteria: Vec::new(),
        window_max: 16,
        method: METHOD,
    };
    write.register_plan(&plan)?;
    write.give_verdict(&verdict(&stream, plan.id, number), b"envelope")?;
    let point = Point {
        metric: "pass_rate".to_owned(),
        meaning: SpecMeaning(Digest::of_bytes(b"meaning")),
        n: 80,
        value: Some(0.9),
        low: Some(0.82),
        high: Some(0.95),
        outcome: Some(Outcome::Pass),
    };
    write.set_point(&stream, &point)
}

fn history(folder: &Path) -> Store {
    let store = Store::open(folder, Arc::new(SystemClock::default())).expect("the history opens");
    for first in (0..VERSIONS).step_by(500) {
        store
            .write_blocking(Durability::Normal, move |write| {
                (first..first + 500).try_for_each(|number| record(write, number))
            })
            .expect("recorded");
    }
    store
}

fn chart(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = history(folder.path());
    let (spec, named) = (SpecName::new("refunds"), CriterionName::new("quality"));
    let mut group = criterion.benchmark_group("a chart over 10,000 versions");
    group.sample_size(10);
    group.bench_function("lines", |bencher| {
        bencher.iter(|| {
            let rows = store.read(|read| read.timeline_rows(&spec, "pass_rate", Some(&named))).expect("read");
            assert_eq!(rows.len(), VERSIONS as usize);
        });
    });
    group.bench_function("records", |bencher| {
        bencher.iter(|| {
            let rows = store.read(|read| read.verdicts_of_spec(&spec, u32::MAX)).expect("read");
            assert_eq!(rows.len(), VERSIONS as usize);
        });
    });
    group.finish();
}

criterion_group!(benches, chart);
criterion_main!(benches);
