//! What a gate said of a version, and why: sentence, criteria, cases, answers.

use super::{FileLine, LabelView, Mark, Money, Note, Outcome, Standing, Step, VersionRef};

dto! {
    /// Which verdicts, the newest first.
    pub struct VerdictsArgs {
        /// Of one spec; of all when none.
        pub spec: Option<String>,
        /// Of one version; of all when none.
        pub version: Option<String>,
        /// At most this many, and at most 200.
        pub limit: u32,
    }

    /// Verdicts, the newest first.
    pub struct Verdicts {
        /// Their heads.
        pub verdicts: Vec<VerdictHead>,
    }

    /// A verdict without its evidence.
    pub struct VerdictHead {
        /// Which.
        pub verdict: String,
        /// Of which spec.
        pub spec: String,
        /// Of which version.
        pub version: VersionRef,
        /// What it says.
        pub outcome: Outcome,
        /// Whether it can grant a promotion.
        pub standing: Standing,
        /// From 1.
        pub attempt: u32,
        /// When it was given.
        pub at: i64,
        /// The headline.
        pub sentence: String,
        /// The later verdict that contradicts it.
        pub withdrawn_by: Option<String>,
    }

    /// Asks for a verdict.
    pub struct VerdictArgs {
        /// Which; the newest of [`Self::spec`] when none.
        pub verdict: Option<String>,
        /// Of which spec; the newest of all when none.
        pub spec: Option<String>,
    }

    /// A verdict, if there is one.
    pub struct VerdictState {
        /// None before the first.
        pub verdict: Option<Verdict>,
    }

    /// A verdict with its evidence.
    pub struct Verdict {
        /// What is known without it.
        pub head: VerdictHead,
        /// The second line: what broke, cases asked, calls heard of calls asked, missing, cost.
        pub detail: String,
        /// The version that it was compared with.
        pub baseline: Option<VersionRef>,
        /// Where it was asked, without credentials.
        pub address: String,
        /// Attempts that the environments allow; none without a limit.
        pub attempts_max: Option<u32>,
        /// What stands above the evidence: rescored, tuned on these answers; withdrawn; the spec changed since.
        pub notes: Vec<Note>,
        /// In the order of the gate.
        pub criteria: Vec<CriterionView>,
        /// What the numbers promise, with its conditions; the only sentence that says so.
        pub promise: String,
        /// What many candidates since the live one do to the chance; none for a single candidate.
        pub tried: Option<String>,
        /// What was heard.
        pub counts: Counts,
        /// Calls sent.
        pub asked: u64,
        /// None without a price.
        pub cost: Option<Money>,
        /// Cases heard at least once.
        pub cases_asked: u32,
        /// Cases of the spec.
        pub cases_total: u32,
        /// Cases that did not pass every time.
        pub cases_failed: u32,
        /// Worst first: newly broken, broken, flaky, not answered, passed.
        pub cases: Vec<CaseResult>,
        /// What to do next, the best first.
        pub next: Vec<Step>,
    }

    /// A criterion as a row.
    pub struct CriterionView {
        /// Its name.
        pub name: String,
        /// Whether the gate depends on it.
        pub blocking: bool,
        /// `pass rate: target 90 %, floor 80 %`.
        pub rule: String,
        /// How far, and what came of it.
        pub state: CriterionState,
        /// `72 of 89`, `−0.12`; `no value` when there is none.
        pub value: String,
        /// `0.75 to 0.89`; empty when there is no bound.
        pub bound: String,
        /// The value between floor and target, where it has them.
        pub bar: Option<GateBar>,
        /// Calls heard, or pairs.
        pub heard: u32,
        /// Calls heard at most.
        pub heard_max: u32,
        /// `89 of 203`, with the unit where it is not calls.
        pub heard_text: String,
        /// `114 saved`, `25 not needed`, `at most 111 more`.
        pub saved_text: String,
        /// What decided it, or what is still open.
        pub reason: String,
        /// The method with its number, and how the bound was made.
        pub method: String,
        /// What was heard.
        pub counts: Counts,
    }

    /// Numbers for a gate bar. They never decide.
    pub struct GateBar {
        /// Over what was heard; none when nothing was.
        pub value: Option<f64>,
        /// Lower bound.
        pub low: Option<f64>,
        /// Upper bound.
        pub high: Option<f64>,
        /// Good.
        pub target: f64,
        /// Bad; none where the rule has no floor.
        pub floor: Option<f64>,
    }

    /// What the heard slots were.
    #[derive(Default, Eq)]
    pub struct Counts {
        /// With a score.
        pub scored: u32,
        /// Of those, not passed.
        pub failed: u32,
        /// Of the failed, the agent erred.
        pub agent_errors: u32,
        /// A scorer could not judge: heard as missing.
        pub not_judged: u32,
        /// No answer: heard as missing.
        pub missing: u32,
        /// Answers that an earlier run of the same stream had.
        pub reused: u32,
    }

    /// What came of a case.
    pub struct CaseResult {
        /// Its name.
        pub case: String,
        /// Its shape.
        pub mark: Mark,
        /// Labels.
        pub tags: Vec<String>,
        /// Whether one failure blocks.
        pub critical: bool,
        /// Times heard.
        pub trials: u32,
        /// Of those, passed.
        pub passed: u32,
        /// Of those, without an answer or a judgement.
        pub missing: u32,
        /// Whether recorded trials of this version disagree: `3 of 5 recorded trials passed`; none when they do not.
        pub flaky: Option<String>,
        /// Why and until when no criterion hears it: `until 2026-12-01: the address moved`; none when they do.
        pub quarantine: Option<String>,
        /// `newly broken, 4/4 in v12`, `flaky since v9`; none when nothing changed.
        pub change: Option<String>,
        /// Whether that is better (`pass`), worse (`fail`) or neither (`plain`).
        pub change_mark: Mark,
        /// Where it is written.
        pub place: Option<FileLine>,
    }

    /// Asks for the answers of a case.
    pub struct CaseAnswersArgs {
        /// Of which verdict.
        pub verdict: String,
        /// Of which case.
        pub case: String,
    }

    /// The answers of a case, the failed ones first.
    pub struct CaseAnswers {
        /// Which case.
        pub case: String,
        /// Of the version that was judged.
        pub candidate: Vec<Answer>,
        /// Of the version that it was compared with.
        pub baseline: Vec<Answer>,
    }

    /// Asks for one trial.
    pub struct TrialArgs {
        /// Which.
        pub trial: i64,
    }

    /// One trial with everything that was said.
    pub struct Answer {
        /// Which.
        pub trial: i64,
        /// Which case.
        pub case: String,
        /// Which version was asked.
        pub version: VersionRef,
        /// Which round, from 1.
        pub round: u32,
        /// Its shape.
        pub mark: Mark,
        /// `passed`, `failed`, `missing: deadline`, …
        pub state: String,
        /// Whether the gate heard it; answers beyond the decision are kept and never counted.
        pub heard: bool,
        /// The conversation.
        pub turns: Vec<AnswerTurn>,
        /// What the spec's named scorers say of it; a label of theirs is given on its last turn.
        pub named: Vec<NamedScore>,
        /// Of the last try, in milliseconds.
        pub latency_ms: Option<u64>,
        /// None without a price.
        pub cost: Option<Money>,
        /// When.
        pub at: i64,
    }

    /// One exchange.
    pub struct AnswerTurn {
        /// What was sent.
        pub user: String,
        /// What was answered: data, shown as text.
        pub said: String,
        /// Characters of it that were left out; 0 when it is whole.
        pub left_out: u32,
        /// Tools that it wanted called, each as one line.
        pub tool_calls: Vec<String>,
        /// What was expected of it.
        pub checks: Vec<Check>,
    }

    /// A named scorer's word on a whole conversation.
    pub struct NamedScore {
        /// As the spec calls it.
        pub name: String,
        /// From 0 to 1; none when it could not judge.
        pub score: Option<f64>,
        /// Whether the score reaches the threshold, and why.
        pub check: Check,
    }

    /// An expectation and what came of it.
    pub struct Check {
        /// Its shape.
        pub mark: Mark,
        /// `must not match`, `contains`, in words.
        pub rule: String,
        /// What with: a pattern, a text. May be empty.
        pub pattern: String,
        /// The scorer's words.
        pub why: String,
        /// Where it is written.
        pub place: Option<FileLine>,
        /// The places in the answer that it is about.
        pub marks: Vec<TextRange>,
        /// Which scorer.
        pub scorer: String,
        /// What a person says of its word; none while nobody did.
        pub label: Option<LabelView>,
    }

    /// A stretch of text, in UTF-16 code units.
    #[derive(Eq)]
    pub struct TextRange {
        /// First.
        pub from: u32,
        /// One past the last.
        pub to: u32,
    }
}

words! {
    /// How far a criterion is, and what came of it.
    pub enum CriterionState {
        /// It holds.
        Met,
        /// It does not hold.
        NotMet,
        /// Neither, and no more calls are coming.
        Undecided,
        /// Being heard.
        Running,
        /// Not begun.
        Waiting,
        /// Its scorer could not judge.
        NotJudged,
    }
}
