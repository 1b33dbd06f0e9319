//! One table of codes: feeds Rust, schema, TypeScript and documentation. Codes are never reused.

use serde::{Deserialize, Serialize};

/// What a client does about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Send the same frame again after `retry_after_ms`.
    Retry,
    /// Take in what `detail` brings, then decide again.
    Resync,
    /// Connect and say `hello` again, with a fresh token.
    Reconnect,
    /// Sending it again will not help.
    GiveUp,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $remedy:ident;)*) => {
        /// Why a request was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code as it stands on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => $code,)* }
            }

            /// What the client does about it.
            pub const fn remedy(self) -> Remedy {
                match self { $(ErrorCode::$name => Remedy::$remedy,)* }
            }
        }
    };
}

error_codes! {
    /// The frame, an argument or a combination of arguments is not what the contract allows.
    BadRequest = "bad_request", GiveUp;
    /// No `hello` yet, or a bad, expired or foreign token.
    Unauthorized = "unauthorized", Reconnect;
    /// The operation belongs to the other role.
    Forbidden = "forbidden", GiveUp;
    /// No such thing, or not yours: both are answered alike.
    NotFound = "not_found", GiveUp;
    /// Another agent owns the conversation; `detail.owner` says who.
    AlreadyClaimed = "already_claimed", GiveUp;
    /// Only the owner may do this; `detail.owner` says who that is, or null.
    NotOwner = "not_owner", GiveUp;
    /// The conversation is closed, and close is final.
    ConversationClosed = "conversation_closed", GiveUp;
    /// The visitor has an open conversation already: `detail.conversation`.
    ConversationOpen = "conversation_open", GiveUp;
    /// The conversation has moved past `expected_seq`; `detail` brings the head and what is new.
    Conflict = "conflict", Resync;
    /// The message is larger than the contract allows.
    TooLarge = "too_large", GiveUp;
    /// Too fast; nothing was committed.
    RateLimited = "rate_limited", Retry;
    /// The store cannot be reached; nothing was committed, or the same `key` will say so.
    Unavailable = "unavailable", Retry;
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// Why the server closed a WebSocket.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseCode { $($(#[$doc])* $name,)* }

        impl CloseCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [CloseCode] = &[$(CloseCode::$name,)*];

            /// The number in the close frame.
            pub const fn number(self) -> u16 {
                match self { $(CloseCode::$name => $code,)* }
            }

            /// The name in documents and in TypeScript.
            pub const fn as_str(self) -> &'static str {
                match self { $(CloseCode::$name => stringify!($name),)* }
            }
        }
    };
}

close_codes! {
    /// The server is going away; come back after `bye.retry_after_ms`.
    GoingAway = 1001;
    /// Text on the MessagePack subprotocol, or binary on JSON.
    WrongFrameKind = 1003;
    /// A message over the limit.
    TooLarge = 1009;
    /// Ten frames that did not parse.
    BadFrames = 4400;
    /// No or no longer a valid token.
    Unauthorized = 4401;
    /// Not allowed here.
    Forbidden = 4403;
    /// No `hello` in time, or no sign of life.
    Idle = 4408;
    /// Reads too slowly or sends too much; reconnect and resume.
    TooSlow = 4429;
}
