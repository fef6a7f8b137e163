//! The grant: the token without which no adapter acts, and on what it rests.

use serde::Serialize;

use super::Refusal;
use crate::id::{Digest, EnvironmentName, GrantId, ReleaseId, SpecName, VerdictId, VersionId};
use crate::spec::Unit;
use crate::time::Seq;

/// Characters of a name or a reason, at most.
pub const STATEMENT_CHARS_MAX: usize = 2_000;

/// The token without which no adapter acts. Only this module makes one, and nothing reads one back from text: a
/// release that was interrupted is settled from its journal, which needs none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Grant {
    id: GrantId,
    #[serde(flatten)]
    terms: Terms,
}

/// All of a grant but its id, which is the digest of this.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Terms {
    pub(super) environment: EnvironmentName,
    pub(super) from: Option<VersionId>,
    pub(super) to: VersionId,
    pub(super) sealed: Digest,
    pub(super) basis: Basis,
    /// What a person's word was needed for.
    pub(super) overridden: Vec<Refusal>,
    /// Specs by whose former meaning the version fails, where the environment allows that.
    pub(super) weakened: Vec<SpecName>,
    /// None of a rollback, which rests on no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) odds: Option<Odds>,
    /// As text: a place in the history may be beyond what JSON numbers hold exactly.
    #[serde(serialize_with = "as_text")]
    pub(super) seq: Seq,
}

fn as_text<S: serde::Serializer>(seq: &Seq, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&seq.0)
}

/// On what a grant rests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Prospective passes of every required spec.
    Verdicts(Vec<VerdictId>),
    /// A person's word against a verdict.
    Override(Statement),
    /// A person's word for a first version.
    Bootstrap(Statement),
    /// It was live and verified here before, in this release.
    WasLive(ReleaseId),
}

/// How often such a promotion errs, over all required specs, as tested.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Odds {
    /// The sum of `wrongly_blocked`, in millionths; from one million on, as where no spec is required, it promises
    /// nothing.
    pub wrongly_blocked_millionths: u64,
    /// The largest `wrongly_passed`, attempts added; 1, which promises nothing, where a required spec has no verdict
    /// of this version, or none is required.
    pub wrongly_passed: Unit,
}

/// Proof that a version was live in an environment and read back there. Only a release that ended so makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WasLive {
    pub(super) release: ReleaseId,
    pub(super) environment: EnvironmentName,
    pub(super) version: VersionId,
}

impl WasLive {
    pub(crate) fn new(release: ReleaseId, environment: EnvironmentName, version: VersionId) -> Self {
        Self { release, environment, version }
    }

    /// Which version.
    #[must_use]
    pub fn version(&self) -> VersionId {
        self.version
    }
}

impl Grant {
    pub(super) fn boxed(terms: Terms) -> Box<Self> {
        let id =
            Digest::of_value("gatewright.grant", &terms).expect("terms hold text and small integers alone");
        Box::new(Self { id: GrantId(id), terms })
    }

    /// The digest of all the rest.
    #[must_use]
    pub fn id(&self) -> GrantId {
        self.id
    }

    /// Where.
    #[must_use]
    pub fn environment(&self) -> &EnvironmentName {
        &self.terms.environment
    }

    /// What was live when it was decided.
    #[must_use]
    pub fn from(&self) -> Option<VersionId> {
        self.terms.from
    }

    /// What may go live.
    #[must_use]
    pub fn to(&self) -> VersionId {
        self.terms.to
    }

    /// What was decided about: [`super::sealed_digest`] of the manifest. What is deployed must have it.
    #[must_use]
    pub fn sealed(&self) -> Digest {
        self.terms.sealed
    }

    /// On what it rests.
    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.terms.basis
    }

    /// What a person's word was needed for; empty without one.
    #[must_use]
    pub fn overridden(&self) -> &[Refusal] {
        &self.terms.overridden
    }

    /// Specs by whose former meaning the version fails.
    #[must_use]
    pub fn weakened(&self) -> &[SpecName] {
        &self.terms.weakened
    }

    /// How often such a promotion errs; none of a rollback.
    #[must_use]
    pub fn odds(&self) -> Option<Odds> {
        self.terms.odds
    }

    /// Its place in the history.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.terms.seq
    }

    /// Whether it leads back to what was live before.
    #[must_use]
    pub fn is_rollback(&self) -> bool {
        matches!(self.terms.basis, Basis::WasLive(_))
    }
}

/// Who says so and why, as stated: the log repeats it, nobody checks it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Statement {
    by: String,
    reason: String,
}

/// A statement lacks what makes it one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoStatement {
    /// Nobody said it.
    #[error("a name is needed: `--by NAME` says whose word this is")]
    NoName,
    /// It has no reason.
    #[error("a reason is needed: it stands in the log and in every report")]
    NoReason,
    /// It is too long to be kept.
    #[error("the {0} is longer than {STATEMENT_CHARS_MAX} characters")]
    TooLong(&'static str),
}

impl Statement {
    /// A statement by `by`, for `reason`; both without surrounding blanks.
    ///
    /// # Errors
    /// One of the two is blank or longer than [`STATEMENT_CHARS_MAX`].
    pub fn new(by: &str, reason: &str) -> Result<Self, NoStatement> {
        let (by, reason) = (by.trim(), reason.trim());
        if by.is_empty() {
            return Err(NoStatement::NoName);
        }
        if reason.is_empty() {
            return Err(NoStatement::NoReason);
        }
        for (text, what) in [(by, "name"), (reason, "reason")] {
            if text.chars().count() > STATEMENT_CHARS_MAX {
                return Err(NoStatement::TooLong(what));
            }
        }
        Ok(Self { by: by.to_owned(), reason: reason.to_owned() })
    }

    /// Who says so.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
