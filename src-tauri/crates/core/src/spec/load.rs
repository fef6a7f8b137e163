//! Whole files: the workspace file with its spec `main`, and spec files.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Ask, Budget, Currency, Files, Isolation, MicroMoney, Risk, Spec, Unit, against, agent,
    case::{Cases, tags},
    environment::{self, Known},
    expect::{Scorers, expectations},
    gate::{self, declared_risk},
    meaning,
    model::NamedScorer,
    quarantine,
    reader::{At, Fields, Keys, Reader},
    text::{FILE_BYTES_MAX, decode},
    tree::{Node, Value},
    word,
    workspace::{
        Agent, BODIES_KEPT_MIN, Defaults, Environment, Keep, MAIN_SPEC, OnSave, WORKSPACE_FORMAT, Workspace,
        WorkspaceFile,
    },
    yaml,
};
use crate::{
    diagnostic::{Diagnostic, LITERAL_SECRET, Place, Sources},
    id::{AgentName, EnvironmentName, ScorerName, SpecName},
    time::{Day, Duration},
};

/// What a file says, as far as it was understood, and what is wrong with it.
#[derive(Clone, PartialEq, Debug)]
pub struct Parsed<T> {
    /// What was understood. With an error among the findings something of it is missing: see [`Self::accepted`].
    pub value: Option<T>,
    /// In the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that it names, below the workspace: read, or wished for. A change of one is a change of it.
    pub files: BTreeSet<String>,
    /// The text of this file, and of others that findings are about, for drawing them: with stars in the place of
    /// keys.
    pub sources: Sources,
}

impl<T> Parsed<T> {
    /// The value, if nothing of it is missing.
    #[must_use]
    pub fn accepted(&self) -> Option<&T> {
        if self.diagnostics.iter().any(Diagnostic::is_error) { None } else { self.value.as_ref() }
    }
}

pub(super) const WORKSPACE: Keys = Keys {
    what: "a workspace",
    known: &[
        "gatewright",
        "name",
        "specs",
        "currency",
        "agents",
        "environments",
        "defaults",
        "on_save",
        "keep",
        "agent",
        "cases",
        "gate",
        "scorers",
        "ask",
        "session",
        "isolation",
        "quarantine",
        "budget",
        "description",
        "deterministic",
    ],
    later: &["before_each", "after_each", "before_all", "after_all", "adapters"],
};
pub(super) const SPEC: Keys = Keys {
    what: "a spec",
    known: &[
        "name",
        "description",
        "agent",
        "ask",
        "session",
        "isolation",
        "cases",
        "scorers",
        "gate",
        "quarantine",
        "budget",
        "deterministic",
    ],
    later: &["before_each", "after_each", "before_all", "after_all"],
};
pub(super) const DEFAULTS: Keys = Keys {
    what: "`defaults`",
    known: &["agent", "wrongly_blocked", "wrongly_passed", "budget"],
    later: &["judge"],
};
pub(super) const ASKS: [(&str, Ask); 2] = [("every_case_once", Ask::EveryCaseOnce), ("enough", Ask::Enough)];
pub(super) const ISOLATIONS: [(&str, Isolation); 2] =
    [("parallel", Isolation::Parallel), ("serial", Isolation::Serial)];
pub(super) const ON_SAVES: [(&str, OnSave); 3] =
    [("rescore", OnSave::Rescore), ("run", OnSave::Run), ("none", OnSave::None)];

/// 5 %, of either kind, and 200 calls in 10 minutes, unless a file says otherwise.
pub(super) fn bare_defaults() -> Defaults {
    let five_percent = Unit::from_millionths(50_000).unwrap_or(Unit::ZERO);
    Defaults {
        agent: None,
        risk: Risk { wrongly_blocked: five_percent, wrongly_passed: five_percent },
        budget: Budget { calls: 200, cost: None, time_ms: 600_000 },
    }
}

/// Reads a workspace file, with the spec `main` where its top level holds one.
///
/// `file` is its path below the workspace, for the findings. Nothing is read but through `files`; `today` is the host's
/// day, by which a quarantine is over. It never fails: the value is what was understood.
#[must_use]
pub fn parse_workspace(file: &str, bytes: &[u8], files: &dyn Files, today: Day) -> Parsed<WorkspaceFile> {
    parse(file, bytes, files, today, |reader, root| {
        let fields = reader.fields(root, WORKSPACE)?;
        let (workspace, own) = workspace(reader, &fields);
        let agent = own.or_else(|| workspace.defaults.agent.clone());
        let main = workspace.has_main.then(|| spec(reader, &fields, MAIN_SPEC, agent, &workspace));
        Some(WorkspaceFile { workspace, main: main.flatten() })
    })
}

/// Reads a spec file of a workspace. A spec without a name has its file's.
///
/// `file` is its path below the workspace. Nothing is read but through `files`; `today` is the host's day. It never
/// fails: the value is what was understood.
#[must_use]
pub fn parse_spec(
    file: &str,
    bytes: &[u8],
    workspace: &Workspace,
    files: &dyn Files,
    today: Day,
) -> Parsed<Spec> {
    parse(file, bytes, files, today, |reader, root| {
        let fields = reader.fields(root, SPEC)?;
        let stem = file.rsplit('/').next().unwrap_or(file);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let given = fields.get("name").and_then(|at| reader.filled(&at)).map(str::to_owned);
        let agent = match fields.get("agent") {
            Some(at) => environment::reference(
                reader,
                &at,
                Known { agents: &workspace.agents, unread: &workspace.unread },
            ),
            None => workspace.defaults.agent.clone(),
        };
        spec(reader, &fields, given.as_deref().unwrap_or(stem).trim(), agent, workspace)
    })
}

fn parse<T>(
    file: &str,
    bytes: &[u8],
    files: &dyn Files,
    today: Day,
    read: impl FnOnce(&mut Reader<'_>, &At<'_>) -> Option<T>,
) -> Parsed<T> {
    let mut reader = Reader::new(file, files, today);
    let text = match decode(bytes, FILE_BYTES_MAX) {
        Ok(text) => text,
        Err(problem) => {
            let mut found = Diagnostic::error(problem.code(), file, "", problem.place(), problem.to_string());
            found.help = Some(problem.help().to_owned());
            reader.push(found);
            let (diagnostics, files) = (reader.diagnostics, reader.named);
            return Parsed { value: None, diagnostics, files, sources: Sources::new() };
        }
    };
    let document = yaml::parse(file, &text);
    document.diagnostics.into_iter().for_each(|found| reader.push(found));
    let broken = document.root.is_none() && !reader.diagnostics.is_empty();
    let root = document.root.unwrap_or(Node { place: Place::of(&text, 0, 0), value: Value::Null });
    // Of a text that is no YAML nothing is said but that: what seems missing may stand behind the mistake.
    let value = if broken {
        None
    } else if matches!(root.value, Value::Null) {
        let help = "`gatewright init` in an empty folder writes a first one";
        reader.error(&At::root(&root), "empty", "the file is empty", help);
        None
    } else {
        read(&mut reader, &At::root(&root))
    };
    // In the order of the file, and of the other files after it.
    let mut diagnostics = reader.diagnostics;
    diagnostics.sort_by(|one, other| {
        (one.file != file, &one.file, one.place.start).cmp(&(
            other.file != file,
            &other.file,
            other.place.start,
        ))
    });
    let mut sources = reader.sources;
    sources.insert(file.to_owned(), masked(text, &diagnostics));
    Parsed { value, diagnostics, files: reader.named, sources }
}

/// The text with stars in the place of every key that was found in it.
fn masked(mut text: String, diagnostics: &[Diagnostic]) -> String {
    for found in diagnostics.iter().filter(|found| found.code == LITERAL_SECRET) {
        let range = found.place.start as usize..found.place.end as usize;
        // Line ends stay, so that every place stays where it is.
        let stars = text[range.clone()]
            .bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { '*' })
            .collect::<String>();
        text.replace_range(range, &stars);
    }
    text
}

/// The workspace among the fields of a file, and the agent that stands at its top level.
fn workspace(reader: &mut Reader<'_>, fields: &Fields<'_>) -> (Workspace, Option<AgentName>) {
    if let Some(at) = fields.get("gatewright")
        && let Some(format) = reader.small_count(&at, 1, u32::MAX)
        && format > WORKSPACE_FORMAT
    {
        reader.later(&at.pointer, at.place(), &format!("format {format}"));
    }
    let name = fields.get("name").and_then(|at| reader.filled(&at)).unwrap_or_default().trim().to_owned();
    let specs = fields.get("specs").and_then(|at| {
        let text = reader.filled(&at)?;
        reader.path(&at, text)
    });
    let currency = fields.get("currency").and_then(|at| {
        let currency = Currency::parse(reader.text(&at)?);
        if currency.is_none() {
            reader.error(
                &at,
                "currency",
                "this is no currency",
                "three capital letters of ISO 4217: USD, EUR",
            );
        }
        currency
    });
    let currency = currency.unwrap_or(Currency::USD);
    let (mut agents, unread) = agents(reader, fields);
    let own = main_agent(reader, fields, &mut agents, &unread);
    let only =
        if agents.len() + unread.len() == 1 { agents.keys().chain(&unread).next().cloned() } else { None };
    let known = Known { agents: &agents, unread: &unread };
    let defaults = defaults(reader, fields, currency, known, own.clone().or(only));
    let (environments, unread_environments) = environments(reader, fields, known, defaults.agent.as_ref());
    let on_save = fields.get("on_save").and_then(|at| reader.choice(&at, &ON_SAVES)).unwrap_or_default();
    let keep = fields.get("keep").and_then(|at| {
        let fields = reader.fields(&at, Keys { what: "`keep`", known: &["bodies"], later: &[] })?;
        Some(Keep { bodies: fields.get("bodies").and_then(|at| bodies_kept(reader, &at)) })
    });
    let has_main = ["cases", "gate", "scorers", "quarantine"].iter().any(|key| fields.has(key));
    let workspace = Workspace {
        name,
        specs: specs.unwrap_or_else(|| "specs".to_owned()),
        currency,
        agents,
        unread,
        environments,
        unread_environments,
        defaults,
        on_save,
        keep: keep.unwrap_or_default(),
        has_main,
    };
    (workspace, own)
}

/// How long requests and responses are kept.
fn bodies_kept(reader: &mut Reader<'_>, at: &At<'_>) -> Option<Duration> {
    let kept = reader.duration(at)?;
    if kept < BODIES_KEPT_MIN {
        let message = "what was asked and answered would be gone before anybody looks at it";
        reader.error(at, "out-of-range", message, "write `1d` or more");
        return None;
    }
    Some(kept)
}

/// The agents that stand under `agents`: read, and not to be read.
fn agents(reader: &mut Reader<'_>, fields: &Fields<'_>) -> (BTreeMap<AgentName, Agent>, BTreeSet<AgentName>) {
    let (mut agents, mut unread) = (BTreeMap::new(), BTreeSet::new());
    let Some(at) = fields.get("agents") else { return (agents, unread) };
    for entry in reader.entries(&at, "agents by name") {
        let name = AgentName::new(entry.key.trim());
        match agent::read(reader, &at.member(entry), name.clone()) {
            Some(agent) => drop(agents.insert(name, agent)),
            None => drop(unread.insert(name)),
        }
    }
    (agents, unread)
}

/// The agent at the top level: the name of one of `agents`, or one of its own, which is then named `agent`.
fn main_agent(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    agents: &mut BTreeMap<AgentName, Agent>,
    unread: &BTreeSet<AgentName>,
) -> Option<AgentName> {
    let at = fields.get("agent")?;
    if let Value::Text(text) = &at.node.value {
        let name = AgentName::new(text.trim());
        let named = agents.contains_key(&name) || unread.contains(&name);
        let bare_word = !text.contains(['/', ':']) && !agents.is_empty();
        if named || bare_word {
            return environment::reference(reader, &at, Known { agents, unread });
        }
    }
    let name = AgentName::from("agent");
    if agents.contains_key(&name) || unread.contains(&name) {
        let help = "name it under `agents`, and write its name here";
        reader.error(&at, "duplicate-name", "`agents` has one named `agent` already", help);
        return None;
    }
    let agent = agent::read(reader, &at, name.clone())?;
    agents.insert(name.clone(), agent);
    Some(name)
}

fn environments(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    agents: Known<'_>,
    default_agent: Option<&AgentName>,
) -> (BTreeMap<EnvironmentName, Environment>, BTreeSet<EnvironmentName>) {
    let (mut environments, mut unread) = (BTreeMap::new(), BTreeSet::new());
    let Some(at) = fields.get("environments") else { return (environments, unread) };
    for entry in reader.entries(&at, "environments by name") {
        let name = EnvironmentName::new(entry.key.trim());
        match environment::read(reader, &at.member(entry), name.clone(), agents, default_agent) {
            Some(environment) => drop(environments.insert(name, environment)),
            None => drop(unread.insert(name)),
        }
    }
    (environments, unread)
}

fn defaults(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    currency: Currency,
    agents: Known<'_>,
    agent: Option<AgentName>,
) -> Defaults {
    let bare = Defaults { agent, ..bare_defaults() };
    let Some(at) = fields.get("defaults") else { return bare };
    let Some(fields) = reader.fields(&at, DEFAULTS) else { return bare };
    let agent = fields.get("agent").and_then(|at| environment::reference(reader, &at, agents));
    let mut risk = |key: &str| fields.get(key).and_then(|at| declared_risk(reader, &at));
    let (blocked, passed) = (risk("wrongly_blocked"), risk("wrongly_passed"));
    let budget = fields.get("budget").map(|at| budget(reader, &at, bare.budget, currency));
    Defaults {
        agent: agent.or(bare.agent),
        risk: Risk {
            wrongly_blocked: blocked.unwrap_or(bare.risk.wrongly_blocked),
            wrongly_passed: passed.unwrap_or(bare.risk.wrongly_passed),
        },
        budget: budget.unwrap_or(bare.budget),
    }
}

fn budget(reader: &mut Reader<'_>, at: &At<'_>, bare: Budget, currency: Currency) -> Budget {
    let keys = Keys { what: "a budget", known: &["calls", "cost", "time"], later: &["tokens"] };
    let Some(fields) = reader.fields(at, keys) else { return bare };
    let calls = fields.get("calls").and_then(|at| reader.count(&at, 1, 1_000_000_000));
    let cost =
        fields.get("cost").and_then(|at| reader.money(&at)).and_then(|micros| i64::try_from(micros).ok());
    let time = fields.get("time").and_then(|at| reader.duration(&at));
    Budget {
        calls: calls.unwrap_or(bare.calls),
        cost: cost.map(|micros| MicroMoney { micros, currency }).or(bare.cost),
        time_ms: time.map_or(bare.time_ms, |time| time.0),
    }
}

/// A spec that names no agent, in a workspace that has not one alone.
fn refuse_without_agent(reader: &mut Reader<'_>, fields: &Fields<'_>, workspace: &Workspace) {
    // What was meant to be the agent may be among the mistakes.
    if reader.failed_since(0) || !workspace.unread.is_empty() {
        return;
    }
    let names: Vec<&str> = workspace.agents.keys().map(AgentName::as_str).collect();
    let help = match names.as_slice() {
        [] => "add `agent: http://…/v1`, `./program` or `ollama/MODEL`".to_owned(),
        names => format!("add `agent: …`, one of {}", word::list(names)),
    };
    let place = Place { end: fields.at.place().start, ..fields.at.place() };
    let at = At { node: &Node { place, value: Value::Null }, pointer: fields.at.pointer.clone() };
    reader.error(&at, "missing-key", "a spec needs an agent", help);
}

/// The spec among the fields of a file.
fn spec(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    agent: Option<AgentName>,
    workspace: &Workspace,
) -> Option<Spec> {
    if agent.is_none() {
        refuse_without_agent(reader, fields, workspace);
    }
    let description = fields.get("description").and_then(|at| reader.text(&at)).map(str::to_owned);
    let ask = fields.get("ask").and_then(|at| reader.choice(&at, &ASKS)).unwrap_or_default();
    if let Some(at) = fields.get("session") {
        reader.choice(&at, &[("fresh", ())]);
    }
    let isolation =
        fields.get("isolation").and_then(|at| reader.choice(&at, &ISOLATIONS)).unwrap_or_default();
    let deterministic = fields.get("deterministic").and_then(|at| reader.boolean(&at)).unwrap_or_default();
    let budget =
        fields.get("budget").map(|at| budget(reader, &at, workspace.defaults.budget, workspace.currency));
    let mut scorers = Scorers::default();
    let mut cases = Cases::default();
    let before_cases = reader.diagnostics.len();
    if let Some(at) = reader.required(fields, "cases", "a spec") {
        cases.read(reader, &at, &mut scorers);
    }
    let complete = !reader.failed_since(before_cases);
    let cases = cases.cases;
    if let (true, Some(at)) = (deterministic, fields.get("deterministic")) {
        refuse_trials(reader, &at, &cases);
    }
    let named = named_scorers(reader, fields, &mut scorers);
    let gate = match reader.required(fields, "gate", "a spec") {
        None => Vec::new(),
        Some(at) => {
            // Those that could not be read count too: what is wrong with them is said there.
            let declared = fields.get("scorers").map(|at| reader.entries(&at, "scorers by name"));
            let names = declared.unwrap_or_default().iter().map(|entry| entry.key.trim()).collect();
            let places = places(workspace, name, agent.as_ref());
            let risk = workspace.defaults.risk;
            let heard = gate::Heard { cases: &cases, complete, scorers: names, risk, places };
            gate::read(reader, &at, &heard)
        }
    };
    if name.is_empty() {
        reader.error(&fields.at, "empty", "the spec has no name", "write `name: …`");
    }
    let quarantine = fields.get("quarantine");
    let quarantine = quarantine.map(|at| quarantine::read(reader, &at, &cases, complete)).unwrap_or_default();
    let meaning = match meaning::spec(&cases, &named, &gate, &quarantine, ask, deterministic) {
        Ok(meaning) => meaning,
        Err(error) => {
            reader.error(&fields.at, "number-range", error.to_string(), "write a smaller number, or text");
            return None;
        }
    };
    Some(Spec {
        name: SpecName::new(name),
        description,
        agent: agent?,
        ask,
        deterministic,
        isolation,
        cases,
        scorers: scorers.0,
        named,
        gate,
        quarantine,
        budget,
        meaning,
    })
}

/// The environments whose live version a criterion of the spec may mean.
fn places<'w>(workspace: &'w Workspace, spec: &str, agent: Option<&AgentName>) -> against::Places<'w> {
    let all = || workspace.environments.values().filter(|one| Some(&one.agent) == agent);
    let requires = |one: &&Environment| {
        one.requires.as_ref().is_none_or(|names| names.iter().any(|name| name.as_str() == spec))
    };
    against::Places {
        requiring: all().filter(requires).map(|one| &one.name).collect(),
        all: all().map(|one| &one.name).collect(),
        unread: workspace.unread_environments.iter().collect(),
    }
}

/// A deterministic agent scores a case alike each time: more trials of it would say nothing.
fn refuse_trials(reader: &mut Reader<'_>, at: &At<'_>, cases: &[super::Case]) {
    if let Some(case) = cases.iter().find(|case| case.trials.get() > 1) {
        let message =
            format!("the case `{}` has several trials, and the agent is declared deterministic", case.name);
        let mut found = Diagnostic::error("conflict", &case.file, &at.pointer, case.place, message);
        found.help = Some("leave out its `trials`, or `deterministic: true`".to_owned());
        reader.push(found);
    }
}

fn named_scorers(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    scorers: &mut Scorers,
) -> BTreeMap<ScorerName, NamedScorer> {
    let mut named = BTreeMap::new();
    let Some(at) = fields.get("scorers") else { return named };
    for entry in reader.entries(&at, "scorers by name") {
        let name = ScorerName::new(entry.key.trim());
        let value = at.member(entry);
        let (only, body) = without_tag(reader, &value);
        let mut found = expectations(reader, &At { node: &body, pointer: value.pointer.clone() }, scorers);
        if found.len() > 1 {
            let help = "name two, or write `all: […]`";
            reader.error(&value, "conflict", "a named scorer is one", help);
        } else if let Some(expectation) = found.pop() {
            named.insert(name, NamedScorer { expectation, only });
        }
    }
    named
}

/// A scorer's `tag:`, and the scorer without it.
fn without_tag(reader: &mut Reader<'_>, at: &At<'_>) -> (BTreeSet<crate::id::Tag>, Node) {
    let mut body = at.node.clone();
    let mut only = BTreeSet::new();
    if let (Value::Map(entries), Value::Map(left)) = (&at.node.value, &mut body.value) {
        if let Some(entry) = entries.iter().find(|entry| entry.key == "tag") {
            only = tags(reader, &at.member(entry));
        }
        left.retain(|entry| entry.key != "tag");
    }
    (only, body)
}
