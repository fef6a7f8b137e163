//! A host without a desktop, a user's folder and a workspace, all in temporary folders.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gatewright_api::{
    command::Commands as _,
    dto::{
        Event, Happened, Nothing, Run, RunRef, RunStartArgs, RunStateArgs, TrustGiveArgs, Verdict,
        VerdictArgs, Workspace, WorkspaceOpenArgs,
    },
    host::{Demo, Host, Pending, SampleFile, UserFolder},
    session::Session,
};
use tokio::sync::broadcast::Receiver;

/// How long anything may take before a test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks for a state that nothing tells of.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A spec of two cases, decided soon.
const SPEC: &str = "\
name: refunds
cases:
  - name: late-parcel
    input: My parcel is three weeks late. Can I have my money back?
    expect:
      - contains: refund
      - not: { regex: '(?i)your problem' }
  - name: wrong-size
    input: The shoes are too small.
    expect: { contains: refund }
gate:
  quality: { metric: pass_rate, target: 95%, floor: 50% }
";

struct TestHost {
    user: PathBuf,
    sample: Vec<SampleFile>,
}

impl Host for TestHost {
    fn name(&self) -> &'static str {
        "test"
    }

    fn user(&self) -> UserFolder {
        UserFolder::at(&self.user)
    }

    fn demo(&self) -> Option<Arc<dyn Demo>> {
        None
    }

    fn sample(&self) -> &[SampleFile] {
        &self.sample
    }

    fn pick_folder(&self) -> Pending<'_, Option<PathBuf>> {
        Box::pin(async { None })
    }
}

/// A workspace and a session over it.
pub(crate) struct World {
    pub(crate) session: Session,
    folder: tempfile::TempDir,
}

impl World {
    /// A workspace whose agent answers at `url` with a prompt, and one environment with a folder and no endpoint.
    pub(crate) fn new(url: &str, prompt: &str) -> Self {
        Self::with_sample(url, prompt, Vec::new())
    }

    pub(crate) fn with_sample(url: &str, prompt: &str, sample: Vec<SampleFile>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let host = TestHost { user: folder.path().join("user"), sample };
        let world = Self { session: Session::new(Arc::new(host)), folder };
        world.write(
            "gatewright.yaml",
            &format!(
                "name: help\nagents:\n  bot:\n    type: openai-chat\n    url: {url}\n    model: tiny\n    \
                 prompt: file://prompt.md\n    limits: {{ concurrency: 2 }}\n    \
                 price: {{ input: 0.15, output: 0.60, per: 1M }}\n\
                 environments:\n  production:\n    agent: bot\n    deploy: {{ adapter: folder, path: live }}\n"
            ),
        );
        world.write("specs/refunds.yaml", SPEC);
        world.write("prompt.md", prompt);
        world
    }

    /// The user's folder.
    pub(crate) fn user(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    /// Waits until there are so many backups of the workspace.
    pub(crate) async fn backed_up(&self, times: usize) {
        let backups =
            gatewright_engine::supervisor::backup::backups(&UserFolder::at(&self.user()), &self.root());
        let made = async {
            while backups.list().expect("listed").len() < times {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(PATIENCE, made).await.expect("a backup in time");
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.root().join(path)).expect("read")
    }

    /// Opens the workspace and trusts what it asks for.
    pub(crate) async fn open_trusted(&self) -> Workspace {
        let path = self.root().display().to_string();
        self.session.workspace_open(WorkspaceOpenArgs { path }).await.expect("opened");
        let trust = self.session.trust_preview(Nothing {}).await.expect("a list");
        let given = TrustGiveArgs { digest: trust.digest };
        self.session.trust_give(given).await.expect("trusted")
    }

    /// Runs every spec to its end.
    pub(crate) async fn run(&self) -> Run {
        let mut events = self.session.subscribe();
        let args = RunStartArgs { specs: Vec::new(), new_attempt: false };
        let RunRef { run } = self.session.run_start(args).await.expect("begun");
        until_ended(&mut events, &run).await;
        let state = self.session.run_state(RunStateArgs { run: Some(run) }).await.expect("a state");
        state.run.expect("the run")
    }

    /// The newest verdict.
    pub(crate) async fn verdict(&self) -> Verdict {
        let args = VerdictArgs { verdict: None, spec: None };
        self.session.verdict(args).await.expect("a state").verdict.expect("a verdict")
    }
}

/// Waits until a run has ended.
pub(crate) async fn until_ended(events: &mut Receiver<Event>, run: &str) {
    until(events, |what| matches!(what, Happened::RunMoved { run: one, ended: true } if one == run)).await;
}

/// Waits for an event.
pub(crate) async fn until(events: &mut Receiver<Event>, wanted: impl Fn(&Happened) -> bool) -> Event {
    let wait = async {
        loop {
            let event = events.recv().await.expect("the session is there");
            if wanted(&event.what) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it happens in time")
}
