//! Asking what an environment's endpoint serves, and sealed content for what is deployed.

use std::{io::Read, sync::Arc};

use futures_util::future::BoxFuture;
use gatewright_core::{
    id::{BlobId, Digest, VersionId},
    version::Manifest,
};
use tokio_util::sync::CancellationToken;

use crate::{
    port::{
        agent::{Agent, Asked, Call},
        release::{Probe, Sealed, Served},
    },
    store::Store,
};

/// The header in which a live agent names its version; identities carry it in lower case.
const VERSION_HEADER: &str = "gatewright-version";
/// What is asked where the workspace names no other way: any answer will do, its header counts.
const QUESTION: &str = "Which version are you?";

/// An endpoint, asked through its agent on fresh connections.
pub(super) struct EndpointProbe {
    pub(super) agent: Arc<dyn Agent>,
    pub(super) cancel: CancellationToken,
}

impl Probe for EndpointProbe {
    fn ask(&self) -> BoxFuture<'_, Result<Served, String>> {
        Box::pin(async move {
            if let Some(served) = self.agent.served(&self.cancel).await? {
                return Ok(served.parse().map_or(Served::Unnamed(served), Served::Version));
            }
            let session = uuid::Uuid::now_v7().to_string();
            let call = Call { earlier: Vec::new(), user: QUESTION.to_owned(), session };
            match self.agent.ask(&call, &self.cancel).await {
                Asked::Answered(record) => {
                    let named = record.identity.get(VERSION_HEADER);
                    let version = named.and_then(|named| named.parse().ok());
                    Ok(version
                        .map_or_else(|| Served::Unnamed(named.cloned().unwrap_or_default()), Served::Version))
                }
                Asked::AgentError { message, .. }
                | Asked::Missing { message, .. }
                | Asked::Open { message, .. } => Err(message),
                Asked::Cancelled => Err("it was cancelled".to_owned()),
            }
        })
    }
}

/// Sealed content, from the history.
pub(super) struct SealedContent(pub(super) Store);

impl Sealed for SealedContent {
    fn manifest(&self, version: VersionId) -> Result<Manifest, String> {
        let row = self.0.read(|read| read.version(version)).map_err(|error| error.to_string())?;
        row.map(|row| row.version.manifest)
            .ok_or_else(|| format!("{} was never sealed here", version.0.short()))
    }

    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>> {
        let path = self.0.objects().path(BlobId(*digest));
        Ok(Box::new(std::fs::File::open(path)?))
    }
}
