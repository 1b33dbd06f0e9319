//! The beginning of a conversation.

use conversation::Conversation;
use protocol::{ConversationId, Sort, VisitorId};
use rusqlite::{Connection, params};

use super::append::text_rank;
use super::columns::{Number, all, execute, first};
use super::error::Trouble;
use super::{counts, directory, events, keys};
use crate::{Rank, Start, StartOutcome, VisitorRecord, journal};

pub(super) fn start(db: &Connection, start: &Start) -> Result<StartOutcome, Trouble> {
    let Start { conversation, events, scope, remembered, .. } = start;
    if let Some(refusal) = judge(db, start)? {
        return Ok(refusal);
    }
    directory::put_visitor_at_start(db, &VisitorRecord::at_start(conversation))?;
    let number = insert(db, conversation)?;
    counts::add(db, conversation)?;
    events::insert(db, number, events)?;
    let key = keys::digest(scope);
    keys::insert(db, keys::NOWHERE, &key, (scope.conversation, remembered))?;
    Ok(StartOutcome::Done)
}

fn judge(db: &Connection, start: &Start) -> Result<Option<StartOutcome>, Trouble> {
    let Start { conversation, scope, starts_per_minute, .. } = start;
    let (digest, nowhere) = (keys::digest(scope), scope.conversation);
    if let Some(remembered) = keys::find(db, keys::NOWHERE, &digest, nowhere)? {
        return Ok(Some(StartOutcome::Repeated(remembered)));
    }
    let visitor = conversation.visitor.id;
    if let Some(open) = open_of(db, visitor)? {
        return Ok(Some(StartOutcome::AlreadyOpen(open)));
    }
    let times = last_starts(db, visitor, *starts_per_minute)?;
    let wait = journal::too_many(&times, *starts_per_minute, conversation.started_at);
    Ok(wait.map(|retry_after_ms| StartOutcome::TooMany { retry_after_ms }))
}

fn open_of(db: &Connection, visitor: VisitorId) -> Result<Option<ConversationId>, Trouble> {
    let open = "SELECT id FROM conversations WHERE visitor = ?1 AND closed = 0";
    let id = first(db, open, [visitor.0.as_bytes()])?;
    Ok(id.map(|id| ConversationId(uuid::Uuid::from_bytes(id))))
}

/// Latest first; no more than needed to judge.
fn last_starts(db: &Connection, visitor: VisitorId, limit: u32) -> Result<Vec<i64>, Trouble> {
    let starts = "SELECT started_at FROM conversations WHERE visitor = ?1
                  ORDER BY started_at DESC LIMIT ?2";
    all(db, starts, params![visitor.0.as_bytes(), limit], |row| Ok(row.get(0)?))
}

/// Adds its row; events, key and counts are the caller's.
pub(super) fn insert(db: &Connection, state: &Conversation) -> Result<Number, Trouble> {
    let insert = "INSERT INTO conversations
        (id, site, visitor, head, visitor_head, closed, owner, started_at, activity_at,
         visitor_name, owner_name, state)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    execute(
        db,
        insert,
        params![
            state.id.0.as_bytes(),
            state.site.0.as_bytes(),
            state.visitor.id.0.as_bytes(),
            state.head.0.cast_signed(),
            state.visitor_head.0.cast_signed(),
            state.is_closed(),
            state.owner.as_ref().map(|owner| *owner.agent.id.0.as_bytes()),
            state.started_at,
            state.activity_at,
            text_rank(Rank::of(state, Sort::Visitor)),
            text_rank(Rank::of(state, Sort::Assignee)),
            serde_json::to_string(state)?,
        ],
    )?;
    Ok(db.last_insert_rowid())
}
