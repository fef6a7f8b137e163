//! What journeys do at the same desk: open the sample, edit its prompt, run its gates, ask the command line.

use std::fs;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{
    home::Home,
    process::output,
    window::{Window, built},
};

/// Clicks *Try the sample*, and waits until its specs are there.
pub(crate) async fn try_sample(window: &Window) -> anyhow::Result<()> {
    window.test_id("try-sample").click().await?;
    window.test_id("workspace-name").shows("help-desk").await?;
    window.test_id("status-trust").shows("Trusted folder").await
}

/// Goes to a screen by the rail.
pub(crate) async fn go(window: &Window, screen: &str) -> anyhow::Result<()> {
    window.test_id(&format!("nav-{screen}")).click().await?;
    window.part(format!("//main[@data-screen=\"{screen}\"]//*")).text().await.map(drop)
}

/// The version that the files of the workspace make now, once it is another one than `before`.
pub(crate) async fn present(window: &Window, before: &str) -> anyhow::Result<String> {
    let chip = window.part("//*[@data-testid=\"present-version\"]//button".to_owned());
    chip.says("data-version", before).await
}

/// Puts one of the sample's prompts in place, as an editor would: the file is written, and nobody is told. Answers
/// the version that the app sees then.
pub(crate) async fn put_prompt(home: &Home, window: &Window, name: &str) -> anyhow::Result<String> {
    let before = present(window, "").await?;
    let prompts = home.sample().join("prompts");
    let text = fs::read(prompts.join(format!("versions/{name}.md")))?;
    fs::write(prompts.join("system.md"), text)?;
    present(window, &before).await
}

/// Runs every spec, and waits until the run has ended with a verdict.
pub(crate) async fn run(window: &Window) -> anyhow::Result<()> {
    // Another screen first: a run that was looked at before is not taken for this one.
    go(window, "home").await?;
    window.test_id("run-start").click().await?;
    window.test_id("run-sentence").has("data-phase", "ended").await
}

/// The first digits of a version, as people see them.
pub(crate) fn short(version: &str) -> &str {
    version.strip_prefix("sha256:").and_then(|hex| hex.get(..8)).unwrap_or(version)
}

/// What the command line answers in the sample, as JSON.
pub(crate) async fn command_line(home: &Home, arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = home.command(built("gatewright")?)?;
    command.arg("--dir").arg(home.sample()).arg("--json").args(arguments);
    let ended = output(command).await?;
    let (said, wrong) = (String::from_utf8(ended.stdout)?, String::from_utf8(ended.stderr)?);
    ensure!(!said.is_empty(), "`gatewright {}` said nothing: {wrong}", arguments.join(" "));
    serde_json::from_str(&said).with_context(|| format!("{said}\n{wrong}"))
}
