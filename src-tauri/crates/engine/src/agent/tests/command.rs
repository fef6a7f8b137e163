//! Programs as agents, good and bad, and keys from where they are kept.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, path::Path};

use gatewright_core::{
    observation::{Reply, ToolArgs},
    spec::workspace::{Access, Auth, CommandAgent, SecretSource},
    time::Duration,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{CANARY, agent, ask, call, config, line};
use crate::{
    agent::{Config, ConfigError, Secrets, connect, key, variables},
    port::agent::Asked,
};

/// Between two looks at something that the system does not tell about.
const POLL: std::time::Duration = std::time::Duration::from_millis(5);

fn command(script: &str, folder: &Path) -> Config {
    let argv = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let mut config = config(Access::Command(CommandAgent { argv, env: vec!["KEY".to_owned()] }));
    config.folder = Some(folder.to_owned());
    config.variables = BTreeMap::from([("KEY".to_owned(), CANARY.to_owned())]);
    config.limits.total = Duration(3000);
    config.limits.idle = Duration(1500);
    config
}

async fn said(script: &str) -> Asked {
    let folder = tempfile::tempdir().expect("a folder");
    ask(agent(command(script, folder.path())).as_ref(), "Hello").await
}

#[tokio::test]
async fn a_program_gets_the_conversation_and_answers_in_words_or_in_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let echo = agent(command("cat", folder.path()));
    let mut question = call("And now?");
    question.earlier = vec![("Hello".to_owned(), Reply { text: "Yes?".to_owned(), ..Reply::default() })];
    let asked = echo.ask(&question, &CancellationToken::new()).await;
    let Asked::Answered(record) = &asked else { panic!("{}", line(&asked)) };
    insta::assert_snapshot!(record.reply.text);
    assert_eq!(record.request, record.raw);
    assert!(record.timing.first_token_us.is_some_and(|first| first <= record.timing.total_us));
    assert_eq!((record.host.as_deref(), record.cost), (None, None));

    let script = r#"echo '{"text":"Done.","tool_calls":[{"name":"create_exchange","args":{"size":42}}],
        "usage":{"input":10,"output":5},"identity":{"build":"b7"},"finish":"stop"}'"#;
    let asked = said(script).await;
    let Asked::Answered(record) = &asked else { panic!("{}", line(&asked)) };
    assert_eq!((record.reply.text.as_str(), record.reply.finish.as_deref()), ("Done.", Some("stop")));
    assert_eq!(record.reply.tool_calls[0].args, ToolArgs::Json(json!({ "size": 42 })));
    assert_eq!(record.cost.map(|cost| cost.micros), Some(5), "4.5 millionths, rounded up");
    assert_eq!(record.identity, BTreeMap::from([("build".to_owned(), "b7".to_owned())]));
}

#[tokio::test]
async fn every_way_in_which_a_program_fails_ends_in_its_class() {
    let mut lines = Vec::new();
    for script in [
        "echo '{\"eligible\": true}'",
        "true",
        "echo not enough >&2; exit 3",
        "exit 7",
        "kill -SEGV $$",
        "echo half; sleep 60",
        "while :; do echo more; sleep 0.2; done",
        "printf '\\377\\376'",
        "yes 'too much'",
    ] {
        lines.push(format!("{script}: {}", line(&said(script).await)));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut absent = command("", folder.path());
    absent.access = Access::Command(CommandAgent { argv: vec!["./agent".to_owned()], env: Vec::new() });
    let shown = line(&ask(agent(absent).as_ref(), "Hello").await);
    lines.push(shown.replace(&folder.path().display().to_string(), "FOLDER"));
    insta::assert_snapshot!(lines.join("\n"));
    let mut empty = command("", folder.path());
    empty.access = Access::Command(CommandAgent { argv: Vec::new(), env: Vec::new() });
    assert!(matches!(connect(empty, &super::context()), Err(ConfigError::NoProgram)));
}

#[tokio::test]
async fn the_variables_of_a_program_are_taken_out_of_what_is_kept() {
    let asked = said("echo \"my key is $KEY\"; echo \"$KEY\" | base64").await;
    let Asked::Answered(record) = &asked else { panic!("{}", line(&asked)) };
    assert!(record.reply.text.starts_with("my key is [redacted]"), "{}", record.reply.text);
    assert!(!format!("{asked:?}{}", String::from_utf8_lossy(&record.raw)).contains("canary"));
    assert!(!record.reply.text.contains("c2stY2FuYXJ5"));
    let failed = said("echo \"bad key $KEY\" >&2; exit 1").await;
    assert_eq!(
        line(&failed),
        "agent error, exit-1 (1): the program ended with code 1: it wrote “bad key [redacted] ”"
    );
}

#[tokio::test]
async fn cancelling_ends_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("id");
    let agent = agent(command("echo $$ > id.new; mv id.new id; sleep 60", folder.path()));
    let (cancel, question) = (CancellationToken::new(), call("Hello"));
    let cancelling = async {
        while !note.exists() {
            tokio::time::sleep(POLL).await;
        }
        cancel.cancel();
    };
    let (asked, ()) = tokio::join!(agent.ask(&question, &cancel), cancelling);
    assert_eq!(asked, Asked::Cancelled);
    let id = std::fs::read_to_string(note).expect("an id");
    let alive = || std::fs::read(format!("/proc/{}/cmdline", id.trim())).is_ok_and(|line| !line.is_empty());
    let ended = async {
        while alive() {
            tokio::time::sleep(POLL).await;
        }
    };
    assert!(tokio::time::timeout(std::time::Duration::from_secs(1), ended).await.is_ok(), "it still runs");
}

struct Given(BTreeMap<String, String>);

impl Secrets for Given {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

#[test]
fn a_key_is_found_where_it_is_kept_privately_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let given = Given(BTreeMap::from([
        ("KEY".to_owned(), format!("{CANARY}\n")),
        ("EMPTY".to_owned(), " ".to_owned()),
    ]));
    let find = |secret| {
        let auth = Auth { header: "X-Api-Key".to_owned(), prefix: String::new(), secret };
        key(&auth, folder.path(), &given).map_err(|error| error.to_string())
    };
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("permissions");
    };
    let named = variables(&["KEY".to_owned()], &given).expect("set");
    assert_eq!(named, BTreeMap::from([("KEY".to_owned(), format!("{CANARY}\n"))]));
    assert!(variables(&["ABSENT".to_owned()], &given).is_err());
    let found = find(SecretSource::Env("KEY".to_owned())).expect("a key");
    assert_eq!((found.header.as_str(), found.secret.expose()), ("x-api-key", CANARY));
    assert!(!format!("{found:?}").contains("canary"), "{found:?}");
    write("private", CANARY, 0o600);
    let kept = find(SecretSource::File("private".to_owned())).expect("a key");
    assert_eq!((kept.secret, kept.from.as_str()), (found.secret, "file://private"));
    assert_eq!(found.from, "env:KEY");
    write("open", CANARY, 0o644);
    write("long", "one\ntwo", 0o600);
    write("empty", "\n", 0o400);
    let files = ["open", "long", "empty", "absent"].map(|name| SecretSource::File(name.to_owned()));
    let variables = ["EMPTY", "ABSENT"].map(|name| SecretSource::Env(name.to_owned()));
    let refused: Vec<_> =
        files.into_iter().chain(variables).filter_map(|source| find(source).err()).collect();
    insta::assert_snapshot!(refused.join("\n").replace(&folder.path().display().to_string(), "FOLDER"));
}
