//! Whether the way back is open, looked at before it is needed.

use gatewright_core::{decision::WasLive, id::VersionId, version::FileEntry};

use super::{
    adapter::ErrorClass,
    content,
    enact::{Desk, bounded, in_words},
};
use crate::port::release::Sealed;

/// The light beside an environment: each part holds, with what was seen, or does not, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// The version to go back to.
    pub target: VersionId,
    /// Its sealed content is complete, and every object has its digest.
    pub content: Result<String, String>,
    /// The target can be read.
    pub reachable: Result<String, String>,
    /// The target says that it can switch to it now.
    pub switchable: Result<String, String>,
}

impl Readiness {
    /// Whether a rollback would work now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.content.is_ok() && self.reachable.is_ok() && self.switchable.is_ok()
    }
}

/// Looks whether `target` could be made live at once. It reads every sealed object and changes nothing.
pub async fn ready(desk: &Desk<'_>, target: &WasLive) -> Readiness {
    let version = target.version();
    let sealed = std::sync::Arc::clone(&desk.sealed);
    let content = tokio::task::spawn_blocking(move || intact(sealed.as_ref(), version))
        .await
        .unwrap_or_else(|_| Err("the check of the sealed content was called off".to_owned()));
    let limit = desk.patience.read;
    let reachable = match bounded(limit, desk.adapter.current()).await {
        Ok(current) => Ok(format!("live is {}", in_words(&current))),
        Err(error) => Err(format!("the target cannot be read: {error}")),
    };
    let switchable = match bounded(limit, desk.adapter.list()).await {
        Ok(listed) => match listed.into_iter().find(|listed| listed.version == version) {
            Some(listed) => match listed.unavailable {
                None => Ok(format!("{} lies at the target", listed.reference)),
                Some(why) => Err(anew(why, content.is_ok())),
            },
            None => Err(anew(format!("{} is no longer at the target", version.0.short()), content.is_ok())),
        },
        Err(error) if error.class == ErrorClass::NotSupported => {
            Ok("the target cannot list what it could switch to".to_owned())
        }
        Err(error) => Err(error.message),
    };
    Readiness { target: version, content, reachable, switchable }
}

/// Why the target cannot switch at once, and what a rollback does about it.
fn anew(why: String, intact: bool) -> String {
    if intact { format!("{why}: a rollback brings it there anew first") } else { why }
}

/// Whether the sealed content of a version is complete and undamaged.
fn intact(sealed: &dyn Sealed, version: VersionId) -> Result<String, String> {
    let manifest = sealed.manifest(version)?;
    if manifest.id().ok() != Some(version) {
        return Err(format!("the sealed manifest is not that of {}", version.0.short()));
    }
    let files = manifest.files();
    for (path, entry) in &files {
        intact_object(sealed, entry).map_err(|why| format!("`{path}`: {why}"))?;
    }
    Ok(format!("{} sealed files are intact", files.len()))
}

fn intact_object(sealed: &dyn Sealed, entry: &FileEntry) -> Result<(), String> {
    let found = sealed.open(&entry.digest).and_then(content::digest).map_err(|error| error.to_string())?;
    if found == entry.digest { Ok(()) } else { Err("the sealed object is damaged".to_owned()) }
}
