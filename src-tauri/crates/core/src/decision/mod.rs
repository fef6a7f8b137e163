//! Whether a version may be released: one function makes a grant, and without a grant no adapter acts.
//!
//! [`decide`] weighs the verdicts of a candidate against what its environment requires, [`decide_rollback`] asks
//! only whether the target was live before. Both are pure: what is live, what time it is and what a person said are
//! handed in. This module knows nothing of adapters, nor of how a release goes on.

mod grant;
mod refusal;
#[cfg(test)]
mod tests;
mod tried;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::id::{
    CaseName, Digest, EndpointId, EnvironmentName, ReleaseId, SpecMeaning, SpecName, VerdictId, VersionId,
};
use crate::plan::Purpose;
use crate::spec::Unit;
use crate::time::{Duration, Millis, Seq};
use crate::verdict::{Outcome, Standing, Verdict};
use crate::version::{Component, Drive, Grade, Manifest, Version};

pub use grant::{Basis, Grant, NoStatement, Odds, STATEMENT_CHARS_MAX, Statement, WasLive};
pub use refusal::Refusal;
pub use tried::{EndedAttempt, LiveSince, Tried};

use grant::Terms;

/// What an environment demands before a version goes live in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnvironmentPolicy {
    /// Which environment.
    pub environment: EnvironmentName,
    /// The specs that must pass. None at all is never a pass.
    pub requires: Vec<Requirement>,
    /// What to do about a version that fails by a spec of the last promotion.
    pub weakening: Weakening,
    /// Attempts of one version at one spec, at most.
    pub attempts_max: u32,
    /// How old a verdict may be; none: any age.
    pub max_age: Option<Duration>,
    /// Whether an agent that declares nothing may be released.
    pub allow_opaque: bool,
}

/// One spec that an environment requires, as it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// Which spec.
    pub spec: SpecName,
    /// What it means at present; none while it is missing or has errors.
    pub meaning: Option<SpecMeaning>,
    /// How often its gate blocks a version at the target, as tested.
    pub wrongly_blocked: Unit,
    /// Cases that none of its criteria hears, as they are in quarantine.
    pub quarantine: BTreeSet<CaseName>,
}

/// What to do about a version that fails by what a spec said at the last promotion, which was changed since or is no
/// longer required.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Weakening {
    /// A person must say why.
    #[default]
    Ask,
    /// Refuse, whatever a person says.
    Forbid,
    /// Let it pass, and mark it.
    Allow,
}

/// A verdict, with what the history adds to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerdictView<'a> {
    /// The verdict as signed.
    pub verdict: &'a Verdict,
    /// When it was given.
    pub given: Millis,
    /// The later fail that contradicts it.
    pub withdrawn_by: Option<VerdictId>,
    /// Whether its signature holds, by a key this user trusts.
    pub trusted: bool,
    /// The version that is live now where it compares, which may be another environment; none where nothing is.
    pub live_there: Option<VersionId>,
}

/// What a spec as it was at the last promotion says of the candidate's recorded answers. It stands here for every
/// spec that was in force then, also for one that nobody requires any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormerView {
    /// Which spec.
    pub spec: SpecName,
    /// What it meant then.
    pub meaning: SpecMeaning,
    /// What it says; slots nobody asked are missing, so that it is seldom more than undecided.
    pub outcome: Outcome,
    /// Cases that it had, without those in quarantine then.
    pub cases: BTreeSet<CaseName>,
}

/// What is proposed.
#[derive(Clone, Debug)]
pub struct Proposal<'a> {
    /// The candidate.
    pub version: &'a Version,
    /// The agent's own endpoint: verdicts from elsewhere do not count.
    pub endpoint: EndpointId,
    /// What the specs in force at the last promotion say of it; empty before the first.
    pub former: &'a [FormerView],
    /// A person's word, if one was given.
    pub word: Option<Word>,
    /// The host's clock, for `max_age`.
    pub now: Millis,
    /// The place of this decision in the history.
    pub seq: Seq,
}

/// What an environment runs now, as far as is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Live {
    /// The version that went live last; none before the first.
    pub version: Option<VersionId>,
    /// What the target names where that is another version: moved outside, left by a release that ended in conflict, or
    /// released by a history that was lost. None where it names that one, nothing, or cannot be read.
    pub outside: Option<VersionId>,
    /// The release that is not over.
    pub open: Option<ReleaseId>,
}

/// A person's word for a release that the verdicts do not carry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// Against a verdict, or for want of one.
    Override(Statement),
    /// For the first version of an environment.
    Bootstrap(Statement),
}

/// What was decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may be released.
    Granted(Box<Grant>),
    /// It may not, for these reasons.
    Refused(Vec<Refusal>),
}

/// The plain SHA-256 of a manifest's canonical JSON, which is what a release keeps as `manifest.json`. `None` for a
/// manifest without a canonical form, which has no version either.
#[must_use]
pub fn sealed_digest(manifest: &Manifest) -> Option<Digest> {
    crate::id::canonical_json(manifest).ok().map(|bytes| Digest::of_bytes(&bytes))
}

/// Whether a version may go live. It may when every required spec has, for its present meaning and at the agent's
/// own endpoint, a newest verdict that is a prospective pass and that nothing speaks against; or when a person's word
/// covers what is missing. A word that was not needed is not recorded as one.
#[must_use]
pub fn decide(
    policy: &EnvironmentPolicy,
    proposal: &Proposal<'_>,
    verdicts: &[VerdictView<'_>],
    live: &Live,
) -> Decision {
    let version = proposal.version;
    let newest = newest_verdicts(policy, proposal, verdicts);
    let mut refusals = refusals_of_the_version(policy, proposal, live);
    if policy.requires.is_empty() {
        refusals.push(Refusal::NothingRequired);
    }
    for (requirement, view) in policy.requires.iter().zip(&newest) {
        match view {
            Some(view) => refusals.extend(refusals_of_a_verdict(policy, requirement, view, proposal)),
            None => refusals.push(without_a_verdict(requirement, proposal, verdicts)),
        }
    }
    let (mut weakened, let_off) = (weakened_specs(policy, proposal), let_off(policy, proposal));
    match policy.weakening {
        Weakening::Ask => {
            refusals.extend(weakened.iter().cloned().map(Refusal::Weakened));
            refusals.extend(let_off.iter().cloned().map(|(spec, cases)| Refusal::Quarantined(spec, cases)));
        }
        Weakening::Forbid => {
            refusals.extend(weakened.iter().cloned().map(Refusal::WeakeningForbidden));
            let forbidden = |(spec, cases)| Refusal::QuarantineForbidden(spec, cases);
            refusals.extend(let_off.iter().cloned().map(forbidden));
        }
        Weakening::Allow => {}
    }
    weakened.extend(let_off.into_iter().map(|(spec, _)| spec));
    weakened.sort();
    weakened.dedup();

    let passes = newest.iter().flatten().map(|view| view.verdict.id).collect();
    let basis = match &proposal.word {
        _ if refusals.is_empty() => Basis::Verdicts(passes),
        Some(Word::Override(statement)) => Basis::Override(statement.clone()),
        Some(Word::Bootstrap(statement)) => {
            if let Some(live) = live.version {
                refusals.push(Refusal::NotTheFirst(live));
            }
            Basis::Bootstrap(statement.clone())
        }
        None => return Decision::Refused(refusals),
    };
    if refusals.iter().any(Refusal::no_word_helps) {
        return Decision::Refused(refusals);
    }
    let Some(sealed) = sealed_digest(&version.manifest) else {
        return Decision::Refused(vec![Refusal::CannotBePutBack]);
    };
    Decision::Granted(Grant::boxed(Terms {
        environment: policy.environment.clone(),
        from: live.outside.or(live.version),
        to: version.id,
        sealed,
        basis,
        overridden: refusals,
        weakened,
        odds: Some(odds(policy, proposal, verdicts)),
        seq: proposal.seq,
    }))
}

/// Whether an environment may go back to a version. It asks for no verdict and waits for nothing: it is refused only
/// when the target was live elsewhere, or when the manifest handed in is not the target's.
#[must_use]
pub fn decide_rollback(
    environment: &EnvironmentName,
    target: &WasLive,
    manifest: &Manifest,
    live: &Live,
    seq: Seq,
) -> Decision {
    if target.environment != *environment {
        return Decision::Refused(vec![Refusal::NeverLiveHere(target.version)]);
    }
    let is_target = manifest.id().is_ok_and(|id| id == target.version);
    let Some(sealed) = sealed_digest(manifest).filter(|_| is_target) else {
        return Decision::Refused(vec![Refusal::CannotBePutBack]);
    };
    Decision::Granted(Grant::boxed(Terms {
        environment: environment.clone(),
        from: live.version,
        to: target.version,
        sealed,
        basis: Basis::WasLive(target.release),
        overridden: Vec::new(),
        weakened: Vec::new(),
        odds: None,
        seq,
    }))
}

/// What promotion shows beside its button, granted or not: see [`Odds`].
#[must_use]
pub fn odds(policy: &EnvironmentPolicy, proposal: &Proposal<'_>, verdicts: &[VerdictView<'_>]) -> Odds {
    let newest = newest_verdicts(policy, proposal, verdicts);
    let blocked = |requirement: &Requirement| u64::from(requirement.wrongly_blocked.millionths());
    Odds {
        // Where no spec is required nothing is ever granted.
        wrongly_blocked_millionths: match &policy.requires[..] {
            [] => u64::from(Unit::ONE.millionths()),
            requires => requires.iter().map(blocked).sum(),
        },
        // What no verdict speaks of, nothing is promised of.
        wrongly_passed: newest
            .iter()
            .map(|view| view.map_or(Unit::ONE, |view| view.verdict.wrongly_passed_total))
            .max()
            .unwrap_or(Unit::ONE),
    }
}

/// For each requirement, in order, the newest verdict that speaks of it.
fn newest_verdicts<'v, 'a>(
    policy: &EnvironmentPolicy,
    proposal: &Proposal<'_>,
    verdicts: &'v [VerdictView<'a>],
) -> Vec<Option<&'v VerdictView<'a>>> {
    let newest = |requirement: &Requirement| {
        verdicts
            .iter()
            .filter(|view| speaks_of(view.verdict, &requirement.spec, proposal))
            .filter(|view| Some(view.verdict.spec) == requirement.meaning)
            .max_by_key(|view| view.verdict.seq)
    };
    policy.requires.iter().map(newest).collect()
}

fn speaks_of(verdict: &Verdict, spec: &SpecName, proposal: &Proposal<'_>) -> bool {
    let stream = &verdict.stream;
    stream.spec == *spec
        && stream.version == proposal.version.id
        && stream.endpoint == proposal.endpoint
        && stream.purpose == Purpose::Gate
}

fn without_a_verdict(
    requirement: &Requirement,
    proposal: &Proposal<'_>,
    verdicts: &[VerdictView<'_>],
) -> Refusal {
    let judged_otherwise = verdicts.iter().any(|view| speaks_of(view.verdict, &requirement.spec, proposal));
    if requirement.meaning.is_none() || judged_otherwise {
        Refusal::StaleMeaning(requirement.spec.clone())
    } else {
        Refusal::NoVerdict(requirement.spec.clone())
    }
}

fn refusals_of_the_version(policy: &EnvironmentPolicy, proposal: &Proposal<'_>, live: &Live) -> Vec<Refusal> {
    let version = proposal.version;
    let opaque = version.manifest.is_opaque() || version.grade == Grade::Opaque;
    let mut refusals = Vec::new();
    refusals.extend(live.open.map(Refusal::EnvironmentOpen));
    if opaque && !policy.allow_opaque {
        refusals.push(Refusal::Opaque);
    } else if !can_be_put_back(&version.manifest) {
        refusals.push(Refusal::CannotBePutBack);
    }
    match live.outside {
        Some(outside) => refusals.push(Refusal::MovedOutside(outside)),
        None if live.version == Some(version.id) => refusals.push(Refusal::AlreadyLive),
        None => {}
    }
    refusals
}

/// Whether a manifest holds content that a target can be given again. Values count only where we send them: an
/// address with its own prompt does not become another one by our naming a model.
fn can_be_put_back(manifest: &Manifest) -> bool {
    manifest.components.values().any(|component| match component {
        Component::Content(_) | Component::GitTree(_) | Component::Artifact { .. } => true,
        Component::Files(files) => !files.is_empty(),
        Component::Value(_) => manifest.drive == Drive::Assembled,
        Component::Claimed(_) => false,
    })
}

fn refusals_of_a_verdict(
    policy: &EnvironmentPolicy,
    requirement: &Requirement,
    view: &VerdictView<'_>,
    proposal: &Proposal<'_>,
) -> Vec<Refusal> {
    let verdict = view.verdict;
    let spec = || requirement.spec.clone();
    let mut refusals = Vec::new();
    if verdict.outcome != Outcome::Pass {
        refusals.push(Refusal::NotPass(spec(), verdict.id));
    }
    if view.withdrawn_by.is_some() {
        refusals.push(Refusal::Withdrawn(spec()));
    }
    if verdict.standing == Standing::Rescored {
        refusals.push(Refusal::Rescored(spec()));
    }
    if !view.trusted {
        refusals.push(Refusal::Untrusted(spec()));
    }
    if verdict.attempts > policy.attempts_max {
        refusals.push(Refusal::TooManyAttempts(spec()));
    }
    // A clock that went back makes a verdict look younger, never older.
    let age_ms = u64::try_from(proposal.now.0.saturating_sub(view.given.0)).unwrap_or(0);
    if policy.max_age.is_some_and(|max_age| age_ms > max_age.0) {
        refusals.push(Refusal::TooOld(spec()));
    }
    if verdict.baseline.is_some() && verdict.baseline != view.live_there {
        refusals.push(Refusal::BaselineMoved(spec()));
    }
    refusals
}

/// Specs that say fail in the meaning of the last promotion and do not mean that any more, in order of name.
fn weakened_specs(policy: &EnvironmentPolicy, proposal: &Proposal<'_>) -> Vec<SpecName> {
    let unchanged: BTreeSet<_> = policy
        .requires
        .iter()
        .filter_map(|requirement| Some((&requirement.spec, requirement.meaning?)))
        .collect();
    let weakened: BTreeSet<_> = proposal
        .former
        .iter()
        .filter(|former| former.outcome == Outcome::Fail)
        .filter(|former| !unchanged.contains(&(&former.spec, former.meaning)))
        .map(|former| former.spec.clone())
        .collect();
    weakened.into_iter().collect()
}

/// Cases in quarantine now that the specs in force at the last promotion heard, by spec: whatever their answers are,
/// less is asked of this version than was of the last one.
fn let_off(policy: &EnvironmentPolicy, proposal: &Proposal<'_>) -> Vec<(SpecName, Vec<CaseName>)> {
    let of_requirement = |requirement: &Requirement| {
        let former = proposal.former.iter().find(|former| former.spec == requirement.spec)?;
        let cases: Vec<CaseName> = requirement.quarantine.intersection(&former.cases).cloned().collect();
        (!cases.is_empty()).then(|| (requirement.spec.clone(), cases))
    };
    policy.requires.iter().filter_map(of_requirement).collect()
}
