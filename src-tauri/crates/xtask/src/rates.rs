//! `cargo xtask rates`: the table of error rates, declared and measured.

use crate::step::{Failure, Steps, cargo, minutes};

/// Writes the table anew: 2,000 versions at the target and 2,000 at the floor for each kind of criterion.
pub(crate) fn write(steps: &mut Steps) -> Result<(), Failure> {
    let table =
        ["test", "--release", "--package", "gatewright-engine", "--test", "rates", "the_table_is_written"];
    let mut command = cargo(&table);
    command.env("GATEWRIGHT_RATES", "1");
    steps.run("Measuring the error rates of every kind of criterion", minutes(60), &mut command)
}
