//! Whether the agent called the tools that it should, as it should.

use std::collections::BTreeSet;

use super::{Finding, json::Schema, matcher::Test, say};
use crate::{
    observation::{ToolArgs, ToolCall},
    spec::{ExpectedCall, ToolExpectation},
};

/// A scorer of tool calls.
#[derive(Debug)]
pub(super) struct Tool {
    wanted: Vec<Wanted>,
    ordered: bool,
    others: bool,
    forbidden: BTreeSet<String>,
}

/// A call that must be made.
#[derive(Debug)]
struct Wanted {
    name: String,
    args: Vec<(String, Test)>,
    exact: bool,
    schema: Option<Schema>,
}

impl Tool {
    pub(super) fn new(expected: &ToolExpectation) -> Result<Self, String> {
        Ok(Self {
            wanted: expected.calls.iter().map(Wanted::new).collect::<Result<_, _>>()?,
            ordered: expected.ordered,
            others: expected.others,
            forbidden: expected.forbidden.clone(),
        })
    }

    pub(super) fn find(&self, calls: &[ToolCall]) -> Finding {
        if let Some(call) = calls.iter().find(|call| self.forbidden.contains(&call.name)) {
            return Finding::no(format!("`{}` was called, which is forbidden", say::excerpt(&call.name)));
        }
        let matched = if self.ordered { self.in_order(calls) } else { self.in_any_order(calls) };
        let matched = match matched {
            Ok(matched) => matched,
            Err(why) => return Finding::no(why),
        };
        let further = calls.iter().enumerate().find(|(place, _)| !matched.contains(place));
        if let (false, Some((_, call))) = (self.others, further) {
            let name = say::excerpt(&call.name);
            return Finding::no(format!("`{name}` was called beside what is expected"));
        }
        Finding::yes(made(calls))
    }

    /// The places of calls that satisfy what is wanted, one after the other. The earliest that fits is as good
    /// as any: it leaves the most to those that follow.
    fn in_order(&self, calls: &[ToolCall]) -> Result<BTreeSet<usize>, String> {
        let mut matched = BTreeSet::new();
        let mut from = 0;
        for wanted in &self.wanted {
            let found = calls[from..].iter().position(|call| wanted.unlike(call).is_none());
            let Some(found) = found else {
                let fits_earlier = calls[..from].iter().any(|call| wanted.unlike(call).is_none());
                return Err(if fits_earlier {
                    format!("`{}` was called too early; {}", say::excerpt(&wanted.name), made(calls))
                } else {
                    wanted.missing(calls)
                });
            };
            matched.insert(from + found);
            from += found + 1;
        }
        Ok(matched)
    }

    /// The places of calls that satisfy what is wanted, each of its own: a bipartite matching by augmenting
    /// paths (Kuhn, 1955), since one call may satisfy several.
    fn in_any_order(&self, calls: &[ToolCall]) -> Result<BTreeSet<usize>, String> {
        let fits: Vec<Vec<usize>> = self
            .wanted
            .iter()
            .map(|wanted| (0..calls.len()).filter(|&place| wanted.unlike(&calls[place]).is_none()).collect())
            .collect();
        let mut taken_by = vec![None; calls.len()];
        for (index, wanted) in self.wanted.iter().enumerate() {
            if !augment(index, &fits, &mut taken_by, &mut vec![false; calls.len()]) {
                return Err(if fits[index].is_empty() {
                    wanted.missing(calls)
                } else {
                    format!(
                        "`{}` was called less often than expected; {}",
                        say::excerpt(&wanted.name),
                        made(calls)
                    )
                });
            }
        }
        Ok((0..calls.len()).filter(|&place| taken_by[place].is_some()).collect())
    }
}

/// Finds a call for `wanted`, moving others to another that fits them where that frees one.
fn augment(wanted: usize, fits: &[Vec<usize>], taken_by: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for &place in &fits[wanted] {
        if std::mem::replace(&mut seen[place], true) {
            continue;
        }
        let free = match taken_by[place] {
            None => true,
            Some(other) => augment(other, fits, taken_by, seen),
        };
        if free {
            taken_by[place] = Some(wanted);
            return true;
        }
    }
    false
}

impl Wanted {
    fn new(expected: &ExpectedCall) -> Result<Self, String> {
        let args = expected.args.iter().map(|(name, is)| Ok((name.clone(), Test::new(is)?)));
        Ok(Self {
            name: expected.name.clone(),
            args: args.collect::<Result<_, String>>()?,
            exact: expected.exact,
            schema: expected.schema.as_ref().map(Schema::new).transpose()?,
        })
    }

    /// In what `call` is not what is wanted; `None` when it is.
    fn unlike(&self, call: &ToolCall) -> Option<String> {
        if call.name != self.name {
            return Some(format!("it is a call of `{}`", say::excerpt(&call.name)));
        }
        let args = match &call.args {
            ToolArgs::Invalid(raw) => {
                return Some(format!("its arguments are not JSON: “{}”", say::excerpt(raw)));
            }
            ToolArgs::Json(args) => args,
        };
        for (name, test) in &self.args {
            let shown = say::excerpt(name);
            match args.get(name) {
                None => return Some(format!("it has no argument `{shown}`")),
                Some(value) if !test.holds(value) => {
                    return Some(format!(
                        "its argument `{shown}` is {}, expected {}",
                        say::value(value),
                        test.words()
                    ));
                }
                Some(_) => {}
            }
        }
        let extra = args.as_object().into_iter().flat_map(|args| args.keys());
        let extra = extra.into_iter().find(|key| !self.args.iter().any(|(name, _)| name == *key));
        if let (true, Some(extra)) = (self.exact, extra) {
            return Some(format!("it has the further argument `{}`", say::excerpt(extra)));
        }
        let violations = self.schema.as_ref().and_then(|schema| schema.violations(args));
        violations.map(|violations| format!("its arguments do not satisfy the JSON Schema: {violations}"))
    }

    /// Why no call is what is wanted: the first of the same name says how it differs.
    fn missing(&self, calls: &[ToolCall]) -> String {
        let name = say::excerpt(&self.name);
        let like = calls.iter().find(|call| call.name == self.name).and_then(|call| self.unlike(call));
        match like {
            Some(unlike) => format!("`{name}` was called, but {unlike}"),
            None => format!("`{name}` was not called; {}", made(calls)),
        }
    }
}

fn made(calls: &[ToolCall]) -> String {
    if calls.is_empty() {
        "no tool was called".to_owned()
    } else {
        let names = say::list(calls.iter().map(|call| call.name.as_str()), "and");
        format!("called: {names}")
    }
}
