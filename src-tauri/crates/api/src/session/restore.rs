//! A folder whose history is damaged: what is shown of it, and going on from its last backup.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::Duration,
};

use gatewright_core::id::Digest;
use gatewright_engine::supervisor::{
    reading,
    restoring::{self, From, Survey},
};

use super::{Answered, Session, aside, workspace};
use crate::{
    dto::{BackupView, Damage, Event, Happened, RestoreArgs, Restored, WitnessView},
    error::{ApiError, Code},
};

/// How long a history that was let go of may take to close.
const CLOSED_WAIT: Duration = Duration::from_secs(5);
/// Between two looks whether it is closed.
const CLOSED_LOOK: Duration = Duration::from_millis(10);

impl Session {
    /// Keeps what is known of a damaged history, so that the page can show it, and tells the page to look.
    pub(super) async fn note_damage(&self, root: PathBuf, detail: String) -> Answered<()> {
        let user = self.host.user();
        let damage = aside(move || {
            let survey = restoring::survey(&user, &root)?;
            Ok(shown(&root, detail, &survey))
        })
        .await?;
        *self.damaged.lock().unwrap_or_else(PoisonError::into_inner) = Some(damage);
        let at = self.clock.now().0;
        self.bell.ring(Event { seq: 0, at, what: Happened::WorkspaceChanged });
        Ok(())
    }

    /// The folder that could not be opened, if any.
    pub(super) fn damage(&self) -> Option<Damage> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the damaged history aside, goes on from the backup that was shown, and opens the folder.
    pub(super) async fn restore_shown(&self, args: RestoreArgs) -> Answered<Restored> {
        let shown = self.damage().filter(|damage| damage.path == args.path).ok_or_else(|| {
            ApiError::new(Code::Refused, "no damaged history of this folder was shown")
                .hint("Open the folder.")
        })?;
        let root = PathBuf::from(&args.path);
        self.close(&root).await?;
        let (user, clock, host) = (self.host.user(), Arc::clone(&self.clock), self.host.name().to_owned());
        let set_aside = aside({
            let root = root.clone();
            move || {
                let survey = restoring::survey(&user, &root)?;
                if name(&survey) != args.seen {
                    return Err(ApiError::new(
                        Code::Stale,
                        "there is another backup now than the one that was shown",
                    )
                    .hint("Open the folder again, and look at it."));
                }
                let from = survey.backup.map_or(From::Nothing, |(backup, _)| From::File(backup.path));
                Ok(restoring::restore(&user, &root, from, &host, &clock)?.aside)
            }
        })
        .await?;
        let workspace = self.open(root.clone()).await?;
        let below = set_aside.strip_prefix(reading::find(&root).unwrap_or(root)).unwrap_or(&set_aside);
        tracing::warn!(folder = shown.path, aside = %set_aside.display(), "a damaged history was set aside");
        Ok(Restored { workspace, set_aside: below.display().to_string() })
    }

    /// Closes the folder if it is the one that is open, to its last connection: a history in use is not replaced.
    async fn close(&self, root: &Path) -> Answered<()> {
        let closing = {
            let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(former) = opened.take_if(|opened| opened.engine.root() == root) else { return Ok(()) };
            former.runs.cancel();
            former.engine.store().closing()
        };
        let closed = async {
            while !closing.is_over() {
                tokio::time::sleep(CLOSED_LOOK).await;
            }
        };
        tokio::time::timeout(CLOSED_WAIT, closed).await.map_err(|_| {
            ApiError::new(Code::Busy, "the damaged history is still in use here")
                .hint("Wait until the run has stopped, or start Gatewright anew.")
        })
    }
}

fn shown(root: &Path, detail: String, survey: &Survey) -> Damage {
    Damage {
        path: root.display().to_string(),
        path_shown: workspace::shown(root),
        name: root.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        detail,
        written_at: survey.written.map(|at| at.0),
        backup: survey.backup.as_ref().map(|(backup, holds)| BackupView {
            at: backup.at.0,
            entry: holds.head.map(|head| head.0),
            verdicts: holds.verdicts,
            last_verdict_at: holds.last_verdict.map(|at| at.0),
            releases: holds.releases,
            last_release_at: holds.last_release.map(|at| at.0),
        }),
        witness: survey.witness.as_ref().map(|(newest, heads)| WitnessView {
            entry: newest.seq.0,
            at: newest.at.0,
            heads: u32::try_from(*heads).unwrap_or(u32::MAX),
        }),
        seen: name(survey),
    }
}

/// A name for a backup: another file, or another content of the same length of history, has another one.
fn name(survey: &Survey) -> String {
    let words = survey.backup.as_ref().map_or_else(String::new, |(backup, _)| {
        format!("{} {} {} {}", backup.path.display(), backup.at.0, backup.place, backup.bytes)
    });
    Digest::of_bytes(words.as_bytes()).to_string()
}
