//! A world in virtual time: an agent whose every answer is scripted from a seed, a network that delays and loses,
//! and a runner that does what the gate says and nothing else, and may be killed at any time.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_core::{
    gate::{Came, Seen, SlotFacts, Spent, Step, Why, next},
    observation::ErrorClass,
    plan::{Plan, Side, Slot},
    spec::Budget,
    time::Seq,
    verdict::{Inquiry, Verdict, judge},
    version::Grade,
};

use crate::kit::{graded, missing};

/// Place of the plan in the history; everything that a run records comes after it.
pub(crate) const PLAN_RECORDED: Seq = Seq(5);

/// A number that depends on nothing but what it is made of (SplitMix64's finaliser).
pub(crate) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// The same as a fraction in [0, 1).
pub(crate) fn fraction(parts: &[u64]) -> f64 {
    (mix(parts) >> 11) as f64 / (1_u64 << 53) as f64
}

/// An agent and its network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// Probability that an answer passes. One that does is as polite as can be, another 0, ¼, ½ or ¾.
    pub(crate) right: f64,
    /// Probability that an answer is lost, and how much more often a failing one is.
    pub(crate) lost: f64,
    pub(crate) lost_if_failed: f64,
    /// Probability that a failing answer is an error of the agent.
    pub(crate) errs: f64,
    /// Milliseconds that a failing answer takes longer.
    pub(crate) slow_failures: u64,
    /// Whether a case has one answer, whatever the round.
    pub(crate) steady: bool,
    /// Seed of the delays alone: it changes when answers come, never which.
    pub(crate) delays: u64,
}

/// Who answers in a world: one agent, or one a side.
pub(crate) trait Answers {
    /// What comes of a slot: the same whenever it is asked.
    fn came(&self, slot: &Slot) -> Came;
    /// Milliseconds until it comes.
    fn delay(&self, slot: &Slot, came: &Came) -> u64;
}

/// A candidate and a live version, each with its own luck and network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Both {
    pub(crate) candidate: World,
    pub(crate) live: World,
}

impl Both {
    fn asked(&self, slot: &Slot) -> &World {
        match slot.side {
            Side::Candidate => &self.candidate,
            Side::Baseline => &self.live,
        }
    }
}

impl Answers for Both {
    fn came(&self, slot: &Slot) -> Came {
        self.asked(slot).came(slot)
    }

    fn delay(&self, slot: &Slot, came: &Came) -> u64 {
        self.asked(slot).delay(slot, came)
    }
}

impl World {
    pub(crate) const CALM: Self = Self {
        seed: 1,
        right: 1.0,
        lost: 0.0,
        lost_if_failed: 0.0,
        errs: 0.0,
        slow_failures: 0,
        delays: 0,
        steady: false,
    };

    fn key(slot: &Slot) -> u64 {
        slot.case.as_str().bytes().fold(u64::from(slot.round), |key, byte| mix(&[key, u64::from(byte)]))
    }

    /// What comes of a slot: the same whenever it is asked.
    pub(crate) fn came(&self, slot: &Slot) -> Came {
        let key = Self::key(slot);
        let told = if self.steady { Self::key(&Slot { round: 0, ..slot.clone() }) } else { key };
        let passed = fraction(&[self.seed, told, 1]) < self.right;
        let lost = if passed { self.lost } else { self.lost_if_failed };
        if fraction(&[self.seed, key, 2]) < lost {
            missing()
        } else if !passed && fraction(&[self.seed, told, 3]) < self.errs {
            Came::AgentError(ErrorClass("deadline".to_owned()))
        } else {
            let quarters = if passed { 4 } else { mix(&[self.seed, told, 4]) % 4 };
            graded(passed, Some(quarters as f64 / 4.0))
        }
    }

    pub(crate) fn delay(&self, slot: &Slot, came: &Came) -> u64 {
        let passed = matches!(came, Came::Answer { passed: Some(true), .. });
        let slow = if passed { 0 } else { self.slow_failures };
        1 + slow + mix(&[self.delays, Self::key(slot)]) % 50
    }
}

impl Answers for World {
    fn came(&self, slot: &Slot) -> Came {
        Self::came(self, slot)
    }

    fn delay(&self, slot: &Slot, came: &Came) -> u64 {
        Self::delay(self, slot, came)
    }
}

/// How a run is driven.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drive {
    pub(crate) concurrency: u32,
    pub(crate) budget: Budget,
    /// The runner is killed after each so many answers; what is in flight is lost and asked again.
    pub(crate) killed_every: Option<u64>,
    /// Slots that the endpoint never processes.
    pub(crate) unreachable: Option<fn(&Slot) -> bool>,
}

impl Drive {
    pub(crate) const SERIAL: Self = Self {
        concurrency: 1,
        budget: Budget { calls: u64::MAX, cost: None, time_ms: u64::MAX },
        killed_every: None,
        unreachable: None,
    };
}

/// What a run left behind.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// In the order in which they were recorded.
    pub(crate) facts: Vec<SlotFacts>,
    pub(crate) stop: Option<Why>,
    pub(crate) seen: Seen,
    /// Slots asked, those asked again after a kill included.
    pub(crate) asked: u64,
    /// The most that was in flight at once.
    pub(crate) in_flight_most: usize,
}

/// What is asked after so many answers although it would not be heard if all from there on came of a perfect world.
pub(crate) fn asked_beyond_reach(
    plan: &Plan,
    world: &impl Answers,
    perfect: &impl Answers,
    heard: usize,
) -> Vec<Slot> {
    let mut facts = run(plan, world, &Drive::SERIAL, &[]).facts;
    facts.truncate(heard);
    let Step::Ask(mut slots) = next(&rebuilt(plan, &facts), &Drive::SERIAL.budget, u32::MAX) else {
        return Vec::new();
    };
    let ended = run(plan, perfect, &Drive::SERIAL, &facts);
    let needed: BTreeSet<&Slot> = ended.facts.iter().map(|facts| &facts.slot).collect();
    slots.retain(|slot| !needed.contains(slot));
    slots
}

/// Runs a plan to its end, going on from recorded facts.
pub(crate) fn run(plan: &Plan, world: &impl Answers, drive: &Drive, recorded: &[SlotFacts]) -> Ran {
    let mut facts = recorded.to_vec();
    let mut seen = rebuilt(plan, &facts);
    let mut flying: BTreeMap<(u64, Slot), Came> = BTreeMap::new();
    let (mut now, mut asked, mut answered, mut in_flight_most) = (0, 0, 0, 0);
    loop {
        seen.spend(Spent { calls: answered, cost_micros: 0, time_ms: now });
        match next(&seen, &drive.budget, drive.concurrency) {
            Step::Ask(slots) => {
                for slot in slots {
                    seen.sent(&slot);
                    asked += 1;
                    let came = world.came(&slot);
                    flying.insert((now + world.delay(&slot, &came), slot), came);
                }
                in_flight_most = in_flight_most.max(seen.in_flight());
            }
            Step::Decided => return Ran { facts, stop: None, seen, asked, in_flight_most },
            Step::Stopped(why) => return Ran { facts, stop: Some(why), seen, asked, in_flight_most },
            Step::Wait => {
                let ((at, slot), came) = flying.pop_first().expect("something is in flight");
                now = at;
                answered += 1;
                if drive.unreachable.is_some_and(|unreachable| unreachable(&slot)) {
                    seen.left_open(&slot);
                    continue;
                }
                let recorded = Seq(PLAN_RECORDED.0 + 1 + facts.len() as u64);
                let ended = SlotFacts { came, slot, recorded };
                facts.push(ended.clone());
                seen.ended(ended);
                if drive.killed_every.is_some_and(|every| answered % every == 0) {
                    flying.clear();
                    seen = rebuilt(plan, &facts);
                }
            }
        }
    }
}

/// What a fresh runner knows: the recorded facts, in any order.
pub(crate) fn rebuilt(plan: &Plan, facts: &[SlotFacts]) -> Seen {
    let mut seen = Seen::new(plan, PLAN_RECORDED).expect("the plan is sound");
    let shuffled: BTreeMap<(u64, Side), &SlotFacts> =
        facts.iter().map(|facts| ((mix(&[World::key(&facts.slot)]), facts.slot.side), facts)).collect();
    shuffled.into_values().for_each(|facts| seen.ended(facts.clone()));
    seen
}

/// What a gate says of facts, as if they came after its plan.
pub(crate) fn verdict(plan: &Plan, facts: &[SlotFacts], stop: Option<Why>) -> Verdict {
    let inquiry = Inquiry {
        plan,
        plan_recorded: PLAN_RECORDED,
        facts,
        stop,
        grade: Grade::Sent,
        earlier: &[],
        seq: Seq(1_000_000),
    };
    judge(&inquiry).expect("the plan is sound")
}

pub(crate) fn bytes(verdict: &Verdict) -> String {
    serde_json::to_string_pretty(verdict).expect("plain")
}
