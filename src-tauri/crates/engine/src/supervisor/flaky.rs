//! Flaky cases, from what is recorded of a version: every attempt counts, whatever became of it.

use std::collections::BTreeMap;

use gatewright_core::{
    id::{CaseMeaning, CaseName, VersionId},
    spec::Spec,
    verdict::{self, CaseRecord, Flaky},
};

use super::engine::Engine;
use crate::store::{Read, StoreError};

impl Engine {
    /// How steady a version is by a spec: see [`flaky`].
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn flaky(&self, spec: &Spec, version: VersionId) -> Result<Flaky, StoreError> {
        self.store.read(|read| flaky(read, spec, version))
    }
}

/// How steady a version is: of each case of the spec, as it is meant there, all trials with a score.
///
/// # Errors
/// The history cannot be read.
pub fn flaky(read: &Read<'_>, spec: &Spec, version: VersionId) -> Result<Flaky, StoreError> {
    let stats = read.case_stats(&spec.name, version)?;
    let stats: BTreeMap<(&CaseName, CaseMeaning), _> =
        stats.iter().map(|stat| ((&stat.case, stat.meaning), stat)).collect();
    let recorded = spec.cases.iter().filter_map(|case| {
        let stat = stats.get(&(&case.name, case.meaning))?;
        let scored = stat.n.saturating_sub(stat.missing);
        Some(CaseRecord { case: case.name.clone(), scored, passed: stat.passed })
    });
    Ok(verdict::flaky(&recorded.collect::<Vec<_>>()))
}
