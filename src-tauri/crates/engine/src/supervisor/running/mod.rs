//! A run: seal what is to be judged, ask what its gates want, judge, and keep all of it.

mod judging;
mod task;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use gatewright_core::{
    gate::{Seen, Spent, words},
    id::{CaseName, EnvironmentName, RunId, SpecName, VersionId},
    plan::StreamKey,
    spec::{Budget, MicroMoney, Spec, workspace::Workspace},
    verdict::Verdict,
    version::{Endpoint, Version},
};
use tokio_util::sync::CancellationToken;

use self::task::{Task, budget};
pub(in crate::supervisor) use self::task::{chosen, usable};
use super::{
    asking::AskingError,
    engine::{Engine, EngineError},
    gating::GatingError,
    reading::Reading,
    recipe,
    trust::{NotTrusted, Trust},
    user::UserError,
};
use crate::{
    agent::{Context, RetryBudget},
    port::{agent::Agent, journal::JournalError},
    run::{Finished, Follow},
    store::{Durability, FileLock, Holder, StoreError, Taken, table::RunState},
};

/// How often a run looks whether another process asked it to stop.
const CANCEL_LOOK_MS: u64 = 300;

/// What a run is asked to do.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// Which specs; all when empty.
    pub specs: Vec<SpecName>,
    /// Another version than the one that the files describe.
    pub version: Option<VersionId>,
    /// At the endpoint of an environment.
    pub at: Option<EnvironmentName>,
    /// A name for the version.
    pub label: Option<String>,
    /// Calls at most, over the budgets of the files; of all specs together.
    pub calls: Option<u64>,
    /// Cost at most, in millionths, likewise.
    pub cost_micros: Option<i64>,
    /// Time at most, likewise.
    pub time_ms: Option<u64>,
    /// Whether to stop as soon as it is known.
    pub enough: bool,
    /// Whether to begin a new attempt.
    pub new_attempt: bool,
    /// Whether to fail when another run is going on, instead of waiting.
    pub no_wait: bool,
}

/// Follows a run.
pub trait Watch: Send + Sync {
    /// It is recorded; the specs in the order in which they are asked.
    fn began(&self, run: RunId, specs: &[SpecName]);
    /// Something of a spec was asked or heard. Called often: it has to be quick.
    fn moved(&self, spec: &SpecName, seen: &Seen, spent: &Spent);
}

/// What is known of a spec's gate, after a run or without one.
#[derive(Clone, Debug)]
pub struct SpecReport {
    /// The spec.
    pub spec: Spec,
    /// What its gate says.
    pub verdict: Verdict,
    /// Of which version.
    pub version: Version,
    /// The name that a person gave the version.
    pub label: Option<String>,
    /// Where it answered.
    pub endpoint: Endpoint,
    /// Why the run stopped, in the endpoint's words.
    pub remark: Option<String>,
    /// What broke the rule in the newest trial of a case that failed.
    pub why: BTreeMap<CaseName, String>,
}

/// Calls and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Turns asked.
    pub asked: u64,
    /// Tries beyond the first.
    pub retried: u64,
    /// What was spent; none when the cost of an answer is unknown.
    pub cost: Option<MicroMoney>,
}

/// A run, ended; or what is known without one.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// Which; none when nothing was asked.
    pub run: Option<RunId>,
    /// In the order in which they were asked.
    pub specs: Vec<SpecReport>,
    /// Calls and cost of this run.
    pub answered: Answered,
    /// Wall time.
    pub duration: Duration,
    /// Hosts that were spoken to.
    pub egress: BTreeSet<String>,
}

/// Why there is no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Files have errors; they stand in the reading.
    #[error("{} in the workspace's files: `gatewright check` shows where", words::plural(*.0, "error", "errors"))]
    BadSpec(u32),
    /// There is no such spec.
    #[error("there is no spec `{0}`")]
    NoSuchSpec(SpecName),
    /// There is no spec at all.
    #[error(
        "the workspace has no spec: write cases and a gate into gatewright.yaml, or files below `specs/`"
    )]
    NoSpec,
    /// There is no such environment, or it has no endpoint, or is for another agent.
    #[error("{0}")]
    NoEndpoint(String),
    /// The environment serves something else than what is to be judged.
    #[error(
        "`{environment}` says that it serves {}, so {} cannot be asked there: `--version {}` asks what it serves",
        .served.0.short(), .wanted.0.short(), .served.0.short()
    )]
    ServesAnother {
        /// Which environment.
        environment: EnvironmentName,
        /// The version that it names.
        served: VersionId,
        /// The one that was meant.
        wanted: VersionId,
    },
    /// Somebody else runs.
    #[error("another run of this workspace is going on ({0})")]
    Busy(String),
    /// The folder is not trusted.
    #[error(transparent)]
    NotTrusted(#[from] NotTrusted),
    /// The agent cannot be asked.
    #[error(transparent)]
    Asking(#[from] AskingError),
    /// There is no plan.
    #[error("spec `{spec}`: {problem}")]
    Gating {
        /// Of which spec.
        spec: SpecName,
        /// Why.
        problem: GatingError,
    },
    /// A fact could not be written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<UserError> for RunError {
    fn from(error: UserError) -> Self {
        Self::Engine(error.into())
    }
}

/// What a run adds up to.
#[derive(Default)]
struct Sum {
    asked: u64,
    retried: u64,
    cost_micros: i64,
    cost_unknown: bool,
    egress: BTreeSet<String>,
}

impl Engine {
    /// Asks what is missing and judges. A spec whose stream has ended is judged without a call.
    ///
    /// # Errors
    /// See [`RunError`]. What was answered before the error is kept.
    pub async fn run(
        &self,
        reading: &Reading,
        request: &RunRequest,
        watch: Option<Arc<dyn Watch>>,
        cancel: &CancellationToken,
    ) -> Result<RunReport, RunError> {
        let started = self.clock.elapsed();
        let workspace = usable(reading)?;
        let trust = self.trust(workspace)?;
        // Said before anything is recorded; each call asks again.
        for spec in chosen(reading, &request.specs)?.into_iter().filter(|_| request.at.is_none()) {
            let agent = &workspace.agents[&spec.agent];
            recipe::acts(&agent.access, agent.auth.as_ref()).iter().try_for_each(|act| trust.may(act))?;
        }
        let lock = self.run_lock(request.no_wait, cancel).await?;
        self.end_interrupted().await?;
        let tasks = self.tasks(reading, workspace, &trust, request, cancel).await?;
        let run = RunId(uuid::Uuid::now_v7().as_u128());
        let owner = format!("{} {}", self.host, std::process::id());
        let streams: Vec<StreamKey> = tasks.iter().map(|task| task.stream.clone()).collect();
        self.store.write(Durability::Full, move |write| write.start_run(run, &owner, &streams)).await?;
        let specs: Vec<SpecName> = tasks.iter().map(|task| task.spec.name.clone()).collect();
        if let Some(watch) = &watch {
            watch.began(run, &specs);
        }
        let stop = cancel.child_token();
        let mut sum = Sum::default();
        // One future: whoever drops the run leaves nobody behind who listens.
        let asked = tokio::select! {
            asked = self.ask_all(run, workspace, &trust, request, tasks, &mut sum, watch, &stop) => asked,
            never = self.listen_for_cancel(run, &stop) => match never {},
        };
        // Before the end is told: whoever hears of it finds everything done.
        let witnessed = self.checkpoint().await;
        let state = if stop.is_cancelled() { RunState::Cancelled } else { RunState::Ended };
        self.store.write(Durability::Full, move |write| write.end_run(run, state)).await?;
        drop(lock);
        let specs = asked?;
        witnessed?;
        let cost = MicroMoney { micros: sum.cost_micros, currency: workspace.currency };
        Ok(RunReport {
            run: Some(run),
            specs,
            answered: Answered {
                asked: sum.asked,
                retried: sum.retried,
                cost: (!sum.cost_unknown).then_some(cost),
            },
            duration: self.clock.elapsed().saturating_sub(started),
            egress: sum.egress,
        })
    }

    async fn run_lock(&self, no_wait: bool, cancel: &CancellationToken) -> Result<FileLock, RunError> {
        self.store.check_writable()?;
        let path = self.store.folder().run_lock();
        let holder = Holder::this_process(&self.host, self.clock.now());
        loop {
            match FileLock::try_take(&path, &holder)? {
                Taken::Ours(lock) => return Ok(lock),
                Taken::HeldBy(other) => {
                    let who = other.map_or_else(
                        || "by another process".to_owned(),
                        |other| format!("{}, process {}", other.host, other.pid),
                    );
                    if no_wait || cancel.is_cancelled() {
                        return Err(RunError::Busy(who));
                    }
                    tracing::info!(%who, "another run is going on; waiting for it");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(CANCEL_LOOK_MS)) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    /// Whoever holds the lock knows that every other run has died.
    async fn end_interrupted(&self) -> Result<(), StoreError> {
        let open = self.store.read(|read| read.open_runs())?;
        for row in open {
            self.store
                .write(Durability::Normal, move |write| write.end_run(row.id, RunState::Interrupted))
                .await?;
        }
        Ok(())
    }

    /// Stops the run when another process asks for it.
    async fn listen_for_cancel(&self, run: RunId, stop: &CancellationToken) -> Infallible {
        while !stop.is_cancelled() {
            tokio::time::sleep(Duration::from_millis(CANCEL_LOOK_MS)).await;
            if matches!(self.store.read_async(move |read| read.cancel_asked(run)).await, Ok(true)) {
                stop.cancel();
            }
        }
        std::future::pending().await
    }

    #[expect(clippy::too_many_arguments, reason = "one call, and each is another thing")]
    async fn ask_all(
        &self,
        run: RunId,
        workspace: &Workspace,
        trust: &Trust,
        request: &RunRequest,
        tasks: Vec<Task>,
        sum: &mut Sum,
        watch: Option<Arc<dyn Watch>>,
        stop: &CancellationToken,
    ) -> Result<Vec<SpecReport>, RunError> {
        let context = Context {
            queues: Arc::clone(&self.queues),
            retries: Arc::new(RetryBudget::default()),
            clock: Arc::clone(&self.clock),
        };
        let began = self.clock.elapsed();
        let released = Arc::new(AtomicU64::new(0));
        let mut reports = Vec::new();
        for task in tasks {
            let scratch = tempfile::tempdir().map_err(EngineError::from)?;
            let agent = self.connect(workspace, trust, &context, &task, scratch.path()).await?;
            let beside = tempfile::tempdir().map_err(EngineError::from)?;
            let baseline = self.connect_baseline(workspace, trust, &context, &task, beside.path()).await?;
            let used = self.clock.elapsed().saturating_sub(began);
            let budget = budget(workspace, &task.spec, request, sum, used);
            let released = Arc::clone(&released);
            let ask = AskOne { run, agent, baseline, budget, released, watch: watch.clone() };
            reports.push(self.ask_one(task, ask, sum, stop).await?);
        }
        Ok(reports)
    }
}

/// Asks one spec with this.
struct AskOne {
    run: RunId,
    agent: Arc<dyn Agent>,
    /// The live version, where it is asked in step.
    baseline: Option<Arc<dyn Agent>>,
    budget: Budget,
    released: Arc<AtomicU64>,
    watch: Option<Arc<dyn Watch>>,
}

struct FollowSpec {
    spec: SpecName,
    watch: Arc<dyn Watch>,
}

impl Follow for FollowSpec {
    fn moved(&self, seen: &Seen, spent: &Spent) {
        self.watch.moved(&self.spec, seen, spent);
    }
}

impl Sum {
    fn add(&mut self, finished: &Finished) {
        self.asked += finished.asked;
        self.retried += finished.retried;
        self.cost_micros += finished.spent.cost_micros;
        self.cost_unknown |= !finished.cost_known;
        self.egress.extend(finished.egress.iter().cloned());
    }
}
