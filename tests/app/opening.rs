//! Journey: the app is started, and its window is there.

use crate::{home::Home, window::Window};

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
