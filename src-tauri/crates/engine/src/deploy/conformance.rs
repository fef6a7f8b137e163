//! What every adapter must do, as a suite that runs against a real target: the built-in ones pass the same.
//!
//! It makes three small versions of its own, stages them and switches between them, so it wants a target made for the
//! purpose. A check that does not hold says what was seen; the later ones still run.

use std::{collections::BTreeMap, collections::BTreeSet, io::Read, sync::Arc};

use gatewright_core::{
    decision::sealed_digest,
    id::{ComponentName, Digest, ReleaseId, VersionId},
    version::{Component, Drive, FileEntry, MANIFEST_FORMAT, Manifest},
};
use tokio_util::sync::CancellationToken;

use super::adapter::{
    Adapter, AdapterError, CompareAndSwap, Current, ErrorClass, OpAsked, OpStatus, Staging, Switch, Switched,
};
use crate::port::release::Sealed;

/// How long a switch of the suite may take, in milliseconds.
const SWITCH_MS: u64 = 30_000;

/// One check of the suite.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// What must hold, as a sentence.
    pub what: &'static str,
    /// Whether it does, or what was seen instead.
    pub held: Result<(), String>,
}

/// Runs the suite. `draw` gives a new operation id each time; `fence` must be higher than any the target has seen.
pub async fn check(adapter: &dyn Adapter, draw: &dyn Fn() -> ReleaseId, fence: u64) -> Vec<Check> {
    let samples = Arc::new(Samples::new());
    let mut bench = Bench { adapter, draw, fence, samples };
    vec![
        Check { what: "describe is pure", held: bench.describe_is_pure() },
        Check { what: "current read twice is equal", held: bench.current_is_steady().await },
        Check { what: "stage is idempotent and moves nothing", held: bench.stage_is_idempotent().await },
        Check { what: "plan changes nothing", held: bench.plan_changes_nothing().await },
        Check { what: "a switch is read back", held: bench.switch_is_read_back().await },
        Check { what: "a switch happens once for its id", held: bench.switch_happens_once().await },
        Check { what: "there and back again is equal", held: bench.there_and_back().await },
        Check { what: "a stale revision is a conflict", held: bench.stale_revision().await },
        Check { what: "an older fence is a conflict", held: bench.older_fence().await },
        Check { what: "a missing version is final", held: bench.missing_version().await },
        Check { what: "a switch called off before it began changes nothing", held: bench.called_off().await },
        Check { what: "a settled switch cannot arrive late", held: bench.late_arrival().await },
        Check { what: "of two switches at once exactly one wins", held: bench.two_at_once().await },
        Check { what: "list names what is staged", held: bench.list_names_staged().await },
        Check { what: "gc keeps what is live or kept", held: bench.gc_keeps().await },
    ]
}

/// Three versions of one small prompt each.
struct Samples {
    manifests: BTreeMap<VersionId, Manifest>,
    contents: BTreeMap<Digest, Vec<u8>>,
    order: Vec<VersionId>,
}

impl Samples {
    fn new() -> Self {
        let mut samples = Self { manifests: BTreeMap::new(), contents: BTreeMap::new(), order: Vec::new() };
        for text in ["You are the first.", "You are the second.", "You are the third."] {
            let bytes = text.as_bytes().to_vec();
            let digest = Digest::of_bytes(&bytes);
            let entry = FileEntry { digest, size: bytes.len() as u64, executable: false };
            let prompt = (ComponentName::from("prompt"), Component::Content(entry));
            let components = BTreeMap::from([prompt]);
            let manifest = Manifest { format: MANIFEST_FORMAT, drive: Drive::Assembled, components };
            let version = manifest.id().expect("a prompt has a canonical form");
            samples.contents.insert(digest, bytes);
            samples.manifests.insert(version, manifest);
            samples.order.push(version);
        }
        samples
    }
}

impl Sealed for Samples {
    fn manifest(&self, version: VersionId) -> Result<Manifest, String> {
        self.manifests.get(&version).cloned().ok_or_else(|| format!("{version} is none of the samples"))
    }

    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>> {
        let bytes = self.contents.get(digest).cloned().ok_or(std::io::ErrorKind::NotFound)?;
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }
}

struct Bench<'a> {
    adapter: &'a dyn Adapter,
    draw: &'a dyn Fn() -> ReleaseId,
    fence: u64,
    samples: Arc<Samples>,
}

type Held = Result<(), String>;

/// Holds, or says what was seen.
fn held(holds: bool, seen: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(seen()) }
}

/// An error of the adapter where none was expected.
fn unexpected(error: AdapterError) -> String {
    format!("{:?}: {}", error.class, error.message)
}

/// Whether a call ended with one of these classes.
fn refused<T: std::fmt::Debug>(result: Result<T, AdapterError>, classes: &[ErrorClass]) -> Held {
    match result {
        Err(error) if classes.contains(&error.class) => Ok(()),
        other => Err(format!("expected one of {classes:?}, got {other:?}")),
    }
}

impl Bench<'_> {
    fn version(&self, which: usize) -> VersionId {
        self.samples.order[which]
    }

    fn staging(&self, which: usize) -> Staging {
        let version = self.version(which);
        let manifest = sealed_digest(&self.samples.manifests[&version]);
        let manifest = manifest.expect("a prompt has a canonical form");
        Staging { version, manifest, sealed: Arc::clone(&self.samples) as Arc<dyn Sealed> }
    }

    fn next_fence(&mut self) -> u64 {
        self.fence += 1;
        self.fence
    }

    async fn current(&self) -> Result<Current, String> {
        self.adapter.current().await.map_err(unexpected)
    }

    /// Stages a version, reads what is live, and says how to switch from there.
    async fn prepared(&mut self, which: usize) -> Result<Switch, String> {
        let target_ref = self.adapter.stage(&self.staging(which)).await.map_err(unexpected)?;
        let current = self.current().await?;
        Ok(Switch {
            op_id: (self.draw)(),
            from: current.version(),
            to: self.version(which),
            target_ref,
            expected_revision: current.revision,
            fence: self.next_fence(),
            deadline_ms: SWITCH_MS,
        })
    }

    async fn send(&self, switch: &Switch) -> Result<Switched, AdapterError> {
        self.adapter.switch(switch, &CancellationToken::new()).await
    }

    /// Switches to a version and reads it back.
    async fn go(&mut self, which: usize) -> Result<(Switch, Switched), String> {
        let switch = self.prepared(which).await?;
        let switched = self.send(&switch).await.map_err(unexpected)?;
        let version = self.current().await?.version();
        held(version == Some(switch.to), || format!("switched to {}, live is {version:?}", switch.to))?;
        Ok((switch, switched))
    }

    /// Runs a call that must be refused, and looks that nothing moved.
    async fn moves_nothing(&self, switch: &Switch, classes: &[ErrorClass]) -> Held {
        let before = self.current().await?;
        refused(self.send(switch).await, classes)?;
        self.is_still(&before).await
    }

    async fn is_still(&self, before: &Current) -> Held {
        let after = self.current().await?;
        held(after == *before, || format!("it moved from {before:?} to {after:?}"))
    }

    fn compares(&self) -> bool {
        self.adapter.describe().compare_and_swap != CompareAndSwap::None
    }

    fn describe_is_pure(&self) -> Held {
        let (first, second) = (self.adapter.describe(), self.adapter.describe());
        held(first == second, || "it describes itself differently the second time".to_owned())?;
        held(first.options.is_object(), || "its options are no JSON Schema".to_owned())
    }

    async fn current_is_steady(&self) -> Held {
        let before = self.current().await?;
        self.is_still(&before).await
    }

    async fn stage_is_idempotent(&self) -> Held {
        let before = self.current().await?;
        let first = self.adapter.stage(&self.staging(0)).await.map_err(unexpected)?;
        let second = self.adapter.stage(&self.staging(0)).await.map_err(unexpected)?;
        held(first == second, || format!("it refers to the same version as {first}, then as {second}"))?;
        self.is_still(&before).await
    }

    async fn plan_changes_nothing(&self) -> Held {
        if !self.adapter.describe().plans {
            return Ok(());
        }
        let before = self.current().await?;
        let plan = self.adapter.plan(&self.staging(1)).await.map_err(unexpected)?;
        held(!plan.steps.is_empty(), || "the plan has no steps".to_owned())?;
        self.is_still(&before).await
    }

    async fn switch_is_read_back(&mut self) -> Held {
        let before = self.current().await?;
        let (_, switched) = self.go(0).await?;
        let after = self.current().await?;
        held(after.revision.as_deref() == Some(&switched.revision), || {
            format!("the switch says revision {}, the target {:?}", switched.revision, after.revision)
        })?;
        held(!self.compares() || after.revision != before.revision, || {
            format!("the revision is {:?} as before", after.revision)
        })
    }

    async fn switch_happens_once(&mut self) -> Held {
        let (first, switched) = self.go(1).await?;
        let again = self.send(&first).await.map_err(unexpected)?;
        held(again.revision == switched.revision, || {
            format!("revision {} first, then {}", switched.revision, again.revision)
        })?;
        self.go(0).await?;
        let before = self.current().await?;
        // Sent again after others went on, it may be refused or called done: it must not move anything.
        let _ = self.send(&first).await;
        self.is_still(&before).await
    }

    async fn there_and_back(&mut self) -> Held {
        self.go(0).await?;
        let before = self.current().await?;
        self.go(1).await?;
        self.go(0).await?;
        let after = self.current().await?;
        held(after.is_same_target(&before), || format!("before {before:?}, after {after:?}"))
    }

    async fn stale_revision(&mut self) -> Held {
        if !self.compares() {
            return Ok(());
        }
        let mut stale = self.prepared(1).await?;
        self.go(1).await?;
        self.go(0).await?;
        stale.fence = self.next_fence();
        self.moves_nothing(&stale, &[ErrorClass::Conflict]).await
    }

    async fn older_fence(&mut self) -> Held {
        self.go(0).await?;
        let mut late = self.prepared(1).await?;
        late.fence = 0;
        self.moves_nothing(&late, &[ErrorClass::Conflict]).await
    }

    async fn missing_version(&mut self) -> Held {
        let mut switch = self.prepared(1).await?;
        switch.to = VersionId(Digest::of_bytes(b"never staged"));
        switch.target_ref = "never-staged".to_owned();
        self.moves_nothing(&switch, &[ErrorClass::Final]).await
    }

    async fn called_off(&mut self) -> Held {
        let switch = self.prepared(1).await?;
        let before = self.current().await?;
        let cancel = CancellationToken::new();
        cancel.cancel();
        refused(self.adapter.switch(&switch, &cancel).await, &[ErrorClass::Cancelled])?;
        self.is_still(&before).await
    }

    async fn late_arrival(&mut self) -> Held {
        let (made, _) = self.go(0).await?;
        let late = self.prepared(1).await?;
        let asked = |switch: &Switch| OpAsked { op_id: switch.op_id, fence: switch.fence };
        let status = self.adapter.op_status(&asked(&made)).await.map_err(unexpected)?;
        held(status == OpStatus::Applied, || format!("a switch that was made is {status:?}"))?;
        let status = self.adapter.op_status(&asked(&late)).await.map_err(unexpected)?;
        held(matches!(status, OpStatus::NotApplied | OpStatus::Unknown), || {
            format!("a switch that was never sent is {status:?}")
        })?;
        self.moves_nothing(&late, &[ErrorClass::Conflict]).await
    }

    async fn two_at_once(&mut self) -> Held {
        if !self.compares() {
            return Ok(());
        }
        self.go(0).await?;
        let one = self.prepared(1).await?;
        let mut two = self.prepared(2).await?;
        two.fence = one.fence;
        let (first, second) = futures_util::future::join(self.send(&one), self.send(&two)).await;
        let winner = match (first, second) {
            (Ok(_), lost) => {
                refused(lost, &[ErrorClass::Conflict, ErrorClass::Retryable])?;
                one.to
            }
            (lost, Ok(_)) => {
                refused(lost, &[ErrorClass::Conflict, ErrorClass::Retryable])?;
                two.to
            }
            (first, second) => return Err(format!("both lost: {first:?}, {second:?}")),
        };
        let version = self.current().await?.version();
        held(version == Some(winner), || format!("{winner} won, live is {version:?}"))
    }

    async fn list_names_staged(&mut self) -> Held {
        if !self.adapter.describe().lists {
            return Ok(());
        }
        self.go(0).await?;
        self.adapter.stage(&self.staging(1)).await.map_err(unexpected)?;
        let listed = self.adapter.list().await.map_err(unexpected)?;
        for version in [self.version(0), self.version(1)] {
            let found = listed.iter().any(|one| one.version == version && one.unavailable.is_none());
            held(found, || format!("{version} is staged and not among {listed:?}"))?;
        }
        Ok(())
    }

    async fn gc_keeps(&mut self) -> Held {
        self.go(0).await?;
        for which in [1, 2] {
            self.adapter.stage(&self.staging(which)).await.map_err(unexpected)?;
        }
        let before = self.current().await?;
        let kept = BTreeSet::from([self.version(1)]);
        let removed = match self.adapter.gc(&kept).await {
            Err(error) if error.class == ErrorClass::NotSupported => return Ok(()),
            removed => removed.map_err(unexpected)?,
        };
        for which in [0, 1] {
            held(!removed.contains(&self.version(which)), || "it removed what is live or kept".to_owned())?;
        }
        self.is_still(&before).await?;
        self.go(1).await?;
        self.go(0).await.map(|_| ())
    }
}
