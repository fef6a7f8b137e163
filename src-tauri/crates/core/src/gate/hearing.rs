//! The one place where slots are heard: in the order of their stream, and nothing else.
//!
//! Slot after slot of the stream is either wanted or passed over. It is wanted while a blocking criterion that
//! hears its case is undecided, and throughout the first round where every case is to be asked once. Slot n is
//! heard when the wanted ones before it were; so what is heard, and what that says, depends on the answers alone
//! and not on when they came.
//!
//! Where a criterion compares with the live version, the slot of that side follows the candidate's of the same case
//! and round. It is wanted for the sake of such criteria alone, and they hear the pair when both sides came; all
//! others hear the candidate.
//!
//! The gate has its answer once a blocking criterion is not met, or none is undecided. Criteria that do not block
//! hear along: they never make a slot wanted after the first round, and stop listening when a slot of theirs is
//! passed over.

use std::collections::{BTreeMap, VecDeque};

use super::{Came, Listener, Outcome};
use crate::{
    id::{CanonicalError, CaseName},
    plan::{Plan, Side, Slot, Stream},
    spec::Ask,
};

/// A slot by numbers: round, place of the case in [`Plan::cases`], and side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub(super) round: u32,
    pub(super) case: usize,
    pub(super) side: Side,
}

/// A plan being heard.
#[derive(Clone, PartialEq, Debug)]
pub struct Hearing {
    stream: Stream,
    ask: Ask,
    cases: Vec<CaseName>,
    index: BTreeMap<CaseName, usize>,
    /// By case: the criteria that hear it.
    hearers: Vec<Vec<usize>>,
    listeners: Vec<Listener>,
    /// The slots to come, in order, as far as a run may look ahead.
    ahead: VecDeque<Place>,
    ahead_min: usize,
    /// Slots that stood in front of those to come.
    behind: u64,
    rounds_drawn: u32,
    heard: u32,
    ended: bool,
}

impl Hearing {
    /// Before the first slot.
    ///
    /// # Errors
    /// Never for a plan that the gate made.
    pub fn new(plan: &Plan) -> Result<Self, CanonicalError> {
        let index: BTreeMap<_, _> =
            plan.cases.iter().enumerate().map(|(place, case)| (case.clone(), place)).collect();
        let mut hearers = vec![Vec::new(); plan.cases.len()];
        let mut listeners = Vec::with_capacity(plan.criteria.len());
        for (number, criterion) in plan.criteria.iter().enumerate() {
            let known: Vec<_> = criterion.cases.iter().filter_map(|case| index.get(case)).collect();
            let asked = plan.asks_baseline();
            listeners.push(Listener::new(criterion, !known.is_empty(), asked, plan.window_max));
            for &case in known {
                hearers[case].push(number);
            }
        }
        // More is never heard, so a run need not look further ahead.
        let wanting = listeners.iter().filter(|listener| listener.wants());
        let slots =
            |listener: &Listener| listener.heard_max().saturating_mul(1 + u32::from(listener.compares()));
        let most = wanting.fold(0, |sum: u32, listener| sum.saturating_add(slots(listener)));
        let mut hearing = Self {
            stream: Stream::of(plan)?,
            ask: plan.ask,
            cases: plan.cases.clone(),
            index,
            listeners,
            hearers,
            ahead: VecDeque::new(),
            ahead_min: plan.window_max.min(most).max(1) as usize,
            behind: 0,
            rounds_drawn: 0,
            heard: 0,
            ended: false,
        };
        hearing.advance();
        Ok(hearing)
    }

    /// The slot that is heard next; none when the gate needs no more.
    #[must_use]
    pub fn wanted(&self) -> Option<Slot> {
        self.wanted_place().map(|place| self.slot(place))
    }

    pub(super) fn wanted_place(&self) -> Option<Place> {
        self.ahead.front().copied().filter(|_| !self.ended)
    }

    /// Hears what came of the wanted slot. `reused` says that it was recorded before the plan was.
    pub fn hear(&mut self, came: &Came, reused: bool) {
        let Some(place) = self.wanted_place() else { return };
        self.pass();
        for &number in &self.hearers[place.case] {
            let listener = &mut self.listeners[number];
            if listener.listens() && listener.hears(place) {
                listener.hear(place, came, reused);
            }
        }
        self.heard += 1;
        self.advance();
    }

    /// Whether the gate needs no more.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Slots heard.
    #[must_use]
    pub const fn heard(&self) -> u32 {
        self.heard
    }

    /// The criteria, in the order of the gate.
    #[must_use]
    pub fn criteria(&self) -> &[Listener] {
        &self.listeners
    }

    /// What the blocking criteria say together; none while that is open.
    #[must_use]
    pub fn answer(&self) -> Option<Outcome> {
        let mut blocking = self.listeners.iter().filter(|listener| listener.blocking()).peekable();
        blocking.peek()?;
        let mut undecided = None;
        let mut open = false;
        for listener in blocking {
            match listener.outcome() {
                Some(Outcome::Fail) => return Some(Outcome::Fail),
                Some(Outcome::Pass) => {}
                Some(inconclusive) => undecided = undecided.or(Some(inconclusive)),
                None => open = true,
            }
        }
        (!open).then(|| undecided.unwrap_or(Outcome::Pass))
    }

    /// Slots that are still heard at most, when every criterion needs all that it may hear.
    #[must_use]
    pub fn left_at_most(&self) -> u32 {
        if self.ended {
            return 0;
        }
        let settled = self.answer().is_some();
        let wanting = |listener: &&Listener| listener.wants() && !settled;
        let apart = self.listeners.iter().filter(wanting).map(Listener::left_apart).sum::<u32>();
        let left = |(number, listener): (usize, &Listener)| match listener {
            _ if settled => 0,
            listener if listener.wants() => listener.left_at_most().saturating_sub(listener.left_apart()),
            // One that does not block compares throughout the first round.
            listener if listener.compares() && listener.listens() => {
                let own = |place: &&Place| {
                    place.side == Side::Baseline
                        && self.is_opening(**place)
                        && self.hearers[place.case].contains(&number)
                };
                u32::try_from(self.ahead.iter().filter(own).count()).unwrap_or(u32::MAX)
            }
            _ => 0,
        };
        let left = self.listeners.iter().enumerate().map(left).collect();
        let hears = |number: usize, place| self.listeners[number].may_hear(place);
        let compares: Vec<bool> = self.listeners.iter().map(Listener::compares).collect();
        let reader = Reader {
            stream: self.stream,
            cases: &self.cases,
            hearers: &self.hearers,
            hears: &hears,
            compares: &compares,
        };
        let whole = if self.ask == Ask::EveryCaseOnce { 1 } else { 0 };
        reader.united(&self.ahead, self.rounds_drawn, whole, left).saturating_add(apart)
    }

    /// The slots to come, in order, each with its number in the stream; those that are not wanted as things stand
    /// are left out. A slot that is not wanted never is again.
    pub(super) fn to_come(&self) -> impl Iterator<Item = (u64, Place)> {
        let settled = self.answer().is_some();
        let numbered = (self.behind..).zip(self.ahead.iter().copied());
        numbered.filter(move |(_, place)| self.wants(*place, settled))
    }

    /// The slot with this number, if it is still to come and drawn.
    pub(super) fn numbered(&self, number: u64) -> Option<Place> {
        let place = usize::try_from(number.checked_sub(self.behind)?).ok()?;
        self.ahead.get(place).copied()
    }

    /// The number of the first slot to come.
    pub(super) const fn behind(&self) -> u64 {
        self.behind
    }

    /// The criteria that hear a place, as things stand.
    pub(super) fn hearers(&self, place: Place) -> impl Iterator<Item = usize> {
        let hearers = self.hearers[place.case].iter().copied();
        hearers.filter(move |&number| self.listeners[number].hears(place))
    }

    /// Whether a place lies in the first round, and the whole of that is asked.
    pub(super) fn is_opening(&self, place: Place) -> bool {
        self.ask == Ask::EveryCaseOnce && place.round == 0
    }

    /// A place as a slot.
    pub(super) fn slot(&self, place: Place) -> Slot {
        Slot { side: place.side, case: self.cases[place.case].clone(), round: place.round }
    }

    /// The place of a slot; none when the plan knows no such slot.
    pub(super) fn place(&self, slot: &Slot) -> Option<Place> {
        let case = self.index.get(&slot.case).copied()?;
        let place = Place { round: slot.round, case, side: slot.side };
        (slot.side == Side::Candidate || self.hearers(place).next().is_some()).then_some(place)
    }

    fn wants(&self, place: Place, settled: bool) -> bool {
        let opening = self.is_opening(place);
        let mut hearers = self.hearers(place).map(|number| &self.listeners[number]);
        match place.side {
            Side::Candidate => opening || (!settled && hearers.any(Listener::wants)),
            // The first round is one of the candidate's; the live version is asked as long as it is compared.
            Side::Baseline => !settled && hearers.any(|one| one.wants() || (opening && one.listens())),
        }
    }

    /// Goes to the next wanted slot, or ends.
    fn advance(&mut self) {
        let settled = self.answer().is_some();
        loop {
            self.draw();
            let Some(&place) = self.ahead.front() else { break };
            if self.wants(place, settled) {
                return;
            }
            if settled && !self.is_opening(place) {
                break;
            }
            for &number in &self.hearers[place.case] {
                if self.listeners[number].hears(place) {
                    self.listeners[number].close();
                }
            }
            self.pass();
        }
        self.ended = true;
    }

    fn pass(&mut self) {
        self.ahead.pop_front();
        self.behind += 1;
    }

    /// Draws rounds until a run can look far enough ahead, or nothing wants more.
    fn draw(&mut self) {
        while self.ahead.len() < self.ahead_min {
            let opening = self.rounds_drawn == 0 && self.ask == Ask::EveryCaseOnce;
            if !opening && !self.listeners.iter().any(Listener::wants) {
                return;
            }
            let round = self.rounds_drawn;
            let listens = |case, number: &usize| {
                let listener = &self.listeners[*number];
                listener.listens() && listener.may_hear(Place { round, case, side: Side::Candidate })
            };
            let listened = |case: usize| self.hearers[case].iter().any(|number| listens(case, number));
            let drawn = self.stream.round(round, &self.cases, |case| opening || listened(case));
            for case in drawn {
                self.ahead.push_back(Place { round, case, side: Side::Candidate });
                let other = Place { round, case, side: Side::Baseline };
                if self.hearers(other).any(|number| self.listeners[number].listens()) {
                    self.ahead.push_back(other);
                }
            }
            self.rounds_drawn += 1;
        }
    }
}

/// An order of cases, and who hears them.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) stream: Stream,
    pub(super) cases: &'a [CaseName],
    pub(super) hearers: &'a [Vec<usize>],
    /// Whether a criterion may hear a slot of its cases.
    pub(super) hears: &'a dyn Fn(usize, Place) -> bool,
    /// By criterion: whether it compares, so that it hears a slot of each side.
    pub(super) compares: &'a [bool],
}

impl Reader<'_> {
    /// Slots that are heard in all when each criterion hears as many of its own (a comparison pairs) as `left` says,
    /// and the first `whole_rounds` rounds of the candidate are heard whole. `ahead` are slots that come first, up to the round `round`.
    pub(super) fn united<'p>(
        self,
        ahead: impl IntoIterator<Item = &'p Place>,
        mut round: u32,
        whole_rounds: u32,
        mut left: Vec<u32>,
    ) -> u32 {
        let mut slots = 0_u32;
        let mut take = |place: Place, left: &mut [u32]| {
            let of_baseline = place.side == Side::Baseline;
            let mut wanted = !of_baseline && place.round < whole_rounds;
            for &number in self.hearers[place.case].iter().filter(|&&number| (self.hears)(number, place)) {
                wanted |= left[number] > 0;
                // A pair is heard with its second slot.
                if self.compares[number] == of_baseline {
                    left[number] = left[number].saturating_sub(1);
                }
            }
            slots += u32::from(wanted);
        };
        for place in ahead {
            take(*place, &mut left);
        }
        while round < whole_rounds || left.iter().any(|&left| left > 0) {
            let open = |case: usize| self.hearers[case].iter().any(|&number| left[number] > 0);
            let drawn = self.stream.round(round, self.cases, |case| round < whole_rounds || open(case));
            for case in drawn {
                take(Place { round, case, side: Side::Candidate }, &mut left);
                take(Place { round, case, side: Side::Baseline }, &mut left);
            }
            round += 1;
        }
        slots
    }
}
