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
    /// Something that answers and never names a version of ours: nothing can be proved by it.
    Unnamed,
    /// Nobody knows: no answers, or the observation was called off.
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
    Unnamed(String),
    Nothing(String),
}

/// Answers of one kind, one after the other.
#[derive(Clone, Copy, Default)]
struct InARow {
    count: u32,
    since: Duration,
}

impl InARow {
    /// Hears whether another answer is of the kind; it was asked for at `asked`.
    fn hear(&mut self, of_the_kind: bool, asked: Duration) {
        if self.count == 0 {
            self.since = asked;
        }
        self.count = if of_the_kind { self.count + 1 } else { 0 };
    }

    /// Whether they are enough, over a quiet window.
    fn is_enough(self, patience: &Patience, now: Duration) -> bool {
        self.count >= patience.probes.max(1) && now.saturating_sub(self.since) >= patience.quiet
    }
}

impl Watch<'_> {
    /// Asks until the target is proved, or it is clear that no answer can prove it, or time is up; then the answers of
    /// the last window decide what it is.
    pub(super) async fn until_known(&self, cancel: &CancellationToken) -> Watched {
        let probes = self.patience.probes.max(1);
        let pause = self.patience.quiet / probes;
        let began = self.clock.elapsed();
        let until = began + self.patience.observe.max(self.propagation + self.patience.quiet);
        let mut watched =
            Watched { seen: Seen::Nothing, first_new: None, last_old: None, words: String::new() };
        let mut last: VecDeque<Answer> = VecDeque::new();
        let (mut of_the_target, mut unnamed, mut ever_named) = (InARow::default(), InARow::default(), false);
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
            of_the_target.hear(matches!(answer, Answer::Target), asked);
            unnamed.hear(matches!(answer, Answer::Unnamed(_)), asked);
            match answer {
                Answer::Target => {
                    watched.first_new.get_or_insert(now);
                    ever_named = true;
                }
                Answer::Former | Answer::Foreign(_) => {
                    watched.last_old = Some(now);
                    ever_named = true;
                }
                Answer::Unnamed(_) | Answer::Nothing(_) => {}
            }
            last.push_back(answer);
            if last.len() > probes as usize {
                last.pop_front();
            }
            if of_the_target.is_enough(&self.patience, now) {
                watched.seen = Seen::Target;
                watched.words =
                    format!("{} answers in a row name it, on fresh connections", of_the_target.count);
                return watched;
            }
            // An old process that names nothing may still stand in for one that will: propagation is waited out.
            let settled_down = now.saturating_sub(began) >= self.propagation + self.patience.quiet;
            let unprovable = !ever_named && settled_down && unnamed.is_enough(&self.patience, now);
            if unprovable || now >= until {
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
            Ok(Ok(Served::Unnamed(words))) if words.is_empty() => Answer::Unnamed("no version".to_owned()),
            Ok(Ok(Served::Unnamed(words))) => {
                Answer::Unnamed(format!("`{words}`, which is no version of ours"))
            }
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
        if let Some(Answer::Unnamed(named)) = last.back()
            && last.iter().all(|answer| matches!(answer, Answer::Unnamed(_)))
        {
            let words = format!(
                "the pointer says so; nothing proves more, because the answers of the endpoint name {named} \
                 (the header `Gatewright-Version`, or what `identity: {{ served }}` reads, would)"
            );
            return (Seen::Unnamed, words);
        }
        let why = last.iter().rev().find_map(|answer| match answer {
            Answer::Nothing(why) => Some(why.as_str()),
            _ => None,
        });
        (Seen::Nothing, format!("not proved after {waited:?}: {}", why.unwrap_or("too few answers")))
    }
}
