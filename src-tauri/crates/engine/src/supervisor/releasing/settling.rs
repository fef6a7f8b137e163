//! Settling what was left open: at every start, and when somebody asks.

use std::{collections::BTreeMap, time::Duration};

use gatewright_core::{id::EnvironmentName, release::Release};
use tokio_util::sync::CancellationToken;

use super::{EndpointProbe, ReleaseError};
use crate::{
    deploy::{EnactError, Enacted},
    port::release::JournalError,
    store::Access,
    supervisor::{engine::Engine, reading::Reading},
};

/// What became of an open release.
#[derive(Debug)]
pub enum Settled {
    /// It was read, and went on from there.
    Read(Box<Enacted>),
    /// Its environment is no longer in the workspace.
    NoEnvironment(Release),
    /// It could not be taken over.
    Left(Release, EnactError),
}

impl Settled {
    /// Whether somebody else is at the release, or settled it meanwhile: nobody left it.
    fn is_at_work(&self) -> bool {
        let theirs =
            |error: &JournalError| matches!(error, JournalError::Held { .. } | JournalError::Fenced { .. });
        matches!(self, Self::Left(_, EnactError::Journal(error)) if theirs(error))
    }
}

impl Engine {
    /// Settles every open release, or those of one environment.
    ///
    /// # Errors
    /// See [`ReleaseError`]. A release that cannot be settled now is left as it is.
    pub async fn settle(
        &self,
        reading: &Reading,
        only: Option<&EnvironmentName>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Settled>, ReleaseError> {
        let workspace = reading.workspace.as_ref().ok_or(ReleaseError::BadWorkspace)?;
        let trust = self.trust(workspace)?;
        let open = self.store.read(|read| read.open_releases())?;
        let mut settled = Vec::new();
        for row in open {
            let release = row.release;
            if only.is_some_and(|only| *only != release.environment) {
                continue;
            }
            let Some(environment) = workspace.environments.get(&release.environment) else {
                settled.push(Settled::NoEnvironment(release));
                continue;
            };
            self.may_deploy(&trust, environment)?;
            let journal = self.journal(environment, BTreeMap::new());
            let probe = self.probe(workspace, environment, &trust, cancel).await;
            // Its target can be read, whatever keeps its endpoint from being asked.
            let probe = probe.unwrap_or_else(EndpointProbe::out_of_reach);
            let adapter = self.adapter(environment);
            let desk = self.desk(environment, adapter.as_ref(), probe.as_ref(), &journal);
            match desk.settle(&release, cancel).await {
                Ok(enacted) => settled.push(Settled::Read(Box::new(enacted))),
                Err(error) => settled.push(Settled::Left(release, error)),
            }
        }
        if settled.iter().any(|settled| matches!(settled, Settled::Read(_))) {
            self.checkpoint().await?;
        }
        Ok(settled)
    }

    /// Settles what the last session left open, before this one begins. Where the folder is not trusted, or nothing
    /// can be recorded, nothing is done: then open releases stay what they are shown as. Of what somebody else is at
    /// nothing is said.
    ///
    /// The targets are read in any case. With `look`, endpoints are asked for so long at most, and a release that is
    /// not proved by then goes on being observed by whoever settles next.
    ///
    /// # Errors
    /// As [`Engine::settle`].
    pub async fn settle_at_start(
        &self,
        reading: &Reading,
        look: Option<Duration>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Settled>, ReleaseError> {
        let Some(workspace) = &reading.workspace else { return Ok(Vec::new()) };
        let may = *self.store.access() == Access::Writable && self.trust(workspace)?.is_given();
        if !may || self.store.read(|read| read.open_releases())?.is_empty() {
            return Ok(Vec::new());
        }
        let hurried = cancel.child_token();
        let settling = self.settle(reading, None, &hurried);
        tokio::pin!(settling);
        let mut settled = match look {
            None => settling.await?,
            Some(look) => tokio::select! {
                settled = &mut settling => settled?,
                () = tokio::time::sleep(look) => {
                    hurried.cancel();
                    settling.await?
                }
            },
        };
        settled.retain(|settled| !settled.is_at_work());
        Ok(settled)
    }
}
