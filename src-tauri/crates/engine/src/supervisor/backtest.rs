//! Back-tests: what the present gate would have said of past versions, from recorded answers alone.

use std::collections::BTreeSet;

use gatewright_core::{
    gate::{Outcome, SlotFacts, Why},
    id::{SpecName, VerdictId, VersionId},
    plan::Side,
    spec::Spec,
    verdict::{Standing, Verdict},
    version::Grade,
};

use super::{
    against,
    engine::Engine,
    gating::{self, GatingError},
    reading::Reading,
    running::{RunError, chosen, usable},
};
use crate::store::{Read, StoreError};

/// Versions judged again, at most, the newest first.
pub const VERSIONS_JUDGED_MAX: usize = 100;

/// What the present gate says of one past version.
#[derive(Clone, PartialEq, Debug)]
pub struct Rejudged {
    /// Which version.
    pub version: VersionId,
    /// What was said of it then; none when nothing was.
    pub then: Option<Then>,
    /// What the present gate says, as far as it can be said.
    pub now: Verdict,
    /// Recorded answers of its stream that fit the present cases.
    pub recorded: u32,
}

/// What was said of a version by this spec, last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Then {
    /// By which verdict.
    pub verdict: VerdictId,
    /// What.
    pub outcome: Outcome,
    /// Whether its rates held.
    pub standing: Standing,
}

impl Rejudged {
    /// What the present gate says; none when not enough is recorded.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.now.outcome {
            Outcome::Inconclusive(Why::NotAsked) => None,
            outcome => Some(outcome),
        }
    }
}

/// A back-test.
#[derive(Clone, PartialEq, Debug)]
pub struct BacktestReport {
    /// The spec whose gate was tested.
    pub spec: Spec,
    /// The newest version first.
    pub versions: Vec<Rejudged>,
    /// Older versions that are left out.
    pub more: u32,
}

impl Engine {
    /// Judges every version that was ever asked by a spec, by the present gate, from recorded answers alone. Nothing
    /// is asked and nothing recorded.
    ///
    /// # Errors
    /// The files have mistakes, the spec has no plan, or the history cannot be read.
    pub fn backtest(&self, reading: &Reading, spec: &SpecName) -> Result<BacktestReport, RunError> {
        usable(reading)?;
        let chosen = chosen(reading, std::slice::from_ref(spec))?;
        let Some(&spec) = chosen.first() else { return Err(RunError::NoSpec) };
        let judged = self.store.read(|read| Ok::<_, StoreError>(backtest(read, spec)))?;
        judged.map_err(|problem| RunError::Gating { spec: spec.name.clone(), problem })
    }
}

/// Answers of the version itself.
fn own(facts: &[SlotFacts]) -> usize {
    facts.iter().filter(|facts| facts.slot.side == Side::Candidate).count()
}

fn backtest(read: &Read<'_>, spec: &Spec) -> Result<BacktestReport, GatingError> {
    let mut known = BTreeSet::new();
    // The newest stream of a version stands for it: its attempts before were of the same thing.
    let streams: Vec<_> = gating::streams(read, &spec.name)?
        .into_iter()
        .filter(|stream| known.insert(stream.version))
        .collect();
    let more = u32::try_from(streams.len().saturating_sub(VERSIONS_JUDGED_MAX)).unwrap_or(u32::MAX);
    let mut versions = Vec::new();
    for stream in streams.into_iter().take(VERSIONS_JUDGED_MAX) {
        let version = stream.version;
        let baseline = against::as_then(read, spec, &stream)?;
        let grade = read.version(version)?.map_or(Grade::Opaque, |row| row.version.grade);
        let (plan, registered) = gating::plan(read, spec, stream, &baseline)?;
        let recorded = gating::recorded_of(read, &plan, spec)?;
        let since = registered.unwrap_or(gating::NOT_REGISTERED);
        let now = gating::judge(read, &plan, since, &recorded.facts, Some(recorded.silence(&plan)), grade)?;
        let verdicts = read.verdicts_of_version(version)?;
        let then = verdicts.iter().map(|row| &row.verdict).find(|then| then.stream.spec == spec.name);
        versions.push(Rejudged {
            version,
            then: then.map(|then| Then { verdict: then.id, outcome: then.outcome, standing: then.standing }),
            now,
            recorded: u32::try_from(own(&recorded.facts)).unwrap_or(u32::MAX),
        });
    }
    Ok(BacktestReport { spec: spec.clone(), versions, more })
}
