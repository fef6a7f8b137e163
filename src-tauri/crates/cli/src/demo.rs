//! The demo agent, opened on a port of this process when a workspace names it.

use std::{collections::BTreeMap, path::Path};

use gatewright_api::local::{Demo, DemoAddress};
use gatewright_demo_agent::{DemoAgent, Settings};
use tokio::sync::OnceCell;

/// The one demo agent of this process, started when it is first asked for.
#[derive(Default)]
pub(crate) struct EmbeddedDemo {
    agent: OnceCell<DemoAgent>,
}

type Opening<'a> = std::pin::Pin<Box<dyn Future<Output = Result<DemoAddress, String>> + Send + 'a>>;

impl Demo for EmbeddedDemo {
    fn open<'a>(&'a self, name: &'a str, live: Option<&'a Path>) -> Opening<'a> {
        Box::pin(async move {
            let settings = Settings { targets: BTreeMap::new(), ..Settings::default() };
            let start = || async { DemoAgent::start(settings).await.map_err(|error| error.to_string()) };
            let agent = self.agent.get_or_try_init(start).await?;
            if let (Some((_, environment)), Some(target)) = (name.split_once('@'), live) {
                agent.serve_live(environment, target);
            }
            let url = agent.resolve(&format!("demo:{name}"));
            let url = url.ok_or_else(|| format!("there is no demo called `{name}`; there is `help-desk`"))?;
            Ok(DemoAddress { url, token: agent.token().to_owned() })
        })
    }
}
