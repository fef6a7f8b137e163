//! A workspace whose history is damaged: what is known of it, and what it can go on from.

use super::Workspace;

dto! {
    /// What a person should know before a damaged history is set aside.
    pub struct Damage {
        /// The workspace's folder, absolute.
        pub path: String,
        /// With `~` for the home folder.
        pub path_shown: String,
        /// The name of the folder.
        pub name: String,
        /// The first thing that does not hold, as the database says it.
        pub detail: String,
        /// When the damaged history was written last; none where its files do not tell.
        pub written_at: Option<i64>,
        /// The newest backup that holds together; none when only a new history can begin.
        pub backup: Option<BackupView>,
        /// What signed heads of the log saw that the backup does not hold; none when they saw nothing more.
        pub witness: Option<WitnessView>,
        /// A name for the backup: what a person confirms.
        pub seen: String,
    }

    /// A backup, and what it holds.
    pub struct BackupView {
        /// When it was made.
        pub at: i64,
        /// The last entry of its log; none while that is empty.
        pub entry: Option<u64>,
        /// Verdicts in it.
        pub verdicts: u64,
        /// When the last of them was given.
        pub last_verdict_at: Option<i64>,
        /// Releases in it, whatever became of them.
        pub releases: u64,
        /// When one took a step last.
        pub last_release_at: Option<i64>,
    }

    /// A signed head of the log beyond a backup.
    pub struct WitnessView {
        /// The entry that it saw.
        pub entry: u64,
        /// When.
        pub at: i64,
        /// How many there are beyond the backup.
        pub heads: u32,
    }

    /// Sets the damaged history aside, whole, and goes on from what was shown.
    pub struct RestoreArgs {
        /// [`Damage::path`].
        pub path: String,
        /// [`Damage::seen`]: another backup than the one that was shown is refused as stale.
        pub seen: String,
    }

    /// What was done.
    pub struct Restored {
        /// The workspace, opened.
        pub workspace: Workspace,
        /// Where the damaged history lies now, below the workspace's folder.
        pub set_aside: String,
    }
}
