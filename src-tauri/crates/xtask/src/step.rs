//! A step: a sentence, a program, and the longest it may take. What a step started ends with it.

use std::{
    fmt, fs,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{place, say::say};

/// Longest a build of everything may take, on a slow machine that has nothing yet and other things to do.
pub(crate) const BUILD_MINUTES_MAX: u64 = 120;
/// How often a running program is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Why a chore did not succeed: what happened, and what to do.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure in these words.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The steps of a chore, with what each took.
pub(crate) struct Steps {
    began: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), done: Vec::new() }
    }

    /// Runs `command` in the repository's root unless it says otherwise. Its output is the reader's.
    ///
    /// # Errors
    /// When it cannot be started, exits with an error, or takes longer than `limit`.
    pub(crate) fn run(&mut self, what: &str, limit: Duration, command: &mut Command) -> Result<(), Failure> {
        self.run_to(what, limit, command, &[0])
    }

    /// The same for a program that has to end with one of `codes`.
    ///
    /// # Errors
    /// When it cannot be started, ends otherwise, or takes longer than `limit`.
    pub(crate) fn run_to(
        &mut self,
        what: &str,
        limit: Duration,
        command: &mut Command,
        codes: &[i32],
    ) -> Result<(), Failure> {
        let line = shown(command);
        say!("\n{what}\n  $ {line}");
        let began = Instant::now();
        if command.get_current_dir().is_none() {
            command.current_dir(place::root());
        }
        let mut child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("`{line}` could not be started: {error}.")))?;
        let status = wait(&mut child, Some(limit)).map_err(|why| {
            Failure::new(format!("`{line}` {why}. Run it by itself to see where it hangs."))
        })?;
        if !status.code().is_some_and(|code| codes.contains(&code)) {
            return Err(Failure::new(format!("`{line}` ended with {status}. What it printed stands above.")));
        }
        self.done.push((what.to_owned(), began.elapsed()));
        Ok(())
    }

    /// Says that something was left out, and why.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        say!("\n{what}: left out, {why}");
    }

    /// Says what took how long.
    pub(crate) fn sum_up(&self) {
        if self.done.is_empty() {
            return;
        }
        say!("\nWhat took how long:");
        for (what, took) in &self.done {
            say!("  {:>7.1} s  {what}", took.as_secs_f64());
        }
        say!("  {:>7.1} s  in all", self.began.elapsed().as_secs_f64());
    }
}

/// Waits for `child` to end; without a limit for as long as it takes.
///
/// # Errors
/// When it does not end in time: then it was ended, with all that it started.
pub(crate) fn wait(child: &mut Child, limit: Option<Duration>) -> Result<ExitStatus, String> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(format!("could not be waited for: {error}")),
        }
        if let Some(limit) = limit
            && began.elapsed() >= limit
        {
            end(child);
            return Err(format!("was ended: it took longer than {} minutes", limit.as_secs().div_ceil(60)));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Ends a process that we started, and everything below it, by their ids.
pub(crate) fn end(child: &mut Child) {
    let below = below(child.id());
    let _ = child.kill();
    let _ = child.wait();
    if !below.is_empty() {
        let ids = below.iter().map(u32::to_string);
        let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
    }
}

/// Every process that descends from `parent`, where the system shows it.
fn below(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child: u32| [vec![child], below(child)].concat()).collect()
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Minutes, for limits.
pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// The cargo that started us, about to run `arguments`.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// What a program prints when it succeeds; nothing when it does not, or is not there.
pub(crate) fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_what_it_started() {
        // Only Linux shows who descends from whom.
        if !cfg!(target_os = "linux") {
            return;
        }
        let mut shell = Command::new("sh");
        let mut child = shell.args(["-c", "sleep 600 & wait"]).spawn().expect("a shell");
        let began = Instant::now();
        let sleeper = loop {
            if let [sleeper] = below(child.id())[..] {
                break sleeper;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "the shell starts no sleeper");
            thread::sleep(LOOK_EVERY);
        };
        let why = wait(&mut child, Some(Duration::ZERO)).expect_err("too long");
        assert!(why.contains("ended"), "{why}");
        let state = || fs::read_to_string(format!("/proc/{sleeper}/stat")).unwrap_or_default();
        // Killed, and perhaps not yet collected by whoever inherited it.
        while !state().is_empty() && !state().contains(") Z") {
            assert!(began.elapsed() < Duration::from_secs(10), "{}", state());
            thread::sleep(LOOK_EVERY);
        }
    }

    #[test]
    fn a_failed_step_says_what_was_run() {
        let failure = Steps::new()
            .run("Trying", minutes(1), Command::new("sh").args(["-c", "exit 3"]))
            .expect_err("a failure");
        assert!(failure.to_string().contains("`sh -c exit 3` ended with exit status: 3"), "{failure}");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let failure = Steps::new().run("Trying", minutes(1), &mut Command::new("no-such-program"));
        assert!(failure.expect_err("a failure").to_string().contains("no-such-program"));
    }
}
