//! What happened, as the interface hears it: ids, never bodies. It asks again for what it shows.

dto! {
    /// One thing that happened. At most 8 KB each and 10 a second: a host merges what comes faster.
    pub struct Event {
        /// Its place in the workspace's history; 0 for what is not part of it.
        pub seq: u64,
        /// When.
        pub at: i64,
        /// What.
        pub what: Happened,
    }

    /// What can happen.
    #[serde(rename_all = "snake_case", tag = "kind")]
    pub enum Happened {
        /// Another folder was opened, or its head changed: trust, watching, agent, health.
        WorkspaceChanged,
        /// Spec files or what they name were read again.
        SpecsChanged {
            /// Which, below the workspace.
            files: Vec<String>,
        },
        /// A version was sealed for the first time.
        VersionSeen {
            /// Which.
            version: String,
        },
        /// A run began, went on or ended: counts, rows and criteria have changed.
        RunMoved {
            /// Which.
            run: String,
            /// Whether it has ended.
            ended: bool,
        },
        /// A self-test went on or ended.
        SelftestMoved {
            /// Which.
            selftest: String,
            /// Whether it has ended.
            ended: bool,
        },
        /// A verdict was given, or withdrawn by a later one.
        VerdictGiven {
            /// Which.
            verdict: String,
            /// Of which spec.
            spec: String,
        },
        /// A release took a step, or somebody else moved what is live.
        ReleaseMoved {
            /// Which; none when it was moved outside.
            release: Option<String>,
            /// Where.
            environment: String,
        },
        /// Something became true that a person should hear of, wherever they look.
        Told {
            /// Its shape.
            mark: super::Mark,
            /// What became true, a few words.
            title: String,
            /// One sentence more.
            detail: Option<String>,
            /// Where to see it.
            step: Option<super::Step>,
        },
    }
}
