//! What answers say of their origin, as the set that was seen.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_core::id::VersionId;
use serde::{Deserialize, Serialize};

/// The header in which an agent names the version that it is; a mark of its answers, in lower case.
pub const VERSION_HEADER: &str = "gatewright-version";

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

    /// A version that the answers say they are of, and that is another one than `asked`. What names no version, or
    /// names it in words of its own, says nothing.
    #[must_use]
    pub fn another_than(&self, asked: VersionId) -> Option<VersionId> {
        let said = [VERSION_HEADER, "served"].into_iter().filter_map(|name| self.0.get(name)).flatten();
        said.filter_map(|value| value.parse().ok()).find(|named| *named != asked)
    }

    /// Whether nothing says that something else answered than this version, or not it alone.
    #[must_use]
    pub fn may_be_of(&self, asked: VersionId) -> bool {
        !self.changed() && self.another_than(asked).is_none()
    }

    /// Every mark with its values.
    #[must_use]
    pub fn marks(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use gatewright_core::id::{Digest, VersionId};

    use super::{Identities, VERSION_HEADER};

    #[test]
    fn a_version_that_answers_name_is_the_one_that_was_asked_or_another() {
        let [asked, other] = ["asked", "other"].map(|text| VersionId(Digest::of_bytes(text.as_bytes())));
        let mut seen = Identities::default();
        seen.note("model", "gpt-9");
        seen.note("served", "release 12");
        seen.note(VERSION_HEADER, &asked.to_string());
        assert!(seen.may_be_of(asked));
        assert_eq!((seen.may_be_of(other), seen.another_than(other)), (false, Some(asked)));
        seen.note(VERSION_HEADER, &other.to_string());
        assert_eq!((seen.may_be_of(asked), seen.another_than(asked)), (false, Some(other)));
    }

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
