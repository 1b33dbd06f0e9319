//! The wire contract: the words that visitors, agents and the server share.
//!
//! Start with [`Request::decode`]: what a client may say is in `operation.rs` and `arguments.rs`. What
//! the server says is in `answer.rs`, `event.rs` and `signal.rs`; `summary.rs` is a conversation in a
//! list. `codes.rs` is the one table of codes, `limits.rs` every number, `tree.rs` what both codecs
//! are read into.
//!
//! Never here: a runtime, a socket, a store, or a rule about conversations.
//! The prose version is `README.md` beside this crate. `schema/`, `vectors/` and `ts/src/wire.ts` are
//! generated from here by `cargo xtask codegen`, through the feature `schema`.

mod answer;
mod arguments;
mod build;
mod checked;
mod codec;
mod codes;
mod event;
mod ids;
pub mod limits;
mod operation;
mod request;
mod server_frame;
mod signal;
mod summary;
mod text;
mod tree;

#[cfg(feature = "schema")]
pub mod catalog;
#[cfg(feature = "schema")]
pub mod vectors;

pub use answer::{
    Answer, BulkItem, Bulked, Counts, CountsAnswer, Detail, Empty, ErrorBody, Hello, HelloLimits,
    HelloSelf, HistoryPage, InboxPage, Ponged, Refused, Sent, SeqAnswer, Started, WatchOutcome,
    Watched,
};
pub use arguments::{
    Bulk, BulkAction, Close, HelloArgs, History, InboxList, InboxWatch, Keyed, Note, Nothing,
    Order, Page, Profile, Queue, Send, Sort, Start, StatusFilter, Then, Typing, Unwatch, Watch,
    WatchFrom,
};
pub use codec::{Codec, ParseError};
pub use codes::{ByeCode, CloseCode, ErrorCode, Remedy};
pub use event::{
    By, Claimed, Closed, EventData, EventFrame, NotePosted, Person, Posted, Role,
    StartedConversation, Unclaimed,
};
pub use ids::{AgentId, ConversationId, PersonId, SiteId, VisitorId};
pub use operation::{Operation, Who};
pub use request::{BadFrame, Request};
pub use server_frame::ServerFrame;
pub use signal::{Bye, ByeFrame, Presence, SignalData, SignalFrame, TypingActive};
pub use summary::{ClosedBy, Preview, Status, Summary, SummaryVisitor};
pub use text::{Key, Text};
