//! What plans must keep, whatever the search does.

use super::*;
use crate::ordering;
use crate::walk::Reached;
use alloc::vec::Vec;
use proptest::prelude::*;

fn claim(target: f64, floor: f64) -> Claim {
    Claim::new(target, floor, 0.05, 0.05).expect("in order")
}

#[test]
fn ninety_against_eighty_asks_what_the_documentation_states() {
    let found = plan(&claim(0.9, 0.8), 0).expect("a plan");
    let calls = |p| libm::round(found.corridor.characteristics(p).calls_mean);
    assert_eq!([1.0, 0.9, 0.8, 0.5].map(calls), [18.0, 80.0, 64.0, 8.0]);
    assert_eq!((found.fixed.n, found.corridor.calls_max()), (135, 203));
    assert_eq!(calls_max(&claim(0.9, 0.8), 0), Ok(203));
}

#[test]
fn with_every_case_of_24_asked_once_it_asks_what_the_documentation_states() {
    let found = plan(&claim(0.9, 0.8), 24).expect("a plan");
    let calls = |p| libm::round(found.corridor.characteristics(p).calls_mean);
    assert_eq!([1.0, 0.9, 0.8].map(calls), [24.0, 75.0, 63.0]);
}

#[test]
fn the_share_of_four_criteria_asks_what_the_documentation_states() {
    let shared = Claim::new(0.9, 0.8, 0.05 / 4.0, 0.05).expect("in order");
    let found = plan(&shared, 24).expect("a plan");
    let calls = |p| libm::round(found.corridor.characteristics(p).calls_mean);
    assert_eq!((calls(1.0), calls(0.9), found.corridor.calls_max()), (24.0, 81.0, 281));
}

#[test]
fn versions_of_all_levels_pass_as_often_as_the_handbook_states() {
    let found = plan(&claim(0.9, 0.8), 0).expect("a plan");
    let levels =
        [(0.5, 0.0), (0.7, 0.0018), (0.8, 0.0494), (0.85, 0.4281), (0.9, 0.9501), (0.95, 0.9987), (1.0, 1.0)];
    for (p, pass) in levels {
        let test = found.corridor.characteristics(p);
        assert!((test.pass - pass).abs() < 6e-5, "{p}: {test:?}");
        assert!(f64::from(test.calls_p95) >= test.calls_mean - 1e-9, "{p}: {test:?}");
    }
}

#[test]
fn a_perfect_version_is_never_asked_more_than_the_way_to_pass() {
    for first_boundary in [0, 24] {
        let corridor = plan(&claim(0.9, 0.8), first_boundary).expect("a plan").corridor;
        let perfect = corridor.characteristics(1.0).calls_mean;
        assert_eq!(corridor.calls_to_pass(0, 0).map(f64::from), Some(perfect));
    }
}

#[test]
fn a_suite_longer_than_the_test_is_heard_once() {
    let found = plan(&claim(0.9, 0.8), 1500).expect("a plan");
    let test = found.corridor.characteristics(0.85);
    assert_eq!((test.calls_mean, found.corridor.calls_max()), (1500.0, 1500));
    // Between the levels either verdict is allowed; the threshold lies midway, so that neither is favoured.
    assert!((0.2..0.8).contains(&test.pass), "{test:?}");
}

#[test]
fn where_the_search_finds_nothing_a_threshold_stands_in() {
    for (target, floor) in [(0.9, 0.8), (0.99, 0.9), (0.6, 0.2), (0.3, 0.1), (0.9, 0.1)] {
        let claim = claim(target, floor);
        let fixed = design::fixed_of(&claim).expect("a design");
        for first_boundary in [0, 1, fixed.n] {
            let calls = fixed.n + fixed.n.div_ceil(2);
            let corridor = threshold(&claim, calls, first_boundary);
            assert!(certify(&corridor, &claim).keeps(&claim), "{target} against {floor}");
        }
    }
}

#[test]
fn where_whole_counts_leave_no_test_the_plan_becomes_longer() {
    // 13 calls without a failure would do; but nothing is decided before 14, and until 20 one failure is too many.
    let claim = Claim::new(0.986, 0.783, 0.172, 0.0418).expect("in order");
    assert_eq!(plan(&claim, 0).expect("a plan").corridor.calls_max(), 20);
    let found = plan(&claim, 14).expect("a plan");
    assert!((21..=26).contains(&found.corridor.calls_max()), "{}", found.corridor.calls_max());
    assert!(found.certificate.keeps(&claim));
}

/// Whether some plain threshold after so many calls keeps both risks.
fn fixed_keeps(claim: &Claim, calls: u32) -> bool {
    certify(&threshold(claim, calls, calls), claim).keeps(claim)
}

/// A stored plan is recomputed on other machines: its arrays must come out the same. Where they change on purpose,
/// plans get another method number.
#[test]
fn plans_are_the_same_bits_everywhere() {
    let mut digests = Vec::new();
    for (target, floor, first_boundary) in [(0.9, 0.8, 0), (0.9, 0.8, 24), (0.95, 0.9, 50), (0.99, 0.97, 0)] {
        let (pass, fail) =
            plan(&claim(target, floor), first_boundary).expect("a plan").corridor.into_arrays();
        // FNV-1a over both arrays.
        let digest = pass
            .iter()
            .chain(&fail)
            .flat_map(|entry| entry.to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
                (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        digests.push(std::format!("{digest:016x}"));
    }
    assert_eq!(digests, ["f26643e6f256f40c", "fa4e1737c0f06336", "a0b297c17ba416d1", "a4b3ad152b57f1ea"]);
}

#[test]
fn waiting_longer_than_the_longest_suite_is_refused() {
    let error = plan(&claim(0.9, 0.8), FIRST_BOUNDARY_MAX + 1).expect_err("it is too long");
    assert_eq!(error, DesignError::FirstBoundary(FIRST_BOUNDARY_MAX + 1));
    assert_eq!(calls_max(&claim(0.9, 0.8), FIRST_BOUNDARY_MAX + 1), Err(error));
}

/// Every point at which a corridor can end, in no order.
fn endings(corridor: &Corridor) -> Vec<(u32, u32)> {
    let mut open = std::collections::BTreeSet::from([0]);
    let mut found = Vec::new();
    for n in 1..=corridor.calls_max() {
        let reached: std::collections::BTreeSet<u32> = open.iter().flat_map(|&f| [f, f + 1]).collect();
        open.clear();
        for failures in reached {
            if corridor.reached(n, failures) == Reached::Open {
                open.insert(failures);
            } else {
                found.push((n, failures));
            }
        }
    }
    found
}

#[test]
fn no_bound_disagrees_with_its_verdict() {
    for (target, floor, first_boundary) in [(0.9, 0.7, 0), (0.9, 0.7, 24), (0.8, 0.6, 0), (0.5, 0.2, 10)] {
        let claim = claim(target, floor);
        let corridor = plan(&claim, first_boundary).expect("a plan").corridor;
        for (n, failures) in endings(&corridor) {
            let found = ordering::bounds(&corridor, n, failures, 0.05, 0.05);
            let whole = found.low <= ordering::middle(&corridor, n, failures)
                && ordering::middle(&corridor, n, failures) <= found.high;
            assert!(whole, "({n}, {failures}): {found:?}");
            match corridor.reached(n, failures) {
                Reached::Pass => assert!(found.low >= floor, "({n}, {failures}): {found:?}"),
                Reached::Fail => assert!(found.high <= target, "({n}, {failures}): {found:?}"),
                Reached::Open => unreachable!("it is an ending"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_plan_keeps_its_promises(
        floor in 0.05_f64..0.9,
        part in 0.2_f64..0.95,
        blocked in 0.001_f64..0.2,
        passed in 0.001_f64..0.2,
        first_boundary in 0_u32..60,
    ) {
        let target = floor + part * (1.0 - floor);
        let claim = Claim::new(target, floor, blocked, passed).expect("in order");
        let Ok(found) = plan(&claim, first_boundary) else {
            return Err(TestCaseError::fail("no plan"));
        };
        let corridor = &found.corridor;
        prop_assert!(found.certificate.keeps(&claim));
        prop_assert_eq!(certify(corridor, &claim), found.certificate);
        let calls_max = calls_max(&claim, first_boundary).expect("there is a plan");
        // More only where whole counts leave no test of that length.
        let possible = fixed_keeps(&claim, calls_max);
        prop_assert!(corridor.calls_max() == calls_max || !possible && corridor.calls_max() > calls_max);
        let calls_max = corridor.calls_max();
        for n in 0..first_boundary {
            for failures in 0..=n {
                prop_assert_eq!(corridor.reached(n, failures), Reached::Open);
            }
        }
        // Both sides of the promise beyond its levels, and the limit that no test can beat.
        for step in 0..=4 {
            let beyond = f64::from(step) / 4.0;
            let good = corridor.characteristics(target + beyond * (1.0 - target));
            let faulty = corridor.characteristics(floor - beyond * floor);
            prop_assert!(good.fail <= blocked && faulty.pass <= passed);
            prop_assert!((good.pass + good.fail - 1.0).abs() < 1e-9);
        }
        for p in [floor, target, 1.0] {
            let calls = corridor.characteristics(p).calls_mean;
            prop_assert!(calls >= design::calls_mean_min(p, &claim) - 1e-9);
            prop_assert!(calls <= f64::from(calls_max) + 1e-9);
        }
    }
}
