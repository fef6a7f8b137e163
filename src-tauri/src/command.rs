//! The page's one door: a command by name, with JSON for JSON.

use gatewright_api::{
    dto::Picked,
    error::{ApiError, Code},
    host::{Host as _, about},
};
use serde::Serialize;
use serde_json::Value;
use tauri::State;

use crate::desktop::Desktop;

/// Answers a call of the page.
#[tauri::command]
pub(crate) async fn call(desktop: State<'_, Desktop>, name: String, args: Value) -> Result<Value, ApiError> {
    dispatch(&desktop, &name, args).await
}

/// The commands that need no workspace. The list as a whole is `gatewright_api::command`; whoever implements its
/// trait over the engine takes this function's place.
async fn dispatch(desktop: &Desktop, name: &str, _args: Value) -> Result<Value, ApiError> {
    match name {
        "about" => write(about()),
        "pick_folder" => {
            let path = desktop.pick_folder().await.map(|path| path.display().to_string());
            write(Picked { path })
        }
        _ => Err(ApiError::new(Code::UnknownCommand, format!("This build does not serve `{name}`."))
            .hint("The interface is newer than the app: build both again.")),
    }
}

fn write(answer: impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(answer).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
}
