//! The envelope from client to server.

use serde_json::Value;

use crate::{Codec, Operation, ParseError};

/// One frame from a client that parses and has a usable `id` and `op`.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Chosen by the client, echoed as `re`.
    pub id: u32,
    /// What is asked, or why that is a `bad_request`, in words for people.
    pub operation: Result<Operation, String>,
}

/// A frame that does not parse, or has no usable `id` and `op`. Ten of them close the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame(pub String);

impl Request {
    /// Reads one frame. No input panics, allocates without bound or leaves bytes unread.
    pub fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, BadFrame> {
        let Value::Object(mut frame) = codec.parse(bytes)? else {
            return Err(BadFrame("a frame is an object".into()));
        };
        let id = frame.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let Some(id) = id else {
            return Err(BadFrame("id must be an unsigned 32-bit integer".into()));
        };
        let Some(Value::String(op)) = frame.remove("op") else {
            return Err(BadFrame("op must be a string".into()));
        };
        let args = match frame.remove("args") {
            None | Some(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
            Some(args @ Value::Object(_)) => Ok(args),
            Some(_) => Err("args must be an object".to_owned()),
        };
        Ok(Self { id, operation: args.and_then(|args| Operation::from_parts(&op, args)) })
    }

    /// Writes the frame; what clients use.
    pub fn encode(codec: Codec, id: u32, operation: &Operation) -> bytes::Bytes {
        codec.encode(&serde_json::json!({
            "id": id, "op": operation.name(), "args": operation.args(),
        }))
    }
}

impl From<ParseError> for BadFrame {
    fn from(error: ParseError) -> Self {
        Self(error.0)
    }
}
