//! Gates: criteria read into rules, with every default filled in and the spec's risk shared out.

use std::{collections::BTreeSet, num::NonZeroU32};

use gatewright_stat::{
    corridor,
    design::{Claim, DesignError},
    never,
};

use super::{
    Case, Criterion, Measure, Metric, Risk, Rule, Unit, against,
    amount::as_percent,
    case::tags,
    meaning,
    reader::{At, Fields, Keys, Reader},
    weighted, word,
};
use crate::{
    diagnostic::{Diagnostic, Place},
    id::{CriterionName, ScorerName, Tag},
};

pub(super) const CRITERION: Keys = Keys {
    what: "a criterion",
    known: &[
        "metric",
        "weighted",
        "target",
        "floor",
        "never",
        "p50",
        "p90",
        "p95",
        "p99",
        "tag",
        "blocking",
        "wrongly_blocked",
        "wrongly_passed",
        "method",
        "rounds",
        "trials_max",
        "max_drop",
        "against",
        "pairs_max",
    ],
    later: &[],
};
/// Metrics with their measure; `pass_rate` has none.
pub(super) const METRICS: [(&str, Option<Measure>); 5] = [
    ("pass_rate", None),
    ("latency", Some(Measure::LatencyMs)),
    ("first_token", Some(Measure::FirstTokenMs)),
    ("cost", Some(Measure::CostMicros)),
    ("tokens", Some(Measure::TokensOut)),
];
/// Percentiles that a criterion may name, in per cent.
const PERCENTILES: [(&str, u32); 4] = [("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)];
/// What critical cases are held to where a gate is one number.
const NEVER_DEFAULT: Unit = millionths(200_000);
/// A declared risk at most: a coin could promise as much.
const RISK_MAX: Unit = millionths(500_000);
/// Rounds of `method: fixed` at most.
const ROUNDS_MAX: u32 = 1_000;
/// Trials of a graded metric at most.
const GRADED_TRIALS_MAX: u32 = 20_000;
/// Tokens at most that a limit may name.
const TOKENS_MAX: u64 = 1_000_000_000;

const fn millionths(number: u32) -> Unit {
    match Unit::from_millionths(number) {
        Some(unit) => unit,
        None => Unit::ONE,
    }
}

/// What the criteria of a gate are about.
pub(super) struct Heard<'s> {
    pub(super) cases: &'s [Case],
    /// Whether every case could be read: else nothing is said of what is missing among them.
    pub(super) complete: bool,
    pub(super) scorers: Vec<&'s str>,
    pub(super) risk: Risk,
    pub(super) places: against::Places<'s>,
}

/// A criterion before the risk is shared out.
struct Draft {
    name: CriterionName,
    only: BTreeSet<Tag>,
    blocking: bool,
    rule: Rule,
    /// Trials that were declared for a graded metric, or pairs for a comparison.
    trials_max: Option<NonZeroU32>,
    /// Whether it takes its share of the spec's `wrongly_blocked`.
    shares: bool,
    pointer: String,
    place: Place,
}

/// The floor that is taken where a criterion names none: `target − clamp(2 × (1 − target), 0.05, 0.20)`; none when
/// that is not above zero by more than a target of 25 % leaves.
pub(super) fn default_floor(target: Unit) -> Option<Unit> {
    let below = (2 * target.complement().millionths()).clamp(50_000, 200_000);
    if target.millionths() <= 250_000 {
        return None;
    }
    Unit::from_millionths(target.millionths() - below)
}

/// Reads a gate.
pub(super) fn read(reader: &mut Reader<'_>, at: &At<'_>, heard: &Heard<'_>) -> Vec<Criterion> {
    let drafts = if at.is_map() {
        let entries = reader.entries(at, "criteria by name");
        if entries.is_empty() {
            let help = "a gate without a criterion can never pass: write `pass_rate: { target: 90% }`";
            reader.error(at, "empty", "the gate has no criterion", help);
        }
        let mut drafts = Vec::new();
        for entry in entries {
            let name = CriterionName::new(entry.key.trim());
            drafts.extend(criterion(reader, &at.member(entry), name, entry.key_place, heard));
        }
        warn_of_unheard_critical_cases(reader, at, &drafts, heard);
        drafts
    } else {
        one_number(reader, at, heard)
    };
    if !drafts.is_empty() && drafts.iter().all(|draft| !draft.blocking) {
        let help = "a gate passes when every blocking criterion is met: let one of them block";
        reader.warn(at, "never-passes", "no criterion blocks, so this gate can never pass", help);
    }
    refuse_second_environment(reader, &drafts);
    for draft in drafts.iter().filter(|_| heard.complete) {
        refuse_cases_without_expectations(reader, draft, heard);
    }
    share_out(reader, drafts, heard.risk.wrongly_blocked)
}

/// `gate: 90%`: the floor fails three times as often as the target allows; critical cases must never fail.
fn one_number(reader: &mut Reader<'_>, at: &At<'_>, heard: &Heard<'_>) -> Vec<Draft> {
    let Some(target) = reader.share(at).and_then(|target| usable_target(reader, at, target)) else {
        return Vec::new();
    };
    let failures = 3 * target.complement().millionths();
    let Some(floor) = Unit::ONE.millionths().checked_sub(failures).filter(|floor| *floor > 0) else {
        let help = format!("write `gate: {{ pass_rate: {{ target: {}, floor: … }} }}`", as_percent(target));
        reader.error(at, "floor", "a target so low needs a floor of its own", help);
        return Vec::new();
    };
    let risk = heard.risk;
    let draft = |name: &str, rule, shares| Draft {
        name: CriterionName::from(name),
        only: BTreeSet::new(),
        blocking: true,
        rule,
        trials_max: None,
        shares,
        pointer: at.pointer.clone(),
        place: at.place(),
    };
    let rate = Rule::Rate { of: Metric::PassRate, target, floor: millionths(floor), risk };
    let mut drafts = vec![draft("pass_rate", rate, true)];
    if heard.cases.iter().any(|case| case.critical) {
        let never = Rule::Never { failure_rate: NEVER_DEFAULT, wrongly_passed: risk.wrongly_passed };
        drafts.push(draft("critical", never, false));
    }
    drafts
}

fn criterion(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    name: CriterionName,
    name_place: Place,
    heard: &Heard<'_>,
) -> Option<Draft> {
    if name.as_str().is_empty() {
        reader.error(at, "empty", "the criterion has no name", "write one before the `:`");
        return None;
    }
    let before = reader.diagnostics.len();
    let fields = reader.fields(at, CRITERION)?;
    let only = only(reader, &fields, heard);
    let blocking = fields.get("blocking").and_then(|value| reader.boolean(&value)).unwrap_or(true);
    let trials_max = fields.get("trials_max").and_then(|value| reader.positive(&value, GRADED_TRIALS_MAX));
    let pairs_max = fields.get("pairs_max").and_then(|value| reader.positive(&value, against::PAIRS_MAX));
    if !fields.has("max_drop") {
        let help = "it goes with `max_drop`: leave it out";
        refuse(reader, &fields, &["against", "pairs_max"], "nothing is compared here, so there is no", help);
    }
    let rule = if fields.has("never") {
        never(reader, &fields, &only, heard)
    } else if fields.has("max_drop") {
        against::read(reader, &fields, &name, heard)
    } else {
        rate_or_plain(reader, &fields, &name, heard)
    };
    if reader.failed_since(before) {
        return None;
    }
    let rule = rule?;
    if !matches!(rule, Rule::Mean { .. } | Rule::MaxDrop { .. }) {
        let help = "the calls of other criteria follow from their error rates: leave it out";
        refuse(reader, &fields, &["trials_max"], "only a mean of scores takes", help);
    }
    let statistical = matches!(rule, Rule::Rate { .. } | Rule::Mean { .. } | Rule::MaxDrop { .. });
    let shares = blocking && statistical && !fields.has("wrongly_blocked");
    let pointer = at.pointer.clone();
    let trials_max = trials_max.or(pairs_max);
    Some(Draft { name, only, blocking, rule, trials_max, shares, pointer, place: name_place })
}

/// The tags that a criterion hears; each must be on a case.
fn only(reader: &mut Reader<'_>, fields: &Fields<'_>, heard: &Heard<'_>) -> BTreeSet<Tag> {
    let Some(at) = fields.get("tag") else { return BTreeSet::new() };
    let only = tags(reader, &at);
    let known: BTreeSet<&str> = heard.cases.iter().flat_map(|case| &case.tags).map(Tag::as_str).collect();
    for tag in only.iter().filter(|tag| heard.complete && !known.contains(tag.as_str())) {
        let message = format!("no case has the tag `{}`", word::shortened(tag.as_str()));
        let names: Vec<&str> = known.iter().copied().collect();
        let help = match word::nearest(tag.as_str(), &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "put it on a case: `tags: […]`".to_owned(),
        };
        reader.error(&at, "unknown-tag", message, help);
    }
    only
}

pub(super) fn risk(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str, default: Unit) -> Unit {
    fields.get(key).and_then(|at| declared_risk(reader, &at)).unwrap_or(default)
}

/// A risk: above nothing, at most a half.
pub(super) fn declared_risk(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Unit> {
    let risk = reader.share(at)?;
    if risk == Unit::ZERO || risk > RISK_MAX {
        let help = "it lies above 0 and at most at 50 %; 5 % is usual";
        reader.error(at, "out-of-range", "such a risk declares nothing", help);
        return None;
    }
    Some(risk)
}

pub(super) fn refuse(reader: &mut Reader<'_>, fields: &Fields<'_>, keys: &[&str], message: &str, help: &str) {
    for key in keys {
        if let Some(at) = fields.get(key) {
            reader.error(&at, "conflict", format!("{message} `{key}`"), help);
        }
    }
}

fn never(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    only: &BTreeSet<Tag>,
    heard: &Heard<'_>,
) -> Option<Rule> {
    const OTHERS: [&str; 11] =
        ["metric", "weighted", "target", "floor", "p50", "p90", "p95", "p99", "method", "rounds", "max_drop"];
    refuse(
        reader,
        fields,
        &OTHERS,
        "`never` stands alone, without",
        "leave it out, or write a second criterion",
    );
    let help = "one confirmed failure blocks, whatever the version: leave it out";
    refuse(reader, fields, &["wrongly_blocked"], "`never` declares no", help);
    let at = fields.get("never")?;
    let failure_rate = reader.share(&at)?;
    if failure_rate == Unit::ZERO || failure_rate == Unit::ONE {
        let help = "`never: 5%` asks 59 times and lets no failure pass; nothing excludes every failure rate";
        reader.error(&at, "out-of-range", "the failure rate to exclude lies between 0 and 100 %", help);
        return None;
    }
    let hears = |case: &Case| case.critical && (only.is_empty() || !only.is_disjoint(&case.tags));
    if heard.complete && !heard.cases.iter().any(hears) {
        let help = "mark one: `critical: true`";
        reader.error(&at, "no-critical-case", "no case that this criterion hears is critical", help);
        return None;
    }
    let wrongly_passed = risk(reader, fields, "wrongly_passed", heard.risk.wrongly_passed);
    Some(Rule::Never { failure_rate, wrongly_passed })
}

fn rate_or_plain(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &CriterionName,
    heard: &Heard<'_>,
) -> Option<Rule> {
    let (of, target, target_at) = metric(reader, fields, name, heard)?;
    let fixed = fields.get("method").and_then(|at| reader.choice(&at, &[("fixed", ())])).is_some();
    if fixed {
        const RISKS: [&str; 3] = ["floor", "wrongly_blocked", "wrongly_passed"];
        let help = "a fixed number of rounds declares no error rates: leave it out";
        refuse(reader, fields, &RISKS, "`method: fixed` takes no", help);
        let rounds = match fields.get("rounds") {
            Some(at) => reader.positive(&at, ROUNDS_MAX)?,
            None => NonZeroU32::MIN,
        };
        if target == Unit::ZERO {
            reader.error(&target_at, "out-of-range", "a target of nothing is always met", "say more than 0");
            return None;
        }
        return Some(Rule::Plain { of, target, rounds });
    }
    refuse(reader, fields, &["rounds"], "without `method: fixed` there are no", "leave it out");
    let target = usable_target(reader, &target_at, target)?;
    let floor = match fields.get("floor") {
        Some(at) => {
            let floor = reader.share(&at)?;
            if floor == Unit::ZERO || floor >= target {
                let help = format!("the floor lies above 0 and below the target of {}", as_percent(target));
                reader.error(&at, "floor", "the floor is not below the target", help);
                return None;
            }
            floor
        }
        None => match default_floor(target) {
            Some(floor) => floor,
            None => {
                let help = "add `floor: …`: a version that bad must not pass";
                reader.error(&target_at, "floor", "a target of 25 % or less needs a floor of its own", help);
                return None;
            }
        },
    };
    let risk = Risk {
        wrongly_blocked: risk(reader, fields, "wrongly_blocked", heard.risk.wrongly_blocked),
        wrongly_passed: risk(reader, fields, "wrongly_passed", heard.risk.wrongly_passed),
    };
    Some(match of {
        // How many trials it has at most is known once the risk is shared out.
        Metric::Graded(_) | Metric::Weighted(_) => Rule::Mean { of, target, floor, risk, trials_max: 0 },
        of => Rule::Rate { of, target, floor, risk },
    })
}

/// What a criterion looks at, its target, and where the target stands.
fn metric<'t>(
    reader: &mut Reader<'_>,
    fields: &Fields<'t>,
    name: &CriterionName,
    heard: &Heard<'_>,
) -> Option<(Metric, Unit, At<'t>)> {
    if let Some(at) = fields.get("weighted") {
        const PERCENTILES: [&str; 4] = ["p50", "p90", "p95", "p99"];
        let help = "leave one of the two out";
        refuse(reader, fields, &["metric"], "`weighted` takes the place of", help);
        refuse(reader, fields, &PERCENTILES, "a mean of scores has no", "say `target:`");
        let of = weighted::read(reader, &at, heard);
        let at = reader.required(fields, "target", "a criterion")?;
        let target = reader.share(&at)?;
        return Some((of?, target, at));
    }
    let at = fields.get("metric");
    let word = match &at {
        Some(at) => reader.filled(at)?,
        // A criterion named like a metric is about it.
        None if METRICS.iter().any(|(metric, _)| *metric == name.as_str()) => name.as_str(),
        None if heard.scorers.contains(&name.as_str()) => name.as_str(),
        None => "pass_rate",
    };
    let percentiles: Vec<(At<'t>, u32)> =
        PERCENTILES.iter().filter_map(|(key, percent)| fields.get(key).map(|at| (at, *percent))).collect();
    let Some((_, measure)) = METRICS.iter().find(|(metric, _)| *metric == word) else {
        if !heard.scorers.contains(&word) {
            unknown_metric(reader, &at?, word, heard);
            return None;
        }
        if let [(at, _), ..] = percentiles.as_slice() {
            let help = "percentiles are of `latency`, `first_token`, `cost` or `tokens`; say `target:`";
            reader.error(at, "conflict", "a scorer's mean has no percentile", help);
            return None;
        }
        let at = reader.required(fields, "target", "a criterion")?;
        let target = reader.share(&at)?;
        return Some((Metric::Graded(ScorerName::new(word)), target, at));
    };
    match (measure, percentiles.as_slice()) {
        (None, []) => {
            let at = reader.required(fields, "target", "a criterion")?;
            let target = reader.share(&at)?;
            Some((Metric::PassRate, target, at))
        }
        (None, [(at, _), ..]) => {
            let help = "percentiles are of `latency`, `first_token`, `cost` or `tokens`; say `target:`";
            reader.error(at, "conflict", "a pass rate has no percentile", help);
            None
        }
        (Some(measure), [(at, percent)]) => {
            refuse(
                reader,
                fields,
                &["target"],
                "the percentile is the target: leave out",
                "say the percentile alone",
            );
            let at_most = match measure {
                Measure::LatencyMs | Measure::FirstTokenMs => reader.duration(at)?.0,
                Measure::CostMicros => reader.money(at)?,
                Measure::TokensOut => reader.count(at, 1, TOKENS_MAX)?,
            };
            Some((Metric::Within { of: *measure, at_most }, millionths(percent * 10_000), at.clone()))
        }
        (Some(_), []) => {
            let message = format!("`{word}` needs a percentile");
            let help = "write `p95: 2s`, or another of p50, p90, p99";
            reader.error(&fields.at, "missing-key", message, help);
            None
        }
        (Some(_), [_, (at, _), ..]) => {
            reader.error(at, "conflict", "a criterion has one percentile", "write a second criterion");
            None
        }
    }
}

fn unknown_metric(reader: &mut Reader<'_>, at: &At<'_>, word: &str, heard: &Heard<'_>) {
    let metrics = METRICS.iter().map(|(metric, _)| *metric);
    let names: Vec<&str> = metrics.chain(heard.scorers.iter().copied()).collect();
    let message = format!("there is no metric `{}`", word::shortened(word));
    match word::nearest(word, &names) {
        Some(meant) => {
            let help = format!("did you mean `{meant}`?");
            reader.mendable(at, "unknown-metric", message, help, meant.to_owned());
        }
        None => {
            let help = format!("the metrics are {}", word::list(&names));
            reader.error(at, "unknown-metric", message, help);
        }
    }
}

/// A target strictly between 0 and 1.
fn usable_target(reader: &mut Reader<'_>, at: &At<'_>, target: Unit) -> Option<Unit> {
    if target == Unit::ONE {
        let help = "mark the cases critical, or say 99 %";
        reader.error(at, "target", "no number of calls can show that a version never fails", help);
        return None;
    }
    if target == Unit::ZERO {
        reader.error(at, "target", "a target of nothing is always met", "say more than 0 %");
        return None;
    }
    Some(target)
}

fn warn_of_unheard_critical_cases(reader: &mut Reader<'_>, at: &At<'_>, drafts: &[Draft], heard: &Heard<'_>) {
    let never = drafts.iter().any(|draft| matches!(draft.rule, Rule::Never { .. }));
    if !never && !reader.failed_since(0) && heard.cases.iter().any(|case| case.critical) {
        let help = "add `critical: { never: 20% }`: one confirmed failure blocks";
        reader.warn(at, "critical-unheard", "cases are marked critical, and no criterion says `never`", help);
    }
}

/// A candidate is asked beside one live version, so all comparisons of a gate are with the same.
fn refuse_second_environment(reader: &mut Reader<'_>, drafts: &[Draft]) {
    let mut compared = drafts.iter().filter_map(|draft| match &draft.rule {
        Rule::MaxDrop { environment, .. } => Some((draft, environment)),
        _ => None,
    });
    let Some((_, first)) = compared.next() else { return };
    if let Some((draft, other)) = compared.find(|(_, other)| *other != first) {
        let message =
            format!("a gate compares with one environment, and `{first}` is named before `{other}`");
        let file = reader.file.clone();
        let mut found = Diagnostic::error("conflict", &file, &draft.pointer, draft.place, message);
        found.help = Some("write a second spec for the other".to_owned());
        reader.push(found);
    }
}

/// A case without expectations always passes: a rate over it says nothing.
fn refuse_cases_without_expectations(reader: &mut Reader<'_>, draft: &Draft, heard: &Heard<'_>) {
    let critical = match &draft.rule {
        Rule::Rate { of, .. } | Rule::Mean { of, .. } | Rule::Plain { of, .. } | Rule::MaxDrop { of, .. }
            if of.looks_at_passing() =>
        {
            false
        }
        Rule::Never { .. } => true,
        _ => return,
    };
    let hears = |case: &&Case| {
        (draft.only.is_empty() || !draft.only.is_disjoint(&case.tags)) && (case.critical || !critical)
    };
    let silent = |case: &&Case| case.turns.iter().all(|turn| turn.expect.is_empty());
    // One is enough to learn from; a second criterion over it would say the same.
    if let Some(case) = heard.cases.iter().filter(hears).find(silent) {
        let message = format!("nothing is expected of the case `{}`, so it would always pass", case.name);
        if reader.diagnostics.iter().any(|found| found.message == message) {
            return;
        }
        let mut found = Diagnostic::error("no-expectation", &case.file, &draft.pointer, case.place, message);
        found.help = Some(format!("add `expect: …`: the criterion `{}` hears it", draft.name));
        reader.push(found);
    }
}

/// Gives every blocking criterion that has no risk of its own the same share of the spec's.
fn share_out(reader: &mut Reader<'_>, drafts: Vec<Draft>, wrongly_blocked: Unit) -> Vec<Criterion> {
    let sharing = drafts.iter().filter(|draft| draft.shares).count();
    let share = u32::try_from(sharing.max(1)).map_or(0, |count| wrongly_blocked.millionths() / count);
    let mut criteria = Vec::new();
    for mut draft in drafts {
        if draft.shares
            && let Rule::Rate { risk, .. } | Rule::Mean { risk, .. } | Rule::MaxDrop { risk, .. } =
                &mut draft.rule
        {
            risk.wrongly_blocked = millionths(share);
        }
        let refused = if draft.shares && share == 0 {
            Some("the share of `wrongly_blocked` is below a millionth".to_owned())
        } else {
            let planned = plannable(&draft.rule).and_then(|()| set_trials(&mut draft.rule, draft.trials_max));
            planned.err().map(|problem| problem.to_string())
        };
        match (meaning::criterion(&draft.rule, &draft.only, draft.blocking), refused) {
            (Ok(id), None) => criteria.push(Criterion {
                name: draft.name,
                only: draft.only,
                rule: draft.rule,
                blocking: draft.blocking,
                id,
            }),
            (result, refused) => {
                let message = refused.or_else(|| result.err().map(|error| error.to_string()));
                let file = reader.file.clone();
                reader.push(Diagnostic::error(
                    "out-of-range",
                    &file,
                    &draft.pointer,
                    draft.place,
                    message.unwrap_or_default(),
                ));
            }
        }
    }
    criteria
}

/// Whether some number of calls keeps what a rule declares, without making the boundary that does.
fn plannable(rule: &Rule) -> Result<(), DesignError> {
    match rule {
        Rule::Rate { target, floor, risk, .. } => {
            claim(*target, *floor, *risk).and_then(|claim| corridor::calls_max(&claim, 0)).map(drop)
        }
        Rule::Never { failure_rate, wrongly_passed } => {
            never::trials(failure_rate.as_f64(), wrongly_passed.as_f64()).map(drop)
        }
        Rule::Mean { .. } | Rule::MaxDrop { .. } | Rule::Plain { .. } => Ok(()),
    }
}

fn claim(target: Unit, floor: Unit, risk: Risk) -> Result<Claim, DesignError> {
    let Risk { wrongly_blocked, wrongly_passed } = risk;
    let [target, floor, blocked, passed] = [target, floor, wrongly_blocked, wrongly_passed].map(Unit::as_f64);
    Claim::new(target, floor, blocked, passed)
}

/// The trials of a graded metric, or the pairs of a comparison: those declared, or what a 0/1 metric with the same error
/// rates would take.
fn set_trials(rule: &mut Rule, declared: Option<NonZeroU32>) -> Result<(), DesignError> {
    if let Rule::MaxDrop { margin, risk, pairs_max, .. } = rule {
        let planned = || against::pairs_max(*margin, *risk).unwrap_or(against::PAIRS_MAX);
        *pairs_max = declared.map_or_else(planned, NonZeroU32::get);
        return Ok(());
    }
    let Rule::Mean { target, floor, risk, trials_max, .. } = rule else { return Ok(()) };
    *trials_max = match declared {
        Some(declared) => declared.get(),
        None => corridor::calls_max(&claim(*target, *floor, *risk)?, 0)?.min(GRADED_TRIALS_MAX),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_floor_follows_the_rule() {
        for (target, floor) in
            [(95, 85), (90, 70), (99, 94), (50, 30), (975, 925), (26, 6), (80, 60)].map(|(target, floor)| {
                let scale = if target > 100 { 1_000 } else { 10_000 };
                (target * scale, floor * scale)
            })
        {
            assert_eq!(default_floor(millionths(target)), Some(millionths(floor)), "{target}");
        }
        assert_eq!(default_floor(millionths(250_000)), None);
    }
}
