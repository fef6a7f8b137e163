//! What a person waits for: the command line's start, and the way back. The built program does it, over the sample.
//!
//! `cargo bench -p gatewright-tests --bench everyday`
#![expect(clippy::print_stdout, reason = "this prints a table")]

use std::time::{Duration, Instant};

use gatewright_tests::world::World;

/// Starts of the program.
const STARTS: usize = 30;
/// Ways there and back.
const ROLLBACKS: usize = 10;

fn main() {
    println!("gatewright is built first, where it is older than its sources");
    let world = World::sample();
    let start = |words: &[&str]| {
        let mut took: Vec<Duration> = (0..STARTS)
            .map(|_| {
                let began = Instant::now();
                world.run(words).ends(0);
                began.elapsed()
            })
            .collect();
        took.sort_unstable();
        took[took.len() / 2].as_secs_f64() * 1e3
    };
    println!("start, in the middle of {STARTS}");
    println!("  gatewright --version        {:>8.1} ms", start(&["--version"]));
    println!("  gatewright status           {:>8.1} ms", start(&["status"]));
    let (mut acknowledged, mut verified) = (Vec::new(), Vec::new());
    for (label, prompt) in [("good", "6-fixed"), ("bad", "3-open")] {
        let prompt = world.read(&format!("prompts/versions/{prompt}.md"));
        world.write("prompts/system.md", &prompt);
        let _ = world.run(&["run", "--label", label]);
    }
    let released = |words: &[&str]| {
        let mut times = world.json(words, 0)["times_ms"].take();
        let mut time = |name: &str| times[name].take().as_f64().expect("a time");
        (time("acknowledged"), time("verified"))
    };
    released(&["promote", "production", "good", "--yes"]);
    for _ in 0..ROLLBACKS {
        let word = ["--override", "to come back from it", "--by", "the bench", "--yes"];
        released(&[&["promote", "production", "bad"][..], &word].concat());
        let (switched, served) = released(&["rollback", "production", "--yes"]);
        acknowledged.push(switched);
        verified.push(served);
    }
    let middle = |mut times: Vec<f64>| {
        times.sort_unstable_by(f64::total_cmp);
        times[times.len() / 2]
    };
    println!("rollback with the folder adapter, in the middle of {ROLLBACKS}, from the click");
    println!("  journaled and switched      {:>8.1} ms", middle(acknowledged));
    println!("  and the old version answers {:>8.1} ms", middle(verified));
}
