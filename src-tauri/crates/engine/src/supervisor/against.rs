//! What a candidate is compared with: which version is live, whether it can be asked, and where; else what is recorded
//! of it.
//!
//! A version can be asked where we send what it is, or start it: then at the candidate's own endpoint. One that has its
//! own prompt at its address is asked where it is live, if the environment says where that is.

use std::{collections::BTreeSet, num::NonZeroU32};

use gatewright_core::{
    gate::{self, Baseline, Outlook, PlanProblem, SlotFacts},
    id::{CaseName, EndpointId, EnvironmentName, VersionId},
    observation::TrialState,
    plan::{Purpose, StreamKey},
    spec::{
        Budget, Rule, Spec,
        workspace::{Access, Workspace},
    },
    version::{Drive, Endpoint},
};

use super::{
    engine::Engine,
    gating::{self, GatingError, Wish},
    recipe,
};
use crate::store::{Read, StoreError};

/// Where versions of a spec's agent answer, as the workspace says now.
pub(super) struct Places<'w> {
    workspace: &'w Workspace,
}

/// What a candidate is compared with, and where that answers if not where the candidate does.
#[derive(Clone, Debug, Default)]
pub(super) struct Against {
    pub(super) baseline: Baseline,
    pub(super) elsewhere: Option<Endpoint>,
}

impl Engine {
    /// What the gate of a spec will cost the present version, and what it can tell apart, beside what is live now.
    ///
    /// # Errors
    /// The spec has no plan.
    pub fn outlook(
        &self,
        workspace: &Workspace,
        spec: &Spec,
        budget: Option<&Budget>,
    ) -> Result<Outlook, PlanProblem> {
        match self.beside(workspace, spec) {
            Some(baseline) => gate::outlook_against(spec, budget, &baseline),
            None => gate::outlook(spec, budget),
        }
    }

    /// What the present version is compared with; none where nothing is compared, or it cannot be found out.
    fn beside(&self, workspace: &Workspace, spec: &Spec) -> Option<Baseline> {
        environment(spec)?;
        let agent = workspace.agents.get(&spec.agent)?;
        let present = self.present(workspace, agent, &self.trust(workspace).ok()?).ok()?;
        let endpoint = present.endpoint.id().ok()?;
        let look = |read: &Read<'_>| {
            let stream = gating::stream(read, present.version.id, endpoint, &spec.name, Wish::GoOn)?;
            Ok::<_, StoreError>(Places::of(workspace).against(read, spec, &stream))
        };
        Some(self.store.read(look).ok()?.ok()?.baseline)
    }
}

impl<'w> Places<'w> {
    pub(super) fn of(workspace: &'w Workspace) -> Self {
        Self { workspace }
    }

    /// What the stream of a candidate is compared with by the criteria of a spec.
    pub(super) fn against(
        &self,
        read: &Read<'_>,
        spec: &Spec,
        stream: &StreamKey,
    ) -> Result<Against, GatingError> {
        let Some(environment) = environment(spec) else { return Ok(Against::default()) };
        let Some(live) = live(read, environment, spec, stream)? else { return Ok(Against::default()) };
        match self.askable(read, spec, environment, live, stream)? {
            Some((endpoint, elsewhere)) => {
                let purpose = Purpose::BaselineOf { candidate: stream.version, attempt: stream.attempt };
                let (spec, attempt) = (stream.spec.clone(), NonZeroU32::MIN);
                let asked = StreamKey { version: live, endpoint, spec, attempt, purpose };
                Ok(Against { baseline: Baseline::Asked(asked), elsewhere })
            }
            None => Ok(Against { baseline: recorded(read, spec, live)?, elsewhere: None }),
        }
    }

    /// Where a version can be asked; none where it cannot.
    fn askable(
        &self,
        read: &Read<'_>,
        spec: &Spec,
        environment: &EnvironmentName,
        version: VersionId,
        stream: &StreamKey,
    ) -> Result<Option<(EndpointId, Option<Endpoint>)>, GatingError> {
        let (Some(agent), Some(row)) = (self.workspace.agents.get(&spec.agent), read.version(version)?)
        else {
            return Ok(None);
        };
        let starts = matches!(agent.access, Access::Command(_));
        Ok(match row.version.manifest.drive {
            Drive::Assembled if !starts => Some((stream.endpoint, None)),
            Drive::Spawned if starts => Some((stream.endpoint, None)),
            Drive::Hosted if !starts => {
                let environment = self.workspace.environments.get(environment);
                let live = environment.and_then(|one| recipe::live_endpoint(self.workspace, one));
                match live {
                    Some(live) => {
                        let id = live.id()?;
                        // At one address there is one version: it cannot be asked beside itself.
                        (id != stream.endpoint).then_some((id, Some(live)))
                    }
                    None => None,
                }
            }
            _ => None,
        })
    }
}

/// The environment whose live version the criteria of a spec mean; none when none compares.
pub(super) fn environment(spec: &Spec) -> Option<&EnvironmentName> {
    spec.gate.iter().find_map(|criterion| match &criterion.rule {
        Rule::MaxDrop { environment, .. } => Some(environment),
        _ => None,
    })
}

/// The version that a candidate is compared with: the live one. What is live itself stays compared with what it was
/// compared with, so that its verdict does not change by going live.
fn live(
    read: &Read<'_>,
    environment: &EnvironmentName,
    spec: &Spec,
    stream: &StreamKey,
) -> Result<Option<VersionId>, StoreError> {
    let live = read.lives(environment, 1)?.first().map(|row| row.release.to);
    if live != Some(stream.version) {
        return Ok(live);
    }
    for attempt in read.attempts(stream.version, &spec.name)?.iter().rev() {
        let plans = read.plans_of(&attempt.key)?;
        if let Some(baseline) = plans.into_iter().rev().find_map(|row| row.plan.baseline) {
            return Ok(Some(baseline.version));
        }
    }
    Ok(None)
}

/// What a stream of the past was compared with then; nothing where it was not.
pub(super) fn as_then(read: &Read<'_>, spec: &Spec, stream: &StreamKey) -> Result<Baseline, StoreError> {
    let plans = read.plans_of(stream)?;
    match plans.into_iter().rev().find_map(|row| row.plan.baseline) {
        None => Ok(Baseline::Nothing),
        Some(asked) if matches!(asked.purpose, Purpose::BaselineOf { .. }) => Ok(Baseline::Asked(asked)),
        Some(live) => recorded(read, spec, live.version),
    }
}

/// What is recorded of a version in the first rounds of its attempts, where they are whole.
fn recorded(read: &Read<'_>, spec: &Spec, version: VersionId) -> Result<Baseline, StoreError> {
    let (mut newest, mut first_rounds) = (None, Vec::<SlotFacts>::new());
    for attempt in read.attempts(version, &spec.name)? {
        let Some(last) = read.plans_of(&attempt.key)?.pop() else { continue };
        let first = |row: &&crate::store::table::TrialRow| {
            row.trial.slot.round == 0 && row.trial.state != TrialState::Released
        };
        let trials = read.trials_of(&attempt.key)?;
        let asked: BTreeSet<&CaseName> =
            trials.iter().filter(first).map(|row| &row.trial.slot.case).collect();
        if !last.plan.cases.iter().all(|case| asked.contains(case)) {
            continue;
        }
        let facts = gating::recorded(read, &attempt.key, spec)?.facts;
        first_rounds.extend(facts.into_iter().filter(|facts| facts.slot.round == 0));
        newest = Some(attempt.key);
    }
    Ok(newest.map_or(Baseline::Nothing, |stream| Baseline::Recorded { stream, first_rounds }))
}
