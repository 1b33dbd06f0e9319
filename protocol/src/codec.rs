//! The two codecs. Both carry the same model: [`serde_json::Value`] is the meeting point, so what one
//! refuses (binary blobs, keys that are no strings, bytes after the value) the other refuses too.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::NESTING_MAX;

/// How frames are written on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Text frames, `frontdesk.v1.json`.
    Json,
    /// Binary frames, `frontdesk.v1.msgpack`: maps with the same string keys.
    Msgpack,
}

/// Bytes that are not one whole value of the codec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(pub String);

impl Codec {
    /// Both codecs, in the order of preference.
    pub const ALL: [Codec; 2] = [Codec::Json, Codec::Msgpack];

    /// The subprotocol a client offers for it.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Codec::Json => "frontdesk.v1.json",
            Codec::Msgpack => "frontdesk.v1.msgpack",
        }
    }

    /// Reads one value and all of the bytes. Nesting is bounded, and so is memory: about sixteen times
    /// the input.
    pub fn parse(self, bytes: &[u8]) -> Result<Value, ParseError> {
        let value = match self {
            Codec::Json => serde_json::from_slice(bytes).map_err(ParseError::of)?,
            Codec::Msgpack => parse_msgpack(bytes)?,
        };
        if deeper_than(&value, NESTING_MAX) {
            return Err(ParseError(format!("nested deeper than {NESTING_MAX}")));
        }
        Ok(value)
    }

    /// Writes a frame. Our own types always serialise: string keys, no floats.
    pub fn encode<T: Serialize>(self, frame: &T) -> Bytes {
        match self {
            Codec::Json => serde_json::to_vec(frame).map(Bytes::from).unwrap_or_default(),
            Codec::Msgpack => rmp_serde::to_vec_named(frame).map(Bytes::from).unwrap_or_default(),
        }
    }
}

impl ParseError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

fn parse_msgpack(bytes: &[u8]) -> Result<Value, ParseError> {
    let mut rest = bytes;
    let mut reader = rmp_serde::Deserializer::new(&mut rest);
    reader.set_max_depth(NESTING_MAX + 2);
    let value = Value::deserialize(&mut reader).map_err(ParseError::of)?;
    if !rest.is_empty() {
        return Err(ParseError(format!("{} bytes after the value", rest.len())));
    }
    Ok(value)
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|v| deeper_than(v, levels - 1)),
        Value::Object(map) => levels == 0 || map.values().any(|v| deeper_than(v, levels - 1)),
        _ => false,
    }
}
