//! A scripted agent and a runner on virtual time: answers come out of order, failures may come late, answers get
//! lost, and the runner may be killed at any moment. Everything but the answers is the code that a run uses.

use std::collections::BTreeMap;

use super::Draw;
use crate::{
    gate::{Came, Hearing, Seen, SlotFacts, Spent, Step, Why, next},
    id::CanonicalError,
    plan::{Plan, Slot},
    spec::Budget,
    time::Seq,
};

/// Place of the plan in the history of a simulation; whatever a run records comes after it.
pub const PLAN_RECORDED: Seq = Seq(1);

/// Somebody who answers.
pub trait Answers {
    /// What comes of a slot: the same whenever it is asked.
    fn came(&self, slot: &Slot) -> Came;

    /// Milliseconds until it does, at least 1.
    fn takes_ms(&self, slot: &Slot, came: &Came) -> u64;

    /// Whether the endpoint ever processes it.
    fn reachable(&self, _slot: &Slot) -> bool {
        true
    }
}

/// How a run is driven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drive {
    /// Calls in flight at most.
    pub concurrency: u32,
    /// What the run may use up.
    pub budget: Budget,
    /// The runner is killed after each so many answers; what is in flight is lost, and asked again by the next one.
    pub killed_every: Option<u64>,
}

impl Drive {
    /// A run that nobody stops.
    #[must_use]
    pub const fn at(concurrency: u32) -> Self {
        let budget = Budget { calls: u64::MAX, cost: None, time_ms: u64::MAX };
        Self { concurrency, budget, killed_every: None }
    }
}

/// What a run left behind.
#[derive(Clone, PartialEq, Debug)]
pub struct Ran {
    /// In the order in which they were recorded.
    pub facts: Vec<SlotFacts>,
    /// Why it stopped; none when the gate has its answer.
    pub stop: Option<Why>,
    /// What is known in the end.
    pub seen: Seen,
    /// Slots asked, those asked again after a kill included.
    pub asked: u64,
    /// The most that was in flight at once.
    pub in_flight_most: usize,
}

/// Runs a plan to its end, going on from recorded facts.
///
/// # Errors
/// Never for a plan that the gate made.
pub fn run(
    plan: &Plan,
    answers: &impl Answers,
    drive: &Drive,
    recorded: &[SlotFacts],
) -> Result<Ran, CanonicalError> {
    let mut facts = recorded.to_vec();
    let mut seen = rebuilt(plan, &facts)?;
    let mut flying: BTreeMap<(u64, Slot), Came> = BTreeMap::new();
    let (mut now, mut asked, mut answered, mut in_flight_most) = (0, 0, 0, 0);
    let stop = loop {
        seen.spend(Spent { calls: answered, cost_micros: 0, time_ms: now });
        match next(&seen, &drive.budget, drive.concurrency) {
            Step::Ask(slots) => {
                for slot in slots {
                    seen.sent(&slot);
                    asked += 1;
                    let came = answers.came(&slot);
                    let takes = answers.takes_ms(&slot, &came);
                    flying.insert((now.saturating_add(takes), slot), came);
                }
                in_flight_most = in_flight_most.max(seen.in_flight());
            }
            Step::Decided => break None,
            Step::Stopped(why) => break Some(why),
            Step::Wait => {
                // Nothing waits for nothing: a runner in which nothing flies could never go on.
                let Some(((at, slot), came)) = flying.pop_first() else { break Some(Why::Unreachable) };
                now = at;
                answered += 1;
                if !answers.reachable(&slot) {
                    seen.left_open(&slot);
                    continue;
                }
                let place = u64::try_from(facts.len()).unwrap_or(u64::MAX).saturating_add(1);
                let ended = SlotFacts { came, slot, recorded: Seq(PLAN_RECORDED.0.saturating_add(place)) };
                facts.push(ended.clone());
                seen.ended(ended);
                if drive.killed_every.is_some_and(|every| every > 0 && answered % every == 0) {
                    flying.clear();
                    seen = rebuilt(plan, &facts)?;
                }
            }
        }
    };
    Ok(Ran { facts, stop, seen, asked, in_flight_most })
}

/// What a fresh runner knows: the recorded facts, in any order.
///
/// # Errors
/// Never for a plan that the gate made.
pub fn rebuilt(plan: &Plan, facts: &[SlotFacts]) -> Result<Seen, CanonicalError> {
    let mut seen = Seen::new(plan, PLAN_RECORDED)?;
    let order = Draw::of(&plan.id.0);
    let shuffled: BTreeMap<_, _> =
        (0..).zip(facts).map(|(number, facts)| ((order.below(number, u64::MAX), number), facts)).collect();
    shuffled.into_values().for_each(|facts| seen.ended(facts.clone()));
    Ok(seen)
}

/// What the gate hears of these answers when they come in the order of its stream: by its rule the same as in any
/// other order, and sooner computed.
///
/// # Errors
/// Never for a plan that the gate made.
pub fn hear(plan: &Plan, answers: &impl Answers) -> Result<Hearing, CanonicalError> {
    let mut hearing = Hearing::new(plan)?;
    while let Some(slot) = hearing.wanted() {
        hearing.hear(&answers.came(&slot), false);
    }
    Ok(hearing)
}
