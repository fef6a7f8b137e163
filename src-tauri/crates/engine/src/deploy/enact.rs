//! Carrying a release out: each step written down, then taken, then read back.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gatewright_core::{
    decision::{Decision, Grant, Live, decide_rollback},
    id::{EnvironmentName, ReleaseId, VersionId},
    release::{Act, Found, Heard, Kind, Release, Report, Rung, State, advance},
};
use tokio_util::sync::CancellationToken;

use super::{
    adapter::{Adapter, AdapterError, Current, ErrorClass, OpAsked, OpStatus, Pointed, Staging, Switch},
    observe::{Seen, Watch},
};
use crate::{
    clock::Clock,
    port::release::{Intent, Journal, JournalError, Opened, Probe, Sealed},
};

/// Where the releases of one environment are carried out.
pub struct Desk<'a> {
    /// Which environment: a grant for another one is refused.
    pub environment: EnvironmentName,
    /// Its target.
    pub adapter: &'a dyn Adapter,
    /// Its endpoint; without one the ladder ends at *pointer*.
    pub probe: Option<&'a dyn Probe>,
    /// What remembers.
    pub journal: &'a dyn Journal,
    /// What is deployed.
    pub sealed: Arc<dyn Sealed>,
    /// The clock by which [`Order::clicked`] was read.
    pub clock: &'a dyn Clock,
    /// Draws the id of a release: a new uuid v7 each time.
    pub draw: &'a (dyn Fn() -> ReleaseId + Send + Sync),
    /// How long to wait for what.
    pub patience: Patience,
}

/// How long to wait for what, and how much proof is enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// For a read of the target.
    pub read: Duration,
    /// For bringing content to the target.
    pub stage: Duration,
    /// For a switch; it is the deadline that the adapter is given.
    pub switch: Duration,
    /// For one answer of the endpoint.
    pub answer: Duration,
    /// Until an endpoint that does not prove the target is judged by its last answers.
    pub observe: Duration,
    /// The window in which every answer must name the target.
    pub quiet: Duration,
    /// Answers in that window, at least.
    pub probes: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            read: Duration::from_secs(5),
            stage: Duration::from_secs(300),
            switch: Duration::from_secs(30),
            answer: Duration::from_secs(5),
            observe: Duration::from_secs(30),
            quiet: Duration::from_secs(1),
            probes: 20,
        }
    }
}

/// How often the lease is renewed while something takes long.
const BEAT: Duration = Duration::from_secs(1);

/// What an adapter is given beyond its deadline before nobody waits for it any more.
const SWITCH_GRACE: Duration = Duration::from_secs(2);

/// A release to be carried out.
#[derive(Clone, Debug)]
pub struct Order {
    /// What allows it.
    pub grant: Grant,
    /// Whether it is the way back, practised: such a release never goes back by itself.
    pub rehearsal: bool,
    /// When a person clicked, by [`Clock::elapsed`]: the measured times begin here.
    pub clicked: Duration,
}

/// How far a release got.
#[derive(Clone, PartialEq, Debug)]
pub struct Enacted {
    /// The release as the journal has it.
    pub release: Release,
    /// What was found, in words.
    pub evidence: String,
    /// The release that led back, where this one was bad.
    pub back: Option<Box<Enacted>>,
}

/// Why nothing was carried out, or nobody can say how far.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnactError {
    /// The grant is for another environment.
    #[error("the grant is for `{granted}`, this is `{here}`")]
    Elsewhere {
        /// What was granted.
        granted: EnvironmentName,
        /// Where it was to be used.
        here: EnvironmentName,
    },
    /// The way back begins with a read, and the target cannot be read. Nothing was begun: what was open stays open.
    #[error("the target cannot be read, so nothing was begun: {0}")]
    OutOfReach(AdapterError),
    /// The journal did not do it. What was sent before stays sent: the release is settled when the journal works.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Desk<'_> {
    /// Carries a granted release out, as far as it goes. Enacted a second time, a grant does nothing and answers with
    /// what became of it the first time.
    ///
    /// What the target or the endpoint does is no error but a state of the release. `cancel` stops it cleanly before
    /// the switch is sent; later it is a wish to the adapter, and ends the observation with the release still open.
    ///
    /// # Errors
    /// The grant is for another environment, a rollback's target cannot be read, or the journal refuses.
    pub async fn enact(&self, order: &Order, cancel: &CancellationToken) -> Result<Enacted, EnactError> {
        let grant = &order.grant;
        if *grant.environment() != self.environment {
            return Err(EnactError::Elsewhere {
                granted: grant.environment().clone(),
                here: self.environment.clone(),
            });
        }
        let kind = match (order.rehearsal, grant.is_rollback()) {
            (true, _) => Kind::Rehearsal,
            (false, true) => Kind::Rollback,
            (false, false) => Kind::Promotion,
        };
        let intent = Intent { id: (self.draw)(), kind, grant: grant.clone() };
        if intent.takes_over() {
            // To take over from an open release and then not get through would only hide that it is open.
            bounded(self.patience.read, self.adapter.current()).await.map_err(EnactError::OutOfReach)?;
        }
        let release = match self.journal.open(&intent).await? {
            Opened::New(release) => release,
            Opened::Known(release) => {
                let evidence = "this grant was enacted before".to_owned();
                return Ok(Enacted { release, evidence, back: None });
            }
        };
        let mut step = Step::new(self, release, Some(order.clicked));
        step.stage(grant, cancel).await?;
        step.go_on(cancel).await
    }

    /// What the target says is live, and what became of the release's switch where that is not known.
    async fn read(&self, release: &Release) -> (Found, String) {
        // First what became of it: from then on it cannot arrive late, so what is read after that stays true.
        let status = match release.state {
            State::Switched | State::Observing => Ok(OpStatus::Applied),
            _ => {
                let asked = OpAsked { op_id: release.id, fence: release.fence };
                bounded(self.patience.read, self.adapter.op_status(&asked)).await
            }
        };
        let current = match bounded(self.patience.read, self.adapter.current()).await {
            Ok(current) => current,
            Err(error) => return (Found::Unreachable, format!("the target cannot be read: {error}")),
        };
        let version = current.version();
        let (found, words) = match status {
            Err(error) if error.class != ErrorClass::NotSupported => {
                // Nobody keeps a switch on its way from arriving still.
                (Found::Unreachable, format!("the target does not say what became of the switch: {error}"))
            }
            Ok(OpStatus::InProgress) => (Found::Unreachable, "somebody is at the switch".to_owned()),
            Ok(OpStatus::Applied) if version == Some(release.to) => {
                (Found::Target, "the switch was made".to_owned())
            }
            Ok(OpStatus::Applied) => (Found::Other, "the switch was made, and undone since".to_owned()),
            Ok(OpStatus::NotApplied) => (found(&current, release), "the switch was not made".to_owned()),
            Ok(OpStatus::Unknown) | Err(_) => {
                (found(&current, release), "the target cannot say whether the switch was made".to_owned())
            }
        };
        (found, format!("{words}; live is {}", in_words(&current)))
    }
}

/// Which side of a release is live.
fn found(current: &Current, release: &Release) -> Found {
    if current.version() == Some(release.to) {
        Found::Target
    } else if is_what_was(current, release.from) {
        Found::Former
    } else {
        Found::Other
    }
}

/// A release in hand.
pub(super) struct Step<'d, 'a> {
    desk: &'d Desk<'a>,
    release: Release,
    /// When a person clicked; none for a release that is settled, of which nothing can be measured any more.
    clicked: Option<Duration>,
    /// What is to be done next.
    act: Act,
    evidence: String,
}

impl<'d, 'a> Step<'d, 'a> {
    pub(super) fn new(desk: &'d Desk<'a>, release: Release, clicked: Option<Duration>) -> Self {
        Self { desk, release, clicked, act: Act::Read, evidence: String::new() }
    }

    /// Hears a report: what becomes of the release is written down before anything follows from it.
    async fn hear(&mut self, heard: Heard, evidence: String) -> Result<(), JournalError> {
        let (state, act) = advance(&self.release, Report { fence: self.release.fence, heard });
        self.act = act;
        self.evidence = evidence;
        if act == Act::Ignore {
            return Ok(());
        }
        self.release.state = state;
        self.desk.journal.record(&self.release, &self.evidence).await
    }

    /// Microseconds since the click.
    fn since_click(&self, moment: Duration) -> Option<u64> {
        self.clicked
            .map(|clicked| u64::try_from(moment.saturating_sub(clicked).as_micros()).unwrap_or(u64::MAX))
    }

    /// Does what takes long, and keeps the lease meanwhile. Whoever lost it stops at once; that a sign of life could
    /// not be written down stops nobody.
    async fn beating<T>(&self, work: impl Future<Output = T>) -> Result<T, JournalError> {
        let lost = async {
            loop {
                tokio::time::sleep(BEAT).await;
                match self.desk.journal.beat(&self.release).await {
                    Ok(()) => {}
                    Err(fenced @ JournalError::Fenced { .. }) => return fenced,
                    Err(error) => tracing::warn!(%error, release = %self.release.id, "no sign of life"),
                }
            }
        };
        tokio::select! {
            done = work => Ok(done),
            fenced = lost => Err(fenced),
        }
    }

    /// What is live, when a switch of the release that this one took over from can no longer arrive.
    async fn read_at_rest(&self) -> Result<Current, AdapterError> {
        let (adapter, limit) = (self.desk.adapter, self.desk.patience.read);
        if let Some(op_id) = self.release.supersedes {
            // All fences before this release's own.
            let asked = OpAsked { op_id, fence: self.release.fence.saturating_sub(1) };
            match bounded(limit, adapter.op_status(&asked)).await {
                Err(error) if error.class != ErrorClass::NotSupported => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        bounded(limit, adapter.current()).await
    }

    /// Reads what is live and brings the version next to it.
    async fn stage(&mut self, grant: &Grant, cancel: &CancellationToken) -> Result<(), JournalError> {
        let (adapter, patience) = (self.desk.adapter, self.desk.patience);
        let current = match self.read_at_rest().await {
            Ok(current) => current,
            Err(error) => {
                return self.hear(Heard::Declined, format!("the target cannot be read: {error}")).await;
            }
        };
        match self.release.kind {
            Kind::Promotion if !is_what_was(&current, self.release.from) => {
                let words = format!(
                    "decided while {} was live; live is {}",
                    name(self.release.from),
                    in_words(&current)
                );
                return self.hear(Heard::Moved, words).await;
            }
            Kind::Promotion => {}
            // The way back starts from whatever is live.
            Kind::Rollback | Kind::Rehearsal => self.release.from = current.version(),
        }
        let staging =
            Staging { version: grant.to(), manifest: grant.sealed(), sealed: Arc::clone(&self.desk.sealed) };
        let staged = async {
            tokio::select! {
                staged = bounded(patience.stage, adapter.stage(&staging)) => staged,
                () = cancel.cancelled() => Err(AdapterError::new(ErrorClass::Cancelled, "called off")),
            }
        };
        let staged = self.beating(staged).await?;
        match staged {
            Ok(target_ref) => {
                let evidence = format!("{target_ref} lies at the target");
                self.release.target_ref = Some(target_ref);
                self.release.expected_revision = current.revision;
                self.hear(Heard::Staged, evidence).await
            }
            Err(error) => self.hear(Heard::Declined, format!("could not be staged: {error}")).await,
        }
    }

    /// Does what is to be done until there is nothing more.
    pub(super) fn go_on<'s>(
        mut self,
        cancel: &'s CancellationToken,
    ) -> BoxFuture<'s, Result<Enacted, EnactError>>
    where
        'd: 's,
        'a: 's,
    {
        Box::pin(async move {
            let mut back = None;
            loop {
                match self.act {
                    Act::Announce if cancel.is_cancelled() => {
                        self.hear(Heard::Declined, "called off before the switch".to_owned()).await?;
                    }
                    Act::Announce => self.hear(Heard::Sending, "the switch is being sent".to_owned()).await?,
                    Act::Send => self.send(cancel).await?,
                    Act::Read => self.read_back().await?,
                    Act::Observe => self.observe(cancel).await?,
                    Act::GoBack => back = self.go_back(cancel).await?.map(Box::new),
                    Act::Rest | Act::Ignore => break,
                }
            }
            Ok(Enacted { release: self.release, evidence: self.evidence, back })
        })
    }

    async fn send(&mut self, cancel: &CancellationToken) -> Result<(), JournalError> {
        let limit = self.desk.patience.switch;
        let switch = Switch {
            op_id: self.release.id,
            from: self.release.from,
            to: self.release.to,
            target_ref: self.release.target_ref.clone().unwrap_or_default(),
            expected_revision: self.release.expected_revision.clone(),
            fence: self.release.fence,
            deadline_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        let sent = tokio::time::timeout(limit + SWITCH_GRACE, self.desk.adapter.switch(&switch, cancel));
        let sent = self.beating(sent).await?;
        match sent {
            Ok(Ok(switched)) => {
                self.release.times.acknowledged_us = self.since_click(self.desk.clock.elapsed());
                self.hear(Heard::Acknowledged, switched.evidence).await
            }
            Ok(Err(error)) => {
                let heard = match error.class {
                    ErrorClass::UnknownOutcome => Heard::NoAnswer,
                    ErrorClass::Conflict => Heard::Moved,
                    ErrorClass::Retryable
                    | ErrorClass::Final
                    | ErrorClass::Precondition
                    | ErrorClass::NotSupported
                    | ErrorClass::Cancelled => Heard::Declined,
                };
                self.hear(heard, error.message).await
            }
            Err(_) => self.hear(Heard::NoAnswer, format!("no answer to the switch within {limit:?}")).await,
        }
    }

    async fn read_back(&mut self) -> Result<(), JournalError> {
        let (found, evidence) = self.desk.read(&self.release).await;
        if found == Found::Target {
            self.release.rung = self.release.rung.max(Rung::Pointer);
        }
        self.hear(Heard::Read(found), evidence).await
    }

    async fn observe(&mut self, cancel: &CancellationToken) -> Result<(), JournalError> {
        let Some(probe) = self.desk.probe else {
            self.release.times.verified_us = self.since_click(self.desk.clock.elapsed());
            let words = "the pointer says so; the environment has no endpoint that could prove it".to_owned();
            return self.hear(Heard::Verified, words).await;
        };
        let watch = Watch {
            probe,
            clock: self.desk.clock,
            patience: self.desk.patience,
            propagation: Duration::from_millis(self.desk.adapter.describe().propagation_ms.unwrap_or(0)),
            from: self.release.from,
            to: self.release.to,
        };
        let watched = self.beating(watch.until_known(cancel)).await?;
        self.release.times.first_new_us = watched.first_new.and_then(|moment| self.since_click(moment));
        self.release.times.last_old_us = watched.last_old.and_then(|moment| self.since_click(moment));
        match watched.seen {
            Seen::Target | Seen::Unnamed => {
                // An endpoint may lag behind a pointer that was moved again: both must say so.
                let (found, evidence) = self.desk.read(&self.release).await;
                match found {
                    Found::Target => {
                        if watched.seen == Seen::Target {
                            self.release.rung = self.rung_above_served().await;
                        }
                        self.release.times.verified_us = self.since_click(self.desk.clock.elapsed());
                        self.hear(Heard::Verified, watched.words).await
                    }
                    found => self.hear(Heard::Read(found), evidence).await,
                }
            }
            Seen::Former => self.hear(Heard::StillFormer, watched.words).await,
            Seen::Foreign => self.hear(Heard::Foreign, watched.words).await,
            Seen::Nothing => {
                // Trouble on the way proves nothing and moves nothing: it stays open until it is settled.
                self.act = Act::Rest;
                self.evidence = watched.words;
                self.desk.journal.record(&self.release, &self.evidence).await
            }
        }
    }

    /// *Healthy* where the target itself says that what runs is the version, and well; else *served*.
    async fn rung_above_served(&self) -> Rung {
        if !self.desk.adapter.describe().observes {
            return Rung::Served;
        }
        match bounded(self.desk.patience.read, self.desk.adapter.observe()).await {
            Ok(seen) if seen.healthy == Some(true) && seen.version == Some(self.release.to) => Rung::Healthy,
            Ok(_) | Err(_) => Rung::Served,
        }
    }

    /// Opens the release that leads back. It takes over from this one, and never goes back itself.
    async fn go_back(&mut self, cancel: &CancellationToken) -> Result<Option<Enacted>, EnactError> {
        let order = match self.order_back().await? {
            Ok(order) => order,
            Err(why) => {
                let words = format!("{}; it cannot go back: {why}", self.evidence);
                self.hear(Heard::Foreign, words).await?;
                return Ok(None);
            }
        };
        let back = Box::pin(self.desk.enact(&order, cancel)).await?;
        let (state, act) =
            advance(&self.release, Report { fence: back.release.fence, heard: Heard::TakenOver });
        (self.release.state, self.act) = (state, act);
        Ok(Some(back))
    }

    /// The order that leads back to what was live before, or why there is none.
    async fn order_back(&self) -> Result<Result<Order, String>, JournalError> {
        let Some(from) = self.release.from else { return Ok(Err("nothing was live before".to_owned())) };
        let lived = self.desk.journal.lived(&self.release.environment, from).await?;
        let Some(target) = lived.as_ref().and_then(Release::was_live) else {
            return Ok(Err(format!("{} was never live and verified here", from.0.short())));
        };
        let manifest = match self.desk.sealed.manifest(from) {
            Ok(manifest) => manifest,
            Err(why) => return Ok(Err(why)),
        };
        let live = Live { version: Some(self.release.to), open: Some(self.release.id), ..Live::default() };
        let seq = self.desk.journal.seq().await?;
        let clicked = self.desk.clock.elapsed();
        Ok(match decide_rollback(&self.release.environment, &target, &manifest, &live, seq) {
            Decision::Granted(grant) => Ok(Order { grant: *grant, rehearsal: false, clicked }),
            Decision::Refused(refusals) => {
                Err(refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
        })
    }
}

/// A call of the adapter that changes nothing, given up after a while.
pub(crate) async fn bounded<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, AdapterError>>,
) -> Result<T, AdapterError> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        Err(AdapterError::new(ErrorClass::Retryable, format!("no answer within {limit:?}")))
    })
}

/// Whether the target still runs what was live when the release was decided on.
fn is_what_was(current: &Current, from: Option<VersionId>) -> bool {
    match from {
        Some(from) => current.version() == Some(from),
        None => current.pointed == Pointed::Nothing,
    }
}

fn name(version: Option<VersionId>) -> String {
    version.map_or_else(|| "nothing".to_owned(), |version| version.0.short())
}

pub(super) fn in_words(current: &Current) -> String {
    let what = match &current.pointed {
        Pointed::Nothing => "nothing".to_owned(),
        Pointed::Version(version) => version.0.short(),
        Pointed::NotOurs(what) => format!("not ours: {what}"),
        Pointed::Split(what) => format!("several at once: {what}"),
    };
    match &current.revision {
        Some(revision) => format!("{what} (revision {revision})"),
        None => what,
    }
}
