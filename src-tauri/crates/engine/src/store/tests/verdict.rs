//! Verdicts and decisions: given once, read back as given, never edited unnoticed.

use gatewright_core::{
    decision::{Basis, Statement},
    id::{CriterionId, CriterionName, EnvironmentName, GrantId, VerdictId},
    plan::{METHOD, StreamKey},
    spec::Unit,
    time::Seq,
    verdict::{Counts, CriterionVerdict, Outcome, Shown, Standing, Verdict},
};
use rusqlite::Connection;

use super::{open, plan, stream, tag};
use crate::{
    event::Happened,
    store::{Durability, Folder, Store, StoreError, table::NewDecision},
};

/// A pass on the plan of [`plan`].
pub(super) fn verdict(stream: &StreamKey) -> Verdict {
    Verdict {
        id: VerdictId(tag("a pass")),
        plan: plan(stream).id,
        stream: stream.clone(),
        spec: plan(stream).spec,
        grade: gatewright_core::version::Grade::Sent,
        baseline: None,
        criteria: vec![CriterionVerdict {
            criterion: CriterionId(tag("criterion")),
            name: CriterionName::new("helpful"),
            rule: gatewright_core::spec::Rule::Never {
                failure_rate: Unit::from_millionths(50_000).expect("5 %"),
                wrongly_passed: Unit::from_millionths(50_000).expect("5 %"),
            },
            blocking: true,
            outcome: Outcome::Pass,
            at: 24,
            heard_max: 203,
            counts: Counts { scored: 24, ..Counts::default() },
            recorded: None,
            shown: Shown { value: "1".to_owned(), ..Shown::default() },
            reason: "24 of 24 passed".to_owned(),
            given_determinism: false,
        }],
        outcome: Outcome::Pass,
        standing: Standing::Prospective,
        attempts: 1,
        wrongly_passed_total: Unit::from_millionths(50_000).expect("5 %"),
        cases: Vec::new(),
        counts: Counts::default(),
        baseline_counts: None,
        heard_max: 203,
        facts: tag("facts"),
        method: METHOD,
        headline: "24 of 24 passed".to_owned(),
        seq: Seq(0),
    }
}

fn give(store: &Store, verdict: &Verdict) -> Seq {
    let verdict = verdict.clone();
    store
        .write_blocking(Durability::Full, move |write| {
            write.register_plan(&plan(&verdict.stream))?;
            write.give_verdict(&verdict, b"envelope")
        })
        .expect("given")
}

#[test]
fn a_verdict_is_given_once_and_read_back_as_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let given = verdict(&stream(&store, "be kind"));
    let seq = give(&store, &given);
    assert_eq!(give(&store, &given), seq);
    let row = store.read(|read| read.verdict(given.id)).expect("read").expect("given");
    assert_eq!(row.verdict, Verdict { seq, ..given.clone() });
    assert_eq!(row.envelope, b"envelope");
    assert!(row.stands_as_pass());
    let log = store.read(|read| read.log(Seq(0), 100)).expect("read");
    let told = log.iter().filter(|event| event.what == Happened::VerdictGiven { verdict: given.id }).count();
    assert_eq!(told, 1);
}

#[test]
fn a_later_fail_withdraws_a_pass_and_the_first_word_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let pass = verdict(&stream(&store, "be kind"));
    let fail = Verdict { id: VerdictId(tag("a fail")), outcome: Outcome::Fail, ..pass.clone() };
    give(&store, &pass);
    give(&store, &fail);
    for by in [fail.id, pass.id] {
        let id = pass.id;
        store
            .write_blocking(Durability::Full, move |write| write.withdraw_verdict(id, by))
            .expect("withdrawn");
    }
    let row = store.read(|read| read.verdict(pass.id)).expect("read").expect("given");
    assert_eq!(row.withdrawn_by, Some(fail.id));
    assert!(!row.stands_as_pass());
    let newest = store.read(|read| read.verdicts_of_version(pass.stream.version)).expect("read");
    assert_eq!(newest.iter().map(|row| row.verdict.id).collect::<Vec<_>>(), [fail.id, pass.id]);
}

#[test]
fn a_verdict_without_its_plan_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let given = verdict(&stream(&store, "be kind"));
    let id = given.id;
    let refused =
        store.write_blocking(Durability::Full, move |write| write.give_verdict(&given, b"envelope"));
    assert!(matches!(refused, Err(StoreError::Unknown { .. })));
    assert!(store.read(|read| read.verdict(id)).expect("read").is_none());
}

#[test]
fn nobody_edits_the_log_a_verdict_or_an_observation_through_sql() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let given = verdict(&stream(&store, "be kind"));
    give(&store, &given);
    let key = given.stream.clone();
    store
        .write_blocking(Durability::Normal, move |write| {
            let trial = write.release_slots(&key, &[super::slot("a", 0)])?[0].id;
            write.end_trial(trial, &super::answered("yes", true))
        })
        .expect("written");
    for sql in [
        "UPDATE event SET at_ms = 0",
        "DELETE FROM event",
        "UPDATE verdict SET outcome = 0",
        "UPDATE verdict SET headline = 'Passed'",
        "UPDATE criterion_verdict SET passed = 9",
        "DELETE FROM verdict",
        "UPDATE observation SET record = x''",
        "UPDATE trial SET state = 0",
    ] {
        let refused =
            store.write_blocking(Durability::Full, move |write| Ok(write.connection.execute(sql, [])?));
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{sql}: {refused:?}");
    }
}

#[test]
fn a_row_edited_behind_the_triggers_does_not_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let given = Verdict { outcome: Outcome::Fail, ..verdict(&stream(&store, "be kind")) };
    give(&store, &given);
    drop(store);
    let connection = Connection::open(Folder::of(folder.path()).database()).expect("opened");
    connection.execute_batch("DROP TRIGGER verdict_stays; UPDATE verdict SET outcome = 0").expect("edited");
    drop(connection);
    let store = open(folder.path());
    assert!(matches!(store.read(|read| read.verdict(given.id)), Err(StoreError::DamagedContent { .. })));
    let sealed = store.read(|read| read.sealed_verdicts()).expect("listed");
    assert_eq!(sealed.len(), 1);
    assert!(sealed[0].verdict.is_err());
}

#[test]
fn decisions_keep_who_said_so_and_refusals_are_kept_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let key = stream(&store, "be kind");
    let environment = EnvironmentName::new("production");
    let decision = |grant: Option<(GrantId, Basis)>| NewDecision {
        environment: environment.clone(),
        version: key.version,
        grant,
        summary: "be kind to production".to_owned(),
        body: br#"{"refused":[]}"#.to_vec(),
        envelope: None,
    };
    let by = Basis::Override(Statement::new("Ada", "the customer waits").expect("a statement"));
    let grant = GrantId(tag("grant"));
    let (refused, granted) = (decision(None), decision(Some((grant, by))));
    store
        .write_blocking(Durability::Full, move |write| {
            write.record_decision(&refused)?;
            let first = write.record_decision(&granted)?;
            assert_eq!(write.record_decision(&granted)?, first, "the same grant is one decision");
            Ok(())
        })
        .expect("recorded");
    let rows = store.read(|read| read.decisions(Some(&environment), 10)).expect("read");
    assert_eq!(rows.iter().map(|row| row.grant).collect::<Vec<_>>(), [Some(grant), None]);
    let overrides = store.read(|read| read.overrides(10)).expect("read");
    assert_eq!(overrides.len(), 1);
    assert_eq!(overrides[0].actor.as_deref(), Some("Ada"));
    assert_eq!(overrides[0].body, br#"{"refused":[]}"#);
}
