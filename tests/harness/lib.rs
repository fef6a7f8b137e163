//! What the suites share: the repository itself as a value, and worlds to try the product in.

pub mod agent;
pub mod program;
pub mod repository;
pub mod shop;
pub mod terminal;
pub mod transcript;
pub mod world;
