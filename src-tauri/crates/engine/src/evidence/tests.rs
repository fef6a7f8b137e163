//! Tests of evidence: what is signed verifies, and what was touched afterwards does not.

use std::{fs, num::NonZeroU32};

use gatewright_core::{
    id::{AgentName, Digest, EndpointId, PlanId, RunId, SpecMeaning, SpecName, VerdictId, VersionId},
    plan::{METHOD, Purpose, StreamKey},
    spec::Unit,
    time::{Millis, Seq},
    verdict::{Counts, Outcome, Standing, Verdict, Why},
};
use serde_json::Value;

use super::*;
use crate::event::{
    Event, Happened,
    chain::{self, Break, Entry},
};

fn tag(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

fn verdict(outcome: Outcome) -> Verdict {
    Verdict {
        id: VerdictId(tag(&format!("{outcome:?}"))),
        plan: PlanId(tag("plan")),
        stream: StreamKey {
            version: VersionId(tag("version")),
            endpoint: EndpointId(tag("endpoint")),
            spec: SpecName::new("refund policy"),
            attempt: NonZeroU32::MIN,
            purpose: Purpose::Gate,
        },
        spec: SpecMeaning(tag("meaning")),
        grade: gatewright_core::version::Grade::Sent,
        baseline: None,
        criteria: Vec::new(),
        outcome,
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

fn about() -> About {
    About { agent: AgentName::new("help-desk"), at: Millis(1_750_000_000_000) }
}

fn payloads(bundle: &[u8], trusted: &TrustedKeys) -> Vec<Value> {
    let lines = bundle.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let opened =
                Envelope::from_json(line).expect("read").open(STATEMENT_TYPE, trusted).expect("signed");
            serde_json::from_slice(&opened.payload).expect("JSON")
        })
        .collect()
}

struct Hand {
    _folder: tempfile::TempDir,
    signer: Signer,
    trusted: TrustedKeys,
}

fn hand() -> Hand {
    let folder = tempfile::tempdir().expect("a folder");
    let signer = Signer::load_or_make(folder.path()).expect("made");
    let trusted = TrustedKeys::load(folder.path(), Some(&signer)).expect("loaded");
    Hand { _folder: folder, signer, trusted }
}

/// A log that tells of one verdict, signed and with a checkpoint.
fn trail(hand: &Hand) -> Trail {
    let verdict = verdict(Outcome::Pass);
    let happened = [
        Happened::RunStarted { run: RunId(1) },
        Happened::VerdictGiven { verdict: verdict.id },
        Happened::RunEnded { run: RunId(1) },
    ];
    let mut entries: Vec<Entry> = Vec::new();
    for (what, seq) in happened.into_iter().zip(1..) {
        let prev = entries.last().map_or(chain::START, |entry| entry.hash);
        entries.push(Entry::after(prev, &Event { seq: Seq(seq), at: Millis(0), what }).expect("canonical"));
    }
    let head = entries.last().expect("entries");
    let checkpoint = Checkpoint { seq: head.seq, hash: head.hash, at: Millis(0) };
    let bundle = sign_verdict(&verdict, &about(), &hand.signer).expect("signed");
    Trail {
        checkpoints: vec![("000000000003.json".to_owned(), checkpoint.sign(&hand.signer).expect("signed"))],
        verdicts: vec![SignedVerdict { id: verdict.id, verdict: Ok(verdict), bundle, withdrawn_by: None }],
        entries,
        ..Trail::default()
    }
}

#[test]
fn a_key_is_made_once_kept_private_and_its_id_is_the_digest_of_its_spki() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Signer::load_or_make(folder.path()).expect("made");
    let again = Signer::load_or_make(folder.path()).expect("read");
    assert_eq!(first.public(), again.public());
    let body: String = first.public().pem().lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).expect("base64");
    assert_eq!(first.public().id().as_str(), Digest::of_bytes(&der).hex());
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "nothing is left beside it");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    Signer::load_or_make(folder.path()).expect("made");
    let path = folder.path().join("signing-key.pem");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
    let error = Signer::load_or_make(folder.path()).expect_err("exposed");
    assert!(matches!(error, EvidenceError::Exposed { mode: 0o644, .. }));
}

#[test]
fn openssl_accepts_key_and_signature() {
    let folder = tempfile::tempdir().expect("a folder");
    let signer = Signer::load_or_make(folder.path()).expect("made");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("pub.pem"), signer.public().pem()).expect("written");
    fs::write(path("message"), b"DSSEv1 1 t 2 hi").expect("written");
    fs::write(path("signature"), signer.sign(b"DSSEv1 1 t 2 hi")).expect("written");
    let arguments = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "pub.pem",
        "-rawin",
        "-in",
        "message",
        "-sigfile",
        "signature",
    ];
    let run = std::process::Command::new("openssl").args(arguments).current_dir(folder.path()).output();
    // Where there is no openssl, nothing is said about it.
    if let Ok(output) = run {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn an_envelope_opens_for_a_trusted_key_and_for_no_other() {
    let (mine, other) = (hand(), hand());
    let envelope = Envelope::sign(STATEMENT_TYPE, b"{}", &mine.signer);
    let opened = envelope.open(STATEMENT_TYPE, &mine.trusted).expect("signed");
    assert_eq!((opened.payload.as_slice(), &opened.key), (&b"{}"[..], mine.signer.public().id()));
    assert!(matches!(envelope.open(STATEMENT_TYPE, &other.trusted), Err(NotVerified::Untrusted(_))));
    assert!(matches!(envelope.open(CHECKPOINT_TYPE, &mine.trusted), Err(NotVerified::OtherType(..))));
}

#[test]
fn no_changed_byte_of_an_envelope_is_believed_to_say_something_else() {
    let hand = hand();
    let json = Envelope::sign(STATEMENT_TYPE, br#"{"a":1}"#, &hand.signer).to_json();
    for index in 0..json.len() {
        let mut changed = json.clone();
        changed[index] ^= 1;
        let opened =
            Envelope::from_json(&changed).and_then(|envelope| envelope.open(STATEMENT_TYPE, &hand.trusted));
        if let Ok(opened) = opened {
            assert_eq!(opened.payload, br#"{"a":1}"#, "byte {index}");
        }
    }
}

#[test]
fn a_statement_says_what_in_toto_asks_for() {
    let hand = hand();
    let mut pass = payloads(
        &sign_verdict(&verdict(Outcome::Pass), &about(), &hand.signer).expect("signed"),
        &hand.trusted,
    );
    for statement in &mut pass {
        statement["predicate"]["verifier"]["version"]["gatewright"] = "this build".into();
    }
    // Ours names the build, so its digest in the summary does too.
    pass[1]["predicate"]["inputAttestations"][0]["digest"]["sha256"] = "of the first payload".into();
    insta::assert_json_snapshot!(pass);
    let undecided = verdict(Outcome::Inconclusive(Why::BudgetEnded));
    let undecided =
        payloads(&sign_verdict(&undecided, &about(), &hand.signer).expect("signed"), &hand.trusted);
    assert_eq!(undecided.len(), 1, "inconclusive has no word in a verification summary");
    let fail = payloads(
        &sign_verdict(&verdict(Outcome::Fail), &about(), &hand.signer).expect("signed"),
        &hand.trusted,
    );
    assert_eq!(fail[1]["predicate"]["verifiedLevels"], serde_json::json!(["FAILED"]));
}

#[test]
fn a_sound_trail_has_no_findings() {
    let hand = hand();
    assert_eq!(verify(&trail(&hand), &hand.trusted), []);
}

#[test]
fn an_edited_verdict_is_found() {
    let hand = hand();
    let mut edited = trail(&hand);
    let id = edited.verdicts[0].id;
    edited.verdicts[0].verdict =
        edited.verdicts[0].verdict.clone().map(|verdict| Verdict { attempts: 2, ..verdict });
    let findings = verify(&edited, &hand.trusted);
    assert!(matches!(findings.as_slice(), [Finding::VerdictEdited { id: found, .. }] if *found == id));
}

#[test]
fn a_verdict_forged_with_another_key_is_found() {
    let (mine, other) = (hand(), hand());
    let mut forged = trail(&mine);
    let pass = verdict(Outcome::Pass);
    forged.verdicts[0].bundle = sign_verdict(&pass, &about(), &other.signer).expect("signed");
    let findings = verify(&forged, &mine.trusted);
    assert!(matches!(
        findings.as_slice(),
        [Finding::VerdictSignature { why: NotVerified::Untrusted(_), .. }]
    ));
}

#[test]
fn a_bundle_of_another_verdict_does_not_do() {
    let hand = hand();
    let mut swapped = trail(&hand);
    swapped.verdicts[0].bundle =
        sign_verdict(&verdict(Outcome::Fail), &about(), &hand.signer).expect("signed");
    assert!(matches!(verify(&swapped, &hand.trusted).as_slice(), [Finding::VerdictEdited { .. }]));
}

#[test]
fn a_pass_without_its_summary_is_found() {
    let hand = hand();
    let mut without = trail(&hand);
    let bundle = &mut without.verdicts[0].bundle;
    let first = bundle.iter().position(|&byte| byte == b'\n').expect("lines");
    bundle.truncate(first + 1);
    assert!(matches!(verify(&without, &hand.trusted).as_slice(), [Finding::VerdictSignature { .. }]));
}

#[test]
fn a_verdict_taken_out_or_put_in_is_found() {
    let hand = hand();
    let mut without = trail(&hand);
    let taken = without.verdicts.remove(0);
    assert_eq!(verify(&without, &hand.trusted), [Finding::VerdictGone { id: taken.id, seq: Seq(2) }]);
    let mut untold = trail(&hand);
    let fail = verdict(Outcome::Fail);
    let bundle = sign_verdict(&fail, &about(), &hand.signer).expect("signed");
    untold.verdicts.push(SignedVerdict {
        id: fail.id,
        verdict: Ok(fail.clone()),
        bundle,
        withdrawn_by: None,
    });
    assert_eq!(verify(&untold, &hand.trusted), [Finding::VerdictUntold { id: fail.id }]);
}

#[test]
fn a_cut_tail_a_log_written_anew_and_a_changed_entry_are_found() {
    let hand = hand();
    let name = "000000000003.json".to_owned();
    let mut cut = trail(&hand);
    cut.entries.pop();
    assert_eq!(verify(&cut, &hand.trusted), [Finding::TailCut { checkpoint: name.clone(), seq: Seq(3) }]);

    let mut anew = trail(&hand);
    let last = anew.entries.pop().expect("entries");
    let event = Event { seq: last.seq, at: Millis(1), what: last.event().expect("known").what };
    anew.entries.push(Entry::after(last.prev, &event).expect("canonical"));
    assert_eq!(verify(&anew, &hand.trusted), [Finding::Rewritten { checkpoint: name, seq: Seq(3) }]);

    let mut changed = trail(&hand);
    changed.entries[0].at = Millis(5);
    assert_eq!(verify(&changed, &hand.trusted), [Finding::Log(Break::Changed(Seq(1)))]);
}

#[test]
fn what_went_with_a_damaged_history_is_found_once_and_explained() {
    let hand = hand();
    let name = "000000000003.json".to_owned();
    let mut restored = trail(&hand);
    restored.entries.pop();
    let last = restored.entries.last().expect("entries").clone();
    let went_on = |prev: &Entry, seq: u64, what: Happened| {
        Entry::after(prev.hash, &Event { seq: Seq(seq), at: Millis(9), what }).expect("canonical")
    };
    let backup = Some(Millis(1_763_935_200_000));
    let told = Happened::Restored { backup, aside: "damaged-9".to_owned() };
    let entry = went_on(&last, 4, told.clone());
    restored.entries.push(entry.clone());
    let lost = Finding::Restored {
        backup,
        after: Some(last.seq),
        aside: "damaged-9".to_owned(),
        first: Seq(3),
        last: Seq(3),
    };
    assert_eq!(verify(&restored, &hand.trusted), std::slice::from_ref(&lost));
    insta::assert_snapshot!(lost.to_string());
    // Somebody cuts the log off after that: a restore that was told of excuses nothing that is newer.
    let newer = went_on(&entry, 5, Happened::RunStarted { run: RunId(7) });
    let head = Checkpoint { seq: newer.seq, hash: newer.hash, at: newer.at };
    let seen = ("000000000005.json".to_owned(), head.sign(&hand.signer).expect("signed"));
    restored.checkpoints.push(seen.clone());
    let cut = Finding::TailCut { checkpoint: seen.0, seq: Seq(5) };
    assert_eq!(verify(&restored, &hand.trusted), [cut, lost]);
    // Nor does one that takes the place of an entry which a head saw.
    let mut anew = trail(&hand);
    anew.entries.pop();
    anew.entries.push(went_on(&last, 3, told));
    assert_eq!(verify(&anew, &hand.trusted), [Finding::Rewritten { checkpoint: name, seq: Seq(3) }]);
}

#[test]
fn a_checkpoint_that_nobody_trusted_signed_is_found() {
    let (mine, other) = (hand(), hand());
    let mut foreign = trail(&mine);
    foreign.checkpoints = trail(&other).checkpoints;
    assert!(matches!(
        verify(&foreign, &mine.trusted).as_slice(),
        [Finding::Checkpoint { why: NotVerified::Untrusted(_), .. }]
    ));
}

#[test]
fn keys_are_trusted_by_hand_and_no_longer_when_removed() {
    let (mine, other) = (hand(), hand());
    let folder = tempfile::tempdir().expect("a folder");
    let mut trusted = TrustedKeys::load(folder.path(), Some(&mine.signer)).expect("loaded");
    let line =
        TrustedKey { name: "Ada".to_owned(), pem: other.signer.public().pem().to_owned(), added: Millis(1) };
    let id = trusted.add(folder.path(), line).expect("added");
    let mut again = TrustedKeys::load(folder.path(), Some(&mine.signer)).expect("loaded");
    assert_eq!(again, trusted);
    let envelope = Envelope::sign(STATEMENT_TYPE, b"{}", &other.signer);
    assert!(envelope.open(STATEMENT_TYPE, &again).is_ok());
    assert!(again.remove(folder.path(), &id).expect("removed"));
    assert!(envelope.open(STATEMENT_TYPE, &again).is_err());
    let own = mine.signer.public().id().clone();
    assert!(!again.remove(folder.path(), &own).expect("asked"), "the own key stays");
    let wrong = TrustedKey { name: "nobody".to_owned(), pem: "hello".to_owned(), added: Millis(1) };
    assert!(again.add(folder.path(), wrong).is_err());
}
