//! Templates: strict, bounded, one pass.
//!
//! A value is never a template: what stands in it is put in as it is. Nothing is escaped, since nothing here is
//! HTML; who builds JSON fills the texts of a tree and lets the tree be written. A template holds expressions alone,
//! no statements: a case that needs a loop is several cases, and a file of a stranger cannot make memory run out.

use std::{fmt, io};

use minijinja::{Environment, UndefinedBehavior, filters, syntax::SyntaxConfig};

/// What a template may do before it is stopped, in the engine's instructions.
const FUEL: u64 = 20_000;
/// What a template may make, in bytes.
pub const RENDERED_BYTES_MAX: usize = 1024 * 1024;

/// What stands between two braces at most, in bytes: the parser calls itself for what nests there.
pub const TAG_BYTES_MAX: usize = 256;
/// The filters that a template may use.
const FILTERS: [&str; 4] = ["upper", "lower", "trim", "length"];

/// Why a template has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

/// A compiled template.
pub struct Template {
    environment: Environment<'static>,
    source: String,
    variables: Vec<String>,
}

impl Template {
    const NAME: &'static str = "text";

    /// Whether text would be changed by being rendered.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        ["{{", "{%", "{#"].iter().any(|open| text.contains(open))
    }

    /// Compiles text.
    ///
    /// # Errors
    /// A brace is not closed, a word of the language stands in the wrong place, …
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        refuse_what_grows(source)?;
        let mut environment = Environment::empty();
        environment.add_filter(FILTERS[0], filters::upper);
        environment.add_filter(FILTERS[1], filters::lower);
        environment.add_filter(FILTERS[2], filters::trim);
        environment.add_filter(FILTERS[3], filters::length);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(
            SyntaxConfig::builder().keep_trailing_newline(true).build().map_err(|error| said(&error))?,
        );
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.add_template_owned(Self::NAME, source.to_owned()).map_err(|error| said(&error))?;
        let found = environment.get_template(Self::NAME).map_err(|error| said(&error))?;
        let mut variables: Vec<String> = found.undeclared_variables(false).into_iter().collect();
        variables.sort_unstable();
        Ok(Self { environment, source: source.to_owned(), variables })
    }

    /// The text as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables that it needs, in alphabetical order.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The text with variables in place.
    ///
    /// # Errors
    /// A variable is missing, or the text would grow beyond [`RENDERED_BYTES_MAX`].
    pub fn render(
        &self,
        variables: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<String, TemplateError> {
        if let Some(missing) = self.variables.iter().find(|name| !variables.contains_key(name.as_str())) {
            return Err(TemplateError(format!("there is no value for `{missing}`")));
        }
        let template = self.environment.get_template(Self::NAME).map_err(|error| said(&error))?;
        let mut out = Bounded(Vec::new());
        let context = minijinja::Value::from(minijinja::value::Serde(variables));
        template.render_captured_to(context, &mut out).map_err(|error| said(&error))?;
        String::from_utf8(out.0).map_err(|_| TemplateError("the text is not UTF-8".to_owned()))
    }
}

/// A tree of JSON with every text in it rendered; a text that is one variable alone becomes that variable's value,
/// of whatever kind: so `"{{ messages }}"` becomes a list. What stands in a variable never changes the tree around it.
///
/// # Errors
/// A text is no template, or a variable is missing.
pub fn fill(
    tree: &serde_json::Value,
    variables: &serde_json::Map<String, serde_json::Value>,
) -> Result<serde_json::Value, TemplateError> {
    use serde_json::Value;
    match tree {
        Value::String(text) => {
            let alone = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
            if let Some(value) = alone.and_then(|name| variables.get(name.trim())) {
                return Ok(value.clone());
            }
            if !Template::is_one(text) {
                return Ok(tree.clone());
            }
            Template::parse(text)?.render(variables).map(Value::String)
        }
        Value::Array(items) => items.iter().map(|item| fill(item, variables)).collect(),
        Value::Object(members) => {
            let filled = members.iter().map(|(key, value)| Ok((key.clone(), fill(value, variables)?)));
            filled.collect::<Result<_, TemplateError>>().map(Value::Object)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(tree.clone()),
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Template").field(&self.source).finish()
    }
}

/// Refuses statements, tags that are long enough to nest deeply, and multiplication, which repeats texts.
fn refuse_what_grows(source: &str) -> Result<(), TemplateError> {
    let refuse = |text: &str| Err(TemplateError(text.to_owned()));
    let mut rest = source;
    while let Some(open) = rest.find('{') {
        rest = &rest[open..];
        if rest.starts_with("{#") {
            rest = rest.split_once("#}").map_or("", |(_, behind)| behind);
        } else if rest.starts_with("{%") {
            return refuse("a template holds `{{ … }}` alone: statements are not read");
        } else if rest.starts_with("{{") {
            let (length, multiplies) = tag(&rest[2..]);
            if length > TAG_BYTES_MAX {
                return refuse("what stands between the braces is too long");
            }
            if multiplies {
                return refuse("`*` is not read in a template");
            }
            rest = &rest[2 + length..];
        } else {
            rest = &rest[1..];
        }
    }
    Ok(())
}

/// The length of a tag's inside, up to its closing braces, and whether it multiplies; texts in quotes may hold
/// anything.
fn tag(inside: &str) -> (usize, bool) {
    let bytes = inside.as_bytes();
    let (mut quote, mut multiplies, mut at) = (None, false, 0);
    while let Some(&byte) = bytes.get(at) {
        match quote {
            Some(_) if byte == b'\\' => at += 1,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'"' || byte == b'\'' => quote = Some(byte),
            None if byte == b'}' && bytes.get(at + 1) == Some(&b'}') => return (at, multiplies),
            None => multiplies |= byte == b'*',
        }
        at += 1;
    }
    (inside.len(), multiplies)
}

/// What the library says, without the name of the template.
fn said(error: &minijinja::Error) -> TemplateError {
    let text = match error.kind() {
        minijinja::ErrorKind::OutOfFuel => "the template does too much".to_owned(),
        minijinja::ErrorKind::WriteFailure => {
            format!("the text grows beyond {} KB", RENDERED_BYTES_MAX / 1024)
        }
        kind => error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
    };
    TemplateError(text)
}

/// A writer that refuses to hold too much.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > RENDERED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(source: &str, variables: serde_json::Value) -> Result<String, String> {
        let serde_json::Value::Object(variables) = variables else { panic!("a map") };
        let template = Template::parse(source).map_err(|error| error.to_string())?;
        template.render(&variables).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_put_in_as_they_are_and_once() {
        let text = render("Q: {{ q }}\n", json!({ "q": "<b>{{ x }}</b>" }));
        assert_eq!(text.as_deref(), Ok("Q: <b>{{ x }}</b>\n"));
        assert_eq!(render("{{ n }}", json!({ "n": 4 })).as_deref(), Ok("4"));
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(render("{{ q }}", json!({ "x": 1 })), Err("there is no value for `q`".to_owned()));
        assert!(render("{{ q.a }}", json!({ "q": {} })).is_err());
        assert!(render("{{ q ", json!({})).is_err());
    }

    #[test]
    fn a_template_that_grows_or_runs_is_refused() {
        for source in [
            "{% for x in l %}{{ x }}{% endfor %}",
            "{% set a = q ~ q %}{{ a }}",
            "{{ 'x' * 100000000 }}",
            "{{ '}}' ~ 'x' * 9 }}",
            "{{ q | center(1000000000) }}",
            "{{ range(1000000) }}",
        ] {
            assert!(render(source, json!({ "q": "a", "l": [1] })).is_err(), "{source}");
        }
        let grows = render("{{ q }}{{ q }}", json!({ "q": "x".repeat(RENDERED_BYTES_MAX - 1) }));
        assert_eq!(grows, Err("the text grows beyond 1024 KB".to_owned()));
    }

    #[test]
    fn braces_can_be_written_and_some_filters_used() {
        assert_eq!(render("{{ '{{' }}*{# no #}", json!({})).as_deref(), Ok("{{*"));
        assert_eq!(render("{{ q | upper }} {{ q|length }}", json!({ "q": "ab" })).as_deref(), Ok("AB 2"));
    }

    #[test]
    fn a_tree_is_filled_without_being_torn() {
        let body =
            json!({ "q": "{{ input }}", "history": "{{ messages }}", "n": 3, "s": "id-{{ session_id }}" });
        let serde_json::Value::Object(variables) =
            json!({ "input": "\"}, {{ messages }}", "messages": [{ "role": "user" }], "session_id": "7" })
        else {
            panic!("a map")
        };
        let expected =
            json!({ "q": "\"}, {{ messages }}", "history": [{ "role": "user" }], "n": 3, "s": "id-7" });
        assert_eq!(fill(&body, &variables), Ok(expected));
        assert!(fill(&json!(["{{ other }}"]), &variables).is_err());
    }
}
