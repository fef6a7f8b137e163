//! The journal of a run: what is released, answered, scored and counted.

use gatewright_core::{
    id::{CaseMeaning, RunId, SpecMeaning, SpecName},
    observation::{ErrorClass, TrialState},
    score::Scored,
    time::Seq,
};

use super::{answered, open, plan, rebuild, scored, slot, stream, tag};
use crate::{
    event::Happened,
    store::{
        Difference, Durability, StoreError,
        table::{Judged, Point, RunState, TrialEnd},
    },
};

#[test]
fn a_slot_is_released_once_asked_again_after_a_crash_and_never_after_its_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let slots = vec![slot("a", 0), slot("b", 0)];
    let release = |store: &crate::store::Store| {
        let (key, slots) = (key.clone(), slots.clone());
        store
            .write_blocking(Durability::Normal, move |write| write.release_slots(&key, &slots))
            .expect("released")
    };
    let first = release(&store);
    assert_eq!(
        first.iter().map(|trial| (trial.asked, &trial.state)).collect::<Vec<_>>(),
        [(1, &TrialState::Released), (1, &TrialState::Released)]
    );
    let answered_one = first[0].id;
    store
        .write_blocking(Durability::Normal, move |write| {
            write.end_trial(answered_one, &answered("yes", true))
        })
        .expect("ended");
    drop(store);

    let store = open(folder.path());
    let again = release(&store);
    assert_eq!(again[0].state, TrialState::Answered, "an answer that was committed is not asked again");
    assert_eq!((again[0].id, again[0].asked), (first[0].id, 1));
    assert_eq!((again[1].id, again[1].asked, &again[1].state), (first[1].id, 2, &TrialState::Released));
    let read = store.read(|read| read.trials_of(&key)).expect("read");
    assert_eq!(read.into_iter().map(|row| row.trial).collect::<Vec<_>>(), again);
}

#[test]
fn a_trial_ends_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let trial = store
        .write_blocking(
            Durability::Normal,
            move |write| Ok(write.release_slots(&key, &[slot("a", 0)])?[0].id),
        )
        .expect("released");
    let end = move |text: &'static str| {
        store.write_blocking(Durability::Normal, move |write| write.end_trial(trial, &answered(text, true)))
    };
    end("first").expect("ended");
    assert!(matches!(end("second"), Err(StoreError::Refused(_))));
    drop(end);
    let store = open(folder.path());
    let (observations, answer) =
        store.read(|read| Ok((read.observations(trial)?, read.answer(trial)?))).expect("read");
    assert_eq!(observations.len(), 1, "the refused end left nothing behind");
    assert_eq!(observations[0].reply.text, "first");
    assert_eq!(answer.as_deref(), Some("first"));
}

#[test]
fn what_was_observed_and_scored_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let large = "long ".repeat(20_000);
    let end = answered(&large, false);
    let (stream, expected) = (key.clone(), end.clone());
    let trial = store
        .write_blocking(Durability::Normal, move |write| {
            let trial = write.release_slots(&stream, &[slot("a", 0)])?[0].id;
            write.end_trial(trial, &end)?;
            Ok(trial)
        })
        .expect("written");
    store
        .read(|read| {
            let observations = read.observations(trial)?;
            let (found, new) = (&observations[0], &expected.observations[0]);
            assert_eq!(found.reply, new.reply);
            assert_eq!((&found.identity, found.timing, &found.what), (&new.identity, new.timing, &new.what));
            assert_eq!(read.blob(found.request)?.as_deref(), Some(new.request.as_slice()));
            assert_eq!(read.blob(found.raw)?.as_deref(), Some(new.raw.as_slice()));
            assert!(read.objects.path(found.raw).exists(), "100 KB lie beside the database");
            let judged = expected.judged.as_ref().expect("judged");
            let scores = read.scores(trial)?;
            assert_eq!(
                scores.iter().map(|score| (score.scorer, score.value.clone())).collect::<Vec<_>>(),
                judged.scores
            );
            assert_eq!(read.case_scores_of(&key)?, [(trial, judged.meaning, judged.case.clone())]);
            assert_eq!(read.scores_of(&key)?, scores);
            Ok(())
        })
        .expect("read");
}

#[test]
fn cells_count_what_the_scores_say_and_a_rebuild_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (old, new) = (stream(&store, "be kind"), stream(&store, "be very kind"));
    let streams = [old.clone(), new.clone()];
    let point = Point {
        metric: "pass_rate".to_owned(),
        meaning: SpecMeaning(tag("meaning")),
        n: 3,
        value: Some(0.5),
        low: Some(0.25),
        high: Some(0.75),
        outcome: None,
    };
    let kept = point.clone();
    store
        .write_blocking(Durability::Normal, move |write| {
            for (index, stream) in streams.iter().enumerate() {
                write.register_plan(&plan(stream))?;
                for round in 0..3 {
                    let trials = write.release_slots(stream, &[slot("a", round), slot("b", round)])?;
                    write.end_trial(trials[0].id, &answered("yes", round > 0 || index > 0))?;
                    let missing = TrialEnd {
                        state: TrialState::Missing(ErrorClass("connection-reset".to_owned())),
                        observations: Vec::new(),
                        judged: Some(Judged {
                            meaning: CaseMeaning(tag("case meaning")),
                            case: Scored::NotJudged { why: "no answer".to_owned() },
                            scores: Vec::new(),
                        }),
                    };
                    write.end_trial(trials[1].id, &missing)?;
                }
                write.set_point(stream, &kept)?;
            }
            Ok(())
        })
        .expect("written");
    let spec = SpecName::new("refunds");
    let cell = |version| {
        let cells = store.read(|read| read.case_stats(&spec, version)).expect("read");
        cells.iter().map(|cell| (cell.n, cell.passed, cell.missing, cell.latency_us)).collect::<Vec<_>>()
    };
    assert_eq!(cell(old.version), [(3, 2, 0, 4_500), (3, 0, 3, 0)]);
    assert_eq!(cell(new.version), [(3, 3, 0, 4_500), (3, 0, 3, 0)]);
    let changes = store.read(|read| read.compare(&spec, old.version, new.version)).expect("read");
    assert_eq!(
        changes.iter().map(|change| change.to.passed - change.from.passed).collect::<Vec<_>>(),
        [1, 0]
    );
    let timeline = store.read(|read| read.timeline(&spec, "pass_rate")).expect("read");
    assert_eq!(timeline.len(), 2);
    assert_eq!(timeline[1].point, point);

    let rebuilt = |point: Point| rebuild(&store, move |_, _| Ok(vec![point.clone()]));
    assert_eq!(rebuilt(point.clone()), [], "the projections are what their facts say");
    assert_eq!(rebuilt(Point { n: 4, ..point }), [Difference { table: "point", rows: 4 }]);
}

#[test]
fn projections_are_made_anew_a_version_at_a_time_so_that_nobody_waits_for_all_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let streams = ["be kind", "be very kind"].map(|prompt| stream(&store, prompt));
    let recorded = streams.clone();
    store
        .write_blocking(Durability::Normal, move |write| {
            recorded.iter().try_for_each(|stream| write.register_plan(&plan(stream)).map(drop))
        })
        .expect("written");
    let metric = "pass_rate";
    let meaning = SpecMeaning(tag("meaning"));
    let point =
        Point { metric: metric.to_owned(), meaning, n: 0, value: None, low: None, high: None, outcome: None };
    let (made, another) = (point.clone(), open(folder.path()));
    let [first, second] = streams;
    let rebuilt = rebuild(&store, move |_, row| {
        let seen = another.read(|read| read.point(&first, metric))?;
        assert_eq!(seen.is_some(), row.key == second, "what was made before is there for everybody");
        Ok(vec![made.clone()])
    });
    assert_eq!(rebuilt, [Difference { table: "point", rows: 2 }]);
}

#[test]
fn judging_again_replaces_the_score_and_the_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let stream = key.clone();
    store
        .write_blocking(Durability::Normal, move |write| {
            let trial = write.release_slots(&stream, &[slot("a", 0)])?[0].id;
            write.end_trial(trial, &answered("yes", false))?;
            let again =
                Judged { meaning: CaseMeaning(tag("case meaning")), case: scored(true), scores: Vec::new() };
            write.record_scores(trial, &again)?;
            let edited =
                Judged { meaning: CaseMeaning(tag("stricter")), case: scored(false), scores: Vec::new() };
            write.record_scores(trial, &edited)
        })
        .expect("written");
    let cells = store.read(|read| read.case_stats(&key.spec, key.version)).expect("read");
    let counts: Vec<_> = cells.iter().map(|cell| (cell.meaning, cell.n, cell.passed)).collect();
    assert_eq!(counts, [(CaseMeaning(tag("case meaning")), 1, 1), (CaseMeaning(tag("stricter")), 1, 0)]);
}

#[test]
fn a_plan_is_older_than_the_answers_it_counts_or_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let (registered, answered_at, again) = store
        .write_blocking(Durability::Full, move |write| {
            let registered = write.register_plan(&plan(&key))?;
            let trial = write.release_slots(&key, &[slot("a", 0)])?[0].id;
            write.end_trial(trial, &answered("yes", true))?;
            Ok((registered, write.observations(trial)?[0].seq, write.register_plan(&plan(&key))?))
        })
        .expect("written");
    assert!(registered < answered_at);
    assert_eq!(registered, again, "recording a plan again does not make it younger");
}

#[test]
fn anybody_may_ask_a_run_to_stop_and_it_ends_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, cli) = (open(folder.path()), open(folder.path()));
    let key = stream(&app, "be kind");
    let run = RunId(7);
    let streams = vec![key.clone()];
    app.write_blocking(Durability::Full, move |write| write.start_run(run, "app 1", &streams))
        .expect("begun");
    assert_eq!(cli.read(|read| read.cancel_asked(run)).ok(), Some(false));
    assert_eq!(cli.write_blocking(Durability::Full, move |write| write.cancel_run(run)).ok(), Some(true));
    assert_eq!(app.read(|read| read.cancel_asked(run)).ok(), Some(true));
    for state in [RunState::Cancelled, RunState::Ended] {
        app.write_blocking(Durability::Full, move |write| write.end_run(run, state)).expect("ended");
    }
    let row = cli.read(|read| read.run(run)).expect("read").expect("known");
    assert_eq!(
        (row.state, row.streams.as_slice(), row.owner.as_str()),
        (RunState::Cancelled, &[key][..], "app 1")
    );
    let log = app.read(|read| read.log(Seq(0), 100)).expect("read");
    let ended = log.iter().filter(|event| matches!(event.what, Happened::RunEnded { .. })).count();
    assert_eq!(ended, 1);
    assert!(app.read(|read| read.open_runs()).expect("read").is_empty());
}

#[tokio::test]
async fn listeners_hear_of_commits_in_order_and_others_are_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, cli) = (open(folder.path()), open(folder.path()));
    let mut heard = app.subscribe();
    assert!(!app.changed_elsewhere().await.expect("asked"));
    let run = |n| Happened::RunStarted { run: RunId(n) };
    for n in 1..=2 {
        app.write(Durability::Full, move |write| write.append(run(n))).await.expect("appended");
    }
    let refused = app
        .write(Durability::Full, move |write| {
            write.append(run(3))?;
            Err::<(), _>(StoreError::Refused("not now".to_owned()))
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(heard.recv().await.expect("told").what, run(1));
    assert_eq!(heard.recv().await.expect("told").what, run(2));
    assert!(heard.try_recv().is_err(), "what was refused did not happen");
    assert!(!app.changed_elsewhere().await.expect("asked"), "its own writes are not elsewhere");

    let last = cli.write(Durability::Full, move |write| write.append(run(4))).await.expect("appended");
    assert!(app.changed_elsewhere().await.expect("asked"));
    assert!(!app.changed_elsewhere().await.expect("asked"));
    let log = app.read_async(|read| read.log(Seq(0), 10)).await.expect("read");
    assert_eq!(log.last(), Some(&last));
    assert_eq!(log.len(), 3);
    assert!(matches!(app.read(|read| read.check_log()), Ok(Ok(Some((seq, _)))) if seq == last.seq));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_many_tasks_share_transactions_and_each_is_answered_for_itself() {
    const TASKS: u32 = 600;
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = folder.path().to_owned();
    let (store, key) = tokio::task::spawn_blocking(move || {
        let store = open(&workspace);
        let key = stream(&store, "be kind");
        (store, key)
    })
    .await
    .expect("opened");
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..TASKS {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move {
            store
                .write(Durability::Normal, move |write| {
                    let trial = write.release_slots(&key, &[slot("a", round)])?[0].id;
                    write.end_trial(trial, &answered("yes", true))?;
                    // Every tenth is refused after it wrote, and takes no other with it.
                    if round % 10 == 0 {
                        write.end_trial(trial, &answered("no", false))?;
                    }
                    Ok(())
                })
                .await
                .is_ok()
        });
    }
    let written = tasks.join_all().await.into_iter().filter(|&written| written).count();
    assert_eq!(written as u32, TASKS - TASKS / 10);
    let (trials, cells) = store
        .read_async(move |read| Ok((read.trials_of(&key)?, read.case_stats(&key.spec, key.version)?)))
        .await
        .expect("read");
    assert_eq!(trials.len(), written);
    assert_eq!((cells[0].n as usize, cells[0].passed as usize), (written, written));
}
