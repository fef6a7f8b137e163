//! The self-test of a gate: simulated versions, good ones and broken ones, judged by the code that judges real ones,
//! so that an author sees what the gate errs and what it does not see before a call is made.
//!
//! By the method of mutation testing: what a gate is worth is which mutants it lets through. Versions are made of
//! recorded answers ([`Suite`]); an endpoint loses some of them and is slow to fail; nothing else is simulated.
//! Whoever runs this shares the versions out over as many threads as it likes: a version depends on its number
//! alone, and tallies add up in any order.

mod draw;
mod findings;
mod kind;
mod suite;
mod version;
pub mod world;

use std::{collections::BTreeMap, ops::Range};

pub use draw::Draw;
pub use findings::{Erred, Findings, Found, Rate, Unseen, findings};
pub use kind::{Fault, LENIENT, TAGS_MAX};
pub use suite::ASSUMED_WITHIN_CASE;
use suite::Suite;
use version::Simulated;
pub use version::Weather;

use crate::{
    gate::{self, Baseline, Outcome, PlanProblem, SlotFacts},
    id::{CanonicalError, CaseName, Digest, VersionId},
    plan::{Plan, Purpose, StreamKey},
    spec::Spec,
    time::Seq,
    verdict::{Inquiry, judge},
    version::Grade,
};
use world::{Drive, PLAN_RECORDED};

/// Versions simulated of each kind.
pub const VERSIONS: u32 = 2_000;

/// Of those, versions whose run is played call by call, which tells how many calls are asked. What a gate says depends
/// on the answers in the order of their stream and on nothing else, so for the others only that is computed.
pub const PLAYED: u32 = 200;

/// A self-test, ready to be carried out.
#[derive(Clone, PartialEq, Debug)]
pub struct SelfTest {
    spec: Spec,
    plan: Plan,
    suite: Suite,
    kinds: Vec<Fault>,
    weather: Weather,
    concurrency: u32,
    rounds: u32,
    seed: Draw,
}

/// What became of some versions of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Versions that passed.
    pub passed: u32,
    /// Versions that failed.
    pub failed: u32,
    /// Versions that stayed undecided.
    pub undecided: u32,
    /// By criterion: versions that failed by it.
    pub failed_by: Vec<u32>,
    /// By calls heard: versions.
    pub heard: BTreeMap<u32, u32>,
    /// By calls asked: versions, of those that were played.
    pub asked: BTreeMap<u32, u32>,
    /// Calls that those heard, in all.
    pub heard_when_played: u64,
}

impl Tally {
    /// Adds other versions of the same kind.
    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.undecided += other.undecided;
        self.failed_by.resize(self.failed_by.len().max(other.failed_by.len()), 0);
        self.failed_by.iter_mut().zip(&other.failed_by).for_each(|(sum, one)| *sum += one);
        self.heard_when_played += other.heard_when_played;
        for (sum, more) in [(&mut self.heard, &other.heard), (&mut self.asked, &other.asked)] {
            more.iter().for_each(|(calls, versions)| *sum.entry(*calls).or_default() += versions);
        }
    }

    /// Versions in all.
    #[must_use]
    pub const fn versions(&self) -> u32 {
        self.passed + self.failed + self.undecided
    }
}

/// The answers of the first complete rounds of a stream, and how many rounds they are: every present case was asked
/// in each of them.
#[must_use]
pub fn complete<'a>(cases: &[CaseName], facts: &'a [SlotFacts]) -> (Vec<&'a SlotFacts>, u32) {
    let mut rounds: BTreeMap<u32, BTreeMap<&CaseName, &SlotFacts>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| cases.contains(&fact.slot.case)) {
        rounds.entry(fact.slot.round).or_default().insert(&fact.slot.case, fact);
    }
    let whole = |round: &u32| rounds.get(round).is_some_and(|found| found.len() == cases.len());
    let count = if cases.is_empty() { 0 } else { (0..).take_while(whole).count() };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (rounds.range(..count).flat_map(|(_, found)| found.values().copied()).collect(), count)
}

impl SelfTest {
    /// A self-test of the gate of `spec`, with versions made of the `recorded` answers of a stream that fit its cases.
    /// Where they hold no complete round, answers are made up by an assumed shape: cases differ around the target so
    /// that two trials of the same case have a correlation of [`ASSUMED_WITHIN_CASE`]. `concurrency` is how many
    /// calls are in flight.
    ///
    /// # Errors
    /// The spec has no plan.
    pub fn new(
        spec: &Spec,
        stream: StreamKey,
        recorded: &[SlotFacts],
        concurrency: u32,
    ) -> Result<Self, PlanProblem> {
        // What is live is one more good version, asked in step.
        let purpose = Purpose::BaselineOf { candidate: stream.version, attempt: stream.attempt };
        let live = Baseline::Asked(StreamKey { purpose, ..stream.clone() });
        let plan = gate::plan_against(spec, stream, &live)?;
        let (facts, rounds) = complete(&plan.cases, recorded);
        let facts: Vec<SlotFacts> = facts.into_iter().cloned().collect();
        let suite = Suite::new(spec, &plan, &facts);
        Ok(Self {
            kinds: kind::kinds(spec, &suite),
            weather: Weather::of(&facts),
            seed: Draw::of(&plan.id.0),
            spec: spec.clone(),
            concurrency,
            rounds,
            suite,
            plan,
        })
    }

    /// The kinds of version, the good one first.
    #[must_use]
    pub fn kinds(&self) -> &[Fault] {
        &self.kinds
    }

    /// Complete rounds that the versions are made of; 0 where their shape is assumed.
    #[must_use]
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// What the simulated endpoint does to answers.
    #[must_use]
    pub const fn weather(&self) -> Weather {
        self.weather
    }

    /// Simulates versions of a kind, by their numbers.
    ///
    /// # Errors
    /// Never for a plan that the gate made.
    pub fn simulate(&self, kind: usize, numbers: Range<u32>) -> Result<Tally, CanonicalError> {
        let mut tally = Tally { failed_by: vec![0; self.plan.criteria.len()], ..Tally::default() };
        for number in numbers {
            self.one(kind, number, &mut tally)?;
        }
        Ok(tally)
    }

    fn one(&self, kind: usize, number: u32, tally: &mut Tally) -> Result<(), CanonicalError> {
        // The good version of a number is the same for every kind: a mutant is made of it.
        let own = self.seed.at(u64::from(number));
        let good = self.suite.good(own.at(1));
        let draw = own.at(2 + kind as u64);
        let means = match self.kinds.get(kind) {
            Some(fault) => kind::broken(&self.spec, &self.suite, fault, &good, draw.at(1)),
            None => good.clone(),
        };
        let means = match self.spec.deterministic {
            true => self.suite.settled(means, self.kinds.get(kind) == Some(&Fault::None), draw.at(3)),
            false => means,
        };
        let plan = self.plan_of(kind, number)?;
        let version = Simulated::new(
            &self.suite,
            &plan,
            means,
            good,
            self.weather,
            draw.at(2),
            self.spec.deterministic,
        );
        let (hearing, outcome) = if number < PLAYED {
            let ran = world::run(&plan, &version, &Drive::at(self.concurrency), &[])?;
            let asked = u32::try_from(ran.asked).unwrap_or(u32::MAX);
            *tally.asked.entry(asked).or_default() += 1;
            tally.heard_when_played += u64::from(ran.seen.hearing().heard());
            let outcome = judge(&Inquiry {
                plan: &plan,
                plan_recorded: PLAN_RECORDED,
                facts: &ran.facts,
                stop: ran.stop,
                grade: Grade::Sent,
                earlier: &[],
                seq: Seq(u64::MAX),
            })?
            .outcome;
            (ran.seen.hearing().clone(), Some(outcome))
        } else {
            let hearing = world::hear(&plan, &version)?;
            let outcome = hearing.answer();
            (hearing, outcome)
        };
        *tally.heard.entry(hearing.heard()).or_default() += 1;
        match outcome {
            Some(Outcome::Pass) => tally.passed += 1,
            Some(Outcome::Fail) => tally.failed += 1,
            Some(Outcome::Inconclusive(_)) | None => tally.undecided += 1,
        }
        for (failed, listener) in tally.failed_by.iter_mut().zip(hearing.criteria()) {
            *failed += u32::from(listener.blocking() && listener.outcome() == Some(Outcome::Fail));
        }
        Ok(())
    }

    /// The plan for a simulated version: its stream, and so the order of its slots, is its own.
    fn plan_of(&self, kind: usize, number: u32) -> Result<Plan, CanonicalError> {
        let version = Digest::of_value("gatewright.selftest", &(self.plan.id, kind, number))?;
        let stream = StreamKey { version: VersionId(version), ..self.plan.stream.clone() };
        Ok(Plan { stream, ..self.plan.clone() })
    }
}

/// A count as a number to compute with.
const fn real(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "cases and trials of one suite")]
    let real = count as f64;
    real
}
