//! The log as a chain: each entry holds the digest of the one before, so that none can be changed or taken out
//! of the middle unnoticed. Who keeps the entries and who signs their head is not known here.

use gatewright_core::{
    id::{CanonicalError, Digest, canonical_json},
    time::{Millis, Seq},
};

use super::{Event, Happened};

/// Keeps digests of log entries apart from those of other things; it never changes.
const TAG: &str = "gatewright.event";

/// What the first entry names as the one before it.
pub const START: Digest = Digest([0; 32]);

/// One entry of the log, as kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its place. Places rise; they have gaps, because other things take places too.
    pub seq: Seq,
    /// When, for display.
    pub at: Millis,
    /// Canonical JSON of [`Happened`].
    pub body: String,
    /// Digest of the entry before, or [`START`].
    pub prev: Digest,
    /// Digest of this entry: `sha256("gatewright.event" ‖ 0x00 ‖ canonical JSON of {at, body, prev, seq})`.
    pub hash: Digest,
}

/// What does not hold in a chain, at which entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Break {
    /// Its content is not what its digest says.
    #[error("entry {} was changed", .0.0)]
    Changed(Seq),
    /// It does not follow the entry before it: something was taken out, put in or moved.
    #[error("entry {} does not follow the one before it", .0.0)]
    Detached(Seq),
}

impl Entry {
    /// The entry that tells `event` after the entry with the digest `prev`.
    ///
    /// # Errors
    /// A place or time beyond 2^53.
    pub fn after(prev: Digest, event: &Event) -> Result<Self, CanonicalError> {
        let body = String::from_utf8(canonical_json(&event.what)?)
            .map_err(|error| CanonicalError::NotJson(error.to_string()))?;
        let hash = digest(event.seq, event.at, &body, prev)?;
        Ok(Self { seq: event.seq, at: event.at, body, prev, hash })
    }

    /// The event that this entry tells; none when a newer build wrote a kind that this one does not know.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        let what: Happened = serde_json::from_str(&self.body).ok()?;
        Some(Event { seq: self.seq, at: self.at, what })
    }

    fn holds(&self) -> bool {
        digest(self.seq, self.at, &self.body, self.prev).is_ok_and(|computed| computed == self.hash)
    }
}

fn digest(seq: Seq, at: Millis, body: &str, prev: Digest) -> Result<Digest, CanonicalError> {
    let value = serde_json::json!({ "at": at, "body": body, "prev": prev, "seq": seq });
    Digest::of_value(TAG, &value)
}

/// Follows a chain from its start, entry by entry, in constant memory.
#[derive(Clone, Copy, Debug)]
pub struct Follower {
    head: Digest,
    last: Option<Seq>,
}

impl Default for Follower {
    fn default() -> Self {
        Self { head: START, last: None }
    }
}

impl Follower {
    /// Takes the next entry.
    ///
    /// # Errors
    /// The entry does not hold; it is the first one that does not.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Break> {
        if entry.prev != self.head || self.last.is_some_and(|last| entry.seq <= last) {
            return Err(Break::Detached(entry.seq));
        }
        if !entry.holds() {
            return Err(Break::Changed(entry.seq));
        }
        self.head = entry.hash;
        self.last = Some(entry.seq);
        Ok(())
    }

    /// Place and digest of the last entry taken; none before the first.
    #[must_use]
    pub fn head(&self) -> Option<(Seq, Digest)> {
        self.last.map(|seq| (seq, self.head))
    }
}

/// Checks a whole chain.
///
/// # Errors
/// The first entry that does not hold.
pub fn check<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Option<(Seq, Digest)>, Break> {
    let mut follower = Follower::default();
    for entry in entries {
        follower.take(entry)?;
    }
    Ok(follower.head())
}

#[cfg(test)]
mod tests {
    use gatewright_core::id::RunId;

    use super::*;

    fn chain(length: u64) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for n in 1..=length {
            let what = Happened::RunStarted { run: RunId(u128::from(n)) };
            let event = Event { seq: Seq(2 * n), at: Millis(1_000), what };
            let prev = entries.last().map_or(START, |entry| entry.hash);
            entries.push(Entry::after(prev, &event).expect("canonical"));
        }
        entries
    }

    #[test]
    fn the_digest_of_the_first_entry_is_golden() {
        let entry = &chain(1)[0];
        assert_eq!(entry.body, r#"{"run_started":{"run":"00000000-0000-0000-0000-000000000001"}}"#);
        // Computed with Python's hashlib and json over the documented form.
        let expected = "sha256:c8eb992c23b85aac7e4854b9012df4d78f16d07575d899bc9dd240577e5f9b69";
        assert_eq!(entry.hash.to_string(), expected);
    }

    #[test]
    fn a_whole_chain_holds_and_gives_its_head() {
        let entries = chain(5);
        assert_eq!(check(&entries), Ok(Some((Seq(10), entries[4].hash))));
        assert_eq!(check(&[]), Ok(None));
    }

    #[test]
    fn any_change_to_any_entry_is_found_where_it_is() {
        for index in 0..5 {
            let mut changed = chain(5);
            changed[index].body = changed[index].body.replace("000-0", "001-0");
            let seq = changed[index].seq;
            assert_eq!(check(&changed), Err(Break::Changed(seq)));
            let mut later = chain(5);
            later[index].at = Millis(999);
            assert_eq!(check(&later), Err(Break::Changed(seq)));
        }
    }

    #[test]
    fn an_entry_taken_out_put_in_twice_or_moved_is_found() {
        let mut without = chain(5);
        without.remove(2);
        assert_eq!(check(&without), Err(Break::Detached(Seq(8))));
        let mut twice = chain(5);
        twice.insert(2, twice[2].clone());
        assert_eq!(check(&twice), Err(Break::Detached(Seq(6))));
        let mut moved = chain(5);
        moved.swap(1, 2);
        assert_eq!(check(&moved), Err(Break::Detached(Seq(6))));
    }
}
