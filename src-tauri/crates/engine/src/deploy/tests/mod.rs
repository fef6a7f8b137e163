//! Releases against real folders, a real endpoint and real kills.

mod enact;
mod kill;
mod ready;
mod settle;
pub(super) mod support;
