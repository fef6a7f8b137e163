//! kill.
