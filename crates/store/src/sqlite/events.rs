//! The log: writing events, and reading them in the order of commits.

use conversation::{Committed, Event, Seq, Visitor, VisitorSeq};
use protocol::Key;
use rusqlite::{Connection, Row, params};

use super::columns::{Number, execute, json, unsigned};
use super::conversations;
use super::error::Trouble;
use crate::InboxQuery;

/// Writes events with their positions.
pub(super) fn insert(db: &Connection, number: Number, events: &[Committed]) -> Result<(), Trouble> {
    for event in events {
        let row = insert_into_log(db, number, event)?;
        let position = "INSERT INTO positions (conversation, seq, event) VALUES (?1, ?2, ?3)";
        execute(db, position, params![number, event.seq.0.cast_signed(), row])?;
    }
    Ok(())
}

/// Writes an event without its position; its row.
pub(super) fn insert_into_log(
    db: &Connection,
    number: Number,
    event: &Committed,
) -> Result<i64, Trouble> {
    let insert = "INSERT INTO events
        (conversation, seq, visitor_seq, hidden, at, author, key, event)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let Committed { seq, visitor_seq, at, by, key, event } = event;
    let row = params![
        number,
        seq.0.cast_signed(),
        visitor_seq.0.cast_signed(),
        !event.is_for_visitors(),
        at,
        serde_json::to_string(by)?,
        key.as_ref().map(Key::as_str),
        serde_json::to_string(event)?,
    ];
    execute(db, insert, row)?;
    Ok(db.last_insert_rowid())
}

/// The position of an event that is in the log; nothing changes if it is there.
pub(super) fn insert_position(
    db: &Connection,
    number: Number,
    seq: Seq,
    row: i64,
) -> Result<(), Trouble> {
    let insert = "INSERT INTO positions (conversation, seq, event) VALUES (?1, ?2, ?3)
                  ON CONFLICT DO NOTHING";
    execute(db, insert, params![number, seq.0.cast_signed(), row]).map(drop)
}

/// Every event after the row `id` of the log: its row, its conversation's number, itself. The last row, or
/// `id` if there is none after it.
pub(super) fn each_after(
    db: &Connection,
    id: i64,
    mut each: impl FnMut(i64, Number, Committed) -> Result<(), Trouble>,
) -> Result<i64, Trouble> {
    let after = "SELECT seq, visitor_seq, at, author, key, event, id, conversation FROM events
                 WHERE id > ?1 ORDER BY id";
    let mut statement = db.prepare_cached(after)?;
    let (mut rows, mut last) = (statement.query([id])?, id);
    while let Some(row) = rows.next()? {
        last = row.get(6)?;
        each(last, row.get(7)?, committed(row)?)?;
    }
    Ok(last)
}

pub(super) fn committed(row: &Row<'_>) -> Result<Committed, Trouble> {
    let key = match row.get_ref(4)?.as_str_or_null()? {
        Some(key) => Some(Key::new(key).map_err(serde::de::Error::custom).map_err(Trouble::Json)?),
        None => None,
    };
    Ok(Committed {
        seq: Seq(unsigned(row, 0)?),
        visitor_seq: VisitorSeq(unsigned(row, 1)?),
        at: row.get(2)?,
        by: json(row, 3)?,
        key,
        event: json(row, 5)?,
    })
}

/// What can be searched for in some events, folded.
pub(super) struct Texts {
    /// The last event looked at; 0 if there was none.
    pub(super) last: i64,
    /// By conversation and number in it.
    pub(super) texts: Vec<(Number, u64, String)>,
}

/// The texts of the first `limit` events after `id` and up to `last`.
pub(super) fn texts_after(
    db: &Connection,
    id: i64,
    last: i64,
    limit: usize,
) -> Result<Texts, Trouble> {
    let events = "SELECT id, conversation, seq, event FROM events
                  WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
    let mut statement = db.prepare_cached(events)?;
    let mut rows = statement.query(params![id, last, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Texts { last: 0, texts: Vec::new() };
    while let Some(row) = rows.next()? {
        found.last = row.get(0)?;
        let (number, seq) = (row.get(1)?, unsigned(row, 2)?);
        let text = text(db, number, &json(row, 3)?)?;
        found.texts.extend(text.map(|text| (number, seq, text)));
    }
    Ok(found)
}

/// Whether any settled text of a conversation contains `word`.
pub(super) fn says(db: &Connection, number: Number, word: &str) -> Result<bool, Trouble> {
    let events = "SELECT e.event FROM positions p CROSS JOIN events e ON e.id = p.event
                  WHERE p.conversation = ?1 ORDER BY p.seq";
    let mut statement = db.prepare_cached(events)?;
    let mut rows = statement.query([number])?;
    // The visitor costs most to look at, and comes last.
    let mut first = None;
    while let Some(row) = rows.next()? {
        match json(row, 0)? {
            event @ Event::Started { .. } => first = Some(event),
            event if text(db, number, &event)?.is_some_and(|text| text.contains(word)) => {
                return Ok(true);
            }
            _ => {}
        }
    }
    let visitor = first.map(|event| text(db, number, &event)).transpose()?.flatten();
    Ok(visitor.is_some_and(|text| text.contains(word)))
}

/// The visitor's name and e-mail belong to the event that began the conversation.
fn text(db: &Connection, number: Number, event: &Event) -> Result<Option<String>, Trouble> {
    match event {
        Event::Posted { text } | Event::Noted { text } => Ok(Some(InboxQuery::fold(text.as_str()))),
        Event::Started { .. } => {
            let Visitor { name, email, .. } = conversations::by_number(db, number)?.visitor;
            let email = InboxQuery::fold(email.as_deref().unwrap_or_default());
            // No word of a search has a line break in it.
            Ok(Some(format!("{}\n{email}", InboxQuery::fold(&name))))
        }
        Event::Claimed | Event::Unclaimed | Event::Closed { .. } => Ok(None),
    }
}
