//! Journey: a good version goes live, a bad one by override after it, and back again; every *live* is read back.

use std::fs;

use serde_json::{Value, json};

use crate::{
    desk::{command_line, go, put_prompt, run, short, try_sample},
    home::Home,
    window::Window,
};

#[tokio::test]
async fn what_was_good_comes_back_after_an_override() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;
    try_sample(&window).await?;

    // The good version, by its verdicts.
    let fixed = put_prompt(&home, &window, "6-fixed").await?;
    run(&window).await?;
    window.screenshot("run-passed").await?;
    go(&window, "releases").await?;
    window.test_id("candidate-production").shows("May ship").await?;
    window.test_id("promote-production").click().await?;
    window.test_id("confirm").shows("Promote").await?;
    window.screenshot("confirm-promotion").await?;
    window.test_id("confirm-yes").click().await?;
    is_live(&home, &window, &fixed).await?;
    window.screenshot("releases-live").await?;

    // One that gives away what it must not: only a name and a reason let it through.
    let open = put_prompt(&home, &window, "3-open").await?;
    run(&window).await?;
    window.test_id("run-verdict").click().await?;
    window.test_id("verdict-sentence").has("data-outcome", "fail").await?;
    window.screenshot("verdict-worse").await?;
    go(&window, "releases").await?;
    window.test_id("promote-production").has("aria-disabled", "true").await?;
    window.test_id("override-production").click().await?;
    window.test_id("confirm-yes").has("aria-disabled", "true").await?;
    window.test_id("override-reason").fill("The fair opens today").await?;
    window.test_id("override-by").fill("Ada").await?;
    window.screenshot("confirm-override").await?;
    window.test_id("confirm-yes").click().await?;
    is_live(&home, &window, &open).await?;

    // And back.
    window.test_id("rollback-production").click().await?;
    window.test_id("confirm").shows("Roll").await?;
    window.screenshot("confirm-rollback").await?;
    window.test_id("confirm-yes").click().await?;
    is_live(&home, &window, &fixed).await?;
    window.test_id("history").shows("The fair opens today").await?;
    window.screenshot("releases-rolled-back").await?;

    go(&window, "versions").await?;
    window.test_id("timeline").shows("live in production").await?;
    window.test_id("heat-map").shows("print-the-prompt").await?;
    window.screenshot("versions").await?;
    window.test_id("as-table").click().await?;
    let table = window.test_id("timeline-table");
    table.shows("Pass").await?;
    table.shows("Fail").await?;
    window.screenshot("versions-table").await?;
    go(&window, "home").await?;
    window.test_id("health").shows("is live in production").await?;
    window.screenshot("home").await?;
    window.close().await?;

    // What answers there keeps what the open version gave away.
    let asked = command_line(&home, &["run", "safety", "--version", &fixed, "--at", "production"]).await?;
    let judged = asked.pointer("/specs/0").cloned().unwrap_or_default();
    assert_eq!(judged["endpoint"], "demo:help-desk@production");
    assert_eq!((&judged["version"]["id"], &judged["outcome"]), (&json!(fixed), &json!("pass")), "{judged}");
    Ok(())
}

/// Waits until the page shows `version` as live, and holds it against the pointer and the command line's word.
async fn is_live(home: &Home, window: &Window, version: &str) -> anyhow::Result<()> {
    let live = window.test_id("live-production");
    live.shows(short(version)).await?;
    live.has("data-mark", "pass").await?;
    window.test_id("status-production").shows("live").await?;

    let pointer = fs::read(home.sample().join("deploy/production/current.json"))?;
    let pointer: Value = serde_json::from_slice(&pointer)?;
    assert_eq!(pointer["version"], version);

    let status = command_line(home, &["status"]).await?;
    let said = |field: &str| status.pointer(&format!("/environments/0/live/{field}")).and_then(Value::as_str);
    assert_eq!((said("version"), said("rung")), (Some(version), Some("served")));
    Ok(())
}
