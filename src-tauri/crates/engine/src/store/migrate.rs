//! Steps from an empty file to the tables of this build: numbered, forward only, one transaction each.
//!
//! A released step is never edited: its digest is kept beside the data, and a different one is refused.

use std::{fs, path::Path};

use gatewright_core::{id::Digest, time::Millis};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The file.
    pub(crate) name: &'static str,
    /// Its content.
    pub(crate) sql: &'static str,
}

/// All steps; the n-th leads to `user_version` n.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "0001-history", sql: include_str!("../../migrations/0001-history.sql") },
    Step { name: "0002-append-only", sql: include_str!("../../migrations/0002-append-only.sql") },
    Step {
        name: "0003-labels-and-monitors",
        sql: include_str!("../../migrations/0003-labels-and-monitors.sql"),
    },
    Step { name: "0004-lines", sql: include_str!("../../migrations/0004-lines.sql") },
    Step { name: "0005-bodies", sql: include_str!("../../migrations/0005-bodies.sql") },
    Step { name: "0006-outside", sql: include_str!("../../migrations/0006-outside.sql") },
];

/// How the tables of a database stand to this build.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// They are the same.
    Current,
    /// Steps are missing.
    Older(usize),
    /// A newer build was here.
    Newer(usize),
}

/// Looks, and changes nothing.
pub(crate) fn standing(connection: &Connection, steps: &[Step]) -> Result<Standing, StoreError> {
    let found = user_version(connection)?;
    Ok(match found.cmp(&steps.len()) {
        std::cmp::Ordering::Less => Standing::Older(found),
        std::cmp::Ordering::Equal => Standing::Current,
        std::cmp::Ordering::Greater => Standing::Newer(found),
    })
}

/// Takes the missing steps. An older database is copied first, to `history.before-NNNN.db` beside it.
pub(crate) fn migrate(
    connection: &mut Connection,
    steps: &[Step],
    folder: Option<&Path>,
    now: Millis,
) -> Result<(), StoreError> {
    let found = user_version(connection)?;
    if found > 0
        && found < steps.len()
        && let Some(folder) = folder
    {
        copy(connection, &folder.join(format!("history.before-{:04}.db", found + 1)))?;
    }
    for (index, step) in steps.iter().enumerate().skip(found) {
        take(connection, index + 1, step, now)?;
    }
    check_applied(connection, steps)
}

fn take(connection: &mut Connection, n: usize, step: &Step, now: Millis) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Two processes may have opened the same old database: the second finds the step taken.
    if user_version(&transaction)? >= n {
        return Ok(());
    }
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration(n INTEGER PRIMARY KEY, name TEXT NOT NULL, digest BLOB NOT NULL, at_ms INT NOT NULL) STRICT",
    )?;
    transaction.execute_batch(step.sql)?;
    transaction.execute(
        "INSERT INTO migration(n, name, digest, at_ms) VALUES (?1, ?2, ?3, ?4)",
        params![n, step.name, Digest::of_bytes(step.sql.as_bytes()).0, now.0],
    )?;
    transaction.pragma_update(None, "user_version", n)?;
    transaction.commit()?;
    tracing::info!(step = step.name, "history migrated");
    Ok(())
}

/// A whole copy, made beside its place and then renamed there.
pub(crate) fn copy(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    let beside = to.with_extension("db.partial");
    let _ = fs::remove_file(&beside);
    let name = beside.to_str().ok_or_else(|| StoreError::Refused("the path is not UTF-8".to_owned()))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    fs::File::open(&beside)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&beside, to))
        .and_then(|()| to.parent().map_or(Ok(()), crate::durable::sync_folder))
        .map_err(StoreError::file(to))
}

fn check_applied(connection: &Connection, steps: &[Step]) -> Result<(), StoreError> {
    for (index, step) in steps.iter().enumerate() {
        let digest: Option<[u8; 32]> = connection
            .query_row("SELECT digest FROM migration WHERE n = ?1", [index + 1], |row| row.get(0))
            .optional()?;
        if digest != Some(Digest::of_bytes(step.sql.as_bytes()).0) {
            return Err(StoreError::unreadable(
                "migration",
                format!("step {} was taken with another content than this build knows", step.name),
            ));
        }
    }
    Ok(())
}

fn user_version(connection: &Connection) -> Result<usize, StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(found).map_err(|_| StoreError::unreadable("migration", "a negative schema version"))
}
