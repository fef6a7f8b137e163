//! What can go wrong with the history, by what a caller can do about it.

use std::{io, path::PathBuf, sync::Arc};

use gatewright_core::id::{CanonicalError, Digest};
use rusqlite::ErrorCode;

/// Why the store could not do what was asked. Cloned to every writer of a failed batch.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another process held the write lock for longer than the busy timeout.
    #[error("another process is writing to the history of this workspace; try again in a moment")]
    Busy,
    /// No space left, not even the reserve.
    #[error("the disk is full: free some space; nothing that was shown as done is lost")]
    DiskFull,
    /// The database does not hold together.
    #[error(
        "the history in {} is damaged ({detail}): set it aside and go on with the last backup or a new one",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The first thing that does not hold.
        detail: String,
    },
    /// Bytes are not what their digest says.
    #[error("the content {digest} is damaged or gone: {detail}")]
    DamagedContent {
        /// What they should be.
        digest: Digest,
        /// What was found.
        detail: String,
    },
    /// The workspace is open for reading only.
    #[error("the history is open for reading only: {why}")]
    ReadOnly {
        /// Why.
        why: String,
    },
    /// The database says something that this build does not understand.
    #[error("table {table}: {detail}")]
    Unreadable {
        /// Where.
        table: &'static str,
        /// What.
        detail: String,
    },
    /// A row refers to something that was never recorded.
    #[error("{what} is not recorded in this workspace")]
    Unknown {
        /// What, with its id.
        what: String,
    },
    /// The rules of a table refuse the change: a second open release, a trial ended twice, an older fence.
    #[error("refused: {0}")]
    Refused(String),
    /// A value has no canonical form.
    #[error("{0}")]
    NotCanonical(#[from] CanonicalError),
    /// A file or folder of the workspace could not be used.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: Arc<io::Error>,
    },
    /// The writer ended, because the store was closed or a write panicked.
    #[error("the history is closed; open the workspace again")]
    Closed,
    /// Anything else that SQLite says.
    #[error("the history could not be used: {0}")]
    Sqlite(Arc<rusqlite::Error>),
}

impl StoreError {
    /// For `map_err` on a file operation.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::File { path, cause: Arc::new(cause) },
        }
    }

    /// Whether this says that what is stored does not hold. Anything else, such as a file that cannot be opened, keeps
    /// from looking and says nothing of it.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::DamagedContent { .. } | Self::Unreadable { .. } => true,
            Self::Sqlite(error) => matches!(
                **error,
                rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::Utf8Error(..)
            ),
            _ => false,
        }
    }

    /// For something that should have been recorded before.
    pub(crate) fn unknown(what: impl Into<String>) -> Self {
        Self::Unknown { what: what.into() }
    }

    /// For a stored value that does not read back.
    pub(crate) fn unreadable(table: &'static str, detail: impl ToString) -> Self {
        Self::Unreadable { table, detail: detail.to_string() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let refused = |message: &Option<String>| {
            Self::Refused(message.clone().unwrap_or_else(|| "a rule of the table does not hold".to_owned()))
        };
        match &error {
            rusqlite::Error::SqliteFailure(code, message) => match code.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DiskFull => Self::DiskFull,
                ErrorCode::ReadOnly => {
                    Self::ReadOnly { why: "the database file cannot be written".to_owned() }
                }
                ErrorCode::ConstraintViolation => refused(message),
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                    Self::Damaged { path: PathBuf::from("history.db"), detail: error.to_string() }
                }
                _ => Self::Sqlite(Arc::new(error)),
            },
            _ => Self::Sqlite(Arc::new(error)),
        }
    }
}
