//! What a gate will cost, what it errs and does not see, and what it would have said: before a call is made.

use serde::Serialize;

/// What `plan` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Name of the workspace.
    pub workspace: String,
    /// Of which spec.
    pub spec: String,
    /// `every_case_once`, `enough`.
    pub ask: &'static str,
    /// Cases of the spec.
    pub cases: u32,
    /// Of every cost here; ISO 4217.
    pub currency: String,
    /// In the order of the gate.
    pub criteria: Vec<PlannedDocument>,
    /// Calls of the whole gate; criteria share them.
    pub calls: PlanCallsDocument,
    /// What those cost; null while nothing recorded tells what a call costs.
    pub cost: Option<PlanCostDocument>,
    /// How long those take, in milliseconds; null while nothing recorded tells how long a call takes.
    pub time_ms: Option<PlanCallsDocument>,
    /// The budget that a run would have.
    pub budget: BudgetDocument,
    /// Whether the budget may end before the gate has its answer.
    pub underfunded: bool,
    /// In words.
    pub sentences: Vec<String>,
}

/// What one criterion takes and tells apart.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedDocument {
    /// Its name.
    pub criterion: String,
    /// `rate`, `mean`, `max_drop`, `never`, `plain`.
    pub rule: &'static str,
    /// `pass_rate`, `latency`, `cost`, or the name of a scorer.
    pub metric: String,
    /// Whether the gate depends on it.
    pub blocking: bool,
    /// Cases that it hears.
    pub cases: u32,
    /// Where the rule has one.
    pub target: Option<f64>,
    /// Where the rule has one.
    pub floor: Option<f64>,
    /// As tested.
    pub wrongly_blocked: Option<f64>,
    /// As tested.
    pub wrongly_passed: Option<f64>,
    /// Calls that it hears; of one that compares case by case, to both versions, and its target is that nothing changed.
    pub calls: PlanCallsDocument,
    /// The best floor that one look at every case alone excludes; 0 when none. Of a rate.
    pub one_round_excludes: Option<f64>,
    /// What it takes to tell a floor half as far from the target. Of a rate.
    pub closer: Option<CloserDocument>,
    /// Calls at most with 1, 2, 3 answers missing. Of `never`.
    pub with_missing: Vec<u32>,
    /// How often it blocks a version that is right so often. Of `never`.
    pub blocks: Vec<BlocksDocument>,
    /// How often it says nothing within its calls. Of a mean.
    pub undecided: Option<UndecidedDocument>,
    /// In words.
    pub sentences: Vec<String>,
}

/// Calls, or milliseconds, for versions that differ in quality.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanCallsDocument {
    /// When no answer fails.
    pub if_none_fails: u64,
    /// On average at the target.
    pub at_target: u64,
    /// On average at the floor.
    pub at_floor: u64,
    /// At most, when no answer is missing.
    pub at_most: u64,
}

/// What so many calls cost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanCostDocument {
    /// When no answer fails; decimal.
    pub if_none_fails: String,
    /// On average at the target.
    pub at_target: String,
    /// On average at the floor.
    pub at_floor: String,
    /// At most.
    pub at_most: String,
}

/// What it takes to tell a closer floor.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CloserDocument {
    /// Half as far from the target.
    pub floor: f64,
    /// Calls of one look at the end.
    pub calls_at_once: u32,
    /// Calls at most by a test that stops when it knows; null beyond 20,000.
    pub calls_at_most: Option<u32>,
}

/// How often `never` blocks a version.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BlocksDocument {
    /// Probability that an answer is right.
    pub right: f64,
    /// Probability that the version is blocked.
    pub blocked: f64,
}

/// How often a mean stays undecided, if every score were 0 or 1.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UndecidedDocument {
    /// Of a version at the target.
    pub at_target: f64,
    /// Of one at the floor.
    pub at_floor: f64,
}

/// A budget.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BudgetDocument {
    /// Calls.
    pub calls: u64,
    /// Decimal, in the plan's currency; null without a limit.
    pub cost: Option<String>,
    /// Milliseconds.
    pub time_ms: u64,
}

/// What `selftest` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SelfTestDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Name of the workspace.
    pub workspace: String,
    /// Of which spec.
    pub spec: String,
    /// In one sentence.
    pub sentence: String,
    /// Whether the simulation contradicts no declared rate.
    pub kept: bool,
    /// Versions simulated of each kind.
    pub versions: u32,
    /// Where their answers come from, one sentence.
    pub source: String,
    /// Whether their shape was assumed instead of recorded.
    pub assumed: bool,
    /// What the simulated endpoint does to answers, one sentence.
    pub weather: String,
    /// Of the gate first, then of each criterion.
    pub rates: Vec<RateDocument>,
    /// The good kind first.
    pub kinds: Vec<KindDocument>,
    /// What the gate does not see.
    pub unseen: Vec<UnseenDocument>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// Wall time.
    pub duration_ms: u64,
}

/// A declared rate beside the measured one.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RateDocument {
    /// Null for the whole gate.
    pub criterion: Option<String>,
    /// `wrongly_blocked`, `wrongly_passed`.
    pub of: &'static str,
    /// As declared.
    pub declared: Option<f64>,
    /// Versions that erred so.
    pub found: u32,
    /// Versions simulated.
    pub versions: u32,
    /// Clopper–Pearson at 95 %, lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whether the simulation is in accord with what is declared.
    pub kept: bool,
}

/// What became of one kind of simulated version.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KindDocument {
    /// `good`, `uniform`, `whole_cases`, `flaky`, `lenient`, `critical`, `tag`.
    pub kind: &'static str,
    /// In a few words.
    pub label: String,
    /// Versions that passed; of mutants the survivors.
    pub passed: u32,
    /// Versions that failed.
    pub failed: u32,
    /// Versions that stayed undecided.
    pub undecided: u32,
    /// Whether the gate does with them what it ought to.
    pub well: bool,
    /// Calls heard.
    pub heard: SpreadDocument,
    /// Calls asked, of the versions whose run was played call by call.
    pub asked: SpreadDocument,
}

/// Calls over many versions.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SpreadDocument {
    /// On average.
    pub mean: f64,
    /// Not exceeded by 95 in 100.
    pub p95: u32,
}

/// What a gate does not see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UnseenDocument {
    /// As in `kinds`.
    pub kind: &'static str,
    /// In one sentence.
    pub sentence: String,
    /// What to do about it.
    pub advice: Vec<String>,
    /// A line for the gate that would see it.
    pub add: Option<String>,
}

/// What `backtest` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BacktestDocument {
    /// Always [`super::FORMAT`].
    pub format: u32,
    /// Name of the workspace.
    pub workspace: String,
    /// Of which spec.
    pub spec: String,
    /// In one sentence.
    pub sentence: String,
    /// The newest version first.
    pub versions: Vec<RejudgedDocument>,
    /// Older versions that are left out.
    pub more: u32,
}

/// One past version.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RejudgedDocument {
    /// Whole digest.
    pub version: String,
    /// As a person named it.
    pub label: Option<String>,
    /// `pass`, `fail`, `inconclusive`; null when nothing was said then.
    pub then: Option<&'static str>,
    /// The same now; null when not enough is recorded.
    pub now: Option<&'static str>,
    /// `same`, `stricter`, `looser`, `other`, `new`, `not_enough`.
    pub change: &'static str,
    /// In one sentence.
    pub sentence: String,
    /// Recorded answers that fit the present cases.
    pub recorded: u32,
    /// Of those, heard.
    pub heard: u32,
    /// Slots that would be heard at most.
    pub heard_max: u32,
}
