//! Environments: where versions go live, and on which conditions.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use super::{
    files,
    reader::{At, Fields, Keys, Reader},
    word,
    workspace::{Agent, Deploy, Environment, LiveEndpoint, MonitorRule, OnFail, Weakening},
};
use crate::{
    diagnostic::Place,
    id::{AgentName, EnvironmentName, SpecName},
    time::Duration,
};

pub(super) const ENVIRONMENT: Keys = Keys {
    what: "an environment",
    known: &[
        "agent",
        "endpoint",
        "deploy",
        "requires",
        "weakening",
        "max_age",
        "attempts_max",
        "allow_opaque",
        "monitor",
    ],
    later: &["rehearse", "smoke", "approvals"],
};
pub(super) const MONITOR: Keys = Keys {
    what: "a monitor",
    known: &["spec", "interval", "calls", "on_fail", "false_alarm_every"],
    later: &["budget"],
};
pub(super) const ON_FAILS: [(&str, OnFail); 2] = [("notify", OnFail::Notify), ("rollback", OnFail::Rollback)];
/// One call every five minutes, and a false alarm in 90 days on average, unless the file says otherwise.
const INTERVAL_DEFAULT: Duration = Duration(300_000);
const FALSE_ALARM_DEFAULT: Duration = Duration(90 * 86_400_000);
/// A monitor asks at most once a second.
const INTERVAL_MS_MIN: u64 = 1_000;
/// Calls of a monitor at a time, at most.
const MONITOR_CALLS_MAX: u32 = 100;
pub(super) const WEAKENINGS: [(&str, Weakening); 3] =
    [("ask", Weakening::Ask), ("forbid", Weakening::Forbid), ("allow", Weakening::Allow)];
/// Attempts beyond which only an override promotes, unless the file says otherwise.
pub(super) const ATTEMPTS_MAX_DEFAULT: u32 = 3;

/// The agents of a workspace.
#[derive(Clone, Copy)]
pub(super) struct Known<'w> {
    pub(super) agents: &'w BTreeMap<AgentName, Agent>,
    /// Named, and not to be read: what is wrong with them is said where they stand.
    pub(super) unread: &'w BTreeSet<AgentName>,
}

/// Reads an environment.
pub(super) fn read(
    reader: &mut Reader<'_>,
    at: &At<'_>,
    name: EnvironmentName,
    agents: Known<'_>,
    default_agent: Option<&AgentName>,
) -> Option<Environment> {
    let before = reader.diagnostics.len();
    let fields = reader.fields(at, ENVIRONMENT)?;
    let agent = match fields.get("agent") {
        Some(at) => reference(reader, &at, agents),
        None if default_agent.is_none() => {
            reader.lacks(&fields, "agent", "an environment");
            None
        }
        None => default_agent.cloned(),
    };
    let endpoint = fields.get("endpoint").and_then(|at| endpoint(reader, &at));
    let deploy = reader.required(&fields, "deploy", "an environment").and_then(|at| deploy(reader, &at));
    let requires = fields.get("requires").map(|at| requires(reader, &at));
    let weakening = fields.get("weakening").and_then(|at| reader.choice(&at, &WEAKENINGS));
    let max_age = fields.get("max_age").and_then(|at| reader.duration(&at));
    let attempts_max = fields.get("attempts_max").and_then(|at| reader.small_count(&at, 1, 1_000));
    let allow_opaque = fields.get("allow_opaque").and_then(|at| reader.boolean(&at));
    let monitor = fields.get("monitor").and_then(|at| monitor(reader, &at));
    if reader.failed_since(before) {
        return None;
    }
    Some(Environment {
        name,
        agent: agent?,
        endpoint,
        deploy: deploy?,
        requires,
        requires_place: fields.key_place("requires").unwrap_or(Place { end: at.place().start, ..at.place() }),
        weakening: weakening.unwrap_or_default(),
        max_age,
        attempts_max: attempts_max.unwrap_or(ATTEMPTS_MAX_DEFAULT),
        allow_opaque: allow_opaque.unwrap_or(false),
        monitor,
        place: at.place(),
    })
}

/// Reads what keeps being asked. It is planned and its test is kept; that this build does not ask it is said.
fn monitor(reader: &mut Reader<'_>, at: &At<'_>) -> Option<MonitorRule> {
    let fields = reader.fields(at, MONITOR)?;
    let spec = reader.required(&fields, "spec", "a monitor").and_then(|at| reader.filled(&at));
    let interval_at = fields.get("interval");
    let interval = interval_at.as_ref().and_then(|at| reader.duration(at)).unwrap_or(INTERVAL_DEFAULT);
    let calls = fields.get("calls").and_then(|at| reader.positive(&at, MONITOR_CALLS_MAX));
    let on_fail = fields.get("on_fail").and_then(|at| reader.choice(&at, &ON_FAILS));
    let every_at = fields.get("false_alarm_every");
    let every = every_at.as_ref().and_then(|at| reader.duration(at)).unwrap_or(FALSE_ALARM_DEFAULT);
    let rule = MonitorRule {
        spec: SpecName::new(spec?.trim()),
        interval,
        calls: calls.unwrap_or(NonZeroU32::MIN),
        on_fail: on_fail.unwrap_or_default(),
        false_alarm_every: every,
    };
    if interval.0 < INTERVAL_MS_MIN {
        let at = interval_at.as_ref().unwrap_or(at);
        reader.error(at, "out-of-range", "a monitor asks at most once a second", "write `1s` or more");
        return None;
    }
    if rule.trials_to_false_alarm() < 2 {
        let help = "write a time in which several calls are made, such as `90d`";
        let message = "a false alarm is accepted more often than the monitor asks";
        reader.error(every_at.as_ref().unwrap_or(at), "out-of-range", message, help);
        return None;
    }
    let help = "`gatewright explain` shows what it would notice, and when";
    reader.warn(at, "needs-newer", "asking a monitor needs a newer Gatewright: this one plans it", help);
    Some(rule)
}

/// The name of an agent of the workspace; of one that is not there it is the name as written.
pub(super) fn reference(reader: &mut Reader<'_>, at: &At<'_>, known: Known<'_>) -> Option<AgentName> {
    let text = reader.filled(at)?.trim();
    let name = AgentName::new(text);
    if known.agents.contains_key(&name) || known.unread.contains(&name) {
        return Some(name);
    }
    let names: Vec<&str> = known.agents.keys().chain(known.unread).map(AgentName::as_str).collect();
    let message = format!("there is no agent `{}`", word::shortened(text));
    match word::nearest(text, &names) {
        Some(meant) => {
            reader.mendable(
                at,
                "unknown-agent",
                message,
                format!("did you mean `{meant}`?"),
                meant.to_owned(),
            );
        }
        None => reader.error(at, "unknown-agent", message, "agents stand under `agents` in gatewright.yaml"),
    }
    Some(name)
}

/// The live address: text, or a map with the key that it wants.
fn endpoint(reader: &mut Reader<'_>, at: &At<'_>) -> Option<LiveEndpoint> {
    if !at.is_map() {
        return reader.url(at).map(|url| LiveEndpoint { url, auth: None });
    }
    let fields =
        reader.fields(at, Keys { what: "an endpoint", known: &["url", "auth"], later: &["type"] })?;
    let url = reader.required(&fields, "url", "an endpoint").and_then(|at| reader.url(&at));
    let auth = fields.get("auth").and_then(|at| reader.auth(&at));
    Some(LiveEndpoint { url: url?, auth })
}

fn deploy(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Deploy> {
    const ADAPTERS: [(&str, bool); 7] = [
        ("folder", true),
        ("git", false),
        ("http", false),
        ("kubernetes", false),
        ("command", false),
        ("mlflow", false),
        ("langfuse", false),
    ];
    let entries = reader.entries(at, "an adapter with its path");
    let Some(entry) = entries.iter().find(|entry| entry.key == "adapter") else {
        reader.missing(at, "adapter", "`deploy`");
        return None;
    };
    let adapter = at.member(entry);
    if !reader.choice(&adapter, &ADAPTERS)? {
        let text = reader.text(&adapter)?;
        reader.later(&adapter.pointer, adapter.place(), &format!("the adapter `{text}`"));
        return None;
    }
    let fields: Fields<'_> =
        reader.fields(at, Keys { what: "`deploy`", known: &["adapter", "path"], later: &[] })?;
    let at = reader.required(&fields, "path", "the adapter `folder`")?;
    let text = reader.filled(&at)?;
    // A target may lie outside of the workspace; that is asked about before it is used.
    if text.starts_with('/') {
        return Some(Deploy::Folder { path: text.to_owned() });
    }
    let path = match files::below(text) {
        Ok(path) => path,
        Err(problem) => {
            let help = "a target lies below the workspace, or is absolute";
            reader.error(&at, "path", format!("`{}`: {problem}", word::shortened(text)), help);
            return None;
        }
    };
    Some(Deploy::Folder { path })
}

fn requires(reader: &mut Reader<'_>, at: &At<'_>) -> Vec<SpecName> {
    let names = reader.texts(at);
    let mut required: Vec<SpecName> = Vec::new();
    for name in names {
        let name = SpecName::new(name);
        if required.contains(&name) {
            let help = "name every spec once";
            reader.error(at, "duplicate-name", format!("the spec `{name}` stands there twice"), help);
        } else {
            required.push(name);
        }
    }
    required
}
