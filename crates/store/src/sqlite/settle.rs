//! From the log to the rows: positions, keys and states of what was said a little while ago.
//!
//! By then most conversations have several events to write at once, so that each of their pages is
//! written once instead of once for each message.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use conversation::Conversation;
use protocol::ConversationId;
use rusqlite::{Connection, params};

use super::columns::{Number, execute, first};
use super::error::Trouble;
use super::unsettled::{Behind, Said, remembered};
use super::writing::Writing;
use super::{conversations, events, keys};

/// Events that may wait, however young they are.
const EVENTS_MAX: usize = 50_000;
/// Conversations settled along with one batch, so that none waits long for them.
const SLICE: usize = 16;
/// The same when too many wait, and when nobody waits.
const LARGE_SLICE: usize = 512;
/// Settles some of what is older than `age`; `false` if there is no more.
pub(super) fn some(db: &Writing, age: Duration, is_quiet: bool) -> Result<bool, Trouble> {
    let is_much = db.unsettled.len() > EVENTS_MAX;
    let slice = if is_quiet || is_much { LARGE_SLICE } else { SLICE };
    let due = db.unsettled.due(age, EVENTS_MAX, slice);
    for id in &due {
        one(db, *id)?;
    }
    Ok(due.len() == slice)
}

/// Settles all that has been said in a conversation, in this transaction and before.
pub(super) fn one(db: &Writing, id: ConversationId) -> Result<(), Trouble> {
    for Behind { number, state, said, .. } in db.take_behind(id) {
        write(db, number, &state, &said)?;
    }
    Ok(())
}

/// Settles what the log has and the rows do not: after a crash, or when a commit may have happened in
/// spite of an error. In a transaction of the caller's; harmless if there is nothing to do. Only for the one
/// that appends: nobody else knows what it is about to settle itself.
pub(super) fn recover(db: &Connection) -> Result<(), Trouble> {
    let mark = first(db, "SELECT upto FROM settled", [])?.unwrap_or(0);
    match recover_after(db, mark) {
        Err(Trouble::Gap) => {
            tracing::warn!(
                mark,
                "not all before the mark is settled; looking through the whole log"
            );
            recover_after(db, 0)
        }
        recovered => recovered,
    }
}

fn recover_after(db: &Connection, mark: i64) -> Result<(), Trouble> {
    let mut found: BTreeMap<Number, (Conversation, Vec<Said>)> = BTreeMap::new();
    let last = events::each_after(db, mark, |row, number, event| {
        let (state, said) = match found.entry(number) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert((conversations::by_number(db, number)?, Vec::new()))
            }
        };
        if event.seq > state.head.next() {
            return Err(Trouble::Gap);
        }
        if event.seq > state.head {
            state.apply(&event);
            let digest = keys::digest_of(state.id, &event).ok_or(Trouble::Keyless)?;
            said.push(Said { row, event, digest });
        }
        Ok(())
    })?;
    for (number, (state, said)) in found {
        write(db, number, &state, &said)?;
    }
    set_mark(db, last)
}

/// Written before, in a transaction that seemed to fail: then nothing changes.
fn write(
    db: &Connection,
    number: Number,
    state: &Conversation,
    said: &[Said],
) -> Result<(), Trouble> {
    for Said { row, event, digest } in said {
        events::insert_position(db, number, event.seq, *row)?;
        keys::insert(db, number, digest, (state.id, &remembered(state.id, event)))?;
    }
    conversations::update(db, number, state).map(drop)
}

/// Every event up to the mark is settled, so that a start has little to look through.
pub(super) fn move_mark(db: &Writing) -> Result<(), Trouble> {
    move_mark_before(db, db.first_unsettled_row())
}

/// The same, knowing the first row that is not settled, if there is one.
pub(super) fn move_mark_before(db: &Connection, unsettled: Option<i64>) -> Result<(), Trouble> {
    let last: Option<i64> = first(db, "SELECT max(id) FROM events", [])?.flatten();
    set_mark(db, unsettled.map_or(last.unwrap_or(0), |row| row - 1))
}

fn set_mark(db: &Connection, upto: i64) -> Result<(), Trouble> {
    execute(db, "UPDATE settled SET upto = ?1 WHERE upto < ?1", params![upto]).map(drop)
}
