//! Addresses and keys as people write them: what a bare address means, and which text must not stand in a file.

use core::net::Ipv6Addr;

use super::{
    expect::compiled,
    pattern,
    reader::{At, Keys, Reader},
    word,
    workspace::{Auth, SecretSource},
};
use crate::diagnostic::{Diagnostic, LITERAL_SECRET};

pub(super) const AUTH: Keys = Keys {
    what: "`auth`",
    known: &["bearer", "header", "value"],
    later: &["command", "oauth", "mtls", "login"],
};

/// What a bare address stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Address {
    /// OpenAI-compatible, with the model that it names and the variable that usually holds the key.
    Chat { url: String, model: Option<String>, key: Option<&'static str> },
    /// Any JSON over HTTP.
    Http { url: String },
    /// A program with its arguments.
    Command { argv: Vec<String> },
    /// A provider whose API this build does not speak.
    Later { provider: String },
    /// No address: the name of an agent, perhaps.
    Unknown,
}

/// Reads a bare address.
pub(super) fn meant(text: &str) -> Address {
    let text = text.trim();
    let chat = |url: &str, model: Option<&str>, key| Address::Chat {
        url: url.to_owned(),
        model: model.map(str::to_owned),
        key,
    };
    if text.starts_with("demo:") {
        return chat(text, None, None);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        let path = text.split(['?', '#']).next().unwrap_or(text).trim_end_matches('/');
        return if path.ends_with("/v1") || path.ends_with("/chat/completions") {
            chat(text, None, None)
        } else {
            Address::Http { url: text.to_owned() }
        };
    }
    if text.starts_with("./") || text.starts_with("../") || text.starts_with('/') {
        return Address::Command { argv: text.split_whitespace().map(str::to_owned).collect() };
    }
    match text.split_once('/') {
        Some(("ollama", model)) => chat("http://127.0.0.1:11434/v1", Some(model), None),
        Some(("openai", model)) => chat("https://api.openai.com/v1", Some(model), Some("OPENAI_API_KEY")),
        Some((provider @ ("anthropic" | "gemini" | "google" | "mistral" | "azure" | "bedrock"), _)) => {
            Address::Later { provider: provider.to_owned() }
        }
        _ => Address::Unknown,
    }
}

/// Whether text looks like a key of a well-known kind.
pub(super) fn looks_like_key(text: &str) -> bool {
    const PREFIXES: [&str; 10] =
        ["sk-", "sk_", "ghp_", "github_pat_", "xoxb-", "xoxp-", "AKIA", "AIza", "hf_", "Bearer "];
    let key = |word: &str| {
        let body = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix));
        let known = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        body.is_some_and(|body| body.len() >= 12 && body.chars().all(known))
    };
    key(text.trim()) || text.split_whitespace().any(key)
}

impl Reader<'_> {
    /// Refuses a key that stands in the file; the finding points at the key's name and never shows its line.
    pub(super) fn literal_secret(&mut self, at: &At<'_>) {
        let message = "a key must not stand in a file";
        let mut found = Diagnostic::error(LITERAL_SECRET, &self.file, &at.pointer, at.place(), message);
        found.help = Some("name a variable that holds it: `env:NAME`, or a file: `file://PATH`".to_owned());
        self.push(found);
    }

    /// The address of an endpoint: nothing in it comes from test data, and no key stands in it.
    pub(super) fn url(&mut self, at: &At<'_>) -> Option<String> {
        let text = self.filled(at)?.trim();
        if text.strip_prefix("demo:").is_some_and(|name| !name.is_empty()) {
            return Some(text.to_owned());
        }
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let Some(rest) = rest else {
            let help = "write `http://…` or `https://…`";
            self.error(at, "url", format!("`{}` is no address", word::shortened(text)), help);
            return None;
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            self.literal_secret(at);
            return None;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port_holds = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let host_holds = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(|found| found.parse::<Ipv6Addr>().is_ok()),
            None => host.chars().all(|letter| letter.is_alphanumeric() || "-._".contains(letter)),
        };
        let clean = !rest.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        if host.is_empty() || !host_holds || !port_holds || !clean {
            let help = "an address is a scheme, a host, a port and a path; no variable stands in it";
            self.error(at, "url", format!("`{}` is no address", word::shortened(text)), help);
            return None;
        }
        if rest.contains('#') {
            self.error(at, "url", "what follows `#` is never sent", "leave it out");
            return None;
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    /// `auth: { bearer: env:NAME }`, or a header with its value.
    pub(super) fn auth(&mut self, at: &At<'_>) -> Option<Auth> {
        let fields = self.fields(at, AUTH)?;
        match (fields.get("bearer"), fields.get("header"), fields.get("value")) {
            (Some(bearer), None, None) => {
                let secret = self.secret(&bearer)?;
                Some(Auth { header: "authorization".to_owned(), prefix: "Bearer ".to_owned(), secret })
            }
            (None, Some(header), Some(value)) => {
                let name = self.header_name(&header);
                let secret = self.secret(&value);
                Some(Auth { header: name?, prefix: String::new(), secret: secret? })
            }
            (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
                let help = "write `bearer`, or `header` with `value`";
                self.error(&other, "conflict", "a key is sent in one way", help);
                None
            }
            (None, header, _) => {
                let key = if header.is_some() { "value" } else { "bearer" };
                self.lacks(&fields, key, "`auth`");
                None
            }
        }
    }

    /// Where a key is.
    fn secret(&mut self, at: &At<'_>) -> Option<SecretSource> {
        let text = self.filled(at)?.trim();
        if let Some(name) = text.strip_prefix("env:") {
            return self.variable(at, name).map(SecretSource::Env);
        }
        if let Some(path) = text.strip_prefix("file://") {
            // A key of the user's own may lie outside of the workspace: its path is absolute then.
            if path.starts_with('/') {
                return Some(SecretSource::File(path.to_owned()));
            }
            return self.path(at, path).map(SecretSource::File);
        }
        if text.starts_with("secret:") {
            self.later(&at.pointer, at.place(), "a stored secret");
            return None;
        }
        self.literal_secret(at);
        None
    }

    /// The name of a variable of the environment.
    pub(super) fn variable(&mut self, at: &At<'_>, name: &str) -> Option<String> {
        let holds = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !holds {
            let help = "letters, digits and `_`, no digit first";
            self.error(at, "out-of-range", "this is no name of a variable", help);
        }
        holds.then(|| name.to_owned())
    }

    /// The name of a header (RFC 9110, section 5.1), in lower case.
    pub(super) fn header_name(&mut self, at: &At<'_>) -> Option<String> {
        let name = self.filled(at)?.to_owned();
        if !is_header_name(&name) {
            self.error(at, "header", "this is no name of a header", "letters, digits and `-`");
            return None;
        }
        Some(name.to_ascii_lowercase())
    }

    /// A JSONPath.
    pub(super) fn json_path(&mut self, at: &At<'_>) -> Option<String> {
        compiled(self, at, "jsonpath", |text| pattern::json_path(text).map(drop))
    }
}

/// Whether text is a token of HTTP.
pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_says_how_it_is_spoken_to() {
        let kind = |text| match meant(text) {
            Address::Chat { url, model, key } => format!("chat {url} {model:?} {key:?}"),
            Address::Http { url } => format!("http {url}"),
            Address::Command { argv } => format!("command {argv:?}"),
            Address::Later { provider } => format!("later {provider}"),
            Address::Unknown => "unknown".to_owned(),
        };
        for (text, expected) in [
            ("http://127.0.0.1:8000/v1", "chat http://127.0.0.1:8000/v1 None None"),
            ("https://bot.example.com/ask", "http https://bot.example.com/ask"),
            ("./bot --fast", r#"command ["./bot", "--fast"]"#),
            ("ollama/qwen3:8b", r#"chat http://127.0.0.1:11434/v1 Some("qwen3:8b") None"#),
            ("openai/gpt-5", r#"chat https://api.openai.com/v1 Some("gpt-5") Some("OPENAI_API_KEY")"#),
            ("anthropic/claude-sonnet-4-5", "later anthropic"),
            ("demo:help-desk", "chat demo:help-desk None None"),
            ("support-bot", "unknown"),
        ] {
            assert_eq!(kind(text), expected);
        }
    }

    #[test]
    fn keys_are_recognised() {
        for text in ["sk-proj-abcdefghijklmnop", "ghp_0123456789abcdef", "Bearer abcdefghijklmnop"] {
            assert!(looks_like_key(text), "{text}");
        }
        for text in ["sk-short", "My parcel is late", "env:OPENAI_API_KEY", "task-force-of-the-company"] {
            assert!(!looks_like_key(text), "{text}");
        }
    }
}
