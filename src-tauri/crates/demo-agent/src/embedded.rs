//! The demo agent as a part of a host: started when a workspace first names it, one for the process.

use std::{collections::BTreeMap, path::Path};

use tokio::sync::OnceCell;

use crate::{DemoAgent, Settings};

/// The one demo agent of a process.
#[derive(Debug, Default)]
pub struct Embedded(OnceCell<DemoAgent>);

impl Embedded {
    /// Where `demo:NAME` answers in this process, and the bearer token it wants there. With `live`, the environment
    /// in the name serves what the pointer in that folder names.
    ///
    /// # Errors
    /// There is no demo of this name, or it cannot be started; in words.
    pub async fn open(&self, name: &str, live: Option<&Path>) -> Result<(String, String), String> {
        let settings = Settings { targets: BTreeMap::new(), ..Settings::default() };
        let start = || async { DemoAgent::start(settings).await.map_err(|error| error.to_string()) };
        let agent = self.0.get_or_try_init(start).await?;
        if let (Some((_, environment)), Some(target)) = (name.split_once('@'), live) {
            agent.serve_live(environment, target);
        }
        let url = agent.resolve(&format!("demo:{name}"));
        let url = url.ok_or_else(|| format!("there is no demo called `{name}`; there is `help-desk`"))?;
        Ok((url, agent.token().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Embedded;

    #[tokio::test]
    async fn a_process_has_one_demo_with_one_token() {
        let embedded = Embedded::default();
        let (candidate, token) = embedded.open("help-desk", None).await.expect("started");
        let (live, same) = embedded.open("help-desk@production", None).await.expect("started");
        assert_eq!(token, same);
        assert_ne!(candidate, live);
        let refused = embedded.open("weather", None).await.expect_err("no such demo");
        assert_eq!(refused, "there is no demo called `weather`; there is `help-desk`");
    }
}
