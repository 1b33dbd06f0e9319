//! Text and keys, valid by construction.

use std::fmt;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::{KEY_CHARS_MAX, TEXT_CHARS_MAX};

/// What a person wrote: trimmed of Unicode white space, 1 to 4000 characters, no U+0000.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// Trims and checks; the error says what is wrong in words for people.
    pub fn new(raw: &str) -> Result<Self, &'static str> {
        let text = raw.trim();
        if text.is_empty() {
            return Err("text is empty after trimming white space");
        }
        if over(text, TEXT_CHARS_MAX) {
            return Err("text is longer than 4000 characters");
        }
        if text.contains('\0') {
            return Err("text contains U+0000");
        }
        Ok(Self(text.into()))
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, shared and not copied.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

/// A client-made string that makes a repeated command have one effect: 1 to 64 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// Checks the length; the error says what is wrong in words for people.
    pub fn new(raw: &str) -> Result<Self, &'static str> {
        if raw.is_empty() {
            return Err("key is empty");
        }
        if over(raw, KEY_CHARS_MAX) {
            return Err("key is longer than 64 characters");
        }
        Ok(Self(raw.into()))
    }

    /// The key as the client made it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A reason for people, cut to 200 characters: errors may quote what a client sent, and it may be long.
pub(crate) fn shortened(reason: String) -> String {
    match reason.char_indices().nth(200) {
        Some(_) => reason.chars().take(199).chain(['…']).collect(),
        None => reason,
    }
}

/// Whether `text` has more characters than `chars_max`, without counting them all.
fn over(text: &str, chars_max: usize) -> bool {
    text.len() > chars_max && text.chars().nth(chars_max).is_some()
}

/// Reads text and makes something of it, without a copy of its own.
pub(crate) fn read_str<'de, D, T, E>(
    from: D,
    make: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    struct Make<F>(F);

    impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Make<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<R: serde::de::Error>(self, text: &str) -> Result<T, R> {
            (self.0)(text).map_err(R::custom)
        }
    }

    from.deserialize_str(Make(make))
}

macro_rules! checked_string {
    ($name:ident, $schema:tt) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_str(deserializer, Self::new)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

// No `maxLength` here: the white space that is trimmed off does not count.
checked_string!(Text, {
    "type": "string",
    "minLength": 1,
    "description": "1 to 4000 characters after trimming Unicode white space off both ends; no U+0000.",
});
checked_string!(Key, {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "description": "Client-made; the same key again has one effect. 1 to 64 characters.",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unicode_white_space_is_trimmed_off_both_ends() {
        let text = Text::new("\u{2003}\u{00a0} hi\u{3000}there \n\u{85}").unwrap();
        assert_eq!(text.as_str(), "hi\u{3000}there");
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(Text::new(&"𝄞".repeat(4000)).is_ok());
        assert!(Text::new(&"𝄞".repeat(4001)).is_err());
        assert!(Text::new(&format!("  {}  ", "a".repeat(4000))).is_ok());
        assert!(Key::new(&"ä".repeat(64)).is_ok());
        assert!(Key::new(&"a".repeat(65)).is_err());
    }

    #[test]
    fn nothing_but_white_space_and_nul_are_refused() {
        assert!(Text::new(" \t\n\u{2028} ").is_err());
        assert!(Text::new("a\0b").is_err());
        assert!(Key::new("").is_err());
    }

    #[test]
    fn zero_width_characters_are_not_white_space() {
        assert_eq!(Text::new("\u{200b}").unwrap().as_str(), "\u{200b}");
    }
}
