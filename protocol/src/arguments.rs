//! One struct of arguments for each operation.
//!
//! A missing, wrong or out-of-range argument fails to decode and is answered `bad_request`; fields
//! that are not named here are ignored, so newer clients may say more.

use serde::{Deserialize, Serialize};

use crate::checked::{
    address, different_ids, few_watches, inbox_limit, object, search_words, short, word,
    word_if_any,
};
use crate::limits::HISTORY_LIMIT_MAX;
use crate::{ConversationId, Key, Text};

/// No arguments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Nothing {}

/// Who is there, and what it was watching.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HelloArgs {
    /// A visitor without one becomes a new visitor; an agent may have a cookie instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub profile: Option<Profile>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub page: Option<Page>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    #[cfg_attr(feature = "schema", schemars(length(max = 320)))]
    pub locale: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    #[cfg_attr(feature = "schema", schemars(length(max = 320)))]
    pub timezone: Option<String>,
    /// At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "few_watches")]
    #[cfg_attr(feature = "schema", schemars(length(max = 50)))]
    pub watch: Vec<WatchFrom>,
}

/// The token stays out of logs.
impl std::fmt::Debug for HelloArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HelloArgs")
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}

/// What a visitor says of itself; a claim, not a proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Profile {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    #[cfg_attr(feature = "schema", schemars(length(max = 320)))]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    #[cfg_attr(feature = "schema", schemars(length(max = 320)))]
    pub email: Option<String>,
}

/// The page the visitor is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Page {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "address")]
    #[cfg_attr(feature = "schema", schemars(length(max = 2048)))]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    #[cfg_attr(feature = "schema", schemars(length(max = 320)))]
    pub title: Option<String>,
}

/// One conversation to resume; the id is echoed, so it is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchFrom {
    pub conversation: String,
    /// The last number seen; 0 for all.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(!default))]
    pub after: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Watch {
    pub conversation: ConversationId,
    /// The last number seen; 0 for all.
    #[serde(default)]
    pub after: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unwatch {
    pub conversation: ConversationId,
}

/// `after` and `before` are exclusive, and at most one of them is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(!try_from))]
#[cfg_attr(feature = "schema", schemars(extend("not" = { "required": ["after", "before"] })))]
#[serde(try_from = "HistoryAsSent")]
pub struct History {
    pub conversation: ConversationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// 1 to 200, default 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    pub limit: Option<u32>,
}

#[derive(Deserialize)]
struct HistoryAsSent {
    conversation: ConversationId,
    after: Option<u64>,
    before: Option<u64>,
    limit: Option<u32>,
}

impl TryFrom<HistoryAsSent> for History {
    type Error = &'static str;

    fn try_from(sent: HistoryAsSent) -> Result<Self, Self::Error> {
        let HistoryAsSent { conversation, after, before, limit } = sent;
        if after.is_some() && before.is_some() {
            return Err("give after or before, not both");
        }
        if limit.is_some_and(|n| n == 0 || n > HISTORY_LIMIT_MAX) {
            return Err("limit is 1 to 200");
        }
        Ok(Self { conversation, after, before, limit })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Send {
    pub conversation: ConversationId,
    pub key: Key,
    pub text: Text,
    /// Agents: close in the same step.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "word_if_any")]
    pub then: Option<Then>,
}

/// What follows a message in the same step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Then {
    Close,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Typing {
    pub conversation: ConversationId,
    pub active: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Start {
    pub key: Key,
    pub text: Text,
    /// What the visitor typed into the form before the chat.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object")]
    pub prechat: Option<Profile>,
}

/// `conversation.claim` and `conversation.unclaim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Keyed {
    pub conversation: ConversationId,
    pub key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Close {
    pub conversation: ConversationId,
    pub key: Key,
    /// Close only if the head still is this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    pub conversation: ConversationId,
    pub key: Key,
    pub text: Text,
}

/// Whose conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    #[default]
    All,
    Mine,
    Unassigned,
}

/// Conversations in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    #[default]
    Open,
    Closed,
    Converted,
    All,
}

/// By what the inbox is sorted; ties by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Activity,
    Started,
    Visitor,
    Status,
    Assignee,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Desc,
    Asc,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InboxList {
    #[serde(default, deserialize_with = "word")]
    pub queue: Queue,
    #[serde(default, deserialize_with = "word")]
    pub status: StatusFilter,
    /// Every word must be part of a name, an e-mail, a message or a note.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "search_words")]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub search: Option<String>,
    #[serde(default, deserialize_with = "word")]
    pub sort: Sort,
    #[serde(default, deserialize_with = "word")]
    pub order: Order,
    /// `next` of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1 to 100, default 25.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "inbox_limit")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InboxWatch {
    pub on: bool,
}

/// What `bulk` does to each conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    Claim,
    Unclaim,
    Close,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bulk {
    pub key: Key,
    #[serde(deserialize_with = "word")]
    pub action: BulkAction,
    /// 1 to 100 different ids; each is echoed, so it is kept as it came.
    #[serde(deserialize_with = "different_ids")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    #[cfg_attr(feature = "schema", schemars(extend("uniqueItems" = true)))]
    pub conversations: Vec<String>,
}
