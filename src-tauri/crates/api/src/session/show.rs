//! Values of the core as the interface shows them: versions, money, marks, texts.

use gatewright_core::{
    diagnostic::Place,
    gate::{Counts as Counted, Outcome as Said},
    id::VersionId,
    spec::{Currency, MicroMoney},
    time::Seq,
    verdict::Standing as Stands,
    version::{Grade as Known, Version},
};
use gatewright_engine::store::Read;

use crate::{
    dto::{Counts, FileLine, Grade, Mark, Money, Outcome, Standing, VersionRef},
    error::{ApiError, Code},
};

/// A recorded version; of one that was never recorded only its digest.
pub(super) fn version(read: &Read<'_>, id: VersionId) -> Result<VersionRef, ApiError> {
    let Some(row) = read.version(id)? else {
        return Ok(VersionRef {
            id: id.to_string(),
            short: id.0.short(),
            label: None,
            grade: Grade::Opaque,
            dirty: None,
        });
    };
    let number = read.version_number(id)?.map(|number| format!("v{number}"));
    Ok(VersionRef {
        id: id.to_string(),
        short: id.0.short(),
        label: row.label.or(number),
        grade: grade(row.version.grade),
        dirty: row.version.provenance.dirty,
    })
}

/// A version where there is none.
pub(super) fn nobody() -> VersionRef {
    VersionRef { id: String::new(), short: String::new(), label: None, grade: Grade::Opaque, dirty: None }
}

/// The version that the files describe now: as recorded where it is, with the present state of the working tree.
pub(super) fn present(read: &Read<'_>, found: &Version) -> Result<VersionRef, ApiError> {
    Ok(VersionRef { grade: grade(found.grade), dirty: found.provenance.dirty, ..version(read, found.id)? })
}

/// What a person calls it in a sentence.
pub(super) fn called(version: &VersionRef) -> &str {
    version.label.as_deref().unwrap_or(&version.short)
}

/// A version's id as it came over the boundary.
pub(super) fn version_id(text: &str) -> Result<VersionId, ApiError> {
    text.parse().map_err(|error| ApiError::new(Code::BadArguments, format!("{error}")))
}

pub(super) fn grade(grade: Known) -> Grade {
    match grade {
        Known::Sent => Grade::Sent,
        Known::Sealed => Grade::Sealed,
        Known::Claimed => Grade::Claimed,
        Known::Declared => Grade::Declared,
        Known::Opaque => Grade::Opaque,
    }
}

pub(super) fn outcome(said: Said) -> Outcome {
    match said {
        Said::Pass => Outcome::Pass,
        Said::Fail => Outcome::Fail,
        Said::Inconclusive(_) => Outcome::Inconclusive,
    }
}

pub(super) fn outcome_mark(said: Said) -> Mark {
    match said {
        Said::Pass => Mark::Pass,
        Said::Fail => Mark::Fail,
        Said::Inconclusive(_) => Mark::Undecided,
    }
}

pub(super) fn standing(stands: Stands) -> Standing {
    match stands {
        Stands::Prospective => Standing::Prospective,
        Stands::Rescored => Standing::Rescored,
    }
}

pub(super) fn counts(counts: Counted) -> Counts {
    Counts {
        scored: counts.scored,
        failed: counts.failed,
        agent_errors: counts.agent_errors,
        not_judged: counts.not_judged,
        missing: counts.missing,
        reused: counts.reused,
    }
}

pub(super) fn money(micros: i64, currency: Currency) -> Money {
    Money { micros, currency: currency.to_string() }
}

pub(super) fn micro_money(money: MicroMoney) -> Money {
    self::money(money.micros, money.currency)
}

pub(super) fn line(file: &str, place: Place) -> FileLine {
    FileLine { file: file.to_owned(), line: place.line.max(1) }
}

/// When something was recorded, for display; 0 when nothing was logged since.
pub(super) fn at(read: &Read<'_>, seq: Seq) -> Result<i64, ApiError> {
    Ok(read.logged_at(seq)?.unwrap_or_default().0)
}

/// `1 case`, `3 cases`.
pub(super) fn plural(number: usize, one: &str, many: &str) -> String {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    gatewright_core::gate::words::plural(number, one, many)
}

/// A length as a number that crosses the boundary.
pub(super) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The first characters of a text, and how many were left out.
pub(super) fn beginning(text: &str, characters: usize) -> (String, u32) {
    match text.char_indices().nth(characters) {
        None => (text.to_owned(), 0),
        Some((end, _)) => (text[..end].to_owned(), small(text[end..].chars().count())),
    }
}
