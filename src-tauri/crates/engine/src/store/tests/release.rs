//! Releases: one open an environment, each step kept, an older fence moves nothing; and leases.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use gatewright_core::{
    decision::Basis,
    id::{EnvironmentName, GrantId, ReleaseId, VersionId},
    release::{Kind, Release, Rung, State, Times},
    time::{Millis, Seq},
};

use super::{open, stream, tag};
use crate::{
    clock::Clock,
    event::Happened,
    store::{
        Durability, Store, StoreError,
        table::{Leased, NewDecision},
    },
};

/// A workspace with grants for a version: those of the releases 1 to 3.
fn granted(store: &Store) -> VersionId {
    let version = stream(store, "be kind").version;
    let decision = |id: u128| NewDecision {
        environment: EnvironmentName::new("production"),
        version,
        grant: Some((grant(id), Basis::Verdicts(Vec::new()))),
        summary: "be kind to production".to_owned(),
        body: b"{}".to_vec(),
        envelope: None,
    };
    for decision in (1..=3).map(decision) {
        store
            .write_blocking(Durability::Full, move |write| write.record_decision(&decision))
            .expect("decided");
    }
    version
}

fn grant(id: u128) -> GrantId {
    GrantId(tag(&format!("grant {id}")))
}

fn release(id: u128, fence: u64, to: VersionId) -> Release {
    Release {
        id: ReleaseId(id),
        kind: Kind::Promotion,
        grant: grant(id),
        environment: EnvironmentName::new("production"),
        from: None,
        to,
        target_ref: None,
        expected_revision: None,
        fence,
        state: State::Intent,
        rung: Rung::None,
        times: Times::default(),
        supersedes: None,
    }
}

fn begin(store: &Store, release: &Release) -> Result<(), StoreError> {
    let release = release.clone();
    store.write_blocking(Durability::Full, move |write| write.begin_release(&release, "begun"))
}

fn step(store: &Store, release: &Release) -> Result<(), StoreError> {
    let release = release.clone();
    store.write_blocking(Durability::Full, move |write| write.move_release(&release, "seen"))
}

#[test]
fn a_release_goes_its_way_and_its_journal_says_how() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let to = granted(&store);
    let mut moving = release(1, 1, to);
    begin(&store, &moving).expect("begun");
    for state in [State::Staged, State::Switching, State::Switched, State::Observing, State::Live] {
        moving.state = state;
        if state == State::Live {
            moving.rung = Rung::Served;
            moving.times.verified_us = Some(1_234);
        }
        step(&store, &moving).expect("moved");
    }
    let row = store.read(|read| read.release(moving.id)).expect("read").expect("begun");
    assert_eq!((&row.release, row.open), (&moving, false));
    let steps = store.read(|read| read.release_steps(moving.id)).expect("read");
    let states: Vec<_> = steps.iter().map(|step| step.state).collect();
    let way =
        [State::Intent, State::Staged, State::Switching, State::Switched, State::Observing, State::Live];
    assert_eq!(states, way);
    let log = store.read(|read| read.log(Seq(0), 100)).expect("read");
    let moves = log.iter().filter(|event| matches!(event.what, Happened::ReleaseMoved { .. })).count();
    assert_eq!(moves, way.len());
    let lives = store.read(|read| read.lives(&moving.environment, 5)).expect("read");
    assert_eq!(lives.len(), 1);
    assert!(matches!(step(&store, &moving), Err(StoreError::Refused(_))), "what ended moves no more");
    let twice = Release { id: ReleaseId(9), fence: 2, ..release(1, 2, to) };
    assert!(matches!(begin(&store, &twice), Err(StoreError::Refused(_))), "a grant opens one release");
    let lived = store.read(|read| read.lived(&moving.environment, to)).expect("read");
    assert_eq!(lived.map(|row| row.release), Some(moving));
}

#[test]
fn what_was_live_is_kept_also_where_this_history_never_saw_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let to = granted(&store);
    let kept = || store.read(|read| read.release(ReleaseId(1))).expect("read").expect("begun").release.from;
    let mut back = Release { from: Some(VersionId(tag("elsewhere"))), ..release(1, 1, to) };
    begin(&store, &back).expect("begun");
    assert_eq!(kept(), back.from);
    for from in [Some(to), None, Some(VersionId(tag("another")))] {
        back.from = from;
        step(&store, &back).expect("moved");
        assert_eq!(kept(), from, "the target was read again");
    }
}

#[test]
fn a_second_release_waits_for_the_first_and_a_rollback_takes_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let to = granted(&store);
    let mut first = release(1, 1, to);
    begin(&store, &first).expect("begun");
    assert!(matches!(begin(&store, &release(2, 2, to)), Err(StoreError::Refused(_))));
    first.state = State::Unknown;
    step(&store, &first).expect("moved");

    let stale = Release { supersedes: Some(first.id), ..release(3, 1, to) };
    assert!(matches!(begin(&store, &stale), Err(StoreError::Refused(_))), "its fence is not newer");
    let back = Release { kind: Kind::Rollback, supersedes: Some(first.id), ..release(3, 2, to) };
    begin(&store, &back).expect("a rollback takes over");
    let former = store.read(|read| read.release(first.id)).expect("read").expect("begun");
    assert_eq!((former.release.state, former.open), (State::Superseded, false));
    first.state = State::Switched;
    assert!(matches!(step(&store, &first), Err(StoreError::Refused(_))), "who was taken over moves nothing");
    let open = store.read(|read| read.open_releases()).expect("read");
    assert_eq!(open.iter().map(|row| row.release.clone()).collect::<Vec<_>>(), [back]);
}

#[test]
fn what_has_ended_cannot_be_taken_over_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let to = granted(&store);
    let mut first = release(1, 1, to);
    begin(&store, &first).expect("begun");
    first.state = State::Live;
    step(&store, &first).expect("moved");
    let late = Release { kind: Kind::Rollback, supersedes: Some(first.id), ..release(2, 2, to) };
    assert!(matches!(begin(&store, &late), Err(StoreError::Refused(_))));
    let row = store.read(|read| read.release(first.id)).expect("read").expect("begun");
    assert_eq!(row.release, first);
}

#[test]
fn a_release_without_a_recorded_grant_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let to = stream(&store, "be kind").version;
    assert!(matches!(begin(&store, &release(1, 1, to)), Err(StoreError::Unknown { .. })));
    assert!(store.read(|read| read.open_releases()).expect("read").is_empty());
}

#[derive(Debug)]
struct ByHand(AtomicI64);

impl Clock for ByHand {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

#[test]
fn a_lease_is_held_by_one_until_it_is_stale_and_its_fence_tells_holders_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ByHand(AtomicI64::new(0)));
    let store = Store::open(folder.path(), Arc::clone(&clock) as Arc<dyn Clock>).expect("opens");
    let take = |who: &'static str| {
        store
            .write_blocking(Durability::Full, move |write| write.take_lease("production", who, 1_000))
            .expect("asked")
    };
    let beat =
        |fence| store.write_blocking(Durability::Full, move |write| write.beat_lease("production", fence));
    let ours = |taken| match taken {
        Leased::Ours(fence) => fence,
        Leased::HeldBy(row) => panic!("held: {row:?}"),
    };
    let first = ours(take("app"));
    clock.0.store(900, Ordering::Relaxed);
    beat(first).expect("alive");
    clock.0.store(1_800, Ordering::Relaxed);
    assert!(matches!(take("cli"), Leased::HeldBy(row) if row.holder.as_deref() == Some("app")));
    clock.0.store(1_900, Ordering::Relaxed);
    let second = ours(take("cli"));
    assert!(second > first, "the holder gave no sign");
    assert!(matches!(beat(first), Err(StoreError::Refused(_))));
    let give_up =
        |fence| store.write_blocking(Durability::Full, move |write| write.give_up_lease("production", fence));
    give_up(first).expect("left alone");
    beat(second).expect("still held");
    give_up(second).expect("given up");
    assert!(ours(take("app")) > second);
}

#[test]
fn a_fence_is_beyond_every_place_that_a_lost_history_may_have_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let seize = || {
        let write = store.write_blocking(Durability::Full, |write| write.seize_lease("production", "cli"));
        write.expect("taken")
    };
    let before = seize();
    let beyond = Seq(before + 5_000);
    store
        .write_blocking(Durability::Full, move |write| write.go_on_after_damage(None, "damaged-1", beyond))
        .expect("noted");
    // A release of what is lost may have begun after the last signed head, and its target remembers it.
    assert!(seize() > beyond.0 + 1_000, "a fence that no target has seen");
}
