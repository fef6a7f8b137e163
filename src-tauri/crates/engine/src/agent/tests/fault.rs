//! Every way in which an endpoint can fail: each ends in its class, and the key is nowhere in what is kept.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gatewright_core::spec::workspace::{Access, Retry};
use tokio_util::sync::CancellationToken;

use super::{
    CANARY, agent, ask, call, chat, config, line,
    server::{Act, PARIS, Script, Server, json, response, sse},
};
use crate::port::agent::Asked;

const LIMITED: &str = r#"{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;

fn always(response: Vec<u8>) -> Script {
    vec![vec![Act::Write(response)]]
}

fn error(message: &str, kind: &str, code: &str) -> String {
    format!(r#"{{"error":{{"message":"{message}","type":"{kind}","param":null,"code":{code}}}}}"#)
}

/// The head of a response that promises more than it brings.
fn head(kind: &str) -> Act {
    Act::Write(
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n").into_bytes(),
    )
}

fn drip(kind: &str, part: &str) -> Script {
    let mut acts = vec![head(kind)];
    for _ in 0..40 {
        acts.push(Act::Write(part.as_bytes().to_vec()));
        acts.push(Act::Wait(Duration::from_millis(100)));
    }
    vec![acts]
}

/// The faults that are asked without a stream.
fn plain() -> BTreeMap<String, Script> {
    let raw = |bytes: &[u8]| vec![vec![Act::Write(bytes.to_vec())]];
    let list = [
        ("ok", always(json(200, "", PARIS))),
        (
            "429-ms",
            vec![
                vec![Act::Write(json(429, "retry-after-ms: 20\r\nRetry-After: 60\r\n", LIMITED))],
                vec![Act::Write(json(200, "", PARIS))],
            ],
        ),
        ("429-seconds", always(json(429, "Retry-After: 0.01\r\n", LIMITED))),
        ("429-date", always(json(429, "Retry-After: Sat, 25 Jul 2020 17:20:03 GMT\r\n", LIMITED))),
        ("429-hour", always(json(429, "Retry-After: 3600\r\n", LIMITED))),
        ("429-quota", always(json(429, "", &error("You exceeded your quota", "insufficient_quota", "null")))),
        ("429-bare", always(json(429, "", r#"{"error":{"message":"slow down","code":"429"}}"#))),
        (
            "401",
            always(json(
                401,
                "",
                &error("Incorrect API key", "invalid_request_error", r#""invalid_api_key""#),
            )),
        ),
        ("403", always(json(403, "", r#"{"detail":"Your plan does not allow this model"}"#))),
        ("403-input", always(json(403, "", &error("Your input was flagged", "moderation", "403")))),
        (
            "400-context",
            always(json(400, "", &error("context length is 8192", "invalid", r#""context_length""#))),
        ),
        ("404-detail", always(json(404, "", r#"{"detail":"Not Found"}"#))),
        ("408", always(json(408, "", ""))),
        ("425", always(json(425, "", ""))),
        ("529", always(json(529, "", &error("Overloaded", "overloaded_error", "null")))),
        ("500", always(json(500, "", &error("The server had an error", "server_error", "null")))),
        ("500-once", vec![vec![Act::Write(json(500, "", "{}"))], vec![Act::Write(json(200, "", PARIS))]]),
        ("502", always(response(502, "Content-Type: text/html\r\n", "<html>Bad gateway</html>"))),
        ("503-html", always(response(503, "Content-Type: text/html\r\n", "<html>Unavailable</html>"))),
        ("504", always(response(504, "", ""))),
        (
            "200-html",
            always(response(200, "Content-Type: text/html; charset=utf-8\r\n", "<!doctype html>Sign in")),
        ),
        ("200-error-body", always(json(200, "", &error("backend failed", "server_error", "null")))),
        ("200-error-429", always(json(200, "", &error("slow down", "x", "429")))),
        ("200-error-words", always(json(200, "", r#"{"error":"model not loaded"}"#))),
        ("wrong-type", always(response(200, "Content-Type: text/plain\r\n", PARIS))),
        ("wrong-shape", always(json(200, "", r#"{"answer":"Paris."}"#))),
        ("encoded", always(json(200, "Content-Encoding: gzip\r\n", "\u{1f}"))),
        ("bad-json", always(json(200, "", &PARIS[..60]))),
        ("bad-utf8", always(response(200, "Content-Type: application/json\r\n", b"{\"a\":\"\xff\xfe\"}"))),
        ("empty", always(json(200, "", ""))),
        ("no-content", always(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n".to_vec())),
        ("slow-first-byte", vec![vec![Act::Wait(Duration::from_secs(3)), Act::Write(json(200, "", PARIS))]]),
        ("hang", vec![vec![Act::Hang]]),
        ("hang-in-body", vec![vec![head("application/json"), Act::Write(b"{\"id\"".to_vec()), Act::Hang]]),
        ("drip", drip("application/json", "{")),
        ("random-delay", vec![vec![Act::Wait(Duration::from_millis(50)), Act::Write(json(200, "", PARIS))]]),
        ("reset", vec![vec![Act::Reset]]),
        ("reset-in-body", vec![vec![head("application/json"), Act::Write(b"{\"id\"".to_vec()), Act::Reset]]),
        ("close-empty", vec![vec![]]),
        (
            "truncated",
            vec![vec![Act::Write(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"\r\nzz".to_vec(),
            )]],
        ),
        ("garbage", raw(b"\x00\x17lskjfdlkjsdfl kjsdf\r\n\r\n")),
        ("redirect", always(response(307, "Location: http://127.0.0.1:9/elsewhere\r\n", ""))),
        ("redirect-loop", always(response(302, "Location: /redirect-loop\r\n", ""))),
        ("huge", always(json(200, "", &format!("\"{}\"", "x".repeat(5 << 20))))),
        (
            "flaky",
            vec![
                vec![Act::Write(json(429, "retry-after-ms: 5\r\n", LIMITED))],
                vec![Act::Reset],
                vec![Act::Write(json(200, "", PARIS))],
            ],
        ),
    ];
    list.into_iter().map(|(name, script)| (name.to_owned(), script)).collect()
}

/// The faults of streams.
fn streamed() -> BTreeMap<String, Script> {
    let part = r#"data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Par"}}]}"#;
    let list = [
        ("sse-ok", always(sse(&format!("{part}\n\ndata: [DONE]\n\n")))),
        (
            "sse-error",
            always(sse(&format!("{part}\n\ndata: {}\n\n", error("upstream died", "server_error", "null")))),
        ),
        ("sse-no-done", always(sse(&format!("{part}\n\n")))),
        ("sse-bad-json", always(sse("data: {\"id\":\n\ndata: [DONE]\n\n"))),
        ("sse-json", always(json(200, "", PARIS))),
        ("sse-json-error", always(json(200, "", LIMITED))),
        ("sse-html", always(response(200, "Content-Type: text/html\r\n", "<title>Sign in</title>"))),
        ("sse-drip", drip("text/event-stream", ": ping\n\n")),
        ("sse-hang", vec![vec![head("text/event-stream"), Act::Write(part.as_bytes().to_vec()), Act::Hang]]),
    ];
    list.into_iter().map(|(name, script)| (name.to_owned(), script)).collect()
}

async fn table(scripts: BTreeMap<String, Script>, stream: bool) -> String {
    let names: Vec<String> = scripts.keys().cloned().collect();
    let server = Server::start(scripts).await;
    let asked = names.iter().map(|name| async {
        let mut config = config(Access::OpenaiChat(chat(&server.url(name))));
        config.stream = stream;
        ask(agent(config).as_ref(), "What is the capital of France?").await
    });
    let ended = futures_util::future::join_all(asked).await;
    let mut table = String::new();
    for (name, asked) in names.iter().zip(&ended) {
        let _ = writeln!(table, "{name}: {}", line(asked));
        assert_no_canary(name, asked);
    }
    table.replace(&server.origin, "ORIGIN")
}

/// Looks for the key, plain and encoded, in everything that is kept.
fn assert_no_canary(name: &str, asked: &Asked) {
    let kept = format!("{asked:?}");
    let bytes = [&super::record(asked).request, &super::record(asked).raw]
        .map(|bytes| String::from_utf8_lossy(bytes));
    let encoded = STANDARD.encode(CANARY);
    for text in bytes.iter().map(AsRef::as_ref).chain([kept.as_str()]) {
        for form in [CANARY, &encoded[..encoded.len() - 4], "sk-canary"] {
            assert!(!text.contains(form), "{name}: the key was kept");
        }
    }
}

#[tokio::test]
async fn every_fault_ends_in_its_class_and_says_what_came() {
    insta::assert_snapshot!(table(plain(), false).await);
}

#[tokio::test]
async fn every_fault_of_a_stream_ends_in_its_class_and_says_what_came() {
    insta::assert_snapshot!(table(streamed(), true).await);
}

#[tokio::test]
async fn what_cannot_be_reached_stays_open() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let refused =
        ask(agent(config(Access::OpenaiChat(chat(&format!("http://{free}/v1"))))).as_ref(), "Hello").await;
    assert!(line(&refused).starts_with("open, connect (4): no connection: "), "{}", line(&refused));
    let unknown = chat("http://no-such-host.invalid/v1");
    let unknown = ask(agent(config(Access::OpenaiChat(unknown))).as_ref(), "Hello").await;
    // A resolver that does not answer at all is a connection that does not come.
    let ends = ["open, dns (4): ", "open, connect-timeout (4): "];
    assert!(ends.iter().any(|end| line(&unknown).starts_with(end)), "{}", line(&unknown));
}

#[tokio::test]
async fn a_limit_that_is_used_up_pauses_the_origin_even_after_an_answer() {
    let spent = "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 300ms\r\n";
    let server = Server::one(json(200, spent, PARIS)).await;
    let agent = agent(config(Access::OpenaiChat(chat(&server.url("x")))));
    ask(agent.as_ref(), "Hello").await;
    let second = ask(agent.as_ref(), "Hello").await;
    let waited = super::record(&second).timing.queue_us;
    assert!((250_000..2_000_000).contains(&waited), "{waited}");
}

#[tokio::test]
async fn a_key_that_the_endpoint_sends_back_is_taken_out() {
    let before = "HTTP/1.1 401 X\r\nContent-Type: text/plain\r\n\r\nwrong key: ";
    let encoded = STANDARD.encode(format!("user:{CANARY}"));
    let script = vec![vec![
        Act::Write(before.as_bytes().to_vec()),
        Act::Echo,
        Act::Write(format!(" {encoded} {}", CANARY.replace('/', "%2F").replace('+', "%2B")).into_bytes()),
    ]];
    let server = Server::start(BTreeMap::from([("x".to_owned(), script)])).await;
    let asked = ask(agent(config(Access::OpenaiChat(chat(&server.url("x"))))).as_ref(), CANARY).await;
    assert_no_canary("echo", &asked);
    assert!(line(&asked).contains("Bearer [redacted]"), "{}", line(&asked));
    let sent = server.requests.lock().expect("no panic before").join("");
    assert!(sent.contains(&format!("Bearer {CANARY}")), "the endpoint itself gets the key");
}

#[tokio::test]
async fn what_may_act_twice_is_not_sent_again_unless_told_to() {
    let scripts =
        || BTreeMap::from([("x".to_owned(), vec![vec![Act::Reset], vec![Act::Write(json(200, "", PARIS))]])]);
    for (retry, tries) in [(Retry::Safe, 1), (Retry::Always, 2)] {
        let server = Server::start(scripts()).await;
        let mut chat = chat(&server.url("x"));
        chat.tools =
            Some(serde_json::json!([{ "type": "function", "function": { "name": "create_exchange" } }]));
        let mut config = config(Access::OpenaiChat(chat));
        config.retry = retry;
        let asked = ask(agent(config).as_ref(), "Hello").await;
        assert!(
            matches!(&asked, Asked::Missing { record, .. } if record.tries.len() == tries),
            "{}",
            line(&asked)
        );
    }
}

#[tokio::test]
async fn cancelling_answers_at_once_and_closes_the_socket_within_a_second() {
    let mut server = Server::start(BTreeMap::from([("x".to_owned(), vec![vec![Act::Hang]])])).await;
    let mut config = config(Access::OpenaiChat(chat(&server.url("x"))));
    config.limits.idle = gatewright_core::time::Duration(60_000);
    config.limits.total = gatewright_core::time::Duration(60_000);
    let agent = agent(config);
    let (cancel, question) = (CancellationToken::new(), call("Hello"));
    let asking = agent.ask(&question, &cancel);
    let cancelling = async {
        server.until_open(1).await;
        let start = std::time::Instant::now();
        cancel.cancel();
        start
    };
    let (asked, start) = tokio::join!(asking, cancelling);
    assert_eq!(asked, Asked::Cancelled);
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
    let closed = tokio::time::timeout(Duration::from_secs(1), server.until_open(0)).await;
    assert!(closed.is_ok(), "the socket is still open");
}
