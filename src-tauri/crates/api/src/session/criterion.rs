//! A criterion as a row: what it demands, what it heard, what it says.
//!
//! Numbers come from the verdict, or from what the gate has heard so far; the words that decide are the core's.

use gatewright_core::{
    gate::{
        Counts, Outcome, Why,
        words::{self, Percent, TimesIn100},
    },
    id::CriterionName,
    plan::RecordedMean,
    spec::{Currency, Measure, Metric, Risk, Rule},
    verdict::{CriterionVerdict, Shown},
};

use super::show;
use crate::{
    dto::{CriterionState, CriterionView, GateBar},
    measured::amount,
};

/// Where nothing was heard that has a score.
const NO_VALUE: &str = "no value";
/// What a promise rests on: printed with every promise, and no sentence says more.
const CONDITIONS: &str = "For a spec fixed before its answers, and an agent that does not change while it is asked, \
                          over this suite of cases, for one criterion and one attempt";

/// A criterion of a verdict.
pub(super) fn judged(one: &CriterionVerdict, currency: Currency) -> CriterionView {
    let heard = one.counts.heard();
    let pairs = matches!(one.rule, Rule::MaxDrop { .. }) && one.recorded.is_none();
    CriterionView {
        name: one.name.to_string(),
        blocking: one.blocking,
        rule: rule(&one.rule, currency),
        state: state(one.outcome, one.counts),
        value: if pairs {
            difference(&one.shown)
        } else {
            value(&one.rule, one.counts, &one.shown, currency)
        },
        bound: if pairs { differences(&one.shown) } else { bound(&one.rule, &one.shown, currency) },
        bar: if pairs {
            difference_bar(&one.rule, &one.shown)
        } else {
            bar(&one.rule, one.recorded.as_ref(), one.counts, &one.shown)
        },
        heard,
        heard_max: one.heard_max,
        heard_text: of(heard, one.heard_max, pairs),
        saved_text: saved(one.outcome, heard, one.heard_max),
        reason: one.reason.clone(),
        method: method(&one.shown),
        counts: show::counts(one.counts),
    }
}

/// What a criterion has heard while it is asked.
#[derive(Clone, Debug)]
pub(super) struct SoFar {
    pub(super) name: CriterionName,
    pub(super) rule: Rule,
    pub(super) blocking: bool,
    /// None while it listens.
    pub(super) outcome: Option<Outcome>,
    pub(super) counts: Counts,
    /// Of the scores that are known; none without one.
    pub(super) mean: Option<f64>,
    /// Of one that hears pairs: those in which the candidate scored more.
    pub(super) better: Option<u32>,
    pub(super) heard_max: u32,
}

/// A criterion that is asked, or waits to be.
pub(super) fn running(one: &SoFar, currency: Currency) -> CriterionView {
    let heard = one.counts.heard();
    let pairs = one.better.is_some();
    let (state, reason, saved_text) = match one.outcome {
        Some(outcome) => {
            let after = if pairs { words::plural(heard, "pair", "pairs") } else { words::calls(heard) };
            let said = match outcome {
                Outcome::Pass => format!("Met after {after}"),
                Outcome::Fail => format!("Not met after {after}"),
                Outcome::Inconclusive(Why::NoBaseline) => "Nothing to compare with".to_owned(),
                Outcome::Inconclusive(_) => format!("Undecided after {after}"),
            };
            (state(outcome, one.counts), said, saved(outcome, heard, one.heard_max))
        }
        None => {
            let left = words::count(one.heard_max.saturating_sub(heard));
            let state = if heard == 0 { CriterionState::Waiting } else { CriterionState::Running };
            let unit = if pairs { "pairs" } else { "calls" };
            (
                state,
                format!("Open: at most {left} more {unit} if none is missing"),
                format!("at most {left} more"),
            )
        }
    };
    let mean = one.mean.filter(|_| is_mean(&one.rule)).map(words::nine);
    let shown = Shown { value: mean.unwrap_or_default(), ..Shown::default() };
    CriterionView {
        name: one.name.to_string(),
        blocking: one.blocking,
        rule: rule(&one.rule, currency),
        state,
        value: match one.better {
            Some(better) if one.counts.scored > 0 => {
                format!("{} better, {} worse", words::count(better), words::count(one.counts.failed))
            }
            Some(_) => NO_VALUE.to_owned(),
            None => value(&one.rule, one.counts, &shown, currency),
        },
        bound: String::new(),
        bar: if pairs { None } else { bar(&one.rule, None, one.counts, &shown) },
        heard,
        heard_max: one.heard_max,
        heard_text: of(heard, one.heard_max, pairs),
        saved_text,
        reason,
        method: String::new(),
        counts: show::counts(one.counts),
    }
}

fn state(outcome: Outcome, counts: Counts) -> CriterionState {
    match outcome {
        Outcome::Pass => CriterionState::Met,
        Outcome::Fail => CriterionState::NotMet,
        Outcome::Inconclusive(Why::Missing) if counts.missing == 0 => CriterionState::NotJudged,
        Outcome::Inconclusive(_) => CriterionState::Undecided,
    }
}

fn of(heard: u32, most: u32, pairs: bool) -> String {
    let unit = if pairs { " pairs" } else { "" };
    format!("{} of {}{unit}", words::count(heard), words::count(most))
}

/// The candidate's mean less the live version's.
fn difference(shown: &Shown) -> String {
    shown.value.parse::<f64>().map_or_else(|_| NO_VALUE.to_owned(), signed)
}

fn differences(shown: &Shown) -> String {
    let end = |text: &str| text.parse::<f64>().ok().map(signed);
    let Some((low, high)) = end(&shown.low).zip(end(&shown.high)) else { return String::new() };
    match shown.error.parse::<f64>() {
        Ok(error) => format!("{low} to {high}, SE {error:.2}"),
        Err(_) => format!("{low} to {high}"),
    }
}

/// The difference between none, which is good, and the margin below, which is bad.
fn difference_bar(rule: &Rule, shown: &Shown) -> Option<GateBar> {
    let Rule::MaxDrop { margin, .. } = rule else { return None };
    let number = |text: &str| text.parse::<f64>().ok();
    Some(GateBar {
        value: number(&shown.value),
        low: number(&shown.low),
        high: number(&shown.high),
        target: 0.0,
        floor: Some(-margin.as_f64()),
    })
}

/// A difference of rates with two digits and its sign.
fn signed(value: f64) -> String {
    match format!("{:.2}", value.abs()).as_str() {
        "0.00" => "0.00".to_owned(),
        size if value < 0.0 => format!("\u{2212}{size}"),
        size => format!("+{size}"),
    }
}

fn saved(outcome: Outcome, heard: u32, most: u32) -> String {
    let left = most.saturating_sub(heard);
    let count = words::count(left);
    match outcome {
        _ if left == 0 => String::new(),
        Outcome::Pass | Outcome::Fail => format!("{count} saved"),
        Outcome::Inconclusive(Why::GateDecided) => format!("{count} not needed"),
        Outcome::Inconclusive(_) => format!("at most {count} more"),
    }
}

fn method(shown: &Shown) -> String {
    match (shown.method.as_str(), shown.bound.as_str()) {
        (method, "") => method.to_owned(),
        (method, bound) if shown.error.is_empty() => format!("{method}, bound by {bound}"),
        (method, bound) => {
            format!("{method}, bound by {bound}; standard error with the pairs of a case taken together")
        }
    }
}

/// What had to hold, in words.
pub(super) fn rule(rule: &Rule, currency: Currency) -> String {
    match rule {
        Rule::Rate { of: Metric::Within { of, at_most }, target, floor, .. } => format!(
            "{} at most {} for {} of answers, floor {}",
            measure(*of),
            amount(*of, *at_most, currency),
            Percent(*target),
            Percent(*floor)
        ),
        Rule::Rate { of, target, floor, .. } | Rule::Mean { of, target, floor, .. } => {
            format!("{}: target {}, floor {}", metric(of), Percent(*target), Percent(*floor))
        }
        Rule::MaxDrop { of, margin, environment, .. } => {
            format!("{}: at most {} below what is live in {environment}", metric(of), Percent(*margin))
        }
        Rule::Never { failure_rate, .. } => {
            format!("critical cases: never, excludes a failure rate of {}", Percent(*failure_rate))
        }
        Rule::Plain { of: Metric::Within { of, at_most }, target, rounds } => format!(
            "{} at most {} for {} of answers, over {}",
            measure(*of),
            amount(*of, *at_most, currency),
            Percent(*target),
            words::plural(rounds.get(), "round", "rounds")
        ),
        Rule::Plain { of, target, rounds } => format!(
            "{}: at least {} over {}",
            metric(of),
            Percent(*target),
            words::plural(rounds.get(), "round", "rounds")
        ),
    }
}

fn metric(metric: &Metric) -> String {
    match metric {
        Metric::PassRate => "pass rate".to_owned(),
        Metric::Within { of, .. } => measure(*of).to_owned(),
        Metric::Graded(name) => name.to_string(),
        Metric::Weighted(parts) => {
            let parts = parts
                .iter()
                .map(|(weight, part)| format!("{} × {}", words::count(*weight), self::metric(part)));
            parts.collect::<Vec<_>>().join(" + ")
        }
    }
}

fn measure(of: Measure) -> &'static str {
    match of {
        Measure::LatencyMs => "latency",
        Measure::FirstTokenMs => "first content",
        Measure::CostMicros => "cost",
        Measure::TokensOut => "length",
    }
}

fn value(rule: &Rule, counts: Counts, shown: &Shown, currency: Currency) -> String {
    if counts.scored == 0 {
        return NO_VALUE.to_owned();
    }
    match rule {
        Rule::Rate { of: Metric::Within { of, .. }, .. } if !shown.value.is_empty() => {
            let measured = shown.value.parse().map(|value| amount(*of, value, currency));
            measured.unwrap_or_else(|_| shown.value.clone())
        }
        rule if is_mean(rule) => {
            let tenths = shown.value.parse::<f64>().map(|mean| (1_000.0 * mean).round() / 10.0);
            tenths.map_or_else(|_| NO_VALUE.to_owned(), |mean| format!("{} %", words::trimmed(mean)))
        }
        _ => of_passed(counts),
    }
}

/// Whether its value is a mean of scores and no share of answers.
const fn is_mean(rule: &Rule) -> bool {
    matches!(rule, Rule::Mean { .. } | Rule::Plain { of: Metric::Graded(_) | Metric::Weighted(_), .. })
}

fn of_passed(counts: Counts) -> String {
    format!("{} of {}", words::count(counts.passed()), words::count(counts.told()))
}

fn bound(rule: &Rule, shown: &Shown, currency: Currency) -> String {
    let end = |text: &str| match rule {
        Rule::Rate { of: Metric::Within { of, .. }, .. } => {
            text.parse().ok().map(|value| amount(*of, value, currency))
        }
        _ => text.parse::<f64>().ok().map(two_digits),
    };
    match (end(&shown.low), end(&shown.high)) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => String::new(),
    }
}

/// A rate with two digits.
pub(super) fn two_digits(value: f64) -> String {
    format!("{value:.2}")
}

/// The mean, or the share that passed, between floor and target. The bounds of a percentile are in another unit, so
/// its bar has none.
fn bar(rule: &Rule, recorded: Option<&RecordedMean>, counts: Counts, shown: &Shown) -> Option<GateBar> {
    let (target, floor, in_shares) = match rule {
        Rule::Rate { of, target, floor, .. } => (target, Some(floor), !matches!(of, Metric::Within { .. })),
        Rule::Mean { target, floor, .. } => (target, Some(floor), true),
        Rule::Plain { target, .. } => (target, None, true),
        Rule::MaxDrop { .. } => match recorded {
            Some(recorded) => (&recorded.target, Some(&recorded.floor), true),
            None => return None,
        },
        Rule::Never { .. } => return None,
    };
    let share = f64::from(counts.passed()) / f64::from(counts.told().max(1));
    let end = |text: &str| text.parse::<f64>().ok().filter(|_| in_shares);
    Some(GateBar {
        value: if is_mean(rule) { end(&shown.value) } else { (counts.told() > 0).then_some(share) },
        low: end(&shown.low),
        high: end(&shown.high),
        target: target.as_f64(),
        floor: floor.map(|floor| floor.as_f64()),
    })
}

/// What the numbers of a criterion promise.
pub(super) fn promise(rule: &Rule, given_determinism: bool) -> String {
    let version = if given_determinism { "Given determinism, a version" } else { "A version" };
    match rule {
        Rule::Rate { target, floor, risk, .. } | Rule::Mean { target, floor, risk, .. } => {
            let Risk { wrongly_blocked, wrongly_passed } = risk;
            format!(
                "{version} at the {} target or better is blocked at most {}; one at the {} floor or worse gets \
                 through at most {}.",
                Percent(*target),
                TimesIn100(*wrongly_blocked),
                Percent(*floor),
                TimesIn100(*wrongly_passed)
            )
        }
        Rule::Never { failure_rate, wrongly_passed } => format!(
            "A version that fails {} of the time or more gets through at most {}. How often a good one is blocked is \
             not promised.",
            Percent(*failure_rate),
            TimesIn100(*wrongly_passed)
        ),
        Rule::MaxDrop { margin, risk, .. } => format!(
            "A version as good as the live one or better is blocked at most {}; one worse by {} or more gets through at \
             most {}.",
            TimesIn100(risk.wrongly_blocked),
            Percent(*margin),
            TimesIn100(risk.wrongly_passed)
        ),
        Rule::Plain { .. } => "A plain threshold: no error rates are declared.".to_owned(),
    }
}

/// What the numbers of a gate promise, with the conditions that they rest on.
pub(super) fn promises<'a>(criteria: impl IntoIterator<Item = &'a CriterionVerdict>) -> String {
    let mut said: Vec<String> = Vec::new();
    for one in criteria {
        let promise = promise(&one.rule, one.given_determinism);
        if !said.contains(&promise) {
            said.push(promise);
        }
    }
    if said.is_empty() { String::new() } else { format!("{CONDITIONS}: {}", said.join(" ")) }
}

#[cfg(test)]
mod tests {
    use gatewright_core::spec::Unit;

    use super::*;

    fn unit(millionths: u32) -> Unit {
        Unit::from_millionths(millionths).expect("a unit")
    }

    fn rate(of: Metric) -> Rule {
        let risk = Risk { wrongly_blocked: unit(50_000), wrongly_passed: unit(50_000) };
        Rule::Rate { of, target: unit(900_000), floor: unit(800_000), risk }
    }

    #[test]
    fn a_rule_names_its_metric_with_target_and_floor() {
        assert_eq!(rule(&rate(Metric::PassRate), Currency::USD), "pass rate: target 90 %, floor 80 %");
        let slow = rate(Metric::Within { of: Measure::LatencyMs, at_most: 2_000 });
        assert_eq!(rule(&slow, Currency::USD), "latency at most 2,000 ms for 90 % of answers, floor 80 %");
        let dear = rate(Metric::Within { of: Measure::CostMicros, at_most: 20_000 });
        assert_eq!(rule(&dear, Currency::USD), "cost at most $0.02 for 90 % of answers, floor 80 %");
    }

    #[test]
    fn a_criterion_that_heard_nothing_has_no_value_and_says_what_it_still_needs() {
        let view = running(
            &SoFar {
                name: "pass".into(),
                rule: rate(Metric::PassRate),
                blocking: true,
                outcome: None,
                counts: Counts::default(),
                mean: None,
                better: None,
                heard_max: 203,
            },
            Currency::USD,
        );
        assert_eq!((view.value.as_str(), view.saved_text.as_str()), ("no value", "at most 203 more"));
        assert_eq!(view.state, CriterionState::Waiting);
        assert_eq!(view.bar.and_then(|bar| bar.value), None);
    }

    #[test]
    fn a_mean_is_shown_as_such_and_never_as_the_share_of_perfect_answers() {
        let risk = Risk { wrongly_blocked: unit(50_000), wrongly_passed: unit(50_000) };
        let of = Metric::Weighted(vec![(3, Metric::PassRate), (1, Metric::Graded("polite".into()))]);
        let rule = Rule::Mean { of, target: unit(900_000), floor: unit(800_000), risk, trials_max: 203 };
        assert_eq!(super::rule(&rule, Currency::USD), "3 × pass rate + 1 × polite: target 90 %, floor 80 %");
        let so_far = SoFar {
            name: "both".into(),
            rule,
            blocking: true,
            outcome: None,
            counts: Counts { scored: 4, failed: 3, ..Counts::default() },
            mean: Some(0.8125),
            better: None,
            heard_max: 203,
        };
        let view = running(&so_far, Currency::USD);
        assert_eq!((view.value.as_str(), view.bar.and_then(|bar| bar.value)), ("81.3 %", Some(0.8125)));
        let silent = running(&SoFar { counts: Counts::default(), mean: None, ..so_far }, Currency::USD);
        assert_eq!((silent.value.as_str(), silent.bar.and_then(|bar| bar.value)), ("no value", None));
    }

    #[test]
    fn a_comparison_is_a_difference_in_pairs() {
        let rule = Rule::MaxDrop {
            of: Metric::PassRate,
            margin: unit(100_000),
            risk: Risk { wrongly_blocked: unit(50_000), wrongly_passed: unit(50_000) },
            environment: "production".into(),
            baseline: gatewright_core::spec::BaselineMode::Interleaved,
            pairs_max: 651,
        };
        let so_far = SoFar {
            name: "no-regression".into(),
            rule: rule.clone(),
            blocking: true,
            outcome: None,
            counts: Counts { scored: 40, failed: 3, ..Counts::default() },
            mean: Some(0.9),
            better: Some(2),
            heard_max: 651,
        };
        let view = running(&so_far, Currency::USD);
        assert_eq!((view.value.as_str(), view.heard_text.as_str()), ("2 better, 3 worse", "40 of 651 pairs"));
        let shown = Shown {
            value: "-0.025000000".to_owned(),
            low: "-0.081".to_owned(),
            high: "0.004".to_owned(),
            error: "0.031".to_owned(),
            ..Shown::default()
        };
        assert_eq!(
            (difference(&shown).as_str(), differences(&shown).as_str()),
            ("\u{2212}0.03", "\u{2212}0.08 to 0.00, SE 0.03")
        );
        let bar = difference_bar(&rule, &shown).expect("a bar");
        assert_eq!((bar.target, bar.floor), (0.0, Some(-0.1)));
    }

    #[test]
    fn a_promise_is_said_once_with_its_conditions() {
        let one = |given_determinism| CriterionVerdict {
            criterion: gatewright_core::id::CriterionId(gatewright_core::id::Digest([0; 32])),
            name: "quality".into(),
            rule: rate(Metric::PassRate),
            blocking: true,
            outcome: Outcome::Pass,
            at: 18,
            heard_max: 203,
            counts: Counts::default(),
            recorded: None,
            shown: Shown::default(),
            reason: String::new(),
            given_determinism,
        };
        let said = promises(&[one(false), one(false)]);
        assert!(said.starts_with("For a spec fixed before its answers"), "{said}");
        assert_eq!(said.matches("90 % target").count(), 1);
        assert_eq!(promises([]), "");
        let said = promises(&[one(true)]);
        assert!(said.contains(": Given determinism, a version at the 90 % target"), "{said}");
    }
}
