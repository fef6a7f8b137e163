//! The one place where secrets are taken out of what is kept or shown.
//!
//! By value, in whatever form a server may have sent it back: plain, percent-encoded, or inside base64 at any of
//! its three alignments. Headers that carry keys are left out by name before anything gets here.

use std::collections::BTreeSet;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use gatewright_core::observation::{Reply, ToolArgs};

use super::secret::Secret;
use crate::port::agent::Record;

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "[redacted]";
/// Headers whose values are never kept, whatever they hold.
const KEY_HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "api-key",
    "x-api-key",
    "x-goog-api-key",
    "cookie",
    "set-cookie",
];
/// Bytes of a raw answer that are kept.
const RAW_BYTES_MAX: usize = 256 * 1024;
/// A secret shorter than this is not looked for: taking out every `a` would destroy what is kept.
const SECRET_BYTES_MIN: usize = 4;
/// An encoded form shorter than this is not looked for, for the same reason.
const ENCODED_BYTES_MIN: usize = 6;

/// Takes secrets out.
#[derive(Clone, Default)]
pub(super) struct Redactor {
    /// Longest first, so that no part of one is left beside another.
    needles: Vec<Vec<u8>>,
    headers: BTreeSet<String>,
}

impl Redactor {
    pub(super) fn new(secrets: &[Secret], key_headers: impl IntoIterator<Item = String>) -> Self {
        let mut needles = BTreeSet::new();
        for secret in secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= SECRET_BYTES_MIN) {
            needles.extend(forms(secret));
        }
        let mut needles: Vec<Vec<u8>> = needles.into_iter().collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        let headers = key_headers.into_iter().map(|name| name.to_lowercase());
        Self { needles, headers: headers.chain(KEY_HEADERS.map(str::to_owned)).collect() }
    }

    /// Whether a header's value is never kept.
    pub(super) fn hides_header(&self, name: &str) -> bool {
        self.headers.contains(&name.to_lowercase())
    }

    /// `bytes` without any secret.
    pub(super) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.needles.iter().fold(bytes, |bytes, needle| replace(bytes, needle))
    }

    /// `text` without any secret.
    pub(super) fn text(&self, text: String) -> String {
        if self.needles.is_empty() {
            return text;
        }
        // What is taken out are whole characters of the text, so what is left is text.
        String::from_utf8_lossy(&self.bytes(text.into_bytes())).into_owned()
    }

    /// A record without any secret, its raw answer cut to what is kept.
    pub(super) fn record(&self, record: &mut Record) {
        // A secret that the cut goes through is still whole when it is looked for.
        let longest = self.needles.first().map_or(0, Vec::len);
        record.raw.truncate(RAW_BYTES_MAX + longest);
        self.without_secrets(record);
        record.raw.truncate(RAW_BYTES_MAX);
    }

    fn without_secrets(&self, record: &mut Record) {
        if self.needles.is_empty() {
            return;
        }
        self.reply(&mut record.reply);
        for value in record.identity.values_mut() {
            *value = self.text(std::mem::take(value));
        }
        record.request = self.bytes(std::mem::take(&mut record.request));
        record.raw = self.bytes(std::mem::take(&mut record.raw));
    }

    fn reply(&self, reply: &mut Reply) {
        reply.text = self.text(std::mem::take(&mut reply.text));
        reply.finish = reply.finish.take().map(|finish| self.text(finish));
        for call in &mut reply.tool_calls {
            call.id = self.text(std::mem::take(&mut call.id));
            call.name = self.text(std::mem::take(&mut call.name));
            match &mut call.args {
                ToolArgs::Json(value) => self.value(value),
                ToolArgs::Invalid(raw) => *raw = self.text(std::mem::take(raw)),
            }
        }
    }

    fn value(&self, value: &mut serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::String(text) => *text = self.text(std::mem::take(text)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                let taken = std::mem::take(members);
                members.extend(taken.into_iter().map(|(key, mut member)| {
                    self.value(&mut member);
                    (self.text(key), member)
                }));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Every form in which a secret may come back.
fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([secret.as_bytes().to_vec()]);
    for lower in [false, true] {
        forms.insert(percent(secret, lower).into_bytes());
    }
    // As it stands in JSON, without the quotation marks.
    let json = serde_json::Value::from(secret).to_string();
    forms.insert(json.as_bytes()[1..json.len() - 1].to_vec());
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret.as_bytes());
            // Only characters that hold bits of the secret alone: those do not depend on what stands around it.
            let encoded = engine.encode(&bytes);
            let first = (8 * before).div_ceil(6);
            let last = 8 * bytes.len() / 6;
            forms.insert(encoded.as_bytes()[first..last].to_vec());
        }
    }
    forms.retain(|form| form.len() >= ENCODED_BYTES_MIN || form == secret.as_bytes());
    forms
}

/// RFC 3986: everything but the unreserved characters.
fn percent(text: &str, lower: bool) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = if lower { write!(encoded, "%{byte:02x}") } else { write!(encoded, "%{byte:02X}") };
        }
    }
    encoded
}

fn replace(bytes: Vec<u8>, needle: &[u8]) -> Vec<u8> {
    let Some(&first) = needle.first() else { return bytes };
    let mut kept = Vec::new();
    let mut from = 0;
    let mut place = 0;
    while let Some(step) = bytes[place..].iter().position(|&byte| byte == first) {
        place += step;
        if bytes[place..].starts_with(needle) {
            kept.extend_from_slice(&bytes[from..place]);
            kept.extend_from_slice(REDACTED.as_bytes());
            place += needle.len();
            from = place;
        } else {
            place += 1;
        }
    }
    if from == 0 {
        return bytes;
    }
    kept.extend_from_slice(&bytes[from..]);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CANARY: &str = "sk-ca/na+ry \"7f3e\"";

    fn redacted(text: &str) -> String {
        Redactor::new(&[Secret::new(CANARY)], []).text(text.to_owned())
    }

    #[test]
    fn a_secret_is_taken_out_in_every_form() {
        assert_eq!(redacted(&format!("a {CANARY} b {CANARY}")), "a [redacted] b [redacted]");
        assert_eq!(redacted("key=sk-ca%2Fna%2Bry%20%227f3e%22&x"), "key=[redacted]&x");
        assert_eq!(redacted("key=sk-ca%2fna%2bry%20%227f3e%22&x"), "key=[redacted]&x");
        assert_eq!(redacted(&serde_json::json!({ "k": CANARY }).to_string()), r#"{"k":"[redacted]"}"#);
    }

    #[test]
    fn a_secret_that_is_short_or_absent_leaves_the_text_alone() {
        assert_eq!(Redactor::new(&[Secret::new("abc")], []).text("abcabc".to_owned()), "abcabc");
        assert_eq!(Redactor::default().text("text".to_owned()), "text");
    }

    proptest! {
        #[test]
        fn a_secret_inside_base64_is_taken_out_wherever_it_begins(before in "[a-z:]{0,9}", after in "[a-z:]{0,9}") {
            let secret = "sk-canary-7f3e9a1b";
            let redactor = Redactor::new(&[Secret::new(secret)], []);
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let encoded = engine.encode(format!("{before}{secret}{after}"));
                let kept = redactor.text(encoded.clone());
                prop_assert!(kept.contains(REDACTED), "{encoded} became {kept}");
                prop_assert!(kept.len() < encoded.len() - secret.len() + REDACTED.len());
            }
        }
    }
}
