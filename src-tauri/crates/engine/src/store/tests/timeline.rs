//! What a timeline draws, in one query: the same as the records say, those of before included.

use std::num::NonZeroU32;

use gatewright_core::{
    id::{CriterionName, SpecMeaning, SpecName, VerdictId},
    plan::StreamKey,
    verdict::{Counts, CriterionVerdict, Outcome, Verdict},
};
use rusqlite::Connection;

use super::{open, plan, stream, tag, verdict};
use crate::store::{
    Durability, Folder, Store,
    table::{Hearing, Point, TimelineRow},
};

fn rows(store: &Store, criterion: &str) -> Vec<TimelineRow> {
    let (spec, named) = (SpecName::new("refunds"), CriterionName::new(criterion));
    store.read(|read| read.timeline_rows(&spec, "pass_rate", Some(&named))).expect("read")
}

/// Gives a verdict that heard so many, and sets its point.
fn judge(store: &Store, stream: &StreamKey, name: &str, heard: u32) -> Verdict {
    let model = verdict::verdict(stream);
    let counts = Counts { scored: heard, failed: 1, ..Counts::default() };
    let criterion = CriterionVerdict { counts: Counts { scored: 20, ..counts }, ..model.criteria[0].clone() };
    let given = Verdict {
        id: VerdictId(tag(name)),
        counts,
        criteria: vec![criterion],
        headline: format!("{name} says so"),
        ..model
    };
    let (said, point) = (
        given.clone(),
        Point {
            metric: "pass_rate".to_owned(),
            meaning: SpecMeaning(tag("meaning")),
            n: heard,
            value: Some(0.9),
            low: Some(0.8),
            high: Some(0.95),
            outcome: Some(Outcome::Pass),
        },
    );
    store
        .write_blocking(Durability::Full, move |write| {
            write.register_plan(&plan(&said.stream))?;
            write.give_verdict(&said, b"envelope")?;
            write.set_point(&said.stream, &point)
        })
        .expect("given");
    given
}

#[test]
fn a_version_stands_once_with_its_newest_attempt_and_that_ones_newest_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let (one, two) = (stream(&store, "be kind"), stream(&store, "be brief"));
    judge(&store, &one, "the first", 30);
    let again = StreamKey { attempt: NonZeroU32::new(2).expect("not 0"), ..one.clone() };
    judge(&store, &again, "the second", 40);
    let newest = judge(&store, &again, "the second, judged anew", 50);
    let other = judge(&store, &two, "another version", 60);
    let id = two.version;
    store.write_blocking(Durability::Full, move |write| write.label_version(id, "brief")).expect("labelled");

    let drawn = rows(&store, "helpful");
    let told: Vec<_> = drawn
        .iter()
        .map(|row| (row.row.version, row.row.attempt, row.number, row.label.as_deref()))
        .collect();
    assert_eq!(told, [(one.version, 2, 1, None), (two.version, 1, 2, Some("brief"))]);
    for (row, given) in drawn.iter().zip([&newest, &other]) {
        let line = row.verdict.as_ref().expect("a verdict");
        assert_eq!((line.id, line.standing, &line.headline), (given.id, given.standing, &given.headline));
        assert_eq!(line.gate, Hearing::of(given.counts, given.heard_max));
        assert_eq!(line.criterion, Some(Hearing { heard: 20, heard_max: 203, told: 20, passed: 19 }));
        let at = store.read(|read| read.verdict_given(given.id)).expect("read");
        assert_eq!(Some(line.given), at);
    }
    assert!(rows(&store, "no such criterion").iter().all(|row| {
        row.verdict.as_ref().is_some_and(|line| line.criterion.is_none() && line.gate.heard > 20)
    }));
}

#[test]
fn a_verdict_of_before_its_line_was_kept_is_read_from_its_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    judge(&store, &key, "long ago", 30);
    let expected = rows(&store, "helpful");
    drop(store);
    let connection = Connection::open(Folder::of(folder.path()).database()).expect("opened");
    connection
        .execute_batch(
            "DROP TRIGGER verdict_line_stays; DROP TRIGGER criterion_verdict_stays;
             UPDATE verdict SET heard = NULL, heard_max = NULL, told = NULL, passed = NULL, headline = NULL;
             UPDATE criterion_verdict SET name = NULL, heard = NULL, heard_max = NULL, told = NULL, passed = NULL",
        )
        .expect("as it was");
    drop(connection);
    assert_eq!(rows(&open(folder.path()), "helpful"), expected);
}

#[test]
fn a_verdict_is_told_against_the_newest_pass_of_another_version_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let keys = ["one", "two", "three", "four"].map(|prompt| stream(&store, prompt));
    let before = |than: &StreamKey| {
        let seq = store.read(|read| read.place()).expect("read");
        let (spec, seq) = (SpecName::new("refunds"), gatewright_core::time::Seq(seq + 1));
        store.read(|read| read.version_judged_before(&spec, seq, than.version)).expect("read")
    };
    assert_eq!(before(&keys[0]), None);
    for (key, outcome) in keys.iter().zip([Outcome::Fail, Outcome::Pass, Outcome::Fail, Outcome::Fail]) {
        let given =
            Verdict { outcome, id: VerdictId(tag(&key.version.to_string())), ..verdict::verdict(key) };
        store
            .write_blocking(Durability::Full, move |write| {
                write.register_plan(&plan(&given.stream))?;
                write.give_verdict(&given, b"envelope")
            })
            .expect("given");
    }
    assert_eq!(before(&keys[3]), Some(keys[1].version), "one that passed, though others are newer");
    assert_eq!(before(&keys[1]), Some(keys[3].version), "else the newest");
}
