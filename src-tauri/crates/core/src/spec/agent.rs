//! Agents: read from a map, or from a bare address.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    address::{self, Address, is_header_name},
    expect::json_content,
    reader::{At, Fields, Keys, Reader},
    template::Template,
    tree::Value,
    word,
    workspace::{
        Access, Agent, Auth, CommandAgent, Content, HttpAgent, Identity, IdentitySource, Limits, OpenaiChat,
        Price, Retry, SecretSource, Served,
    },
};
use crate::id::AgentName;

/// Calls in flight at most that a file may ask for.
const CONCURRENCY_MAX: u32 = 1024;
/// Requests and tokens a minute at most that a limit may name.
const PER_MINUTE_MAX: u32 = 1_000_000_000;

macro_rules! agent_keys {
    ($what:literal, $($own:literal),+) => {
        Keys {
            what: $what,
            known: &["type", "auth", "limits", "retry", "price", "identity", $($own),+],
            later: &["cache", "proxy", "tls", "stream", "drive", "votes"],
        }
    };
}

/// The keys of an agent by its type; the schema offers the same.
pub(super) const CHAT: Keys =
    agent_keys!("an agent of the type openai-chat", "url", "model", "prompt", "params", "tools");
pub(super) const HTTP: Keys = agent_keys!(
    "an agent of the type http",
    "url",
    "method",
    "path",
    "headers",
    "body",
    "prompt",
    "text",
    "tool_calls",
    "usage"
);
pub(super) const COMMAND: Keys = agent_keys!("an agent of the type command", "command", "env");
pub(super) const IDENTITY: Keys =
    Keys { what: "`identity`", known: &["files", "tree", "served", "answer"], later: &["artifact"] };
pub(super) const LIMITS: Keys =
    Keys { what: "`limits`", known: &["concurrency", "rpm", "tpm", "connect", "idle", "total"], later: &[] };

#[derive(Clone, Copy)]
enum Kind {
    Chat,
    Http,
    Command,
    Later,
}

/// An agent as a map, or as a bare address.
pub(super) fn read(reader: &mut Reader<'_>, at: &At<'_>, name: AgentName) -> Option<Agent> {
    if !at.is_map() {
        let text = reader.filled(at)?;
        return from_address(reader, at, name, text);
    }
    let kind = kind(reader, at)?;
    let before = reader.diagnostics.len();
    refuse_keys(reader, at);
    let keys = match kind {
        Kind::Chat => CHAT,
        Kind::Http => HTTP,
        Kind::Command => COMMAND,
        Kind::Later => return None,
    };
    let fields = reader.fields(at, keys)?;
    let mut answer_identity = BTreeMap::new();
    let identity =
        fields.get("identity").and_then(|at| identity(reader, &at, &mut answer_identity)).unwrap_or_default();
    let access = match kind {
        Kind::Chat => chat(reader, &fields).map(Access::OpenaiChat),
        Kind::Http => http(reader, &fields, answer_identity).map(Access::Http),
        Kind::Command => command(reader, &fields).map(Access::Command),
        Kind::Later => None,
    };
    let auth = fields.get("auth").and_then(|at| reader.auth(&at));
    let limits = fields.get("limits").and_then(|at| limits(reader, &at)).unwrap_or_default();
    let retry = fields.get("retry");
    let retry = retry.and_then(|at| reader.choice(&at, &[("safe", Retry::Safe), ("always", Retry::Always)]));
    let price = fields.get("price").and_then(|at| price(reader, &at));
    if reader.failed_since(before) {
        return None;
    }
    Some(Agent {
        name,
        access: access?,
        auth,
        limits,
        retry: retry.unwrap_or_default(),
        price,
        identity,
        place: at.place(),
    })
}

/// The type that a map names, or that its address implies.
fn kind(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Kind> {
    const TYPES: [(&str, Kind); 10] = [
        ("openai-chat", Kind::Chat),
        ("http", Kind::Http),
        ("command", Kind::Command),
        ("anthropic-messages", Kind::Later),
        ("openai-responses", Kind::Later),
        ("a2a", Kind::Later),
        ("mcp", Kind::Later),
        ("gemini", Kind::Later),
        ("ollama", Kind::Later),
        ("ag-ui", Kind::Later),
    ];
    let entries = reader.entries(at, "an agent");
    let value = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| at.member(entry));
    if let Some(at) = value("type") {
        let kind = reader.choice(&at, &TYPES)?;
        if matches!(kind, Kind::Later) {
            let text = reader.text(&at)?;
            reader.later(&at.pointer, at.place(), &format!("the type `{text}`"));
        }
        return Some(kind);
    }
    if value("command").is_some() {
        return Some(Kind::Command);
    }
    let Some(url) = value("url") else {
        reader.missing(at, "url", "an agent");
        return None;
    };
    match address::meant(reader.filled(&url)?) {
        Address::Chat { .. } => Some(Kind::Chat),
        Address::Http { .. } => Some(Kind::Http),
        Address::Command { .. } | Address::Later { .. } | Address::Unknown => {
            let help = "write `http://…` or `https://…`, or `command: […]` for a program";
            reader.error(&url, "url", "this is no address", help);
            None
        }
    }
}

/// An agent of which the address alone is given.
pub(super) fn from_address(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    name: AgentName,
    text: &str,
) -> Option<Agent> {
    let mut auth = None;
    let access = match address::meant(text) {
        Address::Chat { model, key, url } => {
            let bearer = |variable: &str| Auth {
                header: "authorization".to_owned(),
                prefix: "Bearer ".to_owned(),
                secret: SecretSource::Env(variable.to_owned()),
            };
            auth = key.map(bearer);
            // An address that stands for another one is known to be right.
            let url = if model.is_some() { url } else { chat_url(reader, at)? };
            let params = serde_json::Map::new();
            Access::OpenaiChat(OpenaiChat { url, model, prompt: None, params, tools: None, tools_file: None })
        }
        Address::Http { .. } => Access::Http(bare_http(reader.url(at)?)),
        Address::Command { argv } => {
            reader.program(at, &argv);
            Access::Command(CommandAgent { argv, env: Vec::new() })
        }
        Address::Later { provider } => {
            reader.later(&at.pointer, at.place(), &format!("the provider `{}`", word::shortened(&provider)));
            return None;
        }
        Address::Unknown => {
            let message =
                format!("`{}` is neither an address nor an agent of `agents`", word::shortened(text));
            let help = "write `http://…/v1`, `./program`, `ollama/MODEL`, or the name of an agent";
            reader.error(at, "unknown-agent", message, help);
            return None;
        }
    };
    let (limits, retry, price, identity) = Default::default();
    Some(Agent { name, access, auth, limits, retry, price, identity, place: at.place() })
}

/// The address of a chat endpoint: without what the API adds to it.
fn chat_url(reader: &mut Reader<'_>, at: &At<'_>) -> Option<String> {
    let text = reader.filled(at)?.trim().trim_end_matches('/');
    if let Some(base) = text.strip_suffix("/chat/completions") {
        let message = "the address ends in `/chat/completions`".to_owned();
        reader.mendable(at, "url", message, "we add the rest".to_owned(), base.to_owned());
        return None;
    }
    reader.url(at)
}

/// An HTTP agent of which the address alone is known: the input as JSON, the answer as it comes.
fn bare_http(url: String) -> HttpAgent {
    HttpAgent {
        url,
        method: "POST".to_owned(),
        headers: BTreeMap::new(),
        body: json!({ "input": "{{ input }}" }),
        prompt: None,
        text: None,
        tool_calls: None,
        usage_input: None,
        usage_output: None,
        identity: BTreeMap::new(),
    }
}

fn chat(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<OpenaiChat> {
    let url = reader.required(fields, "url", "an agent of the type openai-chat");
    let url = url.and_then(|at| chat_url(reader, &at));
    let model = fields.get("model").and_then(|at| reader.filled(&at).map(str::to_owned));
    let prompt = fields.get("prompt").and_then(|at| prompt(reader, &at));
    let params = fields.get("params").map(|at| {
        let entries = reader.entries(&at, "parameters by name");
        for entry in entries
            .iter()
            .filter(|entry| ["model", "messages", "tools", "stream"].contains(&entry.key.as_str()))
        {
            let help = "`model`, `prompt` and `tools` stand beside `params`";
            let message = format!("`{}` is not a parameter of ours to send", entry.key);
            reader.error(&at.member(entry), "conflict", message, help);
        }
        entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect()
    });
    let mut tools_file = None;
    let tools = fields.get("tools").and_then(|at| {
        let tools = json_content(reader, &at)?;
        if at.is_text() {
            tools_file = reader.text(&at).and_then(|text| text.strip_prefix("file://")).map(str::to_owned);
        }
        if !tools.is_array() {
            reader.error(&at, "wrong-type", "tools are a list", "write `- type: function`, …");
            return None;
        }
        Some(tools)
    });
    Some(OpenaiChat { url: url?, model, prompt, params: params.unwrap_or_default(), tools, tools_file })
}

fn prompt(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Content> {
    reader.content(at).map(|(text, file)| Content { text, file })
}

fn http(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    identity: BTreeMap<String, IdentitySource>,
) -> Option<HttpAgent> {
    const METHODS: [(&str, &str); 4] = [("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("GET", "GET")];
    let url = reader.required(fields, "url", "an agent of the type http").and_then(|at| reader.url(&at));
    let path = fields.get("path").and_then(|at| {
        let path = reader.filled(&at)?;
        if !path.starts_with('/') || path.contains(char::is_whitespace) || Template::is_one(path) {
            reader.error(
                &at,
                "path",
                "this is no path of an address",
                "it begins with `/`; no variable stands in it",
            );
            return None;
        }
        Some(path.to_owned())
    });
    let method = fields.get("method").and_then(|at| reader.choice(&at, &METHODS)).unwrap_or("POST");
    let headers = fields.get("headers").map(|at| headers(reader, &at)).unwrap_or_default();
    let body = fields.get("body").map(|at| {
        templates(reader, &at);
        at.node.to_json()
    });
    let prompt = fields.get("prompt").and_then(|at| prompt(reader, &at));
    let mut path_in_answer = |key: &str| fields.get(key).and_then(|at| reader.json_path(&at));
    let (text, tool_calls) = (path_in_answer("text"), path_in_answer("tool_calls"));
    let (usage_input, usage_output) = match fields.get("usage") {
        None => (None, None),
        Some(at) => {
            let usage =
                reader.fields(&at, Keys { what: "`usage`", known: &["input", "output"], later: &[] })?;
            let mut tokens = |key| usage.get(key).and_then(|at| reader.json_path(&at));
            (tokens("input"), tokens("output"))
        }
    };
    let bare = bare_http(format!("{}{}", url?, path.unwrap_or_default()));
    Some(HttpAgent {
        method: method.to_owned(),
        headers,
        body: body.unwrap_or_else(|| bare.body.clone()),
        prompt,
        text,
        tool_calls,
        usage_input,
        usage_output,
        identity,
        ..bare
    })
}

fn headers(reader: &mut Reader<'_>, at: &At<'_>) -> BTreeMap<String, String> {
    const SECRET: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"];
    let mut headers = BTreeMap::new();
    for entry in reader.entries(at, "headers by name") {
        let value = at.member(entry);
        let name = entry.key.to_ascii_lowercase();
        if SECRET.contains(&name.as_str()) {
            reader.literal_secret(&value);
            continue;
        }
        if !is_header_name(&name) {
            reader.error(
                &value,
                "header",
                format!("`{}` is no name of a header", word::shortened(&name)),
                "letters, digits and `-`",
            );
            continue;
        }
        templates(reader, &value);
        if let Some(text) = reader.text(&value) {
            if text.contains(char::is_control) {
                reader.error(&value, "header", "a header is one line", "leave the line end out");
                continue;
            }
            headers.insert(name, text.to_owned());
        }
    }
    headers
}

/// Variables that a request may hold.
const VARIABLES: [&str; 4] = ["input", "messages", "prompt", "session_id"];

/// Checks every template in a part of a request.
fn templates(reader: &mut Reader<'_>, at: &At<'_>) {
    match &at.node.value {
        Value::Text(text) if Template::is_one(text) => match Template::parse(text) {
            Err(error) => reader.error(at, "template", error.to_string(), "write `{{ input }}`"),
            Ok(template) => {
                for name in template.variables().iter().filter(|name| !VARIABLES.contains(&name.as_str())) {
                    let message = format!("a request has no variable `{}`", word::shortened(name));
                    let help = format!("it has {}", word::list(&VARIABLES));
                    reader.error(at, "template", message, help);
                }
            }
        },
        Value::List(items) => {
            for (index, node) in items.iter().enumerate() {
                templates(reader, &at.item(index, node));
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                templates(reader, &at.member(entry));
            }
        }
        _ => {}
    }
}

fn command(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<CommandAgent> {
    let at = reader.required(fields, "command", "an agent of the type command")?;
    let argv = if at.is_list() {
        reader.texts(&at)
    } else {
        reader.filled(&at)?.split_whitespace().map(str::to_owned).collect()
    };
    let text = at.node.to_json();
    if text.as_str().is_some_and(|text| text.contains(['\'', '"', '$', '|', ';', '&', '>', '<', '`'])) {
        let help = "there is no shell: write the arguments as a list, `[./bot, \"two words\"]`";
        reader.error(&at, "command", "this looks like a line for a shell", help);
        return None;
    }
    reader.program(&at, &argv);
    let env = fields.get("env").map(|at| {
        let names = if at.is_list() { reader.items(&at, "names of variables") } else { vec![at.clone()] };
        let name = |item: &At<'_>| {
            let text = reader.filled(item)?;
            reader.variable(item, text)
        };
        names.iter().filter_map(name).collect()
    });
    (!argv.is_empty()).then_some(CommandAgent { argv, env: env.unwrap_or_default() })
}

fn limits(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Limits> {
    let fields = reader.fields(at, LIMITS)?;
    let bare = Limits::default();
    let mut count = |key: &str, max| fields.get(key).and_then(|at| reader.small_count(&at, 1, max));
    let (concurrency, rpm, tpm) =
        (count("concurrency", CONCURRENCY_MAX), count("rpm", PER_MINUTE_MAX), count("tpm", PER_MINUTE_MAX));
    let mut time = |key: &str| {
        let at = fields.get(key)?;
        let time = reader.duration(&at)?;
        if time.0 == 0 {
            reader.error(&at, "out-of-range", "nothing happens in no time", "give it a moment: `5s`");
        }
        Some(time)
    };
    Some(Limits {
        concurrency: concurrency.unwrap_or(bare.concurrency),
        rpm,
        tpm,
        connect: time("connect").unwrap_or(bare.connect),
        idle: time("idle").unwrap_or(bare.idle),
        total: time("total").unwrap_or(bare.total),
    })
}

fn price(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Price> {
    let keys = Keys { what: "`price`", known: &["input", "output", "per"], later: &["cached_input"] };
    let fields = reader.fields(at, keys)?;
    let per = match fields.get("per") {
        None => 1.0,
        Some(at) if at.is_text() => reader.choice(&at, &[("1M", 1.0), ("1K", 1e3)])?,
        Some(at) => 1e6 / f64::from(reader.small_count(&at, 1, 1_000_000_000)?),
    };
    let mut micros = |key: &str| {
        let at = reader.required(&fields, key, "`price`")?;
        let micros = (reader.number(&at)? * per * 1e6).round();
        if !(0.0..=1e15).contains(&micros) {
            reader.error(&at, "out-of-range", "this is no price", "0 or more, in the workspace's currency");
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within [0, 1e15]")]
        Some(micros as u64)
    };
    let (input, output) = (micros("input"), micros("output"));
    Some(Price { input_micros_per_million: input?, output_micros_per_million: output? })
}

fn identity(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    answer: &mut BTreeMap<String, IdentitySource>,
) -> Option<Identity> {
    let fields = reader.fields(at, IDENTITY)?;
    let files = fields.get("files").map(|at| globs(reader, &at)).unwrap_or_default();
    let tree = fields.get("tree").and_then(|at| {
        let text = reader.filled(&at)?;
        if text == "." { Some(".".to_owned()) } else { reader.path(&at, text) }
    });
    let served = fields.get("served").and_then(|at| {
        let keys = Keys { what: "`served`", known: &["get", "json"], later: &["header"] };
        let fields = reader.fields(&at, keys)?;
        let get = reader.required(&fields, "get", "`served`");
        let get = get.and_then(|at| {
            let text = reader.filled(&at)?;
            if !text.starts_with('/') {
                reader.error(&at, "path", "this is no path of an address", "it begins with `/`");
                return None;
            }
            Some(text.to_owned())
        });
        let json = reader.required(&fields, "json", "`served`").and_then(|at| reader.json_path(&at));
        Some(Served { get: get?, json: json? })
    });
    if let Some(at) = fields.get("answer") {
        for entry in reader.entries(&at, "names of marks, each with a `header` or a `json`") {
            if let Some(source) = identity_source(reader, &at.member(entry)) {
                answer.insert(entry.key.clone(), source);
            }
        }
    }
    Some(Identity { files, tree, served })
}

fn identity_source(reader: &mut Reader<'_>, at: &At<'_>) -> Option<IdentitySource> {
    let fields = reader.fields(at, Keys { what: "a mark", known: &["header", "json"], later: &[] })?;
    match (fields.get("header"), fields.get("json")) {
        (Some(at), None) => reader.header_name(&at).map(IdentitySource::Header),
        (None, Some(at)) => reader.json_path(&at).map(IdentitySource::Json),
        (Some(_), Some(at)) => {
            reader.error(&at, "conflict", "a mark comes from one place", "keep one of the two");
            None
        }
        (None, None) => {
            reader.lacks(&fields, "header", "a mark");
            None
        }
    }
}

/// Globs below the workspace.
fn globs(reader: &mut Reader<'_>, at: &At<'_>) -> Vec<String> {
    let items = if at.is_list() { reader.items(at, "a list of globs") } else { vec![at.clone()] };
    let mut globs = Vec::new();
    for item in &items {
        if let Some(path) = reader.filled(item).map(str::to_owned).and_then(|text| reader.path(item, &text)) {
            globs.push(path);
        }
    }
    globs
}

/// Refuses every text of an agent that looks like a key.
fn refuse_keys(reader: &mut Reader<'_>, at: &At<'_>) {
    match &at.node.value {
        Value::Text(text) if address::looks_like_key(text) => reader.literal_secret(at),
        Value::List(items) => {
            for (index, node) in items.iter().enumerate() {
                refuse_keys(reader, &at.item(index, node));
            }
        }
        Value::Map(entries) => {
            // What stands under `auth` is read with care of its own.
            let entries = entries.iter().filter(|entry| entry.key != "auth" && entry.key != "prompt");
            for entry in entries {
                refuse_keys(reader, &at.member(entry));
            }
        }
        _ => {}
    }
}
