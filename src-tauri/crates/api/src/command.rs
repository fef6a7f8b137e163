//! The list of commands: a name, what it takes, what it answers.

use serde::Serialize;
use serde_json::Value;

use crate::{ApiError, Code, Host, HostKind};

/// What `about` answers.
#[derive(Debug, Serialize)]
struct About {
    /// Version of Gatewright.
    version: &'static str,
    /// Who serves the commands.
    host: HostKind,
}

/// Runs the command `name` with `arguments` (a JSON object; commands without arguments ignore it).
///
/// # Errors
/// [`Code::UnknownCommand`] when no command has that name; otherwise what the command says.
pub async fn dispatch(host: &dyn Host, name: &str, _arguments: Value) -> Result<Value, ApiError> {
    match name {
        "about" => answer(About { version: env!("CARGO_PKG_VERSION"), host: host.kind() }),
        "opening" => answer(host.opening()),
        "pick_folder" => answer(host.pick_folder().await),
        _ => Err(ApiError::new(Code::UnknownCommand, format!("There is no command `{name}`."))
            .hint("The interface and the app are not of the same version: build both again.")),
    }
}

fn answer(value: impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value)
        .map_err(|error| ApiError::new(Code::Internal, format!("An answer is no JSON: {error}.")))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;
    use crate::{Opening, Pending};

    struct Scripted(Option<PathBuf>);

    impl Host for Scripted {
        fn kind(&self) -> HostKind {
            HostKind::Terminal
        }

        fn opening(&self) -> Opening {
            Opening::Sample
        }

        fn pick_folder(&self) -> Pending<'_, Option<PathBuf>> {
            Box::pin(async { self.0.clone() })
        }
    }

    #[tokio::test]
    async fn about_says_which_version_of_what_answers() {
        let about = dispatch(&Scripted(None), "about", json!({})).await.expect("an answer");
        assert_eq!(about, json!({ "version": env!("CARGO_PKG_VERSION"), "host": "terminal" }));
    }

    #[tokio::test]
    async fn what_the_host_was_started_to_show_is_passed_on() {
        let opening = dispatch(&Scripted(None), "opening", json!({})).await.expect("an answer");
        assert_eq!(opening, json!({ "kind": "sample" }));
    }

    #[tokio::test]
    async fn a_folder_that_was_not_picked_is_null() {
        let picked = dispatch(&Scripted(Some("/desk".into())), "pick_folder", json!({})).await;
        assert_eq!(picked.expect("an answer"), json!("/desk"));
        let picked = dispatch(&Scripted(None), "pick_folder", json!({})).await;
        assert_eq!(picked.expect("an answer"), Value::Null);
    }

    #[tokio::test]
    async fn a_command_nobody_knows_is_refused_with_a_hint() {
        let refused = dispatch(&Scripted(None), "shell", json!({})).await.expect_err("a refusal");
        assert_eq!(refused.code, Code::UnknownCommand);
        assert_eq!(refused.message, "There is no command `shell`.");
        assert!(refused.hint.is_some());
    }
}
