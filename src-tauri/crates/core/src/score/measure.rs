//! Measurements of answers, and limits on them. Unknown is never 0.

use super::{Finding, TurnFacts};
use crate::spec::Measure;

/// A measurement of a whole trial, in the measure's unit, rounded up; `None` where an answer does not say it. Of
/// a conversation: the slowest answer for times, since a person waits for each, and the sum for money and tokens.
#[must_use]
pub fn measure(of: Measure, turns: &[TurnFacts<'_>]) -> Option<u64> {
    let mut values = turns.iter().map(|turn| of_turn(of, turn));
    let first = values.next()??;
    values.try_fold(first, |so_far, value| {
        let value = value?;
        Some(match of {
            Measure::LatencyMs | Measure::FirstTokenMs => so_far.max(value),
            Measure::CostMicros | Measure::TokensOut => so_far.saturating_add(value),
        })
    })
}

fn of_turn(of: Measure, turn: &TurnFacts<'_>) -> Option<u64> {
    match of {
        Measure::LatencyMs => Some(turn.timing.total_us.div_ceil(1000)),
        Measure::FirstTokenMs => turn.timing.first_token_us.map(|us| us.div_ceil(1000)),
        Measure::CostMicros => turn.cost.and_then(|cost| u64::try_from(cost.micros).ok()),
        Measure::TokensOut => turn.reply.usage.output,
    }
}

/// A limit on a measurement of one answer.
#[derive(Debug)]
pub(super) struct AtMost {
    pub(super) of: Measure,
    pub(super) limit: u64,
}

impl AtMost {
    /// What was measured; an error in words where it is unknown.
    pub(super) fn find(&self, turn: &TurnFacts<'_>) -> Result<Finding, String> {
        let Self { of, limit } = *self;
        let Some(value) = of_turn(of, turn) else {
            return Err(match of {
                Measure::LatencyMs => "the latency is unknown",
                Measure::FirstTokenMs => "the first token's time is unknown: the answer was not streamed",
                Measure::CostMicros => {
                    "the cost is unknown: the answer names no usage, or the agent no price"
                }
                Measure::TokensOut => "the number of tokens is unknown: the answer names no usage",
            }
            .to_owned());
        };
        let found = words(of, value);
        Ok(if value <= limit {
            Finding::yes(found)
        } else {
            Finding::no(format!("{found}, more than {}", amount(of, limit)))
        })
    }
}

fn words(of: Measure, value: u64) -> String {
    let amount = amount(of, value);
    match of {
        Measure::LatencyMs => format!("the answer took {amount}"),
        Measure::FirstTokenMs => format!("the first token took {amount}"),
        Measure::CostMicros => format!("the answer cost {amount}"),
        Measure::TokensOut => format!("the answer has {amount}"),
    }
}

fn amount(of: Measure, value: u64) -> String {
    match of {
        Measure::LatencyMs | Measure::FirstTokenMs => format!("{value} ms"),
        Measure::CostMicros => {
            let fraction = format!("{:06}", value % 1_000_000);
            let fraction = fraction.trim_end_matches('0');
            let point = if fraction.is_empty() { "" } else { "." };
            format!("{}{point}{fraction}", value / 1_000_000)
        }
        Measure::TokensOut => format!("{value} tokens"),
    }
}
