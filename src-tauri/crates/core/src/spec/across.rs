//! What only shows when all files of a workspace are looked at together.

use std::collections::BTreeMap;

use super::{
    Spec, word,
    workspace::{Environment, Workspace},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    id::SpecName,
};

/// Checks a workspace against its specs, each with the file that it was read from: names that stand for two specs,
/// and environments that require a spec which is not there or is about another agent.
///
/// `file` is the workspace file. A spec that could not be read belongs in `specs` by what was understood of it: else
/// it would be missed here, beside its own mistakes.
#[must_use]
pub fn check_across(file: &str, workspace: &Workspace, specs: &[(&str, &Spec)]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut known: BTreeMap<&SpecName, (&str, &Spec)> = BTreeMap::new();
    for &(spec_file, spec) in specs {
        if let Some((first, _)) = known.get(&spec.name) {
            let message = format!("a spec named `{}` stands in {first} already", spec.name);
            let place = Place { line: 1, column: 1, ..Place::default() };
            let mut found = Diagnostic::error("duplicate-name", spec_file, "/name", place, message);
            found.help = Some("give it a name of its own: `name: …`".to_owned());
            findings.push(found);
        } else {
            known.insert(&spec.name, (spec_file, spec));
        }
    }
    let mut monitors = Vec::new();
    for environment in workspace.environments.values() {
        let pointer = format!("/environments/{}/requires", environment.name);
        let mut refuse = |code: &str, message: String, help: String| {
            let mut found = Diagnostic::error(code, file, &pointer, environment.requires_place, message);
            found.help = Some(help);
            findings.push(found);
        };
        for name in environment.requires.iter().flatten() {
            match known.get(name) {
                None => {
                    let names: Vec<&str> = known.keys().map(|name| name.as_str()).collect();
                    let help = match word::nearest(name.as_str(), &names) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("specs stand in the folder `{}`", workspace.specs),
                    };
                    let message =
                        format!("`{}` requires a spec `{name}`, and there is none", environment.name);
                    refuse("unknown-spec", message, help);
                }
                Some((_, spec)) if spec.agent != environment.agent => {
                    let message = format!(
                        "`{}` requires the spec `{name}`, which is about the agent `{}`",
                        environment.name, spec.agent
                    );
                    refuse("other-agent", message, format!("it deploys `{}`", environment.agent));
                }
                Some(_) => {}
            }
        }
        monitors.extend(monitor(file, workspace, environment, &known));
        if environment.requires.is_none() && !known.values().any(|(_, spec)| spec.agent == environment.agent)
        {
            let message =
                format!("no spec is about the agent of `{}`, so nothing can go live there", environment.name);
            refuse("no-spec", message, format!("write a spec with `agent: {}`", environment.agent));
        }
    }
    findings.extend(monitors);
    findings
}

/// What is wrong with an environment's monitor, seen beside the specs.
fn monitor(
    file: &str,
    workspace: &Workspace,
    environment: &Environment,
    known: &BTreeMap<&SpecName, (&str, &Spec)>,
) -> Option<Diagnostic> {
    let rule = environment.monitor.as_ref()?;
    let (code, message, help) = match known.get(&rule.spec) {
        None => {
            let names: Vec<&str> = known.keys().map(|name| name.as_str()).collect();
            let help = match word::nearest(rule.spec.as_str(), &names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("specs stand in the folder `{}`", workspace.specs),
            };
            ("unknown-spec", format!("asks a spec `{}`, and there is none", rule.spec), help)
        }
        Some((_, spec)) if spec.agent != environment.agent => {
            let message = format!("asks the spec `{}`, which is about the agent `{}`", rule.spec, spec.agent);
            ("other-agent", message, format!("the environment deploys `{}`", environment.agent))
        }
        Some((_, spec)) if spec.watched().is_none() => {
            let help = "a monitor hears the first blocking criterion with a target and a floor";
            let message = format!("asks the spec `{}`, whose gate has nothing for it to hear", rule.spec);
            ("nothing-watched", message, help.to_owned())
        }
        Some(_) => return None,
    };
    let pointer = format!("/environments/{}/monitor", environment.name);
    let place = Place { end: environment.place.start, ..environment.place };
    let message = format!("the monitor of `{}` {message}", environment.name);
    let mut found = Diagnostic::error(code, file, &pointer, place, message);
    found.help = Some(help);
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        diagnostic::{Sources, render},
        spec::{parse_spec, parse_workspace},
        time::Day,
    };

    #[test]
    fn names_that_meet_nothing_or_meet_twice_are_told() {
        let text = "agents:
  bot: http://127.0.0.1:1/v1
  other: http://127.0.0.1:2/v1
environments:
  live: { agent: bot, deploy: { adapter: folder, path: a }, requires: [refunds, safty, foreign] }
  test: { agent: bot, deploy: { adapter: folder, path: b } }
  near: { agent: bot, deploy: { adapter: folder, path: c }, monitor: { spec: refund } }
  far: { agent: bot, deploy: { adapter: folder, path: d }, monitor: { spec: foreign } }
  deaf: { agent: bot, deploy: { adapter: folder, path: e }, monitor: { spec: plain } }
  well: { agent: bot, deploy: { adapter: folder, path: f }, monitor: { spec: safety } }
";
        let files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let parsed = parse_workspace("gatewright.yaml", text.as_bytes(), &files, Day::default());
        let workspace = &parsed.accepted().expect("a workspace").workspace;
        let spec = |name: &str, agent: &str| {
            let gate = if name == "plain" { "{ pass_rate: { target: 90%, method: fixed } }" } else { "90%" };
            let text =
                format!("name: {name}\nagent: {agent}\ncases: [{{ input: a, expect: b }}]\ngate: {gate}\n");
            parse_spec("specs/x.yaml", text.as_bytes(), workspace, &files, Day::default())
                .value
                .expect("a spec")
        };
        let specs = [
            ("refunds", "bot"),
            ("safety", "bot"),
            ("refunds", "bot"),
            ("foreign", "other"),
            ("plain", "bot"),
        ]
        .map(|(name, agent)| spec(name, agent));
        let names = ["specs/a.yaml", "specs/b.yaml", "specs/c.yaml", "specs/d.yaml", "specs/e.yaml"];
        let specs: Vec<(&str, &Spec)> = names.into_iter().zip(&specs).collect();
        let findings = check_across("gatewright.yaml", workspace, &specs);
        let sources = Sources::from([("gatewright.yaml".to_owned(), text.to_owned())]);
        insta::assert_snapshot!(render(&findings, &sources, false));
        assert!(check_across("gatewright.yaml", workspace, &[]).iter().any(|found| found.code == "no-spec"));
    }
}
