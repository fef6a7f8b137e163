//! Processes that a test starts: each ends with the test, and with it all that it started itself.

use std::{
    fs,
    process::{Child, Command, Output, Stdio},
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use crate::window::PATIENCE;

/// A process that does not outlive its owner.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let program = command.get_program().to_owned();
        let child = command.spawn().with_context(|| {
            format!("`{}` does not start; `cargo xtask test` installs it", program.display())
        })?;
        Ok(Self(child))
    }

    /// The child itself.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its children are found before it dies: afterwards nobody could say whose they were.
        for process in below(self.0.id()) {
            if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
                // It may have ended by itself meanwhile.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `command` prints and how it ends, within the patience of a test.
pub(crate) async fn output(command: Command) -> anyhow::Result<Output> {
    let mut command = tokio::process::Command::from(command);
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    Ok(timeout(PATIENCE, running).await.context("the program does not end")??)
}

/// Every process that descends from `parent`.
fn below(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child: u32| [vec![child], below(child)].concat()).collect()
}
