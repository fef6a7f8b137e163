//! The tables, a file each: what a [`Write`](super::Write) can insert and a [`Read`](super::Read) can ask.
//!
//! Names and digests go in and come out as values of the core; that they are integers inside is nobody's business.
//! An enum that lies in a table as a number has its numbers in one place: a number never changes its meaning.

mod blob;
mod case_stat;
mod checkpoint;
mod code;
mod decision;
mod event;
mod human_label;
mod lease;
mod meaning;
mod monitor;
mod name;
mod observation;
mod plan;
mod point;
mod release;
mod run;
mod score;
mod stream;
mod timeline;
mod trial;
mod verdict;
mod version;

pub use self::{
    blob::BLOB_BYTES_MAX,
    case_stat::{CaseChange, CaseStat},
    checkpoint::CheckpointRow,
    decision::{DecisionRow, Ground, NewDecision},
    event::Tally,
    human_label::HumanLabelRow,
    lease::{LeaseRow, Leased},
    meaning::{Meaning, SpecChange},
    monitor::MonitorRow,
    observation::NewObservation,
    plan::PlanRow,
    point::{Point, PointRow},
    release::{ReleaseRow, StepRow},
    run::{RunRow, RunState},
    score::Judged,
    stream::StreamRow,
    timeline::{Hearing, TimelineRow, VerdictLine},
    trial::{TrialEnd, TrialRow},
    verdict::{SealedVerdict, VerdictRow},
    version::{LabelRow, VersionRow},
};
pub(super) use self::{blob::packer, case_stat::counted, event::tally, name::METRIC};
