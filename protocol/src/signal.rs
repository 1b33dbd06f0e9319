//! What is ephemeral: signals, and the last frame before a close.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{By, ByeCode, ConversationId, Counts, Summary};

/// An unnumbered frame that may be lost (but see `inbox.row` and `inbox.counts`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalFrame {
    pub sig: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    pub data: SignalData,
}

/// What a signal says. The name stands in [`SignalFrame::sig`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SignalData {
    Typing(TypingActive),
    Presence(Presence),
    InboxRow(Box<Summary>),
    InboxCounts(Counts),
}

impl SignalData {
    /// Every signal's name, in the order of the contract.
    pub const NAMES: &'static [&'static str] = &["typing", "presence", "inbox.row", "inbox.counts"];

    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            SignalData::Typing(_) => "typing",
            SignalData::Presence(_) => "presence",
            SignalData::InboxRow(_) => "inbox.row",
            SignalData::InboxCounts(_) => "inbox.counts",
        }
    }

    /// Reads the data of the signal called `name`; `None` for one that this program does not know.
    pub fn from_parts(
        name: &str,
        data: serde_json::Value,
    ) -> Option<Result<Self, serde_json::Error>> {
        use serde_json::from_value as read;
        Some(match name {
            "typing" => read(data).map(SignalData::Typing),
            "presence" => read(data).map(SignalData::Presence),
            "inbox.row" => read(data).map(SignalData::InboxRow),
            "inbox.counts" => read(data).map(SignalData::InboxCounts),
            _ => return None,
        })
    }
}

/// `typing`: ends by itself after 6 s, and on the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TypingActive {
    pub active: bool,
}

/// `presence`, to visitors: the team came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presence {
    pub online: bool,
}

/// The last frame before the server closes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ByeFrame {
    pub bye: Bye,
}

/// Why the server closes, and whether to come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bye {
    pub code: ByeCode,
    /// For people; may change.
    pub message: Arc<str>,
    pub reconnect: bool,
    /// Jittered, so that a crowd does not return at once.
    pub retry_after_ms: u64,
}
