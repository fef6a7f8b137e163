//! Versions of agents, by content, and the endpoints where they answer.
//!
//! A version is the digest of a manifest; where it answers is another identity. Evidence is about the pair. This
//! module knows nothing of files on disk: whoever seals a version hands in what was read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{AgentName, CanonicalError, ComponentName, Digest, EndpointId, EnvironmentName, VersionId};

/// The manifest format written now.
pub const MANIFEST_FORMAT: u16 = 1;

/// Everything that decides an agent's behaviour, as content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`] at the time of sealing.
    pub format: u16,
    /// How the agent is driven.
    pub drive: Drive,
    /// Each named part.
    pub components: BTreeMap<ComponentName, Component>,
}

impl Manifest {
    /// The version that this manifest is.
    ///
    /// # Errors
    /// A component holds a value without a canonical form.
    pub fn id(&self) -> Result<VersionId, CanonicalError> {
        Digest::of_value("gatewright.version", self).map(VersionId)
    }

    /// The digest of one component, for comparing versions part by part.
    ///
    /// # Errors
    /// The component holds a value without a canonical form.
    pub fn component_digest(component: &Component) -> Result<Digest, CanonicalError> {
        Digest::of_value("gatewright.component", component)
    }

    /// Every sealed file that the manifest names, by its path in a release: `prompt`, `tools`, or the path below
    /// the workspace under the component's name.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, &FileEntry> {
        let mut files = BTreeMap::new();
        for (name, component) in &self.components {
            match component {
                Component::Content(entry) => {
                    files.insert(name.to_string(), entry);
                }
                Component::Files(entries) => {
                    files.extend(entries.iter().map(|(path, entry)| (format!("{name}/{path}"), entry)));
                }
                Component::Value(_)
                | Component::GitTree(_)
                | Component::Artifact { .. }
                | Component::Claimed(_) => {}
            }
        }
        files
    }

    /// Whether the manifest declares anything at all. One that does not is opaque.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        self.components.is_empty()
    }
}

/// How an agent is driven, which decides what can be asked of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drive {
    /// We send prompt, tools and parameters from the sealed manifest: any version can be asked at any time.
    Assembled,
    /// The address has its own prompt: a version is asked only where it is served.
    Hosted,
    /// A command: the sealed copy is started in a temporary folder. Any version can be asked.
    Spawned,
}

/// One part of a version's identity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Component {
    /// A value as asked for: a model name, parameters, a declared command line.
    Value(serde_json::Value),
    /// One text as sent, such as the prompt: what it says counts, not the file it stood in.
    Content(FileEntry),
    /// Sealed files by path below the workspace, with `/`.
    Files(BTreeMap<String, FileEntry>),
    /// The id of a git tree, hexadecimal.
    GitTree(String),
    /// What an adapter deploys.
    Artifact {
        /// `image`, `registry`, …
        kind: String,
        /// As its registry names it.
        digest: String,
    },
    /// What the address says of itself.
    Claimed(serde_json::Value),
}

/// A sealed file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileEntry {
    /// Plain SHA-256 of the bytes as sealed.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// The executable bit.
    pub executable: bool,
}

/// How we know that this version is what answered, strongest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// We sent what decides its behaviour with every request.
    Sent,
    /// We started the sealed copy ourselves.
    Sealed,
    /// The address says so.
    Claimed,
    /// The workspace says so.
    Declared,
    /// Nothing says so: the version is whatever answered.
    Opaque,
}

/// Where the content came from: shown, never part of the identity.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// A name that a person gave.
    pub label: Option<String>,
    /// Commit, hexadecimal.
    pub commit: Option<String>,
    /// Branch.
    pub branch: Option<String>,
    /// Whether the working tree differed from the commit.
    pub dirty: Option<bool>,
}

/// A version as recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Version {
    /// Digest of the manifest.
    pub id: VersionId,
    /// The agent that it is a version of.
    pub agent: AgentName,
    /// What it is.
    pub manifest: Manifest,
    /// How we know.
    pub grade: Grade,
    /// Where it came from.
    pub provenance: Provenance,
}

/// Where an agent answers. Type, origin and path are its identity; keys and limits are not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// `openai-chat`, `http`, `command`, …
    pub kind: String,
    /// The address without credentials, or the command line; a `demo:` name stands for itself, not for its port.
    pub address: String,
    /// The environment that it belongs to; none for the agent's own address.
    pub environment: Option<EnvironmentName>,
}

impl Endpoint {
    /// The identity of the endpoint: its kind and address.
    ///
    /// # Errors
    /// Never for text; the signature follows [`Digest::of_value`].
    pub fn id(&self) -> Result<EndpointId, CanonicalError> {
        Digest::of_value("gatewright.endpoint", &(&self.kind, &self.address)).map(EndpointId)
    }
}
