//! The real program, killed at moments that nobody chose: what it had acknowledged stands, what it had not is asked
//! or settled again, and nothing that it says afterwards is wrong.

use std::{
    collections::BTreeMap,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use gatewright_core::{id::Digest, observation::TrialState};
use gatewright_engine::{clock::SystemClock, store::Store};
use gatewright_tests::{
    agent::{Answer, Question, ScriptedAgent},
    shop::{BETTER, GOOD, Shop},
    world::World,
};
use serde_json::Value;

/// Programs killed in each test.
const KILLS: u32 = 25;
/// Draws the moments.
const SEED: u64 = 20_260_101;
/// Questions in flight at once.
const CONCURRENCY: usize = 4;
/// What an answer takes.
const LATENCY: Duration = Duration::from_millis(4);
/// Tells the agent which call of the command line asks: the key of its agent is read from it.
const CALL: &str = "CALL";
/// A wait that no kill falls into any more.
const LIFE_MS_MIN: u64 = 10;

/// Moments, by a seed: a counter through the digest.
struct Moments {
    drawn: u64,
}

impl Moments {
    /// Milliseconds from [`LIFE_MS_MIN`] up to `most`.
    fn within_ms(&mut self, most: u64) -> u64 {
        self.drawn += 1;
        let digest = Digest::of_bytes(format!("{SEED} {}", self.drawn).as_bytes());
        let number = u64::from_le_bytes(digest.0[..8].try_into().expect("eight bytes"));
        LIFE_MS_MIN + number % most.saturating_sub(LIFE_MS_MIN).max(1)
    }
}

/// Starts a call and kills it after so long. Whether it was still at work.
fn killed(world: &World, words: &[&str], call: &str, life_ms: u64) -> bool {
    let mut child = world.start_with(words, &[(CALL, call)]);
    // Not a wait for anything: the moment is what is tried.
    std::thread::sleep(Duration::from_millis(life_ms));
    let at_work = child.try_wait().expect("a child").is_none();
    child.kill().expect("a child");
    child.wait().expect("a child");
    at_work
}

/// A fifth of the questions is always answered wrongly, by the digest of its text.
fn by_digest(question: &Question) -> Answer {
    let wrong = Digest::of_bytes(question.text.as_bytes()).0[0].is_multiple_of(5);
    Answer::from(if wrong { "No idea." } else { "You get a refund." })
}

/// Enough cases that a run takes a while, with a gate that has to hear many answers.
fn long_suite(url: &str) -> String {
    let cases: String =
        (1..=40).map(|number| format!("  - {{ input: Question {number}?, expect: refund }}\n")).collect();
    format!(
        "\
name: long
agents:
  desk:
    type: openai-chat
    url: {url}
    model: scripted-1
    prompt: file://prompt.md
    auth: {{ bearer: env:{CALL} }}
    limits: {{ concurrency: {CONCURRENCY} }}
agent: desk
cases:
{cases}gate:
  quality: {{ metric: pass_rate, target: 85%, floor: 70% }}
defaults: {{ budget: {{ calls: 2000 }} }}
"
    )
}

/// Answers that a history holds of an attempt: of each case, so many.
type Kept = BTreeMap<String, usize>;

/// What the history holds of an attempt; none when that has not begun.
fn kept(world: &World, attempt: u32) -> Option<Kept> {
    let store = Store::open(world.root(), Arc::new(SystemClock::default())).expect("the history opens");
    let trials = store.read(|read| {
        let mut streams = read.streams()?.into_iter().map(|row| row.key);
        streams.find(|key| key.attempt.get() == attempt).map(|key| read.trials_of(&key)).transpose()
    });
    let mut counts = Kept::new();
    for row in trials.expect("the history reads")? {
        if row.trial.state == TrialState::Answered {
            *counts.entry(row.trial.slot.case.to_string()).or_default() += 1;
        }
    }
    Some(counts)
}

/// What decides in a document of a run, without times.
fn decided(document: &Value) -> Value {
    let spec = &document["specs"][0];
    let criteria: Vec<Value> = spec["criteria"]
        .as_array()
        .expect("criteria")
        .iter()
        .map(|one| {
            serde_json::json!([
                one["outcome"],
                one["value"],
                one["low"],
                one["high"],
                one["heard"],
                one["reason"]
            ])
        })
        .collect();
    serde_json::json!([spec["outcome"], spec["standing"], criteria, spec["cases"]])
}

#[test]
fn a_run_killed_at_any_moment_goes_on_without_asking_a_kept_answer_twice() {
    let agent = ScriptedAgent::start(LATENCY, by_digest);
    let files = [("gatewright.yaml", long_suite(&agent.url())), ("prompt.md", GOOD.to_owned())];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    // The same version at the same address: both worlds hear the same slots in the same order.
    let (calm, world) = (World::of(&files), World::of(&files));
    let mut moments = Moments { drawn: 0 };
    let (mut kills, mut in_vain) = (0, 0);
    for attempt in 1.. {
        if kills == KILLS {
            break;
        }
        let began = Instant::now();
        let undisturbed = go_on(&calm, &["run", "--new-attempt", "--json"], "undisturbed");
        let took_ms = u64::try_from(began.elapsed().as_millis()).expect("a short time");
        assert_ne!(undisturbed["outcome"], "inconclusive");

        let mut before: Option<Kept> = None;
        while kills < KILLS {
            // The first call begins the attempt; those after it go on.
            let words: &[&str] = if before.is_none() { &["run", "--new-attempt"] } else { &["run"] };
            let call = format!("{kills} of {attempt}");
            if !killed(&world, words, &call, moments.within_ms(took_ms)) {
                break;
            }
            kills += 1;
            let after = kept(&world, attempt);
            let lost = lost(before.as_ref(), after.as_ref(), agent.count_of(&call));
            assert!(lost <= CONCURRENCY, "kill {kills}: {lost} answers were asked for and not kept");
            in_vain += lost;
            before = after;
        }
        let words: &[&str] = match kept(&world, attempt) {
            Some(_) => &["run", "--json"],
            None => &["run", "--new-attempt", "--json"],
        };
        let before = kept(&world, attempt);
        let call = format!("the rest of {attempt}");
        let document = go_on(&world, words, &call);
        assert_eq!(lost(before.as_ref(), kept(&world, attempt).as_ref(), agent.count_of(&call)), 0);
        assert_eq!(document["specs"][0]["attempt"], attempt);
        assert_eq!(
            decided(&document),
            decided(&undisturbed),
            "attempt {attempt} says what was said undisturbed"
        );
    }
    assert!(in_vain > 0, "no kill met a question in flight: the moments are badly drawn");
    assert_eq!(world.json(&["verify"], 0)["holds"], true);
}

/// Answers that a call asked for and did not keep.
fn lost(before: Option<&Kept>, after: Option<&Kept>, asked: usize) -> usize {
    let total = |kept: Option<&Kept>| kept.map_or(0, |kept| kept.values().sum::<usize>());
    for (case, count) in before.into_iter().flatten() {
        assert!(
            after.and_then(|after| after.get(case)) >= Some(count),
            "an answer of {case} was kept and is gone"
        );
    }
    let new = total(after) - total(before);
    asked.checked_sub(new).expect("every kept answer was asked for by this call")
}

/// Runs until there is a verdict.
fn go_on(world: &World, words: &[&str], call: &str) -> Value {
    let said = world.run_with(words, &[(CALL, call)]);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// What a reader finds at the target, at any moment: nothing, or a whole pointer to a folder that is whole.
fn pointed(world: &World) -> Option<String> {
    let target = world.root().join("deploy/production");
    let bytes = fs::read(target.join("current.json")).ok()?;
    let pointer: Value = serde_json::from_slice(&bytes).expect("a whole pointer");
    assert_eq!(pointer["format"], 1);
    let version = pointer["version"].as_str().expect("a version").to_owned();
    let digits = version.trim_start_matches("sha256:");
    let folder = target.join("releases").join(digits);
    let manifest = fs::read(folder.join("manifest.json")).expect("a manifest");
    let _: Value = serde_json::from_slice(&manifest).expect("a whole manifest");
    Some(version)
}

#[test]
fn a_release_killed_at_any_moment_is_settled_to_what_is_true() {
    let shop = Shop::open();
    let world = &shop.world;
    let judge = |prompt: &str, label: &str| {
        world.write("prompt.md", prompt);
        let document = world.json(&["run", "--label", label], 0);
        document["specs"][0]["version"]["id"].as_str().expect("a digest").to_owned()
    };
    let versions = [("good", judge(GOOD, "good")), ("better", judge(BETTER, "better"))];
    let began = Instant::now();
    world.run(&["promote", "production", "good", "--yes"]).ends(0);
    let took_ms = u64::try_from(began.elapsed().as_millis()).expect("a short time");
    world.run(&["promote", "production", "better", "--yes"]).ends(0);

    let mut moments = Moments { drawn: 1_000 };
    let mut live = versions[1].1.clone();
    let (mut moved, mut stayed, mut settled) = (0, 0, 0);
    for kill in 0..KILLS {
        let other = versions.iter().find(|(_, id)| *id != live).expect("two versions");
        let promote = ["promote", "production", other.0, "--yes"];
        let words: &[&str] = if kill % 2 == 0 { &promote } else { &["rollback", "production", "--yes"] };
        killed(world, words, "", moments.within_ms(took_ms + 20));
        let pointer = pointed(world).expect("something is live");
        let after = world.json(&["settle"], 0);
        for release in after["releases"].as_array().expect("releases") {
            settled += 1;
            let state = release["state"].as_str().expect("a state");
            assert!(["live", "not_applied"].contains(&state), "kill {kill}: {release}");
            let goal = release["to"].as_str().expect("a version");
            assert_eq!(state == "live", pointed(world).as_deref() == Some(goal), "kill {kill}: {release}");
        }
        let lane = world.json(&["status"], 0)["environments"][0].clone();
        assert_eq!(lane["open"], Value::Null, "kill {kill}: {lane}");
        let told = lane["live"]["version"].as_str().expect("a version").to_owned();
        assert_eq!(pointed(world).as_ref(), Some(&told), "kill {kill}: what is said is what is true");
        assert_eq!(pointer, told, "kill {kill}: settling reads, and does not move");
        if told == live {
            stayed += 1
        } else {
            moved += 1
        }
        live = told;
    }
    assert!(moved > 0 && stayed > 0 && settled > 0, "{moved} moved, {stayed} stayed, {settled} settled");
    // Nothing stands in the way of the next one.
    let other = versions.iter().find(|(_, id)| *id != live).expect("two versions");
    let released = world.json(&["promote", "production", other.0, "--yes"], 0);
    assert_eq!((&released["state"], &released["to"]), (&"live".into(), &other.1.as_str().into()));
    world.run(&["rollback", "production", "--yes"]).ends(0);
    assert_eq!(pointed(world), Some(live));
    assert_eq!(world.json(&["verify"], 0)["holds"], true);
}
