//! The folder by itself: its layout, its lock, and what others may have done to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
};

use gatewright_core::{
    id::{Digest, ReleaseId, VersionId},
    version::Component,
};
use tokio_util::sync::CancellationToken;

use super::{Folder, disk};
use crate::deploy::{
    adapter::{
        Adapter as _, AdapterError, Current, ErrorClass, OpAsked, OpStatus, Pointed, Staging, Switch,
        Switched,
    },
    conformance,
    tests::support::{Fault, Line, Vault, draw, staging},
};

/// A target with one version staged and live, at fence 1.
struct Target {
    root: tempfile::TempDir,
    folder: Folder,
    vault: Arc<Vault>,
    first: VersionId,
    second: VersionId,
}

impl Target {
    async fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let (folder, vault) = (Folder::new(root.path()), Arc::new(Vault::default()));
        let (first, second) = (vault.seal("Be kind."), vault.seal("Be brief."));
        let target = Self { root, folder, vault, first, second };
        target.go(first, 1).await.expect("a switch");
        target
    }

    fn path(&self, relative: &str) -> std::path::PathBuf {
        self.root.path().join(relative)
    }

    fn staging(&self, version: VersionId) -> Staging {
        staging(&self.vault, version)
    }

    async fn current(&self) -> Current {
        self.folder.current().await.expect("a target")
    }

    async fn prepared(&self, version: VersionId, fence: u64) -> Result<Switch, AdapterError> {
        let target_ref = self.folder.stage(&self.staging(version)).await?;
        let current = self.current().await;
        Ok(Switch {
            op_id: draw(),
            from: current.version(),
            to: version,
            target_ref,
            expected_revision: current.revision,
            fence,
            deadline_ms: 5_000,
        })
    }

    async fn send(&self, switch: &Switch) -> Result<Switched, AdapterError> {
        self.folder.switch(switch, &CancellationToken::new()).await
    }

    async fn go(&self, version: VersionId, fence: u64) -> Result<Switched, AdapterError> {
        let switch = self.prepared(version, fence).await?;
        self.send(&switch).await
    }

    async fn status(&self, op_id: ReleaseId, fence: u64) -> OpStatus {
        self.folder.op_status(&OpAsked { op_id, fence }).await.expect("a target")
    }
}

fn class<T: std::fmt::Debug>(result: Result<T, AdapterError>) -> ErrorClass {
    result.expect_err("refused").class
}

fn home(version: VersionId) -> String {
    format!("releases/{}", version.0.hex())
}

#[tokio::test]
async fn the_folder_does_what_every_adapter_must() {
    let root = tempfile::tempdir().expect("a folder");
    let checks = conformance::check(&Folder::new(root.path().join("deep/target")), &draw, 1).await;
    let broken: Vec<_> = checks.iter().filter(|check| check.held.is_err()).collect();
    assert_eq!(broken, [] as [&conformance::Check; 0]);
    assert_eq!(checks.len(), 15);
}

#[tokio::test]
async fn the_suite_finds_an_adapter_that_neither_compares_nor_remembers() {
    let root = tempfile::tempdir().expect("a folder");
    let line = Line::new(root.path());
    line.set(Fault::Lax);
    let checks = conformance::check(&line, &draw, 1).await;
    let broken: Vec<_> = checks
        .iter()
        .filter(|check| check.held.is_err())
        .map(|check| check.what)
        // Two lax switches at once may meet or not.
        .filter(|what| !what.contains("at once"))
        .collect();
    insta::assert_debug_snapshot!(broken);
}

#[tokio::test]
async fn the_layout_is_as_services_read_it() {
    let target = Target::new().await;
    let pointer = fs::read_to_string(target.path("current.json")).expect("a pointer");
    assert_eq!(pointer, format!("{{\"format\":1,\"version\":\"{}\",\"sequence\":1}}\n", target.first));
    let files = target.path(&home(target.first)).join("files");
    assert_eq!(fs::read_to_string(files.join("prompt")).expect("a prompt"), "Be kind.");
    let manifest = fs::read(target.path(&home(target.first)).join("manifest.json")).expect("a manifest");
    assert_eq!(Digest::of_bytes(&manifest), target.staging(target.first).manifest);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| fs::metadata(files.join(name)).expect("a file").permissions().mode() & 0o777;
        assert_eq!((mode("files/bin/tool.sh"), mode("prompt")), (0o755, 0o644));
        assert_eq!(fs::read_link(target.path("current")).expect("a link"), Path::new(&home(target.first)));
    }
    assert!(target.path("current.reserve").exists());
}

#[tokio::test]
async fn of_many_switches_at_once_exactly_one_wins() {
    let target = Target::new().await;
    let mut switches = Vec::new();
    for index in 0..16 {
        let version = target.vault.seal(&format!("Variant {index}."));
        switches.push(target.prepared(version, 2).await.expect("staged"));
    }
    let sent = switches.iter().map(|switch| target.send(switch));
    let results = futures_util::future::join_all(sent).await;
    let won: Vec<_> = results.iter().zip(&switches).filter(|(result, _)| result.is_ok()).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(target.current().await.version(), Some(won[0].1.to));
    let lost = results.iter().filter_map(|result| result.as_ref().err());
    assert!(lost.clone().all(|error| error.class == ErrorClass::Conflict), "{:?}", lost.collect::<Vec<_>>());
}

#[tokio::test]
async fn readers_see_a_whole_pointer_at_every_moment() {
    let target = Target::new().await;
    let (path, stop) = (target.path("current.json"), CancellationToken::new());
    let (told, known) = (stop.clone(), [target.first, target.second]);
    let reader = tokio::task::spawn_blocking(move || {
        let mut reads = 0_u32;
        while !told.is_cancelled() {
            let pointer: serde_json::Value =
                serde_json::from_slice(&fs::read(&path).expect("always there")).expect("always whole");
            let version = pointer["version"].as_str().expect("a version").parse().expect("a digest");
            assert!(known.contains(&version));
            reads += 1;
        }
        reads
    });
    for fence in 2..42 {
        let version = if fence % 2 == 0 { target.second } else { target.first };
        target.go(version, fence).await.expect("a switch");
    }
    stop.cancel();
    assert!(reader.await.expect("no torn read") > 0);
}

#[tokio::test]
async fn a_sequence_is_never_given_twice_and_an_operation_that_died_is_not_applied() {
    let target = Target::new().await;
    let died = target.prepared(target.second, 2).await.expect("staged");
    // What a process leaves that dies between writing its operation down and writing the pointer.
    let mut ops = super::Ops::read(target.root.path()).expect("readable");
    let found = super::Found::read(target.root.path()).expect("readable");
    assert_eq!(ops.begin(died.op_id, died.to, died.fence, &found), 2);
    ops.write(target.root.path()).expect("written");
    assert_eq!(target.status(died.op_id, 2).await, OpStatus::NotApplied);
    let next = target.go(target.second, 3).await.expect("a switch");
    assert_eq!(next.revision, "3");
    assert_eq!(target.status(died.op_id, 3).await, OpStatus::NotApplied);
}

#[tokio::test]
async fn operations_long_gone_are_unknown_and_not_denied() {
    let target = Target::new().await;
    let first = target.prepared(target.second, 2).await.expect("staged");
    target.send(&first).await.expect("a switch");
    for fence in 3..70 {
        let version = if fence % 2 == 0 { target.second } else { target.first };
        target.go(version, fence).await.expect("a switch");
    }
    assert_eq!(target.status(first.op_id, 70).await, OpStatus::Unknown);
    fs::write(target.path("current.ops.json"), "{}").expect("damage");
    assert_eq!(target.status(first.op_id, 70).await, OpStatus::Unknown);
}

#[cfg(unix)]
#[tokio::test]
async fn the_link_is_derived_repaired_and_never_in_the_way() {
    let target = Target::new().await;
    let link = target.path("current");
    fs::remove_file(&link).expect("a link");
    std::os::unix::fs::symlink("/nowhere", &link).expect("a wrong link");
    target.status(draw(), 1).await;
    assert_eq!(fs::read_link(&link).expect("a link"), Path::new(&home(target.first)));
    fs::remove_file(&link).expect("a link");
    fs::create_dir(&link).expect("somebody's folder");
    target.go(target.second, 2).await.expect("a switch");
    assert!(fs::symlink_metadata(&link).expect("still there").is_dir());
    assert_eq!(target.current().await.version(), Some(target.second));
}

#[tokio::test]
async fn a_pointer_that_is_not_ours_is_shown_and_can_be_replaced_knowingly() {
    let target = Target::new().await;
    let stale = target.prepared(target.second, 2).await.expect("staged");
    fs::write(target.path("current.json"), "v2 (by hand)").expect("somebody's pointer");
    let current = target.current().await;
    assert!(matches!(current.pointed, Pointed::NotOurs(_)), "{current:?}");
    assert_eq!(class(target.send(&stale).await), ErrorClass::Conflict);
    assert_eq!(class(target.folder.gc(&BTreeSet::new()).await), ErrorClass::Precondition);
    target.go(target.second, 3).await.expect("a switch from what was read");
    assert_eq!(target.current().await.version(), Some(target.second));
}

#[tokio::test]
async fn a_pointer_of_a_newer_format_is_left_alone() {
    let target = Target::new().await;
    let newer = "{\"format\":2,\"version\":\"blue\"}";
    fs::write(target.path("current.json"), newer).expect("a newer pointer");
    assert_eq!(class(target.folder.current().await), ErrorClass::Precondition);
    let switch = Switch {
        op_id: draw(),
        from: None,
        to: target.first,
        target_ref: home(target.first),
        expected_revision: None,
        fence: 9,
        deadline_ms: 5_000,
    };
    assert_eq!(class(target.send(&switch).await), ErrorClass::Precondition);
    assert_eq!(fs::read_to_string(target.path("current.json")).expect("a pointer"), newer);
}

#[tokio::test]
async fn staging_again_repairs_what_was_damaged_lost_or_added() {
    let target = Target::new().await;
    let files = target.path(&home(target.first)).join("files");
    fs::write(files.join("prompt"), "Be evil.").expect("damage of the same length");
    fs::remove_file(files.join("files/bin/tool.sh")).expect("a loss");
    fs::create_dir_all(files.join("extra/deep")).expect("an addition");
    fs::write(files.join("extra/deep/file"), "more").expect("an addition");
    target.folder.stage(&target.staging(target.first)).await.expect("repaired");
    assert_eq!(fs::read_to_string(files.join("prompt")).expect("a prompt"), "Be kind.");
    assert!(files.join("files/bin/tool.sh").exists() && !files.join("extra").exists());
}

#[tokio::test]
async fn sealed_content_that_is_not_what_its_digest_says_is_never_placed() {
    let target = Target::new().await;
    target.vault.damage(b"Be brief.");
    let staged = target.folder.stage(&target.staging(target.second)).await;
    assert_eq!(class(staged), ErrorClass::Final);
    let listed = target.folder.list().await.expect("a target");
    let second = listed.iter().find(|listed| listed.version == target.second).expect("its folder");
    assert!(second.unavailable.is_some(), "half a release is no release");
    let granted_otherwise = Staging { manifest: Digest::of_bytes(b"other"), ..target.staging(target.first) };
    assert_eq!(class(target.folder.stage(&granted_otherwise).await), ErrorClass::Final);
}

#[tokio::test]
async fn no_path_of_a_manifest_leaves_its_release() {
    let target = Target::new().await;
    for path in ["../escape", "/etc/passwd", "a/../../b", "a\\b", "C:evil", "a//b", "./a", "nul\0"] {
        let entry = target.vault.keep(b"evil", false);
        let files = Component::Files(BTreeMap::from([(path.to_owned(), entry)]));
        let version = target.vault.seal_parts(&[("files", files)]);
        let staged = target.folder.stage(&target.staging(version)).await;
        assert_eq!(class(staged), ErrorClass::Final, "{path:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_planted_in_a_release_is_not_followed() {
    let target = Target::new().await;
    let outside = tempfile::tempdir().expect("a folder");
    let files = target.path(&home(target.second)).join("files");
    fs::create_dir_all(&files).expect("a half release");
    std::os::unix::fs::symlink(outside.path(), files.join("files")).expect("a planted link");
    target.folder.stage(&target.staging(target.second)).await.expect("staged");
    assert_eq!(fs::read_dir(outside.path()).expect("a folder").count(), 0);
    assert!(fs::symlink_metadata(files.join("files")).expect("a folder").is_dir());
}

#[tokio::test]
async fn what_a_folder_cannot_place_is_refused_or_named() {
    let target = Target::new().await;
    let tree = Component::GitTree("0123456789".to_owned());
    let only = target.vault.seal_parts(&[("tree", tree.clone())]);
    assert_eq!(class(target.folder.stage(&target.staging(only)).await), ErrorClass::Precondition);
    let prompt = Component::Content(target.vault.keep(b"Be kind.", false));
    let mixed = target.vault.seal_parts(&[("prompt", prompt), ("tree", tree)]);
    let plan = target.folder.plan(&target.staging(mixed)).await.expect("a plan");
    assert!(plan.not_reverted[0].contains("git tree 0123456789"), "{plan:?}");
    assert_eq!(plan.steps.len(), 2);
}

#[tokio::test]
async fn gc_removes_what_is_neither_live_nor_kept() {
    let target = Target::new().await;
    let third = target.vault.seal("A third.");
    for version in [target.second, third] {
        target.folder.stage(&target.staging(version)).await.expect("staged");
    }
    let left_over = target.path("releases/.gone-before-a-crash");
    fs::create_dir(&left_over).expect("what a crash left");
    let removed = target.folder.gc(&BTreeSet::from([target.second])).await.expect("a target");
    assert_eq!(removed, [third]);
    assert!(!left_over.exists());
    assert!(!target.path(&home(third)).exists() && target.path(&home(target.first)).exists());
    let left: Vec<_> =
        target.folder.list().await.expect("a target").into_iter().map(|one| one.version).collect();
    assert_eq!(BTreeSet::from_iter(left), BTreeSet::from([target.first, target.second]));
}

#[tokio::test]
async fn a_switch_that_comes_too_late_or_finds_the_lock_held_changes_nothing() {
    let target = Target::new().await;
    let mut switch = target.prepared(target.second, 2).await.expect("staged");
    switch.deadline_ms = 0;
    assert_eq!(class(target.send(&switch).await), ErrorClass::Cancelled);
    let held = disk::lock(&target.path("current.lock"), std::time::Duration::ZERO).expect("a lock");
    assert!(held.is_some());
    switch.deadline_ms = 20;
    assert_eq!(class(target.send(&switch).await), ErrorClass::Retryable);
    drop(held);
    assert_eq!(target.current().await.version(), Some(target.first));
    switch.deadline_ms = 5_000;
    target.send(&switch).await.expect("a switch");
}

#[tokio::test]
async fn an_empty_target_says_nothing_is_live_and_is_not_touched_by_looking() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = Folder::new(root.path().join("target"));
    assert_eq!(folder.current().await, Ok(Current::NOTHING));
    assert_eq!(folder.list().await, Ok(Vec::new()));
    assert_eq!(folder.op_status(&OpAsked { op_id: draw(), fence: 1 }).await, Ok(OpStatus::NotApplied));
    assert_eq!(folder.gc(&BTreeSet::new()).await, Ok(Vec::new()));
    assert_eq!(class(folder.observe().await), ErrorClass::NotSupported);
    assert!(!root.path().join("target").exists());
}
