//! What makes a repeated command have one effect: its key's scope, and the first answer.

use protocol::{ConversationId, Key, PersonId};
use serde::{Deserialize, Serialize};

use crate::{Audience, Seq, VisitorSeq};

/// Which operation a key belongs to. The numbers stand in databases: never change or reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Deed {
    Start = 1,
    Send = 2,
    Note = 3,
    Claim = 4,
    Unclaim = 5,
    Close = 6,
    Bulk = 7,
}

/// Where a key counts: author, conversation, operation. For `conversation.start` the conversation is
/// not part of it, and stands as [`ConversationId::NOWHERE`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyScope {
    pub author: PersonId,
    pub conversation: ConversationId,
    pub deed: Deed,
    pub key: Key,
}

/// The first answer to a command, for as long as its conversation exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The conversation it was about.
    pub conversation: ConversationId,
    /// The event that the command names.
    pub seq: Seq,
    pub visitor_seq: VisitorSeq,
    /// The close that went with it ("Send and close").
    pub closed_seq: Option<Seq>,
    pub at: i64,
}

impl Remembered {
    /// The event's number as `audience` counts.
    pub fn number_for(&self, audience: Audience) -> u64 {
        match audience {
            Audience::Agents => self.seq.0,
            Audience::Visitor => self.visitor_seq.0,
        }
    }
}
