//! Statements about versions: what a gate said, what was decided, what was released.
//!
//! A verdict becomes two statements in one bundle (JSON Lines, `*.intoto.jsonl`): ours with every number, and for
//! pass and fail the SLSA Verification Summary that other tools know. *Inconclusive* has no such summary.

use gatewright_core::{
    id::{AgentName, Digest, VersionId, canonical_json},
    release::Release,
    time::Millis,
    verdict::{Outcome, Verdict},
};
use serde_json::{Value, json};

use super::{
    EvidenceError,
    dsse::{Envelope, STATEMENT_TYPE},
    key::Signer,
};

/// Our predicate of a verdict: `{verifier, verdict}`, the verdict whole but for its place in the history.
pub const VERDICT_PREDICATE: &str = "https://gatewright.dev/attestation/gate-verdict/v1";
/// Our predicate of a decision: `{verifier, decision}`.
pub const DECISION_PREDICATE: &str = "https://gatewright.dev/attestation/decision/v1";
/// Our predicate of a release: `{verifier, release}`.
pub const RELEASE_PREDICATE: &str = "https://gatewright.dev/attestation/release/v1";
/// SLSA Verification Summary Attestation v1.
pub const VSA_PREDICATE: &str = "https://slsa.dev/verification_summary/v1";

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const VERIFIER: &str = "https://gatewright.dev/verifier/v1";

/// What every statement says beside its predicate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// The agent that the version is of.
    pub agent: AgentName,
    /// When it is signed.
    pub at: Millis,
}

/// The bundle of a verdict: one envelope a line, ours first.
///
/// # Errors
/// A number beyond 2^53.
pub fn sign_verdict(verdict: &Verdict, about: &About, signer: &Signer) -> Result<Vec<u8>, EvidenceError> {
    let ours = json!({ "verifier": verifier(), "verdict": signed_part(verdict)? });
    let ours = statement(&about.agent, verdict.stream.version, VERDICT_PREDICATE, ours)?;
    let mut bundle = Envelope::sign(STATEMENT_TYPE, &ours, signer).to_json();
    if let Some(summary) = summary(verdict, about, Digest::of_bytes(&ours)) {
        let summary = statement(&about.agent, verdict.stream.version, VSA_PREDICATE, summary)?;
        bundle.push(b'\n');
        bundle.extend(Envelope::sign(STATEMENT_TYPE, &summary, signer).to_json());
    }
    bundle.push(b'\n');
    Ok(bundle)
}

/// The envelope of a decision, a refusal or an override alike.
///
/// # Errors
/// A number beyond 2^53.
pub fn sign_decision(
    version: VersionId,
    decision: &Value,
    about: &About,
    signer: &Signer,
) -> Result<Vec<u8>, EvidenceError> {
    let predicate = json!({ "verifier": verifier(), "decision": decision, "timeDecided": time(about.at) });
    let payload = statement(&about.agent, version, DECISION_PREDICATE, predicate)?;
    Ok(Envelope::sign(STATEMENT_TYPE, &payload, signer).to_json())
}

/// The envelope of a release that ended.
///
/// # Errors
/// A number beyond 2^53.
pub fn sign_release(release: &Release, about: &About, signer: &Signer) -> Result<Vec<u8>, EvidenceError> {
    let predicate = json!({ "verifier": verifier(), "release": release, "timeEnded": time(about.at) });
    let payload = statement(&about.agent, release.to, RELEASE_PREDICATE, predicate)?;
    Ok(Envelope::sign(STATEMENT_TYPE, &payload, signer).to_json())
}

/// What of a verdict is signed: all but its place, which the history gives it afterwards.
pub(super) fn signed_part(verdict: &Verdict) -> Result<Value, EvidenceError> {
    let bytes = canonical_json(verdict)?;
    // Canonical JSON just written reads back.
    let mut value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("seq");
    }
    Ok(value)
}

fn statement(
    agent: &AgentName,
    version: VersionId,
    predicate_type: &str,
    predicate: Value,
) -> Result<Vec<u8>, EvidenceError> {
    let statement = json!({
        "_type": STATEMENT,
        "subject": [{ "name": agent, "digest": { "sha256": version.0.hex() } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    Ok(canonical_json(&statement)?)
}

/// None for a verdict that the summary has no word for.
fn summary(verdict: &Verdict, about: &About, ours: Digest) -> Option<Value> {
    let spec = verdict.stream.spec.as_str();
    let (result, level) = match verdict.outcome {
        Outcome::Pass => ("PASSED", level(spec)),
        Outcome::Fail => ("FAILED", "FAILED".to_owned()),
        Outcome::Inconclusive(_) => return None,
    };
    Some(json!({
        "verifier": verifier(),
        "timeVerified": time(about.at),
        "resourceUri": format!("gatewright:{}@{}", in_uri(about.agent.as_str()), verdict.stream.version),
        "policy": { "uri": format!("gatewright:spec/{}", in_uri(spec)), "digest": { "sha256": verdict.spec.0.hex() } },
        "inputAttestations": [{ "uri": VERDICT_PREDICATE, "digest": { "sha256": ours.hex() } }],
        "verificationResult": result,
        "verifiedLevels": [level],
    }))
}

/// `GATEWRIGHT_GATE_<NAME>`: never a level of SLSA's own.
fn level(spec: &str) -> String {
    let name: String = spec
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
        .collect();
    format!("GATEWRIGHT_GATE_{name}")
}

/// A name as part of a URI (RFC 3986, section 2): anything but unreserved characters as its bytes.
fn in_uri(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::new(), |mut uri, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ => drop(write!(uri, "%{byte:02X}")),
        }
        uri
    })
}

fn verifier() -> Value {
    json!({ "id": VERIFIER, "version": { "gatewright": env!("CARGO_PKG_VERSION") } })
}

/// RFC 3339 in UTC; a time that no calendar has is left out.
fn time(at: Millis) -> Option<String> {
    jiff::Timestamp::from_millisecond(at.0).ok().map(|time| time.to_string())
}
