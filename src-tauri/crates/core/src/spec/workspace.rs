//! What a workspace file says once every default is filled in: agents, environments, defaults.
//!
//! Keys stay references here: this module never sees a secret, and a literal one is refused before it gets here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::NonZeroU32,
};

use serde::{Deserialize, Serialize};

use super::{Budget, Currency, Risk};
use crate::{
    diagnostic::Place,
    id::{AgentName, EnvironmentName, SpecName},
    time::Duration,
};

/// The format of workspace files that this build reads.
pub const WORKSPACE_FORMAT: u32 = 1;
/// The name of the spec that stands at the top level of the workspace file.
pub const MAIN_SPEC: &str = "main";

/// A workspace, resolved.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Workspace {
    /// Its name; empty when the file gives none: the host shows the folder's name.
    pub name: String,
    /// The folder of spec files, below the workspace, with `/`.
    pub specs: String,
    /// In which costs are counted.
    pub currency: Currency,
    /// Every agent, the one written as a bare address included.
    pub agents: BTreeMap<AgentName, Agent>,
    /// Agents that the file names and that could not be read; empty in a workspace without errors.
    pub unread: BTreeSet<AgentName>,
    /// Where versions go live.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// Environments that the file names and that could not be read; empty in a workspace without errors.
    pub unread_environments: BTreeSet<EnvironmentName>,
    /// What specs fall back on.
    pub defaults: Defaults,
    /// What saving a spec does.
    pub on_save: OnSave,
    /// How long what is kept.
    pub keep: Keep,
    /// Whether the file holds the spec `main` at its top level.
    pub has_main: bool,
}

/// What specs fall back on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Defaults {
    /// The agent of a spec that names none.
    pub agent: Option<AgentName>,
    /// `wrongly_blocked` is shared out over a gate's blocking criteria.
    pub risk: Risk,
    /// What one execution may use up.
    pub budget: Budget,
}

/// What saving a spec does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSave {
    /// Recorded answers are scored again.
    #[default]
    Rescore,
    /// What is missing is asked.
    Run,
    /// Nothing.
    None,
}

/// The shortest time for which bodies of requests and responses are kept.
pub const BODIES_KEPT_MIN: Duration = Duration(24 * 60 * 60 * 1000);

/// How long what is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Keep {
    /// Bodies of requests and responses, as sent and received, [`BODIES_KEPT_MIN`] at least; for ever when absent.
    /// Answers, scores and digests stay.
    pub bodies: Option<Duration>,
}

/// Something that answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Agent {
    /// Unique in the workspace.
    pub name: AgentName,
    /// How to speak to it.
    pub access: Access,
    /// The key it wants.
    pub auth: Option<Auth>,
    /// How it is called.
    pub limits: Limits,
    /// Whether calls that may act twice are retried.
    pub retry: Retry,
    /// What its tokens cost.
    pub price: Option<Price>,
    /// What else decides its behaviour.
    pub identity: Identity,
    /// Where it stands in the workspace file.
    pub place: Place,
}

/// How to speak to an agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Access {
    /// OpenAI Chat Completions and everything compatible.
    OpenaiChat(OpenaiChat),
    /// Any JSON over HTTP.
    Http(HttpAgent),
    /// A local program.
    Command(CommandAgent),
}

impl Access {
    /// The name of the type, as the file writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OpenaiChat(_) => "openai-chat",
            Self::Http(_) => "http",
            Self::Command(_) => "command",
        }
    }

    /// The address, or the command line joined by spaces, for display.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::OpenaiChat(agent) => agent.url.clone(),
            Self::Http(agent) => agent.url.clone(),
            Self::Command(agent) => agent.argv.join(" "),
        }
    }
}

/// Text that decides behaviour, as sent, with the file that it was read from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Content {
    /// Line ends are LF.
    pub text: String,
    /// The path below the workspace, where it came from a file.
    pub file: Option<String>,
}

/// An OpenAI-compatible chat endpoint.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OpenaiChat {
    /// `http(s)://…` up to and without `/chat/completions`, or `demo:NAME`.
    pub url: String,
    /// Absent: `/models` is asked once.
    pub model: Option<String>,
    /// Sent as the system message; absent: the address has its own.
    pub prompt: Option<Content>,
    /// Sent beside the messages.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Sent as `tools`: a list.
    pub tools: Option<serde_json::Value>,
    /// The file that `tools` was read from.
    pub tools_file: Option<String>,
}

/// Any JSON over HTTP. Texts in `headers` and `body` are templates over `input`, `messages`, `prompt` and
/// `session_id`; the address is none, so that test data never chooses the host.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HttpAgent {
    /// `http(s)://…`.
    pub url: String,
    /// Upper case.
    pub method: String,
    /// By name.
    pub headers: BTreeMap<String, String>,
    /// Every text in it is a template; sent as JSON.
    pub body: serde_json::Value,
    /// Sent where the body names it.
    pub prompt: Option<Content>,
    /// Where the text is in the answer: JSONPath; absent: the whole body.
    pub text: Option<String>,
    /// Where the tool calls are: JSONPath to objects with `name` and `args`.
    pub tool_calls: Option<String>,
    /// Where tokens in are.
    pub usage_input: Option<String>,
    /// Where tokens out are.
    pub usage_output: Option<String>,
    /// What identifies the answer, by a name of the author's.
    pub identity: BTreeMap<String, IdentitySource>,
}

/// Where an answer says what it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentitySource {
    /// A header of the response.
    Header(String),
    /// A JSONPath in its body.
    Json(String),
}

/// A local program: the request as JSON on standard input, the answer on standard output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CommandAgent {
    /// Argument vector; no shell. A program with a `/` resolves below the workspace.
    pub argv: Vec<String>,
    /// Names of variables that it may see, beside a clean environment.
    pub env: Vec<String>,
}

/// The key that an endpoint wants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Auth {
    /// The header: `authorization` unless the file says otherwise. Lower case.
    pub header: String,
    /// What stands before the key in it: `Bearer ` or nothing.
    pub prefix: String,
    /// Where the key is.
    pub secret: SecretSource,
}

/// Where a key is. Never the key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file that only its owner may read: absolute, or below the workspace.
    File(String),
}

impl fmt::Display for SecretSource {
    /// As the file names it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "env:{name}"),
            Self::File(path) => write!(formatter, "file://{path}"),
        }
    }
}

/// How an endpoint is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Calls in flight at most.
    pub concurrency: u32,
    /// Requests a minute at most.
    pub rpm: Option<u32>,
    /// Tokens a minute at most.
    pub tpm: Option<u32>,
    /// Until a connection stands.
    pub connect: Duration,
    /// Between two bytes of an answer, and before the first.
    pub idle: Duration,
    /// The whole call.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = |count: u64| Duration(count * 1000);
        Self {
            concurrency: 4,
            rpm: None,
            tpm: None,
            connect: seconds(5),
            idle: seconds(60),
            total: seconds(300),
        }
    }
}

/// Whether a call that may act twice is tried again after bytes were sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Only what certainly was not processed.
    #[default]
    Safe,
    /// Ambiguous failures too.
    Always,
}

/// What tokens cost, in millionths of the workspace's currency per million tokens: so a price of 0.15 per 1M is
/// 150 000.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Price {
    /// In.
    pub input_micros_per_million: u64,
    /// Out.
    pub output_micros_per_million: u64,
}

/// What decides behaviour beside what is sent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Globs below the workspace.
    pub files: Vec<String>,
    /// A folder whose content counts as a git tree, below the workspace.
    pub tree: Option<String>,
    /// What the address says it serves.
    pub served: Option<Served>,
}

/// A question to an address: which version do you serve?
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Served {
    /// A path at the agent's origin.
    pub get: String,
    /// JSONPath in the answer.
    pub json: String,
}

/// Where versions go live.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// Unique in the workspace.
    pub name: EnvironmentName,
    /// Whose versions.
    pub agent: AgentName,
    /// Where the live one answers.
    pub endpoint: Option<LiveEndpoint>,
    /// How a version goes live.
    pub deploy: Deploy,
    /// Specs whose verdicts are needed; none given: every spec of the agent.
    pub requires: Option<Vec<SpecName>>,
    /// Where the key `requires` stands; where the environment begins while it is absent.
    pub requires_place: Place,
    /// What a weakened spec does.
    pub weakening: Weakening,
    /// A verdict older than this does not promote.
    pub max_age: Option<Duration>,
    /// Attempts per version and spec beyond which only an override promotes.
    pub attempts_max: u32,
    /// Whether a version that declares nothing may go live.
    pub allow_opaque: bool,
    /// What keeps being asked of what is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<MonitorRule>,
    /// Where it stands in the workspace file.
    pub place: Place,
}

/// A spec that keeps being asked of what is live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MonitorRule {
    /// Which.
    pub spec: SpecName,
    /// Time from one asking to the next.
    pub interval: Duration,
    /// Calls each time.
    pub calls: NonZeroU32,
    /// What an alarm does.
    pub on_fail: OnFail,
    /// The mean time between false alarms that is accepted.
    pub false_alarm_every: Duration,
}

impl MonitorRule {
    /// Trials within `false_alarm_every`: the mean number of trials to a false alarm is at least this.
    #[must_use]
    pub const fn trials_to_false_alarm(&self) -> u64 {
        let times = match self.false_alarm_every.0.checked_div(self.interval.0) {
            Some(times) => times,
            None => 0,
        };
        times.saturating_mul(self.calls.get() as u64)
    }
}

/// What a monitor's alarm does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// It is told.
    #[default]
    Notify,
    /// It is told, and what was live before goes live again.
    Rollback,
}

/// Where the live version answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LiveEndpoint {
    /// As an agent's.
    pub url: String,
    /// The key it wants.
    pub auth: Option<Auth>,
}

/// How a version goes live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "adapter")]
pub enum Deploy {
    /// Into a folder, by a pointer file.
    Folder {
        /// Below the workspace, or absolute once trusted.
        path: String,
    },
}

/// What a weakened spec does to a promotion.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weakening {
    /// A person is asked.
    #[default]
    Ask,
    /// It is refused.
    Forbid,
    /// It is shown.
    Allow,
}

/// A workspace file: the workspace, and the spec `main` where its top level holds one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WorkspaceFile {
    /// All but the spec.
    pub workspace: Workspace,
    /// `agent`, `cases` and `gate` at the top level.
    pub main: Option<super::Spec>,
}
