//! The running server, asked over HTTP.

use super::*;

const QUESTION: &str = "When will order A-1001 arrive?";

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client")
}

async fn start() -> DemoAgent {
    DemoAgent::start(Settings { latency: false, ..Settings::default() }).await.expect("it starts")
}

async fn ask(demo: &DemoAgent, address: &str, body: &Value) -> (u16, Option<String>, Value) {
    let url = format!("{}/chat/completions", demo.resolve(address).expect("an address of the demo"));
    let response = client().post(url).bearer_auth(demo.token()).json(body).send().await.expect("an answer");
    let version = response.headers().get("gatewright-version").and_then(|value| value.to_str().ok());
    let (status, version) = (response.status().as_u16(), version.map(str::to_owned));
    (status, version, response.json().await.expect("JSON"))
}

fn request(prompt: &str, temperature: f64) -> Value {
    json!({
        "model": MODELS[0],
        "temperature": temperature,
        "messages": [{ "role": "system", "content": prompt }, { "role": "user", "content": QUESTION }],
    })
}

fn text(body: &Value) -> &str {
    body.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn only_the_token_opens_it_and_only_its_names_lead_to_it() {
    let demo = start().await;
    let url = format!("{}/chat/completions", demo.resolve(NAME).expect("an address"));
    let refused =
        client().post(&url).bearer_auth("wrong").json(&request("", 0.0)).send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    assert!(demo.resolve("demo:other").is_none() && demo.resolve("http://127.0.0.1/").is_none());
    assert!(demo.resolve("demo:help-desk@a/b").is_none() && demo.resolve("demo:help-desk@").is_none());
    assert!(url.starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_in_words() {
    let demo = start().await;
    let (status, _, body) = ask(&demo, NAME, &json!({ "model": "gpt", "messages": [] })).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
    let (status, _, body) = ask(&demo, NAME, &json!({ "messages": 1 })).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("bad_request")));
}

#[tokio::test]
async fn repetitions_differ_at_a_temperature_and_agree_without_one_and_a_seed_repeats_all() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let demo = start().await;
        let mut warm = Vec::new();
        for _ in 0..12 {
            warm.push(text(&ask(&demo, NAME, &request("", 1.0)).await.2).to_owned());
        }
        let cold = [
            text(&ask(&demo, NAME, &request("", 0.0)).await.2).to_owned(),
            text(&ask(&demo, NAME, &request("", 0.0)).await.2).to_owned(),
        ];
        assert_eq!(cold[0], cold[1]);
        assert!(warm.iter().any(|answer| answer != &warm[0]), "{warm:?}");
        runs.push((warm, cold));
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_stream_carries_the_same_answer() {
    let demo = start().await;
    let mut body = request("Never promise a date.", 0.0);
    let whole = ask(&demo, NAME, &body).await.2;
    body["stream"] = json!(true);
    let url = format!("{}/chat/completions", demo.resolve(NAME).expect("an address"));
    let stream = client().post(url).bearer_auth(demo.token()).json(&body).send().await.expect("an answer");
    let stream = stream.text().await.expect("text");
    assert!(stream.contains(text(&whole)) && stream.ends_with("data: [DONE]\n\n"), "{stream}");
}

#[tokio::test]
async fn the_live_one_answers_by_what_the_pointer_names_at_each_request() {
    let demo = start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("{NAME}@production");
    let ignored = request("Never promise a date.", 0.0);
    let (status, _, body) = ask(&demo, &address, &ignored).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("nothing_live")));
    demo.serve_live("production", folder.path());
    assert_eq!(ask(&demo, &address, &ignored).await.0, 503);
    for (digit, prompt, promises) in [('a', "You are kind.", true), ('b', "Never promise a date.", false)] {
        let hex = String::from(digit).repeat(64);
        let release = folder.path().join("releases").join(&hex);
        std::fs::create_dir_all(release.join("files")).expect("a folder");
        std::fs::write(release.join("files/prompt"), prompt).expect("a file");
        let manifest = json!({ "format": 1, "components": {
            "model": { "kind": "value", "value": "help-desk-1" },
            "params": { "kind": "value", "value": { "temperature": 0 } },
        } });
        std::fs::write(release.join("manifest.json"), manifest.to_string()).expect("a file");
        let pointer = json!({ "format": 1, "version": format!("sha256:{hex}"), "sequence": 1 });
        std::fs::write(folder.path().join("current.json"), pointer.to_string()).expect("a file");
        let (status, version, body) = ask(&demo, &address, &ignored).await;
        assert_eq!((status, version), (200, Some(format!("sha256:{hex}"))));
        assert_eq!(text(&body).contains("I promise"), promises, "{body}");
    }
    let release = folder.path().join("releases").join("b".repeat(64)).join("files");
    std::fs::write(release.join("prompt"), "Use create_exchange for exchanges.").expect("a file");
    let mut exchange = request("", 0.0);
    exchange["messages"][1]["content"] =
        json!("Order A-1005, size 41: too small. Please exchange them: I need size 42.");
    let called = "/choices/0/message/tool_calls/0/function/name";
    assert!(ask(&demo, &address, &exchange).await.2.pointer(called).is_none(), "the release has no tools");
    let tools = json!([{ "type": "function", "function": { "name": "create_exchange" } }]);
    std::fs::write(release.join("tools"), tools.to_string()).expect("a file");
    assert_eq!(ask(&demo, &address, &exchange).await.2.pointer(called), Some(&json!("create_exchange")));
    std::fs::write(folder.path().join("current.json"), r#"{"version":"../../etc"}"#).expect("a file");
    assert_eq!(ask(&demo, &address, &ignored).await.0, 503);
}
