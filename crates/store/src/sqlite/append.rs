//! The hot path: one statement each for the key, the state and every event.
//!
//! The first two judge and write at once. A stale append, which is rare, takes its key back.

use conversation::{Conversation, Event, Seq};
use protocol::Sort;
use rusqlite::{Connection, params};

use super::columns::{Number, execute, first};
use super::error::Trouble;
use super::writing::Writing;
use super::{counts, events, keys};
use crate::{Append, Appended, Rank};

pub(super) fn append(db: &Writing, append: &Append) -> Result<Appended, Trouble> {
    let Append { conversation, at_head, events, key } = append;
    let Some(number) = db.number_of(conversation.id)? else { return Ok(Appended::Stale) };
    if let Some((scope, remembered)) = key
        && !keys::insert(db, number, scope, remembered)?
    {
        return Ok(Appended::Repeated(keys::used(db, number, scope)?));
    }
    let is_at_head = match events.is_empty() {
        true => is_at(db, number, *at_head)?,
        false => move_on(db, number, *at_head, conversation)?,
    };
    if !is_at_head {
        if let Some((scope, _)) = key {
            keys::forget(db, number, scope)?;
        }
        return Ok(Appended::Stale);
    }
    events::insert(db, number, events)?;
    if events.iter().any(|event| moves_between_lists(&event.event)) {
        counts::move_to(db, number, conversation)?;
        move_between_lists(db, number, conversation)?;
    }
    Ok(Appended::Done)
}

fn is_at(db: &Connection, number: Number, head: Seq) -> Result<bool, Trouble> {
    let found: Option<i64> =
        first(db, "SELECT head FROM conversations WHERE number = ?1", [number])?;
    Ok(found == Some(head.0.cast_signed()))
}

/// Replaces the state; `false` if the head was another.
fn move_on(
    db: &Connection,
    number: Number,
    at_head: Seq,
    state: &Conversation,
) -> Result<bool, Trouble> {
    let update = "UPDATE conversations
                  SET head = ?3, visitor_head = ?4, activity_at = ?5, state = ?6
                  WHERE number = ?1 AND head = ?2";
    let json = serde_json::to_string(state)?;
    let (head, visitor_head) = (state.head.0.cast_signed(), state.visitor_head.0.cast_signed());
    let at_head = at_head.0.cast_signed();
    let row = params![number, at_head, head, visitor_head, state.activity_at, json];
    Ok(execute(db, update, row)? == 1)
}

/// Whether the columns that lists filter by may change.
fn moves_between_lists(event: &Event) -> bool {
    !matches!(event, Event::Posted { .. } | Event::Noted { .. })
}

fn move_between_lists(
    db: &Connection,
    number: Number,
    state: &Conversation,
) -> Result<(), Trouble> {
    let update =
        "UPDATE conversations SET closed = ?2, owner = ?3, owner_name = ?4 WHERE number = ?1";
    let owner = state.owner.as_ref().map(|owner| *owner.agent.id.0.as_bytes());
    let owner_name = text_rank(Rank::of(state, Sort::Assignee));
    execute(db, update, params![number, state.is_closed(), owner, owner_name]).map(drop)
}

/// The column for a rank that is a text.
pub(super) fn text_rank(rank: Rank) -> Option<String> {
    match rank {
        Rank::Text(text) => text,
        Rank::Number(_) => None,
    }
}
