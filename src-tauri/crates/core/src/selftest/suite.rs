//! What is known of the answers to each case, and simulated versions made of that.
//!
//! A metric that is heard trial by trial is a *channel*; a version is, for each channel and case, a mean in [0, 1].
//! The means of a new version are drawn from what the recorded trials leave open, and then moved together, by one
//! factor on their odds, to where a version is just good enough.

use std::collections::BTreeMap;

use gatewright_stat::special::beta_quantile;

use super::Draw;
use crate::{
    gate::{Heard, SlotFacts},
    id::CaseName,
    plan::{Plan, PlannedCriterion},
    spec::{Metric, Rule, Spec, Unit},
};

/// Values that the mean of a case is drawn from, each as likely as any other: quantiles of its distribution.
const QUANTILES: u32 = 32;

/// The correlation of two trials of the same case where nothing is recorded: between cases that behave all alike (0)
/// and cases that always pass or always fail (1).
pub const ASSUMED_WITHIN_CASE: f64 = 0.3;

/// The mean that cases differ around where nothing is recorded and no criterion names one.
const ASSUMED_MEAN: f64 = 0.9;

/// By how much a sum of means may miss a whole number through rounding.
const WHOLE: f64 = 1e-6;

/// Halvings until two odds are the same.
const HALVINGS: u32 = 40;

/// What is known of one case in one channel.
#[derive(Clone, PartialEq, Debug, Default)]
struct Basis {
    /// Recorded scores.
    scores: Vec<Unit>,
    /// What its mean may be.
    means: Vec<f64>,
}

/// What is known of the answers to a suite.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Suite {
    channels: Vec<Metric>,
    /// By channel, by case.
    bases: Vec<Vec<Basis>>,
    /// By criterion: the cases that it hears.
    heard: Vec<Vec<usize>>,
    criteria: Vec<PlannedCriterion>,
    /// Criteria whose channels meet, so that their levels move together.
    groups: Vec<Vec<usize>>,
    critical: Vec<bool>,
}

/// A version: by channel, by case, the mean of what it scores.
pub(super) type Means = Vec<Vec<f64>>;

impl Suite {
    /// From recorded answers; without any, from an assumed shape.
    pub(super) fn new(spec: &Spec, plan: &Plan, recorded: &[SlotFacts]) -> Self {
        let index: BTreeMap<&CaseName, usize> =
            plan.cases.iter().enumerate().map(|(place, case)| (case, place)).collect();
        let mut channels = vec![Metric::PassRate];
        for criterion in &plan.criteria {
            add_channels(criterion.metric(), &mut channels);
        }
        let places = |criterion: &PlannedCriterion| {
            criterion.cases.iter().filter_map(|case| index.get(case).copied()).collect()
        };
        let mut suite = Self {
            bases: vec![vec![Basis::default(); plan.cases.len()]; channels.len()],
            heard: plan.criteria.iter().map(places).collect(),
            criteria: plan.criteria.clone(),
            groups: Vec::new(),
            critical: spec.cases.iter().map(|case| case.critical).collect(),
            channels,
        };
        suite.groups = suite.grouped();
        for facts in recorded {
            let Some(&case) = index.get(&facts.slot.case) else { continue };
            for (channel, bases) in suite.channels.iter().zip(&mut suite.bases) {
                if let Heard::Score(score) = facts.came.heard(channel) {
                    bases[case].scores.push(score);
                }
            }
        }
        suite.draw_from();
        suite
    }

    /// Lays down what the mean of each case may be: the distribution that its recorded scores leave after
    /// Jeffreys' prior, Beta(½, ½); of a case without any, the assumed one.
    fn draw_from(&mut self) {
        let assumed: Vec<f64> = (0..self.channels.len()).map(|channel| self.assumed_mean(channel)).collect();
        for (bases, assumed) in self.bases.iter_mut().zip(assumed) {
            // Cases with the same scores share their quantiles, which are what takes time.
            let mut known: BTreeMap<(u64, usize), Vec<f64>> = BTreeMap::new();
            for basis in bases {
                let sum: u64 = basis.scores.iter().map(|score| u64::from(score.millionths())).sum();
                let trials = basis.scores.len();
                basis.means =
                    known.entry((sum, trials)).or_insert_with(|| quantiles(sum, trials, assumed)).clone();
            }
        }
    }

    /// The mean that cases are assumed to differ around: the target of the widest criterion of the channel.
    fn assumed_mean(&self, channel: usize) -> f64 {
        let of = |number: &usize| self.uses(*number, channel) && self.target(*number).is_some();
        let widest = (0..self.criteria.len()).filter(of).max_by_key(|&number| self.heard[number].len());
        widest.and_then(|number| self.target(number)).unwrap_or(ASSUMED_MEAN)
    }

    /// The criteria.
    pub(super) fn criteria(&self) -> &[PlannedCriterion] {
        &self.criteria
    }

    /// Cases that are critical.
    pub(super) fn critical(&self) -> impl Iterator<Item = usize> {
        self.critical.iter().enumerate().filter(|(_, critical)| **critical).map(|(case, _)| case)
    }

    /// The cases that a criterion hears.
    pub(super) fn heard(&self, criterion: usize) -> &[usize] {
        &self.heard[criterion]
    }

    /// Where a criterion calls a version good; none where it names no such level.
    pub(super) fn target(&self, criterion: usize) -> Option<f64> {
        match &self.criteria[criterion].rule {
            Rule::Rate { target, .. } | Rule::Mean { target, .. } => Some(target.as_f64()),
            // At a plain threshold itself every second version fails; it promises nothing.
            Rule::Plain { .. } | Rule::Never { .. } | Rule::MaxDrop { .. } => None,
        }
    }

    /// Where a criterion calls a version faulty, given a good one; none where it names no such level.
    pub(super) fn floor(&self, criterion: usize, good: &Means) -> Option<f64> {
        match &self.criteria[criterion].rule {
            Rule::Rate { floor, .. } | Rule::Mean { floor, .. } => Some(floor.as_f64()),
            Rule::MaxDrop { margin, .. } => Some((self.mean(criterion, good) - margin.as_f64()).max(0.0)),
            Rule::Plain { .. } | Rule::Never { .. } => None,
        }
    }

    /// A good version: its cases as they may be, moved until every criterion is at its target or above, and one of
    /// each group exactly at it. It breaks no critical case where one failure decides.
    pub(super) fn good(&self, draw: Draw) -> Means {
        let mut means: Means = Vec::with_capacity(self.channels.len());
        for (number, bases) in (0..).zip(&self.bases) {
            let channel = draw.at(number);
            let drawn = (0..).zip(bases).map(|(case, basis)| {
                let place = channel.below(case, basis.means.len() as u64);
                usize::try_from(place).ok().and_then(|place| basis.means.get(place)).copied().unwrap_or(0.5)
            });
            means.push(drawn.collect());
        }
        let never = self.criteria.iter().any(|criterion| matches!(criterion.rule, Rule::Never { .. }));
        if never {
            self.critical().for_each(|case| means[0][case] = 1.0);
        }
        for group in &self.groups {
            let bound: Vec<(usize, f64)> =
                group.iter().filter_map(|&number| Some((number, self.target(number)?))).collect();
            if bound.is_empty() {
                continue;
            }
            let slack = |means: &Means| {
                let slacks = bound.iter().map(|&(number, target)| self.mean(number, means) - target);
                slacks.fold(f64::INFINITY, f64::min)
            };
            let moving: Vec<(usize, usize)> = group.iter().flat_map(|&number| self.cells(number)).collect();
            move_odds(&mut means, &moving, slack);
        }
        means
    }

    /// The same version of an agent that is deterministic: each case passes always or never. As many of each criterion
    /// pass as their means add up to, in whole cases: of a good version no fewer, of another no more. A case is the
    /// likelier to pass the higher its odds.
    pub(super) fn settled(&self, mut means: Means, good: bool, draw: Draw) -> Means {
        let mut alike: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for case in 0..means[0].len() {
            let hearers = (0..self.heard.len()).filter(|&number| self.heard[number].contains(&case));
            alike.entry(hearers.collect()).or_default().push(case);
        }
        for cases in alike.into_values() {
            let sum: f64 = cases.iter().map(|&case| means[0][case]).sum();
            let passing = if good { (sum - WHOLE).ceil() } else { (sum + WHOLE).floor() };
            let luck = |case: usize| {
                let odds = means[0][case] / (1.0 - means[0][case]);
                if odds.is_finite() { odds * draw.fraction(case as u64) } else { odds }
            };
            let mut order: Vec<(f64, usize)> = cases.iter().map(|&case| (luck(case), case)).collect();
            order.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
            for (place, (_, case)) in order.into_iter().enumerate() {
                means[0][case] = if super::real(place) < passing { 1.0 } else { 0.0 };
            }
        }
        means
    }

    /// Moves the cells of a criterion, by one factor on their odds, until its mean is exactly `level`.
    pub(super) fn move_to(&self, means: &mut Means, criterion: usize, level: f64) {
        move_odds(means, &self.cells(criterion), |means| self.mean(criterion, means) - level);
    }

    /// The mean of a criterion over its cases.
    pub(super) fn mean(&self, criterion: usize, means: &Means) -> f64 {
        let cases = &self.heard[criterion];
        let metric = self.criteria[criterion].metric();
        let sum: f64 = cases.iter().map(|&case| self.value(metric, means, case)).sum();
        if cases.is_empty() { 0.0 } else { sum / super::real(cases.len()) }
    }

    /// The cells of a version that a criterion looks at: channel and case, each once.
    pub(super) fn cells(&self, criterion: usize) -> Vec<(usize, usize)> {
        let channels = (0..self.channels.len()).filter(|&channel| self.uses(criterion, channel));
        channels.flat_map(|channel| self.heard[criterion].iter().map(move |&case| (channel, case))).collect()
    }

    /// A score of a case in a channel with this mean: recorded ones, with as many of them turned into 1 or 0 as the
    /// mean needs; 0 or 1 where none is recorded.
    pub(super) fn score(&self, channel: usize, case: usize, mean: f64, draw: Draw) -> Unit {
        let scores = &self.bases[channel][case].scores;
        let graded = matches!(self.channels[channel], Metric::Graded(_));
        let chance = draw.fraction(0);
        let plain = if chance < mean { Unit::ONE } else { Unit::ZERO };
        if !graded || scores.is_empty() {
            return plain;
        }
        let sum: f64 = scores.iter().map(|score| score.as_f64()).sum();
        let recorded = sum / super::real(scores.len());
        let (turned, into) = if mean >= recorded {
            ((mean - recorded) / (1.0 - recorded).max(f64::EPSILON), Unit::ONE)
        } else {
            (1.0 - mean / recorded.max(f64::EPSILON), Unit::ZERO)
        };
        let place = usize::try_from(draw.below(1, scores.len() as u64)).unwrap_or_default();
        if chance < turned { into } else { scores[place] }
    }

    /// The channels, the pass rate first.
    pub(super) fn channels(&self) -> &[Metric] {
        &self.channels
    }

    fn value(&self, metric: &Metric, means: &Means, case: usize) -> f64 {
        match metric {
            Metric::Weighted(parts) => {
                let (sum, weights) = parts.iter().fold((0.0, 0.0), |(sum, weights), (weight, part)| {
                    let weight = f64::from(*weight);
                    (sum + weight * self.value(part, means, case), weights + weight)
                });
                if weights > 0.0 { sum / weights } else { 0.0 }
            }
            plain => {
                let channel = self.channels.iter().position(|channel| channel == plain);
                channel.map_or(0.0, |channel| means[channel][case])
            }
        }
    }

    fn uses(&self, criterion: usize, channel: usize) -> bool {
        let mut used = Vec::new();
        add_channels(self.criteria[criterion].metric(), &mut used);
        used.contains(&self.channels[channel])
    }

    /// Criteria that share a channel stand in one group.
    fn grouped(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
        for number in 0..self.criteria.len() {
            let mut criteria = vec![number];
            let mut channels: Vec<_> =
                (0..self.channels.len()).filter(|&channel| self.uses(number, channel)).collect();
            groups.retain(|(others, theirs)| {
                let meet = theirs.iter().any(|channel| channels.contains(channel));
                if meet {
                    criteria.extend(others);
                    channels.extend(theirs);
                }
                !meet
            });
            groups.push((criteria, channels));
        }
        groups.into_iter().map(|(criteria, _)| criteria).collect()
    }
}

fn add_channels(metric: &Metric, channels: &mut Vec<Metric>) {
    match metric {
        Metric::Weighted(parts) => parts.iter().for_each(|(_, part)| add_channels(part, channels)),
        plain if !channels.contains(plain) => channels.push(plain.clone()),
        _ => {}
    }
}

fn quantiles(sum_millionths: u64, trials: usize, assumed: f64) -> Vec<f64> {
    let (a, b) = if trials == 0 {
        let size = (1.0 - ASSUMED_WITHIN_CASE) / ASSUMED_WITHIN_CASE;
        (assumed * size, (1.0 - assumed) * size)
    } else {
        #[expect(clippy::cast_precision_loss, reason = "a sum of scores of one case")]
        let sum = sum_millionths as f64 / 1e6;
        (sum + 0.5, super::real(trials) - sum + 0.5)
    };
    let at = |step: u32| beta_quantile(a, b, (f64::from(step) + 0.5) / f64::from(QUANTILES));
    (0..QUANTILES).map(at).collect()
}

/// Multiplies the odds of the cells by one factor, so that `excess`, which grows with every mean, becomes 0; as near
/// as it gets where no factor makes it so.
fn move_odds(means: &mut Means, cells: &[(usize, usize)], excess: impl Fn(&Means) -> f64) {
    let before: Vec<f64> = cells.iter().map(|&(channel, case)| means[channel][case]).collect();
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        // The factor itself is share / (1 − share).
        let share = f64::midpoint(low, high);
        for (&(channel, case), &mean) in cells.iter().zip(&before) {
            let (up, down) = (mean * share, (1.0 - mean) * (1.0 - share));
            means[channel][case] = if up + down > 0.0 { up / (up + down) } else { mean };
        }
        if excess(means) > 0.0 {
            high = share;
        } else {
            low = share;
        }
    }
}
