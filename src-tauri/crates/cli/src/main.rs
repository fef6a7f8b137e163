//! The command line of Gatewright.
fn main() {}
