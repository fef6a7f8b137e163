//! The bell: what happened, merged so that no listener drowns.
//!
//! The first event of a quiet moment goes out at once; what follows within the pause is merged by what it is about
//! and goes out together. An event holds ids, so a merged one loses nothing: whoever hears it asks again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::broadcast;

use crate::dto::{Event, Happened};

/// Between two deliveries.
const PAUSE_MS: u64 = 100;
/// Events that a slow listener may be behind.
const EVENTS_KEPT: usize = 256;
/// Files that one event names, at most: an event stays below 8 KB.
const FILES_TOLD_MAX: usize = 64;

/// Tells listeners what happened.
pub(super) struct Bell {
    listeners: broadcast::Sender<Event>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// In the order of their first telling.
    events: Vec<Event>,
    /// Whether somebody delivers.
    delivering: bool,
}

impl Bell {
    /// One without listeners.
    pub(super) fn new() -> Arc<Self> {
        let (listeners, _) = broadcast::channel(EVENTS_KEPT);
        Arc::new(Self { listeners, waiting: Mutex::default() })
    }

    /// What happens from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<Event> {
        self.listeners.subscribe()
    }

    /// Tells something. It must be called within the runtime.
    pub(super) fn ring(self: &Arc<Self>, event: Event) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.events.iter_mut().find(|other| is_about_the_same(&other.what, &event.what)) {
            Some(other) => merge(other, event),
            None => waiting.events.push(event),
        }
        if !waiting.delivering {
            waiting.delivering = true;
            drop(waiting);
            tokio::spawn(Arc::clone(self).deliver());
        }
    }

    async fn deliver(self: Arc<Self>) {
        loop {
            let events = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.events.is_empty() {
                    waiting.delivering = false;
                    return;
                }
                std::mem::take(&mut waiting.events)
            };
            for event in events {
                // Nobody listens: nobody asked to be told.
                let _ = self.listeners.send(event);
            }
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
        }
    }
}

fn is_about_the_same(one: &Happened, other: &Happened) -> bool {
    match (one, other) {
        (Happened::WorkspaceChanged, Happened::WorkspaceChanged)
        | (Happened::SpecsChanged { .. }, Happened::SpecsChanged { .. }) => true,
        (Happened::VersionSeen { version: one }, Happened::VersionSeen { version: other })
        | (Happened::RunMoved { run: one, .. }, Happened::RunMoved { run: other, .. })
        | (Happened::SelftestMoved { selftest: one, .. }, Happened::SelftestMoved { selftest: other, .. })
        | (Happened::VerdictGiven { verdict: one, .. }, Happened::VerdictGiven { verdict: other, .. })
        | (
            Happened::ReleaseMoved { environment: one, .. },
            Happened::ReleaseMoved { environment: other, .. },
        ) => one == other,
        _ => false,
    }
}

/// Adds a later event to an earlier one about the same.
fn merge(earlier: &mut Event, later: Event) {
    earlier.seq = earlier.seq.max(later.seq);
    earlier.at = later.at;
    match (&mut earlier.what, later.what) {
        (Happened::SpecsChanged { files }, Happened::SpecsChanged { files: more }) => {
            files.extend(more);
            files.sort();
            files.dedup();
            files.truncate(FILES_TOLD_MAX);
        }
        (Happened::RunMoved { ended, .. }, Happened::RunMoved { ended: later, .. })
        | (Happened::SelftestMoved { ended, .. }, Happened::SelftestMoved { ended: later, .. }) => {
            *ended |= later;
        }
        (what, later) => *what = later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(run: &str, ended: bool) -> Event {
        Event { seq: 0, at: 0, what: Happened::RunMoved { run: run.to_owned(), ended } }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_fast_is_merged_and_the_end_of_a_run_is_never_lost() {
        let bell = Bell::new();
        let mut heard = bell.listen();
        bell.ring(moved("a", false));
        assert_eq!(heard.recv().await, Ok(moved("a", false)));
        for _ in 0..1_000 {
            bell.ring(moved("a", false));
        }
        bell.ring(moved("a", true));
        bell.ring(moved("a", false));
        bell.ring(moved("b", false));
        assert_eq!(heard.recv().await, Ok(moved("a", true)));
        assert_eq!(heard.recv().await, Ok(moved("b", false)));
        assert!(heard.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn changed_files_are_told_together_each_once() {
        let bell = Bell::new();
        let mut heard = bell.listen();
        let changed = |files: &[&str]| Event {
            seq: 0,
            at: 0,
            what: Happened::SpecsChanged { files: files.iter().map(|&file| file.to_owned()).collect() },
        };
        bell.ring(changed(&["b.yaml"]));
        bell.ring(changed(&["a.yaml", "b.yaml"]));
        assert_eq!(heard.recv().await, Ok(changed(&["a.yaml", "b.yaml"])));
    }
}
