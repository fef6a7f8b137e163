//! What a machine needs before anything can be built or tested, and how it gets it.

use std::{
    env, fs,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    place,
    say::say,
    step::{Failure, Steps, answer, minutes},
};

/// The releases of Node that build the interface, as `ui/package.json` says under `engines`.
const NODE: &str = "20.19 or a later 20, or 22.12 or newer";

/// How we notice that something is there.
enum Probe {
    /// A program on the path.
    Program(&'static str),
    /// A library, by the name pkg-config knows it by.
    Library(&'static str),
}

/// Something a machine needs.
struct Need {
    /// Package of Debian and Ubuntu.
    package: &'static str,
    /// What it is, for people on other systems.
    what: &'static str,
    probe: Probe,
}

const fn need(package: &'static str, what: &'static str, probe: Probe) -> Need {
    Need { package, what, probe }
}

/// To build the app on Linux.
const BUILD: [Need; 5] = [
    need("build-essential", "a C compiler and linker", Probe::Program("cc")),
    need("pkg-config", "pkg-config", Probe::Program("pkg-config")),
    need("libdbus-1-dev", "D-Bus, development files", Probe::Library("dbus-1")),
    need("libwebkit2gtk-4.1-dev", "WebKitGTK 4.1, development files", Probe::Library("webkit2gtk-4.1")),
    need("git", "git", Probe::Program("git")),
];

/// To drive the real window on Linux.
const WINDOW: [Need; 3] = [
    need("xvfb", "Xvfb, an X server without a screen", Probe::Program("Xvfb")),
    need("dbus", "the D-Bus daemon", Probe::Program("dbus-daemon")),
    need("webkit2gtk-driver", "WebKitWebDriver, of WebKitGTK", Probe::Program("WebKitWebDriver")),
];

/// To look at the interface: Debian's Chromium, or what a person has in its place.
const BROWSER: Need = need("chromium", "Chromium", Probe::Program("chromium"));
/// Names of browsers that do as well.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Names the browser where it is none of these.
const BROWSER_VARIABLE: &str = "CHROMIUM";

impl Need {
    fn is_met(&self) -> bool {
        match self.probe {
            Probe::Program(name) => place::program(name).is_some(),
            Probe::Library(name) => answer("pkg-config", &["--exists", name]).is_some(),
        }
    }
}

/// Installs what building needs.
///
/// # Errors
/// When something is missing and cannot be installed here.
pub(crate) fn to_build(steps: &mut Steps) -> Result<(), Failure> {
    if cfg!(target_os = "linux") {
        install(steps, &missing(&BUILD))?;
    }
    node(steps)
}

/// Installs what driving the real window needs, building included.
///
/// # Errors
/// When something is missing and cannot be installed here.
pub(crate) fn to_test(steps: &mut Steps) -> Result<(), Failure> {
    if cfg!(target_os = "linux") {
        let needs: Vec<&Need> = [missing(&BUILD), missing(&WINDOW)].concat();
        install(steps, &needs)?;
    }
    node(steps)
}

/// The browser that the interface is looked at in; none where this system's packages offer none.
///
/// # Errors
/// When it is offered, and yet cannot be installed.
pub(crate) fn browser(steps: &mut Steps) -> Result<Option<PathBuf>, Failure> {
    let named = env::var_os(BROWSER_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let found = || named.clone().or_else(|| BROWSERS.iter().find_map(|name| place::program(name)));
    if found().is_none() && cfg!(target_os = "linux") && offered(steps, BROWSER.package)?.is_some() {
        install(steps, &[&BROWSER])?;
    }
    Ok(found())
}

fn missing(needs: &'static [Need]) -> Vec<&'static Need> {
    needs.iter().filter(|need| !need.is_met()).collect()
}

/// Installs packages through apt, where there is one.
fn install(steps: &mut Steps, needs: &[&Need]) -> Result<(), Failure> {
    if needs.is_empty() {
        return Ok(());
    }
    let what = needs.iter().map(|need| format!("  {} (Debian: {})", need.what, need.package));
    let what = what.collect::<Vec<_>>().join("\n");
    if place::program("apt-get").is_none() {
        return Err(Failure::new(format!(
            "This machine lacks:\n{what}\nInstall these with your system's package manager, then run this again."
        )));
    }
    if !may_install() {
        let packages = needs.iter().map(|need| need.package).collect::<Vec<_>>().join(" ");
        return Err(Failure::new(format!(
            "This machine lacks:\n{what}\nOnly root may install packages, and there is no sudo. As root, run:\n  \
             apt-get update && apt-get install --no-install-recommends {packages}"
        )));
    }
    say!("This machine lacks:\n{what}");
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(needs.iter().map(|need| need.package));
    if !lists_are_there() {
        apt(steps, "Reading the lists of packages", &["update"])?;
        apt(steps, "Installing what is missing", &arguments)?;
    } else if apt(steps, "Installing what is missing", &arguments).is_err() {
        // Old lists name files that the mirror has replaced since.
        apt(steps, "Reading the lists of packages anew", &["update"])?;
        apt(steps, "Installing what is missing, once more", &arguments)?;
    }
    match needs.iter().find(|need| !need.is_met()) {
        None => Ok(()),
        Some(need) => Err(Failure::new(format!(
            "The package {} was installed, and yet {} is not found: is it where PATH or PKG_CONFIG_PATH points?",
            need.package, need.what
        ))),
    }
}

/// The version of a package that apt would install; none where there is no apt, or no such package.
fn offered(steps: &mut Steps, package: &str) -> Result<Option<String>, Failure> {
    if place::program("apt-get").is_some() && !lists_are_there() && may_install() {
        apt(steps, "Reading the lists of packages", &["update"])?;
    }
    let shown = answer("apt-cache", &["show", "--no-all-versions", package]).unwrap_or_default();
    Ok(shown.lines().find_map(|line| line.strip_prefix("Version:")).map(|version| version.trim().to_owned()))
}

/// Whether apt knows of any package.
fn lists_are_there() -> bool {
    let lists = fs::read_dir(Path::new("/var/lib/apt/lists")).into_iter().flatten().flatten();
    lists.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

/// Runs apt-get as root, without a question.
fn apt(steps: &mut Steps, what: &str, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        if !std::io::stdin().is_terminal() {
            sudo.arg("--non-interactive");
        }
        sudo.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"])
        .args(arguments);
    steps.run(what, minutes(30), &mut command)
}

fn may_install() -> bool {
    is_root() || place::program("sudo").is_some()
}

fn is_root() -> bool {
    answer("id", &["-u"]).is_some_and(|user| user == "0")
}

/// Checks Node, and installs it where apt has one that is new enough.
fn node(steps: &mut Steps) -> Result<(), Failure> {
    if node_is_met() {
        return Ok(());
    }
    let offered = offered(steps, "nodejs")?;
    if may_install() && offered.as_deref().is_some_and(is_node_enough) {
        apt(steps, "Installing Node", &["install", "--yes", "--no-install-recommends", "nodejs", "npm"])?;
    }
    if node_is_met() {
        return Ok(());
    }
    let found =
        answer("node", &["--version"]).map_or("none was found".to_owned(), |v| format!("{v} was found"));
    Err(Failure::new(format!(
        "The interface is built with npm and Node ({NODE}); {found}, and this system's packages offer none that \
         does. Install one from https://nodejs.org, then run this again."
    )))
}

fn node_is_met() -> bool {
    let node = answer("node", &["--version"]);
    node.as_deref().is_some_and(is_node_enough) && place::program("npm").is_some()
}

/// Whether a Node of this version is one of [`NODE`].
fn is_node_enough(text: &str) -> bool {
    version(text).is_some_and(|(major, minor)| match major {
        20 => minor >= 19,
        22 => minor >= 12,
        _ => major > 22,
    })
}

/// Major and minor number of `v20.19.2` or `20.19.2+dfsg-1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_node_and_debian_write_them() {
        assert_eq!(version("v20.19.2\n"), Some((20, 19)));
        assert_eq!(version(" 20.19.2+dfsg-1"), Some((20, 19)));
        assert_eq!(version("none"), None);
    }

    #[test]
    fn node_is_enough_where_the_interface_says_so() {
        let package = fs::read_to_string(place::ui().join("package.json")).expect("the interface's package");
        assert!(package.contains(r#""node": "^20.19 || >=22.12""#), "{package}");
        for enough in ["v20.19.0", "v20.20.2", "20.19.2+dfsg-1", "v22.12.0", "v24.1.0"] {
            assert!(is_node_enough(enough), "{enough}");
        }
        for old in ["v18.20.4", "v20.18.9", "v21.7.3", "v22.11.0", "none"] {
            assert!(!is_node_enough(old), "{old}");
        }
    }

    #[test]
    fn nothing_missing_installs_nothing() {
        let mut steps = Steps::new();
        assert!(install(&mut steps, &[]).is_ok());
    }
}
