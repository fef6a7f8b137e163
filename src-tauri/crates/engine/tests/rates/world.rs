//! A version and its weather on virtual time: an agent whose answers come out of order, late when they fail, and
//! sometimes never; a journal; and a runner that is killed again and again.

use std::{
    future::ready,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use gatewright_core::{
    gate::{Outcome, Seen, SlotFacts},
    observation::{ErrorClass, TrialId},
    plan::{Plan, Slot},
    score::TurnFacts,
    selftest::Draw,
    spec::{Budget, Spec},
    time::{Millis, Seq},
    verdict::{Inquiry, judge},
    version::Grade,
};
use gatewright_engine::{
    clock::Clock,
    port::{
        agent::{Agent, Asked, Call, Record},
        journal::{Batch, Ended, Journal, JournalError, Recorded},
    },
    run::{self, Assignment, Identities},
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::row::{Level, Live, Row};

/// Place of the plan in the history; everything that a run records comes after it.
const PLAN_RECORDED: Seq = Seq(5);
const CONCURRENCY: u32 = 16;
/// A runner is killed after so many answers.
const ANSWERS_A_LIFE: u64 = 41;
/// What the journal takes for a batch. A runner that is killed meanwhile loses the batch.
const RECORDING: Duration = Duration::from_millis(3);
/// Where the luck of a live version begins.
const LIVE: u64 = u64::MAX;

/// What became of a version.
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    pub(crate) heard: u64,
    pub(crate) asked: u64,
}

/// Time as the runtime has it.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Millis {
        Millis(0)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What a runner does before it is killed, over all that it asks.
struct Life {
    answers: AtomicU64,
    killed: CancellationToken,
}

/// An agent and its network.
struct Scripted {
    level: Level,
    /// Whether the pass rate alone is heard: an error of the agent scores 0 in every metric.
    may_err: bool,
    draw: Draw,
    asked: Arc<AtomicU64>,
    life: Arc<Life>,
    /// Where the runner has written which slot it asks next.
    journal: Arc<Memory>,
}

impl Agent for Scripted {
    fn ask<'a>(&'a self, call: &'a Call, cancel: &'a CancellationToken) -> BoxFuture<'a, Asked> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let slot = self.journal.next_asked();
        assert_eq!(slot.case.as_str().strip_prefix("case-"), Some(call.user.as_str()), "asked as released");
        let case = call.user.parse().expect("a number");
        // The same whenever the slot is asked, but for those that answer anew.
        let draw = self.draw.at(case as u64).at(u64::from(slot.round));
        let passed = draw.fraction(1) < (self.level.right)(case);
        let fast = draw.fraction(2) < self.level.fast;
        let slow = if passed && fast { 0 } else { 200 };
        let asked = self.came(draw, passed, fast);
        Box::pin(async move {
            let takes = Duration::from_millis(1 + slow + draw.below(6, 50));
            if cancel.run_until_cancelled(sleep(takes)).await.is_none() {
                return Asked::Cancelled;
            }
            if self.life.answers.fetch_add(1, Ordering::Relaxed) + 1 == ANSWERS_A_LIFE {
                self.life.killed.cancel();
            }
            asked
        })
    }

    fn concurrency(&self) -> u32 {
        CONCURRENCY
    }

    fn served<'a>(&'a self, _: &'a CancellationToken) -> BoxFuture<'a, Result<Option<String>, String>> {
        Box::pin(ready(Ok(None)))
    }
}

impl Scripted {
    fn came(&self, draw: Draw, passed: bool, fast: bool) -> Asked {
        let mut record = Box::new(Record::default());
        let lost = if passed && fast { 0.005 } else { 0.03 };
        if draw.fraction(4) < lost {
            let class = ErrorClass("status-500".to_owned());
            return Asked::Missing { class, message: "lost".to_owned(), record };
        }
        if self.may_err && !passed && draw.fraction(5) < 0.2 {
            let class = ErrorClass("deadline".to_owned());
            return Asked::AgentError { class, message: "too late".to_owned(), record };
        }
        // 1 or ½, so that the mean is as wanted.
        let polite =
            if draw.fraction(3) < 2.0 * self.level.polite - 1.0 { "please, thanks" } else { "please" };
        record.reply.text = format!("{} {polite}", if passed { "right" } else { "wrong" });
        record.timing.total_us = if fast { 1_000_000 } else { 3_000_000 };
        Asked::Answered(record)
    }
}

/// The journal of one side. It outlives the runner.
#[derive(Default)]
struct Memory {
    kept: Mutex<Kept>,
    place: Arc<AtomicU64>,
}

#[derive(Default)]
struct Kept {
    /// By trial.
    released: Vec<Slot>,
    /// Of those, asked so far. They are asked in this order.
    asked: usize,
    facts: Vec<SlotFacts>,
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts(&self) -> Vec<SlotFacts> {
        self.kept().facts.clone()
    }

    fn next_asked(&self) -> Slot {
        let mut kept = self.kept();
        kept.asked += 1;
        kept.released[kept.asked - 1].clone()
    }

    /// The runner is gone: what it had written down and did not ask is released anew.
    fn begin_anew(&self) {
        let mut kept = self.kept();
        kept.asked = kept.released.len();
    }

    fn keep(&self, batch: Batch) -> Recorded {
        let mut kept = self.kept();
        let mut recorded = Recorded::default();
        for ended in batch.ended {
            let place = Seq(PLAN_RECORDED.0 + 1 + self.place.fetch_add(1, Ordering::Relaxed));
            recorded.ended.push(place);
            let slot = kept.released[usize::try_from(ended.trial.0).expect("a place")].clone();
            kept.facts.extend(fact(slot, &ended, place));
        }
        for release in batch.release {
            recorded.released.push(TrialId(i64::try_from(kept.released.len()).expect("few")));
            kept.released.push(release.slot);
        }
        recorded
    }
}

/// What the gate is told of a trial that was read back.
fn fact(slot: Slot, ended: &Ended, recorded: Seq) -> Option<SlotFacts> {
    let turns: Vec<TurnFacts<'_>> = ended
        .turns
        .iter()
        .map(|turn| TurnFacts { reply: &turn.reply, timing: turn.timing, cost: turn.cost })
        .collect();
    run::came(&ended.how, ended.scores.as_ref(), &turns).map(|came| SlotFacts { slot, came, recorded })
}

impl Journal for Memory {
    fn record(&self, batch: Batch) -> BoxFuture<'_, Result<Recorded, JournalError>> {
        Box::pin(async move {
            sleep(RECORDING).await;
            Ok(self.keep(batch))
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), JournalError>> {
        Box::pin(ready(Ok(())))
    }
}

/// Asks a version until its gate has its answer, however often the runner is killed.
pub(crate) async fn judged(row: &Row, plan: &Plan, spec: &Arc<Spec>, level: Level, draw: Draw) -> Judged {
    let place = Arc::<AtomicU64>::default();
    let journal = || Arc::new(Memory { place: Arc::clone(&place), ..Memory::default() });
    let (candidate, live) = (journal(), journal());
    let asked = Arc::<AtomicU64>::default();
    let may_err = level.polite + level.fast + row.good.polite + row.good.fast > 3.999;
    let mut draw = draw;
    let mut lives = 0;
    let stop = loop {
        lives += 1;
        let life = Arc::new(Life { answers: AtomicU64::new(0), killed: CancellationToken::new() });
        let side = |level, draw, journal: &Arc<Memory>| {
            journal.begin_anew();
            let (asked, life, kept) = (Arc::clone(&asked), Arc::clone(&life), Arc::clone(journal));
            run::Asked {
                agent: Arc::new(Scripted { level, may_err, draw, asked, life, journal: kept }),
                journal: Arc::<Memory>::clone(journal),
                identities: Identities::default(),
            }
        };
        let mut seen = Seen::new(plan, PLAN_RECORDED).expect("a plan of the gate");
        candidate.facts().into_iter().chain(live.facts()).for_each(|facts| seen.ended(facts));
        let assignment = Assignment {
            plan: plan.clone(),
            spec: Arc::clone(spec),
            candidate: side(level, draw, &candidate),
            baseline: (row.live == Live::Asked).then(|| side(row.good, draw.at(LIVE), &live)),
            clock: Arc::new(Virtual(Instant::now())),
            budget: Budget { calls: u64::MAX, cost: None, time_ms: 1_000_000_000 },
            cancel: CancellationToken::new(),
            follow: None,
        };
        tokio::select! {
            // Dropped where it stands: what is in flight was released, and is never recorded.
            () = life.killed.cancelled(), if lives == 1 || !row.answers_anew => {}
            finished = run::execute(assignment, seen) => break finished.expect("recorded").stopped,
        }
        if row.answers_anew {
            draw = draw.at(lives);
        }
    };
    let facts: Vec<SlotFacts> = candidate.facts().into_iter().chain(live.facts()).collect();
    let (grade, seq) = (Grade::Sent, Seq(u64::MAX));
    let inquiry =
        Inquiry { plan, plan_recorded: PLAN_RECORDED, facts: &facts, stop, grade, earlier: &[], seq };
    let verdict = judge(&inquiry).expect("a plan of the gate");
    let mut seen = Seen::new(plan, PLAN_RECORDED).expect("a plan of the gate");
    facts.into_iter().for_each(|facts| seen.ended(facts));
    Judged {
        outcome: verdict.outcome,
        heard: u64::from(seen.hearing().heard()),
        asked: asked.load(Ordering::Relaxed),
    }
}
