//! Asking what an environment's endpoint serves, and sealed content for what is deployed.

use std::{io::Read, sync::Arc};

use futures_util::future::BoxFuture;
use gatewright_core::{
    id::{BlobId, Digest, VersionId},
    version::Manifest,
};
use tokio_util::sync::CancellationToken;

use super::ReleaseError;
use crate::{
    port::{
        agent::{Agent, Asked, Call},
        release::{Probe, Sealed, Served},
    },
    run::VERSION_HEADER,
    store::Store,
};

/// What is asked where the workspace names no other way: any answer will do, its header counts.
const QUESTION: &str = "Which version are you?";

/// An environment's endpoint.
pub(in crate::supervisor) enum EndpointProbe {
    /// Asked through its agent, on fresh connections.
    Asked { agent: Arc<dyn Agent>, cancel: CancellationToken },
    /// It cannot even be asked: its key is missing, its address does not work.
    OutOfReach(String),
}

impl EndpointProbe {
    /// What stands for an endpoint that cannot be asked: nothing is proved by it, and nothing waits for it.
    pub(super) fn out_of_reach(why: ReleaseError) -> Option<Self> {
        Some(Self::OutOfReach(why.to_string()))
    }
}

impl Probe for EndpointProbe {
    fn ask(&self) -> BoxFuture<'_, Result<Served, String>> {
        Box::pin(async move {
            match self {
                Self::Asked { agent, cancel } => ask(agent.as_ref(), cancel).await,
                Self::OutOfReach(why) => Err(why.clone()),
            }
        })
    }
}

async fn ask(agent: &dyn Agent, cancel: &CancellationToken) -> Result<Served, String> {
    if let Some(served) = agent.served(cancel).await? {
        return Ok(served.parse().map_or(Served::Unnamed(served), Served::Version));
    }
    let session = uuid::Uuid::now_v7().to_string();
    let call = Call { earlier: Vec::new(), user: QUESTION.to_owned(), session };
    match agent.ask(&call, cancel).await {
        Asked::Answered(record) => {
            let named = record.identity.get(VERSION_HEADER);
            let version = named.and_then(|named| named.parse().ok());
            Ok(version.map_or_else(|| Served::Unnamed(named.cloned().unwrap_or_default()), Served::Version))
        }
        Asked::AgentError { message, .. } | Asked::Missing { message, .. } | Asked::Open { message, .. } => {
            Err(message)
        }
        Asked::Cancelled => Err("it was cancelled".to_owned()),
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
