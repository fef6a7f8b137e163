//! What answers say of their origin, as the set that was seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Marks that may have one value only in the answers that a verdict counts. A second one means that two things
/// answered. Other marks may differ, behind a router for one; they are kept as a set.
const ONE_VALUE: [&str; 3] = ["model", "card", "served"];

/// The marks seen, each with every value it had.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identities(BTreeMap<String, BTreeSet<String>>);

impl Identities {
    /// Keeps that an answer had this mark.
    pub fn note(&mut self, name: &str, value: &str) {
        match self.0.get_mut(name) {
            Some(values) if values.contains(value) => {}
            Some(values) => drop(values.insert(value.to_owned())),
            None => drop(self.0.insert(name.to_owned(), BTreeSet::from([value.to_owned()]))),
        }
    }

    /// Whether two different things answered.
    #[must_use]
    pub fn changed(&self) -> bool {
        ONE_VALUE.iter().any(|name| self.0.get(*name).is_some_and(|values| values.len() > 1))
    }

    /// Every mark with its values.
    #[must_use]
    pub fn marks(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Identities;

    #[test]
    fn a_second_model_is_a_change_and_a_second_fingerprint_is_not() {
        let mut seen = Identities::default();
        seen.note("model", "a");
        seen.note("model", "a");
        seen.note("system_fingerprint", "1");
        seen.note("system_fingerprint", "2");
        assert!(!seen.changed());
        seen.note("model", "b");
        assert!(seen.changed());
    }
}
