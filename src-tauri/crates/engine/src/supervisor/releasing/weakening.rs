//! Whether a version fails by a spec that was changed since: its recorded answers, judged by the specs that were in
//! force at the last promotion.

use std::collections::BTreeMap;

use gatewright_core::{
    decision::FormerView,
    id::{SpecMeaning, SpecName},
    plan::{Purpose, StreamKey},
    spec::{
        Spec,
        workspace::{Environment, Workspace},
    },
    version::Version,
};

use super::ReleaseError;
use crate::{
    store::{Read, StoreError},
    supervisor::{against::Places, engine::Engine, gating},
};

impl Engine {
    /// What the specs meant when something last went live in an environment by promotion; empty before the first.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn in_force(&self, environment: &Environment) -> Result<BTreeMap<SpecName, SpecMeaning>, StoreError> {
        self.store.read(|read| in_force(read, environment))
    }

    /// What the specs in force at the last promotion say of `version`; empty before the first.
    pub(super) fn former(
        &self,
        workspace: &Workspace,
        environment: &Environment,
        version: &Version,
    ) -> Result<Vec<FormerView>, ReleaseError> {
        let places = Places::of(workspace);
        let views = self.store.read(|read| {
            let mut views = Vec::new();
            for (name, meaning) in in_force(read, environment)? {
                views.extend(former(read, &places, &name, meaning, version)?);
            }
            Ok(views)
        });
        Ok(views?)
    }
}

/// What the specs meant when something last went live by promotion.
fn in_force(
    read: &Read<'_>,
    environment: &Environment,
) -> Result<BTreeMap<SpecName, SpecMeaning>, StoreError> {
    for row in read.lives(&environment.name, u32::MAX)? {
        let Some(decision) = read.decision(row.release.grant)? else { continue };
        let body: serde_json::Value = serde_json::from_slice(&decision.body)
            .map_err(|error| StoreError::unreadable("decision", error))?;
        let meanings: BTreeMap<SpecName, SpecMeaning> =
            serde_json::from_value(body["meanings"].clone()).unwrap_or_default();
        // A rollback keeps none: it was decided by what was live, not by specs.
        if !meanings.is_empty() {
            return Ok(meanings);
        }
    }
    Ok(BTreeMap::new())
}

/// Judges the newest attempt's answers by what the spec meant then. Slots that nobody asked are missing.
fn former(
    read: &Read<'_>,
    places: &Places<'_>,
    name: &SpecName,
    meaning: SpecMeaning,
    version: &Version,
) -> Result<Option<FormerView>, StoreError> {
    let Some(body) = read.meaning(meaning)? else { return Ok(None) };
    let spec: Spec = serde_json::from_slice(&body).map_err(|error| StoreError::unreadable("spec", error))?;
    let attempts = read.attempts(version.id, name)?;
    let Some(newest) = attempts.iter().rev().find(|row| row.key.purpose == Purpose::Gate) else {
        return Ok(None);
    };
    let stream: StreamKey = newest.key.clone();
    let judged = places.against(read, &spec, &stream).and_then(|against| {
        let (plan, registered) = gating::plan(read, &spec, stream, &against.baseline)?;
        let registered = registered.unwrap_or(gating::NOT_REGISTERED);
        let recorded = gating::recorded_of(read, &plan, &spec)?;
        gating::judge(read, &plan, registered, &recorded.facts, Some(recorded.silence(&plan)), version.grade)
    });
    let heard = spec.cases.iter().filter(|case| !spec.is_quarantined(&case.name));
    let cases = heard.map(|case| case.name.clone()).collect();
    // A spec of then that this build cannot plan says nothing.
    Ok(judged.ok().map(|verdict| FormerView { spec: name.clone(), meaning, outcome: verdict.outcome, cases }))
}
