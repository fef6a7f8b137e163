//! Hearing what was recorded, asking what is missing, and keeping what the gate says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewright_core::{
    gate::SlotFacts,
    id::{CaseName, SpecName},
    observation::TrialId,
    plan::{Plan, StreamKey},
    spec::{Spec, workspace::Workspace},
    time::Seq,
    verdict::{self, Outcome, Standing, Verdict},
    version::Endpoint,
};
use tokio_util::sync::CancellationToken;

use super::{
    Answered, AskOne, FollowSpec, RunError, RunReport, SpecReport, Sum,
    task::{Task, chosen, usable},
};
use crate::{
    evidence::About,
    port::journal::Journal,
    run::{self, Asked, Assignment, Finished, Follow},
    store::{
        Access, Durability, Read, StoreError, Write,
        table::{Judged, Point, StreamRow},
    },
    supervisor::{
        against::{Against, Places},
        engine::{Engine, EngineError, Present},
        gating::{self, Recorded, Wish},
        journal::{self, RunJournal},
        reading::Reading,
    },
};

/// What is recorded of a spec's present version, judged.
struct Looked {
    plan: Plan,
    registered: Option<Seq>,
    recorded: Recorded,
    verdict: Verdict,
    /// When this very verdict was given.
    given: Option<Seq>,
    /// Where the live version is asked, if not where the candidate is.
    elsewhere: Option<Endpoint>,
    label: Option<String>,
}

impl Looked {
    fn report(self, spec: &Spec, present: &Present) -> SpecReport {
        SpecReport {
            why: words(reasons(&self.recorded, spec)),
            spec: spec.clone(),
            verdict: self.verdict,
            version: present.version.clone(),
            label: self.label,
            endpoint: present.endpoint.clone(),
            remark: None,
        }
    }
}

/// What a verdict does to the attempt that it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Attempt {
    /// It has its answer.
    Ends,
    /// More may be asked.
    GoesOn,
}

impl Engine {
    /// What is known of the present version, without a call. Nothing is recorded.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn known(&self, reading: &Reading, specs: &[SpecName]) -> Result<RunReport, RunError> {
        let started = self.clock.elapsed();
        let workspace = usable(reading)?;
        let trust = self.trust(workspace)?;
        let mut reports = Vec::new();
        for spec in chosen(reading, specs)? {
            let agent = &workspace.agents[&spec.agent];
            let present = self.present(workspace, agent, &trust)?;
            reports.push(self.known_spec(workspace, spec, &present)?);
        }
        Ok(RunReport {
            run: None,
            specs: reports,
            answered: Answered::default(),
            duration: self.clock.elapsed().saturating_sub(started),
            egress: BTreeSet::new(),
        })
    }

    fn known_spec(
        &self,
        workspace: &Workspace,
        spec: &Spec,
        present: &Present,
    ) -> Result<SpecReport, RunError> {
        Ok(self.look(workspace, spec, present)?.report(spec, present))
    }

    /// Judges the answers recorded of the present version by the present spec, without a call, and keeps what that
    /// says: the scores, and a verdict where it is *rescored*. A prospective one was given by the run that asked. The
    /// attempt goes on whatever comes out: nothing was asked, so nothing is used up.
    ///
    /// # Errors
    /// See [`RunError`].
    pub(in crate::supervisor) async fn rescore(
        &self,
        workspace: &Workspace,
        spec: &Spec,
        present: &Present,
    ) -> Result<SpecReport, RunError> {
        let mut looked = self.look(workspace, spec, present)?;
        let verdict = &looked.verdict;
        if looked.recorded.facts.is_empty() || *self.store.access() != Access::Writable {
            return Ok(looked.report(spec, present));
        }
        if let Some(given) = looked.given {
            // Said before, and said again: only the chart may have shown something else since.
            let point = point(&looked.plan, &looked.recorded.facts, verdict.outcome);
            let stream = verdict.stream.clone();
            let write = move |write: &Write<'_>| write.set_point(&stream, &point);
            self.store.write(Durability::Normal, write).await?;
            looked.verdict.seq = given;
        } else if verdict.standing == Standing::Rescored {
            if looked.registered.is_none() {
                self.register(spec, &looked.plan, looked.elsewhere.clone()).await?;
            }
            let about = About { agent: present.version.agent.clone(), at: self.clock.now() };
            let given = self.give(&looked.plan, verdict, &looked.recorded, &about, Attempt::GoesOn);
            looked.verdict.seq = given.await?;
        }
        Ok(looked.report(spec, present))
    }

    fn look(&self, workspace: &Workspace, spec: &Spec, present: &Present) -> Result<Looked, RunError> {
        let gated = |problem| RunError::Gating { spec: spec.name.clone(), problem };
        let endpoint = present.endpoint.id().map_err(|error| gated(error.into()))?;
        let version = present.version.id;
        let looked = self.store.read(|read| {
            let stream = gating::stream(read, version, endpoint, &spec.name, Wish::GoOn)?;
            let label = read.version(version)?.and_then(|row| row.label);
            let against = Places::of(workspace).against(read, spec, &stream);
            Ok(against.and_then(|Against { baseline, elsewhere }| {
                let (plan, registered) = gating::plan(read, spec, stream, &baseline)?;
                let recorded = gating::recorded_of(read, &plan, spec)?;
                let since = registered.unwrap_or(gating::NOT_REGISTERED);
                let stop = Some(recorded.silence(&plan));
                let grade = present.version.grade;
                let verdict = gating::judge(read, &plan, since, &recorded.facts, stop, grade)?;
                let given = read.verdict(verdict.id)?.map(|row| row.verdict.seq);
                Ok(Looked { plan, registered, recorded, verdict, given, elsewhere, label })
            }))
        })?;
        looked.map_err(gated)
    }

    pub(super) async fn ask_one(
        &self,
        task: Task,
        ask: AskOne,
        sum: &mut Sum,
        stop: &CancellationToken,
    ) -> Result<SpecReport, RunError> {
        let gated = |problem| RunError::Gating { spec: task.spec.name.clone(), problem };
        let stream = task.stream.clone();
        let Against { baseline, elsewhere } = &task.against;
        let planned = self.store.read(|read| {
            Ok(gating::plan(read, &task.spec, stream.clone(), baseline).and_then(|(plan, known)| {
                let recorded = gating::recorded_of(read, &plan, &task.spec)?;
                Ok((plan, known, recorded))
            }))
        });
        let (plan, known, recorded) = planned?.map_err(gated)?;
        let registered = match known {
            Some(registered) => registered,
            None => self.register(&task.spec, &plan, elsewhere.clone()).await?,
        };
        let seen = gating::seen(&plan, registered, &recorded.facts).map_err(|error| gated(error.into()))?;
        let follow = ask
            .watch
            .map(|watch| -> Arc<dyn Follow> { Arc::new(FollowSpec { spec: task.spec.name.clone(), watch }) });
        let journal = |stream: StreamKey| -> Arc<dyn Journal> {
            let released = Arc::clone(&ask.released);
            Arc::new(RunJournal { store: self.store.clone(), run: ask.run, stream, released })
        };
        let other = plan.baseline.clone().zip(ask.baseline).map(|(stream, agent)| Asked {
            agent,
            journal: journal(stream),
            identities: recorded.baseline_identities.clone(),
        });
        let assignment = Assignment {
            plan: plan.clone(),
            spec: Arc::new(task.spec.clone()),
            candidate: Asked {
                agent: ask.agent,
                journal: journal(stream),
                identities: recorded.identities.clone(),
            },
            baseline: other,
            clock: Arc::clone(&self.clock),
            budget: ask.budget,
            cancel: stop.clone(),
            follow,
        };
        let mut finished = run::execute(assignment, seen).await?;
        sum.add(&finished);
        let mut recorded = recorded;
        recorded.facts.append(&mut finished.facts);
        self.conclude(task, &plan, registered, recorded, finished).await
    }

    /// Records a plan, with everything that its meaning consists of, before the first answer that it counts.
    /// `elsewhere` is where the live version is asked, if not where the candidate is.
    async fn register(&self, spec: &Spec, plan: &Plan, elsewhere: Option<Endpoint>) -> Result<Seq, RunError> {
        let (spec, plan) = (spec.clone(), plan.clone());
        let write = move |write: &Write<'_>| {
            if let Some(endpoint) = &elsewhere {
                write.record_endpoint(endpoint)?;
            }
            let body = serde_json::to_vec(&spec).map_err(|error| StoreError::unreadable("spec", error))?;
            write.record_meaning(spec.meaning, &body)?;
            write.record_spec(&spec.name, Some(spec.meaning), 0)?;
            write.register_plan(&plan)
        };
        Ok(self.store.write(Durability::Full, write).await?)
    }

    /// Judges a stream and keeps what was said. `recorded` holds every fact of it: those that were there before the
    /// run, and those that the run wrote down.
    async fn conclude(
        &self,
        task: Task,
        plan: &Plan,
        registered: Seq,
        recorded: Recorded,
        finished: Finished,
    ) -> Result<SpecReport, RunError> {
        let gated = |problem| RunError::Gating { spec: task.spec.name.clone(), problem };
        let grade = task.present.version.grade;
        let (verdict, label) = self.store.read(|read| {
            let label = read.version(plan.stream.version)?.and_then(|row| row.label);
            let judged = gating::judge(read, plan, registered, &recorded.facts, finished.stopped, grade);
            Ok((judged, label))
        })?;
        let mut verdict = verdict.map_err(gated)?;
        let about = About { agent: task.present.version.agent.clone(), at: self.clock.now() };
        let attempt = if verdict.outcome.ends_attempt() { Attempt::Ends } else { Attempt::GoesOn };
        verdict.seq = self.give(plan, &verdict, &recorded, &about, attempt).await?;
        let mut why = reasons(&recorded, &task.spec);
        for (case, newest) in finished.broken {
            let known = why.entry(case).or_insert_with(|| newest.clone());
            if known.0 < newest.0 {
                *known = newest;
            }
        }
        Ok(SpecReport {
            spec: task.spec,
            verdict,
            version: task.present.version,
            label,
            endpoint: task.present.endpoint,
            remark: finished.remark,
            why: words(why),
        })
    }

    /// Signs and stores a verdict, with the scores and the point of the chart that go with it.
    async fn give(
        &self,
        plan: &Plan,
        verdict: &Verdict,
        recorded: &Recorded,
        about: &About,
        attempt: Attempt,
    ) -> Result<Seq, EngineError> {
        let envelope = self.sign_verdict(verdict, about)?;
        let judged: Vec<_> = recorded
            .judged
            .iter()
            .chain(&recorded.baseline_judged)
            .map(|(trial, meaning, scores)| (*trial, journal::judged(*meaning, scores)))
            .collect();
        let point = point(plan, &recorded.facts, verdict.outcome);
        let given = verdict.clone();
        let other = plan.baseline.clone().filter(|_| plan.asks_baseline());
        let write = move |write: &Write<'_>| {
            let mut known = write.judged_of(&given.stream)?;
            if let Some(other) = &other {
                known.extend(write.judged_of(other)?);
            }
            let new = |(trial, judged): &&(_, Judged)| !known.contains(&(*trial, judged.meaning));
            write.record_all_scores(&judged.iter().filter(new).cloned().collect::<Vec<_>>())?;
            write.record_spec(&given.stream.spec, Some(given.spec), 0)?;
            write.set_point(&given.stream, &point)?;
            let seq = write.give_verdict(&given, &envelope)?;
            if attempt == Attempt::Ends {
                write.end_stream(&given.stream)?;
            }
            if given.outcome == Outcome::Fail && given.standing == Standing::Prospective {
                withdraw_passes(write, &given)?;
            }
            Ok(seq)
        };
        Ok(self.store.write(Durability::Full, write).await?)
    }
}

impl Engine {
    /// Computes the projections again from recorded answers. How many of their values differed.
    ///
    /// # Errors
    /// The history cannot be read or written; what was made anew before that stays.
    pub async fn rebuild(&self) -> Result<u64, EngineError> {
        let rebuilt = self.store.rebuild(points).await?;
        Ok(rebuilt.iter().map(|difference| difference.rows).sum())
    }
}

/// The points of a stream, by what its spec means now, or else by what it meant when its newest verdict was given.
fn points(read: &Read<'_>, stream: &StreamRow) -> Result<Vec<Point>, StoreError> {
    let now = read.spec_meaning(&stream.key.spec)?;
    let verdicts = read.verdicts_of_version(stream.key.version)?;
    let of_stream = || verdicts.iter().map(|given| &given.verdict).filter(|given| given.stream == stream.key);
    let Some(verdict) = of_stream().find(|given| Some(given.spec) == now).or_else(|| of_stream().next())
    else {
        return Ok(Vec::new());
    };
    let (Some(row), Some(body)) = (read.plan(verdict.plan)?, read.meaning(verdict.spec)?) else {
        return Ok(Vec::new());
    };
    let spec: Spec = serde_json::from_slice(&body).map_err(|error| StoreError::unreadable("spec", error))?;
    let recorded = gating::recorded(read, &stream.key, &spec)?;
    Ok(vec![point(&row.plan, &recorded.facts, verdict.outcome)])
}

/// A prospective fail contradicts every earlier pass of the same version, spec, meaning and endpoint.
fn withdraw_passes(write: &Write<'_>, fail: &Verdict) -> Result<(), StoreError> {
    for row in write.verdicts_of_version(fail.stream.version)? {
        let other = &row.verdict;
        let same = other.stream.spec == fail.stream.spec
            && other.stream.endpoint == fail.stream.endpoint
            && other.spec == fail.spec;
        if same && row.stands_as_pass() && other.id != fail.id {
            write.withdraw_verdict(other.id, fail.id)?;
        }
    }
    Ok(())
}

/// The newest recorded trial of each case that broke its rule or has no answer, with the words of why.
fn reasons(recorded: &Recorded, spec: &Spec) -> BTreeMap<CaseName, (TrialId, String)> {
    let names: BTreeMap<_, _> = spec.cases.iter().map(|case| (case.meaning, &case.name)).collect();
    let broken = recorded
        .judged
        .iter()
        .filter_map(|(trial, meaning, scores)| Some((*trial, meaning, run::broken(scores)?)));
    let troubled = recorded.troubled.iter().map(|(trial, meaning, why)| (*trial, meaning, why.clone()));
    let mut reasons: BTreeMap<CaseName, (TrialId, String)> = BTreeMap::new();
    for (trial, meaning, why) in broken.chain(troubled) {
        let Some(name) = names.get(meaning) else { continue };
        let newest = reasons.entry((*name).clone()).or_insert_with(|| (trial, why.clone()));
        if newest.0 < trial {
            *newest = (trial, why);
        }
    }
    reasons
}

fn words(reasons: BTreeMap<CaseName, (TrialId, String)>) -> BTreeMap<CaseName, String> {
    reasons.into_iter().map(|(case, (_, why))| (case, why)).collect()
}

/// The point of the chart for a stream: the pass rate over its complete rounds.
fn point(plan: &Plan, facts: &[SlotFacts], outcome: Outcome) -> Point {
    let complete = verdict::complete_rounds(plan, facts);
    Point {
        metric: "pass_rate".to_owned(),
        meaning: plan.spec,
        n: complete.map_or(0, |complete| complete.trials),
        value: complete.map(|complete| complete.value),
        low: complete.map(|complete| complete.low),
        high: complete.map(|complete| complete.high),
        outcome: Some(outcome),
    }
}
