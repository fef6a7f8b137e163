//! Several expectations as one.

use super::{Finding, Scored, all_passed};
use crate::spec::{Expectation, GroupRule, Unit};

/// A group; its parts stand among the spec's scorers.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) how: GroupRule,
    pub(super) parts: Vec<Expectation>,
}

impl Group {
    /// What the parts say together; an error in words where a part that decides could not be judged. Parts are
    /// digests of what they hold, so a group cannot hold itself and the descent ends.
    pub(super) fn find(&self, score: impl Fn(&Expectation) -> Scored) -> Result<Finding, String> {
        let parts: Vec<Scored> = self.parts.iter().map(score).collect();
        let total = parts.len();
        let passed = parts.iter().filter(|part| part.passed() == Some(true)).count();
        let words = |wanted: Option<bool>| {
            let chosen = parts.iter().filter(|part| part.passed() == wanted).map(Scored::why);
            chosen.collect::<Vec<_>>().join("; ")
        };
        let verdict = match self.how {
            GroupRule::All => all_passed(parts.iter().map(Scored::passed)),
            // One that passes is enough: the opposite of "all do not pass".
            GroupRule::Any => {
                all_passed(parts.iter().map(|part| part.passed().map(|passed| !passed))).map(|none| !none)
            }
            GroupRule::Share => {
                (!parts.iter().any(|part| part.passed().is_none())).then_some(passed == total)
            }
        };
        let Some(verdict) = verdict else { return Err(words(None)) };
        let why = match (self.how, verdict) {
            (GroupRule::All, true) => format!("all {total} parts hold"),
            (GroupRule::All, false) => format!("not all parts hold: {}", words(Some(false))),
            (GroupRule::Any, true) => format!("one part holds: {}", words(Some(true))),
            (GroupRule::Any, false) => format!("no part holds: {}", words(Some(false))),
            (GroupRule::Share, true) => format!("{passed} of {total} parts hold"),
            (GroupRule::Share, false) => format!("{passed} of {total} parts hold: {}", words(Some(false))),
        };
        Ok(Finding {
            score: if self.how == GroupRule::Share { share(passed, total) } else { of(verdict) },
            why,
        })
    }
}

const fn of(holds: bool) -> Unit {
    if holds { Unit::ONE } else { Unit::ZERO }
}

/// The share in millionths, rounded down; an empty group holds.
fn share(passed: usize, total: usize) -> Unit {
    if total == 0 {
        return Unit::ONE;
    }
    let millionths = (passed as u64 * u64::from(Unit::ONE.millionths())) / total as u64;
    u32::try_from(millionths).ok().and_then(Unit::from_millionths).unwrap_or(Unit::ONE)
}
