//! Journey: somebody new tries the sample. Its first prompt is blocked, and every screen says why.

use crate::{
    desk::{go, run, try_sample},
    home::Home,
    window::Window,
};

#[tokio::test]
async fn the_first_try_is_blocked_and_cannot_be_promoted() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;
    window.screenshot("home-new").await?;
    try_sample(&window).await?;
    window.test_id("run-spec").shows("Run").await?;
    window.screenshot("specs").await?;

    run(&window).await?;
    window.screenshot("run-blocked").await?;
    window.test_id("run-verdict").click().await?;
    let sentence = window.test_id("verdict-sentence");
    sentence.has("data-outcome", "fail").await?;
    sentence.shows("Blocked").await?;
    window.test_id("criterion-quality").has("data-state", "not_met").await?;
    window.screenshot("verdict-blocked").await?;

    go(&window, "releases").await?;
    window.test_id("live-production").shows("Nothing is live").await?;
    let promote = window.test_id("promote-production");
    promote.has("aria-disabled", "true").await?;
    let why = promote.says("title", "").await?;
    assert!(why.contains("support"), "{why}");
    window.screenshot("releases-blocked").await?;

    // Beside the spec: what its gate would have said of this version, and a test of the gate that is stopped.
    go(&window, "specs").await?;
    window.test_id("tab-backtest").click().await?;
    window.test_id("backtest").shows("none judged otherwise").await?;
    window.screenshot("specs-backtest").await?;
    window.test_id("tab-selftest").click().await?;
    window.test_id("selftest-start").click().await?;
    window.test_id("selftest-cancel").click().await?;
    window.shows("No result: stopped.").await?;
    window.close().await
}
