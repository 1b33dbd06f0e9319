//! How the domain's values stand in columns.

use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::error::Trouble;
use crate::Rank;

/// Number 0 stands for no conversation.
pub(super) use crate::numbers::Number;

/// A column of a row that has been read; what cannot be read has been committed all the same.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Trouble> {
    row.try_get(column).map_err(|error| Trouble::Refused(super::error::words(&error)))
}

/// An unsigned number; what we put in was one.
pub(super) fn unsigned(row: &Row, at: usize) -> Result<u64, Trouble> {
    column(row, at).map(i64::cast_unsigned)
}

/// A value kept as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row, at: usize) -> Result<T, Trouble> {
    Ok(serde_json::from_str(column(row, at)?)?)
}

/// A text kept as bytes.
pub(super) fn text(row: &Row, at: usize) -> Result<String, Trouble> {
    Ok(String::from_utf8_lossy(column(row, at)?).into_owned())
}

/// The same, perhaps missing.
pub(super) fn text_or_none(row: &Row, at: usize) -> Result<Option<String>, Trouble> {
    let bytes: Option<&[u8]> = column(row, at)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

/// The column for a rank that is a text.
pub(super) fn text_rank(rank: Rank) -> Option<Vec<u8>> {
    match rank {
        Rank::Text(text) => text.map(String::into_bytes),
        Rank::Number(_) => None,
    }
}

/// 16 bytes of a digest, as they stand in a column.
pub(super) fn digest_column(digest: [u8; 16]) -> Uuid {
    Uuid::from_bytes(digest)
}
