//! The desktop as a host of the commands: its native dialogs.

use std::path::PathBuf;

use gatewright_api::host::{Host, Pending};
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

/// The app, as the commands see it.
pub(crate) struct Desktop(AppHandle);

impl Desktop {
    /// The host behind `app`.
    pub(crate) fn new(app: AppHandle) -> Self {
        Self(app)
    }
}

impl Host for Desktop {
    fn pick_folder(&self) -> Pending<'_, Option<PathBuf>> {
        let (answer, picked) = oneshot::channel();
        self.0.dialog().file().set_title("Open a folder").pick_folder(move |folder| {
            // Nobody listens any more when the window was closed under the dialog.
            let _ = answer.send(folder);
        });
        Box::pin(async { picked.await.ok().flatten()?.into_path().ok() })
    }
}
