//! What a client may ask: the one table of operations. Their arguments are in `arguments.rs`.

use serde::Deserialize as _;
use serde_json::Value;

use crate::text::shortened;
use crate::tree::Tree;
use crate::{
    Bulk, Close, HelloArgs, History, InboxList, InboxWatch, Keyed, Note, Nothing, Send, Start,
    Typing, Unwatch, Watch,
};

/// Who may ask; the others are answered `forbidden`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Everyone,
    Visitor,
    Agent,
}

macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])*
        $variant:ident($args:ty) -> $ok:ty = $name:literal, $who:ident $(, $keyed:ident)?;
    )*) => {
        /// One request, decoded and in range.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Operation { $($(#[doc = $doc])* $variant($args),)* }

        impl Operation {
            /// Every operation's name, in the order of the contract.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name on the wire.
            pub fn name(&self) -> &'static str {
                match self { $(Operation::$variant(_) => $name,)* }
            }

            /// Who may ask it.
            pub fn who(&self) -> Who {
                match self { $(Operation::$variant(_) => Who::$who,)* }
            }

            /// Reads the arguments of the operation called `name`; the error is for people.
            pub(crate) fn from_parts(name: &str, args: Tree<'_>) -> Result<Self, String> {
                match name {
                    $($name => <$args>::deserialize(args)
                        .map(Operation::$variant)
                        .map_err(|error| shortened(format!("{}: {error}", $name))),)*
                    _ => Err(shortened(format!("there is no operation {name:?}"))),
                }
            }

            /// The arguments as a value, as [`Request::decode`](crate::Request::decode) takes them.
            pub fn args(&self) -> Value {
                match self {
                    $(Operation::$variant(args) => serde_json::to_value(args).unwrap_or_default(),)*
                }
            }
        }

        /// The same table for the catalogue.
        #[cfg(feature = "schema")]
        pub(crate) const OPERATIONS: &[crate::catalog::OperationRow] = &[$(
            crate::catalog::OperationRow {
                name: $name,
                meaning: concat!($($doc),*).trim_ascii(),
                who: Who::$who,
                keyed: matches!(stringify!($($keyed)?).as_bytes(), b"keyed"),
                args: crate::catalog::Shape::of::<$args>(),
                ok: crate::catalog::Shape::of::<$ok>(),
            },
        )*];
    };
}

operations! {
    /// First on every socket: who is there.
    Hello(HelloArgs) -> crate::Hello = "hello", Everyone;
    /// A sign of life.
    Ping(Nothing) -> crate::Ponged = "ping", Everyone;
    /// A snapshot, then every event as it is committed.
    Watch(Watch) -> crate::Watched = "conversation.watch", Everyone;
    /// No more events of this conversation.
    Unwatch(Unwatch) -> crate::Empty = "conversation.unwatch", Everyone;
    /// A page of events.
    History(History) -> crate::HistoryPage = "history", Everyone;
    /// A message, and for agents optionally the close with it.
    Send(Send) -> crate::Sent = "message.send", Everyone, keyed;
    /// Somebody is writing, or stopped.
    Typing(Typing) -> crate::Empty = "typing", Everyone;
    /// Visitors: a new conversation with its first message.
    Start(Start) -> crate::Started = "conversation.start", Visitor, keyed;
    /// Agents: own it, if nobody does.
    Claim(Keyed) -> crate::SeqAnswer = "conversation.claim", Agent, keyed;
    /// Agents: own it no longer.
    Unclaim(Keyed) -> crate::SeqAnswer = "conversation.unclaim", Agent, keyed;
    /// Agents: end it.
    Close(Close) -> crate::SeqAnswer = "conversation.close", Agent, keyed;
    /// Agents: a note that no visitor ever notices.
    Note(Note) -> crate::SeqAnswer = "note.add", Agent, keyed;
    /// Agents: a page of the inbox.
    InboxList(InboxList) -> crate::InboxPage = "inbox.list", Agent;
    /// Agents: every change of the inbox.
    InboxWatch(InboxWatch) -> crate::CountsAnswer = "inbox.watch", Agent;
    /// Agents: the same for many conversations.
    Bulk(Bulk) -> crate::Bulked = "bulk", Agent, keyed;
}
