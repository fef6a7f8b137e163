//! A run: seal what is to be judged, ask what its gates want, judge, and keep all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use gatewright_core::{
    gate::{Seen, Spent, Why},
    id::{CaseName, CriterionId, EnvironmentName, RunId, SpecName, VersionId},
    plan::StreamKey,
    spec::{
        Ask, Budget, Isolation, Measure, Metric, MicroMoney, Rule, Spec,
        workspace::{Agent as AgentSpec, Deploy, Workspace},
    },
    verdict::{Outcome, Standing, Verdict},
    version::{Endpoint, Grade, Version},
};
use tokio_util::sync::CancellationToken;

use super::{
    asking::{self, Asking, AskingError, Elsewhere},
    engine::{Engine, EngineError, Present},
    gating::{self, GatingError, Recorded, Wish},
    journal::{self, RunJournal},
    reading::Reading,
    recipe,
    trust::{NotTrusted, Trust},
    user::UserError,
};
use crate::{
    agent::{Context, RetryBudget},
    port::{agent::Agent, journal::JournalError},
    run::{self, Assignment, Finished, Follow},
    store::{
        Durability, FileLock, Holder, StoreError, Taken,
        table::{Point, RunState},
    },
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
    /// Calls at most, over the budgets of the files.
    pub calls: Option<u64>,
    /// Cost at most, in millionths.
    pub cost_micros: Option<i64>,
    /// Time at most.
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
    #[error("{0} errors in the workspace's files: `gatewright check` shows them")]
    BadSpec(u32),
    /// There is no such spec.
    #[error("there is no spec `{0}`")]
    NoSuchSpec(SpecName),
    /// There is no spec at all.
    #[error("the workspace has no spec: write cases and a gate into gatewright.yaml, or files below `specs/`")]
    NoSpec,
    /// There is no such environment, or it has no endpoint, or is for another agent.
    #[error("{0}")]
    NoEndpoint(String),
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

/// One spec of a run, ready to be asked.
struct Task {
    spec: Spec,
    agent: AgentSpec,
    present: Present,
    stream: StreamKey,
    at: Option<EnvironmentName>,
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
        let lock = self.run_lock(request.no_wait, cancel).await?;
        self.end_interrupted().await?;
        let tasks = self.tasks(reading, workspace, &trust, request).await?;
        let run = RunId(uuid::Uuid::now_v7().as_u128());
        let owner = format!("{} {}", self.host, std::process::id());
        let streams: Vec<StreamKey> = tasks.iter().map(|task| task.stream.clone()).collect();
        self.store.write(Durability::Full, move |write| write.start_run(run, &owner, &streams)).await?;
        let specs: Vec<SpecName> = tasks.iter().map(|task| task.spec.name.clone()).collect();
        if let Some(watch) = &watch {
            watch.began(run, &specs);
        }
        let stop = cancel.child_token();
        let listener = self.listen_for_cancel(run, stop.clone());
        let mut sum = Sum::default();
        let asked = self.ask_all(run, workspace, &trust, request, tasks, &mut sum, watch, &stop).await;
        listener.abort();
        let state = if stop.is_cancelled() { RunState::Cancelled } else { RunState::Ended };
        self.store.write(Durability::Full, move |write| write.end_run(run, state)).await?;
        drop(lock);
        let cost = MicroMoney { micros: sum.cost_micros, currency: workspace.currency };
        Ok(RunReport {
            run: Some(run),
            specs: asked?,
            answered: Answered {
                asked: sum.asked,
                retried: sum.retried,
                cost: (!sum.cost_unknown).then_some(cost),
            },
            duration: self.clock.elapsed().saturating_sub(started),
            egress: sum.egress,
        })
    }

    /// What is known of the present version, without a call. Nothing is recorded.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn known(&self, reading: &Reading, specs: &[SpecName]) -> Result<RunReport, RunError> {
        let started = self.clock.elapsed();
        let workspace = usable(reading)?;
        let trust = self.trust(workspace)?;
        let mut reports = Vec::new();
        for spec in chosen(reading, specs)? {
            let agent = &workspace.agents[&spec.agent];
            let present = self.present(workspace, agent, &trust)?;
            reports.push(self.known_spec(spec, &present)?);
        }
        Ok(RunReport {
            run: None,
            specs: reports,
            answered: Answered::default(),
            duration: self.clock.elapsed().saturating_sub(started),
            egress: BTreeSet::new(),
        })
    }

    fn known_spec(&self, spec: &Spec, present: &Present) -> Result<SpecReport, RunError> {
        let gated = |problem| RunError::Gating { spec: spec.name.clone(), problem };
        let endpoint = present.endpoint.id().map_err(|error| gated(error.into()))?;
        let version = present.version.id;
        let (verdict, label, why) = self.store.read(|read| {
            let stream = gating::stream(read, version, endpoint, &spec.name, Wish::GoOn)?;
            let recorded = gating::recorded(read, &stream, spec)?;
            let label = read.version(version)?.and_then(|row| row.label);
            let judged = gating::plan(read, spec, stream).and_then(|(plan, registered)| {
                let registered = registered.unwrap_or(gating::NOT_REGISTERED);
                let stop = Some(Why::NotAsked);
                gating::judge(read, &plan, registered, &recorded.facts, stop, present.version.grade)
            });
            Ok((judged, label, reasons(&recorded, spec)))
        })?;
        Ok(SpecReport {
            spec: spec.clone(),
            verdict: verdict.map_err(gated)?,
            version: present.version.clone(),
            label,
            endpoint: present.endpoint.clone(),
            remark: None,
            why,
        })
    }

    async fn run_lock(&self, no_wait: bool, cancel: &CancellationToken) -> Result<FileLock, RunError> {
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
            self.store.write(Durability::Normal, move |write| write.end_run(row.id, RunState::Interrupted)).await?;
        }
        Ok(())
    }

    fn listen_for_cancel(&self, run: RunId, stop: CancellationToken) -> tokio::task::JoinHandle<()> {
        let store = self.store.clone();
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                tokio::time::sleep(Duration::from_millis(CANCEL_LOOK_MS)).await;
                if matches!(store.read_async(move |read| read.cancel_asked(run)).await, Ok(true)) {
                    stop.cancel();
                }
            }
        })
    }

    /// Seals what is to be judged, before the first call.
    async fn tasks(
        &self,
        reading: &Reading,
        workspace: &Workspace,
        trust: &Trust,
        request: &RunRequest,
    ) -> Result<Vec<Task>, RunError> {
        let mut sealed: BTreeMap<_, Present> = BTreeMap::new();
        let mut tasks = Vec::new();
        for spec in chosen(reading, &request.specs)? {
            let agent = &workspace.agents[&spec.agent];
            let present = match sealed.get(&agent.name) {
                Some(present) => present.clone(),
                None => {
                    let present = self.to_be_judged(workspace, agent, trust, request)?;
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
            let stream = self.store.read(|read| gating::stream(read, version, endpoint, &spec.name, wish))?;
            tasks.push(Task { spec, agent: agent.clone(), present, stream, at: request.at.clone() });
        }
        Ok(tasks)
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
                return Err(refuse(format!("`{name}` serves the agent `{}`, not `{}`", environment.agent, agent.name)));
            }
            present.endpoint = recipe::live_endpoint(workspace, environment)
                .ok_or_else(|| refuse(format!("`{name}` has no `endpoint` in gatewright.yaml")))?;
        }
        Ok(present)
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
        let released = Arc::new(AtomicU64::new(0));
        let mut reports = Vec::new();
        for task in tasks {
            let scratch = tempfile::tempdir().map_err(EngineError::from)?;
            let agent = self.connect(workspace, trust, &context, &task, scratch.path()).await?;
            let budget = budget(workspace, &task.spec, request, sum);
            let ask = AskOne { run, agent, budget, released: Arc::clone(&released), watch: watch.clone() };
            reports.push(self.ask_one(task, ask, sum, stop).await?);
        }
        Ok(reports)
    }

    async fn connect(
        &self,
        workspace: &Workspace,
        trust: &Trust,
        context: &Context,
        task: &Task,
        scratch: &std::path::Path,
    ) -> Result<Arc<dyn Agent>, RunError> {
        let measures = measures(&task.spec);
        let asking = Asking {
            root: &self.root,
            trust,
            demo: self.demo.as_ref(),
            context,
            currency: workspace.currency,
            fixed_concurrency: measures.contains(&Measure::LatencyMs) || measures.contains(&Measure::FirstTokenMs),
            stream: measures.contains(&Measure::FirstTokenMs),
            scratch,
        };
        let mut agent = task.agent.clone();
        if task.spec.isolation == Isolation::Serial {
            agent.limits.concurrency = 1;
        }
        let contents = |digest: &_| self.content(digest);
        let environment = task.at.as_ref().and_then(|name| workspace.environments.get(name));
        let target = environment.map(|environment| match &environment.deploy {
            Deploy::Folder { path } => self.root.join(path),
        });
        let elsewhere = environment.and_then(|environment| environment.endpoint.as_ref()).map(|live| Elsewhere {
            url: &live.url,
            auth: live.auth.as_ref(),
            target: target.as_deref(),
        });
        Ok(asking.connect(&agent, &task.present.version.manifest, &contents, elsewhere).await?)
    }

    async fn ask_one(
        &self,
        task: Task,
        ask: AskOne,
        sum: &mut Sum,
        stop: &CancellationToken,
    ) -> Result<SpecReport, RunError> {
        let gated = |problem| RunError::Gating { spec: task.spec.name.clone(), problem };
        let stream = task.stream.clone();
        let (plan, known, recorded) = self
            .store
            .read(|read| {
                let recorded = gating::recorded(read, &stream, &task.spec)?;
                Ok(gating::plan(read, &task.spec, stream.clone()).map(|(plan, known)| (plan, known, recorded)))
            })?
            .map_err(gated)?;
        let registered = match known {
            Some(registered) => registered,
            None => self.register(&task.spec, &plan).await?,
        };
        let seen = gating::seen(&plan, registered, &recorded.facts).map_err(|error| gated(error.into()))?;
        let follow = ask.watch.map(|watch| -> Arc<dyn Follow> {
            Arc::new(FollowSpec { spec: task.spec.name.clone(), watch })
        });
        let assignment = Assignment {
            plan: plan.clone(),
            spec: Arc::new(task.spec.clone()),
            agent: ask.agent,
            journal: Arc::new(RunJournal {
                store: self.store.clone(),
                run: ask.run,
                stream: stream.clone(),
                released: ask.released,
            }),
            clock: Arc::clone(&self.clock),
            budget: ask.budget,
            cancel: stop.clone(),
            identities: recorded.identities.clone(),
            follow,
        };
        let finished = run::execute(assignment, seen).await?;
        sum.add(&finished);
        self.conclude(task, &plan, registered, finished).await
    }

    /// Records a plan, with everything that its meaning consists of, before the first answer that it counts.
    async fn register(
        &self,
        spec: &Spec,
        plan: &gatewright_core::plan::Plan,
    ) -> Result<gatewright_core::time::Seq, RunError> {
        let (spec, plan) = (spec.clone(), plan.clone());
        let write = move |write: &crate::store::Write<'_>| {
            let body = serde_json::to_vec(&spec).map_err(|error| StoreError::unreadable("spec", error))?;
            write.record_meaning(spec.meaning, &body)?;
            write.record_spec(&spec.name, Some(spec.meaning), 0)?;
            write.register_plan(&plan)
        };
        Ok(self.store.write(Durability::Full, write).await?)
    }

    /// Judges a stream and keeps what was said.
    async fn conclude(
        &self,
        task: Task,
        plan: &gatewright_core::plan::Plan,
        registered: gatewright_core::time::Seq,
        finished: Finished,
    ) -> Result<SpecReport, RunError> {
        let gated = |problem| RunError::Gating { spec: task.spec.name.clone(), problem };
        let grade = task.present.version.grade;
        let (verdict, why, recorded, label) = self.store.read(|read| {
            let recorded = gating::recorded(read, &plan.stream, &task.spec)?;
            let label = read.version(plan.stream.version)?.and_then(|row| row.label);
            let judged = gating::judge(read, plan, registered, &recorded.facts, finished.stopped, grade);
            let why = reasons(&recorded, &task.spec);
            Ok((judged, why, recorded, label))
        })?;
        let mut verdict = verdict.map_err(gated)?;
        verdict.seq = self.give(&verdict, &recorded).await?;
        Ok(SpecReport {
            spec: task.spec,
            verdict,
            version: task.present.version,
            label,
            endpoint: task.present.endpoint,
            remark: finished.remark,
            why,
        })
    }

    /// Signs and stores a verdict, with the scores and the point of the chart that go with it.
    pub(super) async fn give(
        &self,
        verdict: &Verdict,
        recorded: &Recorded,
    ) -> Result<gatewright_core::time::Seq, StoreError> {
        let envelope = self.sign_verdict(verdict)?;
        let judged: Vec<_> = recorded
            .judged
            .iter()
            .map(|(trial, meaning, scores)| (*trial, journal::judged(*meaning, scores)))
            .collect();
        let point = point(verdict);
        let given = verdict.clone();
        let write = move |write: &crate::store::Write<'_>| {
            for (trial, judged) in &judged {
                if write.case_score(*trial, judged.meaning)?.is_none() {
                    write.record_scores(*trial, judged)?;
                }
            }
            write.put_point(&given.stream, &point)?;
            let seq = write.give_verdict(&given, &envelope)?;
            if given.outcome.ends_attempt() {
                write.end_stream(&given.stream)?;
            }
            if given.outcome == Outcome::Fail && given.standing == Standing::Prospective {
                withdraw_passes(write, &given)?;
            }
            Ok(seq)
        };
        self.store.write(Durability::Full, write).await
    }
}

/// A prospective fail contradicts every earlier pass of the same version, spec, meaning and endpoint.
fn withdraw_passes(write: &crate::store::Write<'_>, fail: &Verdict) -> Result<(), StoreError> {
    for row in write.verdicts_of_version(fail.stream.version)? {
        let other = &row.verdict;
        let same = other.stream.spec == fail.stream.spec
            && other.stream.endpoint == fail.stream.endpoint
            && other.spec == fail.spec;
        if same && row.stands_as_pass() && other.id != fail.id {
            write.withdraw_verdict(other.id, fail.id)?;
        }
    }
    Ok(())
}

/// Asks one spec with this.
struct AskOne {
    run: RunId,
    agent: Arc<dyn Agent>,
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

fn usable(reading: &Reading) -> Result<&Workspace, RunError> {
    reading.workspace.as_ref().ok_or(RunError::BadSpec(reading.errors().max(1)))
}

/// The specs that are meant; every error in one of them is in the way.
fn chosen<'a>(reading: &'a Reading, names: &[SpecName]) -> Result<Vec<&'a Spec>, RunError> {
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
        return Err(if reading.errors() > 0 { RunError::BadSpec(reading.errors()) } else { RunError::NoSpec });
    }
    let bad = || RunError::BadSpec(reading.errors().max(1));
    meant.into_iter().map(|read| read.spec.as_ref().ok_or_else(bad)).collect()
}

/// The budget of a spec: flags before the spec's own before the workspace's. Calls and cost are the run's, so what
/// other specs used up is gone.
fn budget(workspace: &Workspace, spec: &Spec, request: &RunRequest, sum: &Sum) -> Budget {
    let mut budget = spec.budget.unwrap_or(workspace.defaults.budget);
    if let Some(calls) = request.calls {
        budget.calls = calls.saturating_sub(sum.asked + sum.retried);
    }
    if let Some(micros) = request.cost_micros {
        budget.cost = Some(MicroMoney { micros: micros - sum.cost_micros, currency: workspace.currency });
    }
    if let Some(time_ms) = request.time_ms {
        budget.time_ms = time_ms;
    }
    budget
}

fn measures(spec: &Spec) -> BTreeSet<Measure> {
    let of = |rule: &Rule| match rule {
        Rule::Rate { of: Metric::Within { of, .. }, .. } | Rule::Plain { of: Metric::Within { of, .. }, .. } => {
            Some(*of)
        }
        _ => None,
    };
    spec.gate.iter().filter_map(|criterion| of(&criterion.rule)).collect()
}

/// What broke the rule in the newest failed trial of each case.
fn reasons(recorded: &Recorded, spec: &Spec) -> BTreeMap<CaseName, String> {
    let names: BTreeMap<_, _> = spec.cases.iter().map(|case| (case.meaning, &case.name)).collect();
    let mut reasons = BTreeMap::new();
    for (_, meaning, scores) in &recorded.judged {
        let unmet: Vec<&str> = scores.unmet().map(|score| score.value.why()).collect();
        if let (Some(name), false) = (names.get(meaning), unmet.is_empty()) {
            reasons.insert((*name).clone(), unmet.join("; "));
        }
    }
    reasons
}

/// The point of the chart for a verdict's stream: the mean pass rate over complete rounds, with a Wilson interval.
fn point(verdict: &Verdict) -> Point {
    let rounds = verdict.cases.iter().map(|case| case.trials).min().unwrap_or(0);
    let (n, passed) = verdict.cases.iter().fold((0, 0), |(n, passed), case| (n + case.trials, passed + case.passed));
    let whole = rounds > 0 && n > 0;
    let interval = gatewright_core::gate::wilson_95(passed, n);
    Point {
        metric: "pass_rate".to_owned(),
        meaning: verdict.spec,
        n,
        value: whole.then(|| f64::from(passed) / f64::from(n)),
        low: whole.then_some(interval.0),
        high: whole.then_some(interval.1),
        outcome: Some(verdict.outcome),
    }
}

/// Criteria by id, for those who show a verdict beside its spec.
#[must_use]
pub fn criterion(spec: &Spec, id: CriterionId) -> Option<&gatewright_core::spec::Criterion> {
    spec.gate.iter().find(|criterion| criterion.id == id)
}
