//! What people do, command by command.

use gatewright_api::{
    command::{Commands as _, dispatch},
    dto::{
        CandidateStanding, CaseAnswersArgs, Change, CompareArgs, CriterionState, DiffKind, Happened,
        HeatMapArgs, Mark, Needs, Nothing, Outcome, PlanArgs, PromoteArgs, PromotePreviewArgs, ReleaseState,
        RollbackArgs, RollbackPreviewArgs, RowFilter, RowState, RunPhase, RunRef, RunRowsArgs, RunStartArgs,
        RunStateArgs, SettleArgs, SpecCheckArgs, SpecSaveArgs, SpecSourceArgs, Standing, TimelineArgs,
        TrialArgs, VersionArgs, VersionsArgs, Word, WorkspaceOpenArgs,
    },
    error::Code,
};
use serde_json::json;

use crate::{
    agent::Agent,
    world::{World, until, until_ended},
};

const GOOD: &str = "Offer a REFUND.\nBe kind.\n";
const BAD: &str = "Offer nothing.\nBe kind.\n";

fn production() -> String {
    "production".to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_opened_folder_to_a_version_that_went_live_and_back() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    let session = &world.session;

    // Open: nothing is trusted, nothing was asked.
    let path = world.root().display().to_string();
    let opened = session.workspace_open(WorkspaceOpenArgs { path }).await.expect("opened");
    assert_eq!((opened.name.as_str(), opened.trust.trusted, opened.errors), ("help", false, 0));
    let refused = session.run_start(RunStartArgs { specs: vec![], new_attempt: false }).await;
    assert_eq!(refused.expect_err("not trusted").code, Code::NotTrusted);
    assert_eq!(agent.asked(), 0);
    let trusted = world.open_trusted().await;
    assert!(trusted.trust.trusted);
    assert!(trusted.agent.expect("the agent").unasked);

    // Plan: what it would take, before it takes it.
    let plan = session.plan(PlanArgs { spec: "refunds".to_owned(), text: None }).await.expect("a plan");
    assert_eq!((plan.missing, plan.cases, plan.reused), (None, 2, 0));
    let criterion = &plan.criteria[0];
    assert_eq!(criterion.rule, "pass rate: target 95 %, floor 50 %");
    assert!(criterion.curve.len() > 10 && criterion.curve.iter().all(|point| point.calls >= 1.0));
    assert!(plan.totals[0].calls <= plan.totals[3].calls);
    assert_eq!(plan.asks_max, plan.totals[3].calls);
    assert_eq!(plan.totals[0].cost, None, "nothing is known of the price of a call yet");

    // Run: it passes as soon as the gate knows.
    let run = world.run().await;
    assert_eq!((run.phase, run.specs.len()), (RunPhase::Ended, 1));
    assert_eq!(run.specs[0].criteria[0].state, CriterionState::Met);
    assert_eq!(run.rows.all as usize, agent.asked());
    assert_eq!(run.rows.failed, 0);
    assert!(run.progress.cost.as_ref().is_some_and(|cost| cost.micros > 0 && cost.currency == "USD"));
    assert_eq!(run.version.label.as_deref(), Some("v1"));
    let args = RunRowsArgs { run: run.run.clone(), filter: RowFilter::All, offset: 1, limit: 3 };
    let rows = session.run_rows(args).await.expect("rows");
    assert_eq!((rows.total, rows.rows.len()), (run.rows.all, 3));
    assert!(rows.rows.iter().all(|row| row.state == RowState::Passed && row.excerpt.contains("14 days")));
    let answer = session.trial(TrialArgs { trial: rows.rows[0].trial }).await.expect("an answer");
    assert_eq!((answer.mark, answer.heard), (Mark::Pass, true));
    assert!(answer.turns[0].said.starts_with("You get a refund"));
    assert_eq!(answer.turns[0].checks[0].rule, "contains");
    assert_eq!(answer.turns[0].checks[0].marks.len(), 1);

    // Verdict: the core's words, and the plan now knows what a call costs.
    let verdict = world.verdict().await;
    assert_eq!((verdict.head.outcome, verdict.head.standing), (Outcome::Pass, Standing::Prospective));
    assert!(verdict.head.sentence.starts_with("Passed: "), "{}", verdict.head.sentence);
    assert!(verdict.promise.contains("50 % floor"), "{}", verdict.promise);
    assert_eq!((verdict.cases_asked, verdict.cases_total, verdict.cases_failed), (2, 2, 0));
    assert_eq!(verdict.attempts_max, Some(3));
    let plan = session.plan(PlanArgs { spec: "refunds".to_owned(), text: None }).await.expect("a plan");
    assert_eq!((plan.reused, plan.asks_max), (verdict.counts.scored, 0));
    assert!(plan.totals[0].cost.as_ref().is_some_and(|cost| cost.micros > 0));

    // Versions.
    let versions =
        session.versions(VersionsArgs { agent: None, offset: 0, limit: 10 }).await.expect("versions");
    assert_eq!((versions.total, versions.versions.len()), (1, 1));
    assert_eq!(versions.versions[0].verdicts[0].verdict, verdict.head.verdict);
    let good = versions.versions[0].version.id.clone();

    // Promote to a folder without an endpoint.
    let preview = PromotePreviewArgs { environment: production(), version: None };
    let preview = session.promote_preview(preview).await.expect("a preview");
    assert_eq!((preview.needs, preview.from.is_none(), &preview.to.id), (Needs::Nothing, true, &good));
    assert!(!preview.not_reverted.is_empty());
    let seen = preview.seen.clone();
    let promote = PromoteArgs { environment: production(), version: good.clone(), word: None, seen };
    let live = session.promote(promote.clone()).await.expect("promoted");
    assert_eq!((live.state, live.mark), (ReleaseState::Live, Mark::Pass));
    assert_eq!(live.ladder.len(), 1, "without an endpoint the ladder ends at the pointer");
    assert!(world.read("live/current.json").contains(&good));
    assert_eq!(session.promote(promote).await.expect_err("the same click again").code, Code::Stale);

    // A second version fails, and goes live only by a person's word.
    world.write("prompt.md", BAD);
    let run = world.run().await;
    assert_eq!(run.version.label.as_deref(), Some("v2"));
    let verdict = world.verdict().await;
    assert_eq!(verdict.head.outcome, Outcome::Fail);
    assert!(verdict.cases[0].change.as_deref().is_some_and(|change| change.starts_with("newly broken")));
    assert!(verdict.detail.contains("2 cases newly broken since v1"), "{}", verdict.detail);
    let args = CaseAnswersArgs { verdict: verdict.head.verdict.clone(), case: "late-parcel".to_owned() };
    let answers = session.case_answers(args).await.expect("answers");
    assert_eq!((answers.candidate[0].mark, answers.baseline[0].mark), (Mark::Fail, Mark::Pass));
    assert_eq!(answers.candidate[0].turns[0].checks[1].marks.len(), 1, "the words that break the rule");
    let bad = verdict.head.version.id.clone();
    let status = session.status(Nothing {}).await.expect("a status");
    let candidate = status.environments[0].candidate.as_ref().expect("a candidate");
    assert_eq!((candidate.standing, &candidate.version.id), (CandidateStanding::Blocked, &bad));
    let preview = PromotePreviewArgs { environment: production(), version: None };
    let preview = session.promote_preview(preview).await.expect("a preview");
    assert_eq!(preview.needs, Needs::Override);
    assert!(preview.refusals[0].contains("does not say pass"), "{:?}", preview.refusals);
    let act = |word| PromoteArgs {
        environment: production(),
        version: bad.clone(),
        word,
        seen: preview.seen.clone(),
    };
    assert_eq!(session.promote(act(None)).await.expect_err("no word").code, Code::Refused);
    let word = Word { by: "Ada".to_owned(), reason: "the other one is worse".to_owned() };
    let live = session.promote(act(Some(word))).await.expect("promoted");
    assert_eq!((live.mark, live.by.as_str()), (Mark::Override, "Ada"));

    let status = session.status(Nothing {}).await.expect("a status");
    assert_eq!(status.environments[0].way_back.as_ref().map(|way| way.mark), Some(Mark::Pass));

    // Somebody moves the pointer behind our back: it is no longer said to be live.
    let ours = world.read("live/current.json");
    world.write("live/current.json", &ours.replace(&bad, &good));
    let status = session.status(Nothing {}).await.expect("a status");
    let live = &status.environments[0].live;
    assert_eq!((live.mark, live.version.is_none()), (Mark::Unknown, true));
    assert_eq!(live.text.as_deref(), Some("Moved outside: it names v1"));
    world.write("live/current.json", &ours);

    // Back again.
    let preview = RollbackPreviewArgs { environment: production(), to: None };
    let preview = session.rollback_preview(preview).await.expect("a preview");
    assert_eq!((&preview.to.id, preview.needs), (&good, Needs::Nothing));
    let back = RollbackArgs { environment: production(), to: good.clone(), seen: preview.seen };
    let back = session.rollback(back).await.expect("rolled back");
    assert_eq!((back.state, back.sentence.as_str()), (ReleaseState::Live, "v1 back, v2 out"));
    assert!(world.read("live/current.json").contains(&good));
    let status = session.settle(SettleArgs { environment: None }).await.expect("settled");
    assert_eq!(status.history.len(), 3);
    assert_eq!(status.environments[0].live.version.as_ref().map(|live| &live.id), Some(&good));
    assert_eq!(status.environments[0].way_back, None, "nothing was live before v1");
    let preview = RollbackPreviewArgs { environment: production(), to: None };
    assert_eq!(session.rollback_preview(preview).await.expect_err("no way back").code, Code::Refused);

    charts(&world, &good, &bad).await;

    let verified = session.verify(Nothing {}).await.expect("checked");
    assert!(verified.holds, "{}", verified.sentence);
    let workspace = session.workspace_state(Nothing {}).await.expect("a state").workspace.expect("opened");
    assert_eq!(workspace.figures[0].value, "1", "one override");
}

/// What the charts and the comparison say of two versions.
async fn charts(world: &World, good: &str, bad: &str) {
    let session = &world.session;
    let timeline = session.timeline(TimelineArgs { spec: None, criterion: None }).await.expect("a timeline");
    let values: Vec<_> = timeline.points.iter().map(|point| (point.outcome, point.value)).collect();
    assert_eq!(values, [(Outcome::Pass, Some(1.0)), (Outcome::Fail, Some(0.0))]);
    assert!(timeline.points.iter().all(|point| point.low <= point.value && point.value <= point.high));
    assert_eq!((timeline.marks.len(), timeline.lanes[0].spans.len()), (3, 3));
    let heat = session.heat_map(HeatMapArgs { spec: None, all: false }).await.expect("a heat map");
    assert_eq!((heat.versions.len(), heat.groups[0].title.as_str()), (2, "Newly broken in v2"));
    let args = CompareArgs { before: good.to_owned(), after: bad.to_owned(), spec: None };
    let compared = session.compare(args).await.expect("compared");
    assert_eq!(compared.sentence, "Only prompt differs, so the difference of the scores is its effect.");
    let prompt = compared.components.iter().find(|one| one.name == "prompt").expect("the prompt");
    let kinds: Vec<_> = prompt.diff.iter().map(|line| line.kind).collect();
    assert_eq!(
        (prompt.change, kinds),
        (Change::Changed, vec![DiffKind::Removed, DiffKind::Added, DiffKind::Same])
    );
    let score = &compared.specs[0].scores[0];
    assert_eq!((compared.specs[0].cases.len(), score.difference.as_str()), (2, "−1.00"));
    let view = session.version(VersionArgs { version: bad.to_owned() }).await.expect("a version");
    assert_eq!(view.against.map(|against| against.id).as_deref(), Some(good));
    assert_eq!(view.head.changed, ["prompt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_over_somebody_elses_edit_is_refused_as_stale() {
    let world = World::new("http://127.0.0.1:9/v1", GOOD);
    world.open_trusted().await;
    let session = &world.session;
    let mut events = session.subscribe();
    let file = "specs/refunds.yaml".to_owned();
    let source = session.spec_source(SpecSourceArgs { file: file.clone() }).await.expect("a source");
    assert!(source.diagnostics.is_empty());
    let save = |text: &str, digest: &str| SpecSaveArgs {
        file: file.clone(),
        text: text.to_owned(),
        digest: digest.to_owned(),
    };

    let edited = source.text.replace("95%", "96%");
    let saved = session.spec_save(save(&edited, &source.digest)).await.expect("saved");
    assert_eq!(world.read(&file), edited);
    until(&mut events, |what| matches!(what, Happened::SpecsChanged { files } if files.contains(&file)))
        .await;

    world.write(&file, &edited.replace("96%", "97%"));
    let refused = session.spec_save(save("gone", &saved.digest)).await.expect_err("stale");
    assert_eq!(refused.code, Code::Stale);
    assert!(world.read(&file).contains("97%"));
    // Whoever has read it again overwrites it knowingly, as the hint says.
    let read = session.spec_source(SpecSourceArgs { file: file.clone() }).await.expect("read again");
    session.spec_save(save(&edited, &read.digest)).await.expect("saved over it");
    assert_eq!(world.read(&file), edited);
    // An edit from outside is noticed without anybody asking.
    world.write("prompt.md", "Offer a REFUND, quickly.\n");
    let told = |files: &Vec<String>| files.iter().any(|file| file == "prompt.md");
    until(&mut events, |what| matches!(what, Happened::SpecsChanged { files } if told(files))).await;

    for path in ["../user/trust.json", "/etc/passwd", ".gatewright/history.db", "notes.md"] {
        let refused = session.spec_save(SpecSaveArgs { file: path.to_owned(), ..save("x", "") }).await;
        assert_eq!(refused.expect_err("not a file of the workspace").code, Code::NotFound, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_that_is_not_saved_is_underlined_where_it_is() {
    let world = World::new("http://127.0.0.1:9/v1", GOOD);
    world.open_trusted().await;
    let file = "specs/refunds.yaml".to_owned();
    let text = world.read(&file).replace("contains: refund }", "contans: refund }");
    let args = SpecCheckArgs { file, text: text.clone() };
    let checked = world.session.spec_check(args).await.expect("checked");
    let found = &checked.diagnostics[0];
    let at = text.find("contans").expect("the mistake");
    assert_eq!((found.from as usize, found.to as usize), (at, at + "contans".len()));
    assert_eq!(found.fix.as_deref(), Some("contains"));
    let plan =
        world.session.plan(PlanArgs { spec: "refunds".to_owned(), text: Some(text) }).await.expect("a plan");
    assert!(plan.missing.is_some_and(|why| why.contains("mistakes")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_stopped_and_the_next_one_goes_on() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, "Offer a REFUND, but WAIT.\n");
    world.open_trusted().await;
    let session = &world.session;
    let mut events = session.subscribe();
    let start = || RunStartArgs { specs: vec!["refunds".to_owned()], new_attempt: false };
    let RunRef { run } = session.run_start(start()).await.expect("begun");
    agent.until_asked().await;
    assert_eq!(session.run_start(start()).await.expect_err("one at a time").code, Code::Busy);
    let state = session.run_state(RunStateArgs { run: None }).await.expect("a state").run.expect("the run");
    assert_eq!((state.run.as_str(), state.phase), (run.as_str(), RunPhase::Running));
    assert_eq!(state.specs[0].criteria[0].state, CriterionState::Waiting);
    assert!(state.progress.asked_max >= 2 && state.progress.asked >= 1);
    let workspace = session.workspace_state(Nothing {}).await.expect("a state").workspace.expect("opened");
    assert_eq!(workspace.running.map(|running| running.run), Some(run.clone()));

    session.run_cancel(RunRef { run: run.clone() }).await.expect("asked to stop");
    until_ended(&mut events, &run).await;
    let state = session.run_state(RunStateArgs { run: None }).await.expect("a state").run.expect("the run");
    assert_eq!(state.phase, RunPhase::Ended);
    assert!(state.sentence.starts_with("Stopped refunds on v1"), "{}", state.sentence);
    let verdict = world.verdict().await;
    assert_eq!(verdict.head.outcome, Outcome::Inconclusive);
    assert_eq!(verdict.next[0].label, "Go on");
    session.run_start(start()).await.expect("goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_several_specs_is_told_once_by_the_verdict_that_needs_a_person_most() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    let tone = world.read("specs/refunds.yaml").replace("name: refunds", "name: tone");
    world.write("specs/tone.yaml", &tone.replace("contains: refund", "contains: sunshine"));
    world.open_trusted().await;
    let mut events = world.session.subscribe();
    world.run().await;
    let told = until(&mut events, |what| matches!(what, Happened::Told { .. })).await;
    let Happened::Told { mark, title, detail, step } = told.what else { panic!("{told:?}") };
    assert_eq!((mark, title.as_str()), (Mark::Fail, "The run ended: 1 blocked, 1 passed"));
    assert!(detail.is_some_and(|detail| detail.starts_with("tone: ")) && step.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_copied_once_and_trusted_as_made() {
    let sample = vec![
        (
            "gatewright.yaml",
            b"agent: http://127.0.0.1:9/v1\ncases: [{ input: Hello?, expect: hello }]\ngate: 90%\n"
                .as_slice(),
        ),
        ("prompts/system.md", b"Be kind.\n".as_slice()),
    ];
    let world = World::with_sample("http://127.0.0.1:9/v1", GOOD, sample);
    let first = world.session.sample_open(Nothing {}).await.expect("opened");
    assert!(first.trust.trusted);
    let prompt = std::path::Path::new(&first.path).join("prompts/system.md");
    std::fs::write(&prompt, "Mine now.\n").expect("written");
    let again = world.session.sample_open(Nothing {}).await.expect("opened");
    assert_eq!((again.path, again.trust.trusted), (first.path, true));
    assert_eq!(std::fs::read_to_string(prompt).expect("read"), "Mine now.\n");
    let recents = world.session.recent(Nothing {}).await.expect("recents").recents;
    assert_eq!((recents.len(), recents[0].present), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_workspace_every_command_says_so_or_needs_none() {
    let world = World::new("http://127.0.0.1:9/v1", GOOD);
    let state = world.session.workspace_state(Nothing {}).await.expect("a state");
    assert_eq!(state.workspace, None);
    let refused = dispatch(&world.session, "status", json!({})).await.expect_err("nothing is open");
    assert_eq!(refused.code, Code::NoWorkspace);
    let nowhere = json!({ "path": world.root().parent().expect("a folder") });
    let refused = dispatch(&world.session, "workspace_open", nowhere).await.expect_err("no workspace there");
    assert_eq!(refused.code, Code::NotFound);
    let missing = dispatch(&world.session, "sample_open", json!({})).await.expect_err("no sample");
    assert_eq!(missing.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_passes_only_because_the_spec_changed_needs_a_reason() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    let session = &world.session;
    world.open_trusted().await;
    world.run().await;
    let preview = || PromotePreviewArgs { environment: production(), version: None };
    let first = session.promote_preview(preview()).await.expect("a preview");
    let version = first.to.id.clone();
    let act = PromoteArgs { environment: production(), version, word: None, seen: first.seen };
    session.promote(act).await.expect("promoted");

    // The second version fails; the spec is made to like its answer.
    world.write("prompt.md", BAD);
    world.run().await;
    let asked = agent.asked();
    let spec = world.read("specs/refunds.yaml");
    let weak =
        spec.replace("contains: refund", "contains: problem").replace("(?i)your problem", "never said");
    world.write("specs/refunds.yaml", &weak);
    let verdict = world.verdict().await;
    assert_eq!(verdict.head.outcome, Outcome::Fail);
    assert!(verdict.notes[0].text.starts_with("The spec means something else now"), "{:?}", verdict.notes);
    assert!(
        verdict.notes[1].text.starts_with("Its recorded answers by the present spec: "),
        "{:?}",
        verdict.notes
    );
    assert_eq!(agent.asked(), asked, "and nobody was asked for that");

    // Scored again from recorded answers it passes, and does not promote.
    let run = world.run().await;
    assert_eq!(run.specs[0].standing, Standing::Rescored);
    let verdict = world.verdict().await;
    assert_eq!((verdict.head.outcome, verdict.head.standing), (Outcome::Pass, Standing::Rescored));
    assert_eq!(verdict.next[0].label, "Confirm with fresh answers");

    // Confirmed with fresh answers it still needs a person's word, beside the change of the spec.
    let mut events = session.subscribe();
    let args = RunStartArgs { specs: Vec::new(), new_attempt: true };
    let RunRef { run } = session.run_start(args).await.expect("begun");
    until_ended(&mut events, &run).await;
    let verdict = world.verdict().await;
    assert_eq!((verdict.head.outcome, verdict.head.standing), (Outcome::Pass, Standing::Prospective));
    let status = session.status(Nothing {}).await.expect("a status");
    let candidate = status.environments[0].candidate.as_ref().expect("a candidate");
    assert_eq!(candidate.standing, CandidateStanding::NeedsReason);
    let preview = session.promote_preview(preview()).await.expect("a preview");
    assert_eq!(preview.needs, Needs::Override);
    let removed = |line: &&gatewright_api::dto::DiffLine| line.kind == DiffKind::Removed;
    assert!(preview.spec_diff.iter().filter(removed).any(|line| line.text.contains("refund")));

    let timeline = session.timeline(TimelineArgs { spec: None, criterion: None }).await.expect("a timeline");
    assert_eq!(timeline.spec_changes.len(), 1);
    assert_eq!(timeline.spec_changes[0].text, "2 cases changed");
    assert_eq!(timeline.points.iter().map(|point| point.meaning).collect::<Vec<_>>(), [0, 1]);
}
