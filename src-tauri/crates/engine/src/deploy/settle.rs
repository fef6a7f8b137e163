//! Finding out what became of releases that were left open: by a crash, a lost connection, a target out of reach.

use gatewright_core::{id::ReleaseId, release::Release};
use tokio_util::sync::CancellationToken;

use super::enact::{Desk, EnactError, Enacted, Step};
use crate::port::release::{Journal, JournalError};

/// What became of a release that was left open.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// It was read, and went on from there as far as it goes.
    Read(Box<Enacted>),
    /// Its environment is no longer in the workspace, so there is no target to read.
    NoDesk(Box<Release>),
    /// It could not be taken over: its holder is alive, somebody else settled it, or the journal does not work.
    Left(Box<Release>, EnactError),
}

impl Desk<'_> {
    /// Settles one open release: takes it over with the next fence, asks the adapter what became of its switch, reads
    /// what is live, and goes on from there. A switch is never sent again.
    ///
    /// # Errors
    /// The journal refuses: its holder is alive, or it is over by now.
    pub async fn settle(
        &self,
        release: ReleaseId,
        cancel: &CancellationToken,
    ) -> Result<Enacted, EnactError> {
        let release = self.journal.claim(release).await?;
        if release.environment != self.environment {
            return Err(EnactError::Elsewhere {
                granted: release.environment,
                here: self.environment.clone(),
            });
        }
        Step::new(self, release, None).go_on(cancel).await
    }
}

/// Settles every open release, oldest first, each at the desk of its environment.
///
/// # Errors
/// The journal cannot be read.
pub async fn settle_all<'a>(
    journal: &dyn Journal,
    desk_of: impl Fn(&Release) -> Option<Desk<'a>>,
    cancel: &CancellationToken,
) -> Result<Vec<Settled>, JournalError> {
    let mut settled = Vec::new();
    for release in journal.unsettled().await? {
        let Some(desk) = desk_of(&release) else {
            settled.push(Settled::NoDesk(Box::new(release)));
            continue;
        };
        settled.push(match desk.settle(release.id, cancel).await {
            Ok(enacted) => Settled::Read(Box::new(enacted)),
            Err(error) => Settled::Left(Box::new(release), error),
        });
    }
    Ok(settled)
}
