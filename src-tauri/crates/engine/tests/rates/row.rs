//! The lines of the table: a spec for each kind of criterion, and the levels between which it decides.

use std::collections::BTreeMap;

use gatewright_core::{
    gate::{self, Baseline, Came, Measures, SlotFacts},
    id::{Digest, EndpointId, VersionId},
    plan::{Plan, Purpose, Side, Slot, StreamKey},
    spec::{Spec, Unit, parse_workspace},
    time::{Day, Seq},
};

/// What a version is: how likely a case passes, how polite its answers are on average, how likely one is fast.
#[derive(Clone, Copy)]
pub(crate) struct Level {
    pub(crate) right: fn(usize) -> f64,
    pub(crate) polite: f64,
    pub(crate) fast: f64,
}

/// What the versions of a line are compared with: a live version at the level of the good one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    Nothing,
    /// It is asked too, case by case.
    Asked,
    /// It cannot be asked, and its recorded mean is exactly that level.
    Recorded,
}

/// A line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) spec: Spec,
    pub(crate) live: Live,
    pub(crate) good: Level,
    /// None where `wrongly_blocked` is not declared.
    pub(crate) blocked: Option<f64>,
    pub(crate) faulty: Level,
    /// None where nothing is declared of what happens.
    pub(crate) passed: Option<f64>,
    pub(crate) attempts: u32,
    /// Whether a slot that was in flight when the runner was killed has another answer when it is asked again. Such a
    /// version is killed once only.
    pub(crate) answers_anew: bool,
}

const fn right(right: fn(usize) -> f64) -> Level {
    Level { right, polite: 1.0, fast: 1.0 }
}

/// A level at which a share of cases passes and answers are as polite.
fn level(all: fn(usize) -> f64) -> Level {
    Level { right: all, polite: all(0), fast: 1.0 }
}

/// The spec of a workspace file with this suite and gate; `head` stands above them.
fn spec(head: &str, cases: usize, critical: bool, gate: &str) -> Spec {
    use std::fmt::Write as _;
    let mut text = format!("agent: http://127.0.0.1:9/v1\n{head}cases:\n");
    for case in 0..cases {
        let tag = if case % 2 == 0 { "even" } else { "odd" };
        let critical = if critical { ", critical: true" } else { "" };
        let _ = writeln!(
            text,
            "  - {{ name: case-{case}, input: \"{case}\", tags: [{tag}]{critical}, expect: {{ contains: right }} }}"
        );
    }
    let _ = writeln!(text, "gate: {gate}");
    let parsed = parse_workspace("gatewright.yaml", text.as_bytes(), &BTreeMap::new(), Day::default());
    let spec = parsed.accepted().and_then(|file| file.main.clone());
    spec.unwrap_or_else(|| panic!("{:?} in\n{text}", parsed.diagnostics))
}

/// A scorer that gives 1 or ½.
const POLITE: &str =
    "scorers: { polite: { share: { of: [{ contains: please }, { contains: thanks }], at_least: 50% } } }\n";
const PRODUCTION: &str =
    "environments: { production: { deploy: { adapter: folder, path: live }, requires: [main] } }\n";
const RATE: &str = "{ quality: { metric: pass_rate, target: 90%, floor: 80% } }";
const SMALL_RATE: &str = "{ quality: { metric: pass_rate, target: 95%, floor: 90% } }";
const FOUR: &str = "\
{ quality: { metric: pass_rate, target: 90%, floor: 80% }, \
even: { metric: pass_rate, tag: even, target: 90%, floor: 70% }, latency: { p95: 2s }, \
polite: { target: 80%, floor: 70%, trials_max: 600 } }";

/// Rates at which half of the cases never fail.
const HALF_PERFECT: [fn(usize) -> f64; 2] =
    [|case| if case % 2 == 0 { 1.0 } else { 0.8 }, |case| if case % 2 == 0 { 1.0 } else { 0.6 }];
/// Rates at which some cases never pass.
const SOME_BROKEN: [fn(usize) -> f64; 2] =
    [|case| if case < 2 { 0.0 } else { 0.981_818_181 }, |case| if case < 4 { 0.0 } else { 0.96 }];

impl Row {
    fn new(name: &'static str, spec: Spec, good: Level, faulty: Level) -> Self {
        let live = Live::Nothing;
        let risk = Some(0.05);
        Self { name, spec, live, good, blocked: risk, faulty, passed: risk, attempts: 1, answers_anew: false }
    }

    /// The plan for any version of the line.
    pub(crate) fn plan(&self) -> Plan {
        let stream = stream(VersionId(Digest::of_bytes(b"candidate")));
        let baseline = match self.live {
            Live::Nothing => Baseline::Nothing,
            Live::Asked => Baseline::Asked(beside(&stream)),
            Live::Recorded => Baseline::Recorded {
                stream: self::stream(VersionId(Digest::of_bytes(b"live"))),
                first_rounds: self.first_rounds((self.good.right)(0)),
            },
        };
        gate::plan_against(&self.spec, stream, &baseline).expect("the spec has a plan")
    }

    /// A first round whose mean is `share`: by whether cases passed, and by how polite each was.
    fn first_rounds(&self, share: f64) -> Vec<SlotFacts> {
        let passed = (share * self.spec.cases.len() as f64).round() as usize;
        let facts = |(number, case): (usize, &gatewright_core::spec::Case)| SlotFacts {
            slot: Slot { side: Side::Candidate, case: case.name.clone(), round: 0 },
            came: Came::Answer {
                passed: Some(number < passed),
                scores: [("polite".into(), Unit::from_f64(share))].into(),
                measures: Measures::default(),
            },
            recorded: Seq(1),
        };
        self.spec.cases.iter().enumerate().map(facts).collect()
    }
}

/// The first attempt of a version.
pub(crate) fn stream(version: VersionId) -> StreamKey {
    StreamKey {
        version,
        endpoint: EndpointId(Digest::of_bytes(b"endpoint")),
        spec: "main".into(),
        attempt: std::num::NonZeroU32::MIN,
        purpose: Purpose::Gate,
    }
}

/// The stream in which the live version is asked beside a candidate's.
pub(crate) fn beside(candidate: &StreamKey) -> StreamKey {
    StreamKey {
        version: VersionId(Digest::of_bytes(b"live")),
        purpose: Purpose::BaselineOf { candidate: candidate.version, attempt: candidate.attempt },
        ..candidate.clone()
    }
}

pub(crate) fn rates() -> Vec<Row> {
    let suite = |gate| spec("", 24, false, gate);
    let enough = |gate| spec("ask: enough\n", 24, false, gate);
    let [good, faulty] = [right(|_| 0.9), right(|_| 0.8)];
    vec![
        Row::new("rate 90/80", suite(RATE), good, faulty),
        Row::new("rate 90/80, `ask: enough`", enough(RATE), good, faulty),
        Row::new("rate 95/90", suite(SMALL_RATE), right(|_| 0.95), right(|_| 0.9)),
        Row::new("rate 95/90, `ask: enough`", enough(SMALL_RATE), right(|_| 0.95), right(|_| 0.9)),
    ]
}

pub(crate) fn unequal() -> Vec<Row> {
    let suite = || spec("", 24, false, RATE);
    let attempts = Row {
        attempts: 3,
        passed: Some(0.15),
        blocked: None,
        ..Row::new("rate 90/80, passed in one of 3 attempts", suite(), right(|_| 0.9), right(|_| 0.8))
    };
    let [half, half_faulty] = HALF_PERFECT.map(right);
    let [broken, broken_faulty] = SOME_BROKEN.map(right);
    vec![
        Row::new("rate 90/80, half of the cases never fail", suite(), half, half_faulty),
        Row::new("rate 90/80, some cases never pass", suite(), broken, broken_faulty),
        attempts,
    ]
}

/// What no rate covers: failing answers are under way for longer, so it is they that a kill takes, and they come anew.
pub(crate) fn not_covered() -> Row {
    Row {
        blocked: None,
        passed: None,
        answers_anew: true,
        ..Row::new(
            "rate 90/80, killed once, what was in flight answers anew",
            spec("", 24, false, RATE),
            right(|_| 0.9),
            right(|_| 0.8),
        )
    }
}

pub(crate) fn means() -> Vec<Row> {
    let mean = "{ polite: { target: 80%, floor: 70%, trials_max: 600 } }";
    let weighted =
        "{ both: { weighted: { pass_rate: 3, polite: 1 }, target: 85%, floor: 75%, trials_max: 600 } }";
    let fast = |fast| Level { right: |_| 1.0, polite: 1.0, fast };
    // Every case is always right or always wrong: 10 of 100 cases wrong, or 20.
    let wrong: [fn(usize) -> f64; 2] = [|case| f64::from(case >= 10), |case| f64::from(case >= 20)];
    let [settled, settled_faulty] = wrong.map(right);
    vec![
        Row::new("mean 0.8/0.7", spec(POLITE, 24, false, mean), level(|_| 0.8), level(|_| 0.7)),
        Row::new(
            "weighted 3:1 0.85/0.75",
            spec(POLITE, 24, false, weighted),
            level(|_| 0.85),
            level(|_| 0.75),
        ),
        Row::new(
            "percentile p95 (95/85)",
            spec("", 24, false, "{ latency: { p95: 2s } }"),
            fast(0.95),
            fast(0.85),
        ),
        Row::new(
            "rate 90/80, `deterministic`, 100 cases",
            spec("deterministic: true\n", 100, false, RATE),
            settled,
            settled_faulty,
        ),
    ]
}

pub(crate) fn compared() -> Vec<Row> {
    let head = format!("{PRODUCTION}{POLITE}");
    let row = |name, metric: &str, live, good, faulty| {
        let gate = format!("{{ no-regression: {{ metric: {metric}, max_drop: 10%, against: live }} }}");
        Row { live, ..Row::new(name, spec(&head, 20, false, &gate), good, faulty) }
    };
    let rate = |name, live| row(name, "pass_rate", live, right(|_| 0.9), right(|_| 0.8));
    let mean = |name, live| row(name, "polite", live, level(|_| 0.9), level(|_| 0.8));
    vec![
        rate("`max_drop: 10%`, asked beside", Live::Asked),
        mean("`max_drop: 0.1` of a mean, asked beside", Live::Asked),
        rate("`max_drop: 10%`, against a recorded mean", Live::Recorded),
        mean("`max_drop: 0.1` of a mean, against a recorded mean", Live::Recorded),
    ]
}

pub(crate) fn several() -> Vec<Row> {
    let never = |name, share: &str, good, faulty| {
        let gate = format!("{{ critical: {{ never: {share} }} }}");
        Row { blocked: None, ..Row::new(name, spec("", 3, true, &gate), good, faulty) }
    };
    let good = Level { right: |_| 0.9, polite: 0.8, fast: 0.95 };
    let four = |name, faulty| Row::new(name, spec(POLITE, 24, false, FOUR), good, faulty);
    vec![
        never("never 20 %", "20%", right(|_| 0.99), right(|_| 0.8)),
        never("never 5 %", "5%", right(|_| 0.99), right(|_| 0.95)),
        four("four criteria, `quality` and `even` at the floor", Level { right: |_| 0.8, ..good }),
        four("four criteria, `latency` at the floor", Level { fast: 0.85, ..good }),
        four("four criteria, `polite` at the floor", Level { polite: 0.7, ..good }),
    ]
}
