//! The app as a person meets it: started, looked at, clicked. Every wait is for a state of the page, with a
//! deadline, and says what the page showed instead.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::time::{Instant, interval, timeout};

use crate::{home::Home, process::Process};

/// How long a state may take to come; generous, for a machine under load.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Ports that the driver is started on at most.
const PORTS_TRIED_MAX: usize = 3;
/// Characters of the page that a failed wait quotes.
const QUOTE_CHARS_MAX: usize = 2_000;

/// The app's window, with the driver that looks at it. Dropped without being closed, the app is killed: that is how
/// a journey makes it crash.
pub(crate) struct Window {
    client: Client,
    _driver: Process,
}

#[allow(dead_code, reason = "a vocabulary: each journey uses some of it")]
impl Window {
    /// Starts the app in `home` with `arguments`, and waits for its page. One window a home at a time: a second
    /// start comes out as the first one's window.
    pub(crate) async fn open(home: &Home, arguments: &[&str]) -> anyhow::Result<Self> {
        let app = app()?;
        let (mut driver, port) = drive(home).await?;
        let options = json!({ "binary": app, "args": arguments });
        let capabilities = json!({ "browserName": "wry", "webkitgtk:browserOptions": options });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().cloned().context("capabilities are an object")?);
        let connected = timeout(PATIENCE, builder.connect(&format!("http://127.0.0.1:{port}"))).await;
        let client = connected.context("the app's window did not come in time")??;
        // The driver does not keep what it starts as its child.
        driver.adopt(&app, home.path());
        Ok(Self { client, _driver: driver })
    }

    /// The page's title.
    pub(crate) async fn title(&self) -> anyhow::Result<String> {
        Ok(self.client.title().await?)
    }

    /// Waits until the page shows `text`.
    pub(crate) async fn shows(&self, text: &str) -> anyhow::Result<()> {
        self.part("//body".to_owned()).shows(text).await
    }

    /// The part with `data-testid="id"`.
    pub(crate) fn test_id(&self, id: &str) -> Part<'_> {
        self.part(format!("//*[@data-testid=\"{id}\"]"))
    }

    /// What a person would call the button, link, tab or menu entry `name`.
    pub(crate) fn named(&self, name: &str) -> Part<'_> {
        let roles = ["button", "link", "tab", "menuitem", "option", "checkbox", "radio"];
        let roles = roles.map(|role| format!("@role=\"{role}\"")).join(" or ");
        self.part(format!(
            "//*[self::button or self::a or {roles}][normalize-space()=\"{name}\" or @aria-label=\"{name}\"]"
        ))
    }

    /// Presses keys where the focus is; special ones from `fantoccini::key`.
    pub(crate) async fn press(&self, keys: &str) -> anyhow::Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Runs `script` in the page and answers what it returns.
    pub(crate) async fn run(&self, script: &str) -> anyhow::Result<serde_json::Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Runs `script` in the page and answers what it hands to the function `done`.
    pub(crate) async fn run_until_done(&self, script: &str) -> anyhow::Result<serde_json::Value> {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        Ok(self.client.execute_async(&script, Vec::new()).await?)
    }

    /// Makes the page so large, as a person does who drags the window's corner.
    pub(crate) async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        self.client.set_window_size(width, height).await?;
        until(format!("the page is {width} × {height}"), async || {
            Ok(self.run("return [innerWidth, innerHeight]").await? == json!([width, height]))
        })
        .await
    }

    /// Saves what is seen as `name.png`: in the folder that `GATEWRIGHT_PICTURES` names, else in `window` beside the
    /// app.
    pub(crate) async fn screenshot(&self, name: &str) -> anyhow::Result<()> {
        let named = std::env::var_os("GATEWRIGHT_PICTURES").map(PathBuf::from);
        let folder = named.map_or_else(|| app().map(|app| app.with_file_name("window")), Ok)?;
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        // What the page says is there before it is painted: the second frame after now holds it.
        self.run_until_done("requestAnimationFrame(() => requestAnimationFrame(() => done(true)))").await?;
        fs::write(&path, self.client.screenshot().await?).with_context(|| path.display().to_string())
    }

    /// Ends the session, and with it the app.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        Ok(timeout(PATIENCE, self.client.close()).await.context("the window did not close in time")??)
    }

    /// The first part that `xpath` names.
    pub(crate) fn part(&self, xpath: String) -> Part<'_> {
        Part { window: self, xpath }
    }
}

/// A part of the page, looked up anew each time: pages redraw.
pub(crate) struct Part<'a> {
    window: &'a Window,
    xpath: String,
}

#[allow(dead_code, reason = "a vocabulary: each journey uses some of it")]
impl Part<'_> {
    /// Waits until it is there and shows `text`.
    pub(crate) async fn shows(&self, text: &str) -> anyhow::Result<()> {
        let shown = until(format!("{} shows `{text}`", self.xpath), async || {
            let Some(element) = self.find().await? else { return Ok(false) };
            Ok(text_of(&element).await.contains(text))
        });
        self.or_what_is_seen(shown.await).await
    }

    /// Waits until it is there and does something when it is clicked, and clicks it.
    pub(crate) async fn click(&self) -> anyhow::Result<()> {
        let clicked = until(format!("{} can be clicked", self.xpath), async || {
            let Some(element) = self.find().await? else { return Ok(false) };
            // What is disabled in this way takes the click, and does nothing with it.
            let Ok(disabled) = element.attr("aria-disabled").await else { return Ok(false) };
            Ok(disabled.as_deref() != Some("true") && element.click().await.is_ok())
        });
        self.or_what_is_seen(clicked.await).await
    }

    /// Waits until it is there, and types `text` into it in place of what it holds.
    pub(crate) async fn fill(&self, text: &str) -> anyhow::Result<()> {
        let filled = until(format!("{} can be filled", self.xpath), async || {
            let Some(element) = self.find().await? else { return Ok(false) };
            Ok(element.clear().await.is_ok() && element.send_keys(text).await.is_ok())
        });
        self.or_what_is_seen(filled.await).await
    }

    /// Waits until its attribute `name` is `value`.
    pub(crate) async fn has(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let has = until(format!("{} has {name}=`{value}`", self.xpath), async || {
            Ok(self.look(name).await?.is_some_and(|found| found == value))
        });
        self.or_what_is_seen(has.await).await
    }

    /// Waits until its attribute `name` is there and says something else than `before`; answers what.
    pub(crate) async fn says(&self, name: &str, before: &str) -> anyhow::Result<String> {
        let mut said = String::new();
        let says =
            until(format!("{} says by {name} something else than `{before}`", self.xpath), async || {
                said = self.look(name).await?.unwrap_or_default();
                Ok(!said.is_empty() && said != before)
            });
        self.or_what_is_seen(says.await).await?;
        Ok(said)
    }

    /// Waits until it is there, and answers what it shows.
    pub(crate) async fn text(&self) -> anyhow::Result<String> {
        let mut shown = String::new();
        let found = until(format!("{} shows something", self.xpath), async || {
            let Some(element) = self.find().await? else { return Ok(false) };
            shown = text_of(&element).await;
            Ok(!shown.is_empty())
        });
        self.or_what_is_seen(found.await).await?;
        Ok(shown)
    }

    /// Its attribute now; none while there is no such part or attribute.
    async fn look(&self, name: &str) -> anyhow::Result<Option<String>> {
        let Some(element) = self.find().await? else { return Ok(None) };
        // A part that was redrawn under our eyes is looked for again.
        Ok(element.attr(name).await.unwrap_or_default())
    }

    /// Waits until it is no longer there.
    pub(crate) async fn leaves(&self) -> anyhow::Result<()> {
        let left = until(format!("{} is gone", self.xpath), async || Ok(self.find().await?.is_none()));
        self.or_what_is_seen(left.await).await
    }

    async fn find(&self) -> anyhow::Result<Option<Element>> {
        Ok(self.window.client.find_all(Locator::XPath(&self.xpath)).await?.into_iter().next())
    }

    /// Adds the page's text to an error: what a person would have seen.
    async fn or_what_is_seen(&self, result: anyhow::Result<()>) -> anyhow::Result<()> {
        let Err(error) = result else { return Ok(()) };
        let seen = self.window.run("return document.body ? document.body.innerText : ''").await;
        let seen = seen.ok().and_then(|seen| seen.as_str().map(str::to_owned)).unwrap_or_default();
        let seen: String = seen.chars().take(QUOTE_CHARS_MAX).collect();
        Err(error.context(format!("the page shows:\n{seen}")))
    }
}

/// Starts the driver on a port of its own: one that was free a moment ago, or the next one, should another process
/// have taken it meanwhile.
async fn drive(home: &Home) -> anyhow::Result<(Process, u16)> {
    let mut ended = None;
    for _ in 0..PORTS_TRIED_MAX {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut driver = Process::start(
            home.command("WebKitWebDriver")?
                .args(["--host=127.0.0.1", &format!("--port={port}")])
                .env("TAURI_WEBVIEW_AUTOMATION", "true")
                .stdin(Stdio::null()),
        )?;
        until("WebKitWebDriver answers".to_owned(), async || {
            ended = driver.child().try_wait()?;
            Ok(ended.is_some() || TcpStream::connect(("127.0.0.1", port)).is_ok())
        })
        .await?;
        if ended.is_none() {
            return Ok((driver, port));
        }
    }
    bail!("WebKitWebDriver ends at once: {ended:?}");
}

/// Waits until `state` holds; fails after [`PATIENCE`].
pub(crate) async fn until(
    what: String,
    mut state: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut looks = interval(LOOK_EVERY);
    while !state().await? {
        ensure!(Instant::now() < deadline, "waited {} s, and not: {what}", PATIENCE.as_secs());
        looks.tick().await;
    }
    Ok(())
}

/// What an element shows; nothing when it was redrawn under our eyes: then it is looked for again. The driver's own
/// "text" leaves out what it takes for cut off.
async fn text_of(element: &Element) -> String {
    element.prop("innerText").await.ok().flatten().unwrap_or_default()
}

/// The app that was built beside this test.
pub(crate) fn app() -> anyhow::Result<PathBuf> {
    built("gatewright-app")
}

/// A program that was built beside this test.
pub(crate) fn built(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let built = test.parent().and_then(|deps| deps.parent()).context("a test lies in target/*/deps")?;
    let program = built.join(name);
    ensure!(program.exists(), "{} is missing: `cargo build --workspace` makes it", program.display());
    Ok(program)
}
