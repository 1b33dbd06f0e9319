//! Builds a [`Tree`] from either codec without trusting what its bytes declare: nesting is counted
//! down, and memory is paid for before it is taken.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::limits::{MEMORY_FLOOR, MEMORY_PER_BYTE, NESTING_MAX};
use crate::tree::{Entry, Tree};

/// Bytes the first entry of a map takes in a [`serde_json::Value`]: a leaf has room for eleven.
const VALUE_FIRST_ENTRY: usize = 640;
/// Bytes each further entry takes there, with leaves half full and the branches above them.
const VALUE_ENTRY: usize = 128;
/// Items and entries that a list or a map has room for at first.
const FIRST_ROOM: usize = 4;

/// The memory that is left for one frame.
pub(crate) struct Budget {
    left: Cell<usize>,
    /// What maps cost beside their own room.
    first_entry: usize,
    entry: usize,
}

impl Budget {
    /// For a frame that is only read as a tree.
    pub(crate) fn for_tree(bytes: usize) -> Self {
        let left = bytes.saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_FLOOR);
        Self { left: Cell::new(left), first_entry: 0, entry: 0 }
    }

    /// For a frame whose tree becomes a [`serde_json::Value`].
    pub(crate) fn for_value(bytes: usize) -> Self {
        Self { first_entry: VALUE_FIRST_ENTRY, entry: VALUE_ENTRY, ..Self::for_tree(bytes) }
    }

    fn pay<E: Error>(&self, bytes: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.ok_or_else(|| E::custom("too many values for so few bytes"))?);
        Ok(())
    }

    fn refund(&self, bytes: usize) {
        self.left.set(self.left.get() + bytes);
    }

    /// Makes room for one more. While they move, their old and new places both count.
    fn grow<T, E: Error>(&self, items: &mut Vec<T>) -> Result<(), E> {
        if items.len() == items.capacity() {
            let (held, more) = (items.len(), items.len().max(FIRST_ROOM));
            self.pay((held + more) * size_of::<T>())?;
            items.reserve_exact(more);
            self.refund(held * size_of::<T>());
        }
        Ok(())
    }

    /// Room for as many as MessagePack declares: a lie is found out here, before any memory.
    fn room_for<T, E: Error>(&self, declared: Option<usize>) -> Result<Vec<T>, E> {
        let declared = declared.unwrap_or(0);
        self.pay(declared.saturating_mul(size_of::<T>()))?;
        Ok(Vec::with_capacity(declared))
    }

    /// Brings entries in order; of those with one key the last counts.
    fn settle<E: Error>(&self, entries: &mut Vec<Entry<'_>>) -> Result<(), E> {
        // Sorting may take as much again for a moment.
        let bytes = size_of_val(entries.as_slice());
        self.pay(bytes)?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.refund(bytes);
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Ok(())
    }
}

/// Builds one value; everything below it pays from the same budget.
#[derive(Clone, Copy)]
pub(crate) struct Build<'b> {
    budget: &'b Budget,
    levels_left: usize,
}

impl<'b> Build<'b> {
    pub(crate) fn new(budget: &'b Budget) -> Self {
        Self { budget, levels_left: NESTING_MAX }
    }

    fn one_level_down<E: Error>(self) -> Result<Self, E> {
        let levels_left = self.levels_left.checked_sub(1);
        let too_deep = || E::custom(format_args!("nested deeper than {NESTING_MAX}"));
        Ok(Self { levels_left: levels_left.ok_or_else(too_deep)?, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Build<'_> {
    type Value = Tree<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Tree<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

/// No `visit_bytes`: binary and text that is not UTF-8 are refused, and so are extension types.
impl<'de> Visitor<'de> for Build<'_> {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number, text, a list or a map with text as keys")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(u64::try_from(value).map_or(Tree::Negative(value), Tree::Whole))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Whole(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree<'de>, E> {
        if value.is_finite() {
            Ok(Tree::Real(value))
        } else {
            Err(E::custom("a number that is not finite"))
        }
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Tree<'de>, E> {
        self.budget.pay(text.len())?;
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree<'de>, E> {
        self.budget.pay(text.len())?;
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Tree<'de>, A::Error> {
        let below = self.one_level_down()?;
        let mut items = self.budget.room_for(from.size_hint())?;
        while let Some(item) = from.next_element_seed(below)? {
            self.budget.grow(&mut items)?;
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Tree<'de>, A::Error> {
        let below = self.one_level_down()?;
        let budget = self.budget;
        let mut entries = budget.room_for(from.size_hint())?;
        while let Some(key) = from.next_key_seed(TextKey(budget))? {
            budget.pay(if entries.is_empty() { budget.first_entry } else { budget.entry })?;
            budget.grow(&mut entries)?;
            entries.push((key, from.next_value_seed(below)?));
        }
        budget.settle(&mut entries)?;
        Ok(Tree::Map(entries))
    }
}

/// A key that is text and nothing else; `String` itself would take binary as well.
struct TextKey<'b>(&'b Budget);

impl<'de> DeserializeSeed<'de> for TextKey<'_> {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextKey<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text as a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        self.0.pay(key.len())?;
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Cow<'de, str>, E> {
        self.0.pay(key.len())?;
        Ok(Cow::Owned(key.to_owned()))
    }
}
