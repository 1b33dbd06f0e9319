//! Builds a [`Value`] from either codec without trusting what its bytes declare: nesting is counted
//! down, and memory is paid for before it is taken.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::limits::{MEMORY_FLOOR, MEMORY_PER_BYTE, NESTING_MAX};

/// Bytes one item of a list takes.
const ITEM: usize = size_of::<Value>();
/// Bytes the first entry of a map takes: a tree's leaf has room for eleven.
const FIRST_ENTRY: usize = 640;
/// Bytes each further entry takes, with leaves half full and the branches above them.
const ENTRY: usize = 128;

/// The memory that is left for one frame.
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    pub(crate) fn for_input(bytes: usize) -> Self {
        Self(Cell::new(bytes.saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_FLOOR)))
    }

    fn pay<E: Error>(&self, bytes: usize) -> Result<(), E> {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.ok_or_else(|| E::custom("too many values for so few bytes"))?);
        Ok(())
    }

    fn refund(&self, bytes: usize) {
        self.0.set(self.0.get() + bytes);
    }
}

/// Builds one value; everything below it pays from the same budget.
#[derive(Clone, Copy)]
pub(crate) struct Build<'a> {
    budget: &'a Budget,
    levels_left: usize,
}

impl<'a> Build<'a> {
    pub(crate) fn new(budget: &'a Budget) -> Self {
        Self { budget, levels_left: NESTING_MAX }
    }

    fn one_level_down<E: Error>(self) -> Result<Self, E> {
        let levels_left = self.levels_left.checked_sub(1);
        let too_deep = || E::custom(format_args!("nested deeper than {NESTING_MAX}"));
        Ok(Self { levels_left: levels_left.ok_or_else(too_deep)?, ..self })
    }

    /// Makes room for one more item. While the items move, their old and new places both count.
    fn grow<E: Error>(self, items: &mut Vec<Value>) -> Result<(), E> {
        if items.len() == items.capacity() {
            let (held, more) = (items.len(), items.len().max(4));
            self.budget.pay((held + more) * ITEM)?;
            items.reserve_exact(more);
            self.budget.refund(held * ITEM);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Build<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

/// No `visit_bytes`: binary and text that is not UTF-8 are refused, and so are extension types.
impl<'de> Visitor<'de> for Build<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, text, a list or a map with text as keys")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.budget.pay(value.len())?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let below = self.one_level_down()?;
        // MessagePack declares how many there are: a lie is found out here, before any memory.
        let declared = from.size_hint().unwrap_or(0);
        self.budget.pay(declared.saturating_mul(ITEM))?;
        let mut items = Vec::with_capacity(declared);
        while let Some(item) = from.next_element_seed(below)? {
            self.grow(&mut items)?;
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let below = self.one_level_down()?;
        let mut entries = Map::new();
        while let Some(key) = from.next_key_seed(TextKey(self.budget))? {
            self.budget.pay(if entries.is_empty() { FIRST_ENTRY } else { ENTRY })?;
            entries.insert(key, from.next_value_seed(below)?);
        }
        Ok(Value::Object(entries))
    }
}

/// A key that is text and nothing else; `String` itself would take binary as well.
struct TextKey<'a>(&'a Budget);

impl<'de> DeserializeSeed<'de> for TextKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for TextKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text as a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        self.0.pay(key.len())?;
        Ok(key.to_owned())
    }
}
