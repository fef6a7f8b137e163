//! What is live, and moving it.

use std::time::Duration;

use gatewright_core::{
    decision::{Refusal, Statement, Word},
    id::{EnvironmentName, VersionId},
    release::{Kind, Release, Rung, State},
    spec::{quarantine_sentence, workspace::Environment},
    version::Version,
};
use gatewright_engine::{
    deploy::Enacted,
    store::table::Ground,
    supervisor::{Lane, ReleaseError, Settled, Wish},
};
use tokio_util::sync::CancellationToken;

use super::{Local, run, time};
use crate::{
    document::{
        CandidateDocument, EnvironmentDocument, FORMAT, LiveDocument, OpenDocument, OverrideDocument,
        ReleaseDocument, RollbackDocument, SettleDocument, StatusDocument, TimesDocument,
    },
    error::{ApiError, Code},
    whereabouts,
};

/// The words of `promote`.
#[derive(Clone, Debug, Default)]
pub struct PromoteWords {
    /// Where.
    pub environment: String,
    /// Which version; the present one when none.
    pub version: Option<String>,
    /// Against the verdict, for this reason.
    pub overriding: Option<String>,
    /// A first version, for this reason.
    pub bootstrap: Option<String>,
    /// Who says so.
    pub by: Option<String>,
    /// What [`Local::outside`] told whoever asks: what the target names, and no release made live.
    pub over: Option<VersionId>,
}

impl Local {
    /// Every environment, with its way back checked.
    ///
    /// # Errors
    /// Files have errors, or the history cannot be read.
    pub async fn status(&self) -> Result<StatusDocument, ApiError> {
        let lanes = self.engine.lanes(&self.reading).await?;
        let environments = lanes.iter().map(|lane| self.lane(lane)).collect::<Result<_, _>>()?;
        Ok(StatusDocument { format: FORMAT, environments })
    }

    fn lane(&self, lane: &Lane) -> Result<EnvironmentDocument, ApiError> {
        let newest = self.engine.store().read(|read| read.releases(&lane.environment, 1))?.pop();
        let unknown = whereabouts::unknown(lane, newest.as_ref().map(|row| &row.release), |version| {
            self.called(version)
        })?;
        let live = match lane.live.as_ref().filter(|_| unknown.is_none()) {
            Some(row) => Some(LiveDocument {
                version: row.release.to,
                label: self.label(row.release.to)?,
                since: lane.since.map(time).unwrap_or_default(),
                rung: rung(row.release.rung),
                overridden: self.word_behind(&row.release)?,
            }),
            None => None,
        };
        let problem = lane.readiness.as_ref().and_then(|ready| {
            [&ready.content, &ready.reachable, &ready.switchable]
                .into_iter()
                .find_map(|part| part.clone().err())
        });
        let open = lane.open.as_ref().map(|release| OpenDocument {
            release: release.id,
            state: state(release.state),
            to: release.to,
        });
        Ok(EnvironmentDocument {
            environment: lane.environment.to_string(),
            live,
            unknown,
            candidate: CandidateDocument {
                version: lane.candidate.as_ref().map(|version| version.id),
                may_ship: lane.candidate.is_some() && lane.refusals.is_empty(),
                reasons: lane.refusals.iter().map(ToString::to_string).collect(),
                candidates_tried: lane.tried.iter().map(run::tried).collect(),
                quarantine: self.quarantined(lane),
            },
            previous: lane.previous,
            rollback: RollbackDocument {
                ready: lane.readiness.as_ref().is_some_and(|ready| ready.is_ready()),
                checked_at: time(lane.looked_at),
                reason: match (&lane.previous, &lane.readiness) {
                    (None, _) => Some(self.nothing_before(lane)?),
                    (Some(_), None) => Some("the folder is not trusted to look".to_owned()),
                    (Some(_), Some(_)) => problem,
                },
            },
            open,
        })
    }

    /// Why a rollback that names no version would go nowhere.
    fn nothing_before(&self, lane: &Lane) -> Result<String, ApiError> {
        let Some(version) = lane.rolled_back_from else { return Ok("nothing was live before".to_owned()) };
        let called = self.named(version)?;
        Ok(format!("{called} was rolled back from: name it with `--to` to go there again"))
    }

    /// What the specs that an environment requires let off, a sentence each.
    fn quarantined(&self, lane: &Lane) -> Vec<String> {
        let required = lane.tried.iter().filter_map(|tried| {
            let spec = self.reading.good().find(|spec| spec.name == tried.spec)?;
            Some(format!("{}: {}", spec.name, quarantine_sentence(&spec.quarantine)?))
        });
        required.collect()
    }

    /// Whether there is an environment to act on: what cannot be done needs no trust and no word.
    ///
    /// # Errors
    /// There is no such environment, or the workspace file has errors.
    pub fn knows_environment(&self, name: &str) -> Result<(), ApiError> {
        self.environment(&name.into()).map(|_| ())
    }

    /// Whether the workspace names any environment.
    #[must_use]
    pub fn has_environments(&self) -> bool {
        self.reading.workspace.as_ref().is_some_and(|workspace| !workspace.environments.is_empty())
    }

    fn environment(&self, name: &EnvironmentName) -> Result<&Environment, ApiError> {
        let found = self.workspace()?.environments.get(name);
        found.ok_or_else(|| {
            let missing = ApiError::from(ReleaseError::NoSuchEnvironment(name.clone()));
            let known = self.reading.workspace.iter().flat_map(|workspace| workspace.environments.keys());
            match known.map(ToString::to_string).collect::<Vec<_>>().as_slice() {
                [] => missing.hint("Add it to gatewright.yaml."),
                known => {
                    missing.hint(format!("There are: {}. `gatewright status` shows them.", known.join(", ")))
                }
            }
        })
    }

    /// The version that `promote` means, and the environment, for asking before it acts.
    ///
    /// # Errors
    /// There is no such environment or version.
    pub fn promotion(&self, words: &PromoteWords) -> Result<(EnvironmentName, Version), ApiError> {
        self.engine.store().check_writable()?;
        let workspace = self.workspace()?;
        let name: EnvironmentName = words.environment.as_str().into();
        let environment = self.environment(&name)?;
        let version = match &words.version {
            Some(version) => self.engine.version(version)?.version,
            None => {
                let trust = self.engine.trust(workspace)?;
                let agent = &workspace.agents[&environment.agent];
                let present = self.engine.present(workspace, agent, &trust)?.version;
                if self.engine.store().read(|read| read.version(present.id))?.is_none() {
                    return Err(ApiError::new(Code::Refused, "the present version was never asked anything")
                        .hint("`gatewright run` seals it and judges it."));
                }
                present
            }
        };
        Ok((name, version))
    }

    /// What the target of an environment names, where no release made that live: a promotion replaces it by a person's
    /// word alone.
    ///
    /// # Errors
    /// There is no such environment, or the history cannot be read.
    pub async fn outside(&self, name: &EnvironmentName) -> Result<Option<VersionId>, ApiError> {
        Ok(self.engine.outside(&self.reading, name).await?)
    }

    /// What many candidates do to the chance, a sentence for each spec that an environment requires and that heard
    /// several.
    ///
    /// # Errors
    /// There is no such environment, or the history cannot be read.
    pub fn tried(&self, name: &EnvironmentName) -> Result<Vec<String>, ApiError> {
        let tried = self.engine.tried_in(&self.reading, self.environment(name)?)?;
        let said = tried.iter().filter_map(|tried| Some(format!("{}: {}", tried.spec, tried.sentence()?)));
        Ok(said.collect())
    }

    /// Lets a version go live.
    ///
    /// # Errors
    /// The decision is no, or nothing could be carried out.
    pub async fn promote(
        &self,
        words: &PromoteWords,
        cancel: &CancellationToken,
    ) -> Result<ReleaseDocument, ApiError> {
        let clicked = self.engine.clock().elapsed();
        let (environment, version) = self.promotion(words)?;
        let wish = Wish { version: &version, word: word(words)?, over: words.over };
        match self.engine.promote(&self.reading, &environment, wish, clicked, cancel).await {
            Ok(enacted) => self.document_of(&enacted),
            Err(ReleaseError::Refused(refusals)) => {
                self.engine.log_refusal(&environment, version.id, &refusals).await?;
                let cure = cure(words, &refusals);
                Err(ApiError::from(ReleaseError::Refused(refusals)).hint(cure))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The version that a rollback would put back: the named one, else what was live before.
    ///
    /// # Errors
    /// There is nothing to go back to, or no version is meant.
    pub fn way_back(&self, environment: &str, to: Option<&str>) -> Result<VersionId, ApiError> {
        let to = to.map(|words| self.engine.version(words)).transpose()?.map(|row| row.version.id);
        Ok(self.engine.rollback_target(&environment.into(), to)?)
    }

    /// What is live in an environment, as the history has it.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn live_in(&self, environment: &str) -> Result<Option<VersionId>, ApiError> {
        let newest = self.engine.store().read(|read| read.lives(&environment.into(), 1))?.pop();
        Ok(newest.map(|row| row.release.to))
    }

    /// Puts an earlier version back.
    ///
    /// # Errors
    /// There is nothing to go back to, or nothing could be carried out.
    pub async fn roll_back(
        &self,
        environment: &str,
        to: Option<&str>,
        cancel: &CancellationToken,
    ) -> Result<ReleaseDocument, ApiError> {
        let clicked = self.engine.clock().elapsed();
        let to = to.map(|words| self.engine.version(words)).transpose()?.map(|row| row.version.id);
        let enacted = self.engine.roll_back(&self.reading, &environment.into(), to, clicked, cancel).await?;
        self.document_of(&enacted)
    }

    /// Settles what was left open.
    ///
    /// # Errors
    /// Files have errors, or the history cannot be read.
    pub async fn settle(&self, cancel: &CancellationToken) -> Result<SettleDocument, ApiError> {
        let mut releases = Vec::new();
        for settled in self.engine.settle(&self.reading, None, cancel).await? {
            releases.push(match settled {
                Settled::Read(enacted) => self.document_of(&enacted)?,
                Settled::NoEnvironment(release) => self.release(
                    &release,
                    "Its environment is no longer in gatewright.yaml: put it back to settle it.",
                )?,
                Settled::Left(release, error) => self.release(&release, &error.to_string())?,
            });
        }
        Ok(SettleDocument { format: FORMAT, releases })
    }

    /// Settles what the last session left open; what was found is told. With `look`, endpoints are asked for so long
    /// at most. What somebody else is at, and a folder that is not trusted, are left alone.
    ///
    /// # Errors
    /// The history cannot be read or written.
    pub async fn settle_at_start(
        &self,
        look: Option<Duration>,
        cancel: &CancellationToken,
    ) -> Result<Vec<ReleaseDocument>, ApiError> {
        let settled = self.engine.settle_at_start(&self.reading, look, cancel).await?;
        let read = settled.into_iter().filter_map(|settled| match settled {
            Settled::Read(enacted) => Some(self.document_of(&enacted)),
            Settled::NoEnvironment(_) | Settled::Left(..) => None,
        });
        read.collect()
    }

    fn document_of(&self, enacted: &Enacted) -> Result<ReleaseDocument, ApiError> {
        match &enacted.back {
            Some(back) => {
                let first = sentence(&enacted.release, &enacted.evidence);
                let mut document = self.release(&back.release, &back.evidence)?;
                document.sentence = format!("{first} {}", document.sentence);
                Ok(document)
            }
            None => self.release(&enacted.release, &enacted.evidence),
        }
    }

    /// The person's word that a release rests on, where it rests on one.
    fn word_behind(&self, release: &Release) -> Result<Option<OverrideDocument>, ApiError> {
        let decision = self.engine.store().read(|read| read.decision(release.grant))?;
        Ok(decision.and_then(|decision| {
            let kind = match decision.ground {
                Ground::Override => "override",
                Ground::Bootstrap => "bootstrap",
                Ground::Refused | Ground::Verdicts | Ground::WasLive => return None,
            };
            let (by, reason) = (decision.actor.unwrap_or_default(), decision.reason.unwrap_or_default());
            Some(OverrideDocument { kind, by, reason })
        }))
    }

    fn release(&self, release: &Release, evidence: &str) -> Result<ReleaseDocument, ApiError> {
        let overridden = self.word_behind(release)?;
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a release are far below 2^53")]
        let ms = |us: Option<u64>| us.map(|us| us as f64 / 1000.0);
        Ok(ReleaseDocument {
            format: FORMAT,
            release: release.id,
            environment: release.environment.to_string(),
            kind: match release.kind {
                Kind::Promotion => "promotion",
                Kind::Rollback => "rollback",
                Kind::Rehearsal => "rehearsal",
            },
            from: release.from,
            to: release.to,
            state: state(release.state),
            rung: rung(release.rung),
            times_ms: TimesDocument {
                acknowledged: ms(release.times.acknowledged_us),
                first_new: ms(release.times.first_new_us),
                last_old: ms(release.times.last_old_us),
                verified: ms(release.times.verified_us),
            },
            overridden,
            sentence: sentence(release, evidence),
        })
    }
}

/// A person's word, where one was given.
fn word(words: &PromoteWords) -> Result<Option<Word>, ApiError> {
    let by = words.by.as_deref().unwrap_or_default();
    let statement = |reason: &str| {
        Statement::new(by, reason).map_err(|error| ApiError::new(Code::BadArguments, error.to_string()))
    };
    Ok(match (&words.overriding, &words.bootstrap) {
        (Some(reason), _) => Some(Word::Override(statement(reason)?)),
        (None, Some(reason)) => Some(Word::Bootstrap(statement(reason)?)),
        (None, None) => None,
    })
}

fn sentence(release: &Release, evidence: &str) -> String {
    let (to, environment) = (release.to.0.short(), &release.environment);
    match release.state {
        State::Live if release.kind == Kind::Rollback => {
            format!("{to} is live in {environment} again ({}): {evidence}.", rung(release.rung))
        }
        State::Live => format!("{to} is live in {environment} ({}): {evidence}.", rung(release.rung)),
        State::NotApplied => format!("Nothing changed in {environment}: {evidence}."),
        State::Unknown => {
            format!("Nobody knows what is live in {environment}: {evidence}. `gatewright settle` reads it.")
        }
        State::Conflict => {
            format!("{environment} holds something else than either side expected: {evidence}.")
        }
        State::Superseded => format!("A later release took over in {environment}."),
        State::Intent | State::Staged | State::Switching | State::Switched | State::Observing => {
            format!("{to} in {environment} is not proved yet: {evidence}. `gatewright settle` looks again.")
        }
    }
}

/// What to do about a refused promotion.
fn cure(words: &PromoteWords, refusals: &[Refusal]) -> String {
    let needs_a_reason = |refusal: &Refusal| {
        matches!(refusal, Refusal::Weakened(_) | Refusal::Quarantined(..) | Refusal::MovedOutside(_))
    };
    if refusals.iter().all(needs_a_reason) {
        let which = words.version.iter().map(|version| format!(" {version}")).collect::<String>();
        let promote = format!("gatewright promote {}{which} --override REASON --by NAME", words.environment);
        return format!(
            "Where that is right, say why: `{promote}`. It is logged, and marked wherever it is shown."
        );
    }
    match refusals {
        [Refusal::AlreadyLive] => "`gatewright status` shows what is live.".to_owned(),
        _ => "`gatewright verdict` shows what the gates say, `gatewright status` what else is in the way."
            .to_owned(),
    }
}

fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::None => "none",
        Rung::Pointer => "pointer",
        Rung::Served => "served",
        Rung::Healthy => "healthy",
        Rung::Smoked => "smoked",
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Intent => "intent",
        State::Staged => "staged",
        State::Switching => "switching",
        State::Switched => "switched",
        State::Observing => "observing",
        State::Live => "live",
        State::NotApplied => "not_applied",
        State::Unknown => "unknown",
        State::Conflict => "conflict",
        State::Superseded => "superseded",
    }
}
