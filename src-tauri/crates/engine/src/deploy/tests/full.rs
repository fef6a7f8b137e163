//! A rollback on a disk without a free byte: a small file system in a mount namespace of its own.

use std::{
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use gatewright_core::release::State;

use super::support::{Line, World};

/// Names the mounted folder to the process inside the namespace, and by that tells it that it is the one.
const FOLDER: &str = "GATEWRIGHT_TEST_FULL";

const NAME: &str =
    "deploy::tests::full::a_rollback_works_at_zero_bytes_free_where_a_small_disk_can_be_mounted";

/// Writes until nothing more fits.
fn fill(folder: &Path) {
    let mut file = std::fs::File::create(folder.join("fill")).expect("room for a name");
    let full = loop {
        if let Err(error) = file.write_all(&[1; 1024]) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    let another = std::fs::write(folder.join("another"), [1; 1]).expect_err("not a byte fits");
    assert_eq!(another.kind(), ErrorKind::StorageFull);
}

async fn roll_back_on_a_full_disk(folder: PathBuf) {
    let mut world = World::new();
    world.line = Line::new(&folder.join("target"));
    world.promote(world.first).await;
    world.promote(world.second).await;
    fill(&folder);
    for version in [world.first, world.second, world.first] {
        let back = world.roll_back(version).await;
        assert_eq!(back.release.state, State::Live, "{}", back.evidence);
        assert_eq!(world.pointed().await, Some(version));
    }
}

#[test]
fn a_rollback_works_at_zero_bytes_free_where_a_small_disk_can_be_mounted() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        return runtime.block_on(roll_back_on_a_full_disk(PathBuf::from(folder)));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let inside = |script: &str| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .env(FOLDER, folder.path())
            .env("TEST", std::env::current_exe().expect("this test"))
            .output()
    };
    let mount = format!("mount -t tmpfs -o size=512k tmpfs \"${FOLDER}\"");
    if !inside(&mount).is_ok_and(|output| output.status.success()) {
        let words = "not run: this machine lets nobody mount a small disk\n";
        return std::io::stderr().write_all(words.as_bytes()).expect("a place for words");
    }
    let output = inside(&format!("{mount} && \"$TEST\" --exact {NAME}")).expect("a namespace");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{:?}", output);
}
