//! The envelope from client to server.

use std::borrow::Cow;

use crate::tree::{Entry, Tree};
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
        let Tree::Map(frame) = codec.parse_tree(bytes)? else {
            return Err(BadFrame("a frame is an object".into()));
        };
        let Parts { id, op, args } = Parts::of(frame)?;
        let args = match args {
            None | Some(Tree::Null) => Ok(Tree::Map(Vec::new())),
            Some(args @ Tree::Map(_)) => Ok(args),
            Some(_) => Err("args must be an object".to_owned()),
        };
        Ok(Self { id, operation: args.and_then(|args| Operation::from_parts(&op, args)) })
    }

    /// The operation that a frame names, if it is a frame, whatever else is wrong with it.
    pub fn operation_named(codec: Codec, bytes: &[u8]) -> Option<String> {
        let Ok(Tree::Map(frame)) = codec.parse_tree(bytes) else { return None };
        Parts::of(frame).ok().map(|parts| parts.op.into_owned())
    }

    /// Writes the frame; what clients use.
    pub fn encode(codec: Codec, id: u32, operation: &Operation) -> bytes::Bytes {
        codec.encode(&serde_json::json!({
            "id": id, "op": operation.name(), "args": operation.args(),
        }))
    }
}

/// What a frame is made of; anything else in it is ignored.
struct Parts<'a> {
    id: u32,
    op: Cow<'a, str>,
    args: Option<Tree<'a>>,
}

impl<'a> Parts<'a> {
    fn of(frame: Vec<Entry<'a>>) -> Result<Self, BadFrame> {
        let (mut id, mut op, mut args) = (None, None, None);
        for (key, value) in frame {
            match (&*key, value) {
                ("id", Tree::Whole(number)) => id = u32::try_from(number).ok(),
                ("op", Tree::Text(name)) => op = Some(name),
                ("args", value) => args = Some(value),
                _ => {}
            }
        }
        let id = id.ok_or_else(|| BadFrame("id must be an unsigned 32-bit integer".into()))?;
        let op = op.ok_or_else(|| BadFrame("op must be a string".into()))?;
        Ok(Self { id, op, args })
    }
}

impl From<ParseError> for BadFrame {
    fn from(error: ParseError) -> Self {
        Self(error.0)
    }
}
