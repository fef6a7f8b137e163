//! `decision`: whether versions might be released, on what basis, and who said so. A refusal is a decision too.

use gatewright_core::{
    decision::Basis,
    id::{EnvironmentName, GrantId, VersionId},
    time::Seq,
};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{blob::unpack_record, name::Kind as NameKind};
use crate::{
    event::Happened,
    store::{Read, Write, digest, error::StoreError},
};

/// A decision to be recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDecision {
    /// Where.
    pub environment: EnvironmentName,
    /// Of which version.
    pub version: VersionId,
    /// The grant's id and basis; none when it was refused.
    pub grant: Option<(GrantId, Basis)>,
    /// Names and reasons as they were, for the log.
    pub summary: String,
    /// JSON: the decision whole, and what is needed to judge it later, such as the meanings in force.
    pub body: Vec<u8>,
    /// The DSSE envelope, where it was signed.
    pub envelope: Option<Vec<u8>>,
}

/// A decision as listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionRow {
    /// Where.
    pub environment: EnvironmentName,
    /// Of which version.
    pub version: VersionId,
    /// The grant; none when it was refused.
    pub grant: Option<GrantId>,
    /// What it rests on.
    pub ground: Ground,
    /// Who, as stated.
    pub actor: Option<String>,
    /// Why, as stated.
    pub reason: Option<String>,
    /// When, in order.
    pub seq: Seq,
    /// JSON, as recorded.
    pub body: Vec<u8>,
    /// The DSSE envelope, where it was signed.
    pub envelope: Option<Vec<u8>>,
}

/// What a decision rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ground {
    /// On nothing: it was refused.
    Refused,
    /// On verdicts.
    Verdicts,
    /// On a person's word against the verdict.
    Override,
    /// On a person's word for a first version.
    Bootstrap,
    /// On having been live before.
    WasLive,
}

impl Ground {
    /// Whether a person granted it against, or without, a verdict.
    #[must_use]
    pub const fn is_word(self) -> bool {
        matches!(self, Self::Override | Self::Bootstrap)
    }

    fn of_number(number: i64) -> Result<Self, StoreError> {
        Ok(match number {
            REFUSED => Self::Refused,
            VERDICTS => Self::Verdicts,
            OVERRIDE => Self::Override,
            BOOTSTRAP => Self::Bootstrap,
            WAS_LIVE => Self::WasLive,
            other => return Err(StoreError::unreadable("decision", format!("no ground has number {other}"))),
        })
    }
}

/// Numbers of the grounds, in the database for ever.
const REFUSED: i64 = 0;
const VERDICTS: i64 = 1;
const OVERRIDE: i64 = 2;
const BOOTSTRAP: i64 = 3;
const WAS_LIVE: i64 = 4;

const COLUMNS: &str = "name.text, version.digest, decision.grant_, decision.basis, decision.actor, \
     decision.reason, decision.seq, decision.body, decision.envelope";
const JOINS: &str =
    "JOIN name ON name.id = decision.environment JOIN version ON version.id = decision.version";

impl Write<'_> {
    /// Records a decision, and that it was taken. The same grant again changes nothing. Write it with
    /// [`Durability::Full`](crate::store::Durability::Full), before anything is done about it.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when the version was never recorded.
    pub fn record_decision(&self, decision: &NewDecision) -> Result<Seq, StoreError> {
        if let Some((grant, _)) = &decision.grant
            && let Some(row) = self.decision(*grant)?
        {
            return Ok(row.seq);
        }
        let seq = self.next_seq()?;
        let (basis, actor, reason) = match decision.grant.as_ref().map(|(_, basis)| basis) {
            None => (REFUSED, None, None),
            Some(Basis::Verdicts(_)) => (VERDICTS, None, None),
            Some(Basis::Override(word)) => (OVERRIDE, Some(word.by()), Some(word.reason())),
            Some(Basis::Bootstrap(word)) => (BOOTSTRAP, Some(word.by()), Some(word.reason())),
            Some(Basis::WasLive(_)) => (WAS_LIVE, None, None),
        };
        let grant = decision.grant.as_ref().map(|(grant, _)| *grant);
        self.connection
            .prepare_cached(
                "INSERT INTO decision(grant_, environment, version, basis, actor, reason, seq, body, envelope)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                grant.map(|grant| grant.0.0),
                self.intern(NameKind::Environment, decision.environment.as_str())?,
                self.version_row(decision.version)?,
                basis,
                actor,
                reason,
                seq.0,
                self.pack(&decision.body)?,
                decision.envelope
            ])?;
        self.append(Happened::Decided {
            grant,
            environment: decision.environment.clone(),
            version: decision.version,
            summary: decision.summary.clone(),
        })?;
        Ok(seq)
    }
}

impl Read<'_> {
    /// The decision that made a grant.
    ///
    /// # Errors
    /// The database's.
    pub fn decision(&self, grant: GrantId) -> Result<Option<DecisionRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM decision {JOINS} WHERE decision.grant_ = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_row([grant.0.0], |row| Ok(decision_row(row))).optional()?.transpose()
    }

    /// Decisions on an environment, newest first; on all without one.
    ///
    /// # Errors
    /// The database's.
    pub fn decisions(
        &self,
        environment: Option<&EnvironmentName>,
        limit: u32,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM decision {JOINS} WHERE ?1 IS NULL OR name.text = ?1
             ORDER BY decision.seq DESC LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![environment.map(EnvironmentName::as_str), limit], |row| {
            Ok(decision_row(row))
        })?;
        rows.map(|row| row?).collect()
    }

    /// Decisions that a person took against, or without, a verdict; newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn overrides(&self, limit: u32) -> Result<Vec<DecisionRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM decision {JOINS} WHERE decision.basis IN ({OVERRIDE}, {BOOTSTRAP})
             ORDER BY decision.seq DESC LIMIT ?1"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([limit], |row| Ok(decision_row(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The number of the decision that made a grant.
    pub(super) fn decision_row(&self, grant: GrantId) -> Result<i64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM decision WHERE grant_ = ?1")?;
        let found = statement.query_row([grant.0.0], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::unknown(format!("grant {grant}")))
    }
}

fn decision_row(row: &Row<'_>) -> Result<DecisionRow, StoreError> {
    let body: Vec<u8> = row.get(7)?;
    let environment: String = row.get(0)?;
    let grant: Option<[u8; 32]> = row.get(2)?;
    Ok(DecisionRow {
        environment: EnvironmentName::new(environment),
        version: VersionId(digest(row.get(1)?)),
        grant: grant.map(|grant| GrantId(digest(grant))),
        ground: Ground::of_number(row.get(3)?)?,
        actor: row.get(4)?,
        reason: row.get(5)?,
        seq: Seq(row.get(6)?),
        body: unpack_record("decision", &body)?,
        envelope: row.get(8)?,
    })
}
