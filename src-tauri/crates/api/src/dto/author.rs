//! What an author learns of a gate before it costs anything: what it errs and does not see when versions are
//! simulated, and what it would have said of past versions.

use super::{FileLine, Mark, Note, Outcome, SpecVerdict, VersionRef};

dto! {
    /// Begins a self-test.
    pub struct SelfTestArgs {
        /// Which spec.
        pub spec: String,
        /// Another text for the spec's file, not saved; the saved one when none.
        pub text: Option<String>,
        /// Whether answers are made up by an assumed shape though recorded ones could be used.
        pub assumed: bool,
    }

    /// A self-test of this process.
    pub struct SelfTestRef {
        /// Which.
        pub selftest: String,
    }

    /// How far a self-test is.
    pub struct SelfTestState {
        /// Which.
        pub selftest: String,
        /// Of which spec.
        pub spec: String,
        /// Versions simulated so far.
        pub done: u32,
        /// Versions to be simulated.
        pub total: u32,
        /// Whether it is over: found, stopped or broken off.
        pub ended: bool,
        /// Why it found nothing; none while it goes on, and when it found something.
        pub missing: Option<String>,
        /// What it found, once it is over.
        pub view: Option<SelfTestView>,
    }

    /// What a self-test found.
    pub struct SelfTestView {
        /// In one sentence.
        pub headline: String,
        /// Its shape: passed when every declared rate was kept and nothing went unseen.
        pub mark: Mark,
        /// Versions simulated of each kind.
        pub versions: u32,
        /// Where the answers come from, one sentence.
        pub source: String,
        /// Whether their shape was assumed instead of recorded.
        pub assumed: bool,
        /// What the simulated endpoint does to answers, one sentence.
        pub weather: String,
        /// Declared rates beside those measured: of the gate first, then of each criterion.
        pub rates: Vec<MeasuredRate>,
        /// The kinds of version: the good one first, then mutants.
        pub kinds: Vec<SimulatedKind>,
        /// What the gate lets through more often than it declares; empty when there is nothing.
        pub unseen: Vec<Unseen>,
        /// What else there is to know.
        pub notes: Vec<Note>,
        /// How long it took, in milliseconds.
        pub took_ms: u64,
    }

    /// A declared rate beside the measured one.
    pub struct MeasuredRate {
        /// Of which criterion; none for the whole gate.
        pub criterion: Option<String>,
        /// Which of the two.
        pub of: RateOf,
        /// As declared; none where nothing is.
        pub declared: Option<f64>,
        /// Share of the versions that erred so.
        pub measured: f64,
        /// Clopper–Pearson interval at 95 %, lower end.
        pub low: f64,
        /// Upper end.
        pub high: f64,
        /// Versions that erred so.
        pub found: u32,
        /// Versions simulated.
        pub versions: u32,
        /// Passed when the rate was kept, failed when the simulation contradicts it, plain where none is declared.
        pub mark: Mark,
        /// In words, such as `blocked 4.2 in 100 good versions (3.4 to 5.2); declared: at most 5`.
        pub text: String,
    }

    /// What became of one kind of version.
    pub struct SimulatedKind {
        /// Stable name: `good`, `floor`, `uniform`, `whole_cases`, `tag`, `flaky`, `lenient`, `critical`.
        pub kind: String,
        /// `Good`, `One tag broken: gift`.
        pub label: String,
        /// What such a version does, one sentence.
        pub detail: String,
        /// Whether it ought to pass.
        pub good: bool,
        /// Versions that passed; of mutants the survivors.
        pub passed: u32,
        /// Versions that failed.
        pub failed: u32,
        /// Versions that stayed undecided.
        pub undecided: u32,
        /// Versions simulated.
        pub versions: u32,
        /// `61 in 100 pass`.
        pub passes: String,
        /// Its shape: passed where the gate does what it ought to, failed where it does not.
        pub mark: Mark,
        /// Calls heard, on average.
        pub heard_mean: f64,
        /// Calls heard by all but 5 in 100.
        pub heard_p95: u32,
        /// Calls asked, on average.
        pub asked_mean: f64,
        /// Calls asked by all but 5 in 100.
        pub asked_p95: u32,
    }

    /// A kind of fault that the gate does not see.
    pub struct Unseen {
        /// `One tag broken: gift`.
        pub what: String,
        /// In words, such as `This gate cannot see one broken tag: gift, 61 in 100 pass.`
        pub text: String,
        /// What to do about it, one sentence each.
        pub advice: Vec<String>,
        /// Lines for the spec's gate that would see it; none where no line would.
        pub add: Option<String>,
        /// Where they would go.
        pub place: Option<FileLine>,
    }

    /// Asks what the present gate would have said of past versions.
    pub struct BacktestArgs {
        /// Which spec.
        pub spec: String,
        /// Another text for the spec's file, not saved; the saved one when none.
        pub text: Option<String>,
    }

    /// What the present gate would have said of past versions, from recorded answers alone.
    pub struct BacktestView {
        /// Of which spec.
        pub spec: String,
        /// Why there is nothing to show, such as mistakes in the file; none when there is.
        pub missing: Option<String>,
        /// In one sentence.
        pub headline: String,
        /// The newest version first.
        pub rows: Vec<BacktestRow>,
        /// Older versions that are left out.
        pub more: u32,
    }

    /// One past version.
    pub struct BacktestRow {
        /// Which.
        pub version: VersionRef,
        /// What was said of it then; none when nothing was.
        pub then: Option<SpecVerdict>,
        /// What is said of it now; none when not enough is recorded.
        pub now: Option<Outcome>,
        /// The shape of that.
        pub mark: Mark,
        /// How now differs from then.
        pub change: BacktestChange,
        /// What the gate says now, or what is not recorded; one sentence.
        pub text: String,
        /// Recorded answers that fit the present cases.
        pub recorded: u32,
        /// Of those, heard.
        pub heard: u32,
        /// Slots that would be heard at most.
        pub heard_max: u32,
    }
}

words! {
    /// Which error a rate is about.
    pub enum RateOf {
        /// A good version is blocked.
        WronglyBlocked,
        /// A faulty version gets through.
        WronglyPassed,
    }

    /// How what a gate says now differs from what was said then.
    pub enum BacktestChange {
        /// It does not.
        Same,
        /// It passed then and does not now.
        Stricter,
        /// It passes now and did not then.
        Looser,
        /// Fail became undecided, or the other way round.
        Other,
        /// Nothing was said then.
        New,
        /// Not enough is recorded to say.
        NotEnough,
    }
}
