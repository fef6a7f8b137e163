//! Gates: in which order slots are heard, when to stop, and what that says.
