//! What is sent to a chat endpoint, and what is read of its answers.

use std::{collections::BTreeMap, time::Duration};

use gatewright_core::{
    observation::{ToolArgs, ToolCall},
    spec::workspace::{Access, Content, Served},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    agent, ask, call, chat, config, line, record,
    server::{Act, PARIS, Server, json as answer, sse},
};
use crate::port::agent::Asked;

#[tokio::test]
async fn an_answer_brings_its_text_usage_cost_identity_and_times() {
    let server = Server::one(answer(200, "x-litellm-model-id: m7\r\nset-cookie: a=b\r\n", PARIS)).await;
    let asked = ask(agent(config(Access::OpenaiChat(chat(&server.url("x"))))).as_ref(), "Capital?").await;
    let Asked::Answered(record) = &asked else { panic!("{}", line(&asked)) };
    assert_eq!(record.reply.text, "Paris.");
    assert_eq!(record.reply.finish.as_deref(), Some("stop"));
    assert_eq!((record.reply.usage.input, record.reply.usage.output), (Some(5), Some(2)));
    assert_eq!(
        record.cost.map(|cost| cost.micros),
        Some(2),
        "5 × 0.15 + 2 × 0.60 = 1.95 millionths, rounded up"
    );
    let identity: Vec<_> = record.identity.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        identity,
        ["model=gpt-4o-mini-2024-07-18", "system_fingerprint=fp_1", "x-litellm-model-id=m7"]
    );
    assert!(record.timing.total_us >= record.timing.headers_us && record.timing.headers_us > 0);
    assert_eq!(record.timing.first_token_us, None, "it was not streamed");
    assert_eq!(record.host.as_deref(), server.origin.strip_prefix("http://"));
    assert_eq!(record.raw, PARIS.as_bytes());
    let request = String::from_utf8_lossy(&record.request).replace(&server.origin, "ORIGIN");
    insta::assert_snapshot!(request);
}

#[tokio::test]
async fn a_conversation_is_sent_whole_with_prompt_tools_and_params() {
    let tools = r#"{"model":"m","choices":[{"message":{"content":null,"tool_calls":[
        {"id":"t1","function":{"name":"create_exchange","arguments":"{\"size\": 42}"}},
        {"id":"t2","function":{"name":"note","arguments":"{size"}},
        {"function":{"name":"stop","arguments":""}}]},"finish_reason":"tool_call"}]}"#;
    let server = Server::one(answer(200, "", tools)).await;
    let mut chat = chat(&server.url("x"));
    chat.prompt = Some(Content { text: "Be kind.".to_owned(), file: None });
    chat.tools = Some(json!([{ "type": "function", "function": { "name": "create_exchange" } }]));
    chat.params = json!({ "temperature": 0.2, "model": "other" }).as_object().cloned().unwrap_or_default();
    let agent = agent(config(Access::OpenaiChat(chat)));
    let first = ask(agent.as_ref(), "Too small.").await;
    let reply = record(&first).reply.clone();
    assert_eq!(
        reply.tool_calls,
        [
            ToolCall {
                id: "t1".into(),
                name: "create_exchange".into(),
                args: ToolArgs::Json(json!({ "size": 42 }))
            },
            ToolCall { id: "t2".into(), name: "note".into(), args: ToolArgs::Invalid("{size".into()) },
            ToolCall { id: String::new(), name: "stop".into(), args: ToolArgs::Json(json!({})) },
        ]
    );
    assert_eq!(record(&first).cost, None, "no usage, no cost");
    let mut second = call("Thanks.");
    second.earlier = vec![("Too small.".to_owned(), reply)];
    agent.ask(&second, &CancellationToken::new()).await;
    insta::assert_json_snapshot!(server.bodies()[1]);
}

#[tokio::test]
async fn a_stream_is_joined_and_its_first_content_timed() {
    let greeting = ": hello\n\ndata: {\"model\":\"m1\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    let rest = concat!(
        "data: {\"choices\":[{\"delta\":{\"content\":\"Pa\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"ris.\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"two\",\"arguments\":\"\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"one\",\"arguments\":\"{\\\"x\\\"\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\": 1}\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"eos_token\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":9}}\n\ndata: [DONE]\n\n",
    );
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n";
    let write = |text: &str| Act::Write(text.as_bytes().to_vec());
    // The server never closes: what follows `[DONE]` is not waited for.
    let acts =
        vec![write(head), write(greeting), Act::Wait(Duration::from_millis(60)), write(rest), Act::Hang];
    let server = Server::start(BTreeMap::from([("x".to_owned(), vec![acts])])).await;
    let mut config = config(Access::OpenaiChat(chat(&server.url("x"))));
    config.stream = true;
    let asked = ask(agent(config).as_ref(), "Capital?").await;
    let Asked::Answered(record) = &asked else { panic!("{}", line(&asked)) };
    assert_eq!((record.reply.text.as_str(), record.reply.finish.as_deref()), ("Paris.", Some("eos_token")));
    let calls: Vec<_> =
        record.reply.tool_calls.iter().map(|call| (call.id.as_str(), call.args.clone())).collect();
    assert_eq!(calls, [("a", ToolArgs::Json(json!({ "x": 1 }))), ("b", ToolArgs::Json(json!({})))]);
    assert_eq!(record.reply.usage.output, Some(9));
    let first = record.timing.first_token_us.expect("content came");
    assert!(first >= record.timing.headers_us + 40_000, "the greeting is no content: {:?}", record.timing);
}

#[tokio::test]
async fn a_server_that_refuses_stream_options_is_asked_without_them() {
    let refused = answer(400, "", r#"{"detail":"unknown field stream_options"}"#);
    let streamed =
        sse("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n");
    let script = vec![vec![Act::Write(refused)], vec![Act::Write(streamed)]];
    let server = Server::start(BTreeMap::from([("x".to_owned(), script)])).await;
    let mut config = config(Access::OpenaiChat(chat(&server.url("x"))));
    config.stream = true;
    let asked = ask(agent(config).as_ref(), "Hello").await;
    assert_eq!(line(&asked), "answered (2) Hi");
    let options: Vec<bool> =
        server.bodies().iter().map(|body| body.get("stream_options").is_some()).collect();
    assert_eq!(options, [true, false]);
}

#[tokio::test]
async fn without_a_model_the_endpoint_is_asked_once_for_its_only_one() {
    let models = |list: &str| answer(200, "", &format!(r#"{{"object":"list","data":[{list}]}}"#));
    let script =
        vec![vec![Act::Write(models(r#"{"id":"qwen3:8b"}"#))], vec![Act::Write(answer(200, "", PARIS))]];
    let server = Server::start(BTreeMap::from([("x".to_owned(), script)])).await;
    let mut unnamed = chat(&server.url("x"));
    unnamed.model = None;
    let agent = agent(config(Access::OpenaiChat(unnamed)));
    let asked = futures_util::future::join_all((0..5).map(|_| ask(agent.as_ref(), "Hello"))).await;
    assert!(asked.iter().all(|asked| matches!(asked, Asked::Answered(_))));
    let sent: Vec<_> = server.bodies().iter().filter_map(|body| body.get("model").cloned()).collect();
    assert_eq!(sent, vec![json!("qwen3:8b"); 5]);

    let server = Server::one(models(r#"{"id":"a"},{"id":"b"}"#)).await;
    let mut unnamed = chat(&server.url("x"));
    unnamed.model = None;
    let asked = ask(super::agent(config(Access::OpenaiChat(unnamed))).as_ref(), "Hello").await;
    assert_eq!(
        line(&asked),
        "open, model (1): no model is named, and /models lists several; name one as `model`: a, b"
    );
}

#[tokio::test]
async fn a_list_of_models_that_cannot_be_read_is_no_cases_failure() {
    let refused = answer(401, "", r#"{"error":{"message":"no key"}}"#);
    let server = Server::one(refused).await;
    let mut unnamed = chat(&server.url("x"));
    unnamed.model = None;
    let asked = ask(agent(config(Access::OpenaiChat(unnamed))).as_ref(), "Hello").await;
    let expected = "the endpoint refused the key from env:CANARY: put one there that it takes, and run again; it answered 401: no key";
    assert_eq!(line(&asked), format!("open, status-401 (1): {expected}"));
}

#[tokio::test]
async fn the_served_identity_is_asked_at_the_agents_own_origin() {
    let server = Server::one(answer(200, "", r#"{"build":"sha256:abc","size":3}"#)).await;
    let mut config = config(Access::OpenaiChat(chat(&server.url("x/v1"))));
    config.served = Some(Served { get: "/x/version?full=1".to_owned(), json: "$.build".to_owned() });
    let served = agent(config.clone()).served(&CancellationToken::new()).await;
    assert_eq!(served, Ok(Some("sha256:abc".to_owned())));
    assert!(server.requests.lock().expect("no panic before")[0].starts_with("GET /x/version?full=1 "));
    config.served = Some(Served { get: "/x/version".to_owned(), json: "$.nothing".to_owned() });
    let served = agent(config.clone()).served(&CancellationToken::new()).await;
    assert_eq!(served, Err("the answer of /x/version does not have one value at `$.nothing`".to_owned()));
    config.served = None;
    assert_eq!(agent(config).served(&CancellationToken::new()).await, Ok(None));
}
