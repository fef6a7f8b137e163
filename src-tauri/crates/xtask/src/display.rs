//! A display that nobody looks at, for the real window. It ends with its owner, however that one ends.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::step::{Failure, end, wait};

/// How long the X server may take to come up, or to go.
const PATIENCE: Duration = Duration::from_secs(30);
/// Keeps the server until standard input closes. Ours closes when we say so, and when we are killed.
const KEEPER: &str = "Xvfb -displayfd 1 -screen 0 1440x900x24 -nolisten tcp -noreset & server=$!
exec >&-
read -r _
kill $server
wait $server
true";

/// A running X server.
pub(crate) struct Display {
    keeper: Child,
    /// Open as long as the display is wanted.
    wanted: Option<ChildStdin>,
    name: String,
}

impl Display {
    /// Starts one on a number that is free; the server finds it.
    ///
    /// # Errors
    /// When there is no server, or it does not come up in time.
    pub(crate) fn start() -> Result<Self, Failure> {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("`sh` could not be started: {error}.")))?;
        let wanted = keeper.stdin.take();
        let said = keeper.stdout.take().expect("its standard output is piped");
        let mut display = Self { keeper, wanted, name: String::new() };
        let (number, heard) = mpsc::channel();
        // Ends by itself: with the line, or with the server.
        thread::spawn(move || {
            let mut line = String::new();
            if BufReader::new(said).read_line(&mut line).is_ok() {
                // Nobody waits any more after the limit.
                let _ = number.send(line);
            }
        });
        let line = heard.recv_timeout(PATIENCE).unwrap_or_default();
        if line.trim().is_empty() {
            return Err(Failure::new("Xvfb did not come up. `Xvfb -displayfd 1` says why."));
        }
        display.name = format!(":{}", line.trim());
        Ok(display)
    }

    /// What `DISPLAY` is to hold.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        drop(self.wanted.take());
        if wait(&mut self.keeper, Some(PATIENCE)).is_err() {
            end(&mut self.keeper);
        }
    }
}
