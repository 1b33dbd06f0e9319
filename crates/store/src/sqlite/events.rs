//! The log: writing events, and reading pages of them in either numbering.

use conversation::{Audience, Committed, Event, Seq, Visitor, VisitorSeq};
use protocol::limits::PAGE_BYTES_MAX;
use protocol::{ConversationId, Key};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Number, execute, first, json, unsigned};
use super::conversations;
use super::error::Trouble;
use crate::{InboxQuery, Range};

pub(super) fn insert(db: &Connection, number: Number, events: &[Committed]) -> Result<(), Trouble> {
    let insert = "INSERT INTO events
        (conversation, seq, visitor_seq, hidden, at, author, key, event)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    for Committed { seq, visitor_seq, at, by, key, event } in events {
        execute(
            db,
            insert,
            params![
                number,
                seq.0.cast_signed(),
                visitor_seq.0.cast_signed(),
                !event.is_for_visitors(),
                at,
                serde_json::to_string(by)?,
                key.as_ref().map(Key::as_str),
                serde_json::to_string(event)?,
            ],
        )?;
    }
    Ok(())
}

const PAGE: &str = "SELECT seq, visitor_seq, at, author, key, event FROM events
     WHERE conversation = ?1 AND seq > ?2 AND seq < ?3 AND hidden <= ?4 ORDER BY seq LIMIT ?5";
const PAGE_BACKWARDS: &str = "SELECT seq, visitor_seq, at, author, key, event FROM events
     WHERE conversation = ?1 AND seq > ?2 AND seq < ?3 AND hidden <= ?4 ORDER BY seq DESC LIMIT ?5";

pub(super) fn page(
    db: &Connection,
    id: ConversationId,
    audience: Audience,
    range: Range,
    limit: usize,
) -> Result<Vec<Committed>, Trouble> {
    // The bounds and the page are of the same moment.
    let _snapshot = db.unchecked_transaction()?;
    let Some(log) = Log::find(db, id)? else { return Ok(Vec::new()) };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let hidden_too = audience == Audience::Agents;
    let seq_of = |number| log.seq_of(db, audience, number);
    match range {
        Range::After(after) => {
            let bounds = params![log.number, seq_of(after)?, i64::MAX, hidden_too, limit];
            up_to_a_page(db, PAGE, bounds)
        }
        Range::Before(before) => {
            let bounds = params![log.number, 0, seq_of(before)?, hidden_too, limit];
            let mut page = up_to_a_page(db, PAGE_BACKWARDS, bounds)?;
            page.reverse();
            Ok(page)
        }
    }
}

fn up_to_a_page(
    db: &Connection,
    sql: &str,
    bounds: &[&dyn rusqlite::ToSql],
) -> Result<Vec<Committed>, Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(bounds)?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        page.push(committed(row)?);
        // As it stands in JSON: what a text grows by in a frame counts.
        bytes += row.get_ref(5)?.as_str()?.len();
        if bytes >= PAGE_BYTES_MAX {
            break;
        }
    }
    Ok(page)
}

fn committed(row: &Row<'_>) -> Result<Committed, Trouble> {
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

/// The texts of the first `limit` events after `id`.
pub(super) fn texts_after(db: &Connection, id: i64, limit: usize) -> Result<Texts, Trouble> {
    let events =
        "SELECT id, conversation, seq, event FROM events WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut statement = db.prepare_cached(events)?;
    let mut rows = statement.query(params![id, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Texts { last: 0, texts: Vec::new() };
    while let Some(row) = rows.next()? {
        found.last = row.get(0)?;
        let (number, seq) = (row.get(1)?, unsigned(row, 2)?);
        let text = text(db, number, &json(row, 3)?)?;
        found.texts.extend(text.map(|text| (number, seq, text)));
    }
    Ok(found)
}

/// Whether any text of a conversation contains `word`.
pub(super) fn says(db: &Connection, number: Number, word: &str) -> Result<bool, Trouble> {
    let events = "SELECT event FROM events WHERE conversation = ?1 ORDER BY seq";
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

/// One conversation's part of the log.
struct Log {
    number: Number,
    head: u64,
    visitor_head: u64,
}

impl Log {
    fn find(db: &Connection, id: ConversationId) -> Result<Option<Self>, Trouble> {
        let find = "SELECT number, head, visitor_head FROM conversations WHERE id = ?1";
        let read = |row: &Row<'_>| {
            let (number, head, visitor_head) = (row.get(0)?, unsigned(row, 1)?, unsigned(row, 2)?);
            Ok(Self { number, head, visitor_head })
        };
        Ok(db.prepare_cached(find)?.query_row([id.0.as_bytes()], read).optional()?)
    }

    /// The place in the log of what `audience` calls `number`.
    ///
    /// A visitor's number n is at n if nothing is hidden, and at most as many places later as events are
    /// hidden; visitors' numbers never go down, so the first event with number n is found by halving.
    fn seq_of(&self, db: &Connection, audience: Audience, number: u64) -> Result<i64, Trouble> {
        let clamped = i64::try_from(number).unwrap_or(i64::MAX);
        if audience == Audience::Agents || number == 0 {
            return Ok(clamped);
        }
        if number > self.visitor_head {
            return Ok(i64::MAX);
        }
        let (mut low, mut high) = (number, number + (self.head - self.visitor_head));
        while low < high {
            let middle = low + (high - low) / 2;
            match self.visitor_seq_at(db, middle)? >= number {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        Ok(low.cast_signed())
    }

    fn visitor_seq_at(&self, db: &Connection, seq: u64) -> Result<u64, Trouble> {
        let find = "SELECT visitor_seq FROM events WHERE conversation = ?1 AND seq = ?2";
        let found: Option<i64> = first(db, find, params![self.number, seq.cast_signed()])?;
        Ok(found.map_or(self.visitor_head, i64::cast_unsigned))
    }
}
