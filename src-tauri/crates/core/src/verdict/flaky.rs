//! Flaky cases: those that one version passed sometimes, and sometimes not. They are shown, and decide nothing.
//!
//! A case is flaky when some of its trials passed and some did not. How much is told by 4p(1 − p) with the rate p
//! shrunk towards a half; how much trials of one case agree beyond trials of different cases is their intraclass
//! correlation. Trials without a score say nothing about either.

use gatewright_stat::repeat;

use crate::{
    gate::words::{count, plural},
    id::CaseName,
};

/// Flaky cases named in a sentence, at most.
const NAMED_MAX: usize = 3;

/// What is recorded of a case and one version, over all its attempts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseRecord {
    /// Which.
    pub case: CaseName,
    /// Trials with a score.
    pub scored: u32,
    /// Of those, passed.
    pub passed: u32,
}

/// A case that is flaky.
#[derive(Clone, PartialEq, Debug)]
pub struct FlakyCase {
    /// What is recorded of it.
    pub record: CaseRecord,
    /// From near 0, steady, to 1, passed every other time.
    pub index: f64,
}

/// How steady a version is, case by case.
#[derive(Clone, PartialEq, Debug)]
pub struct Flaky {
    /// The flakiest first; among equals in order of name.
    pub cases: Vec<FlakyCase>,
    /// Cases with two scored trials or more: the others cannot show it.
    pub repeated: u32,
    /// The correlation of two trials of one case: 1 when no case disagrees with itself, 0 when a case says nothing of
    /// its trials; it may be below. None with fewer than two cases or nothing that differs.
    pub within_case: Option<f64>,
    /// How many calls weigh as much as one on a case of its own, at the mean number of trials.
    pub design_effect: Option<f64>,
}

/// How steady a version is.
#[must_use]
pub fn flaky(records: &[CaseRecord]) -> Flaky {
    let mut cases: Vec<FlakyCase> = records
        .iter()
        .filter(|record| 0 < record.passed && record.passed < record.scored)
        .map(|record| FlakyCase {
            record: record.clone(),
            index: repeat::flakiness_index(record.passed, record.scored),
        })
        .collect();
    cases.sort_by(|one, other| {
        other.index.total_cmp(&one.index).then_with(|| one.record.case.cmp(&other.record.case))
    });
    let counted: Vec<(u32, u32)> = records
        .iter()
        .filter(|record| record.scored > 0)
        .map(|record| (record.passed, record.scored))
        .collect();
    let repeated = records.iter().filter(|record| record.scored > 1).count();
    let analysed = repeat::flakiness_of(&counted);
    Flaky {
        cases,
        repeated: u32::try_from(repeated).unwrap_or(u32::MAX),
        within_case: analysed.and_then(|found| found.within_case),
        design_effect: analysed.and_then(|found| found.design_effect),
    }
}

impl Flaky {
    /// Whether a case is among them.
    #[must_use]
    pub fn has(&self, case: &CaseName) -> bool {
        self.cases.iter().any(|flaky| flaky.record.case == *case)
    }

    /// In one sentence; none when no case is flaky.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        if self.cases.is_empty() {
            return None;
        }
        let named: Vec<String> = self
            .cases
            .iter()
            .take(NAMED_MAX)
            .map(|FlakyCase { record, .. }| {
                format!("`{}` ({} of {} passed)", record.case, count(record.passed), count(record.scored))
            })
            .collect();
        let more = match self.cases.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {}", plural(u32::try_from(more).unwrap_or(u32::MAX), "other", "others")),
        };
        let flaky = u32::try_from(self.cases.len()).unwrap_or(u32::MAX);
        let verb = if flaky == 1 { "is" } else { "are" };
        let repeated = plural(self.repeated, "case", "cases");
        Some(format!(
            "{} of {repeated} asked more than once {verb} flaky: {}{more}.",
            count(flaky),
            named.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(all: &[(&str, u32, u32)]) -> Vec<CaseRecord> {
        let record =
            |&(case, passed, scored): &(&str, u32, u32)| CaseRecord { case: case.into(), scored, passed };
        all.iter().map(record).collect()
    }

    #[test]
    fn the_flakiest_stand_first_and_three_are_named() {
        let found = flaky(&records(&[
            ("always", 5, 5),
            ("never", 0, 5),
            ("once", 1, 1),
            ("rarely", 4, 5),
            ("half", 2, 4),
            ("seldom", 1, 5),
            ("mostly", 19, 20),
            ("unasked", 0, 0),
        ]));
        let names: Vec<&str> = found.cases.iter().map(|flaky| flaky.record.case.as_str()).collect();
        assert_eq!(names, ["half", "rarely", "seldom", "mostly"]);
        assert_eq!(found.cases[0].index, 1.0);
        assert_eq!(found.repeated, 6);
        assert!(found.within_case.is_some_and(|share| (0.0..1.0).contains(&share)));
        assert!(found.has(&"half".into()) && !found.has(&"always".into()));
        assert_eq!(
            found.sentence().as_deref(),
            Some(
                "4 of 6 cases asked more than once are flaky: `half` (2 of 4 passed), `rarely` (4 of 5 passed), \
                 `seldom` (1 of 5 passed) and 1 other."
            )
        );
    }

    #[test]
    fn steady_cases_are_silent() {
        let found = flaky(&records(&[("a", 3, 3), ("b", 0, 2)]));
        assert_eq!((found.sentence(), found.within_case), (None, Some(1.0)));
        let one = flaky(&records(&[("a", 1, 2)]));
        assert_eq!(
            one.sentence().as_deref(),
            Some("1 of 1 case asked more than once is flaky: `a` (1 of 2 passed).")
        );
        assert_eq!(one.within_case, None);
    }
}
