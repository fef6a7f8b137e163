//! Labels by hand and quarantine, command by command.

use gatewright_api::{
    command::Commands as _,
    dto::{
        Agreements, AgreementsArgs, CaseAnswersArgs, LabelArgs, LabelWord, Mark, Needs, Outcome, PromoteArgs,
        PromotePreviewArgs, Standing, Word,
    },
    error::Code,
};

use crate::{agent::Agent, world::World};

const GOOD: &str = "Offer a REFUND.\nBe kind.\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_labels_a_sample_and_sees_how_far_a_rule_agrees() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    let session = &world.session;
    world.open_trusted().await;
    world.run().await;
    let verdict = world.verdict().await.head.verdict;
    let args = || AgreementsArgs { verdict: verdict.clone() };
    let found = session.agreements(args()).await.expect("agreements");
    assert_eq!((found.scorers.len(), found.by.as_str()), (2, ""));
    let of = |found: &Agreements| {
        found.scorers.iter().find(|one| one.pattern == "refund").expect("the rule").clone()
    };
    let rule = of(&found);
    assert_eq!((rule.rule.as_str(), rule.sampled, rule.kappa, rule.judge), ("contains", 0, None, false));
    let label = |trial: i64, turn: u16, word: Option<LabelWord>, by: &str| LabelArgs {
        verdict: verdict.clone(),
        trial,
        turn,
        scorer: rule.scorer.clone(),
        word,
        by: by.to_owned(),
    };
    let next = rule.next.clone().expect("an answer to label");
    let nobody = session.label(label(next.trial, next.turn, Some(LabelWord::Pass), " ")).await;
    assert_eq!(nobody.expect_err("nobody said it").code, Code::BadArguments);
    let one =
        session.label(label(next.trial, next.turn, Some(LabelWord::Fail), "Ada")).await.expect("labelled");
    let two = of(&one).next.expect("another one");
    assert_ne!(two.trial, next.trial);
    let both =
        session.label(label(two.trial, two.turn, Some(LabelWord::Pass), "Ada")).await.expect("labelled");
    assert_eq!((of(&both).sampled, both.by.as_str()), (2, "Ada"));
    assert!(of(&both).kappa.is_some(), "two labels that differ tell something");
    assert!(
        of(&both).sentences.iter().any(|said| said.starts_with("Labels needed:")),
        "{:?}",
        of(&both).sentences
    );
    // It stands beside the answer, and can be taken back.
    let answers = CaseAnswersArgs { verdict: verdict.clone(), case: two.case.clone() };
    let shown = session.case_answers(answers).await.expect("answers");
    let answer = shown.candidate.iter().find(|answer| answer.trial == two.trial).expect("the answer");
    let check = answer.turns[0].checks.iter().find(|check| check.scorer == rule.scorer).expect("the check");
    assert_eq!(
        check.label.as_ref().map(|label| (label.word, label.by.as_str())),
        Some((LabelWord::Pass, "Ada"))
    );
    let back = session.label(label(two.trial, two.turn, None, "Ada")).await.expect("taken back");
    assert_eq!((of(&back).sampled, of(&back).labelled), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_scorer_is_labelled_on_the_last_answer_of_a_conversation() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    let spec = world.read("specs/refunds.yaml");
    let talk = "  - name: two-turns\n    turns:\n      - user: My parcel is late.\n      - user: Then I want my money back.\n        expect: { contains: refund }\n";
    let spec = spec.replace("cases:\n", &format!("cases:\n{talk}"));
    let scorer = "scorers:\n  offers: { contains: refund }\n  sober: { not: { contains: sunshine } }\n";
    world.write("specs/refunds.yaml", &format!("{spec}{scorer}"));
    let opened = world.open_trusted().await;
    assert_eq!(opened.errors, 0, "{:?}", opened.health);
    world.run().await;
    let session = &world.session;
    let verdict = world.verdict().await.head.verdict;
    let found = session.agreements(AgreementsArgs { verdict: verdict.clone() }).await.expect("agreements");
    let sober = found.scorers.iter().find(|one| one.name.as_deref() == Some("sober")).expect("the scorer");
    let answers = |case: &str| CaseAnswersArgs { verdict: verdict.clone(), case: case.to_owned() };
    let shown = session.case_answers(answers("two-turns")).await.expect("answers");
    let answer = &shown.candidate[0];
    let names: Vec<&str> = answer.named.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((names, answer.turns.len()), (vec!["offers", "sober"], 2));
    let said = answer.named[1].clone();
    assert_eq!((said.score, said.check.scorer.as_str()), (Some(1.0), sober.scorer.as_str()));
    let label = |turn: u16, trial: i64, word: LabelWord| LabelArgs {
        verdict: verdict.clone(),
        trial,
        turn,
        scorer: sober.scorer.clone(),
        word: Some(word),
        by: "Ada".to_owned(),
    };
    session.label(label(1, answer.trial, LabelWord::Fail)).await.expect("labelled");
    let shown = session.case_answers(answers("two-turns")).await.expect("answers");
    let labelled = shown.candidate.iter().find(|one| one.trial == answer.trial).expect("the answer");
    assert_eq!(labelled.named[1].check.label.as_ref().map(|label| label.word), Some(LabelWord::Fail));
    assert!(labelled.named[0].check.label.is_none(), "the other scorer's word is its own");
    // In the order of the sample, to the end: kappa and the corrected share are this scorer's.
    let mut found =
        session.agreements(AgreementsArgs { verdict: verdict.clone() }).await.expect("agreements");
    let of = |found: &Agreements| {
        found.scorers.iter().find(|one| one.scorer == sober.scorer).expect("the scorer").clone()
    };
    for word in [LabelWord::Pass, LabelWord::Fail, LabelWord::Pass] {
        let Some(next) = of(&found).next else { break };
        found = session.label(label(next.turn, next.trial, word)).await.expect("labelled");
    }
    let done = of(&found);
    assert!(done.sampled >= 2 && done.kappa.is_some_and(|kappa| kappa.abs() < 0.01), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_in_quarantine_is_shown_everywhere_and_weakens_the_spec() {
    let agent = Agent::start().await;
    let world = World::new(&agent.url, GOOD);
    let session = &world.session;
    world.open_trusted().await;
    world.run().await;
    let version = world.verdict().await.head.version.id;
    let preview = |version: &str| PromotePreviewArgs {
        environment: "production".to_owned(),
        version: Some(version.to_owned()),
    };
    let seen = session.promote_preview(preview(&version)).await.expect("a preview").seen;
    let first = PromoteArgs { environment: "production".to_owned(), version, word: None, seen };
    session.promote(first).await.expect("live");
    // The spec lets a case off: of these answers that is a word afterwards.
    let spec = world.read("specs/refunds.yaml");
    let entry = "quarantine: [{ case: wrong-size, reason: the address moved, until: 2999-12-31 }]\n";
    world.write("specs/refunds.yaml", &format!("{spec}{entry}"));
    world.write("prompt.md", "Offer a REFUND.\nBe brief.\n");
    world.run().await;
    let verdict = world.verdict().await;
    assert_eq!((verdict.head.outcome, verdict.head.standing), (Outcome::Pass, Standing::Prospective));
    let case = |name: &str| verdict.cases.iter().find(|case| case.case == name).expect("a case");
    assert_eq!(case("wrong-size").quarantine.as_deref(), Some("until 2999-12-31: the address moved"));
    assert_eq!(
        (case("wrong-size").trials, &case("late-parcel").quarantine),
        (1, &None),
        "asked once, heard never"
    );
    assert!(
        verdict.notes.iter().any(|note| note.text.contains("1 case in quarantine")),
        "{:?}",
        verdict.notes
    );
    assert!(verdict.head.sentence.contains("heard by no criterion"), "{}", verdict.head.sentence);
    let preview = session.promote_preview(preview(&verdict.head.version.id)).await.expect("a preview");
    assert_eq!(preview.needs, Needs::Override);
    assert!(preview.refusals[0].contains("does not hear `wrong-size`"), "{:?}", preview.refusals);
    assert!(preview.spec_diff.iter().any(|line| line.text.contains("the address moved")));
    let word = Some(Word { by: "Ada".to_owned(), reason: "the carrier moves on Friday".to_owned() });
    let args = PromoteArgs {
        environment: "production".to_owned(),
        version: verdict.head.version.id.clone(),
        word,
        seen: preview.seen,
    };
    assert_eq!(session.promote(args).await.expect("live by a word").mark, Mark::Override);
}
