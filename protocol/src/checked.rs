//! What an argument must be before it is taken, where its type alone does not say so.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

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

/// A map, if there is anything; the derived code alone would take a list of the fields' values as well.
pub(crate) fn object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_option(Optional(Object(PhantomData)))
}

/// One of a closed set of words; the derived code alone would take `{"word": null}` as well.
pub(crate) fn word<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_any(Word(PhantomData))
}

/// The same, if there is anything.
pub(crate) fn word_if_any<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_option(Optional(Word(PhantomData)))
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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for AsMap<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Object(PhantomData)).map(AsMap)
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(from))
    }
}

struct Word<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<T, E> {
        T::deserialize(word.into_deserializer())
    }
}

/// Nothing, or what the other visitor takes.
struct Optional<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Optional<V> {
    type Value = Option<V::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self.0).map(Some)
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
