//! The connection that writes, and what it remembers between two writes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Deref;

use protocol::ConversationId;
use rusqlite::Connection;

use super::columns::Number;
use super::conversations;
use super::error::Trouble;

/// Conversations whose number is remembered; then it begins anew.
const NUMBERS_MAX: usize = 64 * 1024;

pub(super) struct Writing {
    db: Connection,
    /// Numbers never change once they are committed; what is rolled back is forgotten.
    numbers: RefCell<HashMap<ConversationId, Number>>,
}

impl Writing {
    pub(super) fn new(db: Connection) -> Self {
        Self { db, numbers: RefCell::default() }
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

    /// Undoes the transaction, if there is one.
    pub(super) fn roll_back(&self) -> rusqlite::Result<()> {
        self.numbers.borrow_mut().clear();
        if self.db.is_autocommit() { Ok(()) } else { self.db.execute_batch("ROLLBACK") }
    }
}

impl Deref for Writing {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.db
    }
}
