//! That it is not known what is live, in words: the same on the screen and in the terminal.

use gatewright_core::{
    id::VersionId,
    release::{Release, State},
};
use gatewright_engine::{deploy::adapter::Pointed, supervisor::Lane};

/// Why it is not known what is live in an environment, where it is not: its target says otherwise than the journal, or
/// the newest release ended without anybody knowing. `called` gives a version its name in a sentence.
pub(crate) fn unknown<E>(
    lane: &Lane,
    newest: Option<&Release>,
    called: impl Fn(VersionId) -> Result<String, E>,
) -> Result<Option<String>, E> {
    if lane.open.is_none()
        && let Some(moved) = moved(lane, &called)?
    {
        return Ok(Some(moved));
    }
    let Some(release) = newest.filter(|it| matches!(it.state, State::Unknown | State::Conflict)) else {
        return Ok(None);
    };
    let to = called(release.to)?;
    Ok(Some(match release.from {
        Some(from) => format!("Unknown: {} or {to}", called(from)?),
        None => format!("Unknown: {to} or nothing"),
    }))
}

/// What the target says, where that is not what the journal has.
fn moved<E>(lane: &Lane, called: impl Fn(VersionId) -> Result<String, E>) -> Result<Option<String>, E> {
    let expected = lane.live.as_ref().map(|row| row.release.to);
    Ok(match &lane.current {
        None => None,
        Some(Err(error)) => Some(format!("Unknown: the target cannot be read: {error}")),
        Some(Ok(current)) => match &current.pointed {
            Pointed::Version(version) if Some(*version) == expected => None,
            Pointed::Nothing if expected.is_none() => None,
            Pointed::Version(version) => Some(format!("Moved outside: it names {}", called(*version)?)),
            Pointed::Nothing => Some("Moved outside: it names nothing".to_owned()),
            Pointed::NotOurs(what) => Some(format!("Moved outside: it is not ours: {what}")),
            Pointed::Split(what) => Some(format!("Moved outside: several at once: {what}")),
        },
    })
}
