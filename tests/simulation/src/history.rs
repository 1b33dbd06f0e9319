//! Everything that happened, in the order it happened.
//!
//! Written by the world while it runs and by nobody afterwards; the promises are judged from this
//! alone. What a client was told is written when it leaves the node: what is on its way is out of the
//! node's hands.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conversation::{Command, Committed, Conversation, Deed, Rejection, Subject};
use hub::{Answer, Page, Refusal, Snapshot, Started};
use protocol::{ConversationId, Key, Text};
use store::Range;
use tokio::time::Instant;

use crate::dice::mixed;

/// A place in the history.
pub type Step = usize;
/// One question by one client over one connection.
pub type AttemptId = u64;
/// One connection.
pub type ConnectionId = u64;

/// One process: a slot in the cluster, and how often it has been started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId {
    pub slot: usize,
    pub start: usize,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Since the world began.
    pub at: Duration,
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Fault(Fault),
    /// The store has it from now on.
    Committed {
        by: Option<NodeId>,
        conversation: ConversationId,
        events: Vec<Committed>,
    },
    Connected {
        connection: ConnectionId,
        who: Subject,
        node: NodeId,
    },
    /// Its client has hung up, or heard that the node is gone.
    Ended {
        connection: ConnectionId,
    },
    /// The ear was full: nothing more goes to this connection.
    Overflowed {
        connection: ConnectionId,
    },
    Asked {
        attempt: AttemptId,
        connection: ConnectionId,
        conversation: ConversationId,
        question: Question,
    },
    /// It has reached the hub.
    Arrived {
        attempt: AttemptId,
    },
    Answered {
        attempt: AttemptId,
        answer: Answered,
    },
    /// An event was told.
    Told {
        connection: ConnectionId,
        conversation: ConversationId,
        event: Committed,
    },
    /// It was told although the connection's ear had said that nobody listens.
    ToldInVain {
        connection: ConnectionId,
        conversation: ConversationId,
    },
    /// A row of the inbox was told.
    Row {
        connection: ConnectionId,
        row: Box<Conversation>,
    },
    Counts {
        connection: ConnectionId,
        counts: protocol::Counts,
    },
    /// From now on there are no faults; hints may still all be lost.
    Healed,
    /// The world ends.
    Over,
}

/// What is done to the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    Started(NodeId),
    Crashed(NodeId),
    Paused(NodeId),
    Resumed(NodeId),
    /// How hints travel from now on.
    Hints(String),
    /// How well a node reaches the store from now on; `true`: as it should.
    Store(NodeId, String, bool),
    Clock(NodeId, i64),
}

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    Start { key: Key, text: Text },
    Command { deed: Deed, key: Key, command: Command },
    Watch { after: u64 },
    Unwatch,
    History { range: Range, limit: usize },
    Typing { active: bool },
    WatchInbox,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    Committed {
        seq: u64,
        at: i64,
        closed_seq: Option<u64>,
    },
    Started {
        conversation: ConversationId,
        seq: u64,
        at: i64,
    },
    Watched {
        events: Vec<Committed>,
        head: u64,
        more: bool,
        reset: bool,
    },
    Page {
        events: Vec<Committed>,
        head: u64,
        more: bool,
    },
    Counts(protocol::Counts),
    Done,
    Rejected(Rejection),
    Conflict {
        head: u64,
        events: Vec<Committed>,
    },
    AlreadyOpen(ConversationId),
    NotFound,
    /// Ask again under the same key.
    Later {
        retry_after_ms: u64,
        rate_limited: bool,
    },
}

impl Answered {
    /// As the hub gave it.
    pub fn of(answer: Result<Answer, Refusal>) -> Self {
        match answer {
            Ok(Answer::Committed { seq, at, closed_seq }) => {
                Self::Committed { seq, at, closed_seq }
            }
            Ok(Answer::Watched(snapshot)) => {
                let Snapshot { events, head, more, reset, .. } = *snapshot;
                Self::Watched { events, head, more, reset }
            }
            Ok(Answer::Page(page)) => {
                let Page { events, head, more } = *page;
                Self::Page { events, head, more }
            }
            Ok(Answer::Counts(counts)) => Self::Counts(counts),
            Ok(Answer::Done) => Self::Done,
            Err(refusal) => Self::refused(refusal),
        }
    }

    /// A start, as the hub answered it.
    pub fn of_start(answer: Result<Started, Refusal>) -> Self {
        match answer {
            Ok(Started { conversation, seq, at }) => {
                Self::Started { conversation: conversation.id, seq, at }
            }
            Err(refusal) => Self::refused(refusal),
        }
    }

    fn refused(refusal: Refusal) -> Self {
        let later = |retry_after_ms, rate_limited| Self::Later { retry_after_ms, rate_limited };
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Rejected(rejection) => Self::Rejected(rejection),
            Refusal::Conflict { head, events } => Self::Conflict { head: head.0, events },
            Refusal::AlreadyOpen(id) => Self::AlreadyOpen(id),
            Refusal::RateLimited { retry_after_ms } => later(retry_after_ms, true),
            Refusal::Unavailable { retry_after_ms } => later(retry_after_ms, false),
            Refusal::TooSlow => later(0, false),
        }
    }
}

/// How far a client has got, as it knows itself.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub device: usize,
    pub who: Subject,
    pub conversation: ConversationId,
    /// It has every number up to this one.
    pub upto: u64,
}

/// The whole of it, with what the store holds at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub entries: Vec<Entry>,
    /// Every conversation's log as the store has it in the end.
    pub journal: BTreeMap<ConversationId, Vec<Committed>>,
    /// Every conversation's row as the store has it in the end.
    pub rows: BTreeMap<ConversationId, Conversation>,
    /// How far every client has got in the end with what it watches.
    pub views: Vec<View>,
}

impl History {
    /// A number that stands for all of it: two runs are the same if it is the same.
    pub fn fingerprint(&self) -> u64 {
        let entries = self.entries.iter().map(|entry| format!("{entry:?}"));
        let journal = self.journal.iter().map(|log| format!("{log:?}"));
        let views = self.views.iter().map(|view| format!("{view:?}"));
        entries.chain(journal).chain(views).fold(0, |hash, line| mixed(hash, line.as_bytes()))
    }
}

/// Writes the history.
pub struct Recorder {
    began: Instant,
    entries: Mutex<Vec<Entry>>,
}

impl Recorder {
    pub fn new() -> Self {
        Self { began: Instant::now(), entries: Mutex::default() }
    }

    pub fn write(&self, what: What) {
        let at = self.began.elapsed();
        self.lock().push(Entry { at, what });
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node {}.{}", self.slot, self.start)
    }
}
