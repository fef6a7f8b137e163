//! Labels by hand: whose word they are on, and how far scorers agree with them.

use std::collections::BTreeMap;

use gatewright_core::{
    id::{CaseName, ScorerId},
    observation::{Fact, Observation, TrialId, TrialState},
    plan::StreamKey,
    score::{Prepared, Scored, TrialScores, TurnFacts},
    spec::{Case, Scorer, Spec},
    verdict::{self, Agreement, LabelWord, Output},
};

use super::engine::Engine;
use crate::store::{Durability, Read, StoreError, Write};

/// How far one scorer agrees with people over a stream's answers.
#[derive(Clone, PartialEq, Debug)]
pub struct ScorerAgreement {
    /// Which.
    pub scorer: ScorerId,
    /// Whether it is a judge, whose word needs labels before it says what people would.
    pub judge: bool,
    /// How far.
    pub agreement: Agreement,
}

/// An answer to a turn, and the scorer whose word on it is labelled.
type Key = (TrialId, u16, ScorerId);

impl Engine {
    /// Notes what a person says of a scorer's word on an answer; none takes it back.
    ///
    /// # Errors
    /// There is no such answer, or the history cannot be written.
    pub async fn label(
        &self,
        trial: TrialId,
        turn: u16,
        scorer: ScorerId,
        by: String,
        word: Option<LabelWord>,
    ) -> Result<(), StoreError> {
        let write = move |write: &Write<'_>| write.label_answer(trial, turn, scorer, &by, word).map(|_| ());
        self.store.write(Durability::Full, write).await
    }
}

/// How far each scorer of a spec agrees with people, over all answers of a stream; in the order of their digests.
///
/// # Errors
/// The history cannot be read.
pub fn agreements(
    read: &Read<'_>,
    stream: &StreamKey,
    spec: &Spec,
) -> Result<Vec<ScorerAgreement>, StoreError> {
    let labels = read.labels_of(stream)?;
    let words: BTreeMap<Key, LabelWord> = labels
        .iter()
        .filter_map(|label| Some(((label.trial, label.turn, label.scorer), label.word?)))
        .collect();
    let stored: BTreeMap<(TrialId, ScorerId), Scored> =
        read.scores_of(stream)?.into_iter().map(|score| ((score.trial, score.scorer), score.value)).collect();
    let cases: BTreeMap<&CaseName, &Case> = spec.cases.iter().map(|case| (&case.name, case)).collect();
    let prepared = Prepared::new(spec);
    let mut outputs: BTreeMap<ScorerId, BTreeMap<Key, Output>> = BTreeMap::new();
    for row in read.trials_of(stream)? {
        let trial = &row.trial;
        let case = cases.get(&trial.slot.case).filter(|case| case.input == trial.input);
        let (Some(case), TrialState::Answered) = (case, &trial.state) else { continue };
        let observations = read.observations(trial.id)?;
        let answers: Vec<&Observation> = observations.iter().filter(|one| one.what == Fact::Answer).collect();
        let turns: Vec<TurnFacts<'_>> = answers.iter().map(|one| TurnFacts::from(*one)).collect();
        let scores = prepared.trial(case, &turns);
        for (turn, scorer, value) in said(spec, case, &scores) {
            let kept = stored.get(&(trial.id, scorer)).filter(|_| !is_pure(spec, scorer));
            let Some(passed) = kept.unwrap_or(value).passed() else { continue };
            let key = (trial.id, turn, scorer);
            let output = Output {
                trial: trial.id,
                case: case.name.clone(),
                round: trial.slot.round,
                turn,
                passed,
                word: words.get(&key).copied(),
            };
            outputs.entry(scorer).or_default().insert(key, output);
        }
    }
    let seed = stream.seed()?;
    Ok(outputs
        .into_iter()
        .map(|(scorer, outputs)| ScorerAgreement {
            scorer,
            judge: matches!(spec.scorers.get(&scorer), Some(Scorer::Judge { .. })),
            agreement: verdict::agreement(&seed, scorer, outputs.into_values().collect()),
        })
        .collect())
}

/// What each scorer says of which turn. A named scorer hears a whole conversation: its word is on the last answer.
fn said<'s>(spec: &Spec, case: &Case, scores: &'s TrialScores) -> Vec<(u16, ScorerId, &'s Scored)> {
    let last = u16::try_from(case.turns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let expected = scores.expected.iter().map(|score| (score.turn, score.scorer, &score.value));
    let named = scores
        .named
        .iter()
        .filter_map(|(name, value)| Some((last, spec.named.get(name)?.expectation.scorer, value)));
    expected.chain(named).collect()
}

/// Whether a scorer's word is a function of the answer alone: then it is computed, and never read.
fn is_pure(spec: &Spec, scorer: ScorerId) -> bool {
    matches!(spec.scorers.get(&scorer), Some(Scorer::Pure(_)))
}
