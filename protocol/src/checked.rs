//! What an argument must be before it is taken, where its type alone does not say so.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::WatchFrom;
use crate::limits::{
    BULK_MAX, HELLO_WATCH_MAX, INBOX_LIMIT_MAX, PROFILE_CHARS_MAX, SEARCH_CHARS_MAX, URL_CHARS_MAX,
};

pub(crate) fn short<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, PROFILE_CHARS_MAX)
}

pub(crate) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, URL_CHARS_MAX)
}

pub(crate) fn search_words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    bounded(from, SEARCH_CHARS_MAX)
}

fn bounded<'de, D: Deserializer<'de>>(from: D, max: usize) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    match &text {
        Some(text) if text.chars().nth(max).is_some() => {
            Err(D::Error::custom(format_args!("longer than {max} characters")))
        }
        Some(text) if text.contains('\0') => Err(D::Error::custom("contains U+0000")),
        _ => Ok(text),
    }
}

/// A map; the derived code alone would take a list of the fields' values as well.
pub(crate) fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = Value::deserialize(from)?;
    if value.is_array() {
        return Err(D::Error::custom("a list where a map is expected"));
    }
    serde_json::from_value(value).map_err(D::Error::custom)
}

/// One of a closed set of words; the derived code alone would take `{"word": null}` as well.
pub(crate) fn word<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let value = Value::deserialize(from)?;
    if value.is_object() {
        return Err(D::Error::custom("a map where a word is expected"));
    }
    T::deserialize(value.into_deserializer()).map_err(D::Error::custom)
}

pub(crate) fn inbox_limit<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let limit = Option::<u32>::deserialize(from)?;
    match limit {
        Some(n) if n == 0 || n > INBOX_LIMIT_MAX => Err(D::Error::custom("limit is 1 to 100")),
        _ => Ok(limit),
    }
}

pub(crate) fn few_watches<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<WatchFrom>, D::Error> {
    let watches: Vec<AsMap<WatchFrom>> = at_most(from, HELLO_WATCH_MAX)?;
    Ok(watches.into_iter().map(|AsMap(watch)| watch).collect())
}

pub(crate) fn different_ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let ids: Vec<String> = at_most(from, BULK_MAX)?;
    if ids.is_empty() {
        return Err(D::Error::custom(format_args!("name 1 to {BULK_MAX} conversations")));
    }
    let mut sorted: Vec<&str> = ids.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(D::Error::custom("a conversation is named twice"));
    }
    Ok(ids)
}

/// An item of a list that must be a map.
struct AsMap<T>(T);

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for AsMap<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        object(from).map(AsMap)
    }
}

/// A list that is given up at the first item too many, before it costs anything.
fn at_most<'de, D, T>(from: D, max: usize) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Few<T>(usize, PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {} items", self.0)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = from.next_element()? {
                if items.len() == self.0 {
                    return Err(A::Error::custom(format_args!("more than {} items", self.0)));
                }
                items.push(item);
            }
            Ok(items)
        }
    }

    from.deserialize_seq(Few(max, PhantomData))
}
