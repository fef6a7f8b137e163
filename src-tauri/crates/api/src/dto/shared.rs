//! What several screens show alike: versions, money, marks, the way on.

dto! {
    /// No arguments, or no result.
    #[derive(Default)]
    pub struct Nothing {}

    /// A version as people meet it: the name they gave, the id nobody can fake.
    pub struct VersionRef {
        /// Whole digest, `sha256:…`.
        pub id: String,
        /// The first 12 hexadecimal digits of it.
        pub short: String,
        /// The name that a person gave, or the one given in order of sealing, such as `v14`.
        pub label: Option<String>,
        /// How we know that it is what answered.
        pub grade: Grade,
        /// Whether the working tree differed from its commit; none without git.
        pub dirty: Option<bool>,
    }

    /// An amount of money.
    pub struct Money {
        /// Millionths of the currency's unit.
        pub micros: i64,
        /// ISO 4217, upper case.
        pub currency: String,
    }

    /// A short statement with its shape, inside the panel that it is about.
    pub struct Note {
        /// Its shape and colour.
        pub mark: Mark,
        /// One sentence.
        pub text: String,
        /// What may be done about it.
        pub way: Option<Step>,
    }

    /// Something to do next: words, price and where it leads.
    pub struct Step {
        /// Verb and object, such as `Confirm with fresh answers`.
        pub label: String,
        /// What it costs or means, one sentence.
        pub detail: Option<String>,
        /// Where it leads.
        pub to: Way,
        /// Why it cannot be done now; none when it can.
        pub disabled: Option<String>,
    }

    /// A place in a file of the workspace.
    pub struct FileLine {
        /// Below the workspace, with `/`.
        pub file: String,
        /// From 1.
        pub line: u32,
    }

    /// A line of a comparison of two texts.
    pub struct DiffLine {
        /// Whether it is in both.
        pub kind: DiffKind,
        /// Without its end.
        pub text: String,
    }

    /// Where a step leads. The interface turns it into a screen or a command.
    #[serde(rename_all = "snake_case", tag = "kind")]
    pub enum Way {
        /// Ask what is missing.
        Run {
            /// Which specs; all when empty.
            specs: Vec<String>,
            /// Whether a new attempt begins.
            new_attempt: bool,
        },
        /// Show a file in the editor.
        Source {
            /// Below the workspace, with `/`.
            file: String,
            /// From 1.
            line: Option<u32>,
        },
        /// Show a verdict.
        Verdict {
            /// Which.
            verdict: String,
        },
        /// Show what differs.
        Compare {
            /// The version before.
            before: String,
            /// The version after.
            after: String,
        },
        /// Show the environments.
        Releases {
            /// Which; all when none.
            environment: Option<String>,
        },
        /// Read what is live, and settle what was left open.
        Settle {
            /// Where.
            environment: String,
        },
        /// Show what the folder would run and reach.
        Trust,
        /// Check log, signatures and objects.
        Verify,
    }
}

words! {
    /// How we know that a version is what answered, strongest first.
    pub enum Grade {
        /// We sent what decides its behaviour with every request.
        Sent,
        /// We started the sealed copy.
        Sealed,
        /// The address says so.
        Claimed,
        /// The workspace says so.
        Declared,
        /// Nothing says so.
        Opaque,
    }

    /// A shape with its colour: the one thing that says good or bad. The word stands beside it.
    pub enum Mark {
        /// Passed, met, may ship, ready, holds.
        Pass,
        /// Failed, not met, blocked, broken.
        Fail,
        /// Neither.
        Undecided,
        /// Nobody knows.
        Unknown,
        /// On the way.
        Running,
        /// Not begun.
        Waiting,
        /// The agent erred, or a scorer could not judge.
        Trouble,
        /// A person's word against a verdict.
        Override,
        /// Sometimes one, sometimes the other.
        Flaky,
        /// A remark.
        Plain,
    }

    /// What a gate says.
    pub enum Outcome {
        /// Pass.
        Pass,
        /// Fail.
        Fail,
        /// Neither.
        Inconclusive,
    }

    /// Whether the plan was recorded before the first answer that a verdict counts.
    pub enum Standing {
        /// It was: the declared error rates hold.
        Prospective,
        /// It was not: it does not grant a promotion.
        Rescored,
    }

    /// What happened to a line between two texts.
    pub enum DiffKind {
        /// In both.
        Same,
        /// Only in the text after.
        Added,
        /// Only in the text before.
        Removed,
        /// Lines in both that are left out here; the text says how many.
        Skipped,
    }

    /// What happened to a part between two versions, or since something was trusted.
    pub enum Change {
        /// Nothing.
        Same,
        /// Its content.
        Changed,
        /// It was not there.
        New,
        /// It is not there any more.
        Gone,
    }
}
