//! A release as a state machine: from an intent to what was read back.
//!
//! [`advance`] says, for everything that can be heard of a release, what becomes of it and what is to be done next.
//! It is total: what does not fit moves nothing. Whoever acts writes the new state down before it takes the step that
//! the state names. This module knows nothing of journals, adapters or endpoints.
//!
//! ```text
//! intent → staged → switching → switched → observing → live
//!             └→ not applied      └→ unknown → (settle) → observing | not applied | conflict
//!                                             observing ─bad→ a new release back, once; never a rollback of a rollback
//!                 any open state ─a later release→ superseded
//! ```

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::decision::WasLive;
use crate::id::{EnvironmentName, GrantId, ReleaseId, VersionId};

/// One journaled act on an environment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Release {
    /// Drawn by the host.
    pub id: ReleaseId,
    /// What kind of act.
    pub kind: Kind,
    /// What allows it.
    pub grant: GrantId,
    /// Where.
    pub environment: EnvironmentName,
    /// What was live; none before the first.
    pub from: Option<VersionId>,
    /// What is to be live.
    pub to: VersionId,
    /// What the adapter's `stage` returned.
    pub target_ref: Option<String>,
    /// What the adapter's `current` said before the switch.
    pub expected_revision: Option<String>,
    /// Grows with every release of the environment; an older one cannot move anything.
    pub fence: u64,
    /// How far.
    pub state: State,
    /// What "live" means so far.
    pub rung: Rung,
    /// Measured.
    pub times: Times,
    /// The release that this one takes over from.
    pub supersedes: Option<ReleaseId>,
}

/// What kind of act.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A version goes live.
    Promotion,
    /// An earlier version goes live again.
    Rollback,
    /// The way back, practised.
    Rehearsal,
}

/// How far a release got.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Decided, nothing done.
    Intent,
    /// The version lies next to the target.
    Staged,
    /// The switch is being sent.
    Switching,
    /// The adapter acknowledged.
    Switched,
    /// What answers is being watched.
    Observing,
    /// Read back as far as the ladder reaches.
    Live,
    /// Nothing changed.
    NotApplied,
    /// The switch was sent and no answer came.
    Unknown,
    /// Something else is live than either side expected.
    Conflict,
    /// A later release took over.
    Superseded,
}

/// What "live" means, as a ladder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Nothing read back yet.
    #[default]
    None,
    /// The adapter says so.
    Pointer,
    /// An answer proves it.
    Served,
    /// The running thing says it is well.
    Healthy,
    /// The smoke gate passed on the live endpoint.
    Smoked,
}

/// When what was seen, in microseconds from the click.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Times {
    /// The adapter acknowledged the switch.
    pub acknowledged_us: Option<u64>,
    /// First new answer.
    pub first_new_us: Option<u64>,
    /// Last old answer.
    pub last_old_us: Option<u64>,
    /// Verified.
    pub verified_us: Option<u64>,
}

/// What was heard of a release, and by whose hand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Report {
    /// The fence of whoever reports. Of [`Heard::TakenOver`] it is the later release's, which is higher; of everything
    /// else it must be the release's own, or the report moves nothing.
    pub fence: u64,
    /// What was heard.
    pub heard: Heard,
}

/// What can be heard of a release.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Heard {
    /// The version lies next to the target, and the target runs what it is expected to run.
    Staged,
    /// The switch is about to be sent.
    Sending,
    /// The adapter acknowledged the switch.
    Acknowledged,
    /// The adapter says that nothing changed, or nothing was sent at all.
    Declined,
    /// The adapter says that somebody else moved what is live.
    Moved,
    /// The switch was sent, and no answer came that means anything.
    NoAnswer,
    /// What is live was read.
    Read(Found),
    /// The ladder's last rung was reached.
    Verified,
    /// The endpoint goes on answering as before the switch.
    StillFormer,
    /// The endpoint answers as neither side.
    Foreign,
    /// A later release of the same environment was opened.
    TakenOver,
}

/// What a read of the target found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Found {
    /// What this release was to make live.
    Target,
    /// What was live before it.
    Former,
    /// Something else.
    Other,
    /// Nothing could be read, or the target is still at it.
    Unreachable,
}

/// What is to be done next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Act {
    /// Write down that the switch is about to be sent.
    Announce,
    /// Send the switch; only ever once for a release.
    Send,
    /// Read what is live.
    Read,
    /// Ask the endpoint until it is proved or bad.
    Observe,
    /// Open a release that leads back to what was live before.
    GoBack,
    /// Nothing: the release is over, or it waits to be settled.
    Rest,
    /// Nothing, and nothing more: the report came from someone who no longer holds the release, or a second time.
    Ignore,
}

impl State {
    /// All states, in the order of the diagram.
    pub const ALL: [Self; 10] = [
        Self::Intent,
        Self::Staged,
        Self::Switching,
        Self::Switched,
        Self::Observing,
        Self::Live,
        Self::NotApplied,
        Self::Unknown,
        Self::Conflict,
        Self::Superseded,
    ];

    /// Whether the release is not over: while it is, no other promotion of its environment begins.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Intent
            | Self::Staged
            | Self::Switching
            | Self::Switched
            | Self::Observing
            | Self::Unknown => true,
            Self::Live | Self::NotApplied | Self::Conflict | Self::Superseded => false,
        }
    }
}

impl Release {
    /// Proof that the target of this release was live and read back; none while it is not.
    #[must_use]
    pub fn was_live(&self) -> Option<WasLive> {
        (self.state == State::Live && self.rung > Rung::None)
            .then(|| WasLive::new(self.id, self.environment.clone(), self.to))
    }

    /// Whether a bad end of this release leads back by itself: only a promotion's, and only to something.
    #[must_use]
    pub fn may_go_back(&self) -> bool {
        self.kind == Kind::Promotion && self.from.is_some_and(|from| from != self.to)
    }
}

/// What becomes of a release by what was heard, and what is to be done next.
///
/// A report with another fence, one that does not fit the state, and one heard a second time move nothing and ask for
/// nothing ([`Act::Ignore`]); so a switch is sent at most once, and never after somebody took over.
#[must_use]
pub fn advance(release: &Release, report: Report) -> (State, Act) {
    let state = release.state;
    let ignore = (state, Act::Ignore);
    if !state.is_open() {
        return ignore;
    }
    if report.heard == Heard::TakenOver {
        return if report.fence > release.fence { (State::Superseded, Act::Rest) } else { ignore };
    }
    if report.fence != release.fence {
        return ignore;
    }
    match (state, report.heard) {
        (State::Intent, Heard::Staged) => (State::Staged, Act::Announce),
        (State::Staged, Heard::Sending) => (State::Switching, Act::Send),
        (State::Switching, Heard::Acknowledged) => (State::Switched, Act::Read),
        (State::Intent | State::Staged | State::Switching, Heard::Declined) => (State::NotApplied, Act::Rest),
        (State::Intent | State::Staged | State::Switching, Heard::Moved) => (State::Conflict, Act::Rest),
        (State::Switching, Heard::NoAnswer) => (State::Unknown, Act::Read),
        (_, Heard::Read(found)) => settled(state, found),
        (State::Observing, Heard::Verified) => (State::Live, Act::Rest),
        (State::Observing, Heard::StillFormer) if release.may_go_back() => (State::Observing, Act::GoBack),
        (State::Observing, Heard::StillFormer | Heard::Foreign) => (State::Conflict, Act::Rest),
        _ => ignore,
    }
}

/// What a read says of an open release.
const fn settled(state: State, found: Found) -> (State, Act) {
    match (state, found) {
        (_, Found::Target) => (State::Observing, Act::Observe),
        // The switch is written down before it is sent: here it was not sent, whatever else happened.
        (State::Intent | State::Staged, _) => (State::NotApplied, Act::Rest),
        (_, Found::Other) => (State::Conflict, Act::Rest),
        // The target had acknowledged, so somebody moved it back since.
        (State::Switched | State::Observing, Found::Former) => (State::Conflict, Act::Rest),
        (_, Found::Former) => (State::NotApplied, Act::Rest),
        (State::Switching, Found::Unreachable) => (State::Unknown, Act::Rest),
        (_, Found::Unreachable) => (state, Act::Rest),
    }
}
