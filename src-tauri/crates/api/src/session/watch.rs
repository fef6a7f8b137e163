//! Noticing that files were changed, and that other processes wrote the history.
//!
//! The engine follows the files of a workspace for one process at a time; while it is another one's turn, this module
//! looks by itself.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use gatewright_core::time::{Duration as Length, Seq};
use gatewright_engine::{
    supervisor::{Following, reading::Reading},
    watch::{Settings, Watching as How},
};
use tokio_util::sync::CancellationToken;

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

/// How changes of files are noticed at present.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Noticing {
    /// By looking here, while nobody follows or another process does.
    #[default]
    Looking,
    /// By the engine, which the system tells.
    Told,
    /// By the engine, which looks every so many milliseconds.
    Polling(u128),
}

impl Noticing {
    /// For the status bar.
    pub(super) fn shown(&self) -> Watching {
        let every = |ms: u128| format!("Polling every {}", Length(u64::try_from(ms).unwrap_or(u64::MAX)));
        match self {
            Self::Told => Watching { polling: false, text: "Watching".to_owned() },
            Self::Polling(ms) => Watching { polling: true, text: every(*ms) },
            Self::Looking => Watching { polling: true, text: every(u128::from(LOOK_MS)) },
        }
    }
}

/// Follows the files until the workspace is closed: a save is told, recorded where it means something else, and judged
/// by what was answered before.
pub(super) async fn follow(opened: Weak<Opened>) {
    let Some(engine) = opened.upgrade().map(|opened| Arc::clone(&opened.engine)) else { return };
    let mut hear = |what: Following| {
        if let Some(opened) = opened.upgrade() {
            heard(&opened, what);
        }
    };
    if let Err(error) = engine.follow(Settings::default(), &mut hear, &CancellationToken::new()).await {
        tracing::warn!(%error, "the workspace is not followed any more");
    }
    if let Some(opened) = opened.upgrade() {
        opened.notice(Noticing::Looking);
    }
}

fn heard(opened: &Opened, what: Following) {
    match what {
        Following::Waiting { .. } => opened.notice(Noticing::Looking),
        Following::Watching(How::Told) => opened.notice(Noticing::Told),
        Following::Watching(How::Polling { every, .. }) => {
            opened.notice(Noticing::Polling(every.as_millis()))
        }
        Following::Pass(pass) if !pass.saved.is_empty() => tell(opened, pass.saved.into_iter().collect()),
        // What it recorded is told by the history's events.
        Following::Pass(_) | Following::Running(_) | Following::Ran(_) => {}
    }
}

/// Looks until the workspace is closed: at what other processes wrote into its history, and at the files while the
/// engine does not follow them.
pub(super) async fn look(opened: Weak<Opened>) {
    let mut before: Option<Stamps> = None;
    let mut last: Option<Seq> = None;
    loop {
        let Some(strong) = opened.upgrade() else { return };
        if strong.noticing() == Noticing::Looking {
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
        } else {
            before = None;
        }
        last = Some(elsewhere(&strong, last));
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

/// Tells what was written since `last`, and answers with the newest place. What this process wrote is told twice and
/// merged.
fn elsewhere(opened: &Opened, last: Option<Seq>) -> Seq {
    let head =
        |read: &gatewright_engine::store::Read<'_>| Ok(read.log_head()?.map_or(Seq(0), |(seq, _)| seq));
    let now = opened.engine.store().read(head).unwrap_or(Seq(0));
    if let Some(last) = last {
        feed::others(opened, (now > last).then_some(last));
    }
    now
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
