//! What the server answers: `ok` bodies, refusals and their detail.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ErrorCode, EventFrame, Person, Remedy, Summary};

/// `{"re": …, "ok": …}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer<T> {
    pub re: u32,
    pub ok: T,
}

/// `{"re": …, "err": …}`; `re` is null for a frame without a usable id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refused {
    pub re: Option<u32>,
    pub err: ErrorBody,
}

/// Why not, and what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorBody {
    pub code: ErrorCode,
    /// For people; may change.
    pub message: Arc<str>,
    pub remedy: Remedy,
    /// What goes with the code; empty for most.
    #[serde(default)]
    pub detail: Box<Detail>,
    /// With the remedy `retry`: how long to wait, in milliseconds.
    #[serde(default)]
    pub retry_after_ms: u64,
}

/// What goes with a refusal, by code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Detail {
    /// `already_claimed`, `not_owner`: who owns it; null for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::catalog::OrNull<Person>"))]
    pub owner: Option<Option<Person>>,
    /// `conversation_open`: the open one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<crate::ConversationId>,
    /// `conflict`: the head as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<u64>,
    /// `conflict`: the events after `expected_seq`, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<crate::catalog::AnyEvent>>"))]
    pub events: Option<Vec<EventFrame>>,
}

/// Tells a null that is there from a field that is not.
fn present<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(from).map(Some)
}

impl ErrorBody {
    /// A refusal without detail.
    pub fn new(code: ErrorCode, message: impl Into<Arc<str>>) -> Self {
        let remedy = code.remedy();
        Self { code, message: message.into(), remedy, detail: Box::default(), retry_after_ms: 0 }
    }

    /// The same with what goes with it.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = Box::new(detail);
        self
    }

    /// The same with a time to wait, in milliseconds.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = ms;
        self
    }
}

/// An `ok` that says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Empty {}

/// `hello`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hello {
    /// Always 1.
    pub protocol: u32,
    /// The node's name.
    pub node: Arc<str>,
    /// This connection, for support and logs.
    pub session: String,
    #[serde(rename = "self")]
    pub me: HelloSelf,
    /// Keep it: it is what makes this visitor the same one next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Some agent of the site is connected.
    pub online: bool,
    /// Between two signs of life from the server.
    pub heartbeat_ms: u64,
    pub limits: HelloLimits,
    /// The visitor's open conversation, if any, else the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Summary>,
    /// One for each asked, in order.
    pub watching: Vec<WatchOutcome>,
}

/// The token stays out of logs.
impl std::fmt::Debug for Hello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello")
            .field("session", &self.session)
            .field("me", &self.me)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// Who the server takes the client to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HelloSelf {
    pub role: crate::Role,
    pub id: crate::PersonId,
    pub name: Arc<str>,
}

/// What a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HelloLimits {
    /// Characters in a text.
    pub text_max: u64,
    /// Bytes in a message.
    pub frame_max: u64,
}

/// A snapshot to start from; live events go on at `head` + 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Watched {
    pub conversation: Summary,
    /// Ascending from `after` + 1, at most 200.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::catalog::AnyEvent>"))]
    pub events: Vec<EventFrame>,
    /// The head at the moment of the snapshot.
    pub head: u64,
    /// The numbers between the last of `events` and `head` are had from `history`.
    pub more: bool,
    /// `after` was beyond the head: forget what is there and take `events` from 1.
    pub reset: bool,
}

/// One item of `hello.watching`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum WatchOutcome {
    Watched(Box<Watched>),
    Refused { id: String, err: ErrorBody },
}

impl<'de> Deserialize<'de> for WatchOutcome {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        #[derive(Deserialize)]
        struct RefusedItem {
            id: String,
            err: ErrorBody,
        }
        let value = serde_json::Value::deserialize(from)?;
        if value.get("err").is_some() {
            let RefusedItem { id, err } =
                serde_json::from_value(value).map_err(D::Error::custom)?;
            return Ok(Self::Refused { id, err });
        }
        serde_json::from_value(value).map(Self::Watched).map_err(D::Error::custom)
    }
}

/// `ping`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ponged {
    pub at: i64,
}

/// `history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryPage {
    /// Ascending.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::catalog::AnyEvent>"))]
    pub events: Vec<EventFrame>,
    pub head: u64,
    /// There are others in the direction asked.
    pub more: bool,
}

/// `message.send`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sent {
    pub seq: u64,
    pub at: i64,
    /// With `then: "close"`: the number of the close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_seq: Option<u64>,
}

/// `conversation.claim`, `conversation.unclaim`, `conversation.close`, `note.add`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeqAnswer {
    pub seq: u64,
    /// When the event that the command names was committed.
    pub at: i64,
}

/// `conversation.start`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Started {
    pub conversation: Summary,
    pub seq: u64,
    /// When the first message was committed.
    pub at: i64,
}

/// The whole site's numbers for one agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    pub open: u64,
    pub mine: u64,
    pub unassigned: u64,
}

/// `inbox.list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InboxPage {
    pub rows: Vec<Summary>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Rows that match, over all pages.
    pub total: u64,
    pub counts: Counts,
}

/// `inbox.watch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CountsAnswer {
    pub counts: Counts,
}

/// `bulk`: one for each asked, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bulked {
    pub results: Vec<BulkItem>,
}

/// What became of one conversation of a `bulk`: `ok` or `err`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BulkItem {
    pub conversation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<SeqAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<ErrorBody>,
}
