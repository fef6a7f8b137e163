//! What every host serves: one list of commands over one engine, typed on both sides of the boundary.
//!
//! It knows the engine and no host: nothing here knows of windows, terminals or sockets.

mod author;
pub mod command;
pub mod document;
pub mod dto;
pub mod error;
mod fault;
#[cfg(test)]
mod generated;
pub mod host;
mod interrupted;
pub mod local;
pub mod measured;
pub mod money;
pub mod session;
mod whereabouts;
