//! A terminal to put a call of the command line on: what asks on terminals alone is asked there.

use std::{
    fs::File,
    io::Read as _,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
};

use rustix::{
    fs::{Mode, OFlags, open},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

/// A call that sits on a terminal.
pub struct OnTerminal {
    child: Child,
    screen: File,
    shown: Vec<u8>,
}

impl OnTerminal {
    /// Starts a call whose input and remarks are a terminal.
    ///
    /// # Panics
    /// When there is no terminal to be had, or the call cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&screen).expect("ours");
        unlockpt(&screen).expect("unlocked");
        let name = ptsname(&screen, Vec::new()).expect("a name");
        let seat: OwnedFd = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
        let seated = || Stdio::from(seat.try_clone().expect("another handle"));
        let child = command.stdin(seated()).stderr(seated()).stdout(Stdio::null()).spawn();
        Self {
            child: child.expect("the command line can be started"),
            screen: screen.into(),
            shown: Vec::new(),
        }
    }

    /// Waits until the terminal shows `words`.
    ///
    /// # Panics
    /// When the call ends before.
    pub fn until_shown(&mut self, words: &str) {
        let mut chunk = [0; 4096];
        while !self.shown().contains(words) {
            let read = self.screen.read(&mut chunk).unwrap_or(0);
            assert_ne!(read, 0, "it ended without `{words}`: {}", self.shown());
            self.shown.extend_from_slice(&chunk[..read]);
        }
    }

    /// What the terminal has shown so far.
    #[must_use]
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// What Ctrl+C sends.
    ///
    /// # Panics
    /// When the call is over already.
    pub fn interrupt(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(id, Signal::INT).expect("it runs");
    }

    /// How it ended.
    ///
    /// # Panics
    /// When a signal ended it.
    #[must_use]
    pub fn ends(mut self) -> i32 {
        self.child.wait().expect("it ends").code().expect("a status")
    }
}
