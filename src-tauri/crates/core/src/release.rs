//! A release as a state machine: from an intent to what was read back.

use serde::{Deserialize, Serialize};

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
