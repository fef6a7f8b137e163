//! Signed heads of the log. A chain alone cannot notice that its tail was cut off; a head that lies elsewhere, in
//! the workspace's git for one, can.

use gatewright_core::{
    id::{Digest, canonical_json},
    time::{Millis, Seq},
};
use serde::{Deserialize, Serialize};

use super::{
    EvidenceError,
    dsse::{Envelope, NotVerified},
    key::{KeyId, Signer},
    trusted::TrustedKeys,
};

/// The payload type of a checkpoint.
pub const CHECKPOINT_TYPE: &str = "application/vnd.gatewright.checkpoint+json";

/// The head of a log at some moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The newest entry.
    pub seq: Seq,
    /// Its digest.
    pub hash: Digest,
    /// When, for display.
    pub at: Millis,
}

impl Checkpoint {
    /// The checkpoint as an envelope: one line of JSON.
    ///
    /// # Errors
    /// A place or time beyond 2^53.
    pub fn sign(&self, signer: &Signer) -> Result<Vec<u8>, EvidenceError> {
        Ok(Envelope::sign(CHECKPOINT_TYPE, &canonical_json(self)?, signer).to_json())
    }

    /// Opens an envelope: the checkpoint, and who signed it.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub fn open(envelope: &[u8], trusted: &TrustedKeys) -> Result<(Self, KeyId), NotVerified> {
        let opened = Envelope::from_json(envelope)?.open(CHECKPOINT_TYPE, trusted)?;
        let checkpoint = serde_json::from_slice(&opened.payload)
            .map_err(|error| NotVerified::NotAnEnvelope(error.to_string()))?;
        Ok((checkpoint, opened.key))
    }
}
