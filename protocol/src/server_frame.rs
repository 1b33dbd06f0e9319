//! Any frame from the server, as a client reads it.

use serde_json::Value;

use crate::{
    Bye, Codec, ConversationId, ErrorBody, EventFrame, ParseError, SignalData, SignalFrame,
};

/// One frame from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame {
    /// `ok`; its shape depends on what was asked.
    Ok { re: u32, ok: Value },
    Err { re: Option<u32>, err: ErrorBody },
    Event(Box<EventFrame>),
    Signal(Box<SignalFrame>),
    Bye(Bye),
    /// A kind of frame newer than this program.
    Unknown(Value),
}

impl ServerFrame {
    /// Reads one frame.
    pub fn decode(codec: Codec, bytes: &[u8]) -> Result<Self, ParseError> {
        let frame = codec.parse(bytes)?;
        Self::from_value(frame).map_err(|error| ParseError(error.to_string()))
    }

    fn from_value(mut frame: Value) -> Result<Self, serde_json::Error> {
        if let Some(ok) = frame.get_mut("ok").map(Value::take) {
            let re = serde_json::from_value(frame["re"].take())?;
            return Ok(Self::Ok { re, ok });
        }
        if let Some(err) = frame.get_mut("err").map(Value::take) {
            let re = serde_json::from_value(frame["re"].take())?;
            return Ok(Self::Err { re, err: serde_json::from_value(err)? });
        }
        if let Some(bye) = frame.get_mut("bye").map(Value::take) {
            return Ok(Self::Bye(serde_json::from_value(bye)?));
        }
        if frame.get("ev").is_some() {
            return Ok(Self::Event(serde_json::from_value(frame)?));
        }
        Self::signal(frame)
    }

    fn signal(frame: Value) -> Result<Self, serde_json::Error> {
        let Some(sig) = frame.get("sig").and_then(Value::as_str) else {
            return Ok(Self::Unknown(frame));
        };
        let data = frame.get("data").cloned().unwrap_or_else(crate::event::empty);
        let Some(data) = SignalData::from_parts(sig, data) else {
            return Ok(Self::Unknown(frame));
        };
        let conversation = frame.get("conversation").and_then(Value::as_str);
        let by = frame.get("by").filter(|by| !by.is_null()).cloned();
        Ok(Self::Signal(Box::new(SignalFrame {
            sig: sig.into(),
            conversation: conversation.and_then(ConversationId::parse),
            by: by.map(serde_json::from_value).transpose()?,
            data,
        })))
    }
}
