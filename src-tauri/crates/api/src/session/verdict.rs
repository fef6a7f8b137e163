//! What a gate said of a version, and why.

use std::collections::BTreeMap;

use gatewright_core::{
    gate::{Outcome, Why, words},
    id::{CaseName, SpecName, VerdictId, VersionId},
    spec::{Case, Currency, Spec, quarantine_sentence},
    verdict::{CaseTally, Flaky, Standing, Verdict as Said},
};
use gatewright_engine::{
    store::{
        Read,
        table::{CaseChange, VerdictRow},
    },
    supervisor::{flaky, reading::Reading},
};

use super::{Answered, criterion, opened::Opened, show, spec::mark_of, workspace::step};
use crate::{
    dto::{
        CaseResult, Mark, Note, Step, Verdict, VerdictArgs, VerdictHead, VerdictState, Verdicts,
        VerdictsArgs, VersionRef, Way,
    },
    error::{ApiError, Code},
    interrupted,
};

/// Verdicts of a list at most.
const LIST_MAX: u32 = 200;

/// Verdicts, the newest first.
pub(super) fn list(opened: &Opened, args: &VerdictsArgs) -> Answered<Verdicts> {
    let limit = args.limit.min(LIST_MAX);
    let reading = opened.reading();
    opened.look(|read| {
        let mut rows = match (&args.version, &args.spec) {
            (Some(version), _) => read.verdicts_of_version(show::version_id(version)?)?,
            (None, Some(spec)) => read.verdicts_of_spec(&SpecName::new(spec.clone()), limit)?,
            (None, None) => of_all(read, &reading, limit)?,
        };
        if let Some(spec) = &args.spec {
            rows.retain(|row| row.verdict.stream.spec.as_str() == spec);
        }
        rows.truncate(limit as usize);
        let verdicts = rows.iter().map(|row| head(read, row)).collect::<Answered<_>>()?;
        Ok(Verdicts { verdicts })
    })
}

fn of_all(read: &Read<'_>, reading: &Reading, limit: u32) -> Answered<Vec<VerdictRow>> {
    let mut rows = Vec::new();
    for spec in &reading.specs {
        rows.extend(read.verdicts_of_spec(&spec.name, limit)?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict.seq));
    Ok(rows)
}

/// A verdict without its evidence.
pub(super) fn head(read: &Read<'_>, row: &VerdictRow) -> Answered<VerdictHead> {
    let verdict = &row.verdict;
    Ok(VerdictHead {
        verdict: verdict.id.to_string(),
        spec: verdict.stream.spec.to_string(),
        version: show::version(read, verdict.stream.version)?,
        outcome: show::outcome(verdict.outcome),
        standing: show::standing(verdict.standing),
        attempt: verdict.attempts,
        at: read.verdict_given(verdict.id)?.unwrap_or_default().0,
        sentence: verdict.headline.clone(),
        withdrawn_by: row.withdrawn_by.map(|by| by.to_string()),
    })
}

/// The id of a verdict as it came over the boundary, looked up.
pub(super) fn find(read: &Read<'_>, id: &str) -> Answered<VerdictRow> {
    let id: VerdictId = id.parse().map_err(|error| ApiError::new(Code::BadArguments, format!("{error}")))?;
    read.verdict(id)?.ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no verdict {id}")))
}

/// What a spec meant when a verdict was given; none when that was not kept.
pub(super) fn spec_of(read: &Read<'_>, verdict: &Said) -> Answered<Option<Spec>> {
    let body = read.meaning(verdict.spec)?;
    Ok(body.and_then(|body| serde_json::from_slice(&body).ok()))
}

/// A verdict in full; the newest when none is named.
pub(super) fn state(opened: &Opened, args: &VerdictArgs) -> Answered<VerdictState> {
    let reading = opened.reading();
    let presents = opened.presents(&reading);
    let row = opened.look(|read| {
        Ok(match (&args.verdict, &args.spec) {
            (Some(id), _) => Some(find(read, id)?),
            (None, Some(spec)) => read.verdicts_of_spec(&SpecName::new(spec.clone()), 1)?.pop(),
            (None, None) => of_all(read, &reading, 1)?.into_iter().next(),
        })
    })?;
    let Some(row) = row else { return Ok(VerdictState { verdict: None }) };
    let now = by_the_present_spec(opened, &reading, &row.verdict);
    let tried = tried(opened, &reading, &row.verdict)?;
    opened.look(|read| {
        let spec = spec_of(read, &row.verdict)?;
        let present = spec.as_ref().and_then(|spec| presents.get(&spec.agent)).map(|found| found.id);
        let former = former(read, &row.verdict)?;
        let flaky = spec.as_ref().map(|spec| flaky(read, spec, row.verdict.stream.version)).transpose()?;
        let spec = spec.as_ref();
        let view = View { read, reading: &reading, row: &row, spec, former, present, now, tried, flaky };
        Ok(VerdictState { verdict: Some(view.verdict()?) })
    })
}

/// The version that changes are told against: the newest other one that passed before, else the newest other one.
pub(super) fn former(read: &Read<'_>, verdict: &Said) -> Answered<Option<VersionRef>> {
    let found = read.version_judged_before(&verdict.stream.spec, verdict.seq, verdict.stream.version)?;
    found.map(|version| show::version(read, version)).transpose()
}

/// What the present spec says of the same version's recorded answers, without a call; none where it means the same,
/// or where the files describe another version.
fn by_the_present_spec(opened: &Opened, reading: &Reading, said: &Said) -> Option<Said> {
    let name = &said.stream.spec;
    let changed = reading.good().any(|spec| spec.name == *name && spec.meaning != said.spec);
    if !changed {
        return None;
    }
    // Why nothing is known is told by a run; here it is only less to show.
    let report = opened.engine.known(reading, std::slice::from_ref(name)).ok()?.specs.pop()?;
    (report.version.id == said.stream.version).then_some(report.verdict)
}

/// What many candidates of the same gate do to the chance.
fn tried(opened: &Opened, reading: &Reading, said: &Said) -> Answered<Option<String>> {
    let version = opened.look(|read| Ok(read.version(said.stream.version)?))?;
    let Some(row) = version else { return Ok(None) };
    Ok(opened.engine.tried_by(reading, &said.stream.spec, &row.version.agent)?.sentence())
}

struct View<'a> {
    read: &'a Read<'a>,
    reading: &'a Reading,
    row: &'a VerdictRow,
    /// As it was meant then.
    spec: Option<&'a Spec>,
    /// What changes are told against.
    former: Option<VersionRef>,
    /// The version that the files describe now.
    present: Option<VersionId>,
    /// What the present spec says of the recorded answers, where it means something else.
    now: Option<Said>,
    /// What many candidates do to the chance.
    tried: Option<String>,
    /// How steady the version is; none when what the spec meant was not kept.
    flaky: Option<Flaky>,
}

impl View<'_> {
    fn verdict(&self) -> Answered<Verdict> {
        let said = &self.row.verdict;
        let currency = self.reading.workspace.as_ref().map_or(Currency::USD, |found| found.currency);
        let changes = self.changes()?;
        let cases = self.cases(&changes);
        let trials = self.read.trials_of(&said.stream)?;
        let priced = trials.iter().any(|row| row.cost_micros.is_some());
        let cost: i64 = trials.iter().filter_map(|row| row.cost_micros).sum();
        let broken: Vec<&str> =
            cases.iter().filter(|case| is_newly_broken(case)).map(|case| &*case.case).collect();
        let endpoint = self.read.endpoint(said.stream.endpoint)?;
        Ok(Verdict {
            head: head(self.read, self.row)?,
            detail: self.detail(&broken, trials.len()),
            baseline: said.baseline.map(|id| show::version(self.read, id)).transpose()?,
            address: endpoint.map(|endpoint| endpoint.address).unwrap_or_default(),
            attempts_max: self.attempts_max(),
            notes: self.notes()?,
            criteria: said.criteria.iter().map(|one| criterion::judged(one, currency)).collect(),
            promise: criterion::promises(said.criteria.iter().filter(|one| one.blocking)),
            tried: self.tried.clone(),
            counts: show::counts(said.counts),
            asked: trials.len() as u64,
            cost: priced.then(|| show::money(cost, currency)),
            cases_asked: show::small(said.cases_heard()),
            cases_total: show::small(said.cases.len()),
            cases_failed: show::small(
                cases.iter().filter(|case| matches!(case.mark, Mark::Fail | Mark::Flaky)).count(),
            ),
            next: self.next(&cases),
            cases,
        })
    }

    fn detail(&self, broken: &[&str], asked: usize) -> String {
        let said = &self.row.verdict;
        let mut parts = Vec::new();
        if let (false, Some(former)) = (broken.is_empty(), &self.former) {
            let cases = show::plural(broken.len(), "case", "cases");
            parts.push(format!("{cases} newly broken since {}.", show::called(former)));
        }
        let count = |number: usize| words::count(number as u64);
        parts.push(format!("Asked {} of {} cases;", count(said.cases_heard()), count(said.cases.len())));
        parts.push(format!("{} of {} calls heard.", words::count(said.heard()), count(asked)));
        if said.counts.lost() > 0 {
            let lost = show::plural(said.counts.lost() as usize, "answer is", "answers are");
            parts.push(format!("{lost} missing or not judged: heard against pass and against fail."));
        }
        parts.join(" ")
    }

    /// Attempts that the environments which require this spec allow.
    fn attempts_max(&self) -> Option<u32> {
        let workspace = self.reading.workspace.as_ref()?;
        let agent = &self.spec?.agent;
        let name = &self.row.verdict.stream.spec;
        let environments =
            workspace.environments.values().filter(|environment| match &environment.requires {
                Some(required) => required.contains(name),
                None => environment.agent == *agent,
            });
        environments.map(|environment| environment.attempts_max).min()
    }

    fn notes(&self) -> Answered<Vec<Note>> {
        let said = &self.row.verdict;
        let mut notes = Vec::new();
        let mut note = |mark, text: String, way| notes.push(Note { mark, text, way });
        if said.standing == Standing::Rescored {
            let text = "Rescored: tuned on these answers, does not promote.".to_owned();
            note(Mark::Undecided, text, Some(self.fresh()));
        }
        if let Some(by) = self.row.withdrawn_by {
            let to = Way::Verdict { verdict: by.to_string() };
            let text = "Withdrawn: this version failed the same spec later.".to_owned();
            note(Mark::Fail, text, Some(step("Show the fail", to)));
        }
        if let Some(text) = self.spec.and_then(|spec| quarantine_sentence(&spec.quarantine)) {
            note(Mark::Undecided, text, None);
        }
        if let Some(text) = interrupted::asked_again(self.read.asked_again(&said.stream)?) {
            note(Mark::Undecided, text, None);
        }
        let now = self.reading.specs.iter().find(|found| found.name == said.stream.spec);
        match now.map(|found| found.spec.as_ref().map(|spec| spec.meaning)) {
            Some(Some(meaning)) if meaning != said.spec => {
                let text =
                    "The spec means something else now: this verdict does not count for it.".to_owned();
                note(Mark::Undecided, text, Some(self.run_again()));
                if let Some(now) = &self.now {
                    let text = format!("Its recorded answers by the present spec: {}", now.headline);
                    note(show::outcome_mark(now.outcome), text, None);
                }
            }
            Some(None) => note(Mark::Undecided, "The spec has mistakes now.".to_owned(), None),
            None => note(Mark::Plain, "The spec is no longer in the workspace.".to_owned(), None),
            Some(Some(_)) => {}
        }
        if let Some(present) = self.present.filter(|present| *present != said.stream.version) {
            let version = show::version(self.read, present)?;
            let text = format!("The files describe another version now: {}.", show::called(&version));
            note(Mark::Plain, text, None);
        }
        Ok(notes)
    }

    fn run_again(&self) -> Step {
        let specs = vec![self.row.verdict.stream.spec.to_string()];
        step("Run it again", Way::Run { specs, new_attempt: false })
    }

    fn fresh(&self) -> Step {
        let specs = vec![self.row.verdict.stream.spec.to_string()];
        Step {
            detail: Some(format!("At most {}.", words::calls(self.row.verdict.heard_max))),
            ..step("Confirm with fresh answers", Way::Run { specs, new_attempt: true })
        }
    }

    /// By case: what it was in the former version, where it meant the same.
    fn changes(&self) -> Answered<BTreeMap<CaseName, CaseChange>> {
        let Some(former) = &self.former else { return Ok(BTreeMap::new()) };
        let said = &self.row.verdict;
        let from = show::version_id(&former.id)?;
        let changes = self.read.compare(&said.stream.spec, from, said.stream.version)?;
        Ok(changes.into_iter().map(|change| (change.to.case.clone(), change)).collect())
    }

    fn cases(&self, changes: &BTreeMap<CaseName, CaseChange>) -> Vec<CaseResult> {
        let written: BTreeMap<&CaseName, &Case> =
            self.spec.iter().flat_map(|spec| &spec.cases).map(|case| (&case.name, case)).collect();
        let now: BTreeMap<&CaseName, &Case> = self
            .reading
            .good()
            .filter(|spec| spec.name == self.row.verdict.stream.spec)
            .flat_map(|spec| &spec.cases)
            .map(|case| (&case.name, case))
            .collect();
        let mut cases: Vec<CaseResult> = self
            .row
            .verdict
            .cases
            .iter()
            .map(|tally| {
                let case = written.get(&tally.case);
                let place = now.get(&tally.case).map(|case| show::line(&case.file, case.place));
                let (change, change_mark) = self.change(tally, changes.get(&tally.case));
                CaseResult {
                    case: tally.case.to_string(),
                    mark: if tally.trials == 0 {
                        Mark::Waiting
                    } else {
                        mark_of(tally.passed, tally.trials, tally.missing)
                    },
                    tags: case
                        .map(|case| case.tags.iter().map(ToString::to_string).collect())
                        .unwrap_or_default(),
                    critical: case.is_some_and(|case| case.critical),
                    trials: tally.trials,
                    passed: tally.passed,
                    missing: tally.missing,
                    flaky: self.flaky_case(tally),
                    quarantine: self.quarantine(tally),
                    change,
                    change_mark,
                    place,
                }
            })
            .collect();
        cases.sort_by_key(|case| (trouble(case), case.case.clone()));
        cases
    }

    /// What is recorded of a case that is flaky.
    fn flaky_case(&self, tally: &CaseTally) -> Option<String> {
        let found = self.flaky.as_ref()?.cases.iter().find(|flaky| flaky.record.case == tally.case)?;
        let (passed, scored) = (words::count(found.record.passed), words::count(found.record.scored));
        Some(format!("{passed} of {scored} recorded trials passed"))
    }

    /// Why and until when a case was in quarantine.
    fn quarantine(&self, tally: &CaseTally) -> Option<String> {
        let entry = self.spec?.quarantine.iter().find(|entry| entry.case == tally.case)?;
        Some(format!("until {}: {}", entry.until, entry.reason))
    }

    /// What changed for a case since the former version.
    fn change(&self, tally: &CaseTally, change: Option<&CaseChange>) -> (Option<String>, Mark) {
        let (Some(former), Some(change)) = (&self.former, change) else { return (None, Mark::Plain) };
        let before = &change.from;
        let former = show::called(former);
        let was = mark_of(before.passed, before.n, before.missing);
        let is = mark_of(tally.passed, tally.trials, tally.missing);
        let told = format!("{}/{} in {former}", before.passed, before.n);
        match (was, is) {
            (Mark::Pass, Mark::Fail | Mark::Flaky) => (Some(format!("newly broken, {told}")), Mark::Fail),
            (Mark::Fail | Mark::Flaky, Mark::Pass) => (Some(format!("mended, {told}")), Mark::Pass),
            (Mark::Flaky, Mark::Fail) => (Some(format!("worse, {told}")), Mark::Fail),
            (Mark::Fail, Mark::Flaky) => (Some(format!("better, {told}")), Mark::Pass),
            (Mark::Flaky, Mark::Flaky) => (Some(format!("flaky, {told}")), Mark::Plain),
            _ => (None, Mark::Plain),
        }
    }

    /// What to do next, the best first.
    fn next(&self, cases: &[CaseResult]) -> Vec<Step> {
        let said = &self.row.verdict;
        let mut steps = Vec::new();
        match said.outcome {
            Outcome::Pass if said.standing == Standing::Prospective => {
                steps.push(step("Look at the releases", Way::Releases { environment: None }));
            }
            Outcome::Pass => steps.push(self.fresh()),
            Outcome::Inconclusive(Why::NothingToJudge | Why::NoBaseline | Why::Opaque) => {}
            Outcome::Inconclusive(why) if why.ends_attempt() => steps.push(self.fresh()),
            Outcome::Inconclusive(_) => {
                let specs = vec![said.stream.spec.to_string()];
                steps.push(Step {
                    detail: Some(format!("At most {} more.", words::calls(said.saved()))),
                    ..step("Go on", Way::Run { specs, new_attempt: false })
                });
            }
            Outcome::Fail => {}
        }
        if let Some(former) = &self.former {
            let after = said.stream.version.to_string();
            let label = format!("Compare with {}", show::called(former));
            steps.push(step(&label, Way::Compare { before: former.id.clone(), after }));
        }
        let worst = cases.iter().find(|case| matches!(case.mark, Mark::Fail | Mark::Flaky));
        if let Some((case, place)) = worst.and_then(|case| Some((case, case.place.clone()?))) {
            let label = format!("Open {}", case.case);
            steps.push(step(&label, Way::Source { file: place.file, line: Some(place.line) }));
        }
        steps
    }
}

fn is_newly_broken(case: &CaseResult) -> bool {
    case.change.as_deref().is_some_and(|change| change.starts_with("newly broken"))
}

/// Newly broken, broken, flaky, not answered, passed, not asked.
fn trouble(case: &CaseResult) -> u8 {
    match case.mark {
        _ if is_newly_broken(case) => 0,
        Mark::Fail => 1,
        Mark::Flaky => 2,
        Mark::Unknown => 3,
        Mark::Waiting => 5,
        _ => 4,
    }
}
