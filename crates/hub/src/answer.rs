//! Answers and refusals, before they become frames.

use std::sync::Arc;

use conversation::{Committed, Conversation, Rejection, Seq};
use protocol::{ConversationId, Counts};

/// A wish granted. Numbers are in the asker's own numbering.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A command took effect now, or had before under the same key.
    Committed {
        seq: u64,
        at: i64,
        closed_seq: Option<u64>,
    },
    Watched(Box<Snapshot>),
    Page(Box<Page>),
    Counts(Counts),
    /// Nothing to say.
    Done,
}

/// A conversation at one moment; what follows is told live, from `head` + 1.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub conversation: Arc<Conversation>,
    /// The visitor has a socket.
    pub online: bool,
    /// Ascending, only those the asker may see.
    pub events: Vec<Committed>,
    pub head: u64,
    pub more: bool,
    pub reset: bool,
}

/// A page of events.
#[derive(Clone, Debug)]
pub struct Page {
    /// Ascending, only those the asker may see.
    pub events: Vec<Committed>,
    pub head: u64,
    pub more: bool,
}

/// A conversation that has begun, now or before under the same key.
#[derive(Clone, Debug)]
pub struct Started {
    pub conversation: Arc<Conversation>,
    /// The first message's number.
    pub seq: u64,
    pub at: i64,
}

/// What became of one conversation of a `bulk`.
#[derive(Clone, Debug)]
pub struct BulkResult {
    /// The id as it was asked.
    pub conversation: String,
    pub outcome: Result<Answer, Refusal>,
}

/// A wish not granted. Nothing was committed, or (`Unavailable`) the same key will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such conversation, or not the asker's.
    NotFound,
    Rejected(Rejection),
    /// A close that expected another head, with what came meanwhile.
    Conflict {
        head: Seq,
        events: Vec<Committed>,
    },
    /// The visitor has an open conversation.
    AlreadyOpen(ConversationId),
    RateLimited {
        retry_after_ms: u64,
    },
    /// The store does not answer, or too much is queued.
    Unavailable {
        retry_after_ms: u64,
    },
    /// A page of the inbox was not found in the time given for it.
    TooSlow,
}

impl Refusal {
    /// What is said when nothing better is known.
    pub const UNAVAILABLE: Self = Self::Unavailable { retry_after_ms: 500 };
}

impl From<store::StoreError> for Refusal {
    fn from(error: store::StoreError) -> Self {
        match error {
            store::StoreError::TooSlow => Self::TooSlow,
            store::StoreError::Unavailable(_) | store::StoreError::Conflict(_) => Self::UNAVAILABLE,
        }
    }
}
