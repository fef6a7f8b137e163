//! Evidence from scores in [0, 1]: a mixture of bets against "the mean is at the floor or less" and one against
//! "it is at the target or more".
//!
//! A bet multiplies its stake by a factor that is never negative and has a mean of at most 1 where the statement
//! is true, whatever the distribution of the scores. So the stake seldom grows: with a probability of at most `r` it
//! ever reaches `1/r` (Ville's inequality), at any time of stopping. The criterion is met when the bets against the
//! floor reach `1/wrongly_passed`, not met when those against the target reach `1/wrongly_blocked`.
//!
//! Each bet is an interpolated likelihood ratio: at a score `x` between 0 and 1, of an alternative mean `a` to the
//! statement's mean `m`, the factor is `x·a/m + (1−x)·(1−a)/(1−m)`. For 0/1 scores it is the likelihood ratio itself.
//! It is the capital process of Waudby-Smith and Ramdas, *Estimating means of bounded random variables by betting*
//! (Journal of the Royal Statistical Society B, 2024; arXiv 2010.09686), with bets that are fixed beforehand.

use alloc::vec::Vec;

use crate::design::Claim;
use crate::interval::Interval;
use crate::product::Product;
use crate::walk::Walk;

/// How the stake is spread over the alternatives.
const STAKES: [f64; 3] = [0.6, 0.2, 0.2];

/// The alternatives of the bets against the floor.
fn above(target: f64) -> [f64; 3] {
    [target, 0.5 * (1.0 + target), 1.0]
}

/// The alternatives of the bets against the target.
pub(crate) fn below(floor: f64) -> [f64; 3] {
    [floor, 0.75 * floor, 0.375 * floor]
}

/// By what a bet on the mean `alternative` against the mean `mean` multiplies its stake at a score `x` in [0, 1].
#[must_use]
pub fn factor(x: f64, mean: f64, alternative: f64) -> f64 {
    x * alternative / mean + (1.0 - x) * (1.0 - alternative) / (1.0 - mean)
}

/// Bets against one mean.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Bets {
    mean: f64,
    alternatives: [f64; 3],
    stakes: [Product; 3],
}

impl Bets {
    fn new(mean: f64, alternatives: [f64; 3]) -> Self {
        Self { mean, alternatives, stakes: STAKES.map(Product::new) }
    }

    fn hear(&mut self, x: f64) {
        for (stake, alternative) in self.stakes.iter_mut().zip(self.alternatives) {
            *stake = stake.times(factor(x, self.mean, alternative));
        }
    }

    fn sum(&self) -> Product {
        self.stakes[0].plus(self.stakes[1]).plus(self.stakes[2])
    }
}

/// The evidence for and against a mean, as scores are heard.
#[derive(Clone, PartialEq, Debug)]
pub struct MixtureBet {
    against_floor: Bets,
    against_target: Bets,
    pass_limit: f64,
    fail_limit: f64,
    heard: u32,
    passed_at: Option<u32>,
    failed_at: Option<u32>,
}

impl MixtureBet {
    /// Before the first score.
    #[must_use]
    pub fn new(claim: &Claim) -> Self {
        Self {
            against_floor: Bets::new(claim.floor(), above(claim.target())),
            against_target: Bets::new(claim.target(), below(claim.floor())),
            pass_limit: 1.0 / claim.wrongly_passed(),
            fail_limit: 1.0 / claim.wrongly_blocked(),
            heard: 0,
            passed_at: None,
            failed_at: None,
        }
    }

    /// One more score, in [0, 1]; one outside is read as the nearer end.
    pub fn hear(&mut self, score: f64) {
        let score = score.clamp(0.0, 1.0);
        self.heard += 1;
        self.against_floor.hear(score);
        self.against_target.hear(score);
        if self.passed_at.is_none() && self.excludes_floor() {
            self.passed_at = Some(self.heard);
        }
        if self.failed_at.is_none() && self.excludes_target() {
            self.failed_at = Some(self.heard);
        }
    }

    /// Whether the bets against the floor stand at their limit now.
    #[must_use]
    pub fn excludes_floor(&self) -> bool {
        self.against_floor.sum().at_least(self.pass_limit)
    }

    /// Whether the bets against the target stand at their limit now.
    #[must_use]
    pub fn excludes_target(&self) -> bool {
        self.against_target.sum().at_least(self.fail_limit)
    }

    /// Whether the evidence against the floor is no weaker than that against the target.
    #[must_use]
    pub fn leans_to_target(&self) -> bool {
        self.against_floor.sum() >= self.against_target.sum()
    }

    /// Scores heard.
    #[must_use]
    pub fn heard(&self) -> u32 {
        self.heard
    }

    /// The first number of scores after which the floor was excluded.
    #[must_use]
    pub fn passed_at(&self) -> Option<u32> {
        self.passed_at
    }

    /// The first number of scores after which the target was excluded.
    #[must_use]
    pub fn failed_at(&self) -> Option<u32> {
        self.failed_at
    }

    /// Scores until the floor stands excluded if all that follow are `score`; none when more than `calls_max` would be
    /// needed.
    #[must_use]
    pub fn calls_to_pass(&self, score: f64, calls_max: u32) -> Option<u32> {
        let mut ahead = self.clone();
        let excluded = |calls: &u32| {
            if *calls > 0 {
                ahead.hear(score);
            }
            ahead.excludes_floor()
        };
        (0..=calls_max).find(excluded)
    }

    /// ln of the evidence against the floor, for display.
    #[must_use]
    pub fn log_against_floor(&self) -> f64 {
        self.against_floor.sum().ln()
    }

    /// ln of the evidence against the target, for display.
    #[must_use]
    pub fn log_against_target(&self) -> f64 {
        self.against_target.sum().ln()
    }
}

/// What the test does with a version of a given level within a number of scores.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Outlook {
    /// The probability that it passes.
    pub pass: f64,
    /// The probability that it fails.
    pub fail: f64,
    /// The probability that it is still undecided after the last score.
    pub open: f64,
    /// The mean number of scores heard.
    pub calls_mean: f64,
}

/// The outlook within `calls_max` scores for a version whose scores are 0 or 1, with mean `mean`: exact, and the
/// dearest case of that mean, as graded scores vary less. For the plan of a criterion that may stay undecided.
#[must_use]
pub fn outlook(claim: &Claim, calls_max: u32, mean: f64) -> Outlook {
    let against_floor = Binary::new(claim.floor(), above(claim.target()), claim.wrongly_passed());
    let against_target = Binary::new(claim.target(), below(claim.floor()), claim.wrongly_blocked());
    let (mut pass, mut fail) = (Vec::new(), Vec::new());
    // More failures are less evidence against the floor and more against the target, more calls the reverse: so
    // neither boundary ever falls.
    let (mut pass_next, mut fail_at) = (0, 0);
    for n in 0..=calls_max {
        while pass_next <= n && against_floor.excluded(n, pass_next) {
            pass_next += 1;
        }
        while fail_at <= n && !against_target.excluded(n, fail_at) {
            fail_at += 1;
        }
        pass.push((pass_next as i32 - 1).min(fail_at as i32 - 1));
        fail.push(fail_at as i32);
    }
    let mut walk = Walk::new(mean, calls_max);
    let asked = walk.decide(&pass, &fail);
    let open = walk.open();
    // No call follows the last one.
    Outlook { pass: walk.pass, fail: walk.fail, open, calls_mean: asked - open }
}

/// Bets against one mean when all scores are 0 or 1: then the evidence is a function of two counts.
struct Binary {
    /// ln of the stake, of the factor of a pass, and of the factor of a failure.
    logs: [(f64, f64, f64); 3],
    log_limit: f64,
}

impl Binary {
    fn new(mean: f64, alternatives: [f64; 3], risk: f64) -> Self {
        let logs = core::array::from_fn(|bet| {
            let log_at = |score| libm::log(factor(score, mean, alternatives[bet]));
            (libm::log(STAKES[bet]), log_at(1.0), log_at(0.0))
        });
        Self { logs, log_limit: -libm::log(risk) }
    }

    fn excluded(&self, n: u32, failures: u32) -> bool {
        // A bet on a perfect version is lost with the first failure.
        let times = |count: u32, log: f64| if count == 0 { 0.0 } else { f64::from(count) * log };
        let sum = self
            .logs
            .iter()
            .map(|&(stake, pass, fail)| stake + times(n - failures, pass) + times(failures, fail))
            .fold(f64::NEG_INFINITY, crate::special::log_add);
        sum >= self.log_limit
    }
}

/// The confidence sequence of the same bets: the means that the scores so far do not exclude, from below at the
/// risk `wrongly_passed` and from above at `wrongly_blocked`. Valid at any time of stopping; the floor lies below
/// it whenever the bets against the floor stand at their limit, the target above it whenever those against the
/// target do.
///
/// The bet at a mean `m` keeps the alternatives of the claim. As a function of `m` it is convex in its logarithm, so
/// the means that it does not exclude are an interval.
#[must_use]
pub fn bounds(scores: &[f64], claim: &Claim) -> Interval {
    let counted = counted(scores);
    let not_excluded = |alternatives: [f64; 3], risk: f64| {
        interval_below(libm::log(1.0 / risk), |mean| log_evidence(&counted, mean, alternatives))
    };
    Interval {
        low: not_excluded(above(claim.target()), claim.wrongly_passed()).low,
        high: not_excluded(below(claim.floor()), claim.wrongly_blocked()).high,
    }
}

/// Equal scores together: most scorers give few different ones.
fn counted(scores: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<f64> = scores.iter().map(|score| score.clamp(0.0, 1.0)).collect();
    sorted.sort_by(f64::total_cmp);
    let mut counted: Vec<(f64, f64)> = Vec::new();
    for score in sorted {
        match counted.last_mut() {
            Some((last, count)) if *last == score => *count += 1.0,
            _ => counted.push((score, 1.0)),
        }
    }
    counted
}

fn log_evidence(counted: &[(f64, f64)], mean: f64, alternatives: [f64; 3]) -> f64 {
    let log_of = |alternative| -> f64 {
        counted.iter().map(|&(score, count)| count * libm::log(factor(score, mean, alternative))).sum()
    };
    alternatives
        .into_iter()
        .zip(STAKES)
        .map(|(alternative, stake)| libm::log(stake) + log_of(alternative))
        .fold(f64::NEG_INFINITY, crate::special::log_add)
}

/// Where a convex function on (0, 1) stays below a limit; the whole of [0, 1] where it never exceeds it, and the
/// place of its minimum where it always does.
fn interval_below(limit: f64, value: impl Fn(f64) -> f64) -> Interval {
    // Golden section, for the minimum.
    let golden = 0.5 * (libm::sqrt(5.0) - 1.0);
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..80 {
        let width = golden * (high - low);
        if value(high - width) <= value(low + width) {
            high = low + width;
        } else {
            low = high - width;
        }
    }
    let lowest = 0.5 * (low + high);
    if value(lowest) >= limit {
        return Interval { low: lowest, high: lowest };
    }
    let edge = |mut outside: f64| {
        let mut inside = lowest;
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if value(middle) < limit {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        outside
    };
    Interval { low: edge(0.0), high: edge(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn claim() -> Claim {
        Claim::new(0.9, 0.8, 0.05, 0.05).expect("in order")
    }

    fn heard(scores: &[f64]) -> MixtureBet {
        let mut bet = MixtureBet::new(&claim());
        scores.iter().for_each(|&score| bet.hear(score));
        bet
    }

    #[test]
    fn a_perfect_version_is_met_after_18_calls_and_a_dead_one_not_met_after_3() {
        assert_eq!(heard(&[1.0; 40]).passed_at(), Some(18));
        assert_eq!(heard(&[0.0; 40]).failed_at(), Some(3));
        assert_eq!((heard(&[1.0; 40]).failed_at(), heard(&[0.0; 40]).passed_at()), (None, None));
    }

    #[test]
    fn the_way_to_pass_is_counted_from_where_it_stands() {
        let bet = heard(&[1.0, 1.0, 0.0]);
        let way = bet.calls_to_pass(1.0, 200).expect("enough calls");
        let mut scores = [1.0; 203];
        scores[2] = 0.0;
        assert_eq!(heard(&scores).passed_at(), Some(3 + way));
        assert_eq!((bet.calls_to_pass(1.0, 5), bet.calls_to_pass(0.0, 200)), (None, None));
        assert_eq!(heard(&[1.0; 40]).calls_to_pass(1.0, 0), Some(0));
    }

    #[test]
    fn the_mean_factor_at_the_statements_mean_is_one() {
        for alternative in [0.1, 0.9, 1.0] {
            let mean = 0.8 * factor(1.0, 0.8, alternative) + 0.2 * factor(0.0, 0.8, alternative);
            assert!((mean - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn the_outlook_is_that_of_the_handbook_and_says_what_stays_undecided() {
        let long = |mean| outlook(&claim(), 1620, mean);
        // Of 20,000 simulated runs.
        for (mean, calls) in [(0.5, 8.6), (0.8, 72.9), (0.9, 81.2), (0.95, 35.4)] {
            assert!((long(mean).calls_mean / calls - 1.0).abs() < 0.02, "{mean}: {:?}", long(mean));
        }
        assert_eq!(long(1.0).calls_mean, 18.0);
        assert!(long(0.9).fail <= 0.05 && long(0.8).pass <= 0.05);
        let short = outlook(&claim(), 60, 0.85);
        assert!(short.open > 0.5 && (short.pass + short.fail + short.open - 1.0).abs() < 1e-12);
        let perfect = outlook(&claim(), 17, 1.0);
        assert_eq!((perfect.open, perfect.calls_mean), (1.0, 17.0));
    }

    #[test]
    fn without_a_score_no_mean_is_excluded() {
        assert_eq!(bounds(&[], &claim()), Interval::UNKNOWN);
    }

    proptest! {
        #[test]
        fn the_bounds_never_disagree_with_the_verdict(
            scores in prop::collection::vec(prop::sample::select(vec![0.0, 0.25, 0.5, 0.75, 0.9, 1.0]), 1..80),
        ) {
            let (bet, found) = (heard(&scores), bounds(&scores, &claim()));
            if bet.log_against_floor() >= libm::log(20.0) + 1e-9 {
                prop_assert!(found.low >= 0.8 - 1e-9 || found.high <= 0.8, "{found:?}");
            }
            if bet.log_against_target() >= libm::log(20.0) + 1e-9 {
                prop_assert!(found.high <= 0.9 + 1e-9 || found.low >= 0.9, "{found:?}");
            }
            prop_assert!(0.0 <= found.low && found.high <= 1.0);
        }

        #[test]
        fn a_missing_answer_heard_as_0_never_helps_to_pass(
            scores in prop::collection::vec(0.0_f64..=1.0, 1..60), lost in 0_usize..60,
        ) {
            let mut worse = scores.clone();
            let place = lost % scores.len();
            worse[place] = 0.0;
            let (all, less) = (heard(&scores), heard(&worse));
            if let Some(at) = less.passed_at() {
                prop_assert!(all.passed_at().is_some_and(|before| before <= at));
            }
        }
    }
}
