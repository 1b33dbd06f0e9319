//! Reads `vectors/*.json` as a client in another language would.

use std::path::Path;

use protocol::Codec;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "each test binary reads some of the fields")]
pub struct Vector {
    pub name: String,
    pub direction: String,
    pub valid: bool,
    pub why: Option<String>,
    pub expect: Option<String>,
    pub re: Option<u32>,
    pub op: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub json: Option<Value>,
    pub json_text: Option<String>,
    pub msgpack_hex: Option<String>,
    pub means: Option<Value>,
}

/// A frame that is null is not a frame that is left out.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl Vector {
    /// The frame as bytes, in each codec it is given in.
    pub fn frames(&self) -> Vec<(Codec, Vec<u8>)> {
        let json = self.json.as_ref().map(Value::to_string).or_else(|| self.json_text.clone());
        let json = json.map(|text| (Codec::Json, text.into_bytes()));
        let msgpack = self.msgpack_hex.as_deref().map(|hex| (Codec::Msgpack, bytes(hex)));
        json.into_iter().chain(msgpack).collect()
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "half a byte at the end");
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// Every vector, with the name of its file.
pub fn vectors() -> Vec<(String, Vector)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("protocol/vectors is there") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|kind| kind == "json") {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let vectors: Vec<Vector> = serde_json::from_str(&text).expect("an array of vectors");
            all.extend(vectors.into_iter().map(|vector| (file.clone(), vector)));
        }
    }
    all
}
