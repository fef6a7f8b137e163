//! One value a workspace: what every host opens, and where the parts find each other.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use gatewright_core::{
    id::{BlobId, Digest, EndpointId, VersionId},
    spec::workspace::{Agent, Workspace},
    time::Day,
    version::{Endpoint, Manifest, Provenance, Version},
};

use super::{
    backup::OpenError,
    git,
    reading::{self, Reading},
    recipe,
    seal::{self, SealError, Sealed},
    trust::{Act, Claims, NotTrusted, Texts, Trust},
    user::{UserError, UserFolder},
};
use crate::{
    agent::Queues,
    clock::Clock,
    event::Happened,
    evidence::{EvidenceError, Signer},
    port::demo::Demo,
    store::{Durability, Store, StoreError, table::VersionRow},
};

/// What it takes to open a workspace.
pub struct Open {
    /// The folder with the workspace file.
    pub root: PathBuf,
    /// The user's folder.
    pub user: UserFolder,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The demo agent, where the host has one.
    pub demo: Option<Arc<dyn Demo>>,
    /// What the host is called in locks and leases: `cli`, `app`.
    pub host: String,
    /// The caller's word on trust.
    pub trust: TrustWord,
}

/// The caller's word on what the folder would run and reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TrustWord {
    /// None: what the user said before counts.
    #[default]
    None,
    /// Trusted for this call, whatever it is.
    ThisCall,
    /// Trusted for this call if it is exactly this list.
    Exactly(Digest),
}

/// Why the engine cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The history.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user's folder.
    #[error(transparent)]
    User(#[from] UserError),
    /// The signing key, or a signature.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The version cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The folder is not trusted.
    #[error(transparent)]
    NotTrusted(#[from] NotTrusted),
    /// A file beside the history, or a temporary folder.
    #[error("a file of the workspace cannot be written: {0}")]
    File(#[from] std::io::Error),
    /// No version is meant by these words.
    #[error("no version is called `{0}`: `gatewright versions` lists them")]
    NoSuchVersion(String),
    /// Several versions are meant by these words.
    #[error("`{words}` means {} versions, {}: name one by its digits", versions.len(), digits(versions))]
    Ambiguous {
        /// As given.
        words: String,
        /// Which, as they were recorded.
        versions: Vec<VersionId>,
    },
}

/// A workspace, opened.
pub struct Engine {
    pub(super) root: PathBuf,
    pub(super) store: Store,
    pub(super) user: UserFolder,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) demo: Option<Arc<dyn Demo>>,
    pub(super) host: String,
    pub(super) queues: Arc<Queues>,
    pub(super) signer: OnceLock<Signer>,
    word: TrustWord,
}

impl Engine {
    /// Opens the workspace: its history, not its files. Nothing is run, reached or asked.
    ///
    /// # Errors
    /// The history is damaged or cannot be opened.
    pub fn open(open: Open) -> Result<Self, OpenError> {
        let store = Store::open(&open.root, Arc::clone(&open.clock))
            .map_err(|error| OpenError::of(error, &open.user, &open.root))?;
        Ok(Self {
            root: open.root,
            store,
            user: open.user,
            clock: open.clock,
            demo: open.demo,
            host: open.host,
            queues: Arc::new(Queues::default()),
            signer: OnceLock::new(),
            word: open.trust,
        })
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its history.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The user's folder.
    #[must_use]
    pub fn user(&self) -> &UserFolder {
        &self.user
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Which day it is, in UTC.
    #[must_use]
    pub fn today(&self) -> Day {
        Day::of(self.clock.now())
    }

    /// Reads its files anew.
    #[must_use]
    pub fn read(&self) -> Reading {
        reading::read(&self.root, self.today(), None)
    }

    /// Reads its files, with a text that is not saved in place of one of them.
    #[must_use]
    pub fn read_unsaved(&self, file: &str, text: &str) -> Reading {
        reading::read(&self.root, self.today(), Some((file, text)))
    }

    /// Everything that the workspace would run, reach, use and change.
    #[must_use]
    pub fn claims(&self, workspace: &Workspace) -> Claims {
        recipe::claims(&self.root, workspace)
    }

    /// The texts of the programs among them, as far as they are kept with trust.
    #[must_use]
    pub fn texts(&self, claims: &Claims) -> Texts {
        recipe::texts(&self.root, claims)
    }

    /// What the user, or the caller of this call, says of those.
    ///
    /// # Errors
    /// The user's folder cannot be read.
    pub fn trust(&self, workspace: &Workspace) -> Result<Trust, UserError> {
        let claims = self.claims(workspace);
        match self.word {
            TrustWord::ThisCall => Ok(Trust::by_word(claims)),
            TrustWord::Exactly(digest) if digest == claims.digest() => Ok(Trust::by_word(claims)),
            TrustWord::None | TrustWord::Exactly(_) => Trust::look_up(&self.user, &self.root, claims),
        }
    }

    /// Stores that the user trusts the folder with this list, and logs it.
    ///
    /// # Errors
    /// The user's folder or the history cannot be written.
    pub async fn give_trust(&self, claims: Claims) -> Result<Trust, EngineError> {
        let digest = claims.digest();
        let texts = self.texts(&claims);
        let trust = Trust::give(&self.user, &self.root, claims, texts, self.clock.now().0)?;
        let log =
            self.store.write(Durability::Full, move |write| write.append(Happened::TrustGiven { digest }));
        log.await?;
        Ok(trust)
    }

    /// Forgets that the folder was trusted. Whether it was.
    ///
    /// # Errors
    /// The user's folder cannot be written.
    pub fn revoke_trust(&self) -> Result<bool, UserError> {
        Trust::revoke(&self.user, &self.root)
    }

    /// The version that the files describe now, without recording it.
    ///
    /// # Errors
    /// What decides the agent's behaviour cannot be read.
    pub fn present(
        &self,
        workspace: &Workspace,
        agent: &Agent,
        trust: &Trust,
    ) -> Result<Present, EngineError> {
        let recipe = recipe::of(&self.root, workspace, agent);
        if !recipe.tree.is_empty() {
            trust.may(&Act::Git)?;
        }
        let scratch = tempfile::tempdir()?;
        let git = trust.may(&Act::Git).is_ok();
        let sealed = seal::gather(&self.root, &recipe, scratch.path())?;
        let provenance = if git { git::provenance(&self.root) } else { Provenance::default() };
        let version = Version {
            id: sealed.id,
            agent: agent.name.clone(),
            manifest: sealed.manifest.clone(),
            grade: sealed.grade,
            provenance,
        };
        Ok(Present { version, sealed, endpoint: recipe::endpoint(agent) })
    }

    /// Seals a version: its bytes among the objects, its manifest in the history.
    ///
    /// # Errors
    /// The history cannot be written.
    pub(super) async fn seal(
        &self,
        present: &Present,
        label: Option<String>,
    ) -> Result<EndpointId, StoreError> {
        let Present { version, sealed, endpoint } = present.clone();
        let write = move |write: &crate::store::Write<'_>| {
            for bytes in sealed.contents.values() {
                write.pin_object(bytes)?;
            }
            write.record_version(&version)?;
            if let Some(label) = &label {
                write.label_version(version.id, label)?;
            }
            write.record_endpoint(&endpoint)
        };
        self.store.write(Durability::Full, write).await
    }

    /// Reads sealed content; its digest is checked.
    pub(super) fn content(&self, digest: &Digest) -> Result<Vec<u8>, String> {
        self.store.objects().get(BlobId(*digest)).map_err(|error| error.to_string())
    }

    /// The version that a person means: a digest, its first digits, or a label.
    ///
    /// # Errors
    /// [`EngineError::NoSuchVersion`], [`EngineError::Ambiguous`].
    pub fn version(&self, words: &str) -> Result<VersionRow, EngineError> {
        self.store.read(|read| Ok(find_version(read, words)))??
    }

    /// The manifest of a recorded version.
    ///
    /// # Errors
    /// It was never recorded.
    pub fn manifest(&self, version: VersionId) -> Result<Manifest, EngineError> {
        let row = self.store.read(|read| read.version(version))?;
        row.map(|row| row.version.manifest).ok_or_else(|| EngineError::NoSuchVersion(version.to_string()))
    }
}

/// Versions that a sentence names, at most.
const NAMED_MAX: usize = 5;

fn digits(versions: &[VersionId]) -> String {
    let named = versions.iter().take(NAMED_MAX).map(|version| version.0.short());
    let more = (versions.len() > NAMED_MAX).then(|| "…".to_owned());
    named.chain(more).collect::<Vec<_>>().join(", ")
}

fn find_version(
    read: &crate::store::Read<'_>,
    words: &str,
) -> Result<Result<VersionRow, EngineError>, EngineError> {
    let labelled = read.labelled(words)?;
    let found = if labelled.is_empty() { read.versions_beginning(words, 3)? } else { labelled };
    Ok(match found.as_slice() {
        [] => Err(EngineError::NoSuchVersion(words.to_owned())),
        [one] => read.version(*one)?.ok_or_else(|| EngineError::NoSuchVersion(words.to_owned())),
        several => Err(EngineError::Ambiguous { words: words.to_owned(), versions: several.to_vec() }),
    })
}

/// The version that the files describe now.
#[derive(Clone, Debug)]
pub struct Present {
    /// What it is.
    pub version: Version,
    /// With the bytes that it names.
    pub sealed: Sealed,
    /// The agent's own endpoint.
    pub endpoint: Endpoint,
}
