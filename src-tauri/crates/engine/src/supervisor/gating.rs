//! From recorded facts to verdicts: which stream, which plan, what was heard, what that says.

use std::{collections::BTreeMap, num::NonZeroU32};

use gatewright_core::{
    gate::{self, Baseline, PlanProblem, Seen, SlotFacts, Why},
    id::{CanonicalError, CaseMeaning, EndpointId, SpecName, VersionId},
    observation::{TrialId, TrialState},
    plan::{Plan, Purpose, StreamKey},
    score::{Prepared, TrialScores, TurnFacts},
    spec::{Case, Spec, Unit},
    time::Seq,
    verdict::{self, Inquiry, Verdict},
    version::Grade,
};

use crate::{
    port::journal::How,
    run::{self, Identities},
    store::{Read, StoreError, table::TrialRow},
};

/// Why nothing can be judged.
#[derive(Debug, thiserror::Error)]
pub enum GatingError {
    /// The spec has no plan.
    #[error(transparent)]
    Plan(#[from] PlanProblem),
    /// A value without a canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The history cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything recorded of a stream, or of both of a comparison, that still counts: the input is the one that the spec
/// would send now.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) facts: Vec<SlotFacts>,
    /// What the scorers say now of each of them, for keeping.
    pub(super) judged: Vec<(TrialId, CaseMeaning, TrialScores)>,
    /// The same of the live version's, where it is asked in step.
    pub(super) baseline_judged: Vec<(TrialId, CaseMeaning, TrialScores)>,
    /// Trials without an answer, with the words of why.
    pub(super) troubled: Vec<(TrialId, CaseMeaning, String)>,
    /// What the answers said of their origin.
    pub(super) identities: Identities,
    /// What those of the live version said, where it is asked in step.
    pub(super) baseline_identities: Identities,
}

impl Recorded {
    /// Why what is recorded does not say more while nobody asks: slots are missing, or what answered was something
    /// else than the versions of the plan.
    pub(super) fn silence(&self, plan: &Plan) -> Why {
        let candidate = self.identities.may_be_of(plan.stream.version);
        let baseline = plan.baseline.as_ref();
        let baseline = baseline.is_none_or(|stream| self.baseline_identities.may_be_of(stream.version));
        if candidate && baseline { Why::NotAsked } else { Why::IdentityChanged }
    }
}

/// The facts of every stream that a plan hears.
pub(super) fn recorded_of(read: &Read<'_>, plan: &Plan, spec: &Spec) -> Result<Recorded, StoreError> {
    let mut both = recorded(read, &plan.stream, spec)?;
    if let Some(stream) = plan.baseline.as_ref().filter(|_| plan.asks_baseline()) {
        let other = recorded(read, stream, spec)?;
        both.facts.extend(other.facts);
        both.baseline_judged = other.judged;
        both.baseline_identities = other.identities;
    }
    Ok(both)
}

/// Reads and scores the facts of a stream. Scores are made anew: they are a function of the answers.
pub(super) fn recorded(read: &Read<'_>, stream: &StreamKey, spec: &Spec) -> Result<Recorded, StoreError> {
    let cases: BTreeMap<_, &Case> = spec.cases.iter().map(|case| (case.name.clone(), case)).collect();
    let prepared = Prepared::new(spec);
    let mut recorded = Recorded::default();
    for row in read.trials_of(stream)? {
        let Some(case) = cases.get(&row.trial.slot.case) else { continue };
        if row.trial.input == case.input {
            take(read, &prepared, case, row, &mut recorded)?;
        }
    }
    if !recorded.troubled.is_empty() {
        let said = read.case_scores_of(stream)?.into_iter();
        let said: BTreeMap<TrialId, String> =
            said.map(|(trial, _, scored)| (trial, scored.why().to_owned())).collect();
        for (trial, _, why) in &mut recorded.troubled {
            said.get(trial).cloned().unwrap_or_default().clone_into(why);
        }
    }
    Ok(recorded)
}

fn take(
    read: &Read<'_>,
    prepared: &Prepared,
    case: &Case,
    row: TrialRow,
    recorded: &mut Recorded,
) -> Result<(), StoreError> {
    let how = match row.trial.state {
        TrialState::Released => return Ok(()),
        TrialState::Answered => How::Answered,
        TrialState::AgentError(class) => How::AgentError { class, message: String::new() },
        TrialState::Missing(class) => How::Missing { class, message: String::new() },
    };
    let observations = read.observations(row.trial.id)?;
    for observation in &observations {
        for (name, value) in &observation.identity {
            recorded.identities.note(name, value);
        }
    }
    let turns: Vec<TurnFacts<'_>> = observations.iter().map(TurnFacts::from).collect();
    let scores = (how == How::Answered).then(|| prepared.trial(case, &turns));
    if let Some(came) = run::came(&how, scores.as_ref(), &turns) {
        recorded.facts.push(SlotFacts { slot: row.trial.slot, came, recorded: row.seq });
    }
    if how != How::Answered {
        recorded.troubled.push((row.trial.id, case.meaning, String::new()));
    }
    recorded.judged.extend(scores.map(|scores| (row.trial.id, case.meaning, scores)));
    Ok(())
}

/// The plan of a spec for a stream beside what it is compared with, and when it was recorded; `None` when it was not.
pub(super) fn plan(
    read: &Read<'_>,
    spec: &Spec,
    stream: StreamKey,
    baseline: &Baseline,
) -> Result<(Plan, Option<Seq>), GatingError> {
    let plan = gate::plan_against(spec, stream, baseline)?;
    let known = read.plan(plan.id)?;
    Ok((plan, known.map(|row| row.registered)))
}

/// The stream that a run of a spec would go on with: the newest attempt, or the next one.
pub(super) fn stream(
    read: &Read<'_>,
    version: VersionId,
    endpoint: EndpointId,
    spec: &SpecName,
    wish: Wish,
) -> Result<StreamKey, StoreError> {
    let attempts = read.attempts(version, spec)?;
    let newest = attempts.iter().rev().find(|row| row.key.endpoint == endpoint);
    let highest = attempts.iter().map(|row| row.key.attempt.get()).max().unwrap_or(0);
    let goes_on = newest.filter(|row| match wish {
        Wish::GoOn => true,
        Wish::FreshOnceEnded => row.ended.is_none(),
        Wish::New => false,
    });
    let attempt = match goes_on {
        Some(row) => row.key.attempt,
        None => NonZeroU32::MIN.saturating_add(highest),
    };
    Ok(StreamKey { version, endpoint, spec: spec.clone(), attempt, purpose: Purpose::Gate })
}

/// Every stream by which a version was judged by a spec, the newest first.
pub(super) fn streams(read: &Read<'_>, spec: &SpecName) -> Result<Vec<StreamKey>, StoreError> {
    let mut streams = read.streams()?;
    streams.retain(|row| row.key.spec == *spec && row.key.purpose == Purpose::Gate);
    streams.reverse();
    Ok(streams.into_iter().map(|row| row.key).collect())
}

/// Which attempt is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// The newest; asking a decided stream again asks nothing.
    GoOn,
    /// The newest, or the next when that has ended: what an opaque agent needs, whose answers are never reused.
    FreshOnceEnded,
    /// The next.
    New,
}

/// `wrongly_passed` of every attempt of this version and spec that ended before `stream`.
pub(super) fn earlier(read: &Read<'_>, stream: &StreamKey) -> Result<Vec<Unit>, StoreError> {
    let mut earlier = Vec::new();
    for row in read.attempts(stream.version, &stream.spec)? {
        if row.key == *stream || row.ended.is_none() {
            continue;
        }
        if let Some(last) = read.plans_of(&row.key)?.pop() {
            earlier.push(verdict::wrongly_passed(&last.plan));
        }
    }
    Ok(earlier)
}

/// What is known of a stream.
pub(super) fn seen(plan: &Plan, registered: Seq, facts: &[SlotFacts]) -> Result<Seen, CanonicalError> {
    let mut seen = Seen::new(plan, registered)?;
    for fact in facts {
        seen.ended(fact.clone());
    }
    Ok(seen)
}

/// Judges the facts of a stream.
pub(super) fn judge(
    read: &Read<'_>,
    plan: &Plan,
    registered: Seq,
    facts: &[SlotFacts],
    stop: Option<Why>,
    grade: Grade,
) -> Result<Verdict, GatingError> {
    let earlier = earlier(read, &plan.stream)?;
    let inquiry =
        Inquiry { plan, plan_recorded: registered, facts, stop, grade, earlier: &earlier, seq: Seq(0) };
    Ok(verdict::judge(&inquiry)?)
}

/// The place of a plan that is not recorded: after everything, so that whatever it hears was there before.
pub(super) const NOT_REGISTERED: Seq = Seq(u64::MAX);
