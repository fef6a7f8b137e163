//! Names and digests: how everything in a workspace is referred to.
//!
//! Content is named by its digest, people's things by their name, events of one machine by a uuid that the host
//! draws. This module knows how a digest is made and nothing of what is digested.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, shown as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// Why a value has no canonical form, and so no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// An integer that JSON numbers cannot hold exactly; canonicalisation would round it (RFC 8785, appendix D).
    #[error("{pointer}: the integer {value} is beyond 2^53 and would be rounded")]
    IntegerTooLarge {
        /// JSON pointer of the number.
        pointer: String,
        /// The number as written.
        value: String,
    },
    /// The value cannot be written as JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
}

/// The largest integer that every JSON reader holds exactly, 2^53 − 1 (RFC 8785, section 3.2.2.3).
pub const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;

/// The canonical JSON of `value` by RFC 8785.
///
/// # Errors
/// [`CanonicalError::IntegerTooLarge`] for an integer beyond ±(2^53 − 1): two different values must never share
/// one canonical form.
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(|error| CanonicalError::NotJson(error.to_string()))?;
    refuse_unsafe_integers(&value, &mut String::new())?;
    serde_json_canonicalizer::to_vec(&value).map_err(|error| CanonicalError::NotJson(error.to_string()))
}

fn refuse_unsafe_integers(value: &serde_json::Value, pointer: &mut String) -> Result<(), CanonicalError> {
    use serde_json::Value;
    let length = pointer.len();
    match value {
        Value::Number(number) => {
            let safe = match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => integer.unsigned_abs() <= SAFE_INTEGER_MAX.unsigned_abs(),
                (None, Some(_)) => false,
                (None, None) => true,
            };
            if !safe {
                return Err(CanonicalError::IntegerTooLarge {
                    pointer: pointer.clone(),
                    value: number.to_string(),
                });
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                refuse_unsafe_integers(item, pointer)?;
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                pointer.push_str(&format!("/{key}"));
                refuse_unsafe_integers(member, pointer)?;
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
    Ok(())
}

impl Digest {
    /// The digest of plain bytes: what `sha256sum` prints of a file.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a value of the domain: `sha256(tag ‖ 0x00 ‖ canonical JSON)`. The tag keeps two kinds of
    /// thing with the same content apart; it never changes once released.
    ///
    /// # Errors
    /// What [`canonical_json`] refuses.
    pub fn of_value(tag: &str, value: &impl Serialize) -> Result<Self, CanonicalError> {
        let mut hasher = Sha256::new();
        hasher.update(tag.as_bytes());
        hasher.update([0]);
        hasher.update(canonical_json(value)?);
        Ok(Self(hasher.finalize().into()))
    }

    /// The first 12 hexadecimal digits, for display beside a label.
    #[must_use]
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }

    /// The 64 hexadecimal digits without a prefix.
    #[must_use]
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sha256:")?;
        formatter.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The text is not `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: expected `sha256:` and 64 hexadecimal digits")]
pub struct NotADigest(String);

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let refuse = || NotADigest(text.to_owned());
        let hex = text.strip_prefix("sha256:").ok_or_else(refuse)?;
        let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != 64 || !hex.bytes().all(lower) {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).map_err(|_| refuse())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

macro_rules! digest_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(text: &str) -> Result<Self, NotADigest> {
                text.parse().map(Self)
            }
        }
    )+ };
}

digest_ids! {
    /// A version of an agent: the digest of its manifest.
    VersionId;
    /// Where an agent answers: the digest of type, origin and path.
    EndpointId;
    /// What a spec means: the digest of its resolved cases, scorers and gate.
    SpecMeaning;
    /// A plan: the digest of stream, meaning and boundaries.
    PlanId;
    /// What a case sends: the digest of its turns as sent.
    InputId;
    /// What a case sends and expects.
    CaseMeaning;
    /// A scorer in its resolved form.
    ScorerId;
    /// A criterion in its resolved form.
    CriterionId;
    /// A verdict: the digest of its body.
    VerdictId;
    /// A grant to release.
    GrantId;
    /// Bytes kept in the database or beside it: the plain SHA-256 of the bytes.
    BlobId;
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name, as its author wrote it.
            #[must_use]
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    )+ };
}

names! {
    /// Of a spec.
    SpecName;
    /// Of a case within its spec.
    CaseName;
    /// Of a criterion within its gate.
    CriterionName;
    /// Of a scorer within its spec.
    ScorerName;
    /// Of an agent within its workspace.
    AgentName;
    /// Of an environment within its workspace.
    EnvironmentName;
    /// A label on cases.
    Tag;
    /// Of a component within a manifest: `prompt`, `model`, `params`, `tools`, `files`, `tree`, …
    ComponentName;
}

macro_rules! uuids {
    ($($(#[$doc:meta])* $name:ident;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let hex = format!("{:032x}", self.0);
                let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
                formatter.write_str(&parts.join("-"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = NotAUuid;

            fn from_str(text: &str) -> Result<Self, NotAUuid> {
                let hex: String = text.chars().filter(|&letter| letter != '-').collect();
                if hex.len() != 32 {
                    return Err(NotAUuid(text.to_owned()));
                }
                u128::from_str_radix(&hex, 16).map(Self).map_err(|_| NotAUuid(text.to_owned()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+ };
}

/// The text is not a uuid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a uuid")]
pub struct NotAUuid(String);

uuids! {
    /// One execution of specs; a uuid v7 drawn by the host.
    RunId;
    /// One release; a uuid v7 drawn by the host.
    ReleaseId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_shown_and_read_back() {
        let digest = Digest::of_bytes(b"abc");
        let shown = digest.to_string();
        assert_eq!(shown, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(shown.parse(), Ok(digest));
        assert!(shown.to_uppercase().parse::<Digest>().is_err());
        assert_eq!(digest.short(), "ba7816bf8f01");
    }

    #[test]
    fn the_order_of_keys_does_not_change_a_digest_but_the_tag_does() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":[1.0,"é"]}"#).expect("JSON");
        let two: serde_json::Value = serde_json::from_str(r#"{"a":[1,"é"],"b":1}"#).expect("JSON");
        assert_eq!(Digest::of_value("t", &one), Digest::of_value("t", &two));
        assert_ne!(Digest::of_value("t", &one), Digest::of_value("u", &one));
    }

    #[test]
    fn an_integer_that_would_be_rounded_has_no_digest() {
        let value = serde_json::json!({ "seeds": [1, 9_007_199_254_740_993_u64] });
        let error = Digest::of_value("t", &value).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "/seeds/1: the integer 9007199254740993 is beyond 2^53 and would be rounded"
        );
    }

    #[test]
    fn the_ends_of_what_is_exact_have_a_digest_and_nothing_beyond_them() {
        for safe in [-SAFE_INTEGER_MAX, 0, SAFE_INTEGER_MAX] {
            assert!(Digest::of_value("t", &safe).is_ok(), "{safe}");
        }
        for unsafe_one in [i64::MIN, -SAFE_INTEGER_MAX - 1, SAFE_INTEGER_MAX + 1, i64::MAX] {
            let error = Digest::of_value("t", &unsafe_one).expect_err("refused");
            let value = unsafe_one.to_string();
            assert_eq!(error, CanonicalError::IntegerTooLarge { pointer: String::new(), value });
        }
    }

    #[test]
    fn a_uuid_is_shown_and_read_back() {
        let run = RunId(0x0193_5f00_0000_7000_8000_0000_0000_0001);
        assert_eq!(run.to_string(), "01935f00-0000-7000-8000-000000000001");
        assert_eq!(run.to_string().parse(), Ok(run));
    }
}
