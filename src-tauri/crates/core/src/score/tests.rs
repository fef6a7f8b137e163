//! Every scorer against answers that meet and miss it, with the words that it finds.

use std::num::NonZeroU32;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    diagnostic::Place,
    id::{CaseMeaning, Digest, InputId, SpecMeaning},
    observation::{ToolArgs, ToolCall, Usage},
    spec::{
        Ask, Currency, ExpectedCall, GroupRule, LengthUnit, Matcher, Measure, NamedScorer, ToolExpectation,
        Turn,
    },
};

const NOWHERE: Digest = Digest([0; 32]);

/// A spec of one case, put together scorer by scorer.
struct Draft(Spec);

impl Draft {
    fn new() -> Self {
        Self(Spec {
            name: "test".into(),
            description: None,
            agent: "agent".into(),
            ask: Ask::default(),
            deterministic: false,
            isolation: crate::spec::Isolation::default(),
            cases: vec![Case {
                name: "case".into(),
                turns: Vec::new(),
                tags: BTreeSet::from(["money".into()]),
                trials: NonZeroU32::MIN,
                critical: false,
                input: InputId(NOWHERE),
                meaning: CaseMeaning(NOWHERE),
                file: "specs/test.yaml".to_owned(),
                place: Place::default(),
            }],
            scorers: BTreeMap::new(),
            named: BTreeMap::new(),
            gate: Vec::new(),
            quarantine: Vec::new(),
            budget: None,
            meaning: SpecMeaning(NOWHERE),
        })
    }

    fn expectation(&mut self, scorer: PureScorer, negate: bool) -> Expectation {
        let id = ScorerId(Digest::of_value("scorer", &scorer).expect("a canonical form"));
        self.0.scorers.insert(id, Scorer::Pure(scorer));
        Expectation { scorer: id, negate, at_least: Unit::ONE }
    }

    fn turn(&mut self, expect: Vec<Expectation>) {
        self.0.cases[0].turns.push(Turn { user: "Hello".to_owned(), expect });
    }

    fn score(&self, replies: &[Reply]) -> TrialScores {
        let turns: Vec<_> = replies.iter().map(facts).collect();
        trial(&self.0, &self.0.cases[0], &turns)
    }
}

fn facts(reply: &Reply) -> TurnFacts<'_> {
    TurnFacts { reply, timing: Timing { total_us: 1_200_001, ..Timing::default() }, cost: None }
}

fn says(text: &str) -> Reply {
    Reply { text: text.to_owned(), ..Reply::default() }
}

fn call(name: &str, args: serde_json::Value) -> ToolCall {
    ToolCall { id: String::new(), name: name.to_owned(), args: ToolArgs::Json(args) }
}

fn calls(calls: Vec<ToolCall>) -> Reply {
    Reply { tool_calls: calls, ..Reply::default() }
}

fn one(scorer: PureScorer, negate: bool, reply: &Reply) -> Scored {
    let mut draft = Draft::new();
    let expectation = draft.expectation(scorer, negate);
    draft.turn(vec![expectation]);
    draft.score(std::slice::from_ref(reply)).expected.remove(0).value
}

/// Scores one reply and writes down what was found: ✓ passed, ✗ not, ? not judged.
fn found(scorer: PureScorer, reply: &Reply) -> String {
    let scored = one(scorer, false, reply);
    let mark = match scored.passed() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    };
    format!("{mark} {}", scored.why())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn text_scorers_name_what_broke_the_rule() {
    let long = format!("We\nare \u{202e}sorry. {}", "very ".repeat(60));
    let reply = says("Sure, you get a Refund.");
    let contains = |list: &[&str], any, case| PureScorer::Contains { texts: texts(list), any, case };
    let lines = [
        found(contains(&["refund"], false, false), &reply),
        found(contains(&["refund"], false, true), &reply),
        found(contains(&["refund"], false, false), &says(&long)),
        found(contains(&["refund"], false, false), &says("  ")),
        found(contains(&["refund", "exchange", "voucher"], false, false), &reply),
        found(contains(&["exchange", "refund"], true, false), &reply),
        found(contains(&["exchange", "voucher"], true, false), &reply),
        found(PureScorer::Exact { text: "Yes".to_owned(), case: true }, &says(" Yes\n")),
        found(PureScorer::Exact { text: "Yes".to_owned(), case: true }, &says("yes")),
        found(PureScorer::Exact { text: "Yes".to_owned(), case: false }, &says("YES")),
        found(PureScorer::StartsWith { text: "sure".to_owned(), case: false }, &reply),
        found(PureScorer::StartsWith { text: "sure".to_owned(), case: true }, &reply),
        found(PureScorer::Regex { pattern: r"T-\d+".to_owned() }, &says("Your ticket is T-1042.")),
        found(PureScorer::Regex { pattern: r"T-\d+".to_owned() }, &reply),
        found(PureScorer::Regex { pattern: "(".to_owned() }, &reply),
        found(PureScorer::Length { of: LengthUnit::Words, min: None, max: Some(4) }, &reply),
        found(PureScorer::Length { of: LengthUnit::Characters, min: Some(30), max: None }, &reply),
        found(PureScorer::Length { of: LengthUnit::Words, min: Some(5), max: Some(5) }, &reply),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn json_and_numbers_name_what_broke_the_rule() {
    let order = says(r#" {"status": "open", "items": [{"size": 42}, {"size": 40}], "total": 12.5} "#);
    let schema = json!({
        "type": "object",
        "required": ["status", "reason"],
        "properties": { "status": { "enum": ["closed"] }, "total": { "type": "number" } },
    });
    let path = |path: &str, is| PureScorer::JsonPath { path: path.to_owned(), is };
    let numeric = |value, tolerance| PureScorer::Numeric { value, tolerance };
    let lines = [
        found(PureScorer::Json, &order),
        found(PureScorer::Json, &says("```json\n{}\n```")),
        found(PureScorer::Json, &says(r#"{"a": 1} and more"#)),
        found(PureScorer::JsonSchema { schema: json!({ "type": "object" }) }, &order),
        found(PureScorer::JsonSchema { schema: schema.clone() }, &order),
        found(PureScorer::JsonSchema { schema }, &says("none")),
        found(PureScorer::JsonSchema { schema: json!({ "type": 12 }) }, &order),
        found(PureScorer::JsonSchema { schema: json!({ "$ref": "http://127.0.0.1:1/x.json" }) }, &order),
        found(path("$.status", Matcher::Equals(json!("open"))), &order),
        found(path("$.total", Matcher::Equals(json!(12.50))), &order),
        found(path("$.items[*].size", Matcher::Gt(41.0)), &order),
        found(path("$.items[*].size", Matcher::Gt(43.0)), &order),
        found(path("$.total", Matcher::All(vec![Matcher::Ge(10.0), Matcher::Lt(12.0)])), &order),
        found(path("$.status", Matcher::OneOf(vec![json!("closed"), json!("lost")])), &order),
        found(path("$.status", Matcher::Matches("^o".to_owned())), &order),
        found(path("$.customer", Matcher::Present), &order),
        found(path("$..[", Matcher::Present), &order),
        found(numeric(42.0, 0.0), &says("That makes 40 + 2 = 42.")),
        found(numeric(1.0, 0.1), &says("1.1")),
        found(numeric(42.0, 1.0), &says("44")),
        found(numeric(42.0, 1.0), &says("42 or 43, who knows")),
        found(numeric(42.0, 1.0), &says("forty-two")),
        found(numeric(f64::NAN, 1.0), &says("1")),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn tool_calls_name_what_broke_the_rule() {
    let exchange = |is| ExpectedCall {
        name: "create_exchange".to_owned(),
        args: BTreeMap::from([("size".to_owned(), is)]),
        exact: false,
        schema: None,
    };
    let lookup = ExpectedCall { name: "lookup".to_owned(), args: BTreeMap::new(), exact: true, schema: None };
    let strict =
        ExpectedCall { schema: Some(json!({ "required": ["order"] })), ..exchange(Matcher::Present) };
    let expect = |calls: &[ExpectedCall], ordered, others, forbidden: &[&str]| {
        PureScorer::ToolCall(ToolExpectation {
            calls: calls.to_vec(),
            ordered,
            others,
            forbidden: forbidden.iter().map(|&name| name.to_owned()).collect(),
        })
    };
    let big = || exchange(Matcher::Gt(41.0));
    let any = || exchange(Matcher::Present);
    let both = || calls(vec![call("create_exchange", json!({ "size": 42 })), call("lookup", json!({}))]);
    let raw = ToolCall {
        id: String::new(),
        name: "create_exchange".to_owned(),
        args: ToolArgs::Invalid("{size:".to_owned()),
    };
    let sizes = |one: i32, two: i32| {
        calls(vec![
            call("create_exchange", json!({ "size": one })),
            call("create_exchange", json!({ "size": two })),
        ])
    };
    let lines = [
        found(expect(&[big()], false, true, &[]), &both()),
        found(expect(&[big()], false, false, &[]), &both()),
        found(expect(&[big()], false, true, &[]), &says("You need one size up.")),
        found(
            expect(&[big()], false, true, &[]),
            &calls(vec![call("create_exchange", json!({ "size": 40 }))]),
        ),
        found(expect(&[big()], false, true, &[]), &calls(vec![call("create_exchange", json!({}))])),
        found(expect(&[big()], false, true, &[]), &calls(vec![raw])),
        found(
            expect(std::slice::from_ref(&lookup), false, true, &[]),
            &calls(vec![call("lookup", json!({ "id": 1 }))]),
        ),
        found(expect(&[strict], false, true, &[]), &both()),
        found(expect(&[lookup.clone(), big()], true, true, &[]), &both()),
        found(expect(&[big(), lookup.clone()], true, true, &[]), &both()),
        found(expect(&[lookup, big()], false, false, &[]), &both()),
        found(expect(&[any(), big()], false, false, &[]), &sizes(42, 40)),
        found(expect(&[big(), big()], false, false, &[]), &sizes(42, 40)),
        found(expect(&[], false, true, &["lookup"]), &both()),
        found(expect(&[], false, false, &[]), &says("No tool needed.")),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn an_unknown_measurement_is_not_judged_and_never_zero() {
    let at_most = |of, limit| PureScorer::AtMost { of, limit };
    let counted = Reply { usage: Usage { output: Some(120), ..Usage::default() }, ..says("Hello") };
    let lines = [
        found(at_most(Measure::LatencyMs, 1201), &counted),
        found(at_most(Measure::LatencyMs, 1200), &counted),
        found(at_most(Measure::TokensOut, 100), &counted),
        found(at_most(Measure::TokensOut, 100), &says("Hello")),
        found(at_most(Measure::CostMicros, 100), &counted),
        found(at_most(Measure::FirstTokenMs, 100), &counted),
    ];
    insta::assert_snapshot!(lines.join("\n"));
    let unknown = one(at_most(Measure::CostMicros, 100), true, &counted);
    assert_eq!(unknown.passed(), None, "negation does not make an unknown cost known");
}

#[test]
fn a_measurement_of_a_conversation_takes_the_slowest_answer_and_sums_what_is_paid() {
    let reply = Reply { usage: Usage { output: Some(10), ..Usage::default() }, ..Reply::default() };
    let turn = |total_us, micros| TurnFacts {
        reply: &reply,
        timing: Timing { total_us, ..Timing::default() },
        cost: Some(MicroMoney { micros, currency: Currency::USD }),
    };
    let turns = [turn(1_000_000, 5), turn(3_000_001, 7), turn(2_000_000, 1)];
    assert_eq!(measure(Measure::LatencyMs, &turns), Some(3001));
    assert_eq!(measure(Measure::CostMicros, &turns), Some(13));
    assert_eq!(measure(Measure::TokensOut, &turns), Some(30));
    assert_eq!(measure(Measure::FirstTokenMs, &turns), None);
    assert_eq!(measure(Measure::LatencyMs, &[]), None);
}

#[test]
fn a_negated_expectation_fails_on_what_it_forbids() {
    let leak = || PureScorer::Contains { texts: texts(&["You are a support"]), any: false, case: false };
    let failed = one(leak(), true, &says("You are a support agent."));
    assert_eq!(failed.passed(), Some(false));
    assert_eq!(failed.why(), "the answer contains `You are a support`, which must not be");
    assert_eq!(one(leak(), true, &says("I cannot share that.")).passed(), Some(true));
}

#[test]
fn groups_combine_their_parts_and_say_which_failed() {
    let group = |how, answer: &str| {
        let mut draft = Draft::new();
        let contain = |text: &str| PureScorer::Contains { texts: texts(&[text]), any: false, case: false };
        let parts = vec![draft.expectation(contain("one"), false), draft.expectation(contain("two"), true)];
        let mut whole = draft.expectation(PureScorer::Group { how, parts }, false);
        whole.at_least = Unit::from_f64(0.5).expect("a fraction");
        draft.turn(vec![whole]);
        let scored = draft.score(&[says(answer)]).expected.remove(0).value;
        let Scored::Value { score, passed, why } = scored else { panic!("judged") };
        format!("{answer}: {score} {passed} {why}")
    };
    let lines = [
        group(GroupRule::All, "one"),
        group(GroupRule::All, "one two"),
        group(GroupRule::Any, "one two"),
        group(GroupRule::Any, "two"),
        group(GroupRule::Share, "one two"),
        group(GroupRule::Share, "two"),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_group_is_not_judged_only_where_the_unknown_part_decides() {
    let group = |how, answer: &str| {
        let mut draft = Draft::new();
        let contain = PureScorer::Contains { texts: texts(&["one"]), any: false, case: false };
        let cost = PureScorer::AtMost { of: Measure::CostMicros, limit: 1 };
        let parts = vec![draft.expectation(contain, false), draft.expectation(cost, false)];
        let whole = draft.expectation(PureScorer::Group { how, parts }, false);
        draft.turn(vec![whole]);
        draft.score(&[says(answer)]).passed
    };
    assert_eq!(group(GroupRule::All, "one"), None);
    assert_eq!(group(GroupRule::All, "two"), Some(false));
    assert_eq!(group(GroupRule::Any, "one"), Some(true));
    assert_eq!(group(GroupRule::Any, "two"), None);
    assert_eq!(group(GroupRule::Share, "one"), None);
}

#[test]
fn a_case_passes_when_every_expectation_of_every_turn_is_met() {
    let mut draft = Draft::new();
    let contain = |text: &str| PureScorer::Contains { texts: texts(&[text]), any: false, case: false };
    let first = draft.expectation(contain("exchange"), false);
    let second = draft.expectation(contain("done"), false);
    let cost = draft.expectation(PureScorer::AtMost { of: Measure::CostMicros, limit: 1 }, false);
    draft.turn(vec![first]);
    draft.turn(vec![second]);
    assert_eq!(draft.score(&[says("An exchange?"), says("Done.")]).passed, Some(true));
    let scores = draft.score(&[says("An exchange?"), says("No.")]);
    assert_eq!(scores.passed, Some(false));
    assert_eq!(scores.unmet().map(|score| (score.turn, score.expectation)).collect::<Vec<_>>(), [(1, 0)]);
    assert_eq!(draft.score(&[says("An exchange?")]).passed, None, "a turn is missing");
    assert_eq!(draft.score(&[says("No.")]).passed, Some(false), "a failure is known all the same");
    draft.0.cases[0].turns[1].expect.push(cost);
    assert_eq!(draft.score(&[says("An exchange?"), says("Done.")]).passed, None, "the cost is unknown");
    assert_eq!(draft.score(&[says("No."), says("Done.")]).passed, Some(false));
}

#[test]
fn a_named_scorer_hears_the_cases_with_its_tags_and_keeps_the_least_score() {
    let mut draft = Draft::new();
    let polite = PureScorer::Contains { texts: texts(&["please"]), any: false, case: false };
    let expectation = draft.expectation(polite, false);
    draft.turn(Vec::new());
    draft.turn(Vec::new());
    let only = |tag: &str| BTreeSet::from([tag.into()]);
    for (name, only) in
        [("everywhere", BTreeSet::new()), ("here", only("money")), ("elsewhere", only("safety"))]
    {
        draft.0.named.insert(name.into(), NamedScorer { expectation: expectation.clone(), only });
    }
    let scores = draft.score(&[says("Yes, please."), says("No.")]);
    let named: Vec<_> = scores.named.iter().map(|(name, scored)| (name.as_str(), scored.passed())).collect();
    assert_eq!(named, [("everywhere", Some(false)), ("here", Some(false))]);
    assert_eq!(scores.passed, Some(true), "named scorers do not decide the case");
    assert_eq!(draft.score(&[]).named.values().map(Scored::passed).collect::<Vec<_>>(), [None, None]);
}

proptest! {
    #[test]
    fn no_answer_makes_a_scorer_panic_and_negation_turns_the_score_around(answer in ".{0,60}", pick in 0_usize..9) {
        let scorer = [
            PureScorer::Exact { text: "a".to_owned(), case: false },
            PureScorer::Contains { texts: texts(&["a", "ß"]), any: true, case: false },
            PureScorer::StartsWith { text: "A".to_owned(), case: true },
            PureScorer::Regex { pattern: r"\d+\b".to_owned() },
            PureScorer::Length { of: LengthUnit::Characters, min: Some(3), max: Some(20) },
            PureScorer::Json,
            PureScorer::JsonPath { path: "$..*".to_owned(), is: Matcher::Present },
            PureScorer::Numeric { value: 7.0, tolerance: 3.0 },
            PureScorer::ToolCall(ToolExpectation { calls: vec![], ordered: false, others: false, forbidden: BTreeSet::new() }),
        ][pick].clone();
        let reply = says(&answer);
        let (plain, negated) = (one(scorer.clone(), false, &reply), one(scorer, true, &reply));
        prop_assert_eq!(plain.passed().map(|passed| !passed), negated.passed());
    }

    #[test]
    fn digits_anywhere_are_read_without_a_panic(answer in "[-+−0-9,.eE a-c_]{0,40}") {
        let scored = one(PureScorer::Numeric { value: 7.0, tolerance: 3.0 }, false, &says(&answer));
        prop_assert!(scored.passed().is_some());
    }
}
