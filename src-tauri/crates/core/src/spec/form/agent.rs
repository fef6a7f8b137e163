//! Agents and environments, as the schema offers them.
#![expect(dead_code, reason = "the schema is derived from the fields; nobody reads them")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::{Texts, Time};

/// An agent: a map, a bare address, or the name of one.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum AnyAgent {
    /// `http://…/v1`, `https://…`, `./program`, `ollama/MODEL`, `openai/MODEL`.
    Address(String),
    Chat(Box<ChatAgent>),
    Http(Box<HttpAgent>),
    Command(Box<CommandAgent>),
}

/// OpenAI Chat Completions and everything compatible.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ChatAgent {
    #[schemars(rename = "type", extend("const" = "openai-chat"))]
    kind: Option<String>,
    /// Up to and without `/chat/completions`.
    url: String,
    /// Asked of `/models` otherwise.
    model: Option<String>,
    /// Text, or `file://…`. Given: we send it. Absent: the address has its own.
    prompt: Option<String>,
    /// Sent beside the messages.
    params: Option<Map<String, Value>>,
    /// A list of tools, or `file://…`.
    tools: Option<Value>,
    auth: Option<Auth>,
    limits: Option<Limits>,
    retry: Option<Retry>,
    price: Option<Price>,
    identity: Option<Identity>,
}

/// Any JSON over HTTP.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct HttpAgent {
    #[schemars(rename = "type", extend("const" = "http"))]
    kind: Option<String>,
    url: String,
    /// `POST` unless it says otherwise.
    method: Option<Method>,
    /// Comes behind the url.
    path: Option<String>,
    /// By name; texts are templates.
    headers: Option<BTreeMap<String, String>>,
    /// Every text in it is a template over `input`, `messages`, `prompt` and `session_id`.
    body: Option<Value>,
    /// Text, or `file://…`.
    prompt: Option<String>,
    /// JSONPath of the text in the answer; the whole body otherwise.
    text: Option<String>,
    /// JSONPath of the tool calls in the answer.
    tool_calls: Option<String>,
    usage: Option<Usage>,
    auth: Option<Auth>,
    limits: Option<Limits>,
    retry: Option<Retry>,
    price: Option<Price>,
    identity: Option<Identity>,
}

/// A local program: the request as JSON on standard input, the answer on standard output.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct CommandAgent {
    #[schemars(rename = "type", extend("const" = "command"))]
    kind: Option<String>,
    /// The program and its arguments; there is no shell.
    command: Texts,
    /// Names of variables that it may see.
    env: Option<Texts>,
    auth: Option<Auth>,
    limits: Option<Limits>,
    retry: Option<Retry>,
    price: Option<Price>,
    identity: Option<Identity>,
}

/// A method of HTTP.
#[derive(JsonSchema)]
#[schemars(rename_all = "UPPERCASE")]
pub(super) enum Method {
    Post,
    Put,
    Patch,
    Get,
}

/// JSONPaths of the tokens in the answer.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Usage {
    input: Option<String>,
    output: Option<String>,
}

/// The key that an address wants: where it is, never what it is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Auth {
    /// `env:NAME` or `file://PATH`, sent as a bearer token.
    bearer: Option<SecretSource>,
    /// A header of another name.
    header: Option<String>,
    /// `env:NAME` or `file://PATH`, sent in that header.
    value: Option<SecretSource>,
}

/// `env:NAME`, or `file://PATH` of a file that only its owner may read.
#[derive(JsonSchema)]
pub(super) struct SecretSource(
    #[schemars(regex(pattern = "^(env:|file://).+"))]
    String,
);

/// How an address is called.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Limits {
    /// Calls in flight at most: 4 unless it says otherwise.
    #[schemars(range(min = 1, max = 1024))]
    concurrency: Option<u32>,
    /// Requests a minute at most.
    #[schemars(range(min = 1))]
    rpm: Option<u32>,
    /// Tokens a minute at most.
    #[schemars(range(min = 1))]
    tpm: Option<u32>,
    /// Until a connection stands: 5 s unless it says otherwise.
    connect: Option<Time>,
    /// Between two bytes: 60 s unless it says otherwise.
    idle: Option<Time>,
    /// The whole call: 300 s unless it says otherwise.
    total: Option<Time>,
}

/// Whether a call that may act twice is tried again after bytes were sent.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Retry {
    /// Only what certainly was not processed.
    Safe,
    /// Ambiguous failures too.
    Always,
}

/// What tokens cost, in the workspace's currency.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Price {
    #[schemars(range(min = 0))]
    input: f64,
    #[schemars(range(min = 0))]
    output: f64,
    /// Tokens that the price is for: `1M` unless it says otherwise.
    per: Option<Per>,
}

/// A number of tokens.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Per {
    Word(#[schemars(regex(pattern = "^(1M|1K)$"))] String),
    Number(#[schemars(range(min = 1))] u32),
}

/// What else decides an agent's behaviour.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Identity {
    /// Globs below the workspace.
    files: Option<Texts>,
    /// A folder whose content counts.
    tree: Option<String>,
    /// What the address says it serves.
    served: Option<Served>,
    /// What identifies an answer, by a name of yours.
    answer: Option<BTreeMap<String, Mark>>,
}

/// A question to the address: which version do you serve?
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Served {
    /// A path at the address.
    get: String,
    /// JSONPath in the answer.
    json: String,
}

/// Where an answer says what it is: one of the two.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Mark {
    header: Option<String>,
    json: Option<String>,
}

/// Where versions go live, and on which conditions.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Environment {
    /// Whose versions; the default agent's otherwise.
    agent: Option<String>,
    /// Where the live one answers.
    endpoint: Option<LiveEndpoint>,
    deploy: Deploy,
    /// Specs whose verdicts are needed; every spec of the agent otherwise.
    requires: Option<Texts>,
    /// What a weakened spec does: `ask` unless it says otherwise.
    weakening: Option<Weakening>,
    /// A verdict older than this does not promote.
    max_age: Option<Time>,
    /// Attempts beyond which only an override promotes: 3 unless it says otherwise.
    #[schemars(range(min = 1, max = 1000))]
    attempts_max: Option<u32>,
    /// Whether a version that declares nothing may go live.
    allow_opaque: Option<bool>,
    /// What keeps being asked of what is live. This build plans it and does not ask it.
    monitor: Option<Monitor>,
}

/// A spec that keeps being asked of what is live.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Monitor {
    /// Which: its first blocking criterion with a target and a floor is heard.
    spec: String,
    /// Time from one asking to the next: `5m` unless it says otherwise.
    interval: Option<Time>,
    /// Calls each time: 1 unless it says otherwise.
    #[schemars(range(min = 1, max = 100))]
    calls: Option<u32>,
    /// What an alarm does: `notify` unless it says otherwise.
    on_fail: Option<OnFail>,
    /// The mean time between false alarms that is accepted: `90d` unless it says otherwise.
    false_alarm_every: Option<Time>,
}

/// What a monitor's alarm does.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum OnFail {
    /// It is told.
    Notify,
    /// What was live before goes live again.
    Rollback,
}

/// An address, with the key that it wants.
#[derive(JsonSchema)]
#[schemars(untagged, deny_unknown_fields)]
pub(super) enum LiveEndpoint {
    Address(String),
    Full { url: String, auth: Option<Auth> },
}

/// How a version goes live.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Deploy {
    adapter: Adapter,
    /// Below the workspace, or absolute.
    path: String,
}

/// What a version is deployed by.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Adapter {
    /// Into a folder, by a pointer file.
    Folder,
}

/// What a weakened spec does to a promotion.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Weakening {
    /// A person is asked.
    Ask,
    /// It is refused.
    Forbid,
    /// It is shown.
    Allow,
}
