//! The statistics behind the gates, as pure functions of numbers.
//!
//! The crate knows nothing of agents, specs or stores: it gets counts, scores and probabilities, and gives back
//! designs, boundaries, evidence and intervals. It performs no I/O, keeps no state and draws no random number.
//!
//! - **Designs**, made before the first call: [`corridor`] (the sequential test of a 0/1 criterion, with an exact
//!   certificate), [`mod@never`] (zero tolerance), [`finite`] (deterministic agents), [`design`] (a fixed number of
//!   calls, the yardstick).
//! - **Evidence** while answers come in: [`betting`] (graded scores), [`paired`] (against the live version),
//!   [`monitor`] (what is live).
//! - **What is shown**: [`ordering`] (bounds after an early stop), [`interval`], [`confidence`], [`quantile`],
//!   [`repeat`], [`error_bar`], [`agreement`].
//! - The ground they stand on: [`walk`] (the recursion behind all certificates), [`binomial`], [`special`],
//!   [`product`].
//!
//! Three rules hold everywhere. A certificate is computed with `+` and `×` alone (without replacement with `÷`
//! too), so it is the same number on every machine. Logarithms and their like come from `libm`, never from the platform: without the standard
//! library the compiler itself refuses `f64::ln`. Bad input is an error or a documented limit, never a panic.
//!
//! Where four numbers state a question, their order is always: target, floor, wrongly blocked, wrongly passed.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod agreement;
pub mod betting;
pub mod binomial;
pub mod confidence;
pub mod corridor;
pub mod design;
pub mod error_bar;
pub mod finite;
pub mod interval;
pub mod monitor;
pub mod never;
pub mod ordering;
pub mod paired;
pub mod product;
pub mod quantile;
pub mod repeat;
pub mod special;
pub mod walk;
