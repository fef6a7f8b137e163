//! What is live in a folder target: its pointer, and the prompt and parameters of the release that it names.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// Bytes of a prompt at most.
const PROMPT_BYTES_MAX: u64 = 1 << 20;

/// The pointer, as the folder adapter writes it.
#[derive(Deserialize)]
struct Pointer {
    version: String,
}

/// The release that a target names.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Live {
    /// `sha256:…`.
    pub(crate) version: String,
    pub(crate) prompt: String,
    pub(crate) model: Option<String>,
    pub(crate) temperature: Option<f64>,
    /// The tools of the release, as they are sent; none where it has none.
    pub(crate) tools: Vec<Value>,
}

impl Live {
    /// Reads the target now; the error says in words why nothing is live.
    pub(crate) fn read(target: &Path) -> Result<Self, String> {
        let pointer = target.join("current.json");
        let text = std::fs::read_to_string(&pointer)
            .map_err(|error| format!("nothing is live: {}: {error}", pointer.display()))?;
        let pointer: Pointer = serde_json::from_str(&text)
            .map_err(|error| format!("nothing is live: {} is no pointer: {error}", pointer.display()))?;
        // Only digits of a digest lead to a folder: the pointer cannot lead out of the target.
        let hex = pointer.version.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("nothing is live: `{}` names no version", pointer.version));
        }
        let release = target.join("releases").join(hex);
        let prompt = release.join("files").join("prompt");
        let unusable = |why: String| format!("the live version {} cannot be served: {why}", pointer.version);
        let size =
            std::fs::metadata(&prompt).map_err(|error| unusable(format!("its prompt: {error}")))?.len();
        if size > PROMPT_BYTES_MAX {
            return Err(unusable("its prompt is larger than 1 MB".to_owned()));
        }
        let prompt =
            std::fs::read_to_string(&prompt).map_err(|error| unusable(format!("its prompt: {error}")))?;
        let manifest = std::fs::read_to_string(release.join("manifest.json"));
        let manifest = manifest.map_err(|error| unusable(format!("its manifest: {error}")))?;
        let manifest: Value =
            serde_json::from_str(&manifest).map_err(|error| unusable(format!("its manifest: {error}")))?;
        let tools = match std::fs::read_to_string(release.join("files").join("tools")) {
            Ok(text) => {
                serde_json::from_str(&text).map_err(|error| unusable(format!("its tools: {error}")))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unusable(format!("its tools: {error}"))),
        };
        Ok(Self {
            tools,
            prompt,
            model: manifest.pointer("/components/model/value").and_then(Value::as_str).map(str::to_owned),
            temperature: manifest.pointer("/components/params/value/temperature").and_then(Value::as_f64),
            version: pointer.version,
        })
    }
}
