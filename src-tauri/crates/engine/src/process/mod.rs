//! Programs that a workspace names: started by argument vector in a clean environment, heard within limits, and
//! ended with everything that they started.
//!
//! There is no shell and no inherited variable but those that are named. This module does not know why a program is
//! run, and it does not decide whether it may be: whoever calls it was allowed to.

#[cfg(test)]
mod tests;
mod tree;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::{Instant, sleep, sleep_until, timeout},
};

use tree::Tree;

/// How long what was written is still read after the tree was ended.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// Variables that a program sees beside those that are named: where programs are, and where it may write.
const PLAIN_VARIABLES: [&str; 2] = ["PATH", "TMPDIR"];

/// A program to be run once.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments. A program with a `/` that is not absolute lies below [`Self::folder`], any other
    /// is found through `PATH`.
    pub argv: Vec<String>,
    /// Where it is started.
    pub folder: PathBuf,
    /// What it sees of the environment, beside `PATH`, `TMPDIR` and `LANG=C.UTF-8`.
    pub variables: BTreeMap<String, String>,
    /// What it reads on standard input.
    pub input: Vec<u8>,
    /// What it may use.
    pub limits: Limits,
}

/// What a program may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Without a byte written, the first included.
    pub idle: Duration,
    /// From start to end.
    pub total: Duration,
    /// Bytes on standard output at most.
    pub output_bytes_max: usize,
    /// Bytes on standard error that are kept; what is beyond is read and dropped.
    pub error_bytes_max: usize,
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that we did not send.
    Signalled(i32),
    /// It did not end in time, and was ended.
    Deadline,
    /// It wrote nothing for too long, and was ended.
    Idle,
    /// It wrote too much, and was ended.
    Flood,
    /// It could not be started; in words.
    NotStarted(String),
}

/// What came of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// How it ended.
    pub end: End,
    /// Standard output, within its limit.
    pub output: Vec<u8>,
    /// Standard error, within its limit.
    pub errors: Vec<u8>,
    /// Until the first byte on standard output.
    pub first_output: Option<Duration>,
    /// From start to end.
    pub elapsed: Duration,
}

/// Runs a program. When this returns, and also when the future is dropped, everything that the program started is
/// ended.
pub async fn run(program: &Program) -> Ended {
    let start = Instant::now();
    let marker = tree::marker();
    let (output, errors) = (Captured::new(start), Captured::new(start));
    let end = match spawn(program, &marker) {
        Err(why) => End::NotStarted(why),
        Ok(mut child) => {
            let tree = Tree::new(child.id(), marker);
            let end = supervise(&mut child, program, &tree, &output, &errors).await;
            tree.end();
            end
        }
    };
    let first_output = output.first();
    Ended { end, first_output, output: output.taken(), errors: errors.taken(), elapsed: start.elapsed() }
}

fn spawn(program: &Program, marker: &str) -> Result<Child, String> {
    let (name, arguments) = program.argv.split_first().ok_or("the command is empty; name a program")?;
    let path = resolved(name, &program.folder);
    let mut command = Command::new(&path);
    command
        .args(arguments)
        .current_dir(&program.folder)
        .env_clear()
        .envs(PLAIN_VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("LANG", "C.UTF-8")
        .envs(&program.variables)
        .env(tree::MARKER_VARIABLE, marker)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn().map_err(|error| format!("`{}` cannot be started: {error}", path.display()))
}

fn resolved(name: &str, folder: &Path) -> PathBuf {
    // Joining an absolute path gives that path.
    if name.contains('/') { folder.join(name) } else { PathBuf::from(name) }
}

async fn supervise(
    child: &mut Child,
    program: &Program,
    tree: &Tree,
    output: &Captured,
    errors: &Captured,
) -> End {
    let Limits { idle, total, output_bytes_max, error_bytes_max } = program.limits;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input is none of our business.
            let _ = stdin.write_all(&program.input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let drain = async {
        let out = output.drain(stdout, output_bytes_max, true);
        let err = errors.drain(stderr, error_bytes_max, false);
        tokio::try_join!(out, err).map(drop)
    };
    let work = async {
        tokio::pin!(feed, drain);
        let (mut fed, mut drained) = (false, false);
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                () = &mut feed, if !fed => fed = true,
                result = &mut drain, if !drained => match result {
                    Ok(()) => drained = true,
                    Err(Flood) => return End::Flood,
                },
            }
        };
        // What it left behind may hold its output open.
        tree.end();
        if !drained && let Ok(Err(Flood)) = timeout(LAST_WORDS, drain).await {
            return End::Flood;
        }
        status.map_or_else(|error| End::NotStarted(error.to_string()), ended)
    };
    let silence = async {
        loop {
            let last = output.last().max(errors.last());
            if last.elapsed() >= idle {
                return;
            }
            sleep_until(last + idle).await;
        }
    };
    tokio::select! {
        end = work => end,
        () = silence => End::Idle,
        () = sleep(total) => End::Deadline,
    }
}

fn ended(status: ExitStatus) -> End {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return End::Signalled(signal);
    }
    End::Exited(status.code().unwrap_or(-1))
}

/// It wrote more than it may.
struct Flood;

/// What a program wrote on one stream.
struct Captured {
    start: Instant,
    inner: Mutex<Inner>,
}

struct Inner {
    bytes: Vec<u8>,
    first: Option<Instant>,
    last: Instant,
}

impl Captured {
    fn new(start: Instant) -> Self {
        Self { start, inner: Mutex::new(Inner { bytes: Vec::new(), first: None, last: start }) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads to the end; beyond the limit it is a flood, or dropped.
    async fn drain(
        &self,
        pipe: Option<impl AsyncRead + Unpin>,
        max: usize,
        strict: bool,
    ) -> Result<(), Flood> {
        let Some(mut pipe) = pipe else { return Ok(()) };
        let mut part = vec![0; READ_BYTES];
        loop {
            let count = match pipe.read(&mut part).await {
                Ok(0) | Err(_) => return Ok(()),
                Ok(count) => count,
            };
            let over = self.with(|inner| {
                inner.last = Instant::now();
                inner.first.get_or_insert(inner.last);
                let room = max - inner.bytes.len();
                inner.bytes.extend_from_slice(&part[..count.min(room)]);
                count > room
            });
            if over && strict {
                return Err(Flood);
            }
        }
    }

    fn first(&self) -> Option<Duration> {
        self.with(|inner| inner.first.map(|first| first - self.start))
    }

    fn last(&self) -> Instant {
        self.with(|inner| inner.last)
    }

    fn taken(self) -> Vec<u8> {
        self.inner.into_inner().unwrap_or_else(PoisonError::into_inner).bytes
    }
}
