//! The page's one door: a command by name, with JSON for JSON. Which commands there are, and what they do, is
//! `gatewright_api`'s business.

use gatewright_api::{command::dispatch, error::ApiError};
use serde_json::Value;
use tauri::State;

use crate::desktop::Desk;

/// Answers a call of the page.
#[tauri::command]
pub(crate) async fn call(desk: State<'_, Desk>, name: String, args: Value) -> Result<Value, ApiError> {
    dispatch(desk.session.as_ref(), &name, args).await
}
