//! Versions, specs, points and the smaller tables: what is recorded is found again, by every way to it.

use std::num::NonZeroU32;

use gatewright_core::{
    gate::WatchState,
    id::{EnvironmentName, ScorerId, SpecMeaning, SpecName, VersionId},
    plan::{Purpose, Side, StreamKey},
    time::Seq,
    verdict::{LabelWord, Outcome},
    version::{Provenance, Version},
};

use super::{answered, open, plan, slot, stream, tag, version};
use crate::{
    event::Happened,
    store::{
        Durability, Store, StoreError,
        table::{MonitorRow, Point},
    },
};

fn spec() -> SpecName {
    SpecName::new("refunds")
}

#[test]
fn a_version_is_recorded_once_and_found_by_digest_digits_agent_and_component() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (one, two) = (version("be kind"), version("be brief"));
    let recorded = [one.clone(), two.clone(), one.clone()];
    let new = store
        .write_blocking(Durability::Full, move |write| {
            recorded.iter().map(|version| write.record_version(version)).collect::<Result<Vec<_>, _>>()
        })
        .expect("recorded");
    assert_eq!(new, [true, true, false]);
    let id = one.id;
    store
        .write_blocking(Durability::Full, move |write| {
            write.label_version(id, "first try")?;
            write.label_version(id, "the kind one")
        })
        .expect("labelled");
    store
        .read(|read| {
            let row = read.version(one.id)?.expect("known");
            assert_eq!((&row.version, row.label.as_deref()), (&one, Some("the kind one")));
            let labels = read.labels(one.id)?;
            assert_eq!(
                labels.iter().map(|label| label.text.as_str()).collect::<Vec<_>>(),
                ["first try", "the kind one"]
            );
            let newest_first = read.versions(&one.agent, 10, 0)?;
            assert_eq!(newest_first.iter().map(|row| row.version.id).collect::<Vec<_>>(), [two.id, one.id]);
            assert_eq!(read.versions(&one.agent, 1, 1)?.len(), 1);
            let digits = one.id.to_string();
            assert_eq!(read.versions_beginning(&digits[..19], 5)?, [one.id]);
            assert_eq!(read.versions_beginning(&one.id.0.short(), 5)?, [one.id]);
            for nothing in ["", "sha256:", "xyz", "%"] {
                assert_eq!(read.versions_beginning(nothing, 5)?, [], "{nothing}");
            }
            let seen = read.log(Seq(0), 10)?;
            assert_eq!(seen[0].what, Happened::VersionSeen { version: one.id });
            Ok(())
        })
        .expect("read");
    let unknown = VersionId(tag("nobody"));
    let refused = store.write_blocking(Durability::Full, move |write| write.label_version(unknown, "x"));
    assert!(matches!(refused, Err(StoreError::Unknown { .. })));
}

#[test]
fn a_version_under_a_digest_that_is_not_its_own_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let wrong = Version { id: VersionId(tag("wrong")), ..version("be kind") };
    let refused = store.write_blocking(Durability::Full, move |write| write.record_version(&wrong));
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    let provenance = Provenance { commit: Some("abc".to_owned()), ..Provenance::default() };
    let elsewhere = Version { provenance, ..version("be kind") };
    let new = store.write_blocking(Durability::Full, move |write| write.record_version(&elsewhere));
    assert_eq!(new.ok(), Some(true), "where it came from is not part of what it is");
}

#[test]
fn a_spec_has_a_history_of_what_it_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (one, two) = (SpecMeaning(tag("one")), SpecMeaning(tag("two")));
    let reads = [(Some(one), 0), (Some(one), 0), (None, 2), (Some(two), 0), (Some(one), 0)];
    let changed = store
        .write_blocking(Durability::Full, move |write| {
            write.record_meaning(one, br#"{"name":"refunds"}"#)?;
            write.record_meaning(one, b"another body under the same digest")?;
            reads
                .iter()
                .map(|&(meaning, errors)| write.record_spec(&spec(), meaning, errors))
                .collect::<Result<Vec<_>, _>>()
        })
        .expect("recorded");
    assert_eq!(changed, [true, false, true, true, true]);
    store
        .read(|read| {
            let history = read.spec_history(&spec())?;
            assert_eq!(history.iter().map(|change| change.meaning).collect::<Vec<_>>(), [one, two, one]);
            assert_eq!(read.spec_meaning(&spec())?, Some(one));
            assert_eq!(read.meaning(one)?.as_deref(), Some(&br#"{"name":"refunds"}"#[..]));
            assert_eq!(read.meaning(two)?, None, "only its digest is known");
            Ok(())
        })
        .expect("read");
}

fn point(metric: &str, value: Option<f64>) -> Point {
    Point {
        metric: metric.to_owned(),
        meaning: SpecMeaning(tag("meaning")),
        n: 24,
        value,
        low: value.map(|value| value - 0.1),
        high: value.map(|value| value + 0.1),
        outcome: value.map(|_| Outcome::Pass),
    }
}

fn set(store: &Store, stream: &StreamKey, point: Point) {
    let stream = stream.clone();
    store
        .write_blocking(Durability::Normal, move |write| {
            write.record_stream(&stream)?;
            write.set_point(&stream, &point)
        })
        .expect("set");
}

#[test]
fn points_make_a_timeline() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (one, two) = (stream(&store, "be kind"), stream(&store, "be brief"));
    set(&store, &one, point("pass_rate", Some(0.5)));
    set(&store, &one, point("cost", Some(3.0)));
    set(&store, &two, point("pass_rate", None));
    set(&store, &two, point("cost", Some(1.0)));
    store
        .read(|read| {
            let timeline = read.timeline(&spec(), "pass_rate")?;
            let drawn: Vec<_> = timeline.iter().map(|row| (row.version, row.point.value)).collect();
            assert_eq!(drawn, [(one.version, Some(0.5)), (two.version, None)]);
            assert_eq!(read.point(&one, "cost")?.map(|row| row.point), Some(point("cost", Some(3.0))));
            assert_eq!(read.metrics(&spec())?, ["pass_rate", "cost"]);
            assert_eq!(read.timeline(&spec(), "latency")?, []);
            Ok(())
        })
        .expect("read");
}

#[test]
fn streams_of_every_purpose_are_told_apart_and_attempts_count_gates_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let gate = stream(&store, "be kind");
    let candidate = stream(&store, "be brief").version;
    let second = StreamKey { attempt: NonZeroU32::MIN.saturating_add(1), ..gate.clone() };
    let of = |attempt| Purpose::BaselineOf { candidate, attempt };
    let baseline = StreamKey { purpose: of(gate.attempt), ..gate.clone() };
    let other_baseline = StreamKey { purpose: of(second.attempt), ..gate.clone() };
    let monitor = Purpose::Monitor { environment: EnvironmentName::new("production") };
    let monitor = StreamKey { purpose: monitor, ..gate.clone() };
    let all = [gate.clone(), second.clone(), baseline.clone(), other_baseline, monitor.clone()];
    let streams = all.clone();
    store
        .write_blocking(Durability::Normal, move |write| {
            for stream in &streams {
                write.record_stream(stream)?;
                write.record_stream(stream)?;
                let trial = write.release_slots(stream, &[slot("a", 0)])?[0].id;
                write.end_trial(trial, &answered("yes", true))?;
            }
            write.end_stream(&streams[0])
        })
        .expect("recorded");
    store
        .read(|read| {
            let recorded: Vec<_> = read.streams()?.into_iter().map(|row| row.key).collect();
            assert_eq!(recorded, all);
            let attempts = read.attempts(gate.version, &spec())?;
            let ended: Vec<_> = attempts.iter().map(|row| (&row.key, row.ended.is_some())).collect();
            assert_eq!(ended, [(&gate, true), (&second, false)]);
            assert_eq!(read.trials_of(&baseline)?[0].trial.slot.side, Side::Baseline);
            assert_eq!(read.trials_of(&monitor)?[0].trial.slot.side, Side::Candidate);
            assert_eq!(read.case_stats(&spec(), gate.version)?[0].n, 4, "monitors are not counted");
            assert_eq!(read.trials_of_case(&spec(), gate.version, &slot("a", 0).0.case, 10)?.len(), 4);
            Ok(())
        })
        .expect("read");
}

#[test]
fn small_tables_keep_what_they_are_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let monitor = MonitorRow {
        environment: EnvironmentName::new("production"),
        spec: spec(),
        stream: key.clone(),
        state: WatchState { bets: [1.0, 0.1, 2.5], trials: 17 },
        seq: Seq(0),
    };
    let kept = monitor.clone();
    let (polite, brief) = (ScorerId(tag("polite")), ScorerId(tag("brief")));
    let expected = plan(&key);
    let trial = store
        .write_blocking(Durability::Full, move |write| {
            write.register_plan(&plan(&key))?;
            write.set_monitor(&MonitorRow { state: WatchState::BEGIN, ..kept.clone() })?;
            write.set_monitor(&kept)?;
            let trial = write.release_slots(&key, &[slot("a", 0)])?[0].id;
            write.end_trial(trial, &answered("yes", true))?;
            write.label_answer(trial, 0, polite, "Ada", Some(LabelWord::Fail))?;
            write.label_answer(trial, 0, brief, "Ada", Some(LabelWord::Skip))?;
            write.label_answer(trial, 0, polite, "Bob", Some(LabelWord::Pass))?;
            write.label_answer(trial, 0, brief, "Ada", None)?;
            Ok(trial)
        })
        .expect("written");
    store
        .read(|read| {
            let found = read.monitor(&monitor.environment, &monitor.spec)?.expect("set");
            assert_eq!(MonitorRow { seq: Seq(0), ..found }, monitor);
            assert_eq!(read.plan(expected.id)?.map(|row| row.plan), Some(expected));
            let labels = read.labels_of_trial(trial)?;
            let said: Vec<_> =
                labels.iter().map(|label| (label.turn, label.scorer, &*label.by, label.word)).collect();
            assert_eq!(
                said,
                [(0, polite, "Bob", Some(LabelWord::Pass)), (0, brief, "Ada", None)],
                "the last counts"
            );
            assert_eq!(read.labels_of(&monitor.stream)?, labels);
            Ok(())
        })
        .expect("read");
    let refused = store
        .write_blocking(Durability::Full, move |write| write.label_answer(trial, 3, polite, "Ada", None));
    assert!(matches!(refused, Err(StoreError::Unknown { .. })));
}
