//! Where the parts of the engine meet: one [`Engine`] a workspace.

mod asking;
pub mod disk;
mod engine;
mod gating;
pub mod git;
mod journal;
pub mod reading;
pub mod recipe;
mod running;
pub mod seal;
pub mod trust;
pub mod user;

pub use asking::AskingError;
pub use engine::{Engine, EngineError, Open, TrustWord};
pub use gating::GatingError;
pub use running::{Answered, RunError, RunReport, RunRequest, SpecReport};
