//! `version`, `component`, `label`, `endpoint`: what was sealed, its parts, the names that people gave it, and
//! where it answers.

use gatewright_core::{
    id::{AgentName, EndpointId, VersionId},
    time::{Millis, Seq},
    version::{Endpoint, Manifest, Version},
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::code::Coded;
use crate::{
    event::Happened,
    store::{Read, Write, canonical_text, digest, error::StoreError},
};

/// A version as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionRow {
    /// What it is.
    pub version: Version,
    /// When it was first seen, for display.
    pub seen: Millis,
    /// The newest label that a person gave it.
    pub label: Option<String>,
}

/// A label that a person gave a version. Labels are added, never changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelRow {
    /// When, in order.
    pub seq: Seq,
    /// The label.
    pub text: String,
}

const COLUMNS: &str = "version.digest, version.agent, version.manifest, version.grade, version.provenance, \
     version.seen_ms, (SELECT text FROM label WHERE label.version = version.id ORDER BY seq DESC LIMIT 1)";

impl Write<'_> {
    /// Records a sealed version. Returns whether it is new; then the log says so.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the id is not the manifest's digest.
    pub fn record_version(&self, version: &Version) -> Result<bool, StoreError> {
        if version.manifest.id()? != version.id {
            return Err(StoreError::Refused(format!("{} is not the digest of its manifest", version.id)));
        }
        if self.find_version(version.id)?.is_some() {
            return Ok(false);
        }
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO version(digest, agent, manifest, grade, provenance, seen_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let row = statement.insert(params![
            version.id.0.0,
            version.agent.as_str(),
            canonical_text(&version.manifest)?,
            version.grade.code(),
            canonical_text(&version.provenance)?,
            self.now().0
        ])?;
        for (name, component) in &version.manifest.components {
            self.connection
                .prepare_cached("INSERT INTO component(version, name, digest) VALUES (?1, ?2, ?3)")?
                .execute(params![row, name.as_str(), Manifest::component_digest(component)?.0])?;
        }
        self.append(Happened::VersionSeen { version: version.id })?;
        Ok(true)
    }

    /// Gives a version a name.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a version that was never recorded.
    pub fn label_version(&self, version: VersionId, text: &str) -> Result<(), StoreError> {
        let row = self.version_row(version)?;
        let seq = self.next_seq()?;
        self.connection
            .prepare_cached("INSERT INTO label(version, seq, text) VALUES (?1, ?2, ?3)")?
            .execute(params![row, seq.0, text])?;
        Ok(())
    }

    /// Records where an agent answers.
    ///
    /// # Errors
    /// The database's.
    pub fn record_endpoint(&self, endpoint: &Endpoint) -> Result<EndpointId, StoreError> {
        let id = endpoint.id()?;
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO endpoint(digest, body) VALUES (?1, ?2)")?
            .execute(params![id.0.0, canonical_text(endpoint)?])?;
        Ok(id)
    }
}

impl Read<'_> {
    /// One version; none when it was never recorded.
    ///
    /// # Errors
    /// The database's, or the row does not read back as what its digest says.
    pub fn version(&self, id: VersionId) -> Result<Option<VersionRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM version WHERE digest = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_row([id.0.0], |row| Ok(version(row))).optional()?.transpose()
    }

    /// Versions of an agent, newest first.
    ///
    /// # Errors
    /// As [`Read::version`].
    pub fn versions(
        &self,
        agent: &AgentName,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<VersionRow>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM version WHERE agent = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![agent.as_str(), limit, offset], |row| Ok(version(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Digests that begin with these hexadecimal digits, at most `limit`; `sha256:` before them is allowed.
    ///
    /// # Errors
    /// The database's.
    pub fn versions_beginning(&self, digits: &str, limit: u32) -> Result<Vec<VersionId>, StoreError> {
        let digits = digits.strip_prefix("sha256:").unwrap_or(digits).to_uppercase();
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT digest FROM version WHERE substr(hex(digest), 1, ?2) = ?1 ORDER BY id LIMIT ?3",
        )?;
        let rows = statement
            .query_map(params![digits, digits.len(), limit], |row| Ok(VersionId(digest(row.get(0)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Versions whose newest label is this text.
    ///
    /// # Errors
    /// The database's.
    pub fn labelled(&self, text: &str) -> Result<Vec<VersionId>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version.digest FROM label JOIN version ON version.id = label.version
             WHERE label.text = ?1 AND label.seq = (SELECT max(seq) FROM label WHERE label.version = version.id)
             ORDER BY version.id",
        )?;
        let rows = statement.query_map([text], |row| Ok(VersionId(digest(row.get(0)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Which of its agent's versions this is, counted from 1 in the order in which they were sealed; none when it
    /// was never recorded.
    ///
    /// # Errors
    /// The database's.
    pub fn version_number(&self, id: VersionId) -> Result<Option<u32>, StoreError> {
        let Some(row) = self.find_version(id)? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM version AS own JOIN version AS other ON other.agent = own.agent AND other.id <= own.id
             WHERE own.id = ?1",
        )?;
        Ok(Some(statement.query_row([row], |row| row.get(0))?))
    }

    /// How many versions of an agent there are.
    ///
    /// # Errors
    /// The database's.
    pub fn version_count(&self, agent: &AgentName) -> Result<u32, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT count(*) FROM version WHERE agent = ?1")?;
        Ok(statement.query_row([agent.as_str()], |row| row.get(0))?)
    }

    /// Every label of a version, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub fn labels(&self, id: VersionId) -> Result<Vec<LabelRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT label.seq, label.text FROM label JOIN version ON version.id = label.version
             WHERE version.digest = ?1 ORDER BY label.seq",
        )?;
        let rows =
            statement.query_map([id.0.0], |row| Ok(LabelRow { seq: Seq(row.get(0)?), text: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One endpoint; none when it was never recorded.
    ///
    /// # Errors
    /// The database's.
    pub fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT body FROM endpoint WHERE digest = ?1")?;
        let body: Option<String> = statement.query_row([id.0.0], |row| row.get(0)).optional()?;
        let read = |body: String| {
            serde_json::from_str(&body).map_err(|error| StoreError::unreadable("endpoint", error))
        };
        body.map(read).transpose()
    }

    /// The number of a version that must be there.
    pub(super) fn version_row(&self, id: VersionId) -> Result<i64, StoreError> {
        self.find_version(id)?.ok_or_else(|| StoreError::unknown(format!("version {id}")))
    }

    pub(super) fn find_version(&self, id: VersionId) -> Result<Option<i64>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM version WHERE digest = ?1")?;
        Ok(statement.query_row([id.0.0], |row| row.get(0)).optional()?)
    }

    pub(super) fn version_digest(&self, row: i64) -> Result<VersionId, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT digest FROM version WHERE id = ?1")?;
        let found = statement.query_row([row], |row| row.get(0)).optional()?;
        let found =
            found.ok_or_else(|| StoreError::unreadable("version", format!("number {row} is missing")))?;
        Ok(VersionId(digest(found)))
    }

    /// The number of an endpoint that must be there.
    pub(super) fn endpoint_row(&self, id: EndpointId) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM endpoint WHERE digest = ?1")?;
        let found = statement.query_row([id.0.0], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::unknown(format!("endpoint {id}")))
    }

    pub(super) fn endpoint_digest(&self, row: i64) -> Result<EndpointId, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT digest FROM endpoint WHERE id = ?1")?;
        let found = statement.query_row([row], |row| row.get(0)).optional()?;
        let found =
            found.ok_or_else(|| StoreError::unreadable("endpoint", format!("number {row} is missing")))?;
        Ok(EndpointId(digest(found)))
    }
}

fn version(row: &Row<'_>) -> Result<VersionRow, StoreError> {
    let id = VersionId(digest(row.get(0)?));
    let agent: String = row.get(1)?;
    let manifest: String = row.get(2)?;
    let grade = Coded::decode(row.get(3)?)?;
    let provenance: String = row.get(4)?;
    let unreadable = |error: serde_json::Error| StoreError::unreadable("version", format!("{id}: {error}"));
    let manifest: Manifest = serde_json::from_str(&manifest).map_err(unreadable)?;
    if manifest.id()? != id {
        return Err(StoreError::DamagedContent {
            digest: id.0,
            detail: "the manifest in the database is another".to_owned(),
        });
    }
    let provenance = serde_json::from_str(&provenance).map_err(unreadable)?;
    let version = Version { id, agent: AgentName::new(agent), manifest, grade, provenance };
    Ok(VersionRow { version, seen: Millis(row.get(5)?), label: row.get(6)? })
}
