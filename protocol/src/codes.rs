//! One table of codes: feeds Rust, schema, TypeScript and documentation. Codes are never reused.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// A closed table of words on the wire, open to newer ones when read.
macro_rules! codes {
    ($(#[$about:meta])* $enum:ident: $($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $enum {
            $($(#[doc = $doc])* $name,)*
            /// A code newer than this program. Only ever read: act on what comes with it.
            Unknown,
        }

        impl $enum {
            /// Every code, in the order of the table.
            pub const ALL: &'static [$enum] = &[$($enum::$name,)*];

            /// The code as it stands on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $($enum::$name => $code,)* $enum::Unknown => "unknown" }
            }

            /// What it means, for documents.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $($enum::$name => concat!($($doc),*).trim_ascii(),)*
                    $enum::Unknown => "",
                }
            }
        }

        impl Serialize for $enum {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $enum {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <Cow<'de, str>>::deserialize(deserializer)?;
                let known = Self::ALL.iter().find(|known| known.as_str() == code);
                Ok(known.copied().unwrap_or(Self::Unknown))
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $enum {
            fn schema_name() -> Cow<'static, str> {
                stringify!($enum).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($code),*] })
            }
        }
    };
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $remedy:ident;)*) => {
        codes! {
            /// Why a request was refused. Newer servers may know more: `remedy` says what to do.
            ErrorCode: $($(#[doc = $doc])* $name = $code;)*
        }

        impl ErrorCode {
            /// What the client does about it.
            pub const fn remedy(self) -> Remedy {
                match self {
                    $(ErrorCode::$name => Remedy::$remedy,)*
                    ErrorCode::Unknown => Remedy::GiveUp,
                }
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

codes! {
    /// Why the server says goodbye. Newer servers may know more; `reconnect` says what to do about those.
    ByeCode:
    /// The server is being stopped; come back after `retry_after_ms`.
    GoingAway = "going_away";
    /// No or no longer a valid token.
    Unauthorized = "unauthorized";
    /// Not allowed here.
    Forbidden = "forbidden";
    /// Ten frames that could not be read.
    BadFrames = "bad_frames";
    /// No `hello` in time, or no sign of life.
    Idle = "idle";
    /// Reads too slowly or sends too much; reconnect and resume.
    TooSlow = "too_slow";
}

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        /// Why the server closed a WebSocket.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseCode { $($(#[doc = $doc])* $name,)* }

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

            /// What it means, for documents.
            pub const fn meaning(self) -> &'static str {
                match self { $(CloseCode::$name => concat!($($doc),*).trim_ascii(),)* }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorBody;

    #[test]
    fn a_code_newer_than_this_program_is_read_with_its_remedy() {
        let newer = r#"{"code": "on_fire", "message": "run", "remedy": "retry"}"#;
        let error: ErrorBody = serde_json::from_str(newer).unwrap();
        assert_eq!((error.code, error.remedy), (ErrorCode::Unknown, Remedy::Retry));
    }

    #[test]
    fn every_code_is_read_as_it_is_written() {
        for &code in ErrorCode::ALL {
            assert_eq!(serde_json::from_value::<ErrorCode>(serde_json::json!(code)).unwrap(), code);
        }
        assert!(!ErrorCode::ALL.contains(&ErrorCode::Unknown));
    }
}
