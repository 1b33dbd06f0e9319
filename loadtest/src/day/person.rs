//! One person's connection, and what it has asked and not yet been answered.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;

use crate::crowd::LineId;

/// Whose connection, whose command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// The visitor of a conversation.
    Visitor(u32),
    Agent(u32),
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Hello,
    InboxWatch,
    Watch,
    Unwatch,
    Typing,
    Start,
    Say,
    SayAndClose,
    Note,
    Claim,
    Unclaim,
    Close,
    /// A message into a closed conversation, which must be refused.
    SayTooLate,
}

/// A question without an answer yet.
#[derive(Clone, Debug)]
pub struct Errand {
    pub wish: Wish,
    pub conversation: u32,
    /// Of the message or note.
    pub number: Option<u32>,
    /// The whole frame: asked again it is the same, key and all.
    pub frame: Bytes,
    pub intended: Instant,
}

/// One person.
#[derive(Debug, Default)]
pub struct Person {
    pub line: Option<LineId>,
    /// `hello` has been answered on this connection.
    pub is_present: bool,
    pub token: String,
    pub errands: BTreeMap<u32, Errand>,
    asked: u32,
}

impl Wish {
    pub fn op(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::InboxWatch => "inbox.watch",
            Self::Watch => "conversation.watch",
            Self::Unwatch => "conversation.unwatch",
            Self::Typing => "typing",
            Self::Start => "conversation.start",
            Self::Say | Self::SayAndClose | Self::SayTooLate => "message.send",
            Self::Note => "note.add",
            Self::Claim => "conversation.claim",
            Self::Unclaim => "conversation.unclaim",
            Self::Close => "conversation.close",
        }
    }

    /// Whether it carries a key, so that it is asked again until there is an answer.
    pub fn is_keyed(self) -> bool {
        !matches!(self, Self::Hello | Self::InboxWatch | Self::Watch | Self::Unwatch | Self::Typing)
    }
}

impl Person {
    /// The number of the next question.
    pub fn next(&mut self) -> u32 {
        self.asked += 1;
        self.asked
    }

    /// The connection is gone: questions without a key go with it, the others are asked again.
    pub fn loses_connection(&mut self) {
        (self.line, self.is_present) = (None, false);
        self.errands.retain(|_, errand| errand.wish.is_keyed());
    }
}
