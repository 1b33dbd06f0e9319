//! What a client may ask: one struct of arguments for each operation.
//!
//! A missing, wrong or out-of-range argument fails to decode and is answered `bad_request`; fields
//! that are not named here are ignored, so newer clients may say more.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::limits::{
    BULK_MAX, HELLO_WATCH_MAX, HISTORY_LIMIT_MAX, INBOX_LIMIT_MAX, PROFILE_CHARS_MAX,
    SEARCH_CHARS_MAX, URL_CHARS_MAX,
};
use crate::{ConversationId, Key, Text};

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident($args:ty) = $name:literal;)*) => {
        /// One request, decoded and in range.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Operation { $($(#[$doc])* $variant($args),)* }

        impl Operation {
            /// Every operation's name, in the order of the contract.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name on the wire.
            pub fn name(&self) -> &'static str {
                match self { $(Operation::$variant(_) => $name,)* }
            }

            /// Reads the arguments of the operation called `name`; the error is for people.
            pub fn from_parts(name: &str, args: Value) -> Result<Self, String> {
                match name {
                    $($name => serde_json::from_value(args)
                        .map(Operation::$variant)
                        .map_err(|error| format!("{}: {error}", $name)),)*
                    _ => Err(format!("there is no operation {name:?}")),
                }
            }

            /// The arguments as a value; the inverse of [`Operation::from_parts`].
            pub fn args(&self) -> Value {
                match self {
                    $(Operation::$variant(args) => serde_json::to_value(args).unwrap_or_default(),)*
                }
            }
        }
    };
}

operations! {
    /// First on every socket: who is there.
    Hello(HelloArgs) = "hello";
    /// A sign of life.
    Ping(Nothing) = "ping";
    /// A snapshot, then every event as it is committed.
    Watch(Watch) = "conversation.watch";
    /// No more events of this conversation.
    Unwatch(Unwatch) = "conversation.unwatch";
    /// A page of events.
    History(History) = "history";
    /// A message, and for agents optionally the close with it.
    Send(Send) = "message.send";
    /// Somebody is writing, or stopped.
    Typing(Typing) = "typing";
    /// Visitors: a new conversation with its first message.
    Start(Start) = "conversation.start";
    /// Agents: own it, if nobody does.
    Claim(Keyed) = "conversation.claim";
    /// Agents: own it no longer.
    Unclaim(Keyed) = "conversation.unclaim";
    /// Agents: end it.
    Close(Close) = "conversation.close";
    /// Agents: a note that no visitor ever notices.
    Note(Note) = "note.add";
    /// Agents: a page of the inbox.
    InboxList(InboxList) = "inbox.list";
    /// Agents: every change of the inbox.
    InboxWatch(InboxWatch) = "inbox.watch";
    /// Agents: the same for many conversations.
    Bulk(Bulk) = "bulk";
}

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    pub locale: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    pub timezone: Option<String>,
    /// At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "few_watches")]
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
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    pub email: Option<String>,
}

/// The page the visitor is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Page {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "address")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "short")]
    pub title: Option<String>,
}

/// One conversation to resume; the id is echoed, so it is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchFrom {
    pub conversation: String,
    /// The last number seen; 0 for all.
    #[serde(default)]
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
#[serde(try_from = "HistoryAsSent")]
pub struct History {
    pub conversation: ConversationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// 1 to 200, default 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    #[serde(default)]
    pub queue: Queue,
    #[serde(default)]
    pub status: StatusFilter,
    /// Every word must be part of a name, an e-mail, a message or a note.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "search_words")]
    pub search: Option<String>,
    #[serde(default)]
    pub sort: Sort,
    #[serde(default)]
    pub order: Order,
    /// `next` of the page before, with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1 to 100, default 25.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "inbox_limit")]
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
    pub action: BulkAction,
    /// 1 to 100 different ids; each is echoed, so it is kept as it came.
    #[serde(deserialize_with = "different_ids")]
    pub conversations: Vec<String>,
}

fn bounded<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    match &text {
        Some(text) if text.chars().nth(max).is_some() => {
            Err(D::Error::custom(format!("longer than {max} characters")))
        }
        Some(text) if text.contains('\0') => Err(D::Error::custom("contains U+0000")),
        _ => Ok(text),
    }
}

fn short<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, PROFILE_CHARS_MAX)
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, URL_CHARS_MAX)
}

fn search_words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, SEARCH_CHARS_MAX)
}

fn few_watches<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<WatchFrom>, D::Error> {
    let watches = Vec::deserialize(from)?;
    if watches.len() > HELLO_WATCH_MAX {
        return Err(D::Error::custom(format!("watch has more than {HELLO_WATCH_MAX} items")));
    }
    Ok(watches)
}

fn inbox_limit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let limit = Option::<u32>::deserialize(from)?;
    match limit {
        Some(n) if n == 0 || n > INBOX_LIMIT_MAX => Err(D::Error::custom("limit is 1 to 100")),
        _ => Ok(limit),
    }
}

fn different_ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let ids = Vec::<String>::deserialize(from)?;
    if ids.is_empty() || ids.len() > BULK_MAX {
        return Err(D::Error::custom(format!("name 1 to {BULK_MAX} conversations")));
    }
    let mut sorted: Vec<&str> = ids.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(D::Error::custom("a conversation is named twice"));
    }
    Ok(ids)
}
