//! Releases: what is live, whether a version may go live, and the way back.

mod journal;
mod judgement;
mod lane;
mod probe;
mod settling;
#[cfg(test)]
mod tests;
mod tried;
mod weakening;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use gatewright_core::{
    decision::{self, Decision, Grant, Live, Refusal, WasLive, Word},
    id::{EnvironmentName, ReleaseId, SpecMeaning, SpecName, VersionId},
    spec::workspace::{Deploy, Environment, Workspace},
    time::Seq,
    version::Version,
};
use tokio_util::sync::CancellationToken;

use self::{
    journal::ReleaseJournal,
    lane::{previous, rolled_back_from},
    probe::{EndpointProbe, SealedContent},
};
pub use self::{judgement::Judgement, lane::Lane, settling::Settled, tried::TriedSince};
use super::{
    asking::{Asking, AskingError, Elsewhere},
    engine::{Engine, EngineError},
    reading::Reading,
    trust::{Act, NotTrusted, Trust},
    user::UserError,
};
use crate::{
    agent::{Context, RetryBudget},
    deploy::{
        Desk, EnactError, Enacted, Order, Patience,
        adapter::{Adapter, AdapterError, Current, Staging, SwitchPlan},
        bounded,
        folder::Folder,
    },
    port::release::{JournalError, Probe},
    store::{
        Durability, StoreError, Write,
        table::{NewDecision, ReleaseRow},
    },
};

/// Why nothing was released.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// There is no such environment.
    #[error("there is no environment `{0}` in gatewright.yaml")]
    NoSuchEnvironment(EnvironmentName),
    /// The workspace file has errors.
    #[error("gatewright.yaml has errors: `gatewright check` shows them")]
    BadWorkspace,
    /// The decision is no.
    #[error("{}", words(.0))]
    Refused(Vec<Refusal>),
    /// Nothing was live before.
    #[error("nothing else was live in `{0}` before, so there is nothing to go back to")]
    NothingBefore(EnvironmentName),
    /// What was live before was rolled back from.
    #[error(
        "nothing was live in `{environment}` before but {}, which was rolled back from",
        .version.0.short()
    )]
    RolledBackFrom {
        /// Where.
        environment: EnvironmentName,
        /// Which.
        version: VersionId,
    },
    /// That version was never live here.
    #[error("{} was never live and verified in `{environment}`: promote it instead", .version.0.short())]
    NeverLive {
        /// Where.
        environment: EnvironmentName,
        /// Which.
        version: VersionId,
    },
    /// The folder is not trusted.
    #[error(transparent)]
    NotTrusted(#[from] NotTrusted),
    /// The endpoint cannot be asked.
    #[error(transparent)]
    Asking(#[from] AskingError),
    /// The release was not carried out.
    #[error(transparent)]
    Enact(#[from] EnactError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for ReleaseError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<UserError> for ReleaseError {
    fn from(error: UserError) -> Self {
        Self::Engine(error.into())
    }
}

fn words(refusals: &[Refusal]) -> String {
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What is asked for when a version is to go live.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// Which version.
    pub version: &'a Version,
    /// By whose word, if one was given.
    pub word: Option<Word>,
    /// What the target names that no release here made live, as [`Engine::outside`] told whoever asks: it is replaced if
    /// it is still there, and by a person's word alone.
    pub over: Option<VersionId>,
}

impl Engine {
    /// Lets a version go live in an environment. `clicked` is when a person asked for it, by the engine's clock.
    ///
    /// # Errors
    /// See [`ReleaseError`]. What the target did is no error but the state of the release.
    pub async fn promote(
        &self,
        reading: &Reading,
        environment: &EnvironmentName,
        wish: Wish<'_>,
        clicked: Duration,
        cancel: &CancellationToken,
    ) -> Result<Enacted, ReleaseError> {
        let (workspace, environment) = environment_of(reading, environment)?;
        let trust = self.trust(workspace)?;
        self.may_deploy(&trust, environment)?;
        let judgement = self.judgement(reading, environment, wish)?;
        match judgement.decision {
            Decision::Refused(refusals) => Err(ReleaseError::Refused(refusals)),
            Decision::Granted(grant) => {
                self.enact(workspace, environment, &trust, *grant, judgement.meanings, clicked, cancel).await
            }
        }
    }

    /// The version that an environment's target names now, where that is not what went live there last. None as well
    /// while a release is open, which may be why, where the target cannot be read, and where the folder is not trusted
    /// with it.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub async fn outside(
        &self,
        reading: &Reading,
        environment: &EnvironmentName,
    ) -> Result<Option<VersionId>, ReleaseError> {
        let (workspace, environment) = environment_of(reading, environment)?;
        let current = self.current(environment, &self.trust(workspace)?).await;
        match current.and_then(Result::ok) {
            Some(current) => Ok(self.moved_outside(&environment.name, &current)?),
            None => Ok(None),
        }
    }

    /// The version that a target names, where that is not what went live there last.
    fn moved_outside(
        &self,
        environment: &EnvironmentName,
        current: &Current,
    ) -> Result<Option<VersionId>, StoreError> {
        let Some(named) = current.version() else { return Ok(None) };
        self.store.read(|read| {
            let live = read.lives(environment, 1)?.first().map(|row| row.release.to);
            Ok((live != Some(named) && read.open_release(environment)?.is_none()).then_some(named))
        })
    }

    /// What an environment's target says is live; none while the folder is not trusted with it.
    async fn current(
        &self,
        environment: &Environment,
        trust: &Trust,
    ) -> Option<Result<Current, AdapterError>> {
        self.may_deploy(trust, environment).ok()?;
        let adapter = self.adapter(environment);
        Some(bounded(Patience::default().read, adapter.current()).await)
    }

    /// Puts an earlier version back; the previous one when none is named. It asks for no verdict, and takes over from
    /// a release that is not over.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub async fn roll_back(
        &self,
        reading: &Reading,
        environment: &EnvironmentName,
        to: Option<VersionId>,
        clicked: Duration,
        cancel: &CancellationToken,
    ) -> Result<Enacted, ReleaseError> {
        let (workspace, environment) = environment_of(reading, environment)?;
        let trust = self.trust(workspace)?;
        self.may_deploy(&trust, environment)?;
        let grant = self.way_back(environment, to)?;
        self.enact(workspace, environment, &trust, grant, BTreeMap::new(), clicked, cancel).await
    }

    /// The version that a rollback would put back: the named one if it was live and verified here; else what was live
    /// before the release that is not over, or before what is live.
    ///
    /// # Errors
    /// [`ReleaseError::NeverLive`], [`ReleaseError::NothingBefore`], [`ReleaseError::RolledBackFrom`].
    pub fn rollback_target(
        &self,
        environment: &EnvironmentName,
        to: Option<VersionId>,
    ) -> Result<VersionId, ReleaseError> {
        let (lives, open) = self
            .store
            .read(|read| Ok((read.lives(environment, u32::MAX)?, read.open_release(environment)?)))?;
        Ok(target(environment, &lives, open.as_ref(), to)?.version())
    }

    /// The grant to go back.
    fn way_back(&self, environment: &Environment, to: Option<VersionId>) -> Result<Grant, ReleaseError> {
        let name = &environment.name;
        let (lives, open) =
            self.store.read(|read| Ok((read.lives(name, u32::MAX)?, read.open_release(name)?)))?;
        let target = target(name, &lives, open.as_ref(), to)?;
        let manifest = self.manifest(target.version())?;
        let version = lives.first().map(|row| row.release.to);
        let live = Live { version, open: open.map(|row| row.release.id), ..Live::default() };
        let seq = self.store.read(|read| read.log_head())?.map_or(Seq(0), |(seq, _)| seq);
        match decision::decide_rollback(name, &target, &manifest, &live, Seq(seq.0 + 1)) {
            Decision::Granted(grant) => Ok(*grant),
            Decision::Refused(refusals) => Err(ReleaseError::Refused(refusals)),
        }
    }

    /// What a switch of an environment to a recorded version would do, and what it would not turn back; nothing is
    /// changed. `None` when the adapter cannot tell.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub async fn switch_plan(
        &self,
        reading: &Reading,
        environment: &EnvironmentName,
        version: VersionId,
    ) -> Result<Option<SwitchPlan>, ReleaseError> {
        let (workspace, environment) = environment_of(reading, environment)?;
        self.may_deploy(&self.trust(workspace)?, environment)?;
        let Some(manifest) = decision::sealed_digest(&self.manifest(version)?) else { return Ok(None) };
        let staging = Staging { version, manifest, sealed: Arc::new(SealedContent(self.store.clone())) };
        let plan = self.adapter(environment).plan(&staging).await;
        Ok(plan.inspect_err(|error| tracing::debug!(%error, "the adapter cannot plan")).ok())
    }

    #[expect(clippy::too_many_arguments, reason = "one call, and each is another thing")]
    async fn enact(
        &self,
        workspace: &Workspace,
        environment: &Environment,
        trust: &Trust,
        grant: Grant,
        meanings: BTreeMap<SpecName, SpecMeaning>,
        clicked: Duration,
        cancel: &CancellationToken,
    ) -> Result<Enacted, ReleaseError> {
        self.store.check_writable()?;
        let journal = self.journal(environment, meanings);
        let probe = self.probe(workspace, environment, trust, cancel).await;
        // The way back waits for no key and no endpoint; a promotion that could not be watched does not begin.
        let probe =
            if grant.is_rollback() { probe.unwrap_or_else(EndpointProbe::out_of_reach) } else { probe? };
        let adapter = self.adapter(environment);
        let desk = self.desk(environment, adapter.as_ref(), probe.as_ref(), &journal);
        let order = Order { grant, rehearsal: false, clicked };
        let enacted = desk.enact(&order, cancel).await?;
        self.checkpoint().await?;
        Ok(enacted)
    }

    fn journal(
        &self,
        environment: &Environment,
        meanings: BTreeMap<SpecName, SpecMeaning>,
    ) -> ReleaseJournal<'_> {
        ReleaseJournal { engine: self, agent: environment.agent.clone(), meanings }
    }

    fn desk<'a>(
        &'a self,
        environment: &Environment,
        adapter: &'a dyn Adapter,
        probe: Option<&'a EndpointProbe>,
        journal: &'a ReleaseJournal<'a>,
    ) -> Desk<'a> {
        Desk {
            environment: environment.name.clone(),
            adapter,
            probe: probe.map(|probe| -> &dyn Probe { probe }),
            journal,
            sealed: Arc::new(SealedContent(self.store.clone())),
            clock: self.clock.as_ref(),
            draw: &|| ReleaseId(uuid::Uuid::now_v7().as_u128()),
            patience: Patience::default(),
        }
    }

    fn adapter(&self, environment: &Environment) -> Box<dyn Adapter> {
        Box::new(Folder::new(self.target(environment)))
    }

    /// The folder that an environment's adapter moves.
    #[must_use]
    pub fn target(&self, environment: &Environment) -> PathBuf {
        let Deploy::Folder { path } = &environment.deploy;
        self.root.join(path)
    }

    fn may_deploy(&self, trust: &Trust, environment: &Environment) -> Result<(), NotTrusted> {
        let Deploy::Folder { path } = &environment.deploy;
        trust.may(&Act::Deploy { target: path.clone() })
    }

    /// The environment's endpoint, to be asked on fresh connections; none where it names none.
    pub(in crate::supervisor) async fn probe(
        &self,
        workspace: &Workspace,
        environment: &Environment,
        trust: &Trust,
        cancel: &CancellationToken,
    ) -> Result<Option<EndpointProbe>, ReleaseError> {
        let Some(endpoint) = &environment.endpoint else { return Ok(None) };
        let agent = &workspace.agents[&environment.agent];
        let context = Context {
            queues: Arc::clone(&self.queues),
            retries: Arc::new(RetryBudget::default()),
            clock: Arc::clone(&self.clock),
        };
        let scratch = tempfile::tempdir().map_err(EngineError::from)?;
        let asking = Asking {
            root: &self.root,
            trust,
            demo: self.demo.as_ref(),
            context: &context,
            currency: workspace.currency,
            fixed_concurrency: true,
            stream: false,
            fresh_connections: true,
            scratch: scratch.path(),
        };
        let target = self.target(environment);
        let elsewhere = Elsewhere { url: &endpoint.url, auth: endpoint.auth.as_ref(), target: Some(&target) };
        let connected = asking.connect_live(agent, elsewhere).await?;
        Ok(Some(EndpointProbe::Asked { agent: connected, cancel: cancel.clone() }))
    }

    /// Notes that a person was refused: the log holds that it was tried.
    ///
    /// # Errors
    /// The history cannot be written.
    pub async fn log_refusal(
        &self,
        environment: &EnvironmentName,
        version: VersionId,
        refusals: &[Refusal],
    ) -> Result<(), StoreError> {
        let decision = NewDecision {
            environment: environment.clone(),
            version,
            grant: None,
            summary: format!("{} may not go live in {environment}: {}", version.0.short(), words(refusals)),
            body: gatewright_core::id::canonical_json(&words(refusals))?,
            envelope: None,
        };
        let write = move |write: &Write<'_>| write.record_decision(&decision).map(|_| ());
        self.store.write(Durability::Full, write).await
    }
}

/// What a rollback goes back to.
fn target(
    environment: &EnvironmentName,
    lives: &[ReleaseRow],
    open: Option<&ReleaseRow>,
    to: Option<VersionId>,
) -> Result<WasLive, ReleaseError> {
    let release_to = |version| lives.iter().map(|row| &row.release).find(|release| release.to == version);
    let found = match (to, open) {
        (Some(version), _) => {
            let lived = release_to(version);
            Some(lived.ok_or_else(|| ReleaseError::NeverLive { environment: environment.clone(), version })?)
        }
        // What was live before the release that is not over.
        (None, Some(open)) => open.release.from.and_then(release_to),
        (None, None) => None,
    };
    let found = found.cloned().or_else(|| previous(lives));
    found.and_then(|release| release.was_live()).ok_or_else(|| match rolled_back_from(lives) {
        Some(version) => ReleaseError::RolledBackFrom { environment: environment.clone(), version },
        None => ReleaseError::NothingBefore(environment.clone()),
    })
}

fn environment_of<'a>(
    reading: &'a Reading,
    name: &EnvironmentName,
) -> Result<(&'a Workspace, &'a Environment), ReleaseError> {
    let workspace = reading.workspace.as_ref().ok_or(ReleaseError::BadWorkspace)?;
    let environment = workspace.environments.get(name);
    environment.map(|found| (workspace, found)).ok_or_else(|| ReleaseError::NoSuchEnvironment(name.clone()))
}
