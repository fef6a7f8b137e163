//! Keys: found by reference, held without being shown.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use gatewright_core::spec::workspace::{Auth, SecretSource};

/// Bytes of a file with a key at most.
const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The value of a key. It is not shown by `Debug`, and has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// From its value.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self(value.into())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// A key, and how it is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// The header, lower case.
    pub header: String,
    /// What stands before the key in it: `Bearer ` or nothing.
    pub prefix: String,
    /// The key.
    pub secret: Secret,
    /// Where it comes from, as the workspace names it.
    pub from: String,
}

impl Key {
    /// A bearer token.
    #[must_use]
    pub fn bearer(secret: Secret, from: &str) -> Self {
        let (header, prefix) = ("authorization".to_owned(), "Bearer ".to_owned());
        Self { header, prefix, secret, from: from.to_owned() }
    }
}

/// Where variables come from: the process, or what a test gives.
pub trait Secrets: Send + Sync {
    /// The value of a variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Secrets for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No such variable.
    #[error("the variable `{0}` is not set; set it where Gatewright is started")]
    NotSet(String),
    /// There, but without a value.
    #[error("the key in {0} is empty")]
    Empty(String),
    /// Others could read it.
    #[error("the key file {path} can be read by others (mode {mode:04o}); run `chmod 600 {path}`")]
    Open {
        /// The file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else.
    #[error("the key file {0} does not hold one line of text of at most 64 KB")]
    NotAKey(String),
    /// It cannot be read.
    #[error("the key file {path} cannot be read")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Finds the key that `auth` refers to; a path that is not absolute lies below `workspace`.
///
/// # Errors
/// There is no such key, or it is not kept privately.
pub fn key(auth: &Auth, workspace: &Path, secrets: &dyn Secrets) -> Result<Key, SecretError> {
    let value = match &auth.secret {
        SecretSource::Env(name) => {
            let value = secrets.variable(name).ok_or_else(|| SecretError::NotSet(name.clone()))?;
            not_empty(value, &format!("the variable `{name}`"))?
        }
        SecretSource::File(path) => from_file(&workspace.join(path))?,
    };
    Ok(Key {
        header: auth.header.to_lowercase(),
        prefix: auth.prefix.clone(),
        secret: Secret::new(&value),
        from: auth.secret.to_string(),
    })
}

/// The variables that a command may see, with their values.
///
/// # Errors
/// One of them is not set.
pub fn variables(names: &[String], secrets: &dyn Secrets) -> Result<BTreeMap<String, String>, SecretError> {
    let value = |name: &String| secrets.variable(name).ok_or_else(|| SecretError::NotSet(name.clone()));
    names.iter().map(|name| Ok((name.clone(), value(name)?))).collect()
}

fn from_file(path: &Path) -> Result<String, SecretError> {
    let shown = path.display().to_string();
    let unreadable = |source| SecretError::Unreadable { path: shown.clone(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::Open { path: shown, mode });
        }
    }
    if !metadata.is_file() || metadata.len() > SECRET_FILE_BYTES_MAX {
        return Err(SecretError::NotAKey(shown));
    }
    let text = String::from_utf8(std::fs::read(path).map_err(unreadable)?);
    let text = text.map_err(|_| SecretError::NotAKey(shown.clone()))?;
    if text.trim().contains(['\n', '\r']) {
        return Err(SecretError::NotAKey(shown));
    }
    not_empty(text, &shown)
}

fn not_empty(value: String, place: &str) -> Result<String, SecretError> {
    let value = value.trim();
    if value.is_empty() { Err(SecretError::Empty(place.to_owned())) } else { Ok(value.to_owned()) }
}
