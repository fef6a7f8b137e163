//! What a release needs of the rest: a journal that remembers each step, sealed content to deploy, and a way to ask
//! what is served.

use std::io::Read;

use futures_util::future::BoxFuture;
use gatewright_core::{
    decision::Grant,
    id::{Digest, EnvironmentName, ReleaseId, VersionId},
    release::{Kind, Release},
    time::Seq,
    version::Manifest,
};

/// The memory of releases. What it acknowledged survives `kill -9` and a power cut.
///
/// It also keeps, for each environment, a lease with a fence: a number that grows with every release and every claim.
/// Whoever holds an older fence is refused, so that a process that was asleep cannot go on with what others settled.
pub trait Journal: Send + Sync {
    /// Writes the intent of a release down and takes the environment's lease with the next fence, in one transaction.
    /// A grant opens one release only: the second time it answers with what the first became. An intent that
    /// [`Intent::takes_over`] supersedes the open release of its environment, whoever holds it.
    ///
    /// # Errors
    /// [`JournalError::Busy`] when another release of the environment is open and the intent does not take over.
    fn open<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Opened, JournalError>>;

    /// Writes a step down, before it is taken: the release as it is from now on, and what is known of it in words.
    /// Every field counts: a rollback learns its `from` only when it reads the target. A `target_ref` is also kept for
    /// (version, environment), and the holder's lease is renewed.
    ///
    /// # Errors
    /// [`JournalError::Fenced`] when the release's fence is no longer the environment's, or the release is over.
    fn record<'a>(
        &'a self,
        release: &'a Release,
        evidence: &'a str,
    ) -> BoxFuture<'a, Result<(), JournalError>>;

    /// Renews the holder's lease while a step takes long.
    ///
    /// # Errors
    /// [`JournalError::Fenced`] when somebody took over: whoever hears it stops at once.
    fn beat<'a>(&'a self, release: &'a Release) -> BoxFuture<'a, Result<(), JournalError>>;

    /// Takes an open release over to settle it: the lease with the next fence, which the release carries from now on.
    ///
    /// # Errors
    /// [`JournalError::Held`] while its holder is alive, [`JournalError::Fenced`] when it is over by now.
    fn claim(&self, release: ReleaseId) -> BoxFuture<'_, Result<Release, JournalError>>;

    /// The newest release in which `version` went live in `environment` and was read back; none if there is none.
    ///
    /// # Errors
    /// The journal cannot be read.
    fn lived<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        version: VersionId,
    ) -> BoxFuture<'a, Result<Option<Release>, JournalError>>;

    /// The next place in the history, for a decision that a release makes by itself: to go back.
    ///
    /// # Errors
    /// The journal cannot be read.
    fn seq(&self) -> BoxFuture<'_, Result<Seq, JournalError>>;
}

/// A release that is about to begin.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Drawn by the host.
    pub id: ReleaseId,
    /// What kind of act.
    pub kind: Kind,
    /// What allows it; the journal keeps it whole, as the decision's body.
    pub grant: Grant,
}

impl Intent {
    /// Whether an open release gives way: to a rollback it does, to nothing else.
    #[must_use]
    pub fn takes_over(&self) -> bool {
        self.kind == Kind::Rollback
    }
}

/// What became of an intent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opened {
    /// A new release in state *intent*, held by this process.
    New(Release),
    /// The release that the same grant opened before.
    Known(Release),
}

/// Why the journal did not do it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JournalError {
    /// Another release of the environment is open.
    #[error(
        "release {release} of this environment is not over (held by {holder}): wait for it, settle it, or roll back"
    )]
    Busy {
        /// Which.
        release: ReleaseId,
        /// Who holds it, as it named itself.
        holder: String,
    },
    /// Its holder is alive.
    #[error("release {release} is held by {holder}, which is still at it")]
    Held {
        /// Which.
        release: ReleaseId,
        /// Who holds it, as it named itself.
        holder: String,
    },
    /// Somebody took over, or the release is over.
    #[error("release {release} was taken over or ended meanwhile; this process no longer acts on it")]
    Fenced {
        /// Which.
        release: ReleaseId,
    },
    /// The journal cannot be written or read.
    #[error("the journal of releases does not work: {0}")]
    Failed(String),
}

/// Sealed content: read by digest, and checked by whoever reads it.
pub trait Sealed: Send + Sync {
    /// The manifest of a version.
    ///
    /// # Errors
    /// It is not kept here, or damaged; the text says which.
    fn manifest(&self, version: VersionId) -> Result<Manifest, String>;

    /// The bytes with this plain SHA-256. They may be damaged: the caller counts and digests what it reads.
    ///
    /// # Errors
    /// They are not kept here, or cannot be read.
    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>>;
}

/// Asks an environment's endpoint what it serves.
pub trait Probe: Send + Sync {
    /// Asks once, on a fresh connection.
    ///
    /// # Errors
    /// No answer came; the text says why. That is trouble on the way, and says nothing of what is served.
    fn ask(&self) -> BoxFuture<'_, Result<Served, String>>;
}

/// What an answer says of its origin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Served {
    /// This version: its digest stands in the header `Gatewright-Version`, or where the workspace says.
    Version(VersionId),
    /// Something that is no version of ours, in its own words; empty when it says nothing.
    Unnamed(String),
}
