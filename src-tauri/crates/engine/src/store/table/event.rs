//! `event`: the log. Entries are appended in the transaction of what they tell, and chained.

use gatewright_core::{
    id::Digest,
    time::{Millis, Seq},
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    event::{
        Event, Happened,
        chain::{self, Break, Entry, Follower},
    },
    store::{Read, Write, digest, error::StoreError},
};

/// The number of a verdict that was given.
const VERDICT_GIVEN: i64 = 8;
/// The number of a release's step.
const RELEASE_MOVED: i64 = 12;
/// The number of a history that was restored.
const RESTORED: i64 = 16;

/// Places that a history gave after its last signed head, at most, as far as anybody can tell: every run and every
/// release ends with one.
const PLACES_UNSIGNED_MAX: u64 = 1_000_000;

/// Entries read at once while checking.
const CHECKED_AT_ONCE: u64 = 4_096;

/// What a log tells of, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Its newest entry; none while it is empty.
    pub head: Option<Seq>,
    /// Verdicts that were given.
    pub verdicts: u64,
    /// When the last of them was.
    pub last_verdict: Option<Millis>,
    /// Releases, whatever became of them.
    pub releases: u64,
    /// When one took a step last.
    pub last_release: Option<Millis>,
}

/// Counts what the log of a database tells of.
pub(in crate::store) fn tally(connection: &Connection) -> Result<Tally, StoreError> {
    let head: Option<u64> = connection.query_row("SELECT max(seq) FROM event", [], |row| row.get(0))?;
    let of = |kind: i64| {
        connection.query_row("SELECT count(*), max(at_ms) FROM event WHERE kind = ?1", [kind], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, Option<i64>>(1)?.map(Millis)))
        })
    };
    let (verdicts, last_verdict) = of(VERDICT_GIVEN)?;
    let (_, last_release) = of(RELEASE_MOVED)?;
    let releases = connection.query_row("SELECT count(*) FROM release", [], |row| row.get(0))?;
    Ok(Tally { head: head.map(Seq), verdicts, last_verdict, releases, last_release })
}

impl Write<'_> {
    /// Notes in a copy of a history that it takes the place of a damaged one, whose last signed head is at `beyond`. What
    /// comes after has a place far behind that, so that no place of what is lost is given again: fences are places too,
    /// and a target may remember one of a release that broke off before it was signed.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn go_on_after_damage(
        &self,
        backup: Option<Millis>,
        aside: &str,
        beyond: Seq,
    ) -> Result<Event, StoreError> {
        let last = self.place()?.max(beyond.0);
        self.sequence.skip_to(self.connection, Seq(last.saturating_add(PLACES_UNSIGNED_MAX)))?;
        self.append(Happened::Restored { backup, aside: aside.to_owned() })
    }

    /// Appends to the log, and tells listeners after the commit.
    ///
    /// That a trial ended is told and not logged: its row says it, and a log of a million answers is no log.
    ///
    /// # Errors
    /// The database's.
    pub fn append(&self, what: Happened) -> Result<Event, StoreError> {
        let event = Event { seq: self.next_seq()?, at: self.now(), what };
        if !matches!(event.what, Happened::TrialEnded { .. }) {
            let prev = self.log_head()?.map_or(chain::START, |(_, hash)| hash);
            let entry = Entry::after(prev, &event)?;
            self.connection
                .prepare_cached(
                    "INSERT INTO event(seq, kind, at_ms, body, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    entry.seq.0,
                    kind(&event.what),
                    entry.at.0,
                    entry.body,
                    entry.prev.0,
                    entry.hash.0
                ])?;
        }
        self.told.borrow_mut().push(event.clone());
        Ok(event)
    }
}

impl Read<'_> {
    /// Entries of the log after a place, oldest first. Entries of a newer build are left out.
    ///
    /// # Errors
    /// The database's.
    pub fn log(&self, after: Seq, limit: u32) -> Result<Vec<Event>, StoreError> {
        let entries = self.log_entries(after, u64::from(limit))?;
        Ok(entries.iter().filter_map(Entry::event).collect())
    }

    /// Entries as chained, after a place, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn log_entries(&self, after: Seq, limit: u64) -> Result<Vec<Entry>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, at_ms, body, prev, hash FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after.0, limit], entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the first entry at or after a place was written, for display: the time of what was recorded there. None
    /// when nothing was logged since.
    ///
    /// # Errors
    /// The database's.
    pub fn logged_at(&self, place: Seq) -> Result<Option<Millis>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT at_ms FROM event WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
        Ok(statement.query_row([place.0], |row| row.get(0)).optional()?.map(Millis))
    }

    /// The place up to which everything was written before a time; none when nothing was. Where the clock was set back,
    /// what lies between counts as newer.
    ///
    /// # Errors
    /// The database's.
    pub fn written_before(&self, time: Millis) -> Result<Option<Seq>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT max(seq) FROM event
             WHERE seq < coalesce((SELECT seq FROM event WHERE at_ms >= ?1 ORDER BY seq LIMIT 1), ?2)",
        )?;
        Ok(statement.query_row([time.0, i64::MAX], |row| row.get::<_, Option<u64>>(0))?.map(Seq))
    }

    /// How far the history is: everything that is recorded later has a higher place.
    ///
    /// # Errors
    /// The database's.
    pub fn place(&self) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT last FROM sequence")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The last time that a damaged history was set aside: none when there never was.
    ///
    /// # Errors
    /// The database's.
    pub fn last_restored(&self) -> Result<Option<Event>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, at_ms, body, prev, hash FROM event WHERE kind = ?1 ORDER BY seq DESC LIMIT 1",
        )?;
        let found = statement.query_row([RESTORED], entry).optional()?;
        Ok(found.as_ref().and_then(Entry::event))
    }

    /// Place and digest of the newest entry.
    ///
    /// # Errors
    /// The database's.
    pub fn log_head(&self) -> Result<Option<(Seq, Digest)>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")?;
        let head = statement.query_row([], |row| Ok((Seq(row.get(0)?), digest(row.get(1)?))));
        Ok(head.optional()?)
    }

    /// Follows the whole chain: its head, or the first entry that does not hold.
    ///
    /// # Errors
    /// The database's; what does not hold is a value.
    pub fn check_log(&self) -> Result<Result<Option<(Seq, Digest)>, Break>, StoreError> {
        let mut follower = Follower::default();
        let mut after = Seq(0);
        loop {
            let entries = self.log_entries(after, CHECKED_AT_ONCE)?;
            let Some(last) = entries.last() else { return Ok(Ok(follower.head())) };
            after = last.seq;
            for entry in &entries {
                if let Err(found) = follower.take(entry) {
                    return Ok(Err(found));
                }
            }
        }
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: Seq(row.get(0)?),
        at: Millis(row.get(1)?),
        body: row.get(2)?,
        prev: digest(row.get(3)?),
        hash: digest(row.get(4)?),
    })
}

/// The number of a kind, for the index. In the database: a number never changes its meaning.
fn kind(what: &Happened) -> i64 {
    match what {
        Happened::SpecChanged { .. } => 1,
        Happened::VersionSeen { .. } => 2,
        Happened::PlanRegistered { .. } => 3,
        Happened::RunStarted { .. } => 4,
        Happened::TrialEnded { .. } => 5,
        Happened::CriterionDecided { .. } => 6,
        Happened::RunEnded { .. } => 7,
        Happened::VerdictGiven { .. } => VERDICT_GIVEN,
        Happened::VerdictWithdrawn { .. } => 9,
        Happened::IdentityChanged { .. } => 10,
        Happened::Decided { .. } => 11,
        Happened::ReleaseMoved { .. } => RELEASE_MOVED,
        Happened::MovedOutside { .. } => 13,
        Happened::MonitorFired { .. } => 14,
        Happened::TrustGiven { .. } => 15,
        Happened::Restored { .. } => RESTORED,
    }
}
