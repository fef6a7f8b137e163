//! `cargo xtask test`: everything that can be wrong, in the order of what it costs to find out.
//!
//! Cargo is always called for the whole workspace: another selection would change the features of shared crates,
//! and compile half of them once more.

use crate::{
    display::Display,
    interface::{self, npm},
    lint, need, place,
    step::{BUILD_MINUTES_MAX, Failure, Steps, cargo, minutes},
};

/// Longest the tests may take once they are built.
const TEST_MINUTES_MAX: u64 = 30;

/// Every check and every test.
pub(crate) fn everything(steps: &mut Steps) -> Result<(), Failure> {
    need::to_test(steps)?;
    interface::build(steps)?;
    lint::all(steps)?;
    npm(steps, "Testing the interface", &["test"])?;
    interface::look(steps)?;
    rust(steps)?;
    window(steps)
}

/// Builds everything.
pub(crate) fn build(steps: &mut Steps) -> Result<(), Failure> {
    let build = ["build", "--workspace", "--locked"];
    steps.run("Building the app and the command line", minutes(BUILD_MINUTES_MAX), &mut cargo(&build))
}

/// Tests of the Rust side; with nextest where it is installed.
fn rust(steps: &mut Steps) -> Result<(), Failure> {
    let compile = ["test", "--workspace", "--locked", "--no-run"];
    steps.run("Building the tests", minutes(BUILD_MINUTES_MAX), &mut cargo(&compile))?;
    let limit = minutes(TEST_MINUTES_MAX);
    if place::program("cargo-nextest").is_none() {
        // Everything that fails is said at once, as nextest does.
        return steps.run(
            "Testing",
            limit,
            &mut cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]),
        );
    }
    steps.run("Testing", limit, &mut cargo(&["nextest", "run", "--workspace", "--locked"]))?;
    // nextest leaves out the examples in the documentation.
    steps.run("Testing the documentation", limit, &mut cargo(&["test", "--workspace", "--locked", "--doc"]))
}

/// The built app, driven on a display of its own.
fn window(steps: &mut Steps) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        steps.skip("Testing the real window", "it is driven on Linux only");
        return Ok(());
    }
    build(steps)?;
    let display = Display::start()?;
    let window = ["test", "--workspace", "--locked", "--test", "app"];
    let mut command = cargo(&window);
    command.env("DISPLAY", display.name()).env_remove("WAYLAND_DISPLAY");
    steps.run("Testing the real window", minutes(TEST_MINUTES_MAX), &mut command)
}
