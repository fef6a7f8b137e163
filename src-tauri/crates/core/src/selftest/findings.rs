//! What a self-test found: declared rates beside those measured, what became of each kind, and what went unseen.

use std::collections::BTreeMap;

use gatewright_stat::interval::{Interval, clopper_pearson};

use super::{Fault, SelfTest, Tally};
use crate::{
    gate::words::{self, Percent},
    id::CriterionName,
    plan::PlannedCriterion,
    spec::{Metric, Rule, Unit},
    verdict::wrongly_passed,
};

/// Confidence of the intervals that are shown.
const CONFIDENCE: f64 = 0.95;

/// Confidence at which a simulation contradicts a declared rate. A self-test looks at some twenty rates, and a rate
/// that is spent to the full lies outside one interval in twenty: that alone would accuse sound gates.
const CONFIDENCE_TO_ACCUSE: f64 = 0.9999;

/// Half of the versions: what fewer get through with is seen at times.
const HALF: f64 = 0.5;

/// All that was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Findings {
    /// In one sentence.
    pub headline: String,
    /// Whether the simulation contradicts no declared rate.
    pub kept: bool,
    /// Of the gate first, then of each criterion that declares one.
    pub rates: Vec<Rate>,
    /// In the order of [`SelfTest::kinds`].
    pub kinds: Vec<Found>,
    /// What the gate lets through more often than it declares for faults that a criterion is about.
    pub unseen: Vec<Unseen>,
    /// What else there is to know, a sentence each.
    pub notes: Vec<String>,
}

/// Which error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Erred {
    /// A good version is blocked.
    WronglyBlocked,
    /// A faulty one gets through.
    WronglyPassed,
}

/// A declared rate beside the measured one.
#[derive(Clone, PartialEq, Debug)]
pub struct Rate {
    /// Of which criterion; none for the whole gate.
    pub criterion: Option<CriterionName>,
    /// Which error.
    pub erred: Erred,
    /// As declared; none where nothing is.
    pub declared: Option<Unit>,
    /// Versions that erred so.
    pub found: u32,
    /// Versions simulated.
    pub versions: u32,
    /// Clopper–Pearson at 95 %.
    pub interval: Interval,
    /// Whether the simulation is in accord with what is declared.
    pub kept: bool,
}

/// What became of one kind.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// Which.
    pub fault: Fault,
    /// `One tag broken: gift`.
    pub label: String,
    /// What such a version does.
    pub detail: String,
    /// The counts.
    pub tally: Tally,
    /// Whether the gate does with it what it ought to.
    pub well: bool,
}

/// A fault that goes unseen.
#[derive(Clone, PartialEq, Debug)]
pub struct Unseen {
    /// Which.
    pub fault: Fault,
    /// Versions with it that pass.
    pub passed: u32,
    /// Versions simulated.
    pub versions: u32,
    /// In one sentence.
    pub text: String,
    /// What to do about it, a sentence each.
    pub advice: Vec<String>,
    /// A line for the gate that would see it.
    pub add: Option<String>,
}

impl Rate {
    fn new(
        criterion: Option<&CriterionName>,
        erred: Erred,
        declared: Option<Unit>,
        found: u32,
        versions: u32,
    ) -> Self {
        let sure = clopper_pearson(found, versions, CONFIDENCE_TO_ACCUSE);
        Self {
            criterion: criterion.cloned(),
            erred,
            declared,
            found,
            versions,
            interval: clopper_pearson(found, versions, CONFIDENCE),
            kept: declared.is_none_or(|declared| sure.low <= declared.as_f64()),
        }
    }

    /// The measured share.
    #[must_use]
    pub fn measured(&self) -> f64 {
        if self.versions == 0 { 0.0 } else { f64::from(self.found) / f64::from(self.versions) }
    }

    /// In words: `4.2 in 100 good versions blocked (3.4 to 5.2); declared: at most 5`.
    #[must_use]
    pub fn text(&self) -> String {
        let what = match self.erred {
            Erred::WronglyBlocked => "good versions blocked",
            Erred::WronglyPassed => "faulty versions passed",
        };
        let declared = self.declared.map_or_else(
            || "nothing declared".to_owned(),
            |declared| format!("declared: at most {}", words::TimesIn100(declared).number()),
        );
        let Interval { low, high } = self.interval;
        format!("{} in 100 {what} ({} to {}); {declared}", tenths(self.measured()), tenths(low), tenths(high))
    }
}

impl Tally {
    /// Calls heard on average, and by all but 5 in 100.
    #[must_use]
    pub fn heard_calls(&self) -> (f64, u32) {
        calls(&self.heard)
    }

    /// Calls asked on average, and by all but 5 in 100: the calls heard, and what the versions that were played
    /// asked beyond those.
    #[must_use]
    pub fn asked_calls(&self) -> (f64, u32) {
        let ((heard, heard_p95), (asked, asked_p95)) = (calls(&self.heard), calls(&self.asked));
        let played: u32 = self.asked.values().sum();
        if played == 0 {
            return (heard, heard_p95);
        }
        #[expect(clippy::cast_precision_loss, reason = "a sum of small numbers")]
        let beyond = asked - self.heard_when_played as f64 / f64::from(played);
        (heard + beyond, asked_p95.max(heard_p95))
    }
}

/// The mean of counted calls, and their 95th percentile: the least number that at least 95 in 100 do not exceed.
fn calls(counted: &BTreeMap<u32, u32>) -> (f64, u32) {
    let versions: u64 = counted.values().map(|&times| u64::from(times)).sum();
    let sum: u64 = counted.iter().map(|(&calls, &times)| u64::from(calls) * u64::from(times)).sum();
    let mut below = 0;
    let p95 = counted.iter().find_map(|(&calls, &times)| {
        below += u64::from(times) * 100;
        (below >= versions * 95).then_some(calls)
    });
    #[expect(clippy::cast_precision_loss, reason = "sums of small numbers")]
    let mean = if versions == 0 { 0.0 } else { sum as f64 / versions as f64 };
    (mean, p95.unwrap_or(0))
}

/// A share in 100 with one decimal.
fn tenths(share: f64) -> String {
    words::trimmed((share * 1000.0).round() / 10.0)
}

/// What the tallies of all kinds say, each in the place of its kind.
#[must_use]
pub fn findings(test: &SelfTest, tallies: &[Tally]) -> Findings {
    let kinds: Vec<Found> = test
        .kinds
        .iter()
        .zip(tallies)
        .map(|(fault, tally)| Found {
            label: label(fault),
            detail: detail(test, fault),
            well: is_well(test, fault, tally),
            fault: fault.clone(),
            tally: tally.clone(),
        })
        .collect();
    let rates = rates(test, &kinds);
    let kept = rates.iter().all(|rate| rate.kept);
    let unseen: Vec<Unseen> = kinds.iter().filter_map(|found| unseen(test, found)).collect();
    let headline = headline(&rates, kept, &unseen, &kinds);
    let notes = notes(test, &kinds);
    Findings { headline, kept, rates, kinds, unseen, notes }
}

fn blocking(test: &SelfTest) -> impl Iterator<Item = (usize, &PlannedCriterion)> {
    test.plan.criteria.iter().enumerate().filter(|(_, one)| one.blocking)
}

/// The declared risks of a criterion: wrongly blocked, wrongly passed.
const fn declared(criterion: &PlannedCriterion) -> (Option<Unit>, Option<Unit>) {
    match &criterion.rule {
        Rule::Rate { risk, .. } | Rule::Mean { risk, .. } | Rule::MaxDrop { risk, .. } => {
            (Some(risk.wrongly_blocked), Some(risk.wrongly_passed))
        }
        Rule::Never { wrongly_passed, .. } => (None, Some(*wrongly_passed)),
        Rule::Plain { .. } => (None, None),
    }
}

fn rates(test: &SelfTest, kinds: &[Found]) -> Vec<Rate> {
    let Some(good) = kinds.first() else { return Vec::new() };
    let versions = good.tally.versions();
    let blocks = |number: usize| good.tally.failed_by.get(number).copied().unwrap_or(0);
    // Of the kinds that break a criterion, the one that gets through most.
    let passes = |name: &CriterionName| {
        let broken = kinds.iter().filter(|kind| kind.fault.breaks() == Some(name));
        broken.map(|kind| (kind.tally.passed, kind.tally.versions())).max()
    };
    let mut rates = Vec::new();
    let (mut may_block, mut blocked) = (0_u32, 0_u32);
    for (number, criterion) in blocking(test) {
        let name = Some(&criterion.name);
        let (may, may_pass) = declared(criterion);
        if let Some(may) = may {
            may_block = may_block.saturating_add(may.millionths());
            blocked += blocks(number);
            rates.push(Rate::new(name, Erred::WronglyBlocked, Some(may), blocks(number), versions));
        }
        if let (Some(may), Some((found, versions))) = (may_pass, passes(&criterion.name)) {
            rates.push(Rate::new(name, Erred::WronglyPassed, Some(may), found, versions));
        }
    }
    let mut whole = Vec::new();
    if may_block > 0 {
        let may = Unit::from_millionths(may_block).unwrap_or(Unit::ONE);
        let blocked = blocked.min(good.tally.failed);
        whole.push(Rate::new(None, Erred::WronglyBlocked, Some(may), blocked, versions));
    }
    let worst = rates.iter().filter(|rate| rate.erred == Erred::WronglyPassed).max_by_key(|rate| rate.found);
    if let Some(worst) = worst {
        let may = wrongly_passed(&test.plan);
        whole.push(Rate::new(None, Erred::WronglyPassed, Some(may), worst.found, worst.versions));
    }
    whole.extend(rates);
    whole
}

/// Whether so many survivors contradict what a gate wants to keep out.
fn survives(test: &SelfTest, tally: &Tally, confidence: f64) -> bool {
    let low = clopper_pearson(tally.passed, tally.versions(), confidence).low;
    tally.versions() > 0 && low > wrongly_passed(&test.plan).as_f64()
}

fn is_well(test: &SelfTest, fault: &Fault, tally: &Tally) -> bool {
    match fault {
        Fault::None => {
            let may: u32 = blocking(test).filter_map(|(_, one)| declared(one).0).map(Unit::millionths).sum();
            let low = clopper_pearson(tally.failed, tally.versions(), CONFIDENCE_TO_ACCUSE).low;
            low <= f64::from(may) / 1e6
        }
        Fault::Tag(_) | Fault::Lenient(_) => !survives(test, tally, CONFIDENCE),
        _ => !survives(test, tally, CONFIDENCE_TO_ACCUSE),
    }
}

fn label(fault: &Fault) -> String {
    match fault {
        Fault::None => "Good".to_owned(),
        Fault::Uniform(name) => format!("`{name}` at its floor, all cases alike"),
        Fault::WholeCases(name) => format!("`{name}` at its floor, whole cases broken"),
        Fault::Flaky(name) => format!("`{name}` at its floor, flaky"),
        Fault::Lenient(_) => "Scorers too lenient".to_owned(),
        Fault::Critical(_) => "Critical cases fail at times".to_owned(),
        Fault::Tag(tag) => format!("One tag broken: `{tag}`"),
    }
}

fn detail(test: &SelfTest, fault: &Fault) -> String {
    match fault {
        Fault::None => "Every criterion is at its target or above, as near as its cases allow.".to_owned(),
        Fault::Uniform(_) => "Every answer that would pass fails with the same probability.".to_owned(),
        Fault::WholeCases(_) => "Cases chosen anew for each version always fail.".to_owned(),
        Fault::Flaky(_) => "Every case passes less often, shaky ones most.".to_owned(),
        Fault::Lenient(name) => format!(
            "`{name}` is at its floor, and {} in 100 of the failures are scored as passes.",
            words::in_100(super::LENIENT)
        ),
        Fault::Critical(name) => {
            let rate = test.plan.criteria.iter().find(|one| one.name == *name).map(|one| &one.rule);
            match rate {
                Some(Rule::Never { failure_rate, .. }) => {
                    format!("Every critical case fails {} of the time.", Percent(*failure_rate))
                }
                _ => "Every critical case fails at times.".to_owned(),
            }
        }
        Fault::Tag(tag) => {
            let cases = test.spec.cases.iter().filter(|case| case.tags.contains(tag)).count();
            let of = test.spec.cases.len();
            format!("The {} of {of} with this tag always fail.", plural(cases))
        }
    }
}

fn plural(cases: usize) -> String {
    words::plural(u32::try_from(cases).unwrap_or(u32::MAX), "case", "cases")
}

fn unseen(test: &SelfTest, found: &Found) -> Option<Unseen> {
    let tally = &found.tally;
    let passes = share(tally.passed, tally.versions());
    let in_100 = words::in_100(passes);
    let sees = if passes < HALF { "does not always see" } else { "cannot see" };
    let (text, advice, add) = match &found.fault {
        Fault::Tag(tag) => {
            let levels = test.plan.criteria.iter().find_map(|one| match &one.rule {
                Rule::Rate { of: Metric::PassRate, target, floor, .. } => Some((*target, *floor)),
                _ => None,
            });
            let add = levels.map(|(target, floor)| {
                let (target, floor) = (Percent(target), Percent(floor));
                format!("{tag}: {{ metric: pass_rate, tag: {tag}, target: {target:#}, floor: {floor:#} }}")
            });
            let own = add.as_ref().map(|line| format!("Give the tag a criterion of its own: `{line}`."));
            let critical = "Mark its cases `critical: true`, so that one failure blocks.".to_owned();
            let text = format!("This gate {sees} one broken tag: `{tag}`, {in_100} in 100 pass.");
            (text, own.into_iter().chain([critical]).collect(), add)
        }
        Fault::Lenient(_) => {
            let text = format!("This gate {sees} scorers that are too lenient: {in_100} in 100 pass.");
            let label =
                "No gate sees that from scores alone: label answers by hand, and make expectations stricter \
                         where the scorers were wrong."
                    .to_owned();
            (text, vec![label], None)
        }
        _ => return None,
    };
    let survives = survives(test, tally, CONFIDENCE);
    survives.then(|| Unseen {
        fault: found.fault.clone(),
        passed: tally.passed,
        versions: tally.versions(),
        text,
        advice,
        add,
    })
}

fn share(part: u32, of: u32) -> f64 {
    if of == 0 { 0.0 } else { f64::from(part) / f64::from(of) }
}

fn headline(rates: &[Rate], kept: bool, unseen: &[Unseen], kinds: &[Found]) -> String {
    let versions = kinds.first().map_or(0, |found| found.tally.versions());
    let versions = words::plural(versions, "simulated version", "simulated versions");
    if rates.is_empty() {
        return "Nothing to test: no blocking criterion declares how often it errs.".to_owned();
    }
    if !kept {
        let broken: Vec<String> = rates.iter().filter(|rate| !rate.kept).map(Rate::text).collect();
        return format!(
            "Contradicted by {versions} of each kind, which is a defect of Gatewright: {}.",
            broken.join(", ")
        );
    }
    let short = |one: &Unseen| {
        let passes = words::in_100(share(one.passed, one.versions));
        match &one.fault {
            Fault::Tag(tag) => format!("one broken tag (`{tag}`: {passes} in 100 pass)"),
            _ => format!("scorers that are too lenient ({passes} in 100 pass)"),
        }
    };
    let start = format!("Keeps the rates that it declares over {versions} of each kind");
    if unseen.is_empty() {
        format!("{start}, and sees every fault that was tried.")
    } else {
        let list: Vec<String> = unseen.iter().map(short).collect();
        format!("{start}; it lets through {}.", list.join(", "))
    }
}

fn notes(test: &SelfTest, kinds: &[Found]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(good) = kinds.first() {
        let undecided = share(good.tally.undecided, good.tally.versions());
        if undecided >= 0.005 {
            notes.push(format!("{} in 100 good versions stay undecided.", tenths(undecided)));
        }
        for (number, criterion) in blocking(test) {
            let plain = matches!(criterion.rule, Rule::Plain { .. });
            let by = good.tally.failed_by.get(number).copied().unwrap_or(0);
            if plain && by > 0 {
                notes.push(format!(
                    "`{}` declares no rates: it blocked {} in 100 good versions.",
                    criterion.name,
                    tenths(share(by, good.tally.versions()))
                ));
            }
        }
    }
    notes
}
