//! Frames as the generator needs them: written by name, and read without building what is not looked at.

use std::borrow::Cow;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use protocol::Codec;
use serde::{Deserialize, Serialize};

use crate::verify::Seen;

const CLOSED: &str = "conversation.closed";

/// One question.
#[derive(Serialize)]
struct Asked<'a, A> {
    id: u32,
    op: &'a str,
    args: A,
}

/// `message.send`.
#[derive(Serialize)]
pub struct SendArgs<'a> {
    pub conversation: &'a str,
    pub key: &'a str,
    pub text: &'a str,
}

/// Writes a question.
pub fn ask(codec: Codec, id: u32, op: &str, args: impl Serialize) -> Bytes {
    codec.encode(&Asked { id, op, args })
}

/// Any frame of the server's; what is not there is `None`.
#[derive(Debug, Default, Deserialize)]
pub struct Told<'a> {
    #[serde(default)]
    pub re: Option<u32>,
    #[serde(default, borrow)]
    pub ok: Option<Answer<'a>>,
    #[serde(default, borrow)]
    pub err: Option<Refusal<'a>>,
    #[serde(default, borrow)]
    pub ev: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub sig: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub conversation: Option<Cow<'a, str>>,
    #[serde(default)]
    pub seq: u64,
    #[serde(default)]
    pub at: i64,
    #[serde(default, borrow)]
    pub by: Option<Person<'a>>,
    #[serde(default, borrow)]
    pub data: Option<Data<'a>>,
}

/// What any `ok` may hold.
#[derive(Debug, Default, Deserialize)]
pub struct Answer<'a> {
    #[serde(default)]
    pub seq: u64,
    #[serde(default)]
    pub at: i64,
    #[serde(default, borrow)]
    pub token: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub conversation: Option<Row<'a>>,
    #[serde(default, borrow)]
    pub watching: Vec<Watched<'a>>,
    /// Of `conversation.watch` itself.
    #[serde(default, borrow)]
    pub events: Vec<Event<'a>>,
    #[serde(default)]
    pub head: u64,
    #[serde(default)]
    pub more: bool,
    #[serde(default)]
    pub reset: bool,
    /// Of `message.send` with `then`.
    #[serde(default)]
    pub closed_seq: u64,
    /// Of `hello`.
    #[serde(default, borrow, rename = "self")]
    pub me: Option<Person<'a>>,
    #[serde(default, borrow)]
    pub results: Vec<Item<'a>>,
}

/// Somebody, as far as is looked at.
#[derive(Debug, Default, Deserialize)]
pub struct Person<'a> {
    #[serde(default, borrow)]
    pub role: Cow<'a, str>,
    #[serde(default, borrow)]
    pub id: Cow<'a, str>,
}

/// A Summary, as far as it is looked at.
#[derive(Debug, Default, Deserialize)]
pub struct Row<'a> {
    #[serde(default, borrow)]
    pub id: Cow<'a, str>,
}

/// One of `hello`'s `watching`.
#[derive(Debug, Default, Deserialize)]
pub struct Watched<'a> {
    #[serde(default, borrow)]
    pub events: Vec<Event<'a>>,
    #[serde(default)]
    pub head: u64,
    #[serde(default)]
    pub more: bool,
    #[serde(default)]
    pub reset: bool,
    #[serde(default, borrow)]
    pub err: Option<Refusal<'a>>,
}

/// An event on a page.
#[derive(Debug, Default, Deserialize)]
pub struct Event<'a> {
    #[serde(borrow)]
    pub ev: Cow<'a, str>,
    pub seq: u64,
    pub at: i64,
    #[serde(default, borrow)]
    pub by: Person<'a>,
    #[serde(default, borrow)]
    pub data: Data<'a>,
}

/// Data of events and signals.
#[derive(Debug, Default, Deserialize)]
pub struct Data<'a> {
    #[serde(default, borrow)]
    pub text: Option<Cow<'a, str>>,
    /// Of an inbox row.
    #[serde(default)]
    pub seq: u64,
    /// Of inbox counts.
    #[serde(default)]
    pub open: Option<u64>,
}

/// One result of `bulk`.
#[derive(Debug, Default, Deserialize)]
pub struct Item<'a> {
    #[serde(default, borrow)]
    pub err: Option<Refusal<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Refusal<'a> {
    #[serde(default, borrow)]
    pub code: Cow<'a, str>,
    #[serde(default, borrow)]
    pub message: Cow<'a, str>,
    #[serde(default)]
    pub retry_after_ms: u64,
}

impl Told<'_> {
    /// The event, for whoever judges it.
    pub fn seen(&self) -> Seen {
        Seen { seq: self.seq, at: self.at, closes: self.ev.as_deref() == Some(CLOSED) }
    }

    /// The number in the text of a message of ours.
    pub fn number(&self) -> Option<u32> {
        number(self.data.as_ref()?.text.as_deref()?)
    }
}

impl Event<'_> {
    /// The event, for whoever judges it.
    pub fn seen(&self) -> Seen {
        Seen { seq: self.seq, at: self.at, closes: self.ev == CLOSED }
    }
}

/// Reads any frame.
pub fn read(codec: Codec, bytes: &[u8]) -> Result<Told<'_>> {
    let told = match codec {
        Codec::Json => serde_json::from_slice(bytes).map_err(anyhow::Error::from),
        Codec::Msgpack => rmp_serde::from_slice(bytes).map_err(anyhow::Error::from),
    };
    told.with_context(|| format!("a frame that cannot be read: {}", String::from_utf8_lossy(bytes)))
}

/// The text of message `number`: the number in front, and letters up to `length`.
pub fn text(number: u32, length: usize) -> String {
    let head = format!("{number} ");
    let rest = length.saturating_sub(head.len());
    // Not white space at the end: that would be trimmed.
    head + &"Good morning, I have a question about my order.".repeat(rest / 47 + 1)[..rest.max(1)]
}

/// The number in front of a text of ours.
pub fn number(text: &str) -> Option<u32> {
    text.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_codecs_read_the_same_frame() {
        for codec in Codec::ALL {
            let frame = codec.encode(&serde_json::json!({
                "ev": "message.posted", "conversation": "c", "seq": 12, "at": 5, "more": [1, {}],
                "by": { "role": "visitor", "id": "v", "name": "" },
                "data": { "text": "7 \"quoted\"", "key": "k" },
            }));
            let told = read(codec, &frame).unwrap();
            assert_eq!((told.ev.as_deref(), told.seq, told.at), (Some("message.posted"), 12, 5));
            assert_eq!(told.data.unwrap().text.as_deref().and_then(number), Some(7));
        }
    }

    #[test]
    fn a_refusal_without_a_question_is_a_refusal() {
        let frame =
            br#"{"re":null,"err":{"code":"bad_request","message":"no","remedy":"give_up"}}"#;
        let told = read(Codec::Json, frame).unwrap();
        assert_eq!((told.re, told.err.unwrap().code.as_ref()), (None, "bad_request"));
    }

    #[test]
    fn texts_have_their_length_and_carry_their_number() {
        for length in [3, 50, 200, 500] {
            let text = text(12, length);
            assert_eq!(number(&text), Some(12));
            assert!(text.trim_end() == text && text.len() <= length.max(4), "{text:?}");
        }
    }
}
