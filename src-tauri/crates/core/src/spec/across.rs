//! What only shows when all files of a workspace are looked at together.

use std::collections::BTreeMap;

use super::{Spec, word, workspace::Workspace};
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
    for environment in workspace.environments.values() {
        let pointer = format!("/environments/{}/requires", environment.name);
        let place = Place { end: environment.place.start, ..environment.place };
        let mut refuse = |code: &str, message: String, help: String| {
            let mut found = Diagnostic::error(code, file, &pointer, place, message);
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
        if environment.requires.is_none() && !known.values().any(|(_, spec)| spec.agent == environment.agent)
        {
            let message =
                format!("no spec is about the agent of `{}`, so nothing can go live there", environment.name);
            refuse("no-spec", message, format!("write a spec with `agent: {}`", environment.agent));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        diagnostic::{Sources, render},
        spec::{parse_spec, parse_workspace},
    };

    #[test]
    fn names_that_meet_nothing_or_meet_twice_are_told() {
        let text = "agents:
  bot: http://127.0.0.1:1/v1
  other: http://127.0.0.1:2/v1
environments:
  live: { agent: bot, deploy: { adapter: folder, path: a }, requires: [refunds, safty, foreign] }
  test: { agent: bot, deploy: { adapter: folder, path: b } }
";
        let files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let parsed = parse_workspace("gatewright.yaml", text.as_bytes(), &files);
        let workspace = &parsed.accepted().expect("a workspace").workspace;
        let spec = |name: &str, agent: &str| {
            let text =
                format!("name: {name}\nagent: {agent}\ncases: [{{ input: a, expect: b }}]\ngate: 90%\n");
            parse_spec("specs/x.yaml", text.as_bytes(), workspace, &files).value.expect("a spec")
        };
        let specs =
            [spec("refunds", "bot"), spec("safety", "bot"), spec("refunds", "bot"), spec("foreign", "other")];
        let names = ["specs/a.yaml", "specs/b.yaml", "specs/c.yaml", "specs/d.yaml"];
        let specs: Vec<(&str, &Spec)> = names.into_iter().zip(&specs).collect();
        let findings = check_across("gatewright.yaml", workspace, &specs);
        let sources = Sources::from([("gatewright.yaml".to_owned(), text.to_owned())]);
        insta::assert_snapshot!(render(&findings, &sources, false));
        assert!(check_across("gatewright.yaml", workspace, &[]).iter().any(|found| found.code == "no-spec"));
    }
}
