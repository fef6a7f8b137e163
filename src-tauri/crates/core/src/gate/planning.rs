//! From a spec to a plan: every boundary, before the first answer.

use std::collections::BTreeSet;

use gatewright_stat::design::DesignError;

use super::{
    Baseline, Certificate, SlotFacts, baseline, finite, mean, never, outlook, paired, plain, rate,
    words::Percent,
};
use crate::{
    id::{CanonicalError, CaseName, CriterionName, Digest, PlanId, ScorerId, ScorerName, Tag},
    plan::{Boundary, METHOD, OrderRule, Plan, PlannedCriterion, StreamKey},
    spec::{Ask, BaselineMode, Case, Criterion, Metric, PureScorer, Rule, Scorer, Spec, Unit},
};

/// Calls of a plan at most.
pub const CALLS_MAX: u32 = 20_000;

/// Slots asked ahead of the last heard, at most: what a run keeps waiting behind one slow answer.
pub const WINDOW_SLOTS_MAX: u32 = 1_024;

/// Why there is no plan.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum PlanProblem {
    /// The method comes with a later version.
    #[error(
        "{what} needs a newer Gatewright; until then leave it out, or use a rate with a target and a floor"
    )]
    NeedsNewer {
        /// Which part of the spec.
        what: String,
    },
    /// No design keeps the declared risks.
    #[error("the criterion `{criterion}`: {problem}")]
    NoDesign {
        /// Which.
        criterion: CriterionName,
        /// Why.
        problem: DesignError,
    },
    /// A boundary does not keep the declared risks: a defect, found before it could do harm.
    #[error(
        "the criterion `{criterion}`: its boundary does not keep the declared risks, which is a defect of Gatewright"
    )]
    NotCertified {
        /// Which.
        criterion: CriterionName,
    },
    /// More calls than [`CALLS_MAX`].
    #[error(
        "{what} needs up to {calls} calls, and a plan may have 20000: lower the floor, accept higher risks, or ask \
         fewer trials of each case"
    )]
    TooLong {
        /// Which part of the spec.
        what: String,
        /// Calls at most.
        calls: u64,
    },
    /// The live version's recorded mean is no larger than the drop that is allowed, or too much of it is missing to set
    /// levels by.
    #[error(
        "the criterion `{criterion}`: the live version cannot be asked, and by its recorded mean of {} every version \
         would do that drops by less than {}: allow a smaller drop, or compare where it can be asked",
        words_of(*.least, *.most), Percent(*.margin)
    )]
    NothingToLose {
        /// Which.
        criterion: CriterionName,
        /// The recorded mean, with what is missing as 0.
        least: Unit,
        /// With what is missing as 1.
        most: Unit,
        /// The drop that is too much.
        margin: Unit,
    },
    /// A value has no canonical form.
    #[error("the plan has no digest: {0}")]
    NoDigest(#[from] CanonicalError),
}

fn words_of(least: Unit, most: Unit) -> String {
    if least == most {
        Percent(least).to_string()
    } else {
        format!("{} to {}, with what is missing taken as 0 or 1,", Percent(least), Percent(most))
    }
}

/// Makes the plan by which `stream` is heard when nothing is live. The same spec and stream give the same plan, byte
/// for byte.
///
/// `spec.ask` is taken as it stands: whoever lets a run stop early for once sets it to [`Ask::Enough`] before.
///
/// # Errors
/// A criterion whose method is not here yet, levels that no design tells apart, or more than [`CALLS_MAX`] calls.
pub fn plan(spec: &Spec, stream: StreamKey) -> Result<Plan, PlanProblem> {
    plan_against(spec, stream, &Baseline::Nothing)
}

/// As [`plan()`], with something to compare with.
///
/// # Errors
/// Those of [`plan()`], and a recorded mean that no drop can be told from.
pub fn plan_against(spec: &Spec, stream: StreamKey, baseline: &Baseline) -> Result<Plan, PlanProblem> {
    let criteria = criteria(spec, baseline)?;
    // A plan in which nothing is compared is the same whatever is live.
    let compared = criteria.iter().any(|one| matches!(one.rule, Rule::MaxDrop { .. }));
    let plan = Plan {
        id: PlanId(Digest([0; 32])),
        stream,
        spec: spec.meaning,
        baseline: baseline.stream().filter(|_| compared).cloned(),
        order: OrderRule::HashRounds,
        ask: spec.ask,
        cases: spec.cases.iter().map(|case| case.name.clone()).collect(),
        quarantine: spec.quarantine.iter().map(|entry| entry.case.clone()).collect(),
        criteria,
        window_max: WINDOW_SLOTS_MAX,
        method: METHOD,
    };
    Ok(Plan { id: plan.digest()?, ..plan })
}

/// The criteria with their boundaries: all of a plan that does not depend on the stream.
pub(super) fn criteria(spec: &Spec, baseline: &Baseline) -> Result<Vec<PlannedCriterion>, PlanProblem> {
    let criteria = spec.gate.iter().map(|criterion| planned(spec, criterion, baseline));
    let criteria = criteria.collect::<Result<Vec<_>, _>>()?;
    let calls = outlook::calls_at_most(spec, &criteria);
    if calls > u64::from(CALLS_MAX) {
        return Err(PlanProblem::TooLong { what: format!("the gate of `{}`", spec.name), calls });
    }
    Ok(criteria)
}

fn planned(spec: &Spec, criterion: &Criterion, baseline: &Baseline) -> Result<PlannedCriterion, PlanProblem> {
    let cases: Vec<&Case> = spec.cases.iter().filter(|case| hears(spec, criterion, case)).collect();
    let planned = match (&criterion.rule, baseline) {
        (Rule::MaxDrop { .. }, Baseline::Recorded { first_rounds, .. }) => {
            against_record(spec, criterion, cases, first_rounds)?
        }
        _ => PlannedCriterion {
            criterion: criterion.id,
            name: criterion.name.clone(),
            rule: criterion.rule.clone(),
            blocking: criterion.blocking,
            boundary: boundary(spec, criterion, &cases)?,
            judged: is_judged(spec, criterion, &cases),
            cases: cases.into_iter().map(|case| case.name.clone()).collect(),
            recorded: None,
        },
    };
    match Certificate::of(&planned) {
        Some(certificate) if !certificate.keeps(&planned.rule) => {
            Err(PlanProblem::NotCertified { criterion: planned.name })
        }
        // A plain threshold declares nothing, and bets keep their risks by what they are.
        None if !matches!(planned.rule, Rule::Plain { .. } | Rule::Mean { .. } | Rule::MaxDrop { .. }) => {
            Err(PlanProblem::NotCertified { criterion: planned.name })
        }
        _ => Ok(planned),
    }
}

/// A criterion that compares with what is recorded of the live version. It hears the cases that the record knows: two
/// versions are compared only over what was the same for both. Without one it is as where nothing is live.
fn against_record(
    spec: &Spec,
    criterion: &Criterion,
    cases: Vec<&Case>,
    first_rounds: &[SlotFacts],
) -> Result<PlannedCriterion, PlanProblem> {
    let Rule::MaxDrop { of, margin, risk, environment, pairs_max, .. } = &criterion.rule else {
        return Err(PlanProblem::NotCertified { criterion: criterion.name.clone() });
    };
    let recorded = |case: &&Case| first_rounds.iter().any(|facts| facts.slot.case == case.name);
    let known: Vec<&Case> = cases.iter().copied().filter(recorded).collect();
    let names: Vec<CaseName> = known.iter().map(|case| case.name.clone()).collect();
    let found = baseline::mean_of(&criterion.name, of, *margin, &names, first_rounds)?;
    let boundary = match &found {
        Some(recorded) => {
            let first = first_boundary(spec.ask, &known);
            baseline::boundary(&criterion.name, recorded, of, *risk, *pairs_max, first)?
        }
        None => boundary(spec, criterion, &cases)?,
    };
    Ok(PlannedCriterion {
        criterion: criterion.id,
        name: criterion.name.clone(),
        rule: Rule::MaxDrop {
            of: of.clone(),
            margin: *margin,
            risk: *risk,
            environment: environment.clone(),
            baseline: BaselineMode::Recorded,
            pairs_max: *pairs_max,
        },
        blocking: criterion.blocking,
        boundary,
        cases: if found.is_some() { names } else { cases.iter().map(|case| case.name.clone()).collect() },
        recorded: found,
        judged: is_judged(spec, criterion, &cases),
    })
}

/// Whether a criterion hears a case: one that is not in quarantine, with its tags, which every scorer of its metric
/// runs on.
pub(super) fn hears(spec: &Spec, criterion: &Criterion, case: &Case) -> bool {
    let tagged = |only: &BTreeSet<Tag>| only.is_empty() || !only.is_disjoint(&case.tags);
    let scored =
        |of: &Metric| scorers(of).iter().all(|&name| spec.named.get(name).is_some_and(|it| tagged(&it.only)));
    let fits = match &criterion.rule {
        Rule::Never { .. } => case.critical,
        Rule::Rate { of, .. } | Rule::Mean { of, .. } | Rule::MaxDrop { of, .. } | Rule::Plain { of, .. } => {
            scored(of)
        }
    };
    fits && tagged(&criterion.only) && !spec.is_quarantined(&case.name)
}

/// Whether a judge scores any of what a criterion hears.
fn is_judged(spec: &Spec, criterion: &Criterion, cases: &[&Case]) -> bool {
    let expected = || {
        let turns = cases.iter().flat_map(|case| &case.turns);
        turns.flat_map(|turn| &turn.expect).any(|expectation| asks_a_judge(spec, expectation.scorer))
    };
    let named = |of: &Metric| {
        let named = scorers(of).into_iter().filter_map(|name| spec.named.get(name));
        named.into_iter().any(|named| asks_a_judge(spec, named.expectation.scorer))
    };
    match &criterion.rule {
        Rule::Never { .. } => expected(),
        Rule::Rate { of, .. } | Rule::Mean { of, .. } | Rule::MaxDrop { of, .. } | Rule::Plain { of, .. } => {
            named(of) || (passes(of) && expected())
        }
    }
}

/// Whether a metric looks at what cases expect.
fn passes(of: &Metric) -> bool {
    match of {
        Metric::PassRate => true,
        Metric::Within { .. } | Metric::Graded(_) => false,
        Metric::Weighted(parts) => parts.iter().any(|(_, part)| passes(part)),
    }
}

fn asks_a_judge(spec: &Spec, scorer: ScorerId) -> bool {
    match spec.scorers.get(&scorer) {
        Some(Scorer::Judge { .. }) => true,
        Some(Scorer::Pure(PureScorer::Group { parts, .. })) => {
            parts.iter().any(|part| asks_a_judge(spec, part.scorer))
        }
        Some(Scorer::Pure(_) | Scorer::External { .. }) | None => false,
    }
}

/// The named scorers that a metric looks at.
fn scorers(of: &Metric) -> Vec<&ScorerName> {
    match of {
        Metric::PassRate | Metric::Within { .. } => Vec::new(),
        Metric::Graded(name) => vec![name],
        Metric::Weighted(parts) => parts.iter().flat_map(|(_, part)| scorers(part)).collect(),
    }
}

fn boundary(spec: &Spec, criterion: &Criterion, cases: &[&Case]) -> Result<Boundary, PlanProblem> {
    let name = &criterion.name;
    let needs_newer =
        |what: &str| Err(PlanProblem::NeedsNewer { what: format!("the criterion `{name}` ({what})") });
    let first = first_boundary(spec.ask, cases);
    match &criterion.rule {
        Rule::Rate { of, .. } if !is_plain(of) => needs_newer("a rate of a graded or weighted metric"),
        Rule::Rate { of, target, floor, risk } => {
            let levels = rate::Levels { target: *target, floor: *floor, risk: *risk };
            match of {
                Metric::PassRate if spec.deterministic => finite::boundary(name, levels, count(cases), first),
                _ => rate::boundary(name, levels, first),
            }
        }
        Rule::Never { failure_rate, wrongly_passed } => {
            never::boundary(name, *failure_rate, *wrongly_passed, first)
        }
        Rule::Plain { target, rounds, .. } => {
            Ok(plain::boundary(*target, count(cases), rounds.get(), trials_max(cases)))
        }
        Rule::Mean { target, floor, risk, trials_max, .. } => {
            let levels = rate::Levels { target: *target, floor: *floor, risk: *risk };
            mean::boundary(name, levels, *trials_max, first)
        }
        Rule::MaxDrop { margin, risk, pairs_max, .. } => {
            paired::boundary(name, *margin, *risk, *pairs_max, first)
        }
    }
}

/// Whether a metric is 0/1 by its nature.
pub(super) const fn is_plain(metric: &Metric) -> bool {
    matches!(metric, Metric::PassRate | Metric::Within { .. })
}

/// Trials before which there is no boundary: the whole first round with [`Ask::EveryCaseOnce`]; and as many whole
/// rounds as the case with the most `trials` asks for. Rounds are whole so that the number depends on no order.
pub(super) fn first_boundary(ask: Ask, cases: &[&Case]) -> u32 {
    match (ask, trials_max(cases)) {
        (Ask::Enough, 1) => 0,
        (_, rounds) => count(cases).saturating_mul(rounds),
    }
}

fn trials_max(cases: &[&Case]) -> u32 {
    cases.iter().map(|case| case.trials.get()).max().unwrap_or(1)
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
