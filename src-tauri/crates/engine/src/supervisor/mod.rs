//! Where the parts of the engine meet: one [`Engine`] a workspace.

pub mod disk;
mod asking;
mod gating;
pub mod git;
mod journal;
pub mod recipe;
pub mod seal;
pub mod trust;
pub mod user;
