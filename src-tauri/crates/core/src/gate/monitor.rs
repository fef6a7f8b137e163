//! The monitor: one criterion of a spec, heard of what is live for as long as it is live.
//!
//! Cases are drawn with replacement, so that trials are alike whatever was drawn before. Three bets against "the
//! metric is at the target or above" are restarted whenever they fall below their stake; an alarm is given when their
//! weighted sum reaches the number of trials within `false_alarm_every` (an e-detector: Shin, Ramdas and Rinaldo,
//! arXiv 2203.03532; the bets are those of [`gatewright_stat::monitor`]). For every version at the target or above the
//! mean number of trials to an alarm is at least that. A missing answer is heard as passed: a monitor does not act on
//! silence.
//!
//! The bets are products of fractions made by `+`, `×` and `÷` alone, which every machine computes alike: what is stored
//! is what hearing the same trials again gives, bit by bit.

use gatewright_stat::monitor::Monitor;
use serde::{Deserialize, Serialize};

use super::{
    Came, Heard, SlotFacts,
    words::{Percent, count},
};
use crate::{
    id::{CanonicalError, CaseName, CriterionName, SpecName},
    plan::{OrderRule, Side, Slot, Stream, StreamKey},
    spec::{
        Metric, Rule, Spec, Unit,
        workspace::{MonitorRule, OnFail},
    },
};

/// Watches simulated for a plan.
const SIMULATED_RUNS: u32 = 2_000;
/// A version that is right every other time.
const HALF: Unit = match Unit::from_millionths(500_000) {
    Some(half) => half,
    None => Unit::ONE,
};

/// Why a spec cannot be watched.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WatchProblem {
    /// No blocking criterion has a target and a floor, or it hears no case.
    #[error("the gate of `{0}` has no blocking criterion with a target, a floor and a case to hear")]
    NothingToWatch(SpecName),
    /// A false alarm is accepted more often than anything is asked.
    #[error("`false_alarm_every` is not longer than `interval`: nothing could be told")]
    TooOften,
}

/// The rule by which a live version is watched.
#[derive(Clone, PartialEq, Debug)]
pub struct Watch {
    /// The criterion that it hears.
    pub criterion: CriterionName,
    /// What it hears of a trial.
    pub metric: Metric,
    /// The cases that are drawn from.
    pub cases: Vec<CaseName>,
    /// Good.
    pub target: Unit,
    /// Bad: what the bets are laid for.
    pub floor: Unit,
    /// When and how often it is asked.
    pub rule: MonitorRule,
}

/// How far a watch has come: all that has to be kept.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct WatchState {
    /// The three bets, as they stand after the last trial.
    pub bets: [f64; 3],
    /// Trials heard.
    pub trials: u64,
}

impl WatchState {
    /// Before the first trial.
    pub const BEGIN: Self = Self { bets: [1.0; 3], trials: 0 };
}

/// What came of hearing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Watched {
    /// How far it has come.
    pub state: WatchState,
    /// Whether the last trial gave the alarm: then the watch is over, and what follows belongs to another one.
    pub alarm: bool,
}

impl Watch {
    /// The watch of an environment's monitor over its spec.
    ///
    /// # Errors
    /// [`WatchProblem`].
    pub fn of(spec: &Spec, rule: &MonitorRule) -> Result<Self, WatchProblem> {
        let nothing = || WatchProblem::NothingToWatch(spec.name.clone());
        let criterion = spec.watched().ok_or_else(nothing)?;
        let (Rule::Rate { of, target, floor, .. } | Rule::Mean { of, target, floor, .. }) = &criterion.rule
        else {
            return Err(nothing());
        };
        let heard = spec.cases.iter().filter(|case| super::planning::hears(spec, criterion, case));
        let watch = Self {
            criterion: criterion.name.clone(),
            metric: of.clone(),
            cases: heard.map(|case| case.name.clone()).collect(),
            target: *target,
            floor: *floor,
            rule: rule.clone(),
        };
        if watch.cases.is_empty() {
            return Err(nothing());
        }
        watch.test(WatchState::BEGIN).map(|_| watch.clone()).ok_or(WatchProblem::TooOften)
    }

    /// The test as it stands; none for a rule that no test has.
    fn test(&self, state: WatchState) -> Option<Monitor> {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53: milliseconds over seconds")]
        let limit = self.rule.trials_to_false_alarm() as f64;
        Monitor::resume(self.target.as_f64(), self.floor.as_f64(), limit, state.bets, state.trials)
    }

    /// The slot that is asked as the nth trial, from 0; none when there is no case.
    ///
    /// # Errors
    /// Never for a stream that was recorded.
    pub fn slot(&self, stream: &StreamKey, trial: u64) -> Result<Option<Slot>, CanonicalError> {
        let order = Stream::new(stream.seed()?, OrderRule::WithReplacement);
        Ok(self.drawn(order, trial))
    }

    fn drawn(&self, order: Stream, trial: u64) -> Option<Slot> {
        let round = u32::try_from(trial).ok()?;
        let case = order.round(round, &self.cases, |_| true).first().map(|&at| self.cases[at].clone())?;
        Some(Slot { side: Side::Candidate, case, round })
    }

    /// Hears one trial. State that no watch left behind is taken as a beginning.
    #[must_use]
    pub fn hear(&self, state: WatchState, came: &Came) -> Watched {
        let Some(mut test) = self.test(state).or_else(|| self.test(WatchState::BEGIN)) else {
            return Watched { state, alarm: false };
        };
        let score = match came.heard(&self.metric) {
            Heard::Score(score) => score.as_f64(),
            Heard::Missing => 1.0,
        };
        let alarm = test.hear(score);
        Watched { state: WatchState { bets: test.bets(), trials: test.trials() }, alarm }
    }

    /// Hears what is recorded of a stream, on from a state, in the order in which it was drawn: up to the first trial
    /// that has not ended, or to the alarm. Facts may come in any order; what was heard before is passed over.
    ///
    /// # Errors
    /// Never for a stream that was recorded.
    pub fn hear_all(
        &self,
        stream: &StreamKey,
        state: WatchState,
        facts: &[SlotFacts],
    ) -> Result<Watched, CanonicalError> {
        let order = Stream::new(stream.seed()?, OrderRule::WithReplacement);
        let mut watched = Watched { state, alarm: false };
        let mut by_slot: Vec<&SlotFacts> = facts.iter().collect();
        // Facts never change: of two tellings the first recorded stands.
        by_slot.sort_by(|one, other| (&one.slot, one.recorded).cmp(&(&other.slot, other.recorded)));
        while !watched.alarm {
            let Some(slot) = self.drawn(order, watched.state.trials) else { break };
            let at = by_slot.partition_point(|facts| facts.slot < slot);
            let Some(facts) = by_slot.get(at).filter(|facts| facts.slot == slot) else { break };
            watched = self.hear(watched.state, &facts.came);
        }
        Ok(watched)
    }

    /// What it would notice, and when; for people, before it costs anything.
    #[must_use]
    pub fn outlook(&self) -> WatchOutlook {
        let rates = [(Unit::ZERO, 1), (HALF, SIMULATED_RUNS), (self.floor, SIMULATED_RUNS)];
        let test = self.test(WatchState::BEGIN);
        let noticed = rates
            .into_iter()
            .filter(|(rate, _)| *rate <= self.floor)
            .filter_map(|(rate, runs)| {
                let trials = test?.trials_to_alarm(rate.as_f64(), runs);
                Some(Noticed { rate, trials, after_ms: self.time_of(trials) })
            })
            .collect();
        WatchOutlook {
            trials_to_false_alarm: self.rule.trials_to_false_alarm(),
            calls_a_day: 86_400_000_u64.saturating_mul(u64::from(self.rule.calls.get()))
                / self.rule.interval.0.max(1),
            noticed,
        }
    }

    /// The time in which so many trials are made.
    fn time_of(&self, trials: f64) -> u64 {
        let askings = trials / f64::from(self.rule.calls.get());
        #[expect(clippy::cast_precision_loss, reason = "a length of time in milliseconds")]
        let ms = askings * self.rule.interval.0 as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and shown rounded"
        )]
        let ms = ms as u64;
        ms
    }
}

/// What a watch would notice, and when.
#[derive(Clone, PartialEq, Debug)]
pub struct WatchOutlook {
    /// The mean number of trials to a false alarm, at least.
    pub trials_to_false_alarm: u64,
    /// What it asks in a day.
    pub calls_a_day: u64,
    /// From the worst version to one at the floor.
    pub noticed: Vec<Noticed>,
}

/// When a version is noticed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Noticed {
    /// The share of trials that it passes.
    pub rate: Unit,
    /// Trials to the alarm, on average.
    pub trials: f64,
    /// The time in which they are made.
    pub after_ms: u64,
}

impl WatchOutlook {
    /// In sentences.
    #[must_use]
    pub fn sentences(&self, watch: &Watch) -> Vec<String> {
        let rule = &watch.rule;
        let calls = super::words::calls(rule.calls.get());
        let does = match rule.on_fail {
            OnFail::Notify => "tells of it",
            OnFail::Rollback => "puts back what was live before",
        };
        let noticed: Vec<String> = self
            .noticed
            .iter()
            .map(|noticed| {
                let who = match noticed.rate {
                    rate if rate == Unit::ZERO => "fails everything".to_owned(),
                    rate if rate == watch.floor => format!("is at the {} floor", Percent(rate)),
                    rate => format!("passes {}", Percent(rate)),
                };
                format!("one that {who} after {} trials ({})", whole(noticed.trials), span(noticed.after_ms))
            })
            .collect();
        vec![
            format!(
                "Hears `{}` of `{}`: {calls} every {}, {} a day, cases drawn with replacement.",
                watch.criterion,
                rule.spec,
                span(rule.interval.0),
                count(self.calls_a_day)
            ),
            format!("It notices, on average: {}; then it {does}.", noticed.join(", ")),
            format!(
                "A version at the {} target or above gives a false alarm after {} trials or more on average ({}).",
                Percent(watch.target),
                count(self.trials_to_false_alarm),
                span(rule.false_alarm_every.0)
            ),
        ]
    }
}

fn whole(trials: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and cut at a million"
    )]
    let whole = trials.round() as u64;
    count(whole)
}

/// A length of time as people say it: `35 min`, `1.8 h`, `18 h`, `4.2 d`.
fn span(ms: u64) -> String {
    const UNITS: [(u64, u64, &str); 4] = [
        (86_400_000, 2 * 86_400_000, "d"),
        (3_600_000, 90 * 60_000, "h"),
        (60_000, 60_000, "min"),
        (1_000, 0, "s"),
    ];
    let (unit, _, name) = UNITS.into_iter().find(|(_, from, _)| ms >= *from).unwrap_or((1_000, 0, "s"));
    let tenths = (ms * 10 + unit / 2) / unit;
    if tenths >= 100 || tenths.is_multiple_of(10) {
        format!("{} {name}", (tenths + 5) / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn lengths_of_time_are_said_as_people_do() {
        let said = [
            1_500,
            60_000,
            300_000,
            35 * 60_000,
            110 * 60_000,
            18 * 3_600_000,
            50 * 3_600_000,
            90 * 86_400_000,
        ]
        .map(span);
        assert_eq!(said, ["1.5 s", "1 min", "5 min", "35 min", "1.8 h", "18 h", "2.1 d", "90 d"]);
    }
}
