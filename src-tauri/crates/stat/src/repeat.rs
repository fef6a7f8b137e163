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

/// The analysis of variance over cases with `k` trials each, of which `passes[i]` passed. None with fewer than
/// two cases or trials.
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
    fn cases_that_agree_with_themselves_are_not_flaky() {
        let found = flakiness(&[5, 0, 5, 5], 5).expect("they differ from each other");
        assert_eq!((found.flaky, found.variance_within), (0, 0.0));
        assert_eq!((found.within_case, found.design_effect), (Some(1.0), Some(5.0)));
        let perfect = flakiness(&[5, 5], 5).expect("two cases");
        assert_eq!((perfect.flaky, perfect.within_case, perfect.mean), (0, None, 1.0));
        assert_eq!((flakiness(&[3], 5), flakiness(&[1, 1], 1), flakiness(&[6, 1], 5)), (None, None, None));
    }
}
