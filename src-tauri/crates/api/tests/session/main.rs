//! The commands as a host calls them: a real workspace, a real history, and a real endpoint on the loopback.

mod agent;
mod author;
mod journey;
mod label;
mod restore;
mod world;
