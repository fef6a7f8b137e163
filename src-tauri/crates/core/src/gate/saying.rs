//! A plan in sentences, criterion by criterion: what so many calls tell apart, how many it takes, what that costs.

use super::{
    ComparedBy, Comparison, CriterionOutlook,
    words::{self, Percent},
};
use crate::spec::Unit;

impl CriterionOutlook {
    /// Calls that each of its numbers stands for: 2 where those are pairs, one call to either version.
    #[must_use]
    pub fn calls_each(&self) -> u32 {
        match &self.comparison {
            Some(Comparison { by: ComparedBy::Pairs { .. }, .. }) => 2,
            _ => 1,
        }
    }

    /// What the criterion tells apart, and what it takes. `price` says what the calls cost and take that it hears
    /// at most, in words such as `$0.40 and 2 min`.
    #[must_use]
    pub fn sentences(&self, price: &str) -> Vec<String> {
        if self.cases == 0 {
            return vec![format!("`{}` hears no case, so it can never be met.", self.name)];
        }
        let apart = self.tells.map(|tells| {
            let target = Percent(tells.target);
            let alone = match words::rounded(tells.one_round) {
                Unit::ZERO => {
                    format!(
                        "{} nothing apart from {target}",
                        words::plural(self.cases, "call tells", "calls tell")
                    )
                }
                floor => format!(
                    "{} {target} only from {}",
                    words::plural(self.cases, "call tells", "calls tell"),
                    Percent(floor)
                ),
            };
            match tells.closer_at_once {
                Some((floor, calls)) => {
                    format!("{alone}; telling it from {} takes {}.", Percent(floor), words::count(calls))
                }
                None => format!("{alone}."),
            }
        });
        apart.into_iter().chain([self.takes(price)]).collect()
    }

    fn takes(&self, price: &str) -> String {
        let perfect = words::calls(self.calls_each() * self.if_none_fails);
        let about = words::count(super::outlook::whole(f64::from(self.calls_each()) * self.at_target));
        let most = words::count(self.calls_each() * self.at_most);
        match self.comparison.as_ref().map(|comparison| &comparison.by) {
            Some(ComparedBy::Pairs { .. }) => {
                return format!(
                    "This criterion: {perfect} to the two versions if they never differ, about {about} where nothing \
                     changed, never more than {most}; {price}."
                );
            }
            Some(ComparedBy::Nothing) => {
                return "This criterion: no call, as nothing is live to compare with.".to_owned();
            }
            Some(ComparedBy::Recorded { .. }) | None => {}
        }
        if !self.if_missing.is_empty() {
            let longer: Vec<_> = self.if_missing.iter().map(|&calls| words::count(calls)).collect();
            return format!(
                "This criterion: {perfect} without a failure ({} with 1, 2, 3 answers missing); {price}.",
                longer.join(", ")
            );
        }
        if self.curve.is_empty() && self.undecided.is_none() {
            return format!("This criterion: {perfect} in any case; {price}.");
        }
        let cases = words::plural(self.cases, "case", "cases");
        format!(
            "This criterion: {perfect} for a perfect version of your {cases}, about {about} at the target, never more \
             than {most}; {price}."
        )
    }
}
