//! Journey: the app dies in the middle of a run. Nothing that was answered is lost, and the run goes on.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Json, Router, routing::post};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{
    desk::go,
    home::Home,
    window::{Window, until},
};

/// Questions that are answered before the agent falls silent: some of the run, by far not all of it. A gate of 95 %
/// against 90 % needs 38.
const ANSWERED_FIRST: usize = 12;

/// A chat agent on loopback that answers as often as it is allowed to, and then keeps its callers waiting.
struct SlowAgent {
    address: String,
    allowed: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
}

impl SlowAgent {
    async fn start(allowed: usize) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}/v1", listener.local_addr()?);
        let allowed = Arc::new(Semaphore::new(allowed));
        let asked = Arc::new(AtomicUsize::new(0));
        let answer = {
            let (allowed, asked) = (Arc::clone(&allowed), Arc::clone(&asked));
            move || {
                let (allowed, asked) = (Arc::clone(&allowed), Arc::clone(&asked));
                async move {
                    asked.fetch_add(1, Ordering::SeqCst);
                    if let Ok(permit) = allowed.acquire().await {
                        permit.forget();
                    }
                    Json(reply())
                }
            }
        };
        let router = Router::new().route("/v1/chat/completions", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, allowed, asked })
    }
}

fn reply() -> Value {
    json!({
        "id": "one", "object": "chat.completion", "model": "slow-1",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": "Good day" }
        }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 }
    })
}

fn workspace(folder: &Path, address: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder.join("specs"))?;
    fs::write(
        folder.join("gatewright.yaml"),
        format!(
            "gatewright: 1\nname: slow\nagents:\n  greeter:\n    type: openai-chat\n    url: {address}\n    \
             model: slow-1\n    prompt: Greet.\n    limits: {{ concurrency: 2 }}\n"
        ),
    )?;
    fs::write(
        folder.join("specs/greeting.yaml"),
        "name: greeting\nagent: greeter\ncases:\n  - name: morning\n    input: Good morning\n    \
         expect: { contains: Good }\n  - name: evening\n    input: Good evening\n    expect: { contains: Good }\n\
         gate:\n  quality: { metric: pass_rate, target: 95%, floor: 90% }\n",
    )?;
    Ok(())
}

/// Every recorded answer of the workspace by its id: read while nobody writes, or beside who does.
fn answers(folder: &Path) -> anyhow::Result<Vec<(i64, i64)>> {
    let database = folder.join(".gatewright/history.db");
    let open = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut found = open.prepare("SELECT id, answer FROM trial WHERE answer IS NOT NULL ORDER BY id")?;
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_a_crash_broke_off_goes_on_where_it_was() -> anyhow::Result<()> {
    let home = Home::new()?;
    let agent = SlowAgent::start(ANSWERED_FIRST).await?;
    let folder = home.path().join("slow");
    workspace(&folder, &agent.address)?;
    let path = folder.display().to_string();

    let window = Window::open(&home, &[&path]).await?;
    window.test_id("workspace-name").shows("slow").await?;
    window.named("See what it would do").click().await?;
    window.test_id("trust-give").click().await?;
    window.test_id("status-trust").shows("Trusted folder").await?;
    window.test_id("run-start").click().await?;
    window.test_id("run-sentence").has("data-phase", "running").await?;
    until("the answers are recorded, and the agent is silent".to_owned(), async || {
        Ok(answers(&folder).is_ok_and(|found| found.len() == ANSWERED_FIRST))
    })
    .await?;
    window.screenshot("run-going").await?;
    drop(window);

    let kept = answers(&folder)?;
    assert_eq!(kept.len(), ANSWERED_FIRST);
    agent.allowed.add_permits(Semaphore::MAX_PERMITS / 2);

    let window = Window::open(&home, &[&path]).await?;
    window.test_id("status-trust").shows("Trusted folder").await?;
    go(&window, "home").await?;
    window.test_id("health").shows("The last run broke off").await?;
    window.screenshot("home-broken-off").await?;
    window.named("Go on").click().await?;
    window.test_id("run-sentence").has("data-phase", "ended").await?;
    window.test_id("run-verdict").click().await?;
    window.test_id("verdict-sentence").has("data-outcome", "pass").await?;
    window.close().await?;

    let all = answers(&folder)?;
    assert!(all.len() > kept.len(), "{}", all.len());
    assert_eq!(all.get(..kept.len()), Some(&kept[..]), "what was answered is as it was");
    // Nothing that was answered is asked again: only what hung at the crash was asked twice.
    let asked = agent.asked.load(Ordering::SeqCst);
    assert!(asked <= all.len() + 2, "{asked} questions for {} answers", all.len());
    Ok(())
}
