//! A workspace's evidence from end to end: signed, kept, witnessed by files, and checked after somebody was at it.

use std::{collections::BTreeMap, num::NonZeroU32, path::Path, sync::Arc};

use gatewright_core::{
    decision::Basis,
    id::{AgentName, ComponentName, Digest, EnvironmentName, GrantId, SpecName},
    plan::{Plan, Purpose, StreamKey},
    release::{Kind, Release, Rung, State, Times},
    time::{Millis, Seq},
    verdict::Verdict,
    version::{Component, Drive, Endpoint, Grade, MANIFEST_FORMAT, Manifest, Provenance, Version},
};
use gatewright_engine::{
    clock::SystemClock,
    evidence::{
        About, Checkpoint, Finding, SignedDecision, SignedRelease, SignedVerdict, Signer, Trail, TrustedKeys,
        sign_decision, sign_release, sign_verdict, verify,
    },
    store::{
        Durability, Folder, Store, StoreError,
        table::{CheckpointRow, NewDecision},
    },
};
use rusqlite::Connection;

struct World {
    workspace: tempfile::TempDir,
    user: tempfile::TempDir,
}

impl World {
    /// A verdict, a decision and a release, each signed, and a checkpoint after them.
    fn new() -> Self {
        let world = Self {
            workspace: tempfile::tempdir().expect("a folder"),
            user: tempfile::tempdir().expect("a folder"),
        };
        let (store, signer) = (world.store(), world.signer());
        fill(&store, &signer).expect("written");
        checkpoint(&store, &signer);
        world
    }

    fn store(&self) -> Store {
        Store::open(self.workspace.path(), Arc::new(SystemClock::default())).expect("opens")
    }

    fn signer(&self) -> Signer {
        Signer::load_or_make(self.user.path()).expect("a key")
    }

    fn findings(&self) -> Vec<Finding> {
        let trusted = TrustedKeys::load(self.user.path(), Some(&self.signer())).expect("loaded");
        verify(&trail(&self.store()).expect("read"), &trusted)
    }

    /// What somebody with a database tool does.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(Folder::of(self.workspace.path()).database()).expect("opened");
        connection.execute_batch(sql).expect(sql);
    }
}

fn tag(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

fn version() -> Version {
    let components =
        BTreeMap::from([(ComponentName::new("prompt"), Component::Value(serde_json::json!("be kind")))]);
    let manifest = Manifest { format: MANIFEST_FORMAT, drive: Drive::Assembled, components };
    Version {
        id: manifest.id().expect("canonical"),
        agent: AgentName::new("help-desk"),
        manifest,
        grade: Grade::Sent,
        provenance: Provenance::default(),
    }
}

/// A plan and a fail by it. As JSON, since only a few of their fields matter to what is signed.
fn plan_and_verdict(stream: &StreamKey) -> (Plan, Verdict) {
    let plan = serde_json::json!({
        "id": tag("plan"), "stream": stream, "spec": tag("meaning"), "baseline": null, "order": "hash_rounds",
        "ask": "every_case_once", "cases": [], "criteria": [], "window_max": 16, "method": 1,
    });
    let counts = serde_json::json!({
        "scored": 1, "failed": 1, "agent_errors": 0, "not_judged": 0, "missing": 0, "reused": 0,
    });
    let verdict = serde_json::json!({
        "id": tag("a fail"), "plan": tag("plan"), "stream": stream, "spec": tag("meaning"), "grade": "sent",
        "baseline": null, "criteria": [], "outcome": "fail", "standing": "prospective", "attempts": 1,
        "wrongly_passed_total": 0, "cases": [], "counts": counts, "heard_max": 203, "facts": tag("facts"),
        "method": 1, "headline": "0 of 1 passed", "seq": 0,
    });
    let plan = serde_json::from_value(plan).expect("a plan");
    (plan, serde_json::from_value(verdict).expect("a verdict"))
}

fn release(version: &Version) -> Release {
    Release {
        id: gatewright_core::id::ReleaseId(1),
        kind: Kind::Promotion,
        grant: GrantId(tag("grant")),
        environment: EnvironmentName::new("production"),
        from: None,
        to: version.id,
        target_ref: None,
        expected_revision: Some("7".to_owned()),
        fence: 1,
        state: State::Intent,
        rung: Rung::None,
        times: Times::default(),
        supersedes: None,
    }
}

fn fill(store: &Store, signer: &Signer) -> Result<(), StoreError> {
    let version = version();
    let endpoint =
        Endpoint { kind: "openai-chat".to_owned(), address: "demo:help-desk".to_owned(), environment: None };
    let stream = StreamKey {
        version: version.id,
        endpoint: endpoint.id().expect("canonical"),
        spec: SpecName::new("refunds"),
        attempt: NonZeroU32::MIN,
        purpose: Purpose::Gate,
    };
    let (plan, verdict) = plan_and_verdict(&stream);
    let about = About { agent: version.agent.clone(), at: Millis(1_750_000_000_000) };
    let bundle = sign_verdict(&verdict, &about, signer).expect("signed");
    let body = serde_json::json!({ "override": { "by": "Ada", "reason": "the customer waits" } });
    let decision = NewDecision {
        environment: EnvironmentName::new("production"),
        version: version.id,
        grant: Some((GrantId(tag("grant")), Basis::Verdicts(Vec::new()))),
        summary: "help-desk to production, by Ada".to_owned(),
        body: body.to_string().into_bytes(),
        envelope: Some(sign_decision(version.id, &body, &about, signer).expect("signed")),
    };
    let begun = release(&version);
    let live = Release { state: State::Live, rung: Rung::Pointer, ..begun.clone() };
    let envelope = sign_release(&live, &about, signer).expect("signed");
    store.write_blocking(Durability::Full, move |write| {
        write.record_version(&version)?;
        write.record_endpoint(&endpoint)?;
        write.register_plan(&plan)?;
        write.give_verdict(&verdict, &bundle)?;
        write.record_decision(&decision)?;
        write.begin_release(&begun, "begun")?;
        write.move_release(&live, "read back")?;
        write.seal_release(live.id, &envelope)?;
        write.pin_object(b"a sealed prompt").map(drop)
    })
}

fn checkpoint(store: &Store, signer: &Signer) {
    let (seq, hash) = store.read(|read| read.log_head()).expect("read").expect("a log");
    let envelope = Checkpoint { seq, hash, at: Millis(0) }.sign(signer).expect("signed");
    let row = CheckpointRow { seq, hash, envelope };
    store.publish_checkpoint(&row).expect("published");
    store.publish_key(signer.public().id().as_str(), signer.public().pem()).expect("published");
    store.write_blocking(Durability::Full, move |write| write.record_checkpoint(&row)).expect("kept");
}

/// Everything that is checked, as the history has it.
fn trail(store: &Store) -> Result<Trail, StoreError> {
    let mut checkpoints = store.published_checkpoints()?;
    store.read(|read| {
        let kept = read.checkpoints()?;
        checkpoints.extend(kept.into_iter().map(|row| (format!("checkpoint {}", row.seq.0), row.envelope)));
        let verdicts = read.sealed_verdicts()?.into_iter();
        let releases = read.all_releases()?.into_iter();
        let decisions = read.decisions(None, u32::MAX)?.into_iter();
        let state = read.state()?;
        let damaged = state.damaged_objects.into_iter().chain(state.damaged_blobs);
        Ok(Trail {
            entries: read.log_entries(Seq(0), u64::from(u32::MAX))?,
            checkpoints,
            verdicts: verdicts
                .map(|row| SignedVerdict {
                    id: row.id,
                    verdict: row.verdict,
                    bundle: row.envelope,
                    withdrawn_by: row.withdrawn_by,
                })
                .collect(),
            releases: releases
                .map(|row| SignedRelease { release: row.release, envelope: row.envelope })
                .collect(),
            decisions: decisions
                .filter_map(|row| {
                    let (seq, version, body, envelope) = (row.seq, row.version, row.body, row.envelope);
                    Some(SignedDecision { seq, grant: row.grant?, version, body, envelope })
                })
                .collect(),
            damaged: damaged.map(|id| (id.0, "gone or damaged".to_owned())).collect(),
        })
    })
}

fn said(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

#[test]
fn an_untouched_workspace_has_no_findings_and_its_witnesses_lie_in_files() {
    let world = World::new();
    assert_eq!(said(&world.findings()), "");
    let store = world.store();
    let key = world.signer().public().id().to_string();
    assert!(store.folder().keys().join(format!("{key}.pem")).is_file());
    assert_eq!(store.published_checkpoints().expect("listed").len(), 1);
}

#[test]
fn a_verdict_turned_into_a_pass_is_found() {
    let world = World::new();
    world.tamper("DROP TRIGGER verdict_stays; UPDATE verdict SET outcome = 0");
    let found = said(&world.findings());
    assert!(found.contains("says something else than its record"), "{found}");

    let world = World::new();
    world.tamper("DROP TRIGGER verdict_stays; UPDATE verdict SET outcome = 0");
    // The record is packed: a forger unpacks, edits and packs it again.
    let connection = Connection::open(Folder::of(world.workspace.path()).database()).expect("opened");
    let record: Vec<u8> =
        connection.query_row("SELECT record FROM verdict", [], |row| row.get(0)).expect("a verdict");
    let record = String::from_utf8(zstd::decode_all(record.as_slice()).expect("unpacked")).expect("JSON");
    let forged = record.replace(r#""outcome":"fail""#, r#""outcome":"pass""#);
    assert_ne!(forged, record);
    let packed = zstd::bulk::compress(forged.as_bytes(), 3).expect("packed");
    connection.execute("UPDATE verdict SET record = ?1", [packed]).expect("edited");
    drop(connection);
    let found = said(&world.findings());
    assert!(found.contains("its row says something else than was signed"), "{found}");
}

#[test]
fn a_changed_reason_of_an_override_and_a_changed_release_are_found() {
    let world = World::new();
    let body = br#"{"override":{"by":"Bob","reason":"the customer waits"}}"#;
    let packed = zstd::bulk::compress(body, 3).expect("packed");
    let connection = Connection::open(Folder::of(world.workspace.path()).database()).expect("opened");
    connection.execute("UPDATE decision SET body = ?1", [packed]).expect("edited");
    drop(connection);
    world.tamper("UPDATE release SET expected_revision = '8'");
    let findings = world.findings();
    assert!(matches!(findings.as_slice(), [Finding::ReleaseEdited { .. }, Finding::DecisionEdited { .. }]));
}

#[test]
fn a_row_that_is_gone_or_lost_its_signature_is_found() {
    let found = |sql: &str| {
        let world = World::new();
        world.tamper(&format!("PRAGMA foreign_keys = OFF; {sql}"));
        world.findings()
    };
    let findings = found("UPDATE release SET envelope = NULL, expected_revision = '8'");
    assert!(matches!(findings.as_slice(), [Finding::ReleaseUnsigned { .. }]), "{findings:?}");
    // As one that another superseded, which nobody signs.
    let findings = found("UPDATE release SET envelope = NULL, state = 9, open = 0");
    assert!(matches!(findings.as_slice(), [Finding::ReleaseAstray { .. }]), "{findings:?}");
    let findings = found("DELETE FROM release");
    assert!(matches!(findings.as_slice(), [Finding::ReleaseGone { .. }]), "{findings:?}");
    let findings = found("UPDATE decision SET envelope = NULL");
    assert!(matches!(findings.as_slice(), [Finding::DecisionUnsigned { .. }]), "{findings:?}");
    let findings = found("UPDATE decision SET grant_ = zeroblob(32)");
    let said = said(&findings);
    assert!(said.contains("the log does not tell of it") && said.contains("and it is gone"), "{said}");
    let findings = found("UPDATE verdict SET withdrawn_by = id");
    assert!(matches!(findings.as_slice(), [Finding::VerdictWithdrawal { .. }]), "{findings:?}");
}

#[test]
fn an_edited_log_is_found_at_its_first_entry_that_does_not_hold() {
    let world = World::new();
    world.tamper(
        "DROP TRIGGER event_stays; UPDATE event SET body = replace(body, 'Ada', 'Bob') WHERE kind = 11",
    );
    let log = world.store().read(|read| read.check_log()).expect("read");
    let broken = log.expect_err("broken");
    assert_eq!(said(&world.findings()), format!("log: {broken}\n"));
}

#[test]
fn a_cut_tail_is_found_by_the_checkpoint_in_the_folder() {
    let world = World::new();
    // All that the database itself could say is gone with the tail.
    world.tamper(
        "DROP TRIGGER event_remains; DROP TRIGGER checkpoint_remains; DELETE FROM checkpoint;
         DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    );
    let findings = world.findings();
    assert!(
        matches!(findings.as_slice(), [Finding::TailCut { .. }, Finding::ReleaseAstray { .. }]),
        "{}",
        said(&findings)
    );
}

#[test]
fn a_verdict_signed_by_a_stranger_is_found() {
    let world = World::new();
    let stranger = tempfile::tempdir().expect("a folder");
    let signer = Signer::load_or_make(stranger.path()).expect("a key");
    let store = world.store();
    let row = store.read(|read| read.sealed_verdicts()).expect("read").remove(0);
    let about = About { agent: AgentName::new("help-desk"), at: Millis(0) };
    let forged = sign_verdict(&row.verdict.expect("sound"), &about, &signer).expect("signed");
    store
        .publish_key(signer.public().id().as_str(), signer.public().pem())
        .expect("a key in a folder is no trust");
    drop(store);
    world.tamper("DROP TRIGGER verdict_stays");
    let connection = Connection::open(Folder::of(world.workspace.path()).database()).expect("opened");
    connection.execute("UPDATE verdict SET envelope = ?1", [forged]).expect("forged");
    drop(connection);
    let found = said(&world.findings());
    assert!(found.contains("not signed by a key that you trust"), "{found}");
}

#[test]
fn a_damaged_object_is_named() {
    let world = World::new();
    let objects = Folder::of(world.workspace.path()).objects();
    let id = tag("a sealed prompt");
    let path = Path::new(&objects).join(&id.hex()[..2]).join(&id.hex()[2..]);
    std::fs::write(path, b"another prompt").expect("written");
    assert_eq!(said(&world.findings()), format!("content {id}: gone or damaged\n"));
}
