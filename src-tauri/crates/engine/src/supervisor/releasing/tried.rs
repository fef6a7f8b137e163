//! How many candidates a gate heard since what is live went live.

use gatewright_core::{
    decision::{EndedAttempt, LiveSince, Tried},
    id::{AgentName, EnvironmentName, SpecName, VersionId},
    release::Kind,
    spec::{Unit, workspace::Environment},
    verdict,
};

use crate::{
    store::{Read, StoreError},
    supervisor::{engine::Engine, reading::Reading},
};

/// Candidates that a spec heard to an end, and since when they are counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TriedSince {
    /// By which spec.
    pub spec: SpecName,
    /// Where that spec is required; none where no environment requires it.
    pub environment: Option<EnvironmentName>,
    /// What is live there; none before the first promotion: then all of the history counts.
    pub live: Option<VersionId>,
    /// What the live version is called, for sentences.
    pub label: Option<String>,
    /// How many, and what that does to the chance.
    pub tried: Tried,
}

impl TriedSince {
    /// In one sentence; none for a single candidate.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let since = self.since().zip(self.environment.as_ref());
        self.tried.sentence(since.map(|(since, environment)| format!("{since} in {environment}")).as_deref())
    }

    /// The same beside its environment, which is not named again.
    #[must_use]
    pub fn sentence_there(&self) -> Option<String> {
        self.tried.sentence(self.since().as_deref())
    }

    fn since(&self) -> Option<String> {
        let called = self.label.clone().or_else(|| Some(self.live?.0.short()))?;
        Some(format!("since {called} went live"))
    }
}

impl Engine {
    /// Candidates of each spec that an environment requires, in the order in which it requires them.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn tried_in(
        &self,
        reading: &Reading,
        environment: &Environment,
    ) -> Result<Vec<TriedSince>, StoreError> {
        self.store.read(|read| {
            let specs = required(reading, environment);
            specs.iter().map(|spec| tried(read, spec, &environment.agent, Some(&environment.name))).collect()
        })
    }

    /// Candidates of one spec, in the environment that requires it and counts the most of them.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn tried_by(
        &self,
        reading: &Reading,
        spec: &SpecName,
        agent: &AgentName,
    ) -> Result<TriedSince, StoreError> {
        let environments: Vec<&Environment> = match &reading.workspace {
            Some(workspace) => {
                let all = workspace.environments.values();
                all.filter(|environment| required(reading, environment).contains(spec)).collect()
            }
            None => Vec::new(),
        };
        self.store.read(|read| {
            let mut most: Option<TriedSince> = None;
            for environment in environments {
                let found = tried(read, spec, agent, Some(&environment.name))?;
                let count = |found: &TriedSince| (found.tried.candidates, found.tried.attempts);
                if most.as_ref().is_none_or(|most| count(&found) > count(most)) {
                    most = Some(found);
                }
            }
            most.map_or_else(|| tried(read, spec, agent, None), Ok)
        })
    }
}

/// Specs that a promotion needs: those that the environment names, else every one of its agent.
pub(super) fn required(reading: &Reading, environment: &Environment) -> Vec<SpecName> {
    match &environment.requires {
        Some(names) => names.clone(),
        None => {
            let of_agent = reading
                .specs
                .iter()
                .filter(|read| read.spec.as_ref().is_none_or(|spec| spec.agent == environment.agent));
            of_agent.map(|read| read.name.clone()).collect()
        }
    }
}

fn tried(
    read: &Read<'_>,
    spec: &SpecName,
    agent: &AgentName,
    environment: Option<&EnvironmentName>,
) -> Result<TriedSince, StoreError> {
    let live = match environment {
        Some(environment) => live_since(read, environment)?,
        None => None,
    };
    let mut ended = Vec::new();
    let mut certain = 0_u64;
    for row in read.ended_since(spec, agent, live.map(|live| live.promoted).unwrap_or_default())? {
        // Once nothing is promised, no plan is read for it any more: versions are counted all the same.
        let wrongly_passed = if certain >= u64::from(Unit::ONE.millionths()) {
            Unit::ZERO
        } else {
            let plan = read.plans_of(&row.key)?.pop();
            plan.map_or(Unit::ONE, |row| verdict::wrongly_passed(&row.plan))
        };
        certain += u64::from(wrongly_passed.millionths());
        ended.extend(row.ended.map(|ended| EndedAttempt { version: row.key.version, ended, wrongly_passed }));
    }
    let label = match live {
        Some(live) => called(read, live.version)?,
        None => None,
    };
    Ok(TriedSince {
        spec: spec.clone(),
        environment: environment.cloned(),
        live: live.map(|live| live.version),
        label,
        tried: Tried::since(live, ended),
    })
}

/// What is live by the journal, since the promotion that made it so.
fn live_since(read: &Read<'_>, environment: &EnvironmentName) -> Result<Option<LiveSince>, StoreError> {
    let lives = read.lives(environment, u32::MAX)?;
    let Some(live) = lives.first().map(|row| row.release.to) else { return Ok(None) };
    let promoted = lives.iter().find(|row| row.release.to == live && row.release.kind == Kind::Promotion);
    Ok(promoted.map(|row| LiveSince { version: live, promoted: row.seq }))
}

/// What a person calls a version: by its label, else by its number.
fn called(read: &Read<'_>, version: VersionId) -> Result<Option<String>, StoreError> {
    let label = read.version(version)?.and_then(|row| row.label);
    match label {
        Some(label) => Ok(Some(label)),
        None => Ok(read.version_number(version)?.map(|number| format!("v{number}"))),
    }
}
