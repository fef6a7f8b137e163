//! Makes a fresh clone build before the interface was: the app embeds `ui/dist`, so a page has to be there.

use std::{fs, io, path::Path};

/// Says what is missing to whoever opens an app that was built without its interface.
const PLACEHOLDER: &str = "<!doctype html>
<meta charset=\"utf-8\">
<meta name=\"gatewright\" content=\"placeholder\">
<title>Gatewright</title>
<p>This build holds no interface. Build it with <code>cargo xtask ui</code>, then build the app again.
";

fn main() -> io::Result<()> {
    let dist = Path::new("../ui/dist");
    let page = dist.join("index.html");
    if !page.exists() {
        fs::create_dir_all(dist)?;
        fs::write(&page, PLACEHOLDER)?;
        println!("cargo:warning=ui/dist was missing: the app gets a placeholder. Run `cargo xtask ui`.");
    }
    println!("cargo:rerun-if-changed=../ui/dist");
    // The one command the page may call; its permission is granted in capabilities/main.json.
    let manifest = tauri_build::AppManifest::new().commands(&["call"]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .map_err(|error| io::Error::other(format!("{error:#}")))
}
