//! Any JSON over HTTP: headers and body from templates, the answer by JSONPath.
//!
//! The address is no template: test data never chooses the host. A text of the body that is one `{{ expression }}`
//! becomes its value, whatever its type, so `"{{ messages }}"` is a list; any other text stays a text.

use std::collections::BTreeMap;

use gatewright_core::{
    observation::{Reply, ToolArgs, ToolCall, Usage},
    spec::workspace::{HttpAgent, IdentitySource},
};
use minijinja::{Environment, UndefinedBehavior, Value as Variable, context};
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use serde_json_path::JsonPath;

use super::{
    address,
    config::ConfigError,
    endpoint::Dialect,
    exchange::{Incoming, Outgoing},
    fault::{Fault, Meaning, Said, excerpt},
};
use crate::port::agent::Call;

/// Steps that a template may take.
const TEMPLATE_FUEL: u64 = 50_000;

/// JSON over HTTP at one address.
pub(super) struct Http {
    agent: HttpAgent,
    url: Url,
    method: Method,
    templates: Environment<'static>,
    text: Option<JsonPath>,
    tool_calls: Option<JsonPath>,
    usage: [Option<JsonPath>; 2],
    identity: Vec<(String, Source)>,
}

enum Source {
    Header(String),
    Json(JsonPath),
}

impl Http {
    pub(super) fn new(agent: HttpAgent) -> Result<Self, ConfigError> {
        let url = address::parse(&agent.url)?;
        let method = agent.method.parse();
        let method = method.map_err(|_| ConfigError::Header(format!("method {}", agent.method)))?;
        let optional = |text: &Option<String>| text.as_deref().map(path).transpose();
        let identity = agent.identity.iter().map(|(name, source)| {
            Ok((
                name.clone(),
                match source {
                    IdentitySource::Header(header) => Source::Header(header.to_lowercase()),
                    IdentitySource::Json(text) => Source::Json(path(text)?),
                },
            ))
        });
        let http = Self {
            text: optional(&agent.text)?,
            tool_calls: optional(&agent.tool_calls)?,
            usage: [optional(&agent.usage_input)?, optional(&agent.usage_output)?],
            identity: identity.collect::<Result<_, ConfigError>>()?,
            templates: environment(),
            url,
            method,
            agent,
        };
        // A trial run: what does not compile, or names what is not there, is found now and not in the first call.
        let trial = http.compose(&Call { earlier: Vec::new(), user: String::new(), session: String::new() });
        trial.map_err(|fault| ConfigError::Template { place: fault.class, why: fault.message })?;
        Ok(http)
    }

    fn variables(&self, call: &Call) -> Variable {
        let prompt = self.agent.prompt.as_ref().map_or("", |prompt| &prompt.text);
        let mut messages = Vec::new();
        if !prompt.is_empty() {
            messages.push(json!({ "role": "system", "content": prompt }));
        }
        for (user, reply) in &call.earlier {
            messages.push(json!({ "role": "user", "content": user }));
            messages.push(json!({ "role": "assistant", "content": reply.text }));
        }
        messages.push(json!({ "role": "user", "content": call.user }));
        let messages = Variable::from(minijinja::value::Serde(messages));
        context! { input => &*call.user, messages => messages, prompt => prompt, session_id => &*call.session }
    }

    fn render(&self, template: &str, variables: &Variable) -> Result<String, String> {
        self.templates.render_str(template, variables).map_err(|error| in_words(&error))
    }

    /// A value of the body with every text in it rendered.
    fn filled(&self, value: &Value, variables: &Variable, place: &str) -> Result<Value, Fault> {
        Ok(match value {
            Value::String(text) => {
                let filled = match only_expression(text) {
                    Some(expression) => {
                        let compiled = self.templates.compile_expression(expression);
                        let value = compiled.and_then(|compiled| compiled.eval(variables));
                        let value = value.and_then(|value| {
                            if value.is_undefined() {
                                return Err(minijinja::ErrorKind::UndefinedError.into());
                            }
                            serde_json::to_value(value).map_err(|error| {
                                minijinja::Error::new(
                                    minijinja::ErrorKind::BadSerialization,
                                    error.to_string(),
                                )
                            })
                        });
                        value.map_err(|error| in_words(&error))
                    }
                    None => self.render(text, variables).map(Value::from),
                };
                filled.map_err(|why| not_filled(place, &why))?
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.map(|(index, item)| self.filled(item, variables, &format!("{place}/{index}")));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(key, member)| {
                    Ok((key.clone(), self.filled(member, variables, &format!("{place}/{key}"))?))
                });
                Value::Object(members.collect::<Result<_, Fault>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        })
    }

    fn needs_json(&self) -> bool {
        let paths = [&self.text, &self.tool_calls, &self.usage[0], &self.usage[1]];
        let identity = self.identity.iter().any(|(_, source)| matches!(source, Source::Json(_)));
        identity || paths.into_iter().any(Option::is_some)
    }
}

impl Dialect for Http {
    fn url(&self) -> &Url {
        &self.url
    }

    fn may_act_twice(&self) -> bool {
        self.agent.tool_calls.is_some()
    }

    fn compose(&self, call: &Call) -> Result<Outgoing, Fault> {
        let variables = self.variables(call);
        let mut headers = HeaderMap::new();
        for (name, template) in &self.agent.headers {
            let place = format!("header {name}");
            let value = self.render(template, &variables).map_err(|why| not_filled(&place, &why))?;
            let pair = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value));
            let (Ok(name), Ok(value)) = pair else {
                return Err(not_filled(&place, "it holds characters that headers must not"));
            };
            headers.insert(name, value);
        }
        let body = if self.agent.body.is_null() {
            Vec::new()
        } else {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            self.filled(&self.agent.body, &variables, "body")?.to_string().into_bytes()
        };
        Ok(Outgoing { method: self.method.clone(), url: self.url.clone(), headers, body })
    }

    fn read(&self, incoming: &Incoming) -> Result<(Reply, BTreeMap<String, String>), Fault> {
        let answer = if self.needs_json() { incoming.json()? } else { Value::Null };
        let text = match &self.text {
            None => incoming.text()?.to_owned(),
            Some(path) => match path.query(&answer).first() {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Null) => String::new(),
                Some(value) => value.to_string(),
                // An agent that only calls tools says nothing; one that says neither erred.
                None if self.calls(&answer).next().is_some() => String::new(),
                None => return Err(nothing_at(path, &answer, incoming)),
            },
        };
        let [input, output] = &self.usage;
        let count = |path: &Option<JsonPath>| path.as_ref()?.query(&answer).first()?.as_u64();
        let usage = Usage { input: count(input), output: count(output), ..Usage::default() };
        let identity = self.identity.iter().filter_map(|(name, source)| {
            let value = match source {
                Source::Header(header) => incoming.header(header)?.to_owned(),
                Source::Json(path) => plain(path.query(&answer).first()?),
            };
            Some((name.clone(), value))
        });
        let reply = Reply { text, tool_calls: self.calls(&answer).collect(), usage, finish: None };
        Ok((reply, identity.collect()))
    }
}

impl Http {
    /// The tool calls of an answer: objects with `name` and `args` (or `arguments`), one by one or in a list.
    fn calls<'a>(&self, answer: &'a Value) -> impl Iterator<Item = ToolCall> + use<'a> {
        let found = self.tool_calls.as_ref().map(|path| path.query(answer).all()).unwrap_or_default();
        let each = found.into_iter().flat_map(|value| match value {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        });
        each.filter_map(|call| {
            let name = call.get("name")?.as_str()?.to_owned();
            let args = match call.get("args").or_else(|| call.get("arguments")) {
                Some(Value::String(text)) => serde_json::from_str(text)
                    .map_or_else(|_| ToolArgs::Invalid(text.clone()), ToolArgs::Json),
                Some(value) => ToolArgs::Json(value.clone()),
                None => ToolArgs::Json(json!({})),
            };
            let id = call.get("id").map(plain).unwrap_or_default();
            Some(ToolCall { id, name, args })
        })
    }
}

fn nothing_at(path: &JsonPath, answer: &Value, incoming: &Incoming) -> Fault {
    match Said::of_value(answer) {
        Some(said) => Fault::of_error_body(&said),
        None => {
            let message = format!("the answer has nothing at `{path}`: {}", excerpt(&incoming.body));
            Fault::agent("no-text", message)
        }
    }
}

fn path(text: &str) -> Result<JsonPath, ConfigError> {
    JsonPath::parse(text).map_err(|error| ConfigError::Path { path: text.to_owned(), why: error.to_string() })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(TEMPLATE_FUEL));
    environment
}

/// The expression of a text that is nothing but one `{{ … }}`.
fn only_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner.trim_matches('-').trim())
}

fn not_filled(place: &str, why: &str) -> Fault {
    Fault::new(place, Meaning::Refused, why)
}

fn in_words(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}
