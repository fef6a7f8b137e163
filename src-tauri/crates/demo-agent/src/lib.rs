//! The demo agent: a small, honest help desk behind a real OpenAI-compatible server on loopback.
//!
//! It reads the rules that its system prompt states and follows them: what the prompt does not say, it does not do.
//! Editing the prompt makes it better or worse, a higher temperature makes it slip more often, and asking it to
//! think first makes it slower. Nothing is looked up by case or version: whoever asks something new gets an answer
//! by the same rules. It serves the sample workspace and nothing else, and knows nothing of Gatewright but the
//! layout of the folder that the live one reads.

mod answer;
mod embedded;
mod live;
mod noise;
mod question;
mod rule;
pub mod sample;
mod server;
mod wire;

pub use embedded::Embedded;
pub use server::{DemoAgent, Settings, StartError};
