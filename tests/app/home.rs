//! A person's own folders and session bus, so that a test meets nothing that another one left.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::process::Process;

/// A session bus on which nothing is started by being called.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A person's folders and their session bus: empty at first, gone at the end. Opening the app twice in one home
/// is starting it again.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    address: String,
    _bus: Process,
}

impl Home {
    /// A new one.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("gatewright-home-").tempdir()?;
        for name in ["config", "data", "cache", "state", "run", "gatewright"] {
            fs::create_dir(folder.path().join(name))?;
        }
        fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700))?;
        let config = folder.path().join("bus.conf");
        fs::write(&config, BUS)?;
        let mut bus = Process::start(
            Command::new("dbus-daemon")
                .arg(format!("--config-file={}", config.display()))
                .args(["--nofork", "--nopidfile", "--print-address=1"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let said = bus.child().stdout.take().context("the bus has a standard output")?;
        let mut address = String::new();
        BufReader::new(said).read_line(&mut address)?;
        ensure!(!address.trim().is_empty(), "the session bus ended before it said its address");
        Ok(Self { folder, address: address.trim().to_owned(), _bus: bus })
    }

    /// One whose person likes their desktop dark.
    pub(crate) fn dark() -> anyhow::Result<Self> {
        let home = Self::new()?;
        let settings = home.path().join("config/gtk-3.0");
        fs::create_dir(&settings)?;
        fs::write(
            settings.join("settings.ini"),
            "[Settings]\ngtk-application-prefer-dark-theme=1\ngtk-theme-name=Adwaita\n",
        )?;
        Ok(home)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the app puts its copy of the sample.
    pub(crate) fn sample(&self) -> PathBuf {
        self.path().join("gatewright/samples/help-desk")
    }

    /// A command that lives here and knows of nothing else but the display.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> anyhow::Result<Command> {
        let display = std::env::var_os("DISPLAY");
        let display = display.context("there is no display; `cargo xtask test` starts one")?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("DISPLAY", display)
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("HOME", self.path())
            .env("GATEWRIGHT_HOME", self.path().join("gatewright"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        for (variable, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(variable, self.path().join(folder));
        }
        Ok(command)
    }
}
