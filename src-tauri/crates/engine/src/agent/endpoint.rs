//! An agent behind HTTP: its queue, its tries, and how they end. How it is spoken to is a [`Dialect`].

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gatewright_core::observation::{Reply, Try};
use reqwest::{
    Client, Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json_path::JsonPath;
use tokio::{sync::Mutex, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    address,
    config::{Config, ConfigError, Context},
    exchange::{Incoming, Outgoing, Watcher, exchange},
    fault::{Fault, Meaning},
    pause::{self, PAUSE_MAX},
    queue::{Load, Queue},
    redact::{REDACTED, Redactor},
    retry::RETRIES_MAX,
};
use crate::port::agent::{Agent, Asked, Call, Record};

/// Headers that say what answered, kept where they come. Gateways hide the model behind an alias, but not these.
const IDENTITY_HEADERS: [&str; 12] = [
    "gatewright-version",
    "llm_provider-x-ms-deployment-name",
    "openai-version",
    "x-agent-version",
    "x-app-version",
    "x-litellm-model-api-base",
    "x-litellm-model-id",
    "x-litellm-model-name",
    "x-litellm-version",
    "x-model-id",
    "x-model-version",
    "x-ms-deployment-name",
];
/// Bytes that a token is taken for, before an answer says how many there were.
const BYTES_PER_TOKEN: usize = 4;
/// Idle connections are closed after this, before servers close them.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// How a type of agent is spoken to over HTTP.
pub(super) trait Dialect: Send + Sync + 'static {
    /// Where the agent is.
    fn url(&self) -> &Url;

    /// Whether a call may do something that must not be done twice.
    fn may_act_twice(&self) -> bool;

    /// A question that has to be asked once before the first call.
    fn preamble(&self) -> Option<Outgoing> {
        None
    }

    /// Takes the answer to [`Self::preamble`].
    fn learn(&self, _incoming: &Incoming) -> Result<(), Fault> {
        Ok(())
    }

    /// The request for one turn.
    fn compose(&self, call: &Call) -> Result<Outgoing, Fault>;

    /// Looks at a streamed answer as it arrives.
    fn watcher(&self) -> Option<Watcher> {
        None
    }

    /// Whether the next request will avoid what this answer refused, so that it is worth asking once more.
    fn mend(&self, _incoming: &Incoming) -> bool {
        false
    }

    /// What the answer says, and what it says of its origin.
    fn read(&self, incoming: &Incoming) -> Result<(Reply, BTreeMap<String, String>), Fault>;
}

/// An agent behind HTTP.
pub(super) struct Endpoint<D> {
    dialect: D,
    config: Config,
    context: Context,
    client: Client,
    queue: Arc<Queue>,
    redactor: Redactor,
    key: Option<(HeaderName, HeaderValue)>,
    served: Option<(Url, JsonPath)>,
    host: String,
    /// Whether the preamble was asked; held while it is, so that it is asked once.
    prepared: Mutex<bool>,
}

/// One try.
struct Tried {
    record: Record,
    result: Result<(), Fault>,
    mended: bool,
}

impl<D: Dialect> Endpoint<D> {
    pub(super) fn new(config: Config, dialect: D, context: &Context) -> Result<Self, ConfigError> {
        let url = dialect.url();
        let key = config.key.as_ref().map(|key| {
            let refuse = || ConfigError::Header(key.header.clone());
            let name = HeaderName::try_from(&key.header).map_err(|_| refuse())?;
            let text = format!("{}{}", key.prefix, key.secret.expose());
            let mut value = HeaderValue::try_from(text).map_err(|_| refuse())?;
            value.set_sensitive(true);
            Ok((name, value))
        });
        let key = key.transpose()?;
        let secrets: Vec<_> = config.key.iter().map(|key| key.secret.clone()).collect();
        let redactor = Redactor::new(&secrets, config.key.iter().map(|key| key.header.clone()));
        let served = config.served.as_ref().map(|served| {
            let path = JsonPath::parse(&served.json);
            let path = path
                .map_err(|error| ConfigError::Path { path: served.json.clone(), why: error.to_string() })?;
            // Only the path is the workspace's to choose: the probe goes where the agent is.
            let mut probe = url.clone();
            probe.set_query(None);
            let (path_part, query) =
                served.get.split_once('?').map_or((&*served.get, None), |(p, q)| (p, Some(q)));
            probe.set_path(path_part);
            probe.set_query(query);
            Ok((probe, path))
        });
        let origin = url.origin().ascii_serialization();
        Ok(Self {
            client: client(&config, url)?,
            queue: context.queues.of(&origin, &config.limits, config.fixed_concurrency),
            host: host(url),
            redactor,
            key,
            served: served.transpose()?,
            context: context.clone(),
            prepared: Mutex::new(false),
            dialect,
            config,
        })
    }

    /// Asks until there is an answer, or asking again is not allowed or does not help.
    async fn ask_until_settled(&self, call: &Call) -> Asked {
        self.context.retries.called();
        let mut tries = Vec::new();
        let mut lost: Option<Fault> = None;
        let mut backoff = Duration::ZERO;
        loop {
            let Tried { mut record, result, mended } = self.try_once(call, backoff).await;
            backoff = Duration::ZERO;
            tries.append(&mut record.tries);
            let fault = match result {
                Ok(()) => return self.ended(record, tries, lost, None),
                Err(fault) => fault,
            };
            if mended && tries.len() <= RETRIES_MAX {
                continue;
            }
            let again =
                tries.len() <= RETRIES_MAX && self.is_repeatable(&fault) && self.context.retries.take();
            if fault.meaning == Meaning::Ambiguous && lost.is_none() {
                lost = Some(fault.clone());
            }
            if !again {
                return self.ended(record, tries, lost, Some(fault));
            }
            if fault.pause.is_none() {
                backoff = self.config.backoff.wait(u32::try_from(tries.len() - 1).unwrap_or(u32::MAX));
            }
        }
    }

    fn is_repeatable(&self, fault: &Fault) -> bool {
        let bearable = fault.pause.is_none_or(|pause| pause <= PAUSE_MAX);
        let always = self.config.retry == gatewright_core::spec::workspace::Retry::Always;
        match fault.meaning {
            Meaning::NotProcessed => bearable,
            Meaning::Ambiguous => bearable && (always || !self.dialect.may_act_twice()),
            Meaning::Refused | Meaning::KeyRefused | Meaning::AgentError => false,
        }
    }

    /// How the tries end. Once a call was lost after it was sent, nothing that follows makes it heard.
    fn ended(&self, mut record: Record, tries: Vec<Try>, lost: Option<Fault>, fault: Option<Fault>) -> Asked {
        record.tries = tries;
        let record = Box::new(record);
        let (meaning, fault) = match (lost, fault) {
            (None, None) => return Asked::Answered(record),
            (Some(mut lost), None) => {
                lost.message.push_str("; asked again it answered, which is not counted");
                (Meaning::Ambiguous, lost)
            }
            (Some(lost), Some(_)) => (Meaning::Ambiguous, lost),
            (None, Some(fault)) => (fault.meaning, fault),
        };
        let (class, message) = (fault.class(), self.redactor.text(fault.message));
        match meaning {
            Meaning::NotProcessed | Meaning::Refused | Meaning::KeyRefused => {
                Asked::Open { class, message, record }
            }
            Meaning::Ambiguous => Asked::Missing { class, message, record },
            Meaning::AgentError => Asked::AgentError { class, message, record },
        }
    }

    /// One try, from the queue to the record.
    async fn try_once(&self, call: &Call, backoff: Duration) -> Tried {
        let start = tokio::time::Instant::now();
        if !backoff.is_zero() {
            // Even a sleep of no length lasts until the timer's next tick.
            sleep(backoff).await;
        }
        let queued = tokio::time::Instant::now();
        let outgoing = match self.prepare().await.and_then(|()| self.dialect.compose(call)) {
            Ok(outgoing) => outgoing,
            Err(fault) => return self.not_sent(fault),
        };
        let estimate = u64::try_from(outgoing.body.len() / BYTES_PER_TOKEN).unwrap_or(u64::MAX);
        let place = self.queue.enter(estimate).await;
        let (queue, waited) = (queued.elapsed(), start.elapsed());
        let request = self.shown_request(&outgoing);
        let incoming = self.send(outgoing, self.dialect.watcher()).await;
        let answer = incoming.checked().and_then(|()| self.dialect.read(&incoming));
        let answer = answer.map_err(|fault| self.with_cure(self.with_pause(fault, &incoming)));
        if answer.is_ok()
            && let Some(length) = pause::of_limits(&incoming.headers, self.context.clock.now())
        {
            self.queue.pause(length.min(PAUSE_MAX));
        }
        place.leave(match &answer {
            Ok(_) => Load::Well,
            Err(fault) if fault.overload => Load::Overload,
            Err(_) => Load::Unknown,
        });
        let mended = answer.is_err() && self.dialect.mend(&incoming);
        let mut record = Record {
            identity: self.identity(&incoming),
            timing: incoming.timing,
            request,
            host: Some(self.host.clone()),
            ..Record::default()
        };
        record.timing.queue_us = u64::try_from(queue.as_micros()).unwrap_or(u64::MAX);
        let result = answer.map(|(reply, identity)| {
            record.cost = self.config.cost(&reply.usage);
            record.identity.extend(identity);
            let used = reply.usage.input.unwrap_or(0).saturating_add(reply.usage.output.unwrap_or(0));
            self.queue.used_beyond(used.saturating_sub(estimate));
            record.reply = reply;
        });
        record.tries.push(Try {
            status: incoming.status,
            class: result.as_ref().err().map(Fault::class),
            waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        });
        record.raw = incoming.body;
        self.redactor.record(&mut record);
        Tried { record, result, mended }
    }

    fn not_sent(&self, fault: Fault) -> Tried {
        let tried = Try { status: None, class: Some(fault.class()), waited_ms: 0 };
        let record = Record { tries: vec![tried], host: Some(self.host.clone()), ..Record::default() };
        Tried { record, result: Err(fault), mended: false }
    }

    /// Asks what has to be known before the first call, once.
    async fn prepare(&self) -> Result<(), Fault> {
        let mut prepared = self.prepared.lock().await;
        if let (false, Some(outgoing)) = (*prepared, self.dialect.preamble()) {
            let place = self.queue.enter(0).await;
            let incoming = self.send(outgoing, None).await;
            place.leave(Load::Unknown);
            let learnt = incoming.checked().and_then(|()| self.dialect.learn(&incoming));
            learnt.map_err(|fault| unprepared(self.with_cure(self.with_pause(fault, &incoming))))?;
        }
        *prepared = true;
        Ok(())
    }

    /// Heeds what the answer says of the load; every call of this origin waits.
    fn with_pause(&self, mut fault: Fault, incoming: &Incoming) -> Fault {
        if matches!(fault.meaning, Meaning::NotProcessed | Meaning::Ambiguous) {
            fault.pause = pause::of_headers(&incoming.headers, self.context.clock.now());
            match fault.pause {
                Some(length) if length <= PAUSE_MAX => self.queue.pause(length),
                Some(length) => {
                    let _ = write!(fault.message, "; it asks to be left alone for {} s", length.as_secs());
                }
                None => {}
            }
        }
        fault
    }

    /// Says where a refused key comes from, and what to do.
    fn with_cure(&self, fault: Fault) -> Fault {
        if fault.meaning != Meaning::KeyRefused {
            return fault;
        }
        let cure = match &self.config.key {
            Some(key) => format!(
                "the endpoint refused the key from {}: put one there that it takes, and run again",
                key.from
            ),
            None => {
                "the endpoint wants a key and none is sent: name one under `auth` of the agent, and run again"
                    .to_owned()
            }
        };
        Fault { message: format!("{cure}; {}", fault.message), ..fault }
    }

    async fn send(&self, mut outgoing: Outgoing, watcher: Option<Watcher>) -> Incoming {
        if let Some((name, value)) = &self.key {
            outgoing.headers.insert(name, value.clone());
        }
        exchange(&self.client, outgoing, &self.config.limits, watcher).await
    }

    fn identity(&self, incoming: &Incoming) -> BTreeMap<String, String> {
        let named = self.config.identity_headers.iter().map(String::as_str);
        let names =
            IDENTITY_HEADERS.into_iter().chain(named).filter(|name| !self.redactor.hides_header(name));
        names.filter_map(|name| Some((name.to_owned(), incoming.header(name)?.to_owned()))).collect()
    }

    /// The request as it is kept: the key's header by name only.
    fn shown_request(&self, outgoing: &Outgoing) -> Vec<u8> {
        let mut shown = format!("{} {}\n", outgoing.method, outgoing.url);
        for (name, value) in &outgoing.headers {
            let hidden = self.redactor.hides_header(name.as_str());
            let value = if hidden { REDACTED } else { value.to_str().unwrap_or("[not text]") };
            let _ = writeln!(shown, "{name}: {value}");
        }
        if let Some((name, _)) = &self.key {
            let _ = writeln!(shown, "{name}: {REDACTED}");
        }
        shown.push('\n');
        let mut shown = shown.into_bytes();
        shown.extend_from_slice(&outgoing.body);
        shown
    }

    async fn probe(&self) -> Result<Option<String>, String> {
        let Some((url, path)) = &self.served else { return Ok(None) };
        let outgoing =
            Outgoing { method: Method::GET, url: url.clone(), headers: HeaderMap::new(), body: Vec::new() };
        let incoming = self.send(outgoing, None).await;
        let value = incoming.checked().and_then(|()| incoming.json());
        let value = value.map_err(|fault| self.redactor.text(self.with_cure(fault).message))?;
        let found = path.query(&value).exactly_one();
        let found =
            found.map_err(|_| format!("the answer of {} does not have one value at `{path}`", url.path()))?;
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        Ok(Some(self.redactor.text(text)))
    }
}

impl<D: Dialect> Agent for Endpoint<D> {
    fn ask<'a>(&'a self, call: &'a Call, cancel: &'a CancellationToken) -> BoxFuture<'a, Asked> {
        Box::pin(async move {
            let asked = cancel.run_until_cancelled(self.ask_until_settled(call)).await;
            asked.unwrap_or(Asked::Cancelled)
        })
    }

    fn concurrency(&self) -> u32 {
        self.queue.limit()
    }

    fn served<'a>(&'a self, cancel: &'a CancellationToken) -> BoxFuture<'a, Result<Option<String>, String>> {
        Box::pin(async move {
            let probed = cancel.run_until_cancelled(self.probe()).await;
            probed.unwrap_or_else(|| Err("it was cancelled".to_owned()))
        })
    }
}

/// No case was asked yet, so whatever went wrong is no case's answer: its slot stays open.
fn unprepared(fault: Fault) -> Fault {
    match fault.meaning {
        Meaning::NotProcessed | Meaning::Refused | Meaning::KeyRefused => fault,
        Meaning::Ambiguous => Fault { meaning: Meaning::NotProcessed, ..fault },
        Meaning::AgentError => {
            let message = format!("what had to be known before the first call is not: {}", fault.message);
            Fault { meaning: Meaning::Refused, message, ..fault }
        }
    }
}

fn client(config: &Config, url: &Url) -> Result<Client, ConfigError> {
    // Another part of the process may have installed one already: that one is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let limits = &config.limits;
    let idle =
        if config.fresh_connections { 0 } else { usize::try_from(limits.concurrency).unwrap_or(usize::MAX) };
    let mut builder = Client::builder()
        .user_agent(concat!("gatewright/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_millis(limits.connect.0))
        .pool_max_idle_per_host(idle)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
        .dns_resolver(Arc::new(address::Resolver));
    if address::is_loopback(url) {
        builder = builder.no_proxy();
    }
    if url.scheme() == "http" {
        // No certificate is ever checked, so the system's are not read.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| ConfigError::Client(error.to_string()))
}

/// `host:port`, the port named even where it is the scheme's own.
fn host(url: &Url) -> String {
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}
