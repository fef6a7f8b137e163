//! Labels by hand: what people say of scorers' words, and how far the two agree.

use gatewright_core::{id::ScorerId, observation::TrialId, verdict::LabelWord as Word};
use gatewright_engine::supervisor::agreements as agreements_of;

use super::{Answered, answer::Teller, opened::Opened, verdict};
use crate::{
    dto::{AgreementView, Agreements, LabelArgs, LabelWord, ToLabel},
    error::{ApiError, Code},
};

/// Characters of a name at most.
const NAME_CHARS_MAX: usize = 200;

/// How far the scorers of a verdict agree with people, over all answers of its stream.
pub(super) fn agreements(opened: &Opened, id: &str) -> Answered<Agreements> {
    let reading = opened.reading();
    opened.look(|read| {
        let said = verdict::find(read, id)?.verdict;
        let by = read.labels_of(&said.stream)?.pop().map(|label| label.by).unwrap_or_default();
        let Some(spec) = verdict::spec_of(read, &said)? else {
            return Ok(Agreements { scorers: Vec::new(), by });
        };
        let teller = Teller::new(read, &reading, Some(&spec), None);
        let mut found = agreements_of(read, &said.stream, &spec)?;
        found.sort_by_key(|one| !one.judge);
        let scorers = found.into_iter().filter_map(|one| {
            let (rule, pattern) = teller.words(spec.scorers.get(&one.scorer)?, false);
            let agreement = one.agreement;
            let sentences = agreement.sentences();
            Some(AgreementView {
                scorer: one.scorer.to_string(),
                name: spec
                    .named
                    .iter()
                    .find(|(_, named)| named.expectation.scorer == one.scorer)
                    .map(|(name, _)| name.to_string()),
                rule,
                pattern,
                judge: one.judge,
                labelled: agreement.labelled,
                sampled: agreement.sampled,
                kappa: agreement.kappa.map(|kappa| kappa.kappa),
                kappa_error: agreement.kappa.map(|kappa| kappa.error),
                sentences,
                next: agreement.next.map(|next| ToLabel {
                    trial: next.trial.0,
                    case: next.case.to_string(),
                    turn: next.turn,
                }),
            })
        });
        Ok(Agreements { scorers: scorers.collect(), by })
    })
}

/// Notes a label. It is a person's word, as stated: nobody checks the name.
pub(super) async fn give(opened: &Opened, args: LabelArgs) -> Answered<()> {
    let bad = |message: String| ApiError::new(Code::BadArguments, message);
    let scorer: ScorerId = args.scorer.parse().map_err(|error| bad(format!("{error}")))?;
    let by = args.by.trim().to_owned();
    if by.is_empty() {
        return Err(
            bad("a label needs a name".to_owned()).hint("Say who you are: the name is kept as stated.")
        );
    }
    if by.chars().count() > NAME_CHARS_MAX {
        return Err(bad(format!("the name is longer than {NAME_CHARS_MAX} characters")));
    }
    let word = args.word.map(|word| match word {
        LabelWord::Pass => Word::Pass,
        LabelWord::Fail => Word::Fail,
        LabelWord::Skip => Word::Skip,
    });
    Ok(opened.engine.label(TrialId(args.trial), args.turn, scorer, by, word).await?)
}

/// A person's word, as the interface has it.
pub(super) fn word(word: Word) -> LabelWord {
    match word {
        Word::Pass => LabelWord::Pass,
        Word::Fail => LabelWord::Fail,
        Word::Skip => LabelWord::Skip,
    }
}
