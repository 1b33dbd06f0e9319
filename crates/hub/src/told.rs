//! What many listeners are told alike, with room for its encodings.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use conversation::{Committed, Conversation};
use protocol::ConversationId;

/// One committed event on its way to everybody who listens.
#[derive(Debug)]
pub struct Told {
    pub conversation: ConversationId,
    pub committed: Committed,
    pub encodings: Encodings,
}

/// The last state of one row of the inbox.
#[derive(Debug)]
pub struct Row {
    pub conversation: Arc<Conversation>,
    /// The visitor has a socket.
    pub online: bool,
    pub encodings: Encodings,
}

/// Where the outside keeps its encodings of a thing, each made at most once. The hub never looks.
#[derive(Debug, Default)]
pub struct Encodings([OnceLock<Bytes>; Encodings::SLOTS]);

impl Encodings {
    /// How many different encodings there can be.
    pub const SLOTS: usize = 6;

    /// The encoding in `slot`, made by the first who needs it.
    ///
    /// # Panics
    /// If `slot` is not below [`Encodings::SLOTS`]: a mistake in the calling program.
    pub fn get_or_make(&self, slot: usize, make: impl FnOnce() -> Bytes) -> Bytes {
        self.0[slot].get_or_init(make).clone()
    }
}

impl Told {
    pub(crate) fn new(conversation: ConversationId, committed: Committed) -> Arc<Self> {
        Arc::new(Self { conversation, committed, encodings: Encodings::default() })
    }
}
