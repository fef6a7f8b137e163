//! DSSE envelopes v1: bytes with a type, signed as they are.
//!
//! What is signed is `"DSSEv1" SP len(type) SP type SP len(payload) SP payload`, so that neither can be taken for
//! the other. The key id in an envelope is a hint that nobody signed: a key is chosen because it is trusted.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use serde::{Deserialize, Serialize};

use super::{
    key::{KeyId, Signer},
    trusted::TrustedKeys,
};

/// The payload type of in-toto statements.
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";
/// Envelopes larger than this are not read.
const ENVELOPE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Signatures of one envelope that are looked at.
const SIGNATURES_MAX: usize = 16;

/// The JSON form of an envelope.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct EnvelopeSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// A payload that a trusted key signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The exact bytes.
    pub payload: Vec<u8>,
    /// Whose signature it was.
    pub key: KeyId,
}

/// Why an envelope says nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotVerified {
    /// It cannot be read.
    #[error("not a DSSE envelope: {0}")]
    NotAnEnvelope(String),
    /// It carries something else.
    #[error("it carries `{0}`, not `{1}`")]
    OtherType(String, String),
    /// No signature by a key that this user trusts; perhaps the hinted one.
    #[error("not signed by a key that you trust (it names {0})")]
    Untrusted(String),
    /// A trusted key is named, and its signature does not fit these bytes.
    #[error("the signature of {0} does not fit: the content was changed after it was signed")]
    Changed(KeyId),
}

impl Envelope {
    /// Signs a payload.
    #[must_use]
    pub fn sign(payload_type: &str, payload: &[u8], signer: &Signer) -> Self {
        let signature = signer.sign(&pre_authentication(payload_type, payload));
        Self {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: vec![EnvelopeSignature {
                keyid: signer.public().id().to_string(),
                sig: STANDARD.encode(signature),
            }],
        }
    }

    /// The envelope as one line of JSON, without the end of line.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Strings only: it cannot fail; were it to, nothing would verify.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads an envelope. Nothing in it is believed yet.
    ///
    /// # Errors
    /// [`NotVerified::NotAnEnvelope`].
    pub fn from_json(json: &[u8]) -> Result<Self, NotVerified> {
        if json.len() > ENVELOPE_BYTES_MAX {
            return Err(NotVerified::NotAnEnvelope(format!("larger than {ENVELOPE_BYTES_MAX} bytes")));
        }
        serde_json::from_slice(json).map_err(|error| NotVerified::NotAnEnvelope(error.to_string()))
    }

    /// The payload, if a trusted key signed exactly these bytes as this type.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub fn open(&self, payload_type: &str, trusted: &TrustedKeys) -> Result<Opened, NotVerified> {
        if self.payload_type != payload_type {
            return Err(NotVerified::OtherType(self.payload_type.clone(), payload_type.to_owned()));
        }
        let payload = decode("payload", &self.payload)?;
        let signed = pre_authentication(payload_type, &payload);
        let mut named = None;
        for signature in self.signatures.iter().take(SIGNATURES_MAX) {
            let bytes = decode("signature", &signature.sig)?;
            if let Some(key) = trusted.iter().find(|key| key.verifies(&signed, &bytes)) {
                return Ok(Opened { payload, key: key.id().clone() });
            }
            named = named.or_else(|| trusted.iter().find(|key| key.id().as_str() == signature.keyid));
        }
        let hint = self.signatures.first().map(|signature| signature.keyid.clone());
        Err(named.map_or_else(
            || NotVerified::Untrusted(hint.unwrap_or_else(|| "no key".to_owned())),
            |key| NotVerified::Changed(key.id().clone()),
        ))
    }
}

/// What is signed (DSSE's PAE).
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Base64 with either alphabet, padded or not, as the specification asks of readers.
fn decode(what: &str, text: &str) -> Result<Vec<u8>, NotVerified> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
    GeneralPurpose::new(&alphabet, config)
        .decode(text)
        .map_err(|error| NotVerified::NotAnEnvelope(format!("{what}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::pre_authentication;

    #[test]
    fn what_is_signed_is_the_example_of_the_specification() {
        let found = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(found, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
