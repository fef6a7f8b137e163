//! A metric in [0, 1] against a target and a floor: bets against both.
//!
//! At any time of stopping a bet against a level that is true stands at 1/r with a probability of at most r, whatever
//! the distribution of the scores. So looking late, after the first round, keeps the risks too. Between the levels
//! the bets may never get there: then the criterion is undecided after its last trial, and the plan says so before.
//!
//! Scores are heard as millionths. The evidence is a product of fractions made by `+`, `×` and `÷` alone, which every
//! machine computes alike.

use gatewright_stat::betting::MixtureBet;

use super::{
    CALLS_MAX, Heard, Outcome, PlanProblem,
    bets::{self, Excluded},
    listener::Tally,
    rate::Levels,
};
use crate::{id::CriterionName, plan::Boundary, spec::Unit};

/// What decides criteria of this kind, with its number.
const METHOD: &str = "mixture bet 1";

/// The boundary, with nothing said before `first` trials.
pub(super) fn boundary(
    name: &CriterionName,
    levels: Levels,
    trials_max: u32,
    first: u32,
) -> Result<Boundary, PlanProblem> {
    levels.claim().map_err(|problem| PlanProblem::NoDesign { criterion: name.clone(), problem })?;
    let n_max = trials_max.max(first).max(1);
    if n_max > CALLS_MAX {
        let what = format!("the criterion `{name}`");
        return Err(PlanProblem::TooLong { what, calls: u64::from(n_max) });
    }
    let Levels { target, floor, risk } = levels;
    Ok(Boundary::Betting { method: METHOD.to_owned(), target, floor, risk, first, n_max })
}

/// The evidence on both paths, as scores are heard.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Evidence {
    /// What is missing has the score 0.
    on_pass: MixtureBet,
    /// What is missing has the score 1.
    on_fail: MixtureBet,
    first: u32,
    n_max: u32,
}

impl Evidence {
    /// Before the first score; none for another kind of boundary, or for levels that are none.
    pub(super) fn of(boundary: &Boundary) -> Option<Self> {
        let Boundary::Betting { target, floor, risk, first, n_max, .. } = boundary else { return None };
        let levels = Levels { target: *target, floor: *floor, risk: *risk };
        let bet = MixtureBet::new(&levels.claim().ok()?);
        Some(Self { on_pass: bet.clone(), on_fail: bet, first: *first, n_max: *n_max })
    }

    pub(super) fn hear(&mut self, heard: Heard) {
        let (on_pass, on_fail) = match heard {
            Heard::Score(score) => (score, score),
            Heard::Missing => (Unit::ZERO, Unit::ONE),
        };
        self.on_pass.hear(on_pass.as_f64());
        self.on_fail.hear(on_fail.as_f64());
    }

    /// What it says, on both paths.
    pub(super) fn decide(&self, tally: &mut Tally) -> Option<Outcome> {
        bets::decide(excluded(&self.on_pass), excluded(&self.on_fail), self.first, self.n_max, tally)
    }
}

fn excluded(bet: &MixtureBet) -> Option<Excluded> {
    Excluded::of(bet.excludes_floor(), bet.excludes_target(), bet.leans_to_target())
}
