//! From the engine's events to those of the interface.

use std::sync::Weak;

use gatewright_core::time::Seq;
use gatewright_engine::{
    event::{Event as Told, Happened as What},
    store::{Read, StoreError, table::RunState},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::opened::Opened;
use crate::dto::{Event, Happened};

/// Entries of the log that are told at once, at most: beyond that only that much has changed.
const ENTRIES_MAX: u32 = 200;

/// Passes on what this process does, until the workspace is closed.
pub(super) async fn own(opened: Weak<Opened>, mut told: Receiver<Told>) {
    loop {
        let event = match told.recv().await {
            Ok(event) => Some(event),
            // What was missed is not told one by one: whoever listens looks again.
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        let Some(opened) = opened.upgrade() else { return };
        match event {
            Some(event) => pass_on(&opened, &event),
            None => ring_workspace(&opened),
        }
    }
}

/// Passes on what was written after a place, and that another process's run moved: its answers are not logged.
pub(super) fn others(opened: &Opened, after: Option<Seq>) {
    let store = opened.engine.store();
    if let Some(after) = after {
        let log = store.read(|read| read.log(after, ENTRIES_MAX)).unwrap_or_default();
        for event in &log {
            pass_on(opened, event);
        }
    }
    let newest = store.read(|read| Ok(read.runs(1)?.pop())).unwrap_or_default();
    let open = newest.filter(|run| run.state == RunState::Running);
    if let Some(run) = open.filter(|run| opened.runs.active() != Some(run.id)) {
        ring(opened, 0, Happened::RunMoved { run: run.id.to_string(), ended: false });
    }
}

fn ring(opened: &Opened, seq: u64, what: Happened) {
    opened.bell.ring(Event { seq, at: opened.engine.clock().now().0, what });
}

fn ring_workspace(opened: &Opened) {
    ring(opened, 0, Happened::WorkspaceChanged);
}

fn pass_on(opened: &Opened, event: &Told) {
    let store = opened.engine.store();
    let Ok(found) = store.read(|read| meant(opened, read, &event.what)) else { return };
    for what in found {
        opened.bell.ring(Event { seq: event.seq.0, at: event.at.0, what });
    }
}

/// What an event of the engine means to the interface.
fn meant(opened: &Opened, read: &Read<'_>, what: &What) -> Result<Vec<Happened>, StoreError> {
    Ok(match what {
        What::SpecChanged { .. } => vec![Happened::SpecsChanged { files: Vec::new() }],
        What::VersionSeen { version } => {
            vec![Happened::VersionSeen { version: version.to_string() }, Happened::WorkspaceChanged]
        }
        What::RunStarted { run } => {
            vec![Happened::RunMoved { run: run.to_string(), ended: false }, Happened::WorkspaceChanged]
        }
        What::RunEnded { run } => {
            vec![Happened::RunMoved { run: run.to_string(), ended: true }, Happened::WorkspaceChanged]
        }
        What::TrialEnded { .. } | What::CriterionDecided { .. } => {
            let run = opened.runs.active();
            run.map(|run| Happened::RunMoved { run: run.to_string(), ended: false }).into_iter().collect()
        }
        What::VerdictGiven { verdict } | What::VerdictWithdrawn { verdict, .. } => {
            let row = read.verdict(*verdict)?;
            let given = row.map(|row| Happened::VerdictGiven {
                verdict: verdict.to_string(),
                spec: row.verdict.stream.spec.to_string(),
            });
            given.into_iter().chain([Happened::WorkspaceChanged]).collect()
        }
        What::Decided { environment, .. }
        | What::MovedOutside { environment }
        | What::MonitorFired { environment } => {
            let environment = environment.to_string();
            vec![Happened::ReleaseMoved { release: None, environment }, Happened::WorkspaceChanged]
        }
        What::ReleaseMoved { release, .. } => {
            let row = read.release(*release)?;
            let moved = row.map(|row| Happened::ReleaseMoved {
                release: Some(release.to_string()),
                environment: row.release.environment.to_string(),
            });
            moved.into_iter().chain([Happened::WorkspaceChanged]).collect()
        }
        What::TrustGiven { .. } | What::IdentityChanged { .. } | What::Restored { .. } => {
            vec![Happened::WorkspaceChanged]
        }
        What::PlanRegistered { .. } => Vec::new(),
    })
}
