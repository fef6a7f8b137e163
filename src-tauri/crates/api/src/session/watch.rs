//! Noticing that files were changed: by looking again and again whether they are as they were.
//!
//! It is the one place that knows how changes are noticed; a watcher that the system wakes takes its place.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Weak,
    time::{Duration, SystemTime},
};

use gatewright_core::time::Seq;
use gatewright_engine::supervisor::reading::Reading;

use super::{feed, opened::Opened};
use crate::dto::{Event, Happened, Watching};

/// Between two looks.
const LOOK_MS: u64 = 1_000;
/// Files below the spec folder that are looked at, at most.
const FILES_MAX: usize = 20_000;
/// A file that changed so shortly before it was read may change once more without its time telling.
const RACY_MS: u64 = 50;

/// When each file was changed and how long it is; none for one that is not there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Stamps(BTreeMap<String, Option<(SystemTime, u64)>>);

impl Stamps {
    /// Of everything that a workspace was read from, and of whatever lies in its spec folder.
    pub(super) fn of(root: &Path, reading: &Reading) -> Self {
        let mut stamps = Self::default();
        for file in &reading.files {
            stamps.0.insert(file.clone(), stamp(&root.join(file)));
        }
        if let Some(workspace) = &reading.workspace
            && !workspace.specs.is_empty()
        {
            stamps.walk(root, workspace.specs.trim_end_matches('/'));
        }
        stamps
    }

    fn walk(&mut self, root: &Path, folder: &str) {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
        for entry in entries.flatten() {
            if self.0.len() >= FILES_MAX {
                return;
            }
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.walk(root, &name),
                Ok(kind) if kind.is_file() => {
                    let found = stamp(&entry.path());
                    self.0.insert(name, found);
                }
                _ => {}
            }
        }
    }

    /// Files that are not as they were.
    pub(super) fn changed(&self, since: &Self) -> Vec<String> {
        let names: std::collections::BTreeSet<_> = self.0.keys().chain(since.0.keys()).collect();
        let differs = |name: &&&String| self.0.get(**name) != since.0.get(**name);
        names.iter().filter(differs).map(|name| (*name).clone()).collect()
    }

    /// Whether every file was changed well before `read`: then the stamps tell any later change.
    pub(super) fn are_settled(&self, read: SystemTime) -> bool {
        let limit = read.checked_sub(Duration::from_millis(RACY_MS)).unwrap_or(SystemTime::UNIX_EPOCH);
        self.0.values().flatten().all(|(changed, _)| *changed < limit)
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// How changes are noticed, for the status bar.
pub(super) fn watching() -> Watching {
    Watching { polling: true, text: format!("Polling every {} s", LOOK_MS / 1_000) }
}

/// Looks until the workspace is closed: at its files, and at what other processes wrote into its history.
pub(super) async fn look(opened: Weak<Opened>) {
    let mut before: Option<Stamps> = None;
    let mut last: Option<Seq> = None;
    loop {
        let Some(strong) = opened.upgrade() else { return };
        let root = strong.engine.root().to_owned();
        let looked = tokio::task::spawn_blocking({
            let strong = strong.clone();
            move || Stamps::of(&root, &strong.reading())
        });
        if let Ok(now) = looked.await {
            let changed = before.as_ref().map(|before| now.changed(before)).unwrap_or_default();
            if !changed.is_empty() {
                tell(&strong, changed);
            }
            before = Some(now);
        }
        last = Some(elsewhere(&strong, last).await);
        drop(strong);
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
}

/// Tells that files were changed, and with them what the frame shows of the workspace.
pub(super) fn tell(opened: &Opened, files: Vec<String>) {
    let at = opened.engine.clock().now().0;
    opened.bell.ring(Event { seq: 0, at, what: Happened::SpecsChanged { files } });
    opened.bell.ring(Event { seq: 0, at, what: Happened::WorkspaceChanged });
}

/// Tells what other processes wrote since `last`, and answers with the newest place.
async fn elsewhere(opened: &Opened, last: Option<Seq>) -> Seq {
    let store = opened.engine.store();
    let head =
        |read: &gatewright_engine::store::Read<'_>| Ok(read.log_head()?.map_or(Seq(0), |(seq, _)| seq));
    let Some(last) = last else { return store.read(head).unwrap_or(Seq(0)) };
    if matches!(store.changed_elsewhere().await, Ok(true)) {
        feed::others(opened, last);
    }
    store.read(head).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_came_went_or_changed_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("specs/deep")).expect("created");
        fs::write(root.join("gatewright.yaml"), "a").expect("written");
        fs::write(root.join("specs/gone.yaml"), "a").expect("written");
        let mut stamps = Stamps::default();
        stamps.0.insert("gatewright.yaml".to_owned(), stamp(&root.join("gatewright.yaml")));
        let mut before = stamps.clone();
        before.walk(root, "specs");
        fs::write(root.join("specs/deep/new.yaml"), "a").expect("written");
        fs::remove_file(root.join("specs/gone.yaml")).expect("removed");
        fs::write(root.join("gatewright.yaml"), "longer").expect("written");
        let mut after = Stamps::default();
        after.0.insert("gatewright.yaml".to_owned(), stamp(&root.join("gatewright.yaml")));
        after.walk(root, "specs");
        assert_eq!(after.changed(&before), ["gatewright.yaml", "specs/deep/new.yaml", "specs/gone.yaml"]);
        assert!(after.changed(&after).is_empty());
        assert!(!after.are_settled(SystemTime::now()));
        assert!(after.are_settled(SystemTime::now() + Duration::from_secs(1)));
    }
}
