//! Wishes, and what judging them yields.

use protocol::Text;

use crate::{Event, Seq};

/// What somebody wants to do to a conversation that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A message; with `then_close` also the close, both or neither.
    Post {
        text: Text,
        then_close: bool,
    },
    /// Words for agents only.
    Note {
        text: Text,
    },
    Claim,
    Unclaim,
    /// With `expected`: only if nothing came after that number.
    Close {
        expected: Option<Seq>,
    },
}

/// A wish granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These events, in one step; the first is the one the command names.
    Commit(Vec<Event>),
    /// It is so already: the event that made it so, and when.
    Already { seq: Seq, at: i64 },
}
