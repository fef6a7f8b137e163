//! Which slots to ask next: what the runner does, so that it makes no choice of its own.
//!
//! The runner tells what happened ([`Seen::sent`], [`Seen::ended`], [`Seen::left_open`], …) and does what [`next`]
//! says. It does not run ahead blindly: a slot is asked only when a criterion would hear it before it passes if all
//! that follow pass, and not while a rate may well have failed by then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Came, Hearing, Listener, SlotFacts, Why, hearing::Place, listener::Ahead};
use crate::{
    id::CanonicalError,
    plan::{Plan, Side, Slot},
    spec::Budget,
    time::Seq,
};

/// What to do now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Ask these slots, in this order; never empty.
    Ask(Vec<Slot>),
    /// Something in flight has to end first.
    Wait,
    /// The gate needs no more. What is in flight may be cancelled; an answer that comes is kept and not counted.
    Decided,
    /// It cannot go on, and nothing is in flight.
    Stopped(Why),
}

/// What the present run has used up of its budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Calls that ended, each try counted.
    pub calls: u64,
    /// Millionths of the workspace's currency, where it is known.
    pub cost_micros: i64,
    /// Wall time.
    pub time_ms: u64,
}

/// What is known of a stream: everything on which [`next`] depends. It can be built again from recorded answers
/// alone, in any order.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    hearing: Hearing,
    plan_recorded: Seq,
    window_max: usize,
    /// Answers that came before their turn.
    waiting: BTreeMap<Place, (Came, bool)>,
    asked: BTreeMap<Place, Asked>,
    /// Slots with a smaller number are in flight or ended, so that nobody looks at them again and again.
    settled_below: u64,
    in_flight: usize,
    spent: Spent,
    halted: Option<Why>,
}

/// How far a slot got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    InFlight,
    Open,
    Ended,
}

impl Seen {
    /// Nothing yet. `plan_recorded` is the place of the plan in the workspace's history.
    ///
    /// # Errors
    /// Never for a plan that the gate made.
    pub fn new(plan: &Plan, plan_recorded: Seq) -> Result<Self, CanonicalError> {
        Ok(Self {
            hearing: Hearing::new(plan)?,
            plan_recorded,
            window_max: plan.window_max as usize,
            waiting: BTreeMap::new(),
            asked: BTreeMap::new(),
            settled_below: 0,
            in_flight: 0,
            spent: Spent::default(),
            halted: None,
        })
    }

    /// A slot was sent, or is about to be.
    pub fn sent(&mut self, slot: &Slot) {
        if let Some(place) = self.hearing.place(slot) {
            self.put(place, Some(Asked::InFlight));
        }
    }

    /// A slot has ended: with an answer, an error of the agent, or an answer that will never be known. It is heard
    /// when its turn comes. Facts never change: a second telling is ignored.
    pub fn ended(&mut self, facts: SlotFacts) {
        let reused = facts.recorded < self.plan_recorded;
        self.take(&facts.slot, facts.came, reused);
    }

    /// As [`Self::ended`], of an answer that came just now, after the plan was recorded: its own place in the history
    /// need not be known yet.
    pub fn came(&mut self, slot: &Slot, came: Came) {
        self.take(slot, came, false);
    }

    fn take(&mut self, slot: &Slot, came: Came, reused: bool) {
        let Some(place) = self.hearing.place(slot) else { return };
        if self.asked.get(&place) == Some(&Asked::Ended) {
            return;
        }
        self.put(place, Some(Asked::Ended));
        self.waiting.insert(place, (came, reused));
        while let Some(wanted) = self.hearing.wanted_place() {
            let Some((came, reused)) = self.waiting.remove(&wanted) else { break };
            self.hearing.hear(&came, reused);
        }
    }

    /// The endpoint did not process a slot, however often it was tried: it stays open, and nothing behind it can
    /// be heard in this run.
    pub fn left_open(&mut self, slot: &Slot) {
        if let Some(place) = self.hearing.place(slot) {
            self.put(place, Some(Asked::Open));
        }
    }

    /// A slot came back unasked, or was cancelled: it may be asked again.
    pub fn returned(&mut self, slot: &Slot) {
        if let Some(place) = self.hearing.place(slot) {
            self.put(place, None);
        }
    }

    /// A slot that has ended stays so; else it gets this far, or back to where nobody asked it.
    fn put(&mut self, place: Place, state: Option<Asked>) {
        let before = self.asked.get(&place).copied();
        if before == Some(Asked::Ended) {
            return;
        }
        self.in_flight -= usize::from(before == Some(Asked::InFlight));
        self.in_flight += usize::from(state == Some(Asked::InFlight));
        match state {
            Some(state) => self.asked.insert(place, state),
            None => self.asked.remove(&place),
        };
        if !matches!(state, Some(Asked::InFlight | Asked::Ended)) {
            self.settled_below = 0;
        }
        self.settled_below = self.settled_below.max(self.hearing.behind());
        while let Some(place) = self.hearing.numbered(self.settled_below) {
            if !matches!(self.asked.get(&place), Some(Asked::InFlight | Asked::Ended)) {
                break;
            }
            self.settled_below += 1;
        }
    }

    /// What the run has used up so far.
    pub const fn spend(&mut self, spent: Spent) {
        self.spent = spent;
    }

    /// The run has to stop: a person wants it to, or the served identity changed. The first reason stands, but a
    /// changed identity outweighs any other.
    pub fn halt(&mut self, why: Why) {
        if self.halted.is_none() || why == Why::IdentityChanged {
            self.halted = Some(why);
        }
    }

    /// Whether nothing more is to be asked, whatever the budget: the gate has its answer, or the run has to stop.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.halted.is_some() || self.hearing.ended()
    }

    /// What was heard, and what it says.
    #[must_use]
    pub const fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    /// Slots asked: ended, open or in flight.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Slots in flight.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The slots that are wanted, within reach and neither ended nor in flight, `room` of them at most; and whether
    /// an open slot bars the way.
    fn askable(&self, room: usize) -> (Vec<Slot>, bool) {
        let listeners = self.hearing.criteria();
        let mut ahead: Vec<Ahead> = listeners.iter().map(Listener::ahead).collect();
        let mut closed = false;
        let mut ask = Vec::new();
        for (number, place) in self.hearing.to_come().take(self.window_max) {
            // The whole first round is the candidate's; the live version is asked while the gate is open.
            let open =
                place.side == Side::Candidate || (!closed && ahead.iter().any(|ahead| ahead.steps > 0));
            let mut within = self.hearing.is_opening(place) && open;
            let mut closes = false;
            for hearer in self.hearing.hearers(place) {
                let ahead = &mut ahead[hearer];
                within |= ahead.steps > 0 && !closed;
                // A pair is heard with the live version's slot.
                if place.side == Side::Baseline || !listeners[hearer].compares() {
                    closes |= ahead.steps == 1 && ahead.closes;
                    ahead.steps = ahead.steps.saturating_sub(1);
                }
            }
            // From here on the gate is not met, or hardly, whatever the others say: only the first round is asked to
            // its end.
            closed |= closes;
            if number < self.settled_below {
                continue;
            }
            if !within {
                let done = closed || ahead.iter().all(|ahead| ahead.steps == 0);
                if done && !self.hearing.is_opening(place) {
                    break;
                }
                continue;
            }
            match self.asked.get(&place) {
                Some(Asked::InFlight | Asked::Ended) => {}
                Some(Asked::Open) => return (ask, true),
                None if ask.len() == room => break,
                None => ask.push(self.hearing.slot(place)),
            }
        }
        (ask, false)
    }
}

/// What to do now: a pure function of what was seen. `concurrency` is how many calls may be in flight, at least 1.
///
/// A changed identity stops the run whatever was decided; else a decision outweighs every reason to stop.
#[must_use]
pub fn next(seen: &Seen, budget: &Budget, concurrency: u32) -> Step {
    let in_flight = seen.in_flight;
    let stop = |why| if in_flight == 0 { Step::Stopped(why) } else { Step::Wait };
    match seen.halted {
        Some(Why::IdentityChanged) => return stop(Why::IdentityChanged),
        _ if seen.hearing.ended() => return Step::Decided,
        Some(why) => return stop(why),
        None => {}
    }
    let in_money = budget.cost.is_none_or(|cost| seen.spent.cost_micros < cost.micros);
    let in_time = seen.spent.time_ms < budget.time_ms;
    let calls = budget.calls.saturating_sub(seen.spent.calls).saturating_sub(in_flight as u64);
    let calls = if in_money && in_time { usize::try_from(calls).unwrap_or(usize::MAX) } else { 0 };
    let room = (concurrency.max(1) as usize).saturating_sub(in_flight).min(calls);
    if room == 0 && in_flight > 0 {
        return Step::Wait;
    }
    let (ask, barred) = seen.askable(room);
    if !ask.is_empty() {
        Step::Ask(ask)
    } else if in_flight > 0 {
        Step::Wait
    } else if barred {
        Step::Stopped(Why::Unreachable)
    } else {
        Step::Stopped(Why::BudgetEnded)
    }
}
