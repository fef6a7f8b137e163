//! Why a version may not be released, each reason with a sentence that says what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{CaseName, ReleaseId, SpecName, VerdictId, VersionId};

/// Why a version may not be released.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The environment requires no spec, and no spec is never a pass.
    NothingRequired,
    /// A required spec has no verdict of this version.
    NoVerdict(SpecName),
    /// The newest verdict is no pass.
    NotPass(SpecName, VerdictId),
    /// The spec means something else now, or has errors.
    StaleMeaning(SpecName),
    /// Another version is live than the one it was compared with.
    BaselineMoved(SpecName),
    /// The verdict was tuned on its answers.
    Rescored(SpecName),
    /// More attempts than the environment allows.
    TooManyAttempts(SpecName),
    /// A later fail contradicts it.
    Withdrawn(SpecName),
    /// Older than `max_age`.
    TooOld(SpecName),
    /// Fails by what a spec said at the last promotion, which was changed since or is no longer required: a person must
    /// say why.
    Weakened(SpecName),
    /// The same, which the environment forbids.
    WeakeningForbidden(SpecName),
    /// Does not hear these cases any more, which are in quarantine: a person must say why.
    Quarantined(SpecName, Vec<CaseName>),
    /// The same, which the environment forbids.
    QuarantineForbidden(SpecName, Vec<CaseName>),
    /// Not signed by a key this user trusts.
    Untrusted(SpecName),
    /// The agent declares nothing.
    Opaque,
    /// The manifest holds nothing that could be put back.
    CannotBePutBack,
    /// It is live already.
    AlreadyLive,
    /// The target names this version, and no release here made it live: a person must say that it may be replaced.
    MovedOutside(VersionId),
    /// Another release of this environment is open.
    EnvironmentOpen(ReleaseId),
    /// A bootstrap, but this version is live.
    NotTheFirst(VersionId),
    /// A rollback to a version that was never live and verified here.
    NeverLiveHere(VersionId),
}

impl Refusal {
    /// Whether no person's word can set this aside.
    #[must_use]
    pub fn no_word_helps(&self) -> bool {
        match self {
            Self::WeakeningForbidden(_)
            | Self::QuarantineForbidden(..)
            | Self::Opaque
            | Self::CannotBePutBack
            | Self::AlreadyLive
            | Self::EnvironmentOpen(_)
            | Self::NotTheFirst(_)
            | Self::NeverLiveHere(_) => true,
            Self::NothingRequired
            | Self::NoVerdict(_)
            | Self::NotPass(..)
            | Self::StaleMeaning(_)
            | Self::BaselineMoved(_)
            | Self::Rescored(_)
            | Self::TooManyAttempts(_)
            | Self::Withdrawn(_)
            | Self::TooOld(_)
            | Self::Weakened(_)
            | Self::Quarantined(..)
            | Self::Untrusted(_)
            | Self::MovedOutside(_) => false,
        }
    }

    /// The spec that it is about, where it is about one.
    #[must_use]
    pub fn spec(&self) -> Option<&SpecName> {
        match self {
            Self::NoVerdict(spec)
            | Self::NotPass(spec, _)
            | Self::StaleMeaning(spec)
            | Self::BaselineMoved(spec)
            | Self::Rescored(spec)
            | Self::TooManyAttempts(spec)
            | Self::Withdrawn(spec)
            | Self::TooOld(spec)
            | Self::Weakened(spec)
            | Self::WeakeningForbidden(spec)
            | Self::Quarantined(spec, _)
            | Self::QuarantineForbidden(spec, _)
            | Self::Untrusted(spec) => Some(spec),
            Self::NothingRequired
            | Self::Opaque
            | Self::CannotBePutBack
            | Self::AlreadyLive
            | Self::MovedOutside(_)
            | Self::EnvironmentOpen(_)
            | Self::NotTheFirst(_)
            | Self::NeverLiveHere(_) => None,
        }
    }
}

/// `a`, `b` and `c`.
fn listed(cases: &[CaseName]) -> String {
    let named: Vec<String> = cases.iter().map(|case| format!("`{case}`")).collect();
    match named.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => named.concat(),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spec() {
            Some(spec) => self.about_a_spec(spec, out),
            None => self.about_the_version(out),
        }
    }
}

impl Refusal {
    fn about_a_spec(&self, spec: &SpecName, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{spec}` ")?;
        match self {
            Self::NoVerdict(_) => write!(out, "has no verdict of this version: run `gatewright run {spec}`."),
            Self::NotPass(_, verdict) => {
                write!(out, "does not say pass: see its newest verdict {}.", verdict.0.short())
            }
            Self::StaleMeaning(_) => out.write_str(
                "means something else now than when this version was judged, or has errors: run it again.",
            ),
            Self::BaselineMoved(_) => write!(
                out,
                "compared this version with one that is no longer live: ask both anew, `gatewright run {spec} \
                 --new-attempt`."
            ),
            Self::Rescored(_) => write!(
                out,
                "was tuned on these answers: confirm it with fresh ones, `gatewright run {spec} --new-attempt`."
            ),
            Self::TooManyAttempts(_) => out.write_str(
                "was tried on this version more often than `attempts_max` allows: change the version.",
            ),
            Self::Withdrawn(_) => out.write_str("passed, and that is withdrawn: this version failed it later."),
            Self::TooOld(_) => out.write_str("has a verdict older than `max_age` allows: run it again."),
            Self::Weakened(_) => out.write_str(
                "was changed since the last promotion or is no longer required, and by what it said then this version \
                 fails. Say why that is right, or mend the version.",
            ),
            Self::WeakeningForbidden(_) => out.write_str(
                "was changed since the last promotion or is no longer required, and by what it said then this version \
                 fails; the environment says `weakening: forbid`.",
            ),
            Self::Quarantined(_, cases) => write!(
                out,
                "does not hear {}, in quarantine since the last promotion: say why that is right, or mend what is \
                 flaky.",
                listed(cases)
            ),
            Self::QuarantineForbidden(_, cases) => write!(
                out,
                "does not hear {}, in quarantine since the last promotion, and the environment says `weakening: \
                 forbid`.",
                listed(cases)
            ),
            Self::Untrusted(_) => {
                out.write_str("has a verdict that is not signed by a key you trust: run it yourself.")
            }
            _ => Ok(()),
        }
    }

    fn about_the_version(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingRequired => out.write_str(
                "The environment requires no spec, and no spec is never a pass: name one under `requires`.",
            ),
            Self::Opaque => out.write_str(
                "The agent declares nothing, so nobody can say what would go live: declare its `identity`, or set \
                 `allow_opaque: true` in the environment.",
            ),
            Self::CannotBePutBack => out.write_str(
                "The version holds no content that could be put back, so there would be no way back to it: \
                 declare its prompt, files, tree or artifact.",
            ),
            Self::AlreadyLive => out.write_str("This version is live here already: there is nothing to do."),
            Self::MovedOutside(version) => write!(
                out,
                "The target names {}, and no release here made that live: say why it may be replaced, or roll back.",
                version.0.short()
            ),
            Self::EnvironmentOpen(release) => write!(
                out,
                "Release {release} of this environment is not over: wait for it, run `gatewright settle`, or roll \
                 back."
            ),
            Self::NotTheFirst(version) => write!(
                out,
                "{} is live here, so this is no first version: use `--override`.",
                version.0.short()
            ),
            Self::NeverLiveHere(version) => write!(
                out,
                "{} was never live and verified here: promote it instead.",
                version.0.short()
            ),
            _ => Ok(()),
        }
    }
}
