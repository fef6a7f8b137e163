//! What is live, what may follow, and the way back.

use super::{DiffLine, Mark, VersionRef};

dto! {
    /// Every environment, and what happened in them.
    pub struct Status {
        /// `v12 is live in production; v14 may follow it`.
        pub sentence: String,
        /// One sentence more.
        pub detail: String,
        /// In the order of the file.
        pub environments: Vec<Lane>,
        /// The newest first, at most 200.
        pub history: Vec<ReleaseHead>,
    }

    /// An environment.
    pub struct Lane {
        /// Its name.
        pub environment: String,
        /// `folder adapter`.
        pub adapter: String,
        /// Where the live one answers; none when no endpoint is given.
        pub address: Option<String>,
        /// Specs that a promotion needs.
        pub requires: Vec<String>,
        /// `monitor smoke, 5 min`; none without one.
        pub monitor: Option<String>,
        /// What is live.
        pub live: LiveView,
        /// What may follow; none when nothing differs from what is live.
        pub candidate: Option<CandidateView>,
        /// What was live before; none when nothing was.
        pub way_back: Option<WayBack>,
        /// The release that is open; none when none is.
        pub open: Option<ReleaseHead>,
    }

    /// What is live.
    pub struct LiveView {
        /// `pass` when it was read back, `unknown` when nobody knows, `running` while a release is open, `waiting`
        /// when nothing is live.
        pub mark: Mark,
        /// Which; none when nothing is, or nobody knows.
        pub version: Option<VersionRef>,
        /// What stands in its place then: `Unknown: v10 or v12`, `Nothing is live`.
        pub text: Option<String>,
        /// `Since 12 Nov 09:30, read back 12 s ago`, without the times: they stand in the next two.
        pub detail: Option<String>,
        /// Since when it is live.
        pub since: Option<i64>,
        /// When it was read back last.
        pub read_at: Option<i64>,
        /// What "live" means here, so far.
        pub ladder: Vec<Rung>,
        /// What is said at its end: `no endpoint is given: nothing proves more`.
        pub ladder_note: Option<String>,
    }

    /// A rung of the ladder: pointer, served, healthy, smoke.
    pub struct Rung {
        /// Its name.
        pub name: String,
        /// `pass` reached, `running`, `waiting` not reached, `unknown`, `fail`.
        pub mark: Mark,
        /// Beside the name, such as `11 of 18`.
        pub note: Option<String>,
    }

    /// What may follow.
    pub struct CandidateView {
        /// Which.
        pub version: VersionRef,
        /// How it stands.
        pub standing: CandidateStanding,
        /// Why, and how often this lets a bad one through: one or two sentences.
        pub detail: String,
        /// What many candidates since the live one do to the chance; none for a single candidate.
        pub tried: Option<String>,
        /// Cases of the required specs that no criterion hears; none when there are none.
        pub quarantine: Option<LetOff>,
        /// Why it cannot be promoted by verdict; none when it can.
        pub blocked: Option<String>,
        /// The verdict to look at.
        pub verdict: Option<String>,
    }

    /// Cases in quarantine.
    pub struct LetOff {
        /// `2 cases in quarantine, the last until 2026-12-01`.
        pub text: String,
        /// Which, until when and why.
        pub detail: String,
    }

    /// What was live before.
    pub struct WayBack {
        /// Which.
        pub version: VersionRef,
        /// Whether its content is intact and the target says that it can switch now.
        pub mark: Mark,
        /// `Ready`, or why not, one sentence.
        pub text: String,
        /// When that was checked.
        pub checked_at: Option<i64>,
        /// Why it cannot be tried now; none when it can. A release whose outcome is unknown never stands here: a
        /// rollback takes over from it.
        pub blocked: Option<String>,
    }

    /// A release, as lists show it.
    pub struct ReleaseHead {
        /// Which.
        pub release: String,
        /// Where.
        pub environment: String,
        /// What kind of act.
        pub kind: ReleaseKind,
        /// How far.
        pub state: ReleaseState,
        /// Its shape.
        pub mark: Mark,
        /// `v12 promoted over v10`, `v10 back, v11 out: smoke failed`.
        pub sentence: String,
        /// What was live.
        pub from: Option<VersionRef>,
        /// What was to be live.
        pub to: VersionRef,
        /// When it was decided.
        pub at: i64,
        /// Who, as stated.
        pub by: String,
        /// The reason of an override; none without one.
        pub reason: Option<String>,
        /// What "live" means so far.
        pub ladder: Vec<Rung>,
        /// Measured.
        pub times: ReleaseTimes,
    }

    /// Times of a release from the click, in microseconds; none for what was not seen.
    #[derive(Default, Eq)]
    pub struct ReleaseTimes {
        /// The adapter acknowledged the switch.
        pub acknowledged_us: Option<u64>,
        /// First new answer.
        pub first_new_us: Option<u64>,
        /// Last old answer.
        pub last_old_us: Option<u64>,
        /// Verified.
        pub verified_us: Option<u64>,
    }

    /// Asks what a promotion would do.
    pub struct PromotePreviewArgs {
        /// Where.
        pub environment: String,
        /// Which version; the candidate when none.
        pub version: Option<String>,
    }

    /// Asks what a rollback would do.
    pub struct RollbackPreviewArgs {
        /// Where.
        pub environment: String,
        /// Which version; what was live before when none.
        pub to: Option<String>,
    }

    /// What an act would do, before it is confirmed.
    pub struct Preview {
        /// Where.
        pub environment: String,
        /// `Roll production back to v10?`
        pub question: String,
        /// `It was live from 9 to 12 Nov. No verdict is asked for.`
        pub detail: String,
        /// What is live now.
        pub from: Option<VersionRef>,
        /// What would be live.
        pub to: VersionRef,
        /// What the act does not turn back. May be empty.
        pub not_reverted: Vec<String>,
        /// `1.1 s, last measured on 9 Nov`.
        pub takes: String,
        /// Further facts with their names, such as how often this lets a bad version through.
        pub facts: Vec<super::Figure>,
        /// Why it is refused, one line each; empty when it is granted.
        pub refusals: Vec<String>,
        /// What a person must state to do it all the same.
        pub needs: Needs,
        /// The change of the spec that makes it pass; empty when it does not.
        pub spec_diff: Vec<DiffLine>,
        /// What was seen live: handed back with the act, which is refused as stale when that has changed.
        pub seen: String,
    }

    /// Makes a version live.
    pub struct PromoteArgs {
        /// Where.
        pub environment: String,
        /// Which version.
        pub version: String,
        /// A person's word, where the preview needs one.
        pub word: Option<Word>,
        /// [`Preview::seen`].
        pub seen: String,
    }

    /// A person's word, as stated. It is shown for ever after.
    pub struct Word {
        /// Who.
        pub by: String,
        /// Why.
        pub reason: String,
    }

    /// Makes an earlier version live again.
    pub struct RollbackArgs {
        /// Where.
        pub environment: String,
        /// Which version.
        pub to: String,
        /// [`Preview::seen`].
        pub seen: String,
    }

    /// Reads what is live and settles what was left open.
    pub struct SettleArgs {
        /// Where; everywhere when none.
        pub environment: Option<String>,
    }
}

words! {
    /// How a candidate stands.
    pub enum CandidateStanding {
        /// Every required spec grants it.
        MayShip,
        /// Not by verdict.
        Blocked,
        /// Only with a reason: it fails by a spec of the last promotion, or it is the first.
        NeedsReason,
        /// A release is open.
        Frozen,
        /// Verdicts are missing.
        NotJudged,
    }

    /// What kind of act.
    pub enum ReleaseKind {
        /// A version goes live.
        Promotion,
        /// An earlier one goes live again.
        Rollback,
        /// The way back, practised.
        Rehearsal,
    }

    /// How far a release is.
    pub enum ReleaseState {
        /// Decided, nothing done.
        Intent,
        /// The version lies next to the target.
        Staged,
        /// The switch is being sent.
        Switching,
        /// The adapter acknowledged.
        Switched,
        /// What answers is being watched.
        Observing,
        /// Read back as far as the ladder reaches.
        Live,
        /// Nothing changed.
        NotApplied,
        /// The switch was sent and no answer came.
        Unknown,
        /// Something else is live than either side expected.
        Conflict,
        /// A later release took over.
        Superseded,
    }

    /// What a person must state.
    pub enum Needs {
        /// Nothing but a yes.
        Nothing,
        /// A reason and a name, against the verdict or for a changed spec.
        Override,
        /// A reason and a name, for a first version.
        Bootstrap,
        /// It cannot be done at all.
        Impossible,
    }
}
