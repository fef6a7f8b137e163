//! The contract of adapters: the same for those built in and those outside.
//!
//! An adapter brings versions to one target and says which of them is live there. It knows nothing of gates, grants
//! and journals. Its word is never enough: after [`Adapter::switch`] the executor reads [`Adapter::current`], and what
//! answers is proved by the environment's endpoint alone.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gatewright_core::{
    id::{Digest, ReleaseId, VersionId},
    time::Millis,
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::port::release::Sealed;

/// One target.
pub trait Adapter: Send + Sync {
    /// What the adapter can do. Pure and offline: the same answer every time.
    fn describe(&self) -> Description;

    /// What is live, read now and never from a cache. It changes nothing.
    ///
    /// # Errors
    /// *Retryable* when the target cannot be reached, *precondition* when it holds what the adapter must not touch.
    fn current(&self) -> BoxFuture<'_, Result<Current, AdapterError>>;

    /// The versions that lie at the target, and whether it could switch to each now.
    ///
    /// # Errors
    /// As [`Self::current`]; *not supported* where the target cannot tell.
    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, AdapterError>>;

    /// What a switch would do, and what it would not put back. It changes nothing.
    ///
    /// # Errors
    /// As [`Self::current`].
    fn plan<'a>(&'a self, staging: &'a Staging) -> BoxFuture<'a, Result<SwitchPlan, AdapterError>>;

    /// Brings a version next to the target, not live, and answers with how the target refers to it. Staged again, it
    /// repairs what is missing or damaged, and changes nothing where nothing is.
    ///
    /// # Errors
    /// *Final* when the sealed content is not what its digest says, *precondition* when the target cannot take it.
    fn stage<'a>(&'a self, staging: &'a Staging) -> BoxFuture<'a, Result<String, AdapterError>>;

    /// Makes a staged version live. The only method that changes what is live: it compares before it swaps, happens
    /// once for an `op_id` however often it is sent, and refuses an older fence than the target has seen.
    ///
    /// # Errors
    /// Every class; all but *unknown outcome* promise that this call changed nothing.
    fn switch<'a>(
        &'a self,
        switch: &'a Switch,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Switched, AdapterError>>;

    /// What answers now, where the target itself can tell.
    ///
    /// # Errors
    /// *Not supported* where only the environment's endpoint can tell.
    fn observe(&self) -> BoxFuture<'_, Result<Observed, AdapterError>>;

    /// What became of a switch. From this answer on, the target refuses a switch with the fence asked with or a lower
    /// one, so that one that was held up on its way cannot arrive after it was settled.
    ///
    /// # Errors
    /// As [`Self::current`].
    fn op_status<'a>(&'a self, asked: &'a OpAsked) -> BoxFuture<'a, Result<OpStatus, AdapterError>>;

    /// Removes versions that are neither kept nor live from the target, and answers with what it removed.
    ///
    /// # Errors
    /// As [`Self::current`].
    fn gc<'a>(&'a self, keep: &'a BTreeSet<VersionId>)
    -> BoxFuture<'a, Result<Vec<VersionId>, AdapterError>>;
}

/// What an adapter can do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Description {
    /// Its name: `folder`, `git`, …
    pub name: String,
    /// Its options as a JSON Schema: the settings form is made from it.
    pub options: serde_json::Value,
    /// Names of the secrets that it needs.
    pub secrets: BTreeSet<String>,
    /// How far [`Switch::expected_revision`] protects.
    pub compare_and_swap: CompareAndSwap,
    /// Whether nobody can see a state between former and target.
    pub atomic: bool,
    /// Whether [`Adapter::list`] works.
    pub lists: bool,
    /// Whether [`Adapter::plan`] knows more than the general.
    pub plans: bool,
    /// Whether [`Adapter::observe`] works.
    pub observes: bool,
    /// How long after the switch the last old answer may come, in milliseconds, where the target says.
    pub propagation_ms: Option<u64>,
    /// What the target throws away by itself, in words; none when it keeps everything until [`Adapter::gc`].
    pub retention: Option<String>,
}

/// How far a switch is protected against somebody else's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompareAndSwap {
    /// The target compares and swaps in one step.
    Native,
    /// The adapter compares, then swaps: others who use neither lock nor adapter may come between.
    Emulated,
    /// Not at all.
    None,
}

/// What is live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Current {
    /// What the target points to.
    pub pointed: Pointed,
    /// How the target refers to it.
    pub reference: Option<String>,
    /// Changes with every switch; what [`Switch::expected_revision`] is compared with. None before the first.
    pub revision: Option<String>,
    /// Since when, for display, where the target says.
    pub since: Option<Millis>,
}

impl Current {
    /// Nothing is live.
    pub const NOTHING: Self =
        Self { pointed: Pointed::Nothing, reference: None, revision: None, since: None };

    /// The version that is live, if it is ours and the only one.
    #[must_use]
    pub fn version(&self) -> Option<VersionId> {
        match self.pointed {
            Pointed::Version(version) => Some(version),
            Pointed::Nothing | Pointed::NotOurs(_) | Pointed::Split(_) => None,
        }
    }

    /// Whether both say that the same is live, whenever and however often it was made so.
    #[must_use]
    pub fn is_same_target(&self, other: &Self) -> bool {
        self.pointed == other.pointed && self.reference == other.reference
    }
}

/// What a target points to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pointed {
    /// Nothing yet.
    Nothing,
    /// A version.
    Version(VersionId),
    /// Something that nobody made live through this contract, in words.
    NotOurs(String),
    /// Several at once, in words: a split of traffic.
    Split(String),
}

/// A version at the target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Listed {
    /// Which.
    pub version: VersionId,
    /// How the target refers to it.
    pub reference: String,
    /// Why it could not be made live now; none when it could.
    pub unavailable: Option<String>,
}

/// A version to be staged.
#[derive(Clone)]
pub struct Staging {
    /// Which.
    pub version: VersionId,
    /// Plain SHA-256 of the manifest's canonical JSON, as granted.
    pub manifest: Digest,
    /// Where its content comes from.
    pub sealed: Arc<dyn Sealed>,
}

/// What a switch would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SwitchPlan {
    /// In order, a sentence each.
    pub steps: Vec<String>,
    /// What of the version this target does not put back, a sentence each.
    pub not_reverted: Vec<String>,
    /// How long it may take, in milliseconds, where the adapter can tell.
    pub estimate_ms: Option<u64>,
}

/// A switch to be made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Switch {
    /// The release: a switch happens once for it.
    pub op_id: ReleaseId,
    /// What is live, as was read.
    pub from: Option<VersionId>,
    /// What is to be live.
    pub to: VersionId,
    /// What [`Adapter::stage`] answered.
    pub target_ref: String,
    /// What [`Adapter::current`] said.
    pub expected_revision: Option<String>,
    /// An older one cannot move anything.
    pub fence: u64,
    /// How long it may take from now. An adapter that has not switched by then does not switch.
    pub deadline_ms: u64,
}

impl Switch {
    /// How long it may take from now.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}

/// The target was switched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Switched {
    /// The new revision.
    pub revision: String,
    /// What the adapter saw, in words.
    pub evidence: String,
}

/// What answers at the target, by the target's own word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The version that answers; none when it does not say.
    pub version: Option<VersionId>,
    /// Whether it says that it is well; none when it does not say.
    pub healthy: Option<bool>,
}

/// A question about a switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpAsked {
    /// The release.
    pub op_id: ReleaseId,
    /// The fence of whoever asks.
    pub fence: u64,
}

/// What became of a switch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpStatus {
    /// It was made; something else may be live since.
    Applied,
    /// It was not made, and will not be.
    NotApplied,
    /// Somebody is at it.
    InProgress,
    /// The target cannot tell.
    Unknown,
}

/// What kind of trouble, for whoever decides what to do about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Nothing changed; the same may work later.
    Retryable,
    /// Nothing changed, and nothing will.
    Final,
    /// Nothing changed by us: somebody else moved it.
    Conflict,
    /// Nothing changed: the target is not in a state for it.
    Precondition,
    /// The adapter cannot do this.
    NotSupported,
    /// Nothing changed: it was called off in time.
    Cancelled,
    /// Nobody knows whether it changed.
    UnknownOutcome,
}

/// Why an adapter did not do it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct AdapterError {
    /// What kind of trouble.
    pub class: ErrorClass,
    /// What happened, where, and what to do.
    pub message: String,
}

impl AdapterError {
    /// An error of a class.
    #[must_use]
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }
}
