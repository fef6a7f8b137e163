//! A run as it happens: how far, what it costs, what is decided already, and the answers by page.

use super::{Counts, CriterionView, Money, Outcome, Standing, VersionRef};

/// Rows of a page at most.
pub const PAGE_ROWS_MAX: u32 = 500;

/// Characters of an answer in a row at most; the whole answer comes with its trial.
pub const EXCERPT_CHARS_MAX: usize = 240;

dto! {
    /// Begins a run.
    pub struct RunStartArgs {
        /// Which specs; all of the agent when empty.
        pub specs: Vec<String>,
        /// Whether a new attempt begins, where the last one has ended.
        pub new_attempt: bool,
    }

    /// A run by its id.
    pub struct RunRef {
        /// Which.
        pub run: String,
    }

    /// Asks for a run.
    pub struct RunStateArgs {
        /// Which; the newest when none.
        pub run: Option<String>,
    }

    /// A run, if there is one.
    pub struct RunState {
        /// None before the first.
        pub run: Option<Run>,
    }

    /// A run.
    pub struct Run {
        /// Which.
        pub run: String,
        /// How far.
        pub phase: RunPhase,
        /// `Running refunds on v14: 3 of 6 criteria decided`.
        pub sentence: String,
        /// `Beside v12, live in production. Prospective, attempt 1 of 2. Asked 24 of 24 cases.`
        pub detail: String,
        /// What is asked.
        pub version: VersionRef,
        /// Where, without credentials.
        pub address: String,
        /// When it began.
        pub started_at: i64,
        /// When it ended.
        pub ended_at: Option<i64>,
        /// Calls, time, money.
        pub progress: Progress,
        /// Where a person should know that the run waits: `Throttled (429), again in 2 s`, `Offline`. None when it
        /// goes as it should.
        pub trouble: Option<String>,
        /// One for each spec, in the order asked.
        pub specs: Vec<RunSpec>,
        /// How many rows each filter shows.
        pub rows: RowCounts,
        /// Every address that was spoken to.
        pub egress: Vec<String>,
    }

    /// Calls, time and money of a run.
    pub struct Progress {
        /// Calls sent, each slot once.
        pub asked: u64,
        /// Calls that the gates heard.
        pub heard: u64,
        /// Calls at most.
        pub asked_max: u64,
        /// Fewest calls at which it may stop; none while unknown.
        pub likely_low: Option<u64>,
        /// Most calls at which it will likely stop; none while unknown.
        pub likely_high: Option<u64>,
        /// In words: `Likely done between 150 and 230: the rest is saved`.
        pub likely: Option<String>,
        /// Calls repeated after trouble of the network.
        pub retried: u64,
        /// So far, in milliseconds.
        pub elapsed_ms: u64,
        /// At least, in milliseconds; none while unknown.
        pub left_low_ms: Option<u64>,
        /// At most, in milliseconds; none while unknown.
        pub left_high_ms: Option<u64>,
        /// So far; none without a price.
        pub cost: Option<Money>,
        /// Likely at most; none without a price.
        pub cost_likely: Option<Money>,
        /// The budget; none without one.
        pub cost_max: Option<Money>,
        /// Calls in flight.
        pub in_flight: u32,
        /// Calls in flight at most.
        pub concurrency: u32,
    }

    /// A spec within a run.
    pub struct RunSpec {
        /// Its name.
        pub spec: String,
        /// How far.
        pub phase: RunPhase,
        /// Whether its verdict can grant a promotion.
        pub standing: Standing,
        /// From 1.
        pub attempt: u32,
        /// In the order of the gate.
        pub criteria: Vec<CriterionView>,
        /// What was heard so far.
        pub counts: Counts,
        /// Cases heard at least once.
        pub cases_asked: u32,
        /// Cases of the spec.
        pub cases_total: u32,
        /// Its verdict, once given.
        pub verdict: Option<String>,
        /// What the verdict says.
        pub outcome: Option<Outcome>,
    }

    /// How many rows each filter shows.
    pub struct RowCounts {
        /// Of the version that is judged.
        pub all: u32,
        /// Not passed.
        pub failed: u32,
        /// The agent erred.
        pub agent_errors: u32,
        /// No answer.
        pub missing: u32,
        /// Of the live version.
        pub baseline: u32,
    }

    /// A page of rows.
    pub struct RunRowsArgs {
        /// Which run.
        pub run: String,
        /// Which rows.
        pub filter: RowFilter,
        /// Rows before the page, the newest first.
        pub offset: u32,
        /// Rows of the page, at most [`PAGE_ROWS_MAX`].
        pub limit: u32,
    }

    /// A page of rows, the newest first.
    pub struct Rows {
        /// Rows that the filter shows.
        pub total: u32,
        /// Rows before the first of this page.
        pub offset: u32,
        /// The page.
        pub rows: Vec<Row>,
    }

    /// One case asked once.
    pub struct Row {
        /// Its trial.
        pub trial: i64,
        /// Of which spec.
        pub spec: String,
        /// Which case.
        pub case: String,
        /// Which round, from 1.
        pub round: u32,
        /// How far, and what came of it.
        pub state: RowState,
        /// In [0, 1]; none until it is judged.
        pub score: Option<f64>,
        /// Of the last try, in milliseconds.
        pub latency_ms: Option<u64>,
        /// None without a price.
        pub cost: Option<Money>,
        /// The beginning of what was answered, or what went wrong.
        pub excerpt: String,
        /// Whether that is the tools that it calls, where it says nothing.
        pub calls: bool,
    }
}

words! {
    /// How far a run or a spec within it is.
    pub enum RunPhase {
        /// Sealing the version, making the plan.
        Preparing,
        /// Asking.
        Running,
        /// Waiting for calls in flight after a cancel.
        Stopping,
        /// Over.
        Ended,
        /// Not begun.
        Waiting,
    }

    /// Which rows.
    pub enum RowFilter {
        /// Of the version that is judged.
        All,
        /// Not passed.
        Failed,
        /// The agent erred.
        AgentErrors,
        /// No answer.
        Missing,
        /// Of the live version.
        Baseline,
    }

    /// How far a trial is, and what came of it.
    pub enum RowState {
        /// Sent.
        Asking,
        /// Answered; a judge is at it.
        Judging,
        /// Every expectation met.
        Passed,
        /// Not every expectation met.
        Failed,
        /// The agent erred.
        AgentError,
        /// No answer: heard against pass and against fail.
        Missing,
        /// A scorer could not judge: heard as missing.
        NotJudged,
    }
}
