//! `max_drop`: a criterion that compares with what is live.

use gatewright_stat::paired;

use super::{
    BaselineMode, Metric, Risk, Rule, Unit,
    gate::{Heard, refuse, risk},
    reader::{At, Fields, Reader},
    weighted, word,
};
use crate::id::{CriterionName, EnvironmentName, ScorerName};

/// The share of cases on which a candidate and the live version are taken to differ, where the pairs that they may take
/// depend on it: that of two versions right 90 % of the time, each by its own luck, is 18 %.
const DIFFERING: u32 = 200_000;
/// Pairs at most: of two calls each.
pub(super) const PAIRS_MAX: u32 = 10_000;

/// The share of cases on which two versions are taken to differ: no less than a drop that is to be told.
#[must_use]
pub fn differing(margin: Unit) -> Unit {
    Unit::from_millionths(DIFFERING.max(margin.millionths())).unwrap_or(Unit::ONE)
}

/// The pairs of a comparison that names none: three times what a fixed number of them would take.
pub(super) fn pairs_max(margin: Unit, risk: Risk) -> Option<u32> {
    let (blocked, passed) = (risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64());
    // Without evidence a coin would do: the fixed design knows no risk of a half.
    let below_half = |risk: f64| risk.min(0.499_999);
    let fixed = paired::pairs_fixed(
        margin.as_f64(),
        below_half(blocked),
        below_half(passed),
        differing(margin).as_f64(),
    )?;
    Some(fixed.saturating_mul(paired::PAIRS_FACTOR).clamp(1, PAIRS_MAX))
}

/// The environments of a spec's agent: those that require the spec, and all of them; and those of the workspace that
/// could not be read, of which is said where they stand.
pub(super) struct Places<'s> {
    pub(super) requiring: Vec<&'s EnvironmentName>,
    pub(super) all: Vec<&'s EnvironmentName>,
    pub(super) unread: Vec<&'s EnvironmentName>,
}

/// Reads a criterion with `max_drop`. How many pairs it has at most is known once the risk is shared out.
pub(super) fn read(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &CriterionName,
    heard: &Heard<'_>,
) -> Option<Rule> {
    const OTHERS: [&str; 9] =
        ["target", "floor", "p50", "p90", "p95", "p99", "method", "rounds", "trials_max"];
    let help = "leave it out, or write a second criterion";
    refuse(reader, fields, &OTHERS, "`max_drop` compares with the live version, without", help);
    let at = fields.get("max_drop")?;
    let margin = reader.share(&at)?;
    if margin == Unit::ZERO || margin == Unit::ONE {
        let help = "`max_drop: 10%` lets no version through that is worse by 10 % or more";
        reader.error(&at, "out-of-range", "the drop that is too much lies between 0 and 100 %", help);
        return None;
    }
    let of = metric(reader, fields, name, heard)?;
    let environment = environment(reader, fields, &heard.places)?;
    let risk = Risk {
        wrongly_blocked: risk(reader, fields, "wrongly_blocked", heard.risk.wrongly_blocked),
        wrongly_passed: risk(reader, fields, "wrongly_passed", heard.risk.wrongly_passed),
    };
    let baseline = BaselineMode::Interleaved;
    Some(Rule::MaxDrop { of, margin, risk, environment, baseline, pairs_max: 0 })
}

/// What is compared: whether cases pass, a named scorer, or several scores by their weights.
fn metric(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &CriterionName,
    heard: &Heard<'_>,
) -> Option<Metric> {
    if let Some(at) = fields.get("weighted") {
        let help = "name every metric there, with its weight, or leave `weighted` out";
        refuse(reader, fields, &["metric"], "`weighted` takes the place of", help);
        return weighted::read(reader, &at, heard);
    }
    let at = fields.get("metric");
    let word = match &at {
        Some(at) => reader.filled(at)?,
        None if heard.scorers.contains(&name.as_str()) => name.as_str(),
        None => "pass_rate",
    };
    if word == "pass_rate" {
        return Some(Metric::PassRate);
    }
    if heard.scorers.contains(&word) {
        return Some(Metric::Graded(ScorerName::new(word)));
    }
    let names: Vec<&str> = ["pass_rate"].into_iter().chain(heard.scorers.iter().copied()).collect();
    let message = format!("a drop of `{}` is no number between 0 and 1", word::shortened(word));
    let help = format!("compare {}", word::list(&names));
    reader.error(&at?, "unknown-metric", message, help);
    None
}

/// Whose live version it is: named, or that of the environment that requires the spec.
fn environment(reader: &mut Reader<'_>, fields: &Fields<'_>, places: &Places<'_>) -> Option<EnvironmentName> {
    let at = fields.get("against");
    if let Some(at) = &at {
        let text = reader.filled(at)?;
        if let Some(named) = text.strip_prefix("live@") {
            return named_environment(reader, at, named.trim(), places);
        }
        if text != "live" {
            let help = "`live`, or `live@ENVIRONMENT`";
            let message = format!("nothing is compared with `{}`", word::shortened(text));
            reader.error(at, "against", message, help);
            return None;
        }
    }
    let at = at.or_else(|| fields.get("max_drop"))?;
    match places.requiring.as_slice() {
        [one] => Some((*one).clone()),
        // The one that is meant may be among those.
        [] if !places.unread.is_empty() => places.unread.first().map(|name| (*name).clone()),
        [] => {
            let help = match places.all.first() {
                Some(first) => format!("say which: `against: live@{first}`, or let it require this spec"),
                None => {
                    "what is live is that of an environment: add one under `environments` in gatewright.yaml"
                        .to_owned()
                }
            };
            reader.error(&at, "against", "no environment requires this spec, so nothing of it is live", help);
            None
        }
        several => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            let message = format!("several environments require this spec: {}", word::list(&names));
            let help = format!("say whose live version is meant: `against: live@{}`", names[0]);
            reader.error(&at, "against", message, help);
            None
        }
    }
}

fn named_environment(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    named: &str,
    places: &Places<'_>,
) -> Option<EnvironmentName> {
    if let Some(found) = places.all.iter().chain(&places.unread).find(|known| known.as_str() == named) {
        return Some((*found).clone());
    }
    let names: Vec<&str> = places.all.iter().map(|name| name.as_str()).collect();
    let message = format!("there is no environment `{}` of this agent", word::shortened(named));
    match word::nearest(named, &names) {
        Some(meant) => {
            let help = format!("did you mean `live@{meant}`?");
            reader.mendable(at, "unknown-environment", message, help, format!("live@{meant}"));
        }
        None => {
            let help = "environments stand under `environments` in gatewright.yaml";
            reader.error(at, "unknown-environment", message, help);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_three_times_a_fixed_design_for_a_fifth_that_differs() {
        let unit = |percent: f64| Unit::from_f64(percent / 100.0).expect("a percentage");
        let risk = Risk { wrongly_blocked: unit(5.0), wrongly_passed: unit(5.0) };
        // (1.6449 + 1.6449)² · 0.2 / 0.1² = 216.4; for 30 % they differ at least that often.
        assert_eq!(pairs_max(unit(10.0), risk), Some(651));
        assert_eq!(pairs_max(unit(30.0), risk), Some(3 * 37));
        assert_eq!(pairs_max(unit(0.5), risk), Some(PAIRS_MAX));
        let coin = Risk { wrongly_blocked: unit(50.0), wrongly_passed: unit(50.0) };
        assert_eq!(pairs_max(unit(10.0), coin), Some(3));
    }
}
