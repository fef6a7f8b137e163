//! A stranger's folder: everything that it would run, reach and send, before it does.

use super::{Change, DiffLine, FileLine, Note};

dto! {
    /// What the opened folder asks for.
    pub struct Trust {
        /// The digest of the list: what a person trusts.
        pub digest: String,
        /// `onboarding-guide would run 3 programs, reach 3 addresses and use 2 secrets`.
        pub sentence: String,
        /// Where it stands: trusted, new, changed since.
        pub detail: String,
        /// Whether all of it is trusted already.
        pub trusted: bool,
        /// Programs first, then addresses, then secrets.
        pub items: Vec<TrustItem>,
        /// What is said beside the list, such as that its history is shown and not believed.
        pub notes: Vec<Note>,
        /// How a script gives the same trust.
        pub command: String,
    }

    /// One thing that the folder asks for.
    pub struct TrustItem {
        /// Its place in the list, stable while the digest is.
        pub id: u32,
        /// Of which sort.
        pub sort: TrustSort,
        /// Before it: the program's digest, the kind of network, the header.
        pub lead: String,
        /// The argument vector as one line, the origin, or secret → origin or program.
        pub what: String,
        /// By whom and to what end.
        pub purpose: String,
        /// Where it is written.
        pub place: Option<FileLine>,
        /// Against what was trusted before.
        pub change: Change,
        /// What changed in it, or the text of it, where there is one.
        pub diff: Vec<DiffLine>,
        /// What trusting it means, one or two sentences.
        pub explanation: String,
    }

    /// Trusts a list as shown.
    pub struct TrustGiveArgs {
        /// [`Trust::digest`] as it was shown: another list is refused as stale.
        pub digest: String,
    }

    /// Whether the history holds.
    pub struct Verified {
        /// Whether all of it does.
        pub holds: bool,
        /// Records read.
        pub records: u64,
        /// `148 records hold`, or which one is the first that does not.
        pub sentence: String,
    }
}

words! {
    /// Sorts of things that a folder asks for.
    pub enum TrustSort {
        /// Would run.
        Program,
        /// Would reach.
        Address,
        /// Would use.
        Secret,
    }
}
