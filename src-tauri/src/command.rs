//! The page's one door: a command of [`gatewright_api`] by name.

use gatewright_api::{ApiError, dispatch};
use serde_json::Value;
use tauri::State;

use crate::desktop::Desktop;

/// Forwards a call to the command list.
#[tauri::command]
pub(crate) async fn call(desktop: State<'_, Desktop>, name: String, args: Value) -> Result<Value, ApiError> {
    dispatch(&*desktop, &name, args).await
}
