//! Running: asks the slots that the plan wants, one stream at a time, and writes down what came.
//!
//! The runner makes no choice. Which slot is asked next, and when it is enough, says [`gate::next`]; how an agent
//! is asked is the agent's business, and where facts are kept the journal's.

mod conversation;
mod identity;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use gatewright_core::{
    gate::{self, Came, Measures, Seen, SlotFacts, Spent, Step, Why},
    id::CaseName,
    observation::TrialId,
    plan::{Plan, Side, Slot},
    score::{Prepared, Scored, TrialScores, TurnFacts, measure},
    spec::{Budget, Case, Measure, Spec, Unit},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::conversation::Conversation;
pub use self::identity::Identities;
use crate::{
    clock::Clock,
    port::{
        agent::{Agent, Record},
        journal::{Ended, How, Journal, JournalError, Release},
    },
};

/// How long calls in flight may still answer once the gate needs no more.
pub const AFTER_DECISION_MS_MAX: u64 = 2_000;

/// Follows a run; called often, so it has to be quick.
pub trait Follow: Send + Sync {
    /// Something was asked or heard.
    fn moved(&self, seen: &Seen, spent: &Spent);
}

/// A version that is asked.
pub struct Asked {
    /// Who answers.
    pub agent: Arc<dyn Agent>,
    /// Where the facts of its stream are kept.
    pub journal: Arc<dyn Journal>,
    /// What the stream's answers said of their origin before.
    pub identities: Identities,
}

/// What a run of one stream needs, or of both of a comparison.
pub struct Assignment {
    /// The rule.
    pub plan: Plan,
    /// The spec that the plan was made of.
    pub spec: Arc<Spec>,
    /// The version to be judged.
    pub candidate: Asked,
    /// The live one, where the plan asks it too.
    pub baseline: Option<Asked>,
    /// For durations.
    pub clock: Arc<dyn Clock>,
    /// What may be used up.
    pub budget: Budget,
    /// Stops the run.
    pub cancel: CancellationToken,
    /// Who follows.
    pub follow: Option<Arc<dyn Follow>>,
}

/// How a run of one stream ended.
#[derive(Debug)]
pub struct Finished {
    /// All that is known of the stream now.
    pub seen: Seen,
    /// Why it stopped without an answer of the gate; none when the gate has one.
    pub stopped: Option<Why>,
    /// What the endpoint said when it stopped the run: "stopped at slot 41: 429".
    pub remark: Option<String>,
    /// What this run used up.
    pub spent: Spent,
    /// Turns asked in this run.
    pub asked: u64,
    /// Tries beyond the first of each turn.
    pub retried: u64,
    /// Whether the cost of every answer is known.
    pub cost_known: bool,
    /// Hosts that were spoken to.
    pub egress: BTreeSet<String>,
}

/// Asks until the gate has its answer or the run has to stop. `seen` holds what earlier runs of the stream
/// recorded.
///
/// # Errors
/// A fact could not be written down: nothing more is asked then. Nothing is asked either when the plan asks a live
/// version and the assignment has none.
pub async fn execute(assignment: Assignment, seen: Seen) -> Result<Finished, JournalError> {
    if assignment.plan.asks_baseline() && assignment.baseline.is_none() {
        return Err(JournalError("the plan compares with a live version, and none was connected".to_owned()));
    }
    Runner::new(assignment, seen).run().await
}

impl Assignment {
    /// Who is asked: the candidate, and the live version where the plan asks it.
    fn asked(&mut self) -> impl Iterator<Item = &mut Asked> {
        std::iter::once(&mut self.candidate).chain(&mut self.baseline)
    }

    /// Who is asked on a side. A plan with slots of the live version comes with one: see [`execute`].
    fn side(&mut self, side: Side) -> &mut Asked {
        match (side, &mut self.baseline) {
            (Side::Baseline, Some(baseline)) => baseline,
            _ => &mut self.candidate,
        }
    }
}

type Back = (Slot, TrialId, Conversation);

struct Runner {
    assignment: Assignment,
    cases: BTreeMap<CaseName, Arc<Case>>,
    in_flight: JoinSet<Back>,
    calls: CancellationToken,
    started: Duration,
    finished: Finished,
}

impl Runner {
    fn new(assignment: Assignment, seen: Seen) -> Self {
        let cases = assignment.spec.cases.iter();
        Self {
            cases: cases.map(|case| (case.name.clone(), Arc::new(case.clone()))).collect(),
            in_flight: JoinSet::new(),
            calls: assignment.cancel.child_token(),
            started: assignment.clock.elapsed(),
            finished: Finished {
                seen,
                stopped: None,
                remark: None,
                spent: Spent::default(),
                asked: 0,
                retried: 0,
                cost_known: true,
                egress: BTreeSet::new(),
            },
            assignment,
        }
    }

    async fn run(mut self) -> Result<Finished, JournalError> {
        let spec = Arc::clone(&self.assignment.spec);
        let prepared = Prepared::new(&spec);
        self.probe().await;
        loop {
            self.tell();
            let concurrency = self.assignment.candidate.agent.concurrency();
            match gate::next(&self.finished.seen, &self.assignment.budget, concurrency) {
                Step::Ask(slots) => self.ask(slots).await?,
                Step::Wait => self.wait(&prepared).await?,
                Step::Decided => break,
                Step::Stopped(why) => {
                    self.finished.stopped = Some(why);
                    break;
                }
            }
        }
        self.after_decision(&prepared).await?;
        if self.finished.asked > 0 {
            self.probe().await;
        }
        if self.changed() {
            self.finished.stopped = Some(Why::IdentityChanged);
        }
        for asked in self.assignment.asked() {
            asked.journal.flush().await?;
        }
        self.tell();
        Ok(self.finished)
    }

    /// Asks the addresses what they serve, where the workspace names a way. That one cannot say is no change.
    async fn probe(&mut self) {
        for asked in self.assignment.asked() {
            match asked.agent.served(&self.calls).await {
                Ok(Some(served)) => asked.identities.note("served", &served),
                Ok(None) => {}
                Err(_) if self.calls.is_cancelled() => {}
                Err(why) => tracing::warn!(%why, "the address did not say what it serves"),
            }
        }
        self.halt_when_changed();
    }

    fn changed(&mut self) -> bool {
        self.assignment.asked().any(|asked| asked.identities.changed())
    }

    fn halt_when_changed(&mut self) {
        if self.changed() {
            self.finished.seen.halt(Why::IdentityChanged);
        }
    }

    async fn ask(&mut self, slots: Vec<Slot>) -> Result<(), JournalError> {
        let release = |slot: &Slot| {
            let case = &self.cases[&slot.case];
            Release { slot: slot.clone(), input: case.input }
        };
        let mut trials = BTreeMap::new();
        for side in [Side::Candidate, Side::Baseline] {
            let releases: Vec<Release> = slots.iter().filter(|slot| slot.side == side).map(release).collect();
            if releases.is_empty() {
                continue;
            }
            let released = self.assignment.side(side).journal.release(&releases).await?;
            trials.extend(releases.into_iter().map(|release| release.slot).zip(released));
        }
        for (slot, trial) in slots.into_iter().filter_map(|slot| trials.remove_entry(&slot)) {
            self.finished.seen.sent(&slot);
            let case = Arc::clone(&self.cases[&slot.case]);
            let agent = Arc::clone(&self.assignment.side(slot.side).agent);
            let cancel = self.calls.clone();
            let session = uuid::Uuid::now_v7().to_string();
            self.in_flight.spawn(async move {
                let came = conversation::ask(agent.as_ref(), &case, session, &cancel).await;
                (slot, trial, came)
            });
        }
        Ok(())
    }

    /// Waits until something in flight ends, time runs out, or the run is stopped.
    async fn wait(&mut self, prepared: &Prepared) -> Result<(), JournalError> {
        let used = self.assignment.clock.elapsed().saturating_sub(self.started);
        let left = Duration::from_millis(self.assignment.budget.time_ms).saturating_sub(used);
        tokio::select! {
            back = self.in_flight.join_next() => {
                if let Some(back) = back {
                    self.take(back, prepared).await?;
                }
            }
            () = self.assignment.cancel.cancelled() => {
                self.finished.seen.halt(Why::Cancelled);
                self.drain(prepared).await?;
            }
            () = tokio::time::sleep(left), if !left.is_zero() => {
                self.calls.cancel();
                self.drain(prepared).await?;
            }
        }
        Ok(())
    }

    /// Lets what is in flight answer for a moment, then closes it. Answers that come are kept, not counted.
    async fn after_decision(&mut self, prepared: &Prepared) -> Result<(), JournalError> {
        let grace = tokio::time::sleep(Duration::from_millis(AFTER_DECISION_MS_MAX));
        tokio::pin!(grace);
        while !self.in_flight.is_empty() {
            tokio::select! {
                back = self.in_flight.join_next() => {
                    if let Some(back) = back {
                        self.take(back, prepared).await?;
                    }
                }
                () = &mut grace => break,
                () = self.assignment.cancel.cancelled() => break,
            }
        }
        self.calls.cancel();
        self.drain(prepared).await
    }

    async fn drain(&mut self, prepared: &Prepared) -> Result<(), JournalError> {
        while let Some(back) = self.in_flight.join_next().await {
            self.take(back, prepared).await?;
        }
        Ok(())
    }

    async fn take(
        &mut self,
        back: Result<Back, tokio::task::JoinError>,
        prepared: &Prepared,
    ) -> Result<(), JournalError> {
        let (slot, trial, Conversation { how, turns }) = match back {
            Ok(back) => back,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.count(slot.side, &turns);
        let Some(how) = how else {
            self.finished.seen.returned(&slot);
            return Ok(());
        };
        let case = Arc::clone(&self.cases[&slot.case]);
        let facts: Vec<TurnFacts<'_>> = turns
            .iter()
            .map(|turn| TurnFacts { reply: &turn.reply, timing: turn.timing, cost: turn.cost })
            .collect();
        let scores = (how == How::Answered).then(|| prepared.trial(&case, &facts));
        let came = came(&how, scores.as_ref(), &facts);
        if let How::Open { class, message } = &how {
            self.finished
                .remark
                .get_or_insert_with(|| format!("stopped at `{}`: {} ({message})", slot.case, class.0));
        }
        let ended = Ended { trial, case: case.name.clone(), meaning: case.meaning, how, turns, scores };
        let recorded = self.assignment.side(slot.side).journal.end(ended).await?;
        match came {
            Some(came) => self.finished.seen.ended(SlotFacts { slot, came, recorded }),
            None => self.finished.seen.left_open(&slot),
        }
        self.halt_when_changed();
        Ok(())
    }

    fn count(&mut self, side: Side, turns: &[Record]) {
        let finished = &mut self.finished;
        for turn in turns {
            let tries = u64::try_from(turn.tries.len()).unwrap_or(u64::MAX).max(1);
            finished.asked += 1;
            finished.retried += tries - 1;
            finished.spent.calls += tries;
            match turn.cost {
                Some(cost) => finished.spent.cost_micros += cost.micros,
                None => finished.cost_known = false,
            }
            finished.egress.extend(turn.host.clone());
            let identities = &mut self.assignment.side(side).identities;
            for (name, value) in &turn.identity {
                identities.note(name, value);
            }
        }
    }

    fn tell(&mut self) {
        let used = self.assignment.clock.elapsed().saturating_sub(self.started);
        self.finished.spent.time_ms = u64::try_from(used.as_millis()).unwrap_or(u64::MAX);
        self.finished.seen.spend(self.finished.spent);
        if let Some(follow) = &self.assignment.follow {
            follow.moved(&self.finished.seen, &self.finished.spent);
        }
    }
}

/// What the gate is told of a trial; none when its slot stays open.
#[must_use]
pub fn came(how: &How, scores: Option<&TrialScores>, turns: &[TurnFacts<'_>]) -> Option<Came> {
    match how {
        How::Open { .. } => None,
        How::AgentError { class, .. } => Some(Came::AgentError(class.clone())),
        How::Missing { class, .. } => Some(Came::Missing(class.clone())),
        How::Answered => {
            let scores = scores.cloned().unwrap_or_default();
            let named = scores.named.into_iter();
            Some(Came::Answer {
                passed: scores.passed,
                scores: named.map(|(name, scored)| (name, score(&scored))).collect(),
                measures: Measures {
                    latency_ms: measure(Measure::LatencyMs, turns),
                    first_token_ms: measure(Measure::FirstTokenMs, turns),
                    cost_micros: measure(Measure::CostMicros, turns),
                    tokens_out: measure(Measure::TokensOut, turns),
                },
            })
        }
    }
}

fn score(scored: &Scored) -> Option<Unit> {
    match scored {
        Scored::Value { score, .. } => Some(*score),
        Scored::NotJudged { .. } => None,
    }
}
