//! What can go wrong with a file.

use rusqlite::ErrorCode;

use crate::StoreError;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot make the directory {path}: {source}")]
    Directory { path: String, source: std::io::Error },
    /// A thread cannot be started, a file not be flushed.
    #[error("the operating system: {0}")]
    System(#[from] std::io::Error),
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What the log has and the rows do not cannot be made up for.
    #[error("cannot read what was written last: {0}")]
    Log(String),
    #[error("the file is an SQLite database, but not one of Frontdesk's")]
    Foreign,
    #[error(
        "the database has schema version {found}, this program knows versions up to {known}: use the \
         program that wrote it, or a newer one"
    )]
    Newer { found: usize, known: usize },
    #[error(
        "schema step {version} of this database is another than this program's: it was made by a \
         version that was never released"
    )]
    Changed { version: i64 },
}

/// Why a piece of work failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("unreadable JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("an event that must be in the log is not where it was looked for")]
    Gap,
    #[error("a message in the log has no key")]
    Keyless,
    #[error("the work panicked")]
    Panicked,
    #[error("there was no answer in time")]
    TooSlow,
    #[error("nobody waits for it any more")]
    Unwanted,
}

impl From<rusqlite::types::FromSqlError> for Trouble {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sqlite(error.into())
    }
}

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Sqlite(error) => Self::Sqlite(error),
            trouble => Self::Log(trouble.to_string()),
        }
    }
}

impl Trouble {
    /// Whether the database is at fault, so that nothing else would fare better.
    pub(super) fn is_the_databases(&self) -> bool {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => !matches!(
                failure.code,
                ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch
            ),
            _ => false,
        }
    }
}

impl From<&Trouble> for StoreError {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::TooSlow => Self::TooSlow,
            trouble => Self::Unavailable(trouble.to_string()),
        }
    }
}

/// What everybody hears whose question nobody will answer any more.
pub(super) fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".into())
}
