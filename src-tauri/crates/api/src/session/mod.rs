//! The commands, over the engine: one session a host, at most one opened workspace a session.
//!
//! Each command reads the history or asks the engine, and turns what it got into what a screen shows. Verdicts,
//! bounds, reasons and refusals are the core's, word for word; nothing here decides. A file holds the commands of
//! one area, `show` and `criterion` what several of them show alike.

mod answer;
mod backtest;
mod bell;
mod chart;
mod compare;
mod criterion;
mod diff;
mod feed;
mod label;
mod opened;
mod plan;
mod release;
mod restore;
mod run;
mod selftest;
mod show;
mod spec;
mod trust;
mod verdict;
mod version;
mod watch;
mod workspace;

use std::sync::{Arc, Mutex, PoisonError};

use gatewright_engine::clock::{Clock, SystemClock};
use tokio::sync::broadcast;

use self::{bell::Bell, opened::Opened};
use crate::{
    command::Commands,
    dto::{
        About, Agreements, AgreementsArgs, Answer, BacktestArgs, BacktestView, CaseAnswers, CaseAnswersArgs,
        Checked, CompareArgs, Comparison, Damage, Event, Happened, HeatMap, HeatMapArgs, LabelArgs, Mark,
        Nothing, Picked, PlanArgs, PlanView, Preview, PromoteArgs, PromotePreviewArgs, Recents, ReleaseHead,
        RestoreArgs, Restored, RollbackArgs, RollbackPreviewArgs, Rows, RunRef, RunRowsArgs, RunStartArgs,
        RunState, RunStateArgs, SelfTestArgs, SelfTestRef, SelfTestState, SettleArgs, Source, SpecCheckArgs,
        SpecSaveArgs, SpecSourceArgs, SpecTree, Status, Timeline, TimelineArgs, TrialArgs, Trust,
        TrustGiveArgs, VerdictArgs, VerdictState, Verdicts, VerdictsArgs, Verified, VersionArgs, VersionView,
        Versions, VersionsArgs, Workspace, WorkspaceOpenArgs, WorkspaceState,
    },
    error::{ApiError, Code},
    host::{self, Host},
};

/// Answers the commands of one host.
pub struct Session {
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    bell: Arc<Bell>,
    opened: Mutex<Option<Arc<Opened>>>,
    damaged: Mutex<Option<Damage>>,
}

type Answered<T> = Result<T, ApiError>;

impl Session {
    /// A session without an opened workspace.
    #[must_use]
    pub fn new(host: Arc<dyn Host>) -> Self {
        let clock = Arc::new(SystemClock::default());
        Self { host, clock, bell: Bell::new(), opened: Mutex::default(), damaged: Mutex::default() }
    }

    /// What happens from now on: merged, so that there are at most 10 a second about the same thing.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.bell.listen()
    }

    /// Tells a person that something was not done which no screen asked for.
    pub fn tell_trouble(&self, title: &str, error: &ApiError) {
        let said = [Some(error.message.clone()), error.hint.clone()].into_iter().flatten();
        let what = Happened::Told {
            mark: Mark::Trouble,
            title: title.to_owned(),
            detail: Some(said.collect::<Vec<_>>().join(" ")),
            step: None,
        };
        self.bell.ring(Event { seq: 0, at: self.clock.now().0, what });
    }

    fn opened(&self) -> Answered<Arc<Opened>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.clone().ok_or_else(|| {
            ApiError::new(Code::NoWorkspace, "no folder is open").hint("Open one, or try the sample.")
        })
    }

    /// Acts on the opened workspace, on a thread that may wait.
    async fn on<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Arc<Opened>) -> Answered<T> + Send + 'static,
    ) -> Answered<T> {
        let opened = self.opened()?;
        aside(move || act(&opened)).await
    }
}

/// Acts on a thread that may wait.
async fn aside<T: Send + 'static>(act: impl FnOnce() -> Answered<T> + Send + 'static) -> Answered<T> {
    let done = tokio::task::spawn_blocking(act).await;
    done.map_err(|error| ApiError::new(Code::Internal, format!("a command broke off: {error}")))?
}

impl Commands for Session {
    async fn about(&self, _: Nothing) -> Answered<About> {
        Ok(host::about())
    }

    async fn workspace_open(&self, args: WorkspaceOpenArgs) -> Answered<Workspace> {
        self.open(args.path.into()).await
    }

    async fn workspace_state(&self, _: Nothing) -> Answered<WorkspaceState> {
        let damaged = self.damage();
        if self.opened().is_err() {
            return Ok(WorkspaceState { workspace: None, damaged });
        }
        let workspace = self.on(workspace::state).await?;
        Ok(WorkspaceState { workspace: Some(workspace), damaged })
    }

    async fn restore(&self, args: RestoreArgs) -> Answered<Restored> {
        self.restore_shown(args).await
    }

    async fn sample_open(&self, _: Nothing) -> Answered<Workspace> {
        self.open_sample().await
    }

    async fn recent(&self, _: Nothing) -> Answered<Recents> {
        let user = self.host.user();
        aside(move || workspace::recent(&user)).await
    }

    async fn pick_folder(&self, _: Nothing) -> Answered<Picked> {
        let path = self.host.pick_folder().await;
        Ok(Picked { path: path.map(|path| path.display().to_string()) })
    }

    async fn trust_preview(&self, _: Nothing) -> Answered<Trust> {
        self.on(|opened| trust::preview(opened)).await
    }

    async fn trust_give(&self, args: TrustGiveArgs) -> Answered<Workspace> {
        let claims = self.on(move |opened| trust::agreed(opened, &args)).await?;
        self.opened()?.engine.give_trust(claims).await?;
        self.on(workspace::state).await
    }

    async fn verify(&self, _: Nothing) -> Answered<Verified> {
        self.on(|opened| trust::verify(opened)).await
    }

    async fn specs(&self, _: Nothing) -> Answered<SpecTree> {
        self.on(|opened| spec::tree(opened)).await
    }

    async fn spec_source(&self, args: SpecSourceArgs) -> Answered<Source> {
        self.on(move |opened| spec::source(opened, &args.file)).await
    }

    async fn spec_save(&self, args: SpecSaveArgs) -> Answered<Source> {
        self.on(move |opened| spec::save(opened, &args)).await
    }

    async fn spec_check(&self, args: SpecCheckArgs) -> Answered<Checked> {
        self.on(move |opened| spec::check(opened, &args)).await
    }

    async fn plan(&self, args: PlanArgs) -> Answered<PlanView> {
        self.on(move |opened| plan::view(opened, &args)).await
    }

    async fn selftest_start(&self, args: SelfTestArgs) -> Answered<SelfTestState> {
        Ok(selftest::start(&self.opened()?, args))
    }

    async fn selftest_cancel(&self, args: SelfTestRef) -> Answered<Nothing> {
        selftest::cancel(&*self.opened()?, &args.selftest)
    }

    async fn selftest_state(&self, args: SelfTestRef) -> Answered<SelfTestState> {
        selftest::state(&*self.opened()?, &args.selftest)
    }

    async fn backtest(&self, args: BacktestArgs) -> Answered<BacktestView> {
        self.on(move |opened| backtest::view(opened, &args)).await
    }

    async fn run_start(&self, args: RunStartArgs) -> Answered<RunRef> {
        run::start(&self.opened()?, args).await
    }

    async fn run_cancel(&self, args: RunRef) -> Answered<Nothing> {
        run::cancel(&self.opened()?, &args.run).await
    }

    async fn run_state(&self, args: RunStateArgs) -> Answered<RunState> {
        self.on(move |opened| run::state(opened, args.run.as_deref())).await
    }

    async fn run_rows(&self, args: RunRowsArgs) -> Answered<Rows> {
        self.on(move |opened| run::rows(opened, &args)).await
    }

    async fn trial(&self, args: TrialArgs) -> Answered<Answer> {
        self.on(move |opened| answer::trial(opened, args.trial)).await
    }

    async fn verdicts(&self, args: VerdictsArgs) -> Answered<Verdicts> {
        self.on(move |opened| verdict::list(opened, &args)).await
    }

    async fn verdict(&self, args: VerdictArgs) -> Answered<VerdictState> {
        self.on(move |opened| verdict::state(opened, &args)).await
    }

    async fn case_answers(&self, args: CaseAnswersArgs) -> Answered<CaseAnswers> {
        self.on(move |opened| answer::of_case(opened, &args)).await
    }

    async fn agreements(&self, args: AgreementsArgs) -> Answered<Agreements> {
        self.on(move |opened| label::agreements(opened, &args.verdict)).await
    }

    async fn label(&self, args: LabelArgs) -> Answered<Agreements> {
        let verdict = args.verdict.clone();
        let opened = self.opened()?;
        label::give(&opened, args).await?;
        self.on(move |opened| label::agreements(opened, &verdict)).await
    }

    async fn versions(&self, args: VersionsArgs) -> Answered<Versions> {
        self.on(move |opened| version::list(opened, &args)).await
    }

    async fn version(&self, args: VersionArgs) -> Answered<VersionView> {
        self.on(move |opened| version::view(opened, &args.version)).await
    }

    async fn timeline(&self, args: TimelineArgs) -> Answered<Timeline> {
        self.on(move |opened| chart::timeline(opened, &args)).await
    }

    async fn heat_map(&self, args: HeatMapArgs) -> Answered<HeatMap> {
        self.on(move |opened| chart::heat_map(opened, &args)).await
    }

    async fn compare(&self, args: CompareArgs) -> Answered<Comparison> {
        self.on(move |opened| compare::versions(opened, &args)).await
    }

    async fn status(&self, _: Nothing) -> Answered<Status> {
        release::status(&self.opened()?).await
    }

    async fn promote_preview(&self, args: PromotePreviewArgs) -> Answered<Preview> {
        release::promote_preview(&self.opened()?, args).await
    }

    async fn promote(&self, args: PromoteArgs) -> Answered<ReleaseHead> {
        release::promote(&self.opened()?, args, self.clock.elapsed()).await
    }

    async fn rollback_preview(&self, args: RollbackPreviewArgs) -> Answered<Preview> {
        release::rollback_preview(&self.opened()?, args).await
    }

    async fn rollback(&self, args: RollbackArgs) -> Answered<ReleaseHead> {
        release::roll_back(&self.opened()?, args, self.clock.elapsed()).await
    }

    async fn settle(&self, args: SettleArgs) -> Answered<Status> {
        let opened = self.opened()?;
        release::settle(&opened, args).await?;
        release::status(&opened).await
    }
}
