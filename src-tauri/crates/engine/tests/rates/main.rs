//! Error rates through the engine: for every kind of criterion many versions, each asked by the runner through a
//! scripted agent on virtual time. Answers come out of order, failures late and lost more often, and the runner is
//! killed again and again.
//!
//! `cargo xtask rates` writes the table `RATES.md` with 2,000 versions at each level; the tests here hold fewer of them
//! to what is declared.

mod row;
mod world;

use std::{fmt::Write as _, num::NonZeroU32, path::Path, sync::Arc, thread};

use gatewright_core::{
    gate::Outcome,
    id::{Digest, VersionId},
    plan::{Plan, StreamKey},
    selftest::Draw,
};
use gatewright_stat::interval::{Interval, clopper_pearson};
use tokio::runtime::{Builder, Runtime};

use row::{Level, Live, Row};

/// Versions of each level in the table, and in the tests.
const VERSIONS: u32 = 2_000;
const VERSIONS_TESTED: u32 = 40;
const SEED: &str = "20261123";
/// A sound gate fails one of the tests by chance less than once in 1,000 times.
const CONFIDENCE_TESTED: f64 = 0.9999;
const TABLE: &str = "RATES.md";

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

fn measure(row: &Row, level: Level, versions: u32) -> Measured {
    let plan = row.plan();
    let seed = Draw::of(&Digest::of_bytes(format!("{SEED} {}", row.name).as_bytes()));
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u32);
    let share = |first: u32| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let numbers = (first..versions).step_by(threads as usize);
        numbers
            .map(|number| version(&runtime, row, &plan, level, seed.at(u64::from(number))))
            .fold(Measured::default(), Measured::add)
    };
    let share = &share;
    thread::scope(|scope| {
        let hands: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
        hands.into_iter().map(|hand| hand.join().expect("it ends")).fold(Measured::default(), Measured::add)
    })
}

/// One version: asked until its gate has its answer, and again while attempts are left and it did not pass.
fn version(runtime: &Runtime, row: &Row, plan: &Plan, level: Level, draw: Draw) -> Measured {
    let mut measured = Measured::default();
    let mut last = None;
    let spec = Arc::new(row.spec.clone());
    for attempt in 1..=row.attempts {
        let own = draw.at(u64::from(attempt));
        let id = VersionId(Digest::of_bytes(format!("{own:?}").as_bytes()));
        let attempt = NonZeroU32::new(attempt).expect("from 1");
        let stream = StreamKey { attempt, ..row::stream(id) };
        let baseline = match row.live {
            Live::Asked => Some(row::beside(&stream)),
            Live::Nothing | Live::Recorded => plan.baseline.clone(),
        };
        let plan = Plan { baseline, stream, ..plan.clone() };
        let judged = runtime.block_on(world::judged(row, &plan, &spec, level, own));
        measured.heard += judged.heard;
        measured.asked += judged.asked;
        last = Some(judged.outcome);
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

fn hold(rows: Vec<Row>) {
    for row in rows {
        if let Some(declared) = row.blocked {
            let found = measure(&row, row.good, VERSIONS_TESTED);
            let low = clopper_pearson(found.failed, found.versions(), CONFIDENCE_TESTED).low;
            assert!(low <= declared, "{}: {} of {} blocked", row.name, found.failed, found.versions());
        }
        if let Some(declared) = row.passed {
            let found = measure(&row, row.faulty, VERSIONS_TESTED);
            let low = clopper_pearson(found.passed, found.versions(), CONFIDENCE_TESTED).low;
            assert!(low <= declared, "{}: {} of {} passed", row.name, found.passed, found.versions());
        }
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
    hold(row::rates());
}

#[test]
fn rates_over_unequal_cases_and_over_attempts_are_kept_in_bad_weather() {
    hold(row::unequal());
}

#[test]
fn means_weighted_means_percentiles_and_finite_suites_are_kept_in_bad_weather() {
    hold(row::means());
}

#[test]
fn comparisons_with_a_live_version_are_kept_in_bad_weather() {
    hold(row::compared());
}

#[test]
fn zero_tolerance_and_criteria_that_share_trials_are_kept_in_bad_weather() {
    hold(row::several());
}

/// `cargo xtask rates` asks for it.
#[test]
fn the_table_is_written_when_it_is_asked_for() {
    if std::env::var_os("GATEWRIGHT_RATES").is_none() {
        return;
    }
    let mut table = String::from(HEAD);
    let all = [row::rates(), row::unequal(), row::means(), row::compared(), row::several()];
    for row in all.into_iter().flatten().chain([row::not_covered()]) {
        line(&mut table, &row);
    }
    std::fs::write(path(), table).expect("the table can be written");
}

fn line(table: &mut String, row: &Row) {
    let (good, faulty) = (measure(row, row.good, VERSIONS), measure(row, row.faulty, VERSIONS));
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let rate = |found: u32| {
        let Interval { low, high } = clopper_pearson(found, VERSIONS, 0.95);
        let share = f64::from(found) / f64::from(VERSIONS);
        format!("{} ({} to {})", percent(share), percent(low), percent(high))
    };
    let declared = |risk: Option<f64>| risk.map_or_else(|| "–".to_owned(), percent);
    let each = |calls: u64| format!("{:.1}", calls as f64 / f64::from(VERSIONS));
    let _ = writeln!(
        table,
        "| {} | {} | {} | {} | {} | {} | {} | {} / {} | {} / {} |",
        row.name,
        declared(row.blocked),
        rate(good.failed),
        percent(f64::from(good.undecided) / f64::from(VERSIONS)),
        declared(row.passed),
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
wrong, and 2,000 at the floor, where passing one is, through the engine: its runner asks, scores, waits and records, \
the gate decides, and the verdict is given by what was recorded. The agent is scripted and time is virtual. Its answers \
come out of order, 16 calls in flight; an answer that fails takes 200 ms longer and gets lost 3 times in 100, one that \
passes 1 time in 200; the runner is killed after each 41 answers, and what was in flight or not recorded yet is asked \
again. All numbers are in 100; those in brackets are Clopper–Pearson intervals at 95 %. Seed 20261123.

What a line does not say: `never` declares no rate for good versions, and 1 in 100 answers of its good version fail; \
of several attempts only the sum of `wrongly_passed` is declared. For `max_drop` a good version is as good as the live \
one, at 90 %, and a faulty one worse by the margin, exactly; calls are those of both versions, where both are asked. \
Against a recorded mean the same is measured from that mean: how far it lies from what the live version truly does, by \
chance or because the world moved, is covered by no rate here (the mean of 20 answers, each right 9 times in 10, has a \
standard error of 6.7). A slot that is asked again answers as it would have before. Where it answers anew, as the last \
line has it, no rate is declared: failing answers are under way for longer, so it is they that a kill or a stop takes, \
and a second draw favours the version; beside a verdict stands how many slots were asked again. Calls asked hold those \
that a kill lost.

| criterion | blocked, declared | measured | undecided | passed, declared | measured | undecided | calls of a good version, heard / asked | calls of a faulty version, heard / asked |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";
