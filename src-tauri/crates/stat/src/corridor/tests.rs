//! What plans must keep, whatever the search does.

use super::*;

fn claim(target: f64, floor: f64) -> Claim {
    Claim::new(target, floor, 0.05, 0.05).expect("in order")
}

#[test]
fn ninety_against_eighty_asks_what_the_documentation_states() {
    let found = plan(&claim(0.9, 0.8), 0).expect("a plan");
    let calls = |p| libm::round(found.corridor.characteristics(p).calls_mean);
    assert_eq!([1.0, 0.9, 0.8, 0.5].map(calls), [18.0, 80.0, 64.0, 8.0]);
    assert_eq!((found.fixed.n, found.corridor.calls_max()), (135, 203));
}

#[test]
fn with_every_case_of_24_asked_once_it_asks_what_the_documentation_states() {
    let found = plan(&claim(0.9, 0.8), 24).expect("a plan");
    let calls = |p| libm::round(found.corridor.characteristics(p).calls_mean);
    assert_eq!([1.0, 0.9, 0.8].map(calls), [24.0, 75.0, 63.0]);
}
