//! Releases against real folders, a real endpoint and real kills.

mod enact;
#[cfg(target_os = "linux")]
mod full;
mod kill;
mod ready;
mod settle;
mod story;
pub(super) mod support;
