//! The narrow door to whoever serves the commands: what only a host can do, and which program this is.

use std::{env::consts, fs, future::Future, path::PathBuf, pin::Pin, sync::Arc};

pub use gatewright_engine::{
    port::demo::{Demo, DemoAddress},
    supervisor::user::{UserError, UserFolder},
};

use crate::dto::About;

/// An answer that a person may take their time for.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A file of the sample workspace: its path below the folder, with `/`, and its bytes.
pub type SampleFile = (&'static str, &'static [u8]);

/// What only a host can do.
pub trait Host: Send + Sync {
    /// What it is called in locks and leases: `app`, `test`.
    fn name(&self) -> &str;

    /// The user's folder: signing key, trust, recent workspaces.
    fn user(&self) -> UserFolder;

    /// The demo agent, where this host carries one.
    fn demo(&self) -> Option<Arc<dyn Demo>>;

    /// The files of the sample workspace; empty where this host carries none.
    fn sample(&self) -> &[SampleFile];

    /// Asks the person for a folder; none when they would rather not.
    fn pick_folder(&self) -> Pending<'_, Option<PathBuf>>;
}

/// Which program this is, and what it runs on.
#[must_use]
pub fn about() -> About {
    About {
        name: "Gatewright".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        system: fs::read_to_string("/etc/os-release")
            .ok()
            .and_then(|text| pretty_name(&text))
            .unwrap_or_else(|| format!("{} {}", consts::OS, consts::ARCH)),
    }
}

/// What an `os-release` file calls its system.
fn pretty_name(os_release: &str) -> Option<String> {
    let name = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim().trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_called_what_it_calls_itself() {
        let text = "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(pretty_name(text).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(pretty_name("ID=debian\n"), None);
    }

    #[test]
    fn about_names_the_program_and_the_system() {
        let about = about();
        assert_eq!((about.name.as_str(), about.version.as_str()), ("Gatewright", env!("CARGO_PKG_VERSION")));
        assert!(!about.system.is_empty());
    }
}
