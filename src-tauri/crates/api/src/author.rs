//! The words of plans, self-tests and back-tests: the same on the screen and in the terminal.

use gatewright_core::{
    gate::{Outcome, words},
    selftest::{ASSUMED_WITHIN_CASE, Weather},
};
use gatewright_engine::supervisor::{BacktestReport, Origin, Price, Rejudged};

use crate::{dto::BacktestChange, money};

/// Where answers come from, for the screen and for the terminal. `called` is the version's name.
pub(crate) fn source(origin: &Origin, called: &str) -> String {
    match origin {
        Origin::Recorded { rounds, accepted, .. } => {
            let rounds = words::plural(*rounds, "complete round", "complete rounds");
            let standing =
                if *accepted { "the newest accepted version" } else { "the newest version with one" };
            format!("Versions are made of {rounds} of recorded answers of {called}, {standing}.")
        }
        Origin::Assumed { missing } => {
            let shape = format!(
                "cases are assumed to differ around the target, with a correlation of {} between two trials of the \
                 same case",
                words::trimmed(ASSUMED_WITHIN_CASE)
            );
            match missing {
                Some(missing) => format!("Nothing recorded to make versions of ({missing}), so {shape}."),
                None => format!("As asked for, {shape}."),
            }
        }
    }
}

/// What the endpoint does, for the screen and for the terminal.
pub(crate) fn weather(weather: Weather) -> String {
    format!(
        "{} in 100 answers that pass get lost and {} of those that fail, which also take {} times as long.",
        words::in_100(weather.lost),
        words::in_100(weather.lost_if_failed),
        weather.slow_failures
    )
}

/// How what is said now differs from what was said then.
pub(crate) fn change(one: &Rejudged) -> BacktestChange {
    let Some(now) = one.outcome() else { return BacktestChange::NotEnough };
    let Some(then) = one.then else { return BacktestChange::New };
    match (then.outcome, now) {
        (Outcome::Pass, Outcome::Pass)
        | (Outcome::Fail, Outcome::Fail)
        | (Outcome::Inconclusive(_), Outcome::Inconclusive(_)) => BacktestChange::Same,
        (Outcome::Pass, _) => BacktestChange::Stricter,
        (_, Outcome::Pass) => BacktestChange::Looser,
        _ => BacktestChange::Other,
    }
}

/// What the gate says now, or what is not recorded.
pub(crate) fn text(one: &Rejudged) -> String {
    match one.outcome() {
        Some(_) => one.now.headline.clone(),
        None if one.recorded == 0 => "Not enough recorded: no answer to the present cases.".to_owned(),
        None => format!(
            "Not enough recorded: {} of at most {} answers that the gate may want were heard.",
            one.now.heard(),
            one.now.heard_max
        ),
    }
}

/// How many versions are judged otherwise.
pub(crate) fn headline(report: &BacktestReport) -> String {
    let count = |wanted: BacktestChange| report.versions.iter().filter(|one| change(one) == wanted).count();
    if report.versions.is_empty() {
        return "No version was asked by this spec yet.".to_owned();
    }
    let versions = plural(report.versions.len(), "version", "versions");
    let (stricter, looser) = (count(BacktestChange::Stricter), count(BacktestChange::Looser));
    let (other, unknown) = (count(BacktestChange::Other), count(BacktestChange::NotEnough));
    let mut said = Vec::new();
    let mut say = |number: usize, what: &str| {
        if number > 0 {
            said.push(format!("{number} {what}"));
        }
    };
    say(stricter, "passed then and would not now");
    say(looser, "would pass now and did not then");
    say(other, "judged otherwise");
    say(unknown, "without enough recorded to say");
    if said.is_empty() {
        format!("{versions}: none judged otherwise than then.")
    } else {
        format!("{versions}: {}.", said.join(", "))
    }
}

/// A cent in millionths.
const CENT: i64 = 10_000;

/// What so many trials cost and take: `$0.40 and 2 min`.
pub(crate) fn price(price: &Price, trials: u32, currency: &str) -> String {
    let amount = |micros| money::amount(&money::decimal(micros), currency);
    let cost = price.cost(trials).map(|micros| {
        let cents = micros.saturating_add(CENT / 2) / CENT;
        if cents > 0 || micros == 0 {
            amount(cents.saturating_mul(CENT))
        } else {
            format!("less than {}", amount(CENT))
        }
    });
    let time = price.time_ms(trials).map(length);
    match (cost, time) {
        (Some(cost), Some(time)) => format!("{cost} and {time}"),
        (None, Some(time)) => format!("{time}, cost not known yet"),
        (Some(cost), None) => format!("{cost}, time not known yet"),
        (None, None) => "cost and time not known yet".to_owned(),
    }
}

/// A length of time to the second, and from two minutes on to the minute.
fn length(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000).max(1);
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}

fn plural(number: usize, one: &str, many: &str) -> String {
    words::plural(u32::try_from(number).unwrap_or(u32::MAX), one, many)
}
