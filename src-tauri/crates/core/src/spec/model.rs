//! What a spec says once every default is filled in, every file read and every variable in place.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::NonZeroU32,
};

use serde::{Deserialize, Serialize};

use super::Quarantine;
use crate::{
    diagnostic::Place,
    id::{
        AgentName, BlobId, CaseMeaning, CaseName, CriterionId, CriterionName, Digest, EnvironmentName,
        InputId, ScorerId, ScorerName, SpecMeaning, SpecName, Tag, VersionId,
    },
};

/// A number in [0, 1], in millionths. Numbers that decide are integers, so every machine decides alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unit(u32);

impl Unit {
    /// 0.
    pub const ZERO: Self = Self(0);
    /// 1.
    pub const ONE: Self = Self(1_000_000);

    /// From millionths; `None` above 1.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths <= Self::ONE.0 { Some(Self(millionths)) } else { None }
    }

    /// The number in millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// The number as a fraction, for display and for statistics.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// The nearest millionth at or below a fraction; `None` outside [0, 1] or when it is not a number. A hair of
    /// 1e-9 is allowed, so that 0.29 is not read as 0.289999.
    #[must_use]
    pub fn from_f64(fraction: f64) -> Option<Self> {
        let millionths = (fraction * 1e6 + 1e-3).floor();
        if (0.0..=1e6).contains(&millionths) && (0.0..=1.0).contains(&fraction) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within [0, 1e6]")]
            Some(Self(millionths as u32))
        } else {
            None
        }
    }

    /// The rest to 1.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(Self::ONE.0 - self.0)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:06}", self.0 % 1_000_000);
        let digits = digits.trim_end_matches('0');
        write!(formatter, "{}", self.0 / 1_000_000)?;
        if digits.is_empty() { Ok(()) } else { write!(formatter, ".{digits}") }
    }
}

/// How often a criterion may err, as tested: after the share, rounded down to millionths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Risk {
    /// Probability that a version at the target or above is blocked.
    pub wrongly_blocked: Unit,
    /// Probability that a version at the floor or below gets through.
    pub wrongly_passed: Unit,
}

/// An amount of money in millionths of its currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct MicroMoney {
    /// Millionths of the currency's unit.
    pub micros: i64,
    /// ISO 4217, upper case.
    pub currency: Currency,
}

/// An ISO 4217 code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollar.
    pub const USD: Self = Self(*b"USD");

    /// From three upper-case letters; `None` otherwise.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: [u8; 3] = text.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| fmt::Write::write_char(formatter, char::from(letter)))
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
            .ok_or_else(|| format!("`{text}` is not a currency: expected three upper-case letters"))
    }
}

/// What one execution may use up. It never changes what a plan means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Budget {
    /// Calls, each try of a call counted.
    pub calls: u64,
    /// Money.
    pub cost: Option<MicroMoney>,
    /// Wall time.
    pub time_ms: u64,
}

/// A spec, resolved.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// Its name.
    pub name: SpecName,
    /// For people.
    pub description: Option<String>,
    /// The agent that it is about.
    pub agent: AgentName,
    /// When a decision may be taken.
    pub ask: Ask,
    /// The author declares: same input, same answer.
    pub deterministic: bool,
    /// Whether trials may overlap.
    pub isolation: Isolation,
    /// In the order of the file.
    pub cases: Vec<Case>,
    /// Every scorer that a case or a metric uses.
    pub scorers: BTreeMap<ScorerId, Scorer>,
    /// The spec's own named scorers, which run on every case or on those with a tag.
    pub named: BTreeMap<ScorerName, NamedScorer>,
    /// In the order of the file.
    pub gate: Vec<Criterion>,
    /// Cases that no criterion hears as things stand, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<Quarantine>,
    /// The spec's own budget, where it names one.
    pub budget: Option<Budget>,
    /// Digest of what it means: cases, scorers, gate, quarantine, [`Ask`] and `deterministic`.
    pub meaning: SpecMeaning,
}

impl Spec {
    /// The criterion that a monitor hears: the first blocking one with a target and a floor of its own.
    #[must_use]
    pub fn watched(&self) -> Option<&Criterion> {
        self.gate.iter().find(|one| one.blocking && matches!(one.rule, Rule::Rate { .. } | Rule::Mean { .. }))
    }

    /// Whether a case is in quarantine.
    #[must_use]
    pub fn is_quarantined(&self, case: &CaseName) -> bool {
        self.quarantine.iter().any(|entry| entry.case == *case)
    }
}

/// When a decision may be taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Not before every case was heard once.
    #[default]
    EveryCaseOnce,
    /// As soon as it is known.
    Enough,
}

/// Whether trials may overlap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// As many at once as the agent's limits allow.
    #[default]
    Parallel,
    /// One after the other.
    Serial,
}

/// One input, or conversation, with what is expected of the answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Unique within the spec.
    pub name: CaseName,
    /// At least one.
    pub turns: Vec<Turn>,
    /// Labels.
    pub tags: BTreeSet<Tag>,
    /// At least this many trials before a decision. Never a weight.
    pub trials: NonZeroU32,
    /// Whether `never` hears it.
    pub critical: bool,
    /// Digest of what is sent.
    pub input: InputId,
    /// Digest of what is sent and expected.
    pub meaning: CaseMeaning,
    /// The file that it stands in, relative to the workspace.
    pub file: String,
    /// Where in that file.
    pub place: Place,
}

/// One message of the user and what is expected of the answer to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// As sent.
    pub user: String,
    /// All must hold.
    pub expect: Vec<Expectation>,
}

/// What must hold of an answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Expectation {
    /// What scores the answer.
    pub scorer: ScorerId,
    /// Whether the opposite is expected: the score is taken from 1.
    pub negate: bool,
    /// The least score that passes.
    pub at_least: Unit,
}

/// A scorer of the spec that runs beside the expectations and feeds a metric of its name.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NamedScorer {
    /// What scores the answer.
    pub expectation: Expectation,
    /// Only on cases with one of these tags; on all when empty.
    pub only: BTreeSet<Tag>,
}

/// Turns an observation into a score.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scorer {
    /// A pure function of the observation.
    Pure(PureScorer),
    /// A model that judges; its votes are observations fetched by the engine.
    Judge {
        /// The judge's own version.
        judge: VersionId,
        /// What it judges by.
        rubric: BlobId,
        /// Votes per answer, odd.
        votes: u8,
    },
    /// A program that scores; what it says is an observation fetched by the engine.
    External {
        /// Argument vector.
        argv: Vec<String>,
        /// Digest of the program.
        program: Digest,
    },
}

/// Scorers that need nothing but the observation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PureScorer {
    /// The answer is this text, white space at the ends aside.
    Exact {
        /// Expected.
        text: String,
        /// Whether case counts.
        case: bool,
    },
    /// The answer contains text.
    Contains {
        /// Texts to look for.
        texts: Vec<String>,
        /// Whether one is enough; else all are needed.
        any: bool,
        /// Whether case counts.
        case: bool,
    },
    /// The answer begins with this text, leading white space aside.
    StartsWith {
        /// Expected.
        text: String,
        /// Whether case counts.
        case: bool,
    },
    /// The answer matches a regular expression somewhere.
    Regex {
        /// In the syntax of the `regex` crate: linear time, no look-around.
        pattern: String,
    },
    /// The answer's length lies within limits, ends included.
    Length {
        /// What is counted.
        of: LengthUnit,
        /// At least.
        min: Option<u64>,
        /// At most.
        max: Option<u64>,
    },
    /// The answer is one JSON value.
    Json,
    /// The answer is JSON that satisfies a JSON Schema.
    JsonSchema {
        /// The schema.
        schema: serde_json::Value,
    },
    /// What a JSONPath (RFC 9535) selects in the answer's JSON satisfies a matcher.
    JsonPath {
        /// The path.
        path: String,
        /// Satisfied by at least one selected value.
        is: Matcher,
    },
    /// The answer holds one number, or ends in one, close to a value.
    Numeric {
        /// Expected.
        value: f64,
        /// Largest absolute difference.
        tolerance: f64,
    },
    /// The agent called tools as described.
    ToolCall(ToolExpectation),
    /// A measurement of the trial is at most this.
    AtMost {
        /// What is measured.
        of: Measure,
        /// In the measure's unit.
        limit: u64,
    },
    /// Several expectations as one.
    Group {
        /// How they combine.
        how: GroupRule,
        /// The parts, each with its own threshold; in the spec's scorers by id.
        parts: Vec<Expectation>,
    },
}

/// What a length limit counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthUnit {
    /// Unicode scalar values.
    Characters,
    /// Runs without white space.
    Words,
}

/// A test of one JSON value.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matcher {
    /// There is one, whatever it is.
    Present,
    /// Equal by value; numbers by numeric value.
    Equals(serde_json::Value),
    /// A number greater than.
    Gt(f64),
    /// A number at least.
    Ge(f64),
    /// A number less than.
    Lt(f64),
    /// A number at most.
    Le(f64),
    /// Text that matches.
    Matches(String),
    /// One of these.
    OneOf(Vec<serde_json::Value>),
    /// All of these hold.
    All(Vec<Matcher>),
}

/// What is expected of tool calls.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ToolExpectation {
    /// Calls that must be made.
    pub calls: Vec<ExpectedCall>,
    /// Whether they must come in this order.
    pub ordered: bool,
    /// Whether other calls are allowed beside them.
    pub others: bool,
    /// Tools that must not be called.
    pub forbidden: BTreeSet<String>,
}

/// One tool call that must be made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExpectedCall {
    /// Name of the tool.
    pub name: String,
    /// Arguments by name; those not named are free unless [`Self::exact`].
    pub args: BTreeMap<String, Matcher>,
    /// Whether no other argument may be given.
    pub exact: bool,
    /// A JSON Schema that the arguments satisfy.
    pub schema: Option<serde_json::Value>,
}

/// How the parts of a group combine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRule {
    /// Every part passes.
    All,
    /// One part passes.
    Any,
    /// The share of parts that pass is the score.
    Share,
}

/// What a criterion looks at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Whether the case passed: every expectation met.
    PassRate,
    /// Whether a measurement is within a limit.
    Within {
        /// What is measured.
        of: Measure,
        /// In the measure's unit.
        at_most: u64,
    },
    /// The score of a named scorer.
    Graded(ScorerName),
    /// A weighted mean of trial-level metrics: Σ weight × score / Σ weight, rounded down to a millionth, which is the
    /// score that is tested. Weights are at least 1.
    Weighted(Vec<(u32, Metric)>),
}

impl Metric {
    /// Whether it looks at what passed: then a case of which nothing is expected says nothing.
    #[must_use]
    pub fn looks_at_passing(&self) -> bool {
        match self {
            Self::PassRate => true,
            Self::Within { .. } | Self::Graded(_) => false,
            Self::Weighted(parts) => parts.iter().any(|(_, part)| part.looks_at_passing()),
        }
    }
}

/// A measurement of a trial.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Milliseconds of the last try, from sending to the last byte.
    LatencyMs,
    /// Milliseconds to the first content.
    FirstTokenMs,
    /// Millionths of the workspace's currency.
    CostMicros,
    /// Tokens in the answer.
    TokensOut,
}

/// One line of a gate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Criterion {
    /// Unique within the gate.
    pub name: CriterionName,
    /// Hears only cases with one of these tags; all when empty.
    pub only: BTreeSet<Tag>,
    /// What must hold.
    pub rule: Rule,
    /// Whether the gate depends on it.
    pub blocking: bool,
    /// Digest of rule, tags and blocking.
    pub id: CriterionId,
}

/// A condition on a metric.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A 0/1 metric against a target and a floor.
    Rate {
        /// 0/1.
        of: Metric,
        /// Good.
        target: Unit,
        /// Bad.
        floor: Unit,
        /// Declared risks.
        risk: Risk,
    },
    /// A metric in [0, 1] against a target and a floor.
    Mean {
        /// In [0, 1].
        of: Metric,
        /// Good.
        target: Unit,
        /// Bad.
        floor: Unit,
        /// Declared risks.
        risk: Risk,
        /// Trials at most.
        trials_max: u32,
    },
    /// Not worse than what is live by more than a margin.
    MaxDrop {
        /// In [0, 1].
        of: Metric,
        /// The drop that is too much.
        margin: Unit,
        /// Declared risks.
        risk: Risk,
        /// Whose live version is the baseline.
        environment: EnvironmentName,
        /// How the baseline is known.
        baseline: BaselineMode,
        /// Pairs at most.
        pairs_max: u32,
    },
    /// Critical cases, pooled: one confirmed failure fails. It declares no `wrongly_blocked`.
    Never {
        /// The failure rate that must be excluded.
        failure_rate: Unit,
        /// Declared risk.
        wrongly_passed: Unit,
    },
    /// `method: fixed`: a plain threshold over a fixed number of rounds. It declares no error rates.
    Plain {
        /// In [0, 1].
        of: Metric,
        /// At least.
        target: Unit,
        /// Rounds heard.
        rounds: NonZeroU32,
    },
}

/// How a baseline is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineMode {
    /// Both sides asked, case by case.
    Interleaved,
    /// The live one cannot be asked: its recorded mean stands for it.
    Recorded,
}
