//! `release`, `release_step`, `placed`: journaled acts on environments. One open release an environment, each step
//! recorded before it is taken, and an older fence moves nothing.

use gatewright_core::{
    id::{EnvironmentName, GrantId, ReleaseId, VersionId},
    release::{Release, State},
    time::{Millis, Seq},
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{code::Coded, name::Kind as NameKind};
use crate::{
    event::Happened,
    store::{Read, Write, canonical_text, digest, error::StoreError},
};

/// A release as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReleaseRow {
    /// The release.
    pub release: Release,
    /// Whether it may still move.
    pub open: bool,
    /// When it began, in order.
    pub seq: Seq,
    /// The DSSE envelope, once it ended and was signed.
    pub envelope: Option<Vec<u8>>,
}

/// A step of a release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepRow {
    /// To which state.
    pub state: State,
    /// When, in order.
    pub seq: Seq,
    /// When, for display.
    pub at: Millis,
    /// What was seen or said.
    pub evidence: String,
}

const COLUMNS: &str = "release.uuid, release.kind, decision.grant_, name.text, \
     coalesce(earlier.digest, release.from_outside), later.digest, release.target_ref, release.expected_revision, \
     release.fence, release.state, release.rung, release.times, \
     (SELECT uuid FROM release AS over_ WHERE over_.id = release.supersedes), release.open, release.seq, \
     release.envelope";
const JOINS: &str = "JOIN decision ON decision.id = release.decision JOIN name ON name.id = release.environment \
     LEFT JOIN version AS earlier ON earlier.id = release.from_version \
     JOIN version AS later ON later.id = release.to_version";

impl Write<'_> {
    /// Begins a release. One that supersedes another closes it in the same transaction. Write it with
    /// [`Durability::Full`](crate::store::Durability::Full), before anything is done.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the grant opened one before ([`Read::release_of_grant`] says which), another
    /// release of the environment is open, what it supersedes has ended, or the fence is not the newest;
    /// [`StoreError::Unknown`] without a recorded grant.
    pub fn begin_release(&self, release: &Release, evidence: &str) -> Result<(), StoreError> {
        let environment = self.intern(NameKind::Environment, release.environment.as_str())?;
        if let Some(row) = self.release_of_grant(release.grant)? {
            return Err(StoreError::Refused(format!("the grant opened release {} before", row.release.id)));
        }
        let newest: u64 = self
            .connection
            .prepare_cached("SELECT coalesce(max(fence), 0) FROM release WHERE environment = ?1")?
            .query_row([environment], |row| row.get(0))?;
        if release.fence <= newest {
            return Err(StoreError::Refused(format!(
                "the fence {} of the release is not beyond {newest}, the newest of {}",
                release.fence, release.environment
            )));
        }
        let supersedes = release.supersedes.map(|over| self.supersede(over)).transpose()?;
        if let Some(open) = self.open_release(&release.environment)? {
            return Err(StoreError::Refused(format!(
                "release {} of {} is open",
                open.release.id, release.environment
            )));
        }
        let seq = self.next_seq()?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO release(uuid, environment, kind, decision, from_version, to_version, state, open, rung,
                                 fence, target_ref, expected_revision, supersedes, times, seq, from_outside)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?;
        let (from_version, from_outside) = self.former(release.from)?;
        let row = statement.insert(params![
            release.id.0.to_be_bytes(),
            environment,
            release.kind.code(),
            self.decision_row(release.grant)?,
            from_version,
            self.version_row(release.to)?,
            release.state.code(),
            release.state.is_open(),
            release.rung.code(),
            release.fence,
            release.target_ref,
            release.expected_revision,
            supersedes,
            canonical_text(&release.times)?,
            seq.0,
            from_outside
        ])?;
        self.step(row, release.id, release.state, evidence)
    }

    /// What was live, as it lies in a row: by number, or by digest where this history never saw it.
    fn former(&self, from: Option<VersionId>) -> Result<(Option<i64>, Option<[u8; 32]>), StoreError> {
        let Some(from) = from else { return Ok((None, None)) };
        let known = self.find_version(from)?;
        Ok((known, known.is_none().then_some(from.0.0)))
    }

    fn supersede(&self, over: ReleaseId) -> Result<i64, StoreError> {
        let row = self.release_row(over)?;
        let moved = self
            .connection
            .prepare_cached("UPDATE release SET state = ?2, open = 0 WHERE id = ?1 AND open = 1")?
            .execute(params![row, State::Superseded.code()])?;
        if moved == 0 {
            return Err(StoreError::Refused(format!(
                "release {over} has ended: there is nothing to take over from"
            )));
        }
        self.step(row, over, State::Superseded, "a later release took over")?;
        Ok(row)
    }

    /// Gives an open release a newer fence, for whoever settles it: from then on the older one moves nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it has ended, or the fence is not newer than every other of the environment.
    pub fn refence_release(&self, id: ReleaseId, fence: u64) -> Result<(), StoreError> {
        let row = self.release_row(id)?;
        let moved = self
            .connection
            .prepare_cached(
                "UPDATE release SET fence = ?2 WHERE id = ?1 AND open = 1 AND ?2 >
                     (SELECT max(fence) FROM release AS other WHERE other.environment = release.environment)",
            )?
            .execute(params![row, fence])?;
        if moved == 0 {
            return Err(StoreError::Refused(format!(
                "release {id} has ended, or the fence {fence} is not newer"
            )));
        }
        Ok(())
    }

    /// Records where a release stands now: all of the value but its identity, and a step in its journal.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it has ended, was superseded, or the fence is another.
    pub fn move_release(&self, release: &Release, evidence: &str) -> Result<(), StoreError> {
        let row = self.release_row(release.id)?;
        let (from_version, from_outside) = self.former(release.from)?;
        let moved = self
            .connection
            .prepare_cached(
                "UPDATE release SET state = ?2, open = ?3, rung = ?4, target_ref = ?5, expected_revision = ?6,
                                    times = ?7, from_version = ?9, from_outside = ?10
                 WHERE id = ?1 AND fence = ?8 AND open = 1",
            )?
            .execute(params![
                row,
                release.state.code(),
                release.state.is_open(),
                release.rung.code(),
                release.target_ref,
                release.expected_revision,
                canonical_text(&release.times)?,
                release.fence,
                from_version,
                from_outside
            ])?;
        if moved == 0 {
            return Err(StoreError::Refused(format!(
                "release {} has ended or was taken over: it moves nothing any more",
                release.id
            )));
        }
        self.step(row, release.id, release.state, evidence)
    }

    /// Keeps the envelope of a release that ended. The first one stays.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown release.
    pub fn seal_release(&self, id: ReleaseId, envelope: &[u8]) -> Result<(), StoreError> {
        let row = self.release_row(id)?;
        self.connection
            .prepare_cached("UPDATE release SET envelope = ?2 WHERE id = ?1 AND envelope IS NULL")?
            .execute(params![row, envelope])?;
        Ok(())
    }

    /// Keeps what an adapter calls a version that lies beside its target.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown version.
    pub fn record_placed(
        &self,
        version: VersionId,
        environment: &EnvironmentName,
        target_ref: &str,
    ) -> Result<(), StoreError> {
        let version = self.version_row(version)?;
        let environment = self.intern(NameKind::Environment, environment.as_str())?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO placed(version, environment, target_ref) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![version, environment, target_ref])?;
        Ok(())
    }

    fn step(&self, row: i64, id: ReleaseId, state: State, evidence: &str) -> Result<(), StoreError> {
        let seq = self.next_seq()?;
        self.connection
            .prepare_cached(
                "INSERT INTO release_step(release, n, state, seq, at_ms, evidence)
                 SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5 FROM release_step WHERE release = ?1",
            )?
            .execute(params![row, state.code(), seq.0, self.now().0, evidence])?;
        self.append(Happened::ReleaseMoved { release: id, state })?;
        Ok(())
    }
}

impl Read<'_> {
    /// One release; none when it was never begun.
    ///
    /// # Errors
    /// The database's.
    pub fn release(&self, id: ReleaseId) -> Result<Option<ReleaseRow>, StoreError> {
        Ok(self.select_releases("release.uuid = ?1", [id.0.to_be_bytes()])?.pop())
    }

    /// Releases of an environment, newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn releases(&self, environment: &EnvironmentName, limit: u32) -> Result<Vec<ReleaseRow>, StoreError> {
        let Some(row) = self.name_id(NameKind::Environment, environment.as_str())? else {
            return Ok(Vec::new());
        };
        self.select_releases(
            "release.environment = ?1 ORDER BY release.seq DESC LIMIT ?2",
            params![row, limit],
        )
    }

    /// The open release of an environment, if there is one.
    ///
    /// # Errors
    /// The database's.
    pub fn open_release(&self, environment: &EnvironmentName) -> Result<Option<ReleaseRow>, StoreError> {
        let Some(row) = self.name_id(NameKind::Environment, environment.as_str())? else { return Ok(None) };
        Ok(self.select_releases("release.environment = ?1 AND release.open = 1", [row])?.pop())
    }

    /// Every open release: what a start has to settle.
    ///
    /// # Errors
    /// The database's.
    pub fn open_releases(&self) -> Result<Vec<ReleaseRow>, StoreError> {
        self.select_releases("release.open = 1 ORDER BY release.seq", [])
    }

    /// Releases of an environment that went live, newest first: the first is what is live as far as this journal
    /// knows, the others are ways back.
    ///
    /// # Errors
    /// The database's.
    pub fn lives(&self, environment: &EnvironmentName, limit: u32) -> Result<Vec<ReleaseRow>, StoreError> {
        let Some(row) = self.name_id(NameKind::Environment, environment.as_str())? else {
            return Ok(Vec::new());
        };
        self.select_releases(
            "release.environment = ?1 AND release.state = ?2 ORDER BY release.seq DESC LIMIT ?3",
            params![row, State::Live.code(), limit],
        )
    }

    /// The newest release in which a version went live in an environment.
    ///
    /// # Errors
    /// The database's.
    pub fn lived(
        &self,
        environment: &EnvironmentName,
        version: VersionId,
    ) -> Result<Option<ReleaseRow>, StoreError> {
        let found = self.select_releases(
            "name.text = ?1 AND later.digest = ?2 AND release.state = ?3 ORDER BY release.seq DESC LIMIT 1",
            params![environment.as_str(), version.0.0, State::Live.code()],
        )?;
        Ok(found.into_iter().next())
    }

    /// The release that a grant opened, if it did.
    ///
    /// # Errors
    /// The database's.
    pub fn release_of_grant(&self, grant: GrantId) -> Result<Option<ReleaseRow>, StoreError> {
        Ok(self.select_releases("decision.grant_ = ?1", [grant.0.0])?.pop())
    }

    /// Every release, oldest first, for checking.
    ///
    /// # Errors
    /// The database's.
    pub fn all_releases(&self) -> Result<Vec<ReleaseRow>, StoreError> {
        self.select_releases("1 ORDER BY release.seq", [])
    }

    /// The journal of a release, in order.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown release.
    pub fn release_steps(&self, id: ReleaseId) -> Result<Vec<StepRow>, StoreError> {
        let row = self.release_row(id)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT state, seq, at_ms, evidence FROM release_step WHERE release = ?1 ORDER BY n",
        )?;
        let rows =
            statement.query_map([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        rows.map(|row| {
            let (state, seq, at, evidence) = row?;
            Ok(StepRow { state: State::decode(state)?, seq: Seq(seq), at: Millis(at), evidence })
        })
        .collect()
    }

    /// What an adapter calls a version that it was given.
    ///
    /// # Errors
    /// The database's.
    pub fn placed(
        &self,
        version: VersionId,
        environment: &EnvironmentName,
    ) -> Result<Option<String>, StoreError> {
        let (Some(version), Some(environment)) =
            (self.find_version(version)?, self.name_id(NameKind::Environment, environment.as_str())?)
        else {
            return Ok(None);
        };
        let mut statement = self
            .connection
            .prepare_cached("SELECT target_ref FROM placed WHERE version = ?1 AND environment = ?2")?;
        Ok(statement.query_row([version, environment], |row| row.get(0)).optional()?)
    }

    fn select_releases(
        &self,
        which: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<ReleaseRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM release {JOINS} WHERE {which}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params, |row| Ok(release_row(row)))?;
        rows.map(|row| row?).collect()
    }

    fn release_row(&self, id: ReleaseId) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM release WHERE uuid = ?1")?;
        let found = statement.query_row([id.0.to_be_bytes()], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::unknown(format!("release {id}")))
    }
}

fn release_row(row: &Row<'_>) -> Result<ReleaseRow, StoreError> {
    let environment: String = row.get(3)?;
    let from: Option<[u8; 32]> = row.get(4)?;
    let times: String = row.get(11)?;
    let supersedes: Option<[u8; 16]> = row.get(12)?;
    let release = Release {
        id: ReleaseId(u128::from_be_bytes(row.get(0)?)),
        kind: Coded::decode(row.get(1)?)?,
        grant: GrantId(digest(row.get(2)?)),
        environment: EnvironmentName::new(environment),
        from: from.map(|from| VersionId(digest(from))),
        to: VersionId(digest(row.get(5)?)),
        target_ref: row.get(6)?,
        expected_revision: row.get(7)?,
        fence: row.get(8)?,
        state: Coded::decode(row.get(9)?)?,
        rung: Coded::decode(row.get(10)?)?,
        times: serde_json::from_str(&times).map_err(|error| StoreError::unreadable("release", error))?,
        supersedes: supersedes.map(|id| ReleaseId(u128::from_be_bytes(id))),
    };
    Ok(ReleaseRow { release, open: row.get(13)?, seq: Seq(row.get(14)?), envelope: row.get(15)? })
}
