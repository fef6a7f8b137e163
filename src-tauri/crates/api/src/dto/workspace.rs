//! The opened folder: who it is, whether it may act, what needs a person, what is live.

use super::{Damage, Mark, Money, Note, Step, VersionRef};

dto! {
    /// Which program this is.
    pub struct About {
        /// `Gatewright`.
        pub name: String,
        /// Of the program.
        pub version: String,
        /// Name and number of the system that it runs on.
        pub system: String,
    }

    /// Opens a folder.
    pub struct WorkspaceOpenArgs {
        /// Absolute path of a folder with a `gatewright.yaml`.
        pub path: String,
    }

    /// The opened workspace, if any.
    pub struct WorkspaceState {
        /// None before a folder is opened.
        pub workspace: Option<Workspace>,
        /// The folder that was to be opened last, where its history is damaged.
        pub damaged: Option<Damage>,
    }

    /// What the frame of every screen and the home screen show.
    pub struct Workspace {
        /// As its file says.
        pub name: String,
        /// Absolute.
        pub path: String,
        /// With `~` for the home folder.
        pub path_shown: String,
        /// Whether the demo agent answers here.
        pub demo: bool,
        /// Whether it may run, reach and use keys.
        pub trust: TrustState,
        /// Why nothing can be written; none when it can.
        pub read_only: Option<String>,
        /// How changes of files are noticed.
        pub watching: Watching,
        /// The agent to be judged; none while the workspace file has errors.
        pub agent: Option<AgentHead>,
        /// The run in progress.
        pub running: Option<RunHead>,
        /// End of the last run.
        pub last_run_at: Option<i64>,
        /// In the order of the file.
        pub environments: Vec<EnvironmentHead>,
        /// What is well and what needs a person, the latter first.
        pub health: Vec<HealthItem>,
        /// Figures about this workspace, such as overrides within 30 days. May be empty.
        pub figures: Vec<Figure>,
        /// Errors in the workspace file or the spec files.
        pub errors: u32,
    }

    /// Whether a folder may act.
    pub struct TrustState {
        /// Whether everything that it asks for is trusted.
        pub trusted: bool,
        /// In words for the status bar: `Trusted folder`, `Not trusted: runs nothing, reaches nothing, uses no key`.
        pub text: String,
    }

    /// How changes of files are noticed.
    pub struct Watching {
        /// Whether the folder is read again and again because the system cannot watch it.
        pub polling: bool,
        /// For the status bar: `Watching 4 specs`, `Polling every 5 s`.
        pub text: String,
    }

    /// The agent to be judged.
    pub struct AgentHead {
        /// Its name.
        pub name: String,
        /// Where it answers, without credentials.
        pub address: String,
        /// The version that its files describe now; none when it cannot be read.
        pub version: Option<VersionRef>,
        /// Whether that version was never asked anything.
        pub unasked: bool,
    }

    /// The run in progress, for the status bar.
    pub struct RunHead {
        /// Which.
        pub run: String,
        /// Calls so far.
        pub asked: u64,
        /// Calls at most.
        pub asked_max: u64,
        /// At least this long, in milliseconds; none while unknown.
        pub left_low_ms: Option<u64>,
        /// At most this long, in milliseconds; none while unknown.
        pub left_high_ms: Option<u64>,
        /// So far; none without a price.
        pub cost: Option<Money>,
    }

    /// An environment, for the status bar.
    pub struct EnvironmentHead {
        /// Its name.
        pub name: String,
        /// `pass` when it was read back, `unknown` when nobody knows, `running` while a release is open, `waiting`
        /// when nothing is live.
        pub mark: Mark,
        /// What is live there.
        pub live: Option<VersionRef>,
        /// In one word or two: `live`, `nothing live`, `unknown`.
        pub text: String,
    }

    /// Something that is well, or that needs a person.
    pub struct HealthItem {
        /// Whether it is well.
        pub mark: Mark,
        /// One short sentence.
        pub title: String,
        /// Another, where needed.
        pub detail: Option<String>,
        /// A fact at the end of the line: `read 12 s ago`, `412 ms`.
        pub fact: Option<String>,
        /// What may be done about it. Its presence means that it needs a person.
        pub step: Option<Step>,
    }

    /// A figure with its name.
    pub struct Figure {
        /// What is counted.
        pub label: String,
        /// How much.
        pub value: String,
    }

    /// Workspaces opened before, the newest first.
    pub struct Recents {
        /// At most 20.
        pub recents: Vec<Recent>,
    }

    /// A workspace opened before.
    pub struct Recent {
        /// Absolute.
        pub path: String,
        /// With `~` for the home folder.
        pub path_shown: String,
        /// As its file said.
        pub name: String,
        /// When it was opened last.
        pub opened_at: i64,
        /// Whether the folder is still there.
        pub present: bool,
        /// What is known of its newest version, such as `v14 may ship`; asks for trust where it is missing.
        pub note: Option<Note>,
    }

    /// What a person picked.
    pub struct Picked {
        /// Absolute; none when nothing was picked.
        pub path: Option<String>,
    }
}
