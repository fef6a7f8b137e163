//! The adapter `folder`: sealed content side by side, and one small file that says which is live.
//!
//! ```text
//! releases/<digest>/manifest.json     the version, canonical JSON
//! releases/<digest>/files/…           its sealed files
//! current.json                        {"format":1,"version":"sha256:…","sequence":7}: the truth
//! current                             a link derived from it, for people; absent on Windows
//! current.lock  current.ops.json  current.reserve
//! ```
//! A switch writes `current.json` beside, fsyncs, renames and fsyncs the folder, under a lock and compared by sequence.
//! A service that is to follow reads `current.json` at each request, or watches it.

mod disk;
mod place;
mod pointer;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use gatewright_core::id::VersionId;
use tokio_util::sync::CancellationToken;

use self::{
    place::Look,
    pointer::{Found, Ops, Pointer},
};
use super::adapter::{
    Adapter, AdapterError, CompareAndSwap, Current, Description, ErrorClass, Listed, Observed, OpAsked,
    OpStatus, Staging, Switch, SwitchPlan, Switched,
};

/// How long a question about an operation waits for one that is being made.
const STATUS_WAIT: Duration = Duration::from_secs(2);

/// How long a clean-up waits for an operation that is being made.
const GC_WAIT: Duration = Duration::from_secs(30);

/// A folder as target.
#[derive(Clone, Debug)]
pub struct Folder {
    root: Arc<Path>,
}

impl Folder {
    /// The target below `root`. Nothing is touched before the first version is staged.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: Arc::from(root.into()) }
    }

    /// Does `work` where it may block.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, AdapterError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, AdapterError>> {
        let root = Arc::clone(&self.root);
        Box::pin(async move {
            tokio::task::spawn_blocking(move || work(&root)).await.unwrap_or_else(|ended| {
                Err(AdapterError::new(ErrorClass::UnknownOutcome, format!("the work was ended: {ended}")))
            })
        })
    }
}

impl Adapter for Folder {
    fn describe(&self) -> Description {
        Description {
            name: "folder".to_owned(),
            options: serde_json::json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["path"],
                "properties": { "path": {
                    "type": "string",
                    "description": "The folder, below the workspace, or absolute once trusted."
                } }
            }),
            secrets: BTreeSet::new(),
            compare_and_swap: CompareAndSwap::Emulated,
            atomic: true,
            lists: true,
            plans: true,
            observes: false,
            propagation_ms: None,
            retention: None,
        }
    }

    fn current(&self) -> BoxFuture<'_, Result<Current, AdapterError>> {
        self.blocking(|root| Found::read(root).map(|found| found.current(root)))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, AdapterError>> {
        self.blocking(place::list)
    }

    fn plan<'a>(&'a self, staging: &'a Staging) -> BoxFuture<'a, Result<SwitchPlan, AdapterError>> {
        let staging = staging.clone();
        self.blocking(move |root| plan(root, &staging))
    }

    fn stage<'a>(&'a self, staging: &'a Staging) -> BoxFuture<'a, Result<String, AdapterError>> {
        let staging = staging.clone();
        self.blocking(move |root| place::place(root, &staging))
    }

    fn switch<'a>(
        &'a self,
        switch: &'a Switch,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Switched, AdapterError>> {
        let (switch, cancel, began) = (switch.clone(), cancel.clone(), Instant::now());
        self.blocking(move |root| {
            let in_time = || {
                if cancel.is_cancelled() {
                    Err(AdapterError::new(ErrorClass::Cancelled, "called off before the pointer was written"))
                } else if began.elapsed() >= switch.deadline() {
                    Err(AdapterError::new(ErrorClass::Cancelled, "too late: the pointer was not written"))
                } else {
                    Ok(())
                }
            };
            make(root, &switch, &in_time)
        })
    }

    fn observe(&self) -> BoxFuture<'_, Result<Observed, AdapterError>> {
        let words =
            "a folder does not answer: name the environment's `endpoint`, which can prove what is served";
        Box::pin(async move { Err(AdapterError::new(ErrorClass::NotSupported, words)) })
    }

    fn op_status<'a>(&'a self, asked: &'a OpAsked) -> BoxFuture<'a, Result<OpStatus, AdapterError>> {
        let asked = *asked;
        self.blocking(move |root| status(root, asked))
    }

    fn gc<'a>(
        &'a self,
        keep: &'a BTreeSet<VersionId>,
    ) -> BoxFuture<'a, Result<Vec<VersionId>, AdapterError>> {
        let keep = keep.clone();
        self.blocking(move |root| clean(root, &keep))
    }
}

fn error(class: ErrorClass, verb: &str, path: &Path, source: &io::Error) -> AdapterError {
    let hint = if disk::is_full(source) { "; make room on the disk and try again" } else { "" };
    AdapterError::new(class, format!("cannot {verb} {}: {source}{hint}", path.display()))
}

fn plan(root: &Path, staging: &Staging) -> Result<SwitchPlan, AdapterError> {
    let version = staging.version;
    let at_target = place::look(root, version, Look::Sizes);
    let mut steps = Vec::new();
    if at_target.is_err() {
        steps
            .push(format!("Place the sealed files in {}.", root.join(pointer::reference(version)).display()));
    }
    let before = match Found::read(root)? {
        Found::Nothing => "nothing".to_owned(),
        Found::Pointer(pointer) => pointer.version.0.short(),
        Found::NotOurs(_) => "something that is not ours".to_owned(),
    };
    steps.push(format!(
        "Replace {}: it names {before}, and will name {}.",
        root.join("current.json").display(),
        version.0.short()
    ));
    let manifest = match at_target {
        Ok(manifest) => manifest,
        Err(_) => {
            staging.sealed.manifest(version).map_err(|why| AdapterError::new(ErrorClass::Final, why))?
        }
    };
    let mut not_reverted: Vec<String> = place::not_placed(&manifest)
        .into_iter()
        .map(|what| format!("{what} is not placed by a folder."))
        .collect();
    not_reverted
        .push("Data that the service wrote, its secrets and its environment stay as they are.".to_owned());
    Ok(SwitchPlan { steps, not_reverted, estimate_ms: None })
}

/// Takes the pointer's lock.
fn locked(root: &Path, limit: Duration) -> Result<Option<disk::Lock>, AdapterError> {
    let path = pointer::lock_path(root);
    disk::lock(&path, limit).map_err(|source| error(ErrorClass::Retryable, "lock", &path, &source))
}

/// Makes a switch. `in_time` says whether it still may be made; after the pointer is written nobody asks any more.
fn make(
    root: &Path,
    switch: &Switch,
    in_time: &dyn Fn() -> Result<(), AdapterError>,
) -> Result<Switched, AdapterError> {
    if !root.is_dir() {
        let words = format!("{} is not there: stage the version first", root.display());
        return Err(AdapterError::new(ErrorClass::Final, words));
    }
    let Some(_lock) = locked(root, switch.deadline())? else {
        let words = format!("{} is held by somebody else", pointer::lock_path(root).display());
        return Err(AdapterError::new(ErrorClass::Retryable, words));
    };
    let mut ops = Ops::read(root)?;
    let found = Found::read(root)?;
    if let Some(op) = ops.made(switch.op_id, &found) {
        let evidence = "the switch was made before".to_owned();
        return Ok(Switched { revision: op.sequence.to_string(), evidence });
    }
    compare(switch, &ops, &found)?;
    place::look(root, switch.to, Look::Sizes).map_err(|why| {
        let words = format!("{} is not complete at the target: {why}", switch.to.0.short());
        AdapterError::new(ErrorClass::Final, words)
    })?;
    in_time()?;
    let sequence = ops.begin(switch.op_id, switch.to, switch.fence, &found);
    ops.write_ahead(root)?;
    in_time()?;
    pointer::write(root, Pointer::new(switch.to, sequence))?;
    pointer::repair_link(root, switch.to);
    disk::keep_reserve(root);
    let evidence = format!("current.json names {} at sequence {sequence}", switch.to.0.short());
    Ok(Switched { revision: sequence.to_string(), evidence })
}

/// Whether the target is as the switch expects it, and nobody later was here.
fn compare(switch: &Switch, ops: &Ops, found: &Found) -> Result<(), AdapterError> {
    let conflict = |words: String| Err(AdapterError::new(ErrorClass::Conflict, words));
    if ops.is_late(switch.fence) {
        let words =
            "a later release was here, or this one was settled meanwhile: it may not move anything any more";
        return conflict(format!("{words} (fence {})", switch.fence));
    }
    let (revision, version) = (found.revision(), found.version());
    if revision != switch.expected_revision || version != switch.from {
        let shown = |revision: &Option<String>| revision.clone().unwrap_or_else(|| "none".to_owned());
        return conflict(format!(
            "somebody moved it: expected revision {}, found {}",
            shown(&switch.expected_revision),
            shown(&revision)
        ));
    }
    Ok(())
}

fn status(root: &Path, asked: OpAsked) -> Result<OpStatus, AdapterError> {
    if !root.is_dir() {
        return Ok(OpStatus::NotApplied);
    }
    let Some(_lock) = locked(root, STATUS_WAIT)? else { return Ok(OpStatus::InProgress) };
    let mut ops = Ops::read(root)?;
    let found = Found::read(root)?;
    if asked.fence > ops.asked {
        ops.asked = asked.fence;
        ops.write(root)?;
    }
    if let Some(version) = found.version() {
        pointer::repair_link(root, version);
    }
    Ok(ops.status(asked.op_id, &found))
}

fn clean(root: &Path, keep: &BTreeSet<VersionId>) -> Result<Vec<VersionId>, AdapterError> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let Some(lock) = locked(root, GC_WAIT)? else {
        let words = format!("{} is held by somebody else", pointer::lock_path(root).display());
        return Err(AdapterError::new(ErrorClass::Retryable, words));
    };
    let found = Found::read(root)?;
    if let Found::NotOurs(_) = found {
        let words = "nobody can tell what is live, so nothing is removed".to_owned();
        return Err(AdapterError::new(ErrorClass::Precondition, words));
    }
    let mut removed = Vec::new();
    for listed in place::list(root)? {
        if !keep.contains(&listed.version) && found.version() != Some(listed.version) {
            place::take_away(root, listed.version)?;
            removed.push(listed.version);
        }
    }
    // Deleting takes long, and a switch must not wait for it.
    drop(lock);
    place::sweep(root)?;
    Ok(removed)
}
