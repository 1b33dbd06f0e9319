//! How the domain's values stand in columns.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::Trouble;

/// Number 0 stands for no conversation.
pub(super) use crate::numbers::Number;

/// An id of any kind, as it was put in with `as_bytes`.
pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

/// An unsigned number; what we put in was one.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

/// A value kept as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, Trouble> {
    Ok(serde_json::from_str(row.get_ref(column)?.as_str()?)?)
}

/// The first column of the first row, if there is one.
pub(super) fn first<T: FromSql>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, Trouble> {
    Ok(db.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?)
}

/// All rows as `read` makes them.
pub(super) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    db.prepare_cached(sql)?.query_and_then(params, read)?.collect()
}

/// Runs a statement that answers nothing; how many rows it changed.
pub(super) fn execute(db: &Connection, sql: &str, params: impl Params) -> Result<usize, Trouble> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}
