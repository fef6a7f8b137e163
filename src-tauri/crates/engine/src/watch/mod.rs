//! Watching files: tells which of the named files hold something else than before.
//!
//! An event of the system is a hint and no more: one pass looks at everything that is named, after nothing was heard
//! for a moment, and reads what may have changed. So it does not matter how an editor saves, what the system forgets
//! to tell, or whether it tells anything: where it cannot, the same pass is made by the clock.
//!
//! It knows nothing of workspaces, specs or the history: somebody names files, and hears of them.

mod look;
mod names;
mod system;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc::UnboundedSender, oneshot};

pub use self::{
    look::HASHED_BYTES_MAX,
    names::{ENTRIES_MAX, Names, Takes, Tree},
};
use self::{
    look::Look,
    names::{Found, find},
    system::{Hints, System},
};

/// Nothing was heard for so long: the save is over.
pub const QUIET_MS: u64 = 150;
/// A pass is made after so long, also when it never gets quiet.
pub const QUIET_WAITED_MS_MAX: u64 = 2_000;
/// How often files are looked at where the system cannot watch them.
pub const POLL_MS: u64 = 2_000;
/// Messages of the system waiting, at most; more of them mean that everything is looked at.
const QUEUE_MAX: usize = 4_096;

/// How to watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Nothing was heard for so long.
    pub quiet: Duration,
    /// Between two looks, where the system cannot watch.
    pub poll: Duration,
    /// Whether to poll also where the system can watch.
    pub only_poll: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(QUIET_MS),
            poll: Duration::from_millis(POLL_MS),
            only_poll: false,
        }
    }
}

/// How changes are noticed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Watching {
    /// The system tells.
    Told,
    /// By looking again and again.
    Polling {
        /// Why the system does not tell.
        why: String,
        /// Between two looks.
        every: Duration,
    },
}

/// What a watcher tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Noticed {
    /// How it watches: at the start, and when that changes.
    Watching(Watching),
    /// These files hold something else, came or went.
    Changed(BTreeSet<PathBuf>),
}

enum Message {
    Stirred(notify::Result<notify::Event>),
    Name(Names, oneshot::Sender<bool>),
    Stop,
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    queue: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// Begins to watch. Nothing is named yet; `root` is where the names lie, and above it nobody listens.
///
/// # Errors
/// The system gives no thread.
pub fn start(root: &Path, settings: Settings, tell: UnboundedSender<Noticed>) -> std::io::Result<Watcher> {
    let (queue, messages) = sync_channel(QUEUE_MAX);
    let watch = Watch {
        root: root.to_owned(),
        settings,
        tell,
        queue: queue.clone(),
        system: None,
        watching: None,
        names: Names::default(),
        found: Found::default(),
        seen: BTreeMap::new(),
        doubted: BTreeSet::new(),
    };
    let run = move || watch.run(&messages);
    let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(run)?;
    Ok(Watcher { queue, thread: Some(thread) })
}

impl Watcher {
    /// Names what is watched from now on, in place of what was named before. Returns whether a file of it was not
    /// watched before: what was read of such a file may be old by now, and nobody will tell, so read it again.
    ///
    /// What changed of files that were named before is told as ever.
    pub async fn name(&self, names: Names) -> bool {
        let (reply, answer) = oneshot::channel();
        // Only a watcher that ended, with its program, does not answer.
        self.queue.send(Message::Name(names, reply)).is_ok() && answer.await.unwrap_or(false)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // A thread that is gone hears nothing, and need not.
        let _ = self.queue.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Watch {
    root: PathBuf,
    settings: Settings,
    tell: UnboundedSender<Noticed>,
    queue: SyncSender<Message>,
    system: Option<System>,
    watching: Option<Watching>,
    names: Names,
    found: Found,
    seen: BTreeMap<PathBuf, Look>,
    /// Files found missing or empty at the last pass, and not told yet.
    doubted: BTreeSet<PathBuf>,
}

/// When the next pass is due.
#[derive(Default)]
struct Due {
    first: Option<Instant>,
    at: Option<Instant>,
}

impl Due {
    /// Something was heard: once it is quiet, but not put off for ever.
    fn put_off(&mut self, quiet: Duration) {
        let now = Instant::now();
        let first = *self.first.get_or_insert(now);
        let latest = first + quiet.max(Duration::from_millis(QUIET_WAITED_MS_MAX));
        self.at = Some((now + quiet).min(latest));
    }
}

impl Watch {
    fn run(mut self, messages: &Receiver<Message>) {
        self.listen();
        let mut hints = Hints::default();
        let mut due = Due::default();
        let mut poll_at = Instant::now() + self.settings.poll;
        loop {
            if due.at.is_some_and(|at| at <= Instant::now()) {
                due = Due::default();
                self.pass(&std::mem::take(&mut hints), false);
                self.look_twice(&mut due);
            }
            let polls = self.system.is_none();
            let until = [due.at, polls.then_some(poll_at)].into_iter().flatten().min();
            let message = match until {
                Some(until) => messages.recv_timeout(until.saturating_duration_since(Instant::now())),
                None => messages.recv().map_err(RecvTimeoutError::from),
            };
            match message {
                Ok(Message::Stirred(told)) => {
                    let lost = self.overflowed(&mut hints);
                    if hints.take(told, |path| self.found.minds(path)) || lost {
                        due.put_off(self.settings.quiet);
                    }
                }
                Ok(Message::Name(names, reply)) => {
                    self.names = names;
                    // Whoever asked may have gone.
                    let _ = reply.send(self.pass(&Hints::default(), true));
                    self.look_twice(&mut due);
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if polls && poll_at <= Instant::now() => {
                    poll_at = Instant::now() + self.settings.poll;
                    if due.at.is_none() && self.stirred() {
                        due.put_off(self.settings.quiet);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// What was found missing or empty is looked at again after a moment.
    fn look_twice(&self, due: &mut Due) {
        if !self.doubted.is_empty() {
            due.put_off(self.settings.quiet);
        }
    }

    fn overflowed(&self, hints: &mut Hints) -> bool {
        let full = self.system.as_ref().is_some_and(|system| system.overflowed.swap(false, Ordering::AcqRel));
        hints.all |= full;
        full
    }

    /// Listens to the system, or says why not.
    fn listen(&mut self) {
        let listening = if self.settings.only_poll {
            Err("it was asked to".to_owned())
        } else {
            System::listen(&self.root, self.queue.clone())
        };
        match listening {
            Ok(system) => {
                self.system = Some(system);
                self.say(Watching::Told);
            }
            Err(why) => self.say(Watching::Polling { why, every: self.settings.poll }),
        }
    }

    fn say(&mut self, watching: Watching) {
        if self.watching.as_ref() != Some(&watching) {
            self.watching = Some(watching.clone());
            // Nobody listens any more: the watcher is about to be dropped.
            let _ = self.tell.send(Noticed::Watching(watching));
        }
    }

    /// Whether the marks of a file say that it may have changed, or files came or went.
    fn stirred(&self) -> bool {
        let found = find(&self.root, &self.names);
        found.files.len() != self.seen.len()
            || found.files.iter().any(|path| self.seen.get(path).is_none_or(|look| look.may_differ(path)))
    }

    /// Looks at everything that is named, and tells what changed. With `naming`, files not seen before are no change.
    /// Returns whether there were any.
    fn pass(&mut self, hints: &Hints, naming: bool) -> bool {
        self.found = find(&self.root, &self.names);
        self.watch_folders(hints);
        // Naming is no second look: it may come at any time.
        let doubted = if naming { BTreeSet::new() } else { std::mem::take(&mut self.doubted) };
        let mut changed = BTreeSet::new();
        let mut added = false;
        let mut before = std::mem::take(&mut self.seen);
        for path in &self.found.files {
            let earlier = before.remove(path);
            let look = Look::at(path, earlier.as_ref(), hints.name(path));
            let look = match earlier {
                None => {
                    added = true;
                    if !naming {
                        changed.insert(path.clone());
                    }
                    look
                }
                Some(earlier) if !look.differs(&earlier) => look,
                // A save may pass through an empty or a missing file: that is believed at the second look.
                Some(earlier) if look.is_blank() && !earlier.is_blank() && !doubted.contains(path) => {
                    self.doubted.insert(path.clone());
                    earlier
                }
                Some(_) => {
                    changed.insert(path.clone());
                    look
                }
            };
            self.seen.insert(path.clone(), look);
        }
        for (path, earlier) in before {
            self.leave(path, earlier, &doubted, &mut changed);
        }
        if !changed.is_empty() {
            // Nobody listens any more: the watcher is about to be dropped.
            let _ = self.tell.send(Noticed::Changed(changed));
        }
        added
    }

    /// A file that is found no more: nothing names it now, or it was in a tree and went away.
    fn leave(
        &mut self,
        path: PathBuf,
        earlier: Look,
        doubted: &BTreeSet<PathBuf>,
        changed: &mut BTreeSet<PathBuf>,
    ) {
        if earlier.is_blank() || path.exists() {
            return;
        }
        if doubted.contains(&path) {
            changed.insert(path);
        } else {
            self.doubted.insert(path.clone());
            self.seen.insert(path, earlier);
        }
    }

    fn watch_folders(&mut self, hints: &Hints) {
        let Some(system) = &mut self.system else { return };
        if let Err(why) = system.watch(&self.found.folders, hints) {
            self.system = None;
            self.say(Watching::Polling { why, every: self.settings.poll });
        }
    }
}
