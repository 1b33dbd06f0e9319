//! Bytes as text.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<const N: usize, S: Serializer>(
    bytes: &[u8; N],
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(&text(bytes))
}

pub(super) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
    from: D,
) -> Result<[u8; N], D::Error> {
    let text = <std::borrow::Cow<'_, str>>::deserialize(from)?;
    bytes(&text).ok_or_else(|| D::Error::custom(format!("not {N} bytes in hexadecimal")))
}

pub(super) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // One text for each value: nothing in a file may change unnoticed.
    Some(bytes).filter(|bytes| self::text(bytes) == text)
}
