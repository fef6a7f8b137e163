//! Not worse than the live version by more than a margin: evidence from differences on the same cases.
//!
//! `d` is the candidate's score less the live version's on one case, in [−1, 1]. One set of bets is against "the
//! candidate is worse by the margin or more" (E d ≤ −margin), the other against "it is as good or better"
//! (E d ≥ 0). As in [`crate::betting`], a stake reaches `1/r` with a probability of at most `r` where its statement is
//! true. The size of a bet suits a share ψ of cases on which the two differ; as ψ is unknown, several are laid.

mod outlook;

use alloc::vec::Vec;

use crate::interval::Interval;
use crate::product::Product;
use crate::special::{log_add, normal_quantile};

pub use outlook::outlook;

/// The shares of differing cases that the bets suit.
const DIFFERING: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.4];
/// Pairs of a sequential test, for each that a fixed test would need.
pub const PAIRS_FACTOR: u32 = 3;
/// A bet never risks more than this part of its stake on one case.
const RISKED_MAX: f64 = 0.95;

/// The bet sizes for one statement: near the best one for each share, capped so that the worst difference, a loss
/// of `loss_max`, leaves part of the stake.
fn sizes(margin: f64, loss_max: f64) -> [f64; 5] {
    DIFFERING.map(|share| (margin / (share + margin * margin)).min(RISKED_MAX / loss_max))
}

/// The pairs that a fixed test would need, by the normal approximation: (z + z)² · differing / margin², for a share
/// `differing` of cases on which the two versions differ. A sequential test may be given [`PAIRS_FACTOR`] times
/// as many; beyond that it is undecided. Risks in (0, ½); none when a number is out of range.
#[must_use]
pub fn pairs_fixed(margin: f64, wrongly_blocked: f64, wrongly_passed: f64, differing: f64) -> Option<u32> {
    let risk = |value: f64| 0.0 < value && value < 0.5;
    let sizes = 0.0 < margin && margin < 1.0 && 0.0 < differing && differing <= 1.0;
    if !(sizes && risk(wrongly_blocked) && risk(wrongly_passed)) {
        return None;
    }
    let z = normal_quantile(1.0 - wrongly_blocked) + normal_quantile(1.0 - wrongly_passed);
    let pairs = libm::ceil(z * z * differing / (margin * margin));
    (pairs < f64::from(u32::MAX)).then_some(pairs as u32)
}

/// The stake after one difference, for a bet of this size on the candidate being worse by less than `margin`:
/// the factor `1 + size · (d + margin)`. Valid while `size ≤ 1 / (1 − margin)`.
#[must_use]
pub fn factor(difference: f64, margin: f64, size: f64) -> f64 {
    1.0 + size * (difference + margin)
}

/// The differences that the pairs so far do not exclude: from below at the risk `wrongly_passed`, from above at
/// `wrongly_blocked`. `lows` are the differences with what is unknown taken against the candidate, `highs` with it taken
/// for the candidate. Valid at any time of stopping (a confidence sequence: each level has bets of its own, of the sizes
/// that [`PairedBet`] lays for this margin). −margin lies below it exactly when the bets against "worse by the margin"
/// stand at their limit, and 0 above it exactly when those against "as good or better" do.
///
/// The factor of a bet against "E d ≤ m" falls as `m` grows, also where its size is capped by `m`; so the levels that
/// are not excluded are an interval. Halving finds its ends to 1e-12, outwards.
#[must_use]
pub fn bounds(
    lows: &[f64],
    highs: &[f64],
    margin: f64,
    wrongly_blocked: f64,
    wrongly_passed: f64,
) -> Interval {
    let worse = |level: f64| {
        let bets = sizes(margin, 1.0 + level);
        log_mean(bets, lows, |size, difference| size * (difference - level)) >= -libm::log(wrongly_passed)
    };
    let better = |level: f64| {
        let bets = sizes(margin, 1.0 - level);
        log_mean(bets, highs, |size, difference| size * (level - difference)) >= -libm::log(wrongly_blocked)
    };
    Interval { low: edge(-1.0, 1.0, worse), high: edge(1.0, -1.0, better) }
}

/// ln of the mean over the bets of the product of `1 + gain`.
fn log_mean(bets: [f64; 5], differences: &[f64], gain: impl Fn(f64, f64) -> f64) -> f64 {
    let log_of = |size: f64| -> f64 {
        differences.iter().map(|&difference| libm::log1p(gain(size, difference.clamp(-1.0, 1.0)))).sum()
    };
    let share = libm::log(1.0 / DIFFERING.len() as f64);
    bets.into_iter().map(|size| share + log_of(size)).fold(f64::NEG_INFINITY, log_add)
}

/// The last level from `out` towards `inside` that is excluded; `out` itself when none is.
fn edge(mut out: f64, mut inside: f64, excluded: impl Fn(f64) -> bool) -> f64 {
    // At the ends of the range a bet may risk all, and nothing is said of them.
    for _ in 0..60 {
        let middle = 0.5 * (out + inside);
        if excluded(middle) {
            out = middle;
        } else {
            inside = middle;
        }
    }
    out
}

/// The evidence for and against "not worse by more than the margin", as pairs are heard.
#[derive(Clone, PartialEq, Debug)]
pub struct PairedBet {
    margin: f64,
    pass_limit: f64,
    fail_limit: f64,
    not_worse: [(f64, Product); 5],
    not_as_good: [(f64, Product); 5],
    heard: u32,
    passed_at: Option<u32>,
    failed_at: Option<u32>,
}

impl PairedBet {
    /// Before the first pair. `margin` and both risks in (0, 1); none outside.
    #[must_use]
    pub fn new(margin: f64, wrongly_blocked: f64, wrongly_passed: f64) -> Option<Self> {
        let open = |value: f64| 0.0 < value && value < 1.0;
        if !(open(margin) && open(wrongly_blocked) && open(wrongly_passed)) {
            return None;
        }
        let staked = |size| (size, Product::new(1.0 / DIFFERING.len() as f64));
        Some(Self {
            margin,
            pass_limit: 1.0 / wrongly_passed,
            fail_limit: 1.0 / wrongly_blocked,
            // d + margin falls to margin − 1; −d falls to −1.
            not_worse: sizes(margin, 1.0 - margin).map(staked),
            not_as_good: sizes(margin, 1.0).map(staked),
            heard: 0,
            passed_at: None,
            failed_at: None,
        })
    }

    /// One more pair: candidate less live, in [−1, 1]; outside is read as the nearer end.
    pub fn hear(&mut self, difference: f64) {
        let difference = difference.clamp(-1.0, 1.0);
        self.heard += 1;
        for (size, stake) in &mut self.not_worse {
            *stake = stake.times(factor(difference, self.margin, *size));
        }
        for (size, stake) in &mut self.not_as_good {
            *stake = stake.times(1.0 - *size * difference);
        }
        if self.passed_at.is_none() && self.excludes_worse() {
            self.passed_at = Some(self.heard);
        }
        if self.failed_at.is_none() && self.excludes_as_good() {
            self.failed_at = Some(self.heard);
        }
    }

    /// Whether the bets against "worse by the margin" stand at their limit now.
    #[must_use]
    pub fn excludes_worse(&self) -> bool {
        sum(&self.not_worse).at_least(self.pass_limit)
    }

    /// Whether the bets against "as good or better" stand at their limit now.
    #[must_use]
    pub fn excludes_as_good(&self) -> bool {
        sum(&self.not_as_good).at_least(self.fail_limit)
    }

    /// Whether the evidence against "worse by the margin" is no weaker than that against "as good or better".
    #[must_use]
    pub fn leans_to_as_good(&self) -> bool {
        sum(&self.not_worse) >= sum(&self.not_as_good)
    }

    /// Pairs heard.
    #[must_use]
    pub fn heard(&self) -> u32 {
        self.heard
    }

    /// The first number of pairs after which "worse by the margin" was excluded.
    #[must_use]
    pub fn passed_at(&self) -> Option<u32> {
        self.passed_at
    }

    /// The first number of pairs after which "as good or better" was excluded.
    #[must_use]
    pub fn failed_at(&self) -> Option<u32> {
        self.failed_at
    }

    /// Pairs until "worse by the margin" stands excluded if all that follow differ by `difference`; none when more
    /// than `pairs_max` would be needed. Found by powers of the factors, so it may be off by one where the stake comes
    /// within a rounding of its limit.
    #[must_use]
    pub fn pairs_to_pass(&self, difference: f64, pairs_max: u32) -> Option<u32> {
        if self.excludes_worse() {
            return Some(0);
        }
        // Every factor is at least 1, or none is: so the stake only grows, or only falls.
        let mut power = self.not_worse.map(|(size, _)| Product::new(factor(difference, self.margin, size)));
        let mut powers = Vec::new();
        for bit in 0..u32::BITS - pairs_max.leading_zeros() {
            powers.push((1_u32 << bit, power));
            power = power.map(|factor| factor.by(factor));
        }
        // The most pairs that are not enough.
        let (mut stakes, mut few) = (self.not_worse.map(|(_, stake)| stake), 0_u32);
        for (pairs, power) in powers.into_iter().rev().filter(|(pairs, _)| *pairs <= pairs_max) {
            let mut more = stakes;
            more.iter_mut().zip(power).for_each(|(stake, factor)| *stake = stake.by(factor));
            let enough = more.iter().fold(Product::new(0.0), |sum, stake| sum.plus(*stake));
            if few.saturating_add(pairs) <= pairs_max && !enough.at_least(self.pass_limit) {
                (stakes, few) = (more, few + pairs);
            }
        }
        (few < pairs_max).then_some(few + 1)
    }

    /// ln of the evidence against "worse by the margin", for display.
    #[must_use]
    pub fn log_not_worse(&self) -> f64 {
        sum(&self.not_worse).ln()
    }

    /// ln of the evidence against "as good or better", for display.
    #[must_use]
    pub fn log_not_as_good(&self) -> f64 {
        sum(&self.not_as_good).ln()
    }
}

fn sum(bets: &[(f64, Product); 5]) -> Product {
    bets.iter().fold(Product::new(0.0), |sum, (_, stake)| sum.plus(*stake))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn heard(margin: f64, differences: &[f64]) -> PairedBet {
        let mut bet = PairedBet::new(margin, 0.05, 0.05).expect("in order");
        differences.iter().for_each(|&difference| bet.hear(difference));
        bet
    }

    #[test]
    fn two_equal_versions_are_told_to_be_so_and_a_collapse_is_seen_at_once() {
        let equal = heard(0.1, &[0.0; 100]);
        assert!(equal.passed_at().is_some_and(|at| at < 40) && equal.failed_at().is_none());
        let collapse = heard(0.1, &[-1.0; 20]);
        assert!(collapse.failed_at().is_some_and(|at| at <= 8) && collapse.passed_at().is_none());
    }

    #[test]
    fn the_pairs_are_planned_by_the_share_that_differs() {
        // (1.645 + 1.645)² · 0.2 / 0.05² = 865.8
        assert_eq!(pairs_fixed(0.05, 0.05, 0.05, 0.2), Some(866));
        assert_eq!((pairs_fixed(0.0, 0.05, 0.05, 0.2), pairs_fixed(0.05, 0.05, 0.5, 0.2)), (None, None));
        let bet = PairedBet::new(0.1, 0.05, 0.05).expect("in order");
        let way = bet.pairs_to_pass(0.0, 500).expect("enough pairs");
        assert_eq!(heard(0.1, &[0.0; 100]).passed_at(), Some(way));
        assert_eq!(bet.pairs_to_pass(-1.0, 500), None);
    }

    #[test]
    fn a_margin_or_a_risk_out_of_range_is_refused() {
        for (margin, risk) in [(0.0, 0.05), (1.0, 0.05), (f64::NAN, 0.05), (0.1, 0.0), (0.1, 1.0)] {
            assert!(PairedBet::new(margin, risk, 0.05).is_none());
            assert!(PairedBet::new(margin, 0.05, risk).is_none());
        }
    }

    #[test]
    fn without_a_pair_no_difference_is_excluded() {
        assert_eq!(bounds(&[], &[], 0.1, 0.05, 0.05), Interval { low: -1.0, high: 1.0 });
        let found = bounds(&[0.0; 40], &[0.0; 40], 0.1, 0.05, 0.05);
        assert!(found.low > -0.1 && found.low < 0.0 && found.high > 0.0, "{found:?}");
    }

    proptest! {
        #[test]
        fn the_bounds_never_disagree_with_the_verdict(
            differences in prop::collection::vec(prop::sample::select(vec![-1.0, -0.5, 0.0, 0.25, 1.0]), 1..80),
            margin in 0.02_f64..0.5,
        ) {
            let (bet, found) = (heard(margin, &differences), bounds(&differences, &differences, margin, 0.05, 0.05));
            let limit = libm::log(20.0);
            if (bet.log_not_worse() - limit).abs() > 1e-9 {
                prop_assert_eq!(bet.log_not_worse() > limit, found.low >= -margin, "{:?}", found);
            }
            if (bet.log_not_as_good() - limit).abs() > 1e-9 {
                prop_assert_eq!(bet.log_not_as_good() > limit, found.high <= 0.0, "{:?}", found);
            }
            prop_assert!(-1.0 <= found.low && found.high <= 1.0);
        }

        /// The mean of a factor over two-point differences at the edge of its statement is 1, and none is negative.
        #[test]
        fn every_bet_is_fair_at_the_edge_and_keeps_a_stake(margin in 0.001_f64..0.999) {
            let (passing, failing) = (sizes(margin, 1.0 - margin), sizes(margin, 1.0));
            for size in passing {
                let down = factor(-1.0, margin, size);
                prop_assert!(down >= 0.04 && factor(1.0, margin, size) >= 1.0);
                // −1 with chance (1 + margin)/2, +1 else: the mean is −margin.
                let mean = 0.5 * (1.0 + margin) * down + 0.5 * (1.0 - margin) * factor(1.0, margin, size);
                prop_assert!((mean - 1.0).abs() < 1e-12);
            }
            for size in failing {
                prop_assert!(1.0 - size >= 0.04);
            }
        }
    }
}
