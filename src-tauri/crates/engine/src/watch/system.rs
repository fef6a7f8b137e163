//! Listening to the system: watches on folders, never on files, since editors put another file in the place of the one
//! they save. Whatever cannot be listened to is a reason to poll.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
};

use notify::{
    Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use super::Message;

/// Hints kept by name; more of them mean everything.
const HINTS_MAX: usize = 4_096;

/// What may have changed.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// These paths.
    pub(super) paths: BTreeSet<PathBuf>,
    /// Anything: the system lost count.
    pub(super) all: bool,
}

impl Hints {
    /// Takes what the system tells, where `minds` says that it may matter. Whether there is a hint in it.
    pub(super) fn take(&mut self, told: notify::Result<Event>, minds: impl Fn(&Path) -> bool) -> bool {
        let event = match told {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(%error, "the system's watch reports an error; everything is looked at");
                self.all = true;
                return true;
            }
        };
        if event.need_rescan() || event.paths.is_empty() {
            self.all = true;
            return true;
        }
        // Reading is an event too; ours would call for the next one.
        let read = matches!(event.kind, EventKind::Access(kind)
            if kind != AccessKind::Close(AccessMode::Write));
        let minded: Vec<_> = event.paths.into_iter().filter(|path| !read && minds(path)).collect();
        let any = !minded.is_empty();
        self.paths.extend(minded);
        if self.paths.len() > HINTS_MAX {
            self.paths.clear();
            self.all = true;
        }
        any
    }

    /// Whether `path` may have changed without its marks saying so.
    pub(super) fn name(&self, path: &Path) -> bool {
        self.all || self.paths.contains(path)
    }
}

/// The watches held.
pub(super) struct System {
    watcher: RecommendedWatcher,
    /// What the queue could not take: then everything is looked at.
    pub(super) overflowed: Arc<AtomicBool>,
    watched: BTreeMap<PathBuf, Identity>,
}

/// Which folder a path means; another one may stand there later.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Identity(u64, u64);

impl System {
    /// Begins to listen.
    ///
    /// # Errors
    /// Why the system cannot watch, in words.
    pub(super) fn listen(root: &Path, queue: SyncSender<Message>) -> Result<Self, String> {
        if let Some(kind) = far_away(root) {
            return Err(format!("the folder lies on {kind}, which does not tell what others change"));
        }
        let overflowed = Arc::new(AtomicBool::new(false));
        let full = Arc::clone(&overflowed);
        let handler = move |told: notify::Result<Event>| {
            if told.as_ref().is_ok_and(|event| {
                matches!(event.kind, EventKind::Access(AccessKind::Open(_) | AccessKind::Read))
            }) {
                return;
            }
            // Never waiting: whoever empties the queue may be waiting for this very thread.
            if let Err(TrySendError::Full(_)) = queue.try_send(Message::Stirred(told)) {
                full.store(true, Ordering::Release);
            }
        };
        let watcher = RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))
            .map_err(|error| words(&error))?;
        Ok(Self { watcher, overflowed, watched: BTreeMap::new() })
    }

    /// Listens at exactly these folders. One that `hints` name may be another folder by now, and is taken anew.
    ///
    /// # Errors
    /// Why the system cannot watch one of them, in words.
    pub(super) fn watch(&mut self, folders: &BTreeSet<PathBuf>, hints: &Hints) -> Result<(), String> {
        let gone: Vec<_> = self.watched.keys().filter(|path| !folders.contains(*path)).cloned().collect();
        for path in gone {
            self.forget(&path);
        }
        for path in folders {
            let Some(identity) = identity(path) else {
                self.forget(path);
                continue;
            };
            if self.watched.get(path) == Some(&identity) && !hints.name(path) {
                continue;
            }
            self.forget(path);
            match self.watcher.watch(path, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.watched.insert(path.clone(), identity)),
                // It went away in this moment: the folder above tells when it comes back.
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(words(&error)),
            }
        }
        Ok(())
    }

    fn forget(&mut self, path: &Path) {
        if self.watched.remove(path).is_some() {
            // The system forgets a folder that is gone by itself.
            let _ = self.watcher.unwatch(path);
        }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
    Some(Identity(metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.is_dir().then_some(Identity(0, 0))
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => {
            matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
        }
        _ => false,
    }
}

fn words(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the system's limit of watches is reached (fs.inotify.max_user_watches)".to_owned()
        }
        // EMFILE: of instances there are far fewer than of watches.
        ErrorKind::Io(error) if error.raw_os_error() == Some(24) => {
            "the system's limit of watchers is reached (fs.inotify.max_user_instances)".to_owned()
        }
        _ => format!("the system cannot watch it: {error}"),
    }
}

/// The kind of file system that others change without this machine hearing of it.
#[cfg(target_os = "linux")]
fn far_away(root: &Path) -> Option<&'static str> {
    // The numbers of linux/magic.h.
    match rustix::fs::statfs(root).ok()?.f_type & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => Some("an SMB share"),
        0x0102_1997 => Some("9P"),
        0x6573_5546 => Some("FUSE"),
        0x786f_4256 => Some("a VirtualBox share"),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn far_away(_root: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, Flag};

    use super::*;

    #[test]
    fn reading_is_no_hint_a_save_is_and_a_lost_count_means_everything() {
        let path = PathBuf::from("/w/a");
        let event = |kind| Ok(Event::new(kind).add_path(path.clone()));
        let minds = |found: &Path| found == path;
        let mut hints = Hints::default();
        assert!(!hints.take(event(EventKind::Access(AccessKind::Open(AccessMode::Any))), minds));
        assert!(!hints.take(event(EventKind::Create(CreateKind::File)), |_| false));
        assert!(hints.take(event(EventKind::Access(AccessKind::Close(AccessMode::Write))), minds));
        assert!(hints.name(&path) && !hints.name(Path::new("/w/b")));
        assert!(hints.take(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)), minds));
        assert!(hints.name(Path::new("/w/b")));
    }

    #[test]
    fn too_many_names_mean_everything() {
        let mut hints = Hints::default();
        for index in 0..=HINTS_MAX {
            let path = PathBuf::from(format!("/w/{index}"));
            hints.take(Ok(Event::new(EventKind::Create(CreateKind::File)).add_path(path)), |_| true);
        }
        assert!(hints.all && hints.paths.is_empty());
    }

    #[test]
    fn an_error_of_the_system_means_everything() {
        let mut hints = Hints::default();
        assert!(hints.take(Err(notify::Error::generic("lost")), |_| false));
        assert!(hints.all);
        assert!(words(&notify::Error::new(ErrorKind::MaxFilesWatch)).contains("limit of watches"));
    }
}
