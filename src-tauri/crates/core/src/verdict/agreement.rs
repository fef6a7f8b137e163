//! How far a scorer agrees with people: their labels of answers, drawn at random from one run's.
//!
//! Anybody may label any answer, but only a uniform random sample of a run's answers says something of all of them.
//! So the answers have an order that nobody chooses, by digest, and the sample is its beginning: as far as every answer
//! was labelled or skipped. Labels beyond it are kept and wait until the sample reaches them.

use gatewright_stat::agreement::{self, Corrected, Kappa};
use serde::{Deserialize, Serialize};

use crate::{
    gate::words::{plural, trimmed},
    id::{CaseName, Digest, ScorerId},
    observation::TrialId,
};

/// Labels below which a kappa is told with what is still needed: fewer leave it too uncertain to go by.
pub const LABELS_WANTED: u32 = 100;

/// What a person says of a scorer's word on an answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelWord {
    /// It passes.
    Pass,
    /// It fails.
    Fail,
    /// Nobody can say.
    Skip,
}

/// An answer that a scorer judged, with a person's word on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Of which trial.
    pub trial: TrialId,
    /// Which case.
    pub case: CaseName,
    /// Which round.
    pub round: u32,
    /// Which turn.
    pub turn: u16,
    /// What the scorer says.
    pub passed: bool,
    /// What a person says; none while nobody did.
    pub word: Option<LabelWord>,
}

/// How far a scorer agrees with people over one run's answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Agreement {
    /// Answers that it judged.
    pub outputs: u32,
    /// Answers that a person called pass or fail, in the sample or not.
    pub labelled: u32,
    /// Of those, in the sample.
    pub sampled: u32,
    /// Answers in the sample that nobody could tell.
    pub skipped: u32,
    /// Labels of the sample that say what the scorer says.
    pub agreed: u32,
    /// Cohen's kappa of the sample, with its standard error. None below two labels, or when person and scorer always
    /// say the same one word.
    pub kappa: Option<Kappa>,
    /// The share of answers that the scorer passes; none without any.
    pub share: Option<f64>,
    /// The share that people would pass, by labels and scorer together: prediction-powered inference. None below two
    /// labels or two answers without one.
    pub corrected: Option<Corrected>,
    /// The answer to be labelled next; none when the sample is all of them.
    pub next: Option<Output>,
}

/// The order in which a run's answers are labelled: nobody chooses it, and it depends on nothing that was answered.
/// `seed` is the stream's.
fn place(seed: &Digest, scorer: ScorerId, output: &Output) -> Digest {
    let mut bytes = Vec::with_capacity(80 + output.case.as_str().len());
    bytes.extend_from_slice(b"gatewright.label\0");
    bytes.extend_from_slice(&seed.0);
    bytes.extend_from_slice(&scorer.0.0);
    bytes.extend_from_slice(&output.round.to_be_bytes());
    bytes.extend_from_slice(&output.turn.to_be_bytes());
    bytes.extend_from_slice(output.case.as_str().as_bytes());
    Digest::of_bytes(&bytes)
}

/// How far a scorer agrees with people over a run's answers, given in any order. `seed` is the stream's.
#[must_use]
pub fn agreement(seed: &Digest, scorer: ScorerId, mut outputs: Vec<Output>) -> Agreement {
    outputs.sort_by_cached_key(|output| (place(seed, scorer, output), output.trial));
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let sample = outputs.iter().position(|output| output.word.is_none()).unwrap_or(outputs.len());
    let says = |output: &Output| match output.word {
        Some(LabelWord::Pass) => Some(true),
        Some(LabelWord::Fail) => Some(false),
        Some(LabelWord::Skip) | None => None,
    };
    let pairs: Vec<(bool, bool)> =
        outputs[..sample].iter().filter_map(|output| Some((says(output)?, output.passed))).collect();
    let mut table = [[0_u32; 2]; 2];
    for &(person, scorer) in &pairs {
        table[usize::from(person)][usize::from(scorer)] += 1;
    }
    let as_number = |passed: bool| if passed { 1.0 } else { 0.0 };
    let labelled: Vec<(f64, f64)> =
        pairs.iter().map(|&(person, scorer)| (as_number(person), as_number(scorer))).collect();
    let judged: Vec<f64> = outputs[sample..].iter().map(|output| as_number(output.passed)).collect();
    let passed = outputs.iter().filter(|output| output.passed).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of answers")]
    let share = (!outputs.is_empty()).then(|| passed as f64 / outputs.len() as f64);
    Agreement {
        outputs: small(outputs.len()),
        labelled: small(outputs.iter().filter_map(says).count()),
        sampled: small(pairs.len()),
        skipped: small(sample - pairs.len()),
        agreed: table[0][0] + table[1][1],
        kappa: if pairs.len() < 2 { None } else { agreement::kappa(&[&table[0][..], &table[1][..]]) },
        share,
        corrected: agreement::corrected(&labelled, &judged),
        next: outputs.get(sample).cloned(),
    }
}

impl Agreement {
    /// In sentences: what the labels say, what they make of the scorer's share, what is still needed.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut said = Vec::new();
        let labels = plural(self.sampled, "label", "labels");
        match (&self.kappa, self.sampled) {
            (_, 0 | 1) => said.push(format!("{labels} from the sample: agreement shows from 2 on.")),
            // Without one disagreement the formula's error is 0, which nobody should take for knowledge.
            (Some(kappa), sampled) if sampled == self.agreed => said.push(format!(
                "{labels} from the sample, all as the scorer: kappa {} (its error shows once one differs).",
                two(kappa.kappa)
            )),
            (Some(kappa), _) => said.push(format!(
                "{labels} from the sample, {} as the scorer: kappa {} (standard error {}).",
                self.agreed,
                two(kappa.kappa),
                two(kappa.error)
            )),
            (None, _) => said.push(format!(
                "{labels} from the sample, {} as the scorer: kappa says nothing, as only one word was used.",
                self.agreed
            )),
        }
        if let (Some(share), Some(corrected)) = (self.share, &self.corrected) {
            said.push(format!(
                "The scorer passes {} % of {}; corrected by the labels {} % (standard error {} %).",
                percent(share),
                plural(self.outputs, "answer", "answers"),
                percent(corrected.mean),
                percent(corrected.error)
            ));
        }
        if self.skipped > 0 {
            said.push(format!("{} skipped: nothing is said of answers like those.", self.skipped));
        }
        let wanted = LABELS_WANTED.min(self.outputs.saturating_sub(self.skipped));
        if self.sampled < wanted {
            said.push(format!("Labels needed: {wanted}."));
        }
        said
    }
}

/// Two digits, with a true minus and none before a zero.
fn two(number: f64) -> String {
    let digits = format!("{:.2}", number.abs());
    if number < 0.0 && digits != "0.00" { format!("−{digits}") } else { digits }
}

fn percent(share: f64) -> String {
    trimmed((share * 1_000.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEED: Digest = Digest([7; 32]);
    const SCORER: ScorerId = ScorerId(Digest([9; 32]));

    /// Answers of which the scorer passes those that `passed` says, in the order of the sample.
    fn outputs(count: u32, passed: impl Fn(usize) -> bool) -> Vec<Output> {
        let output = |round: u32| Output {
            trial: TrialId(i64::from(round)),
            case: "late-parcel".into(),
            round,
            turn: 0,
            passed: false,
            word: None,
        };
        let mut all: Vec<Output> = (0..count).map(output).collect();
        all.sort_by_cached_key(|output| place(&SEED, SCORER, output));
        for (at, output) in all.iter_mut().enumerate() {
            output.passed = passed(at);
        }
        all
    }

    fn word(passed: bool) -> Option<LabelWord> {
        Some(if passed { LabelWord::Pass } else { LabelWord::Fail })
    }

    #[test]
    fn a_kappa_below_chance_has_a_true_minus() {
        assert_eq!((two(-0.333), two(-0.001), two(0.78)), ("−0.33".into(), "0.00".into(), "0.78".into()));
    }

    #[test]
    fn labels_count_as_far_as_the_sample_reaches() {
        let mut all = outputs(40, |at| at % 4 != 0);
        let found = agreement(&SEED, SCORER, all.clone());
        assert_eq!((found.sampled, found.kappa, found.corrected), (0, None, None));
        assert_eq!(found.next.as_ref().map(|next| next.trial), Some(all[0].trial));
        assert_eq!(found.share, Some(0.75));
        // One that nobody proposed waits.
        all[5].word = word(true);
        let found = agreement(&SEED, SCORER, all.clone());
        assert_eq!((found.labelled, found.sampled), (1, 0));
        for (at, output) in all.iter_mut().enumerate().take(5) {
            output.word = if at == 3 { Some(LabelWord::Skip) } else { word(output.passed) };
        }
        let found = agreement(&SEED, SCORER, all.clone());
        assert_eq!((found.labelled, found.sampled, found.skipped, found.agreed), (5, 5, 1, 5));
        assert_eq!(found.kappa.map(|kappa| kappa.kappa), Some(1.0));
        assert_eq!(found.next.as_ref().map(|next| next.trial), Some(all[6].trial));
        insta::assert_snapshot!("a_few_labels", found.sentences().join("\n"));
    }

    #[test]
    fn a_lenient_scorer_is_corrected_by_labels() {
        // It passes 9 of 10; people pass 6 of those 9.
        let mut all = outputs(400, |at| at % 10 != 0);
        for (at, output) in all.iter_mut().enumerate().take(120) {
            output.word = word(output.passed && at % 3 != 1);
        }
        let found = agreement(&SEED, SCORER, all);
        let corrected = found.corrected.expect("labels and others");
        assert_eq!(found.share, Some(0.9));
        assert!((corrected.mean - 0.6).abs() < 0.05 && corrected.error < 0.06, "{corrected:?}");
        insta::assert_snapshot!("enough_labels", found.sentences().join("\n"));
        let same =
            outputs(2, |_| true).into_iter().map(|output| Output { word: word(true), ..output }).collect();
        let found = agreement(&SEED, SCORER, same);
        assert_eq!((found.kappa, found.corrected, found.next.clone()), (None, None, None));
        insta::assert_snapshot!("one_word_alone", found.sentences().join("\n"));
    }

    proptest! {
        /// Whatever was answered, and in whatever order it is told, the same answers are proposed.
        #[test]
        fn the_sample_depends_on_nothing_that_was_answered(
            passed in prop::collection::vec(any::<bool>(), 1..60), turn in 0_usize..60, labelled in 0_usize..60,
        ) {
            let count = u32::try_from(passed.len()).expect("few");
            let mut all = outputs(count, |at| passed[at]);
            let mut others = outputs(count, |at| !passed[at]);
            let labelled = labelled.min(all.len());
            for at in 0..labelled {
                all[at].word = word(true);
                others[at].word = word(false);
            }
            let middle = turn % others.len();
            others.rotate_left(middle);
            let next = |all: Vec<Output>| agreement(&SEED, SCORER, all).next.map(|next| next.trial);
            prop_assert_eq!(next(all), next(others));
        }
    }
}
