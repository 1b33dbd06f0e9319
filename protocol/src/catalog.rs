//! The contract as data: what schema, TypeScript and vectors are made from.
//!
//! Start with [`documents`], which builds `schema/*.json`. The rows below point at the types that the
//! server itself reads and writes, so a document cannot say anything else than the code.

mod documents;
mod frames;
mod limits;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::Who;

pub use documents::documents;
pub use frames::{AnyEvent, AnySignal, OrNull};
pub use limits::LIMITS;

/// How one type looks on the wire.
#[derive(Clone, Copy)]
pub struct Shape {
    name: fn() -> Cow<'static, str>,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Shape {
    /// The shape of `T`.
    pub const fn of<T: JsonSchema>() -> Self {
        Self { name: T::schema_name, schema: SchemaGenerator::subschema_for::<T> }
    }

    /// The name of the type, in `$defs` and in TypeScript.
    pub fn name(&self) -> Cow<'static, str> {
        (self.name)()
    }
}

/// One operation.
pub struct OperationRow {
    pub name: &'static str,
    pub meaning: &'static str,
    pub who: Who,
    /// A command: takes a `key` and has one effect however often it is sent.
    pub keyed: bool,
    pub args: Shape,
    pub ok: Shape,
}

/// One kind of event.
pub struct EventRow {
    pub name: &'static str,
    pub data: Shape,
    pub visitor_sees_it: bool,
}

/// One kind of signal.
pub struct SignalRow {
    pub name: &'static str,
    pub data: Shape,
    /// May be lost. The others arrive in their last state at least.
    pub may_be_lost: bool,
}

/// Every operation, in the order of the contract.
pub const OPERATIONS: &[OperationRow] = crate::operation::OPERATIONS;

/// Every event, in the order of the contract.
pub const EVENTS: &[EventRow] = &[
    event::<crate::StartedConversation>("conversation.started", true),
    event::<crate::Posted>("message.posted", true),
    event::<crate::NotePosted>("note.posted", false),
    event::<crate::Claimed>("conversation.claimed", true),
    event::<crate::Unclaimed>("conversation.unclaimed", false),
    event::<crate::Closed>("conversation.closed", true),
];

/// Every signal, in the order of the contract.
pub const SIGNALS: &[SignalRow] = &[
    signal::<crate::TypingActive>("typing", true),
    signal::<crate::Presence>("presence", true),
    signal::<crate::Summary>("inbox.row", false),
    signal::<crate::Counts>("inbox.counts", false),
];

const fn event<T: JsonSchema>(name: &'static str, visitor_sees_it: bool) -> EventRow {
    EventRow { name, data: Shape::of::<T>(), visitor_sees_it }
}

const fn signal<T: JsonSchema>(name: &'static str, may_be_lost: bool) -> SignalRow {
    SignalRow { name, data: Shape::of::<T>(), may_be_lost }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventData, Operation, SignalData};

    #[test]
    fn the_rows_are_those_that_the_code_reads() {
        assert!(OPERATIONS.iter().map(|row| row.name).eq(Operation::NAMES.iter().copied()));
        assert!(EVENTS.iter().map(|row| row.name).eq(EventData::NAMES.iter().copied()));
        assert!(SIGNALS.iter().map(|row| row.name).eq(SignalData::NAMES.iter().copied()));
    }

    #[test]
    fn an_operation_is_keyed_exactly_if_its_arguments_require_a_key() {
        let mut generator = SchemaGenerator::default();
        for row in OPERATIONS {
            (row.args.schema)(&mut generator);
            let name: &str = &row.args.name();
            let required = &generator.definitions()[name]["required"];
            let has_key = required.as_array().is_some_and(|list| list.contains(&"key".into()));
            assert_eq!(has_key, row.keyed, "{}", row.name);
        }
    }
}
