//! What a candidate is compared with: the live version, asked in step, or its recorded mean where it cannot be asked.
//!
//! A recorded mean is one of whole first rounds: a stream that stopped when it knew is biased where it stopped. It makes
//! `max_drop` a criterion against fixed levels. That the mean has an error of its own is not covered, and is said.

use super::{CALLS_MAX, Heard, PlanProblem, SlotFacts, mean, rate};
use crate::{
    id::{CaseName, CriterionName},
    plan::{Boundary, RecordedMean, StreamKey},
    spec::{Metric, Risk, Unit},
};

/// Good at most, where a recorded mean sets the target: no number of calls shows that a version never fails.
const TARGET_MAX: u32 = 990_000;

/// What a candidate is compared with.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Baseline {
    /// Nothing: no version is live, or no criterion compares.
    #[default]
    Nothing,
    /// The live version is asked in step with the candidate, in this stream.
    Asked(StreamKey),
    /// The live version cannot be asked.
    Recorded {
        /// The newest stream that is recorded of it.
        stream: StreamKey,
        /// What came in the first rounds of its streams, where they are whole and their inputs are still those of the
        /// spec.
        first_rounds: Vec<SlotFacts>,
    },
}

impl Baseline {
    /// The stream that a plan names.
    pub(super) fn stream(&self) -> Option<&StreamKey> {
        match self {
            Self::Nothing => None,
            Self::Asked(stream) | Self::Recorded { stream, .. } => Some(stream),
        }
    }
}

/// The recorded mean over cases that have a first answer each, every case counted once: as the mean of its answers.
/// None without a case.
///
/// # Errors
/// A mean that is no larger than the margin, so that every version would do.
pub(super) fn mean_of(
    name: &CriterionName,
    of: &Metric,
    margin: Unit,
    cases: &[CaseName],
    first_rounds: &[SlotFacts],
) -> Result<Option<RecordedMean>, PlanProblem> {
    let (mut least, mut most, mut trials) = (0_u64, 0_u64, 0_u32);
    for case in cases {
        let heard = first_rounds.iter().filter(|facts| facts.slot.case == *case);
        let heard: Vec<Heard> = heard.map(|facts| facts.came.heard(of)).collect();
        let sum = |missing: Unit| -> u64 {
            let score = |heard: &Heard| match heard {
                Heard::Score(score) => u64::from(score.millionths()),
                Heard::Missing => u64::from(missing.millionths()),
            };
            heard.iter().map(score).sum()
        };
        let count = (heard.len() as u64).max(1);
        // Rounded so that both promises hold of the mean itself: the target is no higher, the floor no lower.
        least += sum(Unit::ZERO) / count;
        most += sum(Unit::ONE).div_ceil(count);
        trials = trials.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }
    let count = cases.len() as u64;
    if count == 0 {
        return Ok(None);
    }
    let unit = |sum: u64| u32::try_from(sum).ok().and_then(Unit::from_millionths).unwrap_or(Unit::ONE);
    let (least, most) = (unit(least / count), unit(most.div_ceil(count)));
    let target = least.min(Unit::from_millionths(TARGET_MAX).unwrap_or(Unit::ONE));
    let floor = most.millionths().checked_sub(margin.millionths()).and_then(Unit::from_millionths);
    match floor.filter(|floor| *floor > Unit::ZERO && *floor < target) {
        Some(floor) => Ok(Some(RecordedMean { least, most, trials, target, floor })),
        None => Err(PlanProblem::NothingToLose { criterion: name.clone(), least, most, margin }),
    }
}

/// The boundary against a recorded mean, as of a criterion with its levels; none before `first` trials.
pub(super) fn boundary(
    name: &CriterionName,
    recorded: &RecordedMean,
    of: &Metric,
    risk: Risk,
    pairs_max: u32,
    first: u32,
) -> Result<Boundary, PlanProblem> {
    let levels = rate::Levels { target: recorded.target, floor: recorded.floor, risk };
    if super::planning::is_plain(of) {
        rate::boundary(name, levels, first)
    } else {
        mean::boundary(name, levels, pairs_max.min(CALLS_MAX), first)
    }
}
