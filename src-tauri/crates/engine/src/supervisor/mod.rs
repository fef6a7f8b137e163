//! Where the parts of the engine meet: one [`Engine`] a workspace.

mod against;
mod asking;
mod backtest;
pub mod backup;
pub mod disk;
mod engine;
mod flaky;
mod following;
mod gating;
pub mod git;
mod journal;
mod keep;
mod labelling;
mod monitoring;
mod price;
pub mod reading;
pub mod recipe;
mod releasing;
pub mod restoring;
mod running;
pub mod seal;
mod selftest;
mod signing;
#[cfg(test)]
mod simulation;
pub mod trust;
pub mod user;
mod watched;

pub use asking::AskingError;
pub use backtest::{BacktestReport, Rejudged, Then, VERSIONS_JUDGED_MAX};
pub use backup::OpenError;
pub use engine::{Engine, EngineError, Open, TrustWord};
pub use flaky::flaky;
pub use following::{FollowError, Followed, Following, Hear};
pub use gating::GatingError;
pub use labelling::{ScorerAgreement, agreements};
pub use monitoring::MonitorError;
pub use price::Price;
pub use releasing::{Judgement, Lane, ReleaseError, Settled, TriedSince, Wish};
pub use running::{Answered, RunError, RunReport, RunRequest, SpecReport, Watch};
pub use selftest::{Origin, Progress, SelfTestReport};
pub use signing::Verified;
