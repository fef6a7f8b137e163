//! Running, and what is known without a run.

use std::sync::{Arc, Mutex, PoisonError};

use gatewright_core::{
    gate::{Counts, Outcome, Seen, Spent, words},
    id::{RunId, SpecName},
    spec::{Currency, Measure, Metric, MicroMoney, Quarantine, Rule, Spec, Unit},
    time::Duration,
    verdict::{CriterionVerdict, Flaky, FlakyCase, Standing},
};
use gatewright_engine::supervisor::{RunReport, RunRequest, SpecReport, TriedSince, Watch, reading::Reading};
use tokio_util::sync::CancellationToken;

use super::Local;
use crate::{
    document::{
        AskedAgainDocument, CallsDocument, CaseDocument, CostDocument, CountsDocument, CriterionDocument,
        FORMAT, FlakyCaseDocument, FlakyDocument, QuarantineDocument, RunDocument, SpecDocument,
        TriedDocument,
    },
    error::{ApiError, Code},
    interrupted, measured, money,
};

/// The words of `run`.
#[derive(Clone, Debug, Default)]
pub struct RunWords {
    /// Only these specs.
    pub specs: Vec<String>,
    /// This version.
    pub version: Option<String>,
    /// At this environment's endpoint.
    pub at: Option<String>,
    /// A name for the version.
    pub label: Option<String>,
    /// Calls at most.
    pub calls: Option<u64>,
    /// Cost at most.
    pub cost: Option<f64>,
    /// Time at most.
    pub time: Option<String>,
    /// Stop as soon as it is known.
    pub enough: bool,
    /// Fresh answers.
    pub new_attempt: bool,
    /// Do not wait.
    pub no_wait: bool,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The spec that is asked now.
    pub spec: String,
    /// Slots asked.
    pub asked: u64,
    /// Slots heard.
    pub heard: u32,
    /// Slots heard at most from here.
    pub left_at_most: u32,
}

/// Called with how far a run is.
pub type Tell = Box<dyn Fn(&Progress) + Send + Sync>;

struct Follower {
    tell: Tell,
    last: Mutex<Progress>,
}

impl Watch for Follower {
    fn began(&self, _run: RunId, _specs: &[SpecName]) {}

    fn moved(&self, spec: &SpecName, seen: &Seen, _spent: &Spent) {
        let progress = Progress {
            spec: spec.to_string(),
            asked: seen.asked() as u64,
            heard: seen.hearing().heard(),
            left_at_most: seen.hearing().left_at_most(),
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != progress {
            (self.tell)(&progress);
            *last = progress;
        }
    }
}

impl Local {
    /// Asks what is missing and judges.
    ///
    /// # Errors
    /// The words fit nothing, files have errors, or something failed; what was answered before is kept.
    pub async fn run(
        &self,
        words: &RunWords,
        tell: Tell,
        cancel: &CancellationToken,
    ) -> Result<RunDocument, ApiError> {
        self.know_specs(&words.specs)?;
        let request = self.request(words)?;
        self.check_cost_known(words)?;
        let follower = Arc::new(Follower { tell, last: Mutex::default() });
        let report = self.engine.run(&self.reading, &request, Some(follower), cancel).await?;
        self.document(&self.reading, &report)
    }

    /// What is known of the present version, without a call.
    ///
    /// # Errors
    /// The words fit nothing, or files have errors.
    pub fn verdict(&self, specs: &[String]) -> Result<RunDocument, ApiError> {
        self.know_specs(specs)?;
        let specs: Vec<SpecName> = specs.iter().map(|spec| spec.as_str().into()).collect();
        let report = self.engine.known(&self.reading, &specs)?;
        self.document(&self.reading, &report)
    }

    /// Whether there are such specs. Where files have errors that is not known, and said better.
    fn know_specs(&self, names: &[String]) -> Result<(), ApiError> {
        let mut sought = names.iter().filter(|_| self.reading.errors() == 0);
        sought.try_for_each(|name| self.read_spec(name).map(drop))
    }

    /// A budget of money that nothing is counted against would be none: it asks for a budget of calls.
    fn check_cost_known(&self, words: &RunWords) -> Result<(), ApiError> {
        if words.cost.is_none() || words.calls.is_some() {
            return Ok(());
        }
        let meant = |spec: &&Spec| {
            words.specs.is_empty() || words.specs.iter().any(|name| spec.name.as_str() == name)
        };
        let agents = self.reading.good().filter(meant).filter_map(|spec| self.reading.agent(&spec.agent));
        match agents.into_iter().find(|agent| agent.price.is_none()) {
            None => Ok(()),
            Some(agent) => Err(ApiError::new(
                Code::BadArguments,
                format!("--cost: what a call of `{}` costs is not known, as it has no price", agent.name),
            )
            .hint("Say `--calls N` beside it, or give the agent its `price`.")),
        }
    }

    fn request(&self, words: &RunWords) -> Result<RunRequest, ApiError> {
        let version = words.version.as_ref().map(|version| self.engine.version(version)).transpose()?;
        let bad = |what: String| ApiError::new(Code::BadArguments, what);
        let time = words.time.as_ref().map(|text| {
            Duration::parse(text).ok_or_else(|| bad(format!("--time: `{text}` is no time; write 90s or 10m")))
        });
        let cost = words.cost.map(|cost| {
            let fits = cost.is_finite() && (0.0..=1e9).contains(&cost);
            #[expect(clippy::cast_possible_truncation, reason = "at most 1e15")]
            fits.then_some((cost * 1e6).round() as i64)
                .ok_or_else(|| bad(format!("--cost: {cost} is no amount")))
        });
        // It is said in lists, in questions and in other people's commands.
        let name = |label: &str| !label.trim().is_empty() && !label.contains(char::is_control);
        if words.label.as_deref().is_some_and(|label| !name(label)) {
            return Err(bad("--label: a name is a line of text, and not empty".to_owned()));
        }
        Ok(RunRequest {
            specs: words.specs.iter().map(|spec| spec.as_str().into()).collect(),
            version: version.map(|row| row.version.id),
            at: words.at.as_ref().map(|at| at.as_str().into()),
            label: words.label.clone(),
            calls: words.calls,
            cost_micros: cost.transpose()?,
            time_ms: time.transpose()?.map(|time| time.0),
            enough: words.enough,
            new_attempt: words.new_attempt,
            no_wait: words.no_wait,
        })
    }

    pub(super) fn document(&self, reading: &Reading, report: &RunReport) -> Result<RunDocument, ApiError> {
        let specs = report.specs.iter().map(|spec| self.spec_document(reading, spec));
        let specs: Vec<SpecDocument> = specs.collect::<Result<_, _>>()?;
        let outcomes: Vec<&str> = specs.iter().map(|spec| spec.outcome).collect();
        let first = ["fail", "inconclusive", "pass"].into_iter().find(|outcome| outcomes.contains(outcome));
        let asked = report.answered;
        Ok(RunDocument {
            format: FORMAT,
            run: report.run,
            workspace: self.name(),
            outcome: first.unwrap_or("inconclusive"),
            calls: CallsDocument { asked: asked.asked, retried: asked.retried },
            cost: asked.cost.map(cost),
            duration_ms: u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
            egress: report.egress.iter().cloned().collect(),
            specs,
        })
    }

    pub(super) fn spec_document(
        &self,
        reading: &Reading,
        report: &SpecReport,
    ) -> Result<SpecDocument, ApiError> {
        let known = Known {
            tried: self.engine.tried_by(reading, &report.spec.name, &report.spec.agent)?,
            flaky: self.engine.flaky(&report.spec, report.version.id)?,
            asked_again: self.engine.store().read(|read| read.asked_again(&report.verdict.stream))?,
            currency: reading.workspace.as_ref().map_or(Currency::USD, |found| found.currency),
        };
        Ok(spec(report, &known))
    }
}

/// What the history adds to a verdict.
struct Known {
    tried: TriedSince,
    flaky: Flaky,
    asked_again: u32,
    currency: Currency,
}

pub(super) fn tried(found: &TriedSince) -> TriedDocument {
    let total = found.tried.wrongly_passed_total;
    TriedDocument {
        spec: found.spec.to_string(),
        environment: found.environment.as_ref().map(ToString::to_string),
        since: found.live,
        versions: found.tried.candidates,
        attempts: found.tried.attempts,
        wrongly_passed_at_most: (total < Unit::ONE).then(|| total.as_f64()),
        sentence: found.sentence(),
    }
}

fn cost(cost: MicroMoney) -> CostDocument {
    CostDocument { amount: money::decimal(cost.micros), currency: cost.currency.to_string() }
}

fn spec(report: &SpecReport, known: &Known) -> SpecDocument {
    let verdict = &report.verdict;
    let case = |tally: &gatewright_core::verdict::CaseTally| CaseDocument {
        case: tally.case.to_string(),
        trials: tally.trials,
        passed: tally.passed,
        flaky: known.flaky.has(&tally.case),
        quarantined: tally.quarantined,
        why: report.why.get(&tally.case).filter(|_| tally.passed < tally.trials).cloned(),
    };
    let sentence = match &report.remark {
        Some(remark) => format!("{} ({remark})", verdict.headline),
        None => verdict.headline.clone(),
    };
    SpecDocument {
        spec: report.spec.name.to_string(),
        meaning: verdict.spec,
        outcome: outcome(verdict.outcome),
        sentence,
        standing: standing(verdict.standing),
        attempt: verdict.attempts,
        attempt_over: verdict.outcome.ends_attempt(),
        wrongly_passed_total: verdict.wrongly_passed_total.as_f64(),
        candidates_tried: tried(&known.tried),
        version: Local::version_document(&report.version, report.label.clone()),
        endpoint: report.endpoint.address.clone(),
        baseline: verdict.baseline,
        criteria: verdict.criteria.iter().map(|one| criterion(one, known.currency)).collect(),
        cases: verdict.cases.iter().map(case).collect(),
        flaky: flaky(&known.flaky),
        quarantine: report.spec.quarantine.iter().map(quarantine).collect(),
        cases_asked: u32::try_from(verdict.cases_heard()).unwrap_or(u32::MAX),
        cases_total: u32::try_from(verdict.cases.len()).unwrap_or(u32::MAX),
        counts: counts(verdict.counts),
        baseline_counts: verdict.baseline_counts.map(counts),
        asked_again: AskedAgainDocument {
            slots: known.asked_again,
            sentence: interrupted::asked_again(known.asked_again),
        },
    }
}

const fn counts(counts: Counts) -> CountsDocument {
    CountsDocument {
        scored: counts.scored,
        failed: counts.failed,
        agent_errors: counts.agent_errors,
        not_judged: counts.not_judged,
        missing: counts.missing,
        reused: counts.reused,
    }
}

pub(super) fn flaky(found: &Flaky) -> FlakyDocument {
    let nine = |value: Option<f64>| value.map(words::nine).unwrap_or_default();
    let case = |case: &FlakyCase| FlakyCaseDocument {
        case: case.record.case.to_string(),
        trials: case.record.scored,
        passed: case.record.passed,
        index: words::nine(case.index),
    };
    FlakyDocument {
        cases: found.cases.iter().map(case).collect(),
        repeated: found.repeated,
        within_case: nine(found.within_case),
        design_effect: nine(found.design_effect),
        sentence: found.sentence(),
    }
}

fn quarantine(entry: &Quarantine) -> QuarantineDocument {
    QuarantineDocument {
        case: entry.case.to_string(),
        reason: entry.reason.clone(),
        until: entry.until.to_string(),
    }
}

fn criterion(verdict: &CriterionVerdict, currency: Currency) -> CriterionDocument {
    let levels = Levels::of(&verdict.rule);
    CriterionDocument {
        criterion: verdict.name.to_string(),
        rule: levels.rule,
        metric: levels.metric,
        blocking: verdict.blocking,
        outcome: match verdict.outcome {
            Outcome::Pass => "met",
            Outcome::Fail => "not_met",
            Outcome::Inconclusive(_) => "undecided",
        },
        unit: measured::of(&verdict.rule).map(|of| measured::unit(of, currency)),
        value: verdict.shown.value.clone(),
        low: verdict.shown.low.clone(),
        high: verdict.shown.high.clone(),
        bound: verdict.shown.bound.clone(),
        standard_error: (!verdict.shown.error.is_empty()).then(|| verdict.shown.error.clone()),
        target: levels.target.or(verdict.recorded.as_ref().map(|recorded| recorded.target)).map(Unit::as_f64),
        floor: levels.floor.or(verdict.recorded.as_ref().map(|recorded| recorded.floor)).map(Unit::as_f64),
        wrongly_blocked: levels.wrongly_blocked.map(Unit::as_f64),
        wrongly_passed: levels.wrongly_passed.map(Unit::as_f64),
        heard: verdict.at,
        heard_max: verdict.heard_max,
        method: verdict.shown.method.clone(),
        reason: verdict.reason.clone(),
    }
}

/// What a rule declares.
pub(super) struct Levels {
    pub(super) rule: &'static str,
    pub(super) metric: String,
    pub(super) target: Option<Unit>,
    pub(super) floor: Option<Unit>,
    pub(super) wrongly_blocked: Option<Unit>,
    pub(super) wrongly_passed: Option<Unit>,
}

impl Levels {
    pub(super) fn of(rule: &Rule) -> Self {
        let bare = |rule, metric| Self {
            rule,
            metric,
            target: None,
            floor: None,
            wrongly_blocked: None,
            wrongly_passed: None,
        };
        match rule {
            Rule::Rate { of, target, floor, risk } => Self {
                target: Some(*target),
                floor: Some(*floor),
                wrongly_blocked: Some(risk.wrongly_blocked),
                wrongly_passed: Some(risk.wrongly_passed),
                ..bare("rate", metric(of))
            },
            Rule::Mean { of, target, floor, risk, .. } => Self {
                target: Some(*target),
                floor: Some(*floor),
                wrongly_blocked: Some(risk.wrongly_blocked),
                wrongly_passed: Some(risk.wrongly_passed),
                ..bare("mean", metric(of))
            },
            Rule::MaxDrop { of, risk, .. } => Self {
                wrongly_blocked: Some(risk.wrongly_blocked),
                wrongly_passed: Some(risk.wrongly_passed),
                ..bare("max_drop", metric(of))
            },
            Rule::Never { wrongly_passed, .. } => {
                Self { wrongly_passed: Some(*wrongly_passed), ..bare("never", metric(&Metric::PassRate)) }
            }
            Rule::Plain { of, target, .. } => Self { target: Some(*target), ..bare("plain", metric(of)) },
        }
    }
}

fn metric(metric: &Metric) -> String {
    match metric {
        Metric::PassRate => "pass_rate".to_owned(),
        Metric::Within { of: Measure::LatencyMs, .. } => "latency".to_owned(),
        Metric::Within { of: Measure::FirstTokenMs, .. } => "first_token".to_owned(),
        Metric::Within { of: Measure::CostMicros, .. } => "cost".to_owned(),
        Metric::Within { of: Measure::TokensOut, .. } => "tokens".to_owned(),
        Metric::Graded(name) => name.to_string(),
        Metric::Weighted(parts) => {
            let parts = parts.iter().map(|(weight, part)| format!("{weight} × {}", self::metric(part)));
            parts.collect::<Vec<_>>().join(" + ")
        }
    }
}

pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::Inconclusive(_) => "inconclusive",
    }
}

pub(super) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Prospective => "prospective",
        Standing::Rescored => "rescored",
    }
}
