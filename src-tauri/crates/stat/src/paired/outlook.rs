//! What the paired test does with two versions whose scores are 0 or 1, computed before any pair is heard.

use alloc::{vec, vec::Vec};

use super::{PairedBet, RISKED_MAX, sizes};
use crate::betting::Outlook;
use crate::special::log_add;

/// Pairs up to which the recursion is worth its time: about a tenth of a second.
const PAIRS_MAX: u32 = 3_000;
/// Ways that are less likely than this are left out: together they are less than a millionth.
const UNLIKELY: f64 = 1e-13;

/// The outlook within `pairs_max` pairs when the two versions differ on a share `differing` of the pairs and the
/// candidate's mean is `mean` above the live one's (below, if negative). Exact for 0/1 scores and a test that may end at
/// any pair, but for ways less likely than a millionth together. None beyond 3,000 pairs, and for numbers that
/// contradict each other.
#[must_use]
pub fn outlook(
    margin: f64,
    wrongly_blocked: f64,
    wrongly_passed: f64,
    pairs_max: u32,
    differing: f64,
    mean: f64,
) -> Option<Outlook> {
    PairedBet::new(margin, wrongly_blocked, wrongly_passed)?;
    let (better, worse) = (0.5 * (differing + mean), 0.5 * (differing - mean));
    // Half a hair below 0 by rounding is 0.
    let (better, worse) = (if better > -1e-12 { better.max(0.0) } else { better }, worse.max(0.0));
    if pairs_max > PAIRS_MAX || better < 0.0 || better + worse > 1.0 {
        return None;
    }
    let counts = Counts::new(margin, wrongly_blocked, wrongly_passed, pairs_max);
    Some(counts.walk(pairs_max, better, worse))
}

/// Boundaries when all differences are −1, 0 or 1: then the evidence is a function of how many are which.
struct Counts {
    /// ln of the factors of the bets against "worse by the margin": at a worse, an equal and a better pair.
    not_worse: [[f64; 3]; 5],
    log_pass: f64,
    /// By better pairs: worse ones from which on it fails.
    fail_from: Vec<u32>,
}

impl Counts {
    fn new(margin: f64, wrongly_blocked: f64, wrongly_passed: f64, pairs_max: u32) -> Self {
        let not_worse = sizes(margin, 1.0 - margin)
            .map(|size| [-1.0, 0.0, 1.0].map(|difference| libm::log1p(size * (difference + margin))));
        let failing = sizes(margin, 1.0).map(|size| (libm::log1p(size), libm::log1p(-size.min(RISKED_MAX))));
        let limit = -libm::log(wrongly_blocked);
        let mut fail_from = Vec::new();
        let mut from = 0;
        for better in 0..=pairs_max {
            // More better pairs are less evidence: the boundary never falls.
            let stands = |worse: u32| {
                let bets = failing.map(|(down, up)| f64::from(worse) * down + f64::from(better) * up);
                log_mean(bets) >= limit
            };
            while from <= pairs_max && !stands(from) {
                from += 1;
            }
            fail_from.push(from);
        }
        Self { not_worse, log_pass: -libm::log(wrongly_passed), fail_from }
    }

    fn passes(&self, pairs: u32, better: u32, worse: u32) -> bool {
        let equal = f64::from(pairs - better - worse);
        let (better, worse) = (f64::from(better), f64::from(worse));
        let bets = self.not_worse.map(|[down, same, up]| worse * down + equal * same + better * up);
        log_mean(bets) >= self.log_pass
    }

    fn walk(&self, pairs_max: u32, better: f64, worse: f64) -> Outlook {
        let equal = 1.0 - better - worse;
        let mut found = Outlook { pass: 0.0, fail: 0.0, open: 0.0, calls_mean: 0.0 };
        // By better pairs, then by worse ones: the probability of being there, undecided.
        let mut open: Vec<Vec<f64>> = vec![vec![1.0]];
        // By better pairs: worse ones up to which it passes, of the last pair. They grow with every pair.
        let mut pass_below: Vec<u32> = vec![0; pairs_max as usize + 2];
        for pairs in 1..=pairs_max {
            found.calls_mean += open.iter().flatten().sum::<f64>();
            let mut next: Vec<Vec<f64>> = vec![Vec::new(); open.len() + 1];
            for (ups, row) in open.iter().enumerate() {
                for (downs, &chance) in row.iter().enumerate().filter(|(_, chance)| **chance > UNLIKELY) {
                    for (ups, downs, share) in
                        [(ups, downs, equal), (ups + 1, downs, better), (ups, downs + 1, worse)]
                    {
                        add(&mut next[ups], downs, chance * share);
                    }
                }
            }
            for (ups, row) in next.iter_mut().enumerate() {
                let better = ups as u32;
                let below = &mut pass_below[ups];
                while *below + better <= pairs && self.passes(pairs, better, *below) {
                    *below += 1;
                }
                let fail_from = self.fail_from[ups.min(pairs_max as usize)];
                for (downs, chance) in row.iter_mut().enumerate() {
                    if (downs as u32) < *below {
                        found.pass += core::mem::take(chance);
                    } else if downs as u32 >= fail_from {
                        found.fail += core::mem::take(chance);
                    }
                }
                let live = row.iter().rposition(|chance| *chance > UNLIKELY).map_or(0, |last| last + 1);
                row.truncate(live);
            }
            let live = next.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
            next.truncate(live);
            open = next;
        }
        found.open = open.iter().flatten().sum();
        found
    }
}

fn add(row: &mut Vec<f64>, place: usize, chance: f64) {
    if chance > 0.0 {
        if row.len() <= place {
            row.resize(place + 1, 0.0);
        }
        row[place] += chance;
    }
}

/// ln of the mean of the stakes with these logarithms.
fn log_mean(bets: [f64; 5]) -> f64 {
    bets.into_iter().fold(f64::NEG_INFINITY, log_add) - libm::log(5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outlook_keeps_both_risks_and_is_that_of_the_bets() {
        let pairs = 3 * crate::paired::pairs_fixed(0.1, 0.05, 0.05, 0.2).expect("in range");
        let of = |mean: f64| outlook(0.1, 0.05, 0.05, pairs, 0.2, mean).expect("in range");
        let (equal, worse) = (of(0.0), of(-0.1));
        assert!(equal.fail <= 0.05 && equal.pass > 0.9, "{equal:?}");
        assert!(worse.pass <= 0.05 && worse.fail > 0.9, "{worse:?}");
        for found in [equal, worse] {
            assert!((found.pass + found.fail + found.open - 1.0).abs() < 1e-6, "{found:?}");
            // Of the fixed design, two thirds to nine tenths, and half to two thirds.
            assert!(found.calls_mean < f64::from(pairs) / 3.0, "{found:?}");
        }
        let never = outlook(0.1, 0.05, 0.05, pairs, 0.0, 0.0).expect("in range");
        let bet = PairedBet::new(0.1, 0.05, 0.05).expect("in range");
        let way = bet.pairs_to_pass(0.0, pairs).map(f64::from);
        assert_eq!((Some(never.calls_mean), never.pass), (way, 1.0));
    }

    #[test]
    fn numbers_that_contradict_each_other_have_no_outlook() {
        assert!(outlook(0.1, 0.05, 0.05, 100, 0.05, -0.1).is_none());
        assert!(outlook(0.1, 0.05, 0.05, PAIRS_MAX + 1, 0.2, 0.0).is_none());
        assert!(outlook(0.0, 0.05, 0.05, 100, 0.2, 0.0).is_none());
    }
}
