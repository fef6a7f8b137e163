//! `cargo xtask lint`: what can be said about the code without running it.

use crate::{
    interface::{self, npm},
    need, place,
    step::{BUILD_MINUTES_MAX, Failure, Steps, cargo, minutes},
};

/// The lints by themselves.
pub(crate) fn alone(steps: &mut Steps) -> Result<(), Failure> {
    need::to_build(steps)?;
    interface::build(steps)?;
    all(steps)
}

/// Format, lints, licences and sources of dependencies, types of the interface.
pub(crate) fn all(steps: &mut Steps) -> Result<(), Failure> {
    for component in ["rustfmt", "clippy"] {
        let program = if component == "rustfmt" { "cargo-fmt" } else { "cargo-clippy" };
        if place::program(program).is_none() {
            return Err(Failure::new(format!("{component} is missing: `rustup component add {component}`.")));
        }
    }
    steps.run("Checking the format", minutes(2), &mut cargo(&["fmt", "--all", "--check"]))?;
    npm(steps, "Checking the interface's types", &["run", "check"])?;
    npm(steps, "Linting the interface", &["run", "lint"])?;
    if place::program("cargo-deny").is_some() {
        steps.run(
            "Checking licences, bans and sources of dependencies",
            minutes(5),
            &mut cargo(&["deny", "check", "licenses", "bans", "sources"]),
        )?;
    } else {
        steps.skip(
            "Checking dependencies",
            "cargo-deny is not installed (`cargo install cargo-deny --locked`)",
        );
    }
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    steps.run("Linting the Rust side", minutes(BUILD_MINUTES_MAX), &mut cargo(&clippy))
}
