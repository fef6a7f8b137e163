//! The desktop as a host of the commands: its native dialogs, its user's folder, its demo agent.

use std::{path::PathBuf, sync::Arc};

use gatewright_api::{
    command::Commands as _,
    dto::{Nothing, WorkspaceOpenArgs},
    host::{Demo, Host, Pending, SampleFile, UserFolder},
    session::Session,
};
use gatewright_demo_agent::sample;
use tauri::{AppHandle, Emitter as _};
use tauri_plugin_dialog::DialogExt as _;
use tokio::sync::{broadcast::error::RecvError, oneshot};

use crate::{argument::Opening, demo::EmbeddedDemo};

/// Name of the one event; `ui/src/lib/platform/tauri.ts` listens for it.
const EVENT: &str = "happened";

/// What the app keeps while it runs.
pub(crate) struct Desk {
    /// Answers the commands.
    pub(crate) session: Arc<Session>,
}

impl Desk {
    /// A desk without an opened workspace. What happens is told to the page from now on.
    pub(crate) fn new(app: &AppHandle, user: UserFolder) -> Self {
        let session = Arc::new(Session::new(Arc::new(Desktop::new(app.clone(), user))));
        let mut happened = session.subscribe();
        let page = app.clone();
        tauri::async_runtime::spawn(async move {
            loop {
                match happened.recv().await {
                    Ok(event) => {
                        if let Err(error) = page.emit(EVENT, &event) {
                            tracing::warn!(%error, "the page was not told");
                        }
                    }
                    // The page asks again for what it shows, so what was missed does no harm.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                }
            }
        });
        Self { session }
    }

    /// Opens what the app was asked to show. The page hears of it as of any other change.
    pub(crate) fn open(&self, opening: Opening) {
        let session = Arc::clone(&self.session);
        tauri::async_runtime::spawn(async move {
            let opened = match opening {
                Opening::Home => return,
                Opening::Sample => session.sample_open(Nothing {}).await,
                Opening::Folder { path } => {
                    session.workspace_open(WorkspaceOpenArgs { path: path.display().to_string() }).await
                }
            };
            if let Err(error) = opened {
                tracing::error!(%error, "what the app was asked to show could not be opened");
                session.tell_trouble("The folder could not be opened", &error);
            }
        });
    }
}

/// The app, as the commands see it.
struct Desktop {
    app: AppHandle,
    user: UserFolder,
    demo: Arc<EmbeddedDemo>,
    sample: Vec<SampleFile>,
}

impl Desktop {
    fn new(app: AppHandle, user: UserFolder) -> Self {
        let sample = sample::FILES.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        Self { app, user, demo: Arc::default(), sample }
    }
}

impl Host for Desktop {
    fn name(&self) -> &str {
        "app"
    }

    fn user(&self) -> UserFolder {
        self.user.clone()
    }

    fn demo(&self) -> Option<Arc<dyn Demo>> {
        Some(self.demo.clone())
    }

    fn sample(&self) -> &[SampleFile] {
        &self.sample
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
