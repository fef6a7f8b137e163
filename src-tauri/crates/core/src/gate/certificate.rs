//! The exact risks of a boundary, computed from its arrays alone: whoever made them, this is what they do.
//!
//! A plan is accepted only with its certificate, and one that was stored is checked the same way when it is read.

use gatewright_stat::{never, walk::Corridor};

use super::finite;
use crate::{
    plan::{Boundary, PlannedCriterion},
    spec::{Rule, Unit},
};

/// What a computed probability may be off by rounding, relative to itself: a recursion over n calls is off by less
/// than 4 n units of 2⁻⁵³.
const ROUNDING: f64 = 1e-10;

/// The exact risks of a boundary. They hold beyond the levels too: a better version fails no more often, a worse
/// one passes no more often.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Certificate {
    /// The probability that a version at the target is blocked; none of `never`, which declares no such risk.
    pub wrongly_blocked: Option<f64>,
    /// The probability that a version at the floor passes; of `never`, one with the failure rate, whichever of its
    /// answers go missing.
    pub wrongly_passed: f64,
}

impl Certificate {
    /// Computes it, with `+` and `×` alone (of a deterministic suite with `÷` too). None where no error rates are declared, and for arrays that are no
    /// boundary.
    #[must_use]
    pub fn of(planned: &PlannedCriterion) -> Option<Self> {
        match (&planned.boundary, &planned.rule) {
            (Boundary::Corridor { pass_at_failures_le, fail_at_failures_ge, .. }, _) => {
                let (target, floor, _) = planned.levels()?;
                let test = Corridor::new(pass_at_failures_le.clone(), fail_at_failures_ge.clone()).ok()?;
                Some(Self {
                    wrongly_blocked: Some(test.characteristics(target.as_f64()).fail),
                    wrongly_passed: test.characteristics(floor.as_f64()).pass,
                })
            }
            (Boundary::WithoutReplacement { .. }, Rule::Rate { .. }) => {
                let (suite, test) = finite::suite(&planned.boundary)?;
                let ends = |failing: u32| suite.characteristics(&test, failing);
                Some(Self {
                    wrongly_blocked: Some(ends(suite.failures_good()).fail),
                    wrongly_passed: ends(suite.failures_bad()).pass,
                })
            }
            (Boundary::FirstFailure { pass_at_missing_le }, Rule::Never { failure_rate, .. }) => Some(Self {
                wrongly_blocked: None,
                wrongly_passed: never::wrongly_passed(pass_at_missing_le, failure_rate.as_f64()),
            }),
            _ => None,
        }
    }

    /// Whether the risks stay within what a rule declares: of a rate even if rounding made them look smaller than
    /// they are. `never` may spend its risk to the last digit (1 in 4 is spent by two trials at 50 %), so there
    /// rounding counts for it.
    #[must_use]
    pub fn keeps(&self, rule: &Rule) -> bool {
        match rule {
            Rule::Rate { risk, .. } | Rule::MaxDrop { risk, .. } => {
                let within = |risk: f64, declared: Unit| risk * (1.0 + ROUNDING) <= declared.as_f64();
                self.wrongly_blocked.is_some_and(|found| within(found, risk.wrongly_blocked))
                    && within(self.wrongly_passed, risk.wrongly_passed)
            }
            Rule::Never { wrongly_passed, .. } => {
                self.wrongly_passed <= wrongly_passed.as_f64() * (1.0 + ROUNDING)
            }
            Rule::Mean { .. } | Rule::Plain { .. } => false,
        }
    }
}
