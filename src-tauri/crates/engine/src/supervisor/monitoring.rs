//! A monitor's test, fed from what is recorded: it hears each trial of its stream once, in the order in which the
//! cases were drawn, and goes on after a restart where it stood. Who asks, and what an alarm does, is not its business.

use gatewright_core::{
    gate::{Watch, WatchProblem, WatchState, Watched},
    id::EnvironmentName,
    plan::StreamKey,
    spec::{Spec, workspace::MonitorRule},
};

use super::{engine::Engine, gating};
use crate::{
    event::Happened,
    store::{Durability, StoreError, Write, table::MonitorRow},
};

/// Why a monitor hears nothing.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The spec cannot be watched.
    #[error(transparent)]
    Watch(#[from] WatchProblem),
    /// The history cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Hears the trials of a monitor's stream that ended since it last heard, and writes down where it stands. An alarm
    /// is logged and ends the stream: whoever asks on begins another one. Hearing again what was heard changes nothing.
    ///
    /// # Errors
    /// See [`MonitorError`].
    pub async fn hear_monitor(
        &self,
        environment: &EnvironmentName,
        spec: &Spec,
        rule: &MonitorRule,
        stream: &StreamKey,
    ) -> Result<Watched, MonitorError> {
        let watch = Watch::of(spec, rule)?;
        let recorded = self.store.read(|read| gating::recorded(read, stream, spec))?;
        let (environment, spec, stream) = (environment.clone(), spec.name.clone(), stream.clone());
        let write = move |write: &Write<'_>| {
            let kept = write.monitor(&environment, &spec)?.filter(|row| row.stream == stream);
            let before = kept.map_or(WatchState::BEGIN, |row| row.state);
            if write.stream(&stream)?.is_some_and(|row| row.ended.is_some()) {
                return Ok(Watched { state: before, alarm: true });
            }
            let watched = watch.hear_all(&stream, before, &recorded.facts)?;
            if watched.state != before {
                let row = MonitorRow {
                    environment: environment.clone(),
                    spec: spec.clone(),
                    stream: stream.clone(),
                    state: watched.state,
                    seq: Default::default(),
                };
                write.set_monitor(&row)?;
            }
            if watched.alarm {
                write.end_stream(&stream)?;
                write.append(Happened::MonitorFired { environment: environment.clone() })?;
            }
            Ok(watched)
        };
        Ok(self.store.write(Durability::Full, write).await?)
    }
}
