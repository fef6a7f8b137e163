//! Environments as they are shown: what is live, what could be, and the way back.

use std::collections::BTreeMap;

use gatewright_core::{
    decision::{Decision, Odds, Refusal, WasLive},
    id::{EnvironmentName, VersionId},
    release::{Kind, Release},
    spec::workspace::{Environment, Workspace},
    time::Millis,
    version::Version,
};

use super::{Judgement, ReleaseError, TriedSince, Wish};
use crate::{
    deploy::{
        Readiness,
        adapter::{AdapterError, Current},
        ready,
    },
    store::table::ReleaseRow,
    supervisor::{engine::Engine, reading::Reading},
};

/// One environment, as the history knows it and its target says.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Which.
    pub environment: EnvironmentName,
    /// The release that is live; none before the first.
    pub live: Option<ReleaseRow>,
    /// What its target says is live now, or why that cannot be read; none while the folder is not trusted with it.
    pub current: Option<Result<Current, AdapterError>>,
    /// Whether a person's word made it live.
    pub overridden: bool,
    /// When it went live.
    pub since: Option<Millis>,
    /// The present version of its agent.
    pub candidate: Option<Version>,
    /// Why the candidate may not go live; empty when it may.
    pub refusals: Vec<Refusal>,
    /// How often its gates err, together; none without a candidate.
    pub odds: Option<Odds>,
    /// Candidates of each required spec since what is live went live.
    pub tried: Vec<TriedSince>,
    /// What a rollback would go back to.
    pub previous: Option<VersionId>,
    /// The version that was rolled back from last, where a rollback would go nowhere unless it names one.
    pub rolled_back_from: Option<VersionId>,
    /// Whether that would work now; none without a previous version.
    pub readiness: Option<Readiness>,
    /// The release that is not over.
    pub open: Option<Release>,
    /// When this was looked at.
    pub looked_at: Millis,
}

impl Engine {
    /// Every environment, with its way back checked.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub async fn lanes(&self, reading: &Reading) -> Result<Vec<Lane>, ReleaseError> {
        let workspace = reading.workspace.as_ref().ok_or(ReleaseError::BadWorkspace)?;
        let mut lanes = Vec::new();
        for environment in workspace.environments.values() {
            lanes.push(self.lane(reading, workspace, environment).await?);
        }
        Ok(lanes)
    }

    async fn lane(
        &self,
        reading: &Reading,
        workspace: &Workspace,
        environment: &Environment,
    ) -> Result<Lane, ReleaseError> {
        let name = &environment.name;
        let trust = self.trust(workspace)?;
        let (lives, open) =
            self.store.read(|read| Ok((read.lives(name, u32::MAX)?, read.open_release(name)?)))?;
        let live = lives.first().cloned();
        let previous = previous(&lives);
        let readiness = match previous.as_ref().and_then(Release::was_live) {
            Some(target) if self.may_deploy(&trust, environment).is_ok() => {
                Some(self.readiness(environment, &target).await)
            }
            _ => None,
        };
        let current = self.current(environment, &trust).await;
        let over = match &current {
            Some(Ok(current)) => self.moved_outside(name, current)?,
            Some(Err(_)) | None => None,
        };
        let candidate = reading.agent(&environment.agent).map(|agent| self.present(workspace, agent, &trust));
        let candidate = candidate.transpose()?.map(|present| present.version);
        let judged = match &candidate {
            Some(version) => {
                Some(self.judgement(reading, environment, Wish { version, word: None, over })?)
            }
            None => None,
        };
        let (refusals, odds) = match judged {
            Some(Judgement { decision: Decision::Refused(refusals), odds, .. }) => (refusals, Some(odds)),
            Some(Judgement { odds, .. }) => (Vec::new(), Some(odds)),
            None => (Vec::new(), None),
        };
        let (overridden, since) = match &live {
            Some(row) => self.store.read(|read| {
                let decision = read.decision(row.release.grant)?;
                let last = read.release_steps(row.release.id)?.pop();
                Ok((decision.is_some_and(|decision| decision.ground.is_word()), last.map(|step| step.at)))
            })?,
            None => (false, None),
        };
        Ok(Lane {
            environment: name.clone(),
            live,
            current,
            overridden,
            since,
            candidate,
            refusals,
            odds,
            tried: self.tried_in(reading, environment)?,
            rolled_back_from: previous.is_none().then(|| rolled_back_from(&lives)).flatten(),
            previous: previous.map(|release| release.to),
            readiness,
            open: open.map(|row| row.release),
            looked_at: self.clock.now(),
        })
    }

    async fn readiness(&self, environment: &Environment, target: &WasLive) -> Readiness {
        let journal = self.journal(environment, BTreeMap::new());
        let adapter = self.adapter(environment);
        ready(&self.desk(environment, adapter.as_ref(), None, &journal), target).await
    }
}

/// What a rollback goes back to: what was live before what is live now. A version that was rolled back from is not
/// on the way; whoever wants it names it.
pub(super) fn previous(lives: &[ReleaseRow]) -> Option<Release> {
    let mut way: Vec<&Release> = Vec::new();
    for release in lives.iter().rev().map(|row| &row.release) {
        match way.iter().position(|earlier| release.kind == Kind::Rollback && earlier.to == release.to) {
            Some(place) => way.truncate(place),
            None => way.retain(|earlier| earlier.to != release.to),
        }
        way.push(release);
    }
    way.pop();
    way.pop().cloned()
}

/// Of what was live and is not on the way back, the newest: whoever wants it names it.
pub(super) fn rolled_back_from(lives: &[ReleaseRow]) -> Option<VersionId> {
    let live = lives.first()?.release.to;
    lives.iter().map(|row| row.release.to).find(|version| *version != live)
}

#[cfg(test)]
mod tests {
    use gatewright_core::{
        id::{Digest, GrantId, ReleaseId},
        release::{Rung, State, Times},
        time::Seq,
    };

    use super::*;

    fn version(name: &str) -> VersionId {
        VersionId(Digest::of_bytes(name.as_bytes()))
    }

    /// Rows newest first, as the history gives them; `<a` is a rollback to a, `a` a promotion.
    fn lives(story: &str) -> Vec<ReleaseRow> {
        let row = |(number, word): (usize, &str)| ReleaseRow {
            release: Release {
                id: ReleaseId(number as u128),
                kind: if word.starts_with('<') { Kind::Rollback } else { Kind::Promotion },
                grant: GrantId(Digest::of_bytes(word.as_bytes())),
                environment: "production".into(),
                from: None,
                to: version(word.trim_start_matches('<')),
                target_ref: None,
                expected_revision: None,
                fence: number as u64,
                state: State::Live,
                rung: Rung::Served,
                times: Times::default(),
                supersedes: None,
            },
            open: false,
            seq: Seq(number as u64),
            envelope: None,
        };
        let mut rows: Vec<ReleaseRow> = story.split_whitespace().enumerate().map(row).collect();
        rows.reverse();
        rows
    }

    #[test]
    fn the_way_back_leads_past_what_was_rolled_back_from() {
        let cases = [
            ("", None),
            ("a", None),
            ("a b", Some("a")),
            ("a b c", Some("b")),
            ("a bad <a", None),
            ("a b bad <b", Some("a")),
            ("a b bad <b <a", None),
            ("a b bad <b c", Some("b")),
            ("a b a", Some("b")),
            ("a b c <a", None),
        ];
        for (story, expected) in cases {
            let found = previous(&lives(story)).map(|release| release.to);
            assert_eq!(found, expected.map(version), "{story}");
        }
    }

    #[test]
    fn what_was_rolled_back_from_is_known_by_name() {
        let cases =
            [("", None), ("a", None), ("a a", None), ("a bad <a", Some("bad")), ("a b c <a", Some("c"))];
        for (story, expected) in cases {
            assert_eq!(rolled_back_from(&lives(story)), expected.map(version), "{story}");
        }
    }
}
