//! Starting once more in place of this process, when the first instance died while it was asked to come forward.

use std::{env, thread, time::Duration};

/// Starts in a row, at most.
const STARTS_MAX: u32 = 5;
/// How long the dead one's name may stay on the session bus.
const PAUSE: Duration = Duration::from_millis(200);
/// Counts the starts.
const COUNT: &str = "GATEWRIGHT_STARTS";

/// Starts again with the same arguments. It returns only when that is not to be, or cannot be, done.
pub(crate) fn start() {
    let starts = env::var(COUNT).ok().and_then(|count| count.parse().ok()).unwrap_or(1_u32);
    if starts >= STARTS_MAX {
        return;
    }
    thread::sleep(PAUSE);
    replace(starts + 1);
}

#[cfg(unix)]
fn replace(starts: u32) {
    use std::{os::unix::process::CommandExt as _, process::Command};
    if let Ok(program) = env::current_exe() {
        let error = Command::new(program).args(env::args_os().skip(1)).env(COUNT, starts.to_string()).exec();
        tracing::warn!(%error, "the app could not start again");
    }
}

#[cfg(not(unix))]
fn replace(_: u32) {}
