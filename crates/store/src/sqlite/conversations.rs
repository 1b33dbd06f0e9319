//! Conversations as of their last append.

use std::collections::HashMap;
use std::sync::Arc;

use conversation::{Conversation, Seq};
use protocol::{ConversationId, VisitorId};
use rusqlite::{Connection, params};

use super::columns::{Number, all, execute, first, json, uuid};
use super::error::Trouble;
use super::unsettled::Unsettled;

pub(super) fn number_of(db: &Connection, id: ConversationId) -> Result<Option<Number>, Trouble> {
    first(db, "SELECT number FROM conversations WHERE id = ?1", [id.0.as_bytes()])
}

pub(super) fn find(
    db: &Connection,
    unsettled: &Unsettled,
    id: ConversationId,
) -> Result<Option<Conversation>, Trouble> {
    let behind = unsettled.state(id);
    let find = "SELECT state FROM conversations WHERE id = ?1";
    let row = all(db, find, [id.0.as_bytes()], |row| json(row, 0))?.pop();
    Ok(row.map(|row| newer(row, behind)))
}

/// The newer one of a row and of what was not settled just before the row was read.
fn newer(row: Conversation, behind: Option<Arc<Conversation>>) -> Conversation {
    match behind {
        Some(behind) if behind.head > row.head => (*behind).clone(),
        _ => row,
    }
}

/// The one with this number, which is known to be there.
pub(super) fn by_number(db: &Connection, number: Number) -> Result<Conversation, Trouble> {
    let find = "SELECT state FROM conversations WHERE number = ?1";
    let found = all(db, find, [number], |row| json(row, 0))?.pop();
    found.ok_or(Trouble::Sqlite(rusqlite::Error::QueryReturnedNoRows))
}

/// The head that the row of this number has.
pub(super) fn head(db: &Connection, number: Number) -> Result<Seq, Trouble> {
    let head: Option<i64> =
        first(db, "SELECT head FROM conversations WHERE number = ?1", [number])?;
    Ok(Seq(head.unwrap_or(0).cast_unsigned()))
}

/// Replaces a state by a newer one; lists that it may move between are the caller's.
pub(super) fn update(db: &Connection, number: Number, state: &Conversation) -> Result<(), Trouble> {
    let update = "UPDATE conversations
                  SET head = ?2, visitor_head = ?3, activity_at = ?4, state = ?5
                  WHERE number = ?1 AND head < ?2";
    let json = serde_json::to_string(state)?;
    let (head, visitor_head) = (state.head.0.cast_signed(), state.visitor_head.0.cast_signed());
    execute(db, update, params![number, head, visitor_head, state.activity_at, json]).map(drop)
}

pub(super) fn heads(
    db: &Connection,
    unsettled: &Unsettled,
    ids: &[ConversationId],
) -> Result<Vec<(ConversationId, Seq)>, Trouble> {
    let mut heads = Vec::with_capacity(ids.len());
    for id in ids {
        let behind = unsettled.state(*id).map_or(Seq(0), |state| state.head);
        let head: Option<i64> =
            first(db, "SELECT head FROM conversations WHERE id = ?1", [id.0.as_bytes()])?;
        heads.extend(head.map(|head| (*id, Seq(head.cast_unsigned()).max(behind))));
    }
    Ok(heads)
}

/// The open one first, then the latest.
pub(super) fn of_visitor(
    db: &Connection,
    unsettled: &Unsettled,
    visitor: VisitorId,
    limit: usize,
) -> Result<Vec<Conversation>, Trouble> {
    let ids = "SELECT id FROM conversations WHERE visitor = ?1";
    let ids: Vec<_> =
        all(db, ids, [visitor.0.as_bytes()], |row| Ok(ConversationId(uuid(row, 0)?)))?;
    let mut behind: HashMap<_, _> =
        ids.into_iter().filter_map(|id| Some((id, unsettled.state(id)?))).collect();
    let open = "SELECT state FROM conversations WHERE visitor = ?1 AND closed = 0";
    let closed = "SELECT state FROM conversations WHERE visitor = ?1 AND closed = 1
                  ORDER BY started_at DESC, number DESC LIMIT ?2";
    let visitor = visitor.0.as_bytes();
    let mut found: Vec<Conversation> = all(db, open, [visitor], |row| json(row, 0))?;
    let limit_sql = i64::try_from(limit).unwrap_or(i64::MAX);
    found.extend(all(db, closed, params![visitor, limit_sql], |row| json(row, 0))?);
    found.truncate(limit);
    let states = found.into_iter().map(|row| {
        let behind = behind.remove(&row.id);
        newer(row, behind)
    });
    Ok(states.collect())
}
