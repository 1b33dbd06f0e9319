//! What can go wrong with a server that many share, and what each tells about the work that was asked for.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::StoreError;

/// Why a database could not be opened. In words for people, and never with a password.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error("the address cannot be read: {0}; write postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Address(String),
    #[error(
        "no certificates can be read from {place}: {reason}; give a PEM file of whoever vouches for the \
         server, with sslrootcert=FILE"
    )]
    Roots { place: String, reason: String },
    #[error("cannot connect to {place}: {reason}; {remedy}")]
    Connect { place: String, reason: String, remedy: &'static str },
    #[error(
        "the database has the encoding {0}, and Frontdesk needs UTF8: make one with \
         CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
    #[error("PostgreSQL {0} is too old: 14 is the oldest that Frontdesk works with")]
    TooOld(String),
    #[error(
        "the database has schema version {found}, this program knows versions up to {known}: use the \
         program that wrote it, or a newer one"
    )]
    Newer { found: i32, known: i32 },
    #[error(
        "schema step {version} of this database is another than this program's: it was made by a \
         version that was never released"
    )]
    Changed { version: i32 },
    #[error("schema step {version} cannot be made: {reason}; {remedy}")]
    Migration { version: i32, reason: String, remedy: &'static str },
    #[error("PostgreSQL: {0}")]
    Other(String),
}

impl PostgresError {
    pub(super) fn connect(place: String, error: &Error) -> Self {
        Self::Connect { place, reason: words(error), remedy: remedy(error) }
    }
}

impl From<Error> for PostgresError {
    fn from(error: Error) -> Self {
        Self::Other(words(&error))
    }
}

fn remedy(error: &Error) -> &'static str {
    if let Some(remedy) = super::tls::remedy(error) {
        return remedy;
    }
    match error.code() {
        Some(code) if *code == SqlState::INVALID_PASSWORD => "check user and password",
        Some(code) if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "check the user, and that pg_hba.conf lets it in from here"
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => {
            "make the database first: CREATE DATABASE … ENCODING 'UTF8'"
        }
        Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => {
            "raise max_connections of the server, or stop what else is connected"
        }
        Some(code) if *code == SqlState::CANNOT_CONNECT_NOW => {
            "the server is starting or stopping: try again in a moment"
        }
        _ => "check that the server runs and takes connections from here",
    }
}

/// The whole chain of reasons: a library's error alone says little more than "db error".
pub(super) fn words(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        let detail = db.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail}", db.message());
    }
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(reason) = source {
        words = format!("{words}: {reason}");
        source = reason.source();
    }
    words
}

/// Why a piece of work failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The connection is gone: what was asked may have happened.
    #[error("{0}")]
    Lost(String),
    /// It did not happen, and may succeed the next time.
    #[error("{0}")]
    Again(String),
    /// It did not happen, and would not the next time.
    #[error("{0}")]
    Refused(String),
    #[error("there was no answer in time")]
    TooSlow,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let words = words(&error);
        match error.as_db_error() {
            None => Self::Lost(words),
            Some(db) if ends_the_connection(db) => Self::Lost(words),
            Some(db) if *db.code() == SqlState::QUERY_CANCELED => Self::TooSlow,
            Some(db) if may_succeed(db.code()) => Self::Again(words),
            Some(_) => Self::Refused(words),
        }
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Refused(format!("unreadable JSON: {error}"))
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::TooSlow => Self::TooSlow,
            trouble => Self::Unavailable(trouble.to_string()),
        }
    }
}

fn ends_the_connection(db: &DbError) -> bool {
    let fatal = matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    // A server that became a standby: the one to write to is elsewhere now.
    fatal || *db.code() == SqlState::READ_ONLY_SQL_TRANSACTION
}

fn may_succeed(code: &SqlState) -> bool {
    let transient = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        // Another node was faster; its row is seen the next time.
        SqlState::UNIQUE_VIOLATION,
    ];
    transient.contains(code)
}

/// What everybody hears whose question nobody will answer any more.
pub(super) fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".into())
}

/// What is heard when the bound for an answer is over.
pub(super) fn too_late(last: &str) -> StoreError {
    StoreError::Unavailable(format!("the database did not answer in time: {last}"))
}
