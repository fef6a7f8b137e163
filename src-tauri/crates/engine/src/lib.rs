//! Everything of Gatewright that touches the world: the database, agents, targets, files, processes.
//!
//! The core decides, this crate acts and writes down. Its modules do not know each other but through [`port`];
//! they meet in `supervisor`.

pub mod agent;
pub mod clock;
pub mod deploy;
pub mod durable;
pub mod event;
pub mod evidence;
pub mod port;
pub mod process;
pub mod run;
pub mod store;
pub mod supervisor;
pub mod watch;
