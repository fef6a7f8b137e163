//! What was said: one trial with its conversation, what was expected of it and what came of that.

use std::collections::BTreeMap;

use gatewright_core::{
    gate::words,
    id::{CaseName, ScorerId, ScorerName},
    observation::{Fact, Observation, ToolArgs, TrialId, TrialState},
    plan::StreamKey,
    score::{Prepared, Scored, TurnFacts},
    spec::{Case, Currency, Expectation, GroupRule, LengthUnit, PureScorer, Scorer, Spec, pattern},
};
use gatewright_engine::{
    store::{
        Read,
        table::{HumanLabelRow, TrialRow},
    },
    supervisor::reading::Reading,
};

use super::{Answered, label, opened::Opened, run, show, verdict};
use crate::{
    dto::{Answer, AnswerTurn, CaseAnswers, CaseAnswersArgs, Check, LabelView, Mark, NamedScore, TextRange},
    error::{ApiError, Code},
    measured,
};

/// Characters of an answer that cross the boundary.
const SAID_CHARS_MAX: usize = 60_000;
/// Answers of a case at most.
const ANSWERS_MAX: usize = 60;
/// Places marked in an answer at most.
const MARKS_MAX: usize = 100;

/// One trial in full.
pub(super) fn trial(opened: &Opened, id: i64) -> Answered<Answer> {
    let reading = opened.reading();
    opened.look(|read| {
        let row = read.trial(TrialId(id))?;
        let row = row.ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no trial {id}")))?;
        let spec = spec_of_stream(read, &row.trial.stream)?;
        let heard = heard(read, &row.trial.stream)?;
        Teller::new(read, &reading, spec.as_ref(), heard).answer(&row)
    })
}

/// The answers of one of a verdict's cases, and of the version that it is told against.
pub(super) fn of_case(opened: &Opened, args: &CaseAnswersArgs) -> Answered<CaseAnswers> {
    let reading = opened.reading();
    opened.look(|read| {
        let row = verdict::find(read, &args.verdict)?;
        let said = &row.verdict;
        let name = CaseName::new(args.case.clone());
        if !said.cases.iter().any(|tally| tally.case == name) {
            let message = format!("there is no case `{}` in this verdict", args.case);
            return Err(ApiError::new(Code::NotFound, message));
        }
        let spec = verdict::spec_of(read, said)?;
        let heard = said.cases.iter().map(|tally| (tally.case.clone(), tally.trials)).collect();
        let teller = Teller::new(read, &reading, spec.as_ref(), Some(heard));
        let trials = read.trials_of(&said.stream)?;
        let own = trials.into_iter().filter(|row| row.trial.slot.case == name);
        let candidate = teller.answers(own)?;
        let former = match said.baseline {
            Some(baseline) => Some(baseline),
            None => verdict::former(read, said)?.map(|found| show::version_id(&found.id)).transpose()?,
        };
        let baseline = match former {
            None => Vec::new(),
            Some(former) => {
                let most = u32::try_from(ANSWERS_MAX).unwrap_or(u32::MAX);
                let mut rows = read.trials_of_case(&said.stream.spec, former, &name, most)?;
                let newest = rows.first().map(|row| row.trial.stream.clone());
                rows.retain(|row| Some(&row.trial.stream) == newest.as_ref());
                let heard = newest.map(|stream| self::heard(read, &stream)).transpose()?.flatten();
                Teller::new(read, &reading, spec.as_ref(), heard).answers(rows.into_iter())?
            }
        };
        Ok(CaseAnswers { case: args.case.clone(), candidate, baseline })
    })
}

/// What the spec meant by the newest plan of a stream.
fn spec_of_stream(read: &Read<'_>, stream: &StreamKey) -> Answered<Option<Spec>> {
    let Some(row) = read.plans_of(stream)?.pop() else { return Ok(None) };
    let body = read.meaning(row.plan.spec)?;
    Ok(body.and_then(|body| serde_json::from_slice(&body).ok()))
}

pub(super) type Heard = BTreeMap<CaseName, u32>;

/// By case: trials that the newest verdict of a stream heard; none while it has none.
fn heard(read: &Read<'_>, stream: &StreamKey) -> Answered<Option<Heard>> {
    let rows = read.verdicts_of_version(stream.version)?;
    let newest = rows.into_iter().map(|row| row.verdict).find(|verdict| verdict.stream == *stream);
    let cases = newest.map(|verdict| verdict.cases.into_iter());
    Ok(cases.map(|cases| cases.map(|tally| (tally.case, tally.trials)).collect()))
}

/// Tells trials by what a spec meant.
pub(super) struct Teller<'a> {
    read: &'a Read<'a>,
    reading: &'a Reading,
    spec: Option<&'a Spec>,
    prepared: Option<Prepared>,
    heard: Option<Heard>,
    currency: Currency,
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        read: &'a Read<'a>,
        reading: &'a Reading,
        spec: Option<&'a Spec>,
        heard: Option<Heard>,
    ) -> Self {
        let currency = reading.workspace.as_ref().map_or(Currency::USD, |found| found.currency);
        Self { read, reading, spec, prepared: spec.map(Prepared::new), heard, currency }
    }

    /// The failed ones first.
    fn answers(&self, rows: impl Iterator<Item = TrialRow>) -> Answered<Vec<Answer>> {
        let mut answers: Vec<Answer> = rows.map(|row| self.answer(&row)).collect::<Answered<_>>()?;
        answers.sort_by_key(|answer| {
            let order = match answer.mark {
                Mark::Fail => 0,
                Mark::Trouble => 1,
                Mark::Unknown => 2,
                _ => 3,
            };
            (order, !answer.heard, answer.round)
        });
        answers.truncate(ANSWERS_MAX);
        Ok(answers)
    }

    fn answer(&self, row: &TrialRow) -> Answered<Answer> {
        let trial = &row.trial;
        let observations = self.read.observations(trial.id)?;
        let answers: Vec<&Observation> = observations.iter().filter(|one| one.what == Fact::Answer).collect();
        let case = self.spec.and_then(|spec| spec.cases.iter().find(|case| case.name == trial.slot.case));
        // Words that were sent stand in the spec: they are shown only where they are what was sent.
        let case = case.filter(|case| case.input == trial.input);
        let scores = match (case, &self.prepared) {
            (Some(case), Some(prepared)) if trial.state == TrialState::Answered => {
                let turns: Vec<TurnFacts<'_>> = answers.iter().map(|one| TurnFacts::from(*one)).collect();
                Some(prepared.trial(case, &turns))
            }
            _ => None,
        };
        let passed = scores.as_ref().and_then(|scores| scores.passed);
        let (mark, state) = match (&trial.state, passed) {
            (TrialState::Released, _) => (Mark::Running, "asked, not answered yet".to_owned()),
            (TrialState::AgentError(class), _) => (Mark::Trouble, format!("the agent erred: {}", class.0)),
            (TrialState::Missing(class), _) => (Mark::Unknown, format!("missing: {}", class.0)),
            (TrialState::Answered, Some(true)) => (Mark::Pass, "passed".to_owned()),
            (TrialState::Answered, Some(false)) => (Mark::Fail, "failed".to_owned()),
            (TrialState::Answered, None) => (Mark::Trouble, "not judged".to_owned()),
        };
        let labels = self.read.labels_of_trial(trial.id)?;
        let scores = scores.unwrap_or_default();
        let turns = self.turns(case, &answers, &labels, scores.expected);
        let named = self.named(&turns, &labels, &scores.named);
        let round = trial.slot.round;
        let heard = self.heard.as_ref().and_then(|heard| heard.get(&trial.slot.case));
        Ok(Answer {
            trial: trial.id.0,
            case: trial.slot.case.to_string(),
            version: show::version(self.read, trial.stream.version)?,
            round: round.saturating_add(1),
            mark,
            state,
            heard: heard.is_some_and(|&trials| round < trials),
            turns,
            named,
            latency_ms: row.latency_us.map(|us| us.div_ceil(1_000)),
            cost: row.cost_micros.map(|micros| show::money(micros, self.currency)),
            at: show::at(self.read, row.seq)?,
        })
    }

    fn turns(
        &self,
        case: Option<&Case>,
        answers: &[&Observation],
        labels: &[HumanLabelRow],
        expected: Vec<gatewright_core::score::ExpectationScore>,
    ) -> Vec<AnswerTurn> {
        let count = case.map_or(answers.len(), |case| case.turns.len());
        let place = case.and_then(|case| self.place(case));
        (0..count)
            .map(|turn| {
                let wanted = case.and_then(|case| case.turns.get(turn));
                let reply = answers.iter().find(|one| usize::from(one.turn) == turn).map(|one| &one.reply);
                let text = reply.map(|reply| reply.text.as_str()).unwrap_or_default();
                let (said, left_out) = show::beginning(text, SAID_CHARS_MAX);
                let checks =
                    expected.iter().filter(|score| usize::from(score.turn) == turn).filter_map(|score| {
                        let expectation = wanted?.expect.get(usize::from(score.expectation))?;
                        let of =
                            |label: &&HumanLabelRow| label.turn == score.turn && label.scorer == score.scorer;
                        let label = labels.iter().find(of);
                        Some(self.check(expectation, &score.value, &said, place.clone(), label))
                    });
                AnswerTurn {
                    user: wanted.map(|wanted| wanted.user.clone()).unwrap_or_default(),
                    left_out,
                    tool_calls: reply.map(tool_calls).unwrap_or_default(),
                    checks: checks.collect(),
                    said: said.clone(),
                }
            })
            .collect()
    }

    /// What the named scorers say of a conversation. Their word is on its last turn.
    fn named(
        &self,
        turns: &[AnswerTurn],
        labels: &[HumanLabelRow],
        scores: &BTreeMap<ScorerName, Scored>,
    ) -> Vec<NamedScore> {
        let Some((spec, last)) = self.spec.zip(turns.last()) else { return Vec::new() };
        let tell = |(name, value): (&ScorerName, &Scored)| {
            let expectation = &spec.named.get(name)?.expectation;
            let of = |label: &&HumanLabelRow| {
                usize::from(label.turn) + 1 == turns.len() && label.scorer == expectation.scorer
            };
            let label = labels.iter().find(of);
            let score = match value {
                Scored::Value { score, .. } => Some(score.as_f64()),
                Scored::NotJudged { .. } => None,
            };
            let check = self.check(expectation, value, &last.said, None, label);
            Some(NamedScore { name: name.to_string(), score, check })
        };
        scores.iter().filter_map(tell).collect()
    }

    /// Where a case is written now.
    fn place(&self, case: &Case) -> Option<crate::dto::FileLine> {
        let name = &self.spec?.name;
        let spec = self.reading.good().find(|spec| spec.name == *name)?;
        let now = spec.cases.iter().find(|now| now.name == case.name)?;
        Some(show::line(&now.file, now.place))
    }

    fn check(
        &self,
        expectation: &Expectation,
        value: &Scored,
        said: &str,
        place: Option<crate::dto::FileLine>,
        label: Option<&HumanLabelRow>,
    ) -> Check {
        let scorer = self.spec.and_then(|spec| spec.scorers.get(&expectation.scorer));
        let (rule, pattern) =
            scorer.map_or_else(Default::default, |scorer| self.words(scorer, expectation.negate));
        let mark = match value.passed() {
            Some(true) => Mark::Pass,
            Some(false) => Mark::Fail,
            None => Mark::Trouble,
        };
        let marks = scorer.map(|scorer| found(scorer, said)).unwrap_or_default();
        let label =
            label.and_then(|row| Some(LabelView { word: label::word(row.word?), by: row.by.clone() }));
        let scorer = expectation.scorer.to_string();
        Check { mark, rule, pattern, why: value.why().to_owned(), place, marks, scorer, label }
    }

    /// What is expected, in words, and what with.
    pub(super) fn words(&self, scorer: &Scorer, negate: bool) -> (String, String) {
        let (is, is_not, with) = match scorer {
            Scorer::Pure(pure) => self.pure(pure),
            Scorer::Judge { votes, .. } => (
                "pleases the judge",
                "must not please the judge",
                words::plural(u32::from(*votes), "vote", "votes"),
            ),
            Scorer::External { argv, .. } => {
                ("satisfies the program", "must not satisfy the program", argv.join(" "))
            }
        };
        (if negate { is_not } else { is }.to_owned(), with)
    }

    fn pure(&self, scorer: &PureScorer) -> (&'static str, &'static str, String) {
        match scorer {
            PureScorer::Exact { text, .. } => ("is", "must not be", text.clone()),
            PureScorer::Contains { texts, any: true, .. } => {
                ("contains one of", "must contain none of", texts.join(" · "))
            }
            PureScorer::Contains { texts, .. } => ("contains", "must not contain", texts.join(" · ")),
            PureScorer::StartsWith { text, .. } => ("starts with", "must not start with", text.clone()),
            PureScorer::Regex { pattern } => ("matches", "must not match", pattern.clone()),
            PureScorer::Length { of, min, max } => {
                ("is as long as", "must not be as long as", length(*of, *min, *max))
            }
            PureScorer::Json => ("is JSON", "must not be JSON", String::new()),
            PureScorer::JsonSchema { schema } => {
                ("satisfies the schema", "must not satisfy the schema", run::excerpt(&schema.to_string()))
            }
            PureScorer::JsonPath { path, .. } => {
                ("holds at the path", "must not hold at the path", path.clone())
            }
            PureScorer::Numeric { value, tolerance } => {
                ("is the number", "must not be the number", format!("{value} ± {tolerance}"))
            }
            PureScorer::ToolCall(expected) => {
                let names: Vec<&str> = expected.calls.iter().map(|call| call.name.as_str()).collect();
                let forbidden: Vec<&str> = expected.forbidden.iter().map(String::as_str).collect();
                match (names.is_empty(), forbidden.is_empty()) {
                    (true, false) => ("does not call", "must call", forbidden.join(", ")),
                    _ => ("calls", "must not call", names.join(", ")),
                }
            }
            PureScorer::AtMost { of, limit } => {
                ("takes at most", "must take more than", measured::amount(*of, *limit, self.currency))
            }
            PureScorer::Group { how, parts } => {
                let (is, is_not) = match how {
                    GroupRule::All => ("all of", "not all of"),
                    GroupRule::Any => ("one of", "none of"),
                    GroupRule::Share => ("enough of", "not enough of"),
                };
                let parts = parts.iter().filter_map(|part| self.part(part.scorer, part.negate));
                (is, is_not, parts.collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn part(&self, scorer: ScorerId, negate: bool) -> Option<String> {
        let (rule, pattern) = self.words(self.spec?.scorers.get(&scorer)?, negate);
        Some(if pattern.is_empty() { rule } else { format!("{rule} {pattern}") })
    }
}

fn length(of: LengthUnit, min: Option<u64>, max: Option<u64>) -> String {
    let unit = match of {
        LengthUnit::Characters => "characters",
        LengthUnit::Words => "words",
    };
    match (min, max) {
        (Some(min), Some(max)) => format!("{} to {} {unit}", words::count(min), words::count(max)),
        (Some(min), None) => format!("at least {} {unit}", words::count(min)),
        (None, Some(max)) => format!("at most {} {unit}", words::count(max)),
        (None, None) => format!("any number of {unit}"),
    }
}

/// What an answer calls, one line each: the tool's name and its arguments.
pub(super) fn tool_calls(reply: &gatewright_core::observation::Reply) -> Vec<String> {
    let call = |call: &gatewright_core::observation::ToolCall| {
        let args = match &call.args {
            ToolArgs::Json(value) => value.to_string(),
            ToolArgs::Invalid(text) => text.clone(),
        };
        run::excerpt(&format!("{} {args}", call.name))
    };
    reply.tool_calls.iter().map(call).collect()
}

/// The places of an answer that a scorer looks at.
fn found(scorer: &Scorer, said: &str) -> Vec<TextRange> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    match scorer {
        Scorer::Pure(PureScorer::Regex { pattern: text }) => {
            if let Ok(regex) = pattern::regex(text) {
                places
                    .extend(regex.find_iter(said).take(MARKS_MAX).map(|found| (found.start(), found.end())));
            }
        }
        Scorer::Pure(PureScorer::Contains { texts, case, .. }) => {
            for text in texts.iter().filter(|text| !text.is_empty()) {
                places.extend(occurrences(said, text, *case));
            }
        }
        _ => {}
    }
    places.retain(|(from, to)| from < to);
    places.sort_unstable();
    places.truncate(MARKS_MAX);
    places.into_iter().map(|(from, to)| TextRange { from: units(said, from), to: units(said, to) }).collect()
}

fn occurrences(said: &str, text: &str, case: bool) -> Vec<(usize, usize)> {
    let flag = if case { "" } else { "(?i)" };
    let escaped: String = text
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || letter.is_whitespace() {
                letter.to_string()
            } else {
                format!("\\x{{{:x}}}", u32::from(letter))
            }
        })
        .collect();
    let Ok(regex) = pattern::regex(&format!("{flag}{escaped}")) else { return Vec::new() };
    regex.find_iter(said).take(MARKS_MAX).map(|found| (found.start(), found.end())).collect()
}

/// UTF-16 code units before a byte offset.
fn units(text: &str, byte: usize) -> u32 {
    show::small(text[..byte].chars().map(char::len_utf16).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_editors_count() {
        let contains = |text: &str, case| {
            Scorer::Pure(PureScorer::Contains { texts: vec![text.to_owned()], any: false, case })
        };
        let said = "😀 A.B a.b axb";
        let places =
            |scorer| found(&scorer, said).iter().map(|place| (place.from, place.to)).collect::<Vec<_>>();
        assert_eq!(places(contains("a.b", false)), [(3, 6), (7, 10)]);
        assert_eq!(places(contains("a.b", true)), [(7, 10)]);
        assert_eq!(places(Scorer::Pure(PureScorer::Regex { pattern: "x.".to_owned() })), [(12, 14)]);
        assert_eq!(places(Scorer::Pure(PureScorer::Json)), []);
    }
}
