//! Several trials of the same case: the chance that all of them pass, or that one does; and how much they
//! disagree: the intraclass correlation of the one-way analysis of variance (Shrout and Fleiss, 1979, case 1),
//! [`pass_hat_k`] of τ-bench (arXiv 2406.12045) and [`pass_at_k`] of Chen and others (arXiv 2107.03374).

/// pass^k, estimated without bias from `c` passes among `n` trials of a case: the chance that `k` trials drawn
/// from them all pass, C(c, k) / C(n, k). None when fewer than `k` trials were made.
///
/// From the tau-bench paper (arXiv 2406.12045).
#[must_use]
pub fn pass_hat_k(c: u32, n: u32, k: u32) -> Option<f64> {
    if k > n || c > n {
        return None;
    }
    Some((0..k).map(|i| if i < c { f64::from(c - i) / f64::from(n - i) } else { 0.0 }).product())
}

/// pass@k: the chance that at least one of `k` trials drawn from `n` with `c` passes does, 1 − C(n − c, k) / C(n, k).
/// None when fewer than `k` trials were made.
#[must_use]
pub fn pass_at_k(c: u32, n: u32, k: u32) -> Option<f64> {
    if c > n {
        return None;
    }
    Some(1.0 - pass_hat_k(n - c, n, k)?)
}

/// How much the trials of cases disagree, from `k ≥ 2` trials each.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Flakiness {
    /// The share of trials that pass.
    pub mean: f64,
    /// The correlation of two trials of the same case: 1 when cases never disagree with themselves; none when all
    /// trials of all cases agree, as there is nothing to split up.
    pub within_case: Option<f64>,
    /// How many calls weigh as much as one on a case of its own: 1 + (k − 1) · `within_case`.
    pub design_effect: Option<f64>,
    /// Cases that passed sometimes, and sometimes not.
    pub flaky: u32,
    /// The variance of a trial within its case, estimated without bias, on average over the cases.
    pub variance_within: f64,
}

/// How much one case disagrees with itself, from `c` passes among `k ≥ 1` trials: 4p(1 − p), where p = (c + ½)/(k + 1)
/// is the rate with Jeffreys' prior. 1 when it passes every other time, near 0 after many trials that agree.
#[must_use]
pub fn flakiness_index(c: u32, k: u32) -> f64 {
    let rate = (f64::from(c.min(k)) + 0.5) / (f64::from(k) + 1.0);
    4.0 * rate * (1.0 - rate)
}

/// The analysis of variance over cases, each with its passes and its trials, which may differ: of the intraclass
/// correlation the estimator from the analysis of variance, with the mean number of trials
/// k₀ = (N − Σ kᵢ²/N) / (m − 1) over m cases and N trials (Donner 1986, Int. Stat. Rev. 54:67; for 0/1 scores Ridout,
/// Demétrio and Firth 1999, Biometrics 55:137). With k trials each it is [`flakiness`]. None with fewer than two cases,
/// without a case that was asked twice, or when a case has no trial or more passes than trials.
#[must_use]
pub fn flakiness_of(cases: &[(u32, u32)]) -> Option<Flakiness> {
    let count = cases.len() as f64;
    let total: f64 = cases.iter().map(|&(_, k)| f64::from(k)).sum();
    if cases.len() < 2 || cases.iter().any(|&(c, k)| k == 0 || c > k) || total <= count {
        return None;
    }
    let mean = cases.iter().map(|&(c, _)| f64::from(c)).sum::<f64>() / total;
    let each = || cases.iter().map(|&(c, k)| (f64::from(c) / f64::from(k), f64::from(k)));
    let between = each().map(|(p, k)| k * (p - mean) * (p - mean)).sum::<f64>() / (count - 1.0);
    let within = each().map(|(p, k)| k * p * (1.0 - p)).sum::<f64>() / (total - count);
    let trials = (total - each().map(|(_, k)| k * k).sum::<f64>() / total) / (count - 1.0);
    let differ = cases.iter().any(|&(c, _)| c > 0) && cases.iter().any(|&(c, k)| c < k);
    let spread = between + (trials - 1.0) * within;
    let within_case = (differ && spread > 0.0).then(|| (between - within) / spread);
    Some(Flakiness {
        mean,
        within_case,
        design_effect: within_case.map(|share| 1.0 + (trials - 1.0) * share),
        flaky: cases.iter().filter(|&&(c, k)| 0 < c && c < k).count() as u32,
        variance_within: within,
    })
}

/// The analysis of variance over cases with `k` trials each, of which `passes[i]` passed: the correlation is ICC(1,1) of
/// Shrout and Fleiss 1979 (Psychological Bulletin 86:420). None with fewer than two cases or trials.
#[must_use]
pub fn flakiness(passes: &[u32], k: u32) -> Option<Flakiness> {
    if passes.len() < 2 || k < 2 || passes.iter().any(|&c| c > k) {
        return None;
    }
    let (cases, trials) = (passes.len() as f64, f64::from(k));
    let rates = || passes.iter().map(|&c| f64::from(c) / trials);
    let mean = rates().sum::<f64>() / cases;
    let differ = passes.iter().any(|&c| c > 0) && passes.iter().any(|&c| c < k);
    let between = trials * rates().map(|p| (p - mean) * (p - mean)).sum::<f64>() / (cases - 1.0);
    let within = trials * rates().map(|p| p * (1.0 - p)).sum::<f64>() / (cases * (trials - 1.0));
    let within_case = differ.then(|| (between - within) / (between + (trials - 1.0) * within));
    Some(Flakiness {
        mean,
        within_case,
        design_effect: within_case.map(|share| 1.0 + (trials - 1.0) * share),
        flaky: passes.iter().filter(|&&c| 0 < c && c < k).count() as u32,
        variance_within: within,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_k_and_one_of_k_are_counted_over_draws() {
        assert_eq!(pass_hat_k(2, 4, 2), Some(1.0 / 6.0));
        assert_eq!(pass_at_k(2, 4, 2), Some(1.0 - 1.0 / 6.0));
        assert_eq!((pass_hat_k(0, 4, 0), pass_hat_k(1, 4, 2)), (Some(1.0), Some(0.0)));
        assert_eq!((pass_hat_k(4, 4, 5), pass_at_k(5, 4, 1)), (None, None));
    }

    #[test]
    fn trials_that_differ_in_number_are_weighed_and_equal_ones_change_nothing() {
        let (passes, k) = ([5, 0, 3, 4, 1], 5);
        let pairs = passes.map(|c| (c, k));
        let (equal, general) = (flakiness(&passes, k).expect("cases"), flakiness_of(&pairs).expect("cases"));
        let near = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-12,
            _ => one == other,
        };
        assert!(
            near(equal.within_case, general.within_case) && near(equal.design_effect, general.design_effect)
        );
        assert!(near(Some(equal.variance_within), Some(general.variance_within)));
        assert!(near(Some(equal.mean), Some(general.mean)) && equal.flaky == general.flaky);
        // By hand: N = 6, mean ½, MSB = 3/2 over 1, MSW = 0 over 4.
        let steady = flakiness_of(&[(3, 3), (0, 3)]).expect("cases");
        assert_eq!((steady.within_case, steady.variance_within), (Some(1.0), 0.0));
        // By hand: N = 5, mean 3/5, between 2·(½ − 3/5)² + 3·(⅔ − 3/5)² = 1/30, within (½ + ⅔)/3 = 7/18, k₀ = 12/5.
        let mixed = flakiness_of(&[(1, 2), (2, 3)]).expect("cases");
        let expected = (1.0 / 30.0 - 7.0 / 18.0) / (1.0 / 30.0 + 1.4 * 7.0 / 18.0);
        assert!(near(mixed.within_case, Some(expected)), "{mixed:?}");
        for cases in [&[(1, 1), (0, 1)][..], &[(1, 2)], &[(3, 2), (1, 2)], &[(0, 0), (1, 2)]] {
            assert_eq!(flakiness_of(cases), None, "{cases:?}");
        }
        assert_eq!((flakiness_index(1, 2), flakiness_index(0, 1)), (1.0, 0.75));
        assert!(flakiness_index(100, 100) < 0.02);
    }

    #[test]
    fn cases_that_agree_with_themselves_are_not_flaky() {
        let found = flakiness(&[5, 0, 5, 5], 5).expect("they differ from each other");
        assert_eq!((found.flaky, found.variance_within), (0, 0.0));
        assert_eq!((found.within_case, found.design_effect), (Some(1.0), Some(5.0)));
        let perfect = flakiness(&[5, 5], 5).expect("two cases");
        assert_eq!((perfect.flaky, perfect.within_case, perfect.mean), (0, None, 1.0));
        assert_eq!((flakiness(&[3], 5), flakiness(&[1, 1], 1), flakiness(&[6, 1], 5)), (None, None, None));
    }
}
