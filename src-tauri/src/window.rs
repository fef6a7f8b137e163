//! The one window: painted in the theme's colour before anything is in it, remembered between starts, and closed
//! to every page but ours.

use std::path::Path;

use anyhow::Context as _;
use gatewright_api::host::UserFolder;
use tauri::{
    AppHandle, Manager as _, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent, Wry,
    webview::{Color, NewWindowResponse, PageLoadEvent},
};
use tauri_plugin_window_state::StateFlags;

use crate::{
    argument::{self, Asked, Opening},
    command,
    desktop::Desk,
};

/// The window's name; `capabilities/main.json` grants by it.
const LABEL: &str = "main";
/// `--surface` of `ui/src/styles/tokens.css`, in both themes.
const SURFACE_LIGHT: Color = Color(0xf4, 0xf5, 0xf6, 0xff);
const SURFACE_DARK: Color = Color(0x11, 0x14, 0x17, 0xff);

/// Whether there is a screen to show a window on.
///
/// # Errors
/// When there is none, saying so: the event loop below would panic.
pub(crate) fn screen() -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    if gtk::init().is_err() {
        anyhow::bail!(
            "There is no display to open a window on (DISPLAY and WAYLAND_DISPLAY name none that answers).\n\
             Start Gatewright from a desktop session, or use the command line: `gatewright --help`."
        );
    }
    Ok(())
}

/// Shows the window until the person closes it.
///
/// # Errors
/// When the window cannot be opened.
pub(crate) fn run(opening: Opening) -> anyhow::Result<()> {
    let user = UserFolder::find().context("The user's folder could not be found")?;
    tauri::Builder::default()
        // First, so that a second start ends before it touches anything.
        .plugin(tauri_plugin_single_instance::init(|app, arguments, folder| {
            again(app, arguments, Path::new(&folder));
        }))
        .plugin(tauri_plugin_dialog::init())
        .plugin(
            tauri_plugin_window_state::Builder::new()
                // Whether it is visible is ours to say: not before it is painted.
                .with_state_flags(StateFlags::all() - StateFlags::VISIBLE)
                .build(),
        )
        .invoke_handler(tauri::generate_handler![command::call])
        .setup(move |app| {
            let desk = Desk::new(app.handle(), user);
            desk.open(opening);
            app.manage(desk);
            open(app.handle())?;
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("The window could not be opened")?
        .run(|_, _| {});
    Ok(())
}

/// Whether the window did not open because the first instance was asked to show itself and died before it answered: a
/// moment later there is none.
pub(crate) fn first_is_going(error: &anyhow::Error) -> bool {
    let known = error.downcast_ref::<tauri::Error>();
    known.is_some_and(
        |error| matches!(error, tauri::Error::PluginInitialization(name, _) if name == "single-instance"),
    )
}

/// Opens the window hidden, and shows it once its page is there. A hidden page is not asked to paint, so its
/// own word for "painted" would never come; the ground below it has the theme's colour meanwhile.
fn open(app: &AppHandle) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Gatewright")
        .inner_size(1280.0, 800.0)
        .min_inner_size(800.0, 560.0)
        .visible(false)
        .background_color(SURFACE_LIGHT)
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Finished {
                report(window.show());
            }
        })
        .build()?;
    paint(&window, window.theme()?);
    let painted = window.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::ThemeChanged(theme) = event {
            paint(&painted, *theme);
        }
    });
    Ok(())
}

fn paint(window: &WebviewWindow, theme: Theme) {
    let surface = if theme == Theme::Dark { SURFACE_DARK } else { SURFACE_LIGHT };
    report(window.set_background_color(Some(surface)));
}

/// A second start: the first one's window comes forward, and hears what the second was asked to show.
fn again(app: &AppHandle<Wry>, arguments: Vec<String>, folder: &Path) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    report(window.unminimize());
    report(window.set_focus());
    let arguments = arguments.into_iter().skip(1).map(Into::into);
    if let Asked::Show(opening @ (Opening::Sample | Opening::Folder { .. })) =
        argument::parse(arguments, Some(folder))
    {
        app.state::<Desk>().open(opening);
    }
}

/// Whether an address is a page of the app itself; links to elsewhere never replace it.
fn is_ours(url: &Url) -> bool {
    let embedded = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    let served_by_vite = cfg!(not(feature = "custom-protocol")) && url.host_str() == Some("localhost");
    embedded || served_by_vite
}

/// What fails here costs comfort, not work: it is noted, and the app goes on.
fn report<T>(result: tauri::Result<T>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the window did not obey");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_fill_the_window() {
        let ours = |url: &str| is_ours(&Url::parse(url).expect("a url"));
        assert!(ours("tauri://localhost/index.html"));
        assert!(ours("http://tauri.localhost/"));
        assert!(!ours("https://example.com/"));
        assert!(!ours("http://tauri.localhost.example.com/"));
        assert!(!ours("file:///etc/passwd"));
        assert!(!ours("data:text/html,hello"));
    }
}
