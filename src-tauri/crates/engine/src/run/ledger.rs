//! What is written down together: slots that are asked next, at once, and answers, when some have gathered. Nobody
//! waits for one answer's commit, and a commit carries many: each writes every page that it touches.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gatewright_core::{
    gate::{Came, SlotFacts},
    observation::TrialId,
    plan::{Side, Slot},
};

use tokio::time::{Instant, sleep_until};

use crate::port::journal::{Batch, Ended, Journal, JournalError, Release};

/// So many answers are written without waiting for more.
const GATHERED_MAX: usize = 128;
/// An answer waits no longer than this for others; with the writing of a batch it stays below 250 ms.
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

    fn is_due(&self) -> bool {
        self.gathered.len() >= GATHERED_MAX || self.due.is_some_and(|due| due <= Instant::now())
    }

    /// Whether a batch is being written. Until it is, none can begin.
    pub(super) const fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Begins to write that `release` is about to be asked, and the answers that are due.
    pub(super) fn begin(&mut self, release: Vec<Release>) {
        let due = self.is_due();
        if self.is_writing() || release.is_empty() && !due {
            return;
        }
        let gathered = if due { self.take_gathered() } else { Gathered::new() };
        self.write(gathered, release);
    }

    /// Begins to write every answer that was gathered.
    pub(super) fn close(&mut self) {
        if !self.is_writing() && !self.gathered.is_empty() {
            let gathered = self.take_gathered();
            self.write(gathered, Vec::new());
        }
    }

    fn take_gathered(&mut self) -> Gathered {
        self.due = None;
        std::mem::take(&mut self.gathered)
    }

    fn write(&mut self, gathered: Gathered, release: Vec<Release>) {
        let (candidate, baseline) = (Arc::clone(&self.candidate), self.baseline.clone());
        let of_candidate = |slot: &Slot| slot.side == Side::Candidate;
        let (ended, other_ended) = gathered.into_iter().partition(|(slot, ..)| of_candidate(slot));
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
    async fn slots_are_released_at_once_and_answers_wait_for_others_but_not_for_long() {
        let counted = Arc::new(Counted::default());
        let mut ledger = Ledger::new(Arc::<Counted>::clone(&counted), None);
        let began = Instant::now();
        gather(&mut ledger, 7);
        ledger.begin(release());
        let written = ledger.written().await.expect("written");
        assert_eq!((written.facts.len(), written.released.len()), (0, 1));
        ledger.begin(Vec::new());
        assert!(!ledger.is_writing(), "the answer is not due");
        ledger.due().await;
        assert_eq!(began.elapsed(), Duration::from_millis(GATHERED_MS_MAX));
        ledger.begin(Vec::new());
        let written = ledger.written().await.expect("written");
        assert_eq!(written.facts[0].recorded, Seq(7), "with its place in the history");
        assert_eq!(*counted.0.lock().expect("whole"), [(0, 1), (1, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn many_answers_go_with_the_next_release_and_the_rest_when_all_is_closed() {
        let counted = Arc::new(Counted::default());
        let mut ledger = Ledger::new(Arc::<Counted>::clone(&counted), None);
        (0..128).for_each(|trial| gather(&mut ledger, trial));
        ledger.begin(release());
        gather(&mut ledger, 128);
        ledger.begin(release());
        assert_eq!(ledger.written().await.expect("written").facts.len(), GATHERED_MAX);
        ledger.close();
        assert_eq!(ledger.written().await.expect("written").facts.len(), 1);
        ledger.close();
        assert!(!ledger.is_writing(), "nothing is left");
        assert_eq!(*counted.0.lock().expect("whole"), [(128, 1), (1, 0)]);
    }
}
