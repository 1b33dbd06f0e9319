//! The hot path.
//!
//! A message or a note is one row at the end of the log, and the rest follows later (`settle.rs`). All
//! else is rare, moves conversations between lists, and is written to all rows at once.

use conversation::{Conversation, Event};
use planted::Defect;
use protocol::Sort;
use rusqlite::{Connection, params};

use super::columns::{Number, execute};
use super::error::Trouble;
use super::keys::Digest;
use super::unsettled::{Said, remembered};
use super::writing::Writing;
use super::{conversations, counts, events, keys, settle};
use crate::{Append, Appended, Rank};

pub(super) fn append(db: &Writing, append: &Append) -> Result<Appended, Trouble> {
    let id = append.conversation.id;
    let Some(number) = db.number_of(id)? else { return Ok(Appended::Stale) };
    if let Some(digest) = is_said(append) {
        return say(db, number, append, digest);
    }
    settle::one(db, id)?;
    change(db, number, append)
}

/// The key's digest of a lone message or note whose answer follows from it: the log has all of it.
fn is_said(append: &Append) -> Option<Digest> {
    let (id, [event]) = (append.conversation.id, &append.events[..]) else { return None };
    let (scope, answer) = append.key.as_ref()?;
    let digest = keys::digest_of(id, event)?;
    (keys::digest(scope) == digest && *answer == remembered(id, event)).then_some(digest)
}

fn say(db: &Writing, number: Number, append: &Append, digest: Digest) -> Result<Appended, Trouble> {
    let Append { conversation, at_head, events, .. } = append;
    let known = db.look(conversation.id, &digest);
    if let Some((_, Some(first))) = known {
        return Ok(Appended::Repeated(first));
    }
    if let Some(first) = keys::find(db, number, &digest, conversation.id)?
        && !planted::is_on(Defect::DedupeInMemory)
    {
        return Ok(Appended::Repeated(first));
    }
    let head = match known {
        Some((head, _)) => head,
        None => conversations::head(db, number)?,
    };
    if head != *at_head && !planted::is_on(Defect::NoHeadCheck) {
        return Ok(Appended::Stale);
    }
    for event in events {
        let row = events::insert_into_log(db, number, event)?;
        db.say(number, conversation, Said { row, event: event.clone(), digest });
    }
    Ok(Appended::Done)
}

/// The key is judged by writing it. A stale append, which is rare, takes it back.
fn change(db: &Writing, number: Number, append: &Append) -> Result<Appended, Trouble> {
    let Append { conversation, at_head, events, key } = append;
    let id = conversation.id;
    let digest = key.as_ref().map(|(scope, answer)| (keys::digest(scope), answer));
    if let Some((digest, answer)) = &digest
        && !keys::insert(db, number, digest, (id, answer))?
    {
        return Ok(Appended::Repeated(keys::used(db, number, digest, id)?));
    }
    if conversations::head(db, number)? != *at_head {
        if let Some((digest, _)) = &digest {
            keys::forget(db, number, digest)?;
        }
        return Ok(Appended::Stale);
    }
    if events.is_empty() {
        return Ok(Appended::Done);
    }
    conversations::update(db, number, conversation)?;
    events::insert(db, number, events)?;
    if events.iter().any(|event| moves_between_lists(&event.event)) {
        counts::move_to(db, number, conversation)?;
        move_between_lists(db, number, conversation)?;
    }
    Ok(Appended::Done)
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
