//! Digests of what a spec means: of its resolved form, so that comments, the order of keys, titles, budgets and
//! limits do not count, and an edit of one case changes the digest of that case alone.
//!
//! The tags and shapes below are kept for ever: a change of either would take the history from every spec.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Ask, Case, Criterion, Expectation, NamedScorer, Quarantine, Rule, Scorer, Turn};
use crate::id::{
    CanonicalError, CaseMeaning, CriterionId, Digest, InputId, ScorerId, ScorerName, SpecMeaning, Tag,
};
use crate::time::Day;

/// The digest of a scorer.
pub(super) fn scorer(scorer: &Scorer) -> Result<ScorerId, CanonicalError> {
    Digest::of_value("gatewright.scorer", scorer).map(ScorerId)
}

/// The digest of what a case sends.
pub(super) fn input(turns: &[Turn]) -> Result<InputId, CanonicalError> {
    let sent: Vec<&str> = turns.iter().map(|turn| turn.user.as_str()).collect();
    Digest::of_value("gatewright.input", &sent).map(InputId)
}

/// The digest of what a case sends and expects; the order of expectations does not count.
pub(super) fn case(turns: &[Turn]) -> Result<CaseMeaning, CanonicalError> {
    #[derive(Serialize)]
    struct Meant<'s> {
        user: &'s str,
        expect: BTreeSet<String>,
    }
    let canonical = |expectation: &Expectation| {
        let bytes = crate::id::canonical_json(expectation)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let turns: Result<Vec<Meant<'_>>, CanonicalError> = turns
        .iter()
        .map(|turn| {
            let expect = turn.expect.iter().map(canonical).collect::<Result<_, _>>()?;
            Ok(Meant { user: &turn.user, expect })
        })
        .collect();
    Digest::of_value("gatewright.case", &turns?).map(CaseMeaning)
}

/// The digest of a criterion: its rule, the tags it hears, whether the gate depends on it. Its name does not count.
pub(super) fn criterion(
    rule: &Rule,
    only: &BTreeSet<Tag>,
    blocking: bool,
) -> Result<CriterionId, CanonicalError> {
    #[derive(Serialize)]
    struct Meant<'s> {
        rule: &'s Rule,
        only: &'s BTreeSet<Tag>,
        blocking: bool,
    }
    Digest::of_value("gatewright.criterion", &Meant { rule, only, blocking }).map(CriterionId)
}

/// The digest of a spec: its cases by name, its gate by name, its scorers, when a decision may be taken, and until when
/// which cases are in quarantine. Their order in the file does not count.
pub(super) fn spec(
    cases: &[Case],
    named: &BTreeMap<ScorerName, NamedScorer>,
    gate: &[Criterion],
    quarantine: &[Quarantine],
    ask: Ask,
    deterministic: bool,
) -> Result<SpecMeaning, CanonicalError> {
    #[derive(Serialize)]
    struct MeantCase<'s> {
        meaning: CaseMeaning,
        tags: &'s BTreeSet<Tag>,
        critical: bool,
        trials: u32,
    }
    #[derive(Serialize)]
    struct Meant<'s> {
        cases: BTreeMap<&'s str, MeantCase<'s>>,
        named: &'s BTreeMap<ScorerName, NamedScorer>,
        gate: BTreeMap<&'s str, CriterionId>,
        ask: Ask,
        deterministic: bool,
        // Specs without one mean what they meant before there was any.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        quarantine: BTreeMap<&'s str, Day>,
    }
    let cases = cases
        .iter()
        .map(|case| {
            let (tags, trials) = (&case.tags, case.trials.get());
            (case.name.as_str(), MeantCase { meaning: case.meaning, tags, critical: case.critical, trials })
        })
        .collect();
    let gate = gate.iter().map(|criterion| (criterion.name.as_str(), criterion.id)).collect();
    let quarantine = quarantine.iter().map(|entry| (entry.case.as_str(), entry.until)).collect();
    let meant = Meant { cases, named, gate, ask, deterministic, quarantine };
    Digest::of_value("gatewright.spec", &meant).map(SpecMeaning)
}
