//! Where the parts of the engine meet: one [`Engine`] a workspace.

pub mod disk;
pub mod git;
pub mod recipe;
pub mod seal;
pub mod trust;
pub mod user;
