//! How far a run is: its specs, its calls, its time and money.

use std::sync::{Arc, PoisonError};

use gatewright_core::{
    gate::words,
    id::{RunId, SpecName},
    plan::StreamKey,
    spec::{Budget, Currency, Spec, workspace::Workspace},
    verdict::Verdict,
};
use gatewright_engine::{
    store::{
        Read,
        table::{RunRow, RunState as Ended},
    },
    supervisor::reading::Reading,
};

use super::super::{
    Answered, criterion,
    opened::{self, Opened},
    show,
};
use super::{
    Active, Over,
    follow::{Ahead, Far},
    row::{self, Listed},
};
use crate::dto::{Counts, Outcome, Progress, Run, RunHead, RunPhase, RunSpec, RunState, Standing};

/// The run in progress, for the status bar.
pub(in crate::session) fn head(opened: &Arc<Opened>) -> Answered<Option<RunHead>> {
    let Some(run) = going(opened)? else { return Ok(None) };
    let Some(run) = state(opened, Some(&run.to_string()))?.run else { return Ok(None) };
    let Progress { asked, asked_max, left_low_ms, left_high_ms, cost, .. } = run.progress;
    Ok(Some(RunHead { run: run.run, asked, asked_max, left_low_ms, left_high_ms, cost }))
}

/// The run that goes on now: this process's, or another's.
fn going(opened: &Opened) -> Answered<Option<RunId>> {
    if let Some(run) = opened.runs.active() {
        return Ok(Some(run));
    }
    let newest = opened.look(|read| Ok(read.runs(1)?.pop()))?;
    let open = newest.filter(|row| row.state == Ended::Running);
    Ok(open.filter(|_| super::somebody_runs(opened)).map(|row| row.id))
}

/// A run; the newest when none is named.
pub(in crate::session) fn state(opened: &Arc<Opened>, run: Option<&str>) -> Answered<RunState> {
    let wanted = run.map(super::run_id).transpose()?;
    let reading = opened.reading();
    let alive = going(opened)?;
    opened.look(|read| {
        let row = match wanted {
            Some(run) => read.run(run)?,
            None => read.runs(1)?.pop(),
        };
        let Some(row) = row else { return Ok(RunState { run: None }) };
        let active = opened.runs.of(row.id);
        let view = View { opened, reading: &reading, read, active, going: alive == Some(row.id) };
        view.run(row).map(|run| RunState { run })
    })
}

/// What a run is seen through.
struct View<'a> {
    opened: &'a Opened,
    reading: &'a Reading,
    read: &'a Read<'a>,
    active: Option<Arc<Active>>,
    going: bool,
}

impl View<'_> {
    fn run(&self, row: RunRow) -> Answered<Option<Run>> {
        let Some(first) = row.streams.first() else { return Ok(None) };
        let version = show::version(self.read, first.version)?;
        let endpoint = self.read.endpoint(first.endpoint)?;
        let listed = row::all(self.read, &row)?;
        let workspace = self.reading.workspace.as_ref();
        let currency = workspace.map_or(Currency::USD, |found| found.currency);
        let mut specs = Vec::new();
        let mut verdicts = Vec::new();
        for stream in &row.streams {
            let verdict = self.verdict(stream, &row)?;
            specs.push(self.spec(stream, verdict.as_ref(), currency)?);
            verdicts.extend(verdict);
        }
        let over = self.over();
        let phase = self.phase(&specs);
        let name = show::called(&version).to_owned();
        let mut trouble = over.as_ref().and_then(|over| over.trouble.clone());
        if !self.going && row.state == Ended::Interrupted {
            trouble = Some("it broke off; the next run goes on there".to_owned());
        }
        let egress = match &over {
            Some(over) => over.egress.clone(),
            None if listed.is_empty() => Vec::new(),
            None => endpoint.iter().map(|found| found.address.clone()).collect(),
        };
        Ok(Some(Run {
            run: row.id.to_string(),
            phase,
            sentence: sentence(&row, phase, &name, &specs, &verdicts),
            detail: detail(&specs),
            version,
            address: endpoint.map(|found| found.address).unwrap_or_default(),
            started_at: row.started.0,
            ended_at: row.ended.map(|at| at.0),
            progress: self.progress(&row, &specs, &listed, over.as_ref(), currency),
            trouble,
            specs,
            rows: row::counts(&listed),
            egress,
        }))
    }

    fn over(&self) -> Option<Over> {
        let active = self.active.as_ref()?;
        active.over.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn phase(&self, specs: &[RunSpec]) -> RunPhase {
        let stopping = self.active.as_ref().is_some_and(|active| active.cancel.is_cancelled());
        if !self.going {
            RunPhase::Ended
        } else if stopping {
            RunPhase::Stopping
        } else if specs.iter().all(|spec| spec.phase == RunPhase::Waiting) {
            RunPhase::Preparing
        } else {
            RunPhase::Running
        }
    }

    /// The verdict that this run gave on a stream, or a later one: none while it is asked.
    fn verdict(&self, stream: &StreamKey, row: &RunRow) -> Answered<Option<Verdict>> {
        let rows = self.read.verdicts_of_version(stream.version)?;
        let newest = rows.into_iter().map(|row| row.verdict).find(|verdict| verdict.stream == *stream);
        Ok(newest.filter(|verdict| !self.going || verdict.seq > row.seq))
    }

    fn spec(&self, stream: &StreamKey, verdict: Option<&Verdict>, currency: Currency) -> Answered<RunSpec> {
        let far = self.active.as_ref().and_then(|active| active.following.far(&stream.spec));
        let cases = self.cases(&stream.spec);
        let spec = |phase, standing, criteria, counts, asked, total| RunSpec {
            spec: stream.spec.to_string(),
            phase,
            standing,
            attempt: stream.attempt.get(),
            criteria,
            counts,
            cases_asked: asked,
            cases_total: total,
            verdict: verdict.map(|verdict| verdict.id.to_string()),
            outcome: verdict.map(|verdict| show::outcome(verdict.outcome)),
        };
        if let Some(verdict) = verdict {
            let criteria = verdict.criteria.iter().map(|one| criterion::judged(one, currency)).collect();
            let standing = show::standing(verdict.standing);
            let (asked, total) = (show::small(verdict.cases_heard()), show::small(verdict.cases.len()));
            return Ok(spec(RunPhase::Ended, standing, criteria, show::counts(verdict.counts), asked, total));
        }
        let Some(far) = far else {
            let phase = if self.going { RunPhase::Waiting } else { RunPhase::Ended };
            return Ok(spec(phase, Standing::Prospective, Vec::new(), Counts::default(), 0, cases));
        };
        let asked = self.cases_asked(stream)?;
        let criteria = far.criteria.iter().map(|one| criterion::running(one, currency)).collect();
        let standing = if far.counts.reused > 0 { Standing::Rescored } else { Standing::Prospective };
        let phase = if self.going && !far.ended { RunPhase::Running } else { RunPhase::Ended };
        Ok(spec(phase, standing, criteria, show::counts(far.counts), asked, cases))
    }

    fn cases(&self, name: &SpecName) -> u32 {
        let found = self.reading.good().find(|spec| spec.name == *name);
        found.map_or(0, |spec| show::small(spec.cases.len()))
    }

    fn cases_asked(&self, stream: &StreamKey) -> Answered<u32> {
        let trials = self.read.trials_of(stream)?;
        let cases: std::collections::BTreeSet<_> = trials.iter().map(|row| &row.trial.slot.case).collect();
        Ok(show::small(cases.len()))
    }

    fn progress(
        &self,
        row: &RunRow,
        specs: &[RunSpec],
        listed: &[Listed],
        over: Option<&Over>,
        currency: Currency,
    ) -> Progress {
        let now = self.opened.engine.clock().now();
        let until = row.ended.unwrap_or(now);
        let elapsed_ms = u64::try_from(until.0.saturating_sub(row.started.0)).unwrap_or(0);
        let asked = listed.len() as u64;
        let heard = specs.iter().map(|spec| u64::from(heard(&spec.counts))).sum();
        let (most, likely) = self.ahead(specs, asked);
        let priced = listed.iter().any(|one| one.row.cost_micros.is_some());
        let cost_micros: i64 = listed.iter().filter_map(|one| one.row.cost_micros).sum();
        let budget = self.budget(specs);
        let share = |calls: u64, of: f64| {
            #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
            let each = of / asked.max(1) as f64;
            #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
            let all = each * calls as f64;
            all
        };
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let (elapsed, spent) = (elapsed_ms as f64, cost_micros as f64);
        let left = |calls: u64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
            let ms = share(calls.saturating_sub(asked), elapsed) as u64;
            (self.going && asked > 0).then_some(ms)
        };
        let likely = likely.filter(|_| self.going);
        #[expect(clippy::cast_possible_truncation, reason = "an estimate")]
        let cost_likely = likely.map(|(_, high)| share(high.max(asked), spent) as i64);
        let following = self.active.as_ref().map(|active| &active.following);
        Progress {
            asked,
            heard,
            asked_max: most,
            likely_low: likely.map(|(low, _)| low),
            likely_high: likely.map(|(_, high)| high),
            likely: likely.map(|(low, high)| {
                format!(
                    "Likely done between {} and {}: the rest is saved",
                    words::count(low),
                    words::count(high)
                )
            }),
            retried: over.map_or(0, |over| over.retried),
            elapsed_ms,
            left_low_ms: likely.and_then(|(low, _)| left(low)),
            left_high_ms: left(most),
            cost: priced.then(|| show::money(cost_micros, currency)),
            cost_likely: cost_likely.filter(|_| priced).map(|micros| show::money(micros, currency)),
            cost_max: budget.and_then(|budget| budget.cost).map(show::micro_money),
            in_flight: match (self.going, following) {
                (true, Some(following)) => following
                    .specs()
                    .iter()
                    .filter_map(|spec| following.far(spec))
                    .map(|far| far.in_flight)
                    .sum(),
                _ => 0,
            },
            concurrency: self.concurrency(specs),
        }
    }

    /// Calls of this run at most, and between which numbers it will likely stop.
    fn ahead(&self, specs: &[RunSpec], asked: u64) -> (u64, Option<(u64, u64)>) {
        let Some(active) = self.active.as_ref().filter(|_| self.going) else {
            let most: u32 = specs
                .iter()
                .map(|spec| spec.criteria.iter().map(|one| one.heard_max).max().unwrap_or(0))
                .sum();
            return (asked.max(u64::from(most)), None);
        };
        let (mut most, mut low, mut high) = (asked, asked, asked);
        for spec in active.following.specs() {
            let far = active.following.far(&spec);
            let Some(ahead) = active.following.ahead(&spec) else { continue };
            let to_come = |calls: u32| u64::from(left(far.as_ref(), ahead, calls));
            most += to_come(ahead.calls.at_most);
            low += to_come(ahead.calls.if_none_fails);
            high += to_come(ahead.calls.at_target.max(ahead.calls.at_floor));
        }
        (most, (low < high && high < most).then_some((low, high)))
    }

    fn workspace(&self) -> Option<&Workspace> {
        self.reading.workspace.as_ref()
    }

    fn first_spec(&self, specs: &[RunSpec]) -> Option<&Spec> {
        let name = &specs.first()?.spec;
        self.reading.good().find(|spec| spec.name.as_str() == name)
    }

    fn budget(&self, specs: &[RunSpec]) -> Option<Budget> {
        let own = self.first_spec(specs).and_then(|spec| spec.budget);
        own.or_else(|| self.workspace().map(|workspace| workspace.defaults.budget))
    }

    fn concurrency(&self, specs: &[RunSpec]) -> u32 {
        let workspace = self.workspace();
        let named = self.first_spec(specs).and_then(|spec| workspace?.agents.get(&spec.agent));
        let agent = named.or_else(|| opened::agent(workspace?));
        agent.map_or(1, |agent| agent.limits.concurrency)
    }
}

/// Calls that are still to come, if the spec takes so many in all.
fn left(far: Option<&Far>, ahead: &Ahead, calls: u32) -> u32 {
    match far {
        None => calls,
        Some(far) if far.ended => 0,
        Some(far) if calls == ahead.calls.at_most => {
            far.left_at_most.saturating_sub(far.asked - far.heard.min(far.asked))
        }
        Some(far) => calls.saturating_sub(far.asked).min(far.left_at_most),
    }
}

fn heard(counts: &Counts) -> u32 {
    counts.scored + counts.not_judged + counts.missing
}

fn sentence(row: &RunRow, phase: RunPhase, version: &str, specs: &[RunSpec], verdicts: &[Verdict]) -> String {
    let names: Vec<&str> = specs.iter().map(|spec| spec.spec.as_str()).collect();
    let names = if names.len() > 3 { show::plural(names.len(), "spec", "specs") } else { names.join(", ") };
    let decided = |spec: &RunSpec| spec.criteria.iter().filter(|one| is_decided(one.state)).count();
    let all: usize = specs.iter().map(|spec| spec.criteria.len()).sum();
    match (phase, row.state, verdicts) {
        (RunPhase::Preparing | RunPhase::Waiting, ..) => format!("Preparing {names} on {version}"),
        (RunPhase::Stopping, ..) => {
            format!("Stopping {names} on {version}: calls in flight may still answer")
        }
        (RunPhase::Running, ..) => {
            let decided: usize = specs.iter().map(decided).sum();
            format!("Running {names} on {version}: {decided} of {all} criteria decided")
        }
        (RunPhase::Ended, Ended::Cancelled, _) => {
            format!("Stopped {names} on {version}: what was answered is kept, and the next run goes on")
        }
        (RunPhase::Ended, _, [one]) => format!("{names} on {version}. {}", one.headline),
        (RunPhase::Ended, _, []) => format!("Ran {names} on {version}, without a verdict"),
        (RunPhase::Ended, ..) => summary(version, specs),
    }
}

/// What several specs say of a version: what holds it back, or that nothing does.
fn summary(version: &str, specs: &[RunSpec]) -> String {
    let of = |outcome| {
        let meant = specs.iter().filter(|spec| spec.outcome == Some(outcome));
        meant.map(|spec| spec.spec.as_str()).collect::<Vec<_>>()
    };
    let (passed, failed, open) = (of(Outcome::Pass), of(Outcome::Fail), of(Outcome::Inconclusive));
    let count = format!("{} of {} specs passed", passed.len(), specs.len());
    if !failed.is_empty() {
        format!("{version} is blocked by {}: {count}", failed.join(" and "))
    } else if !open.is_empty() {
        format!("{version} is undecided in {}: {count}", open.join(" and "))
    } else if passed.len() < specs.len() {
        format!("{version} is not judged by every spec yet: {count}")
    } else {
        format!("{version} passed {}", passed.join(" and "))
    }
}

fn is_decided(state: crate::dto::CriterionState) -> bool {
    use crate::dto::CriterionState as State;
    matches!(state, State::Met | State::NotMet)
}

fn detail(specs: &[RunSpec]) -> String {
    let said = specs.iter().map(|spec| {
        let standing = match spec.standing {
            Standing::Prospective => "Prospective",
            Standing::Rescored => "Rescored",
        };
        let name = if specs.len() > 1 { format!("{}: ", spec.spec) } else { String::new() };
        format!(
            "{name}{standing}, attempt {}. Asked {} of {} cases.",
            spec.attempt, spec.cases_asked, spec.cases_total
        )
    });
    said.collect::<Vec<_>>().join(" ")
}
