//! What is live, what may follow, and the way back.
//!
//! Whether a version may go live is the core's decision; its refusals are shown as it words them.

mod lane;
mod preview;

use std::{sync::Arc, time::Duration};

use gatewright_core::{
    decision::{Statement, Word},
    id::{EnvironmentName, VersionId},
    release::{Kind, Release, Rung as Reached, State},
    spec::workspace::Environment,
};
use gatewright_engine::{
    deploy::Enacted,
    store::{Read, table::ReleaseRow},
    supervisor::{ReleaseError, Settled, Wish, reading::Reading},
};
use tokio_util::sync::CancellationToken;

pub(super) use self::preview::{promote as promote_preview, roll_back as rollback_preview};
use super::{
    Answered, aside,
    opened::{self, Opened},
    show,
    workspace::step,
};
use crate::{
    dto::{
        Event, Happened, Mark, PromoteArgs, ReleaseHead, ReleaseKind, ReleaseState, ReleaseTimes,
        RollbackArgs, Rung, SettleArgs, Status, Way,
    },
    error::{ApiError, Code},
};

/// Releases of the history at most.
const HISTORY_MAX: usize = 200;

/// The shape and the word of what is live, by the newest release and the newest that went live.
pub(super) fn live_mark(newest: Option<&ReleaseRow>, live: Option<&ReleaseRow>) -> (Mark, &'static str) {
    match newest.map(|row| row.release.state) {
        Some(State::Unknown) => (Mark::Unknown, "unknown"),
        Some(State::Conflict) => (Mark::Unknown, "moved outside"),
        Some(state) if state.is_open() => (Mark::Running, "releasing"),
        _ if live.is_some() => (Mark::Pass, "live"),
        _ => (Mark::Waiting, "nothing live"),
    }
}

/// Every environment, and what happened in them.
pub(super) async fn status(opened: &Arc<Opened>) -> Answered<Status> {
    let reading = read(opened).await?;
    let lanes = opened.engine.lanes(&reading).await?;
    let opened = Arc::clone(opened);
    aside(move || {
        opened.look(|read| {
            let workspace = opened::workspace(&reading)?;
            let mut environments = Vec::new();
            let mut history = Vec::new();
            for lane in &lanes {
                let Some(environment) = workspace.environments.get(&lane.environment) else { continue };
                environments.push(lane::view(&opened, read, &reading, environment, lane)?);
                for row in read.releases(&lane.environment, show::small(HISTORY_MAX))? {
                    history.push((row.seq, head(read, Some(environment), &row)?));
                }
            }
            history.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
            history.truncate(HISTORY_MAX);
            let (sentence, detail) = lane::sentences(&environments);
            let history = history.into_iter().map(|(_, head)| head).collect();
            Ok(Status { sentence, detail, environments, history })
        })
    })
    .await
}

async fn read(opened: &Arc<Opened>) -> Answered<Arc<Reading>> {
    let opened = Arc::clone(opened);
    aside(move || Ok(opened.reading())).await
}

/// An environment of the workspace by its name.
fn environment<'a>(reading: &'a Reading, name: &EnvironmentName) -> Answered<&'a Environment> {
    let found = opened::workspace(reading)?.environments.get(name);
    found.ok_or_else(|| ReleaseError::NoSuchEnvironment(name.clone()).into())
}

/// A release, as lists show it.
fn head(read: &Read<'_>, environment: Option<&Environment>, row: &ReleaseRow) -> Answered<ReleaseHead> {
    let release = &row.release;
    let decision = read.decision(release.grant)?;
    let by_person = decision.as_ref().is_some_and(|decision| decision.ground.is_word());
    let from = release.from.map(|id| show::version(read, id)).transpose()?;
    let to = show::version(read, release.to)?;
    let first = read.release_steps(release.id)?.into_iter().next();
    let actor = decision.as_ref().and_then(|decision| decision.actor.clone());
    let stated = match release.kind {
        Kind::Promotion => "by verdict",
        Kind::Rollback | Kind::Rehearsal => "not stated",
    };
    Ok(ReleaseHead {
        release: release.id.to_string(),
        environment: release.environment.to_string(),
        kind: kind(release.kind),
        state: state(release.state),
        mark: mark(release, by_person),
        sentence: sentence(release, from.as_ref().map(show::called), show::called(&to)),
        from,
        to,
        at: first.map_or(0, |step| step.at.0),
        by: actor.unwrap_or_else(|| stated.to_owned()),
        reason: decision.and_then(|decision| decision.reason),
        ladder: ladder(environment, release),
        times: times(release),
    })
}

fn kind(kind: Kind) -> ReleaseKind {
    match kind {
        Kind::Promotion => ReleaseKind::Promotion,
        Kind::Rollback => ReleaseKind::Rollback,
        Kind::Rehearsal => ReleaseKind::Rehearsal,
    }
}

fn state(state: State) -> ReleaseState {
    match state {
        State::Intent => ReleaseState::Intent,
        State::Staged => ReleaseState::Staged,
        State::Switching => ReleaseState::Switching,
        State::Switched => ReleaseState::Switched,
        State::Observing => ReleaseState::Observing,
        State::Live => ReleaseState::Live,
        State::NotApplied => ReleaseState::NotApplied,
        State::Unknown => ReleaseState::Unknown,
        State::Conflict => ReleaseState::Conflict,
        State::Superseded => ReleaseState::Superseded,
    }
}

fn mark(release: &Release, by_person: bool) -> Mark {
    match release.state {
        State::Live if by_person => Mark::Override,
        State::Live => Mark::Pass,
        State::NotApplied | State::Conflict => Mark::Fail,
        State::Unknown => Mark::Unknown,
        State::Superseded => Mark::Plain,
        State::Intent | State::Staged | State::Switching | State::Switched | State::Observing => {
            Mark::Running
        }
    }
}

fn sentence(release: &Release, from: Option<&str>, to: &str) -> String {
    match (release.state, release.kind, from) {
        (State::Live, Kind::Promotion, Some(from)) => format!("{to} promoted over {from}"),
        (State::Live, Kind::Promotion, None) => format!("{to} promoted, the first here"),
        (State::Live, Kind::Rollback, Some(from)) => format!("{to} back, {from} out"),
        (State::Live, Kind::Rollback, None) => format!("{to} back"),
        (State::Live, Kind::Rehearsal, _) => format!("the way back to {to} rehearsed"),
        (State::NotApplied, ..) => format!("{to} not applied: nothing changed"),
        (State::Unknown, ..) => format!("Unknown: the switch to {to} got no answer"),
        (State::Conflict, ..) => format!("{to}: something else is live than either side expected"),
        (State::Superseded, ..) => format!("{to}: a later release took over"),
        (State::Intent, ..) => format!("{to} decided, nothing done yet"),
        (State::Staged, ..) => format!("{to} lies beside what is live"),
        (State::Switching | State::Switched, ..) => format!("switching to {to}"),
        (State::Observing, ..) => format!("{to} is being read back"),
    }
}

/// The rungs that can be reached: without an endpoint the ladder ends at the pointer, and a release that is live
/// climbs no further.
fn ladder(environment: Option<&Environment>, release: &Release) -> Vec<Rung> {
    let most = match environment {
        Some(environment) if environment.endpoint.is_none() => Reached::Pointer,
        _ if release.state == State::Live => release.rung,
        _ => Reached::Served,
    };
    let all = [
        (Reached::Pointer, "pointer"),
        (Reached::Served, "served"),
        (Reached::Healthy, "healthy"),
        (Reached::Smoked, "smoke"),
    ];
    let rungs = all.into_iter().filter(|(rung, _)| *rung <= most.max(release.rung));
    let next = rungs.clone().map(|(rung, _)| rung).find(|rung| *rung > release.rung);
    rungs
        .map(|(rung, name)| {
            let mark = match release.state {
                _ if rung <= release.rung => Mark::Pass,
                State::Unknown | State::Conflict => Mark::Unknown,
                state if state.is_open() && next == Some(rung) => Mark::Running,
                _ => Mark::Waiting,
            };
            Rung { name: name.to_owned(), mark, note: None }
        })
        .collect()
}

fn times(release: &Release) -> ReleaseTimes {
    let times = release.times;
    ReleaseTimes {
        acknowledged_us: times.acknowledged_us,
        first_new_us: times.first_new_us,
        last_old_us: times.last_old_us,
        verified_us: times.verified_us,
    }
}

/// What was seen live: the newest release that went live, the open one, and what the target names otherwise.
fn seen(read: &Read<'_>, environment: &EnvironmentName, outside: Option<VersionId>) -> Answered<String> {
    let live = read.lives(environment, 1)?.pop().map(|row| row.release.id.to_string());
    let open = read.open_release(environment)?.map(|row| row.release.id.to_string());
    let outside = outside.map(|version| version.to_string());
    let [live, open, outside] = [live, open, outside].map(|seen| seen.unwrap_or_else(|| "none".to_owned()));
    Ok(format!("live {live}, open {open}, outside {outside}"))
}

fn as_seen(
    opened: &Opened,
    environment: &EnvironmentName,
    outside: Option<VersionId>,
    then: &str,
) -> Answered<()> {
    let now = opened.look(|read| seen(read, environment, outside))?;
    if now == then {
        return Ok(());
    }
    let message = format!("something else happened in {environment} since this was shown");
    Err(ApiError::new(Code::Stale, message).hint("Look at what is live now, and decide again."))
}

/// Makes a version live. It goes on when nobody waits for it any more.
pub(super) async fn promote(
    opened: &Arc<Opened>,
    args: PromoteArgs,
    clicked: Duration,
) -> Answered<ReleaseHead> {
    let opened = Arc::clone(opened);
    let task = async move {
        let reading = read(&opened).await?;
        let name = EnvironmentName::new(args.environment);
        environment(&reading, &name)?;
        let over = opened.engine.outside(&reading, &name).await?;
        as_seen(&opened, &name, over, &args.seen)?;
        let version = opened.engine.version(&args.version)?.version;
        let word = match args.word {
            None => None,
            Some(word) => {
                let said = Statement::new(&word.by, &word.reason)
                    .map_err(|error| ApiError::new(Code::BadArguments, error.to_string()))?;
                let first = opened.look(|read| Ok(read.lives(&name, 1)?.is_empty()))?;
                Some(if first { Word::Bootstrap(said) } else { Word::Override(said) })
            }
        };
        let cancel = CancellationToken::new();
        let wish = Wish { version: &version, word, over };
        let done = opened.engine.promote(&reading, &name, wish, clicked, &cancel).await;
        if let Err(ReleaseError::Refused(refusals)) = &done {
            opened.engine.log_refusal(&name, version.id, refusals).await?;
        }
        ended(&opened, &reading, &done?)
    };
    on_its_own(task).await
}

/// Makes an earlier version live again.
pub(super) async fn roll_back(
    opened: &Arc<Opened>,
    args: RollbackArgs,
    clicked: Duration,
) -> Answered<ReleaseHead> {
    let opened = Arc::clone(opened);
    let task = async move {
        let reading = read(&opened).await?;
        let name = EnvironmentName::new(args.environment);
        environment(&reading, &name)?;
        let over = opened.engine.outside(&reading, &name).await?;
        as_seen(&opened, &name, over, &args.seen)?;
        let to = show::version_id(&args.to)?;
        let cancel = CancellationToken::new();
        let done = opened.engine.roll_back(&reading, &name, Some(to), clicked, &cancel).await?;
        ended(&opened, &reading, &done)
    };
    on_its_own(task).await
}

/// Carries something out that must not stop because whoever asked went away.
async fn on_its_own<T: Send + 'static>(
    task: impl Future<Output = Answered<T>> + Send + 'static,
) -> Answered<T> {
    let done = tokio::spawn(task).await;
    done.map_err(|error| ApiError::new(Code::Internal, format!("the release broke off: {error}")))?
}

/// What became of a release, told and as its list shows it.
fn ended(opened: &Opened, reading: &Reading, enacted: &Enacted) -> Answered<ReleaseHead> {
    opened.back_up();
    let head = found(opened, reading, &enacted.release)?;
    tell(opened, &head, &enacted.evidence);
    if let Some(back) = &enacted.back {
        tell(opened, &found(opened, reading, &back.release)?, &back.evidence);
    }
    Ok(head)
}

fn found(opened: &Opened, reading: &Reading, release: &Release) -> Answered<ReleaseHead> {
    opened.look(|read| {
        let row = read.release(release.id)?;
        let row = row.ok_or_else(|| ApiError::new(Code::Internal, "the release is not in the journal"))?;
        head(read, environment(reading, &release.environment).ok(), &row)
    })
}

fn tell(opened: &Opened, head: &ReleaseHead, evidence: &str) {
    let to = Way::Releases { environment: Some(head.environment.clone()) };
    let what = Happened::Told {
        mark: head.mark,
        title: format!("{}: {}", head.environment, head.sentence),
        detail: Some(evidence.to_owned()).filter(|evidence| !evidence.is_empty()),
        step: Some(step("Show the releases", to)),
    };
    opened.bell.ring(Event { seq: 0, at: opened.engine.clock().now().0, what });
}

/// Reads what is live and settles what was left open.
pub(super) async fn settle(opened: &Arc<Opened>, args: SettleArgs) -> Answered<()> {
    let opened = Arc::clone(opened);
    on_its_own(async move {
        let reading = read(&opened).await?;
        let only = args.environment.map(EnvironmentName::new);
        if let Some(name) = &only {
            environment(&reading, name)?;
        }
        let settled = opened.engine.settle(&reading, only.as_ref(), &CancellationToken::new()).await?;
        tell_settled(&opened, &settled);
        Ok(())
    })
    .await
}

/// Tells that a release stays open, and why.
fn tell_left(opened: &Opened, release: &Release, why: String) {
    let environment = release.environment.to_string();
    let what = Happened::Told {
        mark: Mark::Trouble,
        title: format!("{environment}: a release could not be settled"),
        detail: Some(why),
        step: Some(step("Show the releases", Way::Releases { environment: Some(environment) })),
    };
    opened.bell.ring(Event { seq: 0, at: opened.engine.clock().now().0, what });
}

/// Tells what became of releases that were left open.
pub(super) fn tell_settled(opened: &Opened, settled: &[Settled]) {
    let reading = opened.reading();
    for one in settled {
        match one {
            Settled::Read(enacted) => {
                if let Err(error) = ended(opened, &reading, enacted) {
                    tracing::warn!(%error, "what was settled cannot be told");
                }
            }
            Settled::NoEnvironment(release) => {
                let why = "Its environment is no longer in gatewright.yaml: put it back to settle it.";
                tell_left(opened, release, why.to_owned());
            }
            Settled::Left(release, error) => tell_left(opened, release, error.to_string()),
        }
    }
}
