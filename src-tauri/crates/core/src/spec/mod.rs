//! Specs: what an agent must do, from text to meaning.
//!
//! A file goes through four stages: bytes to text (`text`), text to one located tree (`yaml`, `tree`), the tree
//! to typed values with every finding in its place (`reader` and a file a concept), values to digests of what they
//! mean (`meaning`). Nothing is read but through [`Files`], and no file can make reading fail, hang or exhaust
//! memory.

mod across;
mod address;
mod against;
mod agent;
mod amount;
mod case;
mod dataset;
mod environment;
mod expect;
mod explain;
mod files;
mod form;
mod gate;
pub mod init;
mod load;
mod meaning;
mod model;
pub mod pattern;
mod quarantine;
mod reader;
mod row;
mod scalar;
pub mod schema;
pub mod template;
mod text;
mod tool;
mod tree;
mod weighted;
mod word;
pub mod workspace;
mod write;
mod yaml;

pub use across::check_across;
pub use against::differing;
pub use case::{CASES_MAX, TRIALS_MAX, TURNS_MAX};
pub use explain::{explain_spec, explain_workspace, explained_as_json};
pub use files::{FileProblem, Files};
pub use load::{Parsed, parse_spec, parse_workspace};
pub use model::*;
pub use quarantine::{Quarantine, quarantine_sentence};
pub use row::ROW_BYTES_MAX;
pub use text::{CONTENT_BYTES_MAX, FILE_BYTES_MAX, normalised};
pub use tree::{ALIAS_BYTES_MAX, DEPTH_MAX, NODES_MAX};

#[cfg(test)]
mod tests;
