//! Everything that a program started, found and ended.
//!
//! A process group holds what stays in it. What leaves it, a daemon of its own session, is found by a variable that
//! the program was given and that its children inherit (Jenkins' *process tree killer* works the same way).

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicBool, Ordering},
};

/// The variable that marks what belongs to a run of a program.
pub(super) const MARKER_VARIABLE: &str = "GATEWRIGHT_PROCESS";
/// Rounds of looking for what is left, at most: each ends what the one before could not see yet.
const ROUNDS_MAX: usize = 16;

/// A mark that no other run has.
pub(super) fn marker() -> String {
    let mut bytes = [0; 16];
    // Without randomness the group alone is ended; a mark that others share would end theirs.
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
        Err(_) => String::new(),
    }
}

/// What a program started; dropping it ends it.
pub(super) struct Tree {
    leader: Option<u32>,
    marker: String,
    /// Once all are ended, nobody is left who could start another.
    ended: AtomicBool,
}

impl Tree {
    pub(super) fn new(leader: Option<u32>, marker: String) -> Self {
        Self { leader, marker, ended: AtomicBool::new(false) }
    }

    /// Ends all of it, once.
    #[cfg(unix)]
    pub(super) fn end(&self) {
        if self.ended.swap(true, Ordering::Relaxed) {
            return;
        }
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        let leader = self.leader.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // An error means that nobody is left in it.
            let _ = kill_process_group(leader, Signal::KILL);
        }
        for _ in 0..ROUNDS_MAX {
            let left = self.marked();
            if left.is_empty() {
                return;
            }
            for process in left.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(process, Signal::KILL);
            }
        }
    }

    /// The program itself is ended when its handle is dropped; what it started is not known here.
    #[cfg(not(unix))]
    pub(super) fn end(&self) {}

    /// Processes with our mark; none on systems that do not show it.
    #[cfg(unix)]
    fn marked(&self) -> Vec<i32> {
        if self.marker.is_empty() {
            return Vec::new();
        }
        let mark = format!("{MARKER_VARIABLE}={}", self.marker);
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        ids.filter(|id| {
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        })
        .collect()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.end();
    }
}
