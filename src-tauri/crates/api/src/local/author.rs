//! What an author learns of a gate before a call is made.

use gatewright_core::{
    gate::{CriterionOutlook, outlook},
    id::SpecName,
    selftest::{Erred, Found, VERSIONS},
    spec::{Ask, Criterion, Spec},
};
use gatewright_engine::supervisor::{Origin, Price, Rejudged, SelfTestReport, reading::ReadSpec};
use tokio_util::sync::CancellationToken;

use super::{
    Local,
    run::{Levels, outcome},
};
use crate::{
    author,
    document::{
        BacktestDocument, BlocksDocument, BudgetDocument, CloserDocument, FORMAT, KindDocument,
        PlanCallsDocument, PlanCostDocument, PlanDocument, PlannedDocument, RateDocument, RejudgedDocument,
        SelfTestDocument, SpreadDocument, UndecidedDocument, UnseenDocument,
    },
    dto::BacktestChange,
    error::{ApiError, Code},
    money,
};

impl Local {
    /// Calls, cost and time of a spec's gate, and what each criterion can tell apart.
    ///
    /// # Errors
    /// There is no such spec, it has mistakes, or no plan.
    pub fn plan(&self, name: &str) -> Result<PlanDocument, ApiError> {
        let spec = self.spec(name)?;
        let workspace = self.reading.workspace.as_ref().ok_or_else(mistakes)?;
        let budget = spec.budget.unwrap_or(workspace.defaults.budget);
        let outlook = outlook(spec, Some(&budget))
            .map_err(|problem| ApiError::new(Code::BadSpec, format!("spec `{name}`: {problem}")))?;
        let price = self.engine.price(workspace, spec)?;
        let currency = workspace.currency.to_string();
        let calls = outlook.calls;
        let each = [calls.if_none_fails, calls.at_target, calls.at_floor, calls.at_most];
        let costs = each.map(|calls| price.cost(calls).map(money::decimal));
        let cost = match costs {
            [Some(if_none_fails), Some(at_target), Some(at_floor), Some(at_most)] => {
                Some(PlanCostDocument { if_none_fails, at_target, at_floor, at_most })
            }
            _ => None,
        };
        let time_ms = match each.map(|calls| price.time_ms(calls)) {
            [Some(if_none_fails), Some(at_target), Some(at_floor), Some(at_most)] => {
                Some(PlanCallsDocument { if_none_fails, at_target, at_floor, at_most })
            }
            _ => None,
        };
        let criteria = outlook.criteria.iter().zip(&spec.gate);
        Ok(PlanDocument {
            format: FORMAT,
            workspace: self.name(),
            spec: spec.name.to_string(),
            ask: match spec.ask {
                Ask::EveryCaseOnce => "every_case_once",
                Ask::Enough => "enough",
            },
            cases: u32::try_from(spec.cases.len()).unwrap_or(u32::MAX),
            criteria: criteria.map(|(one, written)| planned(one, written, &price, &currency)).collect(),
            calls: counted(each),
            cost,
            currency,
            time_ms,
            budget: BudgetDocument {
                calls: budget.calls,
                cost: budget.cost.map(|cost| money::decimal(cost.micros)),
                time_ms: budget.time_ms,
            },
            underfunded: outlook.underfunded.is_some(),
            sentences: outlook.sentences,
        })
    }

    /// Tests a spec's gate on simulated versions. None when it was stopped.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn selftest(
        &self,
        name: &str,
        assumed: bool,
        progress: &(dyn Fn(u32, u32) + Sync),
        cancel: &CancellationToken,
    ) -> Result<Option<SelfTestDocument>, ApiError> {
        let report = self.engine.selftest(
            &self.reading,
            &SpecName::new(name.to_owned()),
            assumed,
            progress,
            cancel,
        )?;
        report.map(|report| self.selftest_document(&report)).transpose()
    }

    fn selftest_document(&self, report: &SelfTestReport) -> Result<SelfTestDocument, ApiError> {
        let findings = &report.findings;
        let called = match &report.origin {
            Origin::Recorded { version, .. } => self.label(*version)?.unwrap_or_else(|| version.0.short()),
            Origin::Assumed { .. } => String::new(),
        };
        Ok(SelfTestDocument {
            format: FORMAT,
            workspace: self.name(),
            spec: report.spec.name.to_string(),
            sentence: findings.headline.clone(),
            kept: findings.kept,
            versions: VERSIONS,
            source: author::source(&report.origin, &called),
            assumed: matches!(report.origin, Origin::Assumed { .. }),
            weather: author::weather(report.weather),
            rates: findings
                .rates
                .iter()
                .map(|rate| RateDocument {
                    criterion: rate.criterion.as_ref().map(ToString::to_string),
                    of: match rate.erred {
                        Erred::WronglyBlocked => "wrongly_blocked",
                        Erred::WronglyPassed => "wrongly_passed",
                    },
                    declared: rate.declared.map(|declared| declared.as_f64()),
                    found: rate.found,
                    versions: rate.versions,
                    low: rate.interval.low,
                    high: rate.interval.high,
                    kept: rate.kept,
                })
                .collect(),
            kinds: findings.kinds.iter().map(kind).collect(),
            unseen: findings
                .unseen
                .iter()
                .map(|one| UnseenDocument {
                    kind: one.fault.code(),
                    sentence: one.text.clone(),
                    advice: one.advice.clone(),
                    add: one.add.clone(),
                })
                .collect(),
            notes: findings.notes.clone(),
            duration_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// What the present gate would have said of past versions, from recorded answers alone.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn backtest(&self, name: &str) -> Result<BacktestDocument, ApiError> {
        let report = self.engine.backtest(&self.reading, &SpecName::new(name.to_owned()))?;
        let versions = report.versions.iter().map(|one| self.rejudged(one));
        Ok(BacktestDocument {
            format: FORMAT,
            workspace: self.name(),
            spec: report.spec.name.to_string(),
            sentence: author::headline(&report),
            versions: versions.collect::<Result<_, _>>()?,
            more: report.more,
        })
    }

    fn rejudged(&self, one: &Rejudged) -> Result<RejudgedDocument, ApiError> {
        Ok(RejudgedDocument {
            version: one.version.to_string(),
            label: self.label(one.version)?,
            then: one.then.map(|then| outcome(then.outcome)),
            now: one.outcome().map(outcome),
            change: match author::change(one) {
                BacktestChange::Same => "same",
                BacktestChange::Stricter => "stricter",
                BacktestChange::Looser => "looser",
                BacktestChange::Other => "other",
                BacktestChange::New => "new",
                BacktestChange::NotEnough => "not_enough",
            },
            sentence: author::text(one),
            recorded: one.recorded,
            heard: one.now.heard(),
            heard_max: one.now.heard_max,
        })
    }

    fn spec(&self, name: &str) -> Result<&Spec, ApiError> {
        self.read_spec(name)?.spec.as_ref().ok_or_else(mistakes)
    }

    /// A spec of the workspace, whatever stands in it.
    pub(super) fn read_spec(&self, name: &str) -> Result<&ReadSpec, ApiError> {
        let found = self.reading.specs.iter().find(|read| read.name.as_str() == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.reading.specs.iter().map(|read| read.name.as_str()).collect();
            ApiError::new(Code::NotFound, format!("there is no spec `{name}`"))
                .hint(format!("There are: {}.", known.join(", ")))
        })
    }
}

fn mistakes() -> ApiError {
    ApiError::new(Code::BadSpec, "the workspace's files have errors").hint("`gatewright check` shows them.")
}

fn counted([if_none_fails, at_target, at_floor, at_most]: [u32; 4]) -> PlanCallsDocument {
    PlanCallsDocument {
        if_none_fails: if_none_fails.into(),
        at_target: at_target.into(),
        at_floor: at_floor.into(),
        at_most: at_most.into(),
    }
}

fn planned(one: &CriterionOutlook, written: &Criterion, price: &Price, currency: &str) -> PlannedDocument {
    let levels = Levels::of(&written.rule);
    let whole = |mean: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "calls of a plan")]
        let whole = mean.round() as u32;
        whole
    };
    PlannedDocument {
        criterion: one.name.to_string(),
        rule: levels.rule,
        metric: levels.metric,
        blocking: one.blocking,
        cases: one.cases,
        target: levels.target.map(gatewright_core::spec::Unit::as_f64),
        floor: levels.floor.map(gatewright_core::spec::Unit::as_f64),
        wrongly_blocked: levels.wrongly_blocked.map(gatewright_core::spec::Unit::as_f64),
        wrongly_passed: levels.wrongly_passed.map(gatewright_core::spec::Unit::as_f64),
        calls: counted(
            [one.if_none_fails, whole(one.at_target), whole(one.at_floor), one.at_most]
                .map(|number| one.calls_each() * number),
        ),
        one_round_excludes: one.tells.map(|tells| tells.one_round.as_f64()),
        closer: one.tells.and_then(|tells| {
            let (floor, calls_at_once) = tells.closer_at_once?;
            let calls_at_most = tells.closer.map(|(_, calls)| calls);
            Some(CloserDocument { floor: floor.as_f64(), calls_at_once, calls_at_most })
        }),
        with_missing: one.if_missing.clone(),
        blocks: one
            .blocked
            .iter()
            .map(|one| BlocksDocument { right: one.right, blocked: one.blocked })
            .collect(),
        undecided: one
            .undecided
            .map(|open| UndecidedDocument { at_target: open.at_target, at_floor: open.at_floor }),
        sentences: one.sentences(&author::price(price, one.calls_each() * one.at_most, currency)),
    }
}

fn kind(found: &Found) -> KindDocument {
    let tally = &found.tally;
    let spread = |(mean, p95)| SpreadDocument { mean, p95 };
    KindDocument {
        kind: found.fault.code(),
        label: found.label.clone(),
        passed: tally.passed,
        failed: tally.failed,
        undecided: tally.undecided,
        well: found.well,
        heard: spread(tally.heard_calls()),
        asked: spread(tally.asked_calls()),
    }
}
