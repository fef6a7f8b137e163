//! The embedded demo agent, as the host offers it: only hosts know it.

use std::path::Path;

use futures_util::future::BoxFuture;

/// Opens the demo agent's addresses.
pub trait Demo: Send + Sync {
    /// The address behind `demo:NAME`. With `live`, the one that serves what the pointer in that folder names.
    ///
    /// # Errors
    /// There is no such demo, or no port could be opened; in words.
    fn open<'a>(
        &'a self,
        name: &'a str,
        live: Option<&'a Path>,
    ) -> BoxFuture<'a, Result<DemoAddress, String>>;
}

/// Where the demo agent answers in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoAddress {
    /// Up to and without `/chat/completions`.
    pub url: String,
    /// The bearer token it wants.
    pub token: String,
}
