//! One queue per origin and process: how many calls are in flight, and when the next may go.
//!
//! Additive increase, multiplicative decrease, and only on what says "too much" (429, 529, timeouts): answers differ
//! in length, so latency says nothing of the load. Time is tokio's, so a test can move it.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use gatewright_core::spec::workspace::Limits;
use governor::{
    InsufficientCapacity, Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

/// A minute's worth of requests is spread evenly but for this share of it, which may come at once.
const REQUESTS_BURST_SHARE: u32 = 60;
/// The same for tokens; larger, since one call takes many.
const TOKENS_BURST_SHARE: u32 = 6;

/// Every queue of the process, by origin. A queue lives as long as an agent uses it.
#[derive(Debug, Default)]
pub struct Queues {
    by_origin: Mutex<BTreeMap<String, Weak<Queue>>>,
}

impl Queues {
    /// The queue of `origin`; the first to come sets its limits, and any other may only lower its ceiling.
    pub(super) fn of(&self, origin: &str, limits: &Limits, fixed: bool) -> Arc<Queue> {
        let mut queues = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, queue| queue.strong_count() > 0);
        if let Some(queue) = queues.get(origin).and_then(Weak::upgrade) {
            queue.lower(limits.concurrency, fixed);
            return queue;
        }
        let queue = Arc::new(Queue::new(limits, fixed));
        queues.insert(origin.to_owned(), Arc::downgrade(&queue));
        queue
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>;

/// The queue of one origin.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    freed: Notify,
    requests: Option<Limiter>,
    tokens: Option<(Limiter, NonZeroU32)>,
    clock: TokioClock,
}

#[derive(Debug)]
struct State {
    in_flight: u32,
    /// Calls in flight at most, now.
    limit: u32,
    /// What the settings allow.
    ceiling: u32,
    fixed: bool,
    /// Since the limit was last changed.
    successes: u32,
    last_cut: Option<Instant>,
    paused_until: Option<Instant>,
    /// Tokens used beyond what was estimated, to be taken with the next call.
    token_debt: u64,
}

/// How a call went, as far as the queue is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Load {
    /// An answer came, whatever it was.
    Well,
    /// The endpoint has too much to do.
    Overload,
    /// Neither is known.
    Unknown,
}

impl Queue {
    fn new(limits: &Limits, fixed: bool) -> Self {
        let ceiling = limits.concurrency.max(1);
        let clock = TokioClock { start: Instant::now() };
        let limiter = |per_minute: NonZeroU32, burst: NonZeroU32| {
            RateLimiter::direct_with_clock(Quota::per_minute(per_minute).allow_burst(burst), clock)
        };
        let share = |per_minute: NonZeroU32, share: u32| {
            NonZeroU32::new(per_minute.get() / share).unwrap_or(NonZeroU32::MIN)
        };
        let tokens = limits.tpm.and_then(NonZeroU32::new).map(|tpm| {
            let burst = share(tpm, TOKENS_BURST_SHARE);
            (limiter(tpm, burst), burst)
        });
        let requests = limits.rpm.and_then(NonZeroU32::new);
        let state = State {
            in_flight: 0,
            limit: ceiling,
            ceiling,
            fixed,
            successes: 0,
            last_cut: None,
            paused_until: None,
            token_debt: 0,
        };
        Self {
            state: Mutex::new(state),
            freed: Notify::new(),
            requests: requests.map(|rpm| limiter(rpm, share(rpm, REQUESTS_BURST_SHARE))),
            tokens,
            clock,
        }
    }

    fn lower(&self, ceiling: u32, fixed: bool) {
        let mut state = self.state();
        state.ceiling = state.ceiling.min(ceiling.max(1));
        state.limit = state.limit.min(state.ceiling);
        state.fixed |= fixed;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place in flight, for the end of a pause, and for the rates; `tokens` is what the call is
    /// estimated to use. Dropping the future gives everything back but the rates.
    pub(super) async fn enter(&self, tokens: u64) -> Place<'_> {
        let place = self.take_place().await;
        if let Some(requests) = &self.requests {
            self.until(|| Ok(requests.check())).await;
        }
        if let Some((limiter, burst)) = &self.tokens {
            let debt = std::mem::take(&mut self.state().token_debt);
            let cells = u32::try_from(tokens.saturating_add(debt)).unwrap_or(u32::MAX).clamp(1, burst.get());
            let cells = NonZeroU32::new(cells).unwrap_or(NonZeroU32::MIN);
            self.until(|| limiter.check_n(cells)).await;
        }
        // A pause may have begun while the rates were waited for.
        while let Some(end) = self.pause_end() {
            sleep_until(end).await;
        }
        place
    }

    async fn take_place(&self) -> Place<'_> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before looking, so that no place that becomes free meanwhile is missed.
            freed.as_mut().enable();
            if let Some(end) = self.pause_end() {
                sleep_until(end).await;
                continue;
            }
            {
                let mut state = self.state();
                if state.in_flight < state.limit {
                    state.in_flight += 1;
                    return Place { queue: self, since: Instant::now(), load: Load::Unknown };
                }
            }
            freed.await;
        }
    }

    fn pause_end(&self) -> Option<Instant> {
        self.state().paused_until.filter(|end| *end > Instant::now())
    }

    async fn until(
        &self,
        check: impl Fn() -> Result<Result<(), governor::NotUntil<Nanos>>, InsufficientCapacity>,
    ) {
        // More cells than the burst never fit; they were clamped to it before.
        while let Ok(Err(not_yet)) = check() {
            sleep(not_yet.wait_time_from(self.clock.now())).await;
        }
    }

    /// Nobody asks this origin for `length`.
    pub(super) fn pause(&self, length: Duration) {
        let end = Instant::now() + length;
        let mut state = self.state();
        state.paused_until = Some(state.paused_until.map_or(end, |before| before.max(end)));
    }

    /// A call used more tokens than was estimated.
    pub(super) fn used_beyond(&self, tokens: u64) {
        if self.tokens.is_some() {
            let mut state = self.state();
            state.token_debt = state.token_debt.saturating_add(tokens);
        }
    }

    /// Calls in flight at most, now.
    pub(super) fn limit(&self) -> u32 {
        self.state().limit
    }

    fn leave(&self, since: Instant, load: Load) {
        let mut state = self.state();
        state.in_flight -= 1;
        match load {
            Load::Overload if !state.fixed => {
                // Calls sent before the last cut say nothing of what followed it.
                if state.last_cut.is_none_or(|cut| since >= cut) {
                    state.limit = (state.limit / 2).max(1);
                    state.last_cut = Some(Instant::now());
                }
                state.successes = 0;
            }
            Load::Well if state.limit < state.ceiling => {
                state.successes += 1;
                if state.successes >= state.limit {
                    state.limit += 1;
                    state.successes = 0;
                }
            }
            Load::Overload | Load::Well | Load::Unknown => {}
        }
        let free = state.limit.saturating_sub(state.in_flight);
        drop(state);
        for _ in 0..free {
            self.freed.notify_one();
        }
    }
}

/// A place in flight; dropping it frees it.
#[derive(Debug)]
pub(super) struct Place<'a> {
    queue: &'a Queue,
    since: Instant,
    load: Load,
}

impl Place<'_> {
    /// The call ended; how it went adapts the number of calls in flight.
    pub(super) fn leave(mut self, load: Load) {
        self.load = load;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queue.leave(self.since, self.load);
    }
}

/// Tokio's clock for governor, so that both agree in a test that moves it.
#[derive(Clone, Copy, Debug)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.start.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(concurrency: u32) -> Limits {
        Limits { concurrency, ..Limits::default() }
    }

    async fn overload(queue: &Queue) {
        queue.enter(0).await.leave(Load::Overload);
    }

    #[tokio::test(start_paused = true)]
    async fn overload_halves_the_calls_in_flight_and_success_brings_them_back_one_by_one() {
        let queue = Queue::new(&limits(8), false);
        overload(&queue).await;
        assert_eq!(queue.limit(), 4);
        let early = queue.enter(0).await;
        tokio::time::advance(Duration::from_millis(1)).await;
        overload(&queue).await;
        assert_eq!(queue.limit(), 2);
        early.leave(Load::Overload);
        assert_eq!(queue.limit(), 2, "a call sent before the cut does not cut again");
        for _ in 0..2 {
            queue.enter(0).await.leave(Load::Well);
        }
        assert_eq!(queue.limit(), 3);
        for _ in 0..100 {
            queue.enter(0).await.leave(Load::Well);
        }
        assert_eq!(queue.limit(), 8, "never above the setting");
        for _ in 0..5 {
            tokio::time::advance(Duration::from_millis(1)).await;
            overload(&queue).await;
        }
        assert_eq!(queue.limit(), 1, "never below one");
    }

    #[tokio::test(start_paused = true)]
    async fn fixed_concurrency_stays_as_it_is() {
        let queue = Queue::new(&limits(8), true);
        overload(&queue).await;
        assert_eq!(queue.limit(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_waited_for_and_dropping_the_wait_loses_none() {
        let queue = Queue::new(&limits(1), false);
        let first = queue.enter(0).await;
        let waiting = tokio::time::timeout(Duration::from_secs(1), queue.enter(0)).await;
        assert!(waiting.is_err());
        drop(first);
        queue.enter(0).await.leave(Load::Well);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_back_the_whole_origin() {
        let queues = Queues::default();
        let (one, two) = (queues.of("a", &limits(4), false), queues.of("a", &limits(2), false));
        one.pause(Duration::from_secs(90));
        one.pause(Duration::from_secs(10));
        let start = Instant::now();
        let elsewhere = queues.of("b", &limits(4), false);
        elsewhere.enter(0).await.leave(Load::Well);
        assert_eq!(start.elapsed(), Duration::ZERO);
        two.enter(0).await.leave(Load::Well);
        assert!(start.elapsed() >= Duration::from_secs(90), "{:?}", start.elapsed());
        assert_eq!(one.limit(), 2, "the lower of two settings holds for both");
    }

    #[tokio::test(start_paused = true)]
    async fn requests_and_tokens_a_minute_are_never_exceeded() {
        let queue = Queue::new(&Limits { rpm: Some(60), tpm: Some(6000), ..limits(100) }, false);
        let start = Instant::now();
        for _ in 0..60 {
            queue.enter(10).await.leave(Load::Well);
        }
        assert!(start.elapsed() >= Duration::from_secs(58), "{:?}", start.elapsed());
        tokio::time::advance(Duration::from_secs(60)).await;
        let start = Instant::now();
        queue.enter(900).await.leave(Load::Well);
        queue.used_beyond(500);
        queue.enter(500).await.leave(Load::Well);
        assert!(start.elapsed() >= Duration::from_secs(8), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_is_forgotten_when_nobody_uses_it() {
        let queues = Queues::default();
        drop(queues.of("a", &limits(1), true));
        assert_eq!(queues.of("a", &limits(4), false).limit(), 4);
    }
}
