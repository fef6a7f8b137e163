//! Journey: the app is started, and its window is there; once, and closed to strangers.

use serde_json::json;

use crate::{
    desk,
    home::Home,
    process::output,
    window::{self, Window},
};

#[tokio::test]
async fn the_window_opens_and_says_what_answers_it() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;

    window.shows("Gatewright").await?;
    assert_eq!(window.title().await?, "Gatewright");
    window.test_id("about").shows(concat!("Gatewright ", env!("CARGO_PKG_VERSION"))).await?;
    window.screenshot("opening").await?;
    window.close().await
}

#[tokio::test]
async fn a_second_start_leaves_it_to_the_first() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;

    let second = output(home.command(window::app()?)?).await?;
    assert!(second.status.success(), "{second:?}");
    window.shows("Gatewright").await?;
    window.close().await
}

#[tokio::test]
async fn without_a_display_the_app_says_so_and_does_not_panic() -> anyhow::Result<()> {
    let home = Home::new()?;
    let mut command = home.command(window::app()?)?;
    command.env_remove("DISPLAY");

    let ended = output(command).await?;
    let said = String::from_utf8(ended.stderr)?;
    assert_eq!(ended.status.code(), Some(70), "{said}");
    assert!(said.starts_with("There is no display to open a window on"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_page_takes_scripts_and_styles_from_the_app_alone() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;

    let taken = window
        .run(
            "const nonce = document.querySelector('style').nonce;
             const add = (tag, text, nonce) => {
               const element = document.createElement(tag);
               if (nonce) element.nonce = nonce;
               element.textContent = text;
               document.head.append(element);
             };
             add('script', 'window.ran = true');
             add('style', '#app { --stranger: 1 }');
             add('style', '#app { --known: 1 }', nonce);
             const style = getComputedStyle(document.getElementById('app'));
             const seen = (name) => style.getPropertyValue(name) !== '';
             return { script: window.ran === true, stranger: seen('--stranger'), known: seen('--known') };",
        )
        .await?;
    assert_eq!(taken, json!({ "script": false, "stranger": false, "known": true }));
    window.close().await
}

#[tokio::test]
async fn the_page_cannot_reach_past_the_command_list() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;

    for command in ["plugin:dialog|open", "plugin:window|close", "plugin:event|emit", "plugin:webview|print"]
    {
        let script = format!(
            "window.__TAURI_INTERNALS__.invoke('{command}', {{}})
               .then(() => done('it was done'), (why) => done(String(why)));"
        );
        let said = window.run_until_done(&script).await?;
        let said = said.as_str().unwrap_or_default();
        assert!(said.contains("not allowed"), "{command}: {said}");
    }
    window.close().await
}

#[tokio::test]
async fn a_dark_desktop_gets_a_dark_window() -> anyhow::Result<()> {
    let home = Home::dark()?;
    let window = Window::open(&home, &["--sample"]).await?;
    window.test_id("workspace-name").shows("help-desk").await?;

    let ground = window.run("return getComputedStyle(document.body).backgroundColor").await?;
    assert_eq!(ground, json!("rgb(17, 20, 23)"));
    desk::run(&window).await?;
    window.screenshot("dark-run").await?;
    window.test_id("run-verdict").click().await?;
    window.test_id("verdict-sentence").has("data-outcome", "fail").await?;
    for screen in ["verdict", "specs", "versions", "releases", "home"] {
        desk::go(&window, screen).await?;
        window.screenshot(&format!("dark-{screen}")).await?;
    }
    window.close().await
}
