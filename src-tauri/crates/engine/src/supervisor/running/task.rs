//! What a run asks: each spec with the version, the endpoint and the stream that it is about.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use gatewright_core::{
    gate::Baseline,
    id::{EndpointId, EnvironmentName, SpecName, VersionId},
    observation::TrialState,
    plan::StreamKey,
    spec::{
        Ask, Budget, Isolation, Measure, Metric, MicroMoney, Rule, Spec,
        workspace::{Agent as AgentSpec, Deploy, Workspace},
    },
    version::{Grade, Manifest},
};

use tokio_util::sync::CancellationToken;

use super::{RunError, RunRequest, Sum};
use crate::{
    agent::Context,
    port::{
        agent::Agent,
        release::{Probe as _, Served},
    },
    store::{Durability, StoreError},
    supervisor::{
        against::{Against, Places},
        asking::{self, Asking, AskingError, Elsewhere},
        engine::{Engine, Present},
        gating::{self, Wish},
        reading::Reading,
        recipe,
        trust::Trust,
    },
};

/// One spec of a run, ready to be asked.
pub(super) struct Task {
    pub(super) spec: Spec,
    pub(super) agent: AgentSpec,
    pub(super) present: Present,
    pub(super) stream: StreamKey,
    pub(super) at: Option<EnvironmentName>,
    /// What it is compared with.
    pub(super) against: Against,
}

impl Engine {
    /// Seals what is to be judged, before the first call.
    pub(super) async fn tasks(
        &self,
        reading: &Reading,
        workspace: &Workspace,
        trust: &Trust,
        request: &RunRequest,
        cancel: &CancellationToken,
    ) -> Result<Vec<Task>, RunError> {
        let mut sealed: BTreeMap<_, Present> = BTreeMap::new();
        let mut tasks = Vec::new();
        for spec in chosen(reading, &request.specs)? {
            let agent = &workspace.agents[&spec.agent];
            let present = match sealed.get(&agent.name) {
                Some(present) => present.clone(),
                None => {
                    let present = self.to_be_judged(workspace, agent, trust, request)?;
                    self.is_served(workspace, trust, request, &present, cancel).await?;
                    self.seal(&present, request.label.clone()).await?;
                    sealed.insert(agent.name.clone(), present.clone());
                    present
                }
            };
            let mut spec = spec.clone();
            if request.enough {
                spec.ask = Ask::Enough;
            }
            let wish = match (request.new_attempt, present.version.grade) {
                (true, _) => Wish::New,
                (false, Grade::Opaque) => Wish::FreshOnceEnded,
                (false, _) => Wish::GoOn,
            };
            let gated = |problem| RunError::Gating { spec: spec.name.clone(), problem };
            let endpoint = present.endpoint.id().map_err(|error| gated(error.into()))?;
            let version = present.version.id;
            if request.new_attempt {
                self.abandon(version, endpoint, &spec.name).await?;
            }
            let stream = self.store.read(|read| gating::stream(read, version, endpoint, &spec.name, wish))?;
            let against = self.store.read(|read| Ok(Places::of(workspace).against(read, &spec, &stream)))?;
            let against = against.map_err(gated)?;
            tasks.push(Task { spec, agent: agent.clone(), present, stream, at: request.at.clone(), against });
        }
        Ok(tasks)
    }

    /// Ends the attempt that another is begun beside, if anything was answered in it: left where it looked bad, it had
    /// its chance like any other, and counts.
    async fn abandon(
        &self,
        version: VersionId,
        endpoint: EndpointId,
        spec: &SpecName,
    ) -> Result<(), StoreError> {
        let open = self.store.read(|read| {
            let attempts = read.attempts(version, spec)?;
            let newest = attempts.into_iter().rev().find(|row| row.key.endpoint == endpoint);
            let Some(open) = newest.filter(|row| row.ended.is_none()) else { return Ok(None) };
            let trials = read.trials_of(&open.key)?;
            let heard = trials.iter().any(|row| row.trial.state != TrialState::Released);
            Ok(heard.then_some(open.key))
        })?;
        let Some(open) = open else { return Ok(()) };
        self.store.write(Durability::Full, move |write| write.end_stream(&open)).await
    }

    /// The version and the endpoint that a request means.
    fn to_be_judged(
        &self,
        workspace: &Workspace,
        agent: &AgentSpec,
        trust: &Trust,
        request: &RunRequest,
    ) -> Result<Present, RunError> {
        let mut present = self.present(workspace, agent, trust)?;
        if let Some(wanted) = request.version.filter(|wanted| *wanted != present.version.id) {
            if request.at.is_none() && !asking::any_version(present.version.manifest.drive) {
                return Err(AskingError::Hosted.into());
            }
            let row = self.version(&wanted.to_string())?;
            present.sealed.contents.clear();
            present.version = row.version;
        }
        if let Some(name) = &request.at {
            let refuse = |why: String| RunError::NoEndpoint(why);
            let environment = workspace
                .environments
                .get(name)
                .ok_or_else(|| refuse(format!("there is no environment `{name}` in gatewright.yaml")))?;
            if environment.agent != agent.name {
                return Err(refuse(format!(
                    "`{name}` serves the agent `{}`, not `{}`",
                    environment.agent, agent.name
                )));
            }
            present.endpoint = recipe::live_endpoint(workspace, environment)
                .ok_or_else(|| refuse(format!("`{name}` has no `endpoint` in gatewright.yaml")))?;
        }
        Ok(present)
    }

    /// A version is asked at an environment's endpoint only while that serves it, as far as the endpoint says what it
    /// serves. It is asked once before anything is recorded.
    async fn is_served(
        &self,
        workspace: &Workspace,
        trust: &Trust,
        request: &RunRequest,
        present: &Present,
        cancel: &CancellationToken,
    ) -> Result<(), RunError> {
        let Some(environment) = request.at.as_ref().and_then(|name| workspace.environments.get(name)) else {
            return Ok(());
        };
        // Where it cannot be asked, the run finds out, and says why.
        let Ok(Some(probe)) = self.probe(workspace, environment, trust, cancel).await else { return Ok(()) };
        let wanted = present.version.id;
        match probe.ask().await {
            Ok(Served::Version(served)) if served != wanted => {
                Err(RunError::ServesAnother { environment: environment.name.clone(), served, wanted })
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn connect(
        &self,
        workspace: &Workspace,
        trust: &Trust,
        context: &Context,
        task: &Task,
        scratch: &Path,
    ) -> Result<Arc<dyn Agent>, RunError> {
        let (manifest, at) = (&task.present.version.manifest, task.at.as_ref());
        self.connect_to(workspace, trust, context, task, scratch, manifest, at).await
    }

    /// Connects to the live version that a task compares with; none where it is not asked.
    pub(super) async fn connect_baseline(
        &self,
        workspace: &Workspace,
        trust: &Trust,
        context: &Context,
        task: &Task,
        scratch: &Path,
    ) -> Result<Option<Arc<dyn Agent>>, RunError> {
        let Baseline::Asked(stream) = &task.against.baseline else { return Ok(None) };
        let manifest = self.manifest(stream.version)?;
        let at = match &task.against.elsewhere {
            Some(endpoint) => endpoint.environment.as_ref(),
            None => task.at.as_ref(),
        };
        let agent = self.connect_to(workspace, trust, context, task, scratch, &manifest, at).await?;
        Ok(Some(agent))
    }

    #[expect(clippy::too_many_arguments, reason = "one connection, and each is another thing")]
    async fn connect_to(
        &self,
        workspace: &Workspace,
        trust: &Trust,
        context: &Context,
        task: &Task,
        scratch: &Path,
        manifest: &Manifest,
        at: Option<&EnvironmentName>,
    ) -> Result<Arc<dyn Agent>, RunError> {
        let measures = measures(&task.spec);
        let asking = Asking {
            root: &self.root,
            trust,
            demo: self.demo.as_ref(),
            context,
            currency: workspace.currency,
            fixed_concurrency: measures.contains(&Measure::LatencyMs)
                || measures.contains(&Measure::FirstTokenMs),
            stream: measures.contains(&Measure::FirstTokenMs),
            fresh_connections: false,
            scratch,
        };
        let mut agent = task.agent.clone();
        if task.spec.isolation == Isolation::Serial {
            agent.limits.concurrency = 1;
        }
        let contents = |digest: &_| self.content(digest);
        let environment = at.and_then(|name| workspace.environments.get(name));
        let target = environment.map(|environment| match &environment.deploy {
            Deploy::Folder { path } => self.root.join(path),
        });
        let elsewhere = environment
            .and_then(|environment| environment.endpoint.as_ref())
            .map(|live| Elsewhere { url: &live.url, auth: live.auth.as_ref(), target: target.as_deref() });
        Ok(asking.connect(&agent, manifest, &contents, elsewhere).await?)
    }
}

/// The budget of a spec: flags before the spec's own before the workspace's. What the flags say is the run's, so what
/// other specs used up of it, `used` of the time, is gone.
pub(super) fn budget(
    workspace: &Workspace,
    spec: &Spec,
    request: &RunRequest,
    sum: &Sum,
    used: Duration,
) -> Budget {
    let mut budget = spec.budget.unwrap_or(workspace.defaults.budget);
    if let Some(calls) = request.calls {
        budget.calls = calls.saturating_sub(sum.asked + sum.retried);
    }
    if let Some(micros) = request.cost_micros {
        budget.cost = Some(MicroMoney { micros: micros - sum.cost_micros, currency: workspace.currency });
    }
    if let Some(time_ms) = request.time_ms {
        budget.time_ms = time_ms.saturating_sub(u64::try_from(used.as_millis()).unwrap_or(u64::MAX));
    }
    budget
}

fn measures(spec: &Spec) -> BTreeSet<Measure> {
    let of = |rule: &Rule| match rule {
        Rule::Rate { of: Metric::Within { of, .. }, .. }
        | Rule::Plain { of: Metric::Within { of, .. }, .. } => Some(*of),
        _ => None,
    };
    spec.gate.iter().filter_map(|criterion| of(&criterion.rule)).collect()
}

pub(in crate::supervisor) fn usable(reading: &Reading) -> Result<&Workspace, RunError> {
    reading.workspace.as_ref().ok_or(RunError::BadSpec(reading.errors().max(1)))
}

/// The specs that are meant; every error in one of them is in the way.
pub(in crate::supervisor) fn chosen<'a>(
    reading: &'a Reading,
    names: &[SpecName],
) -> Result<Vec<&'a Spec>, RunError> {
    let meant: Vec<_> = if names.is_empty() {
        reading.specs.iter().collect()
    } else {
        let find = |name: &SpecName| {
            let found = reading.specs.iter().find(|read| read.name == *name);
            found.ok_or_else(|| RunError::NoSuchSpec(name.clone()))
        };
        names.iter().map(find).collect::<Result<_, _>>()?
    };
    if meant.is_empty() {
        return Err(if reading.errors() > 0 {
            RunError::BadSpec(reading.errors())
        } else {
            RunError::NoSpec
        });
    }
    let bad = || RunError::BadSpec(reading.errors().max(1));
    meant.into_iter().map(|read| read.spec.as_ref().ok_or_else(bad)).collect()
}
