//! Processes that a test starts: each ends with the test, and with it all that it started itself.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use crate::window::PATIENCE;

/// How long a killed process may take to be gone.
const END: Duration = Duration::from_secs(5);
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A process that does not outlive its owner.
pub(crate) struct Process(Child, Vec<u32>);

impl Process {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let program = command.get_program().to_owned();
        let child = command.spawn().with_context(|| {
            format!("`{}` does not start; `cargo xtask test` installs it", program.display())
        })?;
        Ok(Self(child, Vec::new()))
    }

    /// Takes what runs `program` with `home` in its environment as its own, whoever started it.
    pub(crate) fn adopt(&mut self, program: &Path, home: &Path) {
        let home = format!("HOME={}\0", home.display());
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        self.1.extend(processes.filter(|process: &u32| {
            let runs = fs::read_link(format!("/proc/{process}/exe")).is_ok_and(|exe| exe == program);
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            runs && String::from_utf8_lossy(&environment).contains(&home)
        }));
    }

    /// The child itself.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its children are found before it dies: afterwards nobody could say whose they were.
        let adopted = self.1.iter().flat_map(|&process| [vec![process], below(process)].concat());
        let below: Vec<u32> = below(self.0.id()).into_iter().chain(adopted).collect();
        for &process in &below {
            if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
                // It may have ended by itself meanwhile.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
        // Only the dead have let go of what they held: files, locks, a name on the bus.
        let deadline = Instant::now() + END;
        while below.iter().any(|&process| is_alive(process)) && Instant::now() < deadline {
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// What `command` prints and how it ends, within the patience of a test.
pub(crate) async fn output(command: Command) -> anyhow::Result<Output> {
    let mut command = tokio::process::Command::from(command);
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    Ok(timeout(PATIENCE, running).await.context("the program does not end")??)
}

/// Whether a process holds anything yet: one that ended may stay in the table until its parent looks.
fn is_alive(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The state follows the program's name, which is in brackets and may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// Every process that descends from `parent`.
fn below(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child: u32| [vec![child], below(child)].concat()).collect()
}
