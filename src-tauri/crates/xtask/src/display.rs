//! A display that nobody looks at, for the real window. It ends with its owner.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::step::{Failure, end};

/// How long the X server may take to come up.
const START: Duration = Duration::from_secs(30);

/// A running X server.
pub(crate) struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts one on a number that is free; the server finds it.
    ///
    /// # Errors
    /// When there is no server, or it does not come up in time.
    pub(crate) fn start() -> Result<Self, Failure> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("Xvfb could not be started: {error}.")))?;
        let Some(said) = server.stdout.take() else { unreachable!("its standard output is piped") };
        let (number, heard) = mpsc::channel();
        // Ends by itself: with the line, or with the server.
        thread::spawn(move || {
            let mut line = String::new();
            if BufReader::new(said).read_line(&mut line).is_ok() {
                // Nobody waits any more after the limit.
                let _ = number.send(line);
            }
        });
        match heard.recv_timeout(START) {
            Ok(line) if !line.trim().is_empty() => Ok(Self { server, name: format!(":{}", line.trim()) }),
            _ => {
                end(&mut server);
                Err(Failure::new("Xvfb found no display to serve. `Xvfb -displayfd 1` says why."))
            }
        }
    }

    /// What `DISPLAY` is to hold.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        end(&mut self.server);
    }
}
