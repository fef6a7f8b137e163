//! Asking what is served until the target is proved, or time is up.

use std::{collections::VecDeque, time::Duration};

use gatewright_core::id::VersionId;
use tokio_util::sync::CancellationToken;

use super::enact::Patience;
use crate::{
    clock::Clock,
    port::release::{Probe, Served},
};

/// An observation of an endpoint.
pub(super) struct Watch<'a> {
    pub(super) probe: &'a dyn Probe,
    pub(super) clock: &'a dyn Clock,
    pub(super) patience: Patience,
    /// What the adapter says the last old answer may take.
    pub(super) propagation: Duration,
    pub(super) from: Option<VersionId>,
    pub(super) to: VersionId,
}

/// What the endpoint serves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// The target: enough answers in a row, over a quiet window.
    Target,
    /// What was live before, still.
    Former,
    /// Another version.
    Foreign,
    /// Nobody knows: no answers, or answers that name no version, or the observation was called off.
    Nothing,
}

/// What an observation found, with moments by the clock.
pub(super) struct Watched {
    pub(super) seen: Seen,
    /// The first answer by the target.
    pub(super) first_new: Option<Duration>,
    /// The last answer by another than the target.
    pub(super) last_old: Option<Duration>,
    pub(super) words: String,
}

/// One answer of the endpoint.
enum Answer {
    Target,
    Former,
    Foreign(VersionId),
    Nothing(String),
}

impl Watch<'_> {
    /// Asks until the target is proved or time is up; then the answers of the last window decide what it is.
    pub(super) async fn until_known(&self, cancel: &CancellationToken) -> Watched {
        let probes = self.patience.probes.max(1);
        let pause = self.patience.quiet / probes;
        let began = self.clock.elapsed();
        let until = began + self.patience.observe.max(self.propagation + self.patience.quiet);
        let mut watched =
            Watched { seen: Seen::Nothing, first_new: None, last_old: None, words: String::new() };
        let mut last: VecDeque<Answer> = VecDeque::new();
        let (mut in_a_row, mut since) = (0_u32, began);
        loop {
            let asked = self.clock.elapsed();
            let answer = tokio::select! {
                answer = self.ask() => answer,
                () = cancel.cancelled() => {
                    watched.words = "the observation was called off".to_owned();
                    return watched;
                }
            };
            let now = self.clock.elapsed();
            match answer {
                Answer::Target => {
                    watched.first_new.get_or_insert(now);
                    if in_a_row == 0 {
                        since = asked;
                    }
                    in_a_row += 1;
                }
                Answer::Former | Answer::Foreign(_) => {
                    watched.last_old = Some(now);
                    in_a_row = 0;
                }
                Answer::Nothing(_) => in_a_row = 0,
            }
            if in_a_row >= probes && now.saturating_sub(since) >= self.patience.quiet {
                watched.seen = Seen::Target;
                watched.words = format!("{in_a_row} answers in a row name it, on fresh connections");
                return watched;
            }
            last.push_back(answer);
            if last.len() > probes as usize {
                last.pop_front();
            }
            if now >= until {
                (watched.seen, watched.words) = self.judge(&last);
                return watched;
            }
            let rest = pause.saturating_sub(now.saturating_sub(asked));
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    async fn ask(&self) -> Answer {
        let limit = self.patience.answer;
        match tokio::time::timeout(limit, self.probe.ask()).await {
            Ok(Ok(Served::Version(version))) if version == self.to => Answer::Target,
            Ok(Ok(Served::Version(version))) if Some(version) == self.from => Answer::Former,
            Ok(Ok(Served::Version(version))) => Answer::Foreign(version),
            Ok(Ok(Served::Unnamed(words))) if words.is_empty() => {
                Answer::Nothing("the answers name no version".to_owned())
            }
            Ok(Ok(Served::Unnamed(words))) => Answer::Nothing(format!("the answers name `{words}`")),
            Ok(Err(why)) => Answer::Nothing(why),
            Err(_) => Answer::Nothing(format!("no answer within {limit:?}")),
        }
    }

    /// What the last answers say, when they do not prove the target.
    fn judge(&self, last: &VecDeque<Answer>) -> (Seen, String) {
        let of = last.len();
        let former = last.iter().filter(|answer| matches!(answer, Answer::Former)).count();
        let foreign = last.iter().find_map(|answer| match answer {
            Answer::Foreign(version) => Some(version),
            _ => None,
        });
        let waited = self.patience.observe;
        if former > 0 {
            let words = format!(
                "{former} of the last {of} answers still came from the former version after {waited:?}"
            );
            return (Seen::Former, words);
        }
        if let Some(version) = foreign {
            return (Seen::Foreign, format!("{} answers, which is neither side", version.0.short()));
        }
        let why = last.iter().rev().find_map(|answer| match answer {
            Answer::Nothing(why) => Some(why.as_str()),
            _ => None,
        });
        (Seen::Nothing, format!("not proved after {waited:?}: {}", why.unwrap_or("too few answers")))
    }
}
