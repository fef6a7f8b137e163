//! One request over HTTP and what came back: deadlines, the cap on the body, and what every dialect checks first.
//!
//! Errors of the connection become [`Fault`]s here; what an answer means is the dialect's business.

use std::{error::Error, time::Duration};

use gatewright_core::{observation::Timing, spec::workspace::Limits};
use reqwest::{
    Client, Method, Response, Url,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION},
};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    address,
    fault::{Fault, Meaning, Said, excerpt},
};

/// Bytes of an answer at most, decoded.
pub(super) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A request to be sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What came back, complete or not.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// Absent when no head of a response came.
    pub(super) status: Option<u16>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) timing: Timing,
    /// What broke it off.
    pub(super) broken: Option<Fault>,
}

/// What a part of a streamed answer holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Seen {
    /// Content, not only a greeting.
    pub(super) content: bool,
    /// The end: nothing that follows is waited for.
    pub(super) end: bool,
}

/// Looks at each part of an answer as it arrives.
pub(super) type Watcher = Box<dyn FnMut(&[u8]) -> Seen + Send>;

/// Sends a request and reads the answer within the limits.
pub(super) async fn exchange(
    client: &Client,
    outgoing: Outgoing,
    limits: &Limits,
    mut watcher: Option<Watcher>,
) -> Incoming {
    let clock = Deadlines::new(limits);
    let mut incoming = Incoming::default();
    let request =
        client.request(outgoing.method, outgoing.url).headers(outgoing.headers).body(outgoing.body).send();
    let sent = match clock.within(clock.connect, request).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(of_send_error(&error, clock.connect)),
        Err(fault) => Err(fault),
    };
    incoming.timing.headers_us = clock.elapsed_us();
    match sent {
        Ok(response) => {
            incoming.status = Some(response.status().as_u16());
            incoming.headers = response.headers().clone();
            incoming.broken = read(response, &clock, &mut incoming, watcher.as_mut()).await.err();
        }
        Err(fault) => incoming.broken = Some(fault),
    }
    incoming.timing.total_us = clock.elapsed_us();
    incoming
}

async fn read(
    mut response: Response,
    clock: &Deadlines,
    incoming: &mut Incoming,
    mut watcher: Option<&mut Watcher>,
) -> Result<(), Fault> {
    loop {
        let chunk = clock.within(Duration::ZERO, response.chunk()).await?;
        let chunk = chunk.map_err(|_| {
            let got = incoming.body.len();
            let came = excerpt(&incoming.body);
            Fault::agent("truncated", format!("the answer broke off after {got} bytes: {came}"))
        })?;
        let Some(chunk) = chunk else { return Ok(()) };
        let room = BODY_BYTES_MAX - incoming.body.len();
        incoming.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            let came = excerpt(&incoming.body);
            let message = format!("the answer is larger than {} MB: {came}", BODY_BYTES_MAX >> 20);
            return Err(Fault::agent("too-large", message));
        }
        let seen = watcher.as_mut().map_or_else(Seen::default, |watch| watch(&chunk));
        if seen.content && incoming.timing.first_token_us.is_none() {
            incoming.timing.first_token_us = Some(clock.elapsed_us());
        }
        if seen.end {
            return Ok(());
        }
    }
}

/// The deadlines of one exchange.
struct Deadlines {
    start: Instant,
    connect: Duration,
    idle: Duration,
    total: Duration,
}

impl Deadlines {
    fn new(limits: &Limits) -> Self {
        let length = |duration: gatewright_core::time::Duration| Duration::from_millis(duration.0);
        Self {
            start: Instant::now(),
            connect: length(limits.connect),
            idle: length(limits.idle),
            total: length(limits.total),
        }
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Waits for one step: at most the idle limit, `more` on top where the step begins with a connection, and never
    /// beyond the limit of the whole.
    async fn within<T>(&self, more: Duration, step: impl Future<Output = T>) -> Result<T, Fault> {
        let (idle_end, end) = (Instant::now() + self.idle + more, self.start + self.total);
        let step = timeout_at(idle_end.min(end), step).await;
        step.map_err(|_| {
            let fault = if end <= idle_end {
                Fault::agent("deadline", format!("no complete answer within {}", words(self.total)))
            } else {
                Fault::agent("idle", format!("nothing came for {}", words(self.idle)))
            };
            fault.overloaded()
        })
    }
}

fn words(length: Duration) -> String {
    gatewright_core::time::Duration(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)).to_string()
}

/// What it means that no head of a response came.
fn of_send_error(error: &reqwest::Error, connect: Duration) -> Fault {
    if let Some(refused) = cause::<address::Refused>(error) {
        return Fault::new("refused-address", Meaning::Refused, refused.to_string());
    }
    let deepest = deepest(error);
    if error.is_dns() {
        return Fault::new("dns", Meaning::NotProcessed, format!("the host's name was not found: {deepest}"));
    }
    if error.is_connect() && error.is_timeout() {
        let message = format!("no connection within {}", words(connect));
        return Fault::new("connect-timeout", Meaning::NotProcessed, message).overloaded();
    }
    if error.is_connect() {
        return Fault::new("connect", Meaning::NotProcessed, format!("no connection: {deepest}"));
    }
    if error.is_builder() {
        return Fault::new("request", Meaning::Refused, format!("the request cannot be sent: {deepest}"));
    }
    let hyper = cause::<hyper::Error>(error);
    if hyper.is_some_and(hyper::Error::is_canceled) {
        return Fault::new(
            "connect",
            Meaning::NotProcessed,
            "the connection closed before anything was sent",
        );
    }
    if hyper.is_some_and(hyper::Error::is_parse) {
        return Fault::agent("not-http", format!("the answer is not HTTP: {deepest}"));
    }
    let message = format!("the connection was lost after the request was sent: {deepest}");
    let closed = hyper.is_some_and(hyper::Error::is_incomplete_message);
    Fault::new(if closed { "connection-closed" } else { "connection-reset" }, Meaning::Ambiguous, message)
}

/// An error and its causes, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The first cause of a type.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The innermost cause, in words.
fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

impl Incoming {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What every answer must get past before its content is looked at: it is complete, its status is 2xx, it is
    /// not encoded and not empty, and it is no web page.
    pub(super) fn checked(&self) -> Result<(), Fault> {
        if let Some(fault) = &self.broken {
            return Err(fault.clone());
        }
        let status = self.status.unwrap_or_default();
        if !(200..300).contains(&status) {
            let said = Said::of(&self.body);
            let mut fault = Fault::of_status(status, &said);
            if let Some(place) = self.header(LOCATION.as_str()) {
                fault.message = format!("{}; it points to {}", fault.message, excerpt(place.as_bytes()));
            }
            return Err(fault);
        }
        if let Some(encoding) =
            self.header(CONTENT_ENCODING.as_str()).filter(|encoding| *encoding != "identity")
        {
            let message = format!("the answer is encoded as `{encoding}`, which was not asked for");
            return Err(Fault::agent("content-encoding", message));
        }
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(Fault::agent("empty", format!("the answer is empty, with status {status}")));
        }
        if self.is_type("text/html") {
            let message = format!("the answer is a web page, with status {status}: {}", excerpt(&self.body));
            return Err(Fault::agent("html", message));
        }
        Ok(())
    }

    /// Whether the content type is this one, parameters aside.
    pub(super) fn is_type(&self, wanted: &str) -> bool {
        self.content_type().eq_ignore_ascii_case(wanted)
    }

    fn content_type(&self) -> &str {
        self.header(CONTENT_TYPE.as_str()).unwrap_or_default().split(';').next().unwrap_or_default().trim()
    }

    /// The answer as text.
    pub(super) fn text(&self) -> Result<&str, Fault> {
        std::str::from_utf8(&self.body).map_err(|error| {
            let message =
                format!("the answer is not UTF-8 at byte {}: {}", error.valid_up_to(), excerpt(&self.body));
            Fault::agent("not-utf8", message)
        })
    }

    /// The answer as JSON. An absent content type is let through, a wrong one is not.
    pub(super) fn json(&self) -> Result<Value, Fault> {
        let kind = self.content_type().to_ascii_lowercase();
        if !(kind.is_empty() || kind == "application/json" || kind.ends_with("+json")) {
            let came = excerpt(&self.body);
            let message =
                format!("the answer's content type is `{kind}`, expected `application/json`: {came}");
            return Err(Fault::agent("content-type", message));
        }
        serde_json::from_str(self.text()?).map_err(|error| {
            Fault::agent("not-json", format!("the answer is not JSON ({error}): {}", excerpt(&self.body)))
        })
    }
}
