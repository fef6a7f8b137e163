//! How each golden file is compared: which function of the crate gives which output.

use gatewright_stat::design::{self, Claim};
use gatewright_stat::interval::{self, Interval};
use gatewright_stat::product::Product;
use gatewright_stat::walk::Corridor;
use gatewright_stat::{
    agreement, betting, confidence, corridor, error_bar, finite, never, paired, quantile, repeat, special,
};
use serde_json::Value;

use crate::row::Row;

/// The mean calls may exceed those of the reference by this factor, averaged over the levels listed.
const CALLS_RATIO_MAX: f64 = 1.03;

fn claim(row: &Row<'_>) -> Claim {
    let [floor, target, blocked, passed] = ["p0", "p1", "alpha", "beta"].map(|key| row.number(key));
    Claim::new(target, floor, blocked, passed).unwrap_or_else(|error| row.fail(&error.to_string()))
}

/// The levels of a row that states no risks: 5 % each.
fn levels(row: &Row<'_>) -> Claim {
    let [floor, target] = ["p0", "p1"].map(|key| row.number(key));
    Claim::new(target, floor, 0.05, 0.05).unwrap_or_else(|error| row.fail(&error.to_string()))
}

// ---- intervals ----

fn two_sided(row: &mut Row<'_>, of: fn(u32, u32, f64) -> Interval) {
    let found = of(row.count("k"), row.count("n"), 1.0 - row.number("alpha"));
    row.is("low", found.low);
    row.is("high", found.high);
}

pub(crate) fn wilson(row: &mut Row<'_>) {
    two_sided(row, interval::wilson);
}

pub(crate) fn agresti_coull(row: &mut Row<'_>) {
    two_sided(row, interval::agresti_coull);
}

pub(crate) fn jeffreys(row: &mut Row<'_>) {
    two_sided(row, interval::jeffreys);
}

pub(crate) fn clopper_pearson(row: &mut Row<'_>) {
    two_sided(row, interval::clopper_pearson);
}

pub(crate) fn clopper_pearson_one_sided(row: &mut Row<'_>) {
    let (k, n, level) = (row.count("k"), row.count("n"), 1.0 - row.number("alpha"));
    row.is("lower", interval::clopper_pearson_lower(k, n, level));
    row.is("upper", interval::clopper_pearson_upper(k, n, level));
}

pub(crate) fn bernoulli_sequence(row: &mut Row<'_>) {
    let (k, n, level) = (row.count("k"), row.count("n"), 1.0 - row.number("alpha"));
    let found = confidence::bernoulli(k, n, level, row.number("t_opt"));
    row.is("low", found.low);
    row.is("high", found.high);
}

pub(crate) fn quantile(row: &mut Row<'_>) {
    let (n, q, level) = (row.count("n"), row.number("q"), row.number("conf"));
    let found = quantile::ranks(n, q, level);
    row.counted("rank_low", found.low);
    row.counted("rank_high", found.high);
    row.counted("rank_upper_one_sided", quantile::rank_upper(n, q, level));
}

// ---- designs ----

pub(crate) fn fixed_design(row: &mut Row<'_>) {
    let claim = claim(row);
    let found = design::fixed(claim.target(), claim.floor(), claim.wrongly_blocked(), claim.wrongly_passed());
    let found = found.unwrap_or_else(|error| row.fail(&error.to_string()));
    row.counted("n", found.n);
    row.counted("max_failures_to_pass", found.failures_max);
    row.is("realised_alpha", found.wrongly_blocked);
    row.is("realised_beta", found.wrongly_passed);
    // The normal approximation is nobody's business but that of the quantile that it is made of.
    let part = |risk: f64, p: f64| special::normal_quantile(1.0 - risk) * (p * (1.0 - p)).sqrt();
    let root = part(claim.wrongly_passed(), claim.floor()) + part(claim.wrongly_blocked(), claim.target());
    row.is("n_normal_approx", (root / (claim.target() - claim.floor())).powi(2));
}

pub(crate) fn detectable(row: &mut Row<'_>) {
    let target = row.number("p1");
    let found = design::detectable(row.count("n"), target, row.number("alpha"), row.number("beta"));
    row.counted("max_failures_to_pass", found.failures_max);
    row.is("p0_detectable", found.floor);
    row.is("mde", target - found.floor);
}

pub(crate) fn calls_mean_min(row: &mut Row<'_>) {
    row.is("lower_bound", design::calls_mean_min(row.number("p"), &claim(row)));
}

pub(crate) fn zero_tolerance(row: &mut Row<'_>) {
    let (cases, repeats, risk) = (row.count("m"), row.count("k"), row.number("beta"));
    row.is("upper_failure_rate", never::failure_rate_excluded(repeats, risk));
    row.is("rule_of_three", 3.0 / f64::from(repeats));
    row.counted("repeats_needed", never::trials(row.number("eps"), risk).ok());
    row.is("p_valid_agent_blocked", never::blocked(row.number("r"), cases * repeats));
}

pub(crate) fn corridor(row: &mut Row<'_>) {
    let claim = claim(row);
    let found = corridor::plan(&claim, 0).unwrap_or_else(|error| row.fail(&error.to_string()));
    row.counted("n_fixed", found.fixed.n);
    row.counted("n_max", found.corridor.calls_max());
    // The risks of another plan, how long it took to find, and whether: not ours to repeat.
    for key in ["exact_alpha", "exact_beta", "seconds", "corridor_found"] {
        let _ = row.expected(key);
    }
    assert_eq!(corridor::certify(&found.corridor, &claim), found.certificate);
    let risks = [found.certificate.wrongly_blocked, found.certificate.wrongly_passed];
    if risks[0] > claim.wrongly_blocked() || risks[1] > claim.wrongly_passed() {
        row.fail(&format!("the plan has the risks {risks:?}"));
    }
    let listed =
        row.expected("mean_calls").as_object().unwrap_or_else(|| row.fail("mean_calls is no object"));
    let mut ratios = Vec::new();
    for (level, calls) in listed {
        let p: f64 = level.parse().unwrap_or_else(|_| row.fail(&format!("{level} is no level")));
        let of = |key: &str| calls.get(key).and_then(Value::as_f64);
        let reference = of("reference_corridor").or_else(|| of("tsprt"));
        let reference = reference.unwrap_or_else(|| row.fail(&format!("no reference at {level}")));
        let test = found.corridor.characteristics(p);
        assert!((test.pass + test.fail - 1.0).abs() < 1e-9, "something is left undecided at {level}");
        let least = of("lower_bound").unwrap_or_else(|| row.fail(&format!("no lower bound at {level}")));
        assert!(test.calls_mean >= least - 1e-9, "fewer calls than is possible at {level}");
        ratios.push(test.calls_mean / reference);
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    if mean.is_nan() || mean > CALLS_RATIO_MAX {
        row.fail(&format!("the mean calls are {mean} of the reference: {ratios:?}"));
    }
}

pub(crate) fn truncated_sprt(row: &mut Row<'_>) {
    row.allow(1e-12);
    let (n_max, cut) = (row.count("n_max"), row.count("cut"));
    let [p0, p1, a, b] = ["p0", "p1", "a", "b"].map(|key| row.number(key));
    let test =
        sprt(p0, p1, a, b, n_max, i32::try_from(cut).unwrap_or_else(|_| row.fail("the cut is no count")));
    let found = test.characteristics(row.number("p"));
    row.is("p_pass", found.pass);
    row.is("p_fail", found.fail);
    row.is("mean_calls", found.calls_mean);
}

/// Wald's test between its two lines, cut off after `n_max` calls.
fn sprt(p0: f64, p1: f64, a: f64, b: f64, n_max: u32, cut: i32) -> Corridor {
    let (for_pass, for_failure) = ((p1 / p0).ln(), ((1.0 - p0) / (1.0 - p1)).ln());
    let line = |n: u32, shift: f64| (f64::from(n) * for_pass + shift) / (for_pass + for_failure);
    let mut pass: Vec<_> = (0..=n_max).map(|n| ((line(n, -a) + 1e-9).floor() as i32).max(-1)).collect();
    let mut fail: Vec<_> = (0..=n_max).map(|n| (line(n, b) - 1e-9).ceil() as i32).collect();
    (pass[n_max as usize], fail[n_max as usize]) = (cut, cut + 1);
    Corridor::new(pass, fail).expect("the lines do not cross")
}

pub(crate) fn reference_plan(name: &str, plan: &Value) {
    let number = |path: &str| {
        plan.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{name}: {path} is no number"))
    };
    let array = |path: &str| -> Vec<i32> {
        let array = plan.pointer(path).and_then(Value::as_array);
        let array = array.unwrap_or_else(|| panic!("{name}: {path} is no list"));
        array.iter().map(|entry| entry.as_i64().expect("a count") as i32).collect()
    };
    let near = |path: &str, found: f64| {
        assert!((found / number(path) - 1.0).abs() < 1e-9, "{name}: {path} is {found}");
    };
    let claim = Claim::new(number("/p1"), number("/p0"), number("/alpha"), number("/beta"));
    let claim = claim.unwrap_or_else(|error| panic!("{name}: {error}"));
    let test = Corridor::new(array("/pass_at_failures_le"), array("/fail_at_failures_ge"));
    let certificate = corridor::certify(&test.unwrap_or_else(|error| panic!("{name}: {error}")), &claim);
    near("/exact_alpha", certificate.wrongly_blocked);
    near("/exact_beta", certificate.wrongly_passed);
    assert!(certificate.keeps(&claim), "{name}: {certificate:?}");
    let ours = corridor::plan(&claim, 0).unwrap_or_else(|error| panic!("{name}: {error}"));
    near("/n_fixed", f64::from(ours.fixed.n));
    near("/c_fixed", f64::from(ours.fixed.failures_max));
    near("/n_max", f64::from(ours.corridor.calls_max()));
    let n_max = ours.corridor.calls_max();
    let cut = number("/tsprt/k") as i32;
    let cut_off = sprt(claim.floor(), claim.target(), number("/tsprt/a"), number("/tsprt/b"), n_max, cut);
    let certificate = corridor::certify(&cut_off, &claim);
    near("/tsprt/exact_alpha", certificate.wrongly_blocked);
    near("/tsprt/exact_beta", certificate.wrongly_passed);
}

// ---- evidence ----

pub(crate) fn mixture_bet(row: &mut Row<'_>) {
    let mut bet = betting::MixtureBet::new(&levels(row));
    row.numbers("x").into_iter().for_each(|score| bet.hear(score));
    row.is("log_K_plus", bet.log_against_floor());
    row.is("log_K_minus", bet.log_against_target());
    row.counted("first_pass", bet.passed_at());
    row.counted("first_fail", bet.failed_at());
}

pub(crate) fn single_bet(row: &mut Row<'_>) {
    let (floor, target, scores) = (row.number("p0"), row.number("p1"), row.numbers("x"));
    let mut stake = |mean: f64, alternative: f64, log_key, first_key| {
        let factors = scores.iter().map(|&score| betting::factor(score, mean, alternative));
        let (stake, first) = staked(factors);
        row.is(log_key, stake.ln());
        row.counted(first_key, first);
    };
    stake(floor, target, "log_K_plus", "first_pass_ville_0p05");
    stake(target, floor, "log_K_minus", "first_fail_ville_0p05");
    // The slope of the factor in the score.
    let slope = |mean: f64, alternative: f64| {
        betting::factor(1.0, mean, alternative) - betting::factor(0.0, mean, alternative)
    };
    row.is("lambda_plus", slope(floor, target));
    row.is("lambda_minus", -slope(target, floor));
}

pub(crate) fn paired_bet(row: &mut Row<'_>) {
    let (margin, size) = (row.number("delta"), row.number("lam"));
    let differences = row.numbers("d");
    let (stake, first) = staked(differences.into_iter().map(|d| paired::factor(d, margin, size)));
    row.is("log_K", stake.ln());
    row.counted("first_ge_20", first);
}

/// The stake after all factors, and the first number of them after which it was 20 or more.
fn staked(factors: impl Iterator<Item = f64>) -> (Product, Option<u32>) {
    let (mut stake, mut first) = (Product::ONE, None);
    for (factor, n) in factors.zip(1..) {
        stake = stake.times(factor);
        if first.is_none() && stake.at_least(20.0) {
            first = Some(n);
        }
    }
    (stake, first)
}

pub(crate) fn finite_suite(row: &mut Row<'_>) {
    let claim = levels(row);
    let suite = finite::Suite::new(row.count("N"), &claim);
    let suite = suite.unwrap_or_else(|error| row.fail(&error.to_string()));
    let (good, bad) = (suite.failures_good(), suite.failures_bad());
    row.counted("K1", good);
    row.counted("K0", bad);
    row.is("log_lr", suite.log_ratio(row.count("n"), row.count("f")));
    let test = suite.boundary(&claim);
    let (at_good, at_bad) = (suite.characteristics(&test, good), suite.characteristics(&test, bad));
    row.is("false_block_at_K1", at_good.fail);
    row.is("mean_calls_at_K1", at_good.calls_mean);
    row.is("false_ship_at_K0", at_bad.pass);
    row.is("mean_calls_at_K0", at_bad.calls_mean);
}

pub(crate) fn prior_posterior_ratio(row: &mut Row<'_>) {
    let (passed, draws, cases) = (row.count("k"), row.count("t"), row.count("N"));
    let prior = (row.number("a"), row.number("b"));
    let found = finite::confidence_sequence(passed, draws, cases, 1.0 - row.number("alpha"), prior);
    row.counted("low", found.map(|(low, _)| low));
    row.counted("high", found.map(|(_, high)| high));
    let middle = row.expected("mid").as_u64().unwrap_or_else(|| row.fail("mid is no count")) as u32;
    row.is("log_M_at_mid", finite::log_prior_to_posterior(middle, passed, draws, cases, prior));
}

// ---- what is shown ----

pub(crate) fn clustered(row: &mut Row<'_>) {
    let (scores, groups) = (row.numbers("s"), row.counts("g"));
    assert_eq!(scores.len(), groups.len(), "each score has a cluster");
    let mut clusters: std::collections::BTreeMap<u32, Vec<f64>> = std::collections::BTreeMap::new();
    for (score, group) in scores.into_iter().zip(groups) {
        clusters.entry(group).or_default().push(score);
    }
    let clusters: Vec<&[f64]> = clusters.values().map(Vec::as_slice).collect();
    let found = error_bar::clustered(&clusters).unwrap_or_else(|| row.fail("gives no error bar"));
    row.is("mean", found.mean);
    row.is("se_clustered", found.error);
    row.is("se_iid_hc0", found.error_independent);
    row.counted("n_clusters", found.clusters);
}

pub(crate) fn difference(row: &mut Row<'_>) {
    let found = error_bar::difference(&row.numbers("a"), &row.numbers("b"));
    let found = found.unwrap_or_else(|| row.fail("gives no difference"));
    row.is("mean_diff", found.mean);
    row.is("se_paired", found.error);
    row.is("se_unpaired", found.error_unpaired);
    row.is("t_ci_low", found.interval(0.95).low);
    row.is("t_ci_high", found.interval(0.95).high);
    row.is("p_two_sided", found.p_two_sided());
}

pub(crate) fn kappa(row: &mut Row<'_>) {
    let table = row.table("t");
    let table: Vec<&[u32]> = table.iter().map(Vec::as_slice).collect();
    let found = agreement::kappa(&table).unwrap_or_else(|| row.fail("gives no kappa"));
    row.is("kappa", found.kappa);
    row.is("std_kappa", found.error);
    row.is("low", found.interval(0.95).low);
    row.is("upp", found.interval(0.95).high);
}

pub(crate) fn flakiness(row: &mut Row<'_>) {
    let found = repeat::flakiness(&row.counts("c"), row.count("k"));
    row.is("mean", found.map(|found| found.mean));
    row.is("icc", found.and_then(|found| found.within_case));
    row.is("design_effect", found.and_then(|found| found.design_effect));
    row.counted("flaky_cases", found.map(|found| found.flaky));
    row.is("mean_within_var", found.map(|found| found.variance_within));
}

pub(crate) fn pass_hat_k(row: &mut Row<'_>) {
    let (c, n, k) = (row.count("c"), row.count("n"), row.count("k"));
    row.is("pass_hat_k", repeat::pass_hat_k(c, n, k));
    row.is("pass_at_k", repeat::pass_at_k(c, n, k));
}

pub(crate) fn corrected(row: &mut Row<'_>) {
    let labelled: Vec<_> = row.numbers("Y").into_iter().zip(row.numbers("Yhat")).collect();
    let (judged, level) = (row.numbers("Yu"), 1.0 - row.number("alpha"));
    let tuned = agreement::corrected(&labelled, &judged).unwrap_or_else(|| row.fail("gives no mean"));
    row.is("lambda", tuned.trust);
    row.is("ppi_plus_plus/estimate", tuned.mean);
    for (trust, low, high) in [
        (tuned.trust, "ppi_plus_plus/low", "ppi_plus_plus/high"),
        (1.0, "ppi/low", "ppi/high"),
        (0.0, "classical/low", "classical/high"),
    ] {
        let found = agreement::corrected_with(&labelled, &judged, trust);
        let found = found.unwrap_or_else(|| row.fail("gives no mean")).interval(level);
        row.is(low, found.low);
        row.is(high, found.high);
    }
}
