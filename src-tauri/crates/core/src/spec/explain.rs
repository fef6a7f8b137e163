//! A workspace and its specs with every default filled in, as a file that means the same.

use std::collections::BTreeMap;

use super::{
    Criterion, Expectation, ExpectedCall, GroupRule, LengthUnit, Matcher, Measure, Metric, MicroMoney,
    PureScorer, Rule, Scorer, Spec, Unit,
    amount::{as_money, as_percent},
    environment::{ON_FAILS, WEAKENINGS},
    gate::METRICS,
    load::{ASKS, ISOLATIONS, ON_SAVES},
    workspace::{
        Access, Agent, Auth, Content, Deploy, Environment, Identity, IdentitySource, Limits, MonitorRule,
        Price, Retry, WORKSPACE_FORMAT, Workspace,
    },
    write::Yaml,
    yaml,
};
use crate::{id::ScorerId, time::Duration};

/// Entries of a map, in order.
type Entries = Vec<(String, Yaml)>;

/// A workspace, and its spec `main` where it has one, as YAML with every default filled in. Read again it means the
/// same; the rows of datasets are written out as cases.
#[must_use]
pub fn explain_workspace(workspace: &Workspace, main: Option<&Spec>) -> String {
    let mut entries = Entries::new();
    put(&mut entries, "gatewright", Yaml::word(WORKSPACE_FORMAT));
    if !workspace.name.is_empty() {
        put(&mut entries, "name", Yaml::text(&workspace.name));
    }
    put(&mut entries, "specs", Yaml::text(&workspace.specs));
    put(&mut entries, "currency", Yaml::text(workspace.currency.to_string()));
    let agents = workspace.agents.iter().map(|(name, it)| (name.to_string(), agent(it))).collect();
    put(&mut entries, "agents", Yaml::Map(agents));
    if !workspace.environments.is_empty() {
        let all =
            workspace.environments.iter().map(|(name, it)| (name.to_string(), environment(it))).collect();
        put(&mut entries, "environments", Yaml::Map(all));
    }
    let mut defaults = Entries::new();
    if let Some(agent) = &workspace.defaults.agent {
        put(&mut defaults, "agent", Yaml::text(agent.as_str()));
    }
    put(&mut defaults, "wrongly_blocked", percent(workspace.defaults.risk.wrongly_blocked));
    put(&mut defaults, "wrongly_passed", percent(workspace.defaults.risk.wrongly_passed));
    put(&mut defaults, "budget", budget(workspace.defaults.budget));
    put(&mut entries, "defaults", Yaml::Map(defaults));
    put(&mut entries, "on_save", word_for(&ON_SAVES, workspace.on_save));
    if let Some(bodies) = workspace.keep.bodies {
        put(&mut entries, "keep", Yaml::map([("bodies", time(bodies))]));
    }
    if let Some(main) = main {
        entries.extend(spec_entries(main));
    }
    Yaml::Map(entries).document()
}

/// A spec as YAML with every default filled in.
#[must_use]
pub fn explain_spec(spec: &Spec) -> String {
    let mut entries = Entries::new();
    put(&mut entries, "name", Yaml::text(spec.name.as_str()));
    entries.extend(spec_entries(spec));
    Yaml::Map(entries).document()
}

/// An explained file as JSON: what the reader makes of its text. It is such a file too, and means the same.
#[must_use]
pub fn explained_as_json(explained: &str) -> serde_json::Value {
    yaml::parse("", explained).root.map_or(serde_json::Value::Null, |root| root.to_json())
}

fn put(entries: &mut Entries, key: &str, value: Yaml) {
    entries.push((key.to_owned(), value));
}

fn put_if(entries: &mut Entries, key: &str, value: Option<Yaml>) {
    entries.extend(value.map(|value| (key.to_owned(), value)));
}

fn percent(unit: Unit) -> Yaml {
    Yaml::word(as_percent(unit))
}

fn time(duration: Duration) -> Yaml {
    Yaml::word(duration)
}

/// The word that the format has for a value.
fn word_for<T: PartialEq>(words: &[(&str, T)], value: T) -> Yaml {
    let word = words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word);
    Yaml::text(word)
}

fn budget(budget: super::Budget) -> Yaml {
    let mut entries = Entries::new();
    put(&mut entries, "calls", Yaml::word(budget.calls));
    if let Some(MicroMoney { micros, .. }) = budget.cost {
        put(&mut entries, "cost", Yaml::word(as_money(micros.unsigned_abs())));
    }
    put(&mut entries, "time", time(Duration(budget.time_ms)));
    Yaml::Map(entries)
}

fn agent(agent: &Agent) -> Yaml {
    let mut entries = Entries::new();
    put(&mut entries, "type", Yaml::text(agent.access.kind()));
    let mut marks = &BTreeMap::new();
    match &agent.access {
        Access::OpenaiChat(chat) => {
            put(&mut entries, "url", Yaml::text(&chat.url));
            put_if(&mut entries, "model", chat.model.as_ref().map(Yaml::text));
            put_if(&mut entries, "prompt", chat.prompt.as_ref().map(content));
            put(&mut entries, "params", Yaml::Json(chat.params.clone().into()));
            let file = chat.tools_file.as_ref().map(|file| Yaml::text(format!("file://{file}")));
            put_if(&mut entries, "tools", file.or_else(|| chat.tools.clone().map(Yaml::Json)));
        }
        Access::Http(http) => {
            put(&mut entries, "url", Yaml::text(&http.url));
            put(&mut entries, "method", Yaml::text(&http.method));
            let headers = http.headers.iter().map(|(name, text)| (name.clone(), Yaml::text(text))).collect();
            put(&mut entries, "headers", Yaml::Map(headers));
            put(&mut entries, "body", Yaml::Json(http.body.clone()));
            put_if(&mut entries, "prompt", http.prompt.as_ref().map(content));
            put_if(&mut entries, "text", http.text.as_ref().map(Yaml::text));
            put_if(&mut entries, "tool_calls", http.tool_calls.as_ref().map(Yaml::text));
            let mut usage = Entries::new();
            put_if(&mut usage, "input", http.usage_input.as_ref().map(Yaml::text));
            put_if(&mut usage, "output", http.usage_output.as_ref().map(Yaml::text));
            put_if(&mut entries, "usage", (!usage.is_empty()).then_some(Yaml::Map(usage)));
            marks = &http.identity;
        }
        Access::Command(command) => {
            put(&mut entries, "command", Yaml::texts(command.argv.iter().map(String::as_str)));
            let env = Yaml::texts(command.env.iter().map(String::as_str));
            put_if(&mut entries, "env", (!command.env.is_empty()).then_some(env));
        }
    }
    put_if(&mut entries, "auth", agent.auth.as_ref().map(auth));
    put(&mut entries, "limits", limits(agent.limits));
    let retry = [("safe", Retry::Safe), ("always", Retry::Always)];
    put(&mut entries, "retry", word_for(&retry, agent.retry));
    put_if(&mut entries, "price", agent.price.map(price));
    put_if(&mut entries, "identity", identity(&agent.identity, marks));
    Yaml::Map(entries)
}

fn content(content: &Content) -> Yaml {
    match &content.file {
        Some(file) => Yaml::text(format!("file://{file}")),
        None => Yaml::text(&content.text),
    }
}

fn auth(auth: &Auth) -> Yaml {
    let secret = Yaml::text(auth.secret.to_string());
    if auth.prefix.is_empty() {
        Yaml::map([("header", Yaml::text(&auth.header)), ("value", secret)])
    } else {
        Yaml::map([("bearer", secret)])
    }
}

fn limits(limits: Limits) -> Yaml {
    let mut entries = Entries::new();
    put(&mut entries, "concurrency", Yaml::word(limits.concurrency));
    put_if(&mut entries, "rpm", limits.rpm.map(Yaml::word));
    put_if(&mut entries, "tpm", limits.tpm.map(Yaml::word));
    put(&mut entries, "connect", time(limits.connect));
    put(&mut entries, "idle", time(limits.idle));
    put(&mut entries, "total", time(limits.total));
    Yaml::Map(entries)
}

fn price(price: Price) -> Yaml {
    Yaml::map([
        ("input", Yaml::word(as_money(price.input_micros_per_million))),
        ("output", Yaml::word(as_money(price.output_micros_per_million))),
        ("per", Yaml::text("1M")),
    ])
}

fn identity(identity: &Identity, marks: &BTreeMap<String, IdentitySource>) -> Option<Yaml> {
    let mut entries = Entries::new();
    if !identity.files.is_empty() {
        put(&mut entries, "files", Yaml::texts(identity.files.iter().map(String::as_str)));
    }
    put_if(&mut entries, "tree", identity.tree.as_ref().map(Yaml::text));
    let served = identity.served.as_ref();
    let served = served.map(|it| Yaml::map([("get", Yaml::text(&it.get)), ("json", Yaml::text(&it.json))]));
    put_if(&mut entries, "served", served);
    let mark = |source: &IdentitySource| match source {
        IdentitySource::Header(name) => Yaml::map([("header", Yaml::text(name))]),
        IdentitySource::Json(path) => Yaml::map([("json", Yaml::text(path))]),
    };
    let marks: Entries = marks.iter().map(|(name, source)| (name.clone(), mark(source))).collect();
    put_if(&mut entries, "answer", (!marks.is_empty()).then_some(Yaml::Map(marks)));
    (!entries.is_empty()).then_some(Yaml::Map(entries))
}

fn environment(environment: &Environment) -> Yaml {
    let mut entries = Entries::new();
    put(&mut entries, "agent", Yaml::text(environment.agent.as_str()));
    if let Some(endpoint) = &environment.endpoint {
        let mut live = Entries::new();
        put(&mut live, "url", Yaml::text(&endpoint.url));
        put_if(&mut live, "auth", endpoint.auth.as_ref().map(auth));
        put(&mut entries, "endpoint", Yaml::Map(live));
    }
    let Deploy::Folder { path } = &environment.deploy;
    put(&mut entries, "deploy", Yaml::map([("adapter", Yaml::text("folder")), ("path", Yaml::text(path))]));
    let requires = environment.requires.as_ref();
    let requires = requires.map(|names| Yaml::texts(names.iter().map(|name| name.as_str())));
    put_if(&mut entries, "requires", requires);
    put(&mut entries, "weakening", word_for(&WEAKENINGS, environment.weakening));
    put_if(&mut entries, "max_age", environment.max_age.map(time));
    put(&mut entries, "attempts_max", Yaml::word(environment.attempts_max));
    put(&mut entries, "allow_opaque", Yaml::word(environment.allow_opaque));
    put_if(&mut entries, "monitor", environment.monitor.as_ref().map(monitor));
    Yaml::Map(entries)
}

fn monitor(rule: &MonitorRule) -> Yaml {
    Yaml::map([
        ("spec", Yaml::text(rule.spec.as_str())),
        ("interval", time(rule.interval)),
        ("calls", Yaml::word(rule.calls)),
        ("on_fail", word_for(&ON_FAILS, rule.on_fail)),
        ("false_alarm_every", time(rule.false_alarm_every)),
    ])
}

fn spec_entries(spec: &Spec) -> Entries {
    let mut entries = Entries::new();
    put_if(&mut entries, "description", spec.description.as_ref().map(Yaml::text));
    put(&mut entries, "agent", Yaml::text(spec.agent.as_str()));
    put(&mut entries, "ask", word_for(&ASKS, spec.ask));
    put(&mut entries, "session", Yaml::text("fresh"));
    put(&mut entries, "isolation", word_for(&ISOLATIONS, spec.isolation));
    put(&mut entries, "deterministic", Yaml::word(spec.deterministic));
    put_if(&mut entries, "budget", spec.budget.map(budget));
    let scorers = &spec.scorers;
    let cases = spec.cases.iter().map(|case| {
        let mut entries = Entries::new();
        put(&mut entries, "name", Yaml::text(case.name.as_str()));
        if let [turn] = case.turns.as_slice() {
            put(&mut entries, "input", Yaml::text(&turn.user));
            put_if(&mut entries, "expect", expectations(scorers, &turn.expect));
        } else {
            let turns = case.turns.iter().map(|turn| {
                let mut entries = Entries::new();
                put(&mut entries, "user", Yaml::text(&turn.user));
                put_if(&mut entries, "expect", expectations(scorers, &turn.expect));
                Yaml::Map(entries)
            });
            put(&mut entries, "turns", Yaml::List(turns.collect()));
        }
        if !case.tags.is_empty() {
            put(&mut entries, "tags", Yaml::texts(case.tags.iter().map(|tag| tag.as_str())));
        }
        put(&mut entries, "critical", Yaml::word(case.critical));
        put(&mut entries, "trials", Yaml::word(case.trials));
        Yaml::Map(entries)
    });
    put(&mut entries, "cases", Yaml::List(cases.collect()));
    let named: Entries = spec
        .named
        .iter()
        .map(|(name, scorer)| {
            let mut entries = expectation(scorers, &scorer.expectation);
            if !scorer.only.is_empty() {
                put(&mut entries, "tag", Yaml::texts(scorer.only.iter().map(|tag| tag.as_str())));
            }
            (name.to_string(), Yaml::Map(entries))
        })
        .collect();
    put_if(&mut entries, "scorers", (!named.is_empty()).then_some(Yaml::Map(named)));
    let gate = spec.gate.iter().map(|it| (it.name.to_string(), criterion(it))).collect();
    put(&mut entries, "gate", Yaml::Map(gate));
    let quarantine = spec.quarantine.iter().map(|entry| {
        Yaml::map([
            ("case", Yaml::text(entry.case.as_str())),
            ("reason", Yaml::text(&entry.reason)),
            ("until", Yaml::text(entry.until.to_string())),
        ])
    });
    let quarantine: Vec<Yaml> = quarantine.collect();
    put_if(&mut entries, "quarantine", (!quarantine.is_empty()).then_some(Yaml::List(quarantine)));
    entries
}

type Scorers = BTreeMap<ScorerId, Scorer>;

fn expectations(scorers: &Scorers, expect: &[Expectation]) -> Option<Yaml> {
    let items = expect.iter().map(|it| Yaml::Map(expectation(scorers, it))).collect();
    (!expect.is_empty()).then_some(Yaml::List(items))
}

/// One scorer as the format writes it.
fn expectation(scorers: &Scorers, expectation: &Expectation) -> Entries {
    // Judges and programs come with a later format; until then no file holds one.
    let Some(Scorer::Pure(scorer)) = scorers.get(&expectation.scorer) else { return Entries::new() };
    let (key, value) = pure(scorers, scorer, expectation.at_least);
    let positive = vec![(key.to_owned(), value)];
    if expectation.negate { vec![("not".to_owned(), Yaml::Map(positive))] } else { positive }
}

fn pure(scorers: &Scorers, scorer: &PureScorer, at_least: Unit) -> (&'static str, Yaml) {
    let cased =
        |text: &String, case: &bool| Yaml::map([("text", Yaml::text(text)), ("case", Yaml::word(case))]);
    match scorer {
        PureScorer::Exact { text, case } => ("exact", cased(text, case)),
        PureScorer::StartsWith { text, case } => ("starts_with", cased(text, case)),
        PureScorer::Contains { texts, any, case } => {
            let texts = Yaml::texts(texts.iter().map(String::as_str));
            let how = if *any { "any" } else { "all" };
            ("contains", Yaml::map([(how, texts), ("case", Yaml::word(case))]))
        }
        PureScorer::Regex { pattern } => ("regex", Yaml::text(pattern)),
        PureScorer::Length { of, min, max } => {
            let mut limits = Entries::new();
            put_if(&mut limits, "min", min.map(Yaml::word));
            put_if(&mut limits, "max", max.map(Yaml::word));
            let key = match of {
                LengthUnit::Words => "words",
                LengthUnit::Characters => "characters",
            };
            (key, Yaml::Map(limits))
        }
        PureScorer::Json => ("json", Yaml::word(true)),
        PureScorer::JsonSchema { schema } => ("json_schema", Yaml::Json(schema.clone())),
        PureScorer::JsonPath { path, is } => {
            let mut entries = vec![("path".to_owned(), Yaml::text(path))];
            entries.extend(matcher(is));
            ("jsonpath", Yaml::Map(entries))
        }
        PureScorer::Numeric { value, tolerance } => {
            let number = |value: f64| Yaml::Json(value.into());
            ("numeric", Yaml::map([("value", number(*value)), ("tolerance", number(*tolerance))]))
        }
        PureScorer::ToolCall(expected) => {
            let forbidden = Yaml::texts(expected.forbidden.iter().map(String::as_str));
            let mut entries = Entries::new();
            put(&mut entries, "calls", Yaml::List(expected.calls.iter().map(call).collect()));
            put(&mut entries, "ordered", Yaml::word(expected.ordered));
            put(&mut entries, "others", Yaml::word(expected.others));
            put_if(&mut entries, "forbidden", (!expected.forbidden.is_empty()).then_some(forbidden));
            ("tool_calls", Yaml::Map(entries))
        }
        PureScorer::AtMost { of, limit } => {
            let key = match of {
                Measure::LatencyMs => "latency",
                Measure::FirstTokenMs => "first_token",
                Measure::CostMicros => "cost",
                Measure::TokensOut => "tokens",
            };
            (key, measured(*of, *limit))
        }
        PureScorer::Group { how, parts } => {
            let parts = Yaml::List(parts.iter().map(|part| Yaml::Map(expectation(scorers, part))).collect());
            match how {
                GroupRule::All => ("all", parts),
                GroupRule::Any => ("any", parts),
                GroupRule::Share => ("share", Yaml::map([("of", parts), ("at_least", percent(at_least))])),
            }
        }
    }
}

fn measured(of: Measure, limit: u64) -> Yaml {
    match of {
        Measure::LatencyMs | Measure::FirstTokenMs => time(Duration(limit)),
        Measure::CostMicros => Yaml::word(as_money(limit)),
        Measure::TokensOut => Yaml::word(limit),
    }
}

fn call(call: &ExpectedCall) -> Yaml {
    let mut entries = Entries::new();
    put(&mut entries, "name", Yaml::text(&call.name));
    let args = call.args.iter().map(|(name, it)| (name.clone(), Yaml::Map(matcher(it)))).collect();
    put(&mut entries, "args", Yaml::Map(args));
    put(&mut entries, "exact", Yaml::word(call.exact));
    put_if(&mut entries, "schema", call.schema.clone().map(Yaml::Json));
    Yaml::Map(entries)
}

fn matcher(matcher: &Matcher) -> Entries {
    let number = |value: &f64| Yaml::Json((*value).into());
    let (key, value) = match matcher {
        Matcher::Present => ("present", Yaml::word(true)),
        Matcher::Equals(value) => ("equals", Yaml::Json(value.clone())),
        Matcher::Gt(value) => ("gt", number(value)),
        Matcher::Ge(value) => ("ge", number(value)),
        Matcher::Lt(value) => ("lt", number(value)),
        Matcher::Le(value) => ("le", number(value)),
        Matcher::Matches(pattern) => ("matches", Yaml::text(pattern)),
        Matcher::OneOf(values) => ("one_of", Yaml::Json(values.clone().into())),
        Matcher::All(all) => return all.iter().flat_map(self::matcher).collect(),
    };
    vec![(key.to_owned(), value)]
}

fn criterion(criterion: &Criterion) -> Yaml {
    let mut entries = Entries::new();
    match &criterion.rule {
        Rule::Rate { of, target, floor, risk } => {
            target_entries(&mut entries, of, *target);
            put(&mut entries, "floor", percent(*floor));
            put(&mut entries, "wrongly_blocked", percent(risk.wrongly_blocked));
            put(&mut entries, "wrongly_passed", percent(risk.wrongly_passed));
        }
        Rule::Never { failure_rate, wrongly_passed } => {
            put(&mut entries, "never", percent(*failure_rate));
            put(&mut entries, "wrongly_passed", percent(*wrongly_passed));
        }
        Rule::Plain { of, target, rounds } => {
            target_entries(&mut entries, of, *target);
            put(&mut entries, "method", Yaml::text("fixed"));
            put(&mut entries, "rounds", Yaml::word(rounds));
        }
        Rule::Mean { of, target, floor, risk, trials_max } => {
            target_entries(&mut entries, of, *target);
            put(&mut entries, "floor", percent(*floor));
            put(&mut entries, "wrongly_blocked", percent(risk.wrongly_blocked));
            put(&mut entries, "wrongly_passed", percent(risk.wrongly_passed));
            put(&mut entries, "trials_max", Yaml::word(trials_max));
        }
        Rule::MaxDrop { of, margin, risk, environment, pairs_max, .. } => {
            metric_entry(&mut entries, of);
            put(&mut entries, "max_drop", percent(*margin));
            put(&mut entries, "against", Yaml::text(format!("live@{environment}")));
            put(&mut entries, "wrongly_blocked", percent(risk.wrongly_blocked));
            put(&mut entries, "wrongly_passed", percent(risk.wrongly_passed));
            put(&mut entries, "pairs_max", Yaml::word(pairs_max));
        }
    }
    if !criterion.only.is_empty() {
        put(&mut entries, "tag", Yaml::texts(criterion.only.iter().map(|tag| tag.as_str())));
    }
    put(&mut entries, "blocking", Yaml::word(criterion.blocking));
    Yaml::Map(entries)
}

/// The name that the format has for a metric that is not weighted.
fn metric_name(of: &Metric) -> &str {
    let measure = match of {
        Metric::Within { of, .. } => Some(*of),
        Metric::Graded(name) => return name.as_str(),
        Metric::PassRate | Metric::Weighted(_) => None,
    };
    METRICS.iter().find(|(_, known)| *known == measure).map_or("pass_rate", |(name, _)| name)
}

/// What a criterion looks at: one metric, or several with their weights.
fn metric_entry(entries: &mut Entries, of: &Metric) {
    match of {
        Metric::Weighted(parts) => {
            let part = |(weight, part): &(u32, Metric)| (metric_name(part).to_owned(), Yaml::word(weight));
            put(entries, "weighted", Yaml::Map(parts.iter().map(part).collect()));
        }
        of => put(entries, "metric", Yaml::text(metric_name(of))),
    }
}

fn target_entries(entries: &mut Entries, of: &Metric, target: Unit) {
    let measure = match of {
        Metric::Within { of, at_most } => Some((*of, *at_most)),
        Metric::PassRate | Metric::Graded(_) | Metric::Weighted(_) => None,
    };
    metric_entry(entries, of);
    match measure {
        None => put(entries, "target", percent(target)),
        Some((of, at_most)) => {
            let percentile = format!("p{}", target.millionths() / 10_000);
            put(entries, &percentile, measured(of, at_most));
        }
    }
}
