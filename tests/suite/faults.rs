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
/// Programs killed at most, where a release is open for a moment only and many a kill falls beside it.
const KILLS_MAX: u32 = 8 * KILLS;
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
    most_ms: u64,
}

impl Moments {
    /// Within about the length of a call that is left alone.
    fn within(length: Duration) -> Self {
        let length_ms = u64::try_from(length.as_millis()).expect("a short time");
        Self { drawn: 0, most_ms: length_ms.max(2 * LIFE_MS_MIN) }
    }

    fn next_ms(&mut self) -> u64 {
        self.drawn += 1;
        let digest = Digest::of_bytes(format!("{SEED} {}", self.drawn).as_bytes());
        let number = u64::from_le_bytes(digest.0[..8].try_into().expect("eight bytes"));
        LIFE_MS_MIN + number % (self.most_ms - LIFE_MS_MIN)
    }

    /// Keeps about half of them within a call, however fast the machine is at the moment.
    fn saw(&mut self, at_work: bool) {
        let step = self.most_ms / 8;
        self.most_ms = if at_work { self.most_ms + step } else { self.most_ms - step }.max(2 * LIFE_MS_MIN);
    }
}

/// Starts a call and kills it at the next moment. Whether it was still at work.
fn killed(world: &World, words: &[&str], call: &str, moments: &mut Moments) -> bool {
    let mut child = world.start_with(words, &[(CALL, call)]);
    // Not a wait for anything: the moment is what is tried.
    std::thread::sleep(Duration::from_millis(moments.next_ms()));
    let at_work = child.try_wait().expect("a child").is_none();
    child.kill().expect("a child");
    child.wait().expect("a child");
    moments.saw(at_work);
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
    let began = Instant::now();
    world.run_with(&["verdict"], &[(CALL, "")]);
    let mut moments = Moments::within(2 * began.elapsed());
    let (mut kills, mut in_vain, mut asked_again) = (0, 0, 0);
    let again = |document: &Value| document["specs"][0]["asked_again"]["slots"].as_u64().expect("a count");
    for attempt in 1.. {
        if kills == KILLS {
            break;
        }
        let undisturbed = go_on(&calm, &["run", "--new-attempt", "--json"], "undisturbed");
        assert_ne!(undisturbed["outcome"], "inconclusive");
        assert_eq!(again(&undisturbed), 0);

        let mut before: Option<Kept> = None;
        while kills < KILLS {
            // The first call begins the attempt; those after it go on.
            let words: &[&str] = if before.is_none() { &["run", "--new-attempt"] } else { &["run"] };
            let call = format!("{kills} of {attempt}");
            if !killed(&world, words, &call, &mut moments) {
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
        asked_again += again(&document);
        assert_eq!(
            decided(&document),
            decided(&undisturbed),
            "attempt {attempt} says what was said undisturbed"
        );
    }
    assert!(in_vain > 0, "no kill met a question in flight: the moments are badly drawn");
    assert!(asked_again > 0, "what was in flight is asked again, and said so");
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
    let mut moments = Moments::within(began.elapsed());
    world.run(&["promote", "production", "better", "--yes"]).ends(0);

    let mut live = versions[1].1.clone();
    let (mut moved, mut stayed, mut settled, mut settled_first) = (0, 0, 0, 0);
    for kill in 0..KILLS_MAX {
        if kill >= KILLS && moved > 0 && stayed > 0 && settled + settled_first > 0 {
            break;
        }
        let other = versions.iter().find(|(_, id)| *id != live).expect("two versions");
        let promote = ["promote", "production", other.0, "--yes"];
        let words: &[&str] = if kill % 2 == 0 { &promote } else { &["rollback", "production", "--yes"] };
        killed(world, words, "", &mut moments);
        let pointer = pointed(world).expect("something is live");
        // Every other time nobody says `settle`: the next call that looks at what is live does it first.
        if kill % 4 < 2 {
            let after = world.json(&["settle"], 0);
            for release in after["releases"].as_array().expect("releases") {
                settled += 1;
                let state = release["state"].as_str().expect("a state");
                assert!(["live", "not_applied"].contains(&state), "kill {kill}: {release}");
                let goal = release["to"].as_str().expect("a version");
                assert_eq!(
                    state == "live",
                    pointed(world).as_deref() == Some(goal),
                    "kill {kill}: {release}"
                );
            }
        }
        let said = world.run(&["status", "--json"]).ends(0);
        settled_first += said.err.matches("was left open, and is settled first").count();
        let status: Value = serde_json::from_str(&said.out).expect("a document");
        let lane = status["environments"][0].clone();
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
    assert!(
        moved > 0 && stayed > 0 && settled + settled_first > 0,
        "{moved} moved, {stayed} stayed, {settled} settled, {settled_first} by the way"
    );
    // Nothing stands in the way of the next one.
    let other = versions.iter().find(|(_, id)| *id != live).expect("two versions");
    let released = world.json(&["promote", "production", other.0, "--yes"], 0);
    assert_eq!((&released["state"], &released["to"]), (&"live".into(), &other.1.as_str().into()));
    world.run(&["rollback", "production", "--yes"]).ends(0);
    assert_eq!(pointed(world), Some(live));
    assert_eq!(world.json(&["verify"], 0)["holds"], true);
}

/// A shop whose version is judged, and whose production answers at `url`.
fn shop_that_answers_at(url: &str) -> Shop {
    let shop = Shop::open();
    let path = "path: deploy/production }";
    shop.world.edit("gatewright.yaml", path, &format!("{path}\n    endpoint: {{ url: {url} }}"));
    shop.world.run(&["trust", "--yes"]).ends(0);
    shop.world.run(&["run"]).ends(0);
    shop
}

#[test]
fn an_endpoint_that_names_no_version_leaves_a_release_live_at_its_pointer() {
    let live = ScriptedAgent::start(Duration::ZERO, |_| Answer::from("Hello."));
    let shop = shop_that_answers_at(&live.url());
    let released = shop.world.json(&["promote", "production", "--yes"], 0);
    assert_eq!((&released["state"], &released["rung"]), (&"live".into(), &"pointer".into()), "{released}");
    let sentence = released["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("name no version") && sentence.contains("Gatewright-Version"), "{sentence}");
    assert!(live.count() >= 20, "asked {} times", live.count());
    let lane = shop.world.json(&["status"], 0)["environments"][0].clone();
    assert_eq!((&lane["live"]["rung"], &lane["open"]), (&"pointer".into(), &Value::Null));
}

#[test]
fn a_release_that_was_killed_while_its_endpoint_is_gone_keeps_nobody_waiting() {
    let gone = ScriptedAgent::start(Duration::ZERO, |_| Answer::from(""));
    let url = gone.url();
    drop(gone);
    let shop = shop_that_answers_at(&url);
    let world = &shop.world;
    let mut promotion = world.start(&["promote", "production", "--yes"]);
    let began = Instant::now();
    while pointed_at(world).is_none() {
        assert!(began.elapsed() < Duration::from_secs(30), "the pointer never moved");
        std::thread::sleep(Duration::from_millis(2));
    }
    promotion.kill().expect("a child");
    promotion.wait().expect("a child");
    let said = world.run(&["status", "--json"]).ends(0);
    assert!(said.err.contains("is not proved yet"), "{}", said.err);
    let status: Value = serde_json::from_str(&said.out).expect("a document");
    let lane = &status["environments"][0];
    assert_eq!((&lane["live"], &lane["open"]["state"]), (&Value::Null, &"observing".into()));
    // The missing endpoint keeps nobody from other work either.
    let run = world.run(&["run", "--new-attempt"]).ends(0);
    assert!(run.err.contains("is not proved yet"), "{}", run.err);
}

/// What the pointer holds, if there is one.
fn pointed_at(world: &World) -> Option<Value> {
    let bytes = fs::read(world.root().join("deploy/production/current.json")).ok()?;
    serde_json::from_slice(&bytes).ok()
}
