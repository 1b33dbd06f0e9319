//! The documents in `schema/`: `client.json` and `server.json` are JSON Schemas of every frame in one
//! direction, `catalog.json` is the table that ties operations to their arguments and answers.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::{AnyEvent, AnySignal, EVENTS, LIMITS, OPERATIONS, SIGNALS};
use crate::{ByeCode, ByeFrame, CloseCode, Codec, ErrorCode, Refused, Who};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Every document, by file name.
pub fn documents() -> [(&'static str, Value); 3] {
    [("client.json", client()), ("server.json", server()), ("catalog.json", catalog())]
}

/// Any frame a client may send.
fn client() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let frames: Vec<Value> = OPERATIONS
        .iter()
        .map(|row| {
            let args = (row.args.schema)(&mut generator);
            let args_required = definition(&generator, &row.args.name()).get("required").is_some();
            let required = if args_required { vec!["id", "op", "args"] } else { vec!["id", "op"] };
            json!({
                "description": row.meaning,
                "type": "object",
                "properties": { "id": request_id(), "op": { "const": row.name }, "args": args },
                "required": required,
            })
        })
        .collect();
    document("Frames from the client", frames, generator)
}

/// Any frame the server may send.
fn server() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let oks: Vec<Schema> = OPERATIONS.iter().map(|row| (row.ok.schema)(&mut generator)).collect();
    let mut frames = vec![json!({
        "description": "An answer. Which of these `ok` is depends on what was asked: catalog.json.",
        "type": "object",
        "properties": { "re": request_id(), "ok": { "anyOf": oks } },
        "required": ["re", "ok"],
    })];
    frames.push(generator.subschema_for::<Refused>().to_value());
    frames.push(generator.subschema_for::<AnyEvent>().to_value());
    frames.push(generator.subschema_for::<AnySignal>().to_value());
    frames.push(generator.subschema_for::<ByeFrame>().to_value());
    document("Frames from the server", frames, generator)
}

fn catalog() -> Value {
    let operations: Vec<Value> = OPERATIONS
        .iter()
        .map(|row| {
            json!({
                "op": row.name,
                "meaning": row.meaning,
                "who": who(row.who),
                "keyed": row.keyed,
                "args": format!("client.json#/$defs/{}", row.args.name()),
                "ok": format!("server.json#/$defs/{}", row.ok.name()),
            })
        })
        .collect();
    let data = |name: &str| format!("server.json#/$defs/{name}");
    json!({
        "protocol": 1,
        "subprotocols": Codec::ALL.map(Codec::subprotocol),
        "operations": operations,
        "events": EVENTS.iter().map(|row| json!({
            "ev": row.name, "data": data(&row.data.name()), "visitor_sees_it": row.visitor_sees_it,
        })).collect::<Vec<_>>(),
        "signals": SIGNALS.iter().map(|row| json!({
            "sig": row.name, "data": data(&row.data.name()), "may_be_lost": row.may_be_lost,
        })).collect::<Vec<_>>(),
        "error_codes": ErrorCode::ALL.iter().map(|code| json!({
            "code": code, "remedy": code.remedy(), "meaning": code.meaning(),
        })).collect::<Vec<_>>(),
        "bye_codes": ByeCode::ALL.iter().map(|code| json!({
            "code": code, "meaning": code.meaning(),
        })).collect::<Vec<_>>(),
        "close_codes": CloseCode::ALL.iter().map(|code| json!({
            "code": code.number(), "name": code.as_str(), "meaning": code.meaning(),
        })).collect::<Vec<_>>(),
        "limits": LIMITS.iter().map(|&(name, max)| (name.into(), max.into()))
            .collect::<serde_json::Map<String, Value>>(),
    })
}

fn who(who: Who) -> &'static str {
    match who {
        Who::Everyone => "everyone",
        Who::Visitor => "visitor",
        Who::Agent => "agent",
    }
}

fn request_id() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
}

fn definition<'a>(generator: &'a SchemaGenerator, name: &str) -> &'a Value {
    generator.definitions().get(name).unwrap_or(&Value::Null)
}

fn document(title: &str, frames: Vec<Value>, mut generator: SchemaGenerator) -> Value {
    let mut definitions = generator.take_definitions(true);
    definitions.values_mut().for_each(without_null_in_optional_fields);
    json!({ "$schema": DIALECT, "title": title, "oneOf": frames, "$defs": definitions })
}

/// What may be left out is left out, not null: our types skip it when they are written.
fn without_null_in_optional_fields(definition: &mut Value) {
    let required =
        definition.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(fields) = definition.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, field) in fields {
        if required.contains(&Value::from(name.as_str())) {
            continue;
        }
        if let Some(Value::Array(types)) = field.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                field["type"] = only.clone();
            }
        }
        if let Some(Value::Array(kinds)) = field.get_mut("anyOf") {
            kinds.retain(|kind| kind["type"] != "null");
            if let [only] = kinds.as_slice() {
                let only = only.as_object().cloned().unwrap_or_default();
                if let Some(field) = field.as_object_mut() {
                    field.remove("anyOf");
                    field.extend(only);
                }
            }
        }
    }
}
