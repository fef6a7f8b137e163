//! The commands of Gatewright: what the app, the command line and the test host serve, once for all of them.
//!
//! A host hands in a name and arguments as JSON, and gets JSON or an [`ApiError`] back. What only a host can do
//! (ask for a folder in a native dialog, say what it was started with) stands behind the narrow trait [`Host`].
//! Nothing here knows a window, a terminal or a port.

mod command;
mod error;
mod host;

pub use command::dispatch;
pub use error::{ApiError, Code};
pub use host::{Host, HostKind, Opening, Pending};
