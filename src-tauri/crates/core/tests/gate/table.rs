//! The table of error rates: every kind of criterion, measured through the code that runs, in bad weather: answers
//! come out of order, failures come late and get lost more often, and the runner is killed again and again.
//!
//! `cargo xtask rates` writes it into `RATES.md` with 2,000 versions a row; the tests here hold 200 of them to what is
//! declared.

use std::{fmt::Write as _, num::NonZeroU32, path::Path, thread};

use gatewright_core::{
    gate::{self, Baseline, Came, Measures, Outcome, SlotFacts},
    id::{Digest, VersionId},
    observation::ErrorClass,
    plan::{Plan, Purpose, Side, Slot, StreamKey},
    selftest::{
        Draw,
        world::{self, Answers, Drive, PLAN_RECORDED},
    },
    spec::{Ask, Case, Criterion, Measure, Metric, Rule, Spec, Unit},
    time::Seq,
    verdict::{Inquiry, judge},
    version::Grade,
};
use gatewright_stat::interval::{Interval, clopper_pearson};

use crate::kit::{self, case, criterion, drop, drop_of, mean, never, rate, risk, spec, unit, weighted};

/// Versions of each level in the table, and in the tests.
const VERSIONS: u32 = 2_000;
const VERSIONS_TESTED: u32 = 200;
/// Of the latter, versions whose run is played call by call; of the others only what is heard, which is the same.
const PLAYED_TESTED: u32 = 10;
const SEED: &str = "20261123";
/// Where the luck of a live version begins.
const LIVE: u64 = u64::MAX;
/// Pairs of a comparison with a margin of 10 %, when a spec says nothing else.
const PAIRS_MAX: u32 = 651;
/// A sound gate fails one of the tests by chance less than once in 1,000 times.
const CONFIDENCE_TESTED: f64 = 0.9999;
const TABLE: &str = "RATES.md";

/// How likely a case passes, is polite to the full, is fast.
#[derive(Clone, Copy)]
struct Level {
    pass: fn(usize) -> f64,
    polite: f64,
    fast: f64,
}

const fn pass(pass: fn(usize) -> f64) -> Level {
    Level { pass, polite: 1.0, fast: 1.0 }
}

/// What the versions of a line are compared with: a live version at the level of the good one.
#[derive(Clone, Copy)]
enum Live {
    Nothing,
    /// It is asked too, case by case.
    Asked,
    /// It cannot be asked, and its recorded mean is exactly that level.
    Recorded,
}

/// A line of the table.
struct Row {
    name: &'static str,
    spec: Spec,
    live: Live,
    good: Level,
    /// None where `wrongly_blocked` is not declared.
    blocked: Option<f64>,
    faulty: Level,
    passed: f64,
    attempts: u32,
}

impl Row {
    fn new(name: &'static str, spec: Spec, good: Level, faulty: Level) -> Self {
        let live = Live::Nothing;
        Self { name, spec, live, good, blocked: Some(0.05), faulty, passed: 0.05, attempts: 1 }
    }

    fn plan(&self) -> Plan {
        let stream = kit::stream(0);
        let baseline = match self.live {
            Live::Nothing => Baseline::Nothing,
            Live::Asked => Baseline::Asked(kit::live(0)),
            Live::Recorded => {
                let first_rounds = recorded(&self.spec.cases, (self.good.pass)(0));
                Baseline::Recorded { stream: kit::stream(1), first_rounds }
            }
        };
        gate::plan_against(&self.spec, stream, &baseline).expect("the spec has a plan")
    }
}

/// A first round whose mean is `share`: by whether cases passed, and by how polite each was.
fn recorded(cases: &[Case], share: f64) -> Vec<SlotFacts> {
    let right = (share * cases.len() as f64).round() as usize;
    let each = cases.iter().enumerate();
    each.map(|(number, case)| kit::facts(case.name.as_str(), 0, kit::graded(number < right, Some(share))))
        .collect()
}

fn cases(count: usize) -> Vec<Case> {
    let tags = |number| if number % 2 == 0 { &["even"][..] } else { &["odd"] };
    (0..count).map(|number| case(&format!("case-{number}"), tags(number))).collect()
}

fn one(rule: Rule) -> Vec<Criterion> {
    vec![criterion("quality", rule)]
}

fn within(target: f64, floor: f64) -> Rule {
    let of = Metric::Within { of: Measure::LatencyMs, at_most: 2_000 };
    Rule::Rate { of, target: unit(target), floor: unit(floor), risk: risk(5.0, 5.0) }
}

/// Four criteria over the same trials, with a quarter of `wrongly_blocked` each.
fn shared() -> Vec<Criterion> {
    let share = |rule| match rule {
        Rule::Rate { of, target, floor, .. } => Rule::Rate { of, target, floor, risk: risk(1.25, 5.0) },
        Rule::Mean { of, target, floor, trials_max, .. } => {
            Rule::Mean { of, target, floor, risk: risk(1.25, 5.0), trials_max }
        }
        other => other,
    };
    let mut even = criterion("even", share(rate(90.0, 70.0)));
    even.only = ["even".into()].into();
    let all = criterion("quality", share(rate(90.0, 80.0)));
    let fast = criterion("fast", share(within(95.0, 85.0)));
    vec![all, even, fast, criterion("polite", share(mean(80.0, 70.0, 600)))]
}

/// Rates at which half of the cases never fail.
const HALF_PERFECT: [fn(usize) -> f64; 2] =
    [|case| if case % 2 == 0 { 1.0 } else { 0.8 }, |case| if case % 2 == 0 { 1.0 } else { 0.6 }];
/// Rates at which some cases never pass.
const SOME_BROKEN: [fn(usize) -> f64; 2] =
    [|case| if case < 2 { 0.0 } else { 0.981_818_181 }, |case| if case < 4 { 0.0 } else { 0.96 }];

fn rates() -> Vec<Row> {
    let suite = |rule| spec(cases(24), one(rule));
    let enough = |rule| Spec { ask: Ask::Enough, ..suite(rule) };
    let [good, faulty] = [pass(|_| 0.9), pass(|_| 0.8)];
    vec![
        Row::new("rate 90/80", suite(rate(90.0, 80.0)), good, faulty),
        Row::new("rate 90/80, `ask: enough`", enough(rate(90.0, 80.0)), good, faulty),
        Row::new("rate 95/90", suite(rate(95.0, 90.0)), pass(|_| 0.95), pass(|_| 0.9)),
        Row::new("rate 95/90, `ask: enough`", enough(rate(95.0, 90.0)), pass(|_| 0.95), pass(|_| 0.9)),
    ]
}

fn unequal() -> Vec<Row> {
    let suite = || spec(cases(24), one(rate(90.0, 80.0)));
    let attempts = Row {
        attempts: 3,
        passed: 0.15,
        blocked: None,
        ..Row::new("rate 90/80, passed in one of 3 attempts", suite(), pass(|_| 0.9), pass(|_| 0.8))
    };
    vec![
        Row::new(
            "rate 90/80, half of the cases never fail",
            suite(),
            pass(HALF_PERFECT[0]),
            pass(HALF_PERFECT[1]),
        ),
        Row::new("rate 90/80, some cases never pass", suite(), pass(SOME_BROKEN[0]), pass(SOME_BROKEN[1])),
        attempts,
    ]
}

fn means() -> Vec<Row> {
    let suite = |rule| spec(cases(24), one(rule));
    let level = |all: fn(usize) -> f64| Level { pass: all, polite: all(0), fast: all(0) };
    let fast = |fast| Level { pass: |_| 1.0, polite: 1.0, fast };
    vec![
        Row::new("mean 0.8/0.7", suite(mean(80.0, 70.0, 600)), level(|_| 0.8), level(|_| 0.7)),
        Row::new(
            "weighted 3:1 0.85/0.75",
            suite(weighted(85.0, 75.0, 600)),
            level(|_| 0.85),
            level(|_| 0.75),
        ),
        Row::new("percentile p95 (95/85)", suite(within(95.0, 85.0)), fast(0.95), fast(0.85)),
        deterministic(),
    ]
}

/// Every case is always right or always wrong: 10 of 100 cases wrong, or 20.
fn deterministic() -> Row {
    let suite = Spec { deterministic: true, ..spec(cases(100), one(rate(90.0, 80.0))) };
    let wrong: [fn(usize) -> f64; 2] = [|case| f64::from(case >= 10), |case| f64::from(case >= 20)];
    Row::new("rate 90/80, `deterministic`, 100 cases", suite, pass(wrong[0]), pass(wrong[1]))
}

fn several() -> Vec<Row> {
    let critical = || vec![case("!case-0", &[]), case("!case-1", &[]), case("!case-2", &[])];
    let never = |name, percent, good, faulty| Row {
        blocked: None,
        ..Row::new(name, spec(critical(), one(never(percent))), good, faulty)
    };
    let suite = || spec(cases(24), shared());
    let good = Level { pass: |_| 0.9, polite: 0.8, fast: 0.95 };
    let shared = |name, faulty| Row::new(name, suite(), good, faulty);
    vec![
        never("never 20 %", 20.0, pass(|_| 0.99), pass(|_| 0.8)),
        never("never 5 %", 5.0, pass(|_| 0.99), pass(|_| 0.95)),
        shared("four criteria, `quality` and `even` at the floor", Level { pass: |_| 0.8, ..good }),
        shared("four criteria, `fast` at the floor", Level { fast: 0.85, ..good }),
        shared("four criteria, `polite` at the floor", Level { polite: 0.7, ..good }),
    ]
}

fn compared() -> Vec<Row> {
    let row = |name, rule, live, good, faulty| {
        let suite = spec(cases(20), one(rule));
        Row { live, ..Row::new(name, suite, good, faulty) }
    };
    let rate = |name, live| row(name, drop(10.0, PAIRS_MAX), live, pass(|_| 0.9), pass(|_| 0.8));
    let level = |all: fn(usize) -> f64| Level { pass: all, polite: all(0), fast: all(0) };
    let mean = |name, live| {
        let rule = drop_of(Metric::Graded("polite".into()), 10.0, PAIRS_MAX);
        row(name, rule, live, level(|_| 0.9), level(|_| 0.8))
    };
    vec![
        rate("`max_drop: 10%`, asked beside", Live::Asked),
        mean("`max_drop: 0.1` of a mean, asked beside", Live::Asked),
        rate("`max_drop: 10%`, against a recorded mean", Live::Recorded),
        mean("`max_drop: 0.1` of a mean, against a recorded mean", Live::Recorded),
    ]
}

/// An agent and its network; the live version too, where it is asked.
struct Scripted {
    level: Level,
    live: Level,
    draw: Draw,
}

impl Scripted {
    fn slot(&self, slot: &Slot) -> (Draw, usize) {
        let case = slot.case.as_str().trim_start_matches("case-").parse().expect("a number");
        let draw = self.draw.at(case as u64).at(u64::from(slot.round));
        (if slot.side == Side::Candidate { draw } else { draw.at(LIVE) }, case)
    }

    fn level(&self, slot: &Slot) -> Level {
        if slot.side == Side::Candidate { self.level } else { self.live }
    }
}

impl Answers for Scripted {
    fn came(&self, slot: &Slot) -> Came {
        let ((draw, case), level) = (self.slot(slot), self.level(slot));
        let passed = draw.fraction(1) < (level.pass)(case);
        let fast = draw.fraction(2) < level.fast;
        // 1 or ½, so that the mean is as wanted.
        let polite = if draw.fraction(3) < 2.0 * level.polite - 1.0 { 1.0 } else { 0.5 };
        let lost = if passed && fast { 0.005 } else { 0.03 };
        if draw.fraction(4) < lost {
            return Came::Missing(ErrorClass("status-500".to_owned()));
        }
        // An error of the agent scores 0 in every metric, so only where the pass rate alone is heard.
        let alone = level.polite + level.fast > 1.999;
        if alone && !passed && draw.fraction(5) < 0.2 {
            return Came::AgentError(ErrorClass("deadline".to_owned()));
        }
        let latency_ms = Some(if fast { 1_000 } else { 3_000 });
        let scores = [("polite".into(), Unit::from_f64(polite))].into();
        Came::Answer {
            passed: Some(passed),
            scores,
            measures: Measures { latency_ms, ..Measures::default() },
        }
    }

    fn takes_ms(&self, slot: &Slot, came: &Came) -> u64 {
        let slow = if matches!(came, Came::Answer { passed: Some(true), .. }) { 0 } else { 200 };
        1 + slow + self.slot(slot).0.below(6, 50)
    }
}

/// What became of the versions of one level.
#[derive(Clone, Copy, Default)]
struct Measured {
    passed: u32,
    failed: u32,
    undecided: u32,
    heard: u64,
    asked: u64,
}

impl Measured {
    fn versions(self) -> u32 {
        self.passed + self.failed + self.undecided
    }

    fn add(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        self.undecided += other.undecided;
        self.heard += other.heard;
        self.asked += other.asked;
        self
    }
}

fn measure(row: &Row, level: Level, versions: u32, played: u32) -> Measured {
    let plan = row.plan();
    let seed = Draw::of(&Digest::of_bytes(format!("{SEED} {}", row.name).as_bytes()));
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u32);
    let share = |first: u32| {
        let numbers = (first..versions).step_by(threads as usize);
        numbers
            .map(|number| version(row, &plan, level, seed.at(u64::from(number)), number < played))
            .fold(Measured::default(), Measured::add)
    };
    let share = &share;
    thread::scope(|scope| {
        let hands: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
        hands.into_iter().map(|hand| hand.join().expect("it ends")).fold(Measured::default(), Measured::add)
    })
}

/// One version: asked until its gate has its answer, and again while attempts are left and it did not pass.
fn version(row: &Row, plan: &Plan, level: Level, draw: Draw, played: bool) -> Measured {
    let mut measured = Measured::default();
    let mut last = None;
    for attempt in 1..=row.attempts {
        let own = draw.at(u64::from(attempt));
        let id = VersionId(Digest::of_bytes(format!("{own:?}").as_bytes()));
        let attempt = NonZeroU32::new(attempt).expect("from 1");
        let stream = StreamKey { version: id, attempt, ..plan.stream.clone() };
        let plan = Plan { baseline: beside(plan, &stream), stream, ..plan.clone() };
        let agent = Scripted { level, live: row.good, draw: own };
        if !played {
            let heard = world::hear(&plan, &agent).expect("plain values");
            measured.heard += u64::from(heard.heard());
            last = heard.answer();
            if last == Some(Outcome::Pass) {
                break;
            }
            continue;
        }
        let drive = Drive { killed_every: Some(41), ..Drive::at(16) };
        let ran = world::run(&plan, &agent, &drive, &[]).expect("plain values");
        let inquiry = Inquiry {
            plan: &plan,
            plan_recorded: PLAN_RECORDED,
            facts: &ran.facts,
            stop: ran.stop,
            grade: Grade::Sent,
            earlier: &[],
            seq: Seq(u64::MAX),
        };
        measured.heard += u64::from(ran.seen.hearing().heard());
        measured.asked += ran.asked;
        last = Some(judge(&inquiry).expect("plain values").outcome);
        if last == Some(Outcome::Pass) {
            break;
        }
    }
    match last {
        Some(Outcome::Pass) => measured.passed = 1,
        Some(Outcome::Fail) => measured.failed = 1,
        _ => measured.undecided = 1,
    }
    measured
}

/// The stream of the live version that is asked beside this one, if any is.
fn beside(plan: &Plan, candidate: &StreamKey) -> Option<StreamKey> {
    let live = plan.baseline.clone()?;
    let purpose = match live.purpose {
        Purpose::BaselineOf { .. } => {
            Purpose::BaselineOf { candidate: candidate.version, attempt: candidate.attempt }
        }
        recorded => recorded,
    };
    Some(StreamKey { purpose, ..live })
}

fn hold(rows: Vec<Row>) {
    for row in rows {
        if let Some(declared) = row.blocked {
            let found = measure(&row, row.good, VERSIONS_TESTED, PLAYED_TESTED);
            let low = clopper_pearson(found.failed, found.versions(), CONFIDENCE_TESTED).low;
            assert!(low <= declared, "{}: {} of {} blocked", row.name, found.failed, found.versions());
        }
        let found = measure(&row, row.faulty, VERSIONS_TESTED, PLAYED_TESTED);
        let low = clopper_pearson(found.passed, found.versions(), CONFIDENCE_TESTED).low;
        assert!(low <= row.passed, "{}: {} of {} passed", row.name, found.passed, found.versions());
        assert!(listed(&row), "{} is not in {TABLE}: run `cargo xtask rates`", row.name);
    }
}

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE)
}

fn listed(row: &Row) -> bool {
    let table = std::fs::read_to_string(path()).unwrap_or_default();
    table.contains(&format!("| {} |", row.name))
}

#[test]
fn rates_are_kept_in_bad_weather() {
    hold(rates());
}

#[test]
fn rates_over_unequal_cases_and_over_attempts_are_kept_in_bad_weather() {
    hold(unequal());
}

#[test]
fn means_weighted_means_and_percentiles_are_kept_in_bad_weather() {
    hold(means());
}

#[test]
fn zero_tolerance_and_criteria_that_share_trials_are_kept_in_bad_weather() {
    hold(several());
}

#[test]
fn comparisons_with_a_live_version_are_kept_in_bad_weather() {
    hold(compared());
}

/// `cargo xtask rates` asks for it.
#[test]
fn the_table_is_written_when_it_is_asked_for() {
    if std::env::var_os("GATEWRIGHT_RATES").is_none() {
        return;
    }
    let mut table = String::from(HEAD);
    for row in [rates(), unequal(), means(), compared(), several()].into_iter().flatten() {
        line(&mut table, &row);
    }
    std::fs::write(path(), table).expect("the table can be written");
}

fn line(table: &mut String, row: &Row) {
    let (good, faulty) =
        (measure(row, row.good, VERSIONS, VERSIONS), measure(row, row.faulty, VERSIONS, VERSIONS));
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let rate = |found: u32| {
        let Interval { low, high } = clopper_pearson(found, VERSIONS, 0.95);
        let share = f64::from(found) / f64::from(VERSIONS);
        format!("{} ({} to {})", percent(share), percent(low), percent(high))
    };
    let each = |calls: u64| format!("{:.1}", calls as f64 / f64::from(VERSIONS));
    let _ = writeln!(
        table,
        "| {} | {} | {} | {} | {} | {} | {} | {} / {} | {} / {} |",
        row.name,
        row.blocked.map_or_else(|| "–".to_owned(), percent),
        rate(good.failed),
        percent(f64::from(good.undecided) / f64::from(VERSIONS)),
        percent(row.passed),
        rate(faulty.passed),
        percent(f64::from(faulty.undecided) / f64::from(VERSIONS)),
        each(good.heard),
        each(good.asked),
        each(faulty.heard),
        each(faulty.asked),
    );
}

const HEAD: &str = "\
# Error rates, declared and measured

Written by `cargo xtask rates`; do not edit. Each line: 2,000 simulated versions at the target, where blocking one is \
wrong, and 2,000 at the floor, where passing one is, through the code that plans, asks and judges. The agent is \
scripted and time is virtual. Its answers come out of order, 16 calls in flight; an answer that fails takes 200 ms \
longer and gets lost 3 times in 100, one that passes 1 time in 200; the runner is killed after each 41 answers, and \
what was in flight is asked again. All numbers are in 100; those in brackets are Clopper–Pearson intervals at 95 %. \
Seed 20261123.

What a line does not say: `never` declares no rate for good versions, and 1 in 100 answers of its good version fail; \
of several attempts only the sum of `wrongly_passed` is declared. For `max_drop` a good version is as good as the live \
one, at 90 %, and a faulty one worse by the margin, exactly; calls are those of both versions, where both are asked. \
Against a recorded mean the same is measured from that mean: how far it lies from what the live version truly does, by \
chance or because the world moved, is covered by no rate here (the mean of 20 answers, each right 9 times in 10, has a \
standard error of 6.7). Calls asked hold those that a kill lost.

| criterion | blocked, declared | measured | undecided | passed, declared | measured | undecided | calls of a good version, heard / asked | calls of a faulty version, heard / asked |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";
