//! The connection that writes, and what it remembers between two writes.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use conversation::{Conversation, Remembered, Seq};
use protocol::ConversationId;
use rusqlite::Connection;

use super::columns::Number;
use super::conversations;
use super::error::Trouble;
use super::keys::Digest;
use super::unsettled::{Behind, Said, Unsettled};

/// Conversations whose number is remembered; then it begins anew.
const NUMBERS_MAX: usize = 64 * 1024;

pub(super) struct Writing {
    db: Connection,
    /// Numbers never change once they are committed; what is rolled back is forgotten.
    numbers: RefCell<HashMap<ConversationId, Number>>,
    /// What the transactions before left to be settled.
    pub unsettled: Arc<Unsettled>,
    /// What this transaction adds to that, and takes from it.
    batch: RefCell<Batch>,
}

#[derive(Default)]
struct Batch {
    said: HashMap<ConversationId, Behind>,
    /// All that [`Unsettled`] has of these is in the rows by now.
    settled: HashSet<ConversationId>,
}

impl Writing {
    /// `unsettled` is what the log of `db` has and its rows do not.
    pub(super) fn new(db: Connection, unsettled: Arc<Unsettled>) -> Self {
        Self { db, numbers: RefCell::default(), unsettled, batch: RefCell::default() }
    }

    /// The number of a conversation, if there is such a conversation.
    pub(super) fn number_of(&self, id: ConversationId) -> Result<Option<Number>, Trouble> {
        let mut numbers = self.numbers.borrow_mut();
        if let Some(number) = numbers.get(&id) {
            return Ok(Some(*number));
        }
        let found = conversations::number_of(&self.db, id)?;
        if let Some(number) = found {
            if numbers.len() >= NUMBERS_MAX {
                numbers.clear();
            }
            numbers.insert(id, number);
        }
        Ok(found)
    }

    /// The head of a conversation with something that is not settled, and the first answer under a key
    /// if that is not settled either.
    pub(super) fn look(
        &self,
        id: ConversationId,
        digest: &Digest,
    ) -> Option<(Seq, Option<Remembered>)> {
        let batch = self.batch.borrow();
        let is_settled = batch.settled.contains(&id);
        let before = if is_settled { None } else { self.unsettled.look(id, digest) };
        let Some(now) = batch.said.get(&id) else { return before };
        let earlier = before.and_then(|(_, first)| first);
        Some((now.state.head, now.remembered(digest).or(earlier)))
    }

    /// Something has been written to the log, and to the log alone.
    pub(super) fn say(&self, number: Number, state: &Arc<Conversation>, said: Said) {
        let mut batch = self.batch.borrow_mut();
        if let Some(behind) = batch.said.get_mut(&state.id) {
            behind.state = state.clone();
            behind.said.push(said);
        } else {
            batch.said.insert(state.id, Behind::new(number, state.clone(), vec![said]));
        }
    }

    /// All that is not settled of a conversation, in its order; it counts as settled from now on.
    pub(super) fn take_behind(&self, id: ConversationId) -> impl Iterator<Item = Behind> + use<> {
        let mut batch = self.batch.borrow_mut();
        let before = if batch.settled.contains(&id) { None } else { self.unsettled.behind(id) };
        if before.is_some() {
            batch.settled.insert(id);
        }
        [before, batch.said.remove(&id)].into_iter().flatten()
    }

    /// The first row of the log that is not settled.
    pub(super) fn first_unsettled_row(&self) -> Option<i64> {
        let batch = self.batch.borrow();
        let in_batch = || batch.said.values().map(Behind::first_row).min();
        self.unsettled.first_row(&batch.settled).or_else(in_batch)
    }

    /// The transaction is on disk.
    pub(super) fn committed(&self) {
        let Batch { said, settled } = self.batch.take();
        self.unsettled.publish(settled, said);
    }

    /// Undoes the transaction, if there is one.
    pub(super) fn roll_back(&self) -> rusqlite::Result<()> {
        self.numbers.borrow_mut().clear();
        self.batch.take();
        if self.db.is_autocommit() { Ok(()) } else { self.db.execute_batch("ROLLBACK") }
    }
}

impl Deref for Writing {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.db
    }
}
