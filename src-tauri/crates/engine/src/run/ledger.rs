//! What is written down together: the slots that are asked next, with every answer that came until then. Nobody waits
//! for one answer's commit, and under load a commit carries many.
//!
//! No slot is asked before all that was heard when it was chosen is written down. So what a crash can take, asked and
//! not kept, is never more than may be in flight.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gatewright_core::{
    gate::{Came, SlotFacts},
    observation::TrialId,
    plan::{Side, Slot},
};

use tokio::time::{Instant, sleep_until};

use crate::port::journal::{Batch, Ended, Journal, JournalError, Release};

/// An answer that no slot follows waits no longer than this for others; with the writing of a batch it stays below
/// 250 ms.
const GATHERED_MS_MAX: u64 = 100;

/// What the journal has written down, of one batch.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The answers in it, with their places.
    pub(super) facts: Vec<SlotFacts>,
    /// The slots in it, which may be asked now.
    pub(super) released: Vec<(Slot, TrialId)>,
}

/// How trials ended, and what the gate was told of each; nothing of a slot that stays open.
type Gathered = Vec<(Slot, Ended, Option<Came>)>;

/// The journals of both sides, a batch at a time.
pub(super) struct Ledger {
    candidate: Arc<dyn Journal>,
    baseline: Option<Arc<dyn Journal>>,
    gathered: Gathered,
    /// When the answers that were gathered have to be written.
    due: Option<Instant>,
    writing: Option<BoxFuture<'static, Result<Written, JournalError>>>,
}

impl Ledger {
    pub(super) const fn new(candidate: Arc<dyn Journal>, baseline: Option<Arc<dyn Journal>>) -> Self {
        Self { candidate, baseline, gathered: Vec::new(), due: None, writing: None }
    }

    /// Takes how a trial ended, for the next batch.
    pub(super) fn gather(&mut self, slot: Slot, ended: Ended, told: Option<Came>) {
        self.due.get_or_insert_with(|| Instant::now() + Duration::from_millis(GATHERED_MS_MAX));
        self.gathered.push((slot, ended, told));
    }

    /// Waits until answers have to be written; for ever when there are none.
    pub(super) fn due(&self) -> impl Future<Output = ()> + use<> {
        let due = self.due;
        async move {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Whether a batch is being written. Until it is, none can begin.
    pub(super) const fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Begins to write that `release` is about to be asked, with every answer; without a slot only once answers are due.
    pub(super) fn begin(&mut self, release: Vec<Release>) {
        if !release.is_empty() || self.due.is_some_and(|due| due <= Instant::now()) {
            self.write(release);
        }
    }

    /// Begins to write every answer that was gathered.
    pub(super) fn close(&mut self) {
        if !self.gathered.is_empty() {
            self.write(Vec::new());
        }
    }

    fn write(&mut self, release: Vec<Release>) {
        if self.is_writing() {
            return;
        }
        self.due = None;
        let (candidate, baseline) = (Arc::clone(&self.candidate), self.baseline.clone());
        let of_candidate = |slot: &Slot| slot.side == Side::Candidate;
        let gathered = std::mem::take(&mut self.gathered).into_iter();
        let (ended, other_ended) = gathered.partition(|(slot, ..)| of_candidate(slot));
        let (release, other_release) = release.into_iter().partition(|release| of_candidate(&release.slot));
        self.writing = Some(Box::pin(async move {
            let mut written = recorded(candidate.as_ref(), ended, release).await?;
            if let Some(baseline) = baseline {
                let other = recorded(baseline.as_ref(), other_ended, other_release).await?;
                written.facts.extend(other.facts);
                written.released.extend(other.released);
            }
            Ok(written)
        }));
    }

    /// Waits until the batch is written; dropping the wait loses nothing. Never returns when there is none.
    pub(super) async fn written(&mut self) -> Result<Written, JournalError> {
        match &mut self.writing {
            Some(writing) => {
                let written = writing.await;
                self.writing = None;
                written
            }
            None => std::future::pending().await,
        }
    }
}

/// Writes down what is of one side.
async fn recorded(
    journal: &dyn Journal,
    gathered: Gathered,
    release: Vec<Release>,
) -> Result<Written, JournalError> {
    if gathered.is_empty() && release.is_empty() {
        return Ok(Written::default());
    }
    let slots: Vec<Slot> = release.iter().map(|release| release.slot.clone()).collect();
    let (ended, told): (Vec<_>, Vec<_>) =
        gathered.into_iter().map(|(slot, ended, came)| (ended, came.map(|came| (slot, came)))).unzip();
    let places = journal.record(Batch { ended, release }).await?;
    let facts = told.into_iter().zip(places.ended);
    let fact = |(told, recorded): (Option<_>, _)| told.map(|(slot, came)| SlotFacts { slot, came, recorded });
    Ok(Written {
        facts: facts.filter_map(fact).collect(),
        released: slots.into_iter().zip(places.released).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use gatewright_core::{
        id::{CaseMeaning, CaseName, Digest, InputId},
        observation::ErrorClass,
        time::Seq,
    };

    use super::*;
    use crate::port::journal::{How, Recorded};

    /// How many answers and how many slots each batch held.
    #[derive(Default)]
    struct Counted(Mutex<Vec<(usize, usize)>>);

    impl Journal for Counted {
        fn record(&self, batch: Batch) -> BoxFuture<'_, Result<Recorded, JournalError>> {
            self.0.lock().expect("whole").push((batch.ended.len(), batch.release.len()));
            let ended = batch.ended.iter().map(|ended| Seq(ended.trial.0.unsigned_abs())).collect();
            let released = (0..).map(TrialId).take(batch.release.len()).collect();
            Box::pin(async move { Ok(Recorded { ended, released }) })
        }

        fn flush(&self) -> BoxFuture<'_, Result<(), JournalError>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn slot(round: u32) -> Slot {
        Slot { side: Side::Candidate, case: CaseName::new("late"), round }
    }

    fn gather(ledger: &mut Ledger, trial: i64) {
        let class = ErrorClass("status-500".to_owned());
        let ended = Ended {
            trial: TrialId(trial),
            case: CaseName::new("late"),
            meaning: CaseMeaning(Digest([1; 32])),
            how: How::Missing { class: class.clone(), message: String::new() },
            turns: Vec::new(),
            scores: None,
        };
        ledger.gather(slot(0), ended, Some(Came::Missing(class)));
    }

    fn release() -> Vec<Release> {
        vec![Release { slot: slot(1), input: InputId(Digest([2; 32])) }]
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_goes_with_the_next_slots_and_without_any_it_does_not_wait_for_long() {
        let counted = Arc::new(Counted::default());
        let mut ledger = Ledger::new(Arc::<Counted>::clone(&counted), None);
        gather(&mut ledger, 7);
        ledger.begin(release());
        let written = ledger.written().await.expect("written");
        assert_eq!(written.facts[0].recorded, Seq(7), "with its place in the history");
        assert_eq!(written.released.len(), 1);
        let began = Instant::now();
        gather(&mut ledger, 8);
        ledger.begin(Vec::new());
        assert!(!ledger.is_writing(), "the answer is not due");
        ledger.due().await;
        assert_eq!(began.elapsed(), Duration::from_millis(GATHERED_MS_MAX));
        ledger.begin(Vec::new());
        assert_eq!(ledger.written().await.expect("written").facts.len(), 1);
        assert_eq!(*counted.0.lock().expect("whole"), [(1, 1), (1, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_while_a_batch_is_written_goes_with_the_next_one() {
        let counted = Arc::new(Counted::default());
        let mut ledger = Ledger::new(Arc::<Counted>::clone(&counted), None);
        ledger.begin(release());
        (0..3).for_each(|trial| gather(&mut ledger, trial));
        ledger.close();
        assert_eq!(ledger.written().await.expect("written").facts.len(), 0);
        ledger.close();
        assert_eq!(ledger.written().await.expect("written").facts.len(), 3);
        ledger.close();
        assert!(!ledger.is_writing(), "nothing is left");
        assert_eq!(*counted.0.lock().expect("whole"), [(0, 1), (3, 0)]);
    }
}
