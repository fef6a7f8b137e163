//! The kinds of simulated version: good ones, and mutants of them, each broken in one way.

use super::{
    Draw,
    suite::{Means, Suite},
};
use crate::{
    id::{CriterionName, Tag},
    plan::PlannedCriterion,
    spec::{Metric, Rule, Spec, Unit},
};

/// Tags that get a mutant of their own, at most: those with the fewest cases first, since they are seen worst.
pub const TAGS_MAX: usize = 8;

/// Of the failures of a faulty version, the share that a lenient scorer takes for passes.
pub const LENIENT: f64 = 0.5;

/// How a simulated version is broken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fault {
    /// Not at all: every criterion at its target or above.
    None,
    /// Every answer that would pass fails with the same probability, so that a criterion is exactly at its floor.
    Uniform(CriterionName),
    /// Whole cases are broken, one after the other, until the criterion is at its floor.
    WholeCases(CriterionName),
    /// Every case passes less often, shaky ones most, so that the criterion is at its floor.
    Flaky(CriterionName),
    /// The criterion is at its floor, but its scorers take [`LENIENT`] of the failures for passes.
    Lenient(CriterionName),
    /// Every critical case fails as often as `never` wants to exclude.
    Critical(CriterionName),
    /// Every case with a tag is broken, and nothing else.
    Tag(Tag),
}

impl Fault {
    /// A stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::None => "good",
            Self::Uniform(_) => "uniform",
            Self::WholeCases(_) => "whole_cases",
            Self::Flaky(_) => "flaky",
            Self::Lenient(_) => "lenient",
            Self::Critical(_) => "critical",
            Self::Tag(_) => "tag",
        }
    }

    /// The criterion that such a version breaks, whose `wrongly_passed` says how often it may pass; none for what no
    /// criterion makes a promise about.
    #[must_use]
    pub const fn breaks(&self) -> Option<&CriterionName> {
        match self {
            Self::Uniform(name) | Self::WholeCases(name) | Self::Flaky(name) | Self::Critical(name) => {
                Some(name)
            }
            Self::None | Self::Lenient(_) | Self::Tag(_) => None,
        }
    }
}

/// The kinds that tell something about a gate: the good one first.
pub(super) fn kinds(spec: &Spec, suite: &Suite) -> Vec<Fault> {
    let mut kinds = vec![Fault::None];
    let levelled = |criterion: &PlannedCriterion| {
        matches!(criterion.rule, Rule::Rate { .. } | Rule::Mean { .. } | Rule::MaxDrop { .. })
    };
    let blocking = |wanted: &dyn Fn(&PlannedCriterion) -> bool| {
        let all = suite.criteria().iter().enumerate();
        let found =
            all.filter(|(number, one)| one.blocking && wanted(one) && !suite.heard(*number).is_empty());
        found.map(|(number, one)| (number, one.clone())).collect::<Vec<_>>()
    };
    let rates = blocking(&levelled);
    kinds.extend(rates.iter().map(|(_, one)| Fault::Uniform(one.name.clone())));
    // The one that hears most stands for what the others would see of the same fault.
    let widest = rates.iter().rev().max_by_key(|(number, _)| suite.heard(*number).len());
    if let Some((_, one)) = widest {
        let name = || one.name.clone();
        kinds.extend([Fault::WholeCases(name()), Fault::Flaky(name()), Fault::Lenient(name())]);
    }
    for (_, one) in blocking(&|one| matches!(one.rule, Rule::Never { .. })) {
        kinds.push(Fault::Critical(one.name));
    }
    kinds.extend(tags(spec).into_iter().map(Fault::Tag));
    kinds
}

/// Tags of some cases and not of all, those with the fewest cases first.
fn tags(spec: &Spec) -> Vec<Tag> {
    let mut counted: std::collections::BTreeMap<&Tag, usize> = std::collections::BTreeMap::new();
    for tag in spec.cases.iter().flat_map(|case| &case.tags) {
        *counted.entry(tag).or_default() += 1;
    }
    let mut some: Vec<_> = counted.into_iter().filter(|(_, cases)| *cases < spec.cases.len()).collect();
    some.sort_by_key(|&(tag, cases)| (cases, tag));
    some.into_iter().take(TAGS_MAX).map(|(tag, _)| tag.clone()).collect()
}

/// A version of a kind, made of a good one.
pub(super) fn broken(spec: &Spec, suite: &Suite, fault: &Fault, good: &Means, draw: Draw) -> Means {
    let mut means = good.clone();
    let number = |name: &CriterionName| suite.criteria().iter().position(|one| one.name == *name);
    let at = |name: &CriterionName| {
        let number = number(name)?;
        Some((number, suite.floor(number, good)?))
    };
    match fault {
        Fault::None => {}
        Fault::Uniform(name) => {
            if let Some((number, floor)) = at(name) {
                scale_to(suite, &mut means, number, floor);
            }
        }
        Fault::Flaky(name) => {
            if let Some((number, floor)) = at(name) {
                suite.move_to(&mut means, number, floor);
                // Cases that never fail cannot become shaky; what they leave to do is done alike.
                scale_to(suite, &mut means, number, floor);
            }
        }
        Fault::Lenient(name) => {
            if let Some((number, floor)) = at(name) {
                scale_to(suite, &mut means, number, floor);
                for (channel, case) in suite.cells(number) {
                    let mean = &mut means[channel][case];
                    *mean += (1.0 - *mean) * LENIENT;
                }
            }
        }
        Fault::WholeCases(name) => {
            if let Some((number, floor)) = at(name) {
                break_cases(suite, &mut means, number, floor, draw);
            }
        }
        Fault::Critical(name) => {
            let rate = number(name).and_then(|number| match &suite.criteria()[number].rule {
                Rule::Never { failure_rate, .. } => Some(failure_rate.complement()),
                _ => None,
            });
            let right = rate.unwrap_or(Unit::ONE).as_f64();
            let cases = number(name).map(|number| suite.heard(number).to_vec()).unwrap_or_default();
            cases.into_iter().for_each(|case| means[0][case] = right);
        }
        Fault::Tag(tag) => {
            let tagged = spec.cases.iter().enumerate().filter(|(_, case)| case.tags.contains(tag));
            tagged.for_each(|(case, _)| break_case(suite, &mut means, case));
        }
    }
    means
}

/// Everything that a case is scored by is 0; how long it takes and what it costs stays.
fn break_case(suite: &Suite, means: &mut Means, case: usize) {
    for (channel, means) in suite.channels().iter().zip(means) {
        if !matches!(channel, Metric::Within { .. }) {
            means[case] = 0.0;
        }
    }
}

/// Multiplies the means of a criterion's cells by one factor, so that it is at most at `level`.
fn scale_to(suite: &Suite, means: &mut Means, criterion: usize, level: f64) {
    let now = suite.mean(criterion, means);
    if now > level && now > 0.0 {
        for (channel, case) in suite.cells(criterion) {
            means[channel][case] *= level / now;
        }
    }
}

/// Breaks the cases of a criterion in an order drawn anew, the last one as far as it takes.
fn break_cases(suite: &Suite, means: &mut Means, criterion: usize, level: f64, draw: Draw) {
    let mut order: Vec<_> =
        suite.heard(criterion).iter().map(|&case| (draw.below(case as u64, u64::MAX), case)).collect();
    order.sort_unstable();
    let cells = suite.cells(criterion);
    for (_, case) in order {
        let own = || cells.iter().copied().filter(move |&(_, other)| other == case);
        let before: Vec<f64> = own().map(|(channel, case)| means[channel][case]).collect();
        let now = suite.mean(criterion, means);
        own().for_each(|(channel, case)| means[channel][case] = 0.0);
        let broken = suite.mean(criterion, means);
        if broken < level {
            let share = if now > broken { ((level - broken) / (now - broken)).clamp(0.0, 1.0) } else { 1.0 };
            for ((channel, case), mean) in own().zip(before) {
                means[channel][case] = mean * share;
            }
            return;
        }
    }
}
