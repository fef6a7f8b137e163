//! Evidence of what was said and done: signatures, signed heads of the log, and the check of all of it.

use gatewright_core::{id::VersionId, release::Release, time::Seq, verdict::Verdict};
use serde_json::Value;

use super::engine::{Engine, EngineError};
use crate::{
    evidence::{
        self, About, Checkpoint, Finding, SignedDecision, SignedRelease, SignedVerdict, Signer, Trail,
        TrustedKeys,
    },
    store::{Durability, table::CheckpointRow},
};

/// What was checked, and what does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries of the log.
    pub events: u64,
    /// Signed verdicts, decisions, releases and heads.
    pub signatures: u64,
    /// Contents.
    pub objects: u64,
    /// The first of the log first.
    pub findings: Vec<Finding>,
}

impl Engine {
    /// The user's signing key; made when it is first needed.
    ///
    /// # Errors
    /// The key cannot be read or made.
    fn signer(&self) -> Result<&Signer, EngineError> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let signer = Signer::load_or_make(&self.user.keys())?;
        Ok(self.signer.get_or_init(|| signer))
    }

    /// The same for signing: its public half lies in the workspace, beside what it signed.
    fn published_signer(&self) -> Result<&Signer, EngineError> {
        let signer = self.signer()?;
        self.store.publish_key(signer.public().id().as_str(), signer.public().pem())?;
        Ok(signer)
    }

    /// The keys that this user trusts; the user's own is one of them, once there is one. Looking makes none.
    ///
    /// # Errors
    /// The user's folder cannot be read.
    pub(super) fn trusted_keys(&self) -> Result<TrustedKeys, EngineError> {
        let keys = self.user.keys();
        let own = match self.signer.get() {
            Some(_) => None,
            None => Signer::load(&keys)?,
        };
        Ok(TrustedKeys::load(&keys, self.signer.get().or(own.as_ref()))?)
    }

    pub(super) fn sign_verdict(&self, verdict: &Verdict, about: &About) -> Result<Vec<u8>, EngineError> {
        Ok(evidence::sign_verdict(verdict, about, self.published_signer()?)?)
    }

    pub(super) fn sign_decision(
        &self,
        version: VersionId,
        decision: &Value,
        about: &About,
    ) -> Result<Vec<u8>, EngineError> {
        Ok(evidence::sign_decision(version, decision, about, self.published_signer()?)?)
    }

    pub(super) fn sign_release(&self, release: &Release, about: &About) -> Result<Vec<u8>, EngineError> {
        Ok(evidence::sign_release(release, about, self.published_signer()?)?)
    }

    /// Signs the head of the log and lays it into the workspace, where git can witness it.
    ///
    /// # Errors
    /// The history or the workspace cannot be written.
    pub async fn checkpoint(&self) -> Result<(), EngineError> {
        let Some((seq, hash)) = self.store.read(|read| read.log_head())? else { return Ok(()) };
        let checkpoint = Checkpoint { seq, hash, at: self.clock.now() };
        let row = CheckpointRow { seq, hash, envelope: checkpoint.sign(self.published_signer()?)? };
        let kept = row.clone();
        self.store.write(Durability::Full, move |write| write.record_checkpoint(&kept)).await?;
        Ok(self.store.publish_checkpoint(&row)?)
    }

    /// Checks the log, every signature and every content.
    ///
    /// # Errors
    /// The history cannot be read at all.
    pub fn verify(&self) -> Result<Verified, EngineError> {
        let trail = self.trail()?;
        let findings = evidence::verify(&trail, &self.trusted_keys()?);
        let releases = trail.releases.iter().filter(|release| release.envelope.is_some()).count();
        let decisions = trail.decisions.iter().filter(|decision| decision.envelope.is_some()).count();
        let signed = trail.verdicts.len() + decisions + releases + trail.checkpoints.len();
        let objects = self.store.read(|read| read.objects_recorded())?.len();
        Ok(Verified {
            events: trail.entries.len() as u64,
            signatures: signed as u64,
            objects: objects as u64,
            findings,
        })
    }

    fn trail(&self) -> Result<Trail, EngineError> {
        let files = self.store.published_checkpoints()?.into_iter();
        let checkpoints =
            files.map(|(name, bytes)| (format!(".gatewright/checkpoints/{name}"), bytes)).collect();
        let trail = self.store.read(|read| {
            let mut trail =
                Trail { entries: read.log_entries(Seq(0), u64::MAX >> 1)?, checkpoints, ..Trail::default() };
            for row in read.checkpoints()? {
                trail.checkpoints.push((format!("the checkpoint of entry {}", row.seq.0), row.envelope));
            }
            for row in read.sealed_verdicts()? {
                trail.verdicts.push(SignedVerdict {
                    id: row.id,
                    verdict: row.verdict,
                    bundle: row.envelope,
                    withdrawn_by: row.withdrawn_by,
                });
            }
            for row in read.all_releases()? {
                trail.releases.push(SignedRelease { release: row.release, envelope: row.envelope });
            }
            for row in read.decisions(None, u32::MAX)? {
                if let Some(grant) = row.grant {
                    let (seq, version, body, envelope) = (row.seq, row.version, row.body, row.envelope);
                    trail.decisions.push(SignedDecision { seq, grant, version, body, envelope });
                }
            }
            let state = read.state()?;
            let damaged = state.damaged_blobs.into_iter().chain(state.damaged_objects);
            trail.damaged = damaged
                .map(|blob| (blob.0, "it is gone, or its bytes are not what its digest says".to_owned()))
                .collect();
            Ok(trail)
        });
        Ok(trail?)
    }
}
