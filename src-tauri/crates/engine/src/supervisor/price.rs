//! What a call of a spec costs and takes, as recorded.

use gatewright_core::spec::{Spec, workspace::Workspace};

use super::engine::Engine;
use crate::store::{Read, StoreError};

/// What one trial costs and takes on average. What is not known is none, and never 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Price {
    /// Millionths of the workspace's currency; none without recorded answers, or where the agent has no price.
    pub cost_micros: Option<f64>,
    /// Microseconds; none without recorded answers.
    pub latency_us: Option<f64>,
    /// Calls in flight.
    pub concurrency: u32,
}

impl Price {
    /// What so many trials cost, in millionths.
    #[must_use]
    pub fn cost(&self, trials: u32) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "an estimate for people")]
        let cost = |each: f64| (each * f64::from(trials)).round() as i64;
        self.cost_micros.map(cost)
    }

    /// How long so many trials take, in milliseconds, with as many in flight as the agent's limits allow.
    #[must_use]
    pub fn time_ms(&self, trials: u32) -> Option<u64> {
        let ways = f64::from(self.concurrency.max(1));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate for people")]
        let time = |each: f64| (each * f64::from(trials) / ways / 1e3) as u64;
        self.latency_us.map(time)
    }
}

impl Engine {
    /// What a call of a spec costs and takes: over the answers of the version that was judged last.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn price(&self, workspace: &Workspace, spec: &Spec) -> Result<Price, StoreError> {
        let agent = workspace.agents.get(&spec.agent);
        let mut price = Price {
            cost_micros: None,
            latency_us: None,
            concurrency: agent.map_or(1, |agent| agent.limits.concurrency.max(1)),
        };
        let priced = agent.is_some_and(|agent| agent.price.is_some());
        self.store.read(|read: &Read<'_>| {
            let newest = read.verdicts_of_spec(&spec.name, 1)?;
            let Some(newest) = newest.first() else { return Ok(price) };
            let stats = read.case_stats(&spec.name, newest.verdict.stream.version)?;
            let answered: u32 = stats.iter().map(|stat| stat.n.saturating_sub(stat.missing)).sum();
            let cost: i64 = stats.iter().map(|stat| stat.cost_micros).sum();
            let latency: u64 = stats.iter().map(|stat| stat.latency_us).sum();
            if answered > 0 {
                #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
                let (cost, latency) = (cost as f64, latency as f64);
                price.latency_us = Some(latency / f64::from(answered));
                price.cost_micros = priced.then_some(cost / f64::from(answered));
            }
            Ok(price)
        })
    }
}
