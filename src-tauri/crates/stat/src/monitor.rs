//! The monitor's test: does a version that was good when it went live still meet its target?
//!
//! Three bets against "the mean is at the target or more" are restarted whenever they fall below their stake:
//! `M ← max(1, M) · factor`. The alarm is given when `0.6 M₁ + 0.2 M₂ + 0.2 M₃` reaches `A`. For every version at or
//! above the target the mean number of trials to an alarm is then at least `A`, because the sum less the number of
//! trials is a supermartingale: an e-detector of Shin, Ramdas and Rinaldo (arXiv 2203.03532). Missing answers are heard as passed: a monitor does not roll back for silence.

use crate::betting::{below, factor};

/// The shares of the three bets.
const SHARES: [f64; 3] = [0.6, 0.2, 0.2];
/// Trials of a simulated watch at most; longer ones are cut, so that a mean over them is a lower bound.
const SIMULATED_TRIALS_MAX: u32 = 1_000_000;

/// A watch over a live version.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Monitor {
    target: f64,
    alternatives: [f64; 3],
    trials_to_false_alarm: f64,
    bets: [f64; 3],
    trials: u64,
}

impl Monitor {
    /// A new watch. `0 < floor < target < 1`; `trials_to_false_alarm` is `A`, the trials made in the time in
    /// which one false alarm is accepted, above 1. None when they are out of range.
    #[must_use]
    pub fn new(target: f64, floor: f64, trials_to_false_alarm: f64) -> Option<Self> {
        Self::resume(target, floor, trials_to_false_alarm, [1.0; 3], 0)
    }

    /// A watch that goes on from what [`Monitor::bets`] and [`Monitor::trials`] said.
    #[must_use]
    pub fn resume(
        target: f64,
        floor: f64,
        trials_to_false_alarm: f64,
        bets: [f64; 3],
        trials: u64,
    ) -> Option<Self> {
        let levels = 0.0 < floor && floor < target && target < 1.0;
        let limit = trials_to_false_alarm > 1.0 && trials_to_false_alarm.is_finite();
        let stakes = bets.iter().all(|bet| *bet >= 0.0 && bet.is_finite());
        (levels && limit && stakes).then_some(Self {
            target,
            alternatives: below(floor),
            trials_to_false_alarm,
            bets,
            trials,
        })
    }

    /// One more trial with a score in [0, 1]; whether it gives the alarm. After an alarm the watch is over: begin a
    /// new one.
    pub fn hear(&mut self, score: f64) -> bool {
        let score = score.clamp(0.0, 1.0);
        self.trials = self.trials.saturating_add(1);
        for (bet, alternative) in self.bets.iter_mut().zip(self.alternatives) {
            // Far beyond any limit a bet grows no further, so that it stays a number.
            *bet = (bet.max(1.0) * factor(score, self.target, alternative)).min(f64::MAX / 8.0);
        }
        self.alarms()
    }

    /// Whether the evidence stands at the limit.
    #[must_use]
    pub fn alarms(&self) -> bool {
        self.evidence() >= self.trials_to_false_alarm
    }

    /// The weighted sum that is compared with `A`.
    #[must_use]
    pub fn evidence(&self) -> f64 {
        self.bets.iter().zip(SHARES).map(|(bet, share)| share * bet).sum()
    }

    /// The three bets, to be stored.
    #[must_use]
    pub fn bets(&self) -> [f64; 3] {
        self.bets
    }

    /// Trials heard.
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.trials
    }

    /// The mean trials from now to the alarm when each trial passes with probability `p`, over `runs` simulated
    /// watches from a fixed generator: for the plan, and the same number every time.
    #[must_use]
    pub fn trials_to_alarm(&self, p: f64, runs: u32) -> f64 {
        let mut generator = Generator(0x0067_6174_6577_7269);
        let runs = runs.max(1);
        let mut total = 0.0;
        for _ in 0..runs {
            let mut watch = *self;
            for trial in 1..=SIMULATED_TRIALS_MAX {
                let score = if generator.next() < p { 1.0 } else { 0.0 };
                if watch.hear(score) || trial == SIMULATED_TRIALS_MAX {
                    total += f64::from(trial);
                    break;
                }
            }
        }
        total / f64::from(runs)
    }
}

/// The SplitMix64 sequence, as numbers in [0, 1).
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // The upper 53 bits, exactly.
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(limit: f64) -> Monitor {
        Monitor::new(0.9, 0.8, limit).expect("in order")
    }

    #[test]
    fn alarms_come_as_fast_as_the_documentation_states() {
        let watch = watch(25_920.0);
        assert_eq!(watch.trials_to_alarm(0.0, 1), 7.0);
        let half = watch.trials_to_alarm(0.5, 2000);
        assert!((21.0..23.0).contains(&half), "{half}");
        let floor = watch.trials_to_alarm(0.8, 2000);
        assert!((205.0..231.0).contains(&floor), "{floor}");
    }

    #[test]
    fn false_alarms_at_the_target_are_as_rare_as_promised() {
        let found = watch(200.0).trials_to_alarm(0.9, 1000);
        assert!(found >= 200.0, "{found}");
    }

    #[test]
    fn a_watch_goes_on_from_what_was_stored() {
        let mut whole = watch(25_920.0);
        let mut first = watch(25_920.0);
        let scores: [f64; 8] = core::array::from_fn(|n| if n % 3 == 0 { 0.0 } else { 1.0 });
        assert!(!scores.iter().any(|&score| whole.hear(score)));
        assert!(!scores[..3].iter().any(|&score| first.hear(score)));
        let mut second = Monitor::resume(0.9, 0.8, 25_920.0, first.bets(), first.trials()).expect("in order");
        assert!(!scores[3..].iter().any(|&score| second.hear(score)));
        assert_eq!(whole, second);
    }

    #[test]
    fn a_silent_agent_is_no_alarm_and_numbers_out_of_range_are_refused() {
        let mut silent = watch(25_920.0);
        assert!(!(0..10_000).any(|_| silent.hear(1.0)));
        let mut dead = watch(25_920.0);
        assert!((0..5_000).filter(|_| dead.hear(0.0)).count() == 5_000 - 6 && dead.evidence().is_finite());
        assert!(Monitor::new(0.8, 0.9, 100.0).is_none() && Monitor::new(0.9, 0.8, f64::NAN).is_none());
        assert!(Monitor::resume(0.9, 0.8, 100.0, [f64::NAN, 1.0, 1.0], 1).is_none());
    }
}
