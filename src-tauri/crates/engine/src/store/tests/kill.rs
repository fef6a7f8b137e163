//! Processes that are killed while they write, and two that write at once. The test binary runs itself as the
//! writer: a variable in the environment says which part to play.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use gatewright_core::{
    id::RunId,
    observation::{TrialId, TrialState},
    plan::StreamKey,
    time::Seq,
};

use super::{answered, endpoint, key, open, rebuild, slot, stream, version};
use crate::{
    event::Happened,
    store::{Durability, FileLock, Holder, Store, StoreError, Taken},
};

/// The workspace of a process that plays a part.
const WORKSPACE: &str = "GATEWRIGHT_TEST_WORKSPACE";
/// From which number on its slots are, so that two writers do not meet.
const FIRST: &str = "GATEWRIGHT_TEST_FIRST";
const KILLS: u32 = 50;
/// On a slow machine the killing ends early, after this long and this often.
const KILLS_MIN: u32 = 10;
const KILLING_MAX: Duration = Duration::from_secs(8);
const WRITES: u32 = 150;

/// This test binary again, as the named test in `workspace`.
fn play(test: &str, workspace: &Path, first: u32) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args([&format!("store::tests::kill::{test}"), "--exact", "--nocapture"])
        .env(WORKSPACE, workspace)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started")
}

fn part() -> Option<(Store, u32)> {
    let workspace = std::env::var_os(WORKSPACE)?;
    let first = std::env::var(FIRST).ok()?.parse().ok()?;
    Some((open(Path::new(&workspace)), first))
}

fn gate() -> StreamKey {
    key(version("be kind").id, endpoint().id().expect("canonical"))
}

/// Answers slots and logs now and then, saying each thing on standard output once it is acknowledged.
fn write_and_tell(store: &Store, first: u32, count: u32) -> Result<(), StoreError> {
    let mut out = std::io::stdout();
    let mut tell = |line: String| writeln!(out, "{line}").map_err(StoreError::file("stdout"));
    let stream = gate();
    for round in first..first + count {
        let key = stream.clone();
        let trial = store.write_blocking(Durability::Normal, move |write| {
            let trial = write.release_slots(&key, &[slot("a", round)])?[0].clone();
            Ok(trial)
        })?;
        tell(format!("released {}", trial.id.0))?;
        if trial.state == TrialState::Released {
            store.write_blocking(Durability::Normal, move |write| {
                write.end_trial(trial.id, &answered(&format!("answer {round}"), round % 3 > 0))
            })?;
            tell(format!("ended {}", trial.id.0))?;
        }
        if round % 5 == 0 {
            let event = store.write_blocking(Durability::Full, move |write| {
                write.append(Happened::RunStarted { run: RunId(u128::from(round)) })
            })?;
            tell(format!("logged {}", event.seq.0))?;
        }
    }
    Ok(())
}

/// What a writer said it had done.
#[derive(Default)]
struct Told {
    released: BTreeSet<i64>,
    ended: BTreeSet<i64>,
    logged: BTreeSet<u64>,
}

impl Told {
    fn hear(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("released", id)) => drop(id.parse().map(|id| self.released.insert(id))),
            Some(("ended", id)) => drop(id.parse().map(|id| self.ended.insert(id))),
            Some(("logged", seq)) => drop(seq.parse().map(|seq| self.logged.insert(seq))),
            _ => {}
        }
    }

    fn holds_in(&self, store: &Store) {
        store
            .read(|read| {
                for &id in &self.released {
                    assert!(read.trial(TrialId(id))?.is_some(), "trial {id} was released and is gone");
                }
                for &id in &self.ended {
                    let trial = read.trial(TrialId(id))?.expect("kept").trial;
                    assert_eq!(trial.state, TrialState::Answered, "trial {id}");
                    assert_eq!(trial.asked, 1, "trial {id} was asked again");
                    assert_eq!(read.observations(TrialId(id))?.len(), 1);
                }
                let log: BTreeSet<u64> =
                    read.log_entries(Seq(0), u64::from(u32::MAX))?.iter().map(|entry| entry.seq.0).collect();
                assert!(self.logged.is_subset(&log), "log entries are gone");
                assert!(read.check_log()?.is_ok());
                Ok(())
            })
            .expect("read");
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    if let Some((store, first)) = part() {
        return write_and_tell(&store, first, 10_000).expect("until killed");
    }
    let folder = tempfile::tempdir().expect("a folder");
    drop(stream(&open(folder.path()), "be kind"));
    let started = Instant::now();
    let mut told = Told::default();
    let (mut kills, mut random) = (0, 7_u32);
    while kills < KILLS_MIN || kills < KILLS && started.elapsed() < KILLING_MAX {
        // A fixed sequence of moments (numerical recipes' generator): before the first line up to the 120th.
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let lines = random >> 16 & 127;
        let mut child =
            play("what_was_acknowledged_survives_a_kill_at_any_moment", folder.path(), kills * 10_000);
        let mut said = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        for line in said.by_ref().take(lines as usize) {
            told.hear(&line);
        }
        child.kill().expect("killed");
        for line in said {
            told.hear(&line);
        }
        child.wait().expect("gone");
        kills += 1;
    }
    assert!(told.ended.len() > 100 && told.logged.len() > 20, "the writers were killed before they wrote");
    let store = open(folder.path());
    told.holds_in(&store);
    let state = store.read(|read| read.state()).expect("checked");
    assert!(state.is_well(), "{state:?}");
    assert_eq!(
        rebuild(&store, |_, _| Ok(Vec::new())),
        [],
        "a projection disagrees with its facts after a kill"
    );
}

#[test]
fn two_processes_write_at_once_and_neither_is_refused() {
    if let Some((store, first)) = part() {
        return write_and_tell(&store, first, WRITES).expect("never refused");
    }
    let folder = tempfile::tempdir().expect("a folder");
    drop(stream(&open(folder.path()), "be kind"));
    let test = "two_processes_write_at_once_and_neither_is_refused";
    let writers = [play(test, folder.path(), 0), play(test, folder.path(), 100_000)];
    let mut told = Told::default();
    for writer in writers {
        let output = writer.wait_with_output().expect("ended");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        said.lines().for_each(|line| told.hear(line));
    }
    assert_eq!(told.ended.len(), 2 * WRITES as usize);
    told.holds_in(&open(folder.path()));
}

#[test]
fn a_lock_ends_with_its_process() {
    if let Some((store, _)) = part() {
        let path = store.folder().run_lock();
        let held = FileLock::take(&path, &Holder::this_process("cli", super::Millis(5))).expect("free");
        writeln!(std::io::stdout(), "locked").expect("told");
        let mut end = String::new();
        let _ = std::io::stdin().read_line(&mut end);
        std::thread::park();
        drop(held);
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let path = store.folder().run_lock();
    let mut child = play("a_lock_ends_with_its_process", folder.path(), 0);
    let mut said = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(said.any(|line| line.ends_with("locked")), "the other process holds the lock");
    let ours = Holder::this_process("app", super::Millis(6));
    let Taken::HeldBy(Some(holder)) = FileLock::try_take(&path, &ours).expect("asked") else {
        panic!("the lock was free")
    };
    assert_eq!((holder.pid, holder.host.as_str()), (child.id(), "cli"));
    child.kill().expect("killed");
    child.wait().expect("gone");
    assert!(matches!(FileLock::try_take(&path, &ours).expect("asked"), Taken::Ours(_)));
}
