//! A journal in memory or in a file, sealed content, a real endpoint, and an adapter that can be made to fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State as AxumState, http::HeaderMap, routing::get};
use futures_util::future::BoxFuture;
use gatewright_core::{
    decision::{
        Decision, EnvironmentPolicy, Grant, Live, Proposal, Statement, Weakening, Word, decide,
        decide_rollback, sealed_digest,
    },
    id::{ComponentName, Digest, EndpointId, EnvironmentName, ReleaseId, VersionId},
    release::{Heard, Kind, Release, Report, Rung, State, Times, advance},
    time::{Millis, Seq},
    version::{Component, Drive, FileEntry, Grade, MANIFEST_FORMAT, Manifest, Provenance, Version},
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock as _, SystemClock},
    deploy::{
        Desk, EnactError, Enacted, Order, Patience,
        adapter::{
            Adapter, AdapterError, Current, Description, ErrorClass, Listed, Observed, OpAsked, OpStatus,
            Staging, Switch, SwitchPlan, Switched,
        },
        folder::Folder,
    },
    port::release::{Intent, Journal, JournalError, Opened, Probe, Sealed, Served},
};

pub(crate) fn environment() -> EnvironmentName {
    "production".into()
}

/// A new id each time, in this process.
pub(crate) fn draw() -> ReleaseId {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    let process = u128::from(std::process::id()) << 64;
    ReleaseId(process | u128::from(DRAWN.fetch_add(1, Ordering::Relaxed)))
}

/// Sealed content in memory.
#[derive(Default)]
pub(crate) struct Vault {
    manifests: Mutex<BTreeMap<VersionId, Manifest>>,
    contents: Mutex<BTreeMap<Digest, Vec<u8>>>,
}

impl Vault {
    /// Seals a version with one prompt and one executable file.
    pub(crate) fn seal(&self, prompt: &str) -> VersionId {
        let prompt = Component::Content(self.keep(prompt.as_bytes(), false));
        let tool = ("bin/tool.sh".to_owned(), self.keep(b"#!/bin/sh\n", true));
        let files = Component::Files(BTreeMap::from([tool]));
        self.seal_parts(&[("prompt", prompt), ("files", files)])
    }

    pub(crate) fn seal_parts(&self, parts: &[(&str, Component)]) -> VersionId {
        let components =
            parts.iter().map(|(name, part)| (ComponentName::from(*name), part.clone())).collect();
        let manifest = Manifest { format: MANIFEST_FORMAT, drive: Drive::Assembled, components };
        let version = manifest.id().expect("a version");
        self.manifests.lock().expect("no panic").insert(version, manifest);
        version
    }

    pub(crate) fn keep(&self, bytes: &[u8], executable: bool) -> FileEntry {
        let digest = Digest::of_bytes(bytes);
        self.contents.lock().expect("no panic").insert(digest, bytes.to_vec());
        FileEntry { digest, size: bytes.len() as u64, executable }
    }

    /// Puts other bytes under a digest.
    pub(crate) fn damage(&self, bytes: &[u8]) {
        let digest = Digest::of_bytes(bytes);
        self.contents.lock().expect("no panic").insert(digest, b"damaged".to_vec());
    }

    pub(crate) fn empty(&self) {
        self.contents.lock().expect("no panic").clear();
    }
}

impl Sealed for Vault {
    fn manifest(&self, version: VersionId) -> Result<Manifest, String> {
        let manifests = self.manifests.lock().expect("no panic");
        manifests.get(&version).cloned().ok_or_else(|| format!("{version} is not sealed here"))
    }

    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>> {
        let contents = self.contents.lock().expect("no panic");
        let bytes = contents.get(digest).cloned().ok_or(std::io::ErrorKind::NotFound)?;
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }
}

/// A journal of one environment: in memory, or also in a file that is replaced at each step.
#[derive(Default)]
pub(crate) struct Diary {
    path: Option<PathBuf>,
    book: Mutex<Book>,
    /// Whether the holder of open releases is another process that is alive.
    pub(crate) held: Mutex<bool>,
    /// Steps until somebody else takes over; none: never.
    pub(crate) taken_after: Mutex<Option<u32>>,
    /// Signs of life that could not be written down; none: they can.
    pub(crate) beats_lost: Mutex<Option<u32>>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Book {
    seq: u64,
    fence: u64,
    releases: Vec<Release>,
    steps: Vec<(ReleaseId, State, String)>,
}

impl Diary {
    pub(crate) fn at(path: PathBuf) -> Self {
        let book =
            std::fs::read(&path).ok().map(|bytes| serde_json::from_slice(&bytes).expect("a whole book"));
        Self { path: Some(path), book: Mutex::new(book.unwrap_or_default()), ..Self::default() }
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Book) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut book = self.book.lock().expect("no panic");
        let mut next = book.clone();
        let done = change(&mut next)?;
        if let Some(path) = &self.path {
            let beside = path.with_extension("new");
            std::fs::write(&beside, serde_json::to_vec(&next).expect("JSON")).expect("a written book");
            std::fs::rename(&beside, path).expect("a book in place");
        }
        *book = next;
        Ok(done)
    }

    pub(crate) fn releases(&self) -> Vec<Release> {
        self.book.lock().expect("no panic").releases.clone()
    }

    /// Those that are not over, oldest first.
    pub(crate) fn unsettled(&self) -> Vec<Release> {
        self.releases().into_iter().filter(|release| release.state.is_open()).collect()
    }

    pub(crate) fn release(&self, id: ReleaseId) -> Release {
        self.releases().into_iter().find(|release| release.id == id).expect("a known release")
    }

    /// The states that a release went through, as written down.
    pub(crate) fn states(&self, id: ReleaseId) -> Vec<State> {
        let book = self.book.lock().expect("no panic");
        book.steps.iter().filter(|step| step.0 == id).map(|step| step.1).collect()
    }
}

impl Book {
    fn open(&mut self, intent: &Intent) -> Result<Opened, JournalError> {
        let grant = &intent.grant;
        if let Some(known) = self.releases.iter().find(|release| release.grant == grant.id()) {
            return Ok(Opened::Known(known.clone()));
        }
        let fence = self.fence + 1;
        let mut supersedes = None;
        if let Some(open) = self.releases.iter_mut().find(|release| release.state.is_open()) {
            if !intent.takes_over() {
                return Err(JournalError::Busy { release: open.id, holder: "somebody".to_owned() });
            }
            open.state = advance(open, Report { fence, heard: Heard::TakenOver }).0;
            supersedes = Some(open.id);
            self.steps.push((open.id, open.state, format!("taken over by {}", intent.id)));
        }
        self.fence = fence;
        let release = Release {
            id: intent.id,
            kind: intent.kind,
            grant: grant.id(),
            environment: grant.environment().clone(),
            from: grant.from(),
            to: grant.to(),
            target_ref: None,
            expected_revision: None,
            fence,
            state: State::Intent,
            rung: Rung::None,
            times: Times::default(),
            supersedes,
        };
        self.releases.push(release.clone());
        self.steps.push((release.id, release.state, String::new()));
        Ok(Opened::New(release))
    }

    fn held(&mut self, release: &Release) -> Result<&mut Release, JournalError> {
        let fenced = JournalError::Fenced { release: release.id };
        if release.fence != self.fence {
            return Err(fenced);
        }
        let row = self.releases.iter_mut().find(|row| row.id == release.id && row.state.is_open());
        row.ok_or(fenced)
    }
}

fn now<T: Send + 'static>(value: T) -> BoxFuture<'static, T> {
    Box::pin(std::future::ready(value))
}

impl Journal for Diary {
    fn open<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Opened, JournalError>> {
        now(self.change(|book| book.open(intent)))
    }

    fn record<'a>(
        &'a self,
        release: &'a Release,
        evidence: &'a str,
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        if let Some(left) = self.taken_after.lock().expect("no panic").as_mut() {
            if *left == 0 {
                self.book.lock().expect("no panic").fence += 1;
            }
            *left = left.saturating_sub(1);
        }
        now(self.change(|book| {
            *book.held(release)? = release.clone();
            book.steps.push((release.id, release.state, evidence.to_owned()));
            Ok(())
        }))
    }

    fn beat<'a>(&'a self, release: &'a Release) -> BoxFuture<'a, Result<(), JournalError>> {
        if let Some(lost) = self.beats_lost.lock().expect("no panic").as_mut() {
            *lost += 1;
            return now(Err(JournalError::Failed("the disk is full".to_owned())));
        }
        now(self.change(|book| book.held(release).map(|_| ())))
    }

    fn claim(&self, release: ReleaseId) -> BoxFuture<'_, Result<Release, JournalError>> {
        if *self.held.lock().expect("no panic") {
            return now(Err(JournalError::Held { release, holder: "somebody".to_owned() }));
        }
        now(self.change(|book| {
            let fence = book.fence + 1;
            let row = book.releases.iter_mut().find(|row| row.id == release && row.state.is_open());
            let row = row.ok_or(JournalError::Fenced { release })?;
            row.fence = fence;
            book.fence = fence;
            Ok(row.clone())
        }))
    }

    fn lived<'a>(
        &'a self,
        _environment: &'a EnvironmentName,
        version: VersionId,
    ) -> BoxFuture<'a, Result<Option<Release>, JournalError>> {
        let lived = |release: &Release| release.to == version && release.was_live().is_some();
        now(Ok(self.releases().into_iter().rfind(lived)))
    }

    fn seq(&self) -> BoxFuture<'_, Result<Seq, JournalError>> {
        now(self.change(|book| {
            book.seq += 1;
            Ok(Seq(book.seq))
        }))
    }
}

/// How the endpoint behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// It answers by what the pointer says.
    Follows,
    /// It answers as this version, whatever the pointer says.
    Stuck(VersionId),
    /// It answers as this version so many times more, then follows.
    Lags(VersionId, u32),
    /// It answers and says nothing of its version.
    Silent,
    /// It answers as this version so many times more, then says nothing of its version.
    FallsSilent(VersionId, u32),
    /// It answers and names something that is no digest.
    Mumbles,
}

/// A real endpoint that serves what `current.json` names.
#[derive(Clone)]
pub(crate) struct Endpoint {
    root: Arc<Path>,
    manner: Arc<Mutex<Manner>>,
    pub(crate) asked: Arc<AtomicU32>,
}

impl Endpoint {
    pub(crate) fn new(root: &Path) -> Self {
        let manner = Arc::new(Mutex::new(Manner::Follows));
        Self { root: Arc::from(root), manner, asked: Arc::default() }
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().expect("no panic") = manner;
    }

    /// Listens on a port of its own until the test ends.
    pub(crate) async fn listen(&self) -> HttpProbe {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/", get(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        HttpProbe { address }
    }

    fn version(&self) -> Option<String> {
        let mut manner = self.manner.lock().expect("no panic");
        match *manner {
            Manner::Stuck(version) => return Some(version.to_string()),
            Manner::Silent | Manner::FallsSilent(_, 0) => return None,
            Manner::Mumbles => return Some("v2".to_owned()),
            Manner::FallsSilent(version, left) => {
                *manner = Manner::FallsSilent(version, left - 1);
                return Some(version.to_string());
            }
            Manner::Lags(version, left) if left > 0 => {
                *manner = Manner::Lags(version, left - 1);
                return Some(version.to_string());
            }
            Manner::Lags(..) | Manner::Follows => {}
        }
        let bytes = std::fs::read(self.root.join("current.json")).ok()?;
        let pointer: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        Some(pointer.get("version")?.as_str()?.to_owned())
    }
}

async fn answer(AxumState(endpoint): AxumState<Endpoint>) -> (HeaderMap, &'static str) {
    endpoint.asked.fetch_add(1, Ordering::Relaxed);
    let mut headers = HeaderMap::new();
    if let Some(version) = endpoint.version() {
        headers.insert("Gatewright-Version", version.parse().expect("a header"));
    }
    (headers, "hello")
}

/// Asks by HTTP/1.1, a new connection each time.
pub(crate) struct HttpProbe {
    pub(crate) address: SocketAddr,
}

impl HttpProbe {
    /// A probe of a port where nobody listens.
    pub(crate) async fn of_nobody() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self { address: listener.local_addr().expect("an address") }
    }

    async fn header(&self) -> std::io::Result<Option<String>> {
        let mut stream = tokio::net::TcpStream::connect(self.address).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let line = text
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("gatewright-version: ").map(str::to_owned));
        Ok(line)
    }
}

impl Probe for HttpProbe {
    fn ask(&self) -> BoxFuture<'_, Result<Served, String>> {
        Box::pin(async move {
            let header = self.header().await.map_err(|error| error.to_string())?;
            let header = header.unwrap_or_default();
            Ok(header.parse().map_or(Served::Unnamed(header), Served::Version))
        })
    }
}

/// What goes wrong at the target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    None,
    /// The switch is made, and its answer is lost.
    AnswerLost,
    /// The switch is lost, and so is its answer.
    SwitchLost,
    /// The switch is made; then nothing answers any more.
    DiesAfter,
    /// The switch is lost, and nothing answers any more.
    DiesBefore,
    /// The switch compares nothing and forgets every operation.
    Lax,
    /// The target says that what is live is well.
    Well,
    /// Nothing answers at all, the switch included, which is lost.
    Unreachable,
}

/// A folder behind a bad line.
pub(crate) struct Line {
    pub(crate) folder: Folder,
    pub(crate) fault: Mutex<Fault>,
    pub(crate) switches: AtomicU32,
    /// The last switch that was sent.
    pub(crate) last: Mutex<Option<Switch>>,
}

impl Line {
    pub(crate) fn new(root: &Path) -> Self {
        let fault = Mutex::new(Fault::None);
        Self { folder: Folder::new(root), fault, switches: AtomicU32::new(0), last: Mutex::new(None) }
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().expect("no panic") = fault;
    }

    fn fault(&self) -> Fault {
        *self.fault.lock().expect("no panic")
    }

    fn reach<T>(&self) -> Result<(), BoxFuture<'_, Result<T, AdapterError>>> {
        if self.fault() == Fault::Unreachable {
            let error = AdapterError::new(ErrorClass::Retryable, "no route to the target");
            return Err(Box::pin(async move { Err(error) }));
        }
        Ok(())
    }
}

impl Adapter for Line {
    fn describe(&self) -> Description {
        Description { observes: self.fault() == Fault::Well, ..self.folder.describe() }
    }

    fn current(&self) -> BoxFuture<'_, Result<Current, AdapterError>> {
        self.reach().map_or_else(|lost| lost, |()| self.folder.current())
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Listed>, AdapterError>> {
        self.reach().map_or_else(|lost| lost, |()| self.folder.list())
    }

    fn plan<'a>(&'a self, staging: &'a Staging) -> BoxFuture<'a, Result<SwitchPlan, AdapterError>> {
        self.folder.plan(staging)
    }

    fn stage<'a>(&'a self, staging: &'a Staging) -> BoxFuture<'a, Result<String, AdapterError>> {
        self.folder.stage(staging)
    }

    fn switch<'a>(
        &'a self,
        switch: &'a Switch,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Switched, AdapterError>> {
        self.switches.fetch_add(1, Ordering::Relaxed);
        *self.last.lock().expect("no panic") = Some(switch.clone());
        let fault = self.fault();
        if matches!(fault, Fault::DiesAfter | Fault::DiesBefore) {
            self.set(Fault::Unreachable);
        }
        Box::pin(async move {
            let lost = Err(AdapterError::new(ErrorClass::UnknownOutcome, "the line went dead"));
            match fault {
                Fault::Lax => {
                    let current = self.folder.current().await?;
                    let (from, expected_revision) = (current.version(), current.revision);
                    let lax =
                        Switch { op_id: draw(), from, expected_revision, fence: u64::MAX, ..switch.clone() };
                    self.folder.switch(&lax, &CancellationToken::new()).await
                }
                Fault::None | Fault::Well => self.folder.switch(switch, cancel).await,
                Fault::AnswerLost | Fault::DiesAfter => self.folder.switch(switch, cancel).await.and(lost),
                Fault::SwitchLost | Fault::DiesBefore | Fault::Unreachable => lost,
            }
        })
    }

    fn observe(&self) -> BoxFuture<'_, Result<Observed, AdapterError>> {
        Box::pin(async move {
            let version = self.folder.current().await?.version();
            Ok(Observed { version, healthy: Some(true) })
        })
    }

    fn op_status<'a>(&'a self, asked: &'a OpAsked) -> BoxFuture<'a, Result<OpStatus, AdapterError>> {
        self.reach().map_or_else(|lost| lost, |()| self.folder.op_status(asked))
    }

    fn gc<'a>(
        &'a self,
        keep: &'a BTreeSet<VersionId>,
    ) -> BoxFuture<'a, Result<Vec<VersionId>, AdapterError>> {
        self.folder.gc(keep)
    }
}

/// Everything that a release needs, below a folder that goes with it.
pub(crate) struct World {
    pub(crate) root: tempfile::TempDir,
    pub(crate) line: Line,
    pub(crate) vault: Arc<Vault>,
    pub(crate) diary: Diary,
    pub(crate) endpoint: Endpoint,
    pub(crate) probe: Option<HttpProbe>,
    pub(crate) clock: SystemClock,
    pub(crate) patience: Patience,
    pub(crate) first: VersionId,
    pub(crate) second: VersionId,
}

impl World {
    /// Nothing live, two versions sealed, no endpoint.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let vault = Arc::new(Vault::default());
        let (first, second) = (vault.seal("Be kind."), vault.seal("Be brief."));
        Self {
            line: Line::new(root.path()),
            endpoint: Endpoint::new(root.path()),
            vault,
            diary: Diary::default(),
            probe: None,
            clock: SystemClock::default(),
            patience: Patience {
                observe: Duration::from_secs(20),
                quiet: Duration::from_millis(60),
                ..Patience::default()
            },
            first,
            second,
            root,
        }
    }

    /// The first version live, and an endpoint that serves it.
    pub(crate) async fn live() -> Self {
        let mut world = Self::new();
        world.probe = Some(world.endpoint.listen().await);
        let enacted = world.promote(world.first).await;
        assert_eq!(enacted.release.state, State::Live, "{}", enacted.evidence);
        world
    }

    /// From here on an endpoint that does not prove the target is judged soon.
    pub(crate) fn hurry(&mut self) {
        self.patience.observe = Duration::from_secs(1);
    }

    /// Settles every open release, oldest first.
    pub(crate) async fn settle(&self) -> Vec<Result<Enacted, EnactError>> {
        let mut settled = Vec::new();
        for release in self.diary.unsettled() {
            settled.push(self.desk().settle(&release, &CancellationToken::new()).await);
        }
        settled
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk {
            environment: environment(),
            adapter: &self.line,
            probe: self.probe.as_ref().map(|probe| probe as &dyn Probe),
            journal: &self.diary,
            sealed: Arc::clone(&self.vault) as Arc<dyn Sealed>,
            clock: &self.clock,
            draw: &draw,
            patience: self.patience,
        }
    }

    /// A grant to make `version` live while `from` is.
    pub(crate) async fn grant_from(&self, from: Option<VersionId>, version: VersionId) -> Grant {
        let seq = self.diary.seq().await.expect("a place");
        grant(&self.vault, from, version, seq)
    }

    pub(crate) async fn grant(&self, version: VersionId) -> Grant {
        self.grant_from(self.line.folder.current().await.expect("a target").version(), version).await
    }

    /// The grant to go back to a version that was live.
    pub(crate) async fn grant_back(&self, version: VersionId) -> Grant {
        let lived = self.diary.lived(&environment(), version).await.expect("a journal");
        let target = lived.and_then(|release| release.was_live()).expect("it was live");
        let manifest = self.vault.manifest(version).expect("it is sealed");
        let seq = self.diary.seq().await.expect("a place");
        let live = Live { version: self.pointed().await, ..Live::default() };
        match decide_rollback(&environment(), &target, &manifest, &live, seq) {
            Decision::Granted(grant) => *grant,
            Decision::Refused(refusals) => panic!("refused: {refusals:?}"),
        }
    }

    pub(crate) fn order(&self, grant: Grant) -> Order {
        Order { grant, rehearsal: false, clicked: self.clock.elapsed() }
    }

    pub(crate) async fn promote(&self, version: VersionId) -> Enacted {
        self.enact(self.grant(version).await).await
    }

    pub(crate) async fn roll_back(&self, version: VersionId) -> Enacted {
        self.enact(self.grant_back(version).await).await
    }

    pub(crate) async fn enact(&self, grant: Grant) -> Enacted {
        let order = self.order(grant);
        self.desk().enact(&order, &CancellationToken::new()).await.expect("a journal that works")
    }

    /// What `current.json` names.
    pub(crate) async fn pointed(&self) -> Option<VersionId> {
        self.line.folder.current().await.expect("a target").version()
    }

    pub(crate) fn switches(&self) -> u32 {
        self.line.switches.load(Ordering::Relaxed)
    }
}

/// A grant by a person's word.
pub(crate) fn grant(vault: &Vault, from: Option<VersionId>, to: VersionId, seq: Seq) -> Grant {
    let manifest = vault.manifest(to).expect("it is sealed");
    let policy = EnvironmentPolicy {
        environment: environment(),
        requires: Vec::new(),
        weakening: Weakening::Ask,
        attempts_max: 3,
        max_age: None,
        allow_opaque: false,
    };
    let version = Version {
        id: to,
        agent: "bot".into(),
        manifest,
        grade: Grade::Sent,
        provenance: Provenance::default(),
    };
    let statement = Statement::new("Ada", "A test.").expect("a statement");
    let proposal = Proposal {
        version: &version,
        endpoint: EndpointId(Digest::of_bytes(b"endpoint")),
        former: &[],
        word: Some(Word::Override(statement)),
        now: Millis(0),
        seq,
    };
    match decide(&policy, &proposal, &[], &Live { version: from, ..Live::default() }) {
        Decision::Granted(grant) => *grant,
        Decision::Refused(refusals) => panic!("refused: {refusals:?}"),
    }
}

/// What is to be staged of a sealed version.
pub(crate) fn staging(vault: &Arc<Vault>, version: VersionId) -> Staging {
    let manifest = vault.manifest(version).expect("it is sealed");
    let manifest = sealed_digest(&manifest).expect("a canonical form");
    Staging { version, manifest, sealed: Arc::clone(vault) as Arc<dyn Sealed> }
}

/// The kind of every release so far, with its state.
pub(crate) fn history(diary: &Diary) -> Vec<(Kind, State)> {
    diary.releases().iter().map(|release| (release.kind, release.state)).collect()
}
