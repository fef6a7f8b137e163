//! The search for a corridor: backward induction over the relative regret.
//!
//! For weights `u` and `v` of the two errors, the test that minimises
//! `Σⱼ gⱼ E[calls at pⱼ] + u P(fail at target) + v P(pass at floor)` follows from the last call backwards: at each
//! point stop is worth the smaller weighted error, go on costs one call and the mean of the two points after it.
//! The levels `pⱼ` span broken, faulty, middling, good and perfect versions; `gⱼ` is one over the fewest calls
//! that any test could ask there, so that the sum counts calls relative to what is possible. `u` and `v` are moved
//! until both risks come out just within what is allowed; of all proposals that do, the cheapest is taken.
//!
//! All likelihoods are relative to a level midway between floor and target. Points where stopping costs less than
//! the next call alone are not looked at: they lie outside a band that is an interval, as a sum of exponentials
//! is convex.

use alloc::vec;
use alloc::vec::Vec;

use super::{Certificate, undecided};
use crate::design::{self, Claim};
use crate::walk::{Corridor, Walk};

/// The ascent in the logarithms of both weights: its steps, the first one, and by how much each is shorter than the
/// last.
const ASCENT_STEPS: u32 = 40;
const ASCENT_FIRST: f64 = 1.5;
const ASCENT_SHRINK: f64 = 0.9;

/// A square of proposals around the end of the ascent, from a little below it.
struct Grid {
    side: u32,
    step: f64,
}
const GRID_START: f64 = -0.05;
/// Short corridors move in coarse steps, so that many proposals differ in what they waste.
const SHORT: Grid = Grid { side: 14, step: 0.025 };
/// Long ones are almost continuous, and each proposal takes longer.
const LONG: Grid = Grid { side: 4, step: 0.02 };
const LONG_CALLS_MIN: u32 = 3_000;

/// The cheapest corridor found that keeps both risks; none when no proposal did.
pub(super) fn best(claim: &Claim, calls_max: u32, first_boundary: u32) -> Option<Corridor> {
    let mut search = Search::new(claim, calls_max, first_boundary);
    let (mut log_u, mut log_v) = (libm::log(100.0), libm::log(100.0));
    let mut stride = ASCENT_FIRST;
    for _ in 0..ASCENT_STEPS {
        let found = search.propose(log_u, log_v);
        let pull = |risk: f64, allowed: f64| libm::log(risk.max(1e-9) / allowed).clamp(-1.0, 1.0);
        log_u += stride * pull(found.wrongly_blocked, claim.wrongly_blocked());
        log_v += stride * pull(found.wrongly_passed, claim.wrongly_passed());
        stride *= ASCENT_SHRINK;
    }
    let grid = if calls_max < LONG_CALLS_MIN { SHORT } else { LONG };
    let offset = |step: u32| GRID_START + grid.step * f64::from(step);
    for row in 0..grid.side {
        for column in 0..grid.side {
            search.propose(log_u + offset(row), log_v + offset(column));
        }
    }
    search.into_best()
}

/// A level at which calls are counted.
struct Level {
    weight: f64,
    /// ln of the likelihood ratio to the reference, for a pass and for a failure.
    log_pass: f64,
    log_fail: f64,
    /// By how much one more failure in place of a pass multiplies the likelihood, and the inverse.
    up: f64,
    down: f64,
    start: Walk,
}

struct Search<'a> {
    claim: &'a Claim,
    /// Floor and target first: their likelihoods weigh the errors.
    levels: Vec<Level>,
    /// The level of a perfect version, whose likelihood is that of a path without failure.
    perfect: (f64, Walk),
    reference: f64,
    calls_max: usize,
    first_boundary: usize,
    /// The proposal at hand, by calls.
    pass: Vec<i32>,
    fail: Vec<i32>,
    /// The values of the row after the one at hand and of the one at hand, by failures.
    next: Row,
    row: Row,
    walk: Walk,
    best: Option<(f64, Vec<i32>, Vec<i32>)>,
}

/// What is known of a row: the values of failures `start..start + value.len()`.
#[derive(Default)]
struct Row {
    start: usize,
    value: Vec<f64>,
}

impl Row {
    fn get(&self, failures: usize) -> Option<f64> {
        failures.checked_sub(self.start).and_then(|place| self.value.get(place)).copied()
    }
}

const FLOOR: usize = 0;
const TARGET: usize = 1;

impl<'a> Search<'a> {
    fn new(claim: &'a Claim, calls_max: u32, first_boundary: u32) -> Self {
        let (floor, target) = (claim.floor(), claim.target());
        let reference = 0.5 * (floor + target);
        let weight =
            |p: f64, share: f64| share / design::calls_mean_min(p, claim).max(f64::from(first_boundary));
        let [broken, poor] = if floor >= 0.7 {
            [0.5, 0.7]
        } else if floor > 0.4 {
            [floor - 0.3, floor - 0.1]
        } else {
            [0.25 * floor, 0.75 * floor]
        };
        let good = 0.5 * (1.0 + target);
        let levels = [(floor, 1.0), (target, 1.0), (broken, 0.5), (poor, 0.5), (reference, 1.0), (good, 1.0)]
            .map(|(p, share)| Level {
                weight: weight(p, share),
                log_pass: libm::log(p / reference),
                log_fail: libm::log((1.0 - p) / (1.0 - reference)),
                up: (1.0 - p) / (1.0 - reference) * reference / p,
                down: (1.0 - reference) / (1.0 - p) * p / reference,
                start: undecided(p, first_boundary, calls_max),
            });
        let start = undecided(1.0, first_boundary, calls_max);
        Self {
            claim,
            levels: levels.into(),
            perfect: (weight(1.0, 1.0), start.clone()),
            reference,
            calls_max: calls_max as usize,
            first_boundary: first_boundary as usize,
            pass: vec![-1; calls_max as usize + 1],
            fail: (1..=calls_max as i32 + 1).collect(),
            next: Row::default(),
            row: Row::default(),
            walk: start,
            best: None,
        }
    }

    /// Makes the corridor for two weights, keeps it when it is the best so far, and says its risks.
    fn propose(&mut self, log_u: f64, log_v: f64) -> Certificate {
        self.induce(log_u, log_v);
        let mut run = |start: &Walk| {
            self.walk.restart(start);
            let calls = self.walk.decide(&self.pass, &self.fail);
            (self.walk.pass, self.walk.fail, calls)
        };
        let at_floor = run(&self.levels[FLOOR].start);
        let at_target = run(&self.levels[TARGET].start);
        let certificate = Certificate { wrongly_blocked: at_target.1, wrongly_passed: at_floor.0 };
        if certificate.keeps(self.claim) {
            let mut cost = self.levels[FLOOR].weight * at_floor.2 + self.levels[TARGET].weight * at_target.2;
            for level in &self.levels[2..] {
                cost += level.weight * run(&level.start).2;
            }
            cost += self.perfect.0 * run(&self.perfect.1).2;
            if self.best.as_ref().is_none_or(|best| cost < best.0) {
                self.best = Some((cost, self.pass.clone(), self.fail.clone()));
            }
        }
        certificate
    }

    fn into_best(self) -> Option<Corridor> {
        let (_, pass, fail) = self.best?;
        Corridor::new(pass, fail).ok()
    }

    /// Backward induction: fills the two boundaries.
    fn induce(&mut self, log_u: f64, log_v: f64) {
        let (u, v) = (libm::exp(log_u), libm::exp(log_v));
        let (floor, target) = (&self.levels[FLOOR], &self.levels[TARGET]);
        // Up to this count of failures to pass is the smaller error.
        let tilt = (floor.log_fail - floor.log_pass) - (target.log_fail - target.log_pass);
        let drift = target.log_pass - floor.log_pass;
        let cut = |n: usize| {
            let line = libm::floor((log_u - log_v + n as f64 * drift) / tilt);
            line.clamp(-1.0, n as f64) as i32
        };
        let last = cut(self.calls_max);
        (self.pass[self.calls_max], self.fail[self.calls_max]) = (last, last + 1);
        self.next.value.clear();
        for n in (self.first_boundary..self.calls_max).rev() {
            self.induce_row(n, cut(n), u, v);
            core::mem::swap(&mut self.row, &mut self.next);
        }
    }

    /// One row: from the cut to both sides, as far as the next call alone costs less than to stop.
    fn induce_row(&mut self, n: usize, cut: i32, u: f64, v: f64) {
        let middle = cut.max(0) as usize;
        let mut at_middle = [0.0; 6];
        for (likelihood, level) in at_middle.iter_mut().zip(&self.levels) {
            *likelihood = libm::exp((n - middle) as f64 * level.log_pass + middle as f64 * level.log_fail);
        }
        let perfect = self.perfect.0 * libm::exp(-(n as f64) * libm::log(self.reference));
        self.row.value.clear();
        let (mut pass, mut fail) = (-1, n as i32 + 1);
        // Downwards, then turned round, then upwards.
        let mut likelihood = at_middle;
        let mut failures = middle;
        while let Some(cell) = self.cell(failures, cut, &likelihood, perfect, u, v) {
            self.row.value.push(cell.value);
            if cell.stop && pass < 0 && failures as i32 <= cut {
                pass = failures as i32;
            }
            if failures == 0 {
                break;
            }
            failures -= 1;
            likelihood.iter_mut().zip(&self.levels).for_each(|(value, level)| *value *= level.down);
        }
        let below = middle as i32 - self.row.value.len() as i32;
        self.row.value.reverse();
        self.row.start = (below + 1).max(0) as usize;
        if pass < 0 {
            pass = below.min(cut);
        }
        likelihood = at_middle;
        for failures in middle + 1..=n {
            likelihood.iter_mut().zip(&self.levels).for_each(|(value, level)| *value *= level.up);
            let Some(cell) = self.cell(failures, cut, &likelihood, perfect, u, v) else {
                fail = fail.min(failures as i32);
                break;
            };
            self.row.value.push(cell.value);
            if cell.stop {
                fail = fail.min(failures as i32);
            }
        }
        (self.pass[n], self.fail[n]) = (pass, fail);
    }

    /// The value of a point, and whether to stop there; none where the next call alone costs more than to stop.
    fn cell(
        &self,
        failures: usize,
        cut: i32,
        likelihood: &[f64; 6],
        perfect: f64,
        u: f64,
        v: f64,
    ) -> Option<Cell> {
        let stop = if failures as i32 <= cut { v * likelihood[FLOOR] } else { u * likelihood[TARGET] };
        let mut go_on = if failures == 0 { perfect } else { 0.0 };
        for (value, level) in likelihood.iter().zip(&self.levels) {
            go_on += level.weight * value;
        }
        if go_on >= stop {
            return None;
        }
        let r = self.reference;
        let (floor, target) = (self.claim.floor(), self.claim.target());
        let stopped = |at_floor: f64, at_target: f64| {
            (v * likelihood[FLOOR] * at_floor).min(u * likelihood[TARGET] * at_target)
        };
        let passed = self.next.get(failures).unwrap_or_else(|| stopped(floor / r, target / r));
        let failed = self
            .next
            .get(failures + 1)
            .unwrap_or_else(|| stopped((1.0 - floor) / (1.0 - r), (1.0 - target) / (1.0 - r)));
        go_on += r * passed + (1.0 - r) * failed;
        Some(Cell { value: stop.min(go_on), stop: stop <= go_on })
    }
}

struct Cell {
    value: f64,
    stop: bool,
}
