//! The order of the slots: fixed by a seed that nobody chooses, and a different one in every round.

use super::{OrderRule, Plan};
use crate::id::{CanonicalError, CaseName, Digest};

/// Gives each round of a stream its order.
///
/// A case's place depends on seed, round and its own name alone. So the cases that a criterion hears form a
/// sub-sequence of the shared trials, and adding, editing or removing a case moves no other relative to the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    seed: Digest,
    order: OrderRule,
}

impl Stream {
    /// The stream with this seed.
    #[must_use]
    pub const fn new(seed: Digest, order: OrderRule) -> Self {
        Self { seed, order }
    }

    /// The order that a plan follows. The slots of a baseline follow it too: both sides are asked in step.
    ///
    /// # Errors
    /// Never for a plan that the gate made.
    pub fn of(plan: &Plan) -> Result<Self, CanonicalError> {
        Ok(Self::new(plan.stream.seed()?, plan.order))
    }

    /// The place of a case in a round: `sha256(seed ‖ round ‖ case name)`, the round in four bytes, big end
    /// first.
    #[must_use]
    pub fn place(&self, round: u32, case: &CaseName) -> Digest {
        let name = case.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(36 + name.len());
        bytes.extend_from_slice(&self.seed.0);
        bytes.extend_from_slice(&round.to_be_bytes());
        bytes.extend_from_slice(name);
        Digest::of_bytes(&bytes)
    }

    /// The cases of a round in the order in which they are heard, as indices into `cases`. Only those for which
    /// `wanted` holds are placed; leaving some out does not move the rest.
    ///
    /// With [`OrderRule::WithReplacement`] a round is one draw: the first of the same order, so every case is as
    /// likely as any other and rounds are independent.
    #[must_use]
    pub fn round(&self, round: u32, cases: &[CaseName], wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        let places = cases.iter().enumerate();
        match self.order {
            OrderRule::HashRounds => {
                let mut placed: Vec<_> = places
                    .filter(|(index, _)| wanted(*index))
                    .map(|(index, case)| (self.place(round, case), case, index))
                    .collect();
                placed.sort_unstable();
                placed.into_iter().map(|(_, _, index)| index).collect()
            }
            OrderRule::WithReplacement => {
                let drawn = places.min_by_key(|(_, case)| (self.place(round, case), *case));
                drawn.map(|(index, _)| index).into_iter().filter(|&index| wanted(index)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(range: std::ops::Range<usize>) -> Vec<CaseName> {
        range.map(|index| CaseName::new(format!("case-{index}"))).collect()
    }

    fn ordered(stream: &Stream, round: u32, cases: &[CaseName]) -> Vec<CaseName> {
        stream.round(round, cases, |_| true).into_iter().map(|index| cases[index].clone()).collect()
    }

    #[test]
    fn the_order_is_the_one_that_is_written_down() {
        let stream = Stream::new(Digest::of_bytes(b"seed"), OrderRule::HashRounds);
        let order = |round| stream.round(round, &names(0..5), |_| true);
        // From another implementation of the same line of documentation.
        assert_eq!(
            (order(0), order(1), order(2)),
            (vec![2, 1, 3, 4, 0], vec![2, 4, 1, 3, 0], vec![4, 2, 1, 3, 0])
        );
    }

    proptest! {
        #[test]
        fn adding_a_case_moves_no_other(
            seed: [u8; 32], round: u32, count in 1_usize..40, added in 0_usize..40, at in 0_usize..40,
        ) {
            let stream = Stream::new(Digest(seed), OrderRule::HashRounds);
            let cases = names(0..count);
            let before = ordered(&stream, round, &cases);
            let mut more = cases.clone();
            let new = CaseName::new(format!("new-{added}"));
            more.insert(at.min(count), new.clone());
            let mut after = ordered(&stream, round, &more);
            after.retain(|case| *case != new);
            prop_assert_eq!(before, after);
        }

        #[test]
        fn a_part_of_the_cases_keeps_the_order_of_the_whole(seed: [u8; 32], round: u32, mask: u32) {
            let stream = Stream::new(Digest(seed), OrderRule::HashRounds);
            let cases = names(0..32);
            let part = stream.round(round, &cases, |index| mask >> index & 1 == 1);
            let mut whole = stream.round(round, &cases, |_| true);
            whole.retain(|index| mask >> index & 1 == 1);
            prop_assert_eq!(part, whole);
        }
    }

    #[test]
    fn drawing_with_replacement_takes_every_case_alike() {
        let stream = Stream::new(Digest::of_bytes(b"monitor"), OrderRule::WithReplacement);
        let cases = names(0..4);
        let mut drawn = [0_u32; 4];
        for round in 0..4000 {
            let round = stream.round(round, &cases, |_| true);
            assert_eq!(round.len(), 1);
            drawn[round[0]] += 1;
        }
        // 1,000 ± 4 standard deviations of 27.
        assert!(drawn.iter().all(|&times| (890..=1110).contains(&times)), "{drawn:?}");
    }

    #[test]
    fn the_first_place_in_a_round_is_shared_out_alike() {
        let stream = Stream::new(Digest::of_bytes(b"gate"), OrderRule::HashRounds);
        let cases = names(0..4);
        let mut first = [0_u32; 4];
        for round in 0..4000 {
            first[stream.round(round, &cases, |_| true)[0]] += 1;
        }
        assert!(first.iter().all(|&times| (890..=1110).contains(&times)), "{first:?}");
    }
}
