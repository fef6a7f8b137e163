//! How far a judge can be trusted: its agreement with labels given by hand (Cohen, 1960, with the standard error of
//! Fleiss, Cohen and Everitt, 1969), and a mean score corrected by them (prediction-powered inference, arXiv 2311.01453).

use crate::error_bar::mean_and_variance;
use crate::interval::Interval;
use crate::special::normal_quantile;

/// Cohen's kappa: agreement beyond what chance gives. 1 is perfect, 0 is chance.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Kappa {
    /// The estimate.
    pub kappa: f64,
    /// Its standard error.
    pub error: f64,
}

impl Kappa {
    /// The normal interval with this confidence, such as 0.95.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = -normal_quantile(0.5 * (1.0 - confidence)) * self.error;
        Interval { low: self.kappa - half, high: self.kappa + half }
    }
}

/// Kappa of a square table of counts: `table[i][j]` items have label `i` by hand and `j` by the judge. None when the
/// table is empty or not square, or when both always give the same label: then chance explains all agreement.
#[must_use]
pub fn kappa(table: &[&[u32]]) -> Option<Kappa> {
    let side = table.len();
    let total: u64 = table.iter().flat_map(|row| row.iter()).map(|&count| u64::from(count)).sum();
    if total == 0 || table.iter().any(|row| row.len() != side) {
        return None;
    }
    let n = total as f64;
    let share = |i: usize, j: usize| f64::from(table[i][j]) / n;
    let by_hand = |i: usize| (0..side).map(|j| share(i, j)).sum::<f64>();
    let by_judge = |j: usize| (0..side).map(|i| share(i, j)).sum::<f64>();
    let agreed: f64 = (0..side).map(|i| share(i, i)).sum();
    let chance: f64 = (0..side).map(|i| by_hand(i) * by_judge(i)).sum();
    if chance >= 1.0 {
        return None;
    }
    let kappa = (agreed - chance) / (1.0 - chance);
    let rest = 1.0 - kappa;
    let square = |value: f64| value * value;
    let on: f64 = (0..side).map(|i| share(i, i) * square(1.0 - (by_hand(i) + by_judge(i)) * rest)).sum();
    let off: f64 = (0..side)
        .flat_map(|i| (0..side).filter(move |&j| j != i).map(move |j| (i, j)))
        .map(|(i, j)| share(i, j) * square(by_judge(i) + by_hand(j)))
        .sum();
    let variance = on + square(rest) * off - square(kappa - chance * rest);
    Some(Kappa { kappa, error: libm::sqrt(variance.max(0.0) / n) / (1.0 - chance) })
}

/// A mean score, corrected by labels given by hand.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Corrected {
    /// The estimate.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
    /// How much of the judge's scores was used: 0 none, 1 all.
    pub trust: f64,
}

impl Corrected {
    /// The normal interval with this confidence, such as 0.95.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = -normal_quantile(0.5 * (1.0 - confidence)) * self.error;
        Interval { low: self.mean - half, high: self.mean + half }
    }
}

/// The mean score of a run whose outputs were all judged, some of them labelled by hand as well: prediction-powered
/// inference with tuned trust (arXiv 2311.01453). `labelled` pairs a label with the judge's score of the same output;
/// `judged` are the judge's scores of the others. The labelled ones must be a uniform random sample of this run.
/// Nothing is assumed of the judge. None with fewer than two of either.
#[must_use]
pub fn corrected(labelled: &[(f64, f64)], judged: &[f64]) -> Option<Corrected> {
    let (few, many) = (labelled.len(), judged.len());
    if few < 2 || many < 2 {
        return None;
    }
    let labels = labelled.iter().map(|pair| pair.0);
    let scores = labelled.iter().map(|pair| pair.1);
    let (label_mean, _) = mean_and_variance(labels, few);
    let (score_mean, _) = mean_and_variance(scores.clone(), few);
    let together: f64 =
        labelled.iter().map(|(label, score)| (label - label_mean) * (score - score_mean)).sum::<f64>()
            / few as f64;
    let (_, spread) = mean_and_variance(scores.chain(judged.iter().copied()), few + many);
    let ratio = 1.0 + few as f64 / many as f64;
    let trust = if spread > 0.0 { (together / (ratio * spread)).clamp(0.0, 1.0) } else { 0.0 };
    corrected_with(labelled, judged, trust)
}

/// [`corrected`] with a given trust in [0, 1]: 1 takes the judge at its word up to its mean error, 0 uses the labels
/// alone. None with fewer than two of either.
#[must_use]
pub fn corrected_with(labelled: &[(f64, f64)], judged: &[f64], trust: f64) -> Option<Corrected> {
    let (few, many) = (labelled.len(), judged.len());
    if few < 2 || many < 2 {
        return None;
    }
    let population = |variance: f64, n: usize| variance * (n as f64 - 1.0) / n as f64;
    let (judged_mean, judged_spread) = mean_and_variance(judged.iter().copied(), many);
    let (rest_mean, rest_spread) =
        mean_and_variance(labelled.iter().map(|(label, score)| label - trust * score), few);
    let variance = trust * trust * population(judged_spread, many) / many as f64
        + population(rest_spread, few) / few as f64;
    Some(Corrected { mean: trust * judged_mean + rest_mean, error: libm::sqrt(variance), trust })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_judge_has_kappa_1_and_a_guessing_one_0() {
        let perfect = kappa(&[&[30, 0], &[0, 70]]).expect("a table");
        assert_eq!((perfect.kappa, perfect.error), (1.0, 0.0));
        let guessing = kappa(&[&[25, 25], &[25, 25]]).expect("a table");
        assert!(guessing.kappa.abs() < 1e-15);
        assert_eq!(kappa(&[&[10, 0], &[0, 0]]), None);
        assert_eq!((kappa(&[]), kappa(&[&[1, 2]])), (None, None));
    }

    #[test]
    fn a_lenient_judge_is_corrected() {
        // It passes everything; by hand, four of ten labelled outputs fail.
        let labelled: alloc::vec::Vec<_> = (0..10).map(|n| (if n < 6 { 1.0 } else { 0.0 }, 1.0)).collect();
        let found = corrected(&labelled, &[1.0; 90]).expect("samples");
        assert!((found.mean - 0.6).abs() < 1e-12 && found.trust == 0.0);
        assert_eq!(corrected(&labelled[..1], &[1.0; 90]), None);
    }
}
