//! Committed facts as their audience sees them.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{ConversationId, Key, PersonId};

/// Which side somebody is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Visitor,
    Agent,
    System,
}

/// Who did it. To visitors an agent's `id` is an opaque alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct By {
    pub role: Role,
    pub id: PersonId,
    pub name: Arc<str>,
}

/// Somebody by id and name. A visitor whose name is not known has the empty name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Person {
    pub id: PersonId,
    pub name: Arc<str>,
}

/// One committed event, numbered for its audience.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventFrame {
    pub ev: Arc<str>,
    pub conversation: ConversationId,
    /// 1, 2, 3 … without gaps for this audience.
    pub seq: u64,
    /// Unix milliseconds; never goes down within a conversation.
    pub at: i64,
    pub by: By,
    pub data: EventData,
}

/// What happened. The name stands in [`EventFrame::ev`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    ConversationStarted(StartedConversation),
    MessagePosted(Posted),
    NotePosted(NotePosted),
    ConversationClaimed(Claimed),
    ConversationUnclaimed(Unclaimed),
    ConversationClosed(Closed),
    /// An event newer than this program; it counts all the same.
    Unknown(Value),
}

impl EventData {
    /// Every event's name, in the order of the contract.
    pub const NAMES: &'static [&'static str] = &[
        "conversation.started",
        "message.posted",
        "note.posted",
        "conversation.claimed",
        "conversation.unclaimed",
        "conversation.closed",
    ];

    /// The name on the wire; empty for an event that this program does not know.
    pub fn name(&self) -> &'static str {
        match self {
            EventData::ConversationStarted(_) => "conversation.started",
            EventData::MessagePosted(_) => "message.posted",
            EventData::NotePosted(_) => "note.posted",
            EventData::ConversationClaimed(_) => "conversation.claimed",
            EventData::ConversationUnclaimed(_) => "conversation.unclaimed",
            EventData::ConversationClosed(_) => "conversation.closed",
            EventData::Unknown(_) => "",
        }
    }

    fn from_parts(name: &str, data: Value) -> Result<Self, serde_json::Error> {
        use serde_json::from_value as read;
        Ok(match name {
            "conversation.started" => EventData::ConversationStarted(read(data)?),
            "message.posted" => EventData::MessagePosted(read(data)?),
            "note.posted" => EventData::NotePosted(read(data)?),
            "conversation.claimed" => EventData::ConversationClaimed(read(data)?),
            "conversation.unclaimed" => EventData::ConversationUnclaimed(read(data)?),
            "conversation.closed" => EventData::ConversationClosed(read(data)?),
            _ => EventData::Unknown(data),
        })
    }
}

impl<'de> Deserialize<'de> for EventFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct AsSent {
            ev: Arc<str>,
            conversation: ConversationId,
            seq: u64,
            at: i64,
            by: By,
            #[serde(default = "empty")]
            data: Value,
        }
        let AsSent { ev, conversation, seq, at, by, data } = AsSent::deserialize(deserializer)?;
        let data = EventData::from_parts(&ev, data).map_err(D::Error::custom)?;
        Ok(Self { ev, conversation, seq, at, by, data })
    }
}

pub(crate) fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// `conversation.started`, by the visitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartedConversation {
    pub visitor: Person,
}

/// `message.posted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Posted {
    pub text: Arc<str>,
    /// Only to its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

/// `note.posted`: agents only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotePosted {
    pub text: Arc<str>,
    /// Only to its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

/// `conversation.claimed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Claimed {
    pub owner: Person,
}

/// `conversation.unclaimed`: agents only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unclaimed {}

/// `conversation.closed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Closed {
    /// `agent`; may grow.
    pub reason: Arc<str>,
    pub text: Arc<str>,
}
