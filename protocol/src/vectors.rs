//! Examples of every frame, right and wrong, for clients in any language: what `vectors/*.json` is
//! made from. `vectors/README.md` describes the format.
//!
//! The frames are written down by hand as JSON, so that they test the types instead of repeating
//! them; only the MessagePack form is computed.

mod asked;
mod malformed;
mod refused;
mod told;

use serde::Serialize;
use serde_json::Value;

use crate::{Codec, Request};

const SITE: &str = "5f7c2c0e-94a1-4c55-8d0f-5a1a0c6f1e01";
const CONVERSATION: &str = "0197b3a4-11d2-7c3e-9a55-2f6c1b7d4e10";
const OTHER: &str = "0197b3a4-22e3-7d4f-8b66-3a7d2c8e5f21";
const VISITOR: &str = "9d3b8a52-7f0e-4c21-b6a4-61d2f8e0c733";
const AGENT: &str = "c41e6f90-2b7d-4e8a-9f13-0d5a7b3c8e44";
const KEY: &str = "k-7f3a";

/// Every file, by name.
pub fn files() -> Vec<(&'static str, Value)> {
    let files = [
        ("client.json", asked::vectors()),
        ("client-bad-request.json", refused::vectors()),
        ("client-bad-frame.json", malformed::client()),
        ("server-answers.json", told::answers()),
        ("server-events.json", told::events()),
        ("server-signals.json", told::signals()),
        ("server-errors.json", told::errors()),
        ("server-bye.json", told::byes()),
        ("server-invalid.json", malformed::server()),
    ];
    let as_value = |vectors| serde_json::to_value(vectors).unwrap_or_default();
    files.map(|(name, vectors): (_, Vec<Vector>)| (name, as_value(vectors))).into()
}

/// One example.
#[derive(Default, Serialize)]
struct Vector {
    name: String,
    direction: &'static str,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// `bad_frame` or `bad_request` for invalid frames of clients, `bad_data` for some of servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    expect: Option<&'static str>,
    /// The `re` of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    re: Option<u32>,
    /// For answers: the operation that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msgpack_hex: Option<String>,
    /// What the server takes it for, where that is not what was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    means: Option<Value>,
}

impl Vector {
    /// A frame that both codecs carry.
    fn of(direction: &'static str, valid: bool, name: &str, frame: Value) -> Self {
        let msgpack_hex = Some(hex(&Codec::Msgpack.encode(&frame)));
        let name = name.to_owned();
        Self { name, direction, valid, json: Some(frame), msgpack_hex, ..Self::default() }
    }

    fn why(self, why: &'static str) -> Self {
        Self { why: Some(why), ..self }
    }

    /// Adds what the server takes a valid frame of a client for, if that is something else.
    fn with_meaning(mut self) -> Self {
        let text = self.json.as_ref().map(Value::to_string).unwrap_or_default();
        if let Ok(Request { id, operation: Ok(operation) }) =
            Request::decode(Codec::Json, text.as_bytes())
        {
            let canonical = Request::encode(Codec::Json, id, &operation);
            let canonical: Option<Value> = serde_json::from_slice(&canonical).ok();
            self.means = canonical.filter(|meant| Some(meant) != self.json.as_ref());
        }
        self
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
