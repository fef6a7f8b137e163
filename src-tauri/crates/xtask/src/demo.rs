//! `cargo xtask demo`: the product, on its sample.

use std::{
    env,
    process::{Command, Stdio},
};

use crate::{
    interface, need, place,
    say::say,
    step::{Failure, Steps, wait},
    story, test,
};

/// In the window where there is a display, else in the terminal.
pub(crate) fn window_or_terminal(steps: &mut Steps) -> Result<(), Failure> {
    if !has_display() {
        say!("There is no display here, so the sample's story is played in the terminal.");
        return terminal(steps);
    }
    build(steps)?;
    say!("\nThe app is open on the sample workspace. Close its window to end the demo.");
    let app = place::built("gatewright-app");
    let mut child = Command::new(&app)
        .arg("--sample")
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| Failure::new(format!("{} could not be started: {error}.", app.display())))?;
    match wait(&mut child, None) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("The app ended with {status}. What it said stands above."))),
        Err(why) => Err(Failure::new(format!("The app {why}."))),
    }
}

/// In the terminal.
pub(crate) fn terminal(steps: &mut Steps) -> Result<(), Failure> {
    build(steps)?;
    story::play(steps)
}

fn build(steps: &mut Steps) -> Result<(), Failure> {
    need::to_build(steps)?;
    interface::build(steps)?;
    test::build(steps)
}

/// Whether a window would be seen. Systems other than Linux always have one.
fn has_display() -> bool {
    let names = |variable| env::var_os(variable).is_some_and(|name| !name.is_empty());
    !cfg!(target_os = "linux") || names("DISPLAY") || names("WAYLAND_DISPLAY")
}
