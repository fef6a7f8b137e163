//! What crosses the boundary: values made for a screen, each a plain record.
//!
//! The interface computes no verdicts: sentences, bounds, standings, readiness and reasons stand here as the core
//! said them. What is left to a reader is language-neutral formatting: a time in the local zone, an amount of
//! money, a length of time. Ids are whole digests; bodies come by page. Times are milliseconds since the epoch,
//! UTC. TypeScript is made from these types by `generated.rs`.

/// Derives what every record here has.
macro_rules! dto {
    ($($item:item)+) => { $(
        #[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        $item
    )+ };
}

/// Derives what every choice without content here has, and the spelling.
macro_rules! words {
    ($($item:item)+) => { $(
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        #[serde(rename_all = "snake_case")]
        $item
    )+ };
}

mod author;
mod event;
mod label;
mod release;
mod restore;
mod run;
mod shared;
mod spec;
mod trust;
mod verdict;
mod version;
mod workspace;

pub use author::*;
pub use event::*;
pub use label::*;
pub use release::*;
pub use restore::*;
pub use run::*;
pub use shared::*;
pub use spec::*;
pub use trust::*;
pub use verdict::*;
pub use version::*;
pub use workspace::*;
