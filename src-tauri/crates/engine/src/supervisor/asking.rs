//! From a sealed version to something that can be asked: what decides its behaviour comes from the seal, where it
//! answers and with which key from the workspace.

use std::{path::Path, sync::Arc};

use gatewright_core::{
    id::Digest,
    spec::{
        Currency,
        workspace::{Access, Agent as AgentSpec, Auth, Content},
    },
    version::{Component, Drive, Manifest},
};

use super::{
    recipe::{self, DEMO_SCHEME},
    trust::{NotTrusted, Trust},
};
use crate::{
    agent::{self, Config, ConfigError, Context, Key, Secret, SecretError},
    port::{agent::Agent, demo::Demo},
};

/// Why an agent cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskingError {
    /// The folder is not trusted with it.
    #[error(transparent)]
    NotTrusted(#[from] NotTrusted),
    /// Its key cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Its configuration does not work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The demo agent is not here.
    #[error("`{url}`: {why}")]
    Demo {
        /// As the workspace names it.
        url: String,
        /// In words.
        why: String,
    },
    /// A version that is not what the files say can only be asked where we send what it is.
    #[error(
        "this agent has its own prompt at its address, so another version cannot be asked there: ask it where it is served, with `--at ENVIRONMENT`"
    )]
    Hosted,
    /// Sealed content is gone or damaged.
    #[error("the sealed content of the version cannot be used: {0}")]
    Sealed(String),
    /// The sealed copy could not be laid out.
    #[error("cannot lay out the sealed copy: {0}")]
    Scratch(#[from] std::io::Error),
}

/// Reads sealed content by its digest.
pub(super) type Contents<'a> = &'a (dyn Fn(&Digest) -> Result<Vec<u8>, String> + Sync);

/// What it takes to ask.
pub(super) struct Asking<'a> {
    pub(super) root: &'a Path,
    pub(super) trust: &'a Trust,
    pub(super) demo: Option<&'a Arc<dyn Demo>>,
    pub(super) context: &'a Context,
    pub(super) currency: Currency,
    pub(super) fixed_concurrency: bool,
    /// Whether each answer's first token matters, so that answers are streamed.
    pub(super) stream: bool,
    /// Whether every call opens a connection of its own.
    pub(super) fresh_connections: bool,
    /// Where a sealed copy may be laid out; it has to live as long as the agent.
    pub(super) scratch: &'a Path,
}

/// Another address than the agent's own.
pub(super) struct Elsewhere<'a> {
    pub(super) url: &'a str,
    pub(super) auth: Option<&'a Auth>,
    /// The folder whose pointer the demo agent follows there.
    pub(super) target: Option<&'a Path>,
}

impl Asking<'_> {
    /// Connects to `agent` as the version that `manifest` is. With `elsewhere`, at another address.
    pub(super) async fn connect(
        &self,
        agent: &AgentSpec,
        manifest: &Manifest,
        contents: Contents<'_>,
        elsewhere: Option<Elsewhere<'_>>,
    ) -> Result<Arc<dyn Agent>, AskingError> {
        let access = sealed_access(&agent.access, manifest, contents)?;
        if let Access::Command(_) = &access {
            self.may(&access, None)?;
            lay_out(self.scratch, manifest, contents)?;
        }
        self.open(agent, access, elsewhere).await
    }

    /// Connects to what is live at an address: it has its own prompt, so none is sent.
    pub(super) async fn connect_live(
        &self,
        agent: &AgentSpec,
        elsewhere: Elsewhere<'_>,
    ) -> Result<Arc<dyn Agent>, AskingError> {
        let mut access = agent.access.clone();
        match &mut access {
            Access::OpenaiChat(chat) => (chat.prompt, chat.tools) = (None, None),
            Access::Http(http) => http.prompt = None,
            Access::Command(_) => {}
        }
        self.open(agent, access, Some(elsewhere)).await
    }

    async fn open(
        &self,
        agent: &AgentSpec,
        mut access: Access,
        elsewhere: Option<Elsewhere<'_>>,
    ) -> Result<Arc<dyn Agent>, AskingError> {
        let auth = elsewhere.as_ref().map_or(agent.auth.as_ref(), |elsewhere| elsewhere.auth);
        if let Some(elsewhere) = &elsewhere {
            set_url(&mut access, elsewhere.url);
        }
        self.may(&access, auth)?;
        let url = url(&access).map(str::to_owned);
        let key = auth.map(|auth| agent::key(auth, self.root, &agent::Machine)).transpose()?;
        let mut config = Config::new(agent, self.currency, key);
        config.access = access;
        config.fixed_concurrency = self.fixed_concurrency;
        config.stream = self.stream;
        config.fresh_connections = self.fresh_connections;
        if let Some(url) = url.filter(|url| url.starts_with(DEMO_SCHEME)) {
            let target = elsewhere.and_then(|elsewhere| elsewhere.target);
            self.demo(&mut config, &url, target).await?;
        }
        if let Access::Command(command) = &config.access {
            let named = command.env.iter();
            config.variables = named
                .filter_map(|name| std::env::var(name).ok().map(|value| (name.clone(), value)))
                .collect();
            config.folder = Some(self.scratch.to_owned());
        }
        Ok(agent::connect(config, self.context)?)
    }

    /// Whether the folder is trusted with what asking this way takes.
    fn may(&self, access: &Access, auth: Option<&Auth>) -> Result<(), NotTrusted> {
        recipe::acts(access, auth).iter().try_for_each(|act| self.trust.may(act))
    }

    async fn demo(&self, config: &mut Config, url: &str, target: Option<&Path>) -> Result<(), AskingError> {
        let failed = |why: String| AskingError::Demo { url: url.to_owned(), why };
        let demo =
            self.demo.ok_or_else(|| failed("the demo agent is not part of this program".to_owned()))?;
        let name = url.trim_start_matches(DEMO_SCHEME);
        let address = demo.open(name, target).await.map_err(failed)?;
        set_url(&mut config.access, &address.url);
        config.key = Some(Key::bearer(Secret::new(&address.token), "the demo agent"));
        Ok(())
    }
}

fn url(access: &Access) -> Option<&str> {
    match access {
        Access::OpenaiChat(chat) => Some(&chat.url),
        Access::Http(http) => Some(&http.url),
        Access::Command(_) => None,
    }
}

fn set_url(access: &mut Access, to: &str) {
    match access {
        Access::OpenaiChat(chat) => to.clone_into(&mut chat.url),
        Access::Http(http) => to.clone_into(&mut http.url),
        Access::Command(_) => {}
    }
}

/// The way to speak to an agent, with everything that decides its behaviour taken from the seal.
fn sealed_access(
    access: &Access,
    manifest: &Manifest,
    contents: Contents<'_>,
) -> Result<Access, AskingError> {
    let value = |name: &str| match manifest.components.get(&name.into()) {
        Some(Component::Value(value)) => Some(value.clone()),
        _ => None,
    };
    let text = |name: &str| -> Result<Option<String>, AskingError> {
        let Some(Component::Content(entry)) = manifest.components.get(&name.into()) else { return Ok(None) };
        let bytes = contents(&entry.digest).map_err(AskingError::Sealed)?;
        String::from_utf8(bytes).map(Some).map_err(|error| AskingError::Sealed(error.to_string()))
    };
    let prompt = text("prompt")?.map(|text| Content { text, file: None });
    let mut access = access.clone();
    match &mut access {
        Access::OpenaiChat(chat) => {
            chat.prompt = prompt;
            chat.model = value("model").and_then(|model| model.as_str().map(str::to_owned));
            chat.params = value("params").and_then(|params| params.as_object().cloned()).unwrap_or_default();
            chat.tools = text("tools")?
                .map(|tools| {
                    serde_json::from_str(&tools).map_err(|error| AskingError::Sealed(error.to_string()))
                })
                .transpose()?;
        }
        Access::Http(http) => {
            http.prompt = prompt;
            if let Some(request) = value("request") {
                let unusable = |error: serde_json::Error| AskingError::Sealed(error.to_string());
                http.method = serde_json::from_value(request["method"].clone()).map_err(unusable)?;
                http.headers = serde_json::from_value(request["headers"].clone()).map_err(unusable)?;
                http.body = request["body"].clone();
            }
        }
        Access::Command(command) => {
            if let Some(sealed) = value("command") {
                let unusable = |error: serde_json::Error| AskingError::Sealed(error.to_string());
                command.argv = serde_json::from_value(sealed["argv"].clone()).map_err(unusable)?;
                command.env = serde_json::from_value(sealed["env"].clone()).map_err(unusable)?;
            }
        }
    }
    Ok(access)
}

/// Lays the sealed files out below `folder`, at the paths that they had in the workspace.
fn lay_out(folder: &Path, manifest: &Manifest, contents: Contents<'_>) -> Result<(), AskingError> {
    let Some(Component::Files(files)) = manifest.components.get(&"files".into()) else { return Ok(()) };
    for (path, entry) in files {
        let bytes = contents(&entry.digest).map_err(AskingError::Sealed)?;
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(&path, bytes)?;
        if entry.executable {
            make_executable(&path)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Whether a version other than the one that the files describe may be asked at the agent's own address.
pub(super) fn any_version(drive: Drive) -> bool {
    matches!(drive, Drive::Assembled | Drive::Spawned)
}
