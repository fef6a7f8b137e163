//! Backups: made by the way, and gone on from when the history is damaged.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gatewright_engine::{
    clock::{Clock, SystemClock},
    store::Due,
    supervisor::{
        restoring::{self, From},
        user::UserFolder,
    },
};

use super::{Local, root, time};
use crate::{
    document::{BackupDocument, FORMAT, RestoreDocument},
    error::{ApiError, Code},
};

/// The word for a new, empty history in place of a backup.
const NOTHING: &str = "nothing";

/// Sets a damaged history aside and goes on from the newest backup (`which` is empty), from a file, or from `nothing`.
///
/// # Errors
/// There is no workspace, its history is not damaged or in use, or there is no such backup.
pub async fn restore(directory: Option<&Path>, which: &str) -> Result<RestoreDocument, ApiError> {
    let root = root(directory)?;
    let from = match which {
        "" => From::Newest,
        NOTHING => From::Nothing,
        file => From::File(PathBuf::from(file)),
    };
    let user = UserFolder::find()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let act = move || restoring::restore(&user, &root, from, "cli", &clock);
    let restored = tokio::task::spawn_blocking(act).await;
    let restored = restored
        .map_err(|error| ApiError::new(Code::Internal, format!("restoring broke off: {error}")))??;
    Ok(RestoreDocument {
        format: FORMAT,
        set_aside: restored.aside.display().to_string(),
        from: restored.from.map(|path| path.display().to_string()),
    })
}

impl Local {
    /// Makes a backup of what changed: at once when `at_once`, else when the last one is an hour old. That it cannot be
    /// made is told and stops nothing.
    pub async fn back_up(&self, at_once: bool) -> Option<ApiError> {
        let due = if at_once { Due::Now } else { Due::Hourly };
        self.engine.back_up(due).await.err().map(ApiError::from)
    }

    /// Drops the requests and responses that are older than `keep` says. That it cannot is told and stops nothing.
    pub async fn drop_old_bodies(&self) -> Option<ApiError> {
        self.engine.drop_old_bodies().await.err().map(ApiError::from)
    }

    /// Every backup, newest first.
    pub(super) fn backups(&self) -> Result<Vec<BackupDocument>, ApiError> {
        let all = self.engine.backups().list()?;
        let shown = all.into_iter().map(|backup| BackupDocument {
            file: backup.path.display().to_string(),
            at: time(backup.at),
            bytes: backup.bytes,
        });
        Ok(shown.collect())
    }
}
