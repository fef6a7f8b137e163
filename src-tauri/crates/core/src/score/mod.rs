//! Scores: pure functions of what was observed.
//!
//! [`Prepared`] compiles the scorers of a spec once; [`Prepared::trial`] then scores any number of recorded trials.
//! A scorer gets the answer and what it needs of the spec, and says a score with the words that name what broke the
//! rule. It never asks anybody: what a judge or a program said of an answer is itself an observation. How a trial
//! without an answer counts is the gate's business, not decided here.

mod group;
mod json;
mod matcher;
mod measure;
mod numeric;
mod say;
#[cfg(test)]
mod tests;
mod text;
mod tool;

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use crate::{
    id::{ScorerId, ScorerName},
    observation::{Observation, Reply, Timing, TrialId},
    spec::{Case, Expectation, MicroMoney, PureScorer, Scorer, Spec, Unit},
};

pub use measure::measure;

/// What a scorer says of a trial.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Score {
    /// Of which trial.
    pub trial: TrialId,
    /// By which scorer.
    pub scorer: ScorerId,
    /// What.
    pub value: Scored,
}

/// A score, or why there is none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scored {
    /// Judged.
    Value {
        /// The score.
        score: Unit,
        /// Whether it reaches the threshold.
        passed: bool,
        /// In words.
        why: String,
    },
    /// The scorer could not judge: heard as missing, never as 0.
    NotJudged {
        /// In words.
        why: String,
    },
}

impl Scored {
    /// Whether the threshold was reached; `None` when it could not be judged.
    #[must_use]
    pub const fn passed(&self) -> Option<bool> {
        match self {
            Self::Value { passed, .. } => Some(*passed),
            Self::NotJudged { .. } => None,
        }
    }

    /// In words: what was found.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Value { why, .. } | Self::NotJudged { why } => why,
        }
    }
}

/// What scoring needs to know of one answered turn.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TurnFacts<'a> {
    /// What was answered.
    pub reply: &'a Reply,
    /// How long it took.
    pub timing: Timing,
    /// What it cost, where that is known.
    pub cost: Option<MicroMoney>,
}

impl<'a> From<&'a Observation> for TurnFacts<'a> {
    fn from(observation: &'a Observation) -> Self {
        Self { reply: &observation.reply, timing: observation.timing, cost: observation.cost }
    }
}

/// What was said of one expectation of a trial.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExpectationScore {
    /// The turn, from 0.
    pub turn: u16,
    /// Its place among the expectations of the turn, from 0.
    pub expectation: u16,
    /// By which scorer.
    pub scorer: ScorerId,
    /// What, the negation applied.
    pub value: Scored,
}

/// Everything that the scorers of a spec say of one trial.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TrialScores {
    /// Whether the case passed: every expectation of every turn was met. `Some(false)` as soon as one is not;
    /// `None` when none failed and one could not be judged.
    pub passed: Option<bool>,
    /// In the order of turns and of their expectations.
    pub expected: Vec<ExpectationScore>,
    /// By the spec's named scorers; only those that hear this case.
    pub named: BTreeMap<ScorerName, Scored>,
}

impl TrialScores {
    /// The expectations that were not met, or could not be judged: what a person asks for first.
    pub fn unmet(&self) -> impl Iterator<Item = &ExpectationScore> {
        self.expected.iter().filter(|score| score.value.passed() != Some(true))
    }
}

/// Scores one trial. Whoever scores many keeps a [`Prepared`].
#[must_use]
pub fn trial(spec: &Spec, case: &Case, turns: &[TurnFacts<'_>]) -> TrialScores {
    Prepared::new(spec).trial(case, turns)
}

/// The scorers of a spec, compiled: expressions, schemas and paths are read once.
#[derive(Debug)]
pub struct Prepared {
    scorers: BTreeMap<ScorerId, Compiled>,
    named: Vec<(ScorerName, crate::spec::NamedScorer)>,
}

impl Prepared {
    /// Compiles what `spec` names. A scorer that does not compile is kept with its reason, and whatever it is
    /// asked to score is not judged; a spec without errors holds none.
    #[must_use]
    pub fn new(spec: &Spec) -> Self {
        let scorers = spec.scorers.iter().map(|(id, scorer)| (*id, Compiled::new(scorer))).collect();
        let named = spec.named.iter().map(|(name, scorer)| (name.clone(), scorer.clone())).collect();
        Self { scorers, named }
    }

    /// Scores one trial of `case`; `turns` are its answered turns in order. A turn that is missing makes its
    /// expectations *not judged*.
    #[must_use]
    pub fn trial(&self, case: &Case, turns: &[TurnFacts<'_>]) -> TrialScores {
        let answers: Vec<Answer<'_>> = turns.iter().map(Answer::new).collect();
        let mut expected = Vec::new();
        for (turn, wanted) in (0_u16..).zip(&case.turns) {
            for (place, expectation) in (0_u16..).zip(&wanted.expect) {
                let value = match answers.get(usize::from(turn)) {
                    Some(answer) => self.expectation(expectation, answer),
                    None => Scored::NotJudged { why: "the turn was not answered".to_owned() },
                };
                let scorer = expectation.scorer;
                expected.push(ExpectationScore { turn, expectation: place, scorer, value });
            }
        }
        let passed = all_passed(expected.iter().map(|score| score.value.passed()));
        let hears = |only: &BTreeSet<_>| only.is_empty() || !only.is_disjoint(&case.tags);
        let named = self
            .named
            .iter()
            .filter(|(_, scorer)| hears(&scorer.only))
            .map(|(name, scorer)| (name.clone(), self.named(&scorer.expectation, &answers)))
            .collect();
        TrialScores { passed, expected, named }
    }

    /// A named scorer hears every answer of a conversation; the least score counts.
    fn named(&self, expectation: &Expectation, answers: &[Answer<'_>]) -> Scored {
        let mut least = Scored::NotJudged { why: "no turn was answered".to_owned() };
        for answer in answers {
            let scored = self.expectation(expectation, answer);
            match (&scored, &least) {
                (Scored::NotJudged { .. }, _) => return scored,
                (Scored::Value { score, .. }, Scored::Value { score: before, .. }) if score >= before => {}
                _ => least = scored,
            }
        }
        least
    }

    /// Applies one expectation to an answer: its scorer, its negation, its threshold.
    fn expectation(&self, expectation: &Expectation, answer: &Answer<'_>) -> Scored {
        let found = match self.scorers.get(&expectation.scorer) {
            None => Err("its scorer is not part of the spec".to_owned()),
            Some(Compiled::Unusable(why)) => Err(why.clone()),
            Some(Compiled::Elsewhere(why)) => Err((*why).to_owned()),
            Some(Compiled::Group(group)) => group.find(|part| self.expectation(part, answer)),
            Some(Compiled::Text(text)) => Ok(text.find(answer)),
            Some(Compiled::Json(json)) => Ok(json.find(answer)),
            Some(Compiled::Numeric(numeric)) => Ok(numeric.find(answer)),
            Some(Compiled::Tool(tool)) => Ok(tool.find(&answer.facts.reply.tool_calls)),
            Some(Compiled::AtMost(limit)) => limit.find(answer.facts),
        };
        match found {
            Err(why) => Scored::NotJudged { why },
            Ok(Finding { score, mut why }) => {
                let score = if expectation.negate { score.complement() } else { score };
                let passed = score >= expectation.at_least;
                if expectation.negate && !passed {
                    why.push_str(", which must not be");
                }
                Scored::Value { score, passed, why }
            }
        }
    }
}

/// What several parts say together when each must pass: a failure is known even where another part could not be
/// judged.
fn all_passed(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

/// What a scorer found, as a statement of fact that holds whatever was expected.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Finding {
    score: Unit,
    why: String,
}

impl Finding {
    fn yes(why: impl Into<String>) -> Self {
        Self { score: Unit::ONE, why: why.into() }
    }

    fn no(why: impl Into<String>) -> Self {
        Self { score: Unit::ZERO, why: why.into() }
    }
}

/// A scorer, ready to be applied.
#[derive(Debug)]
enum Compiled {
    Text(text::Text),
    Json(json::Json),
    Numeric(numeric::Numeric),
    Tool(tool::Tool),
    AtMost(measure::AtMost),
    Group(group::Group),
    /// What it needs is asked elsewhere and was not handed in.
    Elsewhere(&'static str),
    /// It does not compile; in words.
    Unusable(String),
}

impl Compiled {
    fn new(scorer: &Scorer) -> Self {
        let compiled = match scorer {
            Scorer::Judge { .. } => Ok(Self::Elsewhere("the judge's votes are not recorded")),
            Scorer::External { .. } => Ok(Self::Elsewhere("the program's answer is not recorded")),
            Scorer::Pure(pure) => Self::pure(pure),
        };
        compiled.unwrap_or_else(Self::Unusable)
    }

    fn pure(scorer: &PureScorer) -> Result<Self, String> {
        Ok(match scorer {
            PureScorer::Exact { .. }
            | PureScorer::Contains { .. }
            | PureScorer::StartsWith { .. }
            | PureScorer::Regex { .. }
            | PureScorer::Length { .. } => Self::Text(text::Text::new(scorer)?),
            PureScorer::Json => Self::Json(json::Json::any()),
            PureScorer::JsonSchema { schema } => Self::Json(json::Json::schema(schema)?),
            PureScorer::JsonPath { path, is } => Self::Json(json::Json::path(path, is)?),
            PureScorer::Numeric { value, tolerance } => {
                Self::Numeric(numeric::Numeric::new(*value, *tolerance)?)
            }
            PureScorer::ToolCall(expected) => Self::Tool(tool::Tool::new(expected)?),
            PureScorer::AtMost { of, limit } => Self::AtMost(measure::AtMost { of: *of, limit: *limit }),
            PureScorer::Group { how, parts } => Self::Group(group::Group { how: *how, parts: parts.clone() }),
        })
    }
}

/// An answer with what several scorers derive from it, derived at most once.
#[derive(Debug)]
struct Answer<'a> {
    facts: &'a TurnFacts<'a>,
    lower: OnceCell<String>,
    json: OnceCell<Result<serde_json::Value, String>>,
}

impl<'a> Answer<'a> {
    fn new(facts: &'a TurnFacts<'a>) -> Self {
        Self { facts, lower: OnceCell::new(), json: OnceCell::new() }
    }

    /// As it came.
    fn text(&self) -> &'a str {
        &self.facts.reply.text
    }

    /// In lower case, for comparisons in which case does not count.
    fn lower(&self) -> &str {
        self.lower.get_or_init(|| self.text().to_lowercase())
    }

    /// The one JSON value that it is, or why it is none.
    fn json(&self) -> Result<&serde_json::Value, &str> {
        self.json
            .get_or_init(|| serde_json::from_str(self.text()).map_err(|error| error.to_string()))
            .as_ref()
            .map_err(String::as_str)
    }
}
