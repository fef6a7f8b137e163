//! The journal of releases, over the store.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use gatewright_core::{
    decision::{Basis, Grant},
    id::{AgentName, EnvironmentName, ReleaseId, SpecMeaning, SpecName, VersionId},
    release::{Release, Rung, State, Times},
    time::Seq,
};
use serde_json::json;

use crate::{
    evidence::About,
    port::release::{Intent, Journal, JournalError, Opened},
    store::{
        Durability, StoreError, Write,
        table::{LeaseRow, Leased, NewDecision},
    },
    supervisor::engine::Engine,
};

/// A holder that gave no sign for so long has died, or sleeps: its release may be settled.
const LEASE_STALE_MS: i64 = 30_000;

/// The journal of one engine's releases.
pub(super) struct ReleaseJournal<'a> {
    pub(super) engine: &'a Engine,
    /// Whose versions are released; stands in what is signed.
    pub(super) agent: AgentName,
    /// What the required specs mean now: kept with a promotion's decision, so that a later weakening is seen.
    pub(super) meanings: BTreeMap<SpecName, SpecMeaning>,
}

impl ReleaseJournal<'_> {
    fn holder(&self) -> String {
        format!("{} {}", self.engine.host, std::process::id())
    }

    fn about(&self) -> About {
        About { agent: self.agent.clone(), at: self.engine.clock.now() }
    }

    fn decision(&self, grant: &Grant) -> Result<NewDecision, JournalError> {
        let body = json!({ "grant": grant, "meanings": self.meanings });
        let envelope = self
            .engine
            .sign_decision(grant.to(), &body, &self.about())
            .map_err(|error| JournalError::Failed(error.to_string()))?;
        let bytes = gatewright_core::id::canonical_json(&body)
            .map_err(|error| JournalError::Failed(error.to_string()))?;
        Ok(NewDecision {
            environment: grant.environment().clone(),
            version: grant.to(),
            grant: Some((grant.id(), grant.basis().clone())),
            summary: summary(grant),
            body: bytes,
            envelope: Some(envelope),
        })
    }
}

/// A decision in words that make sense when what they speak of is gone.
fn summary(grant: &Grant) -> String {
    let (to, environment) = (grant.to().0.short(), grant.environment());
    match grant.basis() {
        Basis::Verdicts(verdicts) => {
            format!("{to} may go live in {environment}: {} specs pass", verdicts.len())
        }
        Basis::Override(word) => {
            format!("{to} may go live in {environment} by override of {}: {}", word.by(), word.reason())
        }
        Basis::Bootstrap(word) => {
            format!("{to} may go live in {environment} as its first, says {}: {}", word.by(), word.reason())
        }
        Basis::WasLive(release) => format!("{environment} may go back to {to}, live in release {release}"),
    }
}

fn lease(environment: &EnvironmentName) -> String {
    format!("environment {environment}")
}

fn failed(error: StoreError) -> JournalError {
    JournalError::Failed(error.to_string())
}

/// Whether the process that a holder names is gone from this machine.
fn is_dead(row: &LeaseRow) -> bool {
    let pid = row.holder.as_deref().and_then(|holder| holder.rsplit(' ').next()?.parse::<i32>().ok());
    let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else { return row.holder.is_none() };
    matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

impl Journal for ReleaseJournal<'_> {
    fn open<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Opened, JournalError>> {
        Box::pin(async move {
            let (grant, takes_over) = (&intent.grant, intent.takes_over());
            let decision = self.decision(grant)?;
            let holder = self.holder();
            let mut release = Release {
                id: intent.id,
                kind: intent.kind,
                grant: grant.id(),
                environment: grant.environment().clone(),
                from: grant.from(),
                to: grant.to(),
                target_ref: None,
                expected_revision: None,
                fence: 0,
                state: State::Intent,
                rung: Rung::None,
                times: Times::default(),
                supersedes: None,
            };
            let write = move |write: &Write<'_>| {
                if let Some(known) = write.release_of_grant(release.grant)? {
                    return Ok(Ok(Opened::Known(known.release)));
                }
                // Looked at where it is written: before that it may end, and another may begin.
                let open = write.open_release(&release.environment)?.map(|row| row.release.id);
                let name = lease(&release.environment);
                if let Some(open) = open.filter(|_| !takes_over) {
                    let holder = write.lease(&name)?.and_then(|row| row.holder);
                    let holder = holder.unwrap_or_else(|| "nobody".to_owned());
                    return Ok(Err(JournalError::Busy { release: open, holder }));
                }
                write.record_decision(&decision)?;
                release.fence = write.seize_lease(&name, &holder)?;
                release.supersedes = open;
                write.begin_release(&release, "decided; nothing is done yet")?;
                Ok(Ok(Opened::New(release.clone())))
            };
            self.engine.store.write(Durability::Full, write).await.map_err(failed)?
        })
    }

    fn record<'a>(
        &'a self,
        release: &'a Release,
        evidence: &'a str,
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        let (moved, evidence) = (release.clone(), evidence.to_owned());
        Box::pin(async move {
            let envelope = if moved.state.is_open() {
                None
            } else {
                let signed = self.engine.sign_release(&moved, &self.about());
                Some(signed.map_err(|error| JournalError::Failed(error.to_string()))?)
            };
            let write = move |write: &Write<'_>| {
                write.move_release(&moved, &evidence)?;
                if let Some(target) = &moved.target_ref {
                    write.record_placed(moved.to, &moved.environment, target)?;
                }
                match &envelope {
                    Some(envelope) => {
                        write.seal_release(moved.id, envelope)?;
                        write.give_up_lease(&lease(&moved.environment), moved.fence)
                    }
                    None => write.beat_lease(&lease(&moved.environment), moved.fence),
                }
            };
            let written = self.engine.store.write(Durability::Full, write).await;
            written.map_err(|error| fenced(release, error))
        })
    }

    fn beat<'a>(&'a self, release: &'a Release) -> BoxFuture<'a, Result<(), JournalError>> {
        let (name, fence) = (lease(&release.environment), release.fence);
        Box::pin(async move {
            let beaten =
                self.engine.store.write(Durability::Normal, move |write| write.beat_lease(&name, fence));
            beaten.await.map_err(|error| fenced(release, error))
        })
    }

    fn claim(&self, release: ReleaseId) -> BoxFuture<'_, Result<Release, JournalError>> {
        Box::pin(async move {
            let holder = self.holder();
            let write = move |write: &Write<'_>| {
                let row = write.release(release)?.filter(|row| row.open);
                let Some(row) = row else { return Ok(Err(JournalError::Fenced { release })) };
                let name = lease(&row.release.environment);
                let dead = write.lease(&name)?.is_none_or(|row| is_dead(&row));
                let fence = if dead {
                    write.seize_lease(&name, &holder)?
                } else {
                    match write.take_lease(&name, &holder, LEASE_STALE_MS)? {
                        Leased::Ours(fence) => fence,
                        Leased::HeldBy(other) => {
                            let holder = other.holder.unwrap_or_default();
                            return Ok(Err(JournalError::Held { release, holder }));
                        }
                    }
                };
                write.refence_release(release, fence)?;
                Ok(Ok(Release { fence, ..row.release }))
            };
            self.engine.store.write(Durability::Full, write).await.map_err(failed)?
        })
    }

    fn lived<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        version: VersionId,
    ) -> BoxFuture<'a, Result<Option<Release>, JournalError>> {
        Box::pin(async move {
            let row = self.engine.store.read(|read| read.lived(environment, version)).map_err(failed)?;
            Ok(row.map(|row| row.release))
        })
    }

    fn seq(&self) -> BoxFuture<'_, Result<Seq, JournalError>> {
        Box::pin(async move {
            let next = self.engine.store.write(Durability::Normal, |write| write.next_seq());
            next.await.map_err(failed)
        })
    }
}

/// A refusal of the store about a release means that somebody took over.
fn fenced(release: &Release, error: StoreError) -> JournalError {
    match error {
        StoreError::Refused(_) => JournalError::Fenced { release: release.id },
        other => failed(other),
    }
}
