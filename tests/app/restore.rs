//! Journey: the history is damaged while the app is closed. The next start says so, and goes on from the backup of the
//! last release.

use std::{fs, path::PathBuf};

use rusqlite::Connection;

use crate::{
    desk::{command_line, go, put_prompt, run, try_sample},
    home::Home,
    window::{Window, until},
};

#[tokio::test]
async fn a_damaged_history_is_shown_and_goes_on_from_its_backup_by_two_clicks() -> anyhow::Result<()> {
    let home = Home::new()?;
    let window = Window::open(&home, &[]).await?;
    try_sample(&window).await?;
    let live = put_prompt(&home, &window, "6-fixed").await?;
    run(&window).await?;
    go(&window, "releases").await?;
    window.test_id("promote-production").click().await?;
    window.test_id("confirm-yes").click().await?;
    window.test_id("status-production").shows("live").await?;
    until("the release is backed up".to_owned(), async || Ok(!backups(&home)?.is_empty())).await?;
    put_prompt(&home, &window, "2-better").await?;
    run(&window).await?;
    window.close().await?;
    damage(&home)?;

    let window = Window::open(&home, &["--sample"]).await?;
    window.test_id("damage-sentence").shows("The history of help-desk is damaged").await?;
    window.test_id("backup").shows("1, the last").await?;
    window.test_id("missing").shows("Signed checkpoints saw it up to entry").await?;
    window.screenshot("restore").await?;
    window.test_id("restore").click().await?;
    window.test_id("confirm").shows("set aside, whole").await?;
    window.screenshot("restore-confirm").await?;
    window.test_id("confirm-yes").click().await?;
    window.test_id("workspace-name").shows("help-desk").await?;
    window.test_id("toast").shows(".gatewright/damaged-").await?;
    window.test_id("health").shows("The history goes on from its backup").await?;
    window.test_id("status-production").shows("live").await?;
    window.screenshot("restored").await?;
    window.close().await?;

    let status = command_line(&home, &["status"]).await?;
    assert_eq!(status["environments"][0]["live"]["version"], live, "{status}");
    let verified = command_line(&home, &["verify"]).await?;
    let findings = verified["findings"].as_array().cloned().unwrap_or_default();
    assert_eq!(findings.len(), 1, "{verified}");
    assert!(findings[0].as_str().is_some_and(|said| said.contains("goes on from its backup")), "{verified}");
    Ok(())
}

/// Every backup of the sample.
fn backups(home: &Home) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(folders) = fs::read_dir(home.path().join("gatewright/backups")) else { return Ok(found) };
    for folder in folders {
        for file in fs::read_dir(folder?.path())? {
            let path = file?.path();
            // One that is still being made has another name.
            if path.extension().is_some_and(|found| found == "db") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Flips a bit at the head of every page but the first. What waits in the WAL is brought home first: it would stand
/// before the pages.
fn damage(home: &Home) -> anyhow::Result<()> {
    let database = home.sample().join(".gatewright/history.db");
    Connection::open(&database)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let mut bytes = fs::read(&database)?;
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[0] ^= 0x40;
    }
    Ok(fs::write(&database, bytes)?)
}
