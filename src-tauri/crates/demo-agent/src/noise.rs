//! Noise that can be repeated: how often the help desk slips, and which words it takes.

use sha2::{Digest as _, Sha256};

/// The share of slips at temperature 0.
const SLIP_MIN: f64 = 0.004;
/// How much of the squared temperature is added to it.
const SLIP_PER_TEMPERATURE_SQUARED: f64 = 0.08;
/// The share of slips at most.
const SLIP_MAX: f64 = 0.6;

/// The noise of one answer: the same for the same server seed, request and repetition.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    seed: [u8; 32],
    slip: f64,
}

impl Noise {
    /// `repetition` counts equal requests; at temperature 0 it does not matter, and equal requests get equal answers.
    pub(crate) fn new(
        server: u64,
        request: &[u8; 32],
        repetition: u64,
        temperature: f64,
        factor: f64,
    ) -> Self {
        let repetition = if temperature > 0.0 { repetition } else { 0 };
        let mut hasher = Sha256::new();
        hasher.update(server.to_le_bytes());
        hasher.update(request);
        hasher.update(repetition.to_le_bytes());
        let slip = SLIP_MIN + SLIP_PER_TEMPERATURE_SQUARED * temperature * temperature;
        Self { seed: hasher.finalize().into(), slip: (slip * factor).min(SLIP_MAX) }
    }

    /// A number drawn for a purpose.
    fn draw(&self, purpose: &str) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(self.seed);
        hasher.update(purpose.as_bytes());
        let digest: [u8; 32] = hasher.finalize().into();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        u64::from_le_bytes(first)
    }

    /// Whether a stated rule is followed this time.
    pub(crate) fn follows(&self, rule: &str) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a share needs no 64 bits")]
        let share = self.draw(rule) as f64 / u64::MAX as f64;
        share >= self.slip
    }

    /// One of several.
    pub(crate) fn one_of<'a>(&self, purpose: &str, list: &[&'a str]) -> &'a str {
        let count = u64::try_from(list.len()).unwrap_or(1).max(1);
        let place = usize::try_from(self.draw(purpose) % count).unwrap_or(0);
        list.get(place).copied().unwrap_or_default()
    }

    /// A whole number below `end`.
    pub(crate) fn below(&self, purpose: &str, end: u64) -> u64 {
        self.draw(purpose) % end.max(1)
    }
}
