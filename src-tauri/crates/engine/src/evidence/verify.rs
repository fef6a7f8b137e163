//! The check of a workspace's evidence: the chain, its signed heads, every signed row against what was signed, and the
//! rows against what the log tells of them.
//!
//! It works on plain values that whoever keeps the history hands over, and says everything that does not hold.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_core::{
    id::{Digest, GrantId, ReleaseId, VerdictId, VersionId},
    release::{Release, State},
    time::{Day, Millis, Seq},
    verdict::{Outcome, Verdict},
};
use serde_json::Value;

use super::{
    checkpoint::Checkpoint,
    dsse::{Envelope, NotVerified, STATEMENT_TYPE},
    statement::{DECISION_PREDICATE, RELEASE_PREDICATE, VERDICT_PREDICATE, VSA_PREDICATE, signed_part},
    trusted::TrustedKeys,
};
use crate::event::{
    Happened,
    chain::{Break, Entry, Follower},
};

/// A verdict as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedVerdict {
    /// Which.
    pub id: VerdictId,
    /// What its row says, or why it does not read back.
    pub verdict: Result<Verdict, String>,
    /// Its bundle.
    pub bundle: Vec<u8>,
    /// The fail that its row says contradicts it.
    pub withdrawn_by: Option<VerdictId>,
}

/// A release as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedRelease {
    /// What its row says.
    pub release: Release,
    /// Its envelope; none while it is open, and of one that another superseded.
    pub envelope: Option<Vec<u8>>,
}

/// A granted decision as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedDecision {
    /// Its place in the history.
    pub seq: Seq,
    /// What it granted.
    pub grant: GrantId,
    /// Of which version.
    pub version: VersionId,
    /// What its row says, JSON.
    pub body: Vec<u8>,
    /// Its envelope; none is a finding.
    pub envelope: Option<Vec<u8>>,
}

/// Everything that is checked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trail {
    /// The log, in order.
    pub entries: Vec<Entry>,
    /// Signed heads with the name of where each lies: from the database and from files.
    pub checkpoints: Vec<(String, Vec<u8>)>,
    /// Every verdict.
    pub verdicts: Vec<SignedVerdict>,
    /// Every release.
    pub releases: Vec<SignedRelease>,
    /// Every decision that granted something.
    pub decisions: Vec<SignedDecision>,
    /// Contents that are gone or not what their digest says, as whoever keeps them found.
    pub damaged: Vec<(Digest, String)>,
}

/// Something that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Finding {
    /// The log.
    #[error("log: {0}")]
    Log(Break),
    /// A signed head is newer than the log, or its entry is gone: the tail was cut off.
    #[error("log: {checkpoint} saw entry {}, which is gone: the end of the log was cut off", seq.0)]
    TailCut {
        /// Which head.
        checkpoint: String,
        /// The entry that it saw.
        seq: Seq,
    },
    /// Signed heads saw entries that went with a damaged history: the log says itself that it goes on from a backup.
    #[error(
        "log: a damaged history was set aside, and this one {}. Signed checkpoints saw {}, which the log no longer holds; \
         the damaged history lies in .gatewright/{aside}",
        goes_on(*after, *backup),
        entries(*first, *last)
    )]
    Restored {
        /// When the backup was made that it goes on from; none when it began anew.
        backup: Option<Millis>,
        /// The last entry that the backup holds.
        after: Option<Seq>,
        /// Where the damaged one lies, in `.gatewright/`.
        aside: String,
        /// The first entry beyond it that a signed head saw.
        first: Seq,
        /// The last one.
        last: Seq,
    },
    /// A signed head saw another entry there: the log was written anew.
    #[error("log: {checkpoint} saw another entry {}: the log was written anew", seq.0)]
    Rewritten {
        /// Which head.
        checkpoint: String,
        /// The entry that it saw.
        seq: Seq,
    },
    /// A head is not to be believed.
    #[error("{checkpoint}: {why}")]
    Checkpoint {
        /// Which head.
        checkpoint: String,
        /// Why.
        why: NotVerified,
    },
    /// A verdict's envelope is not to be believed.
    #[error("verdict {id}: {why}")]
    VerdictSignature {
        /// Which.
        id: VerdictId,
        /// Why.
        why: NotVerified,
    },
    /// A verdict's row says something else than was signed.
    #[error("verdict {id}: {why}")]
    VerdictEdited {
        /// Which.
        id: VerdictId,
        /// What differs.
        why: String,
    },
    /// The log tells of a verdict that is not there.
    #[error("verdict {id}: the log tells of it at entry {}, and it is gone", seq.0)]
    VerdictGone {
        /// Which.
        id: VerdictId,
        /// Where the log tells of it.
        seq: Seq,
    },
    /// A verdict that the log does not tell of.
    #[error("verdict {id}: the log does not tell of it; it was put in from outside")]
    VerdictUntold {
        /// Which.
        id: VerdictId,
    },
    /// The log says another thing than a verdict's row about a fail that contradicts it.
    #[error("verdict {id}: {}", withdrawal(*.by_log, *.by_row))]
    VerdictWithdrawal {
        /// Which.
        id: VerdictId,
        /// The last fail that the log names.
        by_log: Option<VerdictId>,
        /// The one that the row names.
        by_row: Option<VerdictId>,
    },
    /// The log tells of a release that is not there.
    #[error("release {id}: the log tells of it at entry {}, and it is gone", seq.0)]
    ReleaseGone {
        /// Which.
        id: ReleaseId,
        /// Where the log tells of it last.
        seq: Seq,
    },
    /// A release that the log does not tell of, or of which it tells another end.
    #[error("release {id}: its row does not say what the log says of it")]
    ReleaseAstray {
        /// Which.
        id: ReleaseId,
    },
    /// A release ended, and its envelope is gone.
    #[error("release {id}: it ended, and its signature is gone")]
    ReleaseUnsigned {
        /// Which.
        id: ReleaseId,
    },
    /// A release's envelope is not to be believed.
    #[error("release {id}: {why}")]
    ReleaseSignature {
        /// Which.
        id: ReleaseId,
        /// Why.
        why: NotVerified,
    },
    /// A release's row says something else than was signed.
    #[error("release {id}: its row says something else than was signed")]
    ReleaseEdited {
        /// Which.
        id: ReleaseId,
    },
    /// The log tells of a grant whose decision is not there.
    #[error("decision of grant {grant}: the log tells of it at entry {}, and it is gone", seq.0)]
    DecisionGone {
        /// What it granted.
        grant: GrantId,
        /// Where the log tells of it.
        seq: Seq,
    },
    /// A decision that granted something, and the log does not tell of it.
    #[error("decision {}: the log does not tell of it; it was put in from outside", seq.0)]
    DecisionUntold {
        /// Which.
        seq: Seq,
    },
    /// A decision granted something, and its envelope is gone.
    #[error("decision {}: its signature is gone", seq.0)]
    DecisionUnsigned {
        /// Which.
        seq: Seq,
    },
    /// A decision's envelope is not to be believed.
    #[error("decision {}: {why}", seq.0)]
    DecisionSignature {
        /// Which.
        seq: Seq,
        /// Why.
        why: NotVerified,
    },
    /// A decision's row says something else than was signed.
    #[error("decision {}: its row says something else than was signed", seq.0)]
    DecisionEdited {
        /// Which.
        seq: Seq,
    },
    /// A content is gone or damaged.
    #[error("content {digest}: {detail}")]
    Content {
        /// Which.
        digest: Digest,
        /// What was found.
        detail: String,
    },
}

fn goes_on(after: Option<Seq>, backup: Option<Millis>) -> String {
    match (after, backup) {
        (Some(after), Some(at)) => {
            format!("goes on from its backup of {}, after entry {}", Day::of(at), after.0)
        }
        (Some(after), None) => format!("goes on after entry {}", after.0),
        (None, _) => "began anew".to_owned(),
    }
}

fn withdrawal(by_log: Option<VerdictId>, by_row: Option<VerdictId>) -> String {
    match (by_log, by_row) {
        (Some(log), _) => format!("the log says that fail {log} contradicts it, and its row does not"),
        (None, Some(row)) => format!("its row says that fail {row} contradicts it, and the log does not"),
        (None, None) => "its row and the log say the same".to_owned(),
    }
}

fn entries(first: Seq, last: Seq) -> String {
    if first == last { format!("entry {}", first.0) } else { format!("entries {} to {}", first.0, last.0) }
}

/// Places that went with a damaged history: the log skips them, and says so in the entry after them.
struct Gap {
    after: Option<Seq>,
    before: Seq,
    backup: Option<Millis>,
    aside: String,
    /// Those that a signed head saw.
    seen: BTreeSet<Seq>,
}

impl Gap {
    fn all(entries: &[Entry]) -> Vec<Self> {
        let lasts = std::iter::once(None).chain(entries.iter().map(|entry| Some(entry.seq)));
        let gaps = lasts.zip(entries).filter_map(|(after, entry)| match entry.event()?.what {
            Happened::Restored { backup, aside } => {
                Some(Self { after, before: entry.seq, backup, aside, seen: BTreeSet::new() })
            }
            _ => None,
        });
        gaps.collect()
    }

    fn finding(self) -> Option<Finding> {
        let (first, last) = (*self.seen.first()?, *self.seen.last()?);
        Some(Finding::Restored { backup: self.backup, after: self.after, aside: self.aside, first, last })
    }
}

/// Checks a trail. Nothing is found when all of it holds.
#[must_use]
pub fn verify(trail: &Trail, trusted: &TrustedKeys) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_log(trail, trusted, &mut findings);
    let told = Told::of(&trail.entries);
    check_verdicts(trail, &told, trusted, &mut findings);
    check_releases(trail, &told, trusted, &mut findings);
    check_decisions(trail, &told, trusted, &mut findings);
    let contents = trail.damaged.iter().cloned();
    findings.extend(contents.map(|(digest, detail)| Finding::Content { digest, detail }));
    findings
}

fn check_log(trail: &Trail, trusted: &TrustedKeys, findings: &mut Vec<Finding>) {
    let mut follower = Follower::default();
    let broken = trail.entries.iter().find_map(|entry| follower.take(entry).err());
    findings.extend(broken.map(Finding::Log));
    let hashes: BTreeMap<Seq, Digest> = trail.entries.iter().map(|entry| (entry.seq, entry.hash)).collect();
    let mut gaps = Gap::all(&trail.entries);
    for (name, envelope) in &trail.checkpoints {
        let checkpoint = name.clone();
        match Checkpoint::open(envelope, trusted) {
            Err(why) => findings.push(Finding::Checkpoint { checkpoint, why }),
            Ok((seen, _)) => match hashes.get(&seen.seq) {
                Some(hash) if *hash == seen.hash => {}
                Some(_) => findings.push(Finding::Rewritten { checkpoint, seq: seen.seq }),
                None => {
                    let lost =
                        gaps.iter_mut().find(|gap| gap.after < Some(seen.seq) && seen.seq < gap.before);
                    match lost {
                        Some(gap) => drop(gap.seen.insert(seen.seq)),
                        None => findings.push(Finding::TailCut { checkpoint, seq: seen.seq }),
                    }
                }
            },
        }
    }
    findings.extend(gaps.into_iter().filter_map(Gap::finding));
}

/// What the log tells of rows, each with the entry that tells it.
#[derive(Default)]
struct Told {
    verdicts: BTreeMap<VerdictId, Seq>,
    /// The last fail that contradicts a verdict.
    withdrawn: BTreeMap<VerdictId, VerdictId>,
    /// The state that a release came to last.
    releases: BTreeMap<ReleaseId, (State, Seq)>,
    grants: BTreeMap<GrantId, Seq>,
}

impl Told {
    fn of(entries: &[Entry]) -> Self {
        let mut told = Self::default();
        for entry in entries {
            match entry.event().map(|event| event.what) {
                Some(Happened::VerdictGiven { verdict }) => drop(told.verdicts.insert(verdict, entry.seq)),
                Some(Happened::VerdictWithdrawn { verdict, by }) => drop(told.withdrawn.insert(verdict, by)),
                Some(Happened::ReleaseMoved { release, state }) => {
                    told.releases.insert(release, (state, entry.seq));
                }
                Some(Happened::Decided { grant: Some(grant), .. }) => {
                    told.grants.insert(grant, entry.seq);
                }
                _ => {}
            }
        }
        told
    }
}

fn check_verdicts(trail: &Trail, told: &Told, trusted: &TrustedKeys, findings: &mut Vec<Finding>) {
    for signed in &trail.verdicts {
        let id = signed.id;
        findings.extend(check_verdict(signed, trusted));
        if !told.verdicts.contains_key(&id) {
            findings.push(Finding::VerdictUntold { id });
        }
        let (by_log, by_row) = (told.withdrawn.get(&id).copied(), signed.withdrawn_by);
        if by_log != by_row {
            findings.push(Finding::VerdictWithdrawal { id, by_log, by_row });
        }
    }
    let kept: BTreeSet<_> = trail.verdicts.iter().map(|signed| signed.id).collect();
    let gone = told.verdicts.iter().filter(|(id, _)| !kept.contains(id));
    findings.extend(gone.map(|(&id, &seq)| Finding::VerdictGone { id, seq }));
}

fn check_releases(trail: &Trail, told: &Told, trusted: &TrustedKeys, findings: &mut Vec<Finding>) {
    for signed in &trail.releases {
        let Release { id, state, .. } = signed.release;
        findings.extend(match &signed.envelope {
            Some(envelope) => check_release(&signed.release, envelope, trusted),
            // Of one that was superseded its successor tells.
            None if state.is_open() || state == State::Superseded => None,
            None => Some(Finding::ReleaseUnsigned { id }),
        });
        if told.releases.get(&id).is_none_or(|(told, _)| *told != state) {
            findings.push(Finding::ReleaseAstray { id });
        }
    }
    let kept: BTreeSet<_> = trail.releases.iter().map(|signed| signed.release.id).collect();
    let gone = told.releases.iter().filter(|(id, _)| !kept.contains(id));
    findings.extend(gone.map(|(&id, &(_, seq))| Finding::ReleaseGone { id, seq }));
}

fn check_decisions(trail: &Trail, told: &Told, trusted: &TrustedKeys, findings: &mut Vec<Finding>) {
    for signed in &trail.decisions {
        let seq = signed.seq;
        findings.extend(match &signed.envelope {
            Some(envelope) => check_decision(signed, envelope, trusted),
            None => Some(Finding::DecisionUnsigned { seq }),
        });
        if !told.grants.contains_key(&signed.grant) {
            findings.push(Finding::DecisionUntold { seq });
        }
    }
    let kept: BTreeSet<_> = trail.decisions.iter().map(|signed| signed.grant).collect();
    let gone = told.grants.iter().filter(|(grant, _)| !kept.contains(grant));
    findings.extend(gone.map(|(&grant, &seq)| Finding::DecisionGone { grant, seq }));
}

/// Whether a verdict's bundle is by keys that this user trusts, and says exactly what the verdict says.
#[must_use]
pub fn is_signed(verdict: &Verdict, bundle: &[u8], trusted: &TrustedKeys) -> bool {
    check_bundle(verdict.id, verdict, bundle, trusted).is_none()
}

/// The first thing about a verdict that does not hold.
fn check_verdict(signed: &SignedVerdict, trusted: &TrustedKeys) -> Option<Finding> {
    match &signed.verdict {
        Ok(verdict) => check_bundle(signed.id, verdict, &signed.bundle, trusted),
        Err(why) => Some(Finding::VerdictEdited { id: signed.id, why: why.clone() }),
    }
}

fn check_bundle(id: VerdictId, verdict: &Verdict, bundle: &[u8], trusted: &TrustedKeys) -> Option<Finding> {
    let edited = |why: &str| Some(Finding::VerdictEdited { id, why: why.to_owned() });
    let mut lines = bundle.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let ours = match statement(lines.next().unwrap_or_default(), trusted) {
        Ok(ours) => ours,
        Err(why) => return Some(Finding::VerdictSignature { id, why }),
    };
    let Ok(expected) = signed_part(verdict) else { return edited("its row has no canonical form") };
    if ours["predicateType"] != VERDICT_PREDICATE || ours["predicate"]["verdict"] != expected {
        return edited("its row says something else than was signed");
    }
    if !is_about(&ours, &verdict.stream.version.0) {
        return edited("the signed statement is about another version");
    }
    let word = match verdict.outcome {
        Outcome::Pass => "PASSED",
        Outcome::Fail => "FAILED",
        Outcome::Inconclusive(_) => return None,
    };
    let summary = match statement(lines.next().unwrap_or_default(), trusted) {
        Ok(summary) => summary,
        Err(why) => return Some(Finding::VerdictSignature { id, why }),
    };
    let same = summary["predicateType"] == VSA_PREDICATE
        && summary["predicate"]["verificationResult"] == word
        && is_about(&summary, &verdict.stream.version.0);
    if same { None } else { edited("its summary for other tools says something else") }
}

fn check_release(release: &Release, envelope: &[u8], trusted: &TrustedKeys) -> Option<Finding> {
    let id = release.id;
    let statement = match statement(envelope, trusted) {
        Ok(statement) => statement,
        Err(why) => return Some(Finding::ReleaseSignature { id, why }),
    };
    let same = statement["predicateType"] == RELEASE_PREDICATE
        && is_about(&statement, &release.to.0)
        && serde_json::from_value::<Release>(statement["predicate"]["release"].clone())
            .is_ok_and(|signed| signed == *release);
    if same { None } else { Some(Finding::ReleaseEdited { id }) }
}

fn check_decision(signed: &SignedDecision, envelope: &[u8], trusted: &TrustedKeys) -> Option<Finding> {
    let seq = signed.seq;
    let statement = match statement(envelope, trusted) {
        Ok(statement) => statement,
        Err(why) => return Some(Finding::DecisionSignature { seq, why }),
    };
    let body: Value = serde_json::from_slice(&signed.body).unwrap_or_default();
    let same = statement["predicateType"] == DECISION_PREDICATE
        && is_about(&statement, &signed.version.0)
        && statement["predicate"]["decision"] == body;
    if same { None } else { Some(Finding::DecisionEdited { seq }) }
}

fn statement(envelope: &[u8], trusted: &TrustedKeys) -> Result<Value, NotVerified> {
    let opened = Envelope::from_json(envelope)?.open(STATEMENT_TYPE, trusted)?;
    serde_json::from_slice(&opened.payload).map_err(|error| NotVerified::NotAnEnvelope(error.to_string()))
}

fn is_about(statement: &Value, digest: &Digest) -> bool {
    statement["subject"][0]["digest"]["sha256"] == digest.hex()
}
