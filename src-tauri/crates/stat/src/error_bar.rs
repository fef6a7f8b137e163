//! Standard errors for charts: of a mean whose scores come in clusters, and of a difference on the same cases; as Miller
//! puts them together in *Adding Error Bars to Evals* (arXiv 2411.00640).

use crate::interval::Interval;
use crate::special::{student_two_sided, student_two_sided_quantile};

/// A mean with its standard error.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Clustered {
    /// The mean.
    pub mean: f64,
    /// Its standard error when scores of the same cluster may go together.
    pub error: f64,
    /// Its standard error if they did not.
    pub error_independent: f64,
    /// Clusters.
    pub clusters: u32,
}

/// The mean of scores of which those with the same cluster (a case, for repeated trials) stand next to each other:
/// `clusters` gives the scores of each. None without a score.
///
/// SE² = (1/n²) Σ over clusters of (Σ of (score − mean))².
#[must_use]
pub fn clustered(clusters: &[&[f64]]) -> Option<Clustered> {
    let n: usize = clusters.iter().map(|cluster| cluster.len()).sum();
    if n == 0 {
        return None;
    }
    let scores = || clusters.iter().copied().flatten();
    let mean = scores().sum::<f64>() / n as f64;
    let sum = |cluster: &[f64]| cluster.iter().map(|score| score - mean).sum::<f64>();
    let squares: f64 = clusters.iter().map(|cluster| sum(cluster) * sum(cluster)).sum();
    let single: f64 = scores().map(|score| (score - mean) * (score - mean)).sum();
    Some(Clustered {
        mean,
        error: libm::sqrt(squares) / n as f64,
        error_independent: libm::sqrt(single) / n as f64,
        clusters: clusters.iter().filter(|cluster| !cluster.is_empty()).count() as u32,
    })
}

/// A difference of two versions on the same cases.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Difference {
    /// The mean of the first less that of the second.
    pub mean: f64,
    /// Its standard error, paired case by case.
    pub error: f64,
    /// The standard error if the cases had been different ones.
    pub error_unpaired: f64,
    cases: usize,
}

impl Difference {
    /// Student's interval with this confidence, such as 0.95.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = student_two_sided_quantile(1.0 - confidence, self.freedom()) * self.error;
        Interval { low: self.mean - half, high: self.mean + half }
    }

    /// How often a difference of 0 would look as large as this. Never a criterion: that it is large is no proof of
    /// equality.
    #[must_use]
    pub fn p_two_sided(&self) -> f64 {
        match (self.mean == 0.0, self.error == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            _ => student_two_sided(self.mean / self.error, self.freedom()),
        }
    }

    fn freedom(&self) -> f64 {
        self.cases as f64 - 1.0
    }
}

/// The difference of the mean scores of the same cases, case by case. None with fewer than two cases, or when the
/// two are not of the same length.
#[must_use]
pub fn difference(first: &[f64], second: &[f64]) -> Option<Difference> {
    let n = first.len();
    if n < 2 || n != second.len() {
        return None;
    }
    let pairs = || first.iter().zip(second).map(|(a, b)| a - b);
    let (mean, spread) = mean_and_variance(pairs(), n);
    let [(_, spread_first), (_, spread_second)] =
        [first, second].map(|scores| mean_and_variance(scores.iter().copied(), n));
    Some(Difference {
        mean,
        error: libm::sqrt(spread / n as f64),
        error_unpaired: libm::sqrt((spread_first + spread_second) / n as f64),
        cases: n,
    })
}

/// The mean, and the variance with `n − 1` below the line.
pub(crate) fn mean_and_variance(values: impl Iterator<Item = f64> + Clone, n: usize) -> (f64, f64) {
    let mean = values.clone().sum::<f64>() / n as f64;
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    (mean, squares / (n as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_go_together_count_less() {
        let alone: [&[f64]; 4] = [&[1.0], &[1.0], &[0.0], &[0.0]];
        let found = clustered(&alone).expect("scores");
        assert_eq!(found.error, found.error_independent);
        let together: [&[f64]; 2] = [&[1.0, 1.0], &[0.0, 0.0]];
        let found = clustered(&together).expect("scores");
        assert!((found.error / found.error_independent - libm::sqrt(2.0)).abs() < 1e-15);
        assert_eq!((found.clusters, clustered(&[])), (2, None));
        assert_eq!(clustered(&[&[]]), None);
    }

    #[test]
    fn a_pairing_removes_what_the_cases_have_in_common() {
        let found = difference(&[0.1, 0.5, 0.9], &[0.0, 0.4, 0.8]).expect("pairs");
        assert!(found.error < 1e-15 && found.error_unpaired > 0.3);
        let same = difference(&[0.5, 0.7], &[0.5, 0.7]).expect("pairs");
        assert_eq!((same.p_two_sided(), same.mean), (1.0, 0.0));
        assert_eq!(difference(&[1.0], &[1.0]), None);
        assert_eq!(difference(&[1.0, 1.0], &[1.0]), None);
    }
}
