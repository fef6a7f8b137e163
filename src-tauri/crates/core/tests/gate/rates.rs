//! Error rates, measured through the code that runs: 2,000 versions at the target, 2,000 at the floor.

use gatewright_core::{
    gate::Outcome,
    plan::{Boundary, Plan},
    spec::Spec,
};
use gatewright_stat::{interval::clopper_pearson, walk::Corridor};

use crate::{
    kit::{self, case, cases, criterion, never, rate, spec},
    world::{Drive, World, run},
};

const VERSIONS: u32 = 2_000;
/// A sound test fails by chance less than once in 10,000 times.
const CONFIDENCE: f64 = 0.9999;

/// How many of [`VERSIONS`] versions end with an outcome.
fn ends(spec: &Spec, world: World, outcome: Outcome) -> u32 {
    let drive = Drive { concurrency: 16, ..Drive::SERIAL };
    let plan = kit::plan(spec, 0);
    let ended = |seed: &u32| {
        let plan = Plan { stream: kit::stream(u64::from(*seed)), ..plan.clone() };
        let world = World { seed: u64::from(*seed), delays: u64::from(*seed), ..world };
        run(&plan, &world, &drive, &[]).seen.hearing().answer() == Some(outcome)
    };
    u32::try_from((0..VERSIONS).filter(ended).count()).expect("a count")
}

fn corridor(plan: &Plan) -> Corridor {
    let Boundary::Corridor { pass_at_failures_le, fail_at_failures_ge, .. } = &plan.criteria[0].boundary
    else {
        panic!("a rate has a corridor")
    };
    Corridor::new(pass_at_failures_le.clone(), fail_at_failures_ge.clone()).expect("a corridor")
}

#[test]
fn a_rate_errs_as_often_as_its_certificate_says_though_failures_are_slow() {
    let spec = spec(cases(10), vec![criterion("quality", rate(90.0, 75.0))]);
    let exact = corridor(&kit::plan(&spec, 0));
    let (blocked, passed) = (exact.characteristics(0.9).fail, exact.characteristics(0.75).pass);
    assert!(blocked <= 0.05 && passed <= 0.05, "{blocked} {passed}");
    let world = World { slow_failures: 200, errs: 0.2, ..World::CALM };
    for (right, outcome, exact) in [(0.9, Outcome::Fail, blocked), (0.75, Outcome::Pass, passed)] {
        let found = ends(&spec, World { right, ..world }, outcome);
        let interval = clopper_pearson(found, VERSIONS, CONFIDENCE);
        assert!(interval.contains(exact), "{found} of {VERSIONS}, {exact} expected");
    }
}

#[test]
fn losing_failures_lets_no_faulty_version_through_more_often() {
    let spec = spec(cases(10), vec![criterion("quality", rate(90.0, 75.0))]);
    let world = World { right: 0.75, lost_if_failed: 0.9, slow_failures: 200, ..World::CALM };
    let found = ends(&spec, world, Outcome::Pass);
    assert!(clopper_pearson(found, VERSIONS, CONFIDENCE).low <= 0.05, "{found} of {VERSIONS}");
    let world = World { right: 0.9, lost: 0.3, ..World::CALM };
    let found = ends(&spec, world, Outcome::Fail);
    assert!(clopper_pearson(found, VERSIONS, CONFIDENCE).low <= 0.05, "{found} of {VERSIONS}");
}

#[test]
fn never_lets_a_failure_rate_through_as_often_as_declared_and_blocks_as_often_as_told() {
    let spec = spec(vec![case("!a", &[]), case("!b", &[])], vec![criterion("critical", never(20.0))]);
    let faulty = World { right: 0.8, ..World::CALM };
    let found = ends(&spec, faulty, Outcome::Pass);
    assert!(clopper_pearson(found, VERSIONS, CONFIDENCE).contains(0.8_f64.powi(14)), "{found}");
    for lost_if_failed in [0.5, 1.0] {
        let found = ends(&spec, World { lost_if_failed, ..faulty }, Outcome::Pass);
        assert!(
            clopper_pearson(found, VERSIONS, CONFIDENCE).low <= 0.05,
            "{found} with {lost_if_failed} lost"
        );
    }
    let found = ends(&spec, World { right: 0.99, ..World::CALM }, Outcome::Fail);
    let told = gatewright_stat::never::blocked(0.99, 14);
    assert!(clopper_pearson(found, VERSIONS, CONFIDENCE).contains(told), "{found}, {told} told");
}
