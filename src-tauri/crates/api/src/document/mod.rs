//! The documents that the command line prints with `--json`: stable, `"format": 1`, for other people's scripts.
//!
//! Their keys are promises; what the interface shows has types of its own. Arrays are in the order of the spec,
//! digests whole, times RFC 3339 in UTC, numbers that people compare as text with 9 digits.

mod author;
mod history;
mod release;
mod run;
mod watch;
mod workspace;

pub use author::*;
pub use history::*;
pub use release::*;
pub use run::*;
pub use watch::*;
pub use workspace::*;

/// The format of every document.
pub const FORMAT: u32 = 1;
