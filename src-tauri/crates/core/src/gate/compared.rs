//! What a comparison with the live version will cost and what it can tell apart, before it costs anything.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use gatewright_stat::{betting, paired};

use super::{
    Baseline,
    words::{self, Percent},
};
use crate::{
    plan::{Boundary, PlannedCriterion, RecordedMean},
    spec::{self, Risk, Rule, Unit},
};

/// Outlooks kept: the same question comes with every look at a spec.
const KEPT_MAX: usize = 64;

/// A question: margin, risks, pairs at most, and whether the candidate is worse by the margin.
type Question = (Unit, Risk, u32, bool);

/// The outlooks made last, by question.
static KEPT: Mutex<BTreeMap<Question, Option<betting::Outlook>>> = Mutex::new(BTreeMap::new());

/// How a criterion compares with the live version.
#[derive(Clone, PartialEq, Debug)]
pub struct Comparison {
    /// The drop that is too much.
    pub margin: Unit,
    /// By what.
    pub by: ComparedBy,
}

/// By what a candidate is compared with the live version.
#[derive(Clone, PartialEq, Debug)]
pub enum ComparedBy {
    /// Both are asked, case by case. The criterion's numbers are pairs.
    Pairs {
        /// The share of pairs on which the two are taken to differ, where a number depends on it.
        differing: Unit,
        /// The probability that it stays undecided, where nothing changed and where it dropped by the margin: exact for
        /// 0/1 scores and a test that may end at any pair. None where it would take too long to tell.
        undecided: Option<(f64, f64)>,
    },
    /// The live version cannot be asked: its recorded mean stands for it.
    Recorded {
        /// The mean with its levels.
        mean: RecordedMean,
        /// Cases that it is of.
        cases: u32,
    },
    /// No version is live, or the live one can neither be asked nor is recorded.
    Nothing,
}

/// Numbers of pairs: when the two never differ, on average where nothing changed, and where it dropped by the margin.
pub(super) struct Pairs {
    pub(super) if_none_differs: u32,
    pub(super) at_none: f64,
    pub(super) at_margin: f64,
    pub(super) comparison: Comparison,
}

/// The outlook of a criterion that compares; `baseline` is none where nobody knows what is live, and then the live
/// version is taken to be one that can be asked.
pub(super) fn of(planned: &PlannedCriterion, baseline: Option<&Baseline>) -> Option<Pairs> {
    let Rule::MaxDrop { margin, .. } = planned.rule else { return None };
    if let Some(mean) = &planned.recorded {
        let cases = u32::try_from(planned.cases.len()).unwrap_or(u32::MAX);
        let by = ComparedBy::Recorded { mean: mean.clone(), cases };
        let comparison = Comparison { margin, by };
        return Some(Pairs { if_none_differs: 0, at_none: 0.0, at_margin: 0.0, comparison });
    }
    let Boundary::Paired { risk, first, n_max, .. } = &planned.boundary else { return None };
    if baseline.is_some_and(|baseline| !matches!(baseline, Baseline::Asked(_))) {
        let comparison = Comparison { margin, by: ComparedBy::Nothing };
        return Some(Pairs { if_none_differs: 0, at_none: 0.0, at_margin: 0.0, comparison });
    }
    let bet =
        paired::PairedBet::new(margin.as_f64(), risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64());
    let perfect = bet.and_then(|bet| bet.pairs_to_pass(0.0, *n_max));
    let (none, dropped) = (kept((margin, *risk, *n_max, false)), kept((margin, *risk, *n_max, true)));
    let pairs = |found: Option<betting::Outlook>| {
        found.map_or(f64::from(*n_max), |found| found.calls_mean.max(f64::from(*first)))
    };
    let undecided = none.zip(dropped).map(|(none, dropped)| (none.open, dropped.open));
    let differing = spec::differing(margin);
    Some(Pairs {
        if_none_differs: perfect.unwrap_or(*n_max).max(*first),
        at_none: pairs(none),
        at_margin: pairs(dropped),
        comparison: Comparison { margin, by: ComparedBy::Pairs { differing, undecided } },
    })
}

fn kept(question: Question) -> Option<betting::Outlook> {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept().get(&question).copied();
    known.unwrap_or_else(|| {
        let (margin, risk, pairs_max, dropped) = question;
        let mean = if dropped { -margin.as_f64() } else { 0.0 };
        let (blocked, passed) = (risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64());
        let differing = spec::differing(margin).as_f64();
        let made = paired::outlook(margin.as_f64(), blocked, passed, pairs_max, differing, mean);
        let mut kept = kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(question, made);
        made
    })
}

/// A probability in 100; what rounds to nothing is not said to be none.
fn times(probability: f64) -> String {
    if probability < 0.000_05 { "less than 0.01".to_owned() } else { words::in_100(probability) }
}

/// What an author reads of it; `pairs` are those when the two never differ, and at most.
pub(super) fn sentence(name: &str, comparison: &Comparison, if_none_differs: u32, at_most: u32) -> String {
    let margin = Percent(comparison.margin);
    match &comparison.by {
        ComparedBy::Pairs { differing, undecided } => {
            let open = match undecided {
                Some((none, dropped)) => format!(
                    ": if they differ on {} of the cases, {} times in 100 where nothing changed and {} where it \
                     dropped by {margin}",
                    Percent(*differing),
                    times(*none),
                    times(*dropped)
                ),
                None => String::new(),
            };
            format!(
                "`{name}` asks the live version beside it, case by case: {} if the two never differ, up to {}, of two \
                 calls each; it tells a drop of {margin} from none, or stays undecided{open}.",
                words::plural(if_none_differs, "pair", "pairs"),
                words::count(at_most)
            )
        }
        ComparedBy::Recorded { mean, cases } => format!(
            "`{name}`: the live version cannot be asked, so its recorded mean over {} stands for it: that tells {} from \
             {} in up to {}. The mean's own error is not covered.",
            words::plural(*cases, "case", "cases"),
            Percent(mean.target),
            Percent(mean.floor),
            words::calls(at_most)
        ),
        ComparedBy::Nothing => format!(
            "`{name}` stays undecided: there is no live version that can be asked or is recorded. The first one goes \
             live by `gatewright promote ENVIRONMENT --bootstrap REASON --by NAME`."
        ),
    }
}
