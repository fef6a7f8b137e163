//! Carrying releases out, with an endpoint that behaves and one that does not.

use std::{sync::atomic::Ordering, time::Duration};

use gatewright_core::{
    id::EnvironmentName,
    release::{Kind, Rung, State},
};
use tokio_util::sync::CancellationToken;

use super::support::{Fault, HttpProbe, Manner, World, history};
use crate::{
    deploy::{Desk, EnactError, Order, Patience, adapter::Adapter as _},
    port::release::{Journal as _, JournalError},
};

#[tokio::test]
async fn a_promotion_is_written_down_step_by_step_and_proved_by_answers() {
    let world = World::live().await;
    let enacted = world.promote(world.second).await;
    let release = &enacted.release;
    assert_eq!((release.state, release.rung), (State::Live, Rung::Served), "{}", enacted.evidence);
    assert_eq!(world.pointed().await, Some(world.second));
    let steps =
        [State::Intent, State::Staged, State::Switching, State::Switched, State::Observing, State::Live];
    assert_eq!(world.diary.states(release.id), steps);
    assert_eq!(world.diary.release(release.id), *release);
    let times = release.times;
    assert!(
        times.acknowledged_us < times.first_new_us && times.first_new_us < times.verified_us,
        "{times:?}"
    );
    assert_eq!(times.last_old_us, None);
}

#[tokio::test]
async fn served_takes_twenty_answers_over_a_quiet_second() {
    let world = World::live().await;
    let asked = world.endpoint.asked.load(Ordering::Relaxed);
    let order = world.order(world.grant(world.second).await);
    let desk = Desk { patience: Patience::default(), ..world.desk() };
    let enacted = desk.enact(&order, &CancellationToken::new()).await.expect("a journal that works");
    let times = enacted.release.times;
    let (first, verified) = (times.first_new_us.expect("seen"), times.verified_us.expect("verified"));
    assert!(world.endpoint.asked.load(Ordering::Relaxed) - asked >= 20);
    assert!(verified - first >= 900_000, "{times:?}");
}

#[tokio::test]
async fn a_target_that_says_it_is_well_adds_a_rung() {
    let world = World::live().await;
    world.line.set(Fault::Well);
    assert_eq!(world.promote(world.second).await.release.rung, Rung::Healthy);
}

#[tokio::test]
async fn without_an_endpoint_the_ladder_ends_at_the_pointer() {
    let world = World::new();
    let enacted = world.promote(world.first).await;
    assert_eq!((enacted.release.state, enacted.release.rung), (State::Live, Rung::Pointer));
    assert_eq!(enacted.release.from, None);
    assert_eq!(world.pointed().await, Some(world.first));
}

#[tokio::test]
async fn enacting_twice_does_what_enacting_once_does() {
    let world = World::live().await;
    let grant = world.grant(world.second).await;
    let once = world.enact(grant.clone()).await;
    let (before, switches) = (world.line.folder.current().await, world.switches());
    let twice = world.enact(grant.clone()).await;
    assert_eq!(once.release, twice.release);
    assert_eq!((world.line.folder.current().await, world.switches()), (before, switches));
    world.roll_back(world.first).await;
    world.enact(grant).await;
    assert_eq!(world.pointed().await, Some(world.first), "a stale decision never moves anything back");
}

#[tokio::test]
async fn a_grant_for_another_environment_is_refused() {
    let world = World::new();
    let order = world.order(world.grant(world.first).await);
    let desk = Desk { environment: EnvironmentName::from("staging"), ..world.desk() };
    let error = desk.enact(&order, &CancellationToken::new()).await.expect_err("elsewhere");
    assert!(matches!(error, EnactError::Elsewhere { .. }), "{error}");
    assert_eq!((world.switches(), world.diary.releases().len()), (0, 0));
}

#[tokio::test]
async fn old_answers_for_a_while_are_waited_out_and_measured() {
    let world = World::live().await;
    world.endpoint.behave(Manner::Lags(world.first, 15));
    let enacted = world.promote(world.second).await;
    assert_eq!((enacted.release.state, enacted.release.rung), (State::Live, Rung::Served));
    let times = enacted.release.times;
    assert!(times.acknowledged_us < times.last_old_us && times.last_old_us < times.first_new_us, "{times:?}");
}

#[tokio::test]
async fn an_endpoint_that_never_changes_leads_back_once() {
    let mut world = World::live().await;
    world.hurry();
    world.endpoint.behave(Manner::Stuck(world.first));
    let enacted = world.promote(world.second).await;
    let back = enacted.back.expect("a release back");
    assert_eq!(enacted.release.state, State::Superseded);
    assert_eq!((back.release.kind, back.release.state), (Kind::Rollback, State::Live), "{}", back.evidence);
    assert_eq!(back.release.supersedes, Some(enacted.release.id));
    assert!(back.release.fence > enacted.release.fence && back.back.is_none());
    assert_eq!(world.pointed().await, Some(world.first));
    let told =
        [(Kind::Promotion, State::Live), (Kind::Promotion, State::Superseded), (Kind::Rollback, State::Live)];
    assert_eq!(history(&world.diary), told);
}

#[tokio::test]
async fn a_bad_rollback_is_a_conflict_and_never_rolled_back() {
    let mut world = World::live().await;
    world.promote(world.second).await;
    world.hurry();
    world.endpoint.behave(Manner::Stuck(world.second));
    let enacted = world.roll_back(world.first).await;
    assert_eq!(enacted.release.state, State::Conflict, "{}", enacted.evidence);
    assert!(enacted.back.is_none());
    assert_eq!((world.pointed().await, world.diary.releases().len()), (Some(world.first), 3));
}

#[tokio::test]
async fn a_third_version_at_the_endpoint_is_a_conflict_and_no_way_back() {
    let mut world = World::live().await;
    world.hurry();
    world.endpoint.behave(Manner::Stuck(world.vault.seal("Someone else's.")));
    let enacted = world.promote(world.second).await;
    assert_eq!((enacted.release.state, enacted.release.rung), (State::Conflict, Rung::Pointer));
    assert!(enacted.back.is_none() && enacted.evidence.contains("neither side"), "{}", enacted.evidence);
}

#[tokio::test]
async fn an_endpoint_out_of_reach_proves_nothing_and_moves_nothing() {
    let mut world = World::live().await;
    world.hurry();
    world.probe = Some(HttpProbe::of_nobody().await);
    let enacted = world.promote(world.second).await;
    assert_eq!((enacted.release.state, enacted.release.rung), (State::Observing, Rung::Pointer));
    assert!(enacted.back.is_none() && enacted.evidence.contains("not proved"), "{}", enacted.evidence);
    assert_eq!(world.pointed().await, Some(world.second));
}

#[tokio::test]
async fn an_endpoint_that_names_no_version_ends_at_the_pointer_after_the_quiet_window() {
    for (manner, named) in
        [(Manner::Silent, "name no version"), (Manner::Mumbles, "`v2`, which is no version")]
    {
        let world = World::live().await;
        world.endpoint.behave(manner);
        let asked = world.endpoint.asked.load(Ordering::Relaxed);
        let enacted = world.promote(world.second).await;
        assert_eq!((enacted.release.state, enacted.release.rung), (State::Live, Rung::Pointer));
        assert!(enacted.evidence.contains(named), "{}", enacted.evidence);
        assert!(world.endpoint.asked.load(Ordering::Relaxed) - asked >= world.patience.probes);
        let times = enacted.release.times;
        let window = times.verified_us.expect("read back") - times.acknowledged_us.expect("acknowledged");
        assert!(window >= 60_000, "{times:?}");
        assert_eq!((times.first_new_us, times.last_old_us), (None, None), "no answer is anybody's");
        // What was live by its pointer can be gone back to.
        let back = world.roll_back(world.first).await;
        assert_eq!(
            (back.release.state, back.release.rung),
            (State::Live, Rung::Pointer),
            "{}",
            back.evidence
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_stops_naming_versions_is_given_all_the_time() {
    let mut world = World::live().await;
    world.hurry();
    world.endpoint.behave(Manner::FallsSilent(world.first, 1));
    let enacted = world.promote(world.second).await;
    assert_eq!(
        (enacted.release.state, enacted.release.rung),
        (State::Live, Rung::Pointer),
        "{}",
        enacted.evidence
    );
    let times = enacted.release.times;
    assert!(times.last_old_us.is_some() && times.verified_us >= Some(1_000_000), "{times:?}");
}

#[tokio::test]
async fn a_promotion_decided_on_another_live_version_is_a_conflict_before_anything_is_sent() {
    let world = World::live().await;
    let late = world.grant(world.second).await;
    let third = world.vault.seal("A third.");
    world.promote(third).await;
    let switches = world.switches();
    let enacted = world.enact(late).await;
    assert_eq!(enacted.release.state, State::Conflict, "{}", enacted.evidence);
    assert_eq!((world.pointed().await, world.switches()), (Some(third), switches));
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_never_sent_again() {
    let world = World::live().await;
    let switches = world.switches();
    world.line.set(Fault::AnswerLost);
    let made = world.promote(world.second).await;
    assert_eq!((made.release.state, made.release.rung), (State::Live, Rung::Served));
    assert!(world.diary.states(made.release.id).contains(&State::Unknown));
    assert_eq!(made.release.times.acknowledged_us, None);
    world.line.set(Fault::SwitchLost);
    let lost = world.promote(world.first).await;
    assert_eq!(lost.release.state, State::NotApplied, "{}", lost.evidence);
    assert_eq!((world.pointed().await, world.switches()), (Some(world.second), switches + 2));
}

#[tokio::test]
async fn a_target_out_of_reach_before_the_switch_is_not_applied() {
    let world = World::live().await;
    let grant = world.grant(world.second).await;
    world.line.set(Fault::Unreachable);
    let enacted = world.enact(grant).await;
    assert_eq!(enacted.release.state, State::NotApplied, "{}", enacted.evidence);
    assert_eq!(world.switches(), 1);
}

#[tokio::test]
async fn called_off_before_the_switch_nothing_is_sent() {
    let world = World::live().await;
    let (cancel, order) = (CancellationToken::new(), world.order(world.grant(world.second).await));
    cancel.cancel();
    let enacted = world.desk().enact(&order, &cancel).await.expect("a journal that works");
    assert_eq!(enacted.release.state, State::NotApplied);
    assert_eq!((world.pointed().await, world.switches()), (Some(world.first), 1));
}

#[tokio::test]
async fn a_second_promotion_waits_for_the_open_one_and_a_rollback_does_not() {
    let mut world = World::live().await;
    world.promote(world.second).await;
    let works = world.probe.replace(HttpProbe::of_nobody().await);
    let patient = world.patience;
    world.hurry();
    let third = world.vault.seal("A third.");
    let open = world.promote(third).await.release;
    assert_eq!(open.state, State::Observing);
    let order = world.order(world.grant(world.second).await);
    let busy = world.desk().enact(&order, &CancellationToken::new()).await;
    let expected = JournalError::Busy { release: open.id, holder: "somebody".to_owned() };
    assert_eq!(busy, Err(EnactError::Journal(expected)));
    world.patience = patient;
    world.probe = works;
    let back = world.roll_back(world.first).await;
    assert_eq!((back.release.state, back.release.supersedes), (State::Live, Some(open.id)));
    assert_eq!(back.release.from, Some(third), "it starts from what is live");
    assert_eq!(world.diary.release(open.id).state, State::Superseded);
}

#[tokio::test]
async fn whoever_lost_the_lease_stops_before_the_switch() {
    let world = World::live().await;
    // Staged is written, then somebody takes over before switching is.
    *world.diary.taken_after.lock().expect("no panic") = Some(1);
    let order = world.order(world.grant(world.second).await);
    let stopped = world.desk().enact(&order, &CancellationToken::new()).await;
    assert!(matches!(stopped, Err(EnactError::Journal(JournalError::Fenced { .. }))), "{stopped:?}");
    assert_eq!((world.pointed().await, world.switches()), (Some(world.first), 1));
}

#[tokio::test]
async fn whoever_lost_the_lease_stops_watching() {
    let mut world = World::live().await;
    world.probe = Some(HttpProbe::of_nobody().await);
    let order = world.order(world.grant(world.second).await);
    let (desk, cancel) = (world.desk(), CancellationToken::new());
    let taken_over = async {
        let newest = || world.diary.releases().last().map(|release| release.state);
        while newest() != Some(State::Observing) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let open = world.diary.releases().last().expect("a release").id;
        world.diary.claim(open).await.expect("nobody alive holds it")
    };
    let (stopped, claimed) = futures_util::future::join(desk.enact(&order, &cancel), taken_over).await;
    let fenced = JournalError::Fenced { release: claimed.id };
    assert_eq!(stopped, Err(EnactError::Journal(fenced)));
    assert_eq!(world.diary.release(claimed.id), claimed, "it wrote nothing after that");
}

#[tokio::test]
async fn a_sign_of_life_that_cannot_be_written_down_breaks_nothing_off() {
    let mut world = World::live().await;
    let works = world.probe.replace(HttpProbe::of_nobody().await);
    // Long enough for one.
    world.patience.observe = Duration::from_millis(1_500);
    *world.diary.beats_lost.lock().expect("no panic") = Some(0);
    let open = world.promote(world.second).await.release;
    assert_eq!((open.state, open.rung), (State::Observing, Rung::Pointer), "as far as it was proved");
    assert!(world.diary.beats_lost.lock().expect("no panic").is_some_and(|lost| lost > 0));
    world.probe = works;
    let settled = world.settle().await.pop().expect("one is open").expect("read");
    assert_eq!(settled.release.state, State::Live);
}

#[tokio::test]
async fn a_rehearsal_goes_there_and_back_and_measures_both() {
    let world = World::live().await;
    world.promote(world.second).await;
    for version in [world.first, world.second] {
        let order = Order { rehearsal: true, ..world.order(world.grant_back(version).await) };
        let enacted = world.desk().enact(&order, &CancellationToken::new()).await.expect("a journal");
        assert_eq!((enacted.release.kind, enacted.release.state), (Kind::Rehearsal, State::Live));
        assert!(enacted.release.times.verified_us.is_some());
    }
    assert_eq!(world.pointed().await, Some(world.second));
}

#[tokio::test]
async fn a_rollback_needs_no_sealed_content_while_its_release_is_whole() {
    let world = World::live().await;
    world.promote(world.second).await;
    world.vault.empty();
    let back = world.roll_back(world.first).await;
    assert_eq!(back.release.state, State::Live, "{}", back.evidence);
}
