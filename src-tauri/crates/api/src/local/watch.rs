//! Following the workspace at every save.

use gatewright_core::diagnostic::render;
use gatewright_engine::{
    supervisor::{FollowError, Followed, Following},
    watch::{Settings, Watching},
};
use tokio_util::sync::CancellationToken;

use super::Local;
use crate::{
    document::{FORMAT, PassDocument, TroubleDocument, WatchDocument, WatchedDocument},
    error::{ApiError, Code},
};

/// Called with what happened, and with the findings of a pass as drawn.
pub type Hear<'a> = &'a mut (dyn FnMut(&WatchDocument, &str) + Send);

impl Local {
    /// Follows the workspace until `cancel`: at every save it is read again, recorded answers are judged anew, and what
    /// is missing is asked where `on_save` says so.
    ///
    /// # Errors
    /// The lock or the history fails. Errors in files are heard.
    pub async fn watch(
        &self,
        colour: bool,
        hear: Hear<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), ApiError> {
        let mut tell = |what: Following| {
            let drawn = match &what {
                Following::Pass(pass) => render(&pass.reading.diagnostics, &pass.reading.sources, colour),
                _ => String::new(),
            };
            hear(&WatchDocument { format: FORMAT, what: self.watched(what) }, &drawn);
        };
        let followed = tokio::select! {
            followed = self.engine.follow(Settings::default(), &mut tell, cancel) => followed,
            never = self.engine.look_after() => match never {},
        };
        followed.map_err(|error| match error {
            FollowError::Store(error) => error.into(),
            FollowError::Watch(_) => ApiError::new(Code::Internal, error.to_string()),
        })
    }

    fn watched(&self, what: Following) -> WatchedDocument {
        match what {
            Following::Waiting { holder } => WatchedDocument::Waiting { holder },
            Following::Watching(Watching::Told) => {
                WatchedDocument::Watching { polling: false, text: "Watching every file it names.".to_owned() }
            }
            Following::Watching(Watching::Polling { why, every }) => WatchedDocument::Watching {
                polling: true,
                text: format!("Looking at the files every {} ms: {why}.", every.as_millis()),
            },
            Following::Pass(pass) => match self.pass_document(*pass) {
                Ok(document) => WatchedDocument::Pass(document),
                Err(error) => WatchedDocument::RunFailed(error),
            },
            Following::Running(specs) => {
                WatchedDocument::Running { specs: specs.iter().map(ToString::to_string).collect() }
            }
            Following::Ran(Ok(report)) => match self.document(&self.engine.read(), &report) {
                Ok(document) => WatchedDocument::Ran(Box::new(document)),
                Err(error) => WatchedDocument::RunFailed(error),
            },
            Following::Ran(Err(error)) => WatchedDocument::RunFailed(error.into()),
        }
    }

    fn pass_document(&self, pass: Followed) -> Result<PassDocument, ApiError> {
        let trouble = |of: &dyn ToString, why: String| TroubleDocument { of: of.to_string(), message: why };
        let specs = pass.troubles.iter().map(|(spec, why)| trouble(spec, why.to_string()));
        let agents = pass.unreadable.iter().map(|(agent, why)| trouble(agent, why.to_string()));
        let is_there = |path: &String| self.engine.root().join(path).symlink_metadata().is_ok();
        let (saved, removed) = pass.saved.into_iter().partition(is_there);
        let reports = pass.reports.iter().map(|report| self.spec_document(&pass.reading, report));
        Ok(PassDocument {
            saved,
            removed,
            changed: pass.changed.iter().map(ToString::to_string).collect(),
            unasked: pass.unasked.iter().map(|version| version.id).collect(),
            specs_total: u32::try_from(pass.reading.specs.len()).unwrap_or(u32::MAX),
            errors: pass.reading.errors(),
            diagnostics: pass.reading.diagnostics.clone(),
            specs: reports.collect::<Result<_, _>>()?,
            troubles: specs.chain(agents).collect(),
            duration_ms: u64::try_from(pass.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}
