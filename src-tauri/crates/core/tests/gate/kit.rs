//! Specs made by hand, short enough to be read in a test.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use gatewright_core::{
    diagnostic::Place,
    gate::{self, Baseline, Came, Measures, SlotFacts},
    id::{CaseMeaning, CriterionId, Digest, EndpointId, InputId, ScorerId, SpecMeaning, Tag, VersionId},
    observation::ErrorClass,
    plan::{Plan, Purpose, Side, Slot, StreamKey},
    spec::{
        Ask, BaselineMode, Case, Criterion, Expectation, Metric, NamedScorer, Risk, Rule, Spec, Turn, Unit,
    },
    time::Seq,
};

pub(crate) fn unit(percent: f64) -> Unit {
    Unit::from_f64(percent / 100.0).expect("a percentage")
}

pub(crate) fn risk(wrongly_blocked: f64, wrongly_passed: f64) -> Risk {
    Risk { wrongly_blocked: unit(wrongly_blocked), wrongly_passed: unit(wrongly_passed) }
}

/// A case by name, with its tags; `!` before the name makes it critical.
pub(crate) fn case(name: &str, tags: &[&str]) -> Case {
    let (critical, name) = name.strip_prefix('!').map_or((false, name), |name| (true, name));
    Case {
        name: name.into(),
        turns: vec![Turn { user: name.to_owned(), expect: vec![] }],
        tags: tags.iter().map(|&tag| Tag::from(tag)).collect(),
        trials: NonZeroU32::MIN,
        critical,
        input: InputId(Digest::of_bytes(name.as_bytes())),
        meaning: CaseMeaning(Digest::of_bytes(name.as_bytes())),
        file: "specs/test.yaml".to_owned(),
        place: Place::default(),
    }
}

pub(crate) fn cases(count: usize) -> Vec<Case> {
    (0..count).map(|number| case(&format!("case-{number}"), &[])).collect()
}

pub(crate) fn criterion(name: &str, rule: Rule) -> Criterion {
    let id = Digest::of_value("test.criterion", &(name, &rule)).map(CriterionId).expect("plain");
    Criterion { name: name.into(), only: BTreeSet::new(), rule, blocking: true, id }
}

pub(crate) fn rate(target: f64, floor: f64) -> Rule {
    Rule::Rate { of: Metric::PassRate, target: unit(target), floor: unit(floor), risk: risk(5.0, 5.0) }
}

pub(crate) fn never(failure_rate: f64) -> Rule {
    Rule::Never { failure_rate: unit(failure_rate), wrongly_passed: unit(5.0) }
}

/// The mean of the scorer `polite`, which every spec here has.
pub(crate) fn mean(target: f64, floor: f64, trials_max: u32) -> Rule {
    let of = Metric::Graded("polite".into());
    Rule::Mean { of, target: unit(target), floor: unit(floor), risk: risk(5.0, 5.0), trials_max }
}

/// Not worse than what is live in production by this, by whether cases pass.
pub(crate) fn drop(margin: f64, pairs_max: u32) -> Rule {
    drop_of(Metric::PassRate, margin, pairs_max)
}

pub(crate) fn drop_of(of: Metric, margin: f64, pairs_max: u32) -> Rule {
    Rule::MaxDrop {
        of,
        margin: unit(margin),
        risk: risk(5.0, 5.0),
        environment: "production".into(),
        baseline: BaselineMode::Interleaved,
        pairs_max,
    }
}

/// Three parts whether the case passed, one part how polite it was.
pub(crate) fn weighted(target: f64, floor: f64, trials_max: u32) -> Rule {
    let of = Metric::Weighted(vec![(3, Metric::PassRate), (1, Metric::Graded("polite".into()))]);
    Rule::Mean { of, target: unit(target), floor: unit(floor), risk: risk(5.0, 5.0), trials_max }
}

fn polite() -> NamedScorer {
    let scorer = ScorerId(Digest::of_bytes(b"polite"));
    let expectation = Expectation { scorer, negate: false, at_least: Unit::ONE };
    NamedScorer { expectation, only: BTreeSet::new() }
}

pub(crate) fn spec(cases: Vec<Case>, gate: Vec<Criterion>) -> Spec {
    Spec {
        name: "refunds".into(),
        description: None,
        agent: "support-bot".into(),
        ask: Ask::EveryCaseOnce,
        isolation: gatewright_core::spec::Isolation::Parallel,
        deterministic: false,
        cases,
        scorers: BTreeMap::new(),
        named: BTreeMap::from([("polite".into(), polite())]),
        gate,
        quarantine: Vec::new(),
        budget: None,
        meaning: SpecMeaning(Digest::of_bytes(b"meaning")),
    }
}

pub(crate) fn stream(seed: u64) -> StreamKey {
    StreamKey {
        version: VersionId(Digest::of_bytes(&seed.to_be_bytes())),
        endpoint: EndpointId(Digest::of_bytes(b"endpoint")),
        spec: "refunds".into(),
        attempt: NonZeroU32::MIN,
        purpose: Purpose::Gate,
    }
}

pub(crate) fn plan(spec: &Spec, seed: u64) -> Plan {
    gate::plan(spec, stream(seed)).expect("the spec has a plan")
}

/// The stream of a live version that is asked beside the candidate of [`stream`].
pub(crate) fn live(seed: u64) -> StreamKey {
    let candidate = stream(seed);
    StreamKey {
        version: VersionId(Digest::of_bytes(b"live")),
        purpose: Purpose::BaselineOf { candidate: candidate.version, attempt: candidate.attempt },
        ..candidate
    }
}

/// A plan that asks a live version too.
pub(crate) fn plan_beside(spec: &Spec, seed: u64) -> Plan {
    gate::plan_against(spec, stream(seed), &Baseline::Asked(live(seed))).expect("the spec has a plan")
}

pub(crate) fn answer(passed: Option<bool>) -> Came {
    Came::Answer { passed, scores: BTreeMap::new(), measures: Measures::default() }
}

/// An answer with what the scorer `polite` gave it.
pub(crate) fn graded(passed: bool, score: Option<f64>) -> Came {
    let polite = score.map(|score| Unit::from_f64(score).expect("a unit"));
    let scores = BTreeMap::from([("polite".into(), polite)]);
    Came::Answer { passed: Some(passed), scores, measures: Measures::default() }
}

pub(crate) fn missing() -> Came {
    Came::Missing(ErrorClass("status-500".to_owned()))
}

pub(crate) fn facts(case: &str, round: u32, came: Came) -> SlotFacts {
    let slot = Slot { side: Side::Candidate, case: case.into(), round };
    SlotFacts { slot, came, recorded: Seq(10) }
}
