//! The journal of a run, over the store.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures_util::future::BoxFuture;
use gatewright_core::{
    id::{CaseMeaning, RunId},
    observation::{Fact, TrialId, TrialState},
    plan::StreamKey,
    score::{Scored, TrialScores},
    spec::Unit,
};

use crate::{
    port::{
        agent::Record,
        journal::{Batch, Ended, How, Journal, JournalError, Recorded},
    },
    run,
    store::{
        Durability, Store, StoreError,
        table::{Judged, NewObservation, TrialEnd},
    },
};

/// The journal of one stream within a run.
pub(super) struct RunJournal {
    pub(super) store: Store,
    pub(super) run: RunId,
    pub(super) stream: StreamKey,
    /// Slots released by the run so far, over all its streams.
    pub(super) released: Arc<AtomicU64>,
}

fn failed(error: StoreError) -> JournalError {
    JournalError(error.to_string())
}

impl Journal for RunJournal {
    fn record(&self, batch: Batch) -> BoxFuture<'_, Result<Recorded, JournalError>> {
        let ended: Vec<_> = batch.ended.into_iter().map(|ended| (ended.trial, trial_end(ended))).collect();
        let slots: Vec<_> = batch.release.into_iter().map(|release| (release.slot, release.input)).collect();
        let (run, stream) = (self.run, self.stream.clone());
        let count = slots.len() as u64;
        let released_to = self.released.fetch_add(count, Ordering::Relaxed) + count;
        Box::pin(async move {
            let written = self.store.write(Durability::Normal, move |write| {
                let place = |(trial, end): &(TrialId, Option<TrialEnd>)| match end {
                    Some(end) => write.end_trial(*trial, end),
                    None => write.next_seq(),
                };
                let ended = ended.iter().map(place).collect::<Result<_, _>>()?;
                let released = write.release_slots(&stream, &slots)?;
                if !slots.is_empty() {
                    write.released_to(run, released_to)?;
                }
                Ok(Recorded { ended, released: released.into_iter().map(|trial| trial.id).collect() })
            });
            written.await.map_err(failed)
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), JournalError>> {
        // One durable commit secures every one before it.
        Box::pin(async move { self.store.write(Durability::Full, |_| Ok(())).await.map_err(failed) })
    }
}

/// What the store keeps of how a trial ended; nothing of one whose slot stays open.
fn trial_end(ended: Ended) -> Option<TrialEnd> {
    let why = run::trouble(&ended.how).unwrap_or_default();
    let (state, case) = match ended.how {
        How::Open { .. } => return None,
        How::Answered => (TrialState::Answered, None),
        How::AgentError { class, .. } => {
            (TrialState::AgentError(class), Some(Scored::Value { score: Unit::ZERO, passed: false, why }))
        }
        How::Missing { class, .. } => (TrialState::Missing(class), Some(Scored::NotJudged { why })),
    };
    let judged = match (case, &ended.scores) {
        (Some(case), _) => Some(Judged { meaning: ended.meaning, case, scores: Vec::new() }),
        (None, Some(scores)) => Some(judged(ended.meaning, scores)),
        (None, None) => None,
    };
    let turns = (0_u16..).zip(ended.turns);
    let observations = turns.map(|(turn, record)| observation(turn, record)).collect();
    Some(TrialEnd { state, observations, judged })
}

/// What the scorers say of a trial, as kept: the case as a whole, with the words of what broke it, and each scorer.
pub(super) fn judged(meaning: CaseMeaning, scores: &TrialScores) -> Judged {
    let why = run::broken(scores).unwrap_or_default();
    let case = match scores.passed {
        Some(passed) => Scored::Value { score: if passed { Unit::ONE } else { Unit::ZERO }, passed, why },
        None => Scored::NotJudged { why },
    };
    let each = scores.expected.iter().map(|score| (score.scorer, score.value.clone())).collect();
    Judged { meaning, case, scores: each }
}

fn observation(turn: u16, record: Record) -> NewObservation {
    NewObservation {
        turn,
        what: Fact::Answer,
        reply: record.reply,
        identity: record.identity,
        timing: record.timing,
        cost: record.cost,
        tries: record.tries,
        request: record.request,
        raw: record.raw,
    }
}
