//! Schemas of what the derives cannot describe: frames whose name decides the shape of their data.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{EVENTS, EventRow, SIGNALS, SignalRow};
use crate::{By, ConversationId};

/// [`EventFrame`](crate::EventFrame): one alternative for each event, and one for newer ones.
pub struct AnyEvent;

impl JsonSchema for AnyEvent {
    fn schema_name() -> Cow<'static, str> {
        "EventFrame".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut alternatives: Vec<Schema> =
            EVENTS.iter().map(|row| event_schema(generator, row)).collect();
        let newer = json!({ "type": "string", "not": { "enum": crate::EventData::NAMES } });
        alternatives.push(event_frame(generator, newer, json!({ "type": "object" })));
        json_schema!({
            "description": "A committed event, numbered for its audience. The last alternative is an \
                event newer than this document: it counts all the same.",
            "oneOf": alternatives,
        })
    }
}

fn event_schema(generator: &mut SchemaGenerator, row: &EventRow) -> Schema {
    let data = (row.data.schema)(generator);
    event_frame(generator, json!({ "const": row.name }), data.to_value())
}

fn event_frame(generator: &mut SchemaGenerator, ev: Value, data: Value) -> Schema {
    let conversation = generator.subschema_for::<ConversationId>();
    let by = generator.subschema_for::<By>();
    json_schema!({
        "type": "object",
        "properties": {
            "ev": ev,
            "conversation": conversation,
            "seq": { "type": "integer", "minimum": 1 },
            "at": { "type": "integer", "description": "Unix milliseconds; never goes down." },
            "by": by,
            "data": data,
        },
        "required": ["ev", "conversation", "seq", "at", "by"],
    })
}

/// [`SignalFrame`](crate::SignalFrame): one alternative for each signal, and one for newer ones.
pub struct AnySignal;

impl JsonSchema for AnySignal {
    fn schema_name() -> Cow<'static, str> {
        "SignalFrame".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut alternatives: Vec<Schema> =
            SIGNALS.iter().map(|row| signal_schema(generator, row)).collect();
        let newer = json!({ "type": "string", "not": { "enum": crate::SignalData::NAMES } });
        alternatives.push(signal_frame(generator, newer, json!({ "type": "object" })));
        json_schema!({
            "description": "Ephemeral and unnumbered. The last alternative is a signal newer than \
                this document, to be ignored.",
            "oneOf": alternatives,
        })
    }
}

fn signal_schema(generator: &mut SchemaGenerator, row: &SignalRow) -> Schema {
    let data = (row.data.schema)(generator);
    signal_frame(generator, json!({ "const": row.name }), data.to_value())
}

fn signal_frame(generator: &mut SchemaGenerator, sig: Value, data: Value) -> Schema {
    let conversation = generator.subschema_for::<ConversationId>();
    let by = generator.subschema_for::<By>();
    json_schema!({
        "type": "object",
        "properties": { "sig": sig, "conversation": conversation, "by": by, "data": data },
        "required": ["sig"],
    })
}

/// A field that is left out, null or a `T`, all three with a meaning. Written as `oneOf`, because
/// `documents` takes the null out of every other field that may be left out.
pub struct OrNull<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for OrNull<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}OrNull", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let present = generator.subschema_for::<T>();
        json_schema!({ "oneOf": [present, { "type": "null" }] })
    }
}
