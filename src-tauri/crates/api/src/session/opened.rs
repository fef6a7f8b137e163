//! An opened workspace: its engine, its files as last read, its run, and the tasks that look after it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use gatewright_core::{
    id::AgentName,
    spec::workspace::{Agent, Workspace},
    version::Version,
};
use gatewright_engine::{
    store::{Due, Read},
    supervisor::{Engine, reading::Reading},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    bell::Bell,
    feed,
    run::Runs,
    selftest::SelfTests,
    watch::{self, Noticing, Stamps},
};
use crate::error::{ApiError, Code};

/// A workspace while it is open. Dropped, it stops looking after its files and stops its run.
pub(super) struct Opened {
    pub(super) engine: Arc<Engine>,
    pub(super) bell: Arc<Bell>,
    pub(super) runs: Runs,
    pub(super) selftests: SelfTests,
    noticing: Mutex<Noticing>,
    kept: Mutex<Option<(Stamps, Arc<Reading>)>>,
    tasks: Mutex<Vec<AbortOnDropHandle<()>>>,
}

impl Opened {
    /// Looks after a workspace from now on. It must be called within the runtime.
    pub(super) fn new(engine: Engine, bell: Arc<Bell>) -> Arc<Self> {
        let told = engine.store().subscribe();
        let opened = Arc::new(Self {
            engine: Arc::new(engine),
            bell,
            runs: Runs::default(),
            selftests: SelfTests::default(),
            noticing: Mutex::default(),
            kept: Mutex::default(),
            tasks: Mutex::default(),
        });
        let own = feed::own(Arc::downgrade(&opened), told);
        let look = watch::look(Arc::downgrade(&opened));
        opened.keep(tokio::spawn(own));
        opened.keep(tokio::spawn(look));
        opened.keep(tokio::spawn(watch::follow(Arc::downgrade(&opened))));
        let engine = Arc::clone(&opened.engine);
        opened.keep(tokio::spawn(async move { match engine.look_after().await {} }));
        opened
    }

    /// Makes a backup of what just happened, without anybody waiting for it.
    pub(super) fn back_up(&self) {
        let engine = Arc::clone(&self.engine);
        tokio::spawn(async move {
            if let Err(error) = engine.back_up(Due::Now).await {
                tracing::warn!(%error, "the history could not be backed up");
            }
        });
    }

    /// How changes of files are noticed.
    pub(super) fn noticing(&self) -> Noticing {
        self.noticing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how changes of files are noticed from now on.
    pub(super) fn notice(&self, how: Noticing) {
        *self.noticing.lock().unwrap_or_else(PoisonError::into_inner) = how;
    }

    /// Keeps a task that ends with the workspace.
    pub(super) fn keep(&self, task: tokio::task::JoinHandle<()>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(AbortOnDropHandle::new(task));
    }

    /// The files as they are now; read anew only where one has changed.
    pub(super) fn reading(&self) -> Arc<Reading> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stamps, reading)) = kept.as_ref()
            && Stamps::of(self.engine.root(), reading) == *stamps
            && reading.today == self.engine.today()
        {
            return Arc::clone(reading);
        }
        let began = SystemTime::now();
        let reading = Arc::new(self.engine.read());
        let stamps = Stamps::of(self.engine.root(), &reading);
        *kept = stamps.are_settled(began).then(|| (stamps, Arc::clone(&reading)));
        reading
    }

    /// The files as they are now, with a text that is not saved in place of a spec's file.
    pub(super) fn reading_with(&self, spec: &str, text: Option<&str>) -> Arc<Reading> {
        let reading = self.reading();
        let found = reading.specs.iter().find(|found| found.name.as_str() == spec);
        match (found, text) {
            (Some(found), Some(text)) => Arc::new(self.engine.read_unsaved(&found.file, text)),
            _ => reading,
        }
    }

    /// The version of each agent that the files describe now. An agent that cannot be sealed has none: why not is
    /// told where it matters, before a run.
    pub(super) fn presents(&self, reading: &Reading) -> BTreeMap<AgentName, Version> {
        let Some(workspace) = &reading.workspace else { return BTreeMap::new() };
        let Ok(trust) = self.engine.trust(workspace) else { return BTreeMap::new() };
        let found = workspace.agents.iter().filter_map(|(name, agent)| {
            let present = self.engine.present(workspace, agent, &trust).ok()?;
            Some((name.clone(), present.version))
        });
        found.collect()
    }

    /// Reads the history on this thread: all of it is of one moment.
    pub(super) fn look<T>(&self, act: impl FnOnce(&Read<'_>) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.engine.store().read(|read| Ok(act(read)))?
    }
}

/// The workspace of a reading.
pub(super) fn workspace(reading: &Reading) -> Result<&Workspace, ApiError> {
    reading.workspace.as_ref().ok_or_else(|| {
        ApiError::new(Code::BadSpec, "gatewright.yaml has errors").hint("Mend them in the editor first.")
    })
}

/// The agent that is judged where a person names none: the default one, or the only one.
pub(super) fn agent(workspace: &Workspace) -> Option<&Agent> {
    match &workspace.defaults.agent {
        Some(name) => workspace.agents.get(name),
        None => workspace.agents.values().next(),
    }
}
