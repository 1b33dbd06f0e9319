//! Any frame from the server, as a client reads it.

use serde_json::{Map, Value, from_value};

use crate::{
    Answer, Bye, ByeFrame, Codec, ConversationId, ErrorBody, EventFrame, ParseError, Refused,
    SignalData, SignalFrame,
};

/// One frame from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame {
    /// `ok`; its shape depends on what was asked.
    Ok {
        re: u32,
        ok: Value,
    },
    Err {
        re: Option<u32>,
        err: ErrorBody,
    },
    Event(Box<EventFrame>),
    Signal(Box<SignalFrame>),
    Bye(Bye),
    /// A kind of frame newer than this program.
    Unknown(Value),
}

impl ServerFrame {
    /// Reads one frame. No input panics, allocates without bound or leaves bytes unread.
    pub fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, ParseError> {
        let Value::Object(frame) = codec.parse(bytes)? else {
            return Err(ParseError("a frame is an object".into()));
        };
        Self::from_fields(frame).map_err(ParseError::of)
    }

    /// Writes the frame; [`ServerFrame::decode`] reads the same one back.
    pub fn encode(&self, codec: Codec) -> bytes::Bytes {
        match self {
            Self::Ok { re, ok } => codec.encode(&Answer { re: *re, ok }),
            Self::Err { re, err } => codec.encode(&Refused { re: *re, err: err.clone() }),
            Self::Event(event) => codec.encode(event),
            Self::Signal(signal) => codec.encode(signal),
            Self::Bye(bye) => codec.encode(&ByeFrame { bye: bye.clone() }),
            Self::Unknown(frame) => codec.encode(frame),
        }
    }

    fn from_fields(mut frame: Map<String, Value>) -> Result<Self, serde_json::Error> {
        if let Some(ok) = frame.remove("ok") {
            return Ok(Self::Ok { re: from_value(taken(&mut frame, "re"))?, ok });
        }
        if let Some(err) = frame.remove("err") {
            let re = from_value(taken(&mut frame, "re"))?;
            return Ok(Self::Err { re, err: from_value(err)? });
        }
        if let Some(bye) = frame.remove("bye") {
            return Ok(Self::Bye(from_value(bye)?));
        }
        if frame.contains_key("ev") {
            return Ok(Self::Event(from_value(Value::Object(frame))?));
        }
        Self::signal(frame)
    }

    fn signal(mut frame: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let known = |name: &&str| SignalData::NAMES.contains(name);
        let Some(name) = frame.get("sig").and_then(Value::as_str).filter(known) else {
            return Ok(Self::Unknown(Value::Object(frame)));
        };
        let sig: std::sync::Arc<str> = name.into();
        let data = frame.remove("data").unwrap_or_else(crate::event::empty);
        let Some(data) = SignalData::from_parts(&sig, data) else {
            return Ok(Self::Unknown(Value::Object(frame)));
        };
        let conversation: Option<ConversationId> = from_value(taken(&mut frame, "conversation"))?;
        let by = from_value(taken(&mut frame, "by"))?;
        Ok(Self::Signal(Box::new(SignalFrame { sig, conversation, by, data: data? })))
    }
}

/// A field that may have been left out.
fn taken(frame: &mut Map<String, Value>, name: &str) -> Value {
    frame.remove(name).unwrap_or_default()
}
