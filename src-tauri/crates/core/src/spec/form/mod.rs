//! The format as types: what a file may say, for the JSON Schema alone.
//!
//! The reader does not go through these types, since its messages need places; a test holds the two together, key by
//! key. What a newer build will read is not offered.
#![expect(dead_code, reason = "the schema is derived from the fields; nobody reads them")]

mod agent;
mod expectation;

use std::collections::BTreeMap;

use schemars::JsonSchema;

use agent::{AnyAgent, Environment};
use expectation::{Expectations, NamedScorer};

/// A share of 100 %: `90%`, or 0.9.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Share {
    /// With its sign.
    Percent(#[schemars(regex(pattern = r"^\s*[0-9]{1,3}(\.[0-9]{0,4})?\s*%\s*$"))] String),
    /// As a fraction.
    Fraction(#[schemars(range(min = 0, max = 1))] f64),
}

/// A length of time: `250ms`, `2s`, `1.5m`, `12h`, `7d`.
#[derive(JsonSchema)]
pub(super) struct Time(#[schemars(regex(pattern = r"^[0-9]+(\.[0-9]{1,3})?(ms|s|m|h|d)$"))] String);

/// An amount of the workspace's currency.
#[derive(JsonSchema)]
pub(super) struct Money(#[schemars(range(min = 0.000_001, max = 1_000_000_000))] f64);

/// One text, or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Texts {
    One(String),
    Several(#[schemars(length(min = 1))] Vec<String>),
}

/// A workspace: its agents, where they go live, and the spec `main` if it stands here.
#[derive(JsonSchema)]
#[schemars(title = "gatewright.yaml", deny_unknown_fields)]
pub(super) struct Workspace {
    /// The format of this file: 1.
    #[schemars(range(min = 1, max = 1))]
    gatewright: Option<u32>,
    /// What it is called; its folder's name otherwise.
    name: Option<String>,
    /// The folder of spec files: `specs` unless it says otherwise.
    specs: Option<String>,
    /// In which costs are counted: `USD` unless it says otherwise.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    currency: Option<String>,
    /// Agents by name: a map, or a bare address.
    agents: Option<BTreeMap<String, AnyAgent>>,
    /// Where versions go live, by name.
    environments: Option<BTreeMap<String, Environment>>,
    /// What specs fall back on.
    defaults: Option<Defaults>,
    /// What saving a spec does.
    on_save: Option<OnSave>,
    /// How long what is kept.
    keep: Option<Keep>,
    /// The agent of the spec `main`, and of every spec that names none.
    agent: Option<AnyAgent>,
    /// The cases of the spec `main`.
    #[schemars(length(min = 1))]
    cases: Option<Vec<Case>>,
    /// The gate of the spec `main`.
    gate: Option<Gate>,
    /// Scorers by name that run beside the expectations.
    scorers: Option<BTreeMap<String, NamedScorer>>,
    /// When a decision may be taken.
    ask: Option<Ask>,
    /// A new conversation per trial.
    session: Option<Session>,
    /// Whether trials may overlap.
    isolation: Option<Isolation>,
    /// Cases that no criterion hears for a while. Changing it changes what the spec means.
    quarantine: Option<Vec<Quarantine>>,
    /// What one execution may use up.
    budget: Option<Budget>,
    /// For people.
    description: Option<String>,
    /// Same input, same score: pass rates are told from one round over the suite, and 20 slots are asked again.
    deterministic: Option<bool>,
}

/// A spec: cases, scorers, one gate.
#[derive(JsonSchema)]
#[schemars(title = "a spec of Gatewright", deny_unknown_fields)]
pub(super) struct Spec {
    /// Its name; the file's otherwise.
    name: Option<String>,
    /// For people.
    description: Option<String>,
    /// An agent of the workspace; the workspace's default otherwise.
    agent: Option<String>,
    /// When a decision may be taken.
    ask: Option<Ask>,
    /// A new conversation per trial.
    session: Option<Session>,
    /// Whether trials may overlap.
    isolation: Option<Isolation>,
    /// What is asked, and what is expected.
    #[schemars(length(min = 1))]
    cases: Vec<Case>,
    /// Scorers by name that run beside the expectations.
    scorers: Option<BTreeMap<String, NamedScorer>>,
    /// The pass rule.
    gate: Gate,
    /// Cases that no criterion hears for a while. Changing it changes what the spec means.
    quarantine: Option<Vec<Quarantine>>,
    /// What one execution may use up.
    budget: Option<Budget>,
    /// Same input, same score: pass rates are told from one round over the suite, and 20 slots are asked again.
    deterministic: Option<bool>,
}

/// When a decision may be taken.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Ask {
    /// Not before every case was heard once.
    EveryCaseOnce,
    /// As soon as it is known.
    Enough,
}

/// How a conversation begins.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Session {
    /// Anew, for every trial.
    Fresh,
}

/// Whether trials may overlap.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Isolation {
    /// As many at once as the agent's limits allow.
    Parallel,
    /// One after the other.
    Serial,
}

/// What saving a spec does.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum OnSave {
    /// Recorded answers are scored again.
    Rescore,
    /// What is missing is asked.
    Run,
    /// Nothing.
    None,
}

/// A case that no criterion hears until a day is over. Never a critical one.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Quarantine {
    /// A case of this spec.
    case: String,
    /// Why.
    #[schemars(length(min = 1))]
    reason: String,
    /// Its last day: from 24:00 UTC on the case counts again.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    until: String,
}

/// How long what is kept.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Keep {
    /// Bodies of requests and responses, as sent and received: `1d` or more. Answers, scores and digests stay.
    bodies: Option<Time>,
}

/// What specs fall back on.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Defaults {
    /// The agent of a spec that names none.
    agent: Option<String>,
    /// How often a good version may be blocked: 5 % unless it says otherwise, shared out over the criteria.
    wrongly_blocked: Option<Share>,
    /// How often a bad version may get through: 5 % unless it says otherwise.
    wrongly_passed: Option<Share>,
    /// What one execution may use up.
    budget: Option<Budget>,
}

/// What one execution may use up.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Budget {
    /// Calls: 200 unless it says otherwise.
    #[schemars(range(min = 1))]
    calls: Option<u64>,
    /// Money.
    cost: Option<Money>,
    /// Wall time: 10 minutes unless it says otherwise.
    time: Option<Time>,
}

/// One input, conversation or dataset, with what is expected.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Case {
    /// Unique in the spec; the first words of the input otherwise.
    name: Option<String>,
    /// What the user says: text, or `file://…`. With a dataset a template over its columns.
    input: Option<String>,
    /// A conversation.
    #[schemars(length(min = 1, max = 100))]
    turns: Option<Vec<Turn>>,
    /// A .jsonl or .csv file: one case a row.
    dataset: Option<String>,
    expect: Option<Expectations>,
    /// Labels.
    tags: Option<Texts>,
    /// Whether one confirmed failure blocks.
    critical: Option<bool>,
    /// At least this often.
    #[schemars(range(min = 1, max = 1000))]
    trials: Option<u32>,
}

/// One message of the user.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Turn {
    user: String,
    /// Of the answer to it.
    expect: Option<Expectations>,
}

/// One number, or criteria by name.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Gate {
    Target(Share),
    Criteria(#[schemars(length(min = 1))] BTreeMap<String, Criterion>),
}

/// A condition on a metric, with its error rates.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Criterion {
    /// `pass_rate` unless the criterion is named like another, or like a scorer.
    metric: Option<Metric>,
    /// In the place of `metric`: `pass_rate` and scorers of this spec, each with its weight.
    #[schemars(length(min = 2))]
    weighted: Option<BTreeMap<String, Weight>>,
    /// Good: a version that truly scores this is blocked at most `wrongly_blocked` of the time.
    target: Option<Share>,
    /// Bad: a version that truly scores this gets through at most `wrongly_passed` of the time.
    floor: Option<Share>,
    /// Of the critical cases: the failure rate to exclude. One confirmed failure blocks.
    never: Option<Share>,
    p50: Option<Limit>,
    p90: Option<Limit>,
    p95: Option<Limit>,
    p99: Option<Limit>,
    /// Only cases with one of these tags.
    tag: Option<Texts>,
    /// Whether the gate depends on it: yes unless it says otherwise.
    blocking: Option<bool>,
    /// A share of the spec's otherwise.
    wrongly_blocked: Option<Share>,
    wrongly_passed: Option<Share>,
    method: Option<FixedMethod>,
    /// With `method: fixed`.
    #[schemars(range(min = 1, max = 1000))]
    rounds: Option<u32>,
    /// Of a mean of scores: trials at most. Otherwise as many as a 0/1 metric would take.
    #[schemars(range(min = 1, max = 20000))]
    trials_max: Option<u32>,
    /// The drop that is too much: a version worse than the live one by this gets through at most `wrongly_passed` of the
    /// time, one as good as it is blocked at most `wrongly_blocked`.
    max_drop: Option<Share>,
    /// With `max_drop`: `live`, of the environment that requires this spec, or `live@ENVIRONMENT`.
    against: Option<String>,
    /// With `max_drop`: pairs at most, of a call to each version. Otherwise as many as tell the drop from none.
    #[schemars(range(min = 1, max = 10000))]
    pairs_max: Option<u32>,
}

/// How much a metric counts beside the others.
#[derive(JsonSchema)]
pub(super) struct Weight(#[schemars(range(min = 1, max = 1000))] u32);

/// What a criterion looks at.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Metric {
    Known(KnownMetric),
    /// The mean of a scorer of this spec, by its name.
    Scorer(String),
}

/// What every spec can be asked for.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum KnownMetric {
    /// Whether the case passed.
    PassRate,
    /// Time of the whole call.
    Latency,
    /// Time to the first content.
    FirstToken,
    /// Money.
    Cost,
    /// Tokens in the answer.
    Tokens,
}

/// A time for latencies, an amount for costs, a number for tokens.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Limit {
    Time(Time),
    Number(f64),
}

/// How a criterion is decided, if not by its error rates.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum FixedMethod {
    /// A plain threshold over a fixed number of rounds, no error rates declared.
    Fixed,
}
