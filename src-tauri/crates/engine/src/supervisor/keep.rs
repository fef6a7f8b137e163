//! What a workspace does by itself while it is open: backups of its history, and dropping what `keep` no longer wants.

use std::{convert::Infallible, time::Duration};

use gatewright_core::time::Millis;

use super::engine::Engine;
use crate::store::{Access, Due, Durability, StoreError};

/// Between two looks whether something is due. The first is after one of them: a start has other things to do.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Looks between two at old bodies.
const LOOKS_A_DROP: u32 = 60;

/// Bodies dropped in one transaction, so that others get their turn.
const DROPPED_AT_ONCE: u32 = 4_096;

/// Files removed in one transaction.
const REMOVED_AT_ONCE: u32 = 256;

impl Engine {
    /// Makes a backup every hour in which something changed, and drops what is older than `keep` says, as long as it is
    /// polled.
    pub async fn look_after(&self) -> Infallible {
        for look in (0..LOOKS_A_DROP).cycle() {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(error) = self.back_up(Due::Hourly).await {
                tracing::warn!(%error, "the history could not be backed up");
            }
            if look == 0
                && let Err(error) = self.drop_old_bodies().await
            {
                tracing::warn!(%error, "old requests and responses could not be dropped");
            }
        }
        std::future::pending().await
    }

    /// Drops the bodies of requests and responses that are older than `keep` of the workspace file says, and tells how
    /// many; none while the folder is not trusted. Answers, scores and every digest stay, so verdicts can be computed
    /// again and verified.
    ///
    /// # Errors
    /// The history's.
    pub async fn drop_old_bodies(&self) -> Result<u64, StoreError> {
        let workspace = self.read().workspace.filter(|_| *self.store.access() == Access::Writable);
        // What a folder says is not done before it is trusted: these bytes are this user's.
        let trusted = workspace
            .filter(|workspace| self.trust(workspace).is_ok_and(|trust| trust.is_given()))
            .and_then(|workspace| workspace.keep.bodies);
        let Some(kept) = trusted else { return Ok(0) };
        let kept = i64::try_from(kept.0).unwrap_or(i64::MAX);
        let before = Millis(self.clock.now().0.saturating_sub(kept));
        let Some(until) = self.store.read_async(move |read| read.written_before(before)).await? else {
            return Ok(0);
        };
        let mut count = 0;
        loop {
            // What it names is removed next: that it was dropped must not be lost when that is not.
            let drop =
                self.store.write(Durability::Full, move |write| write.drop_bodies(until, DROPPED_AT_ONCE));
            let dropped = drop.await?;
            if dropped == 0 {
                break;
            }
            count += dropped as u64;
        }
        let mut last = None;
        loop {
            let remove = self
                .store
                .write(Durability::Normal, move |write| write.remove_dropped(last, REMOVED_AT_ONCE))
                .await?;
            if remove.is_none() {
                return Ok(count);
            }
            last = remove;
        }
    }
}
