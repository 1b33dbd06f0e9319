//! Conversations as of their last append.

use conversation::{Conversation, Seq};
use protocol::{ConversationId, VisitorId};
use rusqlite::{Connection, params};

use super::columns::{Number, all, first, json};
use super::error::Trouble;

pub(super) fn number_of(db: &Connection, id: ConversationId) -> Result<Option<Number>, Trouble> {
    first(db, "SELECT number FROM conversations WHERE id = ?1", [id.0.as_bytes()])
}

pub(super) fn find(db: &Connection, id: ConversationId) -> Result<Option<Conversation>, Trouble> {
    let find = "SELECT state FROM conversations WHERE id = ?1";
    Ok(all(db, find, [id.0.as_bytes()], |row| json(row, 0))?.pop())
}

/// The one with this number, which is known to be there.
pub(super) fn by_number(db: &Connection, number: Number) -> Result<Conversation, Trouble> {
    let find = "SELECT state FROM conversations WHERE number = ?1";
    let found = all(db, find, [number], |row| json(row, 0))?.pop();
    found.ok_or(Trouble::Sqlite(rusqlite::Error::QueryReturnedNoRows))
}

pub(super) fn heads(
    db: &Connection,
    ids: &[ConversationId],
) -> Result<Vec<(ConversationId, Seq)>, Trouble> {
    let mut heads = Vec::with_capacity(ids.len());
    for id in ids {
        let head: Option<i64> =
            first(db, "SELECT head FROM conversations WHERE id = ?1", [id.0.as_bytes()])?;
        heads.extend(head.map(|head| (*id, Seq(head.cast_unsigned()))));
    }
    Ok(heads)
}

/// The open one first, then the latest.
pub(super) fn of_visitor(
    db: &Connection,
    visitor: VisitorId,
    limit: usize,
) -> Result<Vec<Conversation>, Trouble> {
    let open = "SELECT state FROM conversations WHERE visitor = ?1 AND closed = 0";
    let closed = "SELECT state FROM conversations WHERE visitor = ?1 AND closed = 1
                  ORDER BY started_at DESC, number DESC LIMIT ?2";
    let visitor = visitor.0.as_bytes();
    let mut found: Vec<Conversation> = all(db, open, [visitor], |row| json(row, 0))?;
    let limit_sql = i64::try_from(limit).unwrap_or(i64::MAX);
    found.extend(all(db, closed, params![visitor, limit_sql], |row| json(row, 0))?);
    found.truncate(limit);
    Ok(found)
}
