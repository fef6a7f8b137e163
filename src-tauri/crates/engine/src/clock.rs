//! The clock, handed to whoever needs one, so that a test can move it by hand.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gatewright_core::time::Millis;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// UTC, for display and ages. It may jump.
    fn now(&self) -> Millis;
    /// Time since some fixed moment; it never goes back. Durations come from here.
    fn elapsed(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
