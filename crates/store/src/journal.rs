//! The log of every conversation.

use std::sync::Arc;

use conversation::{Audience, Committed, Conversation, KeyScope, Remembered, Seq};
use protocol::{BulkAction, ConversationId, Key, PersonId, VisitorId};
use serde::{Deserialize, Serialize};

use crate::Answer;

/// Where conversations are remembered. Appends of different conversations may share one flush to disk;
/// each stands or falls alone.
pub trait Journal: Send + Sync + 'static {
    /// A new conversation with its first events, its key and its visitor's record, all or nothing.
    /// Judged in this order: the key has been used (`Repeated`); the visitor has an open conversation
    /// (`AlreadyOpen`); the visitor started too many in the last minute (`TooMany`). What the start
    /// knows of the visitor replaces what was known; what it does not know stays.
    fn start(&self, start: Start) -> Answer<'_, StartOutcome>;

    /// Appends after `at_head`, all or nothing: events, key and the conversation's new state together,
    /// on disk before the answer. Judged in this order: the key has been used (`Repeated`, even if the
    /// head has moved); the head is another, or there is no such conversation (`Stale`). No events and
    /// a key remembers an answer alone. The visitor is never another than at the start.
    fn append(&self, append: Append) -> Answer<'_, Appended>;

    /// The conversation as of its last append; `None` if there is none.
    fn find(&self, id: ConversationId) -> Answer<'_, Option<Conversation>>;

    /// The first answer given under this key, if any.
    fn remembered(&self, scope: KeyScope) -> Answer<'_, Option<Remembered>>;

    /// Events of one conversation that `audience` may see, ascending, at most `limit`. A page may end
    /// early, at about 256 KiB of text, but never without any event while there is one.
    fn events(
        &self,
        id: ConversationId,
        audience: Audience,
        range: Range,
        limit: usize,
    ) -> Answer<'_, Vec<Committed>>;

    /// The heads of those of `ids` that exist, in any order.
    fn heads(&self, ids: Vec<ConversationId>) -> Answer<'_, Vec<(ConversationId, Seq)>>;

    /// The visitor's conversations: the open one first, then by start, latest first; at most `limit`.
    fn conversations_of(&self, visitor: VisitorId, limit: usize) -> Answer<'_, Vec<Conversation>>;

    /// Remembers what a `bulk` asked under its key and answers what the first one asked.
    fn remember_bulk(&self, author: PersonId, key: Key, bulk: BulkRecord)
    -> Answer<'_, BulkRecord>;
}

/// How long a visitor with these starts, latest first, has to wait before another one at `now`.
pub(crate) fn too_many(starts: &[i64], starts_per_minute: u32, now: i64) -> Option<u64> {
    const MINUTE_MS: i64 = 60_000;
    let allowed = usize::try_from(starts_per_minute).unwrap_or(usize::MAX);
    let recent = starts.iter().take_while(|at| **at > now - MINUTE_MS).count();
    // Of so many, this one must be a minute old before there is room for another.
    let in_the_way = match allowed {
        _ if recent < allowed => return None,
        0 => now,
        _ => starts[allowed - 1],
    };
    Some((in_the_way + MINUTE_MS - now).unsigned_abs())
}

/// A conversation to begin. `conversation` is the state after `events`.
#[derive(Clone, Debug)]
pub struct Start {
    pub conversation: Arc<Conversation>,
    pub events: Vec<Committed>,
    /// The first message's key; with [`ConversationId::NOWHERE`] as its conversation.
    pub scope: KeyScope,
    pub remembered: Remembered,
    /// Starts of this visitor in the 60 s before this one that are still allowed.
    pub starts_per_minute: u32,
}

/// What became of a [`Start`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    Done,
    Repeated(Remembered),
    AlreadyOpen(ConversationId),
    /// Try again after so many milliseconds.
    TooMany {
        retry_after_ms: u64,
    },
}

/// Events to add to a conversation that exists. `conversation` is the state after them.
#[derive(Clone, Debug)]
pub struct Append {
    pub conversation: Arc<Conversation>,
    pub at_head: Seq,
    pub events: Vec<Committed>,
    /// With this conversation in its scope.
    pub key: Option<(KeyScope, Remembered)>,
}

/// What became of an [`Append`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    Done,
    /// The key has been used; this was the answer, and nothing was added.
    Repeated(Remembered),
    /// The head is another than `at_head`; nothing was added. Catch up and judge again.
    Stale,
}

/// Which events, in the audience's numbering; bounds are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// The first ones after this number.
    After(u64),
    /// The last ones before this number.
    Before(u64),
}

/// What a `bulk` asked; ids as they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkRecord {
    pub action: BulkAction,
    pub conversations: Vec<String>,
}
