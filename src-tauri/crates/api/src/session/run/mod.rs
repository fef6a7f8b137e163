//! Runs: beginning one, stopping it, and how far it is.
//!
//! A run of this process is followed as it happens; everything else, also a run of another process, is read from
//! the history.

mod follow;
mod row;
mod state;

use std::sync::{Arc, Mutex, PoisonError};

use gatewright_core::{
    gate::Outcome,
    id::{RunId, SpecName},
    spec::Spec,
};
use gatewright_engine::{
    store::{Durability, FileLock, Holder, Taken},
    supervisor::{RunReport, RunRequest, SpecReport, reading::Reading},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::follow::Following;
pub(super) use self::{
    row::{excerpt, page as rows},
    state::{head, state},
};
use super::{Answered, opened::Opened, show, workspace};
use crate::{
    dto::{Event, Happened, Mark, Nothing, RunRef, RunStartArgs, Way},
    error::{ApiError, Code},
};

/// The run of this process, and what is known of the last one beyond what is recorded.
#[derive(Default)]
pub(super) struct Runs(Mutex<Option<Arc<Active>>>);

/// A run of this process, also after it has ended.
pub(super) struct Active {
    pub(super) following: Arc<Following>,
    pub(super) cancel: CancellationToken,
    /// Once it is over.
    pub(super) over: Mutex<Option<Over>>,
}

/// What a run says at its end that is not recorded.
#[derive(Clone, Debug, Default)]
pub(super) struct Over {
    pub(super) retried: u64,
    pub(super) egress: Vec<String>,
    /// Why it broke off, or why an endpoint stopped it.
    pub(super) trouble: Option<String>,
}

impl Runs {
    /// The run in progress.
    pub(super) fn active(&self) -> Option<RunId> {
        let active = self.get()?;
        let going = active.over.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        if going { active.following.run() } else { None }
    }

    /// The run of this process with this id, over or not.
    pub(super) fn of(&self, run: RunId) -> Option<Arc<Active>> {
        self.get().filter(|active| active.following.run() == Some(run))
    }

    /// Asks the run in progress to stop.
    pub(super) fn cancel(&self) {
        if let Some(active) = self.get() {
            active.cancel.cancel();
        }
    }

    fn get(&self) -> Option<Arc<Active>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, active: Arc<Active>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(active);
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Begins a run; answers once it is recorded, or with why there is none.
pub(super) async fn start(opened: &Arc<Opened>, args: RunStartArgs) -> Answered<RunRef> {
    if opened.runs.active().is_some() {
        return Err(ApiError::new(Code::Busy, "a run is going on").hint("Wait for it, or stop it."));
    }
    let preparing = Arc::clone(opened);
    let names: Vec<SpecName> = args.specs.iter().map(|name| SpecName::new(name.clone())).collect();
    let wanted = names.clone();
    let (reading, plans) = super::aside(move || {
        let reading = preparing.reading();
        let plans = ahead(&preparing, &reading, &wanted);
        Ok((reading, plans))
    })
    .await?;
    let request =
        RunRequest { specs: names, new_attempt: args.new_attempt, no_wait: true, ..RunRequest::default() };
    let (began, beginning) = oneshot::channel();
    let following = Arc::new(Following::new(plans, began));
    let active = Arc::new(Active {
        following: Arc::clone(&following),
        cancel: CancellationToken::new(),
        over: Mutex::default(),
    });
    let task = carry_out(Arc::clone(opened), Arc::clone(&active), reading, request);
    tokio::spawn(task);
    let run =
        beginning.await.map_err(|_| ApiError::new(Code::Internal, "the run broke off before it began"))??;
    Ok(RunRef { run: run.to_string() })
}

/// What each spec of a run will take at most, and likely.
fn ahead(opened: &Opened, reading: &Reading, names: &[SpecName]) -> Vec<follow::Ahead> {
    let Some(workspace) = &reading.workspace else { return Vec::new() };
    let meant = |spec: &&Spec| names.is_empty() || names.contains(&spec.name);
    let specs = reading.good().filter(meant);
    let calls = |spec: &Spec| opened.engine.outlook(workspace, spec, None).ok();
    let look = |spec: &Spec| Some((spec.clone(), calls(spec)?.calls));
    specs.filter_map(look).map(|(spec, calls)| follow::Ahead { spec, calls }).collect()
}

async fn carry_out(opened: Arc<Opened>, active: Arc<Active>, reading: Arc<Reading>, request: RunRequest) {
    // Known only once it is recorded: a run that was refused never takes the place of another.
    let begun = {
        let (opened, active) = (Arc::clone(&opened), Arc::clone(&active));
        move || opened.runs.set(Arc::clone(&active))
    };
    active.following.when_begun(Box::new(begun));
    let watch: Arc<dyn gatewright_engine::supervisor::Watch> = active.following.clone();
    let ended = opened.engine.run(&reading, &request, Some(watch), &active.cancel).await;
    let over = match &ended {
        Ok(report) => Over {
            retried: report.answered.retried,
            egress: report.egress.iter().cloned().collect(),
            trouble: report.specs.iter().find_map(|spec| spec.remark.clone()),
        },
        Err(error) => Over { trouble: Some(error.to_string()), ..Over::default() },
    };
    *active.over.lock().unwrap_or_else(PoisonError::into_inner) = Some(over);
    match ended {
        Err(error) => {
            let error = ApiError::from(error);
            if let Some(error) = active.following.refuse(error) {
                tell_broken(&opened, &error);
            }
        }
        Ok(report) => tell_ended(&opened, &report),
    }
    if let Some(run) = active.following.run() {
        ring(&opened, Happened::RunMoved { run: run.to_string(), ended: true });
    }
}

fn ring(opened: &Opened, what: Happened) {
    opened.bell.ring(Event { seq: 0, at: opened.engine.clock().now().0, what });
}

fn tell_broken(opened: &Opened, error: &ApiError) {
    ring(
        opened,
        Happened::Told {
            mark: Mark::Trouble,
            title: "The run broke off".to_owned(),
            detail: Some(error.message.clone()),
            step: None,
        },
    );
}

/// Tells how a run ended: one message, of the verdict that needs a person most.
fn tell_ended(opened: &Opened, report: &RunReport) {
    let word = |outcome: Outcome| match outcome {
        Outcome::Fail => "blocked",
        Outcome::Inconclusive(_) => "undecided",
        Outcome::Pass => "passed",
    };
    let words = ["blocked", "undecided", "passed"];
    let count = |wanted: &str| report.specs.iter().filter(|one| word(one.verdict.outcome) == wanted).count();
    let rank = |one: &&SpecReport| words.iter().position(|&known| known == word(one.verdict.outcome));
    let Some(SpecReport { spec, verdict, .. }) = report.specs.iter().min_by_key(rank) else { return };
    let counts = words.iter().filter(|word| count(word) > 0).map(|word| format!("{} {word}", count(word)));
    let (title, detail) = if report.specs.len() == 1 {
        (format!("{}: {}", spec.name, word(verdict.outcome)), verdict.headline.clone())
    } else {
        let counts: Vec<String> = counts.collect();
        (format!("The run ended: {}", counts.join(", ")), format!("{}: {}", spec.name, verdict.headline))
    };
    let to = Way::Verdict { verdict: verdict.id.to_string() };
    ring(
        opened,
        Happened::Told {
            mark: show::outcome_mark(verdict.outcome),
            title,
            detail: Some(detail),
            step: Some(workspace::step("Show the verdict", to)),
        },
    );
}

/// Stops a run, whoever runs it. What is recorded stays.
pub(super) async fn cancel(opened: &Arc<Opened>, run: &str) -> Answered<Nothing> {
    let run = run_id(run)?;
    if let Some(active) = opened.runs.of(run) {
        active.cancel.cancel();
        return Ok(Nothing {});
    }
    opened.engine.store().write(Durability::Normal, move |write| write.cancel_run(run)).await?;
    Ok(Nothing {})
}

/// A run's id as it came over the boundary.
fn run_id(text: &str) -> Answered<RunId> {
    text.parse().map_err(|_| ApiError::new(Code::BadArguments, format!("`{text}` is not the id of a run")))
}

/// Whether a process holds the lock of runs.
pub(super) fn somebody_runs(opened: &Opened) -> bool {
    let holder = Holder::this_process("look", opened.engine.clock().now());
    matches!(FileLock::try_take(&opened.engine.store().folder().run_lock(), &holder), Ok(Taken::HeldBy(_)))
}
