//! How many candidates a gate heard since something went live, and what that does to the chance that a bad one
//! among them gets through.
//!
//! A gate's `wrongly_passed` speaks of one attempt of one version. Whoever tries version after version until one
//! passes has as many chances; the sum over the attempts bounds them together (Boole's inequality), whatever the
//! versions have in common. No stronger sentence holds: how one version came from another is nobody's assumption here.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    gate::words::{TimesIn100, plural},
    id::VersionId,
    spec::Unit,
    time::Seq,
};

/// An attempt that ended: one stream of a gate, heard to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndedAttempt {
    /// Of which version.
    pub version: VersionId,
    /// When it ended, in order.
    pub ended: Seq,
    /// What it may wrongly pass; 1 when its gate declares nothing.
    pub wrongly_passed: Unit,
}

/// What is live, and since when it has been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiveSince {
    /// Which version.
    pub version: VersionId,
    /// When its promotion was recorded, in order. A rollback to it begins nothing anew.
    pub promoted: Seq,
}

/// Candidates that a gate heard to an end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tried {
    /// Different versions.
    pub candidates: u32,
    /// Attempts of all of them, at least one each.
    pub attempts: u32,
    /// The largest that one attempt may wrongly pass.
    pub wrongly_passed_each: Unit,
    /// The sum over the attempts, 1 at most: then nothing is promised.
    pub wrongly_passed_total: Unit,
}

impl Tried {
    /// Counts the attempts of other versions that ended since the live one was promoted, or all while nothing is
    /// live. The live version is no candidate for its own place.
    #[must_use]
    pub fn since(live: Option<LiveSince>, ended: impl IntoIterator<Item = EndedAttempt>) -> Self {
        let mut versions = BTreeSet::new();
        let mut tried = Self::default();
        for attempt in ended {
            if live.is_some_and(|live| attempt.ended <= live.promoted || attempt.version == live.version) {
                continue;
            }
            versions.insert(attempt.version);
            tried.attempts = tried.attempts.saturating_add(1);
            tried.wrongly_passed_each = tried.wrongly_passed_each.max(attempt.wrongly_passed);
            let total = u64::from(tried.wrongly_passed_total.millionths())
                + u64::from(attempt.wrongly_passed.millionths());
            let total = u32::try_from(total).ok().and_then(Unit::from_millionths);
            tried.wrongly_passed_total = total.unwrap_or(Unit::ONE);
        }
        tried.candidates = u32::try_from(versions.len()).unwrap_or(u32::MAX);
        tried
    }

    /// In one sentence; none for a single candidate, of which the verdict says all. `since` names the moment that is
    /// counted from, such as `since v3 went live in production`; none when nothing has been live.
    #[must_use]
    pub fn sentence(&self, since: Option<&str>) -> Option<String> {
        if self.candidates < 2 {
            return None;
        }
        let versions = plural(self.candidates, "version", "versions");
        let attempts = if self.attempts > self.candidates {
            format!(", in {}", plural(self.attempts, "attempt", "attempts"))
        } else {
            String::new()
        };
        let since = since.map(|since| format!(" {since}")).unwrap_or_default();
        let promise = if self.wrongly_passed_total >= Unit::ONE {
            "over so many, how often a bad one gets through is not promised".to_owned()
        } else {
            format!(
                "over so many, a bad one gets through at most {}, not {}",
                TimesIn100(self.wrongly_passed_total),
                TimesIn100(self.wrongly_passed_each).number()
            )
        };
        Some(format!("{versions} tried{since}{attempts}: {promise}."))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::Digest;

    fn version(number: u8) -> VersionId {
        VersionId(Digest::of_bytes(&[number]))
    }

    fn attempt(number: u8, ended: u64, wrongly_passed: u32) -> EndedAttempt {
        let wrongly_passed = Unit::from_millionths(wrongly_passed).expect("a unit");
        EndedAttempt { version: version(number), ended: Seq(ended), wrongly_passed }
    }

    #[test]
    fn each_number_of_candidates_has_its_sentence() {
        let since = Some("since v1 went live in production");
        let five = |numbers: &[u8]| numbers.iter().map(|&n| attempt(n, 10, 50_000)).collect::<Vec<_>>();
        let said = [
            Tried::since(None, five(&[])).sentence(since),
            Tried::since(None, five(&[1])).sentence(since),
            Tried::since(None, five(&[1, 1, 1])).sentence(since),
            Tried::since(None, five(&[1, 2])).sentence(None),
            Tried::since(None, five(&[1, 2, 3, 4, 5, 6])).sentence(since),
            Tried::since(None, five(&[1, 2, 2, 2])).sentence(since),
            Tried::since(None, five(&(0..20).collect::<Vec<_>>())).sentence(since),
            Tried::since(None, [attempt(1, 1, 1_000_000), attempt(2, 2, 50_000)]).sentence(None),
        ];
        let said: Vec<String> =
            said.into_iter().map(|said| said.unwrap_or_else(|| "(nothing)".to_owned())).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn what_ended_before_the_live_one_was_promoted_and_its_own_attempts_do_not_count() {
        let live = LiveSince { version: version(1), promoted: Seq(10) };
        let ended =
            [attempt(1, 5, 50_000), attempt(2, 10, 50_000), attempt(3, 11, 10_000), attempt(1, 12, 50_000)];
        let tried = Tried::since(Some(live), ended);
        assert_eq!((tried.candidates, tried.attempts), (1, 1));
        assert_eq!(tried.wrongly_passed_total.millionths(), 10_000);
        assert_eq!(Tried::since(None, ended).candidates, 3);
    }

    proptest! {
        /// Versions that fail alike, independently, or share everything: the sum holds. Here, independent ones.
        #[test]
        fn the_sum_is_never_below_the_chance_of_independent_tries(
            risks in prop::collection::vec(0_u32..=1_000_000, 0..40),
        ) {
            let ended = risks.iter().enumerate().map(|(n, &risk)| {
                attempt(u8::try_from(n).expect("few"), 1, risk)
            });
            let tried = Tried::since(None, ended);
            let none: f64 = risks.iter().map(|&risk| 1.0 - f64::from(risk) / 1e6).product();
            prop_assert!(tried.wrongly_passed_total.as_f64() + 1e-9 >= 1.0 - none);
            prop_assert_eq!(tried.attempts as usize, risks.len());
        }
    }
}
