//! When a try is repeated, and how long is waited before.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Tries after the first, at most.
pub(super) const RETRIES_MAX: usize = 3;
/// A run may repeat one call for this many that it makes: 20 %.
const CALLS_PER_RETRY: u64 = 5;
/// Repeated calls that a run may always make, however short it is.
const RETRIES_MIN: u64 = 10;

/// How long is waited between tries: a random time up to base × 2ⁿ, at most the cap ("full jitter", Brooker,
/// *Exponential Backoff and Jitter*, AWS Architecture Blog, 2015).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// The longest wait before the first repetition.
    pub base: Duration,
    /// The longest wait at all.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_millis(500), cap: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The longest wait before repetition `retry`, from 0.
    fn ceiling(self, retry: u32) -> Duration {
        self.base.saturating_mul(2_u32.saturating_pow(retry)).min(self.cap)
    }

    /// A wait before repetition `retry`, from 0.
    pub(super) fn wait(self, retry: u32) -> Duration {
        // Without randomness all wait the longest: slower, not wrong.
        let random = getrandom::u64().unwrap_or(u64::MAX);
        #[expect(clippy::cast_precision_loss, reason = "a fraction needs no 64 bits")]
        let fraction = random as f64 / u64::MAX as f64;
        self.ceiling(retry).mul_f64(fraction)
    }
}

/// How many calls of a run may be asked again, so that an outage does not multiply the load.
#[derive(Debug, Default)]
pub struct RetryBudget {
    calls: AtomicU64,
    retries: AtomicU64,
}

impl RetryBudget {
    /// A call was asked for the first time.
    pub(super) fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one repetition; false when none is left.
    pub(super) fn take(&self) -> bool {
        let allowed = (self.calls.load(Ordering::Relaxed) / CALLS_PER_RETRY).max(RETRIES_MIN);
        let taken = self.retries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |retries| {
            (retries < allowed).then_some(retries + 1)
        });
        taken.is_ok()
    }

    /// Calls asked again so far.
    #[must_use]
    pub fn retried(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_cap_and_never_exceed_their_ceiling() {
        let backoff = Backoff::default();
        let ceilings: Vec<_> = (0..8).map(|retry| backoff.ceiling(retry).as_millis()).collect();
        assert_eq!(ceilings, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        assert!((0..100).all(|_| backoff.wait(2) <= Duration::from_secs(2)));
        assert_eq!(backoff.ceiling(u32::MAX), backoff.cap);
    }

    #[test]
    fn a_run_repeats_at_most_one_call_in_five() {
        let budget = RetryBudget::default();
        (0..100).for_each(|_| budget.called());
        assert_eq!((0..1000).filter(|_| budget.take()).count(), 20);
        assert_eq!(budget.retried(), 20);
    }
}
