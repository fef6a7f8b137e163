//! Releases: making a granted version live at a target, and proving that it is.
//!
//! [`Desk::enact`] takes a grant, and nothing else makes an adapter act; [`Desk::settle`] finds out what became of
//! releases that were left open. Each step is written down before it is taken, and what was done is read back: from
//! the adapter, then from what answers. Adapters stand beside: a file or folder each.
//!
//! This module decides nothing: what may go live is the core's decision, what follows from what was heard is the
//! core's state machine. It knows neither the store nor agents, but through `port`.

pub mod adapter;
pub mod conformance;
mod content;
mod enact;
pub mod folder;
mod observe;
mod ready;
mod settle;
#[cfg(test)]
mod tests;

pub(crate) use enact::bounded;
pub use enact::{Desk, EnactError, Enacted, Order, Patience};
pub use ready::{Readiness, ready};
