//! What the suites share: the repository itself as a value, and worlds to try the product in.

pub mod repository;
