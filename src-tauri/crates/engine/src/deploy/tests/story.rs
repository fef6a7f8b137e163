//! Random stories of one environment: whatever happens in whatever order, the journal never says more than is true.

use gatewright_core::release::{Kind, State};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::support::{Fault, World, environment};
use crate::{
    deploy::{EnactError, adapter::Adapter as _},
    port::release::{Journal as _, JournalError},
};

/// What can happen next.
#[derive(Clone, Copy, Debug)]
enum Event {
    Promote(usize),
    RollBack(usize),
    Line(Fault),
    Settle,
    /// The last switch that was sent arrives once more.
    LateSwitch,
    Gc,
}

fn event() -> impl Strategy<Value = Event> {
    let fault = prop::sample::select(vec![
        Fault::None,
        Fault::None,
        Fault::AnswerLost,
        Fault::SwitchLost,
        Fault::DiesBefore,
        Fault::DiesAfter,
    ]);
    prop_oneof![
        3 => (0..3_usize).prop_map(Event::Promote),
        3 => (0..3_usize).prop_map(Event::RollBack),
        3 => fault.prop_map(Event::Line),
        2 => Just(Event::Settle),
        2 => Just(Event::LateSwitch),
        1 => Just(Event::Gc),
    ]
}

/// Lets one thing happen. What is refused is refused; nothing else may go wrong.
async fn happen(world: &World, event: Event) {
    let versions = [world.first, world.second, world.vault.seal("A third.")];
    let cancel = CancellationToken::new();
    let grant = match event {
        Event::Promote(which) if world.pointed().await != Some(versions[which]) => {
            world.grant(versions[which]).await
        }
        Event::RollBack(which) => {
            let lived = world.diary.lived(&environment(), versions[which]).await.expect("a journal");
            if lived.is_none() {
                return;
            }
            world.grant_back(versions[which]).await
        }
        Event::Promote(_) => return,
        Event::Line(fault) => return world.line.set(fault),
        Event::Settle => {
            world.settle().await;
            return;
        }
        Event::LateSwitch => {
            let late = world.line.last.lock().expect("no panic").clone();
            if let Some(late) = late {
                let before = world.pointed().await;
                let known = world.diary.release(late.op_id);
                let arrived = world.line.folder.switch(&late, &cancel).await;
                // Of a release that is over it moves nothing; while one is unknown, that is what unknown means.
                let settled = !known.state.is_open();
                let after = world.pointed().await;
                assert!(!settled || before == after, "{arrived:?}: {before:?} → {after:?}");
            }
            return;
        }
        Event::Gc => {
            let keep = versions.into_iter().collect();
            world.line.folder.gc(&keep).await.expect("a target");
            return;
        }
    };
    match world.desk().enact(&world.order(grant), &cancel).await {
        Ok(_) | Err(EnactError::Journal(JournalError::Busy { .. }) | EnactError::OutOfReach(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

/// What holds after every event.
async fn assert_true(world: &World, switches_at_most: u32) {
    let releases = world.diary.releases();
    let open: Vec<_> = releases.iter().filter(|release| release.state.is_open()).collect();
    assert!(open.len() <= 1, "{open:?}");
    assert!(world.switches() <= switches_at_most, "a switch was sent again");
    assert!(releases.windows(2).all(|pair| pair[0].fence < pair[1].fence), "fences grow");
    for release in releases.iter().filter(|release| release.state == State::Superseded) {
        let by = releases.iter().find(|later| later.supersedes == Some(release.id));
        assert!(by.is_some_and(|by| by.kind == Kind::Rollback && by.fence > release.fence), "{release:?}");
    }
    // Nobody else is here, so while nothing is open the last release that went live is what is live.
    if open.is_empty() {
        let last = |state| releases.iter().rposition(|release| release.state == state);
        assert_eq!(last(State::Conflict), None, "{releases:?}");
        // What was taken over from while nobody knew of it may be live, until a release goes live after it.
        if last(State::Superseded) <= last(State::Live) {
            let live = last(State::Live).map(|at| releases[at].to);
            assert_eq!(world.pointed().await, live, "{releases:?}");
        }
    }
}

async fn tell(story: &[Event]) {
    let world = World::new();
    for event in story {
        happen(&world, *event).await;
        let sent = u32::try_from(world.diary.releases().len()).expect("a short story");
        assert_true(&world, sent).await;
    }
    world.line.set(Fault::None);
    happen(&world, Event::Settle).await;
    assert_eq!(world.diary.unsettled(), [], "what can be read is settled");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_journal_says_what_is_true(story in prop::collection::vec(event(), 1..14)) {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(tell(&story));
    }
}
