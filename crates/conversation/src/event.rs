//! Facts.

use std::sync::Arc;

use protocol::{Key, Text, VisitorId};
use serde::{Deserialize, Serialize};

use crate::{Author, Seq, VisitorSeq};

/// What both sides read once a conversation is closed.
pub const CLOSED_TEXT: &str = "This conversation has been closed.";

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Started {
        visitor: VisitorId,
        name: Arc<str>,
    },
    Posted {
        text: Text,
    },
    Noted {
        text: Text,
    },
    /// By its new owner.
    Claimed,
    Unclaimed,
    Closed {
        reason: CloseReason,
    },
}

/// Why a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    Agent,
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    pub seq: Seq,
    /// How many events up to and including this one a visitor may see: its number for visitors, if
    /// it is one of them.
    pub visitor_seq: VisitorSeq,
    /// Unix milliseconds; never goes down within a conversation.
    pub at: i64,
    pub by: Author,
    /// The author's, and only for the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    pub event: Event,
}

impl Event {
    /// Whether a visitor may know of it at all.
    pub fn is_for_visitors(&self) -> bool {
        match self {
            Event::Started { .. }
            | Event::Posted { .. }
            | Event::Claimed
            | Event::Closed { .. } => true,
            Event::Noted { .. } | Event::Unclaimed => false,
        }
    }
}
