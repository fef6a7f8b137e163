//! JSON over HTTP: what templates make, and what paths find.

use std::collections::BTreeMap;

use gatewright_core::{
    observation::{Reply, ToolArgs},
    spec::workspace::{Access, Content, HttpAgent, IdentitySource},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    agent, ask, call, config, context, line, record,
    server::{Server, json as answer, response},
};
use crate::{agent::connect, port::agent::Asked};

fn http(url: &str, body: Value) -> HttpAgent {
    HttpAgent {
        url: url.to_owned(),
        method: "POST".to_owned(),
        headers: BTreeMap::new(),
        body,
        prompt: None,
        text: None,
        tool_calls: None,
        usage_input: None,
        usage_output: None,
        identity: BTreeMap::new(),
    }
}

fn path(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn headers_and_body_are_filled_and_the_answer_is_found_by_paths() {
    let said = r#"{"build":"b7","messages":[{"content":"Hi"},{"content":"Done."}],
        "calls":[{"id":1,"name":"create_exchange","args":{"size":42}},{"name":"note","arguments":"{x"}],
        "usage":{"in":1000,"out":500}}"#;
    let server = Server::one(answer(200, "X-Build: 9\r\n", said)).await;
    let body = json!({
        "thread": "t-{{ session_id }}",
        "input": { "messages": "{{ messages }}", "last": "{{ input }}", "count": "{{ messages | length }}" },
        "stream": false,
        "n": 3,
    });
    let mut agent = http(&server.url("x"), body);
    agent.headers.insert("X-Session".to_owned(), "{{ session_id }}".to_owned());
    agent.prompt = Some(Content { text: "Be kind.".to_owned(), file: None });
    agent.text = path("$.messages[-1].content");
    agent.tool_calls = path("$.calls");
    agent.usage_input = path("$.usage.in");
    agent.usage_output = path("$.usage.out");
    agent.identity = BTreeMap::from([
        ("build".to_owned(), IdentitySource::Json("$.build".to_owned())),
        ("header".to_owned(), IdentitySource::Header("X-Build".to_owned())),
        ("absent".to_owned(), IdentitySource::Json("$.absent".to_owned())),
    ]);
    let agent = super::agent(config(Access::Http(agent)));
    let mut question = call("{{ messages }} \"quoted\"");
    question.earlier = vec![("Hello".to_owned(), Reply { text: "Yes?".to_owned(), ..Reply::default() })];
    let asked = agent.ask(&question, &CancellationToken::new()).await;
    let Asked::Answered(record) = &asked else { panic!("{}", line(&asked)) };
    assert_eq!(record.reply.text, "Done.");
    let calls: Vec<_> =
        record.reply.tool_calls.iter().map(|call| (call.name.as_str(), call.args.clone())).collect();
    assert_eq!(
        calls,
        [
            ("create_exchange", ToolArgs::Json(json!({ "size": 42 }))),
            ("note", ToolArgs::Invalid("{x".to_owned())),
        ]
    );
    assert_eq!(record.cost.map(|cost| cost.micros), Some(450));
    let identity: Vec<_> = record.identity.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(identity, ["build=b7", "header=9"]);
    insta::assert_json_snapshot!(server.bodies()[0]);
    let sent = server.requests.lock().expect("no panic before")[0].to_lowercase();
    assert!(
        sent.contains("x-session: session-1") && sent.contains("content-type: application/json"),
        "{sent}"
    );
}

#[tokio::test]
async fn without_a_path_the_whole_body_is_the_text() {
    let server = Server::one(response(200, "Content-Type: text/plain\r\n", "Just words.")).await;
    let asked = ask(agent(config(Access::Http(http(&server.url("x"), Value::Null)))).as_ref(), "Hello").await;
    assert_eq!(line(&asked), "answered (1) Just words.");
    assert!(record(&asked).reply.tool_calls.is_empty());
}

#[tokio::test]
async fn an_answer_without_what_was_sought_is_the_agents_error() {
    for (said, expected) in [
        (r#"{"other":1}"#, r#"agent error, no-text (1): the answer has nothing at `$.text`: “{"other":1}”"#),
        (
            r#"{"error":{"message":"no","code":401}}"#,
            "open, status-401 (1): the endpoint refused the key from env:CANARY: put one there that it takes, and run again; it answered 401: no (401)",
        ),
        (r#"{"text":{"a":1}}"#, r#"answered (1) {"a":1}"#),
    ] {
        let server = Server::one(answer(200, "", said)).await;
        let mut agent = http(&server.url("x"), json!({ "q": "{{ input }}" }));
        agent.text = path("$.text");
        let asked = ask(super::agent(config(Access::Http(agent))).as_ref(), "Hello").await;
        assert_eq!(line(&asked), expected);
    }
}

#[test]
fn what_cannot_be_sent_is_said_before_the_first_call() {
    let refused = |change: fn(&mut HttpAgent)| {
        let mut agent = http("http://127.0.0.1:1/", json!({}));
        change(&mut agent);
        connect(config(Access::Http(agent)), &context())
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let lines = [
        refused(|agent| agent.body = json!({ "a": [{ "b": "{{ inputt }}" }] })),
        refused(|agent| agent.body = json!({ "a": "{{ input" })),
        refused(|agent| {
            agent.body = json!({ "a": "{% for x in range(9999) %}{% for y in range(9999) %}.{% endfor %}{% endfor %}" })
        }),
        refused(|agent| drop(agent.headers.insert("x".to_owned(), "a\nb".to_owned()))),
        refused(|agent| drop(agent.headers.insert("a b".to_owned(), "c".to_owned()))),
        refused(|agent| agent.text = path("text")),
        refused(|agent| agent.method = "GE T".to_owned()),
        refused(|agent| agent.url = "file:///etc/passwd".to_owned()),
        refused(|agent| agent.url = "http://169.254.169.254/latest".to_owned()),
        refused(|agent| agent.url = "http://{{ input }}/".to_owned()),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}
