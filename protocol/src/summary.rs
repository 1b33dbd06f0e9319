//! A conversation in a list.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{By, ConversationId, Person, PersonId, SiteId};

/// Where a conversation stands. Ownership is another axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Open,
    Closed,
    /// Reserved: no operation leads here yet.
    Converted,
}

/// One conversation, computed from the events its audience may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    pub id: ConversationId,
    pub site: SiteId,
    pub status: Status,
    /// A closed conversation keeps its last owner.
    pub owner: Option<Person>,
    pub visitor: SummaryVisitor,
    /// The head, in the asker's numbering.
    pub seq: u64,
    pub started_at: i64,
    /// Time of start, last message (agents: or note) or close.
    pub activity_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<ClosedBy>,
    pub preview: Preview,
    /// Agents only: visitor messages after the last agent message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
}

/// The person asking, as its audience may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SummaryVisitor {
    pub id: PersonId,
    /// Empty when not known.
    pub name: Arc<str>,
    /// Agents only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Arc<str>>,
    /// Has a socket.
    pub online: bool,
}

/// Who closed it; visitors see no id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClosedBy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PersonId>,
    pub name: Arc<str>,
}

/// The last message (agents: or note), cut to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    pub by: By,
    pub text: Arc<str>,
    pub at: i64,
}
