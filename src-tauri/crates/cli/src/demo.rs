//! The demo agent, on a port of this process when a workspace names it.

use std::path::Path;

use gatewright_api::{
    host::Pending,
    local::{Demo, DemoAddress},
};
use gatewright_demo_agent::Embedded;

/// The one demo agent of this process.
#[derive(Default)]
pub(crate) struct EmbeddedDemo(Embedded);

impl Demo for EmbeddedDemo {
    fn open<'a>(&'a self, name: &'a str, live: Option<&'a Path>) -> Pending<'a, Result<DemoAddress, String>> {
        Box::pin(async move {
            let (url, token) = self.0.open(name, live).await?;
            Ok(DemoAddress { url, token })
        })
    }
}
