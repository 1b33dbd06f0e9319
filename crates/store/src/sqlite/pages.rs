//! Pages of one conversation's events, in either numbering.

use conversation::{Audience, Committed};
use protocol::ConversationId;
use protocol::limits::PAGE_BYTES_MAX;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Number, first, unsigned};
use super::error::Trouble;
use super::events::committed;
use super::unsettled::Unsettled;
use crate::Range;

const FORWARDS: &str = "SELECT e.seq, e.visitor_seq, e.at, e.author, e.key, e.event
     FROM positions p CROSS JOIN events e ON e.id = p.event
     WHERE p.conversation = ?1 AND p.seq > ?2 AND p.seq < ?3 AND e.hidden <= ?4
     ORDER BY p.seq LIMIT ?5";
const BACKWARDS: &str = "SELECT e.seq, e.visitor_seq, e.at, e.author, e.key, e.event
     FROM positions p CROSS JOIN events e ON e.id = p.event
     WHERE p.conversation = ?1 AND p.seq > ?2 AND p.seq < ?3 AND e.hidden <= ?4
     ORDER BY p.seq DESC LIMIT ?5";

/// The events of a conversation that `audience` may see in `range`, ascending, up to a page.
pub(super) fn page(
    db: &Connection,
    unsettled: &Unsettled,
    id: ConversationId,
    audience: Audience,
    range: Range,
    limit: usize,
) -> Result<Vec<Committed>, Trouble> {
    // First: what is settled meanwhile is in the snapshot.
    let latest = unsettled.events(id);
    let _snapshot = db.unchecked_transaction()?;
    let Some(log) = Log::find(db, id)? else { return Ok(Vec::new()) };
    let latest = latest.into_iter().filter(|event| {
        event.seq.0 > log.head && is_visible(event, audience) && is_in(event, audience, range)
    });
    let mut page = Page { events: Vec::new(), bytes: 0, limit };
    match range {
        Range::After(after) => {
            let after = log.seq_of(db, audience, after)?;
            page.read(db, FORWARDS, (&log, after, i64::MAX), audience)?;
            latest.for_each(|event| page.add(event, None));
        }
        Range::Before(before) => {
            latest.rev().for_each(|event| page.add(event, None));
            let before = log.seq_of(db, audience, before)?;
            page.read(db, BACKWARDS, (&log, 0, before), audience)?;
            page.events.reverse();
        }
    }
    Ok(page.events)
}

fn is_visible(event: &Committed, audience: Audience) -> bool {
    audience == Audience::Agents || event.event.is_for_visitors()
}

fn is_in(event: &Committed, audience: Audience, range: Range) -> bool {
    let number = match audience {
        Audience::Agents => event.seq.0,
        Audience::Visitor => event.visitor_seq.0,
    };
    match range {
        Range::After(after) => number > after,
        Range::Before(before) => number < before,
    }
}

struct Page {
    events: Vec<Committed>,
    bytes: usize,
    limit: usize,
}

impl Page {
    fn is_full(&self) -> bool {
        self.events.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX
    }

    /// `bytes`: as it stands in JSON, for what a text grows by in a frame counts.
    fn add(&mut self, event: Committed, bytes: Option<usize>) {
        if !self.is_full() {
            let in_json = || serde_json::to_string(&event.event).map_or(0, |json| json.len());
            self.bytes += bytes.unwrap_or_else(in_json);
            self.events.push(event);
        }
    }

    fn read(
        &mut self,
        db: &Connection,
        sql: &str,
        (log, after, before): (&Log, i64, i64),
        audience: Audience,
    ) -> Result<(), Trouble> {
        let left = i64::try_from(self.limit - self.events.len()).unwrap_or(i64::MAX);
        let hidden_too = audience == Audience::Agents;
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query(params![log.number, after, before, hidden_too, left])?;
        while !self.is_full()
            && let Some(row) = rows.next()?
        {
            let bytes = row.get_ref(5)?.as_str()?.len();
            self.add(committed(row)?, Some(bytes));
        }
        Ok(())
    }
}

/// One conversation's part of the log, as far as it is settled.
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
        let find = "SELECT e.visitor_seq FROM positions p CROSS JOIN events e ON e.id = p.event
                    WHERE p.conversation = ?1 AND p.seq = ?2";
        let found: Option<i64> = first(db, find, params![self.number, seq.cast_signed()])?;
        Ok(found.map_or(self.visitor_head, i64::cast_unsigned))
    }
}
