//! The desktop as a host of the commands: its native dialogs.

use std::{path::PathBuf, sync::Arc};

use gatewright_api::host::{Demo, Host, Pending, SampleFile, UserFolder};
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

/// The app, as the commands see it.
pub(crate) struct Desktop {
    app: AppHandle,
    user: UserFolder,
}

impl Desktop {
    /// The host behind `app`, for the person whose folder `user` is.
    pub(crate) fn new(app: AppHandle, user: UserFolder) -> Self {
        Self { app, user }
    }
}

impl Host for Desktop {
    fn name(&self) -> &'static str {
        "app"
    }

    fn user(&self) -> UserFolder {
        self.user.clone()
    }

    fn demo(&self) -> Option<Arc<dyn Demo>> {
        None
    }

    fn sample(&self) -> &[SampleFile] {
        &[]
    }

    fn pick_folder(&self) -> Pending<'_, Option<PathBuf>> {
        let (answer, picked) = oneshot::channel();
        self.app.dialog().file().set_title("Open a folder").pick_folder(move |folder| {
            // Nobody listens any more when the window was closed under the dialog.
            let _ = answer.send(folder);
        });
        Box::pin(async { picked.await.ok().flatten()?.into_path().ok() })
    }
}
