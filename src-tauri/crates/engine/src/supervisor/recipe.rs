//! What the workspace file says of an agent, turned into what is sealed, where it answers, and what that takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use gatewright_core::{
    id::{ComponentName, Digest},
    spec::workspace::{Access, Agent, Auth, CommandAgent, Deploy, Environment, Workspace},
    version::{Drive, Endpoint},
};
use serde_json::{Value, json};

use super::{
    disk,
    seal::Recipe,
    trust::{Act, Claims, TEXT_BYTES_MAX, Texts},
};

/// The scheme of the embedded demo agent. The name behind it, not the port, is its identity.
pub const DEMO_SCHEME: &str = "demo:";

/// What is read to seal a version of `agent`.
#[must_use]
pub fn of(root: &Path, workspace: &Workspace, agent: &Agent) -> Recipe {
    let mut values: BTreeMap<ComponentName, Value> = BTreeMap::new();
    let mut contents: BTreeMap<ComponentName, Vec<u8>> = BTreeMap::new();
    let mut files = agent.identity.files.clone();
    let tree: Vec<String> = agent.identity.tree.iter().cloned().collect();
    let drive = match &agent.access {
        Access::OpenaiChat(chat) => {
            values.extend(chat.model.iter().map(|model| ("model".into(), json!(model))));
            if !chat.params.is_empty() {
                values.insert("params".into(), Value::Object(chat.params.clone()));
            }
            if let Some(tools) = &chat.tools {
                let text = serde_json::to_vec_pretty(tools).unwrap_or_default();
                contents.insert("tools".into(), text);
            }
            contents
                .extend(chat.prompt.iter().map(|prompt| ("prompt".into(), prompt.text.clone().into_bytes())));
            if chat.prompt.is_some() { Drive::Assembled } else { Drive::Hosted }
        }
        Access::Http(http) => {
            contents
                .extend(http.prompt.iter().map(|prompt| ("prompt".into(), prompt.text.clone().into_bytes())));
            if http.prompt.is_some() || !files.is_empty() || !tree.is_empty() {
                let request = json!({ "method": http.method, "headers": http.headers, "body": http.body });
                values.insert("request".into(), request);
            }
            if http.prompt.is_some() { Drive::Assembled } else { Drive::Hosted }
        }
        Access::Command(command) => {
            values.insert("command".into(), json!({ "argv": command.argv, "env": command.env }));
            files.extend(own_files(root, command).map(globset::escape));
            Drive::Spawned
        }
    };
    Recipe { drive, values, contents, files, tree, excluded: excluded(workspace) }
}

/// The words of a command line that are files of the workspace: they are started from the sealed copy.
fn own_files<'a>(root: &Path, command: &'a CommandAgent) -> impl Iterator<Item = &'a str> {
    let plain = command.argv.iter().map(|word| word.trim_start_matches("./"));
    plain.filter(move |word| disk::resolve(root, word).is_ok_and(|path| path.is_file()))
}

fn excluded(workspace: &Workspace) -> Vec<String> {
    let targets = workspace.environments.values().map(|environment| match &environment.deploy {
        Deploy::Folder { path } => path.clone(),
    });
    let plain = std::iter::once(workspace.specs.clone()).chain(targets);
    plain
        .map(|path| path.trim_start_matches("./").to_owned())
        .filter(|path| !path.is_empty() && path != ".")
        .collect()
}

/// Where `agent` answers when it is asked as a candidate.
#[must_use]
pub fn endpoint(agent: &Agent) -> Endpoint {
    Endpoint { kind: agent.access.kind().to_owned(), address: agent.access.address(), environment: None }
}

/// Where the live version of `environment` answers, if it says.
#[must_use]
pub fn live_endpoint(workspace: &Workspace, environment: &Environment) -> Option<Endpoint> {
    let agent = workspace.agents.get(&environment.agent)?;
    let endpoint = environment.endpoint.as_ref()?;
    Some(Endpoint {
        kind: agent.access.kind().to_owned(),
        address: endpoint.url.clone(),
        environment: Some(environment.name.clone()),
    })
}

/// Scheme, host and port of an address; a `demo:` name stands for itself.
#[must_use]
pub fn origin(url: &str) -> String {
    if url.starts_with(DEMO_SCHEME) {
        return url.split('@').next().unwrap_or(url).to_owned();
    }
    reqwest::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}

/// The acts of asking an agent: of speaking to its address with its key, or of starting its program with the variables
/// that it is given.
#[must_use]
pub fn acts(access: &Access, auth: Option<&Auth>) -> Vec<Act> {
    match access {
        Access::OpenaiChat(chat) => reach(&chat.url, auth),
        Access::Http(http) => reach(&http.url, auth),
        Access::Command(command) => {
            let argv = &command.argv;
            let give = |name| Act::Give { secret: format!("env:{name}"), argv: argv.clone() };
            std::iter::once(Act::Run { argv: argv.clone() }).chain(command.env.iter().map(give)).collect()
        }
    }
}

/// The act of speaking to an address with a key.
#[must_use]
pub fn reach(url: &str, auth: Option<&Auth>) -> Vec<Act> {
    let origin = origin(url);
    let secret = auth.map(|auth| Act::Use { secret: auth.secret.to_string(), origin: origin.clone() });
    std::iter::once(Act::Reach { origin }).chain(secret).collect()
}

/// Everything that the workspace would run, reach, use and change.
#[must_use]
pub fn claims(root: &Path, workspace: &Workspace) -> Claims {
    let agents = workspace.agents.values();
    let mut acts: BTreeSet<Act> = agents.flat_map(|agent| acts(&agent.access, agent.auth.as_ref())).collect();
    let commands = workspace.agents.values().filter_map(|agent| match &agent.access {
        Access::Command(command) => Some(command),
        _ => None,
    });
    for path in commands.flat_map(|command| own_files(root, command)) {
        // What cannot be read cannot be sealed, so it is not run either.
        if let Ok(bytes) = disk::read(root, path) {
            acts.insert(Act::Program { path: path.to_owned(), digest: Digest::of_bytes(&bytes) });
        }
    }
    for environment in workspace.environments.values() {
        let Deploy::Folder { path } = &environment.deploy;
        acts.insert(Act::Deploy { target: path.clone() });
        if let Some(endpoint) = &environment.endpoint {
            acts.extend(reach(&endpoint.url, endpoint.auth.as_ref()));
        }
    }
    let wants_tree = workspace.agents.values().any(|agent| agent.identity.tree.is_some());
    if wants_tree || root.ancestors().any(|folder| folder.join(".git").exists()) {
        acts.insert(Act::Git);
    }
    Claims(acts)
}

/// The texts of the programs among the claims, as far as they are kept with trust, and still are what is claimed.
#[must_use]
pub fn texts(root: &Path, claims: &Claims) -> Texts {
    let text = |act: &Act| {
        let Act::Program { path, digest } = act else { return None };
        let bytes = disk::read(root, path).ok().filter(|bytes| bytes.len() <= TEXT_BYTES_MAX)?;
        if Digest::of_bytes(&bytes) != *digest {
            return None;
        }
        Some((*digest, String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?))
    };
    claims.0.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap as Files;

    use gatewright_core::{spec::parse_workspace, time::Day};

    use super::*;

    fn workspace(text: &str) -> Workspace {
        let files: Files<String, Vec<u8>> = Files::from([("p.md".to_owned(), b"Be kind.".to_vec())]);
        let parsed = parse_workspace("gatewright.yaml", text.as_bytes(), &files, Day::default());
        let accepted = parsed.accepted().unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
        accepted.workspace.clone()
    }

    fn only(workspace: &Workspace) -> &Agent {
        workspace.agents.values().next().expect("an agent")
    }

    #[test]
    fn who_has_the_prompt_decides_how_an_agent_is_driven() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("bot.sh"), "#!/bin/sh\n").expect("written");
        let cases = [
            (
                "{ url: http://127.0.0.1:1/v1, model: m, prompt: file://p.md }",
                Drive::Assembled,
                vec!["model", "prompt"],
            ),
            ("{ url: http://127.0.0.1:1/v1, model: m }", Drive::Hosted, vec!["model"]),
            ("{ url: http://127.0.0.1:1/v1 }", Drive::Hosted, vec![]),
            ("{ type: command, command: [./bot.sh] }", Drive::Spawned, vec!["command"]),
        ];
        for (agent, drive, components) in cases {
            let workspace = workspace(&format!("agents:\n  bot: {agent}\n"));
            let recipe = of(folder.path(), &workspace, only(&workspace));
            let named: Vec<String> =
                recipe.values.keys().chain(recipe.contents.keys()).map(ToString::to_string).collect();
            assert_eq!(
                (recipe.drive, named),
                (drive, components.into_iter().map(str::to_owned).collect()),
                "{agent}"
            );
        }
    }

    #[test]
    fn a_program_of_the_workspace_is_sealed_with_its_command() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("bot.py"), "print()\n").expect("written");
        let workspace = workspace("agents:\n  bot: { type: command, command: [python3, bot.py, --fast] }\n");
        assert_eq!(of(folder.path(), &workspace, only(&workspace)).files, ["bot.py"]);
    }

    #[test]
    fn a_program_of_the_workspace_is_claimed_with_its_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace =
            workspace("agents:\n  bot: { type: command, command: [python3, ./bot.py, --fast] }\n");
        assert_eq!(claims(folder.path(), &workspace).0.len(), 1, "a file that is not there is no program");
        let write = |bytes: &[u8]| {
            std::fs::write(folder.path().join("bot.py"), bytes).expect("written");
            let claims = claims(folder.path(), &workspace);
            (claims.digest(), texts(folder.path(), &claims).into_values().collect::<Vec<_>>())
        };
        let (one, kept) = write(b"print()\n");
        assert_eq!(kept, ["print()\n"]);
        let (two, _) = write(b"print(1)\n");
        assert_ne!(one, two, "trust is bound to what it does");
        assert_eq!(write(b"print()\n").0, one);
        for odd in [&b"\0elf"[..], &[0xff, 0xfe], &vec![b'a'; TEXT_BYTES_MAX + 1]] {
            let (digest, kept) = write(odd);
            assert!(digest != one && kept.is_empty(), "no text is kept of it");
        }
    }

    #[test]
    fn each_variable_that_a_program_is_given_is_claimed() {
        let folder = tempfile::tempdir().expect("a folder");
        let claimed = |env: &str| {
            let agent = format!("{{ type: command, command: [bot, --fast], env: [{env}] }}");
            claims(folder.path(), &workspace(&format!("agents:\n  bot: {agent}\n")))
        };
        let argv = vec!["bot".to_owned(), "--fast".to_owned()];
        let run = Act::Run { argv: argv.clone() };
        assert_eq!(claimed("").0, [run.clone()].into());
        let give = Act::Give { secret: "env:AWS_SECRET_ACCESS_KEY".to_owned(), argv };
        let pulled = claimed("AWS_SECRET_ACCESS_KEY");
        assert_eq!(pulled.0, [run, give].into());
        assert_ne!(pulled.digest(), claimed("").digest(), "so it is asked again");
    }

    #[test]
    fn the_claims_name_all_that_would_be_run_reached_used_and_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = workspace(
            "agents:\n  bot: { url: https://bot.example.com/v1, model: m, auth: { bearer: env:KEY } }\n\
             environments:\n  live:\n    agent: bot\n    endpoint: { url: http://127.0.0.1:2/v1 }\n    \
             deploy: { adapter: folder, path: deploy/live }\n",
        );
        let shown = serde_json::to_string(&claims(folder.path(), &workspace)).expect("JSON");
        for part in ["https://bot.example.com", "env:KEY", "http://127.0.0.1:2", "deploy/live"] {
            assert!(shown.contains(part), "{part} is missing in {shown}");
        }
        assert!(!shown.contains("/v1"), "an origin has no path: {shown}");
    }

    #[test]
    fn a_demo_address_stands_for_its_name_and_not_for_its_port() {
        assert_eq!(origin("demo:help-desk@production"), "demo:help-desk");
        assert_eq!(origin("http://127.0.0.1:8000/v1"), "http://127.0.0.1:8000");
    }
}
