//! The opened folder: opening it, who it is, what is well and what needs a person.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use gatewright_core::{
    release::{Release, Rung},
    time::{Day, Millis},
};
use gatewright_engine::{
    durable,
    event::Happened as Logged,
    store::{Access, Folder, Read, table::RunState as Ended},
    supervisor::{
        Engine, Open, OpenError, TrustWord,
        reading::{self, Reading, WORKSPACE_FILE},
        user::{Recent as Remembered, UserFolder},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    Answered, Session, aside,
    opened::{self, Opened},
    release, run, show,
};
use crate::{
    dto::{
        AgentHead, EnvironmentHead, Event, Figure, Happened, HealthItem, Mark, Recent, Recents, Step,
        TrustState, VersionRef, Way, Workspace,
    },
    error::{ApiError, Code},
};

/// The folder that a copy of the sample is made in, below the user's.
const SAMPLE: &str = "help-desk";
/// Overrides of so many days are counted.
const OVERRIDES_DAYS: i64 = 30;
/// Overrides looked at, at most.
const OVERRIDES_MAX: u32 = 1_000;
/// For so many days it is said that a history goes on from a backup.
const RESTORED_SHOWN_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

impl Session {
    /// Opens a folder in place of the one that is open. Nothing is run; what a release left open is settled where
    /// the folder is trusted.
    pub(super) async fn open(&self, path: PathBuf) -> Answered<Workspace> {
        let open = Open {
            root: PathBuf::new(),
            user: self.host.user(),
            clock: Arc::clone(&self.clock),
            demo: self.host.demo(),
            host: self.host.name().to_owned(),
            trust: TrustWord::None,
        };
        let (root, engine) = aside(move || {
            let root = reading::find(&path).ok_or_else(|| no_workspace(&path))?;
            Ok((root.clone(), Engine::open(Open { root, ..open })))
        })
        .await?;
        let engine = match engine {
            Ok(engine) => engine,
            Err(error) => {
                if let OpenError::Damaged { detail, .. } = &error {
                    // Without it the error alone says what to do.
                    if let Err(error) = self.note_damage(root, detail.clone()).await {
                        tracing::warn!(%error, "the damaged history cannot be shown");
                    }
                }
                return Err(error.into());
            }
        };
        *self.damaged.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let opened = Opened::new(engine, Arc::clone(&self.bell));
        let former = {
            let mut slot = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            slot.replace(Arc::clone(&opened))
        };
        if let Some(former) = former {
            // What it answered is kept, and its next run goes on.
            former.runs.cancel();
        }
        settle_in_background(&opened);
        let workspace = aside({
            let opened = Arc::clone(&opened);
            move || {
                let workspace = state(&opened)?;
                let entry = Remembered {
                    path: opened.engine.root().to_owned(),
                    name: workspace.name.clone(),
                    opened_ms: opened.engine.clock().now().0,
                };
                opened.engine.user().remember(entry)?;
                Ok(workspace)
            }
        })
        .await?;
        let at = opened.engine.clock().now().0;
        opened.bell.ring(Event { seq: 0, at, what: Happened::WorkspaceChanged });
        Ok(workspace)
    }

    /// Opens the copy of the sample; makes it where there is none yet. A folder that we made is trusted as made.
    pub(super) async fn open_sample(&self) -> Answered<Workspace> {
        let host = Arc::clone(&self.host);
        let (root, made) = aside(move || {
            if host.sample().is_empty() {
                return Err(ApiError::new(Code::NotFound, "this program carries no sample"));
            }
            let root = host.user().samples().join(SAMPLE);
            let missing = !root.join(WORKSPACE_FILE).is_file();
            if missing {
                // The file that makes it a workspace comes last: a copy that broke off is begun anew.
                let (last, others): (Vec<_>, Vec<_>) =
                    host.sample().iter().partition(|(path, _)| *path == WORKSPACE_FILE);
                for (path, bytes) in others.into_iter().chain(last) {
                    durable::write(&root.join(path), bytes, false)
                        .map_err(|error| unwritten(&root, &error))?;
                }
            }
            Ok((root, missing))
        })
        .await?;
        let workspace = self.open(root).await?;
        if !made {
            return Ok(workspace);
        }
        let opened = self.opened()?;
        let claims = aside({
            let opened = Arc::clone(&opened);
            move || Ok(opened.engine.claims(opened::workspace(&opened.reading())?))
        })
        .await?;
        opened.engine.give_trust(claims).await?;
        self.on(state).await
    }
}

fn no_workspace(path: &Path) -> ApiError {
    let message = format!("there is no {WORKSPACE_FILE} in `{}` or above it", path.display());
    ApiError::new(Code::NotFound, message).hint("`gatewright init` in that folder makes one.")
}

fn unwritten(root: &Path, error: &std::io::Error) -> ApiError {
    ApiError::new(Code::ReadOnly, format!("the sample cannot be written to `{}`: {error}", root.display()))
}

/// Settles what was left open, in a trusted folder; what became of it is told by its release's events.
fn settle_in_background(opened: &Arc<Opened>) {
    let weak = Arc::downgrade(opened);
    opened.keep(tokio::spawn(async move {
        let Some(opened) = weak.upgrade() else { return };
        let reading = opened.reading();
        match opened.engine.settle_at_start(&reading, None, &CancellationToken::new()).await {
            Ok(settled) => release::tell_settled(&opened, &settled),
            Err(error) => tracing::warn!(%error, "what was left open could not be settled"),
        }
    }));
}

/// Workspaces opened before.
pub(super) fn recent(user: &UserFolder) -> Answered<Recents> {
    let recents = user.recent()?.into_iter().map(|entry| Recent {
        path: entry.path.display().to_string(),
        path_shown: shown(&entry.path),
        name: entry.name,
        opened_at: entry.opened_ms,
        present: entry.path.join(WORKSPACE_FILE).is_file(),
        note: None,
    });
    Ok(Recents { recents: recents.collect() })
}

/// A path with `~` for the home folder.
pub(super) fn shown(path: &Path) -> String {
    let below = std::env::home_dir().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned));
    match below {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

/// What the frame of every screen and the home screen show.
pub(super) fn state(opened: &Arc<Opened>) -> Answered<Workspace> {
    let engine = &opened.engine;
    let reading = opened.reading();
    let trust = match &reading.workspace {
        Some(workspace) => Some(engine.trust(workspace)?),
        None => None,
    };
    let trusted = trust.as_ref().is_some_and(gatewright_engine::supervisor::trust::Trust::is_given);
    let read_only = match engine.store().access() {
        Access::Writable => None,
        Access::ReadOnlyFolder => {
            Some("The folder cannot be written: nothing new can be recorded.".to_owned())
        }
        Access::Newer { .. } => {
            Some("A newer Gatewright wrote this history: update this one to go on with it.".to_owned())
        }
    };
    let running = run::head(opened)?;
    opened.look(|read| {
        let agent = agent_head(opened, read, &reading)?;
        let environments = environments(read, &reading)?;
        let health = health(opened, read, &reading, trusted, agent.as_ref())?;
        let last_run = read.runs(2)?.into_iter().find_map(|run| run.ended);
        let root = engine.root();
        let folder = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let named =
            reading.workspace.as_ref().map(|found| found.name.clone()).filter(|name| !name.is_empty());
        Ok(Workspace {
            name: named.unwrap_or(folder),
            path: root.display().to_string(),
            path_shown: shown(root),
            demo: asks_the_demo(&reading),
            trust: TrustState {
                trusted,
                text: if trusted {
                    "Trusted folder"
                } else {
                    "Not trusted: runs nothing, reaches nothing, uses no key"
                }
                .to_owned(),
            },
            read_only,
            watching: opened.noticing().shown(),
            agent,
            running,
            last_run_at: last_run.map(|at| at.0),
            environments,
            health,
            figures: figures(read, engine.clock().now())?,
            errors: reading.errors(),
        })
    })
}

fn asks_the_demo(reading: &Reading) -> bool {
    let agents = reading.workspace.iter().flat_map(|workspace| workspace.agents.values());
    agents.into_iter().any(|agent| agent.access.address().starts_with("demo:"))
}

fn agent_head(opened: &Opened, read: &Read<'_>, reading: &Reading) -> Answered<Option<AgentHead>> {
    let Some(workspace) = &reading.workspace else { return Ok(None) };
    let Some(agent) = opened::agent(workspace) else { return Ok(None) };
    let trust = opened.engine.trust(workspace)?;
    // What cannot be sealed has no version; why not is told where it matters: before a run.
    let found = opened.engine.present(workspace, agent, &trust).ok();
    let unasked = match &found {
        Some(found) => read.verdicts_of_version(found.version.id)?.is_empty(),
        None => false,
    };
    let version = found.map(|found| show::present(read, &found.version)).transpose()?;
    Ok(Some(AgentHead { name: agent.name.to_string(), address: agent.access.address(), version, unasked }))
}

fn environments(read: &Read<'_>, reading: &Reading) -> Answered<Vec<EnvironmentHead>> {
    let all = reading.workspace.iter().flat_map(|workspace| workspace.environments.keys());
    all.map(|name| {
        let newest = read.releases(name, 1)?.pop();
        let live = read.lives(name, 1)?.pop();
        let (mark, text) = release::live_mark(newest.as_ref(), live.as_ref());
        let live = live.map(|row| show::version(read, row.release.to)).transpose()?;
        let live = if mark == Mark::Unknown { None } else { live };
        Ok(EnvironmentHead { name: name.to_string(), mark, live, text: text.to_owned() })
    })
    .collect()
}

/// What is well and what needs a person, the latter first.
fn health(
    opened: &Opened,
    read: &Read<'_>,
    reading: &Reading,
    trusted: bool,
    agent: Option<&AgentHead>,
) -> Answered<Vec<HealthItem>> {
    let mut items = Vec::new();
    let errors = reading.errors();
    if let Some(first) = reading.diagnostics.iter().find(|found| found.is_error()) {
        let to = Way::Source { file: first.file.clone(), line: Some(first.place.line.max(1)) };
        items.push(HealthItem {
            mark: Mark::Fail,
            title: show::plural(errors as usize, "mistake in the files", "mistakes in the files"),
            detail: Some(format!("{}, line {}: {}", first.file, first.place.line, first.message)),
            fact: None,
            step: Some(step("Show it", to)),
        });
    }
    if !trusted && reading.workspace.is_some() {
        items.push(HealthItem {
            mark: Mark::Unknown,
            title: "This folder is not trusted".to_owned(),
            detail: Some("Until it is, it runs nothing, reaches nothing and uses no key.".to_owned()),
            fact: None,
            step: Some(step("See what it would do", Way::Trust)),
        });
    }
    for row in read.open_releases()? {
        items.push(open_release(&row.release, &show::version(read, row.release.to)?));
    }
    items.extend(interrupted(opened, read)?);
    items.extend(restored(read, opened.engine.clock().now())?);
    if let Some(AgentHead { version: Some(version), unasked: true, .. }) = agent
        && errors == 0
        && reading.good().next().is_some()
    {
        let to = Way::Run { specs: Vec::new(), new_attempt: false };
        items.push(HealthItem {
            mark: Mark::Waiting,
            title: format!("{} was never judged", show::called(version)),
            detail: None,
            fact: None,
            step: Some(step("Run its specs", to)),
        });
    }
    for name in reading.workspace.iter().flat_map(|workspace| workspace.environments.keys()) {
        if let Some(row) =
            read.lives(name, 1)?.pop().filter(|_| !matches!(read.open_release(name), Ok(Some(_))))
        {
            let version = show::version(read, row.release.to)?;
            items.push(HealthItem {
                mark: Mark::Pass,
                title: format!("{} is live in {name}", show::called(&version)),
                detail: Some(proved(row.release.rung).to_owned()),
                fact: None,
                step: None,
            });
        }
    }
    if errors == 0 && !reading.specs.is_empty() {
        items.push(HealthItem {
            mark: Mark::Pass,
            title: format!("{} without a mistake", show::plural(reading.specs.len(), "spec", "specs")),
            detail: None,
            fact: None,
            step: None,
        });
    }
    Ok(items)
}

fn proved(rung: Rung) -> &'static str {
    match rung {
        Rung::None => "Nothing was read back.",
        Rung::Pointer => "The target was read back; no endpoint names its version, so nothing proves more.",
        Rung::Served => "Answers on fresh connections named it.",
        Rung::Healthy => "Answers on fresh connections named it, and the service says that it is well.",
        Rung::Smoked => "Answers on fresh connections named it, and the smoke gate passed.",
    }
}

fn open_release(open: &Release, to: &VersionRef) -> HealthItem {
    let environment = open.environment.to_string();
    HealthItem {
        mark: Mark::Unknown,
        title: format!("A release of {} to {environment} is not over", show::called(to)),
        detail: Some("Promotion waits until it is settled. Rolling back does not.".to_owned()),
        fact: None,
        step: Some(step("Check now", Way::Settle { environment })),
    }
}

/// The newest run, if it broke off and nobody went on with it.
fn interrupted(opened: &Opened, read: &Read<'_>) -> Answered<Option<HealthItem>> {
    let Some(run) = read.runs(1)?.pop() else { return Ok(None) };
    let died = run.state == Ended::Running && opened.runs.active().is_none() && !run::somebody_runs(opened);
    if run.state != Ended::Interrupted && !died {
        return Ok(None);
    }
    let mut specs: Vec<String> = run.streams.iter().map(|stream| stream.spec.to_string()).collect();
    specs.dedup();
    Ok(Some(HealthItem {
        mark: Mark::Undecided,
        title: "The last run broke off".to_owned(),
        detail: Some("What was answered is kept: the next run goes on there.".to_owned()),
        fact: Some(show::plural(usize::try_from(run.released_to).unwrap_or(usize::MAX), "call", "calls")),
        step: Some(step("Go on", Way::Run { specs, new_attempt: false })),
    }))
}

/// That the history goes on from a backup, for some time after that was done.
fn restored(read: &Read<'_>, now: Millis) -> Answered<Option<HealthItem>> {
    let Some(event) = read.last_restored()? else { return Ok(None) };
    let Logged::Restored { backup, aside } = event.what else { return Ok(None) };
    if event.at.0 < now.0.saturating_sub(RESTORED_SHOWN_DAYS * DAY_MS) {
        return Ok(None);
    }
    let title = match backup {
        Some(at) => format!("The history goes on from its backup of {}", minute(at)),
        None => "The history began anew".to_owned(),
    };
    let detail = format!("The damaged one lies whole in `{}/{aside}`.", Folder::NAME);
    Ok(Some(HealthItem {
        mark: Mark::Plain,
        title,
        detail: Some(detail),
        fact: Some(Day::of(event.at).to_string()),
        step: None,
    }))
}

/// A moment to the minute, in UTC.
fn minute(at: Millis) -> String {
    let of_day = at.0.rem_euclid(DAY_MS) / 60_000;
    format!("{}, {:02}:{:02} UTC", Day::of(at), of_day / 60, of_day % 60)
}

fn figures(read: &Read<'_>, now: Millis) -> Answered<Vec<Figure>> {
    let mut count = 0_usize;
    for row in read.overrides(OVERRIDES_MAX)? {
        if show::at(read, row.seq)? < now.0.saturating_sub(OVERRIDES_DAYS * DAY_MS) {
            break;
        }
        count += 1;
    }
    Ok(vec![Figure { label: format!("Overrides in {OVERRIDES_DAYS} days"), value: count.to_string() }])
}

/// A step without a price.
pub(super) fn step(label: &str, to: Way) -> Step {
    Step { label: label.to_owned(), detail: None, to, disabled: None }
}
