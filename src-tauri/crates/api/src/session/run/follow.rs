//! Following a run of this process: what its gates have heard so far, kept small and read by whoever looks.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use gatewright_core::{
    gate::{Calls, Counts, Seen, Spent},
    id::{RunId, SpecName},
    spec::Spec,
};
use gatewright_engine::supervisor::Watch;
use tokio::sync::oneshot;

use super::super::{Answered, criterion::SoFar};
use crate::error::ApiError;

/// How often what is still to come is counted anew: that takes longer than the rest.
const COUNT_MS: u64 = 100;

/// What a spec of a run will take.
#[derive(Clone, Debug)]
pub(in crate::session) struct Ahead {
    pub(super) spec: Spec,
    pub(super) calls: Calls,
}

/// How far a spec is.
#[derive(Clone, Debug)]
pub(in crate::session) struct Far {
    pub(super) asked: u32,
    pub(super) heard: u32,
    pub(super) in_flight: u32,
    pub(super) left_at_most: u32,
    pub(super) ended: bool,
    pub(super) criteria: Vec<SoFar>,
    pub(super) counts: Counts,
    counted: Instant,
}

/// Hears of a run and keeps the newest of each spec.
pub(in crate::session) struct Following {
    ahead: Vec<Ahead>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    run: Option<RunId>,
    /// In the order in which they are asked.
    specs: Vec<SpecName>,
    far: BTreeMap<SpecName, Far>,
    began: Option<oneshot::Sender<Answered<RunId>>>,
    when_begun: Option<Box<dyn FnOnce() + Send>>,
}

impl Following {
    pub(super) fn new(ahead: Vec<Ahead>, began: oneshot::Sender<Answered<RunId>>) -> Self {
        let known = Known { began: Some(began), ..Known::default() };
        Self { ahead, known: Mutex::new(known) }
    }

    /// Does this as soon as the run is recorded.
    pub(super) fn when_begun(&self, act: Box<dyn FnOnce() + Send>) {
        self.known().when_begun = Some(act);
    }

    /// Its id, once it is recorded.
    pub(in crate::session) fn run(&self) -> Option<RunId> {
        self.known().run
    }

    /// The specs in the order in which they are asked.
    pub(super) fn specs(&self) -> Vec<SpecName> {
        self.known().specs.clone()
    }

    /// How far a spec is; none before it is asked.
    pub(super) fn far(&self, spec: &SpecName) -> Option<Far> {
        self.known().far.get(spec).cloned()
    }

    /// What a spec will take.
    pub(super) fn ahead(&self, spec: &SpecName) -> Option<&Ahead> {
        self.ahead.iter().find(|ahead| ahead.spec.name == *spec)
    }

    /// Tells whoever waits for the beginning that there is none; gives the error back when it has begun.
    pub(super) fn refuse(&self, error: ApiError) -> Option<ApiError> {
        let Some(began) = self.known().began.take() else { return Some(error) };
        // Whoever asked went away.
        let _ = began.send(Err(error));
        None
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Following {
    fn began(&self, run: RunId, specs: &[SpecName]) {
        let (began, act) = {
            let mut known = self.known();
            known.run = Some(run);
            known.specs = specs.to_vec();
            (known.began.take(), known.when_begun.take())
        };
        if let Some(act) = act {
            act();
        }
        if let Some(began) = began {
            // Whoever asked went away: the run goes on.
            let _ = began.send(Ok(run));
        }
    }

    fn moved(&self, spec: &SpecName, seen: &Seen, _: &Spent) {
        let gate = self.ahead(spec).map(|ahead| ahead.spec.gate.clone()).unwrap_or_default();
        let hearing = seen.hearing();
        let criteria: Vec<SoFar> = gate
            .into_iter()
            .zip(hearing.criteria())
            .map(|(written, listener)| SoFar {
                name: written.name,
                rule: written.rule,
                blocking: written.blocking,
                outcome: listener.outcome(),
                counts: listener.counts(),
                mean: listener.mean(),
                better: listener.compares().then(|| listener.better()),
                heard_max: listener.heard_max(),
            })
            .collect();
        let widest = criteria.iter().map(|one| one.counts).max_by_key(Counts::heard).unwrap_or_default();
        let mut known = self.known();
        let before = known.far.get(spec).map(|far| (far.counted, far.left_at_most));
        let recent = before
            .filter(|(counted, _)| !hearing.ended() && counted.elapsed() < Duration::from_millis(COUNT_MS));
        let (counted, left_at_most) = recent.unwrap_or_else(|| (Instant::now(), hearing.left_at_most()));
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let far = Far {
            asked: small(seen.asked()),
            heard: hearing.heard(),
            in_flight: small(seen.in_flight()),
            left_at_most,
            ended: hearing.ended(),
            criteria,
            counts: widest,
            counted,
        };
        known.far.insert(spec.clone(), far);
    }
}
