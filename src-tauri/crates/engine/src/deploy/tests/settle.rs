//! Settling what was left open.

use gatewright_core::release::{Kind, Release, Rung, State};
use tokio_util::sync::CancellationToken;

use super::support::{Fault, HttpProbe, Manner, World, history};
use crate::{
    deploy::{
        Desk, EnactError, Enacted,
        adapter::{Adapter as _, ErrorClass},
    },
    port::release::JournalError,
};

/// The one open release, settled.
async fn settled(world: &World) -> Enacted {
    world.settle().await.pop().expect("one is open").expect("read")
}

/// A promotion of the second version, of whose switch nobody knows; the line works again.
async fn unknown(fault: Fault) -> (World, Release) {
    let world = World::live().await;
    world.line.set(fault);
    let release = world.promote(world.second).await.release;
    assert_eq!(release.state, State::Unknown);
    assert_eq!(settled(&world).await.release.state, State::Unknown, "while the target is out of reach");
    world.line.set(Fault::None);
    let release = world.diary.release(release.id);
    (world, release)
}

#[tokio::test]
async fn a_switch_that_was_lost_is_settled_as_not_applied() {
    let (world, _) = unknown(Fault::DiesBefore).await;
    let read = settled(&world).await;
    assert_eq!(read.release.state, State::NotApplied, "{}", read.evidence);
    assert_eq!((world.pointed().await, world.switches()), (Some(world.first), 2));
    assert_eq!(world.settle().await, [], "nothing is left open");
}

#[tokio::test]
async fn a_switch_that_was_made_goes_on_to_be_observed() {
    let (world, _) = unknown(Fault::DiesAfter).await;
    let read = settled(&world).await;
    assert_eq!((read.release.state, read.release.rung), (State::Live, Rung::Served), "{}", read.evidence);
    assert_eq!((world.pointed().await, world.switches()), (Some(world.second), 2));
    assert_eq!(read.release.times.verified_us, None, "no click, no time");
}

#[tokio::test]
async fn something_else_at_the_target_is_a_conflict_with_the_facts_in_words() {
    let (world, _) = unknown(Fault::DiesBefore).await;
    let third = world.vault.seal("Someone else's.");
    std::fs::write(
        world.root.path().join("current.json"),
        format!("{{\"format\":1,\"version\":\"{third}\",\"sequence\":40}}"),
    )
    .expect("a pointer moved outside");
    let read = settled(&world).await;
    assert_eq!(read.release.state, State::Conflict);
    assert!(read.evidence.contains(&third.0.short()) && read.evidence.contains("40"), "{}", read.evidence);
}

#[tokio::test]
async fn a_switch_that_was_made_and_moved_back_outside_is_a_conflict() {
    let (world, _) = unknown(Fault::DiesAfter).await;
    let pointer = format!("{{\"format\":1,\"version\":\"{}\",\"sequence\":9}}", world.first);
    std::fs::write(world.root.path().join("current.json"), pointer).expect("a pointer moved outside");
    assert_eq!(settled(&world).await.release.state, State::Conflict);
}

#[tokio::test]
async fn a_rollback_takes_over_from_an_unknown_release_and_its_late_switch_moves_nothing() {
    let (world, release) = unknown(Fault::DiesBefore).await;
    let back = world.roll_back(world.first).await.release;
    assert_eq!((back.kind, back.state, back.supersedes), (Kind::Rollback, State::Live, Some(release.id)));
    assert!(back.fence > release.fence);
    assert_eq!(world.diary.release(release.id).state, State::Superseded);
    let before = world.line.folder.current().await;
    let mut late = world.line.last.lock().expect("no panic").clone().expect("it was sent");
    late.op_id = release.id;
    late.fence = release.fence;
    late.to = world.second;
    let refused = world.line.folder.switch(&late, &CancellationToken::new()).await.expect_err("too late");
    assert_eq!(refused.class, ErrorClass::Conflict, "{refused}");
    assert_eq!(world.line.folder.current().await, before);
}

#[tokio::test]
async fn a_rollback_that_cannot_reach_the_target_leaves_the_unknown_release_open() {
    let (world, release) = unknown(Fault::DiesBefore).await;
    let grant = world.grant_back(world.first).await;
    world.line.set(Fault::Unreachable);
    let refused = world.desk().enact(&world.order(grant), &CancellationToken::new()).await;
    assert!(matches!(refused, Err(EnactError::OutOfReach(_))), "{refused:?}");
    assert_eq!(world.diary.release(release.id).state, State::Unknown);
}

#[tokio::test]
async fn a_rollback_that_cannot_be_staged_still_keeps_the_late_switch_out() {
    let (world, release) = unknown(Fault::DiesBefore).await;
    let late = world.line.last.lock().expect("no panic").clone().expect("it was sent");
    let home = world.root.path().join("releases").join(world.first.0.hex());
    std::fs::remove_dir_all(home).expect("a release to lose");
    world.vault.empty();
    let back = world.roll_back(world.first).await;
    assert_eq!(back.release.state, State::NotApplied, "{}", back.evidence);
    assert_eq!(world.diary.release(release.id).state, State::Superseded);
    let refused = world.line.folder.switch(&late, &CancellationToken::new()).await.expect_err("too late");
    assert_eq!(refused.class, ErrorClass::Conflict, "{refused}");
}

#[tokio::test]
async fn a_switch_held_up_on_its_way_cannot_arrive_after_it_was_settled() {
    let (world, release) = unknown(Fault::DiesBefore).await;
    let late = world.line.last.lock().expect("no panic").clone().expect("it was sent");
    assert_eq!(late.op_id, release.id);
    assert_eq!(settled(&world).await.release.state, State::NotApplied);
    let refused = world.line.folder.switch(&late, &CancellationToken::new()).await.expect_err("too late");
    assert_eq!(refused.class, ErrorClass::Conflict, "{refused}");
    assert_eq!(world.pointed().await, Some(world.first));
}

#[tokio::test]
async fn an_observation_that_was_broken_off_goes_on_and_may_lead_back() {
    let mut world = World::live().await;
    let works = world.probe.replace(HttpProbe::of_nobody().await);
    world.hurry();
    let open = world.promote(world.second).await.release;
    assert_eq!(open.state, State::Observing);
    world.probe = works;
    world.endpoint.behave(Manner::Stuck(world.first));
    let read = settled(&world).await;
    assert_eq!(read.release.state, State::Superseded);
    let back = read.back.expect("a release back").release;
    assert_eq!((back.kind, back.state), (Kind::Rollback, State::Live));
    assert_eq!(world.pointed().await, Some(world.first));
    assert_eq!(history(&world.diary).len(), 3);
}

#[tokio::test]
async fn what_somebody_alive_holds_is_left() {
    let (world, release) = unknown(Fault::DiesBefore).await;
    *world.diary.held.lock().expect("no panic") = true;
    let held = JournalError::Held { release: release.id, holder: "somebody".to_owned() };
    assert_eq!(world.settle().await, [Err(EnactError::Journal(held))]);
    assert_eq!(world.diary.unsettled(), [release]);
}

#[tokio::test]
async fn a_release_of_another_environment_is_not_taken_over() {
    let (world, release) = unknown(Fault::DiesBefore).await;
    let desk = Desk { environment: "staging".into(), ..world.desk() };
    let refused = desk.settle(&release, &CancellationToken::new()).await;
    assert!(matches!(refused, Err(EnactError::Elsewhere { .. })), "{refused:?}");
    assert_eq!(world.diary.unsettled(), [release], "its fence is what it was");
}
