//! The two codecs. Both carry the same model and meet in one kind of tree, so what one refuses (binary
//! blobs, keys that are no strings, bytes after the value) the other refuses too.

use bytes::Bytes;
use serde::de::DeserializeSeed;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;

use crate::build::{Budget, Build};
use crate::limits::NESTING_MAX;
use crate::tree::Tree;

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

/// Room that most frames never outgrow.
const FRAME_BYTES_USUAL: usize = 512;

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

    /// Reads one value and all of the bytes. Nesting is bounded, and so is memory: at most
    /// [`MEMORY_PER_BYTE`](crate::limits::MEMORY_PER_BYTE) times the input and a little.
    pub fn parse(self, bytes: &[u8]) -> Result<Value, ParseError> {
        self.read(bytes, &Budget::for_value(bytes.len())).map(Value::from)
    }

    /// The same for whoever only takes it apart: text that needs no unescaping stays where it is.
    pub(crate) fn parse_tree(self, bytes: &[u8]) -> Result<Tree<'_>, ParseError> {
        self.read(bytes, &Budget::for_tree(bytes.len()))
    }

    fn read<'a>(self, bytes: &'a [u8], budget: &Budget) -> Result<Tree<'a>, ParseError> {
        match self {
            Codec::Json => read_json(bytes, Build::new(budget)),
            Codec::Msgpack => read_msgpack(bytes, Build::new(budget)),
        }
    }

    /// Writes a frame. Our own types always serialise: string keys, no floats.
    pub fn encode<T: Serialize>(self, frame: &T) -> Bytes {
        let mut bytes = Vec::with_capacity(FRAME_BYTES_USUAL);
        let written = match self {
            Codec::Json => serde_json::to_writer(&mut bytes, frame).is_ok(),
            Codec::Msgpack => rmp_serde::encode::write_named(&mut bytes, frame).is_ok(),
        };
        if written { bytes.into() } else { Bytes::new() }
    }
}

impl ParseError {
    pub(crate) fn of(error: impl std::fmt::Display) -> Self {
        Self(crate::text::shortened(error.to_string()))
    }
}

fn read_json<'a>(bytes: &'a [u8], build: Build<'_>) -> Result<Tree<'a>, ParseError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let tree = build.deserialize(&mut reader).map_err(ParseError::of)?;
    reader.end().map_err(ParseError::of)?;
    Ok(tree)
}

fn read_msgpack<'a>(bytes: &'a [u8], build: Build<'_>) -> Result<Tree<'a>, ParseError> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    // `build` is what counts; this one only has to let 32 levels through.
    reader.set_max_depth(NESTING_MAX + 2);
    let tree = build.deserialize(&mut reader).map_err(ParseError::of)?;
    // The reader does not say what is left, but there is a marker to read wherever there is a byte.
    match bool::deserialize(&mut reader) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(tree),
        _ => Err(ParseError("bytes after the value".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> (Vec<u8>, Vec<u8>) {
        let json = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let msgpack = [vec![0x91; levels - 1], vec![0x90]].concat();
        (json.into_bytes(), msgpack)
    }

    #[test]
    fn thirty_two_levels_are_read_and_thirty_three_are_not() {
        for (levels, read) in [(1, true), (32, true), (33, false), (100_000, false)] {
            let (json, msgpack) = nested(levels);
            assert_eq!(Codec::Json.parse(&json).is_ok(), read, "{levels} levels of json");
            assert_eq!(Codec::Msgpack.parse(&msgpack).is_ok(), read, "{levels} levels of msgpack");
        }
    }

    #[test]
    fn bytes_after_the_value_are_refused_and_white_space_after_json_is_not() {
        assert!(Codec::Json.parse(b"{} {}").is_err());
        assert!(Codec::Json.parse(b"{}\0").is_err());
        assert!(Codec::Json.parse(b"{} \n").is_ok());
        for byte in 0..=u8::MAX {
            assert!(Codec::Msgpack.parse(&[0x80, byte]).is_err(), "{byte:#x} was left unread");
        }
    }

    #[test]
    fn what_json_cannot_say_is_refused_in_msgpack_too() {
        let refused: [(&str, &[u8]); 7] = [
            ("binary", &[0xc4, 1, b'a']),
            ("ext", &[0xd4, 1, 0]),
            ("timestamp", &[0xd6, 0xff, 0, 0, 0, 0]),
            ("a number as key", &[0x81, 1, 2]),
            ("binary as key", &[0x81, 0xc4, 1, b'a', 2]),
            ("text that is not UTF-8", &[0xa1, 0xff]),
            ("not a number", &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
        ];
        for (what, bytes) in refused {
            assert!(Codec::Msgpack.parse(bytes).is_err(), "{what} was accepted");
        }
    }

    #[test]
    fn a_reason_never_echoes_a_whole_frame() {
        let ParseError(reason) = ParseError::of("x".repeat(100_000));
        assert!(reason.chars().count() <= 200);
    }
}
