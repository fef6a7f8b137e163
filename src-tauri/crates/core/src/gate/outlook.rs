//! What a gate will cost and what it can tell apart, before it costs anything.

use std::collections::BTreeMap;

use gatewright_stat::{betting, design, never::blocked, walk::Corridor};

use super::{
    Baseline, CALLS_MAX, ComparedBy, Comparison, PlanProblem, compared, finite,
    hearing::{Place, Reader},
    never, planning,
    rate::{self, Levels},
    words::{self, Percent},
};
use crate::{
    id::{CaseName, CriterionName, Digest},
    plan::{Boundary, OrderRule, PlannedCriterion, Side, Stream},
    spec::{Ask, Budget, Rule, Spec, Unit},
};

/// The outlook of a gate.
#[derive(Clone, PartialEq, Debug)]
pub struct Outlook {
    /// In the order of the gate.
    pub criteria: Vec<CriterionOutlook>,
    /// Calls that the blocking criteria need together.
    pub calls: Calls,
    /// Where the budget ends before the plan may.
    pub underfunded: Option<Underfunded>,
    /// For people, in the order in which they are read.
    pub sentences: Vec<String>,
}

/// Calls, in four cases. Each call is a slot; a conversation of several turns asks more often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calls {
    /// When no answer fails.
    pub if_none_fails: u32,
    /// On average for a version whose rates are at their targets and that breaks no `never`; to the nearest call.
    pub at_target: u32,
    /// On average for one at the floors, likewise.
    pub at_floor: u32,
    /// At most, when no answer is missing.
    pub at_most: u32,
}

/// A budget that may end first: then a good version may stay undecided more often than declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Underfunded {
    /// Calls of the budget.
    pub budget: u64,
    /// Calls that the plan may need.
    pub at_most: u32,
}

/// The outlook of one criterion, in slots that it hears; of one that asks the live version too, in pairs.
#[derive(Clone, PartialEq, Debug)]
pub struct CriterionOutlook {
    /// Which.
    pub name: CriterionName,
    /// Whether the gate depends on it.
    pub blocking: bool,
    /// Cases that it hears.
    pub cases: u32,
    /// When no answer fails.
    pub if_none_fails: u32,
    /// On average at the target; of `never` and `method: fixed`, as when none fails.
    pub at_target: f64,
    /// On average at the floor, likewise.
    pub at_floor: f64,
    /// At most, when no answer is missing.
    pub at_most: u32,
    /// At most with 1, 2, 3 answers missing; of `never`.
    pub if_missing: Vec<u32>,
    /// What it tells apart; of a rate.
    pub tells: Option<Tells>,
    /// How often it blocks a version that is right so often; of `never`.
    pub blocked: Vec<Blocked>,
    /// How often it stays undecided; of a graded metric.
    pub undecided: Option<Undecided>,
    /// How it compares with the live version; of `max_drop`.
    pub comparison: Option<Comparison>,
    /// What it tells apart given determinism; of a deterministic suite.
    pub given_determinism: Option<GivenDeterminism>,
    /// Calls that it takes on average, over the true rate: from as far below the floor as the target is above it to
    /// 1. Of a rate; empty for what has no such curve.
    pub curve: Vec<(Unit, f64)>,
}

/// How often the bets on a graded metric say nothing within their trials. Exact for scores that are all 0 or 1 and
/// tests that may end at any call; scores that vary less are decided sooner.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Undecided {
    /// A good version.
    pub target: Unit,
    /// A faulty one.
    pub floor: Unit,
    /// Probability at the target.
    pub at_target: f64,
    /// Probability at the floor.
    pub at_floor: f64,
}

/// What the suite of a deterministic agent tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GivenDeterminism {
    /// A good suite.
    pub target: Unit,
    /// A faulty one.
    pub floor: Unit,
    /// Slots of all that it hears that are asked again, to see whether the agent is deterministic.
    pub asked_again: u32,
    /// How often an answer differs at most when none of them does, by the rule of three.
    pub differs_max: Unit,
}

/// What a rate tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tells {
    /// A good version.
    pub target: Unit,
    /// A faulty one.
    pub floor: Unit,
    /// The best floor that one round alone excludes; 0 when it excludes none.
    pub one_round: Unit,
    /// A floor half as far from the target, and the calls that it takes at most; none where a plan may not have
    /// so many.
    pub closer: Option<(Unit, u32)>,
    /// The same floor, and the calls that tell it when they are looked at once, at the end; none beyond 20,000.
    pub closer_at_once: Option<(Unit, u32)>,
}

/// How often `never` blocks a version.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Blocked {
    /// Probability that an answer is right.
    pub right: f64,
    /// Probability that the version is blocked.
    pub blocked: f64,
}

/// How right the versions are of which `never` tells how often it blocks them.
const RIGHT: [f64; 3] = [0.99, 0.995, 0.999];

/// Steps of the curve.
const CURVE_STEPS: u32 = 24;

/// Up to how many missing answers `never` tells its length.
const MISSING_TOLD: u32 = 3;

/// What the gate of a spec will cost, and what it can tell apart. `budget` is the one that a run would have.
///
/// Where criteria share slots the order matters by less than one round; the numbers are of one order that stands
/// for all.
///
/// # Errors
/// Those of [`super::plan`].
pub fn outlook(spec: &Spec, budget: Option<&Budget>) -> Result<Outlook, PlanProblem> {
    outlook_of(spec, budget, None)
}

/// As [`outlook()`], where it is known what is live. Without that a live version is taken to be there, and to be one
/// that can be asked.
///
/// # Errors
/// Those of [`super::plan_against`].
pub fn outlook_against(
    spec: &Spec,
    budget: Option<&Budget>,
    baseline: &Baseline,
) -> Result<Outlook, PlanProblem> {
    outlook_of(spec, budget, Some(baseline))
}

fn outlook_of(
    spec: &Spec,
    budget: Option<&Budget>,
    baseline: Option<&Baseline>,
) -> Result<Outlook, PlanProblem> {
    let planned = planning::criteria(spec, baseline.unwrap_or(&Baseline::Nothing))?;
    let criteria: Vec<_> = planned.iter().map(|criterion| one(spec, criterion, baseline)).collect();
    let shares = Shares::of(spec, &planned);
    let together = |of: &dyn Fn(&CriterionOutlook) -> u32| {
        let each = criteria.iter().map(|one| match &one.comparison {
            _ if one.blocking => of(one),
            // One that does not block compares throughout the first round.
            Some(Comparison { by: ComparedBy::Pairs { .. }, .. }) => shares.whole_rounds * one.cases,
            _ => 0,
        });
        shares.slots(each.collect())
    };
    let calls = Calls {
        if_none_fails: together(&|one| one.if_none_fails),
        at_target: together(&|one| whole(one.at_target)),
        at_floor: together(&|one| whole(one.at_floor)),
        at_most: together(&|one| one.at_most),
    };
    let underfunded = budget
        .filter(|budget| budget.calls < u64::from(calls.at_most))
        .map(|budget| Underfunded { budget: budget.calls, at_most: calls.at_most });
    let mut outlook = Outlook { criteria, calls, underfunded, sentences: Vec::new() };
    outlook.sentences = sentences(spec, &outlook);
    Ok(outlook)
}

/// Calls that all criteria need together at most.
pub(super) fn calls_at_most(spec: &Spec, planned: &[PlannedCriterion]) -> u64 {
    let each: Vec<u32> = planned.iter().map(PlannedCriterion::heard_max).collect();
    match each.iter().max() {
        Some(&most) if most > CALLS_MAX => u64::from(most),
        _ => u64::from(Shares::of(spec, planned).slots(each)),
    }
}

/// How the criteria share slots, in an order that stands for all.
struct Shares {
    cases: Vec<CaseName>,
    hearers: Vec<Vec<usize>>,
    /// By criterion: of its slots, those that may lie apart from the rest.
    apart: Vec<u32>,
    compares: Vec<bool>,
    whole_rounds: u32,
}

impl Shares {
    fn of(spec: &Spec, planned: &[PlannedCriterion]) -> Self {
        let cases: Vec<_> = spec.cases.iter().map(|case| case.name.clone()).collect();
        let index: BTreeMap<_, _> = cases.iter().enumerate().map(|(place, case)| (case, place)).collect();
        let mut hearers = vec![Vec::new(); cases.len()];
        for (number, criterion) in planned.iter().enumerate() {
            for case in criterion.cases.iter().filter_map(|case| index.get(case)) {
                hearers[*case].push(number);
            }
        }
        let whole_rounds = u32::from(spec.ask == Ask::EveryCaseOnce);
        let apart = planned.iter().map(|one| finite::asked_apart(&one.boundary)).collect();
        let compares = planned.iter().map(PlannedCriterion::compares).collect();
        Self { cases, hearers, apart, compares, whole_rounds }
    }

    fn slots(&self, mut each: Vec<u32>) -> u32 {
        let mut apart = 0_u32;
        for (number, left) in each.iter_mut().enumerate() {
            let heard = self.hearers.iter().any(|hearers| hearers.contains(&number));
            *left = if heard { *left } else { 0 };
            let own = self.apart[number].min(*left);
            *left -= own;
            apart = apart.saturating_add(own);
        }
        let stream = Stream::new(Digest([0; 32]), OrderRule::HashRounds);
        let hears = |number: usize, place: Place| place.side == Side::Candidate || self.compares[number];
        let reader = Reader {
            stream,
            cases: &self.cases,
            hearers: &self.hearers,
            hears: &hears,
            compares: &self.compares,
        };
        reader.united(&[], 0, self.whole_rounds, each).saturating_add(apart)
    }
}

fn one(spec: &Spec, planned: &PlannedCriterion, baseline: Option<&Baseline>) -> CriterionOutlook {
    let cases = u32::try_from(planned.cases.len()).unwrap_or(u32::MAX);
    let at_most = planned.heard_max();
    let mut one = CriterionOutlook {
        name: planned.name.clone(),
        blocking: planned.blocking,
        cases,
        if_none_fails: at_most,
        at_target: f64::from(at_most),
        at_floor: f64::from(at_most),
        at_most,
        if_missing: Vec::new(),
        tells: None,
        blocked: Vec::new(),
        undecided: None,
        comparison: None,
        given_determinism: None,
        curve: Vec::new(),
    };
    let first = |array: &[i32]| {
        let place = array.iter().position(|&le| le >= 0).unwrap_or(array.len().saturating_sub(1));
        u32::try_from(place).unwrap_or(u32::MAX)
    };
    if let Some(pairs) = compared::of(planned, baseline) {
        (one.if_none_fails, one.at_target, one.at_floor) =
            (pairs.if_none_differs, pairs.at_none, pairs.at_margin);
        if pairs.comparison.by == ComparedBy::Nothing {
            one.at_most = 0;
        }
        one.comparison = Some(pairs.comparison);
    }
    match (&planned.boundary, planned.levels()) {
        (
            Boundary::Corridor { pass_at_failures_le, fail_at_failures_ge, .. },
            Some((target, floor, risk)),
        ) => {
            let corridor = Corridor::new(pass_at_failures_le.clone(), fail_at_failures_ge.clone());
            let mean = |pass: Unit| {
                let asked = |test: &Corridor| test.characteristics(pass.as_f64()).calls_mean;
                corridor.as_ref().map_or(f64::from(at_most), asked)
            };
            one.if_none_fails = first(pass_at_failures_le);
            (one.at_target, one.at_floor) = (mean(target), mean(floor));
            one.curve = rates(target, floor).map(|pass| (pass, mean(pass))).collect();
            // A recorded mean sets its own levels: there is no floor to be said otherwise.
            let named = matches!(planned.rule, Rule::Rate { .. });
            one.tells = named.then(|| tells(spec, planned, Levels { target, floor, risk }));
        }
        (Boundary::Betting { target, floor, risk, first, n_max, .. }, _) => {
            let levels = Levels { target: *target, floor: *floor, risk: *risk };
            let Ok(claim) = levels.claim() else { return one };
            let at = |mean: Unit| betting::outlook(&claim, *n_max, mean.as_f64());
            let perfect = betting::MixtureBet::new(&claim).calls_to_pass(1.0, *n_max);
            one.if_none_fails = perfect.unwrap_or(*n_max).max(*first);
            let (at_target, at_floor) = (at(*target), at(*floor));
            one.at_target = at_target.calls_mean.max(f64::from(*first));
            one.at_floor = at_floor.calls_mean.max(f64::from(*first));
            let (at_target, at_floor) = (at_target.open, at_floor.open);
            one.undecided = Some(Undecided { target: *target, floor: *floor, at_target, at_floor });
        }
        (Boundary::WithoutReplacement { pass_at_failures_le, .. }, Some((target, floor, _))) => {
            let Some((suite, test)) = finite::suite(&planned.boundary) else { return one };
            let again = f64::from(finite::AGAIN);
            let mean = |failing: u32| again + suite.characteristics(&test, failing).calls_mean;
            one.if_none_fails = first(pass_at_failures_le) + finite::AGAIN;
            (one.at_target, one.at_floor) = (mean(suite.failures_good()), mean(suite.failures_bad()));
            // A suite has a whole number of failing cases: the nearest.
            let failing = |pass: Unit| whole(f64::from(suite.cases()) * pass.complement().as_f64());
            one.curve = rates(target, floor).map(|pass| (pass, mean(failing(pass)))).collect();
            one.given_determinism = Some(GivenDeterminism {
                target,
                floor,
                asked_again: finite::AGAIN,
                differs_max: finite::DIFFERS_MAX,
            });
        }
        (Boundary::FirstFailure { pass_at_missing_le }, _) => {
            one.if_none_fails = first(pass_at_missing_le);
            one.at_most = one.if_none_fails;
            one.if_missing =
                (1..=MISSING_TOLD).map(|missing| never::heard_max(pass_at_missing_le, missing)).collect();
            one.at_target = f64::from(one.if_none_fails);
            one.at_floor = one.at_target;
            one.blocked =
                RIGHT.map(|right| Blocked { right, blocked: blocked(right, one.if_none_fails) }).to_vec();
        }
        _ => {}
    }
    one
}

/// The true rates of a curve, evenly spaced.
fn rates(target: Unit, floor: Unit) -> impl Iterator<Item = Unit> {
    let apart = target.millionths().saturating_sub(floor.millionths());
    let from = floor.millionths().saturating_sub(apart);
    let width = Unit::ONE.millionths() - from;
    (0..=CURVE_STEPS).filter_map(move |step| {
        Unit::from_millionths(
            from + u32::try_from(u64::from(width) * u64::from(step) / u64::from(CURVE_STEPS)).ok()?,
        )
    })
}

fn tells(spec: &Spec, planned: &PlannedCriterion, levels: Levels) -> Tells {
    let Levels { target, floor, risk } = levels;
    let cases = u32::try_from(planned.cases.len()).unwrap_or(u32::MAX);
    let (blocked, passed) = (risk.wrongly_blocked.as_f64(), risk.wrongly_passed.as_f64());
    let one_round = design::detectable(cases, target.as_f64(), blocked, passed).floor;
    let half = Unit::from_millionths(u32::midpoint(target.millionths(), floor.millionths()));
    let closer_at_once = half.and_then(|floor| {
        let claim = Levels { floor, ..levels }.claim().ok()?;
        Some((floor, design::fixed_of(&claim).ok()?.n))
    });
    let closer = half.and_then(|floor| {
        let heard: Vec<_> = spec.cases.iter().filter(|case| planned.cases.contains(&case.name)).collect();
        let first = planning::first_boundary(spec.ask, &heard);
        let calls = rate::calls_max(&planned.name, Levels { floor, ..levels }, first).ok()?;
        Some((floor, calls))
    });
    let one_round = Unit::from_f64(one_round).unwrap_or(Unit::ZERO);
    Tells { target, floor, one_round, closer, closer_at_once }
}

pub(super) fn whole(mean: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of at most CALLS_MAX"
    )]
    let calls = mean.round() as u32;
    calls
}

fn sentences(spec: &Spec, outlook: &Outlook) -> Vec<String> {
    let mut said = Vec::new();
    let blocking = || outlook.criteria.iter().filter(|one| one.blocking);
    if spec.cases.is_empty() || blocking().next().is_none() {
        return vec![
            "Nothing to judge: without a case and a blocking criterion there is no pass.".to_owned(),
        ];
    }
    let calls = outlook.calls;
    let asked = format!(
        "Your {} asked up to {} in all",
        words::questions(spec.cases.len()),
        words::times(calls.at_most)
    );
    let none = words::count(calls.if_none_fails);
    let rates: Vec<_> = outlook.criteria.iter().filter_map(|one| Some((one, one.tells?))).collect();
    match rates[..] {
        [] => said.push(format!("{asked} ({none} if none fails).")),
        [(one, tells)] => {
            let (target, floor) = (Percent(tells.target), Percent(tells.floor));
            let about = words::count(calls.at_target);
            said.push(format!(
                "{asked} ({none} if none fails, about {about} at {target}): that tells {target} from {floor}."
            ));
            said.extend(closer("To tell it", tells));
            said.extend(one_round("One round alone tells", one, tells));
        }
        _ => {
            let about = words::count(calls.at_target);
            said.push(format!("{asked} ({none} if none fails, about {about} at the targets)."));
            for (one, tells) in rates {
                let (target, floor) = (Percent(tells.target), Percent(tells.floor));
                said.push(format!("`{}` tells {target} from {floor}.", one.name));
                said.extend(closer("To tell it", tells));
                said.extend(one_round("One round alone tells", one, tells));
            }
        }
    }
    for one in &outlook.criteria {
        if one.cases == 0 {
            said.push(format!("`{}` hears no case, so it can never be met.", one.name));
        } else if !one.blocked.is_empty() {
            said.push(blocks(one));
        } else if let Some(comparison) = &one.comparison {
            said.push(compared::sentence(one.name.as_str(), comparison, one.if_none_fails, one.at_most));
        } else if let Some(undecided) = one.undecided {
            said.push(may_stay_open(one, undecided));
        } else if let Some(given) = one.given_determinism {
            said.push(by_one_round(one, given));
        }
    }
    if let Some(short) = outlook.underfunded {
        said.push(format!(
            "Underfunded: the budget ends at {} calls, and the gate may need {}; it may end undecided.",
            words::count(short.budget),
            words::count(short.at_most)
        ));
    }
    said
}

fn closer(start: &str, tells: Tells) -> Option<String> {
    let (floor, calls) = tells.closer?;
    let floor = Percent(floor);
    Some(format!("{start} from {floor}: `floor: {floor:#}`, up to {}.", words::calls(calls)))
}

/// What a plain look at every case would be worth.
fn one_round(start: &str, one: &CriterionOutlook, tells: Tells) -> Option<String> {
    let target = Percent(tells.target);
    let told = match words::rounded(tells.one_round) {
        Unit::ZERO => format!("nothing apart from {target}"),
        floor => format!("{target} only from {}", Percent(floor)),
    };
    let fewer = one.cases > 0 && one.cases < one.at_most;
    fewer.then(|| format!("{start} {told}: `method: fixed`, if that is what you want."))
}

/// How often a graded metric says nothing.
fn may_stay_open(one: &CriterionOutlook, undecided: Undecided) -> String {
    let Undecided { target, floor, at_target, at_floor } = undecided;
    let (target, floor) = (Percent(target), Percent(floor));
    format!(
        "`{}` tells a mean of {target} from {floor} in up to {}, or stays undecided: if every score were 0 or 1, {} \
         times in 100 at {target} and {} at {floor}; less often if scores vary less.",
        one.name,
        words::calls(one.at_most),
        words::in_100(at_target),
        words::in_100(at_floor)
    )
}

/// What one round over the suite costs and says, and what that rests on.
fn by_one_round(one: &CriterionOutlook, given: GivenDeterminism) -> String {
    let GivenDeterminism { target, floor, asked_again, differs_max } = given;
    let (target, floor) = (Percent(target), Percent(floor));
    let asked = format!(
        "`{}` tells {target} from {floor} given determinism: each of its {} asked once at most, then {asked_again} again",
        one.name,
        words::plural(one.cases, "case", "cases")
    );
    let mean = format!(
        "{} calls on average at {target}, {} at {floor}",
        tenths(one.at_target),
        tenths(one.at_floor)
    );
    let most = Percent(differs_max);
    format!(
        "{asked}; {mean}. One that differs leaves it undecided; none means a flip rate of at most {most} (rule of three)."
    )
}

/// A mean number of calls, to a tenth.
fn tenths(mean: f64) -> String {
    words::trimmed((10.0 * mean).round() / 10.0)
}

/// How often `never` blocks a good version, which it makes no promise about.
fn blocks(one: &CriterionOutlook) -> String {
    let blocked = one.blocked.iter().enumerate().map(|(place, one)| {
        let (right, times) = (words::trimmed(one.right * 100.0), words::in_100(one.blocked));
        match place {
            0 => format!("a version right {right} % of the time is blocked {times} times in 100"),
            _ => format!("{right} %: {times}"),
        }
    });
    let passes = words::calls(one.if_none_fails);
    let longer: Vec<_> = one.if_missing.iter().map(|&calls| words::count(calls)).collect();
    format!(
        "`{}` passes after {passes} without a failure ({} with 1, 2, 3 answers missing); {}.",
        one.name,
        longer.join(", "),
        blocked.collect::<Vec<_>>().join(", ")
    )
}
