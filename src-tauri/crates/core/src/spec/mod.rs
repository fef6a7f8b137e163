//! Specs: what an agent must do, from text to meaning.

mod model;
pub mod workspace;

pub use model::*;
