//! What happened, as a closed list: the only way out of the engine. Ids, never bodies.

pub mod chain;

use gatewright_core::{
    id::{
        CriterionId, Digest, EnvironmentName, GrantId, PlanId, ReleaseId, RunId, SpecMeaning, SpecName,
        VerdictId, VersionId,
    },
    observation::TrialId,
    release::State,
    time::{Millis, Seq},
};
use serde::{Deserialize, Serialize};

/// One entry of the workspace's history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Its place.
    pub seq: Seq,
    /// When, for display.
    pub at: Millis,
    /// What.
    pub what: Happened,
}

/// What can happen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// A spec was read and means something else, or has other errors.
    SpecChanged {
        /// Which.
        spec: SpecName,
        /// What it means now; none while it has errors.
        meaning: Option<SpecMeaning>,
        /// Errors in it.
        errors: u32,
    },
    /// A version was sealed for the first time.
    VersionSeen {
        /// Which.
        version: VersionId,
    },
    /// A plan was recorded.
    PlanRegistered {
        /// Which.
        plan: PlanId,
    },
    /// A run began.
    RunStarted {
        /// Which.
        run: RunId,
    },
    /// A trial got its answer, or will not get one.
    TrialEnded {
        /// Which.
        trial: TrialId,
    },
    /// A criterion is decided.
    CriterionDecided {
        /// Of which plan.
        plan: PlanId,
        /// Which.
        criterion: CriterionId,
    },
    /// A run ended.
    RunEnded {
        /// Which.
        run: RunId,
    },
    /// A verdict was stored.
    VerdictGiven {
        /// Which.
        verdict: VerdictId,
    },
    /// A later fail contradicts a verdict.
    VerdictWithdrawn {
        /// Which.
        verdict: VerdictId,
        /// The fail.
        by: VerdictId,
    },
    /// What the endpoint serves changed within a run.
    IdentityChanged {
        /// The version that was being asked.
        version: VersionId,
    },
    /// A release was decided on.
    Decided {
        /// The grant; none when refused.
        grant: Option<GrantId>,
        /// Where.
        environment: EnvironmentName,
        /// Of which version.
        version: VersionId,
        /// Names and reasons as they were, so that the entry makes sense by itself.
        summary: String,
    },
    /// A release took a step.
    ReleaseMoved {
        /// Which.
        release: ReleaseId,
        /// To which state.
        state: State,
    },
    /// Somebody moved what is live without Gatewright.
    MovedOutside {
        /// Where.
        environment: EnvironmentName,
    },
    /// A monitor raised its alarm.
    MonitorFired {
        /// Where.
        environment: EnvironmentName,
    },
    /// A person trusted what the folder would run and reach.
    TrustGiven {
        /// Of which list.
        digest: Digest,
    },
    /// A damaged history was set aside. This one goes on from a backup of it, after the entry before this one; or it
    /// begins here.
    Restored {
        /// When the backup was made; none without one.
        backup: Option<Millis>,
        /// The folder in `.gatewright/` that holds the damaged one.
        aside: String,
    },
}
