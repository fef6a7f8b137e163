//! Running: asks the slots that the plan wants, one stream at a time, and writes down what came.
//!
//! The runner makes no choice. Which slot is asked next, and when it is enough, says [`gate::next`]; how an agent
//! is asked is the agent's business, and where facts are kept the journal's.

mod conversation;
mod identity;
mod ledger;

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

pub use self::identity::{Identities, VERSION_HEADER};
use self::{
    conversation::Conversation,
    ledger::{Ledger, Written},
};
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
    /// What this run recorded of it.
    pub facts: Vec<SlotFacts>,
    /// By case, the newest trial of this run that broke its rule or has no answer, with the words of why.
    pub broken: BTreeMap<CaseName, (TrialId, String)>,
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
type Joined = Result<Back, tokio::task::JoinError>;

struct Runner {
    assignment: Assignment,
    cases: BTreeMap<CaseName, Arc<Case>>,
    in_flight: JoinSet<Back>,
    ledger: Ledger,
    calls: CancellationToken,
    started: Duration,
    out_of_time: bool,
    finished: Finished,
}

impl Runner {
    fn new(assignment: Assignment, seen: Seen) -> Self {
        let cases = assignment.spec.cases.iter();
        Self {
            cases: cases.map(|case| (case.name.clone(), Arc::new(case.clone()))).collect(),
            in_flight: JoinSet::new(),
            ledger: Ledger::new(
                Arc::clone(&assignment.candidate.journal),
                assignment.baseline.as_ref().map(|baseline| Arc::clone(&baseline.journal)),
            ),
            calls: assignment.cancel.child_token(),
            started: assignment.clock.elapsed(),
            out_of_time: false,
            finished: Finished {
                seen,
                facts: Vec::new(),
                broken: BTreeMap::new(),
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
        while self.step(&prepared).await? {}
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

    /// Whether something else answered than the versions that were asked for, or not they alone.
    fn changed(&self) -> bool {
        let Assignment { plan, candidate, baseline, .. } = &self.assignment;
        let sides = [(Some(candidate), Some(&plan.stream)), (baseline.as_ref(), plan.baseline.as_ref())];
        let mut asked = sides.into_iter().filter_map(|(asked, stream)| Some((asked?, stream?.version)));
        asked.any(|(asked, version)| !asked.identities.may_be_of(version))
    }

    fn halt_when_changed(&mut self) {
        if !self.changed() {
            return;
        }
        self.finished.seen.halt(Why::IdentityChanged);
        let asked = self.assignment.plan.stream.version;
        if let Some(named) = self.assignment.candidate.identities.another_than(asked) {
            let (named, asked) = (named.0.short(), asked.0.short());
            let said = format!("what answered says that it is {named}, not {asked}");
            self.finished.remark.get_or_insert(said);
        }
    }

    /// Does what the gate says, and waits until something has come of it. Whether the run goes on.
    async fn step(&mut self, prepared: &Prepared) -> Result<bool, JournalError> {
        self.tell();
        // Slots are chosen when they can be written down at once, with all that was heard until then.
        if !self.ledger.is_writing() {
            let concurrency = self.assignment.candidate.agent.concurrency();
            match gate::next(&self.finished.seen, &self.assignment.budget, concurrency) {
                Step::Ask(slots) => self.begin(&slots),
                Step::Wait => self.begin(&[]),
                Step::Decided => return Ok(false),
                Step::Stopped(why) => {
                    self.finished.stopped = Some(why);
                    return Ok(false);
                }
            }
        }
        self.wait(prepared).await?;
        Ok(true)
    }

    /// Begins the next batch: `slots`, which are asked once it is written, and what ended until now.
    fn begin(&mut self, slots: &[Slot]) {
        let release = |slot: &Slot| Release { slot: slot.clone(), input: self.cases[&slot.case].input };
        self.ledger.begin(slots.iter().map(release).collect());
        slots.iter().for_each(|slot| self.finished.seen.sent(slot));
    }

    /// Waits until something in flight ends, a batch is written, time runs out, or the run is stopped.
    async fn wait(&mut self, prepared: &Prepared) -> Result<(), JournalError> {
        let used = self.assignment.clock.elapsed().saturating_sub(self.started);
        let left = Duration::from_millis(self.assignment.budget.time_ms).saturating_sub(used);
        let cancel = self.assignment.cancel.clone();
        tokio::select! {
            moved = self.moved(prepared) => return moved.map(drop),
            () = cancel.cancelled() => self.finished.seen.halt(Why::Cancelled),
            () = tokio::time::sleep(left), if !left.is_zero() => {
                self.out_of_time = true;
                self.calls.cancel();
            }
        }
        self.drain(prepared).await
    }

    /// Waits until something in flight ends or a batch is written; false when neither can happen. Dropping the wait
    /// loses nothing.
    async fn moved(&mut self, prepared: &Prepared) -> Result<bool, JournalError> {
        let Self { ledger, in_flight, .. } = self;
        if ledger.is_writing() {
            tokio::select! {
                written = ledger.written() => self.written(written?),
                Some(back) = in_flight.join_next() => self.take_all(back, prepared),
            }
        } else {
            tokio::select! {
                Some(back) = in_flight.join_next() => self.take_all(back, prepared),
                () = ledger.due(), if !in_flight.is_empty() => ledger.begin(Vec::new()),
                else => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Asks the slots whose release is written down.
    fn written(&mut self, written: Written) {
        self.finished.facts.extend(written.facts);
        for (slot, trial) in written.released {
            // Decided or stopped meanwhile: it is not asked.
            if self.finished.seen.is_over() {
                self.finished.seen.returned(&slot);
                continue;
            }
            let case = Arc::clone(&self.cases[&slot.case]);
            let agent = Arc::clone(&self.assignment.side(slot.side).agent);
            let cancel = self.calls.clone();
            let session = uuid::Uuid::now_v7().to_string();
            self.in_flight.spawn(async move {
                let came = conversation::ask(agent.as_ref(), &case, session, &cancel).await;
                (slot, trial, came)
            });
        }
    }

    /// Lets what is in flight answer for a moment, then closes it. Answers that come are kept, not counted.
    async fn after_decision(&mut self, prepared: &Prepared) -> Result<(), JournalError> {
        let grace = tokio::time::sleep(Duration::from_millis(AFTER_DECISION_MS_MAX));
        let cancel = self.assignment.cancel.clone();
        tokio::select! {
            drained = self.drain(prepared) => return drained,
            () = grace => {}
            () = cancel.cancelled() => {}
        }
        self.calls.cancel();
        self.drain(prepared).await
    }

    /// Waits until nothing is in flight, and all that ended is written down.
    async fn drain(&mut self, prepared: &Prepared) -> Result<(), JournalError> {
        loop {
            self.ledger.close();
            if !self.moved(prepared).await? {
                return Ok(());
            }
        }
    }

    /// Takes what came back, with all else that has.
    fn take_all(&mut self, first: Joined, prepared: &Prepared) {
        self.take(first, prepared);
        while let Some(back) = self.in_flight.try_join_next() {
            self.take(back, prepared);
        }
    }

    /// Scores what came back, and tells the gate at once: its place in the history follows with the batch.
    fn take(&mut self, back: Joined, prepared: &Prepared) {
        let (slot, trial, Conversation { how, turns }) = match back {
            Ok(back) => back,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.count(slot.side, &turns);
        let Some(how) = how else {
            self.finished.seen.returned(&slot);
            return;
        };
        let case = Arc::clone(&self.cases[&slot.case]);
        let facts: Vec<TurnFacts<'_>> = turns
            .iter()
            .map(|turn| TurnFacts { reply: &turn.reply, timing: turn.timing, cost: turn.cost })
            .collect();
        let scores = (how == How::Answered).then(|| prepared.trial(&case, &facts));
        let came = came(&how, scores.as_ref(), &facts);
        if let How::Open { message, .. } = &how {
            self.finished.remark.get_or_insert_with(|| format!("stopped at `{}`: {message}", slot.case));
        }
        let broken = scores.as_ref().and_then(broken).or_else(|| trouble(&how));
        if let Some(why) = broken.filter(|_| slot.side == Side::Candidate) {
            let newest = self.finished.broken.entry(case.name.clone()).or_insert((trial, String::new()));
            if newest.0 <= trial {
                *newest = (trial, why);
            }
        }
        match &came {
            Some(came) => self.finished.seen.came(&slot, came.clone()),
            None => self.finished.seen.left_open(&slot),
        }
        let ended = Ended { trial, case: case.name.clone(), meaning: case.meaning, how, turns, scores };
        self.ledger.gather(slot, ended, came);
        self.halt_when_changed();
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
        let used_ms = u64::try_from(used.as_millis()).unwrap_or(u64::MAX);
        // The timer may be ahead of the clock: what it ended is over, or cancelled calls would be asked for ever.
        let used_up = if self.out_of_time { self.assignment.budget.time_ms } else { 0 };
        self.finished.spent.time_ms = used_ms.max(used_up);
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

/// The words of what broke the rule of a case; none when nothing did.
#[must_use]
pub fn broken(scores: &TrialScores) -> Option<String> {
    let mut said: Vec<&str> = Vec::new();
    for why in scores.unmet().map(|score| score.value.why()) {
        if !said.contains(&why) {
            said.push(why);
        }
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// Why a trial has no answer, in words; none where it has one, or its slot stays open.
#[must_use]
pub fn trouble(how: &How) -> Option<String> {
    match how {
        How::AgentError { message, .. } => Some(format!("the agent erred: {message}")),
        How::Missing { message, .. } => Some(format!("no answer: {message}")),
        How::Answered | How::Open { .. } => None,
    }
}

fn score(scored: &Scored) -> Option<Unit> {
    match scored {
        Scored::Value { score, .. } => Some(*score),
        Scored::NotJudged { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use gatewright_core::{
        id::{Digest, ScorerId},
        score::{ExpectationScore, Scored, TrialScores},
        spec::Unit,
    };

    #[test]
    fn what_several_expectations_fail_by_is_said_once() {
        let found = |expectation: u16, passed: bool, why: &str| ExpectationScore {
            turn: 0,
            expectation,
            scorer: ScorerId(Digest([0; 32])),
            value: Scored::Value { score: Unit::ZERO, passed, why: why.to_owned() },
        };
        let slow = "the answer took 4 s";
        let expected = vec![
            found(0, false, slow),
            found(1, false, "no `refund`"),
            found(2, false, slow),
            found(3, true, "polite"),
        ];
        let scores = TrialScores { passed: Some(false), expected, ..TrialScores::default() };
        assert_eq!(super::broken(&scores).as_deref(), Some("the answer took 4 s; no `refund`"));
        assert_eq!(super::broken(&TrialScores::default()), None);
    }
}
