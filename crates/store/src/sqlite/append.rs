//! The hot path: judge an append, then write events, state and key.

use conversation::{Conversation, Event, KeyScope, Remembered};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::{Number, execute};
use super::error::Trouble;
use super::{counts, events, keys};
use crate::{Append, Appended, Rank};

pub(super) fn append(db: &Connection, append: &Append) -> Result<Appended, Trouble> {
    let Append { conversation, at_head, events, key } = append;
    let Some((number, head)) = number_and_head(db, conversation)? else {
        return Ok(Appended::Stale);
    };
    if let Some(first) = used(db, number, key.as_ref())? {
        return Ok(Appended::Repeated(first));
    }
    if head != at_head.0.cast_signed() {
        return Ok(Appended::Stale);
    }
    if !events.is_empty() {
        events::insert(db, number, events)?;
        if events.iter().any(|event| moves_between_lists(&event.event)) {
            counts::move_to(db, number, conversation)?;
            update_all(db, number, conversation)?;
        } else {
            update_activity(db, number, conversation)?;
        }
    }
    if let Some((scope, remembered)) = key {
        keys::insert(db, number, scope, remembered)?;
    }
    Ok(Appended::Done)
}

fn number_and_head(
    db: &Connection,
    conversation: &Conversation,
) -> Result<Option<(Number, i64)>, Trouble> {
    let mut find = db.prepare_cached("SELECT number, head FROM conversations WHERE id = ?1")?;
    let found = find.query_row([conversation.id.0.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

fn used(
    db: &Connection,
    number: Number,
    key: Option<&(KeyScope, Remembered)>,
) -> Result<Option<Remembered>, Trouble> {
    match key {
        Some((scope, _)) => keys::find(db, number, scope),
        None => Ok(None),
    }
}

/// Whether the columns that lists filter and sort by may change, beside the activity.
fn moves_between_lists(event: &Event) -> bool {
    !matches!(event, Event::Posted { .. } | Event::Noted { .. })
}

fn update_activity(db: &Connection, number: Number, state: &Conversation) -> Result<(), Trouble> {
    let update = "UPDATE conversations SET head = ?2, visitor_head = ?3, activity_at = ?4, state = ?5
                  WHERE number = ?1";
    let json = serde_json::to_string(state)?;
    let (head, visitor_head) = (state.head.0.cast_signed(), state.visitor_head.0.cast_signed());
    execute(db, update, params![number, head, visitor_head, state.activity_at, json])?;
    Ok(())
}

fn update_all(db: &Connection, number: Number, state: &Conversation) -> Result<(), Trouble> {
    let update = "UPDATE conversations SET closed = ?2, owner = ?3, owner_name = ?4 WHERE number = ?1";
    let owner = state.owner.as_ref().map(|owner| *owner.agent.id.0.as_bytes());
    let owner_name = text_rank(Rank::of(state, protocol::Sort::Assignee));
    execute(db, update, params![number, state.is_closed(), owner, owner_name])?;
    update_activity(db, number, state)
}

/// The column for a rank that is a text.
pub(super) fn text_rank(rank: Rank) -> Option<String> {
    match rank {
        Rank::Text(text) => text,
        Rank::Number(_) => None,
    }
}
