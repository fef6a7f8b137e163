//! What a corridor must reach: the designs of the reference, as the gate plans them, and what sixteen at once cost.

use std::path::PathBuf;

use gatewright_core::{
    gate::Certificate,
    plan::{Boundary, Plan},
    spec::{Ask, Metric, Rule, Spec, Unit},
};
use gatewright_stat::walk::Corridor;
use serde_json::Value;

use crate::{
    kit::{self, cases, criterion, rate, spec},
    world::{Drive, World, run},
};

/// Mean calls heard may exceed those of the reference by this factor, averaged over the rates listed.
const CALLS_RATIO_MAX: f64 = 1.03;

fn unit(row: &Value, key: &str) -> Unit {
    let number = row["in"][key].as_f64().and_then(Unit::from_f64);
    number.unwrap_or_else(|| panic!("{key} is no share of a millionth: {row}"))
}

/// The plan for a design of the reference.
fn planned(row: &Value) -> Plan {
    let risk = gatewright_core::spec::Risk {
        wrongly_blocked: unit(row, "alpha"),
        wrongly_passed: unit(row, "beta"),
    };
    let rule = Rule::Rate { of: Metric::PassRate, target: unit(row, "p1"), floor: unit(row, "p0"), risk };
    kit::plan(&Spec { ask: Ask::Enough, ..spec(cases(1), vec![criterion("quality", rule)]) }, 1)
}

fn corridor(plan: &Plan) -> Corridor {
    let Boundary::Corridor { pass_at_failures_le, fail_at_failures_ge, .. } = &plan.criteria[0].boundary
    else {
        panic!("a rate has a corridor")
    };
    Corridor::new(pass_at_failures_le.clone(), fail_at_failures_ge.clone()).expect("a corridor")
}

/// `GATEWRIGHT_GOLDEN_DIR` names another folder with a file of the same name.
#[test]
fn every_plan_of_the_goal_keeps_both_risks_and_hears_hardly_more_than_the_reference() {
    let folder = std::env::var_os("GATEWRIGHT_GOLDEN_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/data/golden")),
        PathBuf::from,
    );
    let path = folder.join("corridor_performance_goal.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let rows = file["cases"].as_array().filter(|rows| !rows.is_empty()).expect("designs");
    for row in rows {
        let plan = planned(row);
        let certificate = Certificate::of(&plan.criteria[0]).expect("a corridor has one");
        assert!(certificate.keeps(&plan.criteria[0].rule), "{certificate:?} of {row}");
        let test = corridor(&plan);
        let listed = row["out"]["mean_calls"].as_object().filter(|listed| !listed.is_empty());
        let mut ratios = Vec::new();
        for (level, calls) in listed.unwrap_or_else(|| panic!("no mean calls: {row}")) {
            let reference = calls["reference_corridor"].as_f64().or_else(|| calls["tsprt"].as_f64());
            let reference = reference.unwrap_or_else(|| panic!("no reference at {level}: {row}"));
            let found = test.characteristics(level.parse().expect("a rate"));
            ratios.push(found.calls_mean / reference);
        }
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        assert!(mean <= CALLS_RATIO_MAX, "{mean} of the reference: {ratios:?}, {row}");
    }
}

#[test]
fn sixteen_at_once_ask_good_versions_hardly_more_than_is_heard() {
    let drive = Drive { concurrency: 16, ..Drive::SERIAL };
    for (target, floor, suite, ask, seeds, worst) in [
        (90.0, 80.0, 24, Ask::EveryCaseOnce, 160, 0.9),
        (90.0, 80.0, 24, Ask::Enough, 160, 0.9),
        (90.0, 80.0, 100, Ask::Enough, 80, 0.9),
        (90.0, 70.0, 5, Ask::EveryCaseOnce, 640, 0.9),
        (95.0, 80.0, 10, Ask::Enough, 640, 0.95),
        (95.0, 90.0, 40, Ask::Enough, 40, 0.95),
        (99.0, 97.0, 60, Ask::EveryCaseOnce, 20, 0.99),
    ] {
        let gate = vec![criterion("quality", rate(target, floor))];
        let plan = kit::plan(&Spec { ask, ..spec(cases(suite), gate) }, 0);
        for right in [worst, f64::midpoint(worst, 1.0), 1.0] {
            let (mut asked, mut heard) = (0, 0);
            for seed in 0..seeds {
                let plan = Plan { stream: kit::stream(seed), ..plan.clone() };
                let world = World { seed, right, slow_failures: 100, delays: seed, ..World::CALM };
                let ran = run(&plan, &world, &drive, &[]);
                asked += ran.asked;
                heard += u64::from(ran.seen.hearing().heard());
            }
            assert!(
                asked * 100 <= heard * 102,
                "{asked} asked, {heard} heard of {suite} cases at {right} against {floor} % ({ask:?})"
            );
        }
    }
}
