//! What the parts of the engine ask of each other, as traits and plain values. No part implements two sides.

pub mod agent;
pub mod demo;
pub mod journal;
pub mod release;
