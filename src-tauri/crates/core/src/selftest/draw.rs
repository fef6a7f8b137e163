//! Numbers that look random and depend on nothing but what they are made of, so that a simulation is the same on
//! every machine and in every order.

use crate::id::Digest;

/// A source of such numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The source of a digest: nobody chooses it.
    #[must_use]
    pub fn of(digest: &Digest) -> Self {
        let words = digest
            .0
            .chunks_exact(8)
            .map(|bytes| bytes.iter().fold(0_u64, |word, &byte| word << 8 | u64::from(byte)));
        words.fold(Self(0), |draw, word| draw.at(word))
    }

    /// The source with this number below this one. By the finaliser of SplitMix64 (Steele, Lea and Flood 2014,
    /// OOPSLA, figure 16).
    #[must_use]
    pub const fn at(self, number: u64) -> Self {
        let mut mixed = (self.0 ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }

    /// A number in [0, 1), evenly spread.
    #[must_use]
    pub const fn fraction(self, number: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (self.at(number).0 >> 11) as f64;
        bits / (1_u64 << 53) as f64
    }

    /// A whole number below `limit`; 0 when that is 0.
    #[must_use]
    pub const fn below(self, number: u64, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.at(number).0 % limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_spread_evenly_and_independently() {
        let draw = Draw::of(&Digest::of_bytes(b"seed"));
        let mut cells = [[0_u32; 8]; 8];
        for number in 0..64_000 {
            let place = |which| (draw.at(number).fraction(which) * 8.0) as usize;
            cells[place(1)][place(2)] += 1;
        }
        // 1,000 ± 5 standard deviations of 31.4.
        assert!(cells.as_flattened().iter().all(|&times| (843..=1157).contains(&times)), "{cells:?}");
    }

    #[test]
    fn another_digest_gives_other_numbers() {
        let first = |seed: &[u8]| Draw::of(&Digest::of_bytes(seed)).fraction(0);
        assert_ne!(first(b"a"), first(b"b"));
        assert_eq!(first(b"a"), first(b"a"));
        assert_eq!(Draw(1).below(3, 0), 0);
    }
}
