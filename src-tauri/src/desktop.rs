//! The desktop as a host of the commands: native dialogs, and what the app was started to show.

use std::path::PathBuf;

use gatewright_api::{Host, HostKind, Opening, Pending};
use tauri::AppHandle;
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::oneshot;

/// The app, as the commands see it.
pub(crate) struct Desktop {
    app: AppHandle,
    opening: Opening,
}

impl Desktop {
    /// The host behind `app`, started to show `opening`.
    pub(crate) fn new(app: AppHandle, opening: Opening) -> Self {
        Self { app, opening }
    }
}

impl Host for Desktop {
    fn kind(&self) -> HostKind {
        HostKind::Desktop
    }

    fn opening(&self) -> Opening {
        self.opening.clone()
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
