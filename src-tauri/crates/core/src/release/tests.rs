//! The state machine: every state with every report, and whole lives of releases at random.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::id::Digest;

const FENCE: u64 = 5;

const HEARD: [Heard; 14] = [
    Heard::Staged,
    Heard::Sending,
    Heard::Acknowledged,
    Heard::Declined,
    Heard::Moved,
    Heard::NoAnswer,
    Heard::Read(Found::Target),
    Heard::Read(Found::Former),
    Heard::Read(Found::Other),
    Heard::Read(Found::Unreachable),
    Heard::Verified,
    Heard::StillFormer,
    Heard::Foreign,
    Heard::TakenOver,
];

/// Every arrow of the diagram, and no other.
const ARROWS: [(State, State); 22] = [
    (State::Intent, State::Staged),
    (State::Intent, State::NotApplied),
    (State::Intent, State::Conflict),
    (State::Intent, State::Observing),
    (State::Intent, State::Superseded),
    (State::Staged, State::Switching),
    (State::Staged, State::NotApplied),
    (State::Staged, State::Conflict),
    (State::Staged, State::Observing),
    (State::Staged, State::Superseded),
    (State::Switching, State::Switched),
    (State::Switching, State::NotApplied),
    (State::Switching, State::Unknown),
    (State::Switching, State::Conflict),
    (State::Switching, State::Observing),
    (State::Switching, State::Superseded),
    (State::Switched, State::Observing),
    (State::Switched, State::Conflict),
    (State::Switched, State::Superseded),
    (State::Observing, State::Live),
    (State::Observing, State::Conflict),
    (State::Observing, State::Superseded),
];

/// The arrows out of *unknown*, which only settling and superseding take.
const ARROWS_OUT_OF_UNKNOWN: [(State, State); 4] = [
    (State::Unknown, State::Observing),
    (State::Unknown, State::NotApplied),
    (State::Unknown, State::Conflict),
    (State::Unknown, State::Superseded),
];

fn version(text: &str) -> VersionId {
    VersionId(Digest::of_bytes(text.as_bytes()))
}

fn release(kind: Kind, state: State) -> Release {
    Release {
        id: ReleaseId(1),
        kind,
        grant: GrantId(Digest::of_bytes(b"grant")),
        environment: "production".into(),
        from: Some(version("former")),
        to: version("target"),
        target_ref: None,
        expected_revision: None,
        fence: FENCE,
        state,
        rung: Rung::None,
        times: Times::default(),
        supersedes: None,
    }
}

fn own(heard: Heard) -> Report {
    Report { fence: if heard == Heard::TakenOver { FENCE + 1 } else { FENCE }, heard }
}

#[test]
fn every_arrow_of_the_diagram_is_taken_and_no_other() {
    let mut taken = BTreeSet::new();
    for state in State::ALL {
        for heard in HEARD {
            let (after, act) = advance(&release(Kind::Promotion, state), own(heard));
            if after != state {
                taken.insert(format!("{state:?} → {after:?}"));
                assert_ne!(act, Act::Ignore, "{state:?} by {heard:?} moves and says nothing");
            }
        }
    }
    let arrows = ARROWS.iter().chain(&ARROWS_OUT_OF_UNKNOWN);
    let drawn: BTreeSet<_> = arrows.map(|(from, to)| format!("{from:?} → {to:?}")).collect();
    assert_eq!(taken, drawn);
}

#[test]
fn what_is_over_stays_as_it_is() {
    for state in State::ALL.into_iter().filter(|state| !state.is_open()) {
        for heard in HEARD {
            assert_eq!(advance(&release(Kind::Promotion, state), own(heard)), (state, Act::Ignore));
        }
    }
}

#[test]
fn another_fence_than_the_releases_own_never_moves_anything() {
    for state in State::ALL {
        for heard in HEARD.into_iter().filter(|&heard| heard != Heard::TakenOver) {
            for fence in [0, FENCE - 1, FENCE + 1, u64::MAX] {
                let report = Report { fence, heard };
                assert_eq!(advance(&release(Kind::Promotion, state), report), (state, Act::Ignore));
            }
        }
        for fence in [0, FENCE - 1, FENCE] {
            let report = Report { fence, heard: Heard::TakenOver };
            assert_eq!(advance(&release(Kind::Promotion, state), report), (state, Act::Ignore));
        }
    }
}

#[test]
fn the_switch_is_sent_only_right_after_it_was_announced() {
    for kind in [Kind::Promotion, Kind::Rollback, Kind::Rehearsal] {
        for state in State::ALL {
            for heard in HEARD {
                let (_, act) = advance(&release(kind, state), own(heard));
                let announced = state == State::Staged && heard == Heard::Sending;
                assert_eq!(act == Act::Send, announced, "{kind:?} {state:?} by {heard:?}");
            }
        }
    }
}

#[test]
fn a_lost_answer_is_unknown_and_is_read_before_anything_else() {
    let switching = release(Kind::Promotion, State::Switching);
    assert_eq!(advance(&switching, own(Heard::NoAnswer)), (State::Unknown, Act::Read));
    let unknown = release(Kind::Promotion, State::Unknown);
    let out_of_reach = own(Heard::Read(Found::Unreachable));
    assert_eq!(advance(&unknown, out_of_reach), (State::Unknown, Act::Rest));
    for heard in [Heard::Acknowledged, Heard::Declined, Heard::Verified, Heard::Sending] {
        assert_eq!(advance(&unknown, own(heard)), (State::Unknown, Act::Ignore), "{heard:?}");
    }
}

#[test]
fn only_a_promotion_goes_back_and_only_to_something() {
    let back = own(Heard::StillFormer);
    let observing = release(Kind::Promotion, State::Observing);
    assert_eq!(advance(&observing, back), (State::Observing, Act::GoBack));
    for kind in [Kind::Rollback, Kind::Rehearsal] {
        assert_eq!(advance(&release(kind, State::Observing), back), (State::Conflict, Act::Rest));
    }
    let first = Release { from: None, ..observing.clone() };
    assert_eq!(advance(&first, back), (State::Conflict, Act::Rest));
    let same = Release { from: Some(observing.to), ..observing };
    assert_eq!(advance(&same, back), (State::Conflict, Act::Rest));
}

#[test]
fn trouble_on_the_way_never_leads_back() {
    for state in State::ALL {
        for heard in HEARD.into_iter().filter(|&heard| heard != Heard::StillFormer) {
            let (_, act) = advance(&release(Kind::Promotion, state), own(heard));
            assert_ne!(act, Act::GoBack, "{state:?} by {heard:?}");
        }
    }
}

#[test]
fn was_live_needs_the_state_and_a_rung() {
    for state in State::ALL {
        for rung in [Rung::None, Rung::Pointer, Rung::Served] {
            let release = Release { rung, ..release(Kind::Promotion, state) };
            let proof = release.was_live().map(|proof| proof.version());
            let expected = (state == State::Live && rung > Rung::None).then_some(release.to);
            assert_eq!(proof, expected, "{state:?} {rung:?}");
        }
    }
}

proptest! {
    /// Whatever is heard in whatever order, twice or with foreign fences: the switch is sent at most once, the release
    /// ends at most once, and hearing everything twice does what hearing it once does.
    #[test]
    fn a_life_sends_once_and_ends_once(
        life in prop::collection::vec((0..HEARD.len(), prop::sample::select(vec![FENCE, FENCE, FENCE, FENCE - 1])), 0..60),
        rollback: bool,
    ) {
        let kind = if rollback { Kind::Rollback } else { Kind::Promotion };
        let (mut once, mut twice) = (release(kind, State::Intent), release(kind, State::Intent));
        let (mut sent, mut sent_twice, mut ended) = (0, 0, 0);
        for (index, fence) in life {
            let report = Report { fence, heard: HEARD[index] };
            let (state, act) = advance(&once, report);
            sent += u32::from(act == Act::Send);
            ended += u32::from(once.state.is_open() && !state.is_open());
            prop_assert!(once.state.is_open() || state == once.state);
            once.state = state;
            for _ in 0..2 {
                let (state, act) = advance(&twice, report);
                sent_twice += u32::from(act == Act::Send);
                twice.state = state;
            }
            prop_assert_eq!(once.state, twice.state);
        }
        prop_assert!(sent <= 1 && sent_twice == sent && ended <= 1);
    }
}
