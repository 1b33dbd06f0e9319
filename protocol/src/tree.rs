//! What both codecs are read into: one value, with its text still in the frame wherever it can be.

use std::borrow::Cow;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Number, Value};

/// One value, as JSON knows them. Its numbers are finite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree<'a> {
    Null,
    Bool(bool),
    /// Below zero.
    Negative(i64),
    Whole(u64),
    Real(f64),
    Text(Cow<'a, str>),
    List(Vec<Tree<'a>>),
    /// Sorted by key, each once.
    Map(Vec<Entry<'a>>),
}

/// A key and what it stands for.
pub(crate) type Entry<'a> = (Cow<'a, str>, Tree<'a>);

impl From<Tree<'_>> for Value {
    fn from(tree: Tree<'_>) -> Self {
        match tree {
            Tree::Null => Value::Null,
            Tree::Bool(value) => value.into(),
            Tree::Negative(value) => value.into(),
            Tree::Whole(value) => value.into(),
            Tree::Real(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
            Tree::Text(text) => Value::String(text.into_owned()),
            Tree::List(items) => Value::Array(items.into_iter().map(Value::from).collect()),
            Tree::Map(entries) => {
                let entry = |(key, value): Entry<'_>| (key.into_owned(), Value::from(value));
                Value::Object(entries.into_iter().map(entry).collect())
            }
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Tree<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(value),
            Tree::Negative(value) => visitor.visit_i64(value),
            Tree::Whole(value) => visitor.visit_u64(value),
            Tree::Real(value) => visitor.visit_f64(value),
            Tree::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Tree::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Tree::List(items) => {
                let mut items = SeqDeserializer::new(items.into_iter());
                let read = visitor.visit_seq(&mut items)?;
                items.end().map(|()| read)
            }
            Tree::Map(entries) => {
                let mut entries = MapDeserializer::new(entries.into_iter());
                let read = visitor.visit_map(&mut entries)?;
                entries.end().map(|()| read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Tree::Null => visitor.visit_none(),
            there => visitor.visit_some(there),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// Words only: no enum of ours has more to it.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Tree::Text(word) => visitor.visit_enum(word.into_deserializer()),
            _ => Err(Error::custom("a word is expected")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}
