//! What goes wrong in a try, and what that means for the slot.

use std::time::Duration;

use gatewright_core::observation::ErrorClass;

/// Bytes of an unusable answer that a message shows.
pub(super) const SHOWN_BYTES_MAX: usize = 200;

/// What a failed try means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// The endpoint did not process it: may always be asked again, and is not counted.
    NotProcessed,
    /// It was not processed, and asking again will not help now.
    Refused,
    /// It was not processed, because of the key: another one is needed.
    KeyRefused,
    /// Bytes were sent, and nobody knows what became of them: heard as missing.
    Ambiguous,
    /// The agent erred: score 0.
    AgentError,
}

/// A failed try.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Fault {
    /// A stable word.
    pub(super) class: String,
    pub(super) meaning: Meaning,
    /// In words: what happened, and what came.
    pub(super) message: String,
    /// How long the endpoint asks everybody to wait.
    pub(super) pause: Option<Duration>,
    /// Whether the endpoint has too much to do.
    pub(super) overload: bool,
}

impl Fault {
    pub(super) fn new(class: impl Into<String>, meaning: Meaning, message: impl Into<String>) -> Self {
        Self { class: class.into(), meaning, message: message.into(), pause: None, overload: false }
    }

    pub(super) fn agent(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(class, Meaning::AgentError, message)
    }

    pub(super) fn overloaded(self) -> Self {
        Self { overload: true, ..self }
    }

    pub(super) fn class(&self) -> ErrorClass {
        ErrorClass(self.class.clone())
    }

    /// What a status other than 2xx means; `said` is what the body says of it, or its first bytes.
    pub(super) fn of_status(status: u16, said: &Said) -> Self {
        let class = format!("status-{status}");
        let message = format!("the endpoint answered {status}: {said}");
        if said.is_out_of_quota() {
            let message = format!("the account is out of quota ({status}): {said}");
            return Self::new("quota", Meaning::Refused, message);
        }
        match status {
            429 | 529 => Self::new(class, Meaning::NotProcessed, message).overloaded(),
            408 | 425 | 503 => Self::new(class, Meaning::NotProcessed, message),
            500..=599 => Self::new(class, Meaning::Ambiguous, message),
            300..=399 => {
                let message =
                    format!("the endpoint answered {status}, a redirect, and none is followed: {said}");
                Self::agent("redirect", message)
            }
            // A wrong key says nothing of the agent behind it.
            401 | 403 if !said.is_about_the_input() => {
                Self::new(class, Meaning::KeyRefused, format!("it answered {status}: {said}"))
            }
            _ => Self::agent(class, message),
        }
    }

    /// What an error inside an answer with status 200 means: what it would as a status, where it names one.
    pub(super) fn of_error_body(said: &Said) -> Self {
        let words = [&said.code, &said.kind].map(|word| word.as_deref().unwrap_or_default());
        let status =
            words.iter().find_map(|word| word.parse().ok()).filter(|status| (400..=599).contains(status));
        if said.is_out_of_quota() || status.is_some() {
            return Self::of_status(status.unwrap_or(429), said);
        }
        let names = |part: &str| words.iter().any(|word| word.contains(part));
        let message = format!("the answer is an error with status 200: {said}");
        if names("rate_limit") || names("overloaded") {
            Self::new("error-in-answer", Meaning::NotProcessed, message).overloaded()
        } else if names("server_error") || names("api_error") || names("timeout") {
            Self::new("error-in-answer", Meaning::Ambiguous, message)
        } else {
            Self::agent("error-in-answer", message)
        }
    }
}

/// What an endpoint says of an error.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Said {
    kind: Option<String>,
    code: Option<String>,
    text: String,
}

impl Said {
    /// Reads the forms that are in use: `{"error": {"message", "type", "code"}}`, `{"error": "…"}`, `{"detail": …}`,
    /// `{"object": "error", "message"}`; else the first bytes as they came.
    pub(super) fn of(body: &[u8]) -> Self {
        let parsed: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        parsed
            .as_ref()
            .and_then(Self::of_value)
            .unwrap_or_else(|| Self { text: excerpt(body), ..Self::default() })
    }

    /// What an error object says; `None` when `value` holds no error.
    pub(super) fn of_value(value: &serde_json::Value) -> Option<Self> {
        use serde_json::Value;
        let word = |value: Option<&Value>| match value {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let from = |error: &Value| Self {
            kind: word(error.get("type")),
            code: word(error.get("code")),
            text: word(error.get("message"))
                .map_or_else(|| excerpt(error.to_string().as_bytes()), |text| cut(&text)),
        };
        let is_error = value.get("object").and_then(Value::as_str) == Some("error");
        match value.get("error") {
            Some(Value::Null) | None if is_error => Some(from(value)),
            Some(Value::Null) | None => {
                let detail = value.get("detail").filter(|detail| !detail.is_null())?;
                Some(Self {
                    text: word(Some(detail)).map_or_else(|| cut(&detail.to_string()), |text| cut(&text)),
                    ..Self::default()
                })
            }
            Some(Value::String(text)) => Some(Self { text: cut(text), ..Self::default() }),
            Some(error) => Some(from(error)),
        }
    }

    /// Whether a filter of inputs refused, not a check of keys: some answer 403 for both.
    fn is_about_the_input(&self) -> bool {
        let said = [self.kind.as_deref(), self.code.as_deref(), Some(self.text.as_str())];
        let said = said.into_iter().flatten().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        ["moderation", "flagged", "content_filter", "content_policy", "content policy"]
            .iter()
            .any(|word| said.contains(word))
    }

    fn is_out_of_quota(&self) -> bool {
        [&self.kind, &self.code].into_iter().flatten().any(|word| word == "insufficient_quota")
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)?;
        match self.code.as_ref().or(self.kind.as_ref()) {
            Some(word) => write!(formatter, " ({word})"),
            None => Ok(()),
        }
    }
}

/// The first bytes of what came, as text on one line.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let end = if bytes.len() > SHOWN_BYTES_MAX { "…" } else { "" };
    if bytes.is_empty() {
        return "an empty body".to_owned();
    }
    format!("“{}{end}”", line(&String::from_utf8_lossy(start)))
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_BYTES_MAX).collect();
    let end = if short.len() < text.len() { "…" } else { "" };
    format!("{}{end}", line(&short))
}

fn line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
