//! A process that promotes and rolls back without end, killed at any moment: what it left is settled to what is true.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use gatewright_core::{id::Digest, release::State};

use super::support::{Diary, World};
use crate::{
    deploy::adapter::Adapter as _,
    port::release::{Journal as _, Sealed as _},
};

/// Names the folder to the killed process, and by that tells it that it is the one.
const FOLDER: &str = "GATEWRIGHT_TEST_KILL";

const KILLS: u32 = 30;

/// How long a process lives at most before it is killed, in milliseconds.
const LIFE_MS_MAX: u64 = 120;

/// A world whose target and journal lie where the killed processes left them.
fn world_at(folder: &Path) -> World {
    let mut world = World::new();
    let target = folder.join("target");
    world.line = super::support::Line::new(&target);
    world.diary = Diary::at(folder.join("diary.json"));
    world
}

/// Switches between two versions until the end.
async fn live_dangerously(folder: PathBuf) {
    let world = world_at(&folder);
    std::fs::write(folder.join("began"), []).expect("a sign of life");
    loop {
        let version = if world.pointed().await == Some(world.first) { world.second } else { world.first };
        let lived = world.diary.lived(&super::support::environment(), version).await.expect("a journal");
        let enacted =
            if lived.is_some() { world.roll_back(version).await } else { world.promote(version).await };
        assert_eq!(enacted.release.state, State::Live, "{}", enacted.evidence);
    }
}

/// The pointer as a reader sees it at any moment: absent, or whole.
fn assert_whole(folder: &Path) -> Option<u64> {
    let bytes = std::fs::read(folder.join("target/current.json")).ok()?;
    let pointer: serde_json::Value = serde_json::from_slice(&bytes).expect("a whole pointer");
    assert_eq!(pointer["format"], 1);
    Some(pointer["sequence"].as_u64().expect("a sequence"))
}

/// Settles what was left, and compares what the journal says then with what is true.
async fn assert_settled(folder: &Path) -> Option<State> {
    let world = world_at(folder);
    let open = world.diary.unsettled();
    assert!(open.len() <= 1, "{open:?}");
    let settled = world.settle().await;
    let pointed = world.pointed().await;
    for one in &settled {
        let read = one.as_ref().expect("read");
        let release = &read.release;
        match release.state {
            State::Live => assert_eq!(pointed, Some(release.to), "{}", read.evidence),
            State::NotApplied => assert_eq!(pointed, release.from, "{}", read.evidence),
            state => panic!("{state:?}: {}", read.evidence),
        }
    }
    assert_eq!(world.diary.unsettled(), []);
    let newest = world.diary.releases().into_iter().rfind(|release| release.state == State::Live);
    assert_eq!(pointed, newest.map(|release| release.to), "what the journal calls live is live");
    for listed in world.line.folder.list().await.expect("a target") {
        assert!(world.vault.manifest(listed.version).is_ok(), "{listed:?}");
    }
    settled.first().map(|one| one.as_ref().expect("read").release.state)
}

#[test]
fn killed_at_any_moment_a_release_is_settled_to_what_is_true() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Some(folder) = std::env::var_os(FOLDER) {
        return runtime.block_on(live_dangerously(PathBuf::from(folder)));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (mut ended, mut sequence) = (Vec::new(), 0);
    for kill in 0..KILLS {
        let began = folder.path().join("began");
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "deploy::tests::kill::killed_at_any_moment_a_release_is_settled_to_what_is_true",
            ])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process to kill");
        while !began.exists() {
            assert_eq!(child.try_wait().expect("a child"), None, "it ended by itself");
            assert_whole(folder.path());
        }
        let life = life(kill);
        let until = std::time::Instant::now() + life;
        while std::time::Instant::now() < until {
            assert_whole(folder.path());
        }
        child.kill().expect("a kill");
        child.wait().expect("an end");
        std::fs::remove_file(began).expect("a sign of life");
        let reached = assert_whole(folder.path()).unwrap_or(0);
        assert!(reached >= sequence, "the sequence went back from {sequence} to {reached}");
        sequence = reached;
        ended.extend(runtime.block_on(assert_settled(folder.path())));
    }
    assert!(sequence > 1 && !ended.is_empty(), "nothing was killed in the middle: {ended:?} at {sequence}");
}

/// How long a process lives: scattered, and the same in every run of the test.
fn life(kill: u32) -> Duration {
    let [high, low, ..] = Digest::of_bytes(&kill.to_be_bytes()).0;
    Duration::from_micros(u64::from(u16::from_be_bytes([high, low])) * LIFE_MS_MAX * 1000 / 65_536)
}
