//! The state machine, enumerated.
