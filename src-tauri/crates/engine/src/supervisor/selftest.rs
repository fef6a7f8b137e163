//! Self-tests: from which recorded answers simulated versions are made, and many of them at once.

use std::{
    num::NonZeroU32,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use gatewright_core::{
    gate::SlotFacts,
    id::{CanonicalError, CaseName, Digest, EndpointId, SpecName, VersionId},
    plan::{Purpose, StreamKey},
    selftest::{Findings, SelfTest, Tally, VERSIONS, Weather, complete, findings},
    spec::{Isolation, Spec},
};
use tokio_util::sync::CancellationToken;

use super::{
    engine::Engine,
    gating,
    reading::Reading,
    running::{RunError, chosen, usable},
};
use crate::store::{Read, StoreError};

/// Versions simulated in one go: between two of them a self-test tells how far it is and can be stopped.
const CHUNK: u32 = 50;

/// Streams of a spec that are searched for a complete round, at most, the newest first.
const STREAMS_LOOKED_AT_MAX: usize = 50;

/// Where the answers of simulated versions come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Recorded answers.
    Recorded {
        /// Whose.
        version: VersionId,
        /// Complete rounds of them.
        rounds: u32,
        /// Whether its newest verdict by this spec is a pass that stands.
        accepted: bool,
    },
    /// None: their shape is assumed.
    Assumed {
        /// What is missing; none when the caller wanted it so.
        missing: Option<String>,
    },
}

/// A self-test, carried out.
#[derive(Clone, PartialEq, Debug)]
pub struct SelfTestReport {
    /// The spec whose gate was tested.
    pub spec: Spec,
    /// Where the answers came from.
    pub origin: Origin,
    /// What the simulated endpoint did to them.
    pub weather: Weather,
    /// What was found.
    pub findings: Findings,
    /// Wall time.
    pub took: Duration,
}

/// Hears how far a self-test is: versions simulated, and to be simulated. Called from several threads.
pub type Progress<'a> = dyn Fn(u32, u32) + Sync + 'a;

impl Engine {
    /// Tests the gate of a spec on simulated versions: [`VERSIONS`] of each kind, without a call, on every core. None
    /// when it was stopped.
    ///
    /// # Errors
    /// The files have mistakes, the spec has no plan, or the history cannot be read.
    pub fn selftest(
        &self,
        reading: &Reading,
        spec: &SpecName,
        assumed: bool,
        progress: &Progress<'_>,
        cancel: &CancellationToken,
    ) -> Result<Option<SelfTestReport>, RunError> {
        let started = self.clock.elapsed();
        let workspace = usable(reading)?;
        let chosen = chosen(reading, std::slice::from_ref(spec))?;
        let Some(&spec) = chosen.first() else { return Err(RunError::NoSpec) };
        let (origin, facts) = if assumed {
            (Origin::Assumed { missing: None }, Vec::new())
        } else {
            self.store.read(|read| basis(read, spec))?
        };
        let concurrency = match spec.isolation {
            Isolation::Serial => 1,
            Isolation::Parallel => workspace.agents[&spec.agent].limits.concurrency.max(1),
        };
        let gated = |problem| RunError::Gating { spec: spec.name.clone(), problem };
        let test = SelfTest::new(spec, stream(spec), &facts, concurrency)
            .map_err(|problem| gated(problem.into()))?;
        let tallies = simulate(&test, progress, cancel).map_err(|error| gated(error.into()))?;
        Ok(tallies.map(|tallies| SelfTestReport {
            findings: findings(&test, &tallies),
            spec: spec.clone(),
            origin,
            weather: test.weather(),
            took: self.clock.elapsed().saturating_sub(started),
        }))
    }
}

/// The stream that a self-test's plan is made for: the same for the same gate, whoever is simulated.
fn stream(spec: &Spec) -> StreamKey {
    StreamKey {
        version: VersionId(Digest([0; 32])),
        endpoint: EndpointId(Digest([0; 32])),
        spec: spec.name.clone(),
        attempt: NonZeroU32::MIN,
        purpose: Purpose::Gate,
    }
}

/// The recorded answers that versions are made of: of the newest accepted version with a complete round, else of the
/// newest version with one.
fn basis(read: &Read<'_>, spec: &Spec) -> Result<(Origin, Vec<SlotFacts>), StoreError> {
    let cases: Vec<CaseName> = spec.cases.iter().map(|case| case.name.clone()).collect();
    let mut newest = None;
    let mut asked: Vec<CaseName> = Vec::new();
    for stream in gating::streams(read, &spec.name)?.into_iter().take(STREAMS_LOOKED_AT_MAX) {
        let facts = gating::recorded(read, &stream, spec)?.facts;
        if newest.is_none() {
            asked.extend(facts.iter().map(|facts| facts.slot.case.clone()));
        }
        let (_, rounds) = complete(&cases, &facts);
        if rounds == 0 {
            continue;
        }
        let verdicts = read.verdicts_of_version(stream.version)?;
        let last = verdicts.iter().find(|row| row.verdict.stream.spec == spec.name);
        let accepted = last.is_some_and(crate::store::table::VerdictRow::stands_as_pass);
        let found = (Origin::Recorded { version: stream.version, rounds, accepted }, facts);
        if accepted {
            return Ok(found);
        }
        newest = newest.or(Some(found));
    }
    Ok(newest.unwrap_or_else(|| (Origin::Assumed { missing: Some(missing(&cases, &asked)) }, Vec::new())))
}

/// What it takes to make versions of recorded answers.
fn missing(cases: &[CaseName], asked: &[CaseName]) -> String {
    if asked.is_empty() {
        return "no answer to these cases is recorded: `gatewright run` asks each of them once".to_owned();
    }
    let never: Vec<&str> = cases.iter().filter(|case| !asked.contains(case)).map(CaseName::as_str).collect();
    match never[..] {
        [] => "no version was asked every case in one round: `gatewright run` does".to_owned(),
        [one] => format!("no answer to `{one}` is recorded: `gatewright run` asks it"),
        [one, ..] => {
            format!(
                "no answer to `{one}` and {} other cases is recorded: `gatewright run` asks them",
                never.len() - 1
            )
        }
    }
}

/// Simulates every version of every kind, on as many threads as there are cores. None when it was stopped.
fn simulate(
    test: &SelfTest,
    progress: &Progress<'_>,
    cancel: &CancellationToken,
) -> Result<Option<Vec<Tally>>, CanonicalError> {
    let kinds = u32::try_from(test.kinds().len()).unwrap_or(u32::MAX);
    let total = kinds.saturating_mul(VERSIONS);
    let chunks_of_a_kind = VERSIONS.div_ceil(CHUNK);
    let chunks = kinds.saturating_mul(chunks_of_a_kind);
    let (next, done) = (AtomicU32::new(0), AtomicU32::new(0));
    let tallies = Mutex::new(vec![Tally::default(); test.kinds().len()]);
    let work = || -> Result<(), CanonicalError> {
        while !cancel.is_cancelled() {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            if chunk >= chunks {
                break;
            }
            let kind = (chunk / chunks_of_a_kind) as usize;
            let from = (chunk % chunks_of_a_kind) * CHUNK;
            let numbers = from..(from + CHUNK).min(VERSIONS);
            let versions = u32::try_from(numbers.len()).unwrap_or(CHUNK);
            let tally = test.simulate(kind, numbers)?;
            tallies.lock().unwrap_or_else(PoisonError::into_inner)[kind].add(&tally);
            progress(done.fetch_add(versions, Ordering::Relaxed) + versions, total);
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let worked: Vec<_> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        hands.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    for hand in worked {
        match hand {
            Ok(worked) => worked?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    let whole = done.into_inner() == total;
    Ok(whole.then(|| tallies.into_inner().unwrap_or_else(PoisonError::into_inner)))
}
