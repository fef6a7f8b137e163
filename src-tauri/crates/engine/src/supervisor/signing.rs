//! Evidence of what was said and done: signatures, signed heads of the log, and the check of all of it.

use gatewright_core::{id::VersionId, release::Release, time::Seq, verdict::Verdict};
use serde_json::Value;

use super::engine::{Engine, EngineError};
use crate::{
    durable,
    evidence::{
        self, About, Checkpoint, Envelope, Finding, STATEMENT_TYPE, SignedDecision, SignedRelease,
        SignedVerdict, Signer, Trail, TrustedKeys,
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
    /// The user's signing key; made when it is first needed, and its public half laid into the workspace.
    ///
    /// # Errors
    /// The key cannot be read, made or published.
    pub(super) fn signer(&self) -> Result<&Signer, EngineError> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let signer = Signer::load_or_make(&self.user.keys())?;
        let id = signer.public().id().as_str();
        let path = self.store.folder().keys().join(format!("{id}.pem"));
        if !path.exists() {
            durable::write(&path, signer.public().pem().as_bytes(), false)?;
        }
        Ok(self.signer.get_or_init(|| signer))
    }

    /// The keys that this user trusts; the user's own is one of them.
    ///
    /// # Errors
    /// The user's folder cannot be read.
    pub(super) fn trusted_keys(&self) -> Result<TrustedKeys, EngineError> {
        Ok(TrustedKeys::load(&self.user.keys(), self.signer()?)?)
    }

    pub(super) fn sign_verdict(&self, verdict: &Verdict, about: &About) -> Result<Vec<u8>, EngineError> {
        Ok(evidence::sign_verdict(verdict, about, self.signer()?)?)
    }

    pub(super) fn sign_decision(
        &self,
        version: VersionId,
        decision: &Value,
        about: &About,
    ) -> Result<Vec<u8>, EngineError> {
        Ok(evidence::sign_decision(version, decision, about, self.signer()?)?)
    }

    pub(super) fn sign_release(&self, release: &Release, about: &About) -> Result<Vec<u8>, EngineError> {
        Ok(evidence::sign_release(release, about, self.signer()?)?)
    }

    /// Whether a verdict's envelope is by a key that this user trusts, over exactly this verdict.
    pub(super) fn is_trusted(&self, bundle: &[u8], keys: &TrustedKeys) -> bool {
        let first = bundle.split(|&byte| byte == b'\n').next().unwrap_or_default();
        Envelope::from_json(first).is_ok_and(|envelope| envelope.open(STATEMENT_TYPE, keys).is_ok())
    }

    /// Signs the head of the log and lays it into the workspace, where git can witness it.
    ///
    /// # Errors
    /// The history or the workspace cannot be written.
    pub async fn checkpoint(&self) -> Result<(), EngineError> {
        let Some((seq, hash)) = self.store.read(|read| read.log_head())? else { return Ok(()) };
        let checkpoint = Checkpoint { seq, hash, at: self.clock.now() };
        let envelope = checkpoint.sign(self.signer()?)?;
        let row = CheckpointRow { seq, hash, envelope: envelope.clone() };
        self.store.write(Durability::Full, move |write| write.record_checkpoint(&row)).await?;
        let path = self.store.folder().checkpoints().join(format!("{:012}.json", seq.0));
        durable::write(&path, &envelope, false)?;
        Ok(())
    }

    /// Checks the log, every signature and every content.
    ///
    /// # Errors
    /// The history cannot be read at all.
    pub fn verify(&self) -> Result<Verified, EngineError> {
        let trail = self.trail()?;
        let findings = evidence::verify(&trail, &self.trusted_keys()?);
        let signed =
            trail.verdicts.len() + trail.decisions.len() + trail.releases.len() + trail.checkpoints.len();
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
                trail.verdicts.push(SignedVerdict { id: row.id, verdict: row.verdict, bundle: row.envelope });
            }
            for row in read.sealed_releases()? {
                let envelope = row.envelope.unwrap_or_default();
                trail.releases.push(SignedRelease { release: row.release, envelope });
            }
            for row in read.decisions(None, u32::MAX)? {
                if let Some(envelope) = row.envelope {
                    let (seq, version, body) = (row.seq, row.version, row.body);
                    trail.decisions.push(SignedDecision { seq, version, body, envelope });
                }
            }
            let state = read.state()?;
            let damaged = state.damaged_blobs.into_iter().chain(state.damaged_objects);
            trail.damaged =
                damaged.map(|blob| (blob.0, "its bytes are not what its digest says".to_owned())).collect();
            Ok(trail)
        });
        Ok(trail?)
    }
}
