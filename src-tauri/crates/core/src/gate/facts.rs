//! What a gate is told of a slot, and what each criterion hears of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    id::ScorerName,
    observation::ErrorClass,
    plan::Slot,
    spec::{Measure, Metric, Unit},
    time::Seq,
};

/// What became of a slot. Only slots that have ended have facts: one that the endpoint did not process stays
/// open, and is not told of here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SlotFacts {
    /// Which.
    pub slot: Slot,
    /// What came.
    pub came: Came,
    /// When it was recorded, in order.
    pub recorded: Seq,
}

/// What came of asking.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// An answer, scored.
    Answer {
        /// Whether the case passed; none when a scorer could not judge.
        passed: Option<bool>,
        /// By named scorer; none when it could not judge. A scorer that does not run on this case is absent.
        scores: BTreeMap<ScorerName, Option<Unit>>,
        /// What was measured.
        measures: Measures,
    },
    /// The agent erred: it scores 0 in every metric.
    AgentError(ErrorClass),
    /// Nobody knows what it would have answered: heard against both paths.
    Missing(ErrorClass),
}

/// What was measured of an answer. Unknown is never 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Measures {
    /// Milliseconds, rounded up, of the last try of the slowest turn.
    pub latency_ms: Option<u64>,
    /// Milliseconds, rounded up, to the first content.
    pub first_token_ms: Option<u64>,
    /// Millionths of the workspace's currency, over all turns.
    pub cost_micros: Option<u64>,
    /// Tokens in the answer, over all turns.
    pub tokens_out: Option<u64>,
}

impl Measures {
    /// One of them.
    #[must_use]
    pub const fn get(&self, of: Measure) -> Option<u64> {
        match of {
            Measure::LatencyMs => self.latency_ms,
            Measure::FirstTokenMs => self.first_token_ms,
            Measure::CostMicros => self.cost_micros,
            Measure::TokensOut => self.tokens_out,
        }
    }
}

/// What a criterion hears of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// A score; in a 0/1 metric 1 is passed and all else is failed.
    Score(Unit),
    /// No score: 0 on the way to *pass*, 1 on the way to *fail*.
    Missing,
}

impl Came {
    /// What a criterion with this metric hears. A measurement that nobody took, and a score that nobody gave, are
    /// missing.
    #[must_use]
    pub fn heard(&self, metric: &Metric) -> Heard {
        let score = match self {
            Self::AgentError(_) => Some(Unit::ZERO),
            Self::Missing(_) => None,
            Self::Answer { passed, scores, measures } => match metric {
                Metric::PassRate => passed.map(yes),
                Metric::Within { of, at_most } => measures.get(*of).map(|value| yes(value <= *at_most)),
                Metric::Graded(name) => scores.get(name).copied().flatten(),
                Metric::Weighted(parts) => return self.weighted(parts),
            },
        };
        score.map_or(Heard::Missing, Heard::Score)
    }

    /// The weighted mean, rounded down to millionths; missing when a part is.
    fn weighted(&self, parts: &[(u32, Metric)]) -> Heard {
        let (mut sum, mut weights) = (0_u128, 0_u128);
        for (weight, part) in parts {
            let Heard::Score(score) = self.heard(part) else { return Heard::Missing };
            sum += u128::from(*weight) * u128::from(score.millionths());
            weights += u128::from(*weight);
        }
        let mean = sum.checked_div(weights).and_then(|mean| u32::try_from(mean).ok());
        mean.and_then(Unit::from_millionths).map_or(Heard::Missing, Heard::Score)
    }
}

const fn yes(passed: bool) -> Unit {
    if passed { Unit::ONE } else { Unit::ZERO }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(passed: Option<bool>, measures: Measures) -> Came {
        let half = Unit::from_millionths(500_000);
        let scores = BTreeMap::from([("polite".into(), half), ("unsure".into(), None)]);
        Came::Answer { passed, scores, measures }
    }

    #[test]
    fn unknown_is_missing_and_never_nought() {
        let came = answer(None, Measures::default());
        let cost = Metric::Within { of: Measure::CostMicros, at_most: 20_000 };
        for metric in
            [&Metric::PassRate, &cost, &Metric::Graded("unsure".into()), &Metric::Graded("no".into())]
        {
            assert_eq!(came.heard(metric), Heard::Missing, "{metric:?}");
        }
        assert_eq!(Came::Missing(ErrorClass("status-500".into())).heard(&Metric::PassRate), Heard::Missing);
    }

    #[test]
    fn an_error_of_the_agent_is_nought_in_every_metric() {
        let came = Came::AgentError(ErrorClass("deadline".into()));
        let cost = Metric::Within { of: Measure::CostMicros, at_most: 20_000 };
        for metric in [Metric::PassRate, cost, Metric::Graded("polite".into())] {
            assert_eq!(came.heard(&metric), Heard::Score(Unit::ZERO));
        }
    }

    #[test]
    fn a_limit_is_kept_up_to_itself() {
        let came = |ms| answer(Some(true), Measures { latency_ms: Some(ms), ..Measures::default() });
        let within = Metric::Within { of: Measure::LatencyMs, at_most: 2_000 };
        assert_eq!(came(2_000).heard(&within), Heard::Score(Unit::ONE));
        assert_eq!(came(2_001).heard(&within), Heard::Score(Unit::ZERO));
    }

    #[test]
    fn a_weighted_mean_needs_all_its_parts() {
        let came = answer(Some(true), Measures::default());
        let of = |name: &str| Metric::Weighted(vec![(3, Metric::PassRate), (1, Metric::Graded(name.into()))]);
        assert_eq!(came.heard(&of("polite")), Heard::Score(Unit::from_millionths(875_000).expect("a unit")));
        assert_eq!(came.heard(&of("unsure")), Heard::Missing);
        assert_eq!(came.heard(&Metric::Weighted(vec![])), Heard::Missing);
    }

    proptest! {
        /// The exact mean is a fraction; what is tested is the next millionth below it, whatever the order of the parts.
        #[test]
        fn a_weighted_mean_is_rounded_down_by_less_than_a_millionth(
            parts in prop::collection::vec((1_u32..=1_000, 0_u32..=1_000_000), 2..8),
        ) {
            let named = |place: usize| ScorerName::new(format!("scorer-{place}"));
            let unit = |(place, (_, score)): (usize, &(u32, u32))| (named(place), Unit::from_millionths(*score));
            let scores = parts.iter().enumerate().map(unit).collect();
            let came = Came::Answer { passed: None, scores, measures: Measures::default() };
            let graded = |(place, (weight, _)): (usize, &(u32, u32))| (*weight, Metric::Graded(named(place)));
            let mut metrics: Vec<_> = parts.iter().enumerate().map(graded).collect();
            let found = came.heard(&Metric::Weighted(metrics.clone()));
            metrics.reverse();
            prop_assert_eq!(came.heard(&Metric::Weighted(metrics)), found);
            let Heard::Score(found) = found else { panic!("every part has a score") };
            let weights: u64 = parts.iter().map(|(weight, _)| u64::from(*weight)).sum();
            let exact: u64 = parts.iter().map(|(weight, score)| u64::from(*weight) * u64::from(*score)).sum();
            let below = u64::from(found.millionths()) * weights;
            prop_assert!(below <= exact && exact < below + weights);
        }
    }
}
