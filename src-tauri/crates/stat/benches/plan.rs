//! How long a plan takes: it is made while a spec is typed, and its certificate is checked whenever it is loaded.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use gatewright_stat::design::{self, Claim};
use gatewright_stat::{corridor, never, ordering};

fn claim(target: f64, floor: f64) -> Claim {
    Claim::new(target, floor, 0.05, 0.05).expect("in order")
}

/// The goals: 50 ms for 0.90 against 0.80, 1 s for 0.99 against 0.97.
fn plans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, target, floor, first_boundary) in [
        ("0.90 against 0.80", 0.9, 0.8, 0),
        ("0.90 against 0.80, 24 cases", 0.9, 0.8, 24),
        ("0.99 against 0.97", 0.99, 0.97, 0),
        ("0.90 against 0.88, long", 0.9, 0.88, 0),
    ] {
        let claim = claim(target, floor);
        group.bench_function(name, |bencher| {
            bencher.iter(|| corridor::plan(black_box(&claim), first_boundary));
        });
    }
    group.finish();
}

/// The goal: 1 ms.
fn certificates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("certificate");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, target, floor) in [("0.90 against 0.80", 0.9, 0.8), ("0.99 against 0.97", 0.99, 0.97)] {
        let claim = claim(target, floor);
        let found = corridor::plan(&claim, 0).expect("a plan");
        group.bench_function(name, |bencher| {
            bencher.iter(|| corridor::certify(black_box(&found.corridor), &claim));
        });
        group.bench_function(format!("bounds of {name}"), |bencher| {
            let n = found.corridor.calls_max();
            bencher.iter(|| ordering::bounds(black_box(&found.corridor), n, 19, 0.05, 0.05));
        });
    }
    group.finish();
}

/// What else a keystroke asks for.
fn designs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("design");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.bench_function("fixed, 0.99 against 0.97", |bencher| {
        bencher.iter(|| design::fixed(black_box(0.99), 0.97, 0.05, 0.05));
    });
    group.bench_function("never, 5 %", |bencher| bencher.iter(|| never::boundary(black_box(0.05), 0.05)));
    group.finish();
}

criterion_group!(benches, plans, certificates, designs);
criterion_main!(benches);
