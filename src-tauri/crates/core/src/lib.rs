//! The domain of Gatewright, pure.
//!
//! What a spec means, which slot of a stream is asked next, what an answer scores, what a gate says, whether a
//! version may be released: all of it is decided here, from values that are handed in. Nothing in this crate
//! reads a file, opens a socket, looks at a clock or draws a random number, so the app, the command line and a
//! simulation get the same result from the same facts.
//!
//! A module imports only modules that stand above it in this list.

pub mod diagnostic;
pub mod id;
pub mod time;

pub mod version;

pub mod spec;

pub mod plan;

pub mod observation;

pub mod score;

pub mod gate;

pub mod verdict;

pub mod selftest;

pub mod decision;

pub mod release;
