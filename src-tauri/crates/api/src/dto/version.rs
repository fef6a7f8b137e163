//! Versions: what they are made of, and how scores changed over them.

use super::{Change, DiffLine, Mark, Outcome, Standing, VersionRef};

dto! {
    /// Which versions, the newest first.
    pub struct VersionsArgs {
        /// Of which agent; of the workspace's when none.
        pub agent: Option<String>,
        /// Versions before the page.
        pub offset: u32,
        /// At most this many, and at most 200.
        pub limit: u32,
    }

    /// A page of versions, the newest first.
    pub struct Versions {
        /// How many there are.
        pub total: u32,
        /// The page.
        pub versions: Vec<VersionHead>,
    }

    /// A version with what is known of it.
    pub struct VersionHead {
        /// Which.
        pub version: VersionRef,
        /// Of which agent.
        pub agent: String,
        /// When it was sealed.
        pub seen_at: i64,
        /// Components that differ from the version before, such as `prompt`.
        pub changed: Vec<String>,
        /// The newest verdict of each spec.
        pub verdicts: Vec<VersionVerdict>,
        /// Environments where it is live.
        pub live_in: Vec<String>,
    }

    /// What a spec's gate said last of a version.
    pub struct VersionVerdict {
        /// Which spec.
        pub spec: String,
        /// Which verdict.
        pub verdict: String,
        /// What.
        pub outcome: Outcome,
        /// Whether it can grant a promotion.
        pub standing: Standing,
    }

    /// Asks for a version.
    pub struct VersionArgs {
        /// Which.
        pub version: String,
    }

    /// A version in full.
    pub struct VersionView {
        /// What lists show of it.
        pub head: VersionHead,
        /// The version that the changes are against: the one before it.
        pub against: Option<VersionRef>,
        /// Each named part.
        pub components: Vec<ComponentView>,
        /// Facts that are not part of the identity: endpoint, commit, branch.
        pub provenance: Vec<ProvenanceLine>,
    }

    /// A part of a version's identity.
    pub struct ComponentView {
        /// Its name.
        pub name: String,
        /// Its value where that is short, else its digest.
        pub value: String,
        /// Against the other version.
        pub change: Change,
        /// What changed, where both are text.
        pub diff: Vec<DiffLine>,
    }

    /// A fact that is not part of the identity.
    pub struct ProvenanceLine {
        /// `endpoint`, `commit`, `branch`, …
        pub name: String,
        /// Its value.
        pub value: String,
    }

    /// Asks for a metric over versions.
    pub struct TimelineArgs {
        /// Of which spec; of the first when none.
        pub spec: Option<String>,
        /// The criterion whose metric is shown; the first of the gate when none.
        pub criterion: Option<String>,
    }

    /// A metric over versions, oldest first.
    pub struct Timeline {
        /// Of which spec.
        pub spec: String,
        /// Every spec that has a timeline.
        pub specs: Vec<String>,
        /// Of which criterion.
        pub criterion: String,
        /// Every criterion of the spec that has a timeline.
        pub criteria: Vec<String>,
        /// `Pass rate of refunds`.
        pub title: String,
        /// `complete rounds; below 203 calls: stopped early`.
        pub detail: String,
        /// Good, in the present spec.
        pub target: Option<f64>,
        /// Bad, in the present spec.
        pub floor: Option<f64>,
        /// Oldest first.
        pub points: Vec<TimelinePoint>,
        /// Where the spec's meaning changed: scores on both sides are not compared.
        pub spec_changes: Vec<SpecChange>,
        /// What happened in the environments.
        pub marks: Vec<TimelineMark>,
        /// What was live where.
        pub lanes: Vec<TimelineLane>,
    }

    /// A version's value.
    pub struct TimelinePoint {
        /// Which version.
        pub version: VersionRef,
        /// When its verdict was given, or its last answer heard.
        pub at: i64,
        /// Mean over complete rounds; none without one complete round.
        pub value: Option<f64>,
        /// Lower bound.
        pub low: Option<f64>,
        /// Upper bound.
        pub high: Option<f64>,
        /// `72 of 89`.
        pub value_text: String,
        /// Calls heard.
        pub calls: u32,
        /// Calls heard at most.
        pub calls_max: u32,
        /// Whether it stopped early.
        pub stopped_early: bool,
        /// What the gate said.
        pub outcome: Outcome,
        /// Whether that can grant a promotion.
        pub standing: Standing,
        /// Which verdict; none when there is none yet.
        pub verdict: Option<String>,
        /// One sentence for the card.
        pub note: String,
        /// Which meaning of the spec: points of different meanings are not joined.
        pub meaning: u32,
        /// Whether the served identity changed while it was asked.
        pub identity_changed: bool,
    }

    /// The spec began to mean something else.
    pub struct SpecChange {
        /// When.
        pub at: i64,
        /// What changed, a few words.
        pub text: String,
    }

    /// Something that happened in an environment.
    pub struct TimelineMark {
        /// When.
        pub at: i64,
        /// Where.
        pub environment: String,
        /// What.
        pub kind: MarkKind,
        /// Which version it made live.
        pub version: VersionRef,
        /// One sentence.
        pub text: String,
    }

    /// What was live in an environment.
    pub struct TimelineLane {
        /// Where.
        pub environment: String,
        /// Oldest first.
        pub spans: Vec<LaneSpan>,
    }

    /// A version while it was live.
    pub struct LaneSpan {
        /// Which; none while nobody knows.
        pub version: Option<VersionRef>,
        /// Since.
        pub from: i64,
        /// Until; none while it is.
        pub to: Option<i64>,
    }

    /// Asks for cases over versions.
    pub struct HeatMapArgs {
        /// Of which spec; of the first when none.
        pub spec: Option<String>,
        /// Whether cases without trouble are listed too.
        pub all: bool,
    }

    /// Cases over versions, sorted by trouble.
    pub struct HeatMap {
        /// Of which spec.
        pub spec: String,
        /// Columns, oldest first; at most 24.
        pub versions: Vec<VersionRef>,
        /// Never passed, newly broken, flaky, steady.
        pub groups: Vec<HeatGroup>,
        /// Cases of the spec.
        pub cases_total: u32,
    }

    /// Cases with the same trouble.
    pub struct HeatGroup {
        /// `Newly broken in v13, mended in v14`, `Flaky`, `Steady, 17 cases`.
        pub title: String,
        /// Its cases; the steady ones only when all were asked for.
        pub rows: Vec<HeatRow>,
    }

    /// A case over versions.
    pub struct HeatRow {
        /// Which.
        pub case: String,
        /// One for each column; none where it was not asked.
        pub cells: Vec<Option<HeatCell>>,
    }

    /// A case in a version.
    pub struct HeatCell {
        /// Times passed.
        pub passed: u32,
        /// Times heard.
        pub trials: u32,
        /// `pass`, `fail`, `flaky`, or `unknown` when answers are missing.
        pub mark: Mark,
    }

    /// Compares two versions.
    pub struct CompareArgs {
        /// The one before.
        pub before: String,
        /// The one after.
        pub after: String,
        /// In one spec; in all when none.
        pub spec: Option<String>,
    }

    /// What differs between two versions, and what that did.
    pub struct Comparison {
        /// The one before.
        pub before: VersionRef,
        /// The one after.
        pub after: VersionRef,
        /// What differs, and whether the effect can be told apart.
        pub sentence: String,
        /// Each named part of either.
        pub components: Vec<ComponentView>,
        /// For each spec that both were asked by.
        pub specs: Vec<SpecComparison>,
    }

    /// What a change did in one spec.
    pub struct SpecComparison {
        /// Which.
        pub spec: String,
        /// Each metric.
        pub scores: Vec<ScoreComparison>,
        /// Cases that differ, the worst first.
        pub cases: Vec<CaseComparison>,
        /// Cases that do not differ.
        pub steady: u32,
    }

    /// A metric of both.
    pub struct ScoreComparison {
        /// Of which criterion.
        pub criterion: String,
        /// Of the one before.
        pub before: String,
        /// Of the one after.
        pub after: String,
        /// `+0.14`, with sign.
        pub difference: String,
        /// `pass` better, `fail` worse, `plain` within noise.
        pub mark: Mark,
    }

    /// A case in both.
    pub struct CaseComparison {
        /// Which.
        pub case: String,
        /// In the one before.
        pub before: Option<HeatCell>,
        /// In the one after.
        pub after: Option<HeatCell>,
        /// `pass` better, `fail` worse, `flaky` neither.
        pub mark: Mark,
    }
}

words! {
    /// What happened in an environment.
    pub enum MarkKind {
        /// Promoted on verdicts.
        Promoted,
        /// Promoted against a verdict, or as the first.
        Override,
        /// An earlier version back.
        RolledBack,
        /// Moved by somebody else.
        MovedOutside,
    }
}
