//! Finding out what became of a release that was left open: by a crash, a lost connection, a target out of reach.

use gatewright_core::release::Release;
use tokio_util::sync::CancellationToken;

use super::enact::{Desk, EnactError, Enacted, Step};

impl Desk<'_> {
    /// Settles one open release: takes it over with the next fence, asks the adapter what became of its switch, reads
    /// what is live, and goes on from there. A switch is never sent again.
    ///
    /// # Errors
    /// It is of another environment, or the journal refuses: its holder is alive, or it is over by now.
    pub async fn settle(&self, release: &Release, cancel: &CancellationToken) -> Result<Enacted, EnactError> {
        if release.environment != self.environment {
            return Err(EnactError::Elsewhere {
                granted: release.environment.clone(),
                here: self.environment.clone(),
            });
        }
        let release = self.journal.claim(release.id).await?;
        Step::new(self, release, None).go_on(cancel).await
    }
}
