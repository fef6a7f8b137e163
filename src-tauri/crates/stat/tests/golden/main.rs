//! Every number that the product takes from this crate, against numbers from independent libraries.
//!
//! A golden file holds rows of input and output, and the tolerance. Each row of each file in [`METHODS`] is compared,
//! all of its outputs; a row that cannot be read fails. `GATEWRIGHT_GOLDEN_DIR` names another folder with files of
//! the same kind, of which some may be absent.

mod method;
mod row;

use std::io::Write as _;
use std::path::PathBuf;

use row::Row;
use serde_json::Value;

/// How the rows of a file are compared.
type Check = fn(&mut Row<'_>);

/// The files in use.
const METHODS: [(&str, Check); 24] = [
    ("ci_agresti_coull", method::agresti_coull),
    ("ci_clopper_pearson", method::clopper_pearson),
    ("ci_clopper_pearson_one_sided", method::clopper_pearson_one_sided),
    ("ci_jeffreys", method::jeffreys),
    ("ci_wilson", method::wilson),
    ("clustered_se", method::clustered),
    ("cohens_kappa", method::kappa),
    ("corridor_performance_goal", method::corridor),
    ("cs_bernoulli_beta_binomial", method::bernoulli_sequence),
    ("cs_wor_prior_posterior_ratio", method::prior_posterior_ratio),
    ("design_fixed_n", method::fixed_design),
    ("eprocess_mixture_bet", method::mixture_bet),
    ("eprocess_paired_noninferiority", method::paired_bet),
    ("eprocess_sprt_bet", method::single_bet),
    ("exact_oc_truncated_sprt", method::truncated_sprt),
    ("flakiness_icc", method::flakiness),
    ("lower_bound_mean_calls", method::calls_mean_min),
    ("mde_absolute_fixed_n", method::detectable),
    ("paired_difference_se", method::difference),
    ("pass_hat_k_and_pass_at_k", method::pass_hat_k),
    ("ppi_mean", method::corrected),
    ("quantile_order_statistic_ci", method::quantile),
    ("wor_sprt_deterministic_suite", method::finite_suite),
    ("zero_tolerance", method::zero_tolerance),
];

/// Files of methods that the product has no use for, yet.
const UNUSED: [&str; 9] = [
    "changepoint_beta_binomial",
    "ci_maurer_pontil_empirical_bernstein",
    "cs_hedged_capital_grid200",
    "cs_predmix_empirical_bernstein",
    "evalue_combination",
    "mcnemar_exact",
    "multiplicity_adjusted_p",
    "power_paired_miller",
    "rogan_gladen",
];

/// The file of whole plans, which has a form of its own.
const PLANS: &str = "corridor_reference_plans";

#[test]
fn every_row_of_every_golden_file_in_use_holds() {
    let mut rows = 0;
    for (name, check) in METHODS {
        let Some(file) = read(name) else { continue };
        // A file without a tolerance is no table of equal numbers; its check knows what must hold.
        let tolerance = match file.get("rel_tol") {
            None => 0.0,
            Some(value) => value.as_f64().unwrap_or_else(|| panic!("{name}: the tolerance is no number")),
        };
        let cases = file.get("cases").and_then(Value::as_array);
        let cases = cases.filter(|cases| !cases.is_empty()).unwrap_or_else(|| panic!("{name} holds no rows"));
        for case in cases {
            let mut row = Row::new(name, case, tolerance);
            check(&mut row);
            row.finish();
        }
        say(&format!("{name}: {} rows hold", cases.len()));
        rows += cases.len();
    }
    assert!(rows > 0, "the folder of golden files holds no row that is in use");
}

#[test]
fn the_golden_plans_have_the_risks_that_they_state() {
    let Some(plans) = read(PLANS) else { return };
    let plans = plans.as_object().filter(|plans| !plans.is_empty());
    for (name, plan) in plans.unwrap_or_else(|| panic!("{PLANS} holds no plans")) {
        method::reference_plan(name, plan);
    }
}

#[test]
fn the_golden_files_not_in_use_are_named() {
    let mut unused = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("the folder of golden files can be listed") {
        let path = entry.expect("an entry can be read").path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        let is_table = path.extension().is_some_and(|extension| extension == "json");
        if is_table && name != PLANS && METHODS.iter().all(|(used, _)| *used != name) {
            unused.push(name.to_owned());
        }
    }
    unused.sort();
    unused.iter().for_each(|name| say(&format!("not in use: {name}")));
    // A new file of ours is either compared or put on the list on purpose.
    if other_folder().is_none() {
        assert_eq!(unused, UNUSED);
    }
}

fn folder() -> PathBuf {
    other_folder()
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/data/golden")))
}

fn other_folder() -> Option<PathBuf> {
    std::env::var_os("GATEWRIGHT_GOLDEN_DIR").map(PathBuf::from)
}

/// A file of the folder; none when it is absent from a folder that is not ours.
fn read(name: &str) -> Option<Value> {
    let path = folder().join(name).with_extension("json");
    if other_folder().is_some() && !path.exists() {
        say(&format!("absent: {name}"));
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// For whoever runs the tests with their output shown.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output can be written");
}
