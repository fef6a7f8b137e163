//! A plan in sentences, criterion by criterion: what so many calls tell apart, how many it takes, what that costs.

use super::{
    CriterionOutlook,
    words::{self, Percent},
};
use crate::spec::Unit;

impl CriterionOutlook {
    /// What the criterion tells apart, and what it takes. `price` says what [`Self::at_most`] calls cost and take, in
    /// words such as `$0.40 and 2 min`.
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
        let perfect = words::calls(self.if_none_fails);
        let most = words::count(self.at_most);
        let cases = words::plural(self.cases, "case", "cases");
        if !self.if_missing.is_empty() {
            let longer: Vec<_> = self.if_missing.iter().map(|&calls| words::count(calls)).collect();
            return format!(
                "This criterion: {perfect} without a failure ({} with 1, 2, 3 answers missing); {price}.",
                longer.join(", ")
            );
        }
        if self.tells.is_none() && self.undecided.is_none() {
            return format!("This criterion: {perfect} in any case; {price}.");
        }
        let about = words::count(super::outlook::whole(self.at_target));
        format!(
            "This criterion: {perfect} for a perfect version of your {cases}, about {about} at the target, never more \
             than {most}; {price}."
        )
    }
}
