//! The self-test: it measures what a gate really errs, and finds what a gate cannot see.

use gatewright_core::{
    gate::SlotFacts,
    plan::{Plan, Side, Slot},
    selftest::{self, Draw, Erred, Fault, Findings, SelfTest, Tally, VERSIONS},
    spec::Spec,
    time::Seq,
};

use crate::kit::{self, answer, case, criterion, facts, missing, rate, spec};

fn tested(spec: &Spec, recorded: &[SlotFacts], versions: u32) -> (SelfTest, Findings) {
    let test = SelfTest::new(spec, kit::stream(0), recorded, 8).expect("the spec has a plan");
    let simulate = |kind| test.simulate(kind, 0..versions).expect("plain values");
    let tallies: Vec<Tally> = (0..test.kinds().len()).map(simulate).collect();
    let findings = selftest::findings(&test, &tallies);
    (test, findings)
}

#[test]
fn timing() {
    let cases = (0..24).map(|n| case(&format!("case-{n}"), if n < 3 { &["gift"] } else { &[] })).collect();
    let spec = spec(cases, vec![criterion("quality", rate(90.0, 80.0))]);
    let began = std::time::Instant::now();
    let (test, found) = tested(&spec, &[], 400);
    eprintln!("{:?}", began.elapsed());
    eprintln!("{:#?}", found);
}
