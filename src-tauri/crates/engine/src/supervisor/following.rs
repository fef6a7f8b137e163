//! Following a workspace: what happens when one of its files is saved.
//!
//! A pass reads everything again and compares what it means, not what changed on disk. What means something else is
//! written down, and judged by what was answered before; whether something is asked too, the workspace says
//! (`on_save`). One process follows: whoever holds the lock.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use gatewright_core::{
    id::{AgentName, EndpointId, SpecMeaning, SpecName, VerdictId, VersionId},
    spec::workspace::OnSave,
    version::Version,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    engine::{Engine, EngineError, Present},
    reading::{self, Reading},
    running::{RunError, RunReport, RunRequest, SpecReport},
    watched::Watched,
};
use crate::{
    store::{Access, Durability, FileLock, Holder, StoreError, Taken},
    watch::{self, Noticed, Settings, Watcher, Watching},
};

/// How often the history is asked whether another process wrote to it, and the lock whether it is free.
const HISTORY_LOOK_MS: u64 = 500;
/// Readings until what is read names nothing that was not watched; a workspace that changes faster is read at the
/// next pass.
const READINGS_MAX: usize = 4;

/// Why a workspace cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The history, or the lock.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("the files cannot be watched: {0}")]
    Watch(#[from] std::io::Error),
}

/// What happens while a workspace is followed.
#[derive(Debug)]
pub enum Following {
    /// Another process follows already; its turn ends first.
    Waiting {
        /// Who it is.
        holder: String,
    },
    /// How changes are noticed.
    Watching(Watching),
    /// Everything was read again.
    Pass(Box<Followed>),
    /// A run began, of these specs.
    Running(Vec<SpecName>),
    /// It ended.
    Ran(Result<Box<RunReport>, RunError>),
}

/// What one pass found.
#[derive(Debug)]
pub struct Followed {
    /// Files that changed, below the workspace; none at the first pass, and when another process wrote the history.
    pub saved: BTreeSet<String>,
    /// What they say now.
    pub reading: Arc<Reading>,
    /// Specs that mean something else than before, or have other errors.
    pub changed: Vec<SpecName>,
    /// Versions that were not present before and were never recorded: a run seals them.
    pub unasked: Vec<Version>,
    /// What gates say now, of the specs where that may be something else than before.
    pub reports: Vec<SpecReport>,
    /// What could not be judged.
    pub troubles: Vec<(SpecName, RunError)>,
    /// Agents whose files do not make a version.
    pub unreadable: Vec<(AgentName, EngineError)>,
    /// Reading and judging.
    pub took: Duration,
}

/// Hears what happens.
pub type Hear<'a> = &'a mut (dyn FnMut(Following) + Send);

impl Engine {
    /// Follows the workspace until `cancel`: reads it at every save, records what means something else, and does what
    /// its `on_save` says. A run in progress is never cancelled for a save; one more is queued.
    ///
    /// # Errors
    /// The lock or the history fails. Errors in files are heard, not returned.
    pub async fn follow(
        &self,
        settings: Settings,
        hear: Hear<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), FollowError> {
        let Some(_lock) = self.watch_lock(hear, cancel).await? else { return Ok(()) };
        let (tell, mut noticed) = unbounded_channel();
        let watcher = watch::start(&self.root, settings, tell)?;
        let mut follower = Follower::new(self, watcher);
        if let Some(watching) = noticed.recv().await {
            follower.noticed(watching, &mut noticed, hear).await?;
        }
        follower.pass(BTreeSet::new(), Cause::Begin, hear).await?;
        let mut look = interval(Duration::from_millis(HISTORY_LOOK_MS));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut running: Option<BoxFuture<'_, Result<RunReport, RunError>>> = None;
        loop {
            if running.is_none() && !follower.queued.is_empty() {
                running = Some(follower.begin(hear, cancel));
            }
            let idle = running.is_none();
            let run = async {
                match &mut running {
                    Some(run) => run.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = cancel.cancelled() => break,
                told = noticed.recv() => match told {
                    Some(told) => follower.noticed(told, &mut noticed, hear).await?,
                    None => break,
                },
                ran = run => {
                    running = None;
                    follower.ran(ran, hear);
                }
                _ = look.tick(), if idle => follower.elsewhere(hear).await?,
            }
        }
        // It stops by itself, and keeps what was answered.
        if let Some(run) = running {
            follower.ran(run.await, hear);
        }
        Ok(())
    }

    /// The lock of whoever reacts to saves; none when cancelled before it was free, or nothing can be written.
    async fn watch_lock(
        &self,
        hear: Hear<'_>,
        cancel: &CancellationToken,
    ) -> Result<Option<Option<FileLock>>, StoreError> {
        if *self.store.access() != Access::Writable {
            return Ok(Some(None));
        }
        let path = self.store.folder().watch_lock();
        let us = Holder::this_process(&self.host, self.clock.now());
        let mut said = None;
        while !cancel.is_cancelled() {
            match FileLock::try_take(&path, &us)? {
                Taken::Ours(lock) => return Ok(Some(Some(lock))),
                Taken::HeldBy(holder) if said.as_ref() != Some(&holder) => {
                    let words = holder.as_ref().map_or_else(
                        || "another process".to_owned(),
                        |holder| format!("{}, process {}", holder.host, holder.pid),
                    );
                    hear(Following::Waiting { holder: words });
                    said = Some(holder);
                }
                Taken::HeldBy(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(HISTORY_LOOK_MS)) => {}
                () = cancel.cancelled() => {}
            }
        }
        Ok(None)
    }
}

/// Why everything is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cause {
    /// Following begins.
    Begin,
    /// Something was saved.
    Save,
    /// Another process wrote the history.
    Elsewhere,
}

/// What a spec meant at the last pass, and the errors in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    meaning: Option<SpecMeaning>,
    errors: u32,
}

/// What a verdict depends on, apart from the recorded answers.
type Judged = (SpecMeaning, VersionId, EndpointId);

struct Follower<'a> {
    engine: &'a Engine,
    watcher: Watcher,
    watched: Watched,
    known: BTreeMap<SpecName, Known>,
    versions: BTreeMap<AgentName, VersionId>,
    judged: BTreeMap<SpecName, Judged>,
    /// What was told of each spec last.
    told: BTreeMap<SpecName, VerdictId>,
    /// Specs that wait for a run.
    queued: BTreeSet<SpecName>,
    reading: Arc<Reading>,
    /// Another process runs, and its answers are not judged yet.
    behind: bool,
}

impl<'a> Follower<'a> {
    fn new(engine: &'a Engine, watcher: Watcher) -> Self {
        Self {
            engine,
            watcher,
            watched: Watched::default(),
            known: BTreeMap::new(),
            versions: BTreeMap::new(),
            judged: BTreeMap::new(),
            told: BTreeMap::new(),
            queued: BTreeSet::new(),
            reading: Arc::default(),
            behind: false,
        }
    }

    async fn noticed(
        &mut self,
        first: Noticed,
        more: &mut UnboundedReceiver<Noticed>,
        hear: Hear<'_>,
    ) -> Result<(), StoreError> {
        let mut saved = BTreeSet::new();
        let waiting = std::iter::from_fn(|| more.try_recv().ok());
        for noticed in std::iter::once(first).chain(waiting) {
            match noticed {
                Noticed::Watching(watching) => hear(Following::Watching(watching)),
                Noticed::Changed(paths) => saved.extend(paths.iter().map(|path| self.below(path))),
            }
        }
        if saved.is_empty() { Ok(()) } else { self.pass(saved, Cause::Save, hear).await }
    }

    fn below(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.engine.root).unwrap_or(path);
        below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
    }

    /// Reads until what is read is watched. Only what follows from `saved` is parsed again, and at first everything.
    async fn read(&mut self, saved: &BTreeSet<String>) {
        let mut changed = saved.clone();
        for _ in 0..READINGS_MAX {
            self.reading = Arc::new(reading::read_again(
                &self.engine.root,
                self.engine.today(),
                &self.reading,
                &changed,
            ));
            let watched = Watched::of(&self.engine.root, &self.reading, &self.watched);
            if watched == self.watched {
                return;
            }
            // What is named anew was read before it was watched.
            changed = watched.new_files(&self.watched);
            let names = watched.names(&self.engine.root);
            self.watched = watched;
            if !self.watcher.name(names).await {
                return;
            }
        }
    }

    async fn pass(
        &mut self,
        saved: BTreeSet<String>,
        cause: Cause,
        hear: Hear<'_>,
    ) -> Result<(), StoreError> {
        let started = self.engine.clock.elapsed();
        if cause != Cause::Elsewhere {
            self.read(&saved).await;
        }
        let changed = self.record_changes(cause).await?;
        let mut followed = Followed {
            saved,
            reading: Arc::clone(&self.reading),
            changed,
            unasked: Vec::new(),
            reports: Vec::new(),
            troubles: Vec::new(),
            unreadable: Vec::new(),
            took: Duration::ZERO,
        };
        let on_save = self.reading.workspace.as_ref().map_or(OnSave::None, |workspace| workspace.on_save);
        if on_save != OnSave::None {
            self.judge(cause, on_save, &mut followed).await?;
        }
        followed.took = self.engine.clock.elapsed().saturating_sub(started);
        if cause != Cause::Elsewhere || !followed.reports.is_empty() {
            hear(Following::Pass(Box::new(followed)));
        }
        Ok(())
    }

    /// Writes down which specs mean something else, or have other errors, and names them. At the beginning only what
    /// was not recorded before is a change.
    async fn record_changes(&mut self, cause: Cause) -> Result<Vec<SpecName>, StoreError> {
        let mut errors: BTreeMap<&str, u32> = BTreeMap::new();
        for found in self.reading.diagnostics.iter().filter(|found| found.is_error()) {
            *errors.entry(found.file.as_str()).or_default() += 1;
        }
        let now: BTreeMap<SpecName, Known> = self
            .reading
            .specs
            .iter()
            .map(|read| {
                let meaning = read.spec.as_ref().map(|spec| spec.meaning);
                let errors = errors.get(read.file.as_str()).copied().unwrap_or(0);
                // Without a meaning something is wrong, wherever it is drawn.
                (read.name.clone(), Known { meaning, errors: errors.max(u32::from(meaning.is_none())) })
            })
            .collect();
        if cause == Cause::Begin {
            self.known = self.engine.store.read(|read| {
                let known = |(name, now): (&SpecName, &Known)| {
                    let meaning = read.spec_meaning(name)?;
                    // Which errors there were is not known; those of now are told, not logged.
                    let meaning = now.meaning.and(meaning);
                    Ok((name.clone(), Known { meaning, errors: now.errors }))
                };
                now.iter().map(known).collect::<Result<_, StoreError>>()
            })?;
        }
        let changed: Vec<(SpecName, Known)> = now
            .iter()
            .filter(|(name, now)| self.known.get(*name) != Some(*now))
            .map(|(name, now)| (name.clone(), *now))
            .collect();
        self.known = now;
        let names = changed.iter().map(|(name, _)| name.clone()).collect();
        if !changed.is_empty() && *self.engine.store.access() == Access::Writable {
            let write = move |write: &crate::store::Write<'_>| {
                for (name, now) in &changed {
                    write.record_spec(name, now.meaning, now.errors)?;
                }
                Ok(())
            };
            self.engine.store.write(Durability::Normal, write).await?;
        }
        Ok(names)
    }

    /// Judges the specs whose verdict may be another one now, and queues a run of them where the workspace says so.
    async fn judge(
        &mut self,
        cause: Cause,
        on_save: OnSave,
        followed: &mut Followed,
    ) -> Result<(), StoreError> {
        let presents = self.presents(followed)?;
        let Some(workspace) = &self.reading.workspace else { return Ok(()) };
        for spec in self.reading.good() {
            let Some(present) = presents.get(&spec.agent) else { continue };
            let Ok(endpoint) = present.endpoint.id() else { continue };
            let judged = (spec.meaning, present.version.id, endpoint);
            if cause != Cause::Elsewhere && self.judged.get(&spec.name) == Some(&judged) {
                continue;
            }
            match self.engine.rescore(workspace, spec, present).await {
                Ok(report) => {
                    let told = self.told.insert(spec.name.clone(), report.verdict.id);
                    if cause != Cause::Elsewhere || told != Some(report.verdict.id) {
                        followed.reports.push(report);
                    }
                }
                Err(error) => followed.troubles.push((spec.name.clone(), error)),
            }
            self.judged.insert(spec.name.clone(), judged);
            if cause == Cause::Save && on_save == OnSave::Run {
                self.queued.insert(spec.name.clone());
            }
        }
        Ok(())
    }

    /// The version that each agent's files describe now.
    fn presents(&mut self, followed: &mut Followed) -> Result<BTreeMap<AgentName, Present>, StoreError> {
        let mut presents = BTreeMap::new();
        let reading = Arc::clone(&self.reading);
        let Some(workspace) = &reading.workspace else { return Ok(presents) };
        let asked: BTreeSet<&AgentName> = reading.good().map(|spec| &spec.agent).collect();
        let agents = asked.into_iter().filter_map(|name| workspace.agents.get(name));
        for agent in agents {
            let present = self
                .engine
                .trust(workspace)
                .map_err(EngineError::from)
                .and_then(|trust| self.engine.present(workspace, agent, &trust));
            match present {
                Ok(present) => {
                    let id = present.version.id;
                    let known = self.engine.store.read(|read| read.version(id))?;
                    let before = self.versions.insert(agent.name.clone(), id);
                    if known.is_none() && before != Some(id) {
                        followed.unasked.push(present.version.clone());
                    }
                    presents.insert(agent.name.clone(), present);
                }
                Err(error) => followed.unreadable.push((agent.name.clone(), error)),
            }
        }
        Ok(presents)
    }

    /// Begins the run that waits.
    fn begin(
        &mut self,
        hear: Hear<'_>,
        cancel: &CancellationToken,
    ) -> BoxFuture<'a, Result<RunReport, RunError>> {
        let specs: Vec<SpecName> = std::mem::take(&mut self.queued).into_iter().collect();
        hear(Following::Running(specs.clone()));
        let (engine, reading, cancel) = (self.engine, Arc::clone(&self.reading), cancel.clone());
        Box::pin(async move {
            let request = RunRequest { specs, ..RunRequest::default() };
            engine.run(&reading, &request, None, &cancel).await
        })
    }

    fn ran(&mut self, ran: Result<RunReport, RunError>, hear: Hear<'_>) {
        for report in ran.iter().flat_map(|report| &report.specs) {
            self.told.insert(report.spec.name.clone(), report.verdict.id);
        }
        hear(Following::Ran(ran.map(Box::new)));
    }

    /// Looks whether another process recorded something, and judges it once that process runs no more.
    async fn elsewhere(&mut self, hear: Hear<'_>) -> Result<(), StoreError> {
        let store = &self.engine.store;
        if *store.access() != Access::Writable {
            return Ok(());
        }
        self.behind |= store.changed_elsewhere().await?;
        if self.behind && FileLock::holder(&store.folder().run_lock())?.is_none() {
            self.behind = false;
            self.pass(BTreeSet::new(), Cause::Elsewhere, hear).await?;
        }
        Ok(())
    }
}
