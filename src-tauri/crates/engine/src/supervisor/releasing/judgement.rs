//! What a promotion would rest on: policy, verdicts and what is live, handed to the one function that decides.

use std::collections::BTreeMap;

use gatewright_core::{
    decision::{
        self, Decision, EnvironmentPolicy, Live, Odds, Proposal, Requirement, VerdictView, Weakening,
    },
    id::{EnvironmentName, SpecMeaning, SpecName, VersionId},
    spec::{
        Rule, Unit,
        workspace::{self, Environment},
    },
    time::Seq,
    verdict::Verdict,
};

use super::{ReleaseError, Wish, tried::required};
use crate::{
    evidence,
    store::{Read, StoreError},
    supervisor::{engine::Engine, reading::Reading, recipe},
};

/// What a promotion would rest on.
pub struct Judgement {
    /// What is decided.
    pub decision: Decision,
    /// How often its gates err, together.
    pub odds: Odds,
    pub(super) meanings: BTreeMap<SpecName, SpecMeaning>,
}

impl Engine {
    /// Whether a version may go live in `environment`, as it is asked for. Nothing is recorded.
    ///
    /// # Errors
    /// See [`ReleaseError`].
    pub fn judgement(
        &self,
        reading: &Reading,
        environment: &Environment,
        wish: Wish<'_>,
    ) -> Result<Judgement, ReleaseError> {
        let Wish { version, word, over } = wish;
        let workspace = reading.workspace.as_ref().ok_or(ReleaseError::BadWorkspace)?;
        let policy = policy(reading, environment);
        let agent = &workspace.agents[&environment.agent];
        let endpoint = recipe::endpoint(agent).id().map_err(StoreError::from)?;
        let keys = self.trusted_keys()?;
        let former = self.former(workspace, environment, version)?;
        let (rows, given, live) = self.store.read(|read| {
            let rows = read.verdicts_of_version(version.id)?;
            let mut given = Vec::with_capacity(rows.len());
            for row in &rows {
                let at = read.verdict_given(row.verdict.id)?.unwrap_or_default();
                given.push((at, live_there(read, &row.verdict, &environment.name)?));
            }
            let live = Live {
                version: read.lives(&environment.name, 1)?.first().map(|row| row.release.to),
                outside: over,
                open: read.open_release(&environment.name)?.map(|row| row.release.id),
            };
            Ok((rows, given, live))
        })?;
        let views: Vec<VerdictView<'_>> = rows
            .iter()
            .zip(given)
            .map(|(row, (given, live_there))| VerdictView {
                verdict: &row.verdict,
                given,
                live_there,
                withdrawn_by: row.withdrawn_by,
                trusted: evidence::is_signed(&row.verdict, &row.envelope, &keys),
            })
            .collect();
        let seq = self.store.read(|read| read.log_head())?.map_or(Seq(0), |(seq, _)| seq);
        let proposal =
            Proposal { version, endpoint, former: &former, word, now: self.clock.now(), seq: Seq(seq.0 + 1) };
        let decision = decision::decide(&policy, &proposal, &views, &live);
        let odds = decision::odds(&policy, &proposal, &views);
        let meanings = policy.requires.iter();
        let meanings = meanings.filter_map(|one| Some((one.spec.clone(), one.meaning?))).collect();
        Ok(Judgement { decision, odds, meanings })
    }
}

/// What is live now where a verdict compares: in the environment that its criteria name.
fn live_there(
    read: &Read<'_>,
    verdict: &Verdict,
    environment: &EnvironmentName,
) -> Result<Option<VersionId>, StoreError> {
    let named = verdict.criteria.iter().find_map(|criterion| match &criterion.rule {
        Rule::MaxDrop { environment, .. } => Some(environment),
        _ => None,
    });
    Ok(read.lives(named.unwrap_or(environment), 1)?.first().map(|row| row.release.to))
}

/// What an environment demands, with the present meaning of each spec.
fn policy(reading: &Reading, environment: &Environment) -> EnvironmentPolicy {
    let names = required(reading, environment);
    let requires = names.into_iter().map(|spec| {
        let found = reading.good().find(|found| found.name == spec);
        let wrongly_blocked = found.map_or(0, |found| {
            let risks = found.gate.iter().filter(|criterion| criterion.blocking).filter_map(|criterion| {
                match &criterion.rule {
                    Rule::Rate { risk, .. } | Rule::Mean { risk, .. } | Rule::MaxDrop { risk, .. } => {
                        Some(risk.wrongly_blocked.millionths())
                    }
                    Rule::Never { .. } | Rule::Plain { .. } => None,
                }
            });
            risks.sum::<u32>().min(Unit::ONE.millionths())
        });
        Requirement {
            spec,
            meaning: found.map(|found| found.meaning),
            wrongly_blocked: Unit::from_millionths(wrongly_blocked).unwrap_or_default(),
            quarantine: found
                .map(|found| found.quarantine.iter().map(|entry| entry.case.clone()).collect())
                .unwrap_or_default(),
        }
    });
    EnvironmentPolicy {
        environment: environment.name.clone(),
        requires: requires.collect(),
        weakening: match environment.weakening {
            workspace::Weakening::Ask => Weakening::Ask,
            workspace::Weakening::Forbid => Weakening::Forbid,
            workspace::Weakening::Allow => Weakening::Allow,
        },
        attempts_max: environment.attempts_max,
        max_age: environment.max_age,
        allow_opaque: environment.allow_opaque,
    }
}
