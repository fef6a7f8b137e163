//! What a run of a spec would ask, before it asks.

use gatewright_core::{
    gate::{CriterionOutlook, Outcome, Why, words},
    spec::{Ask, Budget, Criterion, Currency, Rule, Spec},
};
use gatewright_engine::supervisor::{Price, reading::Reading};

use super::{Answered, criterion, opened::Opened, show};
use crate::{
    dto::{CurvePoint, Mark, Note, PlanArgs, PlanLine, PlanNote, PlanView, PlannedCriterion},
    money,
};

/// Seconds of a minute and of an hour, in milliseconds.
const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;

/// What trials cost and take, in the workspace's currency.
#[derive(Clone, Copy, Debug)]
struct Priced {
    price: Price,
    currency: Currency,
}

/// What a run of a spec would ask.
pub(super) fn view(opened: &Opened, args: &PlanArgs) -> Answered<PlanView> {
    let reading = opened.reading_with(&args.spec, args.text.as_deref());
    let Some(workspace) = &reading.workspace else {
        return Ok(without(args, "gatewright.yaml has mistakes: mend them first"));
    };
    let Some(found) = reading.specs.iter().find(|found| found.name.as_str() == args.spec) else {
        return Ok(without(args, &format!("there is no spec `{}`", args.spec)));
    };
    let Some(spec) = &found.spec else {
        return Ok(without(args, "the spec has mistakes: mend them first"));
    };
    let budget = spec.budget.unwrap_or(workspace.defaults.budget);
    let outlook = match opened.engine.outlook(workspace, spec, Some(&budget)) {
        Ok(outlook) => outlook,
        Err(problem) => return Ok(without(args, &problem.to_string())),
    };
    let price = Priced { price: opened.engine.price(workspace, spec)?, currency: workspace.currency };
    let line = |label: &str, calls: u32, about| price.line(label, calls, about);
    let calls = outlook.calls;
    let (reused, asks_max) = known(opened, &reading, spec, calls.at_most);
    Ok(PlanView {
        spec: spec.name.to_string(),
        missing: None,
        cases: show::small(spec.cases.len()),
        criteria: outlook
            .criteria
            .iter()
            .zip(&spec.gate)
            .map(|(one, written)| planned(one, written, &price, workspace.currency))
            .collect(),
        totals: vec![
            line("Perfect version", calls.if_none_fails, false),
            line("At the target", calls.at_target, true),
            line("At the floor", calls.at_floor, true),
            line("Never more than", calls.at_most, false),
        ],
        budget: budget_words(&budget),
        underfunded: outlook.underfunded.map(|short| {
            format!(
                "The budget ends at {} calls, and the gate may need {}: it may end undecided.",
                words::count(short.budget),
                words::count(short.at_most)
            )
        }),
        reused,
        asks_max,
        notes: notes(spec, &outlook.sentences),
    })
}

fn without(args: &PlanArgs, why: &str) -> PlanView {
    PlanView {
        spec: args.spec.clone(),
        missing: Some(why.to_owned()),
        cases: 0,
        criteria: Vec::new(),
        totals: Vec::new(),
        budget: String::new(),
        underfunded: None,
        reused: 0,
        asks_max: 0,
        notes: Vec::new(),
    }
}

/// Answers that are there already, and calls that a run would still ask at most.
fn known(opened: &Opened, reading: &Reading, spec: &Spec, at_most: u32) -> (u32, u64) {
    let fresh = (0, u64::from(at_most));
    // A version that cannot be sealed has no answers; why it cannot is told when it is to be run.
    let Ok(report) = opened.engine.known(reading, std::slice::from_ref(&spec.name)) else { return fresh };
    let Some(report) = report.specs.first() else { return fresh };
    let verdict = &report.verdict;
    let left = match verdict.outcome {
        Outcome::Inconclusive(Why::NotAsked) => verdict.saved(),
        _ => 0,
    };
    (verdict.heard(), u64::from(left))
}

impl Priced {
    fn line(&self, label: &str, calls: u32, about: bool) -> PlanLine {
        PlanLine {
            label: label.to_owned(),
            calls: u64::from(calls),
            about,
            cost: self.price.cost(calls).map(|micros| show::money(micros, self.currency)),
            time_ms: self.price.time_ms(calls),
        }
    }
}

fn planned(
    one: &CriterionOutlook,
    written: &Criterion,
    price: &Priced,
    currency: Currency,
) -> PlannedCriterion {
    let (target, floor) = match &written.rule {
        Rule::Rate { target, floor, .. } | Rule::Mean { target, floor, .. } => (Some(target), Some(floor)),
        Rule::Plain { target, .. } => (Some(target), None),
        Rule::Never { .. } | Rule::MaxDrop { .. } => (None, None),
    };
    let up = |mean: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "calls of a plan")]
        let whole = mean.ceil() as u32;
        whole
    };
    let calls = one.calls_each();
    let mut lines = vec![price.line("Perfect version", calls * one.if_none_fails, false)];
    if calls > 1 {
        lines.push(price.line("As good as the live one", calls * up(one.at_target), true));
        lines.push(price.line("Worse by the margin", calls * up(one.at_floor), true));
    }
    if !one.curve.is_empty() {
        lines.push(price.line("At the target", up(one.at_target), true));
        if let Some(hardest) = hardest(one) {
            let label = format!("At {:.0} %, hardest", hardest.rate * 100.0);
            lines.push(price.line(&label, up(hardest.calls), true));
        }
        lines.push(price.line("At the floor", up(one.at_floor), true));
    }
    for (missing, &calls) in (1..).zip(&one.if_missing) {
        let label = format!("With {}", words::plural(missing, "answer missing", "answers missing"));
        lines.push(price.line(&label, calls, false));
    }
    lines.push(price.line("Never more than", calls * one.at_most, false));
    PlannedCriterion {
        name: one.name.to_string(),
        blocking: one.blocking,
        rule: criterion::rule(&written.rule, currency),
        tells: tells(one),
        promise: criterion::promise(&written.rule, one.given_determinism.is_some()),
        target: target.map(|target| target.as_f64()),
        floor: floor.map(|floor| floor.as_f64()),
        curve: curve(one),
        lines,
    }
}

fn tells(one: &CriterionOutlook) -> String {
    let apart = |target, floor| format!("Tells {} from {}", words::Percent(target), words::Percent(floor));
    match (one.tells, one.given_determinism) {
        (Some(tells), _) => format!("{}.", apart(tells.target, tells.floor)),
        (None, Some(given)) => format!(
            "{}, given determinism: {} are asked again, and none that differs means a flip rate of at most {} (rule of \
             three).",
            apart(given.target, given.floor),
            words::count(given.asked_again),
            words::Percent(given.differs_max)
        ),
        (None, None) => String::new(),
    }
}

fn curve(one: &CriterionOutlook) -> Vec<CurvePoint> {
    one.curve.iter().map(|(rate, calls)| CurvePoint { rate: rate.as_f64(), calls: *calls }).collect()
}

fn hardest(one: &CriterionOutlook) -> Option<CurvePoint> {
    curve(one).into_iter().max_by(|one, other| one.calls.total_cmp(&other.calls))
}

fn budget_words(budget: &Budget) -> String {
    let mut said = vec![format!("{} calls", words::count(budget.calls))];
    if let Some(cost) = budget.cost {
        said.push(money::amount(&money::decimal(cost.micros), &cost.currency.to_string()));
    }
    said.push(length(budget.time_ms));
    said.join(", ")
}

fn length(ms: u64) -> String {
    match ms {
        ms if ms >= MINUTE_MS && ms.is_multiple_of(MINUTE_MS) => {
            format!("{} min", words::count(ms / MINUTE_MS))
        }
        ms if ms.is_multiple_of(SECOND_MS) => format!("{} s", words::count(ms / SECOND_MS)),
        ms => format!("{} ms", words::count(ms)),
    }
}

/// What the author should know; the sentences are the core's.
fn notes(spec: &Spec, sentences: &[String]) -> Vec<PlanNote> {
    let said = sentences.iter().map(|text| PlanNote {
        note: Note { mark: Mark::Plain, text: text.clone(), way: None },
        place: None,
    });
    let mut notes: Vec<PlanNote> = said.collect();
    if spec.ask == Ask::Enough {
        let text = "`ask: enough`: the gate may stop before every case was asked once.".to_owned();
        notes.push(PlanNote { note: Note { mark: Mark::Plain, text, way: None }, place: None });
    }
    notes
}

#[cfg(test)]
mod tests {
    use gatewright_core::spec::MicroMoney;

    use super::*;

    #[test]
    fn a_budget_reads_as_people_say_it() {
        let budget = Budget { calls: 2_000, cost: None, time_ms: 30 * MINUTE_MS };
        assert_eq!(budget_words(&budget), "2,000 calls, 30 min");
        let cost = Some(MicroMoney { micros: 1_000_000, currency: Currency::USD });
        assert_eq!(budget_words(&Budget { cost, ..budget }), "2,000 calls, $1.00, 30 min");
        assert_eq!(length(90 * SECOND_MS), "90 s");
    }

    #[test]
    fn a_price_that_is_not_known_is_none_and_never_nought() {
        let price = Price { cost_micros: None, latency_us: None, concurrency: 4 };
        let price = Priced { price, currency: Currency::USD };
        let line = price.line("Never more than", 203, false);
        assert_eq!((line.calls, line.cost, line.time_ms), (203, None, None));
    }
}
